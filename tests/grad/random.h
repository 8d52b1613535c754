/* Random well-typed programs out of the op table: smooth and unsmooth ops, moves, reductions,
 * products, loops and branches. */
#ifndef MDL_TESTS_GRAD_RANDOM_H
#define MDL_TESTS_GRAD_RANDOM_H

#include "tests/grad/check.h"

/* A module with one private function @f of a few f64 tensors and scalars; the seed decides. */
void random_program(Bench *b, uint64_t seed);

#endif
