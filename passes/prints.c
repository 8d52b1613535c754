#include "passes/pass.h"

/* For a GPU, which has no way to the outside while it runs: drop print, with a warning at its
 * place. Needs: mdl form, no function that no entry leads to, so that only a print that would run
 * is warned of. Keeps: other machines' prints. Leaves: what only a print needed, for dce. */
bool mdl_pass_prints(MdlPass *pass, MlirOperation func)
{
  const MdlMachine *machine = pass->options->machine;
  if (!machine || !machine->warp) return true;
  MlirOperation *print;
  int count = mdl_list_kind(pass->ir, func, MDL_OP_print, &print);
  for (int i = 0; i < count; i++) {
    mdl_warning(pass->ir->session, MDL_W110, mdl_span_of(pass->ir, print[i]), "a GPU");
    mdl_erase(pass->ir, print[i]);
    pass->changed = true;
  }
  return true;
}
