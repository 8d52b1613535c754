#include "passes/entry.h"
#include "passes/group.h"
#include "passes/reach.h"

/* Groups and entries become loop form: what C, CUDA and LLVM print. Needs: group form with places.
 * Keeps: order, signatures. Leaves: for each group and entry one function of ir/loop.h, nothing of
 * mdl. */
bool mdl_pass_loops(MdlPass *pass, MlirOperation none)
{
  (void)none;
  MlirOperation *op;
  MdlMap *groups = mdl_map_create(pass->ir->arena);
  int count = mdl_list(pass->ir, mdl_module_body(pass->module), &op);
  for (int i = 0; i < count; i++) {
    if (!mdl_is_group(op[i])) continue;
    const char *symbol = mdl_op_text(pass->ir, op[i], "sym_name");
    MlirOperation made = mdl_group_lower(pass, op[i]);
    if (mdl_is_null(made)) return false;
    mdl_map_set(groups, mdl_intern_text(pass->ir->arena, symbol), (void *)made.ptr);
  }
  for (int i = 0; i < count; i++)
    if (mdl_is_entry(op[i])) mdl_entry_lower(pass, op[i], groups);
  for (int i = 0; i < count; i++) mdl_erase(pass->ir, op[i]);
  for (MlirOperation f = mdl_first(mdl_module_body(pass->module)); !mdl_is_null(f); f = mdl_next(f))
    if (mdl_op(pass->ir, f) == MDL_OP_func && mdl_body(f, 0).ptr)
      mdl_loop_dce(pass->ir, mdl_body(f, 0));
  pass->symbols = mdl_symbols(pass->ir, pass->module);
  mdl_drop_unreached(pass); /* maths that only a loop over nothing called */
  return true;
}
