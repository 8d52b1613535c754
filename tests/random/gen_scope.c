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
  const char *text = t->dtype;
  for (int i = 0; i < t->rank; i++) text = T("%s%s%s", text, i ? ", " : "[", t->dim[i]);
  return t->rank ? T("%s]", text) : text;
}

bool gen_same(const Type *a, const Type *b)
{
  if (strcmp(a->dtype, b->dtype) || a->rank != b->rank) return false;
  for (int i = 0; i < a->rank; i++)
    if (strcmp(a->dim[i], b->dim[i])) return false;
  return true;
}

bool gen_is_named(const char *dim) { return *dim >= 'A' && *dim <= 'Z'; }

void gen_add_var(Scope *s, const char *text, const Type *type)
{
  if (s->vars < MOST_VARS) s->var[s->vars++] = (Var){text, *type};
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

static const char *gen_draw_dim(Gen *g)
{
  static const char *const dims[] = {"N", "M", "N", "3", "4", "3", "4", "5", "1", "17"};
  const char *dim = dims[gen_below(g, 10)];
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
  if (s->vars && gen_below(g, 2)) return s->var[gen_below(g, s->vars)].type;
  Type t = gen_draw_type(g);
  for (int i = 0; i < t.rank; i++)
    if (!gen_knows(s, t.dim[i])) t.dim[i] = "3";
  return t;
}

Type gen_scalar(Gen *g) { return (Type){.dtype = g->real}; }

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
