#include "runtime/mdl.h"

static mdl_share *chosen; /* the one global: a hook of the application */

void mdl_parallel_for_use(mdl_share *share) { chosen = share; }

void mdl_parallel_for(int64_t count, mdl_range *body, void *context) {
  if (chosen)
    chosen(count, body, context);
  else if (count > 0)
    body(context, 0, count);
}
