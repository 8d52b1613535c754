/* Register tiles of a contraction and the panels that they read: what its loops and the packing
 * share. */
#ifndef MDL_PASSES_TILES_H
#define MDL_PASSES_TILES_H

#include "passes/contract.h"
#include "passes/nest.h"

typedef struct MdlTiles {
  MdlNest *n;
  MdlContract c;
  MdlSchedule s;
  MlirValue k_extent[MDL_MAX_RANK], k_all;
  MlirValue pack;  /* memory of the panels: [panel][k][columns of it], [tile][k][rows of it] */
  int packed;      /* the operand in panels of columns; -1 */
  int packed_rows; /* the operand in panels of rows; -1 */
  MlirValue first; /* where panels of rows start in `pack` */
  MlirValue block; /* the first row of the block that they are of */
  MlirValue spill; /* a tile's results on the stack, where they leave it one by one */
  bool lanes_out;  /* results are stored in vectors */
} MdlTiles;

/* Rows and columns of a tile; `kept`: the results that there are, if not all. */
typedef struct MdlTile {
  int rows, columns, lanes;
  bool spills;
  MlirValue row, column; /* where it starts; no value: no such axis */
  MlirValue kept;        /* columns that exist, for an edge */
  int64_t panel;         /* columns of its panel */
  MdlPoint base;
} MdlTile;

/* Where the sums are. */
typedef struct MdlStep {
  MlirValue k[MDL_MAX_RANK], linear; /* contracted indices; their row-major number */
} MdlStep;

/* ---- loops ------------------------------------------------------------------------------- */

/* Tiles of the schedule's rows, then one of those that are left, or a row at a time where nobody
 * knows how many these are. */
typedef void MdlTileFn(MdlTiles *c, const MdlTile *t);
void mdl_tiles_over_rows(MdlTiles *c, const MdlTile *panel, MdlRange rows, MdlTileFn *each);
/* Inside the loop over a contracted axis. */
void mdl_step_enter(MdlTiles *c, MdlStep *at, int axis, MlirValue k);

/* ---- panels ------------------------------------------------------------------------------ */

/* Element j of a step over k in the tile's panel of columns. */
MlirValue mdl_panel_column(MdlTiles *c, const MdlTile *t, const MdlStep *at, MlirValue j);
/* Element i of a step over k in the tile's panel of rows. */
MlirValue mdl_panel_row(MdlTiles *c, const MdlTile *t, const MdlStep *at, MlirValue i);
/* Fills the panels of columns, or those of a block of rows. */
void mdl_panels_pack_columns(MdlTiles *c, MdlPoint base);
void mdl_panels_pack_rows(MdlTiles *c, MdlPoint base, MdlRange rows);

#endif
