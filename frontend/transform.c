/* Transformations of functions. Each becomes a core function of the arguments at hand and one
 * recipe over it (jvp, vjp, vmap); what the arguments do not cover is captured. */
#include "frontend/transform.h"
#include "frontend/entries.h"

#include <string.h>

static const char *const names[MDL_TRANSFORM_COUNT] = {
    "grad",   "value_grad", "jvp",     "vjp", "linearize", "vmap",
    "jacfwd", "jacrev",     "hessian", "hvp", "remat"};

const char *mdl_transform_name(MdlTransform t) { return names[t]; }

bool mdl_transform_find(const char *name, MdlTransform *t)
{
  for (int i = 0; i < MDL_TRANSFORM_COUNT; i++)
    if (!strcmp(names[i], name)) return *t = (MdlTransform)i, true;
  return false;
}

/* ---- making one: grad(f, wrt=m.head) ----------------------------------------------------- */

static bool read_wrt(MdlSema *s, const MdlExpr *expr, MdlWrt *wrt)
{
  const MdlExpr *e = expr;
  int parts = 0;
  while (e->kind == MDL_EXPR_field) e = e->field.base, parts++;
  if (e->kind != MDL_EXPR_name) {
    mdl_error(s->session, MDL_E0702, expr->at, "it", mdl_source_text(s->session, expr->at));
    return false;
  }
  wrt->name = e->name;
  wrt->at = expr->at;
  wrt->parts = parts;
  wrt->part = MDL_NEW(s->arena, const char *, (size_t)parts);
  for (e = expr; e->kind == MDL_EXPR_field; e = e->field.base)
    wrt->part[--parts] = e->field.name.text;
  return true;
}

static bool read_wrts(MdlSema *s, const MdlExpr *expr, MdlFnVal *fn)
{
  fn->tuple = expr->kind == MDL_EXPR_tuple;
  fn->wrts = fn->tuple ? expr->list.items : 1;
  fn->wrt = MDL_NEW(s->arena, MdlWrt, (size_t)fn->wrts);
  for (int i = 0; i < fn->wrts; i++)
    if (!read_wrt(s, fn->tuple ? expr->list.item[i] : expr, &fn->wrt[i])) return false;
  return true;
}

static bool read_axis(MdlSema *s, const MdlExpr *expr, MdlFnVal *fn)
{
  MdlVal *v = mdl_expr(s, expr, NULL);
  bool tuple = mdl_is_kind(v, MDL_KIND_tuple);
  int64_t axis;
  fn->axes = tuple ? v->type->items : 1;
  for (int i = 0; i < fn->axes && i < 16; i++) {
    MdlVal *one = tuple ? mdl_val_item(s, v, i) : v;
    if (!mdl_is_kind(one, MDL_KIND_number) || !mdl_exact_is_whole(&one->number, &axis)) {
      mdl_error(s->session, MDL_E0506, expr->at, "axis");
      return false;
    }
    fn->axis[i] = axis;
  }
  return true;
}

/* `size=N` may name a size that is new at an entry. */
static bool read_size(MdlSema *s, const MdlExpr *expr, MdlFnVal *fn)
{
  bool is_new = expr->kind == MDL_EXPR_name && !s->frame->top && !mdl_local_find(s, expr->name) &&
                !mdl_binding_find(s, expr->name) && !mdl_decl_find(s, s->frame->module, expr->name);
  fn->size = is_new ? mdl_free_size(s, expr->name) : mdl_size_want(s, mdl_expr(s, expr, NULL));
  return fn->size != NULL;
}

static bool read_option(MdlSema *s, const MdlArg *arg, MdlFnVal *fn)
{
  bool maps = fn->transform == MDL_TRANSFORM_vmap;
  if (!strcmp(arg->name.text, maps ? "over" : "wrt")) return read_wrts(s, arg->value, fn);
  if (maps && !strcmp(arg->name.text, "axis")) return read_axis(s, arg->value, fn);
  if (maps && !strcmp(arg->name.text, "size")) return read_size(s, arg->value, fn);
  const char *options[] = {maps ? "over" : "wrt", "axis", "size"};
  MdlReport *r =
      mdl_error(s->session, MDL_E0502, arg->name.at, names[fn->transform], arg->name.text);
  mdl_suggest(s, r, arg->name.text, arg->name.at, options, maps ? 3 : 1);
  return false;
}

