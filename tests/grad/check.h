/* Is a derivative right? Six-point differences of the evaluator in long double, the dot-product
 * test, and both again one order up. */
#ifndef MDL_TESTS_GRAD_CHECK_H
#define MDL_TESTS_GRAD_CHECK_H

#include "tests/cases/wide.h"

#include <check.h>

typedef struct Bench {
  MdlSession *session;
  MdlIr *ir;
  MlirOperation module;
  uint64_t seed;
  const char *passes; /* run until a recipe has its body */
} Bench;

Bench bench_create(void);
void bench_destroy(Bench *b);
/* A module from MLIR text; fails the test with MLIR's words if it does not parse and verify. */
void bench_parse(Bench *b, const char *text);

/* In [0, 1), the same on every machine. */
double bench_draw(Bench *b);

/* A recipe of a function, filled in by the pipeline's mdl-form passes that derivatives need. */
MlirOperation bench_derive(Bench *b, const char *of, const char *kind);

/* Runs the bench's passes until the declaration has its body. */
MlirOperation bench_fill(Bench *b, const char *name);
/* The same until every recipe of the module has its body. */
void bench_settle(Bench *b);
/* Added to every failure from now on: which program is being tried. */
void bench_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Where arguments are drawn from. */
typedef struct Range {
  double lo, hi;
  bool whole; /* whole numbers only: zeros are among them */
} Range;

/* Checks jvp and vjp of the function at orders 1 and 2, wrt every float argument and of every
 * float result, at drawn points. Draws that give no finite value, or straddle a kink (differences
 * with another step disagree), are drawn again. Returns how many draws counted. */
int check_derivatives(Bench *b, const char *func, Range range, int draws);

/* The same by reverse mode alone, for functions with a vjp rule: the dot-product test against
 * differences. */
int check_reverse(Bench *b, const char *func, Range range, int draws);

/* Do two functions of one type give the same float results at a drawn point, NaN where the other
 * has NaN? */
bool bench_agree(Bench *b, const char *one, const char *other, Range range);
/* The same, to the bit, with every value rounded to its element type; NaN is NaN. */
bool bench_same_bits(Bench *b, const char *one, const char *other, Range range);

#endif
