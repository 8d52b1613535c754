/* The evaluator in long double: the truth that f64 results are measured against. */
#ifndef MDL_TESTS_CASES_WIDE_H
#define MDL_TESTS_CASES_WIDE_H

#include "ir/ir.h"

/* As MdlTensor of ir/eval.h, in long double. */
typedef struct MdlWideTensor {
  MdlDtype dtype;
  int rank;
  int64_t dim[MDL_MAX_RANK];
  int64_t count;
  long double *real;
  uint64_t *integer;
} MdlWideTensor;

typedef struct MdlWideResult {
  int32_t status;
  MdlWideTensor *result;
  int results;
} MdlWideResult;

/* How results of ops are kept: as the language rounds, in full precision, or an ulp off. */
typedef enum MdlWidePrecision { MDL_WIDE_rounded, MDL_WIDE_full, MDL_WIDE_shaken } MdlWidePrecision;

/* mdl_eval in long double. The values of free
 * sizes come from the arguments' shapes, or from size_of (may be NULL). */
MdlWideResult mdl_wide_eval(MdlIr *ir, MlirOperation module, MlirOperation func,
                            const MdlWideTensor *args, MdlWidePrecision precision,
                            MdlSizeValueFn *size_of, void *user, MdlArena *arena);

MdlWideTensor mdl_wide_create(MdlArena *arena, MdlDtype dtype, int rank, const int64_t *dim);

#endif
