/* Sizes and index arithmetic of one loop-form function. */
#ifndef MDL_PASSES_EXTENT_H
#define MDL_PASSES_EXTENT_H

#include "ir/loop.h"

/* Index values that a function makes once, at its top. */
typedef struct MdlExtents {
  MdlBuilder top; /* stands before the first op of the body */
  MdlMap *names;  /* interned name of a size -> index value */
  MdlMap *sizes;  /* MdlSize -> index value */
} MdlExtents;

/* `anchor`: the op before which sizes are computed. */
MdlExtents mdl_extents_create(MdlBuilder top);
void mdl_extent_bind(MdlExtents *e, const char *name, MlirValue value);
MlirValue mdl_extent(MdlExtents *e, const MdlSize *size);
MlirValue mdl_extent_number(MdlExtents *e, int64_t value);

/* Shapes `base` (memref<T> or bytes) as a tensor of `type`; rank 0 stays as it is. */
MdlLoopType mdl_extent_memory(const MdlType *type);
/* The run-time extents of that type, as mdl_loop_shape wants them. Returns how many. */
int mdl_extent_values(MdlExtents *e, const MdlType *type, MlirValue *extent);

/* Index arithmetic that folds constants. */
MlirValue mdl_index_add(MdlBuilder *b, MlirValue x, MlirValue y);
MlirValue mdl_index_sub(MdlBuilder *b, MlirValue x, MlirValue y);
MlirValue mdl_index_mul(MdlBuilder *b, MlirValue x, MlirValue y);
MlirValue mdl_index_div(MdlBuilder *b, MlirValue x, MlirValue y); /* of numbers >= 0 */
MlirValue mdl_index_rem(MdlBuilder *b, MlirValue x, MlirValue y);
MlirValue mdl_index_min(MdlBuilder *b, MlirValue x, MlirValue y);
MlirValue mdl_index_max(MdlBuilder *b, MlirValue x, MlirValue y);
bool mdl_index_constant(MlirValue value, int64_t *integer);

#endif
