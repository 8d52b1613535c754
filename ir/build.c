/* Building mdl ops: types inferred by ir/typing.h, operands checked as they go in. */
#include "ir/build.h"
#include "ir/typing.h"

#include <stdarg.h>

MdlBuilder mdl_builder_at_end(MdlIr *ir, MlirBlock block, MlirLocation at)
{
  return (MdlBuilder){ir, block, {NULL}, at};
}

MdlBuilder mdl_builder_before(MdlIr *ir, MlirOperation op)
{
  return (MdlBuilder){ir, mdl_block_of(op), op, mlirOperationGetLocation(op)};
}

MdlBuilder mdl_builder_after(MdlIr *ir, MlirOperation op)
{
  return (MdlBuilder){ir, mdl_block_of(op), mdl_next(op), mlirOperationGetLocation(op)};
}

MlirOperation mdl_insert(MdlBuilder *b, MlirOperationState *state)
{
  MlirOperation op = mlirOperationCreate(state);
  if (mdl_is_null(op)) MDL_BUG(b->ir->session, "an op cannot be built: %s", mdl_ir_said(b->ir));
  if (mdl_is_null(b->before))
    mlirBlockAppendOwnedOperation(b->block, op);
  else
    mlirBlockInsertOwnedOperationBefore(b->block, b->before, op);
  return op;
}

MlirOperationState mdl_state(MdlBuilder *b, MdlOp op)
{
  return mlirOperationStateGet(mlirStringRefCreateFromCString(mdl_op_info(op)->mlir), b->at);
}

MlirOperation mdl_build_op(MdlBuilder *b, MdlOp op, int operands, const MlirValue *operand,
                           const MdlAttrs *attrs, const MdlType *given)
{
  const MdlOpInfo *row = mdl_op_info(op);
  MdlAttrs none = mdl_attrs_none(b->ir);
  MdlTyping typing = {.ir = b->ir, .op = op, .operands = operands, .given = given};
  typing.attrs = attrs ? attrs : &none;
  if (operands != row->operands || (operands > MDL_MAX_OPERANDS))
    MDL_BUG(b->ir->session, "mdl.%s takes %d operands, got %d", row->name, row->operands, operands);
  for (int i = 0; i < operands; i++) typing.in[i] = mdl_type_of(b->ir, operand[i]);
  if (!mdl_type_infer(&typing)) MDL_BUG(b->ir->session, "mdl.%s: %s", row->name, typing.why);

  MlirOperationState state = mdl_state(b, op);
  MlirType results[MDL_MAX_RESULTS];
  for (int i = 0; i < row->results; i++) results[i] = mdl_type_make(b->ir, &typing.out[i]);
  mlirOperationStateAddOperands(&state, operands, operand);
  mlirOperationStateAddResults(&state, row->results, results);
  for (int i = 0; i < typing.attrs->count; i++) {
    MlirNamedAttribute attr = mlirNamedAttributeGet(
        mlirIdentifierGet(b->ir->context, mlirStringRefCreateFromCString(typing.attrs->name[i])),
        typing.attrs->value[i]);
    mlirOperationStateAddAttributes(&state, 1, &attr);
  }
  return mdl_insert(b, &state);
}

MlirValue mdl_build_v(MdlBuilder *b, MdlOp op, const MlirValue *operand)
{
  return mdl_result(mdl_build_op(b, op, mdl_op_info(op)->operands, operand, NULL, NULL), 0);
}

MlirValue mdl_build(MdlBuilder *b, MdlOp op, ...)
{
  MlirValue operand[MDL_MAX_OPERANDS];
  va_list arguments;
  va_start(arguments, op);
  for (int i = 0; i < mdl_op_info(op)->operands; i++) operand[i] = va_arg(arguments, MlirValue);
  va_end(arguments);
  return mdl_build_v(b, op, operand);
}

static MlirValue build_given(MdlBuilder *b, MdlOp op, const MlirValue *a, const MdlAttrs *attrs,
                             const MdlType *type)
{
  return mdl_result(mdl_build_op(b, op, mdl_op_info(op)->operands, a, attrs, type), 0);
}

MlirValue mdl_build_const(MdlBuilder *b, const MdlType *type, double value)
{
  MdlAttrs attrs = mdl_attrs_none(b->ir);
  int64_t whole = mdl_is_float(type->dtype) ? 0 : (int64_t)value;
  mdl_put_number(&attrs, "value", type->dtype, value, whole);
  return build_given(b, MDL_OP_const, NULL, &attrs, type);
}

MlirValue mdl_build_const_int(MdlBuilder *b, const MdlType *type, int64_t value)
{
  MdlAttrs attrs = mdl_attrs_none(b->ir);
  mdl_put_number(&attrs, "value", type->dtype, (double)value, value);
  return build_given(b, MDL_OP_const, NULL, &attrs, type);
}

MlirValue mdl_build_size(MdlBuilder *b, const MdlSize *size, MdlDtype dtype)
{
  MdlType type = mdl_type_scalar(dtype);
  int64_t value = 0;
  if (mdl_size_is_const(size, &value)) return mdl_build_const_int(b, &type, value);
  MdlAttrs attrs = mdl_attrs_none(b->ir);
  mdl_put_text(&attrs, "of", mdl_size_text(size));
  return build_given(b, MDL_OP_size, NULL, &attrs, &type);
}

