/* The prelude: small functions that a file uses, in one fixed order. For scalars of any target, and
 * for the vectors of a machine that has them. A target's prelude is one page. */
#include "codegen/c/prelude.h"

#include <string.h>

/* ---- scalars ----------------------------------------------------------------------------- */

static const struct {
  const char *name, *needs, *text;
} scalars[] = {
    {"align64", "",
     "/* The caller's buffer may start anywhere: the first multiple of 64 in it. */\n"
     "static char *align64(void *work) { return (char *)(((uintptr_t)work + 63) & "
     "~(uintptr_t)63); }\n"},
    {"align8", "",
     "/* The caller's buffer may start anywhere: the first multiple of 8 in it. */\n"
     "static char *align8(void *work) { return (char *)(((uintptr_t)work + 7) & "
     "~(uintptr_t)7); }\n"},
    {"float_of_bits", "memcpy",
     "static float float_of_bits(uint32_t i)\n{\n  float x;\n  memcpy(&x, &i, sizeof x);\n"
     "  return x;\n}\n"},
    {"bits_of_float", "memcpy",
     "static uint32_t bits_of_float(float x)\n{\n  uint32_t i;\n  memcpy(&i, &x, sizeof i);\n"
     "  return i;\n}\n"},
    {"double_of_bits", "memcpy",
     "static double double_of_bits(uint64_t i)\n{\n  double x;\n  memcpy(&x, &i, sizeof x);\n"
     "  return x;\n}\n"},
    {"bits_of_double", "memcpy",
     "static uint64_t bits_of_double(double x)\n{\n  uint64_t i;\n  memcpy(&i, &x, sizeof i);\n"
     "  return i;\n}\n"},
    {"abs1", "float_of_bits bits_of_float",
     "static float abs1(float a) { return float_of_bits(bits_of_float(a) & 0x7fffffffu); }\n"},
    {"absd1", "double_of_bits bits_of_double",
     "static double absd1(double a)\n{\n  return double_of_bits(bits_of_double(a) & "
     "0x7fffffffffffffffu);\n}\n"},
};
enum { SCALARS = sizeof scalars / sizeof *scalars };

/* One instruction wherever there is one; C alone would call the library, to set errno. */
static const struct {
  const char *name, *text;
} roots[] = {
    {"sqrt1", "static float sqrt1(float a)\n{\n#if defined(__SSE2__)\n"
              "  return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a)));\n#elif defined(__aarch64__)\n"
              "  return vget_lane_f32(vsqrt_f32(vdup_n_f32(a)), 0);\n#else\n"
              "  return sqrtf(a); /* -lm, or an instruction under -fno-math-errno */\n#endif\n}\n"},
    {"sqrtd1", "static double sqrtd1(double a)\n{\n#if defined(__SSE2__)\n"
               "  return _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(a), _mm_set_sd(a)));\n"
               "#elif defined(__aarch64__)\n"
               "  return vget_lane_f64(vsqrt_f64(vdup_n_f64(a)), 0);\n#else\n"
               "  return sqrt(a); /* -lm, or an instruction under -fno-math-errno */\n#endif\n}\n"},
};

/* Those that one instruction does where the machine has it. */
typedef struct Native {
  const char *name; /* "fma1" */
  const char *gcc;  /* the builtin */
  const char *type;
  int operands;
} Native;

static const Native natives[] = {
    {"fma1", "__builtin_fmaf", "float", 3},     {"fmad1", "__builtin_fma", "double", 3},
    {"floor1", "__builtin_floorf", "float", 1}, {"floord1", "__builtin_floor", "double", 1},
    {"ceil1", "__builtin_ceilf", "float", 1},   {"ceild1", "__builtin_ceil", "double", 1},
    {"trunc1", "__builtin_truncf", "float", 1}, {"truncd1", "__builtin_trunc", "double", 1},
    {"round1", "__builtin_rintf", "float", 1},  {"roundd1", "__builtin_rint", "double", 1},
};
enum { NATIVES = sizeof natives / sizeof *natives };

