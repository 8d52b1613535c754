/* The loops of a group of rows, while they are made: what nest_rows.c and gpu_rows.c share. */
#ifndef MDL_PASSES_ROWS_H
#define MDL_PASSES_ROWS_H

#include "passes/nest.h"
#include "passes/phases.h"

enum { MDL_MAX_SUMS = 16, MDL_MAX_STORES = MDL_MAX_ROOTS + MDL_MAX_KEPT };

typedef struct MdlRows {
  MdlNest *n;
  MdlPhases p;
  MdlPoint row;
  int totals; /* reductions of all rows */
  const MdlSink *total[MDL_MAX_SUMS];
  MlirValue sum[MDL_MAX_SUMS];
  MlirValue lane;                /* GPU: which thread of the row's team this is */
  int width;                     /* ... elements that it takes at once */
  MlirValue array[MDL_MAX_KEPT]; /* what it keeps; no value: not yet */
} MdlRows;

/* One loop over the row. */
typedef struct MdlRowPass {
  MdlRows *r;
  int sums, stores;
  const MdlSink *sum[MDL_MAX_SUMS], *store[MDL_MAX_STORES];
  const MdlType *shape;
  MdlPoint q;
} MdlRowPass;

MlirValue mdl_rows_start(MdlRows *r, const MdlSink *s, int lanes);
MlirValue mdl_rows_combine(MdlRows *r, const MdlSink *s, MlirValue so_far, MlirValue next);
/* One step at q: everything is computed before anything is stored. */
void mdl_rows_step(MdlRowPass *pass, const MlirValue *so_far, MlirValue *next);
/* The row's element of a value that has one a row. */
MdlPoint mdl_rows_point(const MdlRows *r, MlirValue value);
/* Any shape that has the rows' axes. */
const MdlType *mdl_rows_shape(MdlRows *r);
/* All phases of the row at r->row. */
void mdl_rows_run(MdlRows *r);

/* On a GPU: all rows, shared by teams; one loop of a team, from and to `sum`; results that are
 * stored once a row, by one thread. */
void mdl_gpu_rows(MdlRows *r);
void mdl_gpu_rows_pass(MdlRowPass *pass, MlirValue *sum);
void mdl_gpu_rows_store(MdlRows *r, int count, const MlirValue *value);

#endif
