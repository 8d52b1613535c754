/* The one place with PTX: a fixed prelude of single instructions that C++ has no name for. A file
 * prints those that it uses. nvcc compiles them; on a processor the stand-in header emu_ptx.h says
 * the same in plain C++ (tests/cuda), and tests/cuda/ptx.sh holds the two against each other. */
#include "codegen/cuda/cuda.h"

typedef struct Ptx {
  const char *name, *text;
} Ptx;

#define DEVICE "static __device__ __forceinline__ "

static const Ptx functions[] = {
    {"cp_async_16",
     "/* 16 bytes from global into shared memory, on their way until cp_async_wait: the first "
     "`given` of\n"
     " * `from`, then zeros. */\n" DEVICE
     "void cp_async_16(void *to, const void *from, int given)\n{\n"
     "  asm volatile(\"cp.async.cg.shared.global [%0], [%1], 16, %2;\" ::\n"
     "                   \"r\"((uint32_t)__cvta_generic_to_shared(to)), \"l\"(from), "
     "\"r\"(given) : \"memory\");\n}\n"},
    {"cp_async_commit",
     "/* This thread's copies since the last commit become a group. */\n" DEVICE
     "void cp_async_commit()\n{\n"
     "  asm volatile(\"cp.async.commit_group;\" ::: \"memory\");\n}\n"},
    {"cp_async_wait",
     "/* Until all but this thread's last `left` groups have come. */\n"
     "template <int left> " DEVICE "void cp_async_wait()\n{\n"
     "  asm volatile(\"cp.async.wait_group %0;\" ::\"n\"(left) : \"memory\");\n}\n"},
    {"ldmatrix_x4",
     "/* Four matrices of 8 by 8 halves, one a register: lane 8i + j gives where row j of matrix i "
     "starts,\n"
     " * 16 bytes, and gets of each matrix columns 2t and 2t + 1 of row g, where g = lane / 4, t = "
     "lane % 4. */\n" DEVICE
     "void ldmatrix_x4(uint32_t *r, const void *row)\n{\n"
     "  asm volatile(\"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\"\n"
     "               : \"=r\"(r[0]), \"=r\"(r[1]), \"=r\"(r[2]), \"=r\"(r[3])\n"
     "               : \"r\"((uint32_t)__cvta_generic_to_shared(row)) : \"memory\");\n}\n"},
    {"ldmatrix_x4_trans",
     "/* As ldmatrix_x4, but a lane gets rows 2t and 2t + 1 of column g. */\n" DEVICE
     "void ldmatrix_x4_trans(uint32_t *r, const void *row)\n{\n"
     "  asm volatile(\"ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\"\n"
     "               : \"=r\"(r[0]), \"=r\"(r[1]), \"=r\"(r[2]), \"=r\"(r[3])\n"
     "               : \"r\"((uint32_t)__cvta_generic_to_shared(row)) : \"memory\");\n}\n"},
#define MMA_16(type)                                                                               \
  DEVICE "void mma_" type "(float *d, const uint32_t *a, const uint32_t *b)\n{\n"                  \
         "  asm volatile(\"mma.sync.aligned.m16n8k16.row.col.f32." type "." type ".f32 \"\n"       \
         "               \"{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\"\n"    \
         "               : \"+f\"(d[0]), \"+f\"(d[1]), \"+f\"(d[2]), \"+f\"(d[3])\n"               \
         "               : \"r\"(a[0]), \"r\"(a[1]), \"r\"(a[2]), \"r\"(a[3]), \"r\"(b[0]), "      \
         "\"r\"(b[1]));\n}\n"
#define MMA_16_DOC                                                                                 \
  "/* d += a*b, 16 by 8 by 16. With g = lane / 4, t = lane % 4: a[0] has row g, columns 2t and "   \
  "2t + 1,\n"                                                                                      \
  " * a[1] those of row g + 8, a[2] and a[3] the same, 8 columns on; b[0] column g, rows 2t and "  \
  "2t + 1,\n"                                                                                      \
  " * b[1] 8 rows on; d row g, columns 2t and 2t + 1, then row g + 8. */\n"
    {"mma_bf16", MMA_16_DOC MMA_16("bf16")},
    {"mma_f16", MMA_16_DOC MMA_16("f16")},
    {"mma_tf32",
     "/* d += a*b, 16 by 8 by 8. With g = lane / 4, t = lane % 4: a[0] has row g, column t, a[1] "
     "row g + 8,\n"
     " * a[2] and a[3] the same, 4 columns on; b[0] row t, column g, b[1] 4 rows on; d as above: "
     "row g,\n"
     " * columns 2t and 2t + 1, then row g + 8. */\n" DEVICE
     "void mma_tf32(float *d, const uint32_t *a, const uint32_t *b)\n{\n"
     "  asm volatile(\"mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 \"\n"
     "               \"{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};\"\n"
     "               : \"+f\"(d[0]), \"+f\"(d[1]), \"+f\"(d[2]), \"+f\"(d[3])\n"
     "               : \"r\"(a[0]), \"r\"(a[1]), \"r\"(a[2]), \"r\"(a[3]), \"r\"(b[0]), "
     "\"r\"(b[1]));\n}\n"},
    {"to_tf32",
     "/* An f32, given and kept by its bits, to the nearest tf32, ties away from zero. */\n" DEVICE
     "uint32_t to_tf32(uint32_t x)\n{\n"
     "  uint32_t r;\n"
     "  asm(\"cvt.rna.tf32.f32 %0, %1;\" : \"=r\"(r) : \"f\"(__uint_as_float(x)));\n"
     "  return r;\n}\n"},
    {"of_f16",
     "/* An f16, kept by its bits. */\n" DEVICE
     "float of_f16(int16_t x)\n{\n"
     "  float r;\n"
     "  asm(\"cvt.f32.f16 %0, %1;\" : \"=f\"(r) : \"h\"(x));\n"
     "  return r;\n}\n"},
    {"to_f16",
     "/* The nearest f16, ties to even. */\n" DEVICE
     "int16_t to_f16(float x)\n{\n"
     "  int16_t r;\n"
     "  asm(\"cvt.rn.f16.f32 %0, %1;\" : \"=h\"(r) : \"f\"(x));\n"
     "  return r;\n}\n"},
    {"to_bf16",
     "/* The nearest bf16, ties to even. */\n" DEVICE
     "int16_t to_bf16(float x)\n{\n"
     "  int16_t r;\n"
     "  asm(\"cvt.rn.bf16.f32 %0, %1;\" : \"=h\"(r) : \"f\"(x));\n"
     "  return r;\n}\n"},
    {"pack_bf16",
     "/* Two floats to the nearest bf16, the first in the low half. */\n" DEVICE
     "uint32_t pack_bf16(float low, float high)\n{\n"
     "  uint32_t r;\n"
     "  asm(\"cvt.rn.bf16x2.f32 %0, %1, %2;\" : \"=r\"(r) : \"f\"(high), \"f\"(low));\n"
     "  return r;\n}\n"},
    {"pack_f16",
     "/* Two floats to the nearest f16, the first in the low half. */\n" DEVICE
     "uint32_t pack_f16(float low, float high)\n{\n"
     "  uint32_t r;\n"
     "  asm(\"cvt.rn.f16x2.f32 %0, %1, %2;\" : \"=r\"(r) : \"f\"(high), \"f\"(low));\n"
     "  return r;\n}\n"},
};
/* Those that are of vectors too, lane by lane. */
static const struct {
  const char *name, *from, *to;
} of_lanes[] = {{"of_f16", "int16_t", "float"},
                {"to_f16", "float", "int16_t"},
                {"to_bf16", "float", "int16_t"}};
