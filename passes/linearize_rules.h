/* Forward rules of the rows that are not linear, one file a kind: what they share. */
#ifndef MDL_PASSES_LINEARIZE_RULES_H
#define MDL_PASSES_LINEARIZE_RULES_H

#include "passes/derive.h"

/* Result 0 of an op whose type follows from its operands. */
MlirValue mdl_jvp_op(MdlForward *f, MdlOp op, int count, const MlirValue *operand,
                     const MdlAttrs *attrs);
MlirValue mdl_jvp_constant(MdlForward *f, MlirValue like, double value); /* in like's shape */
MlirValue mdl_jvp_scalar(MdlForward *f, MlirValue like, double value);

MdlJvpOfOp mdl_jvp_window_extreme, mdl_jvp_scatter_extreme, mdl_jvp_scatter_mul;

#endif
