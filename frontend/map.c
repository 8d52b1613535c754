/* vmap, lifting of scalar functions, and Jacobians, which map over a basis. */
#include "frontend/transform.h"

#include <string.h>

/* ---- calls of core functions ------------------------------------------------------------- */

static void leaf_cells(const MdlVType *type, MdlCell **cell, int *n)
{
  if (type->kind == MDL_KIND_tensor) cell[(*n)++] = type->cell;
  for (int i = 0; type->kind == MDL_KIND_tuple && i < type->items; i++)
    leaf_cells(type->item[i], cell, n);
  for (int i = 0, m = type->kind == MDL_KIND_struct ? mdl_leaf_count(type) : 0; i < m; i++)
    cell[(*n)++] = NULL;
}

MdlVal *mdl_emit_call(MdlSema *s, MdlCoreFunc *func, MdlCoreRecipe *recipe, int operands,
                      MdlCore *const *operand, const MdlVType *result, MdlSpan at)
{
  int n = 0, cells = 0, count = mdl_leaf_count(result);
  MdlCore **all = MDL_NEW(s->arena, MdlCore *, (size_t)(func->captures + operands));
  for (int i = 0; i < func->captures; i++) all[n++] = func->captured[i];
  for (int i = 0; i < operands; i++) all[n++] = operand[i];
  MdlType *type = MDL_NEW(s->arena, MdlType, (size_t)count);
  MdlCell **cell = MDL_NEW(s->arena, MdlCell *, (size_t)count);
  mdl_leaves(s, result, type, NULL);
  leaf_cells(result, cell, &cells);
  MdlCore *core = mdl_core_new(s, recipe ? MDL_CORE_recipe : MDL_CORE_call, n, all);
  core->at = at;
  core->callee = func;
  core->recipe = recipe;
  core->results = count;
  core->result = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  for (int i = 0; i < count; i++) core->result[i] = mdl_core_result(s, core, i, type[i], cell[i]);
  return mdl_val_of(s, result, core->result, at);
}

/* ---- vmap -------------------------------------------------------------------------------- */

/* Which parameters are mapped, and along which axis. */
static bool chosen(MdlSema *s, MdlApplied *a, bool *mapped, int64_t *axis)
{
  const MdlFnVal *fn = a->fn;
  for (int i = 0; i < a->own; i++) {
    mapped[i] = !fn->wrts && a->value[i] && !mdl_is_kind(a->value[i], MDL_KIND_fn);
    axis[i] = fn->axes == 1 ? fn->axis[0] : !fn->wrts && i < fn->axes ? fn->axis[i] : 0;
  }
  for (int k = 0; k < fn->wrts; k++)
    for (int i = 0; i < a->own; i++) {
      if (a->param[i].name != fn->wrt[k].name) continue;
      if (!a->value[i]) {
        mdl_error(s->session, MDL_E0501, a->at, mdl_fn_name(s, fn), "", "",
                  mdl_text(s->arena, "`%s` is mapped and missing", a->param[i].name));
        return false;
      }
      mapped[i] = true;
      axis[i] = fn->axes == 1 ? fn->axis[0] : k < fn->axes ? fn->axis[k] : 0;
    }
  return true;
}

static MdlCore *axis_first(MdlSema *s, MdlCore *x, int64_t axis)
{
  int64_t perm[MDL_MAX_RANK] = {axis};
  int rank = x->type.rank;
  if (axis == 0) return x;
  for (int i = 0, k = 1; i < rank; i++)
    if (i != axis) perm[k++] = i;
  return mdl_emit_transpose(s, x, perm);
}

/* The mapped argument with its axis in front; NULL after a report. */
static MdlVal *in_front(MdlSema *s, MdlApplied *a, int i, int64_t axis)
{
  MdlVal *v = a->value[i];
  const MdlSize *extent;
  if (mdl_is_kind(v, MDL_KIND_tensor) && axis < 0) axis += v->type->tensor.rank;
  bool fits = mdl_vtype_row(s, v->type, &extent) && mdl_leaf_count(v->type) && axis >= 0 &&
              (mdl_is_kind(v, MDL_KIND_tensor) ? axis < v->type->tensor.rank : axis == 0);
  if (!fits) {
    MdlReport *r = mdl_error(s->session, MDL_E0705, v->at.file >= 0 ? v->at : a->at,
                             a->param[i].name, "a leading axis", mdl_vtype_text(s, v->type));
    if (a->param[i].at.file >= 0) mdl_also(r, a->param[i].at, "the parameter");
    mdl_help(r, "`over=` names what is mapped");
    return NULL;
  }
  if (!axis) return v;
  return mdl_val_core(s, axis_first(s, v->leaf[0], axis), v->at);
}

