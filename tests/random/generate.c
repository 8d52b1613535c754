#include "tests/random/generate.h"

#include <stdio.h>
#include <string.h>

/* ---- types and scopes -------------------------------------------------------------------- */

enum { MOST_RANK = 3, MOST_VARS = 24, MOST_PARAMS = 3 };

typedef struct Type {
  const char *dtype; /* "f32" "f64" "i32" "bool" */
  int rank;
  const char *dim[MOST_RANK]; /* "N" "M" or a number */
} Type;

typedef struct Var {
  const char *name;
  Type type;
} Var;

/* A function being written: its parameters and lets. */
typedef struct Scope {
  int vars, level; /* level: how many functions away from the entry */
  Var var[MOST_VARS];
  char *lets; /* statements so far */
} Scope;

typedef struct Gen {
  MdlArena *arena;
  MdlRandom random;
  int number, names, size;
  const char *functions; /* finished ones */
  const char *real;      /* the float type of this program */
  uint32_t without;
} Gen;

/* clang-format off */
#define FEATURES(F)                                                                                \
  F(unary) F(binary) F(where) F(broadcast) F(reduce) F(matmul) F(transpose) F(flip) F(scan)        \
  F(sort) F(index) F(slice) F(concat) F(comprehension) F(vmap) F(grad) F(value_grad) F(jvp) F(vjp) \
  F(call) F(branch) F(block) F(loop) F(while) F(update) F(gather) F(hessian) F(remat) F(runtime_size)
/* clang-format on */
typedef enum Feature {
#define F(name) FEATURE_##name,
  FEATURES(F)
#undef F
      FEATURE_COUNT
} Feature;

const char *mdl_random_feature(int bit)
{
  static const char *const names[] = {
#define F(name) #name,
      FEATURES(F)
#undef F
  };
  return bit < FEATURE_COUNT ? names[bit] : NULL;
}

static bool may(const Gen *g, Feature feature) { return !(g->without >> feature & 1); }
static int below(Gen *g, int n) { return mdl_random_below(&g->random, n); }

#define T(...) mdl_text(g->arena, __VA_ARGS__)

static const char *name(Gen *g, const char *base)
{
  return T("%s%d_%d", base, g->number, g->names++);
}

static const char *type_text(Gen *g, const Type *t)
{
  const char *text = t->dtype;
  for (int i = 0; i < t->rank; i++) text = T("%s%s%s", text, i ? ", " : "[", t->dim[i]);
  return t->rank ? T("%s]", text) : text;
}

static bool same(const Type *a, const Type *b)
{
  if (strcmp(a->dtype, b->dtype) || a->rank != b->rank) return false;
  for (int i = 0; i < a->rank; i++)
    if (strcmp(a->dim[i], b->dim[i])) return false;
  return true;
}

static bool is_named(const char *dim) { return *dim >= 'A' && *dim <= 'Z'; }

static void add_var(Scope *s, const char *text, const Type *type)
{
  if (s->vars < MOST_VARS) s->var[s->vars++] = (Var){text, *type};
}

/* A size's name is known only where a parameter has it. */
static bool knows(const Scope *s, const char *dim)
{
  if (!is_named(dim)) return true;
  for (int i = 0; i < s->vars; i++)
    for (int k = 0; k < s->var[i].type.rank; k++)
      if (!strcmp(s->var[i].type.dim[k], dim)) return true;
  return false;
}

static const char *draw_dim(Gen *g)
{
  static const char *const dims[] = {"N", "M", "N", "3", "4", "3", "4", "5", "1", "17"};
  const char *dim = dims[below(g, 10)];
  return is_named(dim) && !may(g, FEATURE_runtime_size) ? "7" : dim;
}

static const char *known_dim(Gen *g, const Scope *s)
{
  const char *dim = draw_dim(g);
  return knows(s, dim) ? dim : "3";
}

static Type draw_type(Gen *g)
{
  Type t = {.dtype = g->real};
  static const int ranks[] = {0, 0, 1, 1, 1, 2, 2};
  t.rank = ranks[below(g, 7)];
  for (int i = 0; i < t.rank; i++) t.dim[i] = draw_dim(g);
  return t;
}