static bool needed(const MdlPrinter *p, const char *name)
{
  return mdl_map_has(p->needs, mdl_intern_text(p->arena, name));
}

/* Functions that other functions of the prelude use. */
static void close_needs(MdlPrinter *p)
{
  for (int i = SCALARS; i-- > 0;) {
    if (!needed(p, scalars[i].name)) continue;
    for (const char *word = scalars[i].needs; *word;) {
      size_t length = strcspn(word, " ");
      mdl_need(p, mdl_intern(p->arena, word, length));
      word += length + (word[length] == ' ');
    }
  }
}

static void print_scalars(MdlPrinter *p, FILE *out)
{
  static const char *const args[] = {"", "a", "a, b", "a, b, c"};
  for (int i = 0; i < SCALARS; i++)
    if (needed(p, scalars[i].name)) fprintf(out, "%s\n", scalars[i].text);
  for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
    if (needed(p, roots[i].name)) fprintf(out, "%s\n", roots[i].text);
  for (int i = 0; i < NATIVES; i++) {
    const Native *n = &natives[i];
    if (!needed(p, n->name)) continue;
    fprintf(out, "static %s %s(", n->type, n->name);
    for (int j = 0; j < n->operands; j++) fprintf(out, "%s%s %c", j ? ", " : "", n->type, 'a' + j);
    fprintf(out, ") { return %s(%s); }\n\n", n->gcc, args[n->operands]);
  }
}

/* ---- vectors ----------------------------------------------------------------------------- */

typedef struct Shape {
  const char *letter, *element, *mask; /* "f32", "float", "i32" */
  int bytes;
} Shape;

static const Shape shapes[] = {{"f32", "float", "i32", 4},
                               {"f64", "double", "i64", 8},
                               {"i32", "int32_t", "i32", 4},
                               {"i64", "int64_t", "i64", 8}};

static bool any_with(const MdlPrinter *p, const char *part)
{
  for (int i = 0; i < mdl_map_count(p->needs); i++)
    if (strstr(mdl_map_key(p->needs, i), part)) return true;
  return false;
}

/* Loads, stores, splats, selects and lane numbers of one vector type, as far as they are used. */
static void print_shape(MdlPrinter *p, FILE *out, const Shape *s, int lanes)
{
  int bytes = lanes * s->bytes;
  const char *v = mdl_text(p->arena, "%sx%d", s->letter, lanes);
  const char *mask = mdl_text(p->arena, "%sx%d", s->mask, lanes);
  const char *d = s->letter[0] == 'f' && s->bytes == 8 ? "d" : "";
  bool is_float = s->letter[0] == 'f';
  fprintf(out, "typedef %s %s __attribute__((vector_size(%d)));\n", s->element, v, bytes);
  const char *end = is_float ? mdl_text(p->arena, "%s%d", d, lanes) : mdl_text(p->arena, "_%s", v);
  const char *load = mdl_text(p->arena, "load%s", end);
  const char *store = mdl_text(p->arena, "store%s", end);
  const char *u = mdl_text(p->arena, "u%s", v + 1);
  if (!is_float && needed(p, u))
    fprintf(out, "typedef u%s %s __attribute__((vector_size(%d)));\n", s->element, u, bytes);
  if (needed(p, load) || needed(p, store))
    fprintf(out, "typedef %s %s_mem __attribute__((vector_size(%d), aligned(%d), may_alias));\n",
            s->element, v, bytes, s->bytes);
  if (needed(p, load))
    fprintf(out, "MDL_INLINE %s %s(const %s *p) { return *(const %s_mem *)p; }\n", v, load,
            s->element, v);
  if (needed(p, store))
    fprintf(out, "MDL_INLINE void %s(%s *p, %s a) { *(%s_mem *)p = a; }\n", store, s->element, v,
            v);
  if (needed(p, mdl_text(p->arena, "splat_%s", v))) {
    fprintf(out, "MDL_INLINE %s splat_%s(%s a)\n{\n  const %s v = {", v, v, s->element, v);
    for (int i = 0; i < lanes; i++) fprintf(out, "%sa", i ? ", " : "");
    fprintf(out, "};\n  return v;\n}\n");
  }
  if (needed(p, mdl_text(p->arena, "lanes_%s", v))) {
    fprintf(out, "MDL_INLINE %s lanes_%s(void)\n{\n  const %s v = {", v, v, v);
    for (int i = 0; i < lanes; i++) fprintf(out, "%s%d", i ? ", " : "", i);
    fprintf(out, "};\n  return v;\n}\n");
  }
  if (needed(p, mdl_text(p->arena, "select_%s", v)))
    fprintf(out,
            "MDL_INLINE %s select_%s(%s mask, %s a, %s b)\n{\n"
            "  return (%s)((mask & (%s)a) | (~mask & (%s)b));\n}\n",
            v, v, mask, v, v, v, mask, mask);
  if (is_float && needed(p, mdl_text(p->arena, "abs%s%d", d, lanes)))
    fprintf(out, "MDL_INLINE %s abs%s%d(%s a)\n{\n  return (%s)((%s)a & INT%d_MAX);\n}\n", v, d,
            lanes, v, v, mask, 8 * s->bytes);
}

