/* What the prelude's PTX means (codegen/cuda/ptx.c), function by function, in plain C++. The lanes
 * of a warp hand each other what they hold; every lane then does its own part. */
#ifndef EMU_PTX_H
#define EMU_PTX_H

#include "cuda_runtime.h"

/* ---- asynchronous copies ---- */

static __forceinline__ void cp_async_16(void *to, const void *from, int given, int line = __builtin_LINE())
{
  emu_copy_async_part(to, from, 16, given, line);
}

static inline void cp_async_commit() { emu_copy_commit(); }

template <int left> static inline void cp_async_wait() { emu_copy_wait(left); }

/* ---- fragments out of shared memory ---- */

typedef uint32_t __attribute__((may_alias)) emu_word;
typedef uint16_t __attribute__((may_alias)) emu_half;

/* The row that lane `8 * matrix + row` gives. */
static inline const char *emu_matrix_row(int matrix, int row)
{
  const char *from;
  std::memcpy(&from, emu_lane(8 * matrix + row), sizeof from);
  return from;
}

static __forceinline__ void emu_matrix_address(const void *row, int line)
{
  if ((uintptr_t)row % 16) emu_misaligned_row(row, line);
  emu_shared_address(row);
  emu_whole_warp(&row, sizeof row, line);
}

static __forceinline__ void ldmatrix_x4(uint32_t *r, const void *row, int line = __builtin_LINE())
{
  emu_matrix_address(row, line);
  const int g = emu_lane_id() / 4, t = emu_lane_id() % 4;
  for (int i = 0; i < 4; i++) r[i] = *(const emu_word *)(emu_matrix_row(i, g) + 4 * t);
}

static __forceinline__ void ldmatrix_x4_trans(uint32_t *r, const void *row, int line = __builtin_LINE())
{
  emu_matrix_address(row, line);
  const int g = emu_lane_id() / 4, t = emu_lane_id() % 4;
  for (int i = 0; i < 4; i++) {
    const emu_half low = *(const emu_half *)(emu_matrix_row(i, 2 * t) + 2 * g);
    const emu_half high = *(const emu_half *)(emu_matrix_row(i, 2 * t + 1) + 2 * g);
    r[i] = low | (uint32_t)high << 16;
  }
}

/* ---- numbers ---- */

static inline float emu_float_of_bf16(uint32_t half) { return __uint_as_float(half << 16); }

static inline float emu_float_of_f16(uint32_t half)
{
  _Float16 x;
  const uint16_t bits = (uint16_t)half;
  std::memcpy(&x, &bits, sizeof x);
  return (float)x;
}

/* An instruction for tf32 sees the upper 19 bits of a register. */
static inline float emu_float_of_tf32(uint32_t bits) { return __uint_as_float(bits & 0xffffe000u); }

static inline uint32_t to_tf32(uint32_t bits)
{
  if ((bits & 0x7fffffffu) > 0x7f800000u) return 0x7fffffffu;
  return (bits & 0x7f800000u) == 0x7f800000u ? bits : (bits + 0x1000u) & 0xffffe000u;
}

static inline uint32_t emu_bf16(float v)
{
  const uint32_t u = __float_as_uint(v);
  if ((u & 0x7fffffffu) > 0x7f800000u) return 0x7fff;
  return (u + 0x7fff + (u >> 16 & 1)) >> 16;
}

static inline uint32_t emu_f16(float v)
{
  const _Float16 x = (_Float16)v;
  uint16_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return v != v ? 0x7fff : bits;
}

static inline uint32_t pack_bf16(float low, float high) { return emu_bf16(low) | emu_bf16(high) << 16; }

static inline uint32_t pack_f16(float low, float high) { return emu_f16(low) | emu_f16(high) << 16; }

static inline float of_f16(int16_t bits)
{
  return (bits & 0x7fff) > 0x7c00 ? __uint_as_float(0x7fffffffu) : emu_float_of_f16((uint16_t)bits);
}

static inline int16_t to_f16(float v) { return (int16_t)emu_f16(v); }

static inline int16_t to_bf16(float v) { return (int16_t)emu_bf16(v); }

/* ---- products ---- */

/* All lanes' registers, a then b. */
struct EmuFragments {
  uint32_t a[4], b[2];
};

static inline EmuFragments emu_fragments(int lane)
{
  EmuFragments f;
  std::memcpy(&f, emu_lane(lane), sizeof f);
  return f;
}

static inline void emu_mma_begin(const uint32_t *a, const uint32_t *b, int line)
{
  const EmuFragments own = {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
  emu_whole_warp(&own, sizeof own, line);
}

/* d += a*b over what lanes q = 0..3 hold: of a in the rows of group g, of b in the columns of
 * groups 2t and 2t + 1. `halves` numbers a register, low one first. */
template <int halves, class Read> static inline void emu_mma_sum(float *d, Read read)
{
  const int g = emu_lane_id() / 4, t = emu_lane_id() % 4;
  for (int step = 0; step < 2; step++) /* registers 0 and 1 of a, 0 of b; then 2, 3; 1 */
    for (int q = 0; q < 4; q++) {
      const EmuFragments rows = emu_fragments(4 * g + q), left = emu_fragments(8 * t + q),
                         right = emu_fragments(8 * t + 4 + q);
      for (int h = 0; h < halves; h++) {
        const float x = read(rows.a[2 * step], h), y = read(rows.a[2 * step + 1], h);
        const float u = read(left.b[step], h), v = read(right.b[step], h);
        d[0] += x * u, d[1] += x * v, d[2] += y * u, d[3] += y * v;
      }
    }
}

static inline void mma_bf16(float *d, const uint32_t *a, const uint32_t *b,
                            int line = __builtin_LINE())
{
  emu_mma_begin(a, b, line);
  emu_mma_sum<2>(d, [](uint32_t r, int h) { return emu_float_of_bf16(h ? r >> 16 : r & 0xffff); });
}

static inline void mma_f16(float *d, const uint32_t *a, const uint32_t *b,
                           int line = __builtin_LINE())
{
  emu_mma_begin(a, b, line);
  emu_mma_sum<2>(d, [](uint32_t r, int h) { return emu_float_of_f16(h ? r >> 16 : r & 0xffff); });
}

static inline void mma_tf32(float *d, const uint32_t *a, const uint32_t *b,
                            int line = __builtin_LINE())
{
  emu_mma_begin(a, b, line);
  emu_mma_sum<1>(d, [](uint32_t r, int) { return emu_float_of_tf32(r); });
}

#endif
