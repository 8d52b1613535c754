/* Instances of declared functions: found by what their generic names stand for, checked once. */
#include "frontend/sema.h"

#include <string.h>

/* What `f: fn(T) -> U` says of f's calls. */
static MdlVal *promised_fn(MdlSema *s, const MdlTypeNode *node, MdlVal *v)
{
  MdlFnVal *fn = MDL_NEW(s->arena, MdlFnVal, 1);
  if (!mdl_is_kind(v, MDL_KIND_fn) || node->kind != MDL_TYPE_NODE_fn) return v;
  *fn = *v->fn;
  fn->promise = node->result;
  fn->promised = mdl_type_eval(s, node->result);
  return mdl_val_fn(s, fn, v->at);
}

/* The frame's parent while a body is checked is whoever asked for it. */
static void add_params(MdlSema *s, MdlDecl *decl, MdlCoreFunc *func, const MdlVType *const *param,
                       MdlVal *const *known)
{
  for (int i = 0; i < decl->fn->params; i++) {
    const MdlParamNode *p = &decl->fn->param[i];
    MdlVal *v =
        known && known[i] ? promised_fn(s, p->type, known[i])
                          : mdl_core_param(s, func, param[i], p->name.text, p->name.at);
    mdl_local_add(s, p->name.text, v, p->is_inout ? MDL_LOCAL_inout : MDL_LOCAL_parameter,
                  p->name.at);
  }
}

static MdlVal *self_param(MdlSema *s, MdlCoreFunc *func, const MdlStructOf *self, MdlSpan at)
{
  MdlVType *type = MDL_NEW(s->arena, MdlVType, 1);
  type->kind = MDL_KIND_struct;
  type->of = self;
  return mdl_core_param(s, func, type, "self", at);
}

static MdlVal *body_value(MdlSema *s, MdlDecl *decl, const MdlVType *declared)
{
  MdlVal *v = mdl_expr(s, decl->fn->body, declared);
  const MdlExpr *body = decl->fn->body;
  MdlSpan at = body->at;
  if (body->kind == MDL_EXPR_block && body->block->value) at = body->block->value->at;
  if (mdl_is_poison(v)) return v;
  if (declared && mdl_is_kind(v, MDL_KIND_none)) {
    v->at = at;
    mdl_no_value(s, v, "block", mdl_vtype_text(s, declared), decl->fn->result->at);
    return mdl_val_poison(s);
  }
  s->is_strict = true;
  if (declared) v = mdl_coerce(s, v, declared, at, "declared here", decl->fn->result->at);
  s->is_strict = false;
  if (declared) return v;
  if (mdl_is_kind(v, MDL_KIND_fn)) {
    mdl_error(s->session, MDL_E0312, at, "leave a function");
    return mdl_val_poison(s);
  }
  return mdl_settle(s, v);
}

/* The body of a function in a core function of its own: arguments are the receiver's leaves, then
 * the parameters'; results the value's leaves, then the inout parameters'. NULL: reported. */
static bool fill_body(MdlSema *s, MdlDecl *decl, MdlCoreFunc *func, const MdlStructOf *self,
                      const MdlVType *const *param, MdlVal *const *known, const MdlVType **result)
{
  const MdlVType *declared = decl->fn->result ? mdl_type_eval(s, decl->fn->result) : NULL;
  MdlVal *part[MDL_MAX_PARAMS + 1];
  int parts = 1;
  if (declared && declared->kind == MDL_KIND_poison) return false;
  if (self) s->frame->self = self_param(s, func, self, decl->name.at);
  add_params(s, decl, func, param, known);
  MdlLocal *params = s->frame->top;
  part[0] = body_value(s, decl, declared);
  if (mdl_is_poison(part[0])) return false;
  *result = part[0]->type;
  for (int i = 0; i < decl->fn->params; i++) {
    const MdlParamNode *p = &decl->fn->param[i];
    if (!p->is_inout) continue;
    MdlLocal *local = params;
    while (local->name != p->name.text) local = local->next;
    part[parts] = mdl_coerce(s, local->value, param[i], p->at, "declared here", p->type->at);
    if (mdl_is_poison(part[parts++])) return false;
  }
  mdl_locals_leave(s, NULL);
  mdl_core_return(s, parts, part);
  return true;
}

