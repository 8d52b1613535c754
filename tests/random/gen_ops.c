/* Expressions of random programs with loops of their own: products, windows, scans, sorts. */
#include "tests/random/gen.h"

#include <stdlib.h>

const char *gen_matmul(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank > 2) return NULL;
  const char *k = gen_known_dim(g, s);
  Type a = {.dtype = t->dtype, .rank = 1, .dim = {k}}, b = a;
  if (t->rank > 0) a = (Type){.dtype = t->dtype, .rank = 2, .dim = {t->dim[0], k}};
  if (t->rank > 1) b = (Type){.dtype = t->dtype, .rank = 2, .dim = {k, t->dim[1]}};
  const char *left = gen_expr(g, s, &a, depth - 1), *right = gen_expr(g, s, &b, depth - 1);
  const char *scale = gen_is_float(t) ? "0.3*" : "";
  return t->rank ? T("(%s(%s @ %s))", scale, left, right)
                 : T("(%sdot(%s, %s))", scale, left, right);
}

/* The letters i, j, k are the result's dims; l and m are summed over. */
const char *gen_einsum(Gen *g, Scope *s, const Type *t, int depth)
{
  static const char *const specs[MOST_RANK + 1][6] = {
      {"l,l->", "lm,lm->", "ll->", "lm,l,m->", "lm->", "ll,l->"},
      {"il,l->i", "li,l->i", "i,i->i", "ii->i", "ilm,lm->i", "il,lm,m->i"},
      {"il,lj->ij", "li,lj->ij", "il,jl->ij", "i,j->ij", "ij,i->ij", "ji->ij"},
      {"ij,jk->ijk", "ijl,lk->ijk", "ijl,ilk->ijk", "i,jk->ijk", "kij->ijk", "lij,lk->ijk"}};
  const char *spec = specs[t->rank][gen_below(g, 6)], *args = "";
  const char *l = gen_known_dim(g, s), *m = gen_known_dim(g, s);
  Type operand = {.dtype = t->dtype};
  for (const char *at = spec; *at != '>'; at++) {
    if (*at >= 'i' && *at <= 'k') operand.dim[operand.rank++] = t->dim[*at - 'i'];
    if (*at == 'l' || *at == 'm') operand.dim[operand.rank++] = *at == 'l' ? l : m;
    if (*at != ',' && *at != '-') continue;
    args = T("%s, %s", args, gen_expr(g, s, &operand, depth - 1));
    operand.rank = 0;
  }
  return T("(%seinsum(\"%s\"%s))", gen_is_float(t) ? "0.3*" : "", spec, args);
}

static Type gen_filter(const Type *t, int rank, const char *a, const char *b, const char *c)
{
  return (Type){.dtype = t->dtype, .rank = rank, .dim = {a, b, c}};
}

/* Along a vector: with a margin, or strides and holes where the size is fixed. */
static const char *gen_conv_vector(Gen *g, Scope *s, const Type *t, int depth)
{
  Type x = *t, w = gen_filter(t, 1, "3", NULL, NULL);
  const char *options = "pad=1";
  int kind = gen_below(g, 4), n = gen_is_named(t->dim[0]) ? 0 : atoi(t->dim[0]);
  if (n && kind == 1) x.dim[0] = T("%d", 2 * n + 1), options = "stride=2";
  if (n && kind == 2) x.dim[0] = T("%d", n + 4), options = "dilation=2";
  if (n && kind == 3) x.dim[0] = T("%d", 2 * n), options = "stride=2, pad=(1, 0)";
  return T("(0.4*conv1d((%s)[new, new, :], (%s)[new, new, :], %s)[0, 0])",
           gen_expr(g, s, &x, depth - 1), gen_expr(g, s, &w, depth - 1), options);
}

/* Windows want an axis that they fit. */
static bool has_empty(const Type *t)
{
  for (int i = 0; i < t->rank; i++)
    if (!strcmp(t->dim[i], "0")) return true;
  return false;
}

const char *gen_conv(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank || has_empty(t)) return NULL;
  if (t->rank == 1) return gen_conv_vector(g, s, t, depth);
  if (t->rank == 2 && gen_below(g, 2)) { /* channels by length; in groups where that is even */
    bool grouped = !strcmp(t->dim[0], "4") && gen_below(g, 2);
    Type x = *t, w = gen_filter(t, 3, t->dim[0], grouped ? "2" : "3", "3");
    if (!grouped) x.dim[0] = "3";
    return T("(0.3*conv1d((%s)[new, :, :], %s, pad=1%s)[0])", gen_expr(g, s, &x, depth - 1),
             gen_expr(g, s, &w, depth - 1), grouped ? ", groups=2" : "");
  }
  Type x = t->rank == 2 ? *t : gen_without_first(t);
  Type w = t->rank == 2 ? gen_filter(t, 2, "3", "3", NULL) : gen_filter(t, 3, t->dim[0], "3", "3");
  return T("(0.3*conv2d((%s)[new, new, :, :], (%s)[%s, :, :], pad=1)%s)",
           gen_expr(g, s, &x, depth - 1), gen_expr(g, s, &w, depth - 1),
           t->rank == 2 ? "new, new" : ":, new", t->rank == 2 ? "[0, 0]" : "[0]");
}

