/* The derive pass: gives recipes their bodies. */
#include "passes/derive.h"

#include "passes/reach.h"
#include "passes/vmap.h"

/* ---- readiness --------------------------------------------------------------------------- */

bool mdl_recipe_is_ready(MdlPass *pass, MlirOperation recipe)
{
  MdlRecipe r = mdl_recipe_read(pass->ir, recipe);
  MdlMap *reached = mdl_map_create(pass->ir->arena);
  MlirOperation of = mdl_symbol(pass->ir, pass->symbols, r.of);
  if (mdl_is_null(of)) MDL_BUG(pass->ir->session, "a recipe of `%s`, which is not there", r.of);
  mdl_reach(pass, of, reached);
  for (int i = 0; i < mdl_map_count(reached); i++)
    if (!mdl_body((MlirOperation){(void *)mdl_map_key(reached, i)}, 0).ptr) return false;
  return true;
}

/* ---- bodies in place of calls ------------------------------------------------------------ */

static bool is_plain(MlirOperation func)
{
  static const char *const special[] = {"mdl.jvp", "mdl.vjp", "mdl.remat"};
  for (int i = 0; i < 3; i++)
    if (mdl_op_has(func, special[i])) return false;
  return mdl_body(func, 0).ptr;
}

typedef struct Calls {
  MdlDerive *d;
  int count, room;
  MlirOperation *call;
} Calls;

static bool add_plain_call(void *user, MlirOperation op)
{
  Calls *c = user;
  if (mdl_op(c->d->ir, op) != MDL_OP_call) return true;
  MlirOperation callee = mdl_callee(c->d->ir, c->d->pass->symbols, op);
  if (mdl_is_null(callee) || !is_plain(callee)) return true;
  MDL_GROW(c->d->ir->arena, c->call, c->count, c->room);
  c->call[c->count++] = op;
  return true;
}

static void inline_calls(MdlDerive *d, MlirOperation op)
{
  Calls calls = {.d = d};
  mdl_walk(op, add_plain_call, &calls);
  for (int i = 0; i < calls.count; i++) {
    MlirOperation call = calls.call[i];
    int args = mdl_operand_count(call), results = mdl_result_count(call);
    MlirValue *arg = MDL_NEW(d->ir->arena, MlirValue, (size_t)args);
    MlirValue *out = MDL_NEW(d->ir->arena, MlirValue, (size_t)results);
    for (int k = 0; k < args; k++) arg[k] = mdl_operand(call, k);
    MdlBuilder b = mdl_builder_before(d->ir, call);
    mdl_copy_inlined(d, &b, mdl_callee(d->ir, d->pass->symbols, call), arg, out);
    for (int k = 0; k < results; k++) mdl_replace(mdl_result(call, k), out[k]);
    mdl_erase(d->ir, call);
  }
}

void mdl_copy_inlined(MdlDerive *d, MdlBuilder *b, MlirOperation func, const MlirValue *arg,
                      MlirValue *out)
{
  MlirBlock body = mdl_body(func, 0);
  MlirOperation end = mdl_terminator(body);
  MdlMap *values = mdl_map_create(d->ir->arena);
  for (int i = 0; i < mdl_arg_count(body); i++) mdl_map_value_set(values, mdl_arg(body, i), arg[i]);
  for (MlirOperation op = mdl_first(body); !mdl_same_op(op, end); op = mdl_next(op)) {
    MlirOperation callee = {NULL};
    if (mdl_op(d->ir, op) == MDL_OP_call) callee = mdl_callee(d->ir, d->pass->symbols, op);
    if (mdl_is_null(callee) || !is_plain(callee)) {
      inline_calls(d, mdl_clone_op(b, op, values, NULL, NULL));
      continue;
    }
    int args = mdl_operand_count(op), results = mdl_result_count(op);
    MlirValue *inner = MDL_NEW(d->ir->arena, MlirValue, (size_t)(args + results));
    for (int i = 0; i < args; i++) inner[i] = mdl_map_value_get(values, mdl_operand(op, i));
    mdl_copy_inlined(d, b, callee, inner, inner + args);
    for (int i = 0; i < results; i++) mdl_map_value_set(values, mdl_result(op, i), inner[args + i]);
  }
  for (int i = 0; i < mdl_operand_count(end); i++)
    out[i] = mdl_map_value_get(values, mdl_operand(end, i));
}

