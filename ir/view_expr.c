/* One op as an expression: operators, calls by name, the sugar of some rows (view_sugar.c), and for
 * all others the total form mdl.op(operands, attribute=value). */
#include "ir/view_print.h"

#include <stdlib.h>
#include <string.h>

static MdlExpr atom(const char *text) { return (MdlExpr){text, MDL_VIEW_ATOM, false}; }

static const MdlType *type_of(MdlView *v, MlirValue value) { return mdl_type_of(v->ir, value); }

bool mdl_view_is_const(MdlView *v, MlirValue value)
{
  return mdl_def_op(v->ir, value) == MDL_OP_const;
}

/* Loop counters and sizes are no type of the language: as variables they are i64. */
static MdlDtype shown_dtype(MdlDtype dtype) { return dtype == MDL_index ? MDL_i64 : dtype; }

const char *mdl_view_type(MdlView *v, const MdlType *type)
{
  MdlType shown = mdl_type_with(type, shown_dtype(type->dtype));
  return mdl_type_text(v->arena, &shown);
}

/* ---- constants --------------------------------------------------------------------------- */

static MdlExpr literal(MdlView *v, MlirValue value)
{
  MdlAttrs attrs = mdl_attrs_of(v->ir, mdl_def(value));
  double real = 0;
  int64_t integer = 0;
  if (!mdl_get_number(&attrs, "value", &real, &integer))
    MDL_BUG(v->ir->session, "a constant is no number");
  const char *text = mdl_view_number(v->arena, type_of(v, value)->dtype, real, integer);
  return (MdlExpr){text, *text == '-' ? 8 : MDL_VIEW_ATOM, false};
}

static const char *enclosed(MdlView *v, MdlExpr e, int precedence)
{
  return e.precedence >= precedence ? e.text : mdl_text(v->arena, "(%s)", e.text);
}

/* A constant with its type: f32(2), or bound by a `let` with its type where it is a tensor. */
static MdlExpr typed_literal(MdlView *v, MlirValue value)
{
  const MdlType *type = type_of(v, value);
  MdlExpr e = literal(v, value);
  if (type->rank) {
    e = atom(mdl_text(v->arena, "full(%s)", e.text));
    e.needs_type = true;
    return atom(mdl_view_let(v, value, "t", e));
  }
  if (type->dtype == MDL_bool) return e;
  return atom(mdl_text(v->arena, "%s(%s)", mdl_dtypes[shown_dtype(type->dtype)].name, e.text));
}

const char *mdl_view_typed(MdlView *v, MlirValue value, int precedence)
{
  if (mdl_view_is_const(v, value)) return enclosed(v, typed_literal(v, value), precedence);
  const MdlExpr *e = mdl_view_get(v, value);
  if (!e) MDL_BUG(v->ir->session, "a value is printed before its definition");
  return enclosed(v, *e, precedence);
}

const char *mdl_view_plain(MdlView *v, MlirValue value, int precedence)
{
  bool bare = mdl_view_is_const(v, value) && !type_of(v, value)->rank;
  return bare ? enclosed(v, literal(v, value), precedence) : mdl_view_typed(v, value, precedence);
}

/* ---- elementwise rows -------------------------------------------------------------------- */

/* An operand whose text has the whole shape and a type of its own. */
static bool is_solid(MdlView *v, MlirValue value)
{
  MdlOp def = mdl_def_op(v->ir, value);
  return def != MDL_OP_const && def != MDL_OP_broadcast;
}

static bool has_solid(MdlView *v, MlirOperation op, int but)
{
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (i != but && is_solid(v, mdl_operand(op, i))) return true;
  return false;
}

/* A literal takes its element type from an operand with the same letter of the sig. */
static bool letter_is_known(MdlView *v, MlirOperation op, int operand)
{
  const char *sig = mdl_op_info(mdl_op(v->ir, op))->sig;
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (i != operand && sig[i] == sig[operand] && is_solid(v, mdl_operand(op, i))) return true;
  return false;
}

