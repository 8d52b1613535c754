/* Expressions of random programs: maps, moves, reductions, comprehensions, branches. */
#include "tests/random/gen.h"

static const char *gen_literal(Gen *g)
{
  static const char *const some[] = {"0.5", "1.25", "0.1", "2.0", "0.75", "1.5"};
  return some[gen_below(g, 6)];
}

/* An element of v for the loop counters of `t`: its axes by counters of the same size, by numbers,
 * or all of it summed. */
static const char *gen_element(Gen *g, const Var *v, const Type *t, const char *const *counter)
{
  const char *index = "";
  if (!v->type.rank) return v->name;
  for (int i = 0; i < v->type.rank; i++) {
    const char *at = NULL;
    for (int k = 0; k < t->rank; k++)
      if (!strcmp(t->dim[k], v->type.dim[i])) at = counter[k];
    if (!at && gen_is_named(v->type.dim[i])) return T("0.1*sum(%s)", v->name);
    index = T("%s%s%s", index, i ? ", " : "", at ? at : "0");
  }
  return T("%s[%s]", v->name, index);
}

/* A variable of the type; else elements made of loop counters and of another variable's. */
const char *gen_leaf(Gen *g, Scope *s, const Type *t)
{
  int start = s->vars ? gen_below(g, s->vars) : 0;
  for (int i = 0; i < s->vars; i++) {
    const Var *v = &s->var[(start + i) % s->vars];
    if (gen_same(&v->type, t)) return v->name;
  }
  const char *loops = "", *sum = gen_literal(g), *counter[MOST_RANK];
  for (int i = 0; i < t->rank; i++) {
    counter[i] = gen_name(g, "i");
    loops = T("%s%s%s in 0..%s", loops, i ? ", " : "", counter[i], t->dim[i]);
    sum = T("%s + %s*%s(%s)", sum, i ? "0.3" : "0.2", t->dtype, counter[i]);
  }
  if (s->vars) sum = T("%s + %s", sum, gen_element(g, &s->var[start], t, counter));
  return t->rank ? T("[for %s : sin(%s)]", loops, sum) : T("sin(%s)", sum);
}

/* Maps that keep magnitudes and slopes moderate. */
const char *gen_unary(Gen *g, Scope *s, const Type *t, int depth)
{
  static const char *const forms[] = {"tanh(%s)",
                                      "sin(%s)",
                                      "cos(%s)",
                                      "(-%s)",
                                      "exp(-abs(%s))",
                                      "log1p(abs(%s))",
                                      "erf(%s)",
                                      "atan(%s)",
                                      "abs(%s)",
                                      "sqrt(1.0 + (%s)**2)",
                                      "(1.0/(1.5 + (%s)**2))",
                                      "(%s*0.5)",
                                      "(%s + 0.25)",
                                      "max(%s, 0.1)",
                                      "(0.3*(%s)**2)",
                                      "expm1(-abs(%s))",
                                      "(2.0 - %s)"};
  const char *form = forms[gen_below(g, sizeof forms / sizeof *forms)];
  const char *at = strstr(form, "%s");
  return T("%.*s%s%s", (int)(at - form), form, gen_expr(g, s, t, depth - 1), at + 2);
}

const char *gen_binary(Gen *g, Scope *s, const Type *t, int depth)
{
  const char *a = gen_expr(g, s, t, depth - 1), *b = gen_expr(g, s, t, depth - 1);
  switch (gen_below(g, 7)) {
  case 0:
    return T("(%s + %s)", a, b);
  case 1:
    return T("(%s - %s)", a, b);
  case 2:
    return T("(%s*tanh(%s))", a, b);
  case 3:
    return T("max(%s, %s)", a, b);
  case 4:
    return T("min(%s, %s)", a, b);
  case 5:
    return T("(%s/(1.0 + (%s)**2))", a, b);
  default:
    return T("atan2(%s, 1.0 + (%s)**2)", a, b);
  }
}

/* A scalar, or a tensor of the last dims, meets the whole. */
const char *gen_broadcast(Gen *g, Scope *s, const Type *t, int depth)
{
  Type small = *t;
  if (!t->rank) return NULL;
  if (t->rank > 1 && gen_below(g, 2))
    small = gen_without_first(t);
  else
    small.rank = 0;
  const char *a = gen_expr(g, s, t, depth - 1), *b = gen_expr(g, s, &small, depth - 1);
  return gen_below(g, 2) ? T("(%s + %s)", a, b) : T("(tanh(%s)*%s)", b, a);
}

const char *gen_reduce(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank == MOST_RANK) return NULL;
  int axis = gen_below(g, t->rank + 1);
  Type wide = gen_with_dim(t, axis, gen_known_dim(g, s));
  const char *a = gen_expr(g, s, &wide, depth - 1);
  bool empty = gen_is_named(wide.dim[axis]); /* perhaps: no infinities then */
  switch (gen_below(g, 5)) {
  case 0:
    return T("mean(%s, axis=%d)", a, axis);
  case 1:
    return empty ? T("(0.2*sum(%s, axis=%d))", a, axis) : T("max(%s, axis=%d)", a, axis);
  case 2:
    return empty ? T("sum(tanh(%s), axis=%d)", a, axis) : T("logsumexp(%s, axis=%d)", a, axis);
  case 3:
    return T("prod(1.0 + 0.1*tanh(%s), axis=%d)", a, axis);
  default:
    return T("(0.2*sum(%s, axis=%d))", a, axis);
  }
}