static bool same_extent(MdlSema *s, MdlApplied *a, const MdlSize **size, const MdlSize *extent,
                        const MdlVal **from, const MdlVal *v)
{
  if (!*size) {
    *size = extent, *from = v;
    return true;
  }
  if (mdl_sizes_equate(s, *size, extent, a->at)) return true;
  MdlReport *r = mdl_error(s->session, MDL_E0401, a->at, mdl_size_shown(s, *size),
                           mdl_size_shown(s, extent), "vmap");
  if (*from) mdl_also(r, (*from)->at, "%s", mdl_vtype_text(s, (*from)->type));
  mdl_also(r, v->at, "%s", mdl_vtype_text(s, v->type));
  return false;
}

MdlVal *mdl_apply_vmap(MdlSema *s, MdlApplied *a)
{
  bool mapped[MDL_MAX_PARAMS];
  int64_t axis[MDL_MAX_PARAMS];
  MdlVal *front[MDL_MAX_PARAMS];
  const MdlVal *from = NULL;
  const MdlSize *size = a->fn->size, *extent;
  int leaves = 0, count = 0;
  if (!chosen(s, a, mapped, axis)) return mdl_val_poison(s);
  for (int i = 0; i < a->own; i++) {
    if (!mapped[i]) continue;
    front[i] = in_front(s, a, i, axis[i]);
    if (!front[i]) return mdl_val_poison(s);
    mdl_vtype_row(s, front[i]->type, &extent);
    if (!same_extent(s, a, &size, extent, &from, a->value[i])) return mdl_val_poison(s);
    leaves += mdl_leaf_count(front[i]->type);
  }
  if (!leaves) {
    mdl_error(s->session, MDL_E0705, a->at, "nothing", "an argument", "none");
    return mdl_val_poison(s);
  }
  MdlCore **operand = MDL_NEW(s->arena, MdlCore *, (size_t)leaves);
  MdlCoreRecipe *recipe = MDL_NEW(s->arena, MdlCoreRecipe, 1);
  recipe->kind = MDL_RECIPE_vmap;
  recipe->size = size;
  recipe->wrts = leaves;
  recipe->wrt = MDL_NEW(s->arena, int64_t, (size_t)leaves);
  MdlCallArg arg[MDL_MAX_PARAMS];
  MdlInside was;
  leaves = 0;
  MdlCoreFunc *func = mdl_inside_enter(s, &was, mdl_fn_name(s, a->fn->of), a->at);
  bool by_order = a->fn->of->kind == MDL_FN_row || a->fn->of->kind == MDL_FN_builtin;
  for (int i = 0; i < a->own; i++) {
    MdlVal *v = a->value[i];
    if (!v) continue;
    if (mapped[i]) {
      for (int k = 0, n = mdl_leaf_count(front[i]->type); k < n; k++) {
        recipe->wrt[leaves] = leaves;
        operand[leaves++] = front[i]->leaf[k];
        mdl_core_dtype(s, front[i]->leaf[k]);
      }
      v = mdl_core_param(s, func, mdl_vtype_row(s, front[i]->type, &extent), a->param[i].name,
                         v->at);
    }
    arg[count++] = (MdlCallArg){by_order ? NULL : a->param[i].name, v->at, v, NULL};
  }
  MdlVal *v = mdl_call_fn(s, a->fn->of, count, arg, NULL, a->at);
  if (!mdl_is_poison(v)) v = mdl_settle(s, v);
  if (!mdl_is_poison(v)) mdl_core_return(s, 1, &v);
  func->result = v->type;
  mdl_inside_leave(s, &was);
  if (mdl_is_poison(v)) return v;
  const MdlVType *wide = mdl_vtype_lead(s, v->type, 1, &size);
  if (wide) return mdl_emit_call(s, func, recipe, leaves, operand, wide, a->at);
  mdl_error(s->session, MDL_E0902, a->at, "the rank");
  return mdl_val_poison(s);
}

/* ---- lifting ----------------------------------------------------------------------------- */

