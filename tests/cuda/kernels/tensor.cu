/* The prelude's PTX at work: a warp brings matrices into shared memory by asynchronous copies, takes
 * fragments out of it, multiplies, and packs halves. Sums are of small whole numbers, so that every
 * order of adding gives the same. Built twice (ptx.sh): by the emulator's headers, and by clang as
 * device code whose PTX is then run as the PTX ISA describes it. */
#include <cuda_runtime.h>
#include <stdint.h>

#include "ptx_prelude.h"

/* ---- kernels ----------------------------------------------------------------------------- */

#ifndef TENSOR_MAIN_ONLY

/* Rows of 16 bytes, `pieces` of them a row: into shared memory as they are. */
static __device__ void bring(void *to, const void *from, int pieces)
{
  for (int i = (int)threadIdx.x; i < pieces; i += 32)
    cp_async_16((char *)to + 16 * i, (const char *)from + 16 * i, 16);
}

/* Lane 8i + j gives row j of matrix i; matrices down first, then right: rows of a. */
static __device__ int down(int bytes_a_row)
{
  const int lane = (int)threadIdx.x;
  return (lane % 16) * bytes_a_row + lane / 16 * 16;
}

/* Matrices right first, then down: rows of the turned b. */
static __device__ int right(int bytes_a_row)
{
  const int lane = (int)threadIdx.x;
  return (lane % 8 + lane / 16 * 8) * bytes_a_row + lane / 8 % 2 * 16;
}

/* d (16 by 16) = a (16 by 16) times b; b by rows, or turned by columns. */
template <bool is_bf16> static __device__ void product(const uint16_t *a, const uint16_t *b, float *d, int turned)
{
  __shared__ __align__(16) uint16_t rows[256];
  __shared__ __align__(16) uint16_t columns[256];
  const int lane = (int)threadIdx.x, g = lane / 4, t = lane % 4;
  uint32_t x[4], y[4];
  bring(rows, a, 32);
  bring(columns, b, 32);
  cp_async_commit();
  cp_async_wait<0>();
  __syncthreads();
  ldmatrix_x4(x, (const char *)rows + down(32));
  if (turned)
    ldmatrix_x4(y, (const char *)columns + right(32));
  else
    ldmatrix_x4_trans(y, (const char *)columns + down(32));
  for (int j = 0; j < 2; j++) {
    float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    if (is_bf16)
      mma_bf16(sum, x, y + 2 * j);
    else
      mma_f16(sum, x, y + 2 * j);
    for (int i = 0; i < 4; i++) d[(g + i / 2 * 8) * 16 + 8 * j + 2 * t + i % 2] += sum[i];
  }
}

extern "C" __global__ void __launch_bounds__(32)
product_bf16(const uint16_t *a, const uint16_t *b, float *d, int turned)
{
  product<true>(a, b, d, turned);
}

extern "C" __global__ void __launch_bounds__(32)
product_f16(const uint16_t *a, const uint16_t *b, float *d, int turned)
{
  product<false>(a, b, d, turned);
}

/* d (16 by 16) = a (16 by 8) times the turned b (16 by 8). */
extern "C" __global__ void __launch_bounds__(32)
product_tf32(const float *a, const float *b, float *d)
{
  __shared__ __align__(16) float rows[128];
  __shared__ __align__(16) float columns[128];
  const int lane = (int)threadIdx.x, g = lane / 4, t = lane % 4;
  uint32_t x[4], y[4];
  bring(rows, a, 32);
  bring(columns, b, 32);
  cp_async_commit();
  cp_async_wait<0>();
  __syncthreads();
  ldmatrix_x4(x, (const char *)rows + down(32));
  ldmatrix_x4(y, (const char *)columns + right(32));
  for (int i = 0; i < 4; i++) x[i] = to_tf32(x[i]), y[i] = to_tf32(y[i]);
  for (int j = 0; j < 2; j++) {
    float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    mma_tf32(sum, x, y + 2 * j);
    for (int i = 0; i < 4; i++) d[(g + i / 2 * 8) * 16 + 8 * j + 2 * t + i % 2] += sum[i];
  }
}

/* Two groups on their way at once; the second is half zeros, the third has nothing. */
extern "C" __global__ void __launch_bounds__(32) copies(const uint32_t *from, uint32_t *to)
{
  __shared__ __align__(16) uint32_t first[128];
  __shared__ __align__(16) uint32_t second[128];
  __shared__ __align__(16) uint32_t third[128];
  const int lane = (int)threadIdx.x;
  cp_async_16(first + 4 * lane, from + 4 * lane, 16);
  cp_async_commit();
  cp_async_16(second + 4 * lane, from + 4 * lane, 8);
  cp_async_16(third + 4 * lane, from, 0);
  cp_async_commit();
  cp_async_wait<1>();
  for (int i = 0; i < 4; i++) to[4 * lane + i] = first[4 * lane + i];
  cp_async_wait<0>();
  for (int i = 0; i < 4; i++) to[128 + 4 * lane + i] = second[4 * lane + i];
  for (int i = 0; i < 4; i++) to[256 + 4 * lane + i] = third[4 * lane + i];
}

