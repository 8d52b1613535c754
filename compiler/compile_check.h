/* `mdlc compile-check --target=tpu:v5e:2x2 FILE.mdl [ENTRY]`: compiles for a TPU that is not there,
 * and says what the compiler made of each entry. */
#ifndef MDL_COMPILER_COMPILE_CHECK_H
#define MDL_COMPILER_COMPILE_CHECK_H

#include "compiler/job.h"

MdlExit mdl_compile_check(MdlSession *session, const MdlCommandLine *line);

#endif
