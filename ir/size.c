/* Arithmetic of symbolic sizes. Everything ends in mdl_size_normal, where equal sums become one
 * pointer. */
#include "ir/size_poly.h"

#include <stdlib.h>
#include <string.h>

MdlSizes *mdl_sizes_create(MdlArena *arena)
{
  MdlSizes *sizes = MDL_NEW(arena, MdlSizes, 1);
  sizes->arena = arena;
  sizes->by_text = mdl_map_create(arena);
  return sizes;
}

/* ---- the normal form --------------------------------------------------------------------- */

/* Higher degree first, then alphabet, so the constant comes last. */
static int compare_terms(const void *left, const void *right)
{
  const MdlSizeTerm *a = left, *b = right;
  if (a->factors != b->factors) return b->factors - a->factors;
  for (int i = 0; i < a->factors; i++) {
    int order = strcmp(a->factor[i].text, b->factor[i].text);
    if (order) return order;
  }
  return 0;
}

static int compare_atoms(const void *left, const void *right)
{
  return strcmp(((const MdlSizeAtom *)left)->text, ((const MdlSizeAtom *)right)->text);
}

static int64_t gcd(int64_t a, int64_t b)
{
  while (b) {
    int64_t rest = a % b;
    a = b, b = rest;
  }
  return a < 0 ? -a : a;
}

/* Equal products become one term; -1 on overflow. */
static int merge(int terms, MdlSizeTerm *term)
{
  int kept = 0;
  for (int i = 0; i < terms; i++) {
    if (kept && !compare_terms(&term[kept - 1], &term[i])) {
      int64_t *sum = &term[kept - 1].coefficient;
      if (__builtin_add_overflow(*sum, term[i].coefficient, sum)) return -1;
      if (!*sum) kept--;
    } else if (term[i].coefficient) {
      term[kept++] = term[i];
    }
  }
  return kept;
}

static void reduce(int terms, MdlSizeTerm *term, int64_t *divisor)
{
  int64_t common = *divisor;
  for (int i = 0; i < terms && common > 1; i++)
    if (term[i].coefficient != INT64_MIN) common = gcd(common, term[i].coefficient);
    else common = 1;
  if (common <= 1) return;
  for (int i = 0; i < terms; i++) term[i].coefficient /= common;
  *divisor /= common;
}

const MdlSize *mdl_size_normal(MdlSizes *sizes, int terms, MdlSizeTerm *term, int64_t divisor)
{
  for (int i = 0; i < terms; i++) {
    if (term[i].factors > MDL_SIZE_MAX_FACTORS) return NULL;
    if (term[i].factors > 1)
      qsort(term[i].factor, (size_t)term[i].factors, sizeof *term[i].factor, compare_atoms);
  }
  if (terms > 1) qsort(term, (size_t)terms, sizeof *term, compare_terms);
  terms = merge(terms, term);
  if (terms < 0 || terms > MDL_SIZE_MAX_TERMS) return NULL;
  reduce(terms, term, &divisor);
  if (!terms) divisor = 1;
  const char *text = mdl_intern_text(sizes->arena, mdl_size_print(sizes->arena, terms, term, divisor));
  const MdlSize *known = mdl_map_get(sizes->by_text, text);
  if (known) return known;
  MdlSize *size = MDL_NEW(sizes->arena, MdlSize, 1);
  *size = (MdlSize){terms, term, divisor, text};
  mdl_map_set(sizes->by_text, text, size);
  return size;
}

static MdlSizeTerm *copy_terms(MdlSizes *sizes, const MdlSize *a, int more)
{
  MdlSizeTerm *term = MDL_NEW(sizes->arena, MdlSizeTerm, (size_t)(a->terms + more));
  if (a->terms) memcpy(term, a->term, (size_t)a->terms * sizeof *term);
  return term;
}

const MdlSize *mdl_size_const(MdlSizes *sizes, int64_t value)
{
  MdlSizeTerm *term = MDL_NEW(sizes->arena, MdlSizeTerm, 1);
  term->coefficient = value;
  return mdl_size_normal(sizes, 1, term, 1);
}

const MdlSize *mdl_size_of_atom(MdlSizes *sizes, MdlSizeAtom atom)
{
  MdlSizeTerm *term = MDL_NEW(sizes->arena, MdlSizeTerm, 1);
  term->coefficient = 1;
  term->factors = 1;
  term->factor = MDL_NEW(sizes->arena, MdlSizeAtom, 1);
  *term->factor = atom;
  return mdl_size_normal(sizes, 1, term, 1);
}

