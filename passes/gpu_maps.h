/* Maps on a GPU in vectors: which may run so, and what for. */
#ifndef MDL_PASSES_GPU_MAPS_H
#define MDL_PASSES_GPU_MAPS_H

#include "passes/gpu.h"
#include "passes/phases.h"

/* What a map's vectors touch. */
typedef struct MdlGpuLanes {
  int bytes;      /* of which every address must be a multiple */
  MdlMap *memory; /* tensors that are read or stored in vectors: operands, results, tables */
  int extents;    /* run-time lengths that must be multiples of the width */
  const MdlSize *extent[MDL_MAX_RANK];
} MdlGpuLanes;

/* How many elements a thread makes at once; 1: no map, or not worth it. */
int mdl_gpu_lanes(const MdlGroup *g, MdlGpuLanes *found);

/* The same for all that the loops over rows of a group make. */
bool mdl_gpu_row_lanes(const MdlGroup *g, const MdlPhases *p, int width, MdlGpuLanes *found);
/* May all that vectors of `width` lanes touch be touched so? A bool, known at run time. */
MlirValue mdl_gpu_may_run(MdlNest *n, const MdlGpuLanes *found, int width);

/* A map that turns an operand around, by squares through shared memory (gpu_turn.c); how many; its
 * loops. */
bool mdl_gpu_turns(const MdlGroup *g);
const MdlSize *mdl_gpu_squares(const MdlGroup *g);
void mdl_gpu_turn(MdlNest *n);

#endif