bool mdl_view_is_implicit(MdlView *v, MlirOperation op)
{
  if (mdl_op(v->ir, op) != MDL_OP_broadcast) return false;
  if (mdl_view_is_const(v, mdl_operand(op, 0))) return false;
  MlirOperation user;
  int operand, uses = mdl_use_count(mdl_result(op, 0));
  if (uses > 16) return false;
  for (int i = 0; i < uses && mdl_use(mdl_result(op, 0), i, &user, &operand); i++) {
    MdlOp id = mdl_op(v->ir, user);
    if (id >= MDL_OP_COUNT || !mdl_op_info(id)->elementwise || !has_solid(v, user, operand))
      return false;
  }
  return uses > 0;
}

/* x, x[:, new]: a where it stands for a broadcast of it. */
static MdlExpr broadcast_expr(MdlView *v, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  MdlAttrs attrs = mdl_attrs_of(v->ir, op);
  int64_t dims[MDL_MAX_RANK];
  int count = mdl_get_ints(&attrs, "dims", dims);
  if (!count) return atom(mdl_view_typed(v, a, MDL_VIEW_ATOM));
  const char *index = "";
  for (int axis = 0, next = 0; axis < type_of(v, mdl_result(op, 0))->rank; axis++) {
    bool here = next < count && dims[next] == axis;
    index = mdl_text(v->arena, "%s%s%s", index, axis ? ", " : "", here ? ":" : "new");
    next += here;
  }
  const char *text = mdl_view_typed(v, a, MDL_VIEW_ATOM);
  return atom(strstr(index, "new") ? mdl_text(v->arena, "%s[%s]", text, index) : text);
}

static const char *elementwise_operand(MdlView *v, MlirOperation op, int i, int precedence)
{
  MlirValue value = mdl_operand(op, i);
  if (mdl_view_is_const(v, value) && letter_is_known(v, op, i))
    return enclosed(v, literal(v, value), precedence);
  return mdl_view_typed(v, value, precedence);
}

/* `&&`, `||` and `!` are for bools. */
static const MdlInfix *infix_of(MdlView *v, MlirOperation op)
{
  MdlOp id = mdl_op(v->ir, op);
  bool logical = id == MDL_OP_bitand || id == MDL_OP_bitor || id == MDL_OP_bitnot;
  if (logical && type_of(v, mdl_result(op, 0))->dtype != MDL_bool) return NULL;
  return mdl_infix_of(id);
}

static MdlExpr elementwise(MdlView *v, MlirOperation op)
{
  const MdlInfix *infix = infix_of(v, op);
  if (infix && infix->arity == 1)
    return (MdlExpr){mdl_text(v->arena, "%s%s", infix->text,
                              elementwise_operand(v, op, 0, infix->precedence + 1)),
                     infix->precedence, false};
  if (infix) {
    int p = infix->precedence;
    const char *a = elementwise_operand(v, op, 0, p + (infix->associativity != MDL_ASSOC_left));
    const char *b = elementwise_operand(v, op, 1, p + (infix->associativity != MDL_ASSOC_right));
    /* a*-b and a - -b are legal and ugly. */
    if (*b == '-') b = mdl_text(v->arena, "(%s)", b);
    const char *blank = infix->spaced ? " " : "";
    return (MdlExpr){mdl_text(v->arena, "%s%s%s%s%s", a, blank, infix->text, blank, b), p, false};
  }
  const char *text = "";
  for (int i = 0; i < mdl_operand_count(op); i++)
    text = mdl_text(v->arena, "%s%s%s", text, i ? ", " : "", elementwise_operand(v, op, i, 0));
  return atom(mdl_text(v->arena, "%s(%s)", mdl_op_info(mdl_op(v->ir, op))->name, text));
}

/* ---- the total form ---------------------------------------------------------------------- */

