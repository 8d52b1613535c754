/* Symbolic sizes: polynomials with int64 coefficients over atoms, in normal form and interned, so
 * equal sizes are equal pointers. An atom is a name or floor(p/k), k a positive constant, in lowest
 * terms (floor((6*N + 3)/2) becomes 3*N + 1). A polynomial may also be divided by a constant where
 * the value is always whole: D*(D + 1)/2 prints as `(D**2 + D)/2` and parses back.
 *
 * The text is the normal form: print and parse are inverse. Monomials by degree, then alphabet, the
 * constant last: `H*W`, `2*N + 1`. Under a floor every coefficient lies in 0..k-1, whole parts stand
 * outside: floor((H - 3)/2) is `floor((H + 1)/2) - 2`. It is also legal mdl. */
#ifndef MDL_IR_SIZE_H
#define MDL_IR_SIZE_H

#include "ir/arena.h"

typedef struct MdlSizes MdlSizes;     /* the interning table of a compilation */
typedef struct MdlSize MdlSize;       /* immutable; compare by pointer */

MdlSizes *mdl_sizes_create(MdlArena *arena);

/* All return NULL when an int64 coefficient would overflow (the caller reports E0902). NULL in,
 * NULL out. */
const MdlSize *mdl_size_const(MdlSizes *sizes, int64_t value);
const MdlSize *mdl_size_name(MdlSizes *sizes, const char *name);
const MdlSize *mdl_size_add(MdlSizes *sizes, const MdlSize *a, const MdlSize *b);
const MdlSize *mdl_size_sub(MdlSizes *sizes, const MdlSize *a, const MdlSize *b);
const MdlSize *mdl_size_mul(MdlSizes *sizes, const MdlSize *a, const MdlSize *b);
const MdlSize *mdl_size_floor_div(MdlSizes *sizes, const MdlSize *a, int64_t k); /* k > 0 */
const MdlSize *mdl_size_ceil_div(MdlSizes *sizes, const MdlSize *a, int64_t k);  /* k > 0 */
/* a/k where a is divisible by k for every whole value of its names; NULL if that is not known. */
const MdlSize *mdl_size_exact_div(MdlSizes *sizes, const MdlSize *a, int64_t k);

/* The normal form's text, interned for the life of the table. */
const char *mdl_size_text(const MdlSize *size);
/* Parses + - * ** / floor() and parentheses. NULL for text that is no size. */
const MdlSize *mdl_size_parse(MdlSizes *sizes, const char *text, size_t length);

bool mdl_size_is_const(const MdlSize *size, int64_t *value);
bool mdl_size_is_name(const MdlSize *size); /* a single name, coefficient one */
/* Every distinct name in it, alphabetically. Returns the count; fills at most `max`. */
int mdl_size_names(const MdlSize *size, const char **names, int max);
bool mdl_size_uses(const MdlSize *size, const char *name);

/* The value for given names: `value_of` returns false for an unknown name. False also on overflow. */
typedef bool MdlSizeValueFn(void *user, const char *name, int64_t *value);
bool mdl_size_eval(const MdlSize *size, MdlSizeValueFn *value_of, void *user, int64_t *value);

/* ... as if every name were `each`: a guess of a free size. */
bool mdl_size_guess(const MdlSize *size, int64_t each, int64_t *value);

/* Each name replaced by what `size_of` gives (NULL keeps the name). */
typedef const MdlSize *MdlSizeOfFn(void *user, const char *name);
const MdlSize *mdl_size_substitute(MdlSizes *sizes, const MdlSize *size, MdlSizeOfFn *size_of,
                                   void *user);

/* Solves a = b for `name`, which occurs linearly with coefficient c != 0 outside floor atoms:
 * name = (b - rest)/c. NULL if it does not occur so, or the quotient is not known to be whole. */
const MdlSize *mdl_size_solve(MdlSizes *sizes, const MdlSize *a, const MdlSize *b,
                              const char *name);
/* The whole x >= 0 with size(x) = value, all other names known through `value_of`; for sizes that
 * are linear, or of degree two and monotone, in `name`. False if there is none. */
bool mdl_size_solve_value(MdlSizes *sizes, const MdlSize *size, const char *name,
                          MdlSizeValueFn *value_of, void *user, int64_t value, int64_t *x);

/* Known for every value >= 0 of the names: a >= b, coefficient by coefficient. */
bool mdl_size_dominates(MdlSizes *sizes, const MdlSize *a, const MdlSize *b);

/* For emitting code: walks the normal form bottom-up. `term` is called for every product, etc. */
typedef struct MdlSizeFold {
  void *(*constant)(void *user, int64_t value);
  void *(*name)(void *user, const char *name);
  void *(*add)(void *user, void *a, void *b);
  void *(*sub)(void *user, void *a, void *b);
  void *(*mul)(void *user, void *a, void *b);
  void *(*floor_div)(void *user, void *a, int64_t k);
} MdlSizeFold;
void *mdl_size_fold(const MdlSize *size, const MdlSizeFold *fold, void *user);

#endif