/* Often that of a variable at hand; its sizes are known. */
static Type draw_type_near(Gen *g, const Scope *s)
{
  if (s->vars && below(g, 2)) return s->var[below(g, s->vars)].type;
  Type t = draw_type(g);
  for (int i = 0; i < t.rank; i++)
    if (!knows(s, t.dim[i])) t.dim[i] = "3";
  return t;
}

static Type scalar(Gen *g) { return (Type){.dtype = g->real}; }

/* With a dim put in at `axis`; without the first dim. */
static Type with_dim(const Type *t, int axis, const char *dim)
{
  Type wide = *t;
  wide.rank++;
  for (int i = wide.rank - 1; i > axis; i--) wide.dim[i] = wide.dim[i - 1];
  wide.dim[axis] = dim;
  return wide;
}

static Type without_first(const Type *t)
{
  Type row = *t;
  row.rank--;
  for (int i = 0; i < row.rank; i++) row.dim[i] = t->dim[i + 1];
  return row;
}

/* ---- expressions ------------------------------------------------------------------------- */

static const char *expr(Gen *g, Scope *s, const Type *t, int depth);

static const char *literal(Gen *g)
{
  static const char *const some[] = {"0.5", "1.25", "0.1", "2.0", "0.75", "1.5"};
  return some[below(g, 6)];
}

/* An element of v for the loop counters of `t`: its axes by counters of the same size, by numbers,
 * or all of it summed. */
static const char *element(Gen *g, const Var *v, const Type *t, const char *const *counter)
{
  const char *index = "";
  if (!v->type.rank) return v->name;
  for (int i = 0; i < v->type.rank; i++) {
    const char *at = NULL;
    for (int k = 0; k < t->rank; k++)
      if (!strcmp(t->dim[k], v->type.dim[i])) at = counter[k];
    if (!at && is_named(v->type.dim[i])) return T("0.1*sum(%s)", v->name);
    index = T("%s%s%s", index, i ? ", " : "", at ? at : "0");
  }
  return T("%s[%s]", v->name, index);
}

/* A variable of the type; else elements made of loop counters and of another variable's. */
static const char *leaf(Gen *g, Scope *s, const Type *t)
{
  int start = s->vars ? below(g, s->vars) : 0;
  for (int i = 0; i < s->vars; i++) {
    const Var *v = &s->var[(start + i) % s->vars];
    if (same(&v->type, t)) return v->name;
  }
  const char *loops = "", *sum = literal(g), *counter[MOST_RANK];
  for (int i = 0; i < t->rank; i++) {
    counter[i] = name(g, "i");
    loops = T("%s%s%s in 0..%s", loops, i ? ", " : "", counter[i], t->dim[i]);
    sum = T("%s + %s*%s(%s)", sum, i ? "0.3" : "0.2", t->dtype, counter[i]);
  }
  if (s->vars) sum = T("%s + %s", sum, element(g, &s->var[start], t, counter));
  return t->rank ? T("[for %s : sin(%s)]", loops, sum) : T("sin(%s)", sum);
}

/* Maps that keep magnitudes and slopes moderate. */
static const char *unary(Gen *g, Scope *s, const Type *t, int depth)
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
  const char *form = forms[below(g, sizeof forms / sizeof *forms)];
  const char *at = strstr(form, "%s");
  return T("%.*s%s%s", (int)(at - form), form, expr(g, s, t, depth - 1), at + 2);
}

