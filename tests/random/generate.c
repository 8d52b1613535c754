/* Random programs: choosing among kinds of expressions, statements, and the entry. */
#include "tests/random/gen.h"

/* ---- choosing ---------------------------------------------------------------------------- */

static const char *choose(Gen *g, Scope *s, const Type *t, int depth, Feature feature)
{
  switch (feature) {
  case FEATURE_unary:
    return gen_unary(g, s, t, depth);
  case FEATURE_binary:
    return gen_binary(g, s, t, depth);
  case FEATURE_where:
    return gen_where(g, s, t, depth);
  case FEATURE_broadcast:
    return gen_broadcast(g, s, t, depth);
  case FEATURE_reduce:
    return gen_reduce(g, s, t, depth);
  case FEATURE_matmul:
    return gen_matmul(g, s, t, depth);
  case FEATURE_transpose:
    return gen_transpose(g, s, t, depth);
  case FEATURE_flip:
    return gen_along(g, s, t, depth, "flip");
  case FEATURE_scan:
    return gen_along(g, s, t, depth, gen_below(g, 2) ? "0.3*cumsum" : "cummax");
  case FEATURE_sort:
    return gen_along(g, s, t, depth, "sort");
  case FEATURE_index:
    return gen_index_fixed(g, s, t, depth);
  case FEATURE_slice:
    return gen_slice(g, s, t, depth);
  case FEATURE_concat:
    return gen_concat(g, s, t, depth);
  case FEATURE_comprehension:
    return gen_comprehension(g, s, t, depth);
  case FEATURE_vmap:
    return gen_vmap(g, s, t, depth);
  case FEATURE_grad:
    return gen_grad(g, s, t, depth);
  case FEATURE_value_grad:
    return gen_value_grad(g, s, t, depth);
  case FEATURE_jvp:
    return gen_jvp(g, s, t, depth);
  case FEATURE_vjp:
    return gen_vjp(g, s, t, depth);
  case FEATURE_call:
    return gen_call(g, s, t, depth);
  case FEATURE_branch:
    return gen_branch(g, s, t, depth);
  case FEATURE_block:
    return gen_block(g, s, t, depth);
  case FEATURE_gather:
    return gen_gather(g, s, t, depth);
  case FEATURE_hessian:
    return gen_hessian(g, s, t, depth);
  case FEATURE_loop:
  case FEATURE_while:
  case FEATURE_update:
  case FEATURE_remat:
  case FEATURE_runtime_size:
  case FEATURE_COUNT:
    return NULL; /* statements and modifiers */
  }
  return NULL;
}

const char *gen_expr(Gen *g, Scope *s, const Type *t, int depth)
{
  if (depth <= 0 || !gen_below(g, 6)) return gen_leaf(g, s, t);
  for (int tries = 0; tries < 6; tries++) {
    Feature feature =
        gen_below(g, 3) ? (Feature)gen_below(g, FEATURE_COUNT) : (Feature)gen_below(g, 5);
    if (!gen_may(g, feature)) continue;
    const char *text = choose(g, s, t, depth, feature);
    if (text) return T("(%s)", text);
  }
  return gen_leaf(g, s, t);
}

/* ---- statements -------------------------------------------------------------------------- */

static const char *loop(Gen *g, Scope *s, int depth)
{
  Type t = gen_draw_type_near(g, s);
  const char *carried = gen_name(g, "v"), *at = gen_name(g, "i");
  const char *first = gen_expr(g, s, &t, depth - 1);
  Scope inner = *s;
  Type one = gen_scalar(g);
  gen_add_var(&inner, carried, &t);
  gen_add_var(&inner, T("(0.1*%s(%s))", g->real, at), &one);
  const char *next = gen_expr(g, &inner, &t, depth - 1);
  bool updates = gen_may(g, FEATURE_update) && t.rank && !gen_is_named(t.dim[0]) && gen_below(g, 2);
  Type row = updates ? gen_without_first(&t) : t;
  const char *text =
      T("  var %s = %s\n  for %s in 0..%d {\n", carried, first, at, 1 + gen_below(g, 4));
  if (updates)
    text = T("%s    %s[%s %% %s] %s 0.5*tanh(%s)\n", text, carried, at, t.dim[0],
             gen_below(g, 2) ? "=" : "+=", gen_expr(g, &inner, &row, depth - 2));
  else
    text = T("%s    %s = tanh(%s)\n", text, carried, next);
  gen_add_var(s, carried, &t);
  return T("%s  }\n", text);
}

/* Ends after few rounds, from constants alone: the count must not hang on rounding. */
static const char *while_loop(Gen *g, Scope *s, int depth)
{
  Type t = gen_scalar(g);
  const char *carried = gen_name(g, "v"), *count = gen_name(g, "c");
  const char *first = gen_expr(g, s, &t, depth - 2);
  Scope inner = *s;
  gen_add_var(&inner, carried, &t);
  const char *next = gen_expr(g, &inner, &t, depth - 2);
  gen_add_var(s, carried, &t);
  return T("  var %s = %s\n  var %s: i32 = 0\n  while %s < %d limit 9 {\n    %s = sin(%s)\n"
           "    %s += 1\n  }\n",
           carried, first, count, count, 1 + gen_below(g, 6), carried, next, count);
}

static const char *statement(Gen *g, Scope *s, int depth)
{
  if (gen_may(g, FEATURE_loop) && !gen_below(g, 4)) return loop(g, s, depth);
  if (gen_may(g, FEATURE_while) && !gen_below(g, 8)) return while_loop(g, s, depth);
  Type t = gen_draw_type_near(g, s);
  const char *as = gen_name(g, "t"), *value = gen_expr(g, s, &t, depth);
  gen_add_var(s, as, &t);
  return T("  let %s: %s = %s\n", as, gen_type_text(g, &t), value);
}

const char *gen_body(Gen *g, Scope *s, const Type *result, int depth)
{
  const char *text = "";
  for (int i = gen_below(g, 1 + g->size); i > 0; i--)
    text = T("%s%s", text, statement(g, s, depth - 1));
  return T("%s  %s\n", text, gen_expr(g, s, result, depth));
}

/* ---- the entry --------------------------------------------------------------------------- */

const char *mdl_random_program(MdlArena *arena, uint64_t seed, int number, int size,
                               uint32_t without)
{
  Gen gen = {.arena = arena, .random = {seed}, .number = number, .size = size, .without = without};
  Gen *g = &gen;
  g->functions = "";
  g->real = gen_below(g, 5) ? "f32" : "f64";
  Scope s = {.level = 0};
  const char *list = "", *sizes = "";
  int params = 1 + gen_below(g, 3);
  for (int i = 0; i < params; i++) {
    Type t = gen_draw_type(g);
    const char *as = gen_name(g, "x");
    gen_add_var(&s, as, &t);
    list = T("%s%s%s: %s", list, i ? ", " : "", as, gen_type_text(g, &t));
    for (int k = 0; k < t.rank; k++)
      if (gen_is_named(t.dim[k]) && !strstr(sizes, t.dim[k]))
        sizes = T("%s%s%s", sizes, *sizes ? ", " : "", t.dim[k]);
  }
  Type result = gen_draw_type_near(g, &s);
  const char *text = gen_body(g, &s, &result, 2 + size);
  return T("%sentry fn e%d%s%s%s(%s) -> %s {\n%s}\n\n", g->functions, number, *sizes ? "[" : "",
           sizes, *sizes ? "]" : "", list, gen_type_text(g, &result), text);
}
