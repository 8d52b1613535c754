/* Statements of random programs: lets, loops of every kind over several carried variables, branches
 * and loops inside them, updates. */
#include "tests/random/gen.h"

enum { MOST_CARRIED = 3 };

/* What a loop's body may assign, and its counter (NULL: none). */
typedef struct Body {
  int count, depth, nests;
  const char *name[MOST_CARRIED], *counter, *indent;
  Type type[MOST_CARRIED];
} Body;

static const char *body_text(Gen *g, Scope *s, Body *b);

/* ---- assignments ------------------------------------------------------------------------- */

static const char *updated_rows(Gen *g, Scope *s, const Body *b, int k)
{
  const Type *t = &b->type[k];
  const char *op = gen_below(g, 2) ? "=" : "+=";
  Type index = {.dtype = "i32", .rank = 1, .dim = {"3"}}, rows = *t;
  rows.dim[0] = "3";
  return T("%s%s[%s] %s %s\n", b->indent, b->name[k], gen_expr(g, s, &index, b->depth - 2), op,
           gen_expr(g, s, &rows, b->depth - 1));
}

/* One row, a slice, a column, or rows that integers choose; writes out of range are dropped. */
static const char *update(Gen *g, Scope *s, const Body *b, int k)
{
  const Type *t = &b->type[k];
  const char *v = b->name[k], *at = b->counter ? b->counter : "0";
  Type row = gen_without_first(t);
  switch (gen_below(g, 5)) {
  case 0:
    if (gen_is_named(t->dim[0]) || *t->dim[0] < '3' || t->dim[0][1]) break;
    row = *t;
    row.dim[0] = "2";
    return T("%s%s[1:3] %s %s\n", b->indent, v,
             gen_below(g, 2) ? "=" : "+=", gen_expr(g, s, &row, b->depth - 1));
  case 1:
    if (t->rank != 2 || gen_may_be_empty(t->dim[1])) break;
    row.dim[0] = t->dim[0];
    return T("%s%s[:, 0] = %s\n", b->indent, v, gen_expr(g, s, &row, b->depth - 1));
  case 2:
    if (gen_may(g, FEATURE_integer)) return updated_rows(g, s, b, k);
    break;
  default:
    break;
  }
  if (gen_may_be_empty(t->dim[0]) && !b->counter) return "";
  if (gen_below(g, 2) && !gen_may_be_empty(t->dim[0])) at = T("%s %% %s", at, t->dim[0]);
  const char *op = gen_is_real(g, t) && gen_below(g, 2) ? "+= 0.5*tanh" : "= ";
  return T("%s%s[%s] %s(%s)\n", b->indent, v, at, op, gen_expr(g, s, &row, b->depth - 1));
}

static const char *assignment(Gen *g, Scope *s, const Body *b)
{
  int k = gen_below(g, b->count), other = gen_below(g, b->count);
  const Type *t = &b->type[k];
  const char *v = b->name[k];
  if (k != other && gen_same(t, &b->type[other]) && gen_below(g, 2))
    return T("%s(%s, %s) = (%s, %s)\n", b->indent, v, b->name[other], b->name[other],
             gen_expr(g, s, t, b->depth - 1));
  if (t->of && gen_below(g, 2)) {
    int field = gen_below(g, t->of->fields);
    return T("%s%s.%s = %s\n", b->indent, v, t->of->field[field],
             gen_expr(g, s, &t->of->type[field], b->depth - 1));
  }
  if (!t->of && t->rank && gen_may(g, FEATURE_update) && !gen_is_bool(t) && gen_below(g, 2))
    return update(g, s, b, k);
  const char *next = gen_expr(g, s, t, b->depth - 1);
  if (!gen_is_real(g, t)) return T("%s%s = %s\n", b->indent, v, next);
  return gen_below(g, 3) ? T("%s%s = tanh(%s)\n", b->indent, v, next)
                         : T("%s%s += 0.1*sin(%s)\n", b->indent, v, next);
}

static const char *choice(Gen *g, Scope *s, Body *b)
{
  const char *condition = gen_condition(g, s, b->depth - 2), *indent = b->indent;
  b->indent = T("%s  ", indent);
  const char *a = assignment(g, s, b), *c = gen_below(g, 2) ? assignment(g, s, b) : NULL;
  b->indent = indent;
  if (!c) return T("%sif %s {\n%s%s}\n", indent, condition, a, indent);
  return T("%sif %s {\n%s%s} else {\n%s%s}\n", indent, condition, a, indent, c, indent);
}

