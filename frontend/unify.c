/* Sizes, dtypes and structs that a call leaves to be inferred: a parameter's type as written
 * against the type of its argument. Only binds: whether they agree is for mdl_coerce to say. */
#include "frontend/fold.h"

#include <string.h>

/* ---- one size ---------------------------------------------------------------------------- */

typedef struct At {
  const char *name;
  const MdlSize *size;
} At;

static const MdlSize *at_name(void *user, const char *name)
{
  const At *at = user;
  return strcmp(at->name, name) ? NULL : at->size;
}

static const MdlSize *put(MdlSema *s, const MdlSize *p, const char *name, const MdlSize *value)
{
  At at = {name, value};
  return mdl_size_substitute(s->sizes, p, at_name, &at);
}

static MdlBinding *binding_of_mark(MdlSema *s, const char *mark)
{
  for (int i = 0; i < s->frame->bindings; i++)
    if (!strcmp(s->frame->binding[i].name, mark + 1)) return &s->frame->binding[i];
  return NULL;
}

static bool no_value(void *user, const char *name, int64_t *value)
{
  (void)user, (void)name, (void)value;
  return false;
}

static bool no_solution(MdlSema *s, const MdlSize *p, const MdlSize *q, MdlSpan at)
{
  const char *left = mdl_size_shown(s, p);
  char *shown = mdl_text_copy(s->arena, left, strlen(left)), *to = shown;
  for (const char *c = left; *c; c++)
    if (*c != '?') *to++ = *c;
  *to = 0;
  mdl_error(s->session, MDL_E0414, at, shown, mdl_size_shown(s, q));
  return false;
}

/* p, which holds the one open name `mark`, equals q: its value, NULL if not known to be whole. */
static const MdlSize *solve(MdlSema *s, const MdlSize *p, const MdlSize *q, const char *mark)
{
  MdlSizes *z = s->sizes;
  int64_t k, value, x;
  const MdlSize *exact = mdl_size_solve(z, p, q, mark);
  if (exact) return exact;
  if (mdl_size_is_const(q, &value)) {
    if (mdl_size_solve_value(z, p, mark, no_value, NULL, value, &x)) return mdl_size_const(z, x);
    return NULL;
  }
  const MdlSize *zero = put(s, p, mark, mdl_size_const(z, 0));
  const MdlSize *slope = mdl_size_sub(z, put(s, p, mark, mdl_size_const(z, 1)), zero);
  const MdlSize *twice = mdl_size_sub(z, put(s, p, mark, mdl_size_const(z, 2)), zero);
  if (!slope || !mdl_size_is_const(slope, &k) || k <= 0) return NULL;
  if (twice != mdl_size_const(z, 2 * k)) return NULL;
  return mdl_size_floor_div(z, mdl_size_sub(z, q, zero), k);
}

static bool would_be(MdlSema *s, const MdlBinding *b, const MdlSize *q, const char *param,
                     MdlSpan at)
{
  const char *fn = s->frame->decl ? s->frame->decl->name.text : "this";
  MdlReport *r =
      mdl_error(s->session, MDL_E0403, s->frame->asked_at.file >= 0 ? s->frame->asked_at : at,
                b->name, mdl_size_shown(s, b->size), mdl_size_shown(s, q), fn);
  if (b->from) mdl_also(r, b->at, "%s from here, as `%s`", mdl_size_shown(s, b->size), b->from);
  mdl_also(r, at, "%s from here, as `%s`", mdl_size_shown(s, q), param ? param : "it");
  return false;
}

