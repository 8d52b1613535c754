/* Sorts on a GPU (passes/gpu_sort.c). */
#ifndef MDL_PASSES_GPU_SORT_H
#define MDL_PASSES_GPU_SORT_H

#include "passes/entry.h"
#include "passes/gpu.h"

enum { MDL_SORT_CHUNK = 2048 /* elements that a block sorts: 16 KiB of f32 and places */ };

/* A thread a line, or a block a chunk of one? How many of those there are. */
MdlGpuMode mdl_gpu_sort_mode(const MdlGroup *g);
const MdlSize *mdl_gpu_sort_points(const MdlGroup *g);

/* Step `step` of the stage that merges 2*widest elements: how far apart it compares, and in which
 * bits the two places differ. */
MlirValue mdl_gpu_sort_half(MdlBuilder *b, MlirValue widest, MlirValue step);
MlirValue mdl_gpu_sort_mask(MdlBuilder *b, MlirValue widest, MlirValue half, MlirValue step);
/* The least power of two that is no less. */
int mdl_gpu_sort_log(int64_t count);

/* Behind the call of a group whose loop-form function has `mdl.line`: the chunks of its lines are
 * merged. `size`: what the call hands over first; `memory`: of values and places. */
void mdl_gpu_sort_rounds(MdlEntry *e, MlirOperation group, int sizes, const MlirValue *size,
                         const MlirValue *memory);

#endif
