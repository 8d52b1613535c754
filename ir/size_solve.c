/* Values of sizes, substitution and solving. */
#include "ir/size_poly.h"

#include <string.h>

/* ---- values ------------------------------------------------------------------------------ */

static bool atom_value(const MdlSizeAtom *atom, MdlSizeValueFn *value_of, void *user,
                       int64_t *value)
{
  if (!atom->of) return value_of(user, atom->text, value);
  if (!mdl_size_eval(atom->of, value_of, user, value)) return false;
  *value = *value / atom->k - (*value % atom->k < 0);
  return true;
}

bool mdl_size_eval(const MdlSize *size, MdlSizeValueFn *value_of, void *user, int64_t *value)
{
  int64_t sum = 0;
  for (int i = 0; i < size->terms; i++) {
    int64_t product = size->term[i].coefficient, factor;
    for (int j = 0; j < size->term[i].factors; j++)
      if (!atom_value(&size->term[i].factor[j], value_of, user, &factor) ||
          __builtin_mul_overflow(product, factor, &product))
        return false;
    if (__builtin_add_overflow(sum, product, &sum)) return false;
  }
  if (sum % size->divisor) return false;
  *value = sum / size->divisor;
  return true;
}

/* ---- divisibility ------------------------------------------------------------------------ */

enum { MOST_NAMES = 6, MOST_TRIALS = 4096 };

typedef struct Residues {
  int count;
  const char *name[MOST_NAMES];
  int64_t value[MOST_NAMES];
} Residues;

static bool residue_of(void *user, const char *name, int64_t *value)
{
  const Residues *r = user;
  for (int i = 0; i < r->count; i++)
    if (!strcmp(r->name[i], name)) return *value = r->value[i], true;
  return false;
}

/* A polynomial's value modulo m depends on its names modulo m only: try them all. Floor atoms do
 * not have that property, so with one the coefficients themselves must divide. */
bool mdl_size_divides(const MdlSize *size, int64_t k)
{
  bool all = true, floors = false;
  int64_t modulus, trials = 1;
  if (__builtin_mul_overflow(size->divisor, k, &modulus)) return false;
  for (int i = 0; i < size->terms; i++) {
    all &= size->term[i].coefficient % modulus == 0;
    for (int j = 0; j < size->term[i].factors; j++) floors |= size->term[i].factor[j].of != NULL;
  }
  if (all || floors) return all;
  Residues r = {0};
  r.count = mdl_size_names(size, r.name, MOST_NAMES);
  if (r.count > MOST_NAMES || modulus > MOST_TRIALS) return false;
  for (int i = 0; i < r.count; i++)
    if ((trials *= modulus) > MOST_TRIALS) return false;
  MdlSize sum = *size;
  sum.divisor = 1;
  for (int64_t trial = 0; trial < trials; trial++) {
    int64_t rest = trial, value;
    for (int i = 0; i < r.count; i++, rest /= modulus) r.value[i] = rest % modulus;
    if (!mdl_size_eval(&sum, residue_of, &r, &value) || value % modulus) return false;
  }
  return true;
}

static bool value_for_all(void *each, const char *name, int64_t *value)
{
  (void)name;
  *value = *(int64_t *)each;
  return true;
}

bool mdl_size_guess(const MdlSize *size, int64_t each, int64_t *value)
{
  return mdl_size_eval(size, value_for_all, &each, value);
}

/* ---- substitution and folds -------------------------------------------------------------- */

static const MdlSize *substitute_atom(MdlSizes *sizes, const MdlSizeAtom *atom,
                                      MdlSizeOfFn *size_of, void *user)
{
  if (atom->of)
    return mdl_size_floor_div(sizes, mdl_size_substitute(sizes, atom->of, size_of, user), atom->k);
  const MdlSize *given = size_of(user, atom->text);
  return given ? given : mdl_size_of_atom(sizes, *atom);
}

const MdlSize *mdl_size_substitute(MdlSizes *sizes, const MdlSize *size, MdlSizeOfFn *size_of,
                                   void *user)
{
  const MdlSize *sum = mdl_size_const(sizes, 0);
  for (int i = 0; i < size->terms; i++) {
    const MdlSize *product = mdl_size_const(sizes, size->term[i].coefficient);
    for (int j = 0; j < size->term[i].factors; j++)
      product = mdl_size_mul(sizes, product,
                             substitute_atom(sizes, &size->term[i].factor[j], size_of, user));
    sum = mdl_size_add(sizes, sum, product);
  }
  return size->divisor == 1 ? sum : mdl_size_exact_div(sizes, sum, size->divisor);
}

