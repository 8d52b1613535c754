/* PJRT plugins for the driver: which one, loaded, and what is wrong with it as a report. */
#ifndef MDL_COMPILER_PLUGIN_H
#define MDL_COMPILER_PLUGIN_H

#include "compiler/job.h"
#include "runtime/pjrt.h"

/* One entry for XLA, as text and as what the client checks against. */
typedef struct MdlXlaProgram {
  const char *text; /* StableHLO */
  mdl_pjrt_interface io;
} MdlXlaProgram;

/* `size_of` knows the free sizes, or is NULL. The module is in mdl form. False: reported. */
bool mdl_xla_program(MdlJob *job, MlirOperation entry, MdlSizeValueFn *size_of, void *user,
                     MdlXlaProgram *program);
void mdl_xla_close(MdlXlaProgram *program);
mdl_pjrt_source mdl_xla_source(const MdlXlaProgram *program);

/* The file named by --pjrt=, or by the environment variable, or `otherwise`; NULL: E0821. */
const char *mdl_plugin_path(MdlJob *job, const char *variable, const char *otherwise);
/* Reports what a call of the client said, E0821 to E0826; XLA's own errors at their places. */
MdlReport *mdl_plugin_report(MdlJob *job, mdl_pjrt_status status, const char *error,
                             const char *help);

#endif
