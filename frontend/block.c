/* Blocks and statements: bindings, assignments, values that nobody uses. */
#include "frontend/sema.h"

#include <string.h>

/* ---- bindings ---------------------------------------------------------------------------- */

/* Leaves get the name they are bound to: `m.w` for part w. Arguments keep theirs. */
static void name_leaves(MdlSema *s, const MdlVal *v, const char *name)
{
  int count = mdl_leaf_count(v->type);
  if (!count || !v->leaf) return;
  const char **path = MDL_NEW(s->arena, const char *, (size_t)count);
  mdl_leaves(s, v->type, NULL, path);
  for (int i = 0; i < count; i++) {
    MdlCore *core = v->leaf[i];
    if (core->name || core->kind == MDL_CORE_argument || core->func != s->func) continue;
    core->name = *path[i] ? mdl_text(s->arena, "%s.%s", name, path[i]) : name;
  }
}

/* A literal that gets a name also gets a cell: its first typed use decides. */
static MdlVal *with_cell(MdlSema *s, MdlVal *v)
{
  int64_t whole;
  if (!mdl_is_kind(v, MDL_KIND_number) || v->cell) return v;
  MdlVal *named = MDL_NEW(s->arena, MdlVal, 1);
  *named = *v;
  named->cell = mdl_cell_new(s, !mdl_exact_is_whole(&v->number, &whole));
  return named;
}

bool mdl_bind_pattern(MdlSema *s, const MdlPattern *pattern, MdlVal *value, MdlLocalKind kind)
{
  if (pattern->kind == MDL_PATTERN_discard) return true;
  if (pattern->kind == MDL_PATTERN_name) {
    name_leaves(s, value, pattern->name);
    mdl_local_add(s, pattern->name, with_cell(s, value), kind, pattern->at);
    return true;
  }
  bool poison = mdl_is_poison(value);
  if (!poison && !mdl_is_kind(value, MDL_KIND_tuple)) {
    MdlReport *r = mdl_error(s->session, MDL_E0309, pattern->at,
                             mdl_text(s->arena, "%d", pattern->items), "1");
    mdl_also(r, value->at, "%s", mdl_vtype_text(s, value->type));
    poison = true;
  } else if (!poison && value->type->items != pattern->items) {
    MdlReport *r =
        mdl_error(s->session, MDL_E0309, pattern->at, mdl_text(s->arena, "%d", pattern->items),
                  mdl_text(s->arena, "%d", value->type->items));
    mdl_also(r, value->at, "%s", mdl_vtype_text(s, value->type));
    mdl_help(r, "`_` discards one");
    poison = true;
  }
  for (int i = 0; i < pattern->items; i++)
    mdl_bind_pattern(s, pattern->item[i], poison ? mdl_val_poison(s) : mdl_val_item(s, value, i),
                     kind);
  return !poison;
}

static bool has_no_value(MdlSema *s, const MdlVal *v)
{
  if (mdl_no_value(s, v, "this", "a value", MDL_NO_SPAN)) return true;
  const char *what = v->type->kind == MDL_KIND_range ? "a range"
                     : v->type->kind == MDL_KIND_zip ? "a zip"
                                                     : NULL;
  if (!what) return false;
  mdl_error(s->session, MDL_E0603, v->at, what, "a value");
  return true;
}

static void bind_value(MdlSema *s, const MdlStmt *stmt, MdlLocalKind kind)
{
  const MdlVType *type = stmt->type ? mdl_type_eval(s, stmt->type) : NULL;
  MdlVal *v = mdl_expr(s, stmt->value, type);
  if (has_no_value(s, v)) v = mdl_val_poison(s);
  if (type && type->kind != MDL_KIND_fn)
    v = mdl_coerce(s, v, type, stmt->value->at, "declared here", stmt->type->at);
  if (kind == MDL_LOCAL_var && mdl_is_kind(v, MDL_KIND_fn)) {
    mdl_error(s->session, MDL_E0312, stmt->value->at, "be a variable");
    v = mdl_val_poison(s);
  }
  mdl_bind_pattern(s, stmt->pattern, v, kind);
}

/* ---- assignment -------------------------------------------------------------------------- */

