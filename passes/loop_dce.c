/* What loop form does for nobody: values without a use (nests pull more than a result sometimes
 * needs), loops over empty axes. */
#include "passes/entry.h"

#include "passes/extent.h"

/* A function that is handed no memory is nothing but its value. */
static bool is_pure_call(MdlIr *ir, MlirOperation op)
{
  if (mdl_op(ir, op) != MDL_OP_call || !mdl_result_count(op)) return false;
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (mdl_loop_type_of(ir, mdl_operand(op, i)).kind == MDL_LOOP_memory) return false;
  return true;
}

static bool has_effect(MdlIr *ir, MlirOperation op)
{
  if (is_pure_call(ir, op)) return false;
  switch (mdl_loop_op(op)) {
  case MDL_LOOP_store:
  case MDL_LOOP_vstore:
  case MDL_LOOP_copy:
  case MDL_LOOP_barrier:
  case MDL_LOOP_none: return true;
  default: return false;
  }
}

/* A loop that ends or a branch, in which nothing happens and whose results nobody wants. */
static bool is_empty(MdlIr *ir, MlirOperation op)
{
  MdlOp kind = mdl_op(ir, op);
  if (kind != MDL_OP_for && kind != MDL_OP_if) return false;
  for (int i = 0; i < mdl_result_count(op); i++)
    if (mdl_has_uses(mdl_result(op, i))) return false;
  for (int i = 0; i < mdl_region_count(op); i++) {
    MlirBlock body = mdl_body(op, i);
    MlirOperation end = body.ptr ? mdl_terminator(body) : (MlirOperation){NULL};
    MlirOperation inside = body.ptr ? mdl_first(body) : end;
    for (; !mdl_is_null(inside) && !mdl_same_op(inside, end); inside = mdl_next(inside))
      if (has_effect(ir, inside) && !is_empty(ir, inside)) return false;
  }
  return true;
}

/* No round at all, for certain: what it carries is what it starts with. */
static bool skips(MdlIr *ir, MlirOperation op)
{
  int64_t lo, hi;
  if (mdl_op(ir, op) != MDL_OP_for || !mdl_index_constant(mdl_operand(op, 0), &lo) ||
      !mdl_index_constant(mdl_operand(op, 1), &hi) || lo < hi)
    return false;
  for (int i = 0; i < mdl_result_count(op); i++)
    mdl_replace(mdl_result(op, i), mdl_operand(op, 3 + i));
  return true;
}

void mdl_loop_dce(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = count; i-- > 0;) {
    if (skips(ir, op[i])) {
      mdl_erase(ir, op[i]);
      continue;
    }
    bool used = has_effect(ir, op[i]);
    for (int j = 0; j < mdl_region_count(op[i]); j++)
      if (mdl_body(op[i], j).ptr) mdl_loop_dce(ir, mdl_body(op[i], j));
    if (is_empty(ir, op[i])) used = false;
    for (int j = 0; j < mdl_result_count(op[i]); j++) used |= mdl_has_uses(mdl_result(op[i], j));
    if (!used) mdl_erase(ir, op[i]);
  }
}
