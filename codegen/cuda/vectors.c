/* Vectors of CUDA: N values in registers of one thread, loaded and stored by one access. The printer
 * writes them as it does C's (f32x4, load4, a + b, v[2]); here is what that means in C++, as far as
 * a file uses it. */
#include "codegen/cuda/cuda.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TYPES = 32 };

typedef struct Vector {
  const char *name;     /* "f32x4", "boolx4" */
  const char *element;  /* "float", "bool" */
  const char *suffix;   /* of the functions on it: "4", "d2", "_i32x4" */
  const char *cell;     /* what memory holds */
  bool is_float, is_wide;
  int lanes, bytes; /* of all lanes */
} Vector;

static bool needed(const MdlPrinter *p, const char *name)
{
  return mdl_map_has(p->needs, mdl_intern_text(p->arena, name));
}

static bool needed_for(const MdlPrinter *p, const char *function, const char *end)
{
  return needed(p, mdl_text(p->arena, "%s%s", function, end));
}

/* ---- the template ------------------------------------------------------------------------ */

typedef struct Operator {
  const char *sign, *lane; /* the value of lane i; T: its type, U: one that wraps */
} Operator;

static const Operator operators[] = {
    {"+", "T(U(a[i]) + U(b[i]))"},   {"-", "T(U(a[i]) - U(b[i]))"},
    {"*", "T(U(a[i]) * U(b[i]))"},   {"/", "T(a[i] / b[i])"},
    {"%", "T(a[i] % b[i])"},         {"&", "T(U(a[i]) & U(b[i]))"},
    {"|", "T(U(a[i]) | U(b[i]))"},   {"^", "T(U(a[i]) ^ U(b[i]))"},
    {"<<", "T(U(a[i]) << U(b[i]))"}, {">>", "T(a[i] >> b[i])"},
};
static const char *const comparisons[] = {"==", "!=", "<", "<=", ">", ">="};
enum {
  OPERATORS = sizeof operators / sizeof *operators,
  COMPARISONS = sizeof comparisons / sizeof *comparisons
};

static void print_operator(MdlPrinter *p, FILE *out, const Operator *o)
{
  bool updates = needed_for(p, "operator=", o->sign);
  if (!updates && !needed_for(p, "operator", o->sign)) return;
  fprintf(out,
          "  friend __device__ Vec operator%s(Vec a, Vec b)\n  {\n"
          "    for (int i = 0; i < N; i++) a[i] = %s;\n    return a;\n  }\n",
          o->sign, o->lane);
  if (updates)
    fprintf(out, "  friend __device__ Vec &operator%s=(Vec &a, Vec b) { return a = a %s b; }\n",
            o->sign, o->sign);
}

static void print_unary(MdlPrinter *p, FILE *out, const char *name, const char *sign,
                        const char *lane)
{
  if (!needed(p, name)) return;
  fprintf(out,
          "  friend __device__ Vec operator%s(Vec a)\n  {\n"
          "    for (int i = 0; i < N; i++) a[i] = %s;\n    return a;\n  }\n",
          sign, lane);
}

/* What integers are in an expression: overflow of signed ones is undefined. */
static void print_wraps(FILE *out, const Vector *v, int count)
{
  static const char *const rows[][2] = {
      {"bool", "int"},         {"int8_t", "uint32_t"}, {"int16_t", "uint32_t"},
      {"int32_t", "uint32_t"}, {"int64_t", "uint64_t"}};
  fprintf(out, "/* Integers wrap: they meet as unsigned. */\n"
               "template <class T> struct Wraps { typedef T As; };\n");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    for (int j = 0; j < count; j++) {
      if (strcmp(v[j].element, rows[i][0])) continue;
      fprintf(out, "template <> struct Wraps<%s> { typedef %s As; };\n", rows[i][0], rows[i][1]);
      break;
    }
  fprintf(out, "\n");
}

