/* Calls: of declared functions (sizes inferred, defaults filled in, inout assigned), lambdas,
 * builtins, rows, conversions. */
#include "frontend/sema.h"

#include <string.h>

const char *mdl_fn_name(MdlSema *s, const MdlFnVal *fn)
{
  switch (fn->kind) {
  case MDL_FN_decl:
  case MDL_FN_method:
    return fn->decl->owner
               ? mdl_text(s->arena, "%s.%s", fn->decl->owner->name.text, fn->decl->name.text)
               : fn->decl->name.text;
  case MDL_FN_lambda:
    return "fn";
  case MDL_FN_builtin:
    return fn->builtin->name;
  case MDL_FN_row:
  case MDL_FN_raw:
    return mdl_op_info(fn->op)->name;
  case MDL_FN_convert:
    return mdl_dtypes[fn->dtype].name;
  case MDL_FN_make:
    return fn->type && fn->type->of ? fn->type->of->item->name.text
           : fn->decl               ? fn->decl->name.text
                                    : "struct";
  case MDL_FN_init:
    return "init";
  case MDL_FN_transform:
    return mdl_text(s->arena, "%s.%s", mdl_fn_name(s, fn->of), mdl_transform_name(fn->transform));
  case MDL_FN_linear:
    return "linearize";
  }
  return "fn";
}

const MdlFnVal *mdl_fn_bottom(const MdlFnVal *fn)
{
  while (fn->kind == MDL_FN_transform) fn = fn->of;
  return fn;
}

/* ---- declared functions ------------------------------------------------------------------ */

typedef struct Call {
  MdlSema *s;
  const MdlFnVal *fn;
  MdlDecl *decl;
  MdlFrame frame; /* the callee's names */
  int bindings;
  MdlBinding binding[MDL_MAX_GENERICS];
  int params;
  MdlFnParam param[MDL_MAX_PARAMS];
  MdlCallArg *slot[MDL_MAX_PARAMS];
  MdlVal *value[MDL_MAX_PARAMS];
  const MdlVType *type[MDL_MAX_PARAMS];
  MdlVal *known[MDL_MAX_PARAMS];
  MdlSpan at;
} Call;

static void enter(Call *c)
{
  mdl_frame_push(c->s, &c->frame, c->decl->module, c->decl, c->bindings, c->binding);
  c->frame.self = c->fn->self;
  c->frame.asked_at = c->at;
  c->frame.quiet = true;
}

static void leave(Call *c) { mdl_frame_pop(c->s); }

/* Binds the names of the receiver's model, then those given in brackets. */
static void bind_known(Call *c)
{
  c->bindings = mdl_decl_generics(c->s, c->decl, c->binding);
  if (c->fn->self && c->fn->self->type->of) {
    const MdlStructOf *of = c->fn->self->type->of;
    for (int i = 0; i < of->bindings; i++) {
      c->binding[i] = of->binding[i];
      c->binding[i].at = c->fn->self->at;
      c->binding[i].from = mdl_source_text(c->s->session, c->fn->self->at);
    }
  }
  for (int i = 0; i < c->fn->bindings; i++)
    if (c->fn->binding[i].given) c->binding[i] = c->fn->binding[i];
}

static bool expr_is_open(MdlSema *s, const MdlExpr *expr)
{
  const MdlBinding *b;
  switch (expr->kind) {
  case MDL_EXPR_name:
    b = mdl_binding_find(s, expr->name);
    return b && mdl_binding_is_open(b);
  case MDL_EXPR_binary:
    return expr_is_open(s, expr->binary.left) || expr_is_open(s, expr->binary.right);
  case MDL_EXPR_index:
    for (int i = 0; i < expr->index.indices; i++)
      if (expr->index.index[i].value && expr_is_open(s, expr->index.index[i].value)) return true;
    return false;
  default:
    return expr->kind != MDL_EXPR_number && expr->kind != MDL_EXPR_dtype;
  }
}

static bool dims_are_open(MdlSema *s, const MdlIndex *index, int count)
{
  for (int i = 0; i < count; i++) {
    if (index[i].kind == MDL_INDEX_ellipsis) {
      const MdlBinding *b = mdl_binding_find(s, mdl_intern_text(s->arena, "..."));
      if (!b || b->dims < 0) return true;
    } else if (index[i].value && expr_is_open(s, index[i].value)) {
      return true;
    }
  }
  return false;
}

