/* How groups run on a GPU (machines with a warp): what a thread, a block and the grid do. A group's
 * nest asks where its thread stands by gpu ops, so the same function runs as a kernel of its own on
 * a whole grid, or inside a kernel of one block that runs several groups. */
#ifndef MDL_PASSES_GPU_H
#define MDL_PASSES_GPU_H

#include "passes/nest.h"

typedef enum MdlGpuMode {
  MDL_GPU_points, /* the grid's threads share the points; each point is one thread's */
  MDL_GPU_blocks, /* the grid's blocks share the points; a block's threads reduce one together */
  MDL_GPU_columns, /* the grid's blocks share strips of a kept last axis; a block's threads stand in
                      rows along one and reduce it together */
  MDL_GPU_tiles,  /* the grid's blocks share tiles of a product of matrices (passes/gpu_tiles.c) */
  MDL_GPU_rows,   /* teams of threads share the rows: passes/gpu_rows.c */
  MDL_GPU_all,    /* every thread computes the scalar that is returned */
  MDL_GPU_one     /* one thread does it all */
} MdlGpuMode;

enum { MDL_GPU_THREADS = 256 /* of a block, where the group has no `mdl.threads` */ };

MdlGpuMode mdl_gpu_mode(const MdlGroup *g);
/* How many points there are: the units that the grid shares. NULL on overflow. */
const MdlSize *mdl_gpu_points(const MdlGroup *g);
/* Writes both on the loop-form function: `mdl.gpu` and `mdl.points`; and in `mdl.each` how many points
 * a thread makes at once, if not one. */
void mdl_gpu_mark(MdlNest *n);
/* "points", "blocks", ...; NULL for a function that is no group. */
const char *mdl_gpu_mode_of(MdlIr *ir, MlirOperation func);

/* In place of the loops of a space: one loop that strides over all points by all threads; in
 * vectors first where it has lanes (passes/gpu_maps.c). */
bool mdl_gpu_space_next(MdlNest *n, MdlSpace *s, MdlPoint *p);
/* The point of a number, row-major: neighbouring numbers are neighbours along the last axis; and how
 * many there are. */
void mdl_gpu_split(MdlNest *n, int rank, const MlirValue *extent, MlirValue number, MdlPoint *p);
MlirValue mdl_gpu_product(MdlNest *n, int rank, const MlirValue *extent);
/* A tensor's memory as one axis, for points that have a number. */
MlirValue mdl_gpu_numbered(MdlNest *n, MlirValue tensor, MlirValue memory);
/* A map's lanes. */
MdlScheduleFn mdl_gpu_choose_map;
/* The number of this thread in the grid, and of all threads. */
MlirValue mdl_gpu_thread(MdlBuilder *b);
MlirValue mdl_gpu_threads(MdlBuilder *b);
/* The first thread of all, alone; end with mdl_gpu_one_end. */
void mdl_gpu_one_begin(MdlNest *n, MdlBranch *branch);
void mdl_gpu_one_end(MdlNest *n, MdlBranch *branch);

MdlNestFn mdl_gpu_reduce, mdl_gpu_contract, mdl_gpu_scatter, mdl_gpu_scan, mdl_gpu_sort;
/* Scans: who takes a line, and how many units of those there are. */
MdlGpuMode mdl_gpu_scan_mode(const MdlGroup *g);
const MdlSize *mdl_gpu_scan_points(const MdlGroup *g);
/* Is a block a place of the result better than a thread a line? */
bool mdl_gpu_scatters_by_blocks(const MdlGroup *g);
/* Is the reduction one of parts that a thread each finds (passes/gpu_split.c)? */
bool mdl_gpu_is_part(const MdlGroup *g);
/* Reductions by columns: how many stand side by side in a strip; how many strips there are. */
int64_t mdl_gpu_strip(const MdlGroup *g);
const MdlSize *mdl_gpu_strips(const MdlGroup *g);

/* How the threads of a team combine what they found. */
MdlAllReduce mdl_gpu_all_reduce(MdlOp reduction, MdlDtype dtype);

/* Rows: threads that share one, by its length; `mdl.team` on the group. Blocks for all of them. */
int mdl_gpu_team(MdlIr *ir, MlirOperation group);
const MdlSize *mdl_gpu_row_blocks(const MdlGroup *g);

/* Sums along a onehot's axis are its updates (passes/gpu_onehot.c). */
void mdl_gpu_onehot_sums(MdlIr *ir, MlirBlock block);

/* Totals over rows (passes/gpu_totals.c): a reduction of a whole tensor that rows have found becomes
 * one within the rows and one over them; and among the parts of a block, what such a total reads
 * becomes a part of its own. Returns how many there are then. */
void mdl_gpu_row_totals(MdlIr *ir, MlirBlock block);
bool mdl_gpu_is_row_sum(MdlIr *ir, MlirOperation op);
int mdl_gpu_split_totals(MdlIr *ir, int parts, MdlPart **part);

/* A product of matrices that is worth tiles; how many there are; its loops. */
bool mdl_gpu_has_tiles(const MdlGroup *g);
const MdlSize *mdl_gpu_tiles(const MdlGroup *g);
void mdl_gpu_contract_tiles(MdlNest *n);
/* What a padding by zeros pads, where tiles can read that instead, as it lies in memory: the tensor
 * behind views; the padded one itself, where they cannot. */
MlirValue mdl_gpu_padded(MdlIr *ir, MlirOperation pad);

#endif
