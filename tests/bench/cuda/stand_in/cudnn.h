/* Stands in for cuDNN where there is no GPU: the calls of in_cudnn.cu as plain loops, by NVIDIA's
 * description of them; results are alpha = 1 and beta = 0 only. Work is enqueued on the handle's
 * stream. */
#ifndef STAND_IN_CUDNN_H
#define STAND_IN_CUDNN_H

#include "numbers.h"

#include <math.h>
#include <vector>

typedef enum { CUDNN_STATUS_SUCCESS, CUDNN_STATUS_BAD_PARAM = 2000 } cudnnStatus_t;
typedef enum { CUDNN_DATA_FLOAT = CUDA_R_32F, CUDNN_DATA_BFLOAT16 = CUDA_R_16BF } cudnnDataType_t;
typedef enum { CUDNN_TENSOR_NCHW, CUDNN_TENSOR_NHWC } cudnnTensorFormat_t;
typedef enum { CUDNN_CONVOLUTION, CUDNN_CROSS_CORRELATION } cudnnConvolutionMode_t;
typedef enum { CUDNN_DEFAULT_MATH = 0, CUDNN_FMA_MATH = 3 } cudnnMathType_t;
typedef enum { CUDNN_POOLING_MAX } cudnnPoolingMode_t;
typedef enum { CUDNN_NOT_PROPAGATE_NAN } cudnnNanPropagation_t;
typedef enum { CUDNN_SOFTMAX_ACCURATE = 1 } cudnnSoftmaxAlgorithm_t;
typedef enum { CUDNN_SOFTMAX_MODE_INSTANCE } cudnnSoftmaxMode_t;
typedef enum { CUDNN_CONVOLUTION_FWD_ALGO_GEMM = 2 } cudnnConvolutionFwdAlgo_t;
typedef enum { CUDNN_CONVOLUTION_BWD_DATA_ALGO_1 = 1 } cudnnConvolutionBwdDataAlgo_t;
typedef enum { CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1 = 1 } cudnnConvolutionBwdFilterAlgo_t;

typedef struct {
  cudaStream_t stream;
} *cudnnHandle_t;

typedef struct {
  int64_t size[4], stride[4]; /* of N, C, H, W */
  cudnnDataType_t type;
} *cudnnTensorDescriptor_t;

typedef struct {
  int64_t O, C, H, W;
} *cudnnFilterDescriptor_t;

typedef struct {
  int64_t pad[2], stride[2], dilation[2];
  cudnnMathType_t math;
} *cudnnConvolutionDescriptor_t;

typedef struct {
  int64_t window[2], pad[2], stride[2];
} *cudnnPoolingDescriptor_t;

template <class Algorithm> struct StandInFound {
  Algorithm algo;
  cudnnStatus_t status;
  float time;
  size_t memory;
  int determinism;
  cudnnMathType_t mathType;
};
typedef StandInFound<cudnnConvolutionFwdAlgo_t> cudnnConvolutionFwdAlgoPerf_t;
typedef StandInFound<cudnnConvolutionBwdDataAlgo_t> cudnnConvolutionBwdDataAlgoPerf_t;
typedef StandInFound<cudnnConvolutionBwdFilterAlgo_t> cudnnConvolutionBwdFilterAlgoPerf_t;

template <class T> static inline cudnnStatus_t stand_in_make(T **made)
{
  *made = new T();
  return CUDNN_STATUS_SUCCESS;
}

static inline cudnnStatus_t cudnnCreate(cudnnHandle_t *h) { return stand_in_make(h); }

static inline cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

static inline cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *t)
{
  return stand_in_make(t);
}

static inline cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t t)
{
  delete t;
  return CUDNN_STATUS_SUCCESS;
}

static inline cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t t,
                                                       cudnnTensorFormat_t format,
                                                       cudnnDataType_t type, int N, int C, int H,
                                                       int W)
{
  const bool last = format == CUDNN_TENSOR_NHWC;
  *t = {{N, C, H, W},
        {(int64_t)C * H * W, last ? 1 : (int64_t)H * W, last ? (int64_t)W * C : W, last ? C : 1},
        type};
  return CUDNN_STATUS_SUCCESS;
}

