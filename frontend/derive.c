/* Derivatives as recipes: grad, value_grad, jvp, vjp, linearize, hvp, remat. */
#include "frontend/transform.h"

#include <string.h>

MdlCoreFunc *mdl_inside_enter(MdlSema *s, MdlInside *was, const char *symbol, MdlSpan at)
{
  *was = (MdlInside){s->func, s->block};
  MdlCoreFunc *func = mdl_core_func(s, symbol, s->func, at);
  s->func = func, s->block = func->body;
  return func;
}

void mdl_inside_leave(MdlSema *s, const MdlInside *was)
{
  s->func = was->func, s->block = was->block;
}

/* ---- the function of the arguments at hand ----------------------------------------------- */

/* Element types that are open close now: a derivative needs to know what is a float. */
static void close_leaves(MdlSema *s, MdlVal *v)
{
  for (int i = 0, n = mdl_leaf_count(v->type); i < n; i++) mdl_core_dtype(s, v->leaf[i]);
}

static int collect_args(MdlSema *s, MdlApplied *a, MdlCallArg *arg)
{
  int count = 0;
  for (int i = 0; i < a->own; i++) {
    if (!a->value[i]) continue;
    MdlVal *v = a->value[i];
    if (!mdl_is_kind(v, MDL_KIND_fn)) {
      close_leaves(s, v);
      v = mdl_core_param(s, s->func, v->type, a->param[i].name, v->at);
    }
    arg[count++] = (MdlCallArg){a->param[i].name, v->at, v, NULL};
  }
  return count;
}

static MdlVal *call_inside(MdlSema *s, MdlApplied *a)
{
  MdlCallArg arg[MDL_MAX_PARAMS];
  int count = collect_args(s, a, arg);
  const MdlFnVal *of = a->fn->of;
  bool by_order = of->kind == MDL_FN_row || of->kind == MDL_FN_builtin;
  for (int i = 0; by_order && i < count; i++) arg[i].name = NULL;
  MdlVal *v = mdl_call_fn(s, of, count, arg, NULL, a->at);
  if (mdl_is_poison(v)) return v;
  v = mdl_settle(s, v);
  close_leaves(s, v);
  return v;
}

/* ---- what it is differentiated by -------------------------------------------------------- */

static int first_leaf(MdlSema *s, MdlApplied *a, int param)
{
  int leaf = 0;
  (void)s;
  for (int i = 0; i < param; i++)
    if (a->value[i] && !mdl_is_kind(a->value[i], MDL_KIND_fn))
      leaf += mdl_leaf_count(a->value[i]->type);
  return leaf;
}

static bool has_no_derivative(MdlSema *s, MdlApplied *a, int param, MdlSpan at)
{
  MdlReport *r = mdl_error(s->session, MDL_E0703, at, mdl_vtype_text(s, a->value[param]->type));
  if (a->param[param].at.file >= 0) mdl_also(r, a->param[param].at, "the parameter");
  const char *list = "";
  for (int i = 0; i < a->own; i++) {
    MdlDtype dtype;
    bool floats = a->value[i] && mdl_is_kind(a->value[i], MDL_KIND_tensor) &&
                  mdl_vtype_dtype(a->value[i]->type, &dtype) && mdl_is_float(dtype);
    bool record = a->value[i] && mdl_is_kind(a->value[i], MDL_KIND_struct);
    if (floats || record)
      list = mdl_text(s->arena, "%s%s`wrt=%s`", list, *list ? ", " : "", a->param[i].name);
  }
  if (*list) mdl_help(r, "%s", list);
  return false;
}