static MdlVal *lift_axes(MdlSema *s, const MdlFnVal *fn, int args, MdlVal *const *arg, int rank,
                         const MdlSize *const *dim, MdlSpan at)
{
  MdlVal *inner[MDL_MAX_PARAMS];
  MdlCallArg call[MDL_MAX_PARAMS];
  MdlCore *operand[MDL_MAX_PARAMS];
  MdlInside was;
  int mapped = 0;
  for (int i = 0; i < args; i++) call[i] = (MdlCallArg){.value = arg[i]};
  if (!rank) return mdl_call_fn(s, fn, args, call, NULL, at);
  MdlCoreRecipe *recipe = MDL_NEW(s->arena, MdlCoreRecipe, 1);
  recipe->kind = MDL_RECIPE_vmap;
  recipe->size = dim[0];
  recipe->wrt = MDL_NEW(s->arena, int64_t, (size_t)args);
  MdlCoreFunc *func = mdl_inside_enter(s, &was, mdl_fn_name(s, fn), at);
  for (int i = 0; i < args; i++) {
    const MdlSize *extent;
    inner[i] = arg[i];
    bool wide = mdl_is_kind(arg[i], MDL_KIND_tensor) && arg[i]->type->tensor.rank == rank;
    if (!wide) continue;
    recipe->wrt[mapped] = mapped;
    operand[mapped++] = arg[i]->leaf[0];
    mdl_core_dtype(s, arg[i]->leaf[0]);
    inner[i] = mdl_core_param(s, func, mdl_vtype_row(s, arg[i]->type, &extent), NULL, arg[i]->at);
  }
  recipe->wrts = mapped;
  MdlVal *v = lift_axes(s, fn, args, inner, rank - 1, dim + 1, at);
  if (!mdl_is_poison(v)) v = mdl_settle(s, v), mdl_core_return(s, 1, &v);
  func->result = v->type;
  mdl_inside_leave(s, &was);
  if (mdl_is_poison(v)) return v;
  const MdlVType *wide = mdl_vtype_lead(s, v->type, 1, dim);
  if (wide) return mdl_emit_call(s, func, recipe, mapped, operand, wide, at);
  mdl_error(s->session, MDL_E0902, at, "the rank");
  return mdl_val_poison(s);
}

static bool is_one(const MdlSize *size)
{
  int64_t value;
  return mdl_size_is_const(size, &value) && value == 1;
}

/* The one shape of all arguments, by the rule of operators. */
static bool lifted_shape(MdlSema *s, const MdlFnVal *fn, int args, MdlVal *const *arg,
                         MdlType *shape, MdlSpan at)
{
  shape->rank = 0;
  for (int i = 0; i < args; i++)
    if (mdl_is_kind(arg[i], MDL_KIND_tensor) && arg[i]->type->tensor.rank > shape->rank)
      *shape = arg[i]->type->tensor;
  for (int i = 0; i < args; i++) {
    if (!mdl_is_kind(arg[i], MDL_KIND_tensor)) continue;
    const MdlType *t = &arg[i]->type->tensor;
    int lead = shape->rank - t->rank;
    for (int k = 0; k < t->rank; k++) {
      const MdlSize **to = &shape->dim[lead + k];
      if (t->dim[k] == *to || is_one(t->dim[k])) continue;
      if (!lead && is_one(*to)) {
        *to = t->dim[k];
        continue;
      }
      MdlReport *r = is_one(*to) ? mdl_error(s->session, MDL_E0402, at, mdl_fn_name(s, fn))
                                 : mdl_error(s->session, MDL_E0401, at, mdl_size_shown(s, *to),
                                             mdl_size_shown(s, t->dim[k]), mdl_fn_name(s, fn));
      for (int j = 0; j < args; j++)
        if (mdl_is_kind(arg[j], MDL_KIND_tensor))
          mdl_also(r, arg[j]->at, "%s", mdl_vtype_text(s, arg[j]->type));
      return false;
    }
  }
  return true;
}

MdlVal *mdl_lift(MdlSema *s, const MdlFnVal *fn, int args, MdlVal *const *arg, MdlSpan at)
{
  MdlType shape;
  MdlVal *wide[MDL_MAX_PARAMS];
  if (!lifted_shape(s, fn, args, arg, &shape, at)) return mdl_val_poison(s);
  s->at = at;
  for (int i = 0; i < args; i++) {
    wide[i] = arg[i];
    if (!mdl_is_kind(arg[i], MDL_KIND_tensor) || !arg[i]->type->tensor.rank) continue;
    MdlCore *core = mdl_fit(s, arg[i], arg[i]->leaf[0], &shape, mdl_fn_name(s, fn), at);
    if (!core) return mdl_val_poison(s);
    wide[i] = mdl_val_core(s, core, arg[i]->at);
  }
  return lift_axes(s, fn, args, wide, shape.rank, shape.dim, at);
}

