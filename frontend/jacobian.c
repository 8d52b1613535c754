/* Jacobians: a transformation mapped over a basis. By several parameters: a tuple, one a parameter;
 * a hessian then is a tuple of its rows. */
#include "frontend/transform.h"

#include <string.h>

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
  int wrts;
  MdlWrt *wrt;
  bool tuple;
} Jacobian;

/* One pass over the basis element e: the tangent of the output, or the cotangent of the input. */
static MdlVal *one_pass(const Jacobian *j, MdlTransform t, MdlVal *e)
{
  MdlFnVal *fn = MDL_NEW(j->s->arena, MdlFnVal, 1);
  MdlCallArg arg[MDL_MAX_PARAMS];
  int count = 0;
  fn->kind = MDL_FN_transform, fn->transform = t, fn->of = j->of;
  fn->at = j->a->at;
  fn->wrts = j->wrts, fn->wrt = j->wrt, fn->tuple = j->tuple;
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
static MdlVal *all_passes(const Jacobian *j, MdlTransform t, const MdlType *type)
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

static bool rank_fits(const Jacobian *j, int rank)
{
  if (rank <= j->s->session->limits.rank) return true;
  mdl_error(j->s->session, MDL_E0902, j->a->at, "the rank");
  return false;
}

/* [n, out...] to [out..., in...], of every tensor of a tuple. */
static MdlVal *input_last(const Jacobian *j, MdlVal *v, const MdlType *in)
{
  const MdlSize *dim[2 * MDL_MAX_RANK];
  int64_t perm[MDL_MAX_RANK];
  MdlVal *item[MDL_MAX_TUPLE];
  if (mdl_is_kind(v, MDL_KIND_tuple)) {
    for (int i = 0; i < v->type->items; i++) item[i] = input_last(j, mdl_val_item(j->s, v, i), in);
    return mdl_val_tuple(j->s, v->type->items, item, j->a->at);
  }
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
static MdlVal *output_first(const Jacobian *j, MdlVal *v, const MdlVType *part, const MdlType *out)
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

static bool tensor_result(const Jacobian *j, const MdlVType *type)
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

/* What is differentiated by: the names, or the first parameter. */
static void read_wrts(Jacobian *j)
{
  const MdlFnVal *fn = j->a->fn;
  j->tuple = fn->tuple;
  j->wrts = fn->wrts ? fn->wrts : 1;
  j->wrt = fn->wrt;
  if (fn->wrts) return;
  j->wrt = MDL_NEW(j->s->arena, MdlWrt, 1);
  j->wrt[0] = (MdlWrt){.name = j->a->param[0].name, .at = j->a->at};
}

/* One pass an element of the output, for all parameters at once. */
static bool by_outputs(const Jacobian *j, const MdlLinear *l, MdlVal **part)
{
  MdlVal *v = all_passes(j, MDL_TRANSFORM_vjp, &l->result->tensor);
  if (mdl_is_poison(v)) return false;
  for (int i = 0; i < l->parts; i++) {
    MdlVal *of = j->tuple ? mdl_val_item(j->s, v, i) : v;
    part[i] = output_first(j, of, l->part[i], &l->result->tensor);
    if (mdl_is_poison(part[i])) return false;
  }
  return true;
}

/* One pass an element of a parameter. */
static bool by_inputs(const Jacobian *j, const MdlLinear *l, MdlVal **part)
{
  for (int i = 0; i < l->parts; i++) {
    Jacobian one = *j;
    one.wrts = 1, one.wrt = j->wrt + i, one.tuple = false;
    MdlVal *v = all_passes(&one, MDL_TRANSFORM_jvp, &l->part[i]->tensor);
    part[i] = mdl_is_poison(v) ? v : input_last(&one, v, &l->part[i]->tensor);
    if (mdl_is_poison(part[i])) return false;
  }
  return true;
}

/* Row k of a hessian: the gradient by parameter k, differentiated by every parameter. */
static MdlVal *hessian_row(const Jacobian *j, int parts, MdlVal *const *column, int k)
{
  MdlVal *item[MDL_MAX_TUPLE];
  for (int i = 0; i < parts; i++) item[i] = mdl_val_item(j->s, column[i], k);
  return mdl_val_tuple(j->s, parts, item, j->a->at);
}

static bool all_tensors(const Jacobian *j, const MdlLinear *l)
{
  for (int i = 0; i < l->parts; i++)
    if (!tensor_result(j, l->part[i])) return false;
  return true;
}

/* The parts, and the function whose Jacobian it is as a core function. */
static bool linear_of(const Jacobian *j, MdlLinear *l)
{
  const MdlFnVal *was = j->a->fn;
  MdlFnVal probe = *was;
  probe.of = j->of;
  j->a->fn = &probe;
  bool ok = mdl_linear(j->s, j->a, l);
  j->a->fn = was;
  return ok;
}

MdlVal *mdl_apply_jacobian(MdlSema *s, MdlApplied *a)
{
  MdlLinear l;
  MdlVal *part[MDL_MAX_TUPLE], *row[MDL_MAX_TUPLE];
  Jacobian j = {.s = s, .a = a, .of = a->fn->of};
  bool is_hessian = a->fn->transform == MDL_TRANSFORM_hessian;
  if (is_hessian) {
    MdlFnVal *grad = MDL_NEW(s->arena, MdlFnVal, 1);
    *grad = *a->fn;
    grad->transform = MDL_TRANSFORM_grad;
    j.of = grad;
  }
  read_wrts(&j);
  if (!linear_of(&j, &l)) return mdl_val_poison(s);
  if (is_hessian ? !all_tensors(&j, &l) : !tensor_result(&j, l.result)) return mdl_val_poison(s);
  bool forward = a->fn->transform != MDL_TRANSFORM_jacrev;
  for (int i = 0; i < l.parts; i++) forward &= l.part[i]->kind == MDL_KIND_tensor;
  if (!(forward ? by_inputs(&j, &l, part) : by_outputs(&j, &l, part))) return mdl_val_poison(s);
  if (!j.tuple) return part[0];
  for (int k = 0; is_hessian && k < l.parts; k++) row[k] = hessian_row(&j, l.parts, part, k);
  return mdl_val_tuple(s, l.parts, is_hessian ? row : part, a->at);
}