static void attach_rule(MdlSema *s, MdlDecl *decl, MdlCoreFunc *func, const MdlStructOf *self,
                        const MdlVType *const *param, const MdlVType *result);

static bool check_in(MdlSema *s, MdlDecl *decl, MdlCoreFunc *func, int bindings,
                     MdlBinding *binding, const MdlStructOf *self, const MdlVType *const *param,
                     MdlVal *const *known, const MdlVType **result, MdlSpan asked_at)
{
  MdlCoreFunc *was_func = s->func;
  MdlCoreBlock *was_block = s->block;
  MdlSpan was_at = s->at;
  MdlFrame frame;
  if (s->depth >= s->session->limits.nesting) {
    mdl_error(s->session, MDL_E0901, asked_at,
              mdl_text(s->arena, "%d", s->session->limits.nesting));
    return false;
  }
  mdl_frame_push(s, &frame, decl->module, decl, bindings, binding);
  frame.asked_at = asked_at;
  frame.instance = func->instance;
  s->func = func, s->block = func->body, s->at = decl->name.at;
  s->depth++;
  int before = mdl_error_count(s->session);
  bool ok = fill_body(s, decl, func, self, param, known, result);
  ok &= mdl_error_count(s->session) == before;
  if (ok) func->result = *result;
  if (ok && !func->parent) mdl_core_close(s, func);
  if (ok && func->instance) func->instance->state = 2, func->instance->result = *result;
  s->frame->is_rule = true;
  if (ok && decl->rule) attach_rule(s, decl, func, self, param, *result);
  s->depth--;
  s->func = was_func, s->block = was_block, s->at = was_at;
  mdl_frame_pop(s);
  return ok && mdl_error_count(s->session) == before;
}

/* ---- custom rules ------------------------------------------------------------------------ */

static bool has_float(MdlSema *s, const MdlVType *type)
{
  int count = mdl_leaf_count(type);
  MdlType *leaf = MDL_NEW(s->arena, MdlType, (size_t)count);
  mdl_leaves(s, type, leaf, NULL);
  for (int i = 0; i < count; i++)
    if (mdl_is_float(leaf[i].dtype)) return true;
  return false;
}

static int float_leaves(MdlSema *s, const MdlVal *v, MdlCore **leaf)
{
  int count = mdl_leaf_count(v->type), kept = 0;
  MdlType *type = MDL_NEW(s->arena, MdlType, (size_t)count);
  mdl_leaves(s, v->type, type, NULL);
  for (int i = 0; i < count; i++)
    if (mdl_is_float(type[i].dtype)) leaf[kept++] = v->leaf[i];
  return kept;
}

/* A tangent or cotangent as the rule sees it: arguments for float leaves, zeros for the others. */
static MdlVal *tangent_param(MdlSema *s, MdlCoreFunc *func, const MdlVType *type, MdlName name)
{
  int count = mdl_leaf_count(type);
  MdlType *leaf = MDL_NEW(s->arena, MdlType, (size_t)count);
  MdlCore **core = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  mdl_leaves(s, type, leaf, NULL);
  s->at = name.at;
  for (int i = 0; i < count; i++)
    core[i] = mdl_is_float(leaf[i].dtype) ? mdl_core_arg(s, func, leaf[i], name.text)
                                          : mdl_emit_number(s, &leaf[i], 0);
  return mdl_val_of(s, type, core, name.at);
}

static bool rule_count(MdlSema *s, MdlDecl *decl, int wanted)
{
  const MdlItem *rule = decl->rule;
  if (rule->rule.tangents == wanted) return true;
  MdlReport *r =
      mdl_error(s->session, MDL_E0709, rule->path.at, decl->name.text,
                mdl_text(s->arena, "%d", rule->rule.tangents),
                mdl_text(s->arena, "%d %s", wanted, rule->rule.is_vjp ? "cotangent" : "float"));
  mdl_also(r, decl->fn->head, "defined here");
  return false;
}

/* A primal under its name in the rule; the receiver is one, and first. */
static MdlVal *bind_primal(MdlSema *s, MdlName name, MdlVal *v)
{
  mdl_local_add(s, name.text, v, MDL_LOCAL_parameter, name.at);
  mdl_local_find(s, name.text)->used = true;
  return v;
}

