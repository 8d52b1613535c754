/* What is known of an index: loops count by sizes, so do the indices made of their counters. */
#ifndef MDL_PASSES_TRIPS_H
#define MDL_PASSES_TRIPS_H

#include "ir/ir.h"

/* Bounds of an index, both inclusive, for every value of the sizes; NULL where nothing is known. */
typedef struct MdlIndexRange {
  const MdlSize *min, *max;
} MdlIndexRange;

/* From sizes, constants, counters of loops around, sums, differences, whole multiples. */
MdlIndexRange mdl_index_range(MdlIr *ir, MlirValue index);

/* A size that no counter of the scf.for reaches (no trip count, when its start may be below 0):
 * the extent of what a reverse loop keeps. From `mdl.limit`, or its bounds. NULL: not known. */
const MdlSize *mdl_most_trips(MdlIr *ir, MlirOperation loop);
/* Are both bounds of the scf.for sizes? */
bool mdl_has_size_bounds(MdlIr *ir, MlirOperation loop);
/* The size in `mdl.limit`, or NULL. */
const MdlSize *mdl_limit_of(MdlIr *ir, MlirOperation loop);
/* Is the index surely in 0..extent? */
bool mdl_is_within(MdlIr *ir, MlirValue index, const MdlSize *extent);
bool mdl_is_zero_index(MdlIr *ir, MlirValue value);
/* May the index be below 0, for all that is known? */
bool mdl_is_below_zero(MdlIr *ir, MlirValue value);

#endif
