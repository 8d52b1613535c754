/* One element of any dtype as text: read exactly, written in the fewest digits that read back. */
#ifndef MDL_COMPILER_NUMBER_H
#define MDL_COMPILER_NUMBER_H

#include "ir/arena.h"
#include "ir/dtype.h"

/* Into the cell, as in memory (a bool is a byte, f16 its bits). False if the dtype has no such
 * value: 0.5 as i32, 300 as u8, 1e39 as f32, 1 as bool. `nan`, `inf`, `-inf` are floats. */
bool mdl_number_read(MdlDtype dtype, const char *text, void *cell);
/* `15`, `0.1`, `1e-7`, `true`, `nan`, `-inf`. */
const char *mdl_number_text(MdlArena *arena, MdlDtype dtype, const void *cell);
/* A float cell as it is, bool and integers converted. */
double mdl_number_value(MdlDtype dtype, const void *cell);
/* Rounded to nearest, ties to even; integers towards zero. The caller knows that it fits. */
void mdl_number_put(MdlDtype dtype, double value, void *cell);

#endif
