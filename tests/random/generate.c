/* Random programs: choosing among kinds of expressions, and the entry. */
#include "tests/random/gen.h"

/* ---- choosing ---------------------------------------------------------------------------- */

/* What an expression of floats may be; NULL: no expression but a statement or a modifier. */
static GenKind *const kinds[FEATURE_COUNT] = {
#define K(name) [FEATURE_##name] = gen_##name
    K(unary),
    K(binary),
    K(where),
    K(broadcast),
    K(reduce),
    K(matmul),
    K(transpose),
    K(flip),
    K(scan),
    K(sort),
    K(slice),
    K(concat),
    K(vmap),
    K(grad),
    K(value_grad),
    K(jvp),
    K(vjp),
    K(call),
    K(branch),
    K(block),
    K(gather),
    K(hessian),
    K(einsum),
    K(conv),
    K(window),
    K(pad),
    K(roll),
    K(spread),
    K(take_along),
    K(chunk),
    K(outer),
    K(diag),
    K(triangle),
    K(top_k),
    K(softmax),
    K(centre),
    K(reshape),
    K(stop),
    K(convert),
    K(linearize),
    K(jacobian),
    K(hvp),
    K(lambda),
    K(rule),
    K(generic),
    K(member),
    K(comprehension),
#undef K
    [FEATURE_index] = gen_index_fixed,
};

static const char *real_expr(Gen *g, Scope *s, const Type *t, int depth)
{
  if (depth <= 0 || !gen_below(g, 6)) return gen_leaf(g, s, t);
  for (int tries = 0; tries < 6; tries++) {
    Feature feature =
        gen_below(g, 3) ? (Feature)gen_below(g, FEATURE_COUNT) : (Feature)gen_below(g, 5);
    if (!gen_may(g, feature) || !kinds[feature]) continue;
    const char *text = kinds[feature](g, s, t, depth);
    if (text) return T("(%s)", text);
  }
  return gen_leaf(g, s, t);
}

/* The float type at hand is that of the expression: scalars beside it are of the same. */
const char *gen_expr(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->of && !gen_is_float(t))
    return gen_is_bool(t) ? gen_bool(g, s, t, depth) : gen_integer(g, s, t, depth);
  const char *real = g->real;
  if (!t->of) g->real = t->dtype;
  if (t->of && t->of->is_linear) g->real = t->of->type[0].dtype;
  const char *text = t->of ? gen_record(g, s, t, depth) : real_expr(g, s, t, depth);
  g->real = real;
  return text;
}

/* ---- the entry --------------------------------------------------------------------------- */

/* Statements that end the life of inout parameters: what goes back. */
static const char *last_values(Gen *g, Scope *s, int inouts, const Var *inout)
{
  const char *text = "";
  for (int i = 0; i < inouts; i++)
    text = T("%s  %s = %s\n", text, inout[i].name, gen_expr(g, s, &inout[i].type, 2));
  return text;
}

/* One result, or a tuple of them: its type, and its value. */
static const char *results(Gen *g, Scope *s, const char **type)
{
  int count = gen_may(g, FEATURE_tuple) && !gen_below(g, 3) ? 2 + gen_below(g, 2) : 1;
  const char *types = "", *values = "";
  for (int i = 0; i < count; i++) {
    Type t = gen_below(g, 3) ? gen_draw_type_near(g, s) : gen_draw_any(g, s);
    types = T("%s%s%s", types, i ? ", " : "", gen_type_text(g, &t));
    values = T("%s%s%s", values, i ? ", " : "", gen_expr(g, s, &t, 2 + g->size));
  }
  *type = count > 1 ? T("(%s)", types) : types;
  return count > 1 ? T("(%s)", values) : values;
}

static const char *entry(Gen *g)
{
  enum { MOST = 3 };
  Scope s = {.level = 0}, all = {.level = 0};
  for (int i = 0; i < g->records; i++) { /* every size may be a parameter's */
    Type t = {.dtype = "", .of = &g->record[i]};
    gen_add_var(g, &all, "", &t);
  }
  const char *list = "", *sizes = "", *type;
  int params = 1 + gen_below(g, MOST), inouts = 0;
  Var inout[MOST];
  for (int i = 0; i < params; i++) {
    Type t = gen_below(g, 2) ? gen_draw_type(g) : gen_draw_any(g, &all);
    const char *as = gen_name(g, "x");
    bool back = gen_may(g, FEATURE_inout) && !gen_below(g, 5);
    gen_add_var(g, &s, as, &t);
    if (back) inout[inouts++] = (Var){as, t};
    list = T("%s%s%s%s: %s", list, i ? ", " : "", back ? "inout " : "", as, gen_type_text(g, &t));
    sizes = gen_sizes_of(g, sizes, &t);
  }
  const char *statements = gen_statements(g, &s, 1 + g->size);
  const char *back = last_values(g, &s, inouts, inout), *value = results(g, &s, &type);
  return T("entry fn e%d%s(%s) -> %s {\n%s%s  %s\n}\n\n", g->number, *sizes ? T("[%s]", sizes) : "",
           list, type, statements, back, value);
}

const char *mdl_random_program(MdlArena *arena, uint64_t seed, int number, int size,
                               uint64_t without)
{
  Gen gen = {.arena = arena, .random = {seed}, .number = number, .size = size, .without = without};
  Gen *g = &gen;
  static const char *const reals[] = {"f32", "f32", "f32", "f32", "f32",
                                      "f64", "f64", "f16", "bf16"};
  g->functions = "";
  g->real = reals[gen_below(g, gen_may(g, FEATURE_half) ? 9 : 7)];
  gen_declare_records(g);
  const char *text = entry(g);
  return T("%s%s", g->functions, text);
}
