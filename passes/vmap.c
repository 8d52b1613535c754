/* vmap: lanes as a leading axis of the values that differ between them. */
#include "passes/vmap_rules.h"

#include "ir/recipe.h"
#include "passes/reach.h"
#include "passes/simplify.h"

#include <string.h>

/* ---- which values have lanes ------------------------------------------------------------- */

bool mdl_is_mapped(const MdlVmap *v, MlirValue value) { return mdl_map_has(v->mapped, value.ptr); }

static bool add(MdlVmap *v, MlirValue value)
{
  if (mdl_is_mapped(v, value)) return false;
  mdl_map_set(v->mapped, value.ptr, v);
  return true;
}

static bool mark_block(MdlVmap *v, MlirBlock block, bool masked);

/* Slot i of a loop: where its initial value, or what a terminator passes on, has lanes, all have.
 */
static bool mark_slots(MdlVmap *v, MlirOperation op, bool all)
{
  bool changed = false;
  MdlOp kind = mdl_op(v->ir, op);
  for (int i = 0; i < mdl_result_count(op); i++) {
    bool mapped = all;
    if (kind != MDL_OP_if) mapped |= mdl_is_mapped(v, mdl_operand(op, mdl_slots_at(v->ir, op) + i));
    for (int r = 0; r < mdl_region_count(op); r++) {
      MlirOperation end = mdl_terminator(mdl_body(op, r));
      mapped |= mdl_is_mapped(v, mdl_operand(end, mdl_slots_at(v->ir, end) + i));
    }
    if (!mapped) continue;
    changed |= add(v, mdl_result(op, i));
    for (int r = 0; r < mdl_region_count(op) && kind != MDL_OP_if; r++)
      changed |= add(v, mdl_arg(mdl_body(op, r), i + (kind == MDL_OP_for)));
  }
  return changed;
}

/* Do lanes part here: a branch or the number of rounds differs between them? */
static bool parts(MdlVmap *v, MlirOperation op, bool masked)
{
  switch ((int)mdl_op(v->ir, op)) {
  case MDL_OP_if:
    return mdl_is_mapped(v, mdl_operand(op, 0));
  case MDL_OP_for:
    return mdl_is_mapped(v, mdl_operand(op, 0)) || mdl_is_mapped(v, mdl_operand(op, 1));
  case MDL_OP_while: /* a round that no lane wants might be one of endlessly many */
    return masked || mdl_is_mapped(v, mdl_operand(mdl_terminator(mdl_body(op, 0)), 0));
  default:
    return false;
  }
}

static bool mark_op(MdlVmap *v, MlirOperation op, bool masked)
{
  bool changed = false, mapped = false;
  if (!mdl_region_count(op)) {
    mapped = masked && mdl_op(v->ir, op) == MDL_OP_call; /* its body may part */
    for (int i = 0; i < mdl_operand_count(op); i++) mapped |= mdl_is_mapped(v, mdl_operand(op, i));
    for (int i = 0; i < mdl_result_count(op) && mapped; i++) changed |= add(v, mdl_result(op, i));
    return changed;
  }
  for (int r = 0; r < mdl_region_count(op); r++)
    if (mdl_body(op, r).ptr)
      changed |= mark_block(v, mdl_body(op, r), masked || parts(v, op, masked));
  if (mdl_op(v->ir, op) == MDL_OP_for && mdl_is_mapped(v, mdl_operand(op, 0)))
    changed |= add(v, mdl_arg(mdl_body(op, 0), 0)); /* lanes start at their own index */
  return mark_slots(v, op, parts(v, op, masked)) || changed;
}

static bool mark_block(MdlVmap *v, MlirBlock block, bool masked)
{
  bool changed = false;
  MlirOperation end = mdl_terminator(block);
  for (MlirOperation op = mdl_first(block); !mdl_same_op(op, end); op = mdl_next(op))
    changed |= mark_op(v, op, masked);
  return changed;
}

void mdl_vmap_mark(MdlVmap *v, MlirBlock block, bool masked)
{
  while (mark_block(v, block, masked)) {
  }
}

/* ---- values ------------------------------------------------------------------------------ */

MdlType mdl_vmap_type(MdlVmap *v, const MdlType *type)
{
  MdlType with = {.dtype = type->dtype, .rank = type->rank + 1, .dim = {v->size}};
  memcpy(with.dim + 1, type->dim, (size_t)type->rank * sizeof *with.dim);
  return with;
}