/* ---- filling ----------------------------------------------------------------------------- */

/* The function's own ops, or a call of it when it has a rule of its own. */
static void copy_primal(MdlDerive *d, MdlBuilder *b, MlirOperation func, const MlirValue *arg,
                        MlirValue *out)
{
  if (is_plain(func)) {
    mdl_copy_inlined(d, b, func, arg, out);
    return;
  }
  MlirOperation call = mdl_build_call(b, func, arg);
  for (int i = 0; i < mdl_result_count(call); i++) out[i] = mdl_result(call, i);
}

/* Arguments are named as in f; tangents (and cotangents) after what they belong to. */
static void name_args(MdlDerive *d, MlirBlock body, MlirOperation func, const MdlRecipe *recipe)
{
  MdlIr *ir = d->ir;
  int args = mdl_func_args(func);
  bool forward = recipe->kind == MDL_RECIPE_jvp;
  MlirBlock from = mdl_body(func, 0);
  for (int i = 0; i < args; i++) {
    const char *name = mdl_value_name(ir, mdl_arg(from, i));
    if (name) mdl_value_set_name(ir, mdl_arg(body, i), name);
  }
  for (int i = 0; forward && i < recipe->wrts; i++) {
    const char *name = mdl_value_name(ir, mdl_arg(from, (int)recipe->wrt[i]));
    if (!name) continue;
    mdl_value_set_name(ir, mdl_arg(body, args + i), mdl_text(ir->arena, "d%s", name));
  }
}

/* (arguments, tangents) -> (results, tangents) */
static void fill_jvp(MdlDerive *d, MlirOperation func, MlirOperation of, const MdlRecipe *recipe)
{
  MlirBlock body = mdl_body(func, 0);
  int args = mdl_func_args(of), results = mdl_func_results(of);
  MlirValue *value = MDL_NEW(d->ir->arena, MlirValue, (size_t)(args + results + recipe->outs));
  MlirValue *out = value + args;
  for (int i = 0; i < args; i++) value[i] = mdl_arg(body, i);
  MdlBuilder b = mdl_builder_at_end(d->ir, body, mdl_place_of(d->ir, func));
  copy_primal(d, &b, of, value, out);
  MdlForward f = {d, d->ir, b, mdl_map_create(d->ir->arena)};
  for (int i = 0; i < recipe->wrts; i++)
    mdl_map_set(f.tangent, value[recipe->wrt[i]].ptr, (void *)mdl_arg(body, args + i).ptr);
  /* The return comes first, so that loops made anew are followed by what uses them. */
  MlirOperation end = mdl_build_return(&b, results, out);
  mdl_linearize_block(&f, body);
  for (int i = 0; i < results; i++) out[i] = mdl_operand(end, i);
  f.b = mdl_builder_before(d->ir, end);
  f.b.at = b.at;
  for (int i = 0; i < recipe->outs; i++)
    out[results + i] = mdl_tangent_dense(&f, out[recipe->out[i]]);
  mdl_build_return(&f.b, results + recipe->outs, out);
  mdl_erase(d->ir, end);
}

/* W106: most often a value that went through an integer, a comparison or stop_grad. */
static void warn_zero(MdlDerive *d, MlirValue x)
{
  MdlSpan at = mdl_span_of(d->ir, d->recipe);
  const char *name = mdl_value_name(d->ir, x);
  if (!name || at.file < 0 || d->ir->session->files[at.file].is_std) return;
  mdl_warning(d->ir->session, MDL_W106, at, name);
}

