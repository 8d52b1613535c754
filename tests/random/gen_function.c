/* Functions of random programs and what is done to them: calls, derivatives, vmap. */
#include "tests/random/gen.h"

/* Every size of the result must be one of a parameter's. */
static void cover_sizes(Gen *g, Function *f)
{
  const char *known = "", *wanted = gen_sizes_of(g, "", &f->result);
  for (int i = 0; i < f->params; i++) known = gen_sizes_of(g, known, &f->param[i]);
  if (strlen(gen_sizes_of(g, known, &f->result)) == strlen(known) || !*wanted) return;
  if (f->params == MOST_PARAMS) f->params--;
  f->param[f->params++] = f->result;
}

/* Writes a function. `params` are those wanted first; one or two of the writer's choice follow. */
Function gen_function(Gen *g, const Scope *from, int params, const Type *param, const Type *result)
{
  Function f = {.name = gen_name(g, "f"), .params = params, .result = *result};
  Scope s = {.level = from->level + 1};
  const char *sizes = "", *list = "";
  for (int i = 0; i < params; i++) f.param[i] = param[i];
  while (f.params < MOST_PARAMS && gen_below(g, 2))
    f.param[f.params++] = gen_below(g, 2) ? gen_draw_any(g, from) : gen_draw_type_near(g, from);
  cover_sizes(g, &f);
  for (int i = 0; i < f.params; i++) {
    const char *as = f.param_name[i] = gen_name(g, "p");
    gen_add_var(g, &s, as, &f.param[i]);
    list = T("%s%s%s: %s", list, i ? ", " : "", as, gen_type_text(g, &f.param[i]));
    sizes = gen_sizes_of(g, sizes, &f.param[i]);
  }
  const char *text = gen_body(g, &s, result, 3);
  g->functions = T("%sfn %s%s(%s) -> %s {\n%s}\n", g->functions, f.name,
                   *sizes ? T("[%s]", sizes) : "", list, gen_type_text(g, result), text);
  return f;
}

/* Its arguments. */
const char *gen_arguments(Gen *g, Scope *s, const Function *f, int depth)
{
  const char *text = "";
  for (int i = 0; i < f->params; i++)
    text = T("%s%s%s", text, i ? ", " : "", gen_expr(g, s, &f->param[i], depth - 2));
  return text;
}

static bool is_deep(const Scope *s) { return s->level >= 3; }

const char *gen_call(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s)) return NULL;
  Function f = gen_function(g, s, 0, NULL, t);
  if (!f.params) return NULL;
  bool again = gen_may(g, FEATURE_remat) && gen_is_float(t) && !gen_below(g, 4);
  return T(again ? "remat(%s)(%s)" : "%s(%s)", f.name, gen_arguments(g, s, &f, depth));
}

/* ---- derivatives ------------------------------------------------------------------------- */

/* A function as seen from a forward mode: no rule below may be vjp alone. */
static Function forward_function(Gen *g, const Scope *s, const Type *first, const Type *result)
{
  g->forward++;
  Function f = gen_function(g, s, 1, first, result);
  g->forward--;
  return f;
}

/* The gradient of a scalar function has its argument's type. */
const char *gen_grad(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s)) return NULL;
  Type one = gen_scalar(g);
  Function f = gen_function(g, s, 1, t, &one);
  return T("grad(%s)(%s)", f.name, gen_arguments(g, s, &f, depth));
}

const char *gen_value_grad(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s) || t->rank) return NULL;
  Type one = gen_scalar(g), first = gen_draw_type_near(g, s);
  Function f = gen_function(g, s, 1, &first, &one);
  const char *pair = T("value_grad(%s)(%s)", f.name, gen_arguments(g, s, &f, depth));
  const char *total = first.rank ? T("0.1*sum((%s).1)", pair) : T("0.1*(%s).1", pair);
  return gen_below(g, 2) ? T("(%s).0", pair) : T("(%s)", total);
}

const char *gen_jvp(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s)) return NULL;
  Type first = gen_draw_type_near(g, s);
  Function f = forward_function(g, s, &first, t);
  return T("(jvp(%s, wrt=%s)(%s, %s)).%d", f.name, f.param_name[0], gen_arguments(g, s, &f, depth),
           gen_expr(g, s, &first, depth - 2), gen_below(g, 3) ? 1 : 0);
}

const char *gen_vjp(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s)) return NULL;
  Type result = gen_draw_type_near(g, s);
  Function f = gen_function(g, s, 1, t, &result);
  return T("(vjp(%s, wrt=%s)(%s, %s)).1", f.name, f.param_name[0], gen_arguments(g, s, &f, depth),
           gen_expr(g, s, &result, depth - 2));
}

const char *gen_hessian(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s) || t->rank != 2 || strcmp(t->dim[0], t->dim[1])) return NULL;
  Type row = gen_without_first(t), one = gen_scalar(g);
  Function f = forward_function(g, s, &row, &one);
  return T("hessian(%s)(%s)", f.name, gen_arguments(g, s, &f, depth));
}

/* Output dims, then input dims. */
const char *gen_jacobian(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s) || !t->rank) return NULL;
  Type in = *t, out = *t;
  out.rank = gen_below(g, t->rank + 1);
  in.rank = t->rank - out.rank;
  for (int i = 0; i < in.rank; i++) in.dim[i] = t->dim[out.rank + i];
  Function f = forward_function(g, s, &in, &out);
  return T("jac%s(%s)(%s)", gen_below(g, 2) ? "fwd" : "rev", f.name,
           gen_arguments(g, s, &f, depth));
}