/* ---- loops ------------------------------------------------------------------------------- */

/* "for i in 0..N"; what it binds goes into the scope. */
static const char *range(Gen *g, Scope *s, Body *b)
{
  Type one = gen_scalar(g), whole = {.dtype = "i32"};
  const char *at = b->counter = gen_name(g, "i"), *bounds = T("0..%d", 1 + gen_below(g, 4));
  int kind = gen_below(g, 6);
  if (kind == 0) bounds = T("1..%d", gen_below(g, 4));
  if (kind == 1 && gen_knows(s, "N")) bounds = "0..N";
  if (kind == 2 && gen_may(g, FEATURE_integer))
    bounds = T("0..(%s %% 5) limit 6", gen_expr(g, s, &whole, b->depth - 2));
  gen_add_var(g, s, T("(0.1*%s(%s))", g->real, at), &one);
  gen_add_var(g, s, T("i32(%s)", at), &whole);
  return T("for %s in %s", at, bounds);
}

/* "for row in x", "for (p, q) in zip(x, y)"; NULL where there is no tensor to loop over. */
static const char *rows(Gen *g, Scope *s, Body *b)
{
  const Var *x = NULL, *y = NULL;
  int start = s->vars ? gen_below(g, s->vars) : 0;
  for (int i = 0; i < s->vars; i++) {
    const Var *v = &s->var[(start + i) % s->vars];
    if (!v->type.rank) continue;
    if (!x)
      x = v;
    else if (!y && !strcmp(x->type.dim[0], v->type.dim[0]))
      y = v;
  }
  if (!x || !gen_may(g, FEATURE_rows)) return NULL;
  bool both = y && gen_below(g, 2);
  const char *p = gen_name(g, "q"), *q = gen_name(g, "q"), *over = x->name,
             *with = y ? y->name : "";
  Type row = gen_without_first(&x->type), other = both ? gen_without_first(&y->type) : row;
  b->counter = NULL;
  gen_add_var(g, s, p, &row);
  if (both) gen_add_var(g, s, q, &other);
  return both ? T("for (%s, %s) in zip(%s, %s)", p, q, over, with) : T("for %s in %s", p, over);
}

/* Assignments, branches and loops in a loop. */
static const char *body_text(Gen *g, Scope *s, Body *b)
{
  const char *text = "";
  for (int i = 1 + gen_below(g, b->count); i > 0; i--) {
    int kind = gen_below(g, 6);
    if (kind == 0 && gen_may(g, FEATURE_nest) && b->nests) {
      Scope inner = *s;
      Body deeper = *b;
      deeper.nests--;
      deeper.depth--;
      deeper.indent = T("%s  ", b->indent);
      const char *head = gen_below(g, 3) ? NULL : rows(g, &inner, &deeper);
      if (!head) head = range(g, &inner, &deeper);
      text =
          T("%s%s%s {\n%s%s}\n", text, b->indent, head, body_text(g, &inner, &deeper), b->indent);
    } else if (kind == 1 && gen_may(g, FEATURE_choice)) {
      text = T("%s%s", text, choice(g, s, b));
    } else {
      text = T("%s%s", text, assignment(g, s, b));
    }
  }
  return text;
}

/* Declares what is carried: one to three variables. */
static const char *carried(Gen *g, Scope *s, Body *b)
{
  const char *text = "";
  b->count = 1 + gen_below(g, MOST_CARRIED);
  for (int i = 0; i < b->count; i++) {
    b->name[i] = gen_name(g, "v");
    b->type[i] = i && gen_below(g, 3) == 0 ? b->type[i - 1]
                 : gen_below(g, 2)         ? gen_draw_type_near(g, s)
                                           : gen_draw_any(g, s);
    text = T("%s  var %s: %s = %s\n", text, b->name[i], gen_type_text(g, &b->type[i]),
             gen_expr(g, s, &b->type[i], b->depth - 1));
  }
  return text;
}

