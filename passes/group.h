/* Groups: private functions with `mdl.group`, one loop nest each. */
#ifndef MDL_PASSES_GROUP_H
#define MDL_PASSES_GROUP_H

#include "passes/pass.h"

bool mdl_is_group(MlirOperation func);
/* Names of the sizes that a group takes as arguments, alphabetically. */
int mdl_group_sizes(MdlIr *ir, MlirOperation group, const char ***names);
/* Which operand's memory result i is written to; -1: its own. */
int mdl_group_in_place(MlirOperation group, int result);
/* The loop-form function of a group: sizes, operands, results' memory; scalar results returned. */
MlirOperation mdl_group_lower(MdlPass *pass, MlirOperation group);

#endif
