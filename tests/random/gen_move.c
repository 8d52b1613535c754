/* Expressions of random programs that only move elements: of any element type. */
#include "tests/random/gen.h"

#include <stdlib.h>

static const char *gen_axis(Gen *g, const Type *t) { return T("%d", gen_below(g, t->rank)); }

/* A fixed dim of the type, times `by`; NULL where there is none. */
static bool has_fixed(const Type *t, int axis)
{
  return t->rank > axis && !gen_is_named(t->dim[axis]);
}

const char *gen_transpose(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank < 2) return NULL;
  Type turned = *t;
  if (t->rank == 2 || gen_below(g, 2)) {
    for (int i = 0; i < t->rank; i++) turned.dim[i] = t->dim[t->rank - 1 - i];
    return T("transpose(%s)", gen_expr(g, s, &turned, depth - 1));
  }
  static const int order[][3] = {{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}};
  const int *perm = order[gen_below(g, 4)];
  for (int i = 0; i < 3; i++) turned.dim[perm[i]] = t->dim[i];
  return T("transpose(%s, %d, %d, %d)", gen_expr(g, s, &turned, depth - 1), perm[0], perm[1],
           perm[2]);
}

const char *gen_flip(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank) return NULL;
  return T("flip(%s, axis=%s)", gen_expr(g, s, t, depth - 1), gen_axis(g, t));
}

const char *gen_roll(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank) return NULL;
  return T("roll(%s, %d, axis=%s)", gen_expr(g, s, t, depth - 1), gen_below(g, 7) - 3,
           gen_axis(g, t));
}

/* One of its slices, or a piece, or two pieces joined: of an axis of fixed size. */
const char *gen_index_fixed(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank == MOST_RANK) return NULL;
  if (t->rank && gen_below(g, 2)) { /* along the last axis, or the first beside another */
    Type wide = gen_with_dim(t, t->rank, "5");
    return T("(%s)[..., %d]", gen_expr(g, s, &wide, depth - 1), gen_below(g, 10) - 5);
  }
  Type wide = gen_with_dim(t, 0, "4");
  return T("(%s)[%d]", gen_expr(g, s, &wide, depth - 1), gen_below(g, 8) - 4);
}

const char *gen_slice(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank || strcmp(t->dim[0], "3")) return NULL;
  Type wide = *t, at = {.dtype = "i32"};
  static const char *const pieces[] = {"1:4", ":3", "::2", "2:", "-3:", ":-2"};
  wide.dim[0] = "5";
  const char *x = gen_expr(g, s, &wide, depth - 1);
  if (gen_may(g, FEATURE_integer) && !gen_below(g, 3)) {
    const char *from = gen_name(g, "b");
    return T("{\n    let %s = %s\n    (%s)[%s:%s + 3]\n  }", from, gen_expr(g, s, &at, depth - 2),
             x, from, from);
  }
  return T("(%s)[%s]", x, pieces[gen_below(g, 6)]);
}

/* The axis is cut in two; or rows are stacked. */
const char *gen_concat(Gen *g, Scope *s, const Type *t, int depth)
{
  int axis = t->rank ? gen_below(g, t->rank) : 0;
  if (!has_fixed(t, axis)) return NULL;
  int all = atoi(t->dim[axis]), first = all ? gen_below(g, all + 1) : 0;
  if (!axis && all == 2 && gen_below(g, 2)) {
    Type row = gen_without_first(t);
    return T("stack(%s, %s)", gen_expr(g, s, &row, depth - 1), gen_expr(g, s, &row, depth - 1));
  }
  Type a = *t, b = *t;
  a.dim[axis] = T("%d", first);
  b.dim[axis] = T("%d", all - first);
  return T("concat(%s, %s, axis=%d)", gen_expr(g, s, &a, depth - 1), gen_expr(g, s, &b, depth - 1),
           axis);
}

