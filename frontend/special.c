/* Calls that are no functions: assert, print, zip. */
#include "frontend/fold.h"

#include <string.h>

static bool wants_args(MdlSema *s, const MdlExpr *expr, const char *name, int least, int most)
{
  int args = expr->call.args;
  if (args >= least && args <= most) return true;
  mdl_error(s->session, MDL_E0501, expr->at, name, mdl_arity_text(s, least, most),
            mdl_text(s->arena, "%d", args), args < least ? "one is missing" : "too many");
  return false;
}

/* ---- assert ------------------------------------------------------------------------------ */

/* left <= right between sizes: right - left >= 0, and so on; false if it is no such comparison. */
static bool size_condition(MdlSema *s, const MdlExpr *e, const MdlSize **left,
                           const MdlSize **right)
{
  MdlSizes *z = s->sizes;
  const MdlSize *one = mdl_size_const(z, 1);
  if (e->kind != MDL_EXPR_binary || e->binary.op < MDL_OPERATOR_eq ||
      e->binary.op > MDL_OPERATOR_ge || e->binary.op == MDL_OPERATOR_ne)
    return false;
  MdlVal *x = mdl_expr(s, e->binary.left, NULL), *y = mdl_expr(s, e->binary.right, NULL);
  if (!mdl_is_kind(x, MDL_KIND_size) && !mdl_is_kind(y, MDL_KIND_size)) return false;
  const MdlSize *a = mdl_val_size_of(s, x), *b = mdl_val_size_of(s, y);
  if (!a || !b || !mdl_size_is_static(s, a) || !mdl_size_is_static(s, b)) return false;
  *right = NULL;
  switch (e->binary.op) {
  case MDL_OPERATOR_eq:
    *left = a, *right = b;
    return true;
  case MDL_OPERATOR_le:
    return (*left = mdl_size_sub(z, b, a)) != NULL;
  case MDL_OPERATOR_lt:
    return (*left = mdl_size_sub(z, mdl_size_sub(z, b, a), one)) != NULL;
  case MDL_OPERATOR_ge:
    return (*left = mdl_size_sub(z, a, b)) != NULL;
  default:
    return (*left = mdl_size_sub(z, mdl_size_sub(z, a, b), one)) != NULL;
  }
}

static void assert_size(MdlSema *s, const MdlExpr *e, const MdlSize *left, const MdlSize *right,
                        const char *text)
{
  int64_t value;
  const MdlSize *gap = right ? mdl_size_sub(s->sizes, left, right) : left;
  if (gap && mdl_size_is_const(gap, &value)) {
    if (right ? value == 0 : value >= 0) return;
    mdl_error(s->session, MDL_E0609, e->at, text);
    return;
  }
  if (!right && mdl_size_dominates(s->sizes, left, mdl_size_const(s->sizes, 0))) return;
  mdl_equation_add(s, left, right, e->at, text);
}

static MdlVal *call_assert(MdlSema *s, const MdlExpr *expr)
{
  const MdlSize *left, *right;
  MdlDtype dtype;
  bool truth;
  MdlVal *none = mdl_val_none(s, expr->at);
  if (!wants_args(s, expr, "assert", 1, 2)) return none;
  const MdlExpr *c = expr->call.arg[0].value;
  const MdlExpr *said = expr->call.args == 2 ? expr->call.arg[1].value : NULL;
  const char *text = mdl_source_text(s->session, c->at);
  if (said && said->kind != MDL_EXPR_text) {
    mdl_error(s->session, MDL_E0112, said->at);
    return none;
  }
  if (said) text = said->text;
  if (size_condition(s, c, &left, &right)) {
    assert_size(s, c, left, right, text);
    return none;
  }
  MdlVal *v = mdl_expr(s, c, NULL);
  if (mdl_is_poison(v)) return none;
  if (!mdl_is_kind(v, MDL_KIND_tensor) || !mdl_vtype_dtype(v->type, &dtype) ||
      !mdl_is_bool(dtype)) {
    mdl_error(s->session, MDL_E0305, c->at, mdl_vtype_text(s, v->type));
    return none;
  }
  if (mdl_const_bool(v, &truth)) {
    if (!truth) mdl_error(s->session, MDL_E0609, c->at, text);
    return none;
  }
  s->at = expr->at;
  mdl_emit_check(s, v->leaf[0], 3, text);
  return none;
}