MlirValue mdl_vmap_value(const MdlVmap *v, MlirValue value)
{
  return mdl_map_value_get(v->value, value);
}

MlirValue mdl_vmap_stretch(MdlVmap *v, MlirValue now)
{
  const MdlType *type = mdl_type_of(v->ir, now);
  MdlType with = mdl_vmap_type(v, type);
  int64_t dims[MDL_MAX_RANK];
  for (int i = 0; i < type->rank; i++) dims[i] = i + 1;
  return mdl_build_broadcast(&v->b, now, &with, type->rank, dims);
}

MlirValue mdl_vmap_lanes(MdlVmap *v, MlirValue value)
{
  MlirValue now = mdl_vmap_value(v, value);
  return mdl_is_mapped(v, value) ? now : mdl_vmap_stretch_held(v, now);
}

void mdl_vmap_set(MdlVmap *v, MlirValue value, MlirValue now)
{
  mdl_map_value_set(v->value, value, now);
  const char *name = mdl_value_name(v->ir, value);
  if (name && !mdl_value_name(v->ir, now)) mdl_value_set_name(v->ir, now, name);
}

MlirValue mdl_vmap_to_front(MdlVmap *v, MlirValue now, int from)
{
  int64_t perm[MDL_MAX_RANK];
  int rank = mdl_type_of(v->ir, now)->rank;
  for (int i = 0; i < rank; i++) perm[i] = i == 0 ? from : i <= from ? i - 1 : i;
  return from ? mdl_build_transpose(&v->b, now, perm) : now;
}

MlirValue mdl_vmap_spread(MdlVmap *v, MlirValue numbers, MlirValue like)
{
  const MdlType *shape = mdl_type_of(v->ir, like);
  if (shape->rank == 1) return numbers;
  MdlType type = mdl_type_with(shape, mdl_type_of(v->ir, numbers)->dtype);
  return mdl_build_broadcast(&v->b, numbers, &type, 1, (int64_t[]){0});
}

MlirValue mdl_vmap_choose(MdlVmap *v, MlirValue mask, MlirValue a, MlirValue b)
{
  if (mdl_same(a, b)) return a;
  return mdl_build(&v->b, MDL_OP_where, mdl_vmap_spread(v, mask, a), a, b);
}

/* ---- rules of the function --------------------------------------------------------------- */

static bool is_float(MdlIr *ir, MlirType type)
{
  return mdl_letter_fits('F', mdl_type_read(ir, type)->dtype);
}

static bool *mapped_args(MdlVmap *v, const MdlRecipe *recipe, int args)
{
  bool *mapped = MDL_NEW(v->ir->arena, bool, (size_t)args);
  for (int i = 0; i < recipe->wrts; i++) mapped[recipe->wrt[i]] = true;
  return mapped;
}

/* The vmap of a rule: the mapped arguments, and of what follows them the tangents of mapped ones
 * (jvp) or all cotangents (vjp) have lanes. */
static MlirOperation vmap_of_rule(MdlVmap *v, MlirOperation of, MlirOperation rule,
                                  const MdlRecipe *recipe, bool forward)
{
  int args = mdl_func_args(of), all = mdl_func_args(rule), count = 0;
  int64_t *wrt = MDL_NEW(v->ir->arena, int64_t, (size_t)all);
  const bool *mapped = mapped_args(v, recipe, args);
  for (int i = 0; i < args; i++)
    if (mapped[i]) wrt[count++] = i;
  for (int i = 0, at = args; i < args && forward; i++)
    if (is_float(v->ir, mdl_func_arg_type(of, i)) && (at++, mapped[i])) wrt[count++] = at - 1;
  for (int at = args; at < all && !forward; at++) wrt[count++] = at;
  MdlRecipe lanes = {.kind = MDL_RECIPE_vmap, .wrts = count, .wrt = wrt, .size = recipe->size};
  lanes.of = mdl_op_text(v->ir, rule, "sym_name");
  return mdl_recipe_declare(v->ir, v->pass->module, v->pass->symbols, &lanes, v->b.at);
}