static bool type_is_open(MdlSema *s, const MdlTypeNode *node)
{
  if (node->kind == MDL_TYPE_NODE_named && node->path.parts == 1) {
    const MdlBinding *b = mdl_binding_find(s, node->path.part[0].text);
    if (b && mdl_binding_is_open(b)) return true;
  }
  for (int i = 0; i < node->items; i++)
    if (type_is_open(s, node->item[i])) return true;
  return dims_are_open(s, node->dim, node->dims) || dims_are_open(s, node->stack, node->stacks);
}

static bool evaluate_args(Call *c)
{
  MdlSema *s = c->s;
  bool ok = true;
  for (int i = 0; i < c->params; i++) {
    const MdlVType *want = NULL;
    enter(c);
    if (!type_is_open(s, c->param[i].node)) want = mdl_type_eval(s, c->param[i].node);
    leave(c);
    if (!c->slot[i]) continue;
    c->value[i] = mdl_arg_value(s, c->slot[i], want);
    if (mdl_is_poison(c->value[i])) ok = false;
    if (!ok) continue;
    enter(c);
    ok = mdl_unify(s, c->param[i].node, c->value[i]->type, c->param[i].name, c->value[i]->at);
    leave(c);
  }
  for (int i = 0; ok && i < c->params; i++) {
    if (!c->slot[i]) continue;
    enter(c);
    ok = mdl_unify(s, c->param[i].node, c->value[i]->type, c->param[i].name, c->value[i]->at);
    leave(c);
  }
  return ok;
}

/* A dtype that only literals were given for is f32, or i32. */
static const MdlGeneric *generic_of(const MdlDecl *decl, const char *name)
{
  for (int i = 0; i < decl->fn->generics; i++)
    if (decl->fn->generic[i].name.text == name) return &decl->fn->generic[i];
  return NULL;
}

static bool all_bound(Call *c)
{
  for (int i = 0; i < c->bindings; i++) {
    MdlBinding *b = &c->binding[i];
    if (!mdl_binding_is_open(b)) continue;
    const MdlGeneric *generic = generic_of(c->decl, b->name);
    if (b->kind == MDL_GENERIC_bound && generic && generic->bound.text) {
      b->dtype = strcmp(generic->bound.text, "float") ? MDL_i32 : MDL_f32;
      continue;
    }
    MdlReport *r = mdl_error(c->s->session, MDL_E0406, c->at, b->name);
    mdl_also(r, b->at, "declared here");
    mdl_help(r, "`%s[%s=…](…)`", c->decl->name.text, b->name);
    return false;
  }
  return true;
}

static bool dtypes_allowed(Call *c)
{
  for (int i = 0; i < c->bindings; i++) {
    const MdlBinding *b = &c->binding[i];
    const MdlGeneric *generic = generic_of(c->decl, b->name);
    const char *got = NULL;
    if (b->kind == MDL_GENERIC_bound && generic && generic->bound.text &&
        !strcmp(generic->bound.text, "float") && !mdl_is_float(b->dtype))
      got = mdl_dtypes[b->dtype].name;
    if (b->kind == MDL_GENERIC_struct && b->type->kind != MDL_KIND_struct)
      got = mdl_vtype_text(c->s, b->type);
    if (!got) continue;
    MdlReport *r = mdl_error(c->s->session, MDL_E0508, c->at, b->name,
                             b->kind == MDL_GENERIC_struct ? "a struct" : "float", got);
    if (generic) mdl_also(r, generic->at, "declared here");
    return false;
  }
  return true;
}

static bool resolve_types(Call *c, bool *scalars, bool *tensors)
{
  MdlSema *s = c->s;
  *scalars = c->params > 0, *tensors = false;
  for (int i = 0; i < c->params; i++) {
    enter(c);
    c->type[i] = mdl_type_eval(s, c->param[i].node);
    if (!c->slot[i]) c->value[i] = mdl_preset_value(s, c->fn, &c->param[i], c->type[i]);
    leave(c);
    if (c->type[i]->kind == MDL_KIND_poison || mdl_is_poison(c->value[i])) return false;
    *scalars &=
        c->type[i]->kind == MDL_KIND_tensor && !c->type[i]->tensor.rank && !c->param[i].is_inout;
    *tensors |= mdl_is_kind(c->value[i], MDL_KIND_tensor) && c->value[i]->type->tensor.rank;
  }
  return true;
}

