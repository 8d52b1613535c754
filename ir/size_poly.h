/* The inside of a size, for the files that implement ir/size.h. */
#ifndef MDL_IR_SIZE_POLY_H
#define MDL_IR_SIZE_POLY_H

#include "ir/map.h"
#include "ir/size.h"

/* A name, or floor(of/k) where `of` has coefficients in 0..k-1 and is in lowest terms. */
typedef struct MdlSizeAtom {
  const char *text; /* interned: equal atoms have equal pointers here */
  const MdlSize *of; /* NULL for a name */
  int64_t k;
} MdlSizeAtom;

/* coefficient * the product of `factor`, sorted by text, repeats for powers. */
typedef struct MdlSizeTerm {
  int64_t coefficient;
  int factors;
  MdlSizeAtom *factor;
} MdlSizeTerm;

/* The sum of the terms over `divisor`; whole for every whole value of the names. */
struct MdlSize {
  int terms;
  MdlSizeTerm *term; /* by degree, then alphabet; the constant last; no coefficient is 0 */
  int64_t divisor;   /* > 0 */
  const char *text;
};

struct MdlSizes {
  MdlArena *arena;
  MdlMap *by_text;
};

enum { MDL_SIZE_MAX_TERMS = 256, MDL_SIZE_MAX_FACTORS = 32 };

/* Sorts, merges, reduces, prints and interns. Takes the terms. NULL on overflow or beyond the
 * limits above. */
const MdlSize *mdl_size_normal(MdlSizes *sizes, int terms, MdlSizeTerm *term, int64_t divisor);
const MdlSize *mdl_size_of_atom(MdlSizes *sizes, MdlSizeAtom atom);
/* The text of a sum already in normal order. */
const char *mdl_size_print(MdlArena *arena, int terms, const MdlSizeTerm *term, int64_t divisor);
/* Is the sum divisible by k for every whole value of its names? */
bool mdl_size_divides(const MdlSize *size, int64_t k);

#endif
