/* The carried values of loops and branches: changing how many there are. */
#include "ir/build.h"

void mdl_set_operands(MlirOperation op, int count, const MlirValue *values)
{
  mlirOperationSetOperands(op, count, values);
}

int mdl_slots_at(MdlIr *ir, MlirOperation op)
{
  switch ((int)mdl_op(ir, op)) {
  case MDL_OP_for:
    return 3;
  case MDL_OP_if:
    return 1;
  case MDL_OP_condition:
    return 1;
  default:
    return 0;
  }
}

/* Block arguments that stand before the carried ones. */
static int args_at(MdlIr *ir, MlirOperation op) { return mdl_op(ir, op) == MDL_OP_for ? 1 : 0; }

/* Operands up to the slots, then those of kept slots. */
static void keep_operands(MdlIr *ir, MlirOperation op, MlirOperationState *state, const bool *keep)
{
  int at = mdl_slots_at(ir, op), count = mdl_operand_count(op);
  for (int i = 0; i < count; i++) {
    MlirValue operand = mdl_operand(op, i);
    if (i < at || keep[i - at]) mlirOperationStateAddOperands(state, 1, &operand);
  }
}

MlirOperation mdl_keep_slots(MdlIr *ir, MlirOperation op, const bool *keep)
{
  MdlBuilder b = mdl_builder_before(ir, op);
  MlirOperationState state = mdl_state(&b, mdl_op(ir, op));
  int results = mdl_result_count(op);
  keep_operands(ir, op, &state, keep);
  for (int i = 0; i < results; i++) {
    MlirType type = mlirValueGetType(mdl_result(op, i));
    if (keep[i]) mlirOperationStateAddResults(&state, 1, &type);
  }
  for (intptr_t i = 0; i < mlirOperationGetNumAttributes(op); i++) {
    MlirNamedAttribute attr = mlirOperationGetAttribute(op, i);
    mlirOperationStateAddAttributes(&state, 1, &attr);
  }
  for (int r = 0; r < mdl_region_count(op); r++) {
    MlirBlock body = mdl_body(op, r);
    for (int i = results - 1; i >= 0 && body.ptr && mdl_op(ir, op) != MDL_OP_if; i--)
      if (!keep[i]) mdl_erase_arg(body, args_at(ir, op) + i);
    MlirRegion region = mlirRegionCreate();
    mlirRegionTakeBody(region, mlirOperationGetRegion(op, r));
    mlirOperationStateAddOwnedRegions(&state, 1, &region);
  }
  MlirOperation now = mdl_insert(&b, &state);
  mdl_op_unset(now, "mdl.names");
  for (int i = 0, k = 0; i < results; i++) {
    if (!keep[i]) continue;
    const char *name = mdl_value_name(ir, mdl_result(op, i));
    if (name) mdl_value_set_name(ir, mdl_result(now, k), name);
    mdl_replace(mdl_result(op, i), mdl_result(now, k++));
  }
  mdl_erase(ir, op);
  return now;
}
