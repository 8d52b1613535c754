/* Integers and bools of random programs: every bit must agree, so they come from integers only and
 * never from a float that rounding could move. */
#include "tests/random/gen.h"

static bool is_signed(const Type *t) { return *t->dtype == 'i'; }

static const char *integer_literal(Gen *g, const Type *t)
{
  static const char *const some[] = {"0", "1", "2", "3", "7", "100", "127"};
  const char *value = some[gen_below(g, 7)];
  return is_signed(t) && gen_below(g, 3) == 0 ? T("%s(-%s)", t->dtype, value)
                                              : T("%s(%s)", t->dtype, value);
}

static const char *integer_leaf(Gen *g, Scope *s, const Type *t)
{
  int start = s->vars ? gen_below(g, s->vars) : 0;
  for (int i = 0; i < s->vars; i++) {
    const Var *v = &s->var[(start + i) % s->vars];
    if (gen_same(&v->type, t)) return v->name;
  }
  for (int i = 0; i < s->vars; i++) { /* a scalar of another type of integer */
    const Var *v = &s->var[(start + i) % s->vars];
    if (!v->type.of && !v->type.rank && !gen_is_float(&v->type) && !gen_is_bool(&v->type) &&
        !t->rank)
      return T("%s(%s)", t->dtype, v->name);
  }
  if (!t->rank) return integer_literal(g, t);
  const char *loops = "", *sum = integer_literal(g, t);
  for (int i = 0; i < t->rank; i++) {
    const char *at = gen_name(g, "i");
    loops = T("%s%s%s in 0..%s", loops, i ? ", " : "", at, t->dim[i]);
    sum = T("%s + %d*%s(%s)", sum, 1 + gen_below(g, 5), t->dtype, at);
  }
  return T("[for %s : %s]", loops, sum);
}

static const char *integer_map(Gen *g, Scope *s, const Type *t, int depth)
{
  const char *a = gen_expr(g, s, t, depth - 1);
  static const char *const unary[] = {"(-%s)", "abs(%s)", "sign(%s)", "bitnot(%s)"};
  static const char *const binary[] = {"+", "-", "*", "/", "%"};
  static const char *const named[] = {"min", "max", "bitand", "bitor", "bitxor"};
  int which = gen_below(g, 14);
  if (which < 3) {
    const char *form = unary[gen_below(g, 4)], *at = strstr(form, "%s");
    return T("%.*s%s%s", (int)(at - form), form, a, at + 2);
  }
  const char *b = gen_expr(g, s, t, depth - 1);
  if (which < 9) return T("(%s %s %s)", a, binary[gen_below(g, 5)], b);
  if (which < 12) return T("%s(%s, %s)", named[gen_below(g, 5)], a, b);
  return T("%s(%s, bitand(%s, %d))", which == 12 ? "shl" : "shr", a, b, gen_below(g, 2) ? 7 : 63);
}

/* Over an axis; of bools, how many; where the largest is. */
static const char *integer_reduce(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank == MOST_RANK) return NULL;
  static const char *const over[] = {"sum", "prod", "max", "min"};
  int axis = gen_below(g, t->rank + 1);
  Type wide = gen_with_dim(t, axis, gen_known_dim(g, s));
  if (!gen_below(g, 3)) {
    Type truth = gen_of("bool", &wide);
    return T("sum(%s(%s), axis=%d)", t->dtype, gen_expr(g, s, &truth, depth - 1), axis);
  }
  const char *x = gen_expr(g, s, &wide, depth - 1);
  if (!gen_may_be_empty(wide.dim[axis]) && !gen_below(g, 3))
    return T("%s(%s(%s, axis=%d))", t->dtype, gen_below(g, 2) ? "argmax" : "argmin", x, axis);
  return T("%s(%s, axis=%d)", over[gen_below(g, 4)], x, axis);
}

static const char *integer_along(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank) return NULL;
  static const char *const along[] = {"cumsum", "cumprod", "cummax", "sort"};
  const char *x = gen_expr(g, s, t, depth - 1);
  int axis = gen_below(g, t->rank);
  if (!gen_below(g, 4)) return T("%s(argsort(%s, axis=%d))", t->dtype, x, axis);
  return T("%s(%s, axis=%d)", along[gen_below(g, 4)], x, axis);
}

static const char *integer_other(Gen *g, Scope *s, const Type *t, int depth)
{
  static const char *const dtypes[] = {"i8",  "i16", "i32", "i64", "u8",
                                       "u16", "u32", "u64", "bool"};
  Type from = gen_of(dtypes[gen_below(g, 9)], t);
  if (t->rank == 1 && !gen_below(g, 4)) {
    if (!gen_is_named(t->dim[0]) && strcmp(t->dim[0], "0"))
      return T("%s(permutation(key(%d), %s))", t->dtype, gen_below(g, 9), t->dim[0]);
    return T("%s(iota(%s))", t->dtype, t->dim[0]);
  }
  return T("%s(%s)", t->dtype, gen_expr(g, s, &from, depth - 1));
}