/* The part m.head of a parameter, and the number of its first leaf. */
static MdlVal *part_of(MdlSema *s, MdlVal *v, const MdlWrt *wrt, int *leaf)
{
  for (int i = 0; i < wrt->parts; i++) {
    int field = mdl_is_kind(v, MDL_KIND_struct) ? mdl_field_find(v->type->of, wrt->part[i]) : -1;
    if (field < 0) {
      mdl_error(s->session, MDL_E0204, wrt->at, mdl_vtype_text(s, v->type), wrt->part[i]);
      return NULL;
    }
    for (int k = 0; k < field; k++) *leaf += mdl_leaf_count(v->type->of->field[k]);
    v = mdl_val_field(s, v, field);
  }
  return v;
}

static bool skips_state(const MdlVType *type, int leaf)
{
  if (type->kind != MDL_KIND_struct) return false;
  for (int i = 0; i < type->of->fields; i++) {
    int count = mdl_leaf_count(type->of->field[i]);
    if (leaf < count)
      return type->of->member[i]->kind == MDL_MEMBER_state || skips_state(type->of->field[i], leaf);
    leaf -= count;
  }
  return false;
}

static bool add_part(MdlSema *s, MdlApplied *a, MdlLinear *l, int param, const MdlWrt *wrt)
{
  static const MdlWrt whole = {0};
  if (!a->value[param]) a->value[param] = mdl_preset_value(s, a->fn->of, &a->param[param], NULL);
  MdlVal *v = mdl_settle(s, a->value[param]);
  int leaf = first_leaf(s, a, param), before = l->wrts;
  if (mdl_is_kind(v, MDL_KIND_fn)) return has_no_derivative(s, a, param, a->at);
  v = part_of(s, v, wrt ? wrt : &whole, &leaf);
  if (!v) return false;
  int count = mdl_leaf_count(v->type);
  close_leaves(s, v);
  for (int i = 0; i < count; i++)
    if (mdl_is_float(mdl_core_dtype(s, v->leaf[i])) && !skips_state(v->type, i))
      l->wrt[l->wrts++] = leaf + i;
  if (l->wrts == before) return has_no_derivative(s, a, param, wrt ? wrt->at : a->fn->at);
  l->value[l->parts] = v;
  l->part[l->parts++] = v->type;
  return true;
}

static int param_of(const MdlApplied *a, const char *name)
{
  for (int i = 0; i < a->own; i++)
    if (a->param[i].name == name) return i;
  return -1;
}

bool mdl_linear(MdlSema *s, MdlApplied *a, MdlLinear *l)
{
  memset(l, 0, sizeof *l);
  const MdlFnVal *fn = a->fn;
  for (int i = 0; i < fn->wrts; i++) { /* their defaults are arguments, too */
    int param = param_of(a, fn->wrt[i].name);
    if (param >= 0 && !a->value[param])
      a->value[param] = mdl_settle(s, mdl_preset_value(s, fn->of, &a->param[param], NULL));
  }
  for (int i = 0; i < a->own; i++) {
    if (!a->value[i] || mdl_is_kind(a->value[i], MDL_KIND_fn)) continue;
    if (mdl_is_poison(a->value[i])) return false;
    close_leaves(s, a->value[i]);
    l->leaves += mdl_leaf_count(a->value[i]->type);
  }
  l->wrt = MDL_NEW(s->arena, int64_t, (size_t)l->leaves);
  l->leaf = MDL_NEW(s->arena, MdlCore *, (size_t)l->leaves);
  if (!a->own) {
    mdl_error(s->session, MDL_E0703, fn->at, "a function without parameters");
    return false;
  }
  if (!fn->wrts && !add_part(s, a, l, 0, NULL)) return false;
  for (int i = 0; i < fn->wrts; i++) {
    int param = param_of(a, fn->wrt[i].name);
    if (param < 0 || l->parts >= MDL_MAX_TUPLE || !add_part(s, a, l, param, &fn->wrt[i]))
      return false;
  }
  int n = 0;
  for (int i = 0; i < a->own; i++)
    if (a->value[i] && !mdl_is_kind(a->value[i], MDL_KIND_fn))
      for (int k = 0, m = mdl_leaf_count(a->value[i]->type); k < m; k++)
        l->leaf[n++] = a->value[i]->leaf[k];
  MdlInside was;
  l->func = mdl_inside_enter(s, &was, mdl_fn_name(s, fn->of), a->at);
  MdlVal *v = call_inside(s, a);
  if (!mdl_is_poison(v)) mdl_core_return(s, 1, &v);
  l->func->result = l->result = v->type;
  mdl_inside_leave(s, &was);
  return !mdl_is_poison(v);
}