static bool coerce_args(Call *c)
{
  for (int i = 0; i < c->params; i++) {
    MdlVal *v = c->value[i];
    if (c->type[i]->kind == MDL_KIND_fn) {
      if (!mdl_is_kind(v, MDL_KIND_fn)) {
        mdl_error(c->s->session, MDL_E0208, v->at, "function",
                  mdl_source_text(c->s->session, v->at), mdl_vtype_text(c->s, v->type));
        return false;
      }
      c->known[i] = v;
      continue;
    }
    MdlSpan at = v->at.file >= 0 ? v->at : c->at;
    c->value[i] = mdl_coerce(c->s, v, c->type[i], at, NULL, c->param[i].at);
    if (mdl_is_poison(c->value[i])) return false;
  }
  return true;
}

/* An inout argument is a variable, and no variable is given twice. */
static bool check_inouts(Call *c)
{
  const MdlLocal *seen[MDL_MAX_PARAMS];
  int count = 0;
  for (int i = 0; i < c->params; i++) {
    if (!c->param[i].is_inout || !c->slot[i] || !c->slot[i]->expr) continue;
    const MdlExpr *expr = c->slot[i]->expr;
    MdlLocal *local = expr->kind == MDL_EXPR_name ? mdl_local_find(c->s, expr->name) : NULL;
    bool twice = false;
    for (int k = 0; k < count; k++) twice |= seen[k] == local;
    if (!local || twice || (local->kind != MDL_LOCAL_var && local->kind != MDL_LOCAL_inout)) {
      MdlReport *r = mdl_error(c->s->session, MDL_E0505, expr->at, c->param[i].name);
      if (local) mdl_also(r, local->at, twice ? "given twice" : "bound here");
      mdl_help(r, "`var` makes a variable");
      return false;
    }
    seen[count++] = local;
  }
  return true;
}

/* The call's own value, and what its inout parameters became. */
static MdlVal *finish(Call *c, MdlInstance *instance)
{
  MdlSema *s = c->s;
  int inouts = 0, operands = 0;
  const MdlVType *part[MDL_MAX_PARAMS + 1] = {instance->result};
  for (int i = 0; i < c->params; i++)
    if (c->param[i].is_inout) part[++inouts] = c->type[i];
  int leaves = c->fn->self ? mdl_leaf_count(c->fn->self->type) : 0;
  for (int i = 0; i < c->params; i++) leaves += mdl_leaf_count(c->type[i]);
  MdlCore **operand = MDL_NEW(s->arena, MdlCore *, (size_t)leaves);
  if (c->fn->self)
    for (int k = 0, n = mdl_leaf_count(c->fn->self->type); k < n; k++)
      operand[operands++] = c->fn->self->leaf[k];
  for (int i = 0; i < c->params; i++)
    for (int k = 0, n = mdl_leaf_count(c->type[i]); k < n; k++)
      operand[operands++] = c->value[i]->leaf[k];
  s->at = c->at;
  const MdlVType *all = inouts ? mdl_vtype_tuple(s, inouts + 1, part) : instance->result;
  if (inouts && instance->result->kind == MDL_KIND_none)
    part[0] = mdl_vtype_tuple(s, 0, NULL), all = mdl_vtype_tuple(s, inouts + 1, part);
  MdlVal *v = mdl_emit_call(s, instance->func, NULL, operands, operand, all, c->at);
  if (!inouts) return v;
  MdlVal *item[MDL_MAX_PARAMS + 1];
  for (int i = 0; i <= inouts; i++) item[i] = mdl_val_item(s, v, i);
  bool as_results = false;
  for (int i = 0, k = 0; i < c->params; i++) {
    if (!c->param[i].is_inout) continue;
    MdlVal *now = item[++k];
    if (c->slot[i] && c->slot[i]->expr)
      mdl_assign_to(s, c->slot[i]->expr, now, MDL_UPDATE_set, c->at);
    else
      as_results = true;
  }
  bool none = instance->result->kind == MDL_KIND_none;
  if (!as_results) return none ? mdl_val_none(s, c->at) : item[0];
  if (none) return inouts == 1 ? item[1] : mdl_val_tuple(s, inouts, item + 1, c->at);
  return mdl_val_tuple(s, inouts + 1, item, c->at);
}

static void note_call(Call *c)
{
  MdlDecl *from = c->s->frame->decl;
  if (!from || !from->fn || c->s->frame->is_rule) return;
  if (!from->calls) from->calls = mdl_map_create(c->s->arena);
  MdlSpan *at = MDL_NEW(c->s->arena, MdlSpan, 1);
  *at = c->at;
  if (!mdl_map_has(from->calls, c->decl)) mdl_map_set(from->calls, c->decl, at);
}