/* What moves elements does so for every type. */
static const char *moved(Gen *g, Scope *s, const Type *t, int depth)
{
  static GenKind *const kinds[] = {gen_transpose, gen_index_fixed, gen_slice,        gen_concat,
                                   gen_gather,    gen_flip,        gen_roll,         gen_spread,
                                   gen_reshape,   gen_chunk,       gen_pad,          gen_diag,
                                   gen_triangle,  gen_take_along,  gen_comprehension};
  static const Feature feature[] = {FEATURE_transpose, FEATURE_index,      FEATURE_slice,
                                    FEATURE_concat,    FEATURE_gather,     FEATURE_flip,
                                    FEATURE_roll,      FEATURE_spread,     FEATURE_reshape,
                                    FEATURE_chunk,     FEATURE_pad,        FEATURE_diag,
                                    FEATURE_triangle,  FEATURE_take_along, FEATURE_comprehension};
  int which = gen_below(g, 15);
  return gen_may(g, feature[which]) ? kinds[which](g, s, t, depth) : NULL;
}

/* Kinds that integers and bools share with floats. */
static const char *shared(Gen *g, Scope *s, const Type *t, int depth)
{
  switch (gen_below(g, 6)) {
  case 0:
    return gen_may(g, FEATURE_branch) ? gen_branch(g, s, t, depth) : NULL;
  case 1:
    return gen_may(g, FEATURE_where) ? gen_where(g, s, t, depth) : NULL;
  case 2:
    return gen_may(g, FEATURE_call) ? gen_call(g, s, t, depth) : NULL;
  case 3:
    return gen_may(g, FEATURE_vmap) ? gen_vmap(g, s, t, depth) : NULL;
  default:
    return moved(g, s, t, depth);
  }
}

const char *gen_integer(Gen *g, Scope *s, const Type *t, int depth)
{
  for (int tries = 0; depth > 0 && tries < 6 && gen_below(g, 6); tries++) {
    const char *text = NULL;
    int kind = gen_below(g, 10);
    if (kind < 3) text = integer_map(g, s, t, depth);
    if (kind == 3) text = integer_reduce(g, s, t, depth);
    if (kind == 4) text = integer_along(g, s, t, depth);
    if (kind == 5) text = integer_other(g, s, t, depth);
    if (kind == 6) text = gen_below(g, 2) ? gen_einsum(g, s, t, depth) : gen_matmul(g, s, t, depth);
    if (kind > 6) text = shared(g, s, t, depth);
    if (text) return T("(%s)", text);
  }
  return integer_leaf(g, s, t);
}

/* ---- bools ------------------------------------------------------------------------------- */

static const char *bool_leaf(Gen *g, Scope *s, const Type *t)
{
  int start = s->vars ? gen_below(g, s->vars) : 0;
  for (int i = 0; i < s->vars; i++) {
    const Var *v = &s->var[(start + i) % s->vars];
    if (gen_same(&v->type, t)) return v->name;
  }
  Type whole = gen_of("i32", t);
  return T("(%s > 1)", integer_leaf(g, s, &whole));
}

static const char *compared(Gen *g, Scope *s, const Type *t, int depth)
{
  static const char *const dtypes[] = {"i32", "i64", "u8", "u32", "i8", "u64"};
  static const char *const compares[] = {"<", "<=", "==", "!=", ">", ">="};
  Type whole = gen_of(dtypes[gen_below(g, 6)], t);
  const char *a = gen_expr(g, s, &whole, depth - 1);
  return T("(%s %s %s)", a, compares[gen_below(g, 6)], gen_expr(g, s, &whole, depth - 1));
}

static const char *bool_reduce(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank == MOST_RANK) return NULL;
  int axis = gen_below(g, t->rank + 1);
  Type wide = gen_with_dim(t, axis, gen_known_dim(g, s));
  return T("%s(%s, axis=%d)", gen_below(g, 2) ? "any" : "all", gen_expr(g, s, &wide, depth - 1),
           axis);
}

static const char *bool_map(Gen *g, Scope *s, const Type *t, int depth)
{
  static const char *const joins[] = {"&&", "||", "==", "!="};
  if (!gen_below(g, 3)) return T("(!%s)", gen_expr(g, s, t, depth - 1));
  if (!gen_below(g, 5)) {
    Type real = gen_of(g->real, t);
    return T("%s(%s)", gen_below(g, 2) ? "is_nan" : "is_finite", gen_expr(g, s, &real, depth - 1));
  }
  const char *a = gen_expr(g, s, t, depth - 1);
  return T("(%s %s %s)", a, joins[gen_below(g, 4)], gen_expr(g, s, t, depth - 1));
}

const char *gen_bool(Gen *g, Scope *s, const Type *t, int depth)
{
  for (int tries = 0; depth > 0 && tries < 6 && gen_below(g, 6); tries++) {
    const char *text = NULL;
    int kind = gen_below(g, 8);
    if (kind < 3) text = compared(g, s, t, depth);
    if (kind == 3 || kind == 4) text = bool_map(g, s, t, depth);
    if (kind == 5) text = bool_reduce(g, s, t, depth);
    if (kind > 5) text = shared(g, s, t, depth);
    if (text) return T("(%s)", text);
  }
  return bool_leaf(g, s, t);
}