/* The primals; `wanted` gets the types of those that have a tangent. */
static int rule_primals(MdlSema *s, MdlDecl *decl, MdlCoreFunc *rule, const MdlStructOf *self,
                        const MdlVType *const *param, const MdlVType **wanted)
{
  const MdlName *name = decl->rule->rule.primal;
  int wants = 0;
  s->frame->self = NULL;
  if (self) {
    MdlVal *v = bind_primal(s, *name, self_param(s, rule, self, name->at));
    if (has_float(s, v->type)) wanted[wants++] = v->type;
    name++;
  }
  for (int i = 0; i < decl->fn->params; i++, name++) {
    bind_primal(s, *name, mdl_core_param(s, rule, param[i], name->text, name->at));
    if (has_float(s, param[i])) wanted[wants++] = param[i];
  }
  return wants;
}

static bool rule_body(MdlSema *s, MdlDecl *decl, MdlCoreFunc *rule, const MdlStructOf *self,
                      const MdlVType *const *param, const MdlVType *result)
{
  const MdlItem *item = decl->rule;
  const MdlVType *wanted[MDL_MAX_PARAMS + 1];
  int wants = rule_primals(s, decl, rule, self, param, wanted);
  bool vjp = item->rule.is_vjp;
  if (!rule_count(s, decl, vjp ? 1 : wants)) return false;
  for (int i = 0; i < (vjp ? 1 : wants); i++) {
    MdlName name = item->rule.tangent[i];
    MdlVal *v = tangent_param(s, rule, vjp ? result : wanted[i], name);
    mdl_local_add(s, name.text, v, MDL_LOCAL_parameter, name.at);
  }
  const MdlVType *want = !vjp ? result : wants == 1 ? wanted[0] : mdl_vtype_tuple(s, wants, wanted);
  MdlVal *v = mdl_expr(s, item->rule.body, want);
  v = mdl_coerce(s, v, want, item->rule.body->at, "the rule's result", item->path.at);
  if (mdl_is_poison(v)) return false;
  MdlCore **yield = MDL_NEW(s->arena, MdlCore *, (size_t)mdl_leaf_count(v->type));
  int leaves = float_leaves(s, v, yield);
  s->func->body->yield = yield;
  s->func->body->yields = leaves;
  for (int i = 0; i < leaves; i++) yield[i] = mdl_core_use(s, yield[i]);
  mdl_locals_leave(s, NULL);
  return true;
}

/* In the frame of the function itself, whose locals are gone: its generic names still hold. */
static void attach_rule(MdlSema *s, MdlDecl *decl, MdlCoreFunc *func, const MdlStructOf *self,
                        const MdlVType *const *param, const MdlVType *result)
{
  const char *kind = decl->rule->rule.is_vjp ? "vjp" : "jvp";
  const char *symbol = mdl_text(s->arena, "%s.rule_%s", func->symbol, kind);
  MdlCoreFunc *rule = mdl_core_func(s, symbol, NULL, decl->rule->path.at);
  s->func = rule, s->block = rule->body, s->at = decl->rule->path.at;
  s->frame->module = decl->rule_module;
  func->rule_is_vjp = decl->rule->rule.is_vjp;
  func->rule = rule;
  if (rule_body(s, decl, rule, self, param, result)) {
    mdl_core_close(s, rule);
    rule->result = result;
  }
}

/* ---- finding ----------------------------------------------------------------------------- */

/* A function argument in an instance's key; false if it sees values of its maker. */
static bool known_text(MdlSema *s, const MdlFnVal *fn, const char **text)
{
  if (fn->kind == MDL_FN_row || fn->kind == MDL_FN_builtin || fn->kind == MDL_FN_convert) {
    *text = mdl_fn_name(s, fn);
    return true;
  }
  if (fn->kind == MDL_FN_decl) {
    *text = mdl_text(s->arena, "%s.%s[%s]", fn->decl->module->name, mdl_fn_name(s, fn),
                     mdl_bindings_text(s, fn->bindings, fn->binding));
    return true;
  }
  *text = mdl_text(s->arena, "fn'%d", ++s->lambdas);
  return false;
}

