/* What happens to one row of a `rows` group, and when. An analysis of its body, never stored: places
 * and loops both ask for it. */
#ifndef MDL_PASSES_PHASES_H
#define MDL_PASSES_PHASES_H

#include "passes/partition.h"
#include "passes/pass.h"

enum { MDL_MAX_PHASES = 64, MDL_MAX_KEPT = 8 };

/* Something that a loop over the row makes: what a reduction gathers, or what is stored. */
typedef struct MdlSink {
  MlirOperation op;
  MlirValue value; /* per element: the reduction's operand, or what is stored */
  bool reduces;
  int phase;
  int result; /* stored: in the memory of this result, or one of the places below; -1: reductions */
} MdlSink;

enum { MDL_ROW_BUFFER = -2, MDL_ROW_KEPT = -3 /* in registers of the team */ };

/* A value that a team of threads keeps in registers: each its own elements of the row. */
typedef struct MdlKept {
  MlirValue value;
  int last;    /* the last phase that wants it */
  bool is_made; /* by a sink; else whoever reads it first keeps it */
} MdlKept;

typedef struct MdlPhases {
  MdlIr *ir;
  MlirOperation group;
  int rows; /* axes of the outer loops */
  int team; /* threads that share a row; 0: one row after the other (no GPU) */
  int phases;
  int sinks, capacity;
  MdlSink *sink; /* in program order */
  MdlMap *phase; /* value -> the phase from which on it can be had, + 1 */
  MdlMap *used;  /* value -> phases in which it is asked for, a bit each (uint64_t *) */
  MlirValue buffered; /* kept in a buffer of one row, in the work buffer; no value: none */
  MdlMap *moved; /* values that are read elsewhere than where the loops stand */
  bool is_plain;
  int kept, room; /* registers of a thread that are left for more */
  MdlKept keep[MDL_MAX_KEPT];
} MdlPhases;

bool mdl_is_rows(MlirOperation group);
MdlPhases mdl_phases_read(MdlIr *ir, MlirOperation group);
/* As if a thread had no registers to keep elements in: what may be written over what is the same for
 * loops with and without. */
MdlPhases mdl_phases_read_plain(MdlIr *ir, MlirOperation group);
/* The first phase in which the value can be had. */
int mdl_phase_of(const MdlPhases *p, MlirValue value);
/* Is it asked for in this phase? */
bool mdl_phase_uses(const MdlPhases *p, MlirValue value, int phase);
/* One row of what is buffered, in elements; NULL: nothing is. Its type goes to `dtype`. */
const MdlSize *mdl_phases_buffer(const MdlPhases *p, MdlDtype *dtype);
/* How many elements of a row of this shape each thread of the team has, where all are known and few
 * enough for registers; else 0. */
int64_t mdl_phases_each(const MdlPhases *p, const MdlType *shape);
/* Made by a team and read elsewhere than where it is made: by another thread, so not through memory.
 */
bool mdl_phases_are_elsewhere(const MdlPhases *p, MlirValue value);
/* May result r be written over operand k: read only where, and not after, r's memory is written. */
bool mdl_phases_may_update(const MdlPhases *p, int result, int operand);

#endif