static inline cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t *w)
{
  return stand_in_make(w);
}

static inline cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t w, cudnnDataType_t,
                                                       cudnnTensorFormat_t, int O, int C, int H,
                                                       int W)
{
  *w = {O, C, H, W};
  return CUDNN_STATUS_SUCCESS;
}

static inline cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t *how)
{
  return stand_in_make(how);
}

static inline cudnnStatus_t
cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t how, int pad_h, int pad_w,
                                int stride_h, int stride_w, int dilation_h, int dilation_w,
                                cudnnConvolutionMode_t mode, cudnnDataType_t)
{
  *how = {{pad_h, pad_w}, {stride_h, stride_w}, {dilation_h, dilation_w}, CUDNN_DEFAULT_MATH};
  return mode == CUDNN_CROSS_CORRELATION ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

static inline cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t how,
                                                        cudnnMathType_t math)
{
  how->math = math;
  return CUDNN_STATUS_SUCCESS;
}

/* The sizes of x, w and y go together. */
static inline bool stand_in_fit(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                                cudnnConvolutionDescriptor_t how, cudnnTensorDescriptor_t y)
{
  const int64_t kernel[] = {w->H, w->W};
  for (int i = 0; i < 2; i++) {
    const int64_t reach = how->dilation[i] * (kernel[i] - 1) + 1;
    if (y->size[2 + i] != (x->size[2 + i] + 2 * how->pad[i] - reach) / how->stride[i] + 1)
      return false;
  }
  return x->size[0] == y->size[0] && x->size[1] == w->C && y->size[1] == w->O;
}