static bool assign_name(MdlSema *s, const MdlExpr *target, MdlVal *v, MdlUpdate update, MdlSpan at)
{
  static const char *const kinds[] = {
      [MDL_LOCAL_let] = "let", [MDL_LOCAL_parameter] = "parameter", [MDL_LOCAL_loop] = "loop name"};
  MdlLocal *local = mdl_local_find(s, target->name);
  if (!local) {
    MdlVal *known = mdl_name_value(s, target->name, target->at, NULL);
    if (mdl_is_poison(known)) return false;
    mdl_error(s->session, MDL_E0207, target->at, target->name,
              s->frame->self ? "part of the receiver" : "top-level name");
    return false;
  }
  if (local->outside) {
    MdlReport *r = mdl_error(s->session, MDL_E0608, target->at, target->name);
    mdl_also(r, local->at, "bound here");
    return false;
  }
  if (local->kind != MDL_LOCAL_var && local->kind != MDL_LOCAL_inout) {
    MdlReport *r = mdl_error(s->session, MDL_E0207, target->at, target->name, kinds[local->kind]);
    mdl_also(r, local->at, "bound here");
    if (local->kind == MDL_LOCAL_parameter)
      mdl_help(r, "`var y = %s` holds what changes; `inout` changes the caller's", target->name);
    else
      mdl_help(r, "`var` makes a variable");
    return false;
  }
  local->assigned = true;
  if (update != MDL_UPDATE_set) local->used = true;
  v = mdl_update_value(s, update, local->value, v, at);
  if (mdl_is_poison(v) || mdl_is_poison(local->value)) return false;
  MdlVal *old = local->value = mdl_settle(s, local->value);
  if (mdl_is_kind(v, MDL_KIND_fn) || has_no_value(s, v)) {
    if (mdl_is_kind(v, MDL_KIND_fn)) mdl_error(s->session, MDL_E0312, at, "be assigned");
    return false;
  }
  bool same_kind = v->type->kind == old->type->kind || mdl_is_kind(v, MDL_KIND_number) ||
                   mdl_is_kind(v, MDL_KIND_size);
  MdlDtype to, from;
  bool differs =
      !same_kind ||
      (mdl_is_kind(v, MDL_KIND_tensor) &&
       (!mdl_same_dims(v->type, old->type) ||
        (mdl_vtype_dtype(v->type, &from) && mdl_vtype_dtype(old->type, &to) && from != to)));
  if (differs) {
    MdlReport *r = mdl_error(s->session, MDL_E0416, at, target->name, mdl_vtype_text(s, old->type),
                             mdl_vtype_text(s, v->type));
    mdl_also(r, local->at, "its `var`");
    return false;
  }
  v = mdl_coerce(s, v, old->type, at, NULL, local->at);
  if (mdl_is_poison(v)) return false;
  name_leaves(s, v, target->name);
  local->value = v;
  return true;
}

static MdlVal *with_field(MdlSema *s, MdlVal *record, int field, MdlVal *now, MdlSpan at)
{
  int count = mdl_leaf_count(record->type), from = 0;
  MdlCore **leaf = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  memcpy(leaf, record->leaf, (size_t)count * sizeof *leaf);
  for (int i = 0; i < field; i++) from += mdl_leaf_count(record->type->of->field[i]);
  for (int i = 0, n = mdl_leaf_count(now->type); i < n; i++) leaf[from + i] = now->leaf[i];
  return mdl_val_of(s, record->type, leaf, at);
}

static bool assign_field(MdlSema *s, const MdlExpr *target, MdlVal *v, MdlUpdate update, MdlSpan at)
{
  MdlVal *record = mdl_expr(s, target->field.base, NULL), *old = mdl_expr(s, target, NULL);
  if (mdl_is_poison(record) || mdl_is_poison(old)) return false;
  if (mdl_is_kind(old, MDL_KIND_fn) || !mdl_is_kind(record, MDL_KIND_struct)) {
    mdl_error(s->session, MDL_E0111, target->at);
    return false;
  }
  v = mdl_update_value(s, update, old, v, at);
  v = mdl_coerce(s, v, old->type, at, NULL, MDL_NO_SPAN);
  if (mdl_is_poison(v)) return false;
  int field = mdl_field_find(record->type->of, target->field.name.text);
  return mdl_assign_to(s, target->field.base, with_field(s, record, field, v, at), MDL_UPDATE_set,
                       at);
}

static bool assign_member(MdlSema *s, const MdlExpr *target, MdlVal *v, MdlUpdate update,
                          MdlSpan at)
{
  MdlVal *whole = mdl_expr(s, target->member.base, NULL), *old = mdl_expr(s, target, NULL);
  if (mdl_is_poison(whole) || mdl_is_poison(old)) return false;
  v = mdl_coerce(s, mdl_update_value(s, update, old, v, at), old->type, at, NULL, MDL_NO_SPAN);
  MdlVal **item = MDL_NEW(s->arena, MdlVal *, (size_t)whole->type->items);
  for (int i = 0; i < whole->type->items; i++)
    item[i] = i == target->member.number ? v : mdl_val_item(s, whole, i);
  MdlVal *now = mdl_val_tuple(s, whole->type->items, item, at);
  return mdl_assign_to(s, target->member.base, now, MDL_UPDATE_set, at);
}

static bool assign_tuple(MdlSema *s, const MdlExpr *target, MdlVal *v, MdlSpan at)
{
  bool ok = true;
  if (mdl_is_poison(v)) return false;
  if (!mdl_is_kind(v, MDL_KIND_tuple) || v->type->items != target->list.items) {
    mdl_error(s->session, MDL_E0309, target->at, mdl_text(s->arena, "%d", target->list.items),
              mdl_is_kind(v, MDL_KIND_tuple) ? mdl_text(s->arena, "%d", v->type->items) : "1");
    return false;
  }
  for (int i = 0; i < target->list.items; i++) {
    const MdlExpr *to = target->list.item[i];
    if (to->kind == MDL_EXPR_name && !strcmp(to->name, "_")) continue;
    ok &= mdl_assign_to(s, to, mdl_val_item(s, v, i), MDL_UPDATE_set, at);
  }
  return ok;
}

