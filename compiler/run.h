/* `mdlc run FILE [ENTRY] [VALUE | NAME=VALUE]...`: compiles in memory, calls, prints. */
#ifndef MDL_COMPILER_RUN_H
#define MDL_COMPILER_RUN_H

#include "compiler/job.h"

MdlExit mdl_run(MdlSession *session, const MdlCommandLine *line);

#endif