static const char *binary(Gen *g, Scope *s, const Type *t, int depth)
{
  const char *a = expr(g, s, t, depth - 1), *b = expr(g, s, t, depth - 1);
  switch (below(g, 7)) {
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
static const char *broadcast(Gen *g, Scope *s, const Type *t, int depth)
{
  Type small = *t;
  if (!t->rank) return NULL;
  if (t->rank > 1 && below(g, 2))
    small = without_first(t);
  else
    small.rank = 0;
  const char *a = expr(g, s, t, depth - 1), *b = expr(g, s, &small, depth - 1);
  return below(g, 2) ? T("(%s + %s)", a, b) : T("(tanh(%s)*%s)", b, a);
}

static const char *reduce(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank == MOST_RANK) return NULL;
  int axis = below(g, t->rank + 1);
  Type wide = with_dim(t, axis, known_dim(g, s));
  const char *a = expr(g, s, &wide, depth - 1);
  bool empty = is_named(wide.dim[axis]); /* perhaps: no infinities then */
  switch (below(g, 5)) {
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

static const char *matmul(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank > 2) return NULL;
  const char *k = known_dim(g, s);
  Type a = {.dtype = t->dtype, .rank = 1, .dim = {k}}, b = a;
  if (t->rank > 0) a = (Type){.dtype = t->dtype, .rank = 2, .dim = {t->dim[0], k}};
  if (t->rank > 1) b = (Type){.dtype = t->dtype, .rank = 2, .dim = {k, t->dim[1]}};
  const char *left = expr(g, s, &a, depth - 1), *right = expr(g, s, &b, depth - 1);
  return t->rank ? T("(0.3*(%s @ %s))", left, right) : T("(0.3*dot(%s, %s))", left, right);
}

static const char *transpose(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank != 2) return NULL;
  Type turned = {.dtype = t->dtype, .rank = 2, .dim = {t->dim[1], t->dim[0]}};
  return T("transpose(%s)", expr(g, s, &turned, depth - 1));
}

static const char *along(Gen *g, Scope *s, const Type *t, int depth, const char *function)
{
  if (!t->rank) return NULL;
  return T("%s(%s, axis=%d)", function, expr(g, s, t, depth - 1), below(g, t->rank));
}

/* Of an axis of fixed size: one of its slices, or a piece, or two pieces joined. */
static const char *index_fixed(Gen *g, Scope *s, const Type *t, int depth)
{
  if (t->rank == MOST_RANK) return NULL;
  Type wide = with_dim(t, 0, "4");
  return T("(%s)[%d]", expr(g, s, &wide, depth - 1), below(g, 4));
}

static const char *slice(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank || strcmp(t->dim[0], "3")) return NULL;
  Type wide = *t;
  static const char *const pieces[] = {"1:4", ":3", "::2", "2:"};
  wide.dim[0] = "5";
  return T("(%s)[%s]", expr(g, s, &wide, depth - 1), pieces[below(g, 4)]);
}

static const char *concat(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank || strcmp(t->dim[0], "4")) return NULL;
  Type a = *t, b = *t;
  a.dim[0] = "3";
  b.dim[0] = "1";
  return T("concat(%s, %s, axis=0)", expr(g, s, &a, depth - 1), expr(g, s, &b, depth - 1));
}

static const char *comprehension(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank) return NULL;
  Type row = without_first(t);
  Scope inner = *s;
  const char *at = name(g, "i");
  for (int i = 0; i < s->vars; i++) { /* rows of what has the same first dim */
    const Var *v = &s->var[i];
    if (!v->type.rank || strcmp(v->type.dim[0], t->dim[0])) continue;
    Type part = without_first(&v->type);
    add_var(&inner, T("%s[%s]", v->name, at), &part);
  }
  Type one = scalar(g);
  add_var(&inner, T("(0.1*%s(%s))", g->real, at), &one);
  return T("[for %s in 0..%s : %s]", at, t->dim[0], expr(g, &inner, &row, depth - 1));
}

static const char *branch(Gen *g, Scope *s, const Type *t, int depth)
{
  Type one = scalar(g);
  const char *a = expr(g, s, &one, depth - 2), *b = expr(g, s, &one, depth - 2);
  return T("(if %s < %s { %s } else { %s })", a, b, expr(g, s, t, depth - 1),
           expr(g, s, t, depth - 1));
}

static const char *where(Gen *g, Scope *s, const Type *t, int depth)
{
  return T("where(%s < %s, %s, %s)", expr(g, s, t, depth - 2), expr(g, s, t, depth - 2),
           expr(g, s, t, depth - 1), expr(g, s, t, depth - 1));
}

static const char *block(Gen *g, Scope *s, const Type *t, int depth)
{
  Scope inner = *s;
  Type bound = below(g, 2) ? *t : scalar(g);
  const char *as = name(g, "b");
  const char *value = expr(g, s, &bound, depth - 1);
  add_var(&inner, as, &bound);
  return T("{\n    let %s = %s\n    %s + 0.0*%s\n  }", as, value, expr(g, &inner, t, depth - 1),
           bound.rank == t->rank ? as : T("sum(%s)", as));
}

