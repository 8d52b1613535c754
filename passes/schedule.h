/* Schedules: how the loop nest of a group runs. The attribute `mdl.schedule` of every group, chosen
 * by one pure function a class from the group and the machine table, written by the `schedule`
 * pass, read by the nests; `--emit=schedule` prints them and `--schedule=FILE` overrides them.
 *
 * What a schedule may change. Contractions and kept axes: the speed and nothing else, every sum
 * runs over the contracted axes in order. A reduction whose `lanes` axis is itself reduced: the
 * order of its sum, which is then `unroll[1]` accumulators of `width` lanes, combined pairwise,
 * then across the lanes by halves, then the elements behind the last whole step, one by one. That
 * order is all that the attribute says, so every backend gives the same bits. */
#ifndef MDL_PASSES_SCHEDULE_H
#define MDL_PASSES_SCHEDULE_H

#include "ir/record.h"
#include "passes/group.h"

enum { MDL_MAX_AXES = 2 * MDL_MAX_RANK };

/* The axes of a group, by which a schedule names them: those of its result, then those that it sums
 * over; for reductions and rows those of the operand. A flat group has one. */
typedef struct MdlAxis {
  const MdlSize *extent;
  bool is_reduced;
} MdlAxis;
int mdl_group_axes(const MdlGroup *g, MdlAxis *axis);

typedef struct MdlSchedule {
  int lanes;              /* the axis along the vectors; -1: none */
  int width;              /* elements of a vector; 1 without lanes */
  int rows;               /* contractions: the axis of the tile's rows; -1: it has one row */
  int unroll[2];          /* rows and vectors of a register tile; reductions: [1] accumulators, or
                             vectors side by side along a kept axis */
  int tile[MDL_MAX_AXES]; /* block of an axis that stays in cache; 0: no blocks */
  int pack;               /* contractions: a bit for each operand that is copied into panels: of
                             columns, where it runs along the lanes, else of rows */
  int least;              /* rows from which columns are packed at run time; 0: always */
  int threads;            /* the axis that threads share; -1: none (the only value so far) */
} MdlSchedule;
MdlSchedule mdl_schedule_plain(void); /* one element at a time */

/* ---- choosing: pure functions of group and machine --------------------------------------- */

typedef MdlSchedule MdlScheduleFn(const MdlGroup *g);
MdlScheduleFn mdl_schedule_choose_map, mdl_schedule_choose_reduce, mdl_schedule_choose_window,
    mdl_schedule_choose_contract, mdl_schedule_choose_rows;
MdlSchedule mdl_schedule_choose(const MdlGroup *g); /* by class */
/* Accumulators of a vector each along a reduced axis. */
int mdl_schedule_ways(const MdlSize *extent, int width);
/* Lanes of a vector of such elements; 1: none. */
int mdl_schedule_width(const MdlMachine *machine, MdlDtype dtype);
/* What a size counts as: its value, or as if every free size were 256. */
int64_t mdl_schedule_guess(const MdlSize *size);

/* ---- the attribute ----------------------------------------------------------------------- */

/* The chosen one, written. */
void mdl_schedule_give(MdlIr *ir, const MdlMachine *machine, MlirOperation group);
void mdl_schedule_write(const MdlGroup *g, const MdlSchedule *s);
/* "M, N, K": the group's axes, as its schedule names them. */
const char *mdl_schedule_axes(const MdlGroup *g);
/* One field into the schedule: NULL, or what is wrong with it, in the arena. */
const char *mdl_schedule_take(const MdlGroup *g, MdlSchedule *s, const MdlRecordField *field);
/* NULL, or why the group has none that can be used, in the arena. */
const char *mdl_schedule_read(const MdlGroup *g, MdlSchedule *s);
/* NULL, or what the group cannot run so. */
const char *mdl_schedule_wrong(const MdlGroup *g, const MdlSchedule *s);
/* Elements that a contraction packs, of the operand along the lanes or of the other one, which lies
 * behind it; NULL: none. */
const MdlSize *mdl_schedule_panels(const MdlGroup *g, const MdlSchedule *s, bool of_rows);
/* Bytes that the nest wants in the work buffer, beside its results; NULL: none. */
const MdlSize *mdl_schedule_scratch(const MdlGroup *g, const MdlSchedule *s);
/* ... and of which type its elements are. */
MdlDtype mdl_schedule_scratch_dtype(const MdlGroup *g);
/* Bytes that the work buffer holds for that: enough for what any 64-bit processor of the machine
 * table would choose, so that one header serves objects and C for all of them. NULL: none. */
const MdlSize *mdl_schedule_reserved(const MdlGroup *g, const MdlSchedule *s);

/* ---- text (the format: schedule_text.c) -------------------------------------------------- */

/* A line for every group of a module that has schedules. In the arena. */
const char *mdl_schedule_print(MdlIr *ir, MlirOperation module, const MdlMachine *machine);
/* Overrides by such lines, a file of the session. False: an error was reported. */
bool mdl_schedule_override(MdlPass *pass, int file);

#endif
