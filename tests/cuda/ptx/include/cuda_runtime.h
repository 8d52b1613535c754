/* The little that kernels/tensor.cu needs of CUDA's header of this name, for clang as a compiler of
 * device code without a toolkit. */
#ifndef PTX_CUDA_RUNTIME_H
#define PTX_CUDA_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __launch_bounds__(n) __attribute__((launch_bounds(n)))
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(n) __attribute__((aligned(n)))

#include <__clang_cuda_builtin_vars.h>

static __device__ inline float __uint_as_float(uint32_t bits)
{
  return __builtin_bit_cast(float, bits);
}

static __device__ inline size_t __cvta_generic_to_shared(const void *p)
{
  return (size_t)(__attribute__((address_space(3))) const void *)p;
}

#define memcpy __builtin_memcpy

#endif
