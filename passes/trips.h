/* How many rounds a loop can make, as a size: the extent of what a reverse loop keeps. */
#ifndef MDL_PASSES_TRIPS_H
#define MDL_PASSES_TRIPS_H

#include "ir/ir.h"

/* A size that no index of the scf.for reaches (no trip count, when its start may be below 0). From
 * `mdl.limit`, or bounds that are sizes, or arithmetic on sizes and on indices of loops around.
 * NULL: not known. */
const MdlSize *mdl_most_trips(MdlIr *ir, MlirOperation loop);
/* Are both bounds of the scf.for sizes? */
bool mdl_has_size_bounds(MdlIr *ir, MlirOperation loop);
/* The size in `mdl.limit`, or NULL. */
const MdlSize *mdl_limit_of(MdlIr *ir, MlirOperation loop);
/* Is the index surely in 0..extent: a loop's own, forwards or backwards? */
bool mdl_is_within(MdlIr *ir, MlirValue index, const MdlSize *extent);
bool mdl_is_zero_index(MdlIr *ir, MlirValue value);
/* May the index be below 0, for all that is known? */
bool mdl_is_below_zero(MdlIr *ir, MlirValue value);

#endif