const MdlSize *mdl_size_name(MdlSizes *sizes, const char *name)
{
  return mdl_size_of_atom(sizes,
                          (MdlSizeAtom){mdl_intern_text(sizes->arena, name), NULL, 0});
}

/* ---- sums and products ------------------------------------------------------------------- */

/* Every coefficient times k; false on overflow. */
static bool scale(int terms, MdlSizeTerm *term, int64_t k)
{
  for (int i = 0; i < terms; i++)
    if (__builtin_mul_overflow(term[i].coefficient, k, &term[i].coefficient)) return false;
  return true;
}

/* a + sign*b */
static const MdlSize *combine(MdlSizes *sizes, const MdlSize *a, const MdlSize *b, int64_t sign)
{
  if (!a || !b) return NULL;
  int64_t common = gcd(a->divisor, b->divisor), divisor, up;
  if (__builtin_mul_overflow(a->divisor / common, b->divisor, &divisor)) return NULL;
  MdlSizeTerm *term = copy_terms(sizes, a, b->terms);
  memcpy(term + a->terms, b->term, (size_t)b->terms * sizeof *term);
  if (__builtin_mul_overflow(a->divisor / common, sign, &up)) return NULL;
  if (!scale(a->terms, term, b->divisor / common) || !scale(b->terms, term + a->terms, up))
    return NULL;
  return mdl_size_normal(sizes, a->terms + b->terms, term, divisor);
}

const MdlSize *mdl_size_add(MdlSizes *sizes, const MdlSize *a, const MdlSize *b)
{
  return combine(sizes, a, b, 1);
}

const MdlSize *mdl_size_sub(MdlSizes *sizes, const MdlSize *a, const MdlSize *b)
{
  return combine(sizes, a, b, -1);
}

static bool multiply(MdlSizes *sizes, const MdlSizeTerm *a, const MdlSizeTerm *b, MdlSizeTerm *out)
{
  if (__builtin_mul_overflow(a->coefficient, b->coefficient, &out->coefficient)) return false;
  out->factors = a->factors + b->factors;
  out->factor = MDL_NEW(sizes->arena, MdlSizeAtom, (size_t)out->factors);
  for (int i = 0; i < a->factors; i++) out->factor[i] = a->factor[i];
  for (int i = 0; i < b->factors; i++) out->factor[a->factors + i] = b->factor[i];
  return true;
}

const MdlSize *mdl_size_mul(MdlSizes *sizes, const MdlSize *a, const MdlSize *b)
{
  int64_t divisor;
  if (!a || !b || a->terms * b->terms > 4 * MDL_SIZE_MAX_TERMS) return NULL;
  if (__builtin_mul_overflow(a->divisor, b->divisor, &divisor)) return NULL;
  MdlSizeTerm *term = MDL_NEW(sizes->arena, MdlSizeTerm, (size_t)(a->terms * b->terms));
  int terms = 0;
  for (int i = 0; i < a->terms; i++)
    for (int j = 0; j < b->terms; j++)
      if (!multiply(sizes, &a->term[i], &b->term[j], &term[terms++])) return NULL;
  return mdl_size_normal(sizes, terms, term, divisor);
}

/* ---- quotients --------------------------------------------------------------------------- */

static int64_t floor_of(int64_t a, int64_t k) { return a / k - (a % k < 0); }

/* floor(p/k) where every coefficient of p lies in 0..k-1 and some name occurs. */
static const MdlSize *floor_atom(MdlSizes *sizes, int terms, MdlSizeTerm *term, int64_t k)
{
  int64_t common = k;
  for (int i = 0; i < terms; i++)
    if (term[i].factors) common = gcd(common, term[i].coefficient);
  for (int i = 0; i < terms; i++) term[i].coefficient = floor_of(term[i].coefficient, common);
  k /= common;
  const MdlSize *of = mdl_size_normal(sizes, terms, term, 1);
  if (!of || k == 1) return of;
  bool nested = of->terms == 1 && of->term->coefficient == 1 && of->term->factors == 1 &&
                of->term->factor->of;
  if (nested && !__builtin_mul_overflow(k, of->term->factor->k, &k)) /* floor(floor(p/a)/b) */
    return mdl_size_floor_div(sizes, of->term->factor->of, k);
  bool plain = of->terms == 1 && of->term->coefficient == 1 && of->term->factors == 1;
  const char *text = mdl_text(sizes->arena, plain ? "floor(%s/%lld)" : "floor((%s)/%lld)", of->text,
                              (long long)k);
  return mdl_size_of_atom(sizes, (MdlSizeAtom){mdl_intern_text(sizes->arena, text), of, k});
}

