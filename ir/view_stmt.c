/* Statements: lets, loops and branches of one function, as lines with a note at the right. */
#include "ir/view_print.h"

#include <string.h>

/* Longer expressions get names of their own. */
enum { LONGEST_FOLDED = 48, LONGEST_RESULT = 72 };

void mdl_view_line(MdlView *v, const char *text, const char *note)
{
  MDL_GROW(v->arena, v->line, v->lines, v->capacity);
  v->line[v->lines++] = (MdlViewLine){mdl_text(v->arena, "%*s%s", 2 * v->depth, "", text), note};
}

const char *mdl_view_note(MdlView *v, MlirOperation op, MlirValue value)
{
  int line = mdl_is_null(op) ? 0 : mdl_line_of(v->ir, op, NULL);
  const char *type = mdl_is_no_value(value)
                         ? ""
                         : mdl_text(v->arena, "  %s", mdl_view_type(v, mdl_type_of(v->ir, value)));
  return line ? mdl_text(v->arena, "%4d%s", line, type) : mdl_text(v->arena, "    %s", type);
}

const MdlExpr *mdl_view_get(const MdlView *v, MlirValue value)
{
  return mdl_map_get(v->text, value.ptr);
}

void mdl_view_set(MdlView *v, MlirValue value, MdlExpr e)
{
  MdlExpr *copy = MDL_NEW(v->arena, MdlExpr, 1);
  *copy = e;
  mdl_map_set(v->text, value.ptr, copy);
}

static void set_name(MdlView *v, MlirValue value, const char *name)
{
  mdl_view_set(v, value, (MdlExpr){name, MDL_VIEW_ATOM, false});
}

static const char *fresh(MdlView *v, MlirValue value, const char *base)
{
  const char *name = mdl_value_name(v->ir, value);
  return name ? mdl_namer_unique(v->names, name) : mdl_namer_numbered(v->names, base);
}

static const char *type_text(MdlView *v, MlirValue value)
{
  return mdl_view_type(v, mdl_type_of(v->ir, value));
}

const char *mdl_view_let(MdlView *v, MlirValue value, const char *base, MdlExpr e)
{
  const char *name = fresh(v, value, base);
  const char *type = e.needs_type ? mdl_text(v->arena, ": %s", type_text(v, value)) : "";
  mdl_view_line(v, mdl_text(v->arena, "let %s%s = %s", name, type, e.text),
                mdl_view_note(v, mdl_def(value), value));
  return name;
}

/* ---- plain ops --------------------------------------------------------------------------- */

static bool is_end(MdlView *v, MlirOperation op)
{
  MdlOp id = mdl_op(v->ir, op);
  return id == MDL_OP_return || id == MDL_OP_yield || id == MDL_OP_condition;
}

/* Written where it is used: sizes always; others once, in the block where it is made, and without a
 * name of its own, unless it is what the block gives. */
static bool is_folded(MdlView *v, MlirValue value, const MdlExpr *e)
{
  MlirOperation user;
  int operand;
  if (mdl_def_op(v->ir, value) == MDL_OP_size && !e->needs_type) return true;
  if (e->needs_type || mdl_use_count(value) != 1 || strlen(e->text) > LONGEST_RESULT) return false;
  mdl_use(value, 0, &user, &operand);
  if (mdl_block_of(user).ptr != mdl_value_block(value).ptr) return false;
  if (is_end(v, user)) return true;
  if (strlen(e->text) > LONGEST_FOLDED) return false;
  if (mdl_view_is_implicit(v, user)) {
    MlirOperation last;
    if (mdl_use_count(mdl_result(user, 0)) != 1) return false;
    mdl_use(mdl_result(user, 0), 0, &last, &operand);
    if (mdl_block_of(last).ptr != mdl_block_of(user).ptr) return false;
  }
  return !mdl_value_name(v->ir, value);
}

static const char *pattern(MdlView *v, MlirOperation op, const char *base)
{
  int count = mdl_result_count(op);
  const char *text = "";
  for (int i = 0; i < count; i++) {
    const char *name = fresh(v, mdl_result(op, i), base);
    set_name(v, mdl_result(op, i), name);
    text = mdl_text(v->arena, "%s%s%s", text, i ? ", " : "", name);
  }
  return count == 1 ? text : mdl_text(v->arena, "(%s)", text);
}

