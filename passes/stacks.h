/* The forward loop that keeps what its reverse loop needs. */
#ifndef MDL_PASSES_STACKS_H
#define MDL_PASSES_STACKS_H

#include "passes/replay.h"

/* scf.for, or scf.while with a limit whose first carried value counts the rounds. */
typedef struct MdlLoopReplay {
  MdlReplay replay;
  bool is_while;
  int carried;
  const MdlSize *most;          /* trips at most: the extent of stacks */
  MlirValue trips_lo, trips_hi; /* the forward loop runs lo..hi */
  MlirValue round;              /* in the reverse body: the forward loop's index */
  MlirValue *start; /* in the reverse body: stand-ins for the carried values of that round */
  bool *active;     /* carried values with a cotangent */
  int actives;
} MdlLoopReplay;

MlirBlock mdl_loop_body(const MdlLoopReplay *l);
MlirValue mdl_loop_arg(const MdlLoopReplay *l, int i); /* carried value i in the body */
MlirValue mdl_loop_init(const MdlLoopReplay *l, int i);

/* Chooses what to keep, makes the forward loop anew with a stack for each, and reads the stacks
 * where the reverse body starts. */
void mdl_keep_in_loop(MdlReverse *r, MdlLoopReplay *l);

#endif