static bool names_known(MdlSema *s, const MdlFnVal *fn)
{
  MdlFnParam param[MDL_MAX_PARAMS];
  int params = mdl_fn_params(s, fn->of, param);
  const char *list[MDL_MAX_PARAMS];
  for (int i = 0; i < params; i++) list[i] = param[i].name;
  for (int i = 0; params >= 0 && i < fn->wrts; i++) {
    int k = 0;
    while (k < params && param[k].name != fn->wrt[i].name) k++;
    if (k < params) continue;
    const MdlFnVal *bottom = mdl_fn_bottom(fn);
    if (bottom->decl && bottom->decl->body_failed) return false;
    MdlReport *r =
        mdl_error(s->session, MDL_E0702, fn->wrt[i].at, mdl_fn_name(s, fn->of), fn->wrt[i].name);
    mdl_suggest(s, r, fn->wrt[i].name, fn->wrt[i].at, list, params);
    return false;
  }
  return params >= 0;
}

MdlVal *mdl_make_transform(MdlSema *s, MdlTransform t, const MdlExpr *call)
{
  MdlFnVal *fn = MDL_NEW(s->arena, MdlFnVal, 1);
  MdlVal *of = NULL;
  fn->kind = MDL_FN_transform;
  fn->transform = t;
  fn->at = call->at;
  for (int i = 0; i < call->call.args; i++) {
    const MdlArg *arg = &call->call.arg[i];
    if (arg->name.text) {
      if (!read_option(s, arg, fn)) return mdl_val_poison(s);
    } else if (of) {
      mdl_error(s->session, MDL_E0501, arg->at, names[t], "1 function", "2",
                "options have names: `wrt=x`");
      return mdl_val_poison(s);
    } else {
      of = mdl_expr(s, arg->value, NULL);
    }
  }
  if (!of) {
    mdl_error(s->session, MDL_E0501, call->at, names[t], "1 function", "0",
              "a function is missing");
    return mdl_val_poison(s);
  }
  if (mdl_is_poison(of)) return of;
  if (!mdl_is_kind(of, MDL_KIND_fn)) {
    MdlReport *r = mdl_error(s->session, MDL_E0208, of->at, "function",
                             mdl_source_text(s->session, of->at), mdl_vtype_text(s, of->type));
    mdl_help(r, "`%s(f)(x)`: the function, not its value", names[t]);
    return mdl_val_poison(s);
  }
  fn->of = of->fn;
  return names_known(s, fn) ? mdl_val_fn(s, fn, call->at) : mdl_val_poison(s);
}

/* ---- parameters as callers see them ------------------------------------------------------ */

static int decl_params(MdlSema *s, const MdlFnVal *fn, MdlFnParam *param)
{
  int count = fn->decl->fn->params;
  (void)s;
  for (int i = 0; i < count && i < MDL_MAX_PARAMS; i++) {
    const MdlParamNode *p = &fn->decl->fn->param[i];
    param[i] = (MdlFnParam){p->name.text, p->at, NULL, p->type, p->preset, p->is_inout};
  }
  return count < MDL_MAX_PARAMS ? count : MDL_MAX_PARAMS;
}

static int lambda_params(MdlSema *s, const MdlFnVal *fn, MdlFnParam *param)
{
  int count = fn->lambda->lambda.params;
  MdlFrame frame = *fn->frame;
  frame.parent = s->frame;
  s->frame = &frame;
  for (int i = 0; i < count && i < MDL_MAX_PARAMS; i++) {
    const MdlParamNode *p = &fn->lambda->lambda.param[i];
    param[i] = (MdlFnParam){p->name.text, p->at,     p->type ? mdl_type_eval(s, p->type) : NULL,
                            p->type,      p->preset, false};
  }
  mdl_frame_pop(s);
  return count < MDL_MAX_PARAMS ? count : MDL_MAX_PARAMS;
}

