/* What the kernels of a module cost: the GPU table, costs that the passes wrote on groups, times.
 */
#ifndef MDL_CODEGEN_CUDA_ROOFLINE_H
#define MDL_CODEGEN_CUDA_ROOFLINE_H

#include "ir/ir.h"

typedef struct MdlGpu {
  const char *name;
  int arch, multiprocessors;
  double gbs, f32, f64, half; /* GB/s, TFLOP/s */
  int registers, threads, blocks, shared;
} MdlGpu;

enum {
#define GPU(name, ...) MDL_GPU_##name,
#include "codegen/cuda/gpus.def"
  MDL_GPUS,
  MDL_COST_GUESS = 256 /* of a free size */
};
extern const MdlGpu mdl_gpus[MDL_GPUS];

typedef struct MdlKernelCost {
  MlirOperation func;
  const char *name;
  int64_t threads;
  const MdlSize *blocks, *bytes, *flops; /* NULL: not known */
  MdlDtype of;
  bool loops;    /* around what it does: the costs are those of one round */
  bool resident; /* of the blocks only as many as a GPU holds at once */
} MdlKernelCost;

typedef struct MdlKernelCosts {
  MdlIr *ir;
  MdlMap *symbols, *seen;
  int count, capacity;
  MdlKernelCost *kernel;
} MdlKernelCosts;

/* Those that the entry launches, in order. */
MdlKernelCosts mdl_cost_kernels(MdlIr *ir, MlirOperation module, MlirOperation entry);

/* With free sizes as guessed; negative where it is not known. */
double mdl_cost_value(const MdlSize *size);
/* Seconds for what must be moved, and for the arithmetic. */
double mdl_cost_memory(const MdlGpu *gpu, const MdlKernelCost *k);
double mdl_cost_arithmetic(const MdlGpu *gpu, const MdlKernelCost *k);
/* "memory", "arithmetic" or "latency", on the first GPU. `known`: blocks of free number count as
 * guessed; else they are taken to be many. */
const char *mdl_cost_bound(const MdlKernelCost *k, bool known);
/* Warps that a multiprocessor of the architecture holds of all that it could: 0 to 1. */
double mdl_cost_occupancy(int arch, int64_t threads, int registers, int shared);

#endif
