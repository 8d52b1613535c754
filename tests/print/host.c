/* A program that takes what its module prints: by a function of its own (-DOWN), by the runtime's
 * hook (-DRUNTIME), or not at all. */
#include "prints.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef OWN
void mdl_print(const char *text, int element, int rank, const int64_t *shape, const void *data)
{
  int64_t count = 1, i;
  printf("%s (%d", text, element);
  for (i = 0; i < rank; i++) {
    count *= shape[i];
    printf("; %d", (int)shape[i]);
  }
  printf(")");
  for (i = 0; i < count; i++)
    if (element == MDL_F32)
      printf(" %g", (double)((const float *)data)[i]);
    else if (element == MDL_F16)
      printf(" %04x", (unsigned)((const uint16_t *)data)[i]);
    else
      printf(" %d", ((const unsigned char *)data)[i]);
  printf("\n");
}
#endif
#ifdef RUNTIME
#include "runtime/mdl.h"
#endif

int main(void)
{
  const float x[] = {1, 2, 3, 4, 5, 6};
  float out = 0;
  void *work = malloc(PRINTS_STEPS_WORK_BYTES(3));
#ifdef RUNTIME
  mdl_print_use(mdl_print_stderr);
#endif
  if (!work || prints_steps(3, x, true, 0x3e00, &out, work)) return 1;
  printf("%g\n", (double)out);
  free(work);
  return 0;
}
