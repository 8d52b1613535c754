/* Calls of functions that are one op to a derivative: custom rules and remat. */
#include "passes/residual.h"

static MlirOperation rule_of(MdlDerive *d, MlirOperation call, const char *kind)
{
  MlirOperation callee = mdl_callee(d->ir, d->pass->symbols, call);
  const char *name = mdl_op_text(d->ir, callee, kind);
  if (!name) return (MlirOperation){NULL};
  MlirOperation rule = mdl_symbol(d->ir, d->pass->symbols, name);
  if (mdl_is_null(rule)) MDL_BUG(d->ir->session, "no rule `%s`", name);
  return rule;
}

static void no_forward(MdlDerive *d, MlirOperation call)
{
  if (d->failed) return;
  d->failed = true;
  MlirOperation callee = mdl_callee(d->ir, d->pass->symbols, call);
  MlirOperation rule = rule_of(d, call, "mdl.vjp");
  MdlReport *report = mdl_error(d->ir->session, MDL_E0711, mdl_span_of(d->ir, rule),
                                mdl_op_text(d->ir, callee, "sym_name"));
  mdl_also(report, mdl_span_of(d->ir, d->recipe), "asked for here");
  mdl_help(report, "a `jvp` rule serves both modes");
}

static void linearize_rule(MdlForward *f, MlirOperation call, MlirOperation rule)
{
  int args = mdl_operand_count(call), count = 0, results = mdl_result_count(call);
  MlirValue *arg = MDL_NEW(f->ir->arena, MlirValue, (size_t)(2 * args + results));
  MlirValue *out = arg + 2 * args;
  for (int i = 0; i < args; i++) arg[count++] = mdl_operand(call, i);
  for (int i = 0; i < args; i++)
    if (mdl_is_float_value(f->ir, arg[i])) arg[count++] = mdl_tangent_dense(f, arg[i]);
  mdl_copy_inlined(f->d, &f->b, rule, arg, out);
  for (int i = 0, k = 0; i < results; i++)
    if (mdl_is_float_value(f->ir, mdl_result(call, i)))
      mdl_tangent_set(f, mdl_result(call, i), out[k++]);
}

/* remat means nothing to forward mode, which keeps nothing for later: the body in place of the call,
 * linearized as it stands. What uses the call uses the body from here on. */
static void linearize_body(MdlForward *f, MlirOperation call)
{
  MlirOperation callee = mdl_callee(f->ir, f->d->pass->symbols, call);
  int args = mdl_operand_count(call), results = mdl_result_count(call);
  MlirValue *arg = MDL_NEW(f->ir->arena, MlirValue, (size_t)(args + results));
  for (int i = 0; i < args; i++) arg[i] = mdl_operand(call, i);
  MlirOperation from = mdl_build_yield(&f->b, 0, NULL);
  mdl_copy_inlined(f->d, &f->b, callee, arg, arg + args);
  MlirOperation to = mdl_build_yield(&f->b, 0, NULL);
  MdlBuilder after = f->b;
  MlirOperation *ops = NULL;
  int count = 0, room = 0;
  for (MlirOperation op = mdl_next(from);; op = mdl_next(op)) {
    MDL_GROW(f->ir->arena, ops, count, room);
    ops[count++] = op;
    if (mdl_same_op(op, to)) break;
  }
  MlirOperation results_of = mdl_build_yield(&f->b, results, arg + args);
  for (int i = 0; i + 1 < count && !f->d->failed; i++) {
    f->b = mdl_builder_before(f->ir, ops[i + 1]);
    f->b.at = mdl_place_of(f->ir, ops[i]);
    mdl_linearize_op(f, ops[i]);
  }
  f->b = after;
  for (int i = 0; i < results; i++) mdl_replace(mdl_result(call, i), mdl_operand(results_of, i));
  mdl_erase(f->ir, results_of);
  mdl_erase(f->ir, to);
  mdl_erase(f->ir, from);
  mdl_erase(f->ir, call);
}

void mdl_linearize_call(MdlForward *f, MlirOperation call)
{
  MlirOperation rule = rule_of(f->d, call, "mdl.jvp");
  if (!mdl_is_null(rule))
    linearize_rule(f, call, rule);
  else if (!mdl_is_null(rule_of(f->d, call, "mdl.vjp")))
    no_forward(f->d, call);
  else
    linearize_body(f, call);
}

/* ---- reverse ----------------------------------------------------------------------------- */

static MlirValue take_dense(MdlReverse *r, MlirValue value)
{
  MlirValue g = mdl_cotangent_take(r, value, NULL);
  return g.ptr ? g : mdl_zero(r->ir, &r->b, value);
}

static void transpose_rule(MdlReverse *r, MlirOperation call, MlirOperation rule)
{
  int args = mdl_operand_count(call), results = mdl_result_count(call), count = 0;
  MlirValue *arg = MDL_NEW(r->ir->arena, MlirValue, (size_t)(2 * args + results));
  MlirValue *out = arg + args + results;
  for (int i = 0; i < args; i++) arg[count++] = mdl_operand(call, i);
  for (int i = 0; i < results; i++)
    if (mdl_is_float_value(r->ir, mdl_result(call, i)))
      arg[count++] = take_dense(r, mdl_result(call, i));
  mdl_copy_inlined(r->d, &r->b, rule, arg, out);
  for (int i = 0, k = 0; i < args; i++)
    if (mdl_is_float_value(r->ir, mdl_operand(call, i))) mdl_give(r, call, i, out[k++]);
}

/* What is computed again is marked, or cse would find it equal to the first time and keep that
 * alive instead. */
static bool mark_again(void *user, MlirOperation op)
{
  if (mdl_op(user, op) < MDL_OP_COUNT) mdl_op_set_unit(user, op, "mdl.again");
  return true;
}

/* remat: the body again, here, and its own sweep. */
static void transpose_body(MdlReverse *r, MlirOperation call)
{
  MlirOperation callee = mdl_callee(r->ir, r->d->pass->symbols, call);
  int args = mdl_operand_count(call), results = mdl_result_count(call);
  MlirValue *arg = MDL_NEW(r->ir->arena, MlirValue, (size_t)(args + results));
  for (int i = 0; i < args; i++) arg[i] = mdl_operand(call, i);
  MlirOperation mark = mdl_build_yield(&r->b, 0, NULL), *ops = NULL;
  mdl_copy_inlined(r->d, &r->b, callee, arg, arg + args);
  int count = 0, room = 0;
  for (MlirOperation op = mdl_next(mark); !mdl_is_null(op); op = mdl_next(op)) {
    MDL_GROW(r->ir->arena, ops, count, room);
    ops[count++] = op;
    mdl_varied_op(r->d, op, r->varied);
  }
  for (int i = 0; i < results; i++) {
    MlirValue g = mdl_cotangent_take(r, mdl_result(call, i), NULL);
    if (g.ptr) mdl_cotangent_add(r, arg[args + i], g, (MdlMask){0, NULL});
  }
  for (int i = 0; i < count; i++) mdl_walk(ops[i], mark_again, r->ir);
  mdl_transpose_ops(r, count, ops);
  mdl_drop_effects(r->ir, count, ops);
  mdl_erase(r->ir, mark);
}

void mdl_transpose_call(MdlReverse *r, MlirOperation call)
{
  MlirOperation rule = rule_of(r->d, call, "mdl.vjp");
  if (!mdl_is_null(rule_of(r->d, call, "mdl.jvp")))
    mdl_transpose_by_jvp(r, call);
  else if (!mdl_is_null(rule))
    transpose_rule(r, call, rule);
  else
    transpose_body(r, call);
}
