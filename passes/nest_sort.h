/* The order of a sort: by value, NaN above everything, ties by where they stood. */
#ifndef MDL_PASSES_NEST_SORT_H
#define MDL_PASSES_NEST_SORT_H

#include "passes/nest.h"

typedef struct MdlSortCell {
  MlirValue value, place;
} MdlSortCell;

/* Does x, of values of this dtype, stand before y? */
MlirValue mdl_sort_before(MdlBuilder *b, MdlDtype dtype, MdlSortCell x, MdlSortCell y);

#endif