/* x[i] for i of integers made from a counter. */
static const char *gather(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->rank || is_named(t->dim[0])) return NULL;
  Type source = *t;
  const char *at = name(g, "i");
  source.dim[0] = "5";
  return T("(%s)[[for %s in 0..%s : i32(%s*%d %% 5)]]", expr(g, s, &source, depth - 1), at,
           t->dim[0], at, 1 + below(g, 4));
}

/* ---- functions --------------------------------------------------------------------------- */

typedef struct Function {
  const char *name, *param_name[MOST_PARAMS];
  int params;
  Type param[MOST_PARAMS], result;
} Function;

static const char *body(Gen *g, Scope *s, const Type *result, int depth);

/* Writes a function. `params` are those wanted first; one or two of the writer's choice follow. */
static Function function(Gen *g, const Scope *from, int params, const Type *param,
                         const Type *result)
{
  Function f = {.name = name(g, "f"), .params = params, .result = *result};
  Scope s = {.level = from->level + 1, .lets = T("%s", "")};
  const char *sizes = "", *list = "";
  for (int i = 0; i < params; i++) f.param[i] = param[i];
  while (f.params < MOST_PARAMS && below(g, 2)) f.param[f.params++] = draw_type_near(g, from);
  for (int i = 0; i < result->rank; i++) { /* every size of the result must be a parameter's */
    bool known = !is_named(result->dim[i]);
    for (int k = 0; k < f.params; k++)
      for (int j = 0; j < f.param[k].rank; j++) known |= !strcmp(f.param[k].dim[j], result->dim[i]);
    if (!known && f.params < MOST_PARAMS) f.param[f.params++] = *result;
    if (!known && !same(&f.param[f.params - 1], result)) f.param[f.params - 1] = *result;
  }
  for (int i = 0; i < f.params; i++) {
    const char *as = f.param_name[i] = name(g, "p");
    add_var(&s, as, &f.param[i]);
    list = T("%s%s%s: %s", list, i ? ", " : "", as, type_text(g, &f.param[i]));
    for (int k = 0; k < f.param[i].rank; k++) {
      const char *dim = f.param[i].dim[k];
      if (is_named(dim) && !strstr(sizes, dim)) sizes = T("%s%s%s", sizes, *sizes ? ", " : "", dim);
    }
  }
  const char *text = body(g, &s, result, 3);
  g->functions = T("%sfn %s%s%s%s(%s) -> %s {\n%s}\n", g->functions, f.name, *sizes ? "[" : "",
                   sizes, *sizes ? "]" : "", list, type_text(g, result), text);
  return f;
}

/* Arguments from the first-th on. */
static const char *arguments(Gen *g, Scope *s, const Function *f, int depth)
{
  const char *text = "";
  for (int i = 0; i < f->params; i++)
    text = T("%s%s%s", text, i ? ", " : "", expr(g, s, &f->param[i], depth - 2));
  return text;
}

static bool is_deep(const Scope *s) { return s->level >= 3; }

static const char *call(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s)) return NULL;
  Function f = function(g, s, 0, NULL, t);
  if (!f.params) return NULL;
  bool again = may(g, FEATURE_remat) && !below(g, 4);
  return T(again ? "remat(%s)(%s)" : "%s(%s)", f.name, arguments(g, s, &f, depth));
}

/* The gradient of a scalar function has its argument's type. */
static const char *grad(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s)) return NULL;
  Type one = scalar(g);
  Function f = function(g, s, 1, t, &one);
  return T("grad(%s)(%s)", f.name, arguments(g, s, &f, depth));
}

static const char *value_grad(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s) || t->rank) return NULL;
  Type one = scalar(g), first = draw_type_near(g, s);
  Function f = function(g, s, 1, &first, &one);
  const char *pair = T("value_grad(%s)(%s)", f.name, arguments(g, s, &f, depth));
  const char *total = first.rank ? T("0.1*sum((%s).1)", pair) : T("0.1*(%s).1", pair);
  return below(g, 2) ? T("(%s).0", pair) : T("(%s)", total);
}

static const char *jvp(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s)) return NULL;
  Type first = draw_type_near(g, s);
  Function f = function(g, s, 1, &first, t);
  return T("(jvp(%s, wrt=%s)(%s, %s)).%d", f.name, f.param_name[0], arguments(g, s, &f, depth),
           expr(g, s, &first, depth - 2), below(g, 3) ? 1 : 0);
}