/* Halves one by one; and every f16 there is as f32. */
extern "C" __global__ void __launch_bounds__(32)
halves(const float *x, int16_t *bf16, int16_t *f16, int count, float *f32, int numbers)
{
  for (int i = (int)threadIdx.x; i < count; i += 32) bf16[i] = to_bf16(x[i]), f16[i] = to_f16(x[i]);
  for (int i = (int)threadIdx.x; i < numbers; i += 32) f32[i] = of_f16((int16_t)i);
}

extern "C" __global__ void __launch_bounds__(32)
conversions(const float *x, uint32_t *bf16, uint32_t *f16, uint32_t *tf32, int pairs)
{
  for (int i = (int)threadIdx.x; i < pairs; i += 32) {
    uint32_t bits[2];
    memcpy(bits, x + 2 * i, sizeof bits);
    bf16[i] = pack_bf16(x[2 * i], x[2 * i + 1]);
    f16[i] = pack_f16(x[2 * i], x[2 * i + 1]);
    tf32[2 * i] = to_tf32(bits[0]);
    tf32[2 * i + 1] = to_tf32(bits[1]);
  }
}

#endif

/* ---- what must come out -------------------------------------------------------------------- */

#ifndef TENSOR_KERNELS_ONLY

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef TENSOR_MAIN_ONLY
extern "C" void product_bf16(const uint16_t *a, const uint16_t *b, float *d, int turned);
extern "C" void product_f16(const uint16_t *a, const uint16_t *b, float *d, int turned);
extern "C" void product_tf32(const float *a, const float *b, float *d);
extern "C" void copies(const uint32_t *from, uint32_t *to);
extern "C" void halves(const float *x, int16_t *bf16, int16_t *f16, int count, float *f32,
                       int numbers);
extern "C" void conversions(const float *x, uint32_t *bf16, uint32_t *f16, uint32_t *tf32,
                            int pairs);
#endif

static int wrong;

static void expect(const char *what, int at, double got, double want)
{
  if (got == want) return;
  if (wrong++ < 20) printf("%s[%d] is %g, not %g\n", what, at, got, want);
}

template <class... Wanted, class... Given>
static void launch(void (*kernel)(Wanted...), Given... given)
{
  cudaLaunchConfig_t c = {};
  c.gridDim = dim3(1);
  c.blockDim = dim3(32);
  if (cudaLaunchKernelEx(&c, kernel, given...) != cudaSuccess) exit(2);
}

/* ---- halves, by their definition: a number of so many bits ---- */

/* The value nearest to x with `bits` bits of fraction and exponents from `least` on. Ties to even,
 * or away from zero; `most` and above are infinite. */
static double rounded(double x, int bits, int least, double most, bool ties_even)
{
  if (x != x || isinf(x) || x == 0) return x;
  int exponent;
  frexp(x, &exponent);
  exponent = exponent - 1 < least ? least : exponent - 1;
  const double scaled = fabs(ldexp(x, bits - exponent)), down = floor(scaled), rest = scaled - down;
  const bool up = rest > 0.5 || (rest == 0.5 && (!ties_even || fmod(down, 2) == 1));
  const double value = ldexp(down + up, exponent - bits);
  return copysign(value >= most ? INFINITY : value, x);
}

static double value_of(uint32_t half, int bits, int least)
{
  const int fraction = (int)(half & ((1u << bits) - 1)), e = (int)(half >> bits & ((1u << (15 - bits)) - 1));
  const double sign = half >> 15 & 1 ? -1.0 : 1.0;
  if (e == (1 << (15 - bits)) - 1) return fraction ? NAN : sign * INFINITY;
  return sign * ldexp(e ? fraction + (1 << bits) : fraction, least - bits + (e ? e - 1 : 0));
}

static const double bf16_most = ldexp(1, 128), f16_most = 65536;

