/* Which tensor ops of a block belong together. */
#ifndef MDL_PASSES_PARTITION_H
#define MDL_PASSES_PARTITION_H

#include "ir/ir.h"
#include "ir/machine.h"

enum { MDL_MAX_ROOTS = 8 }; /* results of a group */

/* One nest: its ops in program order, the last one that others see, and the op that owns the loop
 * nest (null for maps). */
typedef struct MdlPart {
  MlirOperation root, seed;
  int ops;
  MlirOperation *op;
  bool is_kept; /* something outside of groups uses it */
} MdlPart;

/* Parts in program order of their roots. */
int mdl_partition(MdlIr *ir, const MdlMachine *machine, MlirBlock block, MdlPart **parts);

/* A group to be: parts that run in one nest. */
typedef struct MdlCluster {
  int parts;
  MdlPart **part;     /* in program order */
  MlirOperation seed; /* owns the nest; null: maps, or rows */
  int rows;           /* axes that the outer loops run over, the parts being phases; -1: no rows */
  int roots;
  MlirValue root[MDL_MAX_ROOTS]; /* what others see, in program order */
  int ops;
  MlirOperation *op; /* of all parts, in program order, each once */
} MdlCluster;

/* A block's ops once more: each piece is a cluster, or an op that stays. */
typedef struct MdlPiece {
  MdlCluster *cluster; /* NULL: the op */
  MlirOperation op;
} MdlPiece;

/* Merges parts where that pays on the machine, and puts the block into an order in which every piece
 * comes after what it needs. */
int mdl_merge(MdlIr *ir, const MdlMachine *machine, MlirBlock block, MdlPiece **steps);

/* Before grouping: elements read and written by several indices are so in one step, without copies of
 * rows. Recurses into regions. */
void mdl_join_elements(MdlIr *ir, MlirBlock block);
/* Before grouping: padding of conv and windows becomes a pad op, tensor checks become scalar ones,
 * constants stand in the block that uses them. Recurses into regions. */
void mdl_normalise(MdlIr *ir, MlirBlock block);
/* The scalar that changes nothing in a reduction, or in what a window or conv finds outside of its
 * operand. */
MlirValue mdl_build_neutral(MdlBuilder *b, MdlOp op, MdlDtype dtype);

#endif