enum { OF_LANES = sizeof of_lanes / sizeof *of_lanes };
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static void print(FILE *out, const Ptx *f, int *count)
{
  if (!(*count)++) fputs("#ifdef __CUDACC__\n", out);
  fprintf(out, "%s%s", *count > 1 ? "\n" : "", f->text);
}

static void end(FILE *out, int count)
{
  if (count) fputs("#else /* on a processor, for tests: the same in C++ */\n"
                   "#include \"emu_ptx.h\"\n#endif\n\n", out);
}

static bool needed(const MdlPrinter *p, const char *name)
{
  return mdl_map_has(p->needs, mdl_intern_text(p->arena, name));
}

static void print_lanes(MdlPrinter *p, FILE *out)
{
  for (int i = 0; i < OF_LANES; i++)
    if (needed(p, mdl_text(p->arena, "%s of lanes", of_lanes[i].name)))
      fprintf(out,
              "template <int N> " DEVICE "Vec<%s, N> %s(Vec<%s, N> a)\n{\n"
              "  Vec<%s, N> r;\n"
              "  for (int i = 0; i < N; i++) r[i] = %s(a[i]);\n"
              "  return r;\n}\n\n",
              of_lanes[i].to, of_lanes[i].name, of_lanes[i].from, of_lanes[i].to, of_lanes[i].name);
}

void mdl_cuda_ptx(MdlPrinter *p, FILE *out)
{
  int count = 0;
  for (int i = 0; i < FUNCTIONS; i++)
    if (needed(p, functions[i].name)) print(out, &functions[i], &count);
  end(out, count);
  print_lanes(p, out);
}

void mdl_cuda_ptx_all(FILE *out)
{
  int count = 0;
  for (int i = 0; i < FUNCTIONS; i++) print(out, &functions[i], &count);
  end(out, count);
}
