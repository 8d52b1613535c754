/* Stands in for CUB where there is no GPU: the calls of in_cublas.cu as plain loops. A call without
 * memory says how much it wants, and does nothing else. */
#ifndef STAND_IN_CUB_H
#define STAND_IN_CUB_H

#include <cuda_runtime.h>

#include <algorithm>
#include <stdint.h>

namespace cub {

template <class Work> cudaError_t enqueue(void *memory, size_t &bytes, cudaStream_t stream, Work work)
{
  if (!memory) return bytes = 1000, cudaSuccess;
  if (bytes < 1000) return cudaErrorInvalidValue;
  return emu_enqueue(stream, [=] { return work(), cudaSuccess; });
}

struct DeviceReduce {
  static cudaError_t Sum(void *memory, size_t &bytes, const float *in, float *out, int64_t count,
                         cudaStream_t stream)
  {
    return enqueue(memory, bytes, stream, [=] {
      double sum = 0;
      for (int64_t i = 0; i < count; i++) sum += in[i];
      *out = (float)sum;
    });
  }
};

struct DeviceScan {
  static cudaError_t InclusiveSum(void *memory, size_t &bytes, const float *in, float *out,
                                  int64_t count, cudaStream_t stream)
  {
    return enqueue(memory, bytes, stream, [=] {
      double sum = 0;
      for (int64_t i = 0; i < count; i++) out[i] = (float)(sum += in[i]);
    });
  }
};

struct DeviceRadixSort {
  static cudaError_t SortKeys(void *memory, size_t &bytes, const float *in, float *out,
                              int64_t count, int, int, cudaStream_t stream)
  {
    return enqueue(memory, bytes, stream, [=] {
      std::copy(in, in + count, out);
      std::sort(out, out + count);
    });
  }
};

} /* namespace cub */

#endif