static MlirValue first_result(MlirOperation op)
{
  return mdl_result_count(op) == 1 ? mdl_result(op, 0) : (MlirValue){NULL};
}

static void plain(MdlView *v, MlirOperation op)
{
  MdlOp id = mdl_op(v->ir, op);
  if (id == MDL_OP_const) return;
  MdlExpr e = mdl_view_expr(v, op);
  int results = mdl_result_count(op);
  if (id == MDL_OP_check && mdl_op_int(op, "code", 0) == 3) { /* MDL_BAD_ASSERT */
    const char *text = mdl_op_text(v->ir, op, "text");
    e.text = mdl_text(v->arena, "assert(%s, %s)", mdl_view_typed(v, mdl_operand(op, 0), 0),
                      mdl_view_string(v->arena, text ? text : ""));
  }
  if (!results) {
    mdl_view_line(v, e.text, mdl_view_note(v, op, (MlirValue){NULL}));
  } else if (results > 1) {
    const char *names = pattern(v, op, "t");
    mdl_view_line(v, mdl_text(v->arena, "let %s = %s", names, e.text),
                  mdl_view_note(v, op, (MlirValue){NULL}));
  } else if (mdl_view_is_implicit(v, op) || is_folded(v, mdl_result(op, 0), &e)) {
    mdl_view_set(v, mdl_result(op, 0), e);
  } else {
    set_name(v, mdl_result(op, 0), mdl_view_let(v, mdl_result(op, 0), "t", e));
  }
}

static void call(MdlView *v, MlirOperation op)
{
  const char *symbol = mdl_op_text(v->ir, op, "callee"), *args = "";
  const char *name = mdl_map_get(v->item_names, symbol);
  for (int i = 0; i < mdl_operand_count(op); i++)
    args =
        mdl_text(v->arena, "%s%s%s", args, i ? ", " : "", mdl_view_plain(v, mdl_operand(op, i), 0));
  const char *text = mdl_text(v->arena, "%s(%s)", name ? name : symbol, args);
  if (mdl_result_count(op)) text = mdl_text(v->arena, "let %s = %s", pattern(v, op, "t"), text);
  mdl_view_line(v, text, mdl_view_note(v, op, first_result(op)));
}

/* ---- assignments ------------------------------------------------------------------------- */

typedef struct Assign {
  int count, after;
  const char *const *target;
  const char **text, **later;
  const MlirValue *value;
  bool *done;
  MlirOperation at;
} Assign;

/* Assigns what no other waiting text reads, until nothing is left or all that is left is read. */
static void assign_free(MdlView *v, Assign *a)
{
  for (bool again = true; again;) {
    again = false;
    for (int i = 0; i < a->count; i++) {
      if (a->done[i]) continue;
      bool read = false;
      for (int j = 0; j < a->count + a->after && !read; j++)
        read = j != i && (j >= a->count || !a->done[j]) &&
               mdl_view_mentions(j < a->count ? a->text[j] : a->later[j - a->count], a->target[i]);
      if (read) continue;
      if (strcmp(a->text[i], a->target[i]))
        mdl_view_line(v, mdl_text(v->arena, "%s = %s", a->target[i], a->text[i]),
                      mdl_view_note(v, a->at, a->value[i]));
      a->done[i] = again = true;
    }
  }
}

static const char *set_aside(MdlView *v, const Assign *a, const char *text)
{
  const char *name = mdl_namer_numbered(v->names, "t");
  mdl_view_line(v, mdl_text(v->arena, "let %s = %s", name, text),
                mdl_view_note(v, a->at, (MlirValue){NULL}));
  return name;
}