/* Pools: with a margin, or side by side where the size is fixed. */
const char *gen_window(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank || t->rank > 2 || has_empty(t)) return NULL;
  Type x = *t;
  const char *function = gen_below(g, 2) ? "max" : "avg", *options = "3, stride=1, pad=1";
  bool fixed = true;
  for (int i = 0; i < t->rank; i++) fixed &= !gen_is_named(t->dim[i]);
  if (fixed && gen_below(g, 2)) {
    for (int i = 0; i < t->rank; i++) x.dim[i] = T("%d", 2 * atoi(t->dim[i]));
    options = "2";
  }
  return T("(%spool%dd((%s)[new, new, %s], %s)[0, 0])", function, t->rank,
           gen_expr(g, s, &x, depth - 1), t->rank == 1 ? ":" : ":, :", options);
}

const char *gen_outer(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank != 2) return NULL;
  Type a = *t, b = *t;
  a.rank = b.rank = 1;
  b.dim[0] = t->dim[1];
  const char *left = gen_expr(g, s, &a, depth - 1), *right = gen_expr(g, s, &b, depth - 1);
  return gen_below(g, 2) ? T("outer(%s, %s)", left, right)
                         : T("((%s)[:, new] + (%s)[new, :])", left, right);
}

const char *gen_top_k(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank || strcmp(t->dim[t->rank - 1], "3")) return NULL;
  Type wide = *t;
  wide.dim[t->rank - 1] = "5";
  return T("(top_k(%s, 3)).0", gen_expr(g, s, &wide, depth - 1));
}

const char *gen_softmax(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank) return NULL;
  return T("%s(%s, axis=%d)", gen_below(g, 3) ? "softmax" : "0.2*log_softmax",
           gen_expr(g, s, t, depth - 1), gen_below(g, t->rank));
}

/* x less its mean, over its deviation: norms. */
const char *gen_centre(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank) return NULL;
  const char *x = gen_name(g, "b");
  int axis = gen_below(g, t->rank);
  return T("{\n    let %s = %s\n    (%s - mean(%s, axis=%d, keep=true))/sqrt(variance(%s, axis=%d, "
           "keep=true) + 0.5)\n  }",
           x, gen_expr(g, s, t, depth - 1), x, x, axis, x, axis);
}

const char *gen_scan(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank) return NULL;
  int axis = gen_below(g, t->rank);
  const char *x = gen_expr(g, s, t, depth - 1), *reverse = gen_below(g, 3) ? "" : ", reverse=true";
  switch (gen_below(g, 4)) {
  case 0:
    return T("(0.3*cumsum(%s, axis=%d%s))", x, axis, reverse);
  case 1:
    return T("cumprod(1.0 + 0.1*tanh(%s), axis=%d%s)", x, axis, reverse);
  case 2:
    return T("cumlogsumexp(%s, axis=%d%s)", x, axis, reverse);
  default:
    return T("cummax(%s, axis=%d%s)", x, axis, reverse);
  }
}

const char *gen_sort(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank) return NULL;
  return T("sort(%s, axis=%d)", gen_expr(g, s, t, depth - 1), gen_below(g, t->rank));
}

/* From another element type. */
const char *gen_convert(Gen *g, Scope *s, const Type *t, int depth)
{
  if (*t->dtype == 'T') return NULL;
  static const char *const integers[] = {"i32", "u8", "i64", "i16"};
  if (gen_may(g, FEATURE_integer) && gen_below(g, 2)) {
    Type from = gen_of(gen_below(g, 4) ? integers[gen_below(g, 4)] : "bool", t);
    const char *x = gen_expr(g, s, &from, depth - 1);
    return gen_is_bool(&from) ? T("%s(%s)", t->dtype, x) : T("(0.1*%s(%s %% 7))", t->dtype, x);
  }
  Type from = gen_of(strcmp(t->dtype, "f64") ? "f64" : "f32", t);
  return T("%s(%s)", t->dtype, gen_expr(g, s, &from, depth - 1));
}

const char *gen_stop(Gen *g, Scope *s, const Type *t, int depth)
{
  return T("stop_grad(%s)", gen_expr(g, s, t, depth - 1));
}
