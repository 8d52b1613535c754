/* The programs on images as cuDNN has them, each convolution by the algorithm that cuDNN itself finds
 * fastest for its sizes; and softmax, and a change of layout. */
#include "peers.h"

#include <cudnn.h>

#include <array>
#include <map>

#define TRY(call) \
  do { \
    const int error_of_try = (int)(call); \
    if (error_of_try) return error_of_try; \
  } while (0)

static cudnnHandle_t handle_on(cudaStream_t stream)
{
  static cudnnHandle_t handle;
  if (!handle && cudnnCreate(&handle)) return nullptr;
  cudnnSetStream(handle, stream);
  return handle;
}

static const float one = 1, zero = 0;

static cudnnTensorDescriptor_t tensor(int64_t N, int64_t C, int64_t H, int64_t W,
                                      cudnnTensorFormat_t format = CUDNN_TENSOR_NCHW,
                                      cudnnDataType_t type = CUDNN_DATA_FLOAT)
{
  cudnnTensorDescriptor_t t;
  if (cudnnCreateTensorDescriptor(&t)) return nullptr;
  cudnnSetTensor4dDescriptor(t, format, type, (int)N, (int)C, (int)H, (int)W);
  return t;
}

enum Way { FORWARD, TO_IMAGES, TO_WEIGHTS };

/* One convolution of one size: images x by weights w to y. */
struct Convolution {
  cudnnTensorDescriptor_t x, y;
  cudnnFilterDescriptor_t w;
  cudnnConvolutionDescriptor_t how;
  int algorithm;
  size_t bytes;
};

template <class Found> static int take(Convolution *c, const Found &found)
{
  TRY(found.status);
  c->algorithm = (int)found.algo;
  c->bytes = found.memory;
  return cudnnSetConvolutionMathType(c->how, found.mathType);
}

static int find(cudnnHandle_t handle, Way way, Convolution *c)
{
  int count;
  if (way == FORWARD) {
    cudnnConvolutionFwdAlgoPerf_t found;
    TRY(cudnnFindConvolutionForwardAlgorithm(handle, c->x, c->w, c->how, c->y, 1, &count, &found));
    return take(c, found);
  }
  if (way == TO_IMAGES) {
    cudnnConvolutionBwdDataAlgoPerf_t found;
    TRY(cudnnFindConvolutionBackwardDataAlgorithm(handle, c->w, c->y, c->how, c->x, 1, &count,
                                                  &found));
    return take(c, found);
  }
  cudnnConvolutionBwdFilterAlgoPerf_t found;
  TRY(cudnnFindConvolutionBackwardFilterAlgorithm(handle, c->x, c->y, c->how, c->w, 1, &count,
                                                  &found));
  return take(c, found);
}