void mdl_view_assign(MdlView *v, int count, const char *const *target, const MlirValue *value,
                     MlirOperation at, int after, const char **later)
{
  Assign a = {.count = count, .after = after, .target = target, .value = value, .at = at};
  a.later = later;
  a.text = MDL_NEW(v->arena, const char *, (size_t)count);
  a.done = MDL_NEW(v->arena, bool, (size_t)count);
  for (int i = 0; i < count; i++) {
    a.text[i] = mdl_view_plain(v, value[i], 0);
    a.done[i] = !strcmp(a.text[i], target[i]);
  }
  /* What comes after all of them reads the old values: it is computed before. */
  for (int i = 0; i < after; i++)
    for (int j = 0; j < count; j++)
      if (!a.done[j] && mdl_view_mentions(later[i], target[j])) {
        later[i] = set_aside(v, &a, later[i]);
        break;
      }
  assign_free(v, &a);
  for (int i = 0; i < count; i++) {
    if (a.done[i]) continue;
    a.text[i] = set_aside(v, &a, a.text[i]);
    assign_free(v, &a);
  }
}

/* ---- loops ------------------------------------------------------------------------------- */

/* A `var` for each carried value, from its initial one. Names result and block argument after it.
 */
static const char **carried_vars(MdlView *v, MlirOperation op, int first, MlirBlock body, int skip)
{
  int count = mdl_result_count(op);
  const char **vars = MDL_NEW(v->arena, const char *, (size_t)count);
  for (int i = 0; i < count; i++) {
    MlirValue result = mdl_result(op, i), arg = mdl_arg(body, skip + i);
    MlirValue init = mdl_operand(op, first + i);
    const char *base = mdl_value_name(v->ir, result);
    if (!base) base = mdl_value_name(v->ir, arg);
    const char *name = base ? mdl_namer_unique(v->names, base) : mdl_namer_numbered(v->names, "v");
    bool is_index = mdl_type_of(v->ir, init)->dtype == MDL_index;
    bool annotate = mdl_view_is_const(v, init) || is_index;
    const char *text = annotate ? mdl_view_plain(v, init, 0) : mdl_view_typed(v, init, 0);
    const char *type = annotate ? mdl_text(v->arena, ": %s", type_text(v, init)) : "";
    mdl_view_line(v, mdl_text(v->arena, "var %s%s = %s", name, type, text),
                  mdl_view_note(v, op, result));
    set_name(v, result, name);
    set_name(v, arg, name);
    vars[i] = name;
  }
  return vars;
}

static void assign_carried(MdlView *v, MlirOperation end, const char *const *vars)
{
  int count = mdl_operand_count(end);
  MlirValue *values = MDL_NEW(v->arena, MlirValue, (size_t)count);
  for (int i = 0; i < count; i++) values[i] = mdl_operand(end, i);
  mdl_view_assign(v, count, vars, values, end, 0, NULL);
}

static void loop_for(MdlView *v, MlirOperation op)
{
  MlirBlock body = mdl_body(op, 0);
  const char **vars = carried_vars(v, op, 3, body, 1);
  const char *lo = mdl_view_plain(v, mdl_operand(op, 0), MDL_VIEW_RANGE + 1);
  const char *hi = mdl_view_plain(v, mdl_operand(op, 1), MDL_VIEW_RANGE + 1);
  const char *named = mdl_value_name(v->ir, mdl_arg(body, 0));
  const char *i = mdl_namer_unique(v->names, named ? named : "i");
  set_name(v, mdl_arg(body, 0), i);
  mdl_view_line(v, mdl_text(v->arena, "for %s in %s..%s {", i, lo, hi),
                mdl_view_note(v, op, (MlirValue){NULL}));
  v->depth++;
  mdl_view_block(v, body);
  assign_carried(v, mdl_terminator(body), vars);
  v->depth--;
  mdl_view_line(v, "}", NULL);
}

