#include "passes/reach.h"

#include <string.h>

void mdl_drop_unreached(MdlPass *pass)
{
  MlirOperation *op = NULL;
  int count = mdl_list(pass->ir, mdl_module_body(pass->module), &op);
  MdlMap *reached = mdl_map_create(pass->ir->arena);
  for (int i = 0; i < count; i++) {
    const char *visibility = mdl_op_text(pass->ir, op[i], "sym_visibility");
    if (!visibility || strcmp(visibility, "private")) mdl_reach(pass, op[i], reached);
  }
  for (int i = 0; i < count; i++) {
    if (mdl_map_has(reached, op[i].ptr) || mdl_op(pass->ir, op[i]) != MDL_OP_func) continue;
    mdl_erase(pass->ir, op[i]);
    pass->changed = true;
  }
}

/* Drop private functions that no entry leads to. Needs: mdl form. Keeps: order. Leaves: entries and
 * what they reach through calls, recipes and rules. */
bool mdl_pass_prune(MdlPass *pass, MlirOperation none)
{
  (void)none;
  mdl_drop_unreached(pass);
  return true;
}
