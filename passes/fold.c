/* Constant folding: ops on splats, and sizes. */
#include "passes/simplify.h"

#include "ir/eval.h"

#include <string.h>

static MlirValue splat(MdlSimplify *s, const MdlType *type, MdlNumber value)
{
  return mdl_letter_fits('F', type->dtype)
             ? mdl_build_const(&s->b, type, (double)value.real)
             : mdl_build_const_int(&s->b, type, (int64_t)value.integer);
}

static bool number_of(MdlIr *ir, MlirValue value, MdlNumber *number)
{
  double real;
  int64_t integer;
  if (!mdl_is_splat(ir, value, &real, &integer)) return false;
  *number = (MdlNumber){.real = real, .integer = (uint64_t)integer};
  return true;
}

/* Only rows that every target computes to the same bits: `exp(2)` stays an op. */
static MlirValue fold_elementwise(MdlSimplify *s, MlirOperation op)
{
  MdlOp kind = mdl_op(s->ir, op);
  int operands = mdl_operand_count(op);
  MdlNumber arg[MDL_MAX_OPERANDS];
  if (!mdl_op_info(kind)->exact) return MDL_NO_VALUE;
  for (int i = 0; i < operands; i++)
    if (!number_of(s->ir, mdl_operand(op, i), &arg[i])) return MDL_NO_VALUE;
  MdlDtype in = mdl_type_of(s->ir, mdl_operand(op, operands - 1))->dtype;
  const MdlType *type = mdl_type_of(s->ir, mdl_result(op, 0));
  return splat(s, type, mdl_eval_element(kind, in, type->dtype, arg));
}

static MlirValue fold_convert(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  MdlNumber number;
  const MdlType *type = mdl_type_of(s->ir, mdl_result(op, 0));
  if (number_of(s->ir, a, &number))
    return splat(s, type, mdl_convert_element(number, mdl_type_of(s->ir, a)->dtype, type->dtype));
  if (mdl_def_op(s->ir, a) == MDL_OP_size && mdl_type_of(s->ir, a)->dtype == MDL_index) {
    MdlAttrs attrs = mdl_attrs_of(s->ir, mdl_def(a));
    return mdl_build_size(&s->b, mdl_get_size(&attrs, "of"), type->dtype);
  }
  return MDL_NO_VALUE;
}

static bool same_number(MdlIr *ir, MlirValue a, MlirValue b)
{
  MdlNumber x, y;
  return number_of(ir, a, &x) && number_of(ir, b, &y) && !memcmp(&x.real, &y.real, sizeof x.real) &&
         x.integer == y.integer;
}

/* Moving equal elements about changes nothing; where others come in, they must be equal too. */
static MlirValue fold_move(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  MdlNumber number;
  if (!number_of(s->ir, a, &number)) return MDL_NO_VALUE;
  switch ((int)mdl_op(s->ir, op)) {
  case MDL_OP_pad:
  case MDL_OP_concat:
    if (!same_number(s->ir, a, mdl_operand(op, 1))) return MDL_NO_VALUE;
    break;
  case MDL_OP_dynamic_update:
  case MDL_OP_scatter:
    if (!same_number(s->ir, a, mdl_operand(op, 2))) return MDL_NO_VALUE;
    break;
  default:
    break;
  }
  return splat(s, mdl_type_of(s->ir, mdl_result(op, 0)), number);
}

static bool reduces_nothing(MdlIr *ir, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  int64_t axis[MDL_MAX_RANK], n = 0;
  int count = mdl_get_ints(&attrs, "axes", axis);
  const MdlType *type = mdl_type_of(ir, mdl_operand(op, 0));
  for (int i = 0; i < count; i++)
    if (!mdl_size_is_const(type->dim[axis[i]], &n) || n < 1) return true;
  return false;
}

static MlirValue fold_reduce(MdlSimplify *s, MlirOperation op)
{
  MdlNumber number;
  if (!number_of(s->ir, mdl_operand(op, 0), &number)) return MDL_NO_VALUE;
  const MdlType *type = mdl_type_of(s->ir, mdl_result(op, 0));
  switch ((int)mdl_op(s->ir, op)) {
  case MDL_OP_reduce_sum: /* of zeros; -0 too: the sum starts at 0 */
    number.real += 0;
    return number.real == 0 && number.integer == 0 ? splat(s, type, number) : MDL_NO_VALUE;
  case MDL_OP_reduce_max:
  case MDL_OP_reduce_min:
  case MDL_OP_reduce_any:
  case MDL_OP_reduce_all:
    return reduces_nothing(s->ir, op) ? MDL_NO_VALUE : splat(s, type, number);
  default:
    return MDL_NO_VALUE;
  }
}

MlirValue mdl_simplify_fold(MdlSimplify *s, MlirOperation op)
{
  MdlOp kind = mdl_op(s->ir, op);
  if (kind == MDL_OP_convert) return fold_convert(s, op);
  if (mdl_op_info(kind)->elementwise) return fold_elementwise(s, op);
  if (kind == MDL_OP_stop_grad || kind == MDL_OP_bitcast) return MDL_NO_VALUE;
  switch ((int)mdl_op_info(kind)->class) {
  case MDL_CLASS_move:
  case MDL_CLASS_gather:
    return fold_move(s, op);
  case MDL_CLASS_scatter:
    return kind == MDL_OP_scatter ? fold_move(s, op) : MDL_NO_VALUE;
  case MDL_CLASS_reduce:
    return fold_reduce(s, op);
  default:
    return MDL_NO_VALUE;
  }
}
