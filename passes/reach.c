#include "passes/reach.h"

#include "ir/recipe.h"

static void reach_symbol(MdlPass *pass, const char *symbol, MdlMap *reached)
{
  MlirOperation func = {NULL};
  if (symbol) func = mdl_symbol(pass->ir, pass->symbols, symbol);
  if (!mdl_is_null(func)) mdl_reach(pass, func, reached);
}

typedef struct Reach {
  MdlPass *pass;
  MdlMap *reached;
} Reach;

static bool reach_callee(void *user, MlirOperation op)
{
  Reach *r = user;
  if (mdl_op(r->pass->ir, op) == MDL_OP_call)
    reach_symbol(r->pass, mdl_op_text(r->pass->ir, op, "callee"), r->reached);
  return true;
}

void mdl_reach(MdlPass *pass, MlirOperation func, MdlMap *reached)
{
  if (mdl_map_has(reached, func.ptr)) return;
  mdl_map_set(reached, func.ptr, func.ptr);
  static const char *const rules[] = {"mdl.jvp", "mdl.vjp"};
  for (int i = 0; i < 2; i++) reach_symbol(pass, mdl_op_text(pass->ir, func, rules[i]), reached);
  if (mdl_is_recipe(func)) reach_symbol(pass, mdl_op_text(pass->ir, func, "mdl.of"), reached);
  mdl_walk(func, reach_callee, &(Reach){pass, reached});
}

/* ---- effects ----------------------------------------------------------------------------- */

typedef struct Effects {
  MdlPass *pass;
  MdlMap *memo;
} Effects;

static bool func_has_effects(Effects *e, MlirOperation func);

static bool is_quiet(void *user, MlirOperation op)
{
  Effects *e = user;
  MdlOp kind = mdl_op(e->pass->ir, op);
  if (kind == MDL_OP_call)
    return !func_has_effects(e, mdl_callee(e->pass->ir, e->pass->symbols, op));
  return mdl_op_info(kind)->class != MDL_CLASS_effect;
}

static bool func_has_effects(Effects *e, MlirOperation func)
{
  enum { QUIET = 1, LOUD };
  intptr_t known = (intptr_t)mdl_map_get(e->memo, func.ptr);
  if (known) return known == LOUD;
  bool quiet;
  if (mdl_is_recipe(func)) {
    const char *of = mdl_op_text(e->pass->ir, func, "mdl.of");
    quiet = !func_has_effects(e, mdl_symbol(e->pass->ir, e->pass->symbols, of));
  } else {
    quiet = mdl_body(func, 0).ptr && mdl_walk(func, is_quiet, e);
  }
  mdl_map_set(e->memo, func.ptr, (void *)(intptr_t)(quiet ? QUIET : LOUD));
  return !quiet;
}

bool mdl_has_effects(MdlPass *pass, MlirOperation op, MdlMap *memo)
{
  return !mdl_walk(op, is_quiet, &(Effects){pass, memo});
}
