/* Functions of random programs and what is done to them: calls, grad, jvp, vjp, vmap, hessian. */
#include "tests/random/gen.h"

/* Writes a function. `params` are those wanted first; one or two of the writer's choice follow. */
static Function gen_function(Gen *g, const Scope *from, int params, const Type *param,
                             const Type *result)
{
  Function f = {.name = gen_name(g, "f"), .params = params, .result = *result};
  Scope s = {.level = from->level + 1, .lets = T("%s", "")};
  const char *sizes = "", *list = "";
  for (int i = 0; i < params; i++) f.param[i] = param[i];
  while (f.params < MOST_PARAMS && gen_below(g, 2))
    f.param[f.params++] = gen_draw_type_near(g, from);
  for (int i = 0; i < result->rank; i++) { /* every size of the result must be a parameter's */
    bool known = !gen_is_named(result->dim[i]);
    for (int k = 0; k < f.params; k++)
      for (int j = 0; j < f.param[k].rank; j++) known |= !strcmp(f.param[k].dim[j], result->dim[i]);
    if (!known && f.params < MOST_PARAMS) f.param[f.params++] = *result;
    if (!known && !gen_same(&f.param[f.params - 1], result)) f.param[f.params - 1] = *result;
  }
  for (int i = 0; i < f.params; i++) {
    const char *as = f.param_name[i] = gen_name(g, "p");
    gen_add_var(&s, as, &f.param[i]);
    list = T("%s%s%s: %s", list, i ? ", " : "", as, gen_type_text(g, &f.param[i]));
    for (int k = 0; k < f.param[i].rank; k++) {
      const char *dim = f.param[i].dim[k];
      if (gen_is_named(dim) && !strstr(sizes, dim))
        sizes = T("%s%s%s", sizes, *sizes ? ", " : "", dim);
    }
  }
  const char *text = gen_body(g, &s, result, 3);
  g->functions = T("%sfn %s%s%s%s(%s) -> %s {\n%s}\n", g->functions, f.name, *sizes ? "[" : "",
                   sizes, *sizes ? "]" : "", list, gen_type_text(g, result), text);
  return f;
}

/* Arguments from the first-th on. */
static const char *gen_arguments(Gen *g, Scope *s, const Function *f, int depth)
{
  const char *text = "";
  for (int i = 0; i < f->params; i++)
    text = T("%s%s%s", text, i ? ", " : "", gen_expr(g, s, &f->param[i], depth - 2));
  return text;
}

static bool gen_is_deep(const Scope *s) { return s->level >= 3; }

const char *gen_call(Gen *g, Scope *s, const Type *t, int depth)
{
  if (gen_is_deep(s)) return NULL;
  Function f = gen_function(g, s, 0, NULL, t);
  if (!f.params) return NULL;
  bool again = gen_may(g, FEATURE_remat) && !gen_below(g, 4);
  return T(again ? "remat(%s)(%s)" : "%s(%s)", f.name, gen_arguments(g, s, &f, depth));
}

/* The gradient of a scalar function has its argument's type. */
const char *gen_grad(Gen *g, Scope *s, const Type *t, int depth)
{
  if (gen_is_deep(s)) return NULL;
  Type one = gen_scalar(g);
  Function f = gen_function(g, s, 1, t, &one);
  return T("grad(%s)(%s)", f.name, gen_arguments(g, s, &f, depth));
}

const char *gen_value_grad(Gen *g, Scope *s, const Type *t, int depth)
{
  if (gen_is_deep(s) || t->rank) return NULL;
  Type one = gen_scalar(g), first = gen_draw_type_near(g, s);
  Function f = gen_function(g, s, 1, &first, &one);
  const char *pair = T("value_grad(%s)(%s)", f.name, gen_arguments(g, s, &f, depth));
  const char *total = first.rank ? T("0.1*sum((%s).1)", pair) : T("0.1*(%s).1", pair);
  return gen_below(g, 2) ? T("(%s).0", pair) : T("(%s)", total);
}

const char *gen_jvp(Gen *g, Scope *s, const Type *t, int depth)
{
  if (gen_is_deep(s)) return NULL;
  Type first = gen_draw_type_near(g, s);
  Function f = gen_function(g, s, 1, &first, t);
  return T("(jvp(%s, wrt=%s)(%s, %s)).%d", f.name, f.param_name[0], gen_arguments(g, s, &f, depth),
           gen_expr(g, s, &first, depth - 2), gen_below(g, 3) ? 1 : 0);
}

const char *gen_vjp(Gen *g, Scope *s, const Type *t, int depth)
{
  if (gen_is_deep(s)) return NULL;
  Type result = gen_draw_type_near(g, s);
  Function f = gen_function(g, s, 1, t, &result);
  return T("(vjp(%s, wrt=%s)(%s, %s)).1", f.name, f.param_name[0], gen_arguments(g, s, &f, depth),
           gen_expr(g, s, &result, depth - 2));
}

/* All parameters, or the first alone, gain the leading dim. */
const char *gen_vmap(Gen *g, Scope *s, const Type *t, int depth)
{
  if (gen_is_deep(s) || !t->rank) return NULL;
  Type row = gen_without_first(t), first = gen_below(g, 2) ? row : gen_scalar(g);
  bool derives = !row.rank == !first.rank && gen_may(g, FEATURE_grad) && gen_same(&row, &first) &&
                 gen_below(g, 2);
  Type one = gen_scalar(g);
  Function f = gen_function(g, s, 1, &first, derives ? &one : &row);
  const char *mapped = derives ? T("grad(%s)", f.name) : f.name, *text = "";
  bool alone = gen_below(g, 2) && f.params > 1;
  for (int i = 0; i < f.params; i++) {
    Type wide = i && alone ? f.param[i] : gen_with_dim(&f.param[i], 0, t->dim[0]);
    if (wide.rank > MOST_RANK) return NULL;
    text = T("%s%s%s", text, i ? ", " : "", gen_expr(g, s, &wide, depth - 2));
  }
  if (alone) return T("vmap(%s, over=%s)(%s)", mapped, f.param_name[0], text);
  return T("vmap(%s)(%s)", mapped, text);
}

const char *gen_hessian(Gen *g, Scope *s, const Type *t, int depth)
{
  if (gen_is_deep(s) || t->rank != 2 || strcmp(t->dim[0], t->dim[1])) return NULL;
  Type row = gen_without_first(t), one = gen_scalar(g);
  Function f = gen_function(g, s, 1, &row, &one);
  return T("hessian(%s)(%s)", f.name, gen_arguments(g, s, &f, depth));
}