const char *mdl_view_ints(MdlView *v, int count, const int64_t *values)
{
  const char *text = "[";
  for (int i = 0; i < count; i++)
    text = mdl_text(v->arena, "%s%s%lld", text, i ? ", " : "", (long long)values[i]);
  return mdl_text(v->arena, "%s]", text);
}

static const char *size_list(MdlView *v, const MdlAttrs *attrs, const char *name)
{
  const MdlSize *sizes[MDL_MAX_RANK];
  int count = mdl_get_sizes(attrs, name, sizes);
  const char *text = "";
  for (int i = 0; i < count; i++)
    text = mdl_text(v->arena, "%s%s%s", text, i ? ", " : "[", mdl_size_text(sizes[i]));
  return count ? mdl_text(v->arena, "%s]", text) : NULL;
}

/* The value of an attribute as mdl text; NULL where it says nothing (an empty list, false). */
static const char *attribute(MdlView *v, MlirOperation op, const MdlAttrs *attrs, MdlAttrInfo info)
{
  int64_t a[MDL_MAX_RANK], b[MDL_MAX_RANK], integer = 0;
  double real = 0;
  int count;
  switch (info.kind) {
  case MDL_ATTR_axis:
  case MDL_ATTR_int:
    return mdl_text(v->arena, "%lld", (long long)mdl_get_int(attrs, info.name));
  case MDL_ATTR_axes:
  case MDL_ATTR_perm:
  case MDL_ATTR_dims:
    count = mdl_get_ints(attrs, info.name, a);
    return count ? mdl_view_ints(v, count, a) : NULL;
  case MDL_ATTR_sizes:
    return size_list(v, attrs, info.name);
  case MDL_ATTR_pairs:
    count = mdl_get_pairs(attrs, info.name, a, b);
    return count ? mdl_text(v->arena, "[%s, %s]", mdl_view_ints(v, count, a),
                            mdl_view_ints(v, count, b))
                 : NULL;
  case MDL_ATTR_flag:
    return mdl_get_flag(attrs, info.name) ? "true" : NULL;
  case MDL_ATTR_text:
    return mdl_view_string(v->arena, mdl_get_text(attrs, info.name));
  case MDL_ATTR_number:
    mdl_get_number(attrs, info.name, &real, &integer);
    return mdl_view_number(v->arena, type_of(v, mdl_result(op, 0))->dtype, real, integer);
  }
  return NULL;
}

/* Rows whose result is not said by operands and attributes, though the table's Z says so for more:
 * positions are always i32. */
static bool wants_type(MdlOp op)
{
  return strchr(mdl_op_info(op)->sig, 'Z') && op != MDL_OP_argmax && op != MDL_OP_argmin &&
         op != MDL_OP_sort;
}

static MdlExpr total(MdlView *v, MlirOperation op)
{
  const MdlOpInfo *row = mdl_op_info(mdl_op(v->ir, op));
  MdlAttrs attrs = mdl_attrs_of(v->ir, op);
  const char *text = "";
  for (int i = 0; i < mdl_operand_count(op); i++)
    text = mdl_text(v->arena, "%s%s%s", text, *text ? ", " : "",
                    mdl_view_typed(v, mdl_operand(op, i), 0));
  for (int i = 0; i < row->attrs; i++) {
    const char *value = attribute(v, op, &attrs, row->attr[i]);
    if (value)
      text = mdl_text(v->arena, "%s%s%s=%s", text, *text ? ", " : "", row->attr[i].name, value);
  }
  MdlExpr e = atom(mdl_text(v->arena, "mdl.%s(%s)", row->name, text));
  e.needs_type = wants_type(mdl_op(v->ir, op));
  return e;
}

MdlExpr mdl_view_expr(MdlView *v, MlirOperation op)
{
  MdlOp id = mdl_op(v->ir, op);
  if (mdl_op_info(id)->elementwise) return elementwise(v, op);
  if (mdl_view_is_implicit(v, op)) return broadcast_expr(v, op);
  MdlExpr e = mdl_view_sugar(v, op);
  return e.text ? e : total(v, op);
}
