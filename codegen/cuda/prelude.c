/* Device functions that emitted files use: single instructions by CUDA's names for them, and
 * reductions over a block. */
#include "codegen/cuda/cuda.h"

#include <string.h>

typedef struct Function {
  const char *name, *needs, *text;
} Function;

#define ONE(name, type, args, body)                                                            \
  {                                                                                            \
    name, "",                                                                                  \
        "static __device__ __forceinline__ " type " " name "(" args ") { return " body "; }\n" \
  }

static const Function functions[] = {
    {"grid", "",
     "/* Blocks of a launch: kernels stride over what is left. */\n"
     "static inline int64_t grid(int64_t blocks) { return blocks < 65536 ? blocks : 65536; }\n"},
    {"grid_barrier", "",
     "/* All blocks wait for each other: they are all there at once. One alone need not ask the "
     "others. */\n"
     "static __device__ __forceinline__ void grid_barrier()\n{\n"
     "  if (gridDim.x == 1)\n    __syncthreads();\n"
     "  else\n    cooperative_groups::this_grid().sync();\n}\n"},
    /* on both sides: constants of the host too */
    {"float_of_bits", "",
     "static __host__ __device__ __forceinline__ float float_of_bits(uint32_t i)\n"
     "{\n  float x;\n  memcpy(&x, &i, sizeof x);\n  return x;\n}\n"},
    {"double_of_bits", "",
     "static __host__ __device__ __forceinline__ double double_of_bits(uint64_t i)\n"
     "{\n  double x;\n  memcpy(&x, &i, sizeof x);\n  return x;\n}\n"},
    ONE("bits_of_float", "uint32_t", "float x", "__float_as_uint(x)"),
    ONE("bits_of_double", "uint64_t", "double x", "(uint64_t)__double_as_longlong(x)"),
    ONE("abs1", "float", "float a", "fabsf(a)"),
    ONE("absd1", "double", "double a", "fabs(a)"),
    ONE("sqrt1", "float", "float a", "sqrtf(a)"),
    ONE("sqrtd1", "double", "double a", "sqrt(a)"),
    ONE("fma1", "float", "float a, float b, float c", "fmaf(a, b, c)"),
    ONE("fmad1", "double", "double a, double b, double c", "fma(a, b, c)"),
    ONE("floor1", "float", "float a", "floorf(a)"),
    ONE("floord1", "double", "double a", "floor(a)"),
    ONE("ceil1", "float", "float a", "ceilf(a)"),
    ONE("ceild1", "double", "double a", "ceil(a)"),
    ONE("trunc1", "float", "float a", "truncf(a)"),
    ONE("truncd1", "double", "double a", "trunc(a)"),
    ONE("round1", "float", "float a", "rintf(a)"),
    ONE("roundd1", "double", "double a", "rint(a)"),
    {"aligned", "",
     "/* Are all of them multiples of so many bytes? */\n"
     "template <class... Pointer>\n"
     "static __device__ __forceinline__ bool aligned(int bytes, const Pointer *...p)\n{\n"
     "  return ((uintptr_t)p | ...) % bytes == 0;\n}\n"},
    {"block_memory", "",
     "/* Shared memory that a kernel's functions use one after another. */\n"
     "template <int bytes> static __device__ __forceinline__ unsigned char *block_memory()\n{\n"
     "  __shared__ __align__(16) unsigned char memory[bytes];\n"
     "  return memory;\n}\n"},
    {"block_reduce", "",
     "/* One value out of those of a block's threads, the same for each: halves of a warp, then "
     "the warps\n"
     " * in order. Nobody leaves before all have read. */\n"
     "template <class Combine, class T> static __device__ T block_reduce(T v)\n{\n"
     "  __shared__ T part[32];\n"
     "  const int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;\n"
     "  const int warps = (int)blockDim.x / 32;\n"
     "  for (int o = 16; o > 0; o /= 2) v = Combine::of(v, __shfl_xor_sync(0xffffffffu, v, o));\n"
     "  if (lane == 0) part[warp] = v;\n"
     "  __syncthreads();\n"
     "  v = part[0];\n"
     "  for (int w = 1; w < warps; w++) v = Combine::of(v, part[w]);\n"
     "  __syncthreads();\n"
     "  return v;\n}\n"},
    {"warp_reduce", "",
     "/* One value out of those of a team of neighbours in a warp, the same for each: by halves. "
     "Its first\n"
     " * thread's for all, for 0 and -0 are one to Most. */\n"
     "template <class Combine, int Team = 32, class T>\n"
     "static __device__ __forceinline__ T warp_reduce(T v)\n{\n"
     "  const unsigned all = 0xffffffffu >> (32 - Team);\n"
     "  const unsigned team = all << (threadIdx.x % 32 / Team * Team);\n"
     "  for (int o = Team / 2; o > 0; o /= 2) v = Combine::of(v, __shfl_xor_sync(team, v, o));\n"
     "  return __shfl_sync(team, v, 0, Team);\n}\n"},
    {"warp_lines", "",
     "/* What comes of a warp's values up to each of them, in rows of 32, all of it returned; "
     "reckoned as Type. */\n"
     "template <class Combine, class Type, class T, int rows>\n"
     "static __device__ __forceinline__ Type warp_lines(T (&v)[rows])\n{\n"
     "  const unsigned all = 0xffffffffu;\n"
     "  const int lane = (int)threadIdx.x % 32;\n"
     "  Type total = Type();\n"
     "#pragma unroll\n"
     "  for (int r = 0; r < rows; r++) {\n"
     "    Type s = (Type)v[r];\n"
     "#pragma unroll\n"
     "    for (int o = 1; o < 32; o *= 2) {\n"
     "      const Type before = __shfl_up_sync(all, s, o);\n"
     "      if (lane >= o) s = Combine::of(before, s);\n"
     "    }\n"
     "    if (r > 0) s = Combine::of(total, s);\n"
     "    v[r] = (T)s;\n"
     "    total = __shfl_sync(all, s, 31);\n"
     "  }\n"
     "  return total;\n}\n"},
    {"warp_scan", "warp_lines",
     "/* A warp's values, each with all that come before it and `carry`; the last is the next "
     "carry. */\n"
     "template <class Combine, class Type, class T, int rows>\n"
     "static __device__ __forceinline__ T warp_scan(T (&v)[rows], Type carry)\n{\n"
     "  const Type total = warp_lines<Combine, Type>(v);\n"
     "#pragma unroll\n"
     "  for (int r = 0; r < rows; r++) v[r] = (T)Combine::of(carry, (Type)v[r]);\n"
     "  return (T)Combine::of(carry, total);\n}\n"},
    {"block_scan", "warp_lines",
     "/* The same of a block's, whose warps stand in order. Nobody leaves before all have read. */\n"
     "template <class Combine, class Type, class T, int rows>\n"
     "static __device__ T block_scan(T (&v)[rows], Type carry)\n{\n"
     "  __shared__ Type part[32];\n"
     "  const int warp = (int)threadIdx.x / 32, warps = (int)blockDim.x / 32;\n"
     "  const Type total = warp_lines<Combine, Type>(v);\n"
     "  if (threadIdx.x % 32 == 0) part[warp] = total;\n"
     "  __syncthreads();\n"
     "  Type before = carry, whole = carry;\n"
     "  for (int w = 0; w < warps; w++) {\n"
     "    if (w == warp) before = whole;\n"
     "    whole = Combine::of(whole, part[w]);\n"
     "  }\n"
     "#pragma unroll\n"
     "  for (int r = 0; r < rows; r++) v[r] = (T)Combine::of(before, (Type)v[r]);\n"
     "  __syncthreads();\n"
     "  return (T)whole;\n}\n"},
    {"Add", "",
     "struct Add {\n  template <class T> static __device__ T of(T a, T b) { return a + b; }\n};\n"},
    {"Multiply", "",
     "struct Multiply {\n  template <class T> static __device__ T of(T a, T b) { return a * b; "
     "}\n};\n"},
    {"Most", "",
     "/* NaN if either is. */\nstruct Most {\n  template <class T> static __device__ T of(T a, T "
     "b)\n"
     "  {\n    return b > a || b != b ? b : a;\n  }\n};\n"},
    {"Least", "",
     "/* NaN if either is. */\nstruct Least {\n  template <class T> static __device__ T of(T a, T "
     "b)\n"
     "  {\n    return b < a || b != b ? b : a;\n  }\n};\n"},
    {"And", "",
     "struct And {\n  template <class T> static __device__ T of(T a, T b) { return a & b; }\n};\n"},
    {"Or", "",
     "struct Or {\n  template <class T> static __device__ T of(T a, T b) { return a | b; }\n};\n"},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static bool needed(const MdlPrinter *p, const char *name)
{
  return mdl_map_has(p->needs, mdl_intern_text(p->arena, name));
}

void mdl_cuda_prelude(MdlPrinter *p, FILE *out)
{
  for (int i = FUNCTIONS; i-- > 0;)
    if (needed(p, functions[i].name) && *functions[i].needs) mdl_need(p, functions[i].needs);
  for (int i = 0; i < FUNCTIONS; i++)
    if (needed(p, functions[i].name)) fprintf(out, "%s\n", functions[i].text);
  mdl_cuda_vectors(p, out);
  mdl_cuda_ptx(p, out);
}