/* sizes: N, C, H, W of y, O */
static int describe(cudnnHandle_t handle, Way way, const int64_t *sizes, int kernel, int stride,
                    cudnnDataType_t type, Convolution *c)
{
  const int64_t N = sizes[0], C = sizes[1], H = sizes[2], W = sizes[3], O = sizes[4];
  const int pad = kernel / 2;
  c->x = tensor(N, C, H * stride, W * stride, CUDNN_TENSOR_NCHW, type);
  c->y = tensor(N, O, H, W, CUDNN_TENSOR_NCHW, type);
  TRY(cudnnCreateFilterDescriptor(&c->w));
  TRY(cudnnSetFilter4dDescriptor(c->w, type, CUDNN_TENSOR_NCHW, (int)O, (int)C, kernel, kernel));
  TRY(cudnnCreateConvolutionDescriptor(&c->how));
  TRY(cudnnSetConvolution2dDescriptor(c->how, pad, pad, stride, stride, 1, 1,
                                      CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
  const bool tensor_cores = type != CUDNN_DATA_FLOAT || library_tf32;
  TRY(cudnnSetConvolutionMathType(c->how, tensor_cores ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH));
  return find(handle, way, c);
}

/* The first call of a size describes it; NULL: cuDNN has none. */
static const Convolution *convolution(cudnnHandle_t handle, Way way, const int64_t *sizes,
                                      int kernel, int stride,
                                      cudnnDataType_t type = CUDNN_DATA_FLOAT)
{
  static std::map<std::array<int64_t, 10>, Convolution> known;
  const std::array<int64_t, 10> key = {way,      kernel,   stride,   type,     library_tf32,
                                       sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]};
  const auto found = known.find(key);
  if (found != known.end()) return &found->second;
  Convolution c = {};
  if (describe(handle, way, sizes, kernel, stride, type, &c)) return nullptr;
  return &(known[key] = c);
}

static int forward(const int64_t *sizes, int kernel, int stride, void *const *args,
                   cudaStream_t stream, cudnnDataType_t type = CUDNN_DATA_FLOAT)
{
  cudnnHandle_t handle = handle_on(stream);
  const Convolution *c = convolution(handle, FORWARD, sizes, kernel, stride, type);
  if (!c) return 1;
  return cudnnConvolutionForward(handle, &one, c->x, args[0], c->w, args[1], c->how,
                                 (cudnnConvolutionFwdAlgo_t)c->algorithm, library_memory(c->bytes),
                                 c->bytes, &zero, c->y, args[2]);
}

PEER(library_conv) { return forward(sizes, 3, 1, args, stream); }

PEER(library_conv_bf16) { return forward(sizes, 3, 1, args, stream, CUDNN_DATA_BFLOAT16); }

PEER(library_conv_1x1) { return forward(sizes, 1, 1, args, stream); }

PEER(library_conv_stem) { return forward(sizes, 7, 2, args, stream); }

/* args: x, w, dy, dx */
PEER(library_conv_dx)
{
  cudnnHandle_t handle = handle_on(stream);
  const Convolution *c = convolution(handle, TO_IMAGES, sizes, 3, 1);
  if (!c) return 1;
  return cudnnConvolutionBackwardData(handle, &one, c->w, args[1], c->y, args[2], c->how,
                                      (cudnnConvolutionBwdDataAlgo_t)c->algorithm,
                                      library_memory(c->bytes), c->bytes, &zero, c->x, args[3]);
}

/* args: x, w, dy, dw */
PEER(library_conv_dw)
{
  cudnnHandle_t handle = handle_on(stream);
  const Convolution *c = convolution(handle, TO_WEIGHTS, sizes, 3, 1);
  if (!c) return 1;
  return cudnnConvolutionBackwardFilter(handle, &one, c->x, args[0], c->y, args[2], c->how,
                                        (cudnnConvolutionBwdFilterAlgo_t)c->algorithm,
                                        library_memory(c->bytes), c->bytes, &zero, c->w, args[3]);
}

/* sizes: N, C, H, W of the result */
PEER(library_max_pool)
{
  cudnnPoolingDescriptor_t how;
  const cudnnTensorDescriptor_t x = tensor(sizes[0], sizes[1], 2 * sizes[2], 2 * sizes[3]),
                                y = tensor(sizes[0], sizes[1], sizes[2], sizes[3]);
  TRY(cudnnCreatePoolingDescriptor(&how));
  TRY(cudnnSetPooling2dDescriptor(how, CUDNN_POOLING_MAX, CUDNN_NOT_PROPAGATE_NAN, 3, 3, 1, 1, 2,
                                  2));
  TRY(cudnnPoolingForward(handle_on(stream), how, &one, x, args[0], &zero, y, args[1]));
  TRY(cudnnDestroyPoolingDescriptor(how));
  TRY(cudnnDestroyTensorDescriptor(x));
  return cudnnDestroyTensorDescriptor(y);
}

/* sizes: R, C */
PEER(library_softmax)
{
  const cudnnTensorDescriptor_t x = tensor(sizes[0], sizes[1], 1, 1);
  TRY(cudnnSoftmaxForward(handle_on(stream), CUDNN_SOFTMAX_ACCURATE, CUDNN_SOFTMAX_MODE_INSTANCE,
                          &one, x, args[0], &zero, x, args[1]));
  return cudnnDestroyTensorDescriptor(x);
}

/* sizes: N, C, H, W */
PEER(library_channels_last)
{
  const cudnnTensorDescriptor_t x = tensor(sizes[0], sizes[1], sizes[2], sizes[3]);
  const cudnnTensorDescriptor_t y =
      tensor(sizes[0], sizes[1], sizes[2], sizes[3], CUDNN_TENSOR_NHWC);
  TRY(cudnnTransformTensor(handle_on(stream), &one, x, args[0], &zero, y, args[1]));
  TRY(cudnnDestroyTensorDescriptor(x));
  return cudnnDestroyTensorDescriptor(y);
}
