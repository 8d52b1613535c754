#include "compiler/run.h"

MdlExit mdl_run(MdlSession *session, const MdlCommandLine *line)
{
  (void)line;
  mdl_error(session, MDL_E0990, MDL_NO_SPAN, "mdlc run");
  return MDL_EXIT_program;
}
