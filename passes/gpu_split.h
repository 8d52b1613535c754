/* Before grouping, for a GPU: ops that would leave most of it idle, said in ops that do not. */
#ifndef MDL_PASSES_GPU_SPLIT_H
#define MDL_PASSES_GPU_SPLIT_H

#include "ir/ir.h"

/* Long reductions in two passes. Recurses into loops that stay on the host. */
void mdl_gpu_split_long(MdlIr *ir, MlirBlock block);

#endif