static const char *vjp(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s)) return NULL;
  Type result = draw_type_near(g, s);
  Function f = function(g, s, 1, t, &result);
  return T("(vjp(%s, wrt=%s)(%s, %s)).1", f.name, f.param_name[0], arguments(g, s, &f, depth),
           expr(g, s, &result, depth - 2));
}

/* All parameters, or the first alone, gain the leading dim. */
static const char *vmap(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s) || !t->rank) return NULL;
  Type row = without_first(t), first = below(g, 2) ? row : scalar(g);
  bool derives =
      !row.rank == !first.rank && may(g, FEATURE_grad) && same(&row, &first) && below(g, 2);
  Type one = scalar(g);
  Function f = function(g, s, 1, &first, derives ? &one : &row);
  const char *mapped = derives ? T("grad(%s)", f.name) : f.name, *text = "";
  bool alone = below(g, 2) && f.params > 1;
  for (int i = 0; i < f.params; i++) {
    Type wide = i && alone ? f.param[i] : with_dim(&f.param[i], 0, t->dim[0]);
    if (wide.rank > MOST_RANK) return NULL;
    text = T("%s%s%s", text, i ? ", " : "", expr(g, s, &wide, depth - 2));
  }
  if (alone) return T("vmap(%s, over=%s)(%s)", mapped, f.param_name[0], text);
  return T("vmap(%s)(%s)", mapped, text);
}

static const char *hessian(Gen *g, Scope *s, const Type *t, int depth)
{
  if (is_deep(s) || t->rank != 2 || strcmp(t->dim[0], t->dim[1])) return NULL;
  Type row = without_first(t), one = scalar(g);
  Function f = function(g, s, 1, &row, &one);
  return T("hessian(%s)(%s)", f.name, arguments(g, s, &f, depth));
}

/* ---- choosing ---------------------------------------------------------------------------- */