const char *gen_matmul(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank > 2) return NULL;
  const char *k = gen_known_dim(g, s);
  Type a = {.dtype = t->dtype, .rank = 1, .dim = {k}}, b = a;
  if (t->rank > 0) a = (Type){.dtype = t->dtype, .rank = 2, .dim = {t->dim[0], k}};
  if (t->rank > 1) b = (Type){.dtype = t->dtype, .rank = 2, .dim = {k, t->dim[1]}};
  const char *left = gen_expr(g, s, &a, depth - 1), *right = gen_expr(g, s, &b, depth - 1);
  return t->rank ? T("(0.3*(%s @ %s))", left, right) : T("(0.3*dot(%s, %s))", left, right);
}

const char *gen_transpose(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank != 2) return NULL;
  Type turned = {.dtype = t->dtype, .rank = 2, .dim = {t->dim[1], t->dim[0]}};
  return T("transpose(%s)", gen_expr(g, s, &turned, depth - 1));
}

const char *gen_along(Gen *g, Scope *s, const Type *t, int depth, const char *function)
{
  if (!t->rank) return NULL;
  return T("%s(%s, axis=%d)", function, gen_expr(g, s, t, depth - 1), gen_below(g, t->rank));
}

/* Of an axis of fixed size: one of its slices, or a piece, or two pieces joined. */
const char *gen_index_fixed(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank == MOST_RANK) return NULL;
  Type wide = gen_with_dim(t, 0, "4");
  return T("(%s)[%d]", gen_expr(g, s, &wide, depth - 1), gen_below(g, 4));
}

const char *gen_slice(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank || strcmp(t->dim[0], "3")) return NULL;
  Type wide = *t;
  static const char *const pieces[] = {"1:4", ":3", "::2", "2:"};
  wide.dim[0] = "5";
  return T("(%s)[%s]", gen_expr(g, s, &wide, depth - 1), pieces[gen_below(g, 4)]);
}

const char *gen_concat(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank || strcmp(t->dim[0], "4")) return NULL;
  Type a = *t, b = *t;
  a.dim[0] = "3";
  b.dim[0] = "1";
  return T("concat(%s, %s, axis=0)", gen_expr(g, s, &a, depth - 1), gen_expr(g, s, &b, depth - 1));
}

const char *gen_comprehension(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank) return NULL;
  Type row = gen_without_first(t);
  Scope inner = *s;
  const char *at = gen_name(g, "i");
  for (int i = 0; i < s->vars; i++) { /* rows of what has the same first dim */
    const Var *v = &s->var[i];
    if (!v->type.rank || strcmp(v->type.dim[0], t->dim[0])) continue;
    Type part = gen_without_first(&v->type);
    gen_add_var(&inner, T("%s[%s]", v->name, at), &part);
  }
  Type one = gen_scalar(g);
  gen_add_var(&inner, T("(0.1*%s(%s))", g->real, at), &one);
  return T("[for %s in 0..%s : %s]", at, t->dim[0], gen_expr(g, &inner, &row, depth - 1));
}

const char *gen_branch(Gen *g, Scope *s, const Type *t, int depth)
{
  Type one = gen_scalar(g);
  const char *a = gen_expr(g, s, &one, depth - 2), *b = gen_expr(g, s, &one, depth - 2);
  return T("(if %s < %s { %s } else { %s })", a, b, gen_expr(g, s, t, depth - 1),
           gen_expr(g, s, t, depth - 1));
}

const char *gen_where(Gen *g, Scope *s, const Type *t, int depth)
{
  return T("where(%s < %s, %s, %s)", gen_expr(g, s, t, depth - 2), gen_expr(g, s, t, depth - 2),
           gen_expr(g, s, t, depth - 1), gen_expr(g, s, t, depth - 1));
}

const char *gen_block(Gen *g, Scope *s, const Type *t, int depth)
{
  Scope inner = *s;
  Type bound = gen_below(g, 2) ? *t : gen_scalar(g);
  const char *as = gen_name(g, "b");
  const char *value = gen_expr(g, s, &bound, depth - 1);
  gen_add_var(&inner, as, &bound);
  return T("{\n    let %s = %s\n    %s + 0.0*%s\n  }", as, value, gen_expr(g, &inner, t, depth - 1),
           bound.rank == t->rank ? as : T("sum(%s)", as));
}

/* x[i] for i of integers made from a counter. */
const char *gen_gather(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank || gen_is_named(t->dim[0])) return NULL;
  Type source = *t;
  const char *at = gen_name(g, "i");
  source.dim[0] = "5";
  return T("(%s)[[for %s in 0..%s : i32(%s*%d %% 5)]]", gen_expr(g, s, &source, depth - 1), at,
           t->dim[0], at, 1 + gen_below(g, 4));
}
