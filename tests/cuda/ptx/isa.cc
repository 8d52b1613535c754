/* The instructions of the prelude as the PTX ISA's tables describe them (version 8.7, chapters 9.7.9
 * and 9.7.14): which thread holds which element. Written apart from emu_ptx.h, from whole matrices,
 * so that the two can be held against each other. Addresses of shared memory are 32 bits of plain
 * ones: the program is linked where they fit. */
#include "emu_calls.h"

#include <cmath>
#include <cstring>
#include <vector>

namespace
{

const int here = __LINE__;

template <class T> T from_lane(int lane)
{
  T value;
  std::memcpy(&value, emu_lane(lane), sizeof value);
  return value;
}

template <class T> T bits_as(uint32_t bits)
{
  T value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

const char *pointer(uint32_t address) { return (const char *)(uintptr_t)address; }

/* ---- ldmatrix: "the threads 0-7, 8-15, 16-23, 24-31 hold the rows' addresses of matrix 0..3" ---- */

struct Matrix {
  uint16_t at[8][8];
};

Matrix matrix_of(int number)
{
  Matrix m;
  for (int row = 0; row < 8; row++)
    std::memcpy(m.at[row], pointer(from_lane<uint32_t>(number * 8 + row)), 16);
  return m;
}

void ldmatrix(uint32_t *out, uint32_t row, bool transposed)
{
  emu_warp(~0u, &row, sizeof row, here);
  for (int i = 0; i < 4; i++) {
    const Matrix m = matrix_of(i);
    const int first = emu_lane_id() / 4, second = emu_lane_id() % 4 * 2;
    const uint16_t low = transposed ? m.at[second][first] : m.at[first][second];
    const uint16_t high = transposed ? m.at[second + 1][first] : m.at[first][second + 1];
    out[i] = low + 65536u * high;
  }
}

/* ---- mma: elements a0.. b0.. c0.. of a thread, and where they stand in the matrices ---- */

struct Place {
  int row, column;
};

struct Shape {
  int k, a_elements, b_elements; /* of a thread */
  Place (*a)(int group, int thread, int i);
  Place (*b)(int group, int thread, int i);
  float (*read)(uint32_t bits);
};

struct Registers {
  uint32_t a[4], b[2];
};

float element(const uint32_t *registers, int i, int registers_count, int elements, const Shape &s)
{
  if (elements == registers_count) return s.read(registers[i]);
  return s.read(registers[i / 2] >> 16 * (i % 2) & 0xffff);
}

void mma(float *out, const Registers &own, const float *c, const Shape &s)
{
  float a[16][16] = {}, b[16][8] = {};
  emu_warp(~0u, &own, sizeof own, here);
  for (int lane = 0; lane < 32; lane++) {
    const Registers r = from_lane<Registers>(lane);
    for (int i = 0; i < s.a_elements; i++) {
      const Place p = s.a(lane >> 2, lane & 3, i);
      a[p.row][p.column] = element(r.a, i, 4, s.a_elements, s);
    }
    for (int i = 0; i < s.b_elements; i++) {
      const Place p = s.b(lane >> 2, lane & 3, i);
      b[p.row][p.column] = element(r.b, i, 2, s.b_elements, s);
    }
  }
  const int group = emu_lane_id() >> 2, thread = emu_lane_id() & 3;
  for (int i = 0; i < 4; i++) {
    const int row = i < 2 ? group : group + 8, column = thread * 2 + (i & 1);
    double sum = c[i];
    for (int k = 0; k < s.k; k++) sum += (double)a[row][k] * b[k][column];
    out[i] = (float)sum;
  }
}

Place a_of_16(int group, int thread, int i)
{
  const bool upper = (i >= 0 && i < 2) || (i >= 4 && i < 6);
  return {upper ? group : group + 8, i < 4 ? thread * 2 + (i & 1) : thread * 2 + (i & 1) + 8};
}

Place b_of_16(int group, int thread, int i)
{
  return {i < 2 ? thread * 2 + (i & 1) : thread * 2 + (i & 1) + 8, group};
}

Place a_of_8(int group, int thread, int i)
{
  return {i == 0 || i == 2 ? group : group + 8, i == 0 || i == 1 ? thread : thread + 4};
}

Place b_of_8(int group, int thread, int i) { return {i == 0 ? thread : thread + 4, group}; }

float of_bf16(uint32_t bits) { return bits_as<float>(bits * 65536u); }

float of_f16(uint32_t bits)
{
  const int e = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
  const float sign = bits & 0x8000 ? -1.0f : 1.0f;
  if (e == 31) return fraction ? NAN : sign * INFINITY;
  return sign * (e ? ldexpf((float)(1024 + fraction), e - 25) : ldexpf((float)fraction, -24));
}

float of_tf32(uint32_t bits) { return bits_as<float>(bits / 8192u * 8192u); }

/* ---- cvt: to `bits` of fraction by the machine's own rounding of whole numbers ---- */

uint32_t to_half(float x, int bits, int least, int bias)
{
  const uint32_t sign = std::signbit(x) ? 0x8000u : 0, infinity = (uint32_t)(2 * bias + 1) << bits;
  if (x != x) return 0x7fff;
  if (std::isinf(x)) return sign | infinity;
  int e = x == 0 ? least : std::ilogb(x);
  if (e < least) e = least;
  double whole = nearbyint(ldexp(fabs((double)x), bits - e)); /* ties to even */
  if (whole == ldexp(1, bits + 1)) whole /= 2, e++;
  if (e > bias) return sign | infinity;
  const uint32_t fraction = (uint32_t)whole;
  const uint32_t normal = (uint32_t)(e + bias - 1) << bits; /* the leading one adds to it */
  return sign | (fraction >> bits ? normal + fraction : fraction);
}

/* ---- cp.async: what was asked for comes at the wait; "the remaining bytes are filled with zeros" ---- */

struct Copy {
  char *to;
  const char *from;
  uint32_t bytes, given;
  int group;
};

std::vector<Copy> copies[32];
int groups[32];

} // namespace

/* ---- by the names that to_host.py makes of instructions: results, then operands as in the text ---- */

extern "C" {

void ptx_ldmatrix_sync_aligned_m8n8_x4_shared_b16(uint32_t *out, uint32_t row)
{
  ldmatrix(out, row, false);
}

void ptx_ldmatrix_sync_aligned_m8n8_x4_trans_shared_b16(uint32_t *out, uint32_t row)
{
  ldmatrix(out, row, true);
}

#define MMA(NAME, ...)                                                                             \
  void NAME(float *out, uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0,           \
            uint32_t b1, float c0, float c1, float c2, float c3)                                   \
  {                                                                                                \
    const float c[] = {c0, c1, c2, c3};                                                            \
    mma(out, {{a0, a1, a2, a3}, {b0, b1}}, c, {__VA_ARGS__});                                      \
  }
MMA(ptx_mma_sync_aligned_m16n8k16_row_col_f32_bf16_bf16_f32, 16, 8, 4, a_of_16, b_of_16, of_bf16)
MMA(ptx_mma_sync_aligned_m16n8k16_row_col_f32_f16_f16_f32, 16, 8, 4, a_of_16, b_of_16, of_f16)
MMA(ptx_mma_sync_aligned_m16n8k8_row_col_f32_tf32_tf32_f32, 8, 4, 2, a_of_8, b_of_8, of_tf32)

/* "Converted input a is stored in the upper half of d, b in the lower half." */
void ptx_cvt_rn_bf16x2_f32(uint32_t *out, float a, float b)
{
  *out = to_half(a, 7, -126, 127) << 16 | to_half(b, 7, -126, 127);
}

void ptx_cvt_rn_f16x2_f32(uint32_t *out, float a, float b)
{
  *out = to_half(a, 10, -14, 15) << 16 | to_half(b, 10, -14, 15);
}

void ptx_cvt_rn_bf16_f32(uint16_t *out, float x) { *out = (uint16_t)to_half(x, 7, -126, 127); }

void ptx_cvt_rn_f16_f32(uint16_t *out, float x) { *out = (uint16_t)to_half(x, 10, -14, 15); }

/* What lies above the 16 bits of an operand is nobody's. */
void ptx_cvt_f32_f16(float *out, uint32_t x) { *out = of_f16(x & 0xffff); }

/* "Round to nearest, ties away from zero." */
void ptx_cvt_rna_tf32_f32(uint32_t *out, float x)
{
  int e = 0;
  float value = x;
  if (x == x && !std::isinf(x) && x != 0) {
    e = std::ilogb(x) < -126 ? -126 : std::ilogb(x);
    value = (float)ldexp(round(ldexp((double)x, 10 - e)), e - 10);
  }
  std::memcpy(out, &value, sizeof value);
}

void ptx_cp_async_cg_shared_global(void *, uint32_t to, const void *from, uint32_t given,
                                   uint32_t bytes)
{
  const int lane = emu_lane_id();
  copies[lane].push_back({(char *)(uintptr_t)to, (const char *)from, bytes, given, groups[lane]});
}

void ptx_cp_async_commit_group(void *) { groups[emu_lane_id()]++; }

void ptx_cp_async_wait_group(void *, uint32_t left)
{
  const int lane = emu_lane_id();
  std::vector<Copy> later;
  for (const Copy &c : copies[lane])
    if (c.group >= groups[lane] - (int)left)
      later.push_back(c);
    else
      for (uint32_t i = 0; i < c.bytes; i++) c.to[i] = i < c.given ? c.from[i] : '\0';
  copies[lane] = later;
}

int nvvm_read_ptx_sreg_tid_x(void) { return (int)threadIdx.x; }
void nvvm_barrier_cta_sync_aligned_all(int) { emu_barrier(here); }
}
