/* Groups: private functions with `mdl.group`, one loop nest each. */
#ifndef MDL_PASSES_GROUP_H
#define MDL_PASSES_GROUP_H

#include "passes/pass.h"

/* An analysis of a group's function, made when it is asked for and never stored. */
typedef struct MdlGroup {
  MdlIr *ir;
  const MdlMachine *machine;
  MlirOperation func; /* in group form */
  MlirOperation seed; /* the op that owns the loop nest; null: a map */
  bool flat;          /* every access is at the same point: one axis stands for all */
  const MdlMap *stored; /* tensors made here that are in memory by now; NULL: none */
} MdlGroup;
MdlGroup mdl_group_read(MdlIr *ir, const MdlMachine *machine, MlirOperation func);

/* A group of rows: what its loops run over, row axes first: the operand of the first reduction, else
 * the result with the most axes. */
const MdlType *mdl_group_rows_shape(const MdlGroup *g);

/* Of an element in a vector; 0: never in one (halves and index values). */
int mdl_lane_bytes(MdlDtype dtype);
/* Can the value be read as a vector along this axis? All lanes must be `bytes` wide. */
bool mdl_group_lanes(const MdlGroup *g, MlirValue tensor, int axis, int bytes);
/* ... and the group's results finished so, given the seed's value as a vector? */
bool mdl_group_lanes_out(const MdlGroup *g, int axis, int bytes);

bool mdl_is_group(MlirOperation func);
/* Names of the sizes that a group takes as arguments, alphabetically. */
int mdl_group_sizes(MdlIr *ir, MlirOperation group, const char ***names);
/* Which operand's memory result i is written to; -1: its own. */
int mdl_group_in_place(MlirOperation group, int result);
/* The loop-form function of a group: sizes, operands, results' memory, scratch; scalar results
 * returned. Null: an error was reported. */
MlirOperation mdl_group_lower(MdlPass *pass, MlirOperation group);

#endif
