/* Expressions of random programs: maps, reductions, comprehensions, branches. */
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
    if (!at && gen_may_be_empty(v->type.dim[i])) return T("0.1*sum(%s)", v->name);
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
  for (int i = 0; i < s->vars; i++) {
    const Var *v = &s->var[(start + i) % s->vars];
    if (!gen_is_real(g, &v->type)) continue;
    sum = T("%s + %s", sum, gen_element(g, v, t, counter));
    break;
  }
  return t->rank ? T("[for %s : sin(%s)]", loops, sum) : T("sin(%s(%s))", t->dtype, sum);
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
                                      "(2.0 - %s)",
                                      "rsqrt(1.0 + abs(%s))",
                                      "cbrt(1.0 + (%s)**2)",
                                      "log2(1.0 + abs(%s))",
                                      "exp2(-abs(%s))",
                                      "asin(0.9*tanh(%s))",
                                      "acos(0.9*sin(%s))",
                                      "(1.5 + sin(%s))**0.7",
                                      "sinh(tanh(%s))",
                                      "cosh(sin(%s))",
                                      "tan(sin(%s))",
                                      "clip(%s, -0.7, 0.9)",
                                      "(0.1*(tanh(%s))**-3)",
                                      "(0.2*(%s)**3)"};
  int which = gen_below(g, (int)(sizeof forms / sizeof *forms));
  if (which == 28) which = 29; /* a pole */
  const char *form = forms[which], *at = strstr(form, "%s");
  return T("%.*s%s%s", (int)(at - form), form, gen_expr(g, s, t, depth - 1), at + 2);
}

const char *gen_binary(Gen *g, Scope *s, const Type *t, int depth)
{
  const char *a = gen_expr(g, s, t, depth - 1), *b = gen_expr(g, s, t, depth - 1);
  switch (gen_below(g, 8)) {
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
  case 6:
    return T("((1.5 + sin(%s))**tanh(%s))", a, b);
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
  bool empty = gen_may_be_empty(wide.dim[axis]); /* perhaps: no infinities then */
  switch (gen_below(g, 6)) {
  case 0:
    return empty ? T("(0.3*sum(%s, axis=%d))", a, axis) : T("mean(%s, axis=%d)", a, axis);
  case 1:
    return empty ? T("(0.2*sum(%s, axis=%d))", a, axis) : T("max(%s, axis=%d)", a, axis);
  case 2:
    return empty ? T("sum(tanh(%s), axis=%d)", a, axis) : T("logsumexp(%s, axis=%d)", a, axis);
  case 3:
    return T("prod(1.0 + 0.1*tanh(%s), axis=%d)", a, axis);
  case 4:
    return empty ? T("prod(tanh(%s), axis=%d)", a, axis) : T("variance(%s, axis=%d)", a, axis);
  default:
    return T("(0.2*sum(%s, axis=%d))", a, axis);
  }
}

const char *gen_comprehension(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank) return NULL;
  Type row = gen_without_first(t), one = gen_scalar(g), whole = {.dtype = "i32"};
  Scope inner = *s;
  const char *at = gen_name(g, "i");
  for (int i = 0; i < s->vars; i++) { /* rows of what has the same first dim */
    const Var *v = &s->var[i];
    if (!v->type.rank || strcmp(v->type.dim[0], t->dim[0])) continue;
    Type part = gen_without_first(&v->type);
    gen_add_var(g, &inner, T("%s[%s]", v->name, at), &part);
  }
  gen_add_var(g, &inner, T("(0.1*%s(%s))", g->real, at), &one);
  gen_add_var(g, &inner, T("i32(%s)", at), &whole);
  return T("[for %s in 0..%s : %s]", at, t->dim[0], gen_expr(g, &inner, &row, depth - 1));
}

const char *gen_condition(Gen *g, Scope *s, int depth)
{
  Type one = gen_scalar(g), truth = {.dtype = "bool"};
  if (gen_may(g, FEATURE_integer) && gen_below(g, 2)) return gen_expr(g, s, &truth, depth);
  const char *a = gen_expr(g, s, &one, depth);
  return T("%s < %s", a, gen_expr(g, s, &one, depth));
}

const char *gen_mask(Gen *g, Scope *s, const Type *t, int depth)
{
  Type mask = gen_of("bool", t), real = gen_of(g->real, t);
  if (gen_may(g, FEATURE_integer) && gen_below(g, 2)) return gen_expr(g, s, &mask, depth);
  const char *a = gen_expr(g, s, &real, depth);
  return T("%s < %s", a, gen_expr(g, s, &real, depth));
}

const char *gen_branch(Gen *g, Scope *s, const Type *t, int depth)
{
  const char *condition = gen_condition(g, s, depth - 2), *a = gen_expr(g, s, t, depth - 1);
  return T("(if %s { %s } else { %s })", condition, a, gen_expr(g, s, t, depth - 1));
}

const char *gen_where(Gen *g, Scope *s, const Type *t, int depth)
{
  const char *mask = gen_mask(g, s, t, depth - 2), *a = gen_expr(g, s, t, depth - 1);
  return T("where(%s, %s, %s)", mask, a, gen_expr(g, s, t, depth - 1));
}

const char *gen_block(Gen *g, Scope *s, const Type *t, int depth)
{
  Scope inner = *s;
  Type bound = gen_below(g, 2) ? *t : gen_draw_any(g, s);
  const char *as = gen_name(g, "b"), *value = gen_expr(g, s, &bound, depth - 1);
  gen_add_var(g, &inner, as, &bound);
  return T("{\n    let %s = %s\n    %s\n  }", as, value, gen_expr(g, &inner, t, depth - 1));
}