/* ---- recipes ----------------------------------------------------------------------------- */

static MdlCoreRecipe *recipe_new(MdlSema *s, MdlRecipeKind kind, const MdlLinear *l, int outs,
                                 const int64_t *out)
{
  MdlCoreRecipe *r = MDL_NEW(s->arena, MdlCoreRecipe, 1);
  r->kind = kind;
  r->wrts = l->wrts;
  r->wrt = l->wrt;
  r->outs = outs;
  r->out = MDL_NEW(s->arena, int64_t, (size_t)outs);
  if (outs) memcpy(r->out, out, (size_t)outs * sizeof *out);
  return r;
}

static int float_outs(MdlSema *s, const MdlVType *result, int64_t *out)
{
  int count = mdl_leaf_count(result), outs = 0;
  MdlType *leaf = MDL_NEW(s->arena, MdlType, (size_t)count);
  mdl_leaves(s, result, leaf, NULL);
  for (int i = 0; i < count; i++)
    if (mdl_is_float(leaf[i].dtype)) out[outs++] = i;
  return outs;
}

/* A value of `type` whose float leaves are taken in turn; the others are 0 (decided by the same
 * rule that chose them: state is no float here). */
static MdlVal *with_zeros(MdlSema *s, const MdlVType *type, MdlCore *const *leaf, int *next,
                          bool states, MdlSpan at)
{
  int count = mdl_leaf_count(type);
  MdlType *t = MDL_NEW(s->arena, MdlType, (size_t)count);
  MdlCore **core = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  mdl_leaves(s, type, t, NULL);
  for (int i = 0; i < count; i++) {
    bool taken = mdl_is_float(t[i].dtype) && (states || !skips_state(type, i));
    core[i] = taken ? leaf[(*next)++] : mdl_emit_number(s, &t[i], 0);
  }
  return mdl_val_of(s, type, core, at);
}

/* Results as one value of all leaves: those of f, then what the recipe adds. */
static MdlCore *call_recipe(MdlSema *s, const MdlLinear *l, MdlCoreRecipe *recipe, int extra,
                            MdlCore *const *more, int results, const MdlType *added)
{
  int n = 0, of_f = mdl_leaf_count(l->result);
  MdlCore **operand = MDL_NEW(s->arena, MdlCore *, (size_t)(l->func->captures + l->leaves + extra));
  for (int i = 0; i < l->func->captures; i++) operand[n++] = l->func->captured[i];
  for (int i = 0; i < l->leaves; i++) operand[n++] = l->leaf[i];
  for (int i = 0; i < extra; i++) operand[n++] = more[i];
  MdlType *type = MDL_NEW(s->arena, MdlType, (size_t)of_f);
  mdl_leaves(s, l->result, type, NULL);
  MdlCore *core = mdl_core_new(s, MDL_CORE_recipe, n, operand);
  core->callee = l->func;
  core->recipe = recipe;
  core->results = of_f + results;
  core->result = MDL_NEW(s->arena, MdlCore *, (size_t)core->results);
  for (int i = 0; i < core->results; i++)
    core->result[i] = mdl_core_result(s, core, i, i < of_f ? type[i] : added[i - of_f], NULL);
  return core;
}

static MdlType *wrt_types(MdlSema *s, const MdlLinear *l)
{
  MdlType *type = MDL_NEW(s->arena, MdlType, (size_t)l->wrts);
  for (int i = 0; i < l->wrts; i++) type[i] = l->leaf[l->wrt[i]]->type;
  return type;
}

