/* Random programs, well-typed by construction: entries over tensors with run-time and fixed sizes,
 * loops, branches, comprehensions, and grad, jvp, vjp, vmap nested in one another. */
#ifndef MDL_TESTS_RANDOM_GENERATE_H
#define MDL_TESTS_RANDOM_GENERATE_H

#include "ir/arena.h"
#include "tests/cases/random.h"

/* One program: helper functions and the entry `e<number>`, in the arena. The same seed and size
 * give the same text. `size` limits it: 1 is an expression or two, 4 a page. `without` is a set of
 * features (a bit each) that the program does not use: the reducer leaves them out one by one. */
const char *mdl_random_program(MdlArena *arena, uint64_t seed, int number, int size,
                               uint64_t without);

/* The features' names; NULL past the end. */
const char *mdl_random_feature(int bit);

#endif
