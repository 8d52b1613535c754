/* For tests of passes: modules written as MLIR text, run and compared. */
#ifndef MDL_TESTS_UNIT_LAB_H
#define MDL_TESTS_UNIT_LAB_H

#include "ir/eval.h"
#include "passes/pass.h"

typedef struct Lab {
  MdlSession *session;
  MdlIr *ir;
  MdlPassOptions options;
  MlirOperation module;
} Lab;

/* Fails the test with MLIR's words if the text does not parse or verify. */
Lab lab_open(const char *text);
void lab_close(Lab *lab);
void lab_load(Lab *lab, const char *text); /* another module in the same context */
/* Runs passes by name; the printed module after it. */
const char *lab_run(Lab *lab, const char *passes);
MlirOperation lab_func(Lab *lab, const char *symbol);
/* Evaluates with sizes N = 3, M = 2, all others 4; `seed` makes the arguments: the same seed and
 * types, the same numbers. Small whole numbers and halves in floats when `special` is false, else
 * NaN, infinities, -0, denormals among them. */
MdlEvalResult lab_eval(Lab *lab, const char *symbol, int seed, bool special);
MdlTensor lab_argument(Lab *lab, MlirType type, int seed, bool special);
/* Same bits, all NaNs being one. */
bool lab_same(const MdlTensor *a, const MdlTensor *b);
/* A program's results do not change by the passes, on three seeds. Fails the test if they do. */
void lab_keeps(const char *text, const char *symbol, const char *passes);
/* `text` must contain the pieces in this order; ends with NULL. */
void lab_contains(const char *text, ...);

#endif