/* The gradient in the shape of what was asked for: one part, or a tuple of them. */
static MdlVal *gradient_value(MdlSema *s, MdlApplied *a, const MdlLinear *l, MdlCore *const *leaf)
{
  MdlVal *part[MDL_MAX_TUPLE];
  int next = 0;
  for (int i = 0; i < l->parts; i++) part[i] = with_zeros(s, l->part[i], leaf, &next, false, a->at);
  return a->fn->tuple ? mdl_val_tuple(s, l->parts, part, a->at) : part[0];
}

static bool scalar_result(MdlSema *s, MdlApplied *a, const MdlLinear *l)
{
  const MdlVType *t = l->result;
  if (t->kind == MDL_KIND_tuple && t->items) t = t->item[0];
  MdlDtype dtype;
  bool ok = t->kind == MDL_KIND_tensor && !t->tensor.rank && mdl_vtype_dtype(t, &dtype) &&
            mdl_is_float(dtype);
  if (ok) return true;
  MdlReport *r = mdl_error(s->session, MDL_E0704, a->at, mdl_transform_name(a->fn->transform),
                           "scalar float", mdl_vtype_text(s, l->result));
  const MdlFnVal *bottom = mdl_fn_bottom(a->fn);
  if (bottom->decl && bottom->decl->fn->result)
    mdl_also(r, bottom->decl->fn->result->at, "its result");
  mdl_help(r, "`sum` makes a scalar; `jacrev`, `vjp` take any result");
  return false;
}

/* An inout parameter is an extra result: what grad would do with it nobody can say. */
static bool no_inout(MdlSema *s, MdlApplied *a)
{
  for (int i = 0; i < a->own; i++) {
    if (!a->param[i].is_inout) continue;
    MdlReport *r = mdl_error(s->session, MDL_E0706, a->fn->at, a->param[i].name);
    mdl_also(r, a->param[i].at, "inout");
    return false;
  }
  return true;
}

MdlVal *mdl_apply_grad(MdlSema *s, MdlApplied *a)
{
  MdlLinear l;
  const int64_t first = 0;
  if (!no_inout(s, a) || !mdl_linear(s, a, &l) || !scalar_result(s, a, &l))
    return mdl_val_poison(s);
  int count = mdl_leaf_count(l.result);
  MdlType *type = MDL_NEW(s->arena, MdlType, (size_t)count);
  mdl_leaves(s, l.result, type, NULL);
  MdlCore *one = mdl_emit_number(s, &type[0], 1);
  MdlCoreRecipe *recipe = recipe_new(s, MDL_RECIPE_vjp, &l, 1, &first);
  MdlCore *core = call_recipe(s, &l, recipe, 1, &one, l.wrts, wrt_types(s, &l));
  MdlVal *value = mdl_val_of(s, l.result, core->result, a->at);
  MdlVal *gradient = gradient_value(s, a, &l, core->result + count);
  if (a->fn->transform == MDL_TRANSFORM_value_grad)
    return mdl_val_tuple(s, 2, (MdlVal *[]){value, gradient}, a->at);
  if (l.result->kind != MDL_KIND_tuple) return gradient;
  MdlVal *item[MDL_MAX_TUPLE] = {gradient};
  int items = l.result->items < MDL_MAX_TUPLE ? l.result->items : MDL_MAX_TUPLE;
  for (int i = 1; i < items; i++) item[i] = mdl_val_item(s, value, i);
  return items == 1 ? gradient : mdl_val_tuple(s, items, item, a->at);
}

/* Tangents given for the parts of wrt, float leaf by float leaf. */
static bool tangents(MdlSema *s, MdlApplied *a, const MdlLinear *l, MdlVal *const *given,
                     MdlCore **leaf)
{
  int n = 0;
  for (int i = 0; i < l->parts; i++) {
    MdlVal *v = mdl_coerce(s, given[i], l->part[i], given[i]->at, NULL, a->at);
    if (mdl_is_poison(v)) return false;
    for (int k = 0, m = mdl_leaf_count(v->type); k < m; k++)
      if (mdl_is_float(mdl_core_dtype(s, v->leaf[k])) && !skips_state(v->type, k))
        leaf[n++] = v->leaf[k];
  }
  return true;
}