/* Literals take the element types that the scalars have. */
static MdlVal *lifted(Call *c)
{
  for (int i = 0; i < c->params; i++) {
    const MdlVType *t = c->value[i]->type;
    if (t->kind == MDL_KIND_tensor && t->cell && !mdl_vtype_dtype(t, &(MdlDtype){0}))
      mdl_cell_decide(t->cell, c->type[i]->tensor.dtype, c->value[i]->at);
  }
  return mdl_lift(c->s, c->fn, c->params, c->value, c->at);
}

MdlVal *mdl_call_decl(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at)
{
  Call *c = MDL_NEW(s->arena, Call, 1);
  bool scalars, tensors;
  c->s = s, c->fn = fn, c->decl = fn->decl, c->at = at;
  c->decl->used = true;
  if (c->decl->failed) return mdl_val_poison(s);
  if (c->decl->owner && !fn->self) {
    MdlReport *r =
        mdl_error(s->session, MDL_E0509, at, mdl_fn_name(s, fn), c->decl->owner->name.text);
    mdl_help(r, "`m.%s(…)`", c->decl->name.text);
    return mdl_val_poison(s);
  }
  note_call(c);
  bind_known(c);
  for (; c->params < c->decl->fn->params && c->params < MDL_MAX_PARAMS; c->params++) {
    const MdlParamNode *p = &c->decl->fn->param[c->params];
    c->param[c->params] = (MdlFnParam){p->name.text, p->at, NULL, p->type, p->preset, p->is_inout};
  }
  if (!mdl_match_args(s, mdl_fn_name(s, fn), c->decl->name.at, c->params, c->param, args, arg,
                      c->slot, at)) {
    for (int i = 0; i < args; i++) mdl_arg_value(s, &arg[i], NULL);
    return mdl_val_poison(s);
  }
  if (!check_inouts(c) || !evaluate_args(c) || !all_bound(c) || !dtypes_allowed(c) ||
      !resolve_types(c, &scalars, &tensors))
    return mdl_val_poison(s);
  if (scalars && tensors) return lifted(c);
  if (!coerce_args(c)) return mdl_val_poison(s);
  MdlInstance *instance = mdl_instance_get(s, c->decl, c->bindings, c->binding, fn->self, c->params,
                                           c->type, c->known, at);
  if (!instance) return mdl_val_poison(s);
  return finish(c, instance);
}

MdlVal *mdl_preset_value(MdlSema *s, const MdlFnVal *fn, const MdlFnParam *param,
                         const MdlVType *want)
{
  MdlFrame frame;
  const MdlFnVal *bottom = mdl_fn_bottom(fn);
  MdlModule *module = bottom->decl ? bottom->decl->module : s->frame->module;
  mdl_frame_push(s, &frame, module, bottom->decl, s->frame->bindings, s->frame->binding);
  frame.quiet = true;
  MdlVal *v = mdl_expr(s, param->preset, want);
  if (want) v = mdl_coerce(s, v, want, param->preset->at, "declared here", param->at);
  mdl_frame_pop(s);
  return v;
}

/* ---- any function ------------------------------------------------------------------------ */

static MdlVal *call_any(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg,
                        const MdlVType *want, MdlSpan at)
{
  switch (fn->kind) {
  case MDL_FN_decl:
  case MDL_FN_method:
    return mdl_call_decl(s, fn, args, arg, at);
  case MDL_FN_lambda:
    return mdl_call_lambda(s, fn, args, arg, at);
  case MDL_FN_builtin:
    return mdl_call_builtin(s, fn, args, arg, want, at);
  case MDL_FN_row:
    return mdl_call_row(s, fn, args, arg, at);
  case MDL_FN_convert:
    return mdl_call_convert(s, fn, args, arg, at);
  case MDL_FN_make:
    return mdl_make_struct(s, fn, args, arg, at);
  case MDL_FN_init:
    return mdl_init_struct(s, fn, args, arg, at);
  case MDL_FN_raw:
    return mdl_call_raw(s, fn, args, arg, want, at);
  case MDL_FN_transform:
  case MDL_FN_linear:
    return mdl_apply_transform(s, fn, args, arg, want, at);
  }
  return mdl_val_poison(s);
}

/* A parameter's function gives what its type says; one of scalars may have been lifted. */
MdlVal *mdl_call_fn(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, const MdlVType *want,
                    MdlSpan at)
{
  MdlVal *v = call_any(s, fn, args, arg, fn->promised ? fn->promised : want, at);
  if (!fn->promised || mdl_is_poison(v)) return v;
  bool is_scalar = fn->promised->kind == MDL_KIND_tensor && !fn->promised->tensor.rank;
  if (is_scalar && mdl_is_kind(v, MDL_KIND_tensor) && v->type->tensor.rank) return v;
  return mdl_coerce(s, v, fn->promised, at, "the parameter's type", fn->promise->at);
}

