/* What the emulator must get right: partial masks, widths, votes, lanes that have left, templates,
 * struct parameters, three dimensions, dynamic shared memory, asynchronous copies, capture, blocks
 * that wait for each other. */
#include <cooperative_groups.h>
#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <stdio.h>
#include <stdlib.h>

static int wrong;

static void expect(const char *what, int at, int got, int want)
{
  if (got == want) return;
  printf("%s[%d] is %d, not %d\n", what, at, got, want);
  wrong = 1;
}

static cudaLaunchConfig_t shape(dim3 grid, dim3 block, size_t shared = 0,
                                cudaStream_t stream = nullptr)
{
  cudaLaunchConfig_t c = {};
  c.gridDim = grid;
  c.blockDim = block;
  c.dynamicSmemBytes = shared;
  c.stream = stream;
  return c;
}

/* ---- warps: the halves diverge, and make different numbers of operations ---- */

extern "C" __global__ void warps(int *y)
{
  const int lane = (int)threadIdx.x;
  const unsigned half = lane < 16 ? 0x0000ffffu : 0xffff0000u;
  int v = lane;
  if (lane < 16) {
    for (int o = 8; o; o >>= 1) v += __shfl_xor_sync(half, v, o);
  } else {
    for (int o = 1; o < 16; o <<= 1) {
      const int below = __shfl_up_sync(half, v, o, 16);
      if (lane % 16 >= o) v += below;
    }
  }
  y[lane] = v;
  __syncwarp();
  y[32 + lane] = (int)__ballot_sync(~0u, lane % 3 == 0);
  y[64 + lane] = __shfl_sync(~0u, lane * 10, 5, 8);
  y[96 + lane] = __shfl_down_sync(~0u, lane, 3, 8);
  if (lane < 16) v = __shfl_xor_sync(half, v, 1);
  y[128 + lane] = __shfl_xor_sync(~0u, lane, 16);
  y[160 + lane] = __any_sync(~0u, lane == 7) * 2 + __all_sync(~0u, lane < 31);
}

static void test_warps()
{
  int y[192];
  const cudaLaunchConfig_t c = shape(1, 32);
  cudaLaunchKernelEx(&c, warps, &y[0]);
  for (int l = 0, sum = 0; l < 32; l++) {
    if (l >= 16) sum += l;
    expect("sum of a half, scan of the other", l, y[l], l < 16 ? 120 : sum);
    expect("ballot", l, y[32 + l], 0x49249249);
    expect("shuffle in eights", l, y[64 + l], (l / 8 * 8 + 5) * 10);
    expect("shuffle down", l, y[96 + l], l % 8 + 3 < 8 ? l + 3 : l);
    expect("shuffle xor", l, y[128 + l], l ^ 16);
    expect("any, all", l, y[160 + l], 2);
  }
}

/* ---- blocks: threads that returned do not hold up a barrier ---- */

extern "C" __global__ void leave(int *y, int n)
{
  __shared__ int s[128];
  const int t = (int)threadIdx.x;
  if (t >= n) return;
  s[t] = t;
  __syncthreads();
  y[t] = s[n - 1 - t];
}

static void test_leave()
{
  int y[77];
  const cudaLaunchConfig_t c = shape(1, 128);
  cudaLaunchKernelEx(&c, leave, &y[0], 77);
  for (int i = 0; i < 77; i++) expect("threads that left", i, y[i], 76 - i);
}

/* ---- a template with a struct parameter, in three dimensions ---- */

struct Cubic {
  const int *x;
  int *y;
  int n, add[3];
};

template <class T> __global__ void cubic(const __grid_constant__ Cubic p)
{
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const int i = (int)(block * blockDim.x * blockDim.y * blockDim.z + thread);
  if (i < p.n) p.y[i] = (int)((T)p.x[i] * (T)p.x[i]) + p.add[i % 3];
}

static void test_dimensions()
{
  static int x[1500], y[1500];
  for (int i = 0; i < 1500; i++) x[i] = i % 7;
  const cudaLaunchConfig_t c = shape(dim3(2, 3, 4), dim3(4, 2, 8));
  const Cubic p = {x, y, 1500, {1, 2, 3}};
  cudaLaunchKernelEx(&c, cubic<float>, p);
  for (int i = 0; i < 1500; i++) expect("3-D", i, y[i], x[i] * x[i] + i % 3 + 1);
}

/* ---- dynamic shared memory, a copy that is waited for, bf16 ---- */