MlirValue mdl_build_iota(MdlBuilder *b, const MdlType *type, int axis)
{
  MdlAttrs attrs = mdl_attrs_none(b->ir);
  mdl_put_int(&attrs, "axis", axis);
  return build_given(b, MDL_OP_iota, NULL, &attrs, type);
}

MlirValue mdl_build_convert(MdlBuilder *b, MlirValue a, MdlDtype dtype)
{
  MdlType type = mdl_type_with(mdl_type_of(b->ir, a), dtype);
  if (mdl_type_of(b->ir, a)->dtype == dtype) return a;
  return build_given(b, MDL_OP_convert, &a, NULL, &type);
}

MlirValue mdl_build_wide_index(MdlBuilder *b, MlirValue index, const MdlSize *extent)
{
  MdlDtype dtype = mdl_type_of(b->ir, index)->dtype;
  int64_t n;
  bool is_short = mdl_size_is_const(extent, &n) && n <= INT32_MAX;
  if (dtype == MDL_index || mdl_dtypes[dtype].bits > 32) return index;
  if (!is_short) return mdl_build_convert(b, index, MDL_i64);
  return mdl_dtypes[dtype].bits < 32 ? mdl_build_convert(b, index, MDL_i32) : index;
}

MlirValue mdl_build_bitcast(MdlBuilder *b, MlirValue a, MdlDtype dtype)
{
  MdlType type = mdl_type_with(mdl_type_of(b->ir, a), dtype);
  if (mdl_type_of(b->ir, a)->dtype == dtype) return a;
  return build_given(b, MDL_OP_bitcast, &a, NULL, &type);
}

MlirValue mdl_build_broadcast(MdlBuilder *b, MlirValue a, const MdlType *type, int count,
                              const int64_t *dims)
{
  MdlAttrs attrs = mdl_attrs_none(b->ir);
  mdl_put_ints(&attrs, "dims", count, dims);
  return build_given(b, MDL_OP_broadcast, &a, &attrs, type);
}

MlirValue mdl_build_splat(MdlBuilder *b, MlirValue a, const MdlType *shape)
{
  const MdlType *type = mdl_type_of(b->ir, a);
  if (type->rank || !shape->rank) return a;
  MdlType whole = mdl_type_with(shape, type->dtype);
  return mdl_build_broadcast(b, a, &whole, 0, NULL);
}

MlirValue mdl_build_reshape(MdlBuilder *b, MlirValue a, const MdlType *type)
{
  if (mdl_type_equal(mdl_type_of(b->ir, a), type)) return a;
  return build_given(b, MDL_OP_reshape, &a, NULL, type);
}

MlirValue mdl_build_transpose(MdlBuilder *b, MlirValue a, const int64_t *perm)
{
  MdlAttrs attrs = mdl_attrs_none(b->ir);
  mdl_put_ints(&attrs, "perm", mdl_type_of(b->ir, a)->rank, perm);
  return build_given(b, MDL_OP_transpose, &a, &attrs, NULL);
}

MlirValue mdl_build_reduce(MdlBuilder *b, MdlOp op, MlirValue a, int count, const int64_t *axes)
{
  MdlAttrs attrs = mdl_attrs_none(b->ir);
  mdl_put_ints(&attrs, "axes", count, axes);
  return build_given(b, op, &a, &attrs, NULL);
}

MlirValue mdl_build_pad(MdlBuilder *b, MlirValue a, MlirValue with, const MdlSize *const *lo,
                        const MdlSize *const *hi, const int64_t *inner)
{
  MdlAttrs attrs = mdl_attrs_none(b->ir);
  int rank = mdl_type_of(b->ir, a)->rank;
  MlirValue operand[] = {a, with};
  mdl_put_sizes(&attrs, "lo", rank, lo);
  mdl_put_sizes(&attrs, "hi", rank, hi);
  mdl_put_ints(&attrs, "inner", rank, inner);
  return mdl_result(mdl_build_op(b, MDL_OP_pad, 2, operand, &attrs, NULL), 0);
}

MlirValue mdl_build_slice(MdlBuilder *b, MlirValue a, const MdlSize *const *start,
                          const MdlSize *const *limit, const int64_t *step)
{
  MdlAttrs attrs = mdl_attrs_none(b->ir);
  int rank = mdl_type_of(b->ir, a)->rank;
  mdl_put_sizes(&attrs, "start", rank, start);
  mdl_put_sizes(&attrs, "limit", rank, limit);
  mdl_put_ints(&attrs, "step", rank, step);
  return build_given(b, MDL_OP_slice, &a, &attrs, NULL);
}

MlirValue mdl_build_concat(MdlBuilder *b, MlirValue a, MlirValue c, int axis)
{
  MdlAttrs attrs = mdl_attrs_none(b->ir);
  mdl_put_int(&attrs, "axis", axis);
  return build_given(b, MDL_OP_concat, (MlirValue[]){a, c}, &attrs, NULL);
}

MlirValue mdl_build_dot(MdlBuilder *b, MlirValue a, MlirValue c, int contracted,
                        const int64_t *a_contract, const int64_t *c_contract, int batched,
                        const int64_t *a_batch, const int64_t *c_batch)
{
  MdlAttrs attrs = mdl_attrs_none(b->ir);
  mdl_put_pairs(&attrs, "contract", contracted, a_contract, c_contract);
  mdl_put_pairs(&attrs, "batch", batched, a_batch, c_batch);
  return build_given(b, MDL_OP_dot, (MlirValue[]){a, c}, &attrs, NULL);
}