static void test_conversions()
{
  enum { PAIRS = 4096, F16S = 65536 };
  static float x[2 * PAIRS];
  static uint32_t bf16[PAIRS], f16[PAIRS], tf32[2 * PAIRS];
  static int16_t one_bf16[2 * PAIRS], one_f16[2 * PAIRS];
  static float f32[F16S];
  const float special[] = {0.0f, -0.0f, 1.0f, 65519.0f, 65520.0f, -65536.0f, 5.9604645e-8f, 2.9802322e-8f,
                           3.0e-8f, 6.1e-5f, 1e-40f, 3.4e38f, -3.4e38f, INFINITY, -INFINITY, NAN,
                           1.00390625f, 1.01171875f, 1.00048828125f, 1.00146484375f};
  unsigned seed = 7;
  for (int i = 0; i < 2 * PAIRS; i++) {
    seed = seed * 1664525u + 1013904223u;
    const uint32_t low = seed >> 8;
    seed = seed * 1664525u + 1013904223u;
    uint32_t bits = seed ^ low;
    if (i % 3 == 0) bits &= 0xffff8000u; /* ties of bf16 */
    if (i % 3 == 1) bits = (bits & 0x87ffffffu) | 0x38000000u; /* in f16's range */
    memcpy(&x[i], &bits, sizeof bits);
    if (i < (int)(sizeof special / sizeof *special)) x[i] = special[i];
  }
  launch(conversions, (const float *)x, bf16, f16, tf32, (int)PAIRS);
  launch(halves, (const float *)x, one_bf16, one_f16, 2 * PAIRS, f32, (int)F16S);
  for (int i = 0; i < F16S; i++) {
    const double want = value_of((uint32_t)i, 10, -14);
    if (want != want)
      expect("f16's NaN", i, f32[i] != f32[i], 1);
    else
      expect("f32 of f16", i, f32[i], want), expect("its sign", i, signbit(f32[i]), i >> 15);
  }
  for (int i = 0; i < 2 * PAIRS; i++) {
    const uint32_t b = bf16[i / 2] >> 16 * (i % 2) & 0xffff, h = f16[i / 2] >> 16 * (i % 2) & 0xffff;
    float t;
    memcpy(&t, &tf32[i], sizeof t);
    expect("a bf16 alone", i, (uint16_t)one_bf16[i], b);
    expect("an f16 alone", i, (uint16_t)one_f16[i], h);
    if (x[i] != x[i]) {
      expect("NaN", i, b == 0x7fff && h == 0x7fff && t != t, 1);
      continue;
    }
    expect("bf16", i, value_of(b, 7, -126), rounded(x[i], 7, -126, bf16_most, true));
    expect("f16", i, value_of(h, 10, -14), rounded(x[i], 10, -14, f16_most, true));
    expect("tf32", i, t, rounded(x[i], 10, -126, bf16_most, false));
    expect("tf32's low bits", i, tf32[i] & 0x1fff, 0);
  }
}

/* ---- products and copies ---- */

static int small(unsigned &seed)
{
  seed = seed * 1664525u + 1013904223u;
  return (int)(seed >> 28) - 8;
}

static uint16_t half_of(int v, bool is_bf16)
{
  const float f = (float)v;
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  if (is_bf16) return (uint16_t)(bits >> 16);
  return v ? (uint16_t)((bits >> 31 << 15) | (((bits >> 23 & 255) - 112) << 10) | (bits >> 13 & 1023)) : 0;
}

static void test_halves(bool is_bf16, bool turned)
{
  alignas(16) uint16_t a[256], b[256];
  int x[256], y[256];
  float d[256];
  unsigned seed = 1 + turned + 2 * is_bf16;
  for (int i = 0; i < 256; i++) a[i] = half_of(x[i] = small(seed), is_bf16);
  for (int i = 0; i < 256; i++) b[i] = half_of(y[i] = small(seed), is_bf16);
  for (int i = 0; i < 256; i++) d[i] = (float)i;
  launch(is_bf16 ? product_bf16 : product_f16, (const uint16_t *)a, (const uint16_t *)b, &d[0], (int)turned);
  for (int i = 0; i < 256; i++) {
    int sum = i;
    for (int k = 0; k < 16; k++) sum += x[i / 16 * 16 + k] * y[turned ? i % 16 * 16 + k : k * 16 + i % 16];
    expect(is_bf16 ? "bf16 product" : "f16 product", i, d[i], sum);
  }
}

static void test_tf32()
{
  alignas(16) float a[128], b[128];
  float d[256];
  unsigned seed = 9;
  for (float &x : a) x = (float)small(seed);
  for (float &x : b) x = (float)small(seed);
  for (float &x : d) x = 0.5f;
  launch(product_tf32, (const float *)a, (const float *)b, &d[0]);
  for (int i = 0; i < 256; i++) {
    float sum = 0.5f;
    for (int k = 0; k < 8; k++) sum += a[i / 16 * 8 + k] * b[i % 16 * 8 + k];
    expect("tf32 product", i, d[i], sum);
  }
}

static void test_copies()
{
  alignas(16) uint32_t from[128];
  uint32_t to[384];
  for (unsigned i = 0; i < 128; i++) from[i] = i + 1;
  launch(copies, (const uint32_t *)from, &to[0]);
  for (int i = 0; i < 128; i++) {
    expect("copied", i, to[i], i + 1);
    expect("half given", i, to[128 + i], i % 4 < 2 ? i + 1 : 0);
    expect("nothing given", i, to[256 + i], 0);
  }
}

int main()
{
  for (int turned = 0; turned < 2; turned++) {
    test_halves(false, turned);
    test_halves(true, turned);
  }
  test_tf32();
  test_copies();
  test_conversions();
  puts(wrong ? "wrong" : "right");
  return wrong != 0;
}

#endif