static void *fold_term(const MdlSizeTerm *term, const MdlSizeFold *fold, void *user)
{
  int64_t c = term->coefficient;
  int64_t magnitude = c < 0 && c != INT64_MIN ? -c : c;
  void *product = magnitude != 1 || !term->factors ? fold->constant(user, magnitude) : NULL;
  for (int i = 0; i < term->factors; i++) {
    const MdlSizeAtom *atom = &term->factor[i];
    void *factor = atom->of ? fold->floor_div(user, mdl_size_fold(atom->of, fold, user), atom->k)
                            : fold->name(user, atom->text);
    product = product ? fold->mul(user, product, factor) : factor;
  }
  return product;
}

/* A term that is added comes first where there is one, so that nothing starts with a minus. */
void *mdl_size_fold(const MdlSize *size, const MdlSizeFold *fold, void *user)
{
  int first = 0;
  while (first < size->terms && size->term[first].coefficient < 0) first++;
  void *sum = first < size->terms ? fold_term(&size->term[first], fold, user)
                                  : fold->constant(user, 0);
  for (int i = 0; i < size->terms; i++) {
    if (i == first) continue;
    void *product = fold_term(&size->term[i], fold, user);
    sum = size->term[i].coefficient < 0 ? fold->sub(user, sum, product)
                                        : fold->add(user, sum, product);
  }
  return size->divisor == 1 ? sum : fold->floor_div(user, sum, size->divisor);
}

/* ---- solving ----------------------------------------------------------------------------- */

/* How often `name` occurs as a factor; -1 if under a floor. */
static int degree_in(const MdlSizeTerm *term, const char *name)
{
  int degree = 0;
  for (int i = 0; i < term->factors; i++) {
    const MdlSizeAtom *atom = &term->factor[i];
    if (atom->of && mdl_size_uses(atom->of, name)) return -1;
    degree += !atom->of && !strcmp(atom->text, name);
  }
  return degree;
}

const MdlSize *mdl_size_solve(MdlSizes *sizes, const MdlSize *a, const MdlSize *b, const char *name)
{
  const MdlSize *zero = mdl_size_sub(sizes, a, b), *rest = zero;
  int64_t c = 0;
  for (int i = 0; zero && i < zero->terms; i++) {
    int degree = degree_in(&zero->term[i], name);
    if (!degree) continue;
    if (degree != 1 || zero->term[i].factors != 1) return NULL;
    c = zero->term[i].coefficient;
  }
  if (!zero || !c || c == INT64_MIN || zero->divisor != 1) return NULL;
  const MdlSize *part = mdl_size_mul(sizes, mdl_size_const(sizes, c), mdl_size_name(sizes, name));
  rest = mdl_size_sub(sizes, zero, part); /* c*name + rest = 0 */
  if (c > 0) rest = mdl_size_sub(sizes, mdl_size_const(sizes, 0), rest);
  return mdl_size_exact_div(sizes, rest, c < 0 ? -c : c);
}

typedef struct Trial {
  const char *name;
  int64_t x;
  MdlSizeValueFn *value_of;
  void *user;
} Trial;

static bool trial_value(void *user, const char *name, int64_t *value)
{
  const Trial *t = user;
  if (!strcmp(name, t->name)) return *value = t->x, true;
  return t->value_of(t->user, name, value);
}

bool mdl_size_solve_value(MdlSizes *sizes, const MdlSize *size, const char *name,
                          MdlSizeValueFn *value_of, void *user, int64_t value, int64_t *x)
{
  (void)sizes;
  bool found = false;
  for (int i = 0; i < size->terms; i++) {
    int degree = degree_in(&size->term[i], name);
    if (degree < 0 || degree > 2 || (degree && size->term[i].coefficient < 0)) return false;
    found |= degree > 0;
  }
  if (!found) return false;
  Trial t = {name, 0, value_of, user};
  int64_t low = 0, high = (int64_t)1 << 62, at;
  while (low < high) { /* the least x with size(x) >= value; an overflow is beyond any value */
    t.x = low + (high - low) / 2;
    if (mdl_size_eval(size, trial_value, &t, &at) && at < value)
      low = t.x + 1;
    else
      high = t.x;
  }
  t.x = *x = low;
  return mdl_size_eval(size, trial_value, &t, &at) && at == value;
}