/* Vectors that fill half a register stand between f64 and 32-bit integers. */
static bool has_half(const MdlPrinter *p, const Shape *s, int lanes)
{
  return s->bytes == 4 && any_with(p, mdl_text(p->arena, "%sx%d", s->letter, lanes));
}

/* Conversions lane by lane: f32x8_of_i32x8. */
static void print_conversions(MdlPrinter *p, FILE *out)
{
  for (int k = 0; k < 16; k++)
    for (int wide = 0; wide < 2; wide++) {
      int lanes = p->machine->vector_bytes / (wide ? 4 : 8);
      const char *to = mdl_text(p->arena, "%sx%d", shapes[k / 4].letter, lanes);
      const char *from = mdl_text(p->arena, "%sx%d", shapes[k % 4].letter, lanes);
      if (needed(p, mdl_text(p->arena, "%s_of_%s", to, from)))
        fprintf(out, "MDL_INLINE %s %s_of_%s(%s a) { return __builtin_convertvector(a, %s); }\n",
                to, to, from, from, to);
    }
}

/* fma, sqrt and rounding of whole vectors: one intrinsic each on x86-64. */
static void print_intrinsics(MdlPrinter *p, FILE *out)
{
  static const struct {
    const char *name, *f32, *f64, *more;
    int operands;
  } rows[] = {
      {"fma", "fmadd_ps", "fmadd_pd", "", 3},
      {"sqrt", "sqrt_ps", "sqrt_pd", "", 1},
      {"floor", "round_ps", "round_pd", ", _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC", 1},
      {"ceil", "round_ps", "round_pd", ", _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC", 1},
      {"trunc", "round_ps", "round_pd", ", _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC", 1},
      {"round", "round_ps", "round_pd", ", _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC", 1}};
  int bits = 8 * p->machine->vector_bytes;
  const char *mm = bits == 128 ? "_mm" : mdl_text(p->arena, "_mm%d", bits);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (int wide = 0; wide < 2; wide++) {
      int lanes = p->machine->vector_bytes / (wide ? 8 : 4);
      const char *name = mdl_text(p->arena, "%s%s%d", rows[i].name, wide ? "d" : "", lanes);
      const char *v = mdl_text(p->arena, "f%dx%d", wide ? 64 : 32, lanes);
      const char *m = mdl_text(p->arena, "__m%d%s", bits, wide ? "d" : "");
      if (!needed(p, name)) continue;
      const char *call = wide ? rows[i].f64 : rows[i].f32;
      /* gcc's headers pass an uninitialised vector to what has no mask: ask for zeros instead */
      bool is_macro = bits == 512 && !strncmp(call, "round", 5);
      const char *mask = bits == 512 && rows[i].operands == 1 ? wide ? "0xff, " : "0xffff, " : "";
      if (*mask) call = mdl_text(p->arena, "maskz_%s", call);
      if (is_macro) {
        call = wide ? "maskz_roundscale_pd" : "maskz_roundscale_ps";
        /* without optimisation gcc's header is a macro, and passes its own mask with a sign */
        fprintf(out, "#pragma GCC diagnostic push\n"
                     "#pragma GCC diagnostic ignored \"-Wsign-conversion\"\n");
      }
      if (rows[i].operands == 3)
        fprintf(out,
                "MDL_INLINE %s %s(%s a, %s b, %s c)\n{\n  return (%s)%s_%s((%s)a, (%s)b, "
                "(%s)c);\n}\n",
                v, name, v, v, v, v, mm, call, m, m, m);
      else
        fprintf(out, "MDL_INLINE %s %s(%s a) { return (%s)%s_%s(%s(%s)a%s); }\n", v, name, v, v,
                mm, call, mask, m, rows[i].more);
      if (is_macro) fprintf(out, "#pragma GCC diagnostic pop\n");
    }
}

