/* A small seeded generator (splitmix64): the same on every machine. */
#ifndef MDL_TESTS_CASES_RANDOM_H
#define MDL_TESTS_CASES_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct MdlRandom {
  uint64_t state;
} MdlRandom;

static inline uint64_t mdl_random_bits(MdlRandom *r)
{
  uint64_t z = r->state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static inline int mdl_random_below(MdlRandom *r, int n)
{
  return (int)((mdl_random_bits(r) >> 32) * (uint64_t)n >> 32);
}

static inline bool mdl_random_chance(MdlRandom *r, int percent)
{
  return mdl_random_below(r, 100) < percent;
}

/* In [0, 1). */
static inline double mdl_random_unit(MdlRandom *r)
{
  return (double)(mdl_random_bits(r) >> 11) * 0x1p-53;
}

/* Near normal: the sum of four. */
static inline double mdl_random_normal(MdlRandom *r)
{
  double sum = -2;
  for (int i = 0; i < 4; i++) sum += mdl_random_unit(r);
  return sum * 1.7320508075688772;
}

#endif
