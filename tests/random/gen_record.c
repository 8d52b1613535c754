/* Structs and models of random programs: declared once a program, made, changed, differentiated. */
#include "tests/random/gen.h"

static Type field_type(Gen *g)
{
  static const char *const dtypes[] = {"i32", "bool", "u8", "f64", "i64", "f32"};
  Type t = gen_draw_type(g);
  if (gen_may(g, FEATURE_integer) && !gen_below(g, 5)) t.dtype = dtypes[gen_below(g, 6)];
  return t;
}

/* A model has a function that sees its parameters. */
static void declare_record(Gen *g, Record *r)
{
  bool model = gen_below(g, 2);
  const char *list = "";
  *r = (Record){.name = gen_name(g, "S"), .sizes = "", .is_linear = true};
  r->fields = 1 + gen_below(g, MOST_FIELDS);
  for (int i = 0; i < r->fields; i++) {
    static const char *const names[] = {"a", "b", "c"};
    Type *t = &r->type[i];
    *t = field_type(g);
    r->field[i] = T("%s%d", names[i], g->number);
    r->is_linear &= gen_is_real(g, t);
    list = T("%s  %s%s: %s\n", list, model ? "param " : "", r->field[i], gen_type_text(g, t));
    r->sizes = gen_sizes_of(g, r->sizes, t);
  }
  const char *method = "";
  if (model) {
    Scope inside = {.level = 2};
    for (int i = 0; i < r->fields; i++) gen_add_var(g, &inside, r->field[i], &r->type[i]);
    r->method_param = gen_draw_type_near(g, &inside);
    r->method_result = gen_draw_type_near(g, &inside);
    r->method = gen_name(g, "m");
    const char *x = gen_name(g, "p");
    gen_add_var(g, &inside, x, &r->method_param);
    const char *body = gen_expr(g, &inside, &r->method_result, 2);
    method = T("  fn %s(%s: %s) -> %s = %s\n", r->method, x, gen_type_text(g, &r->method_param),
               gen_type_text(g, &r->method_result), body);
  }
  g->functions = T("%s%s %s%s {\n%s%s}\n", g->functions, model ? "model" : "struct", r->name,
                   *r->sizes ? T("[%s]", r->sizes) : "", list, method);
}

void gen_declare_records(Gen *g)
{
  if (!gen_may(g, FEATURE_record)) return;
  for (int i = gen_below(g, 1 + MOST_RECORDS); i > 0; i--) {
    declare_record(g, &g->record[g->records]);
    g->records++;
  }
}

/* ---- expressions ------------------------------------------------------------------------- */

static const char *made(Gen *g, Scope *s, const Type *t, int depth)
{
  const char *list = "";
  for (int i = 0; i < t->of->fields; i++)
    list = T("%s%s%s=%s", list, i ? ", " : "", t->of->field[i],
             gen_expr(g, s, &t->of->type[i], depth - 1));
  const char *sizes = *t->of->sizes ? T("[%s]", t->of->sizes) : "";
  return T("%s%s(%s)", t->of->name, sizes, list);
}

/* Vectors of one space. */
static const char *combined(Gen *g, Scope *s, const Type *t, int depth)
{
  if (!t->of->is_linear) return NULL;
  const char *a = gen_expr(g, s, t, depth - 1);
  switch (gen_below(g, 4)) {
  case 0:
    return T("(%s - 0.25*%s)", a, gen_expr(g, s, t, depth - 1));
  case 1:
    return T("map(tanh, %s)", a);
  case 2:
    return T("(0.5*%s + %s)", a, gen_expr(g, s, t, depth - 1));
  default:
    return T("sin(%s)", a);
  }
}

const char *gen_record(Gen *g, Scope *s, const Type *t, int depth)
{
  for (int tries = 0; depth > 0 && tries < 4 && gen_below(g, 4); tries++) {
    const char *text = NULL;
    switch (gen_below(g, 6)) {
    case 0:
      text = made(g, s, t, depth);
      break;
    case 1:
      text = combined(g, s, t, depth);
      break;
    case 2:
      text = gen_may(g, FEATURE_branch) ? gen_branch(g, s, t, depth) : NULL;
      break;
    case 3:
      text = gen_may(g, FEATURE_call) ? gen_call(g, s, t, depth) : NULL;
      break;
    case 4: /* the gradient has zeros where a field is no float */
      text = t->of->is_linear && gen_may(g, FEATURE_grad) ? gen_grad(g, s, t, depth) : NULL;
      break;
    default:
      break;
    }
    if (text) return T("(%s)", text);
  }
  for (int i = 0; i < s->vars; i++)
    if (gen_same(&s->var[i].type, t)) return s->var[i].name;
  return T("(%s)", made(g, s, t, depth));
}

/* Of a model at hand, its function; of a record, all leaves summed. */
const char *gen_member(Gen *g, Scope *s, const Type *t, int depth)
{
  int start = s->vars ? gen_below(g, s->vars) : 0;
  for (int i = 0; i < s->vars; i++) {
    const Var *v = &s->var[(start + i) % s->vars];
    const Record *r = v->type.of;
    if (!r) continue;
    if (r->method && gen_same(&r->method_result, t))
      return T("%s.%s(%s)", v->name, r->method, gen_expr(g, s, &r->method_param, depth - 1));
    if (r->is_linear && !t->rank && gen_is_real(g, &r->type[0]))
      return gen_below(g, 2) ? T("(0.1*sum(%s))", v->name)
                             : T("(0.1*dot(%s, %s))", v->name, v->name);
  }
  return NULL;
}
