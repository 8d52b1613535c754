#include "passes/reach.h"

#include "ir/recipe.h"

typedef struct Stops {
  MdlIr *ir;
  int count, room;
  MlirOperation *op;
} Stops;

static bool add_stop(void *user, MlirOperation op)
{
  Stops *s = user;
  if (mdl_op(s->ir, op) != MDL_OP_stop_grad) return true;
  MDL_GROW(s->ir->arena, s->op, s->count, s->room);
  s->op[s->count++] = op;
  return true;
}

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
    Stops stops = {.ir = ir};
    mdl_walk(op[i], add_stop, &stops);
    for (int k = 0; k < stops.count; k++) {
      mdl_replace(mdl_result(stops.op[k], 0), mdl_operand(stops.op[k], 0));
      mdl_erase(ir, stops.op[k]);
      pass->changed = true;
    }
  }
  return true;
}