static void print_members(MdlPrinter *p, FILE *out)
{
  for (int i = 0; i < OPERATORS; i++) print_operator(p, out, &operators[i]);
  print_unary(p, out, "negate", "-", "T(-U(a[i]))");
  print_unary(p, out, "not", "!", "!a[i]");
  for (int i = 0; i < COMPARISONS; i++)
    if (needed_for(p, "operator", comparisons[i]))
      fprintf(out,
              "  friend __device__ Vec<bool, N> operator%s(Vec a, Vec b)\n  {\n"
              "    Vec<bool, N> c;\n"
              "    for (int i = 0; i < N; i++) c[i] = a[i] %s b[i];\n    return c;\n  }\n",
              comparisons[i], comparisons[i]);
}

static const char elements_text[] =
    "  template <class... More> __device__ Vec(T a, T b, More... more) : at{a, b, T(more)...} {}\n";

static void print_template(MdlPrinter *p, FILE *out, const Vector *v, int count)
{
  char *body = NULL;
  size_t length = 0;
  FILE *inside = open_memstream(&body, &length);
  if (!inside) MDL_BUG(p->ir->session, "no memory stream");
  print_members(p, inside);
  fclose(inside);
  bool wraps = length && strstr(body, "U(");
  if (wraps) print_wraps(out, v, count);
  fprintf(out, "/* N values of one thread, in its registers. One alone stands for N of it. */\n"
               "template <class T, int N> struct Vec {\n"
               "  T at[N];\n\n"
               "  __device__ Vec() {}\n"
               "  __device__ Vec(T all)\n  {\n"
               "    for (int i = 0; i < N; i++) at[i] = all;\n  }\n%s"
               "  template <class From> __device__ explicit Vec(const Vec<From, N> &a)\n  {\n"
               "    for (int i = 0; i < N; i++) at[i] = T(a[i]);\n  }\n"
               "  __device__ T &operator[](int i) { return at[i]; }\n"
               "  __device__ T operator[](int i) const { return at[i]; }\n%s%s%s};\n",
          needed(p, "elements") ? elements_text : "", length ? "\n" : "",
          wraps ? "  typedef typename Wraps<T>::As U;\n" : "", body);
  free(body);
}

/* ---- loads and stores -------------------------------------------------------------------- */

static const char *word_of(const Vector *v)
{
  switch (v->bytes) {
  case 2:
    return "unsigned short";
  case 4:
    return "unsigned";
  case 8:
    return "uint2";
  default:
    return "uint4";
  }
}

static bool any_needed(MdlPrinter *p, const Vector *v, int count, const char *function)
{
  for (int i = 0; i < count; i++)
    if (needed_for(p, function, v[i].suffix)) return true;
  return false;
}

static void print_access(MdlPrinter *p, FILE *out, const Vector *v, int count)
{
  if (any_needed(p, v, count, "load"))
    fprintf(out,
            "/* All lanes at once: p is a multiple of their size. */\n"
            "template <class V, class Word, class T> static __device__ __forceinline__ V load(const "
            "T *p)\n{\n"
            "  const Word word = *(const Word *)p;\n"
            "  V v;\n"
            "  memcpy(&v, &word, sizeof v);\n"
            "  return v;\n}\n");
  if (any_needed(p, v, count, "store"))
    fprintf(out, "template <class Word, class V, class T> static __device__ __forceinline__ void "
                 "store(T *p, V v)\n{\n"
                 "  Word word;\n"
                 "  memcpy((void *)&word, &v, sizeof word);\n"
                 "  *(Word *)p = word;\n}\n");
  for (int i = 0; i < count; i++) {
    const char *word = word_of(&v[i]);
    if (needed_for(p, "load", v[i].suffix))
      fprintf(out,
              "static __device__ __forceinline__ %s load%s(const %s *p)\n{\n"
              "  return load<%s, %s>(p);\n}\n",
              v[i].name, v[i].suffix, v[i].cell, v[i].name, word);
    if (needed_for(p, "store", v[i].suffix))
      fprintf(out,
              "static __device__ __forceinline__ void store%s(%s *p, %s v) { store<%s>(p, v); }\n",
              v[i].suffix, v[i].cell, v[i].name, word);
  }
}