static bool unify_size(MdlSema *s, const MdlExpr *expr, const MdlSize *q, const char *param,
                       MdlSpan at)
{
  const char *names[16];
  int64_t gap;
  MdlVal *v = mdl_expr(s, expr, NULL);
  const MdlSize *p = mdl_val_size_of(s, v);
  if (!p) {
    if (!mdl_is_poison(v)) mdl_size_want(s, v);
    return false;
  }
  int count = mdl_size_names(p, names, 16), open = -1;
  for (int i = 0; i < count && i < 16; i++) {
    if (names[i][0] != '?') continue;
    if (open >= 0) return true; /* two unknowns: another argument may tell */
    open = i;
  }
  if (open < 0) {
    MdlBinding *b = expr->kind == MDL_EXPR_name ? mdl_binding_find(s, expr->name) : NULL;
    const MdlSize *difference = mdl_size_sub(s->sizes, p, q);
    if (b && b->from && p != q && difference && mdl_size_is_const(difference, &gap))
      return would_be(s, b, q, param, at);
    return true;
  }
  MdlBinding *b = binding_of_mark(s, names[open]);
  const MdlSize *value = solve(s, p, q, names[open]);
  if (!b || !value) return no_solution(s, p, q, at);
  if (mdl_size_is_const(value, &gap) && gap < 0) return no_solution(s, p, q, at);
  b->size = value;
  b->at = at;
  b->from = param;
  return true;
}

/* ---- types ------------------------------------------------------------------------------- */

static const char *dots_text(MdlSema *s, int count, const MdlSize *const *dim)
{
  const char *text = "";
  for (int i = 0; i < count; i++)
    text = mdl_text(s->arena, "%s%s%s", text, i ? ", " : "", mdl_size_shown(s, dim[i]));
  return mdl_text(s->arena, "[%s]", text);
}

static bool dots_differ(MdlSema *s, const MdlBinding *b, int count, const MdlSize *const *dim)
{
  int64_t gap;
  if (b->dims != count) return true;
  for (int i = 0; i < count; i++) {
    const MdlSize *difference = mdl_size_sub(s->sizes, b->dim[i], dim[i]);
    if (difference && mdl_size_is_const(difference, &gap) && gap) return true;
  }
  return false;
}

static bool unify_dims(MdlSema *s, const MdlIndex *index, int count, int rank,
                       const MdlSize *const *dim, const char *param, MdlSpan at)
{
  int dots = -1;
  for (int i = 0; i < count; i++)
    if (index[i].kind == MDL_INDEX_ellipsis) dots = i;
  if (dots < 0 ? rank != count : rank < count - 1) return true; /* mdl_coerce reports it */
  int more = rank - count;
  for (int i = 0, k = 0; i < count; i++) {
    if (index[i].kind == MDL_INDEX_at) {
      if (!unify_size(s, index[i].value, dim[k++], param, at)) return false;
      continue;
    }
    MdlBinding *b = mdl_binding_find(s, mdl_intern_text(s->arena, "..."));
    if (b && b->dims < 0) {
      b->dims = more + 1;
      b->at = at;
      memcpy(b->dim, dim + k, (size_t)b->dims * sizeof *dim);
    } else if (b && dots_differ(s, b, more + 1, dim + k)) {
      const char *had = dots_text(s, b->dims, b->dim), *now = dots_text(s, more + 1, dim + k);
      MdlReport *r = mdl_error(s->session, MDL_E0415, at, had, now);
      mdl_also(r, b->at, "%s", had);
      return false;
    }
    k += more + 1;
  }
  return true;
}

static bool unify_expr_type(MdlSema *s, const MdlBinding *actual, const MdlExpr *expr,
                            const char *param, MdlSpan at)
{
  if (actual->kind == MDL_GENERIC_size && !actual->is_dims)
    return unify_size(s, expr, actual->size, param, at);
  if (expr->kind != MDL_EXPR_name && expr->kind != MDL_EXPR_index) return true;
  if (expr->kind == MDL_EXPR_name) {
    MdlBinding *b = mdl_binding_find(s, expr->name);
    if (!b || !mdl_binding_is_open(b)) return true;
    if (b->kind == MDL_GENERIC_struct && actual->kind == MDL_GENERIC_struct) b->type = actual->type;
    if (b->kind == MDL_GENERIC_bound && actual->kind == MDL_GENERIC_bound) b->dtype = actual->dtype;
    if (b->kind == MDL_GENERIC_const && actual->kind == MDL_GENERIC_const) b->value = actual->value;
    b->at = at, b->from = param;
    return true;
  }
  if (actual->kind != MDL_GENERIC_struct || actual->type->kind != MDL_KIND_struct) return true;
  const MdlStructOf *of = actual->type->of;
  for (int i = 0; i < expr->index.indices && i < of->bindings; i++)
    if (expr->index.index[i].kind == MDL_INDEX_at &&
        !unify_expr_type(s, &of->binding[i], expr->index.index[i].value, param, at))
      return false;
  return true;
}