static const char *choose(Gen *g, Scope *s, const Type *t, int depth, Feature feature)
{
  switch (feature) {
  case FEATURE_unary:
    return unary(g, s, t, depth);
  case FEATURE_binary:
    return binary(g, s, t, depth);
  case FEATURE_where:
    return where(g, s, t, depth);
  case FEATURE_broadcast:
    return broadcast(g, s, t, depth);
  case FEATURE_reduce:
    return reduce(g, s, t, depth);
  case FEATURE_matmul:
    return matmul(g, s, t, depth);
  case FEATURE_transpose:
    return transpose(g, s, t, depth);
  case FEATURE_flip:
    return along(g, s, t, depth, "flip");
  case FEATURE_scan:
    return along(g, s, t, depth, below(g, 2) ? "0.3*cumsum" : "cummax");
  case FEATURE_sort:
    return along(g, s, t, depth, "sort");
  case FEATURE_index:
    return index_fixed(g, s, t, depth);
  case FEATURE_slice:
    return slice(g, s, t, depth);
  case FEATURE_concat:
    return concat(g, s, t, depth);
  case FEATURE_comprehension:
    return comprehension(g, s, t, depth);
  case FEATURE_vmap:
    return vmap(g, s, t, depth);
  case FEATURE_grad:
    return grad(g, s, t, depth);
  case FEATURE_value_grad:
    return value_grad(g, s, t, depth);
  case FEATURE_jvp:
    return jvp(g, s, t, depth);
  case FEATURE_vjp:
    return vjp(g, s, t, depth);
  case FEATURE_call:
    return call(g, s, t, depth);
  case FEATURE_branch:
    return branch(g, s, t, depth);
  case FEATURE_block:
    return block(g, s, t, depth);
  case FEATURE_gather:
    return gather(g, s, t, depth);
  case FEATURE_hessian:
    return hessian(g, s, t, depth);
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

static const char *expr(Gen *g, Scope *s, const Type *t, int depth)
{
  if (depth <= 0 || !below(g, 6)) return leaf(g, s, t);
  for (int tries = 0; tries < 6; tries++) {
    Feature feature = below(g, 3) ? (Feature)below(g, FEATURE_COUNT) : (Feature)below(g, 5);
    if (!may(g, feature)) continue;
    const char *text = choose(g, s, t, depth, feature);
    if (text) return T("(%s)", text);
  }
  return leaf(g, s, t);
}

/* ---- statements -------------------------------------------------------------------------- */

static const char *loop(Gen *g, Scope *s, int depth)
{
  Type t = draw_type_near(g, s);
  const char *carried = name(g, "v"), *at = name(g, "i");
  const char *first = expr(g, s, &t, depth - 1);
  Scope inner = *s;
  Type one = scalar(g);
  add_var(&inner, carried, &t);
  add_var(&inner, T("(0.1*%s(%s))", g->real, at), &one);
  const char *next = expr(g, &inner, &t, depth - 1);
  bool updates = may(g, FEATURE_update) && t.rank && !is_named(t.dim[0]) && below(g, 2);
  Type row = updates ? without_first(&t) : t;
  const char *text = T("  var %s = %s\n  for %s in 0..%d {\n", carried, first, at, 1 + below(g, 4));
  if (updates)
    text = T("%s    %s[%s %% %s] %s 0.5*tanh(%s)\n", text, carried, at, t.dim[0],
             below(g, 2) ? "=" : "+=", expr(g, &inner, &row, depth - 2));
  else
    text = T("%s    %s = tanh(%s)\n", text, carried, next);
  add_var(s, carried, &t);
  return T("%s  }\n", text);
}

/* Ends after few rounds, from constants alone: the count must not hang on rounding. */
static const char *while_loop(Gen *g, Scope *s, int depth)
{
  Type t = scalar(g);
  const char *carried = name(g, "v"), *count = name(g, "c");
  const char *first = expr(g, s, &t, depth - 2);
  Scope inner = *s;
  add_var(&inner, carried, &t);
  const char *next = expr(g, &inner, &t, depth - 2);
  add_var(s, carried, &t);
  return T("  var %s = %s\n  var %s: i32 = 0\n  while %s < %d limit 9 {\n    %s = sin(%s)\n"
           "    %s += 1\n  }\n",
           carried, first, count, count, 1 + below(g, 6), carried, next, count);
}

static const char *statement(Gen *g, Scope *s, int depth)
{
  if (may(g, FEATURE_loop) && !below(g, 4)) return loop(g, s, depth);
  if (may(g, FEATURE_while) && !below(g, 8)) return while_loop(g, s, depth);
  Type t = draw_type_near(g, s);
  const char *as = name(g, "t"), *value = expr(g, s, &t, depth);
  add_var(s, as, &t);
  return T("  let %s: %s = %s\n", as, type_text(g, &t), value);
}

static const char *body(Gen *g, Scope *s, const Type *result, int depth)
{
  const char *text = "";
  for (int i = below(g, 1 + g->size); i > 0; i--)
    text = T("%s%s", text, statement(g, s, depth - 1));
  return T("%s  %s\n", text, expr(g, s, result, depth));
}

/* ---- the entry --------------------------------------------------------------------------- */

const char *mdl_random_program(MdlArena *arena, uint64_t seed, int number, int size,
                               uint32_t without)
{
  Gen gen = {.arena = arena, .random = {seed}, .number = number, .size = size, .without = without};
  Gen *g = &gen;
  g->functions = "";
  g->real = below(g, 5) ? "f32" : "f64";
  Scope s = {.level = 0};
  const char *list = "", *sizes = "";
  int params = 1 + below(g, 3);
  for (int i = 0; i < params; i++) {
    Type t = draw_type(g);
    const char *as = name(g, "x");
    add_var(&s, as, &t);
    list = T("%s%s%s: %s", list, i ? ", " : "", as, type_text(g, &t));
    for (int k = 0; k < t.rank; k++)
      if (is_named(t.dim[k]) && !strstr(sizes, t.dim[k]))
        sizes = T("%s%s%s", sizes, *sizes ? ", " : "", t.dim[k]);
  }
  Type result = draw_type_near(g, &s);
  const char *text = body(g, &s, &result, 2 + size);
  return T("%sentry fn e%d%s%s%s(%s) -> %s {\n%s}\n\n", g->functions, number, *sizes ? "[" : "",
           sizes, *sizes ? "]" : "", list, type_text(g, &result), text);
}