/* ---- print ------------------------------------------------------------------------------- */

static void print_value(MdlSema *s, MdlVal *v, const char *text)
{
  if (mdl_is_poison(v)) return;
  v = mdl_settle(s, v);
  int count = mdl_leaf_count(v->type);
  if (!count) {
    mdl_error(s->session, MDL_E0307, v->at, "print", mdl_vtype_text(s, v->type));
    return;
  }
  const char **path = MDL_NEW(s->arena, const char *, (size_t)count);
  mdl_leaves(s, v->type, NULL, path);
  for (int i = 0; i < count; i++)
    mdl_emit_print(s, v->leaf[i], *path[i] ? mdl_text(s->arena, "%s.%s", text, path[i]) : text);
}

/* print("loss", l): a text names the value that follows it. */
static MdlVal *call_print(MdlSema *s, const MdlExpr *expr)
{
  const char *text = NULL;
  if (!wants_args(s, expr, "print", 1, 32)) return mdl_val_none(s, expr->at);
  for (int i = 0; i < expr->call.args; i++) {
    const MdlExpr *arg = expr->call.arg[i].value;
    if (arg->kind == MDL_EXPR_text) {
      text = arg->text;
      continue;
    }
    MdlVal *v = mdl_expr(s, arg, NULL);
    s->at = expr->at;
    print_value(s, v, text ? text : mdl_source_text(s->session, arg->at));
    text = NULL;
  }
  return mdl_val_none(s, expr->at);
}

/* ---- zip --------------------------------------------------------------------------------- */

static const MdlSize *zip_extent(MdlSema *s, MdlVal *v)
{
  const MdlSize *extent = NULL;
  if (mdl_is_kind(v, MDL_KIND_range)) {
    const MdlSize *from = mdl_val_size_of(s, v->item[0]), *to = mdl_val_size_of(s, v->item[1]);
    extent = from && to ? mdl_size_sub(s->sizes, to, from) : NULL;
  } else if (mdl_is_kind(v, MDL_KIND_tensor) || mdl_is_kind(v, MDL_KIND_struct)) {
    if (!mdl_vtype_row(s, v->type, &extent)) extent = NULL;
  }
  if (!extent) mdl_error(s->session, MDL_E0605, v->at, mdl_vtype_text(s, v->type));
  return extent;
}

static MdlVal *call_zip(MdlSema *s, const MdlExpr *expr)
{
  MdlVal *zip = mdl_val_none(s, expr->at);
  if (!wants_args(s, expr, "zip", 1, MDL_MAX_TUPLE)) return mdl_val_poison(s);
  zip->type = mdl_vtype_kind(s, MDL_KIND_zip);
  zip->number = mdl_exact_int(expr->call.args);
  zip->item = MDL_NEW(s->arena, MdlVal *, (size_t)expr->call.args);
  for (int i = 0; i < expr->call.args; i++) {
    MdlVal *v = zip->item[i] = mdl_expr(s, expr->call.arg[i].value, NULL);
    if (mdl_is_poison(v)) return v;
    const MdlSize *extent = zip_extent(s, v);
    if (!extent) return mdl_val_poison(s);
    if (zip->size && extent != zip->size) {
      MdlReport *r = mdl_error(s->session, MDL_E0401, expr->at, mdl_size_shown(s, zip->size),
                               mdl_size_shown(s, extent), "zip");
      mdl_also(r, zip->item[0]->at, "%s", mdl_vtype_text(s, zip->item[0]->type));
      mdl_also(r, v->at, "%s", mdl_vtype_text(s, v->type));
      return mdl_val_poison(s);
    }
    zip->size = extent;
  }
  return zip;
}

MdlVal *mdl_call_special(MdlSema *s, const MdlExpr *expr, const MdlVType *want)
{
  (void)want;
  static const struct {
    const char *name;
    MdlVal *(*call)(MdlSema *s, const MdlExpr *expr);
  } rows[] = {{"assert", call_assert}, {"print", call_print}, {"zip", call_zip}};
  const MdlExpr *callee = expr->call.callee;
  if (callee->kind != MDL_EXPR_name || mdl_local_find(s, callee->name) ||
      mdl_decl_find(s, s->frame->module, callee->name))
    return NULL;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (!strcmp(callee->name, rows[i].name)) return rows[i].call(s, expr);
  return NULL;
}
