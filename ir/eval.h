/* The reference evaluator: mdl form, run op by op in REAL (double; tests compile it again with long
 * double). Every float result is rounded to its dtype, so f32 programs give f32 numbers; sums and
 * products run in a plain, documented order. Slow on purpose: the simple version that the fast ones
 * are tested against, and what folds constants. */
#ifndef MDL_IR_EVAL_H
#define MDL_IR_EVAL_H

#include "ir/ir.h"

/* Compiled twice: as it is, and by tests with -DREAL='long double', where every function has the
 * suffix _wide, so that both can be in one program (though not in one file). */
#ifndef REAL
#define REAL double
#define REAL_NAME(name) name
#else
#define REAL_NAME(name) name##_wide
#endif
#define mdl_eval REAL_NAME(mdl_eval)
#define mdl_eval_element REAL_NAME(mdl_eval_element)
#define mdl_convert_element REAL_NAME(mdl_convert_element)
#define mdl_bitcast_element REAL_NAME(mdl_bitcast_element)
#define mdl_tensor_create REAL_NAME(mdl_tensor_create)
#define mdl_tensor_load REAL_NAME(mdl_tensor_load)
#define mdl_tensor_store REAL_NAME(mdl_tensor_store)
#define mdl_round_to REAL_NAME(mdl_round_to)
#define mdl_float_to_int REAL_NAME(mdl_float_to_int)
#define mdl_int_div REAL_NAME(mdl_int_div)
#define mdl_int_rem REAL_NAME(mdl_int_rem)
#define mdl_int_abs REAL_NAME(mdl_int_abs)
#define mdl_int_sign REAL_NAME(mdl_int_sign)
#define mdl_int_less REAL_NAME(mdl_int_less)
#define mdl_int_shl REAL_NAME(mdl_int_shl)
#define mdl_int_shr REAL_NAME(mdl_int_shr)
#define mdl_int_cut REAL_NAME(mdl_int_cut)

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
  bool trap;        /* --checks=trap: out of range indices set the status */
  bool no_rounding; /* keep REAL between ops: the gradient tests want that */
  bool shakes;      /* with no_rounding: an ulp off where rounding would change a result */
  void (*print)(void *user, const char *text, const MdlTensor *value);
  int64_t max_elements; /* of one tensor; 0: 2^28 */
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

/* One element: `real` of floats, `integer` of the rest, widened by sign. */
typedef struct MdlNumber {
  REAL real;
  uint64_t integer;
} MdlNumber;

/* An elementwise row on single elements, the operands of dtype `in` (where: of its b and c), the
 * result rounded to dtype `out`; out = in but for comparisons. Folding may use rows marked exact.
 */
MdlNumber mdl_eval_element(MdlOp op, MdlDtype in, MdlDtype out, const MdlNumber *arg);
/* As the language converts: floats go to integers by mdl_float_to_int, `x != 0` to bools. */
MdlNumber mdl_convert_element(MdlNumber a, MdlDtype from, MdlDtype to);
MdlNumber mdl_bitcast_element(MdlNumber a, MdlDtype from, MdlDtype to); /* of equal widths */

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