/* A vjp rule's cotangents all have lanes; an argument without takes the sum over them. */
static MlirOperation sum_over_lanes(MdlVmap *v, MlirOperation of, MlirOperation rule,
                                    const MdlRecipe *recipe)
{
  MdlIr *ir = v->ir;
  int args = mdl_func_args(rule), results = mdl_func_results(rule), found = 0;
  const bool *mapped = mapped_args(v, recipe, mdl_func_args(of));
  MlirType *arg = MDL_NEW(ir->arena, MlirType, (size_t)args);
  for (int i = 0; i < args; i++) arg[i] = mdl_func_arg_type(rule, i);
  const char *base = mdl_text(ir->arena, "%s.sum", mdl_op_text(ir, rule, "sym_name"));
  MdlFunc f = {.is_private = true, .define = true, .args = args, .arg = arg, .at = v->b.at};
  f.symbol = mdl_symbol_unique(ir, v->pass->symbols, base);
  MlirOperation func = mdl_build_func(ir, v->pass->module, &f);
  mdl_map_set(v->pass->symbols, f.symbol, func.ptr);
  MlirBlock body = mdl_body(func, 0);
  MdlBuilder b = mdl_builder_at_end(ir, body, v->b.at);
  MlirValue *value = MDL_NEW(ir->arena, MlirValue, (size_t)(args + results));
  for (int i = 0; i < args; i++) value[i] = mdl_arg(body, i);
  MlirOperation call = mdl_build_call(&b, rule, value);
  for (int i = 0; i < mdl_func_args(of); i++) {
    if (!is_float(ir, mdl_func_arg_type(of, i))) continue;
    MlirValue g = mdl_result(call, found);
    if (!mapped[i]) g = mdl_build_reduce(&b, MDL_OP_reduce_sum, g, 1, (int64_t[]){0});
    value[found++] = g;
  }
  mdl_build_return(&b, found, value);
  mdl_func_refresh_type(ir, func);
  return func;
}

/* The lanes of a function with a rule have the lanes of the rule. */
static void pass_on_rules(MdlVmap *v, MlirOperation func, MlirOperation of, const MdlRecipe *recipe)
{
  static const char *const kinds[] = {"mdl.jvp", "mdl.vjp"};
  for (int i = 0; i < 2; i++) {
    const char *name = mdl_op_text(v->ir, of, kinds[i]);
    if (!name) continue;
    MlirOperation rule = mdl_symbol(v->ir, v->pass->symbols, name);
    if (mdl_is_null(rule)) MDL_BUG(v->ir->session, "no rule `%s`", name);
    rule = vmap_of_rule(v, of, rule, recipe, i == 0);
    if (i == 1) rule = sum_over_lanes(v, of, rule, recipe);
    mdl_op_set_symbol(v->ir, func, kinds[i], mdl_op_text(v->ir, rule, "sym_name"));
  }
  static const char *const units[] = {"mdl.remat", "mdl.linear"};
  for (int i = 0; i < 2; i++)
    if (mdl_op_has(of, units[i])) mdl_op_set_unit(v->ir, func, units[i]);
}

bool mdl_vmap_fill(MdlPass *pass, MlirOperation func)
{
  MdlIr *ir = pass->ir;
  MdlRecipe recipe = mdl_recipe_read(ir, func);
  MlirOperation of = mdl_symbol(ir, pass->symbols, recipe.of);
  MlirBlock from = mdl_body(of, 0), body = mdl_body(mdl_func_define(ir, func), 0);
  MdlVmap v = {.pass = pass, .ir = ir, .size = recipe.size};
  v.mapped = mdl_map_create(ir->arena);
  v.value = mdl_map_create(ir->arena);
  v.effects = mdl_map_create(ir->arena);
  v.b = mdl_builder_at_end(ir, body, mdl_location_named(ir, mdl_location_of(func), NULL));
  for (int i = 0; i < mdl_arg_count(from); i++)
    mdl_vmap_set(&v, mdl_arg(from, i), mdl_arg(body, i));
  for (int i = 0; i < recipe.wrts; i++) add(&v, mdl_arg(from, (int)recipe.wrt[i]));
  pass_on_rules(&v, func, of, &recipe);
  mdl_vmap_mark(&v, from, false);
  mdl_vmap_block(&v, from);
  MlirOperation end = mdl_terminator(from);
  int results = mdl_operand_count(end);
  MlirValue *out = MDL_NEW(ir->arena, MlirValue, (size_t)results);
  for (int i = 0; i < results && !v.failed; i++) out[i] = mdl_vmap_lanes(&v, mdl_operand(end, i));
  if (!v.failed) mdl_build_return(&v.b, results, out);
  return !v.failed;
}
