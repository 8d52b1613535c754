/* Kernels with one fault each: `faults NAME` launches the one of that name, and
 * tests/cuda/faults.sh expects the emulator to name it. `faults none` launches them without their
 * faults. */
#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include "emu_ptx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum Fault {
  NONE,
  MISSING_BARRIER,
  SECOND_BARRIER,
  SAME_WORD,
  BETWEEN_BLOCKS,
  PAST_THE_END,
  PAST_SHARED,
  MISALIGNED,
  UNINITIALISED,
  WRONG_MASK,
  DIVERGENT,
  MISSING_WAIT,
  EARLY_COPY,
  MISALIGNED_ROW,
  PART_OF_A_WARP,
  MISSING_GRID_BARRIER,
  READ_BY_OTHERS,
  DIVERGENT_GRID,
  NOT_TOGETHER,
  FAULTS
};

static const char *const names[FAULTS] = {"none",
                                          "missing-barrier",
                                          "missing-second-barrier",
                                          "same-word",
                                          "between-blocks",
                                          "past-the-end",
                                          "past-shared",
                                          "misaligned",
                                          "uninitialised",
                                          "wrong-mask",
                                          "divergent-barrier",
                                          "missing-wait",
                                          "early-copy",
                                          "misaligned-row",
                                          "part-of-a-warp",
                                          "missing-grid-barrier",
                                          "read-by-others",
                                          "divergent-grid-barrier",
                                          "not-together"};

/* Sums of rows of 256: warps first, then their sums through shared memory. */
extern "C" __global__ void __launch_bounds__(256) row_sums(const float *x, float *y, int fault)
{
  __shared__ float part[8];
  const int t = (int)threadIdx.x, lane = t % 32, warp = t / 32;
  float s = x[blockIdx.x * 256 + threadIdx.x];
  const unsigned mask = fault == WRONG_MASK && lane >= 16 ? 0xffffu : ~0u;
  for (int o = 16; o; o >>= 1) s += __shfl_xor_sync(mask, s, o);
  if (lane == 0 && !(fault == UNINITIALISED && warp == 5))
    part[fault == PAST_SHARED ? warp + 4 : warp] = s;
  if (fault != MISSING_BARRIER) __syncthreads();
  if (fault == DIVERGENT && warp == 0)
    __syncthreads();
  else if (fault == DIVERGENT)
    __syncthreads();
  if (warp) return;
  s = lane < 8 ? part[lane] : 0.0f;
  for (int o = 16; o; o >>= 1) s += __shfl_xor_sync(~0u, s, o);
  if (lane == 0) y[fault == PAST_THE_END ? blockIdx.x + 3 : blockIdx.x] = s;
}

/* Neighbours exchange values through shared memory, twice. */
extern "C" __global__ void exchange(float *x, int fault)
{
  __shared__ float s[64];
  const int t = (int)threadIdx.x;
  for (int round = 0; round < 2; round++) {
    s[fault == SAME_WORD ? t / 2 : t] = x[t];
    __syncthreads();
    const float other = s[63 - (fault == SAME_WORD ? t / 2 + 32 : t)];
    if (fault != SECOND_BARRIER) __syncthreads();
    x[t] = other;
  }
}

/* Every block adds to the same row. */
extern "C" __global__ void add_rows(const float *x, float *y, int fault)
{
  const float v = x[blockIdx.x * 32 + threadIdx.x];
  if (fault == BETWEEN_BLOCKS)
    y[threadIdx.x] += v;
  else
    atomicAdd(&y[threadIdx.x], v);
}

extern "C" __global__ void copy_fours(const float *x, float *y, int fault)
{
  *(float4 *)&y[threadIdx.x * 4] =
      *(const float4 *)&x[threadIdx.x * 4 + (fault == MISALIGNED ? 1 : 0)];
}

extern "C" __global__ void copy_later(const float *x, float *y, int fault)
{
  __shared__ __align__(16) float s[128];
  const int t = (int)threadIdx.x;
  cp_async_16(&s[t * 4], &x[t * 4], 16);
  cp_async_commit();
  if (fault != MISSING_WAIT) cp_async_wait<0>();
  __syncthreads();
  y[t] = s[t];
}

