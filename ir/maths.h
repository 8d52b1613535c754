/* Float functions as formulas: ir/maths.def in memory. */
#ifndef MDL_IR_MATHS_H
#define MDL_IR_MATHS_H

#include "ir/formula.h"

typedef struct MdlMaths {
  const char *name; /* "exp": what a loop column calls "@exp" */
  const char *f32, *f64;
  double ulp32, ulp64; /* largest error seen, in units of the last place; 0: exact */
  const char *doc;
} MdlMaths;

const MdlMaths *mdl_maths(int *count);
/* NULL if there is none of this name. */
const MdlMaths *mdl_maths_find(const char *name);
/* Of MDL_f32 or MDL_f64. Never NULL: a test parses every row. */
const MdlFormula *mdl_maths_formula(MdlArena *arena, const MdlMaths *maths, MdlDtype dtype);

/* Where a row's formula does not hold, and what does there. */
typedef struct MdlFar {
  const char *name;
  const char *if32, *f32, *if64, *f64; /* of a (and b); f32, f64 NULL: by a loop */
} MdlFar;

/* NULL: the formula holds everywhere. */
const MdlFar *mdl_maths_far(const MdlMaths *maths);

#endif
