/* Between the two halves of the pass `launches`: which kernels may run at once (launches.c), one
 * kernel out of several (launches_merge.c). */
#ifndef MDL_PASSES_LAUNCHES_H
#define MDL_PASSES_LAUNCHES_H

#include "passes/access.h"

typedef struct MdlLaunch {
  MlirOperation call, kernel;
  int accesses;
  MdlAccess *access;
  int64_t threads, blocks; /* blocks as guessed where sizes are free */
  int64_t shared;          /* bytes */
  bool can_move;           /* mdl_launch_can_move, and its blocks need not all be there at once */
  bool is_thread;          /* one thread that works on scalars */
  bool is_map;             /* little state a thread, no shared memory */
} MdlLaunch;

enum { MDL_LAUNCH_PARTS = 32 };

/* Is a function called from one place only, and so are those that it calls and that ask where their
 * block stands? Then it may be told. */
bool mdl_launch_can_move(const MdlPass *pass, const MdlMap *calls, MlirOperation func);
/* Launches as one, before the op `at`; their own calls are erased. */
void mdl_launch_merge(MdlPass *pass, MlirOperation entry, int count, const MdlLaunch *const *part,
                      MlirOperation at);

#endif
