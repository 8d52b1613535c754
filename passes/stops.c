#include "passes/reach.h"

#include "ir/recipe.h"

/* Drop stop_grad where no derivative will be taken any more. Needs: mdl form. Keeps: functions that
 * a recipe can reach. Leaves: no stop_grad in the others. */
bool mdl_pass_stops(MdlPass *pass, MlirOperation none)
{
  (void)none;
  MdlIr *ir = pass->ir;
  MdlMap *derived = mdl_map_create(ir->arena);
  MlirOperation *op = NULL;
  int count = mdl_list(ir, mdl_module_body(pass->module), &op);
  for (int i = 0; i < count; i++)
    if (mdl_is_recipe(op[i])) mdl_reach(pass, op[i], derived);
  for (int i = 0; i < count; i++) {
    if (mdl_map_has(derived, op[i].ptr)) continue;
    MlirOperation *stop;
    int stops = mdl_list_kind(ir, op[i], MDL_OP_stop_grad, &stop);
    for (int k = 0; k < stops; k++) {
      mdl_replace(mdl_result(stop[k], 0), mdl_operand(stop[k], 0));
      mdl_erase(ir, stop[k]);
      pass->changed = true;
    }
  }
  return true;
}