static const char *prefixed(MdlSema *s, const char *name)
{
  return mdl_intern_text(s->arena, mdl_text(s->arena, "d%s", name));
}

/* jvp and hvp: a tangent a parameter of wrt. vjp: one cotangent, dy. */
static int transform_params(MdlSema *s, const MdlFnVal *fn, MdlFnParam *param)
{
  int count = mdl_fn_params(s, fn->of, param);
  if (count < 0) return count;
  if (fn->transform == MDL_TRANSFORM_vjp && count < MDL_MAX_PARAMS) {
    param[count++] = (MdlFnParam){.name = mdl_intern_text(s->arena, "dy"), .at = fn->at};
    return count;
  }
  if (fn->transform != MDL_TRANSFORM_jvp && fn->transform != MDL_TRANSFORM_hvp) return count;
  int wrts = fn->wrts ? fn->wrts : 1, params = count;
  for (int i = 0; i < wrts && count < MDL_MAX_PARAMS && params; i++) {
    const char *name = fn->wrts ? fn->wrt[i].name : param[0].name;
    if (fn->wrts && fn->wrt[i].parts) name = fn->wrt[i].part[fn->wrt[i].parts - 1];
    param[count++] = (MdlFnParam){.name = prefixed(s, name), .at = fn->at};
  }
  return count;
}

static int row_params(MdlSema *s, const MdlFnVal *fn, MdlFnParam *param)
{
  static const char *const letters[] = {"x", "y", "z"};
  int count = mdl_op_info(fn->op)->operands;
  for (int i = 0; i < count; i++)
    param[i] = (MdlFnParam){.name = mdl_intern_text(s->arena, letters[i]), .at = fn->at};
  return count;
}

static int builtin_params(MdlSema *s, const MdlFnVal *fn, MdlFnParam *param)
{
  static const MdlExpr left_out = {0};
  int count = 0;
  for (const char *p = fn->builtin->params; *p && count < MDL_MAX_PARAMS;) {
    size_t n = strcspn(p, " ");
    bool optional = p[n - 1] == '?' || p[n - 1] == '*';
    param[count++] = (MdlFnParam){.name = mdl_intern(s->arena, p, optional ? n - 1 : n),
                                  .at = fn->at,
                                  .preset = optional ? &left_out : NULL};
    p += n;
    while (*p == ' ') p++;
  }
  return count;
}

int mdl_fn_params(MdlSema *s, const MdlFnVal *fn, MdlFnParam *param)
{
  switch (fn->kind) {
  case MDL_FN_decl:
  case MDL_FN_method:
    return decl_params(s, fn, param);
  case MDL_FN_lambda:
    return lambda_params(s, fn, param);
  case MDL_FN_transform:
    return transform_params(s, fn, param);
  case MDL_FN_row:
    return row_params(s, fn, param);
  case MDL_FN_builtin:
    return builtin_params(s, fn, param);
  case MDL_FN_init:
    param[0] = (MdlFnParam){.name = mdl_intern_text(s->arena, "key"), .at = fn->at};
    return 1;
  case MDL_FN_linear: {
    int count = 0;
    for (; count < fn->wrts; count++)
      param[count] = (MdlFnParam){.name = prefixed(s, fn->wrt[count].name), .at = fn->at};
    return count;
  }
  case MDL_FN_convert:
  case MDL_FN_make:
  case MDL_FN_raw:
    break;
  }
  mdl_error(s->session, MDL_E0208, fn->at, "function", mdl_fn_name(s, fn), "type");
  return -1;
}

/* ---- the arguments of an application ----------------------------------------------------- */

/* A parameter of a declared function whose type is known without its call. */
static const MdlVType *known_type(MdlSema *s, const MdlFnVal *fn, const MdlFnParam *param)
{
  if (param->type) return param->type;
  if (!param->node || param->node->kind != MDL_TYPE_NODE_dtype || param->node->dims) return NULL;
  (void)fn;
  return mdl_vtype_scalar(s, param->node->dtype);
}

