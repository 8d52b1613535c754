/* Loop nests of one group. Two kinds of functions know the ops:
 *   mdl_at_X     maps and moves: your value at this point
 *   mdl_nest_X   seeds (reduce, dot, conv, window, scan, sort, scatter): a nest of their own, which
 *                pulls the operands' values with mdl_nest_at and hands over results with
 *                mdl_nest_emit
 * Fusion, views, broadcasts and pads then cost nothing extra: a group is what is pulled. */
#ifndef MDL_PASSES_NEST_H
#define MDL_PASSES_NEST_H

#include "passes/arith.h"
#include "passes/extent.h"
#include "passes/group.h"
#include "passes/partition.h"
#include "passes/schedule.h"

enum { MDL_MAX_CARRIED = 64 };

/* An element of a tensor, or `width` of them along axis `lane`. */
typedef struct MdlPoint {
  int rank;
  int lane; /* the axis that runs along the vector; -1: one element */
  MlirValue at[MDL_MAX_RANK];
  MlirValue number; /* of the element in its tensor, row-major, where it is known; or no value */
} MdlPoint;

typedef struct MdlMemo {
  MlirValue value, made;
  MdlPoint point;
} MdlMemo;

typedef struct MdlNest {
  MdlPass *pass;
  MdlIr *ir;
  const MdlMachine *machine;
  MdlGroup g;
  MdlSchedule s;
  MlirOperation func; /* in loop form */
  MdlBuilder b;
  MdlExtents extents;
  MdlMap *memory;  /* tensor argument or result of the group -> shaped memory */
  MdlMap *numbered; /* ... -> the same as one axis, on a GPU */
  MdlMap *tables;  /* mdl.table of the group -> shaped constant memory */
  MdlMap *scalars; /* scalar argument -> value */
  MlirValue scratch; /* memory that the schedule asks for; no value: none */
  MdlMap *stored;  /* tensor made here that is in memory by now: loaded like an argument */
  MlirValue buffered; /* a tensor of which `scratch` holds one row; no value: none */
  int rows;        /* axes of the point that say which row */
  int width;       /* lanes of a vector here; 1: none */
  int mode;        /* MdlGpuMode of a machine with a warp (passes/gpu.h) */
  int memos, memo_capacity;
  MdlMemo *memo;
  MlirValue returned[MDL_MAX_ROOTS]; /* scalar results */
} MdlNest;

/* ---- values ------------------------------------------------------------------------------ */

/* The element, or vector, of any tensor of the group; a vector only if the point has a lane.
 * Remembered within the block. */
MlirValue mdl_nest_at(MdlNest *n, MlirValue tensor, const MdlPoint *p);
/* A seed's value at a point: finishes the group's results there and stores them. */
void mdl_nest_emit(MdlNest *n, MlirValue seed, const MdlPoint *p, MlirValue value);
/* The value of a tensor at a point, for everything in this block that asks there. */
void mdl_nest_remember(MdlNest *n, MlirValue tensor, const MdlPoint *p, MlirValue value);
/* The element, or vector, of an argument read as a tensor of another shape. */
MlirValue mdl_nest_load_as(MdlNest *n, MlirValue tensor, const MdlType *type, const MdlPoint *p);
/* The tensor's element, or vector, into the memory of `root`. */
void mdl_nest_store(MdlNest *n, MlirValue tensor, MlirValue root, const MdlPoint *p);
/* Results at a point, pulled; for maps. */
void mdl_nest_finish(MdlNest *n, const MdlPoint *p);
MdlArith mdl_nest_arith(MdlNest *n, const MdlPoint *p);
MdlPoint mdl_point(int rank);
MlirValue mdl_nest_index(MdlNest *n, int64_t value);
MlirValue mdl_nest_extent(MdlNest *n, const MdlSize *size);
const MdlType *mdl_nest_type(MdlNest *n, MlirValue tensor);

/* A pointer shaped as a tensor of the group: one axis where the group is flat. */
MlirValue mdl_nest_shaped(MdlNest *n, MlirValue pointer, const MdlType *type);
/* The group's tables become constant memory. */
void mdl_nest_tables(MdlNest *n);