template <class Found>
static inline cudnnStatus_t stand_in_find(bool fit, cudnnConvolutionDescriptor_t how, int *count,
                                          Found *found)
{
  *found = {};
  found->mathType = how->math;
  found->memory = 16;
  *count = 1;
  return fit ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

static inline cudnnStatus_t cudnnFindConvolutionForwardAlgorithm(
    cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
    cudnnConvolutionDescriptor_t how, cudnnTensorDescriptor_t y, int, int *count,
    cudnnConvolutionFwdAlgoPerf_t *found)
{
  return stand_in_find(stand_in_fit(x, w, how, y), how, count, found);
}

static inline cudnnStatus_t cudnnFindConvolutionBackwardDataAlgorithm(
    cudnnHandle_t, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t y,
    cudnnConvolutionDescriptor_t how, cudnnTensorDescriptor_t x, int, int *count,
    cudnnConvolutionBwdDataAlgoPerf_t *found)
{
  return stand_in_find(stand_in_fit(x, w, how, y), how, count, found);
}

static inline cudnnStatus_t cudnnFindConvolutionBackwardFilterAlgorithm(
    cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t y,
    cudnnConvolutionDescriptor_t how, cudnnFilterDescriptor_t w, int, int *count,
    cudnnConvolutionBwdFilterAlgoPerf_t *found)
{
  return stand_in_find(stand_in_fit(x, w, how, y), how, count, found);
}

static inline int64_t stand_in_at(cudnnTensorDescriptor_t t, int64_t n, int64_t c, int64_t h,
                                  int64_t w)
{
  return n * t->stride[0] + c * t->stride[1] + h * t->stride[2] + w * t->stride[3];
}

/* step(place in x, place in w, place in y) for each product of the convolution. */
template <class Step>
static void stand_in_products(cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                              cudnnConvolutionDescriptor_t how, cudnnTensorDescriptor_t y, Step step)
{
  for (int64_t n = 0; n < y->size[0]; n++)
    for (int64_t o = 0; o < w->O; o++)
      for (int64_t h = 0; h < y->size[2]; h++)
        for (int64_t v = 0; v < y->size[3]; v++)
          for (int64_t c = 0; c < w->C; c++)
            for (int64_t i = 0; i < w->H; i++)
              for (int64_t j = 0; j < w->W; j++) {
                const int64_t p = h * how->stride[0] - how->pad[0] + i * how->dilation[0];
                const int64_t q = v * how->stride[1] - how->pad[1] + j * how->dilation[1];
                if (p < 0 || q < 0 || p >= x->size[2] || q >= x->size[3]) continue;
                step(stand_in_at(x, n, c, p, q), ((o * w->C + c) * w->H + i) * w->W + j,
                     stand_in_at(y, n, o, h, v));
              }
}

static inline int64_t stand_in_count(cudnnTensorDescriptor_t t)
{
  return t->size[0] * t->size[1] * t->size[2] * t->size[3];
}

static inline cudnnStatus_t cudnnConvolutionForward(
    cudnnHandle_t handle, const void *, cudnnTensorDescriptor_t x, const void *images,
    cudnnFilterDescriptor_t w, const void *weights, cudnnConvolutionDescriptor_t how,
    cudnnConvolutionFwdAlgo_t, void *memory, size_t bytes, const void *, cudnnTensorDescriptor_t y,
    void *out)
{
  if (bytes && !memory) return CUDNN_STATUS_BAD_PARAM;
  return (cudnnStatus_t)emu_enqueue(handle->stream, [=] {
    const cudaDataType type = (cudaDataType)x->type;
    std::vector<double> sums((size_t)stand_in_count(y));
    stand_in_products(x, w, how, y, [&](int64_t in_x, int64_t in_w, int64_t in_y) {
      sums[(size_t)in_y] += number(images, type, in_x) * number(weights, type, in_w);
    });
    for (size_t i = 0; i < sums.size(); i++) set_number(out, type, (int64_t)i, sums[i]);
    return cudaSuccess;
  });
}

static inline cudnnStatus_t cudnnConvolutionBackwardData(
    cudnnHandle_t handle, const void *, cudnnFilterDescriptor_t w, const void *weights,
    cudnnTensorDescriptor_t y, const void *dy, cudnnConvolutionDescriptor_t how,
    cudnnConvolutionBwdDataAlgo_t, void *memory, size_t bytes, const void *,
    cudnnTensorDescriptor_t x, void *out)
{
  if (bytes && !memory) return CUDNN_STATUS_BAD_PARAM;
  return (cudnnStatus_t)emu_enqueue(handle->stream, [=] {
    float *to = (float *)out;
    for (int64_t i = 0; i < stand_in_count(x); i++) to[i] = 0;
    stand_in_products(x, w, how, y, [=](int64_t in_x, int64_t in_w, int64_t in_y) {
      to[in_x] += ((const float *)dy)[in_y] * ((const float *)weights)[in_w];
    });
    return cudaSuccess;
  });
}

static inline cudnnStatus_t cudnnConvolutionBackwardFilter(
    cudnnHandle_t handle, const void *, cudnnTensorDescriptor_t x, const void *images,
    cudnnTensorDescriptor_t y, const void *dy, cudnnConvolutionDescriptor_t how,
    cudnnConvolutionBwdFilterAlgo_t, void *memory, size_t bytes, const void *,
    cudnnFilterDescriptor_t w, void *out)
{
  if (bytes && !memory) return CUDNN_STATUS_BAD_PARAM;
  return (cudnnStatus_t)emu_enqueue(handle->stream, [=] {
    float *to = (float *)out;
    for (int64_t i = 0; i < w->O * w->C * w->H * w->W; i++) to[i] = 0;
    stand_in_products(x, w, how, y, [=](int64_t in_x, int64_t in_w, int64_t in_y) {
      to[in_w] += ((const float *)images)[in_x] * ((const float *)dy)[in_y];
    });
    return cudaSuccess;
  });
}

static inline cudnnStatus_t cudnnCreatePoolingDescriptor(cudnnPoolingDescriptor_t *how)
{
  return stand_in_make(how);
}

static inline cudnnStatus_t cudnnDestroyPoolingDescriptor(cudnnPoolingDescriptor_t how)
{
  delete how;
  return CUDNN_STATUS_SUCCESS;
}

static inline cudnnStatus_t cudnnSetPooling2dDescriptor(cudnnPoolingDescriptor_t how,
                                                        cudnnPoolingMode_t, cudnnNanPropagation_t,
                                                        int window_h, int window_w, int pad_h,
                                                        int pad_w, int stride_h, int stride_w)
{
  *how = {{window_h, window_w}, {pad_h, pad_w}, {stride_h, stride_w}};
  return CUDNN_STATUS_SUCCESS;
}

static inline cudnnStatus_t cudnnPoolingForward(cudnnHandle_t handle, cudnnPoolingDescriptor_t how,
                                                const void *, cudnnTensorDescriptor_t x,
                                                const void *images, const void *,
                                                cudnnTensorDescriptor_t y, void *out)
{
  const auto H = *how;
  const auto X = *x, Y = *y; /* the caller may destroy its descriptors before the graph runs */
  return (cudnnStatus_t)emu_enqueue(handle->stream, [=] {
    for (int64_t nc = 0; nc < Y.size[0] * Y.size[1]; nc++)
      for (int64_t h = 0; h < Y.size[2]; h++)
        for (int64_t w = 0; w < Y.size[3]; w++) {
          float best = -INFINITY;
          for (int64_t i = 0; i < H.window[0] * H.window[1]; i++) {
            const int64_t p = h * H.stride[0] - H.pad[0] + i / H.window[1];
            const int64_t q = w * H.stride[1] - H.pad[1] + i % H.window[1];
            if (p < 0 || q < 0 || p >= X.size[2] || q >= X.size[3]) continue;
            best = fmaxf(best, ((const float *)images)[(nc * X.size[2] + p) * X.size[3] + q]);
          }
          ((float *)out)[(nc * Y.size[2] + h) * Y.size[3] + w] = best;
        }
    return cudaSuccess;
  });
}

/* Over all of C, H and W. */
static inline cudnnStatus_t cudnnSoftmaxForward(cudnnHandle_t handle, cudnnSoftmaxAlgorithm_t,
                                                cudnnSoftmaxMode_t, const void *,
                                                cudnnTensorDescriptor_t x, const void *in,
                                                const void *, cudnnTensorDescriptor_t, void *out)
{
  const int64_t rows = x->size[0], columns = x->size[1] * x->size[2] * x->size[3];
  return (cudnnStatus_t)emu_enqueue(handle->stream, [=] {
    for (int64_t r = 0; r < rows; r++) {
      const float *from = (const float *)in + r * columns;
      double most = from[0], sum = 0;
      for (int64_t c = 0; c < columns; c++) most = fmax(most, from[c]);
      for (int64_t c = 0; c < columns; c++) sum += exp(from[c] - most);
      for (int64_t c = 0; c < columns; c++)
        ((float *)out)[r * columns + c] = (float)(exp(from[c] - most) / sum);
    }
    return cudaSuccess;
  });
}

static inline cudnnStatus_t cudnnTransformTensor(cudnnHandle_t handle, const void *,
                                                 cudnnTensorDescriptor_t x, const void *in,
                                                 const void *, cudnnTensorDescriptor_t y, void *out)
{
  const auto X = *x, Y = *y;
  return (cudnnStatus_t)emu_enqueue(handle->stream, [=] {
    for (int64_t n = 0; n < X.size[0]; n++)
      for (int64_t c = 0; c < X.size[1]; c++)
        for (int64_t h = 0; h < X.size[2]; h++)
          for (int64_t w = 0; w < X.size[3]; w++)
            ((float *)out)[n * Y.stride[0] + c * Y.stride[1] + h * Y.stride[2] + w * Y.stride[3]] =
                ((const float *)in)[n * X.stride[0] + c * X.stride[1] + h * X.stride[2] +
                                    w * X.stride[3]];
    return cudaSuccess;
  });
}

#endif