/* Literals take the element type that the parameter declares, whatever its shape. */
static void decide_dtype(MdlVal *v, const MdlFnParam *param)
{
  if (!mdl_is_kind(v, MDL_KIND_tensor) || !v->type->cell) return;
  if (param->type && param->type->kind == MDL_KIND_tensor && !param->type->cell)
    mdl_cell_decide(v->type->cell, param->type->tensor.dtype, v->at);
  else if (param->node && param->node->kind == MDL_TYPE_NODE_dtype)
    mdl_cell_decide(v->type->cell, param->node->dtype, v->at);
}

bool mdl_transform_args(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at,
                        MdlApplied *a)
{
  MdlCallArg *slot[MDL_MAX_PARAMS];
  a->fn = fn;
  a->at = at;
  a->params = mdl_fn_params(s, fn, a->param);
  a->own = mdl_fn_params(s, fn->of, a->param);
  a->params = mdl_fn_params(s, fn, a->param);
  if (a->params < 0 || a->own < 0 ||
      !mdl_match_args(s, mdl_fn_name(s, fn), fn->at, a->params, a->param, args, arg, slot, at))
    return false;
  for (int i = 0; i < a->params; i++) {
    bool maps = fn->transform == MDL_TRANSFORM_vmap;
    const MdlVType *want = maps || i >= a->own ? NULL : known_type(s, fn, &a->param[i]);
    a->value[i] = NULL;
    if (!slot[i]) continue;
    MdlVal *v = mdl_arg_value(s, slot[i], want);
    if (mdl_is_poison(v)) return false;
    if (want && !maps && (mdl_is_kind(v, MDL_KIND_number) || mdl_is_kind(v, MDL_KIND_size)))
      v = mdl_coerce(s, v, want, v->at, NULL, a->param[i].at);
    if (mdl_is_poison(v)) return false;
    a->value[i] = mdl_is_kind(v, MDL_KIND_fn) ? v : mdl_settle(s, v);
    decide_dtype(a->value[i], &a->param[i]);
  }
  return true;
}

MdlVal *mdl_apply_transform(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg,
                            const MdlVType *want, MdlSpan at)
{
  (void)want;
  if (s->depth > s->session->limits.nesting) {
    mdl_error(s->session, MDL_E0901, at, mdl_text(s->arena, "%d", s->session->limits.nesting));
    return mdl_val_poison(s);
  }
  MdlApplied *a = MDL_NEW(s->arena, MdlApplied, 1);
  if (fn->kind == MDL_FN_linear) return mdl_apply_linear(s, fn, args, arg, at);
  if (!mdl_transform_args(s, fn, args, arg, at, a)) return mdl_val_poison(s);
  s->at = at;
  s->depth++;
  MdlVal *v = NULL;
  switch (fn->transform) {
  case MDL_TRANSFORM_grad:
  case MDL_TRANSFORM_value_grad:
    v = mdl_apply_grad(s, a);
    break;
  case MDL_TRANSFORM_jvp:
  case MDL_TRANSFORM_linearize:
    v = mdl_apply_jvp(s, a);
    break;
  case MDL_TRANSFORM_vjp:
    v = mdl_apply_vjp(s, a);
    break;
  case MDL_TRANSFORM_vmap:
    v = mdl_apply_vmap(s, a);
    break;
  case MDL_TRANSFORM_jacfwd:
  case MDL_TRANSFORM_jacrev:
  case MDL_TRANSFORM_hessian:
    v = mdl_apply_jacobian(s, a);
    break;
  case MDL_TRANSFORM_hvp:
    v = mdl_apply_hvp(s, a);
    break;
  case MDL_TRANSFORM_remat:
    v = mdl_apply_remat(s, a);
    break;
  case MDL_TRANSFORM_COUNT:
    break;
  }
  s->depth--;
  return v;
}
