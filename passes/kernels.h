/* Between the parts of the pass `kernels`: what goes into a kernel (kernels.c), how it is made
 * (kernels_build.c), who does what in it (kernels_order.c). */
#ifndef MDL_PASSES_KERNELS_H
#define MDL_PASSES_KERNELS_H

#include "passes/pass.h"

typedef struct MdlKernels {
  MdlPass *pass;
  MdlIr *ir;
  MlirOperation entry;
  MlirValue arena;   /* the work buffer as bytes */
  MdlMap *on_device; /* values that only kernels know: value -> its cell's pointer, or itself */
  MdlMap *dead;      /* ops that went into kernels, in order */
  int cells;
} MdlKernels;

/* Ops that make one kernel. */
typedef struct MdlSegment {
  int ops, capacity;
  MlirOperation *op;
} MdlSegment;

bool mdl_kernel_on_host(const MdlKernels *k, MlirValue value);
/* Done anew by every kernel that wants its value: arithmetic, and scalars of the caller's, which
 * an entry stores to at its end only. */
bool mdl_kernel_is_pure(const MdlKernels *k, MlirOperation op);
MlirOperation mdl_kernel_group(const MdlKernels *k, MlirOperation op); /* null: it calls none */
/* A call worth a grid of its own. */
bool mdl_kernel_is_grid(const MdlKernels *k, MlirOperation op);
/* Does the op call a group, itself or in what it holds? */
bool mdl_kernel_calls_group(const MdlKernels *k, MlirOperation op);

/* The blocks that a segment's loops and branches have work for, where that is worth more than one;
 * else NULL. */
const MdlSize *mdl_kernel_spread(const MdlKernels *k, const MdlSegment *s);

/* The segment as a kernel: its shape, its function, its launch behind the segment. */
void mdl_kernel_mark(MdlKernels *k, MlirOperation kernel, const MdlSegment *s);
void mdl_kernel_build(MdlKernels *k, const MdlSegment *s);
/* One thread stores its scalars; barriers between the steps of a kernel of several groups. `given`:
 * what the launch hands over. Does the whole grid wait anywhere? */
bool mdl_kernel_order(MdlKernels *k, MlirOperation kernel, const MlirValue *given);

#endif
