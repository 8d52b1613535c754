/* vmap, and lifting of scalar functions. */
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
        mdl_error(s->session, MDL_E0501, a->at, mdl_fn_name(s, fn), "every mapped argument",
                  "fewer", mdl_text(s->arena, "`%s` is mapped and missing", a->param[i].name));
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

/* Its leading axis by the size that it was found equal to. */
static MdlVal *led_by(MdlSema *s, MdlVal *v, const MdlSize *size)
{
  const MdlSize *extent;
  const MdlVType *row = mdl_vtype_row(s, v->type, &extent);
  if (extent == size) return v;
  return mdl_coerce(s, v, mdl_vtype_lead(s, row, 1, &size), v->at, NULL, MDL_NO_SPAN);
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
    front[i] = led_by(s, front[i], size);
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