static MdlVal *jvp_of(MdlSema *s, MdlApplied *a, MdlLinear *l, MdlVal *const *given)
{
  int count = mdl_leaf_count(l->result), next = 0;
  int64_t *out = MDL_NEW(s->arena, int64_t, (size_t)count);
  MdlType *type = MDL_NEW(s->arena, MdlType, (size_t)count), *added;
  MdlCore **leaf = MDL_NEW(s->arena, MdlCore *, (size_t)l->wrts);
  int outs = float_outs(s, l->result, out);
  if (!tangents(s, a, l, given, leaf)) return mdl_val_poison(s);
  mdl_leaves(s, l->result, type, NULL);
  added = MDL_NEW(s->arena, MdlType, (size_t)outs);
  for (int i = 0; i < outs; i++) added[i] = type[out[i]];
  MdlCoreRecipe *recipe = recipe_new(s, MDL_RECIPE_jvp, l, outs, out);
  MdlCore *core = call_recipe(s, l, recipe, l->wrts, leaf, outs, added);
  MdlVal *value = mdl_val_of(s, l->result, core->result, a->at);
  MdlVal *tangent = with_zeros(s, l->result, core->result + count, &next, true, a->at);
  return mdl_val_tuple(s, 2, (MdlVal *[]){value, tangent}, a->at);
}

/* linearize(f)(x): the value, and a function of dx that runs the jvp at x. */
static MdlVal *linearized(MdlSema *s, MdlApplied *a, MdlLinear *l)
{
  MdlFnVal *fn = MDL_NEW(s->arena, MdlFnVal, 1);
  *fn = *a->fn;
  fn->kind = MDL_FN_linear;
  fn->points = a->own;
  MdlVal **point = MDL_NEW(s->arena, MdlVal *, (size_t)a->own);
  for (int i = 0; i < a->own; i++) point[i] = a->value[i];
  fn->point = point;
  if (!fn->wrts) {
    fn->wrts = 1;
    fn->wrt = MDL_NEW(s->arena, MdlWrt, 1);
    fn->wrt[0].name = a->param[0].name;
    fn->wrt[0].at = a->at;
  }
  MdlVal *value = mdl_emit_call(s, l->func, NULL, l->leaves, l->leaf, l->result, a->at);
  return mdl_val_tuple(s, 2, (MdlVal *[]){value, mdl_val_fn(s, fn, a->at)}, a->at);
}

MdlVal *mdl_apply_jvp(MdlSema *s, MdlApplied *a)
{
  MdlLinear l;
  if (!mdl_linear(s, a, &l)) return mdl_val_poison(s);
  if (a->fn->transform == MDL_TRANSFORM_linearize) return linearized(s, a, &l);
  return jvp_of(s, a, &l, a->value + a->own);
}

MdlVal *mdl_apply_linear(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at)
{
  MdlLinear l;
  MdlFnParam param[MDL_MAX_PARAMS];
  MdlCallArg *slot[MDL_MAX_PARAMS];
  MdlVal *given[MDL_MAX_PARAMS];
  MdlApplied *a = MDL_NEW(s->arena, MdlApplied, 1);
  int params = mdl_fn_params(s, fn, param);
  if (!mdl_match_args(s, "the linear function", at, params, param, args, arg, slot, at))
    return mdl_val_poison(s);
  a->fn = fn, a->at = at;
  a->own = a->params = mdl_fn_params(s, fn->of, a->param);
  for (int i = 0; i < a->own; i++) a->value[i] = fn->point[i];
  for (int i = 0; i < params; i++) {
    given[i] = mdl_arg_value(s, slot[i], NULL);
    if (mdl_is_poison(given[i])) return given[i];
  }
  if (!mdl_linear(s, a, &l)) return mdl_val_poison(s);
  MdlVal *both = jvp_of(s, a, &l, given);
  return mdl_is_poison(both) ? both : mdl_val_item(s, both, 1);
}

