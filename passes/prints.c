#include "passes/pass.h"

typedef struct Prints {
  MdlIr *ir;
  int count, room;
  MlirOperation *op;
} Prints;

static bool add_print(void *user, MlirOperation op)
{
  Prints *p = user;
  if (mdl_op(p->ir, op) != MDL_OP_print) return true;
  MDL_GROW(p->ir->arena, p->op, p->count, p->room);
  p->op[p->count++] = op;
  return true;
}

/* For a GPU, which has no way to the outside while it runs: drop print, with a warning at its
 * place. Needs: mdl form, no function that no entry leads to, so that only a print that would run
 * is warned of. Keeps: other machines' prints. Leaves: what only a print needed, for dce. */
bool mdl_pass_prints(MdlPass *pass, MlirOperation func)
{
  const MdlMachine *machine = pass->options->machine;
  if (!machine || !machine->warp) return true;
  Prints prints = {.ir = pass->ir};
  mdl_walk(func, add_print, &prints);
  for (int i = 0; i < prints.count; i++) {
    mdl_warning(pass->ir->session, MDL_W110, mdl_span_of(pass->ir, prints.op[i]), "a GPU");
    mdl_erase(pass->ir, prints.op[i]);
    pass->changed = true;
  }
  return true;
}