/* The same on NEON: vfmaq_f32 adds to its first operand. */
static void print_neon(MdlPrinter *p, FILE *out)
{
  static const struct {
    const char *name, *neon;
    int operands;
  } rows[] = {{"fma", "vfmaq", 3},   {"sqrt", "vsqrtq", 1}, {"floor", "vrndmq", 1},
              {"ceil", "vrndpq", 1}, {"trunc", "vrndq", 1}, {"round", "vrndnq", 1}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (int wide = 0; wide < 2; wide++) {
      const char *name = mdl_text(p->arena, "%s%s", rows[i].name, wide ? "d2" : "4");
      const char *v = wide ? "f64x2" : "f32x4", *f = wide ? "f64" : "f32";
      const char *m = wide ? "float64x2_t" : "float32x4_t";
      if (!needed(p, name)) continue;
      if (rows[i].operands == 3)
        fprintf(out,
                "MDL_INLINE %s %s(%s a, %s b, %s c)\n{\n  return (%s)%s_%s((%s)c, (%s)a, "
                "(%s)b);\n}\n",
                v, name, v, v, v, v, rows[i].neon, f, m, m, m);
      else
        fprintf(out, "MDL_INLINE %s %s(%s a) { return (%s)%s_%s((%s)a); }\n", v, name, v, v,
                rows[i].neon, f, m);
    }
}

bool mdl_prelude_has_vectors(const MdlPrinter *p)
{
  return p->machine->vector_bytes &&
         (any_with(p, "32x") || any_with(p, "64x") || any_with(p, "load") || any_with(p, "store"));
}

void mdl_prelude_print(MdlPrinter *p, FILE *out)
{
  close_needs(p);
  print_scalars(p, out);
  if (!mdl_prelude_has_vectors(p)) return;
  fprintf(out, "/* ---- vectors: one register each "
               "------------------------------------------------------------- */\n\n");
  static const int order[] = {2, 3, 0, 1}; /* masks before what they select */
  for (int i = 0; i < 4; i++) {
    const Shape *s = &shapes[order[i]];
    int whole = p->machine->vector_bytes / s->bytes, half = whole / 2;
    print_shape(p, out, s, whole);
    if (has_half(p, s, half)) print_shape(p, out, s, half);
  }
  print_conversions(p, out);
  const char *header = p->machine->header;
  if (header && !strcmp(header, "arm_neon.h"))
    print_neon(p, out);
  else
    print_intrinsics(p, out);
  fprintf(out, "\n");
}
