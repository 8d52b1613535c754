/* Changing the IR: checked erase, moves, and the clone with a value map that the C API lacks. */
#include "ir/build.h"

#include <mlir-c/BuiltinTypes.h>

void mdl_erase(MdlIr *ir, MlirOperation op)
{
  for (int i = 0; i < mdl_result_count(op); i++)
    if (mdl_has_uses(mdl_result(op, i)))
      MDL_BUG(ir->session, "%s is erased while its result is used",
              mdl_op_info(mdl_op(ir, op))->mlir);
  mlirOperationDestroy(op);
}

void mdl_move_before(MlirOperation op, MlirOperation before) { mlirOperationMoveBefore(op, before); }

MlirValue mdl_add_arg(MdlIr *ir, MlirBlock block, MlirType type, const char *name, MlirLocation at)
{
  return mlirBlockAddArgument(block, type, mdl_location_named(ir, at, name));
}

void mdl_erase_arg(MlirBlock block, int i) { mlirBlockEraseArgument(block, (unsigned)i); }

MlirValue mdl_map_value_get(const MdlMap *values, MlirValue value)
{
  const void *found = mdl_map_get(values, value.ptr);
  return found ? (MlirValue){found} : value;
}

void mdl_map_value_set(MdlMap *values, MlirValue from, MlirValue to)
{
  mdl_map_set(values, from.ptr, (void *)to.ptr);
}

/* Single-block regions only: mdl form has no others. */
static MlirRegion clone_region(MdlBuilder *b, MlirRegion region, MdlMap *values, MdlTypeFn *fn,
                               void *user)
{
  MlirRegion copy = mlirRegionCreate();
  MlirBlock from = mlirRegionGetFirstBlock(region);
  if (mlirBlockIsNull(from)) return copy;
  MlirBlock to = mlirBlockCreate(0, NULL, NULL);
  mlirRegionAppendOwnedBlock(copy, to);
  for (int i = 0; i < mdl_arg_count(from); i++) {
    MlirValue arg = mdl_arg(from, i);
    MlirType type = mlirValueGetType(arg);
    if (fn) type = fn(user, type);
    mdl_map_value_set(values, arg, mlirBlockAddArgument(to, type, mlirValueGetLocation(arg)));
  }
  MdlBuilder inner = mdl_builder_at_end(b->ir, to, b->at);
  for (MlirOperation op = mdl_first(from); !mdl_is_null(op); op = mdl_next(op))
    mdl_clone_op(&inner, op, values, fn, user);
  return copy;
}

MlirOperation mdl_clone_op(MdlBuilder *b, MlirOperation op, MdlMap *values, MdlTypeFn *fn,
                           void *user)
{
  MlirOperationState state = mlirOperationStateGet(mlirIdentifierStr(mlirOperationGetName(op)),
                                                   mlirOperationGetLocation(op));
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MlirValue operand = mdl_map_value_get(values, mdl_operand(op, i));
    mlirOperationStateAddOperands(&state, 1, &operand);
  }
  for (int i = 0; i < mdl_result_count(op); i++) {
    MlirType type = mlirValueGetType(mdl_result(op, i));
    if (fn) type = fn(user, type);
    mlirOperationStateAddResults(&state, 1, &type);
  }
  for (intptr_t i = 0; i < mlirOperationGetNumAttributes(op); i++) {
    MlirNamedAttribute attr = mlirOperationGetAttribute(op, i);
    mlirOperationStateAddAttributes(&state, 1, &attr);
  }
  for (int i = 0; i < mdl_region_count(op); i++) {
    MlirRegion region = clone_region(b, mlirOperationGetRegion(op, i), values, fn, user);
    mlirOperationStateAddOwnedRegions(&state, 1, &region);
  }
  MlirOperation copy = mdl_insert(b, &state);
  for (int i = 0; i < mdl_result_count(op); i++)
    mdl_map_value_set(values, mdl_result(op, i), mdl_result(copy, i));
  return copy;
}

int mdl_clone_body(MdlBuilder *b, MlirBlock from, MdlMap *values, MlirValue *out)
{
  MlirOperation end = mdl_terminator(from);
  for (MlirOperation op = mdl_first(from); !mdl_same_op(op, end); op = mdl_next(op))
    mdl_clone_op(b, op, values, NULL, NULL);
  for (int i = 0; i < mdl_operand_count(end); i++)
    out[i] = mdl_map_value_get(values, mdl_operand(end, i));
  return mdl_operand_count(end);
}
