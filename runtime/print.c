#include "runtime/mdl.h"

static mdl_printer *chosen; /* a hook of the application */

void mdl_print_use(mdl_printer *printer) { chosen = printer; }

void mdl_print(const char *text, int element, int rank, const int64_t *shape, const void *data) {
  if (chosen) chosen(text, element, rank, shape, data);
}