const char *gen_hvp(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s)) return NULL;
  Type one = gen_scalar(g);
  Function f = forward_function(g, s, t, &one);
  return T("hvp(%s)(%s, %s)", f.name, gen_arguments(g, s, &f, depth), gen_expr(g, s, t, depth - 2));
}

/* The linear function is used twice. */
const char *gen_linearize(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s)) return NULL;
  Type first = gen_draw_type_near(g, s);
  Function f = forward_function(g, s, &first, t);
  const char *y = gen_name(g, "b"), *d = gen_name(g, "b");
  return T("{\n    let (%s, %s) = linearize(%s)(%s)\n    %s + %s(%s) - 0.5*%s(%s)\n  }", y, d,
           f.name, gen_arguments(g, s, &f, depth), y, d, gen_expr(g, s, &first, depth - 2), d,
           gen_expr(g, s, &first, depth - 2));
}

/* ---- vmap -------------------------------------------------------------------------------- */

/* All parameters, or the first alone, gain the leading dim. */
const char *gen_vmap(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s) || !t->rank) return NULL;
  Type row = gen_without_first(t), first = gen_below(g, 2) ? gen_of(g->real, &row) : gen_scalar(g);
  bool derives = gen_may(g, FEATURE_grad) && gen_same(&row, &first) && gen_below(g, 2);
  Type one = gen_scalar(g);
  Function f = gen_function(g, s, 1, &first, derives ? &one : &row);
  const char *mapped = derives ? T("grad(%s)", f.name) : f.name, *text = "";
  bool alone = gen_below(g, 2) && f.params > 1;
  for (int i = 0; i < f.params; i++) {
    if (!(i && alone) && (f.param[i].rank == MOST_RANK || f.param[i].of)) return NULL;
    Type wide = i && alone ? f.param[i] : gen_with_dim(&f.param[i], 0, t->dim[0]);
    text = T("%s%s%s", text, i ? ", " : "", gen_expr(g, s, &wide, depth - 2));
  }
  if (alone) return T("vmap(%s, over=%s)(%s)", mapped, f.param_name[0], text);
  return T("vmap(%s)(%s)", mapped, text);
}

/* ---- functions without a name of their own, with rules, over any float type -------------- */

/* A lambda captures whatever is visible. */
const char *gen_lambda(Gen *g, Scope *s, const Type *t, int depth)
{
  const char *f = gen_name(g, "b"), *p = gen_name(g, "p");
  Type one = gen_scalar(g);
  bool derives = gen_may(g, FEATURE_grad) && gen_below(g, 2);
  Type in = derives ? *t : gen_draw_type_near(g, s), out = derives ? one : *t;
  Scope inner = *s;
  gen_add_var(g, &inner, p, &in);
  const char *body = gen_expr(g, &inner, &out, depth - 1);
  return T("{\n    let %s = fn(%s: %s) = %s\n    %s(%s)\n  }", f, p, gen_type_text(g, &in), body,
           derives ? T("grad(%s)", f) : f, gen_expr(g, s, &in, depth - 2));
}

/* A function with a custom rule, right or not: it counts. */
const char *gen_rule(Gen *g, Scope *s, const Type *t, int depth)
{
  const char *f = gen_name(g, "r"), *type = t->dtype;
  if (*type == 'T') return NULL;
  bool reverse = !g->forward && gen_below(g, 2);
  g->functions =
      T("%sfn %s(x: %s, y: %s) -> %s = sin(x)*y + 0.5*x\n", g->functions, f, type, type, type);
  g->functions =
      reverse ? T("%svjp %s(x, y; d) = (d*cos(x)*y + 0.5*d, d*sin(x))\n", g->functions, f)
              : T("%sjvp %s(x, y; dx, dy) = cos(x)*y*dx + 0.5*dx + sin(x)*dy\n", g->functions, f);
  return T("%s(%s, %s)", f, gen_expr(g, s, t, depth - 1), gen_expr(g, s, t, depth - 1));
}

/* One function, two element types and two sizes. No size is 0: the body may have windows, which must
 * fit into every instance. */
const char *gen_generic(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s) || t->rank != 1 || *t->dtype == 'T' || !strcmp(t->dim[0], "0")) return NULL;
  const char *f = gen_name(g, "f"), *p = gen_name(g, "p"), *q = gen_name(g, "p"), *real = g->real;
  const char *other = strcmp(t->dtype, "f64") ? "f64" : "f32";
  Scope inner = {.level = 9};
  Type vector = {.dtype = "T", .rank = 1, .dim = {"K"}}, one = {.dtype = "T"};
  gen_add_var(g, &inner, p, &vector);
  gen_add_var(g, &inner, q, &one);
  g->real = "T";
  const char *body = gen_body(g, &inner, &vector, 3);
  g->functions =
      T("%sfn %s[T: float, K](%s: T[K], %s: T) -> T[K] {\n%s}\n", g->functions, f, p, q, body);
  g->real = other;
  Type small = {.dtype = other, .rank = 1, .dim = {"3"}}, number = {.dtype = other};
  const char *there = T("sum(%s(%s, %s))", f, gen_expr(g, s, &small, depth - 2),
                        gen_expr(g, s, &number, depth - 2));
  g->real = real;
  return T("%s(%s, 0.1*%s(%s))", f, gen_expr(g, s, t, depth - 1), t->dtype, there);
}
