/* Inside the evaluator: what the function of one op gets, and what those functions share. */
#ifndef MDL_IR_EVAL_RUN_H
#define MDL_IR_EVAL_RUN_H

#include "ir/eval.h"

#include <string.h>

#define mdl_eval_sizes REAL_NAME(mdl_eval_sizes)
#define mdl_eval_fail REAL_NAME(mdl_eval_fail)
#define mdl_eval_elementwise REAL_NAME(mdl_eval_elementwise)
#define mdl_sum_dtype REAL_NAME(mdl_sum_dtype)
#define mdl_lowest REAL_NAME(mdl_lowest)
#define mdl_highest REAL_NAME(mdl_highest)
#define mdl_combine REAL_NAME(mdl_combine)
#define mdl_beats REAL_NAME(mdl_beats)

typedef struct MdlEval {
  MdlIr *ir;
  MdlArena *arena;
  const MdlEvalOptions *options;
  int32_t *status;
  MlirOperation op;
  MdlOp kind;
  const MdlAttrs *attrs;
  int64_t *const *sizes; /* the numbers of attributes of kind `sizes`, by attribute of the row */
  const MdlTensor *in[MDL_MAX_OPERANDS];
  MdlTensor *out[MDL_MAX_RESULTS]; /* shaped, zero */
} MdlEval;

typedef void MdlEvalOfOp(MdlEval *e);
#define MDL_EVAL(name) void REAL_NAME(mdl_eval_##name)(MdlEval * e)
#define EW(...)
#define OP(name, ...) MdlEvalOfOp REAL_NAME(mdl_eval_##name);
#include "ir/ops.def"

void mdl_eval_elementwise(MdlEval *e);

/* The attribute's sizes as numbers. */
const int64_t *mdl_eval_sizes(const MdlEval *e, const char *name);
/* The first failure stays. */
void mdl_eval_fail(const MdlEval *e, int code);

enum { MDL_STATUS_BAD_INDEX = 2 };

/* ---- accumulating ------------------------------------------------------------------------ */

/* f16 and bf16 accumulate in f32. */
MdlDtype mdl_sum_dtype(MdlDtype dtype);
/* What max and min of nothing give: the infinities, or the integer type's ends. */
MdlNumber mdl_lowest(MdlDtype dtype);
MdlNumber mdl_highest(MdlDtype dtype);
/* A binary row (add, mul, max, ...) on elements; rounds unless the options say not to. */
MdlNumber mdl_combine(const MdlEval *e, MdlOp op, MdlDtype dtype, MdlNumber a, MdlNumber b);

/* Does a later element of `of` take the place of the extreme so far? The first of equals stays, and
 * the first NaN before all. */
bool mdl_beats(const MdlTensor *of, bool largest, MdlNumber old, MdlNumber new);

/* ---- elements and indices ---------------------------------------------------------------- */

static inline MdlNumber mdl_get(const MdlTensor *t, int64_t i)
{
  return t->real ? (MdlNumber){t->real[i], 0} : (MdlNumber){0, t->integer[i]};
}

static inline void mdl_put(MdlTensor *t, int64_t i, MdlNumber value)
{
  if (t->real)
    t->real[i] = value.real;
  else
    t->integer[i] = value.integer;
}

/* What another way of rounding might have made of the i-th element: an ulp more or less, by turns
 * that look random, where the value is none of the dtype. */
static inline REAL mdl_shaken(MdlDtype dtype, REAL value, int64_t i)
{
  static const double unit[] = {
      [MDL_f16] = 0x1p-10, [MDL_bf16] = 0x1p-7, [MDL_f32] = 0x1p-23, [MDL_f64] = 0x1p-52};
  bool up = ((uint64_t)i + 1) * 0x9e3779b97f4a7c15u >> 63;
  if (!mdl_is_float(dtype) || mdl_round_to(dtype, value) == value) return value;
  return value * (up ? 1 + (REAL)unit[dtype] : 1 - (REAL)unit[dtype]);
}

/* Rounds a result to the tensor's dtype, unless the options say not to. */
static inline void mdl_put_rounded(const MdlEval *e, MdlTensor *t, int64_t i, MdlNumber value)
{
  if (t->real && !e->options->no_rounding) value.real = mdl_round_to(t->dtype, value.real);
  if (t->real && e->options->shakes) value.real = mdl_shaken(t->dtype, value.real, i);
  mdl_put(t, i, value);
}

/* Row-major: the place of an index, and the next index (false after the last). */
static inline int64_t mdl_offset(const MdlTensor *t, const int64_t *at)
{
  int64_t offset = 0;
  for (int i = 0; i < t->rank; i++) offset = offset * t->dim[i] + at[i];
  return offset;
}

static inline bool mdl_step(int rank, const int64_t *dim, int64_t *at)
{
  for (int i = rank - 1; i >= 0; i--) {
    if (++at[i] < dim[i]) return true;
    at[i] = 0;
  }
  return false;
}

/* A tensor seen around one axis: [before, length, after]. */
typedef struct MdlAround {
  int64_t before, length, after;
} MdlAround;

static inline MdlAround mdl_around(const MdlTensor *t, int axis)
{
  MdlAround a = {1, t->dim[axis], 1};
  for (int i = 0; i < axis; i++) a.before *= t->dim[i];
  for (int i = axis + 1; i < t->rank; i++) a.after *= t->dim[i];
  return a;
}

#endif