static const char *instance_key(MdlSema *s, const MdlInstance *in, MdlVal *const *known,
                                bool *closed)
{
  const char *key = mdl_text(s->arena, "%s.%s.%s[%s]", in->decl->module->name,
                             in->decl->owner ? in->decl->owner->name.text : "", in->decl->name.text,
                             mdl_bindings_text(s, in->bindings, in->binding));
  *closed = true;
  for (int i = 0; i < in->params; i++) {
    const char *text;
    if (!known || !known[i]) continue;
    *closed &= known_text(s, known[i]->fn, &text);
    key = mdl_text(s->arena, "%s(%s)", key, text);
  }
  return mdl_intern_text(s->arena, key);
}

static bool recursion(MdlSema *s, MdlInstance *in, MdlSpan at)
{
  MdlReport *r =
      mdl_error(s->session, MDL_E0206, at, "recursion",
                mdl_text(s->arena, "%s -> %s", in->decl->name.text, in->decl->name.text));
  mdl_also(r, in->decl->name.at, "defined here");
  mdl_help(r, "a `for` or a `while … limit n`");
  in->decl->failed = true;
  return false;
}

bool mdl_instance_check(MdlSema *s, MdlInstance *in)
{
  if (in->state == 2) return true;
  if (in->state == 1) return recursion(s, in, in->asked_at);
  if (in->state == 3) return false;
  const MdlVType *result = in->result;
  in->state = 1;
  bool ok = check_in(s, in->decl, in->func, in->bindings, in->binding, in->self, in->param,
                     in->known, &result, in->asked_at);
  in->state = ok ? 2 : 3;
  if (ok) in->result = result;
  return ok;
}

static MdlInstance *instance_new(MdlSema *s, MdlInstance *in, bool closed)
{
  MdlInstance *copy = MDL_NEW(s->arena, MdlInstance, 1);
  *copy = *in;
  copy->binding = MDL_NEW(s->arena, MdlBinding, (size_t)in->bindings);
  if (in->bindings) memcpy(copy->binding, in->binding, (size_t)in->bindings * sizeof *in->binding);
  const char *symbol = in->decl->name.text;
  if (in->decl->owner) symbol = mdl_text(s->arena, "%s.%s", in->decl->owner->name.text, symbol);
  copy->func = mdl_core_func(s, symbol, closed ? NULL : s->func, in->decl->name.at);
  copy->func->instance = copy;
  mdl_map_set(s->instances, copy->key, copy);
  return copy;
}

/* The declared result under the callee's names; NULL result if the body must tell. */
static bool declared_result(MdlSema *s, MdlInstance *in)
{
  MdlFrame frame;
  if (!in->decl->fn->result) return true;
  mdl_frame_push(s, &frame, in->decl->module, in->decl, in->bindings, in->binding);
  in->result = mdl_type_eval(s, in->decl->fn->result);
  mdl_frame_pop(s);
  return in->result->kind != MDL_KIND_poison;
}

MdlInstance *mdl_instance_get(MdlSema *s, MdlDecl *decl, int bindings, const MdlBinding *binding,
                              MdlVal *self, int params, const MdlVType *const *param,
                              MdlVal *const *known, MdlSpan at)
{
  MdlInstance in = {.decl = decl, .bindings = bindings, .params = params, .asked_at = at};
  in.asked_in = mdl_instance_current(s);
  bool closed;
  in.binding = (MdlBinding *)(uintptr_t)binding;
  in.self = self ? self->type->of : NULL;
  for (int i = 0; i < params; i++) {
    in.param[i] = param[i];
    in.known[i] = known ? known[i] : NULL;
  }
  in.key = instance_key(s, &in, known, &closed);
  MdlInstance *known_one = mdl_map_get(s->instances, in.key);
  if (known_one) {
    if (known_one->state == 1) return recursion(s, known_one, at), NULL;
    if (known_one->state == 3 && !known_one->result) return NULL;
    return known_one;
  }
  if (!declared_result(s, &in)) return NULL;
  if (mdl_map_count(s->instances) >= 100000) {
    mdl_error(s->session, MDL_E0903, at, "100000", "instances");
    return NULL;
  }
  MdlInstance *made = instance_new(s, &in, closed);
  if ((decl->is_template || !made->result || !closed) && !mdl_instance_check(s, made)) return NULL;
  return made;
}