/* (arguments, cotangents) -> (results, cotangents) */
static void fill_vjp(MdlDerive *d, MlirOperation func, MlirOperation of, const MdlRecipe *recipe)
{
  MlirBlock body = mdl_body(func, 0);
  MdlArena *arena = d->ir->arena;
  int args = mdl_func_args(of), results = mdl_func_results(of);
  MlirValue *value = MDL_NEW(arena, MlirValue, (size_t)(args + results + recipe->wrts));
  MlirValue *out = value + args;
  for (int i = 0; i < args; i++) value[i] = mdl_arg(body, i);
  MdlBuilder b = mdl_builder_at_end(d->ir, body, mdl_place_of(d->ir, func));
  copy_primal(d, &b, of, value, out);
  MdlReverse r = {.d = d, .ir = d->ir, .b = b};
  r.varied = mdl_map_create(arena);
  r.parts = mdl_map_create(arena);
  r.replaced = mdl_map_create(arena);
  for (int i = 0; i < recipe->wrts; i++) mdl_map_set(r.varied, value[recipe->wrt[i]].ptr, d);
  MlirOperation *ops = NULL;
  int count = mdl_list(d->ir, body, &ops);
  mdl_varied_block(d, body, r.varied);
  for (int i = 0; i < recipe->outs; i++) {
    MlirValue g = mdl_arg(body, args + i), of_it = out[recipe->out[i]];
    mdl_cotangent_add(&r, of_it, g, (MdlMask){0, NULL});
    const char *name = mdl_value_name(d->ir, of_it);
    mdl_value_set_name(d->ir, g, mdl_text(arena, "g%s", name ? name : "out"));
  }
  mdl_transpose_ops(&r, count, ops);
  r.b.at = b.at;
  for (int i = 0; i < recipe->wrts; i++) {
    MlirValue x = value[recipe->wrt[i]], g = mdl_cotangent_take(&r, x, NULL);
    out[results + i] = g.ptr ? g : mdl_zero(d->ir, &r.b, x);
    if (!g.ptr && !d->failed) warn_zero(d, x);
  }
  mdl_build_return(&r.b, results + recipe->wrts, out);
  mdl_transpose_end(&r);
}

static void fill(MdlDerive *d, MlirOperation func)
{
  MdlRecipe recipe = mdl_recipe_read(d->ir, func);
  d->recipe = func;
  if (recipe.kind == MDL_RECIPE_vmap) {
    if (!mdl_vmap_fill(d->pass, func)) d->failed = true;
    return;
  }
  MlirOperation of = mdl_symbol(d->ir, d->pass->symbols, recipe.of);
  mdl_func_define(d->ir, func);
  name_args(d, mdl_body(func, 0), of, &recipe);
  if (recipe.kind == MDL_RECIPE_jvp)
    fill_jvp(d, func, of, &recipe);
  else
    fill_vjp(d, func, of, &recipe);
}

/* ---- the pass ---------------------------------------------------------------------------- */

static void check_rule(MdlDerive *d, MlirOperation func)
{
  const char *rule = mdl_op_text(d->ir, func, "mdl.jvp");
  if (!rule || mdl_op_has(func, "mdl.linear")) return;
  MlirOperation is = mdl_symbol(d->ir, d->pass->symbols, rule);
  if (mdl_is_null(is)) MDL_BUG(d->ir->session, "no rule `%s`", rule);
  MdlMap *reached = mdl_map_create(d->ir->arena);
  mdl_reach(d->pass, is, reached);
  for (int i = 0; i < mdl_map_count(reached); i++)
    if (!mdl_body((MlirOperation){(void *)mdl_map_key(reached, i)}, 0).ptr) return;
  if (!mdl_check_linear(d, func, is)) d->failed = true;
  mdl_op_set_unit(d->ir, func, "mdl.linear");
}

/* Give every recipe its body for which all functions that it needs have theirs; the driver repeats
 * until none is left. Needs: mdl form. Keeps: every other function. Leaves: no recipe that was
 * ready; new bodies still want dce and simplify. */
bool mdl_pass_derive(MdlPass *pass, MlirOperation none)
{
  (void)none;
  MdlIr *ir = pass->ir;
  MdlDerive d = {.pass = pass, .ir = ir};
  d.partials = MDL_NEW(ir->arena, const MdlFormula *, MDL_OP_ALL);
  MlirOperation *op = NULL, *ready = NULL;
  int count = mdl_list(ir, mdl_module_body(pass->module), &op), found = 0;
  ready = MDL_NEW(ir->arena, MlirOperation, (size_t)count);
  for (int i = 0; i < count && !d.failed; i++) {
    if (mdl_op(ir, op[i]) != MDL_OP_func) continue;
    check_rule(&d, op[i]);
    if (mdl_is_recipe(op[i]) && mdl_recipe_is_ready(pass, op[i])) ready[found++] = op[i];
  }
  for (int i = 0; i < found && !d.failed; i++) fill(&d, ready[i]);
  if (found) pass->changed = true;
  return !d.failed;
}
