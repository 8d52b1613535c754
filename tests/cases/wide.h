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

/* mdl_eval in long double; `rounds` false keeps full precision between ops. The values of free
 * sizes come from the arguments' shapes, or from size_of (may be NULL). */
MdlWideResult mdl_wide_eval(MdlIr *ir, MlirOperation module, MlirOperation func,
                            const MdlWideTensor *args, bool rounds, MdlSizeValueFn *size_of,
                            void *user, MdlArena *arena);

MdlWideTensor mdl_wide_create(MdlArena *arena, MdlDtype dtype, int rank, const int64_t *dim);

#endif