/* ---- loops ------------------------------------------------------------------------------- */

typedef struct MdlLoop {
  MlirOperation op; /* null: a single round, no loop is made */
  MdlBuilder outer;
  MlirValue iv;
  int carried, memos;
  MlirValue carry[MDL_MAX_CARRIED]; /* inside; after mdl_loop_end the results */
} MdlLoop;

void mdl_loop_begin(MdlNest *n, MdlLoop *loop, MlirValue lo, MlirValue hi, MlirValue step,
                    int carried, const MlirValue *init);
void mdl_loop_end(MdlNest *n, MdlLoop *loop, const MlirValue *next);
/* From 0 to an extent, step 1. */
void mdl_loop_over(MdlNest *n, MdlLoop *loop, MlirValue extent, int carried, const MlirValue *init);

typedef struct MdlRange {
  MlirValue lo, hi;
} MdlRange;
/* The part of the range that whole steps cover; what is left stays in it. False: nothing. */
bool mdl_range_take(MdlNest *n, MdlRange *range, int64_t step, MdlRange *part);

/* Both sides of a condition, each giving one value of the type of the first. */
typedef struct MdlBranch {
  MlirOperation op;
  MdlBuilder outer;
  int memos;
} MdlBranch;
void mdl_branch_begin(MdlNest *n, MdlBranch *branch, MlirValue condition, int results,
                      const MlirType *type);
void mdl_branch_else(MdlNest *n, MdlBranch *branch, int results, const MlirValue *value);
MlirValue mdl_branch_end(MdlNest *n, MdlBranch *branch, int results, const MlirValue *value);

/* All points of a space, the innermost axis in vectors where `lanes`, then the rest one by one:
 *   mdl_space_begin(n, &s, rank, extent, lanes);
 *   while (mdl_space_next(n, &s, &p)) ... one body, made for each width ... */
typedef struct MdlSpace {
  int rank, state;
  bool lanes;
  int width; /* n->width in vectors */
  MlirValue extent[MDL_MAX_RANK], split, number;
  MlirValue thread, threads; /* of a GPU's grid */
  MdlLoop loop[MDL_MAX_RANK];
} MdlSpace;
void mdl_space_begin(MdlNest *n, MdlSpace *s, int rank, const MlirValue *extent, bool lanes);
bool mdl_space_next(MdlNest *n, MdlSpace *s, MdlPoint *p);

/* ---- the ops ----------------------------------------------------------------------------- */

typedef MlirValue MdlAtFn(MdlNest *n, MlirOperation op, const MdlPoint *p);
typedef void MdlNestFn(MdlNest *n, MlirOperation op);

/* Maps, leaves and moves; gather too. */
MlirValue mdl_at(MdlNest *n, MlirOperation op, MdlOp kind, const MdlPoint *p);
/* NULL: no such nest. */
MdlNestFn *mdl_nest_of(MdlOp kind);
/* The loops of the group's seed, for its machine. */
void mdl_nest_seed(MdlNest *n);
MdlNestFn mdl_nest_reduce, mdl_nest_arg, mdl_nest_dot, mdl_nest_conv, mdl_nest_window,
    mdl_nest_window_arg,
    mdl_nest_scan, mdl_nest_sort, mdl_nest_scatter;

/* Combining values of reductions and scans: start and step of sum, prod, max, min, any, all. */
MlirValue mdl_nest_start(MdlArith *a, MdlOp op, MdlDtype dtype);
MlirValue mdl_nest_combine(MdlArith *a, MdlOp op, MdlDtype dtype, MlirValue so_far, MlirValue next);
/* What a scatter leaves where `next` meets `old`. */
MlirValue mdl_nest_scattered(MdlArith *a, MdlOp op, MdlDtype dtype, MlirValue old, MlirValue next);
/* The lanes of a vector combined by halves. */
MlirValue mdl_nest_across(MdlNest *n, MdlOp op, MdlDtype dtype, MlirValue vector);

/* A group of phases over rows (phases.h). */
void mdl_nest_rows(MdlNest *n);

#endif