extern "C" __global__ void turned(const float *x, float *y)
{
  extern __shared__ __align__(1024) unsigned char mdl_smem[];
  float *const s = (float *)mdl_smem;
  const int t = (int)threadIdx.x, n = (int)blockDim.x;
#ifdef __CUDACC__
  s[t] = x[t];
#else
  if (t % 4 == 0) emu_copy_async(&s[t], &x[t], 16, __LINE__);
  emu_copy_commit();
  emu_copy_wait(0);
#endif
  __syncthreads();
  y[t] = __bfloat162float(__float2bfloat16(s[n - 1 - t]));
}

static void test_shared()
{
  float *x, y[96];
  cudaMalloc(&x, sizeof y);
  for (int i = 0; i < 96; i++) x[i] = (float)i;
  const cudaLaunchConfig_t c = shape(1, 96, sizeof y);
  cudaLaunchKernelEx(&c, turned, (const float *)x, &y[0]);
  for (int i = 0; i < 96; i++) expect("shared", i, (int)y[i], 95 - i);
  cudaFree(x);
}

/* ---- atomics between blocks, a graph launched twice, a launch that cannot be ---- */

extern "C" __global__ void count(int *y) { atomicAdd(&y[threadIdx.x % 3], 1); }

static void test_graph()
{
  int y[3] = {0, 0, 0};
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  cudaStreamCreate(&stream);
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  const cudaLaunchConfig_t c = shape(5, 33, 0, stream);
  cudaLaunchKernelEx(&c, count, &y[0]);
  expect("a captured launch does not run", 0, y[0], 0);
  expect("no waiting while capturing", 0, cudaStreamSynchronize(stream) == cudaSuccess, 0);
  cudaStreamEndCapture(stream, &graph);
  cudaGraphInstantiate(&exec, graph, 0);
  cudaGraphLaunch(exec, stream);
  cudaGraphLaunch(exec, stream);
  for (int i = 0; i < 3; i++) expect("graph", i, y[i], 110);
  cudaGraphExecDestroy(exec);
  cudaGraphDestroy(graph);
  cudaStreamDestroy(stream);
  const cudaLaunchConfig_t too_many = shape(1, 1025), none = shape(0, 32);
  expect("too many threads", 0, cudaLaunchKernelEx(&too_many, count, &y[0]), 9);
  expect("no blocks", 0, cudaLaunchKernelEx(&none, count, &y[0]), 9);
}

/* ---- a cooperative launch: each block has its own shared memory, and meets the others ---- */

extern "C" __global__ void rounds(int *x, int count)
{
  __shared__ int own[64];
  const int blocks = (int)gridDim.x, t = (int)threadIdx.x;
  own[t] = (int)blockIdx.x;
  __syncthreads();
  for (int r = 0; r < count; r++) {
    x[blockIdx.x * 64 + threadIdx.x] = own[63 - t] + 1;
    cooperative_groups::this_grid().sync();
    int sum = 0;
    for (int b = 0; b < blocks; b++) sum += x[b * 64 + 63 - t];
    own[t] = sum;
    cooperative_groups::this_grid().sync();
  }
  x[blockIdx.x * 64 + threadIdx.x] = own[t];
}

static void test_together()
{
  int device, processors, each, x[3 * 64];
  cudaGetDevice(&device);
  cudaDeviceGetAttribute(&processors, cudaDevAttrMultiProcessorCount, device);
  cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, rounds, 64, 0);
  expect("resident blocks", 0, processors * each, 3);
  cudaStream_t stream;
  cudaGraph_t graph;
  cudaGraphExec_t exec;
  cudaLaunchAttribute together = {};
  together.id = cudaLaunchAttributeCooperative;
  together.val.cooperative = 1;
  cudaStreamCreate(&stream);
  cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
  cudaLaunchConfig_t c = shape(3, 64, 0, stream);
  c.attrs = &together;
  c.numAttrs = 1;
  cudaLaunchKernelEx(&c, rounds, &x[0], 2);
  cudaStreamEndCapture(stream, &graph);
  cudaGraphInstantiate(&exec, graph, 0);
  cudaGraphLaunch(exec, stream);
  for (int i = 0; i < 3 * 64; i++) expect("rounds", i, x[i], (1 + 2 + 3 + 1) * 3);
  cudaGraphExecDestroy(exec);
  cudaGraphDestroy(graph);
  cudaStreamDestroy(stream);
  c.stream = nullptr;
  c.gridDim = dim3(4);
  expect("too many blocks", 0, cudaLaunchKernelEx(&c, rounds, &x[0], 2), 720);
}

int main()
{
  test_warps();
  test_leave();
  test_dimensions();
  test_shared();
  test_graph();
  test_together();
  puts(wrong ? "wrong" : "right");
  return wrong;
}