/* x[i] for i of integers: in range or anywhere. */
const char *gen_gather(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank) return NULL;
  Type source = *t, index = {.dtype = "i32", .rank = 1, .dim = {t->dim[0]}};
  const char *at = gen_name(g, "i");
  source.dim[0] = "5";
  const char *x = gen_expr(g, s, &source, depth - 1);
  if (gen_may(g, FEATURE_integer) && gen_below(g, 2))
    return T("(%s)[%s]", x, gen_expr(g, s, &index, depth - 2));
  return T("(%s)[[for %s in 0..%s : i32(%s)*%d %% 5]]", x, at, t->dim[0], at, 1 + gen_below(g, 4));
}

const char *gen_take_along(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank || !gen_may(g, FEATURE_integer)) return NULL;
  int axis = gen_below(g, t->rank);
  Type source = *t, index = gen_of("i32", t);
  source.dim[axis] = "5";
  return T("take_along(%s, %s, axis=%d)", gen_expr(g, s, &source, depth - 1),
           gen_expr(g, s, &index, depth - 2), axis);
}

/* repeat, tile */
const char *gen_spread(Gen *g, Scope *s, const Type *t, int depth)
{
  int axis = t->rank ? gen_below(g, t->rank) : 0;
  if (!has_fixed(t, axis)) return NULL;
  int all = atoi(t->dim[axis]), by = all % 2 ? all : 2;
  if (!all) return NULL;
  Type small = *t;
  small.dim[axis] = T("%d", all / by);
  const char *x = gen_expr(g, s, &small, depth - 1);
  if (axis == t->rank - 1 && gen_below(g, 2)) return T("tile(%s, %d)", x, by);
  return T("repeat(%s, %d, axis=%d)", x, by, axis);
}

const char *gen_reshape(Gen *g, Scope *s, const Type *t, int depth)
{
  Type other = *t;
  if (t->rank == 2) { /* the dims the other way round */
    other.dim[0] = t->dim[1];
    other.dim[1] = t->dim[0];
    return T("reshape(%s, %s, %s)", gen_expr(g, s, &other, depth - 1), t->dim[0], t->dim[1]);
  }
  if (!has_fixed(t, 0) || t->rank != 1) return NULL;
  int all = atoi(t->dim[0]), by = all % 2 ? all : 2;
  if (!all) return NULL;
  other = (Type){.dtype = t->dtype, .rank = 2, .dim = {T("%d", by), T("%d", all / by)}};
  return T("reshape(%s, %s)", gen_expr(g, s, &other, depth - 1), t->dim[0]);
}

const char *gen_chunk(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!has_fixed(t, 0)) return NULL;
  Type wide = *t;
  int n = 2 + gen_below(g, 2);
  wide.dim[0] = T("%d", n * atoi(t->dim[0]));
  return T("(chunk(%s, %d)).%d", gen_expr(g, s, &wide, depth - 1), n, gen_below(g, n));
}

const char *gen_pad(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!has_fixed(t, 0) || t->rank > 2 || gen_is_bool(t)) return NULL;
  int all = atoi(t->dim[0]), before = gen_below(g, 2), after = gen_below(g, 3);
  if (all < before + after) return NULL;
  Type small = *t;
  small.dim[0] = T("%d", all - before - after);
  const char *width =
      t->rank == 1 ? T("(%d, %d)", before, after) : T("((%d, %d), (0, 0))", before, after);
  return T("pad(%s, %s)", gen_expr(g, s, &small, depth - 1), width);
}

/* A vector out of a square's diagonal, or a square out of a vector. */
const char *gen_diag(Gen *g, Scope *s, const Type *t, int depth)
{
  if (gen_is_bool(t)) return NULL;
  bool square = t->rank == 2 && !strcmp(t->dim[0], t->dim[1]);
  if (t->rank != 1 && !square) return NULL;
  Type other = square ? gen_without_first(t) : gen_with_dim(t, 0, t->dim[0]);
  return T("diag(%s)", gen_expr(g, s, &other, depth - 1));
}

const char *gen_triangle(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank < 2 || gen_is_bool(t)) return NULL;
  return T("%s(%s, %d)", gen_below(g, 2) ? "tril" : "triu", gen_expr(g, s, t, depth - 1),
           gen_below(g, 3) - 1);
}
