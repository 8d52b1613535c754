/* Products of matrices and convolutions on a GPU, by tiles of the result: what the engines that
 * multiply share.
 *
 * A contraction is seen as products rows x steps by steps x columns, one for each index of a batch.
 * Rows are the result's axes that one operand alone reads, columns those of the other, which has
 * the result's last axis, so that neighbouring columns are neighbours in memory; axes that both
 * read are batch; steps are the contracted axes. Each side is one number, row-major over its axes.
 * A conv's rows are the output channels of a group, its columns images and places, its batch the
 * groups.
 *
 * The frame (gpu_tiles.c) chooses an engine and runs its tiles: a block takes a tile, places it,
 * and calls the engine, which brings slabs of `steps` of both operands (gpu_tiles_source.c says
 * where they lie), sums, and hands the results to mdl_tiles_emit, which finishes what is fused
 * behind the product. Sums run over the steps in order, so that bits do not depend on the tile.
 *
 * To plug in an engine: declare an MdlTileEngine in a file of its own, and name it in the list of
 * gpu_tiles.c; the first that has a shape for a product makes it. Blocks have MDL_TILE_THREADS
 * threads, also where the function runs inside of a kernel of one block; barriers are for all. */
#ifndef MDL_PASSES_GPU_TILES_H
#define MDL_PASSES_GPU_TILES_H

#include "passes/contract.h"
#include "passes/gpu.h"

enum { MDL_TILE_THREADS = MDL_GPU_THREADS };
enum { MDL_TILE_rows, MDL_TILE_columns };

/* An axis of a side or of the batch; two may share an axis of the result: a conv's groups and the
 * channels of a group. */
typedef struct MdlTileAxis {
  int axis; /* of the result */
  const MdlSize *extent;
  const MdlSize *each; /* so many of the result's axis are one of this */
} MdlTileAxis;

/* A contraction as products; made from the group alone. */
typedef struct MdlTileSides {
  MdlContract c;
  int of[2]; /* the operand along rows, along columns */
  int axes[2], batches;
  MdlTileAxis axis[2][MDL_MAX_RANK], batch[MDL_MAX_RANK];
  const MdlSize *extent[2], *batch_extent, *step_extent;
} MdlTileSides;

/* 0 steps: none. */
typedef struct MdlTileShape {
  int side[2]; /* rows and columns of a tile */
  int each[2]; /* ... of those, a thread's, or whatever the engine splits a tile into */
  int steps;   /* of a slab */
} MdlTileShape;

typedef struct MdlGpuTiles MdlGpuTiles;

typedef struct MdlTileEngine {
  /* The best tile for the product; no steps: this engine does not make it. */
  MdlTileShape (*shape)(const MdlTileSides *s);
  /* Before the loop over tiles: memory, and what a thread knows of itself. Returned: `own`. */
  void *(*open)(MdlGpuTiles *t);
  /* Sums and emits the tile at t->origin. All threads of the block are here; shared memory is free
   * to be written, and must be again at the end. */
  void (*tile)(MdlGpuTiles *t);
  bool knows_ends; /* asks t->step_end which steps exist: some tiles have fewer */
} MdlTileEngine;

struct MdlGpuTiles {
  MdlNest *n;
  MdlTileSides s;
  MdlTileShape shape;
  const MdlTileEngine *engine;
  void *own; /* the engine's */
  MlirValue extent[2], batch_extent, step_extent;
  bool whole[2];           /* known: tiles never reach past the side's end */
  bool whole_steps;        /* known: there are steps, and slabs never reach past their end */
  const MdlSize *in_parts; /* a contracted axis whose parts are a batch (passes/gpu_split.h) */
  int part_axis;           /* ... which axis of the result counts them */
  MlirValue step_end;      /* of this tile: step_extent, or what there is of the last part */
  MlirValue thread;        /* in the block */
  MlirValue batch;         /* which product */
  MlirValue origin[2];     /* the tile's first row and column in it */
  MdlPoint base;           /* the batch axes of a result's point */
};

extern const MdlTileEngine mdl_mma_engine, mdl_simt_engine;
MdlTileShape mdl_simt_shape(const MdlTileSides *s); /* the second one's: gpu_tiles_shape.c */

/* ---- asking of the sides ----------------------------------------------------------------- */

/* False: no products to be made by tiles. */
bool mdl_tiles_read(const MdlGroup *g, MdlTileSides *s);

/* What a size is taken for where tiles are chosen; how many tiles of a shape there are then. */
int64_t mdl_tiles_guess(const MdlSize *size);
int64_t mdl_tiles_count(const MdlTileSides *s, const MdlTileShape *shape);

/* Of a result in a register. */
int mdl_tiles_bytes(const MdlTileSides *s);

/* ---- results ----------------------------------------------------------------------------- */

/* Sets the side's axes of a result's point, `at` being inside the product. */
void mdl_tiles_spread(MdlGpuTiles *t, int side, MlirValue at, MdlPoint *p);
/* Finishes and stores the result at a row and column of the tile, if it exists. */
void mdl_tiles_emit(MdlGpuTiles *t, MlirValue row, MlirValue column, MlirValue value);

