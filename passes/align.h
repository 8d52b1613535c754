/* How ops read their operands: at the point where they are asked, or elsewhere. */
#ifndef MDL_PASSES_ALIGN_H
#define MDL_PASSES_ALIGN_H

#include "ir/ir.h"

/* The op is asked for a point whose first `leading` coordinates are those of some outer point. How
 * many leading coordinates of operand `i` are the outer point's, too? Maps: all; a broadcast along
 * the last axis: those before it; a transpose: up to the first axis that moves. */
int mdl_leading(MdlIr *ir, MlirOperation op, int i, int leading);

/* Do the first `count` dims agree? */
bool mdl_same_leading(const MdlType *a, const MdlType *b, int count);

/* One element a row of `rows` axes: [N] or [N, 1] for 1. */
bool mdl_is_per_row(const MdlType *type, int rows);

/* A scatter whose indices are all walked along: at most one update meets an element, so that the
 * element's value can be asked for like a map's (onehot, the gradient of a gather by row). There
 * have to be rows: a write of one place is no map of all of them. */
bool mdl_is_onehot(MdlIr *ir, MlirOperation op);

/* Is the pad one of zeros, not negative ones? */
bool mdl_pads_zeros(MdlIr *ir, MlirOperation pad);

/* sum, prod, max, min, any, all: what a loop can carry. */
bool mdl_is_reduction(MdlOp op);
/* scatter, scatter_add, ... */
bool mdl_is_scatter(MdlOp op);
/* The number of axes that stay, if they are the first ones; else -1. */
int mdl_reduction_kept(MdlIr *ir, MlirOperation op);

#endif