/* ---- functions --------------------------------------------------------------------------- */

/* name of the result, the function's name, parameters, the value of lane i */
static void print_lanes(FILE *out, const char *result, const char *name, const char *args,
                        const char *lane)
{
  fprintf(out,
          "static __device__ __forceinline__ %s %s(%s)\n{\n  %s r;\n"
          "  for (int i = 0; i < %s; i++) r[i] = %s;\n  return r;\n}\n",
          result, name, args, result, strrchr(result, 'x') + 1, lane);
}

static void print_maths(MdlPrinter *p, FILE *out, const Vector *v)
{
  static const struct {
    const char *name, *f32, *f64;
  } rows[] = {{"sqrt", "sqrtf", "sqrt"},    {"abs", "fabsf", "fabs"},    {"floor", "floorf", "floor"},
              {"ceil", "ceilf", "ceil"},    {"trunc", "truncf", "trunc"}, {"round", "rintf", "rint"}};
  if (needed_for(p, "fma", v->suffix))
    print_lanes(out, v->name, mdl_text(p->arena, "fma%s", v->suffix),
                mdl_text(p->arena, "%s a, %s b, %s c", v->name, v->name, v->name),
                v->is_wide ? "fma(a[i], b[i], c[i])" : "fmaf(a[i], b[i], c[i])");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (needed_for(p, rows[i].name, v->suffix))
      print_lanes(out, v->name, mdl_text(p->arena, "%s%s", rows[i].name, v->suffix),
                  mdl_text(p->arena, "%s a", v->name),
                  mdl_text(p->arena, "%s(a[i])", v->is_wide ? rows[i].f64 : rows[i].f32));
}

/* i32x4 bits_of_f32x4(f32x4), f32x4 f32x4_of_bits(i32x4) */
static void print_bits(MdlPrinter *p, FILE *out, const Vector *v)
{
  const char *whole = mdl_text(p->arena, "i%sx%d", v->is_wide ? "64" : "32", v->lanes);
  const char *to = v->is_wide ? "__double_as_longlong(a[i])" : "__float_as_int(a[i])";
  const char *back = v->is_wide ? "__longlong_as_double(a[i])" : "__int_as_float(a[i])";
  const char *there = mdl_text(p->arena, "bits_of_%s", v->name);
  const char *here = mdl_text(p->arena, "%s_of_bits", v->name);
  if (needed(p, there)) print_lanes(out, whole, there, mdl_text(p->arena, "%s a", v->name), to);
  if (needed(p, here)) print_lanes(out, v->name, here, mdl_text(p->arena, "%s a", whole), back);
}

static void print_functions(MdlPrinter *p, FILE *out, const Vector *v)
{
  if (v->is_float) print_maths(p, out, v);
  if (v->is_float) print_bits(p, out, v);
  const char *select = mdl_text(p->arena, "select_%s", v->name);
  if (needed(p, select))
    print_lanes(out, v->name, select,
                mdl_text(p->arena, "boolx%d mask, %s a, %s b", v->lanes, v->name, v->name),
                "mask[i] ? a[i] : b[i]");
  const char *lanes = mdl_text(p->arena, "lanes_%s", v->name);
  if (needed(p, lanes)) print_lanes(out, v->name, lanes, "", "i");
}

static const char shuffle_text[] =
    "/* Lanes of a, and behind them of b, by their numbers. */\n"
    "template <int... lane, class T, int N>\n"
    "static __device__ __forceinline__ Vec<T, sizeof...(lane)> shuffle(Vec<T, N> a, Vec<T, N> b)\n"
    "{\n"
    "  const int from[] = {lane...};\n"
    "  Vec<T, sizeof...(lane)> r;\n"
    "  for (int i = 0; i < (int)sizeof...(lane); i++)\n"
    "    r[i] = from[i] < N ? a[from[i]] : b[from[i] - N];\n"
    "  return r;\n}\n";

