/* The programs as NVIDIA's libraries have them: cuBLAS, and CUB for what it has no call for. Row-major
 * matrices are the transposes of its column-major ones, so the operands change places. */
#include "peers.h"

#include <cub/cub.cuh>
#include <cublas_v2.h>

int library_tf32;

extern "C" void library_set_tf32(int on) { library_tf32 = on; }

void *library_memory(size_t bytes)
{
  static void *at;
  static size_t have;
  if (bytes <= have) return at;
  cudaFree(at);
  have = cudaMalloc(&at, bytes) == cudaSuccess ? bytes : 0;
  return have ? at : nullptr;
}

static cublasHandle_t handle_on(cudaStream_t stream)
{
  static cublasHandle_t handle;
  static void *workspace;
  const size_t bytes = (size_t)64 << 20;
  if (!handle && (cublasCreate(&handle) || cudaMalloc(&workspace, bytes))) return nullptr;
  cublasSetStream(handle, stream); /* takes the workspace away */
  cublasSetWorkspace(handle, workspace, bytes);
  return handle;
}

/* out[M, N] = a @ b, of each of the batch; a_turned: a is [K, M]; b_turned: b is [N, K]. */
static int product(cudaDataType type, int64_t batch, int64_t M, int64_t K, int64_t N, bool a_turned,
                   bool b_turned, void *const *args, cudaStream_t stream)
{
  const float one = 1, zero = 0;
  const cublasComputeType_t compute = type == CUDA_R_32F && library_tf32
                                          ? CUBLAS_COMPUTE_32F_FAST_TF32
                                          : CUBLAS_COMPUTE_32F;
  return cublasGemmStridedBatchedEx(
      handle_on(stream), b_turned ? CUBLAS_OP_T : CUBLAS_OP_N, a_turned ? CUBLAS_OP_T : CUBLAS_OP_N,
      (int)N, (int)M, (int)K, &one, args[1], type, (int)(b_turned ? K : N), K * N, args[0], type,
      (int)(a_turned ? M : K), M * K, &zero, args[2], type, (int)N, M * N, (int)batch, compute,
      CUBLAS_GEMM_DEFAULT);
}

PEER(library_gemm)
{
  return product(CUDA_R_32F, 1, sizes[0], sizes[1], sizes[2], false, false, args, stream);
}

PEER(library_gemm_nt)
{
  return product(CUDA_R_32F, 1, sizes[0], sizes[1], sizes[2], false, true, args, stream);
}

PEER(library_gemm_tn)
{
  return product(CUDA_R_32F, 1, sizes[0], sizes[1], sizes[2], true, false, args, stream);
}

PEER(library_gemm_batched)
{
  return product(CUDA_R_32F, sizes[0], sizes[1], sizes[2], sizes[3], false, false, args, stream);
}

PEER(library_gemm_bf16)
{
  return product(CUDA_R_16BF, 1, sizes[0], sizes[1], sizes[2], false, false, args, stream);
}

PEER(library_gemm_f16)
{
  return product(CUDA_R_16F, 1, sizes[0], sizes[1], sizes[2], false, false, args, stream);
}

/* sizes: R, C */
PEER(library_transpose)
{
  const float one = 1, zero = 0;
  const int R = (int)sizes[0], C = (int)sizes[1];
  float *out = (float *)args[1];
  return cublasSgeam(handle_on(stream), CUBLAS_OP_T, CUBLAS_OP_N, R, C, &one,
                     (const float *)args[0], C, &zero, out, R, out, R);
}

/* CUB says first how much memory it wants, with none given. */
template <class Work> static int with_memory(Work work)
{
  size_t bytes = 0;
  if (work(nullptr, bytes)) return 1;
  return work(library_memory(bytes), bytes);
}

PEER(library_total)
{
  return with_memory([=](void *memory, size_t &bytes) {
    return cub::DeviceReduce::Sum(memory, bytes, (const float *)args[0], (float *)args[1],
                                  sizes[0], stream);
  });
}

PEER(library_cumsum)
{
  return with_memory([=](void *memory, size_t &bytes) {
    return cub::DeviceScan::InclusiveSum(memory, bytes, (const float *)args[0], (float *)args[1],
                                         sizes[0], stream);
  });
}

PEER(library_sort)
{
  return with_memory([=](void *memory, size_t &bytes) {
    return cub::DeviceRadixSort::SortKeys(memory, bytes, (const float *)args[0], (float *)args[1],
                                          sizes[0], 0, 32, stream);
  });
}
