/* Stand-in for CUDA's header of this name: the barrier of a whole grid. */
#ifndef EMU_COOPERATIVE_GROUPS_H
#define EMU_COOPERATIVE_GROUPS_H

#include "emu_calls.h"

namespace cooperative_groups
{

struct grid_group {
  void sync(int line = __builtin_LINE()) const { emu_grid_barrier(line); }
};

static inline grid_group this_grid() { return grid_group(); }

} // namespace cooperative_groups

#endif
