/* Types and scopes of random programs. */
#include "tests/random/gen.h"

const char *mdl_random_feature(int bit)
{
  static const char *const names[] = {
#define F(name) #name,
      FEATURES(F)
#undef F
  };
  return bit < FEATURE_COUNT ? names[bit] : NULL;
}

bool gen_may(const Gen *g, Feature feature) { return !(g->without >> feature & 1); }
int gen_below(Gen *g, int n) { return mdl_random_below(&g->random, n); }

const char *gen_name(Gen *g, const char *base) { return T("%s%d_%d", base, g->number, g->names++); }

const char *gen_type_text(Gen *g, const Type *t)
{
  if (t->of) return *t->of->sizes ? T("%s[%s]", t->of->name, t->of->sizes) : t->of->name;
  const char *text = t->dtype;
  for (int i = 0; i < t->rank; i++) text = T("%s%s%s", text, i ? ", " : "[", t->dim[i]);
  return t->rank ? T("%s]", text) : text;
}

bool gen_same(const Type *a, const Type *b)
{
  if (a->of || b->of) return a->of == b->of;
  if (strcmp(a->dtype, b->dtype) || a->rank != b->rank) return false;
  for (int i = 0; i < a->rank; i++)
    if (strcmp(a->dim[i], b->dim[i])) return false;
  return true;
}

bool gen_is_named(const char *dim) { return *dim >= 'A' && *dim <= 'Z'; }
bool gen_may_be_empty(const char *dim) { return gen_is_named(dim) || !strcmp(dim, "0"); }
bool gen_is_float(const Type *t)
{
  return !t->of && (strchr("fT", *t->dtype) || t->dtype[1] == 'f');
}
bool gen_is_bool(const Type *t) { return !t->of && !strcmp(t->dtype, "bool"); }
bool gen_is_real(const Gen *g, const Type *t) { return !t->of && !strcmp(t->dtype, g->real); }

/* A record is a variable, and so are its fields. */
void gen_add_var(Gen *g, Scope *s, const char *text, const Type *type)
{
  if (s->vars < MOST_VARS) s->var[s->vars++] = (Var){text, *type};
  for (int i = 0; type->of && i < type->of->fields; i++)
    gen_add_var(g, s, T("%s.%s", text, type->of->field[i]), &type->of->type[i]);
}

/* A size's name is known only where a parameter has it. */
bool gen_knows(const Scope *s, const char *dim)
{
  if (!gen_is_named(dim)) return true;
  for (int i = 0; i < s->vars; i++)
    for (int k = 0; k < s->var[i].type.rank; k++)
      if (!strcmp(s->var[i].type.dim[k], dim)) return true;
  return false;
}

bool gen_knows_all(const Scope *s, const Type *t)
{
  for (int i = 0; t->of && i < t->of->fields; i++)
    if (!gen_knows_all(s, &t->of->type[i])) return false;
  for (int i = 0; i < t->rank; i++)
    if (!gen_knows(s, t->dim[i])) return false;
  return true;
}

const char *gen_sizes_of(Gen *g, const char *sizes, const Type *t)
{
  for (int i = 0; t->of && i < t->of->fields; i++) sizes = gen_sizes_of(g, sizes, &t->of->type[i]);
  for (int i = 0; i < t->rank; i++)
    if (gen_is_named(t->dim[i]) && !strstr(sizes, t->dim[i]))
      sizes = T("%s%s%s", sizes, *sizes ? ", " : "", t->dim[i]);
  return sizes;
}

static const char *gen_draw_dim(Gen *g)
{
  static const char *const dims[] = {"N", "M",  "N", "3", "4", "3", "4",  "5",
                                     "1", "17", "N", "7", "2", "0", "13", "8"};
  const char *dim = dims[gen_below(g, 16)];
  if (!strcmp(dim, "0") && (!gen_may(g, FEATURE_empty) || gen_below(g, 2))) return "3";
  return gen_is_named(dim) && !gen_may(g, FEATURE_runtime_size) ? "7" : dim;
}

const char *gen_known_dim(Gen *g, const Scope *s)
{
  const char *dim = gen_draw_dim(g);
  return gen_knows(s, dim) ? dim : "3";
}

Type gen_draw_type(Gen *g)
{
  Type t = {.dtype = g->real};
  static const int ranks[] = {0, 0, 1, 1, 1, 2, 2};
  t.rank = ranks[gen_below(g, 7)];
  for (int i = 0; i < t.rank; i++) t.dim[i] = gen_draw_dim(g);
  return t;
}

/* Often that of a variable at hand; its sizes are known. */
Type gen_draw_type_near(Gen *g, const Scope *s)
{
  if (s->vars && gen_below(g, 2)) {
    const Var *v = &s->var[gen_below(g, s->vars)];
    if (gen_is_real(g, &v->type)) return v->type;
  }
  Type t = gen_draw_type(g);
  for (int i = 0; i < t.rank; i++)
    if (!gen_knows(s, t.dim[i])) t.dim[i] = "3";
  return t;
}

static const char *gen_draw_dtype(Gen *g)
{
  static const char *const dtypes[] = {"i32", "i32", "i64", "i8",   "i16",  "u8",  "u16",
                                       "u32", "u64", "i32", "bool", "bool", "bool"};
  return dtypes[gen_below(g, 13)];
}

/* Integers, bools, records and other floats too. */
Type gen_draw_any(Gen *g, const Scope *s)
{
  Type t = gen_draw_type_near(g, s);
  int kind = gen_below(g, 10);
  if (kind < 3 && gen_may(g, FEATURE_integer)) t.dtype = gen_draw_dtype(g);
  if (kind == 3 && gen_may(g, FEATURE_convert) && *g->real != 'T')
    t.dtype = strcmp(g->real, "f64") ? "f64" : "f32";
  if (kind > 3 && kind < 6 && g->records) {
    Type record = {.dtype = "", .of = &g->record[gen_below(g, g->records)]};
    if (gen_knows_all(s, &record)) return record;
  }
  return t;
}

Type gen_scalar(Gen *g) { return (Type){.dtype = g->real}; }

Type gen_of(const char *dtype, const Type *shape)
{
  Type t = *shape;
  t.dtype = dtype;
  return t;
}

/* With a dim put in at `axis`; without the first dim. */
Type gen_with_dim(const Type *t, int axis, const char *dim)
{
  Type wide = *t;
  wide.rank++;
  for (int i = wide.rank - 1; i > axis; i--) wide.dim[i] = wide.dim[i - 1];
  wide.dim[axis] = dim;
  return wide;
}

Type gen_without_first(const Type *t)
{
  Type row = *t;
  row.rank--;
  for (int i = 0; i < row.rank; i++) row.dim[i] = t->dim[i + 1];
  return row;
}
