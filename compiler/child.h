/* Work in a process of its own: what hangs is ended, what crashes takes nothing with it. */
#ifndef MDL_COMPILER_CHILD_H
#define MDL_COMPILER_CHILD_H

#include "ir/arena.h"

#include <stdbool.h>
#include <stdio.h>

typedef struct MdlChild {
  bool late;         /* ended after its time */
  int signal;        /* that ended it, or 0 */
  const char *bytes; /* what it wrote to `out` */
  size_t length;
  const char *log; /* the end of what it wrote to standard error */
} MdlChild;

/* Runs work(user, out) in a child of at most that many seconds. False: no child could be made,
 * errno says why. */
bool mdl_child_run(MdlArena *arena, void (*work)(void *user, FILE *out), void *user, double seconds,
                   MdlChild *child);

#endif