/* ---- Jacobians --------------------------------------------------------------------------- */

/* The identity over the elements of `type`: [n, dims of type], one basis element a row. */
static MdlCore *basis(MdlSema *s, const MdlType *type, const MdlSize *n)
{
  const MdlSize *dim[MDL_MAX_RANK] = {n};
  MdlType square = {.dtype = MDL_i64, .rank = 2, .dim = {n, n}};
  MdlCore *eye =
      mdl_emit_map2(s, MDL_OP_eq, mdl_emit_iota(s, &square, 0), mdl_emit_iota(s, &square, 1));
  memcpy(dim + 1, type->dim, (size_t)type->rank * sizeof *dim);
  return mdl_emit_reshape(s, mdl_emit_convert(s, eye, type->dtype), type->rank + 1, dim);
}

typedef struct Jacobian {
  MdlSema *s;
  MdlApplied *a;
  const MdlFnVal *of; /* whose Jacobian it is: grad(f) for a hessian */
  MdlWrt wrt;
} Jacobian;

/* One pass over the basis element e: the tangent of the output, or the cotangent of the input. */
static MdlVal *one_pass(Jacobian *j, MdlTransform t, MdlVal *e)
{
  MdlFnVal *fn = MDL_NEW(j->s->arena, MdlFnVal, 1);
  MdlCallArg arg[MDL_MAX_PARAMS];
  int count = 0;
  fn->kind = MDL_FN_transform, fn->transform = t, fn->of = j->of;
  fn->at = j->a->at;
  fn->wrts = 1, fn->wrt = &j->wrt;
  for (int i = 0; i < j->a->own; i++)
    if (j->a->value[i])
      arg[count++] = (MdlCallArg){j->a->param[i].name, j->a->at, j->a->value[i], NULL};
  MdlFnParam param[MDL_MAX_PARAMS];
  int params = mdl_fn_params(j->s, fn, param);
  arg[count++] = (MdlCallArg){param[params - 1].name, j->a->at, e, NULL};
  MdlVal *both = mdl_apply_transform(j->s, fn, count, arg, NULL, j->a->at);
  return mdl_is_poison(both) ? both : mdl_val_item(j->s, both, 1);
}

/* All passes at once: a value of [n, ...]. */
static MdlVal *all_passes(Jacobian *j, MdlTransform t, const MdlType *type)
{
  MdlSema *s = j->s;
  const MdlSize *n = mdl_type_elements(s->sizes, type);
  if (!type->rank) return one_pass(j, t, mdl_val_core(s, mdl_emit_number(s, type, 1), j->a->at));
  MdlCore *rows = basis(s, type, n);
  MdlCoreRecipe *recipe = MDL_NEW(s->arena, MdlCoreRecipe, 1);
  MdlInside was;
  recipe->kind = MDL_RECIPE_vmap;
  recipe->size = n;
  recipe->wrts = 1;
  recipe->wrt = MDL_NEW(s->arena, int64_t, 1);
  MdlCoreFunc *func = mdl_inside_enter(s, &was, "jacobian", j->a->at);
  MdlVal *e = mdl_core_param(s, func, mdl_vtype_tensor(s, type), NULL, j->a->at);
  MdlVal *v = one_pass(j, t, e);
  if (!mdl_is_poison(v)) mdl_core_return(s, 1, &v);
  func->result = v->type;
  mdl_inside_leave(s, &was);
  if (mdl_is_poison(v)) return v;
  const MdlVType *wide = mdl_vtype_lead(s, v->type, 1, &n);
  if (wide) return mdl_emit_call(s, func, recipe, 1, &rows, wide, j->a->at);
  mdl_error(s->session, MDL_E0902, j->a->at, "the rank");
  return mdl_val_poison(s);
}

static bool rank_fits(Jacobian *j, int rank)
{
  if (rank <= j->s->session->limits.rank) return true;
  mdl_error(j->s->session, MDL_E0902, j->a->at, "the rank");
  return false;
}