/* A ring of two slots: the next round is on its way while this one is read by others. */
extern "C" __global__ void ring(const float *x, float *y, int fault)
{
  __shared__ __align__(16) float s[2][256];
  const int t = (int)threadIdx.x;
  float sum = 0.0f;
  cp_async_16(&s[0][t * 4], &x[t * 4], 16);
  cp_async_commit();
  for (int round = 0; round < 3; round++) {
    cp_async_wait<0>();
    __syncthreads();
    const int next = fault == EARLY_COPY ? round % 2 : (round + 1) % 2;
    cp_async_16(&s[next][t * 4], &x[(round + 1) * 256 + t * 4], round < 2 ? 16 : 0);
    cp_async_commit();
    sum += s[round % 2][255 - t];
  }
  y[t] = sum;
}

/* One warp's product of 16 by 8 by 16. */
extern "C" __global__ void fragments(const float *x, float *y, int fault)
{
  __shared__ __align__(16) uint16_t rows[264];
  const int lane = (int)threadIdx.x;
  for (int i = lane; i < 264; i += 32) rows[i] = (uint16_t)(__float_as_uint(x[i]) >> 16);
  __syncthreads();
  if (fault == PART_OF_A_WARP && lane >= 16) return;
  uint32_t a[4];
  float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  ldmatrix_x4(a, &rows[(lane % 16) * 16 + lane / 16 * 8 + (fault == MISALIGNED_ROW ? 4 : 0)]);
  mma_bf16(sum, a, a);
  for (int i = 0; i < 4; i++) y[lane * 4 + i] = sum[i];
}

/* Blocks exchange words, by a barrier of the grid each way. */
extern "C" __global__ void meet(float *x, int fault)
{
  const unsigned t = threadIdx.x, blocks = gridDim.x;
  for (int round = 0; round < 2; round++) {
    if (fault == DIVERGENT_GRID && round && blockIdx.x == 1) return;
    const float other = x[(blockIdx.x + 1) % blocks * 32 + t] + x[t];
    if (fault != READ_BY_OTHERS) cooperative_groups::this_grid().sync();
    x[blockIdx.x * 32 + t] = other;
    if (fault != MISSING_GRID_BARRIER) cooperative_groups::this_grid().sync();
  }
}

template <class... Wanted, class... Given>
static void launch(unsigned blocks, unsigned threads, void (*kernel)(Wanted...), Given... given)
{
  cudaLaunchConfig_t c = {};
  c.gridDim = dim3(blocks);
  c.blockDim = dim3(threads);
  if (cudaLaunchKernelEx(&c, kernel, given...) != cudaSuccess) exit(2);
}

template <class... Wanted, class... Given>
static void launch_together(bool are, unsigned blocks, unsigned threads, void (*kernel)(Wanted...),
                            Given... given)
{
  cudaLaunchAttribute together = {};
  together.id = cudaLaunchAttributeCooperative;
  together.val.cooperative = are;
  cudaLaunchConfig_t c = {};
  c.gridDim = dim3(blocks);
  c.blockDim = dim3(threads);
  c.attrs = &together;
  c.numAttrs = 1;
  if (cudaLaunchKernelEx(&c, kernel, given...) != cudaSuccess) exit(2);
}

int main(int argc, char **argv)
{
  int fault = -1;
  for (int i = 0; i < FAULTS; i++)
    if (argc > 1 && !strcmp(argv[1], names[i])) fault = i;
  if (fault < 0) return fprintf(stderr, "faults: no such fault\n"), 2;

  float *x, *sums, *row, *copy;
  cudaMalloc(&x, 1028 * sizeof *x);
  cudaMalloc(&sums,
             64 * sizeof *sums); /* of which four are used: 256 bytes are what is given out */
  cudaMalloc(&row, 64 * sizeof *row);
  cudaMalloc(&copy, 512 * sizeof *copy);
  for (int i = 0; i < 1028; i++) x[i] = (float)(i % 5);
  for (int i = 0; i < 64; i++) row[i] = 0.0f;
  launch(4, 256, row_sums, (const float *)x, fault == PAST_THE_END ? sums + 60 : sums, fault);
  launch(1, 64, exchange, x, fault);
  launch(8, 32, add_rows, (const float *)x, row, fault);
  launch(1, 32, copy_fours, (const float *)x, copy, fault);
  launch(1, 32, copy_later, (const float *)x, copy, fault);
  launch(1, 64, ring, (const float *)x, copy, fault);
  launch(1, 32, fragments, (const float *)x, copy, fault);
  launch_together(fault != NOT_TOGETHER, 3, 32, meet, x, fault);
  cudaFree(x), cudaFree(sums), cudaFree(row), cudaFree(copy);
  return 0;
}
