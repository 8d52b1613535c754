/* Integers as the language has them: `/` and `%` round down, x/0 is -1, x % 0 is x; a shift by the
 * width or more gives 0 or the sign. arith leaves all of these undefined. */
#include "passes/arith.h"

#include <string.h>

static MlirValue constant(MdlArith *a, MdlDtype dtype, int64_t value)
{
  return mdl_arith_number(a, dtype, 0, value);
}

static MlirValue is_equal(MdlArith *a, MdlDtype dtype, MlirValue x, int64_t value)
{
  return mdl_loop_compare(a->b, MDL_PREDICATE_eq, x, constant(a, dtype, value));
}

static MlirValue choose(MdlArith *a, MlirValue condition, MlirValue yes, MlirValue no)
{
  return mdl_loop_select(a->b, condition, yes, no);
}

static MlirValue of(MdlArith *a, MdlLoopOp op, MlirValue x, MlirValue y)
{
  return mdl_loop_binary(a->b, op, x, y);
}

static bool known(MdlArith *a, MlirValue value, int64_t *integer)
{
  double real;
  return mdl_loop_constant(a->b->ir, value, &real, integer);
}

/* Does the quotient towards zero have to go one down? */
static MlirValue rounds_down(MdlArith *a, MdlDtype t, MlirValue rest, MlirValue divisor)
{
  MlirValue any = mdl_loop_compare(a->b, MDL_PREDICATE_ne, rest, constant(a, t, 0));
  MlirValue signs = of(a, MDL_LOOP_xori, rest, divisor);
  MlirValue differ = mdl_loop_compare(a->b, MDL_PREDICATE_lt, signs, constant(a, t, 0));
  return of(a, MDL_LOOP_andi, any, differ);
}

/* Divisors that arith cannot take become 1. */
static MlirValue safe_divisor(MdlArith *a, MdlDtype t, MlirValue divisor)
{
  int64_t value;
  if (known(a, divisor, &value) && value != 0 && value != -1) return divisor;
  MlirValue bad = is_equal(a, t, divisor, 0);
  if (!mdl_is_unsigned(t)) bad = of(a, MDL_LOOP_ori, bad, is_equal(a, t, divisor, -1));
  return choose(a, bad, constant(a, t, 1), divisor);
}

static MlirValue divide(MdlArith *a, MdlDtype t, const MlirValue *x)
{
  bool u = mdl_is_unsigned(t);
  int64_t value;
  MlirValue by = safe_divisor(a, t, x[1]);
  MlirValue quotient = of(a, u ? MDL_LOOP_divui : MDL_LOOP_divsi, x[0], by);
  if (!u) {
    MlirValue rest = of(a, MDL_LOOP_remsi, x[0], by);
    MlirValue less = of(a, MDL_LOOP_subi, quotient, constant(a, t, 1));
    quotient = choose(a, rounds_down(a, t, rest, by), less, quotient);
  }
  if (known(a, x[1], &value) && value != 0 && value != -1) return quotient;
  if (!u) {
    MlirValue negated = of(a, MDL_LOOP_subi, constant(a, t, 0), x[0]);
    quotient = choose(a, is_equal(a, t, x[1], -1), negated, quotient);
  }
  return choose(a, is_equal(a, t, x[1], 0), constant(a, t, -1), quotient);
}

static MlirValue remainder_of(MdlArith *a, MdlDtype t, const MlirValue *x)
{
  bool u = mdl_is_unsigned(t);
  int64_t value;
  MlirValue by = safe_divisor(a, t, x[1]);
  MlirValue rest = of(a, u ? MDL_LOOP_remui : MDL_LOOP_remsi, x[0], by);
  if (!u) rest = choose(a, rounds_down(a, t, rest, by), of(a, MDL_LOOP_addi, rest, by), rest);
  if (known(a, x[1], &value) && value != 0) return rest;
  return choose(a, is_equal(a, t, x[1], 0), x[0], rest);
}

static MlirValue negate(MdlArith *a, MdlDtype t, const MlirValue *x)
{
  return of(a, MDL_LOOP_subi, constant(a, t, 0), x[0]);
}

static MlirValue magnitude(MdlArith *a, MdlDtype t, const MlirValue *x)
{
  if (mdl_is_unsigned(t)) return x[0];
  MlirValue below = mdl_loop_compare(a->b, MDL_PREDICATE_lt, x[0], constant(a, t, 0));
  return choose(a, below, negate(a, t, x), x[0]);
}

static MlirValue sign_of(MdlArith *a, MdlDtype t, const MlirValue *x)
{
  MlirValue zero = constant(a, t, 0), one = constant(a, t, 1);
  if (mdl_is_unsigned(t))
    return choose(a, mdl_loop_compare(a->b, MDL_PREDICATE_ne, x[0], zero), one, zero);
  MlirValue below = mdl_loop_compare(a->b, MDL_PREDICATE_lt, x[0], zero);
  MlirValue above = mdl_loop_compare(a->b, MDL_PREDICATE_gt, x[0], zero);
  return choose(a, above, one, choose(a, below, constant(a, t, -1), zero));
}

static MlirValue invert(MdlArith *a, MdlDtype t, const MlirValue *x)
{
  return of(a, MDL_LOOP_xori, x[0], constant(a, t, t == MDL_bool ? 1 : -1));
}

static MlirValue shift(MdlArith *a, MdlDtype t, const MlirValue *x, MdlLoopOp op)
{
  int width = t == MDL_index ? 64 : mdl_dtypes[t].bits;
  int64_t value;
  if (known(a, x[1], &value) && value >= 0 && value < width) return of(a, op, x[0], x[1]);
  MlirValue fits = mdl_loop_compare(a->b, MDL_PREDICATE_ult, x[1], constant(a, t, width));
  bool keeps_sign = op == MDL_LOOP_shrsi;
  MlirValue by = choose(a, fits, x[1], constant(a, t, keeps_sign ? width - 1 : 0));
  MlirValue shifted = of(a, op, x[0], by);
  return keeps_sign ? shifted : choose(a, fits, shifted, constant(a, t, 0));
}

static MlirValue shift_left(MdlArith *a, MdlDtype t, const MlirValue *x)
{
  return shift(a, t, x, MDL_LOOP_shli);
}

static MlirValue shift_right(MdlArith *a, MdlDtype t, const MlirValue *x)
{
  return shift(a, t, x, mdl_is_unsigned(t) ? MDL_LOOP_shrui : MDL_LOOP_shrsi);
}

MlirValue mdl_arith_integer(MdlArith *a, const char *name, MdlDtype dtype, const MlirValue *operand)
{
  static const struct {
    const char *name;
    MlirValue (*build)(MdlArith *a, MdlDtype t, const MlirValue *x);
  } rows[] = {{"@sdiv", divide},       {"@udiv", divide},    {"@srem", remainder_of},
              {"@urem", remainder_of}, {"@neg", negate},     {"@sabs", magnitude},
              {"@uabs", magnitude},    {"@ssign", sign_of},  {"@usign", sign_of},
              {"@not", invert},        {"@shl", shift_left}, {"@sshr", shift_right},
              {"@ushr", shift_right}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (!strcmp(rows[i].name, name)) return rows[i].build(a, dtype, operand);
  MDL_BUG(a->b->ir->session, "no expansion %s for integers", name);
}