/* [n, out...] to [out..., in...]. */
static MdlVal *input_last(Jacobian *j, MdlVal *v, const MdlType *in)
{
  const MdlSize *dim[2 * MDL_MAX_RANK];
  int64_t perm[MDL_MAX_RANK];
  MdlCore *x = v->leaf[0];
  int out = x->type.rank - (in->rank ? 1 : 0);
  if (!in->rank) return v;
  if (!rank_fits(j, out + in->rank)) return mdl_val_poison(j->s);
  for (int i = 0; i < out; i++) perm[i] = i + 1, dim[i] = x->type.dim[i + 1];
  perm[out] = 0;
  memcpy(dim + out, in->dim, (size_t)in->rank * sizeof *dim);
  return mdl_val_core(
      j->s, mdl_emit_reshape(j->s, mdl_emit_transpose(j->s, x, perm), out + in->rank, dim),
      j->a->at);
}

/* [m, in...] to [out..., in...], for every leaf. */
static MdlVal *output_first(Jacobian *j, MdlVal *v, const MdlVType *part, const MdlType *out)
{
  MdlSema *s = j->s;
  int count = mdl_leaf_count(v->type);
  MdlCore **leaf = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  const MdlVType *wide = mdl_vtype_lead(s, part, out->rank, out->dim);
  if (!out->rank) return v;
  if (!wide) return rank_fits(j, 1000) ? v : mdl_val_poison(s);
  for (int i = 0; i < count; i++) {
    const MdlSize *dim[2 * MDL_MAX_RANK];
    int in = v->leaf[i]->type.rank - 1;
    if (!rank_fits(j, out->rank + in)) return mdl_val_poison(s);
    memcpy(dim, out->dim, (size_t)out->rank * sizeof *dim);
    memcpy(dim + out->rank, v->leaf[i]->type.dim + 1, (size_t)in * sizeof *dim);
    leaf[i] = mdl_emit_reshape(s, v->leaf[i], out->rank + in, dim);
  }
  return mdl_val_of(s, wide, leaf, j->a->at);
}

static bool tensor_result(Jacobian *j, const MdlVType *type)
{
  MdlDtype dtype;
  if (type->kind == MDL_KIND_tensor && mdl_vtype_dtype(type, &dtype) && mdl_is_float(dtype))
    return true;
  MdlReport *r =
      mdl_error(j->s->session, MDL_E0704, j->a->at, mdl_transform_name(j->a->fn->transform),
                "float tensor", mdl_vtype_text(j->s, type));
  if (j->a->fn->transform == MDL_TRANSFORM_hessian) mdl_help(r, "`hvp`");
  return false;
}

MdlVal *mdl_apply_jacobian(MdlSema *s, MdlApplied *a)
{
  MdlLinear l;
  Jacobian j = {s, a, a->fn->of, {0}};
  MdlTransform kind = a->fn->transform;
  if (kind == MDL_TRANSFORM_hessian) {
    MdlFnVal *grad = MDL_NEW(s->arena, MdlFnVal, 1);
    *grad = *a->fn;
    grad->transform = MDL_TRANSFORM_grad;
    j.of = grad;
  }
  MdlFnVal probe = *a->fn;
  probe.of = j.of;
  const MdlFnVal *was = a->fn;
  a->fn = &probe;
  bool ok = mdl_linear(s, a, &l);
  a->fn = was;
  if (!ok) return mdl_val_poison(s);
  if (l.parts != 1) {
    mdl_error(s->session, MDL_E0990, a->at, "a Jacobian by several parameters at once");
    return mdl_val_poison(s);
  }
  if (was->wrts)
    j.wrt = was->wrt[0];
  else
    j.wrt = (MdlWrt){.name = a->param[0].name, .at = a->at};
  if (!tensor_result(&j, l.result)) return mdl_val_poison(s);
  bool plain = l.part[0]->kind == MDL_KIND_tensor;
  if (kind == MDL_TRANSFORM_hessian && !plain) {
    tensor_result(&j, l.part[0]);
    return mdl_val_poison(s);
  }
  if (kind == MDL_TRANSFORM_jacrev || !plain) {
    MdlVal *v = all_passes(&j, MDL_TRANSFORM_vjp, &l.result->tensor);
    return mdl_is_poison(v) ? v : output_first(&j, v, l.part[0], &l.result->tensor);
  }
  MdlVal *v = all_passes(&j, MDL_TRANSFORM_jvp, &l.part[0]->tensor);
  return mdl_is_poison(v) ? v : input_last(&j, v, &l.part[0]->tensor);
}
