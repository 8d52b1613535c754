/* The reference evaluator: mdl form, run op by op in REAL (double; tests compile it again with long
 * double). Every float result is rounded to its dtype, so f32 programs give f32 numbers; sums and
 * products run in a plain, documented order. Slow on purpose: the simple version that the fast ones
 * are tested against, and what folds constants. */
#ifndef MDL_IR_EVAL_H
#define MDL_IR_EVAL_H

#include "ir/ir.h"

#ifndef REAL
#define REAL double
#define REAL_NAME(name) name
#endif

/* A tensor with its elements: floats in `real`, integers and bools in `integer` (widened by sign).
 * Sizes are numbers. */
typedef struct MdlTensor {
  MdlDtype dtype;
  int rank;
  int64_t dim[MDL_MAX_RANK];
  int64_t count;
  REAL *real;        /* floats */
  uint64_t *integer; /* the rest */
} MdlTensor;

typedef struct MdlEvalOptions {
  /* The value of a free size. */
  MdlSizeValueFn *size_of;
  void *user;
  bool trap;             /* --checks=trap: out of range indices set the status */
  bool no_rounding;      /* keep REAL between ops: the gradient tests want that */
  void (*print)(void *user, const char *text, const MdlTensor *value);
  int64_t max_elements;  /* of one tensor; 0: 2^28 */
} MdlEvalOptions;

typedef struct MdlEvalResult {
  int32_t status;    /* code + 256*line; 0 */
  MdlTensor *result; /* one per result of the function */
  int results;
} MdlEvalResult;

/* Runs a defined function of the module on its arguments (dtypes and shapes must fit: MDL_BUG).
 * Results are in the arena. */
MdlEvalResult mdl_eval(MdlIr *ir, MlirOperation module, MlirOperation func, const MdlTensor *args,
                       const MdlEvalOptions *options, MdlArena *arena);

MdlTensor mdl_tensor_create(MdlArena *arena, MdlDtype dtype, int rank, const int64_t *dim);
/* Between memory as in C (bool bytes, f16 bits, ...) and tensors. */
void mdl_tensor_load(MdlTensor *tensor, const void *memory);
void mdl_tensor_store(const MdlTensor *tensor, void *memory);

/* Rounds to the dtype: ties to even; f16 and bf16 too. */
REAL mdl_round_to(MdlDtype dtype, REAL value);
/* Float to integer as the language converts: towards zero, saturating, NaN is 0. */
uint64_t mdl_float_to_int(REAL value, int bits, bool is_signed);

/* Integer semantics of ops.def's ieval column: a, b widened by sign; w bits; s signed. */
uint64_t mdl_int_div(uint64_t a, uint64_t b, int w, bool s);
uint64_t mdl_int_rem(uint64_t a, uint64_t b, int w, bool s);
uint64_t mdl_int_abs(uint64_t a, bool s);
uint64_t mdl_int_sign(uint64_t a, bool s);
bool mdl_int_less(uint64_t a, uint64_t b, bool s);
uint64_t mdl_int_shl(uint64_t a, uint64_t b, int w);
uint64_t mdl_int_shr(uint64_t a, uint64_t b, int w, bool s);
uint64_t mdl_int_cut(uint64_t a, int w, bool s); /* to w bits, widened again */

#endif
