/* Maps on a GPU in vectors: which may run so, and what for. */
#ifndef MDL_PASSES_GPU_MAPS_H
#define MDL_PASSES_GPU_MAPS_H

#include "passes/gpu.h"

/* What a map's vectors touch. */
typedef struct MdlGpuLanes {
  int bytes;      /* of which every address must be a multiple */
  MdlMap *memory; /* tensors that are read or stored in vectors: operands, results, tables */
  int extents;    /* run-time lengths that must be multiples of the width */
  const MdlSize *extent[MDL_MAX_RANK];
} MdlGpuLanes;

/* How many elements a thread makes at once; 1: no map, or not worth it. */
int mdl_gpu_lanes(const MdlGroup *g, MdlGpuLanes *found);

#endif