static bool unify_struct(MdlSema *s, const MdlTypeNode *node, const MdlVType *type,
                         const char *param, MdlSpan at)
{
  const MdlStructOf *of = type->of;
  bool plain = !of->item->generics;
  if (plain) return unify_dims(s, node->dim, node->dims, type->stack, type->stack_dim, param, at);
  for (int i = 0; i < node->dims; i++) {
    int to = i;
    if (node->dim[i].kind == MDL_INDEX_named)
      for (int k = 0; k < of->bindings; k++)
        if (of->binding[k].name == node->dim[i].name.text) to = k;
    if (to >= of->bindings || node->dim[i].kind == MDL_INDEX_ellipsis) return true;
    if (!unify_expr_type(s, &of->binding[to], node->dim[i].value, param, at)) return false;
  }
  return unify_dims(s, node->stack, node->stacks, type->stack, type->stack_dim, param, at);
}

static bool unify_named(MdlSema *s, const MdlTypeNode *node, const MdlVType *type,
                        const char *param, MdlSpan at)
{
  MdlBinding *b = node->path.parts == 1 ? mdl_binding_find(s, node->path.part[0].text) : NULL;
  MdlDtype dtype = MDL_f32;
  if (b && b->kind == MDL_GENERIC_bound) {
    if (type->kind == MDL_KIND_number && mdl_binding_is_open(b)) return true;
    if (type->kind != MDL_KIND_tensor) return true;
    if (mdl_binding_is_open(b) && mdl_vtype_dtype(type, &dtype)) {
      b->dtype = dtype;
      b->at = at, b->from = param;
    }
    return unify_dims(s, node->dim, node->dims, type->tensor.rank, type->tensor.dim, param, at);
  }
  if (b && b->kind == MDL_GENERIC_struct) {
    if (!mdl_binding_is_open(b)) return true;
    const MdlVType *row = type;
    const MdlSize *dim;
    for (int i = 0; i < node->dims && row; i++) row = mdl_vtype_row(s, row, &dim);
    if (!row || (row->kind != MDL_KIND_struct && row->kind != MDL_KIND_tensor &&
                 row->kind != MDL_KIND_tuple))
      return true;
    b->type = row;
    b->at = at, b->from = param;
    return !node->dims || type->kind != MDL_KIND_struct ||
           unify_dims(s, node->dim, node->dims, node->dims, type->stack_dim, param, at);
  }
  if (type->kind != MDL_KIND_struct) return true;
  return unify_struct(s, node, type, param, at);
}

bool mdl_unify(MdlSema *s, const MdlTypeNode *node, const MdlVType *type, const char *param,
               MdlSpan at)
{
  switch (node->kind) {
  case MDL_TYPE_NODE_dtype:
    if (type->kind != MDL_KIND_tensor) return true;
    return unify_dims(s, node->dim, node->dims, type->tensor.rank, type->tensor.dim, param, at);
  case MDL_TYPE_NODE_named:
    return unify_named(s, node, type, param, at);
  case MDL_TYPE_NODE_tuple:
    if (type->kind != MDL_KIND_tuple || type->items != node->items) return true;
    for (int i = 0; i < node->items; i++)
      if (!mdl_unify(s, node->item[i], type->item[i], param, at)) return false;
    return true;
  case MDL_TYPE_NODE_fn:
    return true;
  }
  return true;
}