/* c = q*k + r, 0 <= r < k, term by term: the q go outside, the r stay under the floor. */
const MdlSize *mdl_size_floor_div(MdlSizes *sizes, const MdlSize *a, int64_t k)
{
  if (!a || k <= 0 || __builtin_mul_overflow(a->divisor, k, &k)) return NULL;
  if (mdl_size_divides(a, k / a->divisor)) return mdl_size_exact_div(sizes, a, k / a->divisor);
  MdlSizeTerm *outside = copy_terms(sizes, a, 0), *inside = copy_terms(sizes, a, 0);
  bool names = false;
  int left = 0;
  for (int i = 0; i < a->terms; i++) {
    int64_t c = a->term[i].coefficient;
    outside[i].coefficient = floor_of(c, k);
    inside[left] = a->term[i];
    inside[left].coefficient = c - floor_of(c, k) * k;
    names |= inside[left].factors && inside[left].coefficient;
    left += inside[left].coefficient != 0;
  }
  const MdlSize *whole = mdl_size_normal(sizes, a->terms, outside, 1);
  return names ? mdl_size_add(sizes, whole, floor_atom(sizes, left, inside, k)) : whole;
}

const MdlSize *mdl_size_ceil_div(MdlSizes *sizes, const MdlSize *a, int64_t k)
{
  return mdl_size_floor_div(sizes, mdl_size_add(sizes, a, mdl_size_const(sizes, k - 1)), k);
}

const MdlSize *mdl_size_exact_div(MdlSizes *sizes, const MdlSize *a, int64_t k)
{
  int64_t divisor;
  if (!a || k <= 0 || !mdl_size_divides(a, k)) return NULL;
  if (__builtin_mul_overflow(a->divisor, k, &divisor)) return NULL;
  return mdl_size_normal(sizes, a->terms, copy_terms(sizes, a, 0), divisor);
}

/* ---- questions --------------------------------------------------------------------------- */

const char *mdl_size_text(const MdlSize *size) { return size->text; }

bool mdl_size_is_const(const MdlSize *size, int64_t *value)
{
  if (size->terms > 1 || (size->terms && size->term->factors)) return false;
  *value = size->terms ? size->term->coefficient : 0;
  return true;
}

bool mdl_size_is_name(const MdlSize *size)
{
  return size->terms == 1 && size->divisor == 1 && size->term->coefficient == 1 &&
         size->term->factors == 1 && !size->term->factor->of;
}

static int add_name(const char **names, int count, int max, const char *name)
{
  int i = 0;
  while (i < count && i < max && strcmp(names[i], name) < 0) i++;
  if (i < count && i < max && names[i] == name) return count;
  for (int j = count < max ? count : max - 1; j > i; j--) names[j] = names[j - 1];
  if (i < max) names[i] = name;
  return count + 1;
}

static int collect(const MdlSize *size, const char **names, int count, int max)
{
  for (int i = 0; i < size->terms; i++)
    for (int j = 0; j < size->term[i].factors; j++) {
      const MdlSizeAtom *atom = &size->term[i].factor[j];
      count = atom->of ? collect(atom->of, names, count, max)
                       : add_name(names, count, max, atom->text);
    }
  return count;
}

int mdl_size_names(const MdlSize *size, const char **names, int max)
{
  return collect(size, names, 0, max);
}

bool mdl_size_uses(const MdlSize *size, const char *name)
{
  for (int i = 0; i < size->terms; i++)
    for (int j = 0; j < size->term[i].factors; j++) {
      const MdlSizeAtom *atom = &size->term[i].factor[j];
      if (atom->of ? mdl_size_uses(atom->of, name) : !strcmp(atom->text, name)) return true;
    }
  return false;
}

bool mdl_size_dominates(MdlSizes *sizes, const MdlSize *a, const MdlSize *b)
{
  const MdlSize *rest = mdl_size_sub(sizes, a, b);
  if (!rest) return false;
  for (int i = 0; i < rest->terms; i++)
    if (rest->term[i].coefficient < 0) return false;
  return true; /* atoms are >= 0 too: under a floor, no coefficient is negative */
}
