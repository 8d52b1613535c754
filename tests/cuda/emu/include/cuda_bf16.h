/* bfloat16 as CUDA's header of this name spells it; arithmetic on it is in float. */
#ifndef EMU_CUDA_BF16_H
#define EMU_CUDA_BF16_H

#include "cuda_runtime.h"

struct __nv_bfloat16 {
  uint16_t x;
};
struct alignas(4) __nv_bfloat162 {
  __nv_bfloat16 x, y;
};

static inline float __bfloat162float(__nv_bfloat16 v)
{
  return __uint_as_float((unsigned)v.x << 16);
}

/* To the nearest, ties to even; every NaN becomes 0x7fff, as the instruction has it. */
static inline __nv_bfloat16 __float2bfloat16(float v)
{
  const unsigned u = __float_as_uint(v);
  if ((u & 0x7fffffff) > 0x7f800000) return {0x7fff};
  return {(uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16)};
}

#endif