MdlVal *mdl_call_value(MdlSema *s, MdlVal *fn, int args, MdlVal *const *value, MdlSpan at)
{
  MdlCallArg *arg = MDL_NEW(s->arena, MdlCallArg, (size_t)args);
  for (int i = 0; i < args; i++) arg[i].value = value[i];
  if (!mdl_is_kind(fn, MDL_KIND_fn)) {
    mdl_error(s->session, MDL_E0208, fn->at, "function", mdl_source_text(s->session, fn->at),
              mdl_vtype_text(s, fn->type));
    return mdl_val_poison(s);
  }
  return mdl_call_fn(s, fn->fn, args, arg, NULL, at);
}

/* ---- the expression ---------------------------------------------------------------------- */

/* mdl.NAME */
static bool is_raw(MdlSema *s, const MdlExpr *callee)
{
  return callee->kind == MDL_EXPR_field && callee->field.base->kind == MDL_EXPR_name &&
         !strcmp(callee->field.base->name, "mdl") && !mdl_local_find(s, callee->field.base->name);
}

static bool raw_op(MdlSema *s, const MdlExpr *callee, MdlOp *op)
{
  if (!is_raw(s, callee)) return false;
  const char *name = callee->field.name.text;
  *op = mdl_op_find(name, strlen(name));
  return *op < MDL_OP_COUNT;
}

static bool named_transform(MdlSema *s, const MdlExpr *callee, MdlTransform *t)
{
  return callee->kind == MDL_EXPR_name && !mdl_local_find(s, callee->name) &&
         !mdl_decl_find(s, s->frame->module, callee->name) && mdl_transform_find(callee->name, t);
}

/* m(x), where m has functions. */
static void call_a_method(MdlSema *s, MdlReport *r, const MdlVal *m)
{
  const MdlItem *item = m->type->of->item;
  for (int i = 0; i < item->members; i++) {
    if (item->member[i].kind != MDL_MEMBER_fn) continue;
    mdl_help(r, "`%s.%s(…)`", mdl_source_text(s->session, m->at), item->member[i].fn->name.text);
    return;
  }
}

MdlVal *mdl_call_expr(MdlSema *s, const MdlExpr *expr, const MdlVType *want)
{
  const MdlExprCall *call = &expr->call;
  MdlTransform t;
  MdlOp op;
  MdlCallArg *arg = MDL_NEW(s->arena, MdlCallArg, (size_t)call->args);
  for (int i = 0; i < call->args; i++)
    arg[i] = (MdlCallArg){call->arg[i].name.text, call->arg[i].name.at, NULL, call->arg[i].value};
  if (named_transform(s, call->callee, &t)) return mdl_make_transform(s, t, expr);
  if (is_raw(s, call->callee) && !strcmp(call->callee->field.name.text, "struct"))
    return mdl_call_leaves(s, call->args, arg, want, expr->at);
  if (raw_op(s, call->callee, &op)) {
    MdlFnVal raw = {.kind = MDL_FN_raw, .op = op, .at = expr->at};
    return mdl_call_raw(s, &raw, call->args, arg, want, expr->at);
  }
  MdlVal *special = mdl_call_special(s, expr, want);
  if (special) return special;
  MdlVal *callee = mdl_expr(s, call->callee, NULL);
  if (mdl_is_kind(callee, MDL_KIND_fn))
    return mdl_call_fn(s, callee->fn, call->args, arg, want, expr->at);
  const MdlVType *any = mdl_is_poison(callee) ? callee->type : NULL;
  for (int i = 0; i < call->args; i++)
    if (!any || !arg[i].name) mdl_arg_value(s, &arg[i], any); /* its options name nothing here */
  if (!mdl_is_poison(callee)) {
    MdlReport *r =
        mdl_error(s->session, MDL_E0208, call->callee->at, "function",
                  mdl_source_text(s->session, call->callee->at), mdl_vtype_text(s, callee->type));
    if (mdl_is_kind(callee, MDL_KIND_tensor)) mdl_help(r, "`x[i]` takes an element");
    if (mdl_is_kind(callee, MDL_KIND_struct)) call_a_method(s, r, callee);
  }
  return mdl_val_poison(s);
}
