/* Values of loop form that nobody uses: nests pull more than a result sometimes needs. */
#include "passes/entry.h"

static bool has_effect(MlirOperation op)
{
  switch (mdl_loop_op(op)) {
  case MDL_LOOP_store:
  case MDL_LOOP_vstore:
  case MDL_LOOP_copy:
  case MDL_LOOP_none: return true;
  default: return false;
  }
}

/* Nothing in it but the terminator, and no results. */
static bool is_empty(MdlIr *ir, MlirOperation op)
{
  MdlOp kind = mdl_op(ir, op);
  if (kind != MDL_OP_for && kind != MDL_OP_if) return false;
  if (mdl_result_count(op)) return false;
  for (int i = 0; i < mdl_region_count(op); i++) {
    MlirBlock body = mdl_body(op, i);
    if (body.ptr && !mdl_same_op(mdl_first(body), mdl_terminator(body))) return false;
  }
  return true;
}

void mdl_loop_dce(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = count; i-- > 0;) {
    bool used = has_effect(op[i]);
    for (int j = 0; j < mdl_region_count(op[i]); j++)
      if (mdl_body(op[i], j).ptr) mdl_loop_dce(ir, mdl_body(op[i], j));
    if (is_empty(ir, op[i])) used = false;
    for (int j = 0; j < mdl_result_count(op[i]); j++) used |= mdl_has_uses(mdl_result(op[i], j));
    if (!used) mdl_erase(ir, op[i]);
  }
}
