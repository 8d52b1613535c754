/* The reading view: mdl form printed as mdl again, for --emit=ir. It parses as mdl, so a dump can be
 * edited and compiled. One `let` per value that is named or used twice, single uses folded into
 * infix, the source line and type at the right. Any op can be written `mdl.gather(z, y, axis=1,
 * batch=0)`: operands in order, then its attributes by name; `let t: f32[N, 3] = mdl.X(…)` where the
 * sig says Z. Entries come with their signature: struct items first, `m.w` is a field access. */
#ifndef MDL_IR_VIEW_H
#define MDL_IR_VIEW_H

#include "ir/ir.h"

/* Entries and the functions they still call. In the arena, ended by a newline. */
char *mdl_view(MdlIr *ir, MlirOperation module);

#endif
