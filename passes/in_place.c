/* May a group write a result over an operand? */
#include "passes/phases.h"
#include "passes/plan.h"

/* Every path from the value to the group's results goes through ops that read where they write. */
static bool reads_in_place(MdlIr *ir, MlirValue value, MdlMap *seen)
{
  MlirOperation owner;
  int operand;
  if (mdl_map_has(seen, value.ptr)) return true; /* asked already: false ends it all */
  mdl_map_set(seen, value.ptr, (void *)value.ptr);
  for (int i = 0; mdl_use(value, i, &owner, &operand); i++) {
    MdlOp kind = mdl_op(ir, owner);
    if (kind == MDL_OP_return) continue;
    MdlClass class = kind < MDL_OP_COUNT ? mdl_op_info(kind)->class : MDL_CLASS_core;
    bool update = operand == 0 && (kind == MDL_OP_dynamic_update || class == MDL_CLASS_scatter);
    if (class != MDL_CLASS_map && !update) return false;
    if (!reads_in_place(ir, mdl_result(owner, 0), seen)) return false;
  }
  return true;
}

bool mdl_group_may_update(MdlIr *ir, MlirOperation group, int result, int operand)
{
  MlirBlock body = mdl_body(group, 0);
  MlirOperation end = mdl_terminator(body);
  MlirValue to = mdl_operand(end, result), from = mdl_arg(body, operand);
  if (!mdl_type_equal(mdl_type_of(ir, to), mdl_type_of(ir, from))) return false;
  if (mdl_is_rows(group)) {
    MdlPhases phases = mdl_phases_read_plain(ir, group);
    return mdl_phases_may_update(&phases, result, operand);
  }
  return reads_in_place(ir, from, mdl_map_create(ir->arena));
}
