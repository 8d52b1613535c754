/* Which tensor ops of a block belong together. */
#ifndef MDL_PASSES_PARTITION_H
#define MDL_PASSES_PARTITION_H

#include "ir/ir.h"

/* A group to be: its ops in program order, the last one that others see, and the op that owns the
 * loop nest (null for maps). */
typedef struct MdlPart {
  MlirOperation root, seed;
  int ops;
  MlirOperation *op;
} MdlPart;

/* Groups in program order of their roots. */
int mdl_partition(MdlIr *ir, MlirBlock block, MdlPart **parts);

/* Before grouping: padding of conv and windows becomes a pad op, tensor checks become scalar ones,
 * constants stand in the block that uses them. Recurses into regions. */
void mdl_normalise(MdlIr *ir, MlirBlock block);

#endif