static void loop_while(MdlView *v, MlirOperation op)
{
  MlirBlock test = mdl_body(op, 0), body = mdl_body(op, 1);
  const char **vars = carried_vars(v, op, 0, test, 0);
  MlirOperation end = mdl_terminator(test);
  for (int i = 0; i < mdl_result_count(op); i++) {
    if (!mdl_same(mdl_operand(end, i + 1), mdl_arg(test, i)))
      MDL_BUG(v->ir->session, "scf.while passes on other values than it carries");
    set_name(v, mdl_arg(body, i), vars[i]);
  }
  /* The condition is a block where it needs names of its own. */
  int before = v->lines;
  v->depth++;
  mdl_view_block(v, test);
  const char *condition = mdl_view_plain(v, mdl_operand(end, 0), 0);
  const char *note = mdl_view_note(v, op, (MlirValue){NULL});
  if (v->lines > before) {
    mdl_view_line(v, condition, NULL);
    v->depth--;
    mdl_view_line(v, "} {", NULL);
    mdl_view_line(v, "while {", note);
    MdlViewLine head = v->line[v->lines - 1];
    memmove(v->line + before + 1, v->line + before,
            (size_t)(v->lines - 1 - before) * sizeof *v->line);
    v->line[before] = head;
  } else {
    v->depth--;
    mdl_view_line(v, mdl_text(v->arena, "while %s {", condition), note);
  }
  v->depth++;
  mdl_view_block(v, body);
  assign_carried(v, mdl_terminator(body), vars);
  v->depth--;
  mdl_view_line(v, "}", NULL);
}

/* ---- branches ---------------------------------------------------------------------------- */

static void branch(MdlView *v, MlirBlock block)
{
  v->depth++;
  mdl_view_block(v, block);
  MlirOperation end = mdl_terminator(block);
  const char *text = "";
  int count = mdl_operand_count(end);
  for (int i = 0; i < count; i++) {
    text = mdl_text(v->arena, "%s%s%s", text, i ? ", " : "",
                    mdl_view_plain(v, mdl_operand(end, i), 0));
  }
  if (count) mdl_view_line(v, count == 1 ? text : mdl_text(v->arena, "(%s)", text), NULL);
  v->depth--;
}

/* ": f32" where a branch gives bare literals. */
static const char *branch_type(MdlView *v, MlirOperation op)
{
  bool literal = false;
  const char *text = "";
  int count = mdl_result_count(op);
  for (int r = 0; r < 2; r++)
    for (int i = 0; i < count; i++)
      literal |= mdl_view_is_const(v, mdl_operand(mdl_terminator(mdl_body(op, r)), i));
  for (int i = 0; i < count; i++) {
    literal |= mdl_type_of(v->ir, mdl_result(op, i))->dtype == MDL_index;
    text = mdl_text(v->arena, "%s%s%s", text, i ? ", " : "", type_text(v, mdl_result(op, i)));
  }
  if (!literal) return "";
  return mdl_text(v->arena, count == 1 ? ": %s" : ": (%s)", text);
}

static void branches(MdlView *v, MlirOperation op)
{
  const char *condition = mdl_view_plain(v, mdl_operand(op, 0), 0);
  const char *head = mdl_text(v->arena, "if %s {", condition);
  if (mdl_result_count(op))
    head = mdl_text(v->arena, "let %s%s = %s", pattern(v, op, "t"), branch_type(v, op), head);
  mdl_view_line(v, head, mdl_view_note(v, op, first_result(op)));
  branch(v, mdl_body(op, 0));
  MlirBlock other = mdl_region_count(op) > 1 ? mdl_body(op, 1) : (MlirBlock){NULL};
  bool has_else = other.ptr && (mdl_result_count(op) || !is_end(v, mdl_first(other)));
  if (has_else) {
    mdl_view_line(v, "} else {", NULL);
    branch(v, other);
  }
  mdl_view_line(v, "}", NULL);
}

void mdl_view_block(MdlView *v, MlirBlock block)
{
  for (MlirOperation op = mdl_first(block); !mdl_is_null(op); op = mdl_next(op)) {
    if (is_end(v, op)) return;
    switch (mdl_op(v->ir, op)) {
    case MDL_OP_call:
      call(v, op);
      break;
    case MDL_OP_for:
      loop_for(v, op);
      break;
    case MDL_OP_while:
      loop_while(v, op);
      break;
    case MDL_OP_if:
      branches(v, op);
      break;
    case MDL_OP_none:
      MDL_BUG(v->ir->session, "an op of no mdl form is viewed");
    default:
      plain(v, op);
    }
  }
}
