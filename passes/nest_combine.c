/* Combining values: what reductions, windows and scans do with the next element. */
#include "passes/nest.h"

#include <math.h>

static int64_t end_of_range(MdlDtype dtype, bool largest)
{
  bool u = mdl_is_unsigned(dtype);
  int bits = mdl_dtypes[dtype].bits - !u;
  int64_t top = bits == 64 ? -1 : (int64_t)((UINT64_C(1) << bits) - 1);
  return largest ? top : u ? 0 : -top - 1;
}

MlirValue mdl_nest_start(MdlArith *a, MdlOp op, MdlDtype dtype)
{
  switch (op) {
  case MDL_OP_reduce_prod:
  case MDL_OP_cumprod:
    return mdl_arith_number(a, dtype, 1, 1);
  case MDL_OP_reduce_max:
  case MDL_OP_window_max:
  case MDL_OP_cummax:
    return mdl_arith_number(a, dtype, -INFINITY,
                            mdl_is_float(dtype) ? 0 : end_of_range(dtype, false));
  case MDL_OP_reduce_min:
  case MDL_OP_window_min:
    return mdl_arith_number(a, dtype, INFINITY,
                            mdl_is_float(dtype) ? 0 : end_of_range(dtype, true));
  case MDL_OP_reduce_all:
    return mdl_arith_number(a, dtype, 0, 1);
  default:
    return mdl_arith_number(a, dtype, 0, 0);
  }
}

/* The next one is taken if it beats what there is, or is NaN. */
static MlirValue extreme(MdlArith *a, MdlDtype dtype, bool larger, MlirValue so_far, MlirValue next)
{
  bool u = mdl_is_unsigned(dtype);
  MdlPredicate beats = larger ? (u ? MDL_PREDICATE_ugt : MDL_PREDICATE_gt)
                              : (u ? MDL_PREDICATE_ult : MDL_PREDICATE_lt);
  MlirValue takes = mdl_loop_compare(a->b, beats, next, so_far);
  if (mdl_is_float(dtype))
    takes = mdl_loop_binary(a->b, MDL_LOOP_ori, takes,
                            mdl_loop_compare(a->b, MDL_PREDICATE_ne, next, next));
  return mdl_loop_select(a->b, takes, next, so_far);
}

MlirValue mdl_nest_combine(MdlArith *a, MdlOp op, MdlDtype dtype, MlirValue so_far, MlirValue next)
{
  bool real = mdl_is_float(dtype);
  switch (op) {
  case MDL_OP_reduce_prod:
  case MDL_OP_cumprod:
    return mdl_loop_binary(a->b, real ? MDL_LOOP_mulf : MDL_LOOP_muli, so_far, next);
  case MDL_OP_reduce_max:
  case MDL_OP_window_max:
  case MDL_OP_cummax:
    return extreme(a, dtype, true, so_far, next);
  case MDL_OP_reduce_min:
  case MDL_OP_window_min:
    return extreme(a, dtype, false, so_far, next);
  case MDL_OP_reduce_any:
    return mdl_loop_binary(a->b, MDL_LOOP_ori, so_far, next);
  case MDL_OP_reduce_all:
    return mdl_loop_binary(a->b, MDL_LOOP_andi, so_far, next);
  default:
    return mdl_loop_binary(a->b, real ? MDL_LOOP_addf : MDL_LOOP_addi, so_far, next);
  }
}

MlirValue mdl_nest_across(MdlNest *n, MdlOp op, MdlDtype dtype, MlirValue vector)
{
  int64_t lanes[64];
  MdlArith a = mdl_nest_arith(n, NULL);
  for (int half = n->width / 2; half > 0; half /= 2) {
    for (int i = 0; i < n->width; i++) lanes[i] = i ^ half;
    MlirValue other = mdl_loop_shuffle(&n->b, vector, vector, n->width, lanes);
    vector = mdl_nest_combine(&a, op, dtype, vector, other);
  }
  return mdl_loop_extract(&n->b, vector, 0);
}
