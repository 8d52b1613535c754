/* Numbers of the types that the libraries know, as doubles. */
#ifndef STAND_IN_NUMBERS_H
#define STAND_IN_NUMBERS_H

#include <cuda_runtime.h>

#include <stdint.h>
#include <string.h>
#include <type_traits>

typedef enum { CUDA_R_32F = 0, CUDA_R_16F = 2, CUDA_R_16BF = 14 } cudaDataType;

static inline double number(const void *at, cudaDataType type, int64_t i)
{
  if (type == CUDA_R_32F) return ((const float *)at)[i];
  if (type == CUDA_R_16F) return (double)((const _Float16 *)at)[i];
  const uint32_t bits = (uint32_t)((const uint16_t *)at)[i] << 16;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static inline void set_number(void *at, cudaDataType type, int64_t i, double x)
{
  const float rounded = (float)x;
  uint32_t bits;
  memcpy(&bits, &rounded, sizeof bits);
  if (type == CUDA_R_32F)
    ((float *)at)[i] = rounded;
  else if (type == CUDA_R_16F)
    ((_Float16 *)at)[i] = (_Float16)x;
  else
    ((uint16_t *)at)[i] = (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

#endif