/* ---- types ------------------------------------------------------------------------------- */

/* "f32x4" as a type; false for the name of anything else. */
static bool read_type(MdlPrinter *p, const char *name, Vector *v)
{
  static const struct {
    const char *name, *element;
    int bytes;
  } rows[] = {{"boolx", "bool", 1},   {"i8x", "int8_t", 1},   {"u8x", "uint8_t", 1},
              {"i16x", "int16_t", 2}, {"u16x", "uint16_t", 2}, {"i32x", "int32_t", 4},
              {"u32x", "uint32_t", 4}, {"i64x", "int64_t", 8}, {"u64x", "uint64_t", 8},
              {"f32x", "float", 4},   {"f64x", "double", 8}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    size_t length = strlen(rows[i].name);
    if (strncmp(name, rows[i].name, length) || !isdigit((unsigned char)name[length])) continue;
    char *end;
    long lanes = strtol(name + length, &end, 10);
    if (*end) return false;
    *v = (Vector){.name = name, .element = rows[i].element, .cell = rows[i].element};
    v->lanes = (int)lanes;
    v->bytes = (int)lanes * rows[i].bytes;
    v->is_float = *name == 'f';
    v->is_wide = rows[i].bytes == 8;
    v->suffix = v->is_float ? mdl_text(p->arena, "%s%ld", v->is_wide ? "d" : "", lanes)
                            : mdl_text(p->arena, "_%s", name);
    return true;
  }
  return false;
}

static int compare_types(const void *a, const void *b)
{
  const Vector *x = a, *y = b;
  return x->lanes != y->lanes ? x->lanes - y->lanes : strcmp(x->name, y->name);
}

static int read_types(MdlPrinter *p, Vector *v)
{
  int count = 0;
  for (int i = 0; i < mdl_map_count(p->needs); i++)
    if (read_type(p, mdl_map_key(p->needs, i), &v[count]) && ++count == MOST_TYPES)
      MDL_BUG(p->ir->session, "a file of %d vector types", MOST_TYPES);
  qsort(v, (size_t)count, sizeof *v, compare_types);
  return count;
}

/* What the named functions are made of. */
static void close_needs(MdlPrinter *p)
{
  Vector v[MOST_TYPES];
  int count = read_types(p, v);
  for (int i = 0; i < count; i++) {
    const char *bits = mdl_text(p->arena, "i%sx%d", v[i].is_wide ? "64" : "32", v[i].lanes);
    bool cast = needed(p, mdl_text(p->arena, "bits_of_%s", v[i].name)) ||
                needed(p, mdl_text(p->arena, "%s_of_bits", v[i].name));
    if (cast) mdl_need(p, bits);
    if (needed(p, mdl_text(p->arena, "select_%s", v[i].name)))
      mdl_need(p, mdl_text(p->arena, "boolx%d", v[i].lanes));
  }
}

void mdl_cuda_vectors(MdlPrinter *p, FILE *out)
{
  Vector v[MOST_TYPES];
  close_needs(p);
  int count = read_types(p, v);
  if (!count) return;
  fprintf(out, "/* ---- vectors "
               "----------------------------------------------------------------------------- */"
               "\n\n");
  print_template(p, out, v, count);
  fprintf(out, "\n");
  for (int i = 0; i < count; i++)
    fprintf(out, "typedef Vec<%s, %d> %s;\n", v[i].element, v[i].lanes, v[i].name);
  fprintf(out, "\n");
  print_access(p, out, v, count);
  for (int i = 0; i < count; i++) print_functions(p, out, &v[i]);
  if (needed(p, "shuffle")) fputs(shuffle_text, out);
  fprintf(out, "\n");
}