static const char *for_loop(Gen *g, Scope *s, int depth)
{
  Body b = {.depth = depth, .nests = 1, .indent = "    "};
  const char *vars = carried(g, s, &b);
  Scope inner = *s;
  for (int i = 0; i < b.count; i++) gen_add_var(g, &inner, b.name[i], &b.type[i]);
  const char *head = gen_below(g, 3) ? NULL : rows(g, &inner, &b);
  if (!head) head = range(g, &inner, &b);
  const char *body = body_text(g, &inner, &b);
  for (int i = 0; i < b.count; i++) gen_add_var(g, s, b.name[i], &b.type[i]);
  return T("%s  %s {\n%s  }\n", vars, head, body);
}

/* Ends after few rounds, from integers alone: the count must not hang on rounding. */
static const char *while_loop(Gen *g, Scope *s, int depth)
{
  Body b = {.depth = depth, .nests = 0, .indent = "    "};
  const char *vars = carried(g, s, &b), *count = gen_name(g, "c");
  Scope inner = *s;
  Type whole = {.dtype = "i32"};
  for (int i = 0; i < b.count; i++) gen_add_var(g, &inner, b.name[i], &b.type[i]);
  gen_add_var(g, &inner, count, &whole);
  b.counter = count;
  const char *body = body_text(g, &inner, &b);
  for (int i = 0; i < b.count; i++) gen_add_var(g, s, b.name[i], &b.type[i]);
  return T("%s  var %s: i32 = 0\n  while %s < %d limit 9 {\n%s    %s += 1\n  }\n", vars, count,
           count, gen_below(g, 6), body, count);
}

/* ---- statements -------------------------------------------------------------------------- */

/* A function of two results. */
const char *gen_tuple_let(Gen *g, Scope *s, int depth)
{
  if (s->level >= 3) return NULL;
  Type a = gen_draw_any(g, s), b = gen_draw_type_near(g, s);
  const char *f = gen_name(g, "f"), *sizes = "", *list = "", *args = "";
  Scope inner = {.level = s->level + 1};
  const Type param[] = {a, b, gen_draw_type_near(g, s)};
  for (int i = 0; i < 3; i++) {
    const char *p = gen_name(g, "p");
    gen_add_var(g, &inner, p, &param[i]);
    list = T("%s%s%s: %s", list, i ? ", " : "", p, gen_type_text(g, &param[i]));
    sizes = gen_sizes_of(g, sizes, &param[i]);
    args = T("%s%s%s", args, i ? ", " : "", gen_expr(g, s, &param[i], depth - 2));
  }
  const char *first = gen_expr(g, &inner, &a, 2), *second = gen_expr(g, &inner, &b, 2);
  g->functions =
      T("%sfn %s%s(%s) -> (%s, %s) = (%s, %s)\n", g->functions, f, *sizes ? T("[%s]", sizes) : "",
        list, gen_type_text(g, &a), gen_type_text(g, &b), first, second);
  const char *x = gen_name(g, "t"), *y = gen_name(g, "t");
  gen_add_var(g, s, x, &a);
  gen_add_var(g, s, y, &b);
  return T("  let (%s, %s) = %s(%s)\n", x, y, f, args);
}

static const char *statement(Gen *g, Scope *s, int depth)
{
  if (gen_may(g, FEATURE_loop) && !gen_below(g, 4)) return for_loop(g, s, depth);
  if (gen_may(g, FEATURE_while) && !gen_below(g, 8)) return while_loop(g, s, depth);
  if (gen_may(g, FEATURE_tuple) && *g->real != 'T' && !gen_below(g, 8)) {
    const char *text = gen_tuple_let(g, s, depth);
    if (text) return text;
  }
  Type t = gen_below(g, 3) ? gen_draw_type_near(g, s) : gen_draw_any(g, s);
  const char *as = gen_name(g, "t"), *value = gen_expr(g, s, &t, depth);
  gen_add_var(g, s, as, &t);
  return T("  let %s: %s = %s\n", as, gen_type_text(g, &t), value);
}

const char *gen_statements(Gen *g, Scope *s, int depth)
{
  const char *text = "";
  for (int i = gen_below(g, 1 + g->size); i > 0; i--)
    text = T("%s%s", text, statement(g, s, depth));
  return text;
}

const char *gen_body(Gen *g, Scope *s, const Type *result, int depth)
{
  const char *text = gen_statements(g, s, depth - 1);
  return T("%s  %s\n", text, gen_expr(g, s, result, depth));
}
