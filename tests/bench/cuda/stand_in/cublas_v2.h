/* Stands in for cuBLAS where there is no GPU: the calls of in_cublas.cu as plain loops, by NVIDIA's
 * description of them. Matrices are column-major; work is enqueued on the handle's stream. */
#ifndef STAND_IN_CUBLAS_H
#define STAND_IN_CUBLAS_H

#include "numbers.h"

typedef enum { CUBLAS_STATUS_SUCCESS, CUBLAS_STATUS_INVALID_VALUE = 7 } cublasStatus_t;
typedef enum { CUBLAS_OP_N, CUBLAS_OP_T } cublasOperation_t;
typedef enum { CUBLAS_COMPUTE_32F = 68, CUBLAS_COMPUTE_32F_FAST_TF32 = 77 } cublasComputeType_t;
typedef enum { CUBLAS_GEMM_DEFAULT = -1 } cublasGemmAlgo_t;
typedef struct {
  cudaStream_t stream;
} *cublasHandle_t;

static inline cublasStatus_t cublasCreate(cublasHandle_t *handle)
{
  *handle = new std::remove_pointer_t<cublasHandle_t>();
  return CUBLAS_STATUS_SUCCESS;
}

static inline cublasStatus_t cublasSetStream(cublasHandle_t handle, cudaStream_t stream)
{
  handle->stream = stream;
  return CUBLAS_STATUS_SUCCESS;
}

static inline cublasStatus_t cublasSetWorkspace(cublasHandle_t, void *, size_t)
{
  return CUBLAS_STATUS_SUCCESS;
}

/* c[m, n] = alpha op(a)[m, k] op(b)[k, n] + beta c, of each of the batch. */
static inline cublasStatus_t cublasGemmStridedBatchedEx(
    cublasHandle_t handle, cublasOperation_t turn_a, cublasOperation_t turn_b, int m, int n, int k,
    const void *alpha, const void *a, cudaDataType a_type, int lda, long long a_stride,
    const void *b, cudaDataType b_type, int ldb, long long b_stride, const void *beta, void *c,
    cudaDataType c_type, int ldc, long long c_stride, int count, cublasComputeType_t,
    cublasGemmAlgo_t)
{
  const float by = *(const float *)alpha, keep = *(const float *)beta;
  if (lda < (turn_a ? k : m) || ldb < (turn_b ? n : k) || ldc < m)
    return CUBLAS_STATUS_INVALID_VALUE;
  return (cublasStatus_t)emu_enqueue(handle->stream, [=] {
    for (int64_t i = 0; i < count; i++)
      for (int64_t row = 0; row < m; row++)
        for (int64_t column = 0; column < n; column++) {
          const int64_t at = i * c_stride + column * ldc + row;
          double sum = 0;
          for (int64_t s = 0; s < k; s++)
            sum += number(a, a_type, i * a_stride + (turn_a ? row * lda + s : s * lda + row)) *
                   number(b, b_type, i * b_stride + (turn_b ? s * ldb + column : column * ldb + s));
          set_number(c, c_type, at, by * sum + (keep == 0 ? 0 : keep * number(c, c_type, at)));
        }
    return cudaSuccess;
  });
}

/* c[m, n] = alpha op(a) + beta op(b) */
static inline cublasStatus_t cublasSgeam(cublasHandle_t handle, cublasOperation_t turn_a,
                                         cublasOperation_t turn_b, int m, int n, const float *alpha,
                                         const float *a, int lda, const float *beta, const float *b,
                                         int ldb, float *c, int ldc)
{
  const float by = *alpha, keep = *beta;
  if (lda < (turn_a ? n : m) || ldb < (turn_b ? n : m) || ldc < m)
    return CUBLAS_STATUS_INVALID_VALUE;
  return (cublasStatus_t)emu_enqueue(handle->stream, [=] {
    for (int64_t row = 0; row < m; row++)
      for (int64_t column = 0; column < n; column++) {
        const float other =
            keep == 0 ? 0 : keep * b[turn_b ? row * ldb + column : column * ldb + row];
        c[column * ldc + row] = by * a[turn_a ? row * lda + column : column * lda + row] + other;
      }
    return cudaSuccess;
  });
}

#endif