MdlVal *mdl_apply_vjp(MdlSema *s, MdlApplied *a)
{
  MdlLinear l;
  if (!no_inout(s, a) || !mdl_linear(s, a, &l)) return mdl_val_poison(s);
  int count = mdl_leaf_count(l.result);
  int64_t *out = MDL_NEW(s->arena, int64_t, (size_t)count);
  int outs = float_outs(s, l.result, out);
  MdlCore **cotangent = MDL_NEW(s->arena, MdlCore *, (size_t)outs);
  MdlVal *dy = mdl_coerce(s, a->value[a->own], l.result, a->at, NULL, a->fn->at);
  if (mdl_is_poison(dy)) return dy;
  for (int i = 0; i < outs; i++) cotangent[i] = dy->leaf[out[i]];
  MdlCoreRecipe *recipe = recipe_new(s, MDL_RECIPE_vjp, &l, outs, out);
  MdlCore *core = call_recipe(s, &l, recipe, outs, cotangent, l.wrts, wrt_types(s, &l));
  MdlVal *value = mdl_val_of(s, l.result, core->result, a->at);
  MdlVal *gradient = gradient_value(s, a, &l, core->result + count);
  return mdl_val_tuple(s, 2, (MdlVal *[]){value, gradient}, a->at);
}

/* The jvp of the gradient: its tangent alone. */
MdlVal *mdl_apply_hvp(MdlSema *s, MdlApplied *a)
{
  MdlLinear l;
  MdlFnVal *grad = MDL_NEW(s->arena, MdlFnVal, 1), *jvp = MDL_NEW(s->arena, MdlFnVal, 1);
  *grad = *a->fn, *jvp = *a->fn;
  grad->transform = MDL_TRANSFORM_grad;
  jvp->transform = MDL_TRANSFORM_jvp;
  jvp->of = grad;
  MdlVal **given = MDL_NEW(s->arena, MdlVal *, (size_t)(a->params - a->own));
  for (int i = a->own; i < a->params; i++) given[i - a->own] = a->value[i];
  a->fn = jvp;
  if (!mdl_linear(s, a, &l)) return mdl_val_poison(s);
  MdlVal *both = jvp_of(s, a, &l, given);
  return mdl_is_poison(both) ? both : mdl_val_item(s, both, 1);
}

MdlVal *mdl_apply_remat(MdlSema *s, MdlApplied *a)
{
  MdlInside was;
  MdlCore **leaf;
  int leaves = 0;
  for (int i = 0; i < a->own; i++)
    if (a->value[i] && !mdl_is_kind(a->value[i], MDL_KIND_fn))
      leaves += mdl_leaf_count(a->value[i]->type);
  leaf = MDL_NEW(s->arena, MdlCore *, (size_t)leaves);
  leaves = 0;
  for (int i = 0; i < a->own; i++)
    if (a->value[i] && !mdl_is_kind(a->value[i], MDL_KIND_fn))
      for (int k = 0, m = mdl_leaf_count(a->value[i]->type); k < m; k++)
        leaf[leaves++] = a->value[i]->leaf[k];
  MdlCoreFunc *func = mdl_inside_enter(s, &was, mdl_fn_name(s, a->fn->of), a->at);
  func->is_remat = true;
  MdlVal *v = call_inside(s, a);
  if (!mdl_is_poison(v)) mdl_core_return(s, 1, &v);
  func->result = v->type;
  mdl_inside_leave(s, &was);
  return mdl_is_poison(v) ? v : mdl_emit_call(s, func, NULL, leaves, leaf, v->type, a->at);
}