bool mdl_assign_to(MdlSema *s, const MdlExpr *target, MdlVal *v, MdlUpdate update, MdlSpan at)
{
  switch (target->kind) {
  case MDL_EXPR_name:
    return assign_name(s, target, v, update, at);
  case MDL_EXPR_field:
    return assign_field(s, target, v, update, at);
  case MDL_EXPR_member:
    return assign_member(s, target, v, update, at);
  case MDL_EXPR_tuple:
    return assign_tuple(s, target, v, at);
  case MDL_EXPR_index: {
    MdlVal *base = mdl_expr(s, target->index.base, NULL);
    if (!mdl_is_poison(base)) base = mdl_settle(s, base);
    MdlVal *now =
        mdl_update_index(s, base, target->index.index, target->index.indices, v, update, at);
    return !mdl_is_poison(now) && mdl_assign_to(s, target->index.base, now, MDL_UPDATE_set, at);
  }
  default:
    mdl_error(s->session, MDL_E0111, target->at);
    return false;
  }
}

/* The type that the value should have, where the target tells without being read. */
static const MdlVType *target_type(MdlSema *s, const MdlExpr *target)
{
  const MdlLocal *local = target->kind == MDL_EXPR_name ? mdl_local_find(s, target->name) : NULL;
  return local ? local->value->type : NULL;
}

/* `x[1] = ones()`: the part is read aside, for its type alone. */
static const MdlVType *part_type(MdlSema *s, const MdlStmt *stmt)
{
  MdlCoreBlock *was;
  bool is_part = stmt->target->kind == MDL_EXPR_index || stmt->target->kind == MDL_EXPR_field ||
                 stmt->target->kind == MDL_EXPR_member;
  if (!is_part || stmt->value->kind != MDL_EXPR_call) return target_type(s, stmt->target);
  mdl_block_enter(s, &was);
  const MdlVType *type = mdl_expr(s, stmt->target, NULL)->type;
  mdl_block_leave(s, was);
  return type;
}

static void assign(MdlSema *s, const MdlStmt *stmt)
{
  MdlVal *v = mdl_expr(s, stmt->value, part_type(s, stmt));
  mdl_assign_to(s, stmt->target, v, stmt->update, stmt->value->at);
}

/* ---- statements -------------------------------------------------------------------------- */

static void unused_value(MdlSema *s, const MdlStmt *stmt, const MdlStmt *above, const MdlVal *v)
{
  if (mdl_is_poison(v) || mdl_is_kind(v, MDL_KIND_none)) return;
  MdlReport *r = mdl_error(s->session, MDL_E0602, stmt->at, mdl_source_text(s->session, stmt->at));
  const MdlExpr *e = stmt->value;
  bool sign = e->kind == MDL_EXPR_unary && e->binary.op == MDL_OPERATOR_neg && !e->parenthesised;
  if (sign && above) {
    mdl_also(r, above->at, "ended by its newline");
    mdl_help(r, "to go on, end the line above with `-`");
  } else {
    mdl_help(r, "`let _ = …` discards it");
  }
}

static void statement(MdlSema *s, const MdlStmt *stmt, const MdlStmt *above)
{
  s->at = stmt->at;
  switch (stmt->kind) {
  case MDL_STMT_let:
    bind_value(s, stmt, MDL_LOCAL_let);
    break;
  case MDL_STMT_var:
    bind_value(s, stmt, MDL_LOCAL_var);
    break;
  case MDL_STMT_assign:
    assign(s, stmt);
    break;
  case MDL_STMT_expr:
    if (stmt->value->kind == MDL_EXPR_if && !stmt->value->parenthesised)
      mdl_if(s, stmt->value, true, NULL);
    else
      unused_value(s, stmt, above, mdl_expr(s, stmt->value, NULL));
    break;
  case MDL_STMT_for:
    mdl_for(s, stmt);
    break;
  case MDL_STMT_while:
    mdl_while(s, stmt);
    break;
  }
}

MdlVal *mdl_block(MdlSema *s, const MdlBlock *block, const MdlVType *want)
{
  MdlLocal *top = s->frame->top;
  MdlOpenBlock open = {block, s->frame->blocks};
  s->frame->blocks = &open;
  for (int i = 0; i < block->stmts; i++)
    statement(s, block->stmt[i], i ? block->stmt[i - 1] : NULL);
  MdlVal *v = block->value ? mdl_expr(s, block->value, want) : mdl_val_none(s, block->at);
  mdl_locals_leave(s, top);
  s->frame->blocks = open.outer;
  return v;
}