/* The same in parts, for one row and many columns or the other way: inside of enter and exit the
 * row or column exists, and is in the point, which starts as t->base. */
typedef struct MdlTileEdge {
  MlirValue at; /* in the product */
  MdlBranch branch;
  bool asks;
} MdlTileEdge;
MdlTileEdge mdl_tiles_enter(MdlGpuTiles *t, int side, MlirValue at, MdlPoint *p);
void mdl_tiles_exit(MdlGpuTiles *t, MdlTileEdge *edge);
/* Inside of both: finishes and stores the result. */
void mdl_tiles_finish(MdlGpuTiles *t, MdlPoint *p, const MdlTileEdge *edge, MlirValue value);
/* The side to enter first: its indices cost more to find. */
int mdl_tiles_outer(const MdlGpuTiles *t);

/* ---- operands (gpu_tiles_source.c) ------------------------------------------------------- */

/* An operand as a tensor in memory, whose axes may stand in another order, padded with zeros. */
typedef struct MdlTileView {
  MlirValue tensor;                /* in memory, if no op of the group makes it */
  const MdlType *type;             /* as which it is seen, row-major */
  int axis[MDL_MAX_RANK];          /* of that, for each of the operand's */
  MlirOperation pad;               /* null: none */
  const MdlSize *lo[MDL_MAX_RANK]; /* by the operand's axes */
  int64_t inner[MDL_MAX_RANK];
  bool is_padded[MDL_MAX_RANK];
} MdlTileView;
MdlTileView mdl_tiles_view(MdlIr *ir, MlirValue operand);

enum { MDL_TILE_PADS = 3 /* most padded axes of an operand that is read where it lies */ };

/* An axis of memory, padded: index i of the operand's is (i - lo)/every here, where that is whole
 * and inside. */
typedef struct MdlTilePad {
  int axis; /* the operand's */
  const MdlSize *lo, *extent, *stride;
  int64_t every;
} MdlTilePad;

/* Axes of an operand that one number runs over, as far as they do not lie behind each other like
 * one axis. */
typedef struct MdlTileRun {
  const MdlSize *extent, *stride; /* stride: elements of the operand's memory */
  const MdlSize *by;              /* ... and indices of the operand's axis */
  int pad;                        /* which of the source's, if the axis is padded; -1: it is not */
} MdlTileRun;

/* Where a side's operand is read. */
typedef struct MdlTileSource {
  MdlGpuTiles *t;
  int side, operand;
  bool is_flat;  /* memory as it is: an element is flat[batch + along + step], or 0 in padding */
  bool by_steps; /* neighbours in memory are neighbours in steps; else in rows or columns */
  int lanes;     /* elements that lie behind each other and start at a multiple of their bytes, if
                    the memory does: up to 16 bytes, along the steps or the side as `by_steps`
                    says; 1 where unknown */
  MlirValue aligned; /* does the memory? A caller's pointer may not. For lanes > 1 */
  MlirValue flat;    /* one axis */
  MdlTileView view;
  int pads;
  MdlTilePad pad[MDL_TILE_PADS];
  int batch_runs, side_runs, step_runs;
  MdlTileRun batch_run[MDL_MAX_RANK], side_run[MDL_MAX_RANK], step_run[MDL_MAX_RANK];
} MdlTileSource;

/* A row or column of the product: what of it the elements' places need, found once. */
typedef struct MdlTileLine {
  MdlPoint point;                 /* of a result there */
  MlirValue offset;               /* flat: batch and side */
  MlirValue along[MDL_TILE_PADS]; /* ... and what they are along padded axes */
} MdlTileLine;

MdlTileSource mdl_source_open(MdlGpuTiles *t, int side);
/* `at`: inside the product. */
MdlTileLine mdl_source_line(MdlTileSource *s, MlirValue at);
/* Flat, not padded: where a step that exists is read. */
MlirValue mdl_source_place(MdlTileSource *s, const MdlTileLine *line, MlirValue step);
/* The element at a step, 0 past the last; flat and several lanes: a vector, where the memory is
 * aligned. */
MlirValue mdl_source_load(MdlTileSource *s, const MdlTileLine *line, MlirValue step, int lanes);
/* Flat: its bits as they lie in memory. */
MlirValue mdl_source_cell(MdlTileSource *s, const MdlTileLine *line, MlirValue step);

/* ---- small things ------------------------------------------------------------------------ */

/* Shared memory, or a thread's own, of the result's registers: up to 3 axes. */
MlirValue mdl_tiles_shared(MdlGpuTiles *t, int rank, const int *dim, const char *name);
MlirValue mdl_tiles_own(MdlGpuTiles *t, int count, const char *name);
/* A loop over `count` rounds that the compiler unrolls; end with mdl_loop_end. */
void mdl_tiles_unrolled(MdlGpuTiles *t, MdlLoop *loop, int count);

#endif
