/* The command `mdlc`, without the process around it. */
#ifndef MDL_COMPILER_COMMAND_H
#define MDL_COMPILER_COMMAND_H

#include "compiler/job.h"

/* Texts go to standard output, reports to the session. */
MdlExit mdl_command(MdlSession *session, int argc, char **argv);

/* Format, colour, limit and warnings, as the options say. False: reported, a usage error. */
bool mdl_command_diagnostics(MdlSession *session, const MdlCommandLine *line);

/* The text that the first of --help, --version, --list-X, --explain, --completion asks for; NULL if
 * none does, or after a reported usage error. */
const char *mdl_answer(MdlSession *session, const MdlCommandLine *line);

#endif
