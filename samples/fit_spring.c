/* Looks for a spring that brings a weight to 0.25 after a second, by the gradient that
 * runs back through all 200 steps of spring.mdl.
 *   ./fit_spring */
#include "spring.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 200, ROUNDS = 60 };

int main(void)
{
  spring_Spring spring = {1.0, 9.0, 0.5}; /* mass, stiffness, damping */
  const double start = 1.0, step = 1.0 / STEPS, target = 0.25, rate = 3.0;
  void *work = malloc(SPRING_FIT_WORK_BYTES(STEPS) + 1);
  double distance, where;
  int i;
  if (!work) return 1;
  for (i = 0; i <= ROUNDS; i++) {
    if (spring_fit(STEPS, &spring, start, step, target, rate, &distance, work)) return 1;
    if (i % 5 == 0)
      printf("round %2d  loss %.3e  stiffness %.4f  damping %.4f\n", i, distance, spring.stiffness,
             spring.damping);
  }
  if (spring_position(STEPS, &spring, start, step, &where, work)) return 1;
  printf("at %.6f after a second, wanted %.6f\n", where, target);
  free(work);
  return !(where > target - 1e-3 && where < target + 1e-3);
}
