/* Functions with a meaning beside their value: stop_grad, assert, print; and map, clip. */
#include "frontend/builtin_emit.h"

/* Leaf by leaf, whatever holds the leaves. */
MdlVal *mdl_builtin_stop_grad(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlVal *v = call->arg[0];
  if (mdl_is_kind(v, MDL_KIND_number) || mdl_is_kind(v, MDL_KIND_size)) return v;
  if (mdl_is_kind(v, MDL_KIND_tuple)) {
    MdlVal *item[MDL_MAX_TUPLE];
    for (int i = 0; i < v->type->items; i++) {
      MdlBuiltinCall part = *call;
      part.arg[0] = mdl_val_item(s, v, i);
      item[i] = mdl_builtin_stop_grad(s, &part);
    }
    return mdl_val_tuple(s, v->type->items, item, call->at);
  }
  if (!mdl_is_kind(v, MDL_KIND_tensor) && !mdl_is_kind(v, MDL_KIND_struct))
    return mdl_refuse(s, call, v);
  int leaves = mdl_leaf_count(v->type);
  MdlCore **leaf = MDL_NEW(mdl_sema_arena(s), MdlCore *, (size_t)leaves);
  for (int i = 0; i < leaves; i++) leaf[i] = mdl_emit_stop_grad(s, v->leaf[i]);
  return mdl_val_of(s, v->type, leaf, call->at);
}

/* assert(cond, "text"): decided here where the sizes say it, else a check at run time. */
MdlVal *mdl_builtin_assert(MdlSema *s, const MdlBuiltinCall *call)
{
  enum { BAD_ASSERT = 3 };
  MdlSession *session = mdl_sema_session(s);
  bool truth;
  const char *text = mdl_source_text(session, call->arg[0]->at);
  if (call->arg[1] && !mdl_want_text(s, call, call->arg[1], &text)) return mdl_val_poison(s);
  if (mdl_const_bool(call->arg[0], &truth)) {
    if (!truth) mdl_error(session, MDL_E0609, call->arg[0]->at, text);
    return truth ? mdl_val_none(s, call->at) : mdl_val_poison(s);
  }
  MdlCore *holds = mdl_want_bools(s, call, call->arg[0]);
  if (!holds) return mdl_val_poison(s);
  mdl_emit_check(s, holds, BAD_ASSERT, text);
  return mdl_val_none(s, call->at);
}

static bool print_one(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, const char *label)
{
  if (!mdl_is_kind(v, MDL_KIND_struct) && !mdl_is_kind(v, MDL_KIND_tuple)) {
    MdlCore *x = mdl_want_tensor(s, call, v);
    if (x) mdl_emit_print(s, x, label);
    return x != NULL;
  }
  MdlArena *arena = mdl_sema_arena(s);
  int leaves = mdl_leaf_count(v->type);
  MdlType *type = MDL_NEW(arena, MdlType, (size_t)leaves);
  const char **path = MDL_NEW(arena, const char *, (size_t)leaves);
  mdl_leaves(s, v->type, type, path);
  for (int i = 0; i < leaves; i++)
    mdl_emit_print(s, v->leaf[i], mdl_text(arena, "%s.%s", label, path[i]));
  return true;
}

/* print(x), print("loss", l, "rate", r): a text names the value after it. */
MdlVal *mdl_builtin_print(MdlSema *s, const MdlBuiltinCall *call)
{
  const char *label = NULL;
  for (int i = 0; i < call->rests; i++) {
    MdlVal *v = call->rest[i];
    if (mdl_is_kind(v, MDL_KIND_text)) {
      label = v->text;
      continue;
    }
    if (!label) label = mdl_source_text(mdl_sema_session(s), v->at);
    if (!print_one(s, call, v, label)) return mdl_val_poison(s);
    label = NULL;
  }
  return mdl_val_none(s, call->at);
}

/* clip(x, lo, hi) */
MdlVal *mdl_builtin_clip(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlVal *low[] = {call->arg[0], call->arg[1]};
  MdlVal *inner = mdl_apply_map(s, MDL_OP_max, call->name, 2, low, call->at);
  if (mdl_is_poison(inner)) return inner;
  MdlVal *high[] = {inner, call->arg[2]};
  return mdl_apply_map(s, MDL_OP_min, call->name, 2, high, call->at);
}

/* map(f, a, b): f of each leaf of structs of one type; the leaves keep their types. */
MdlVal *mdl_builtin_map(MdlSema *s, const MdlBuiltinCall *call)
{
  if (!call->rests) return mdl_refuse(s, call, call->arg[0]);
  const MdlVType *type = call->rest[0]->type;
  if (type->kind == MDL_KIND_tensor)
    return mdl_call_value(s, call->arg[0], call->rests, call->rest, call->at);
  if (type->kind != MDL_KIND_struct) return mdl_refuse(s, call, call->rest[0]);
  for (int i = 1; i < call->rests; i++)
    if (!mdl_vtype_equal(type, call->rest[i]->type)) return mdl_refuse(s, call, call->rest[i]);
  int leaves = mdl_leaf_count(type);
  MdlArena *arena = mdl_sema_arena(s);
  MdlType *want = MDL_NEW(arena, MdlType, (size_t)leaves);
  MdlCore **leaf = MDL_NEW(arena, MdlCore *, (size_t)leaves);
  MdlVal **arg = MDL_NEW(arena, MdlVal *, (size_t)call->rests);
  mdl_leaves(s, type, want, NULL);
  for (int i = 0; i < leaves; i++) {
    for (int k = 0; k < call->rests; k++)
      arg[k] = mdl_val_core(s, call->rest[k]->leaf[i], call->rest[k]->at);
    MdlVal *y = mdl_call_value(s, call->arg[0], call->rests, arg, call->at);
    if (!mdl_is_poison(y))
      y = mdl_coerce(s, y, mdl_vtype_tensor(s, &want[i]), call->at, NULL, MDL_NO_SPAN);
    if (mdl_is_poison(y)) return y;
    leaf[i] = y->leaf[0];
  }
  return mdl_val_of(s, type, leaf, call->at);
}
