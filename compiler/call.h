/* One call of an entry in this process, and what a failed check says. */
#ifndef MDL_COMPILER_CALL_H
#define MDL_COMPILER_CALL_H

#include "compiler/args.h"
#include "compiler/job.h"

typedef struct MdlCall {
  int32_t status;
  int64_t value; /* the offending one, when the status is not 0 */
} MdlCall;

/* The entry's function by its name: passes may have made a new one. */
void mdl_call_find(MdlJob *job, const char *entry, MlirOperation *function);
/* Whether the sizes are what the entry's guards ask for; else the status is what it would return,
 * and names the guard. */
bool mdl_guards_hold(const MdlArgs *args, MdlCall *call);
/* Compiles the job's loop form and calls the entry with args' memory. False: reported. */
bool mdl_call(MdlJob *job, MlirOperation entry, MdlArgs *args, MdlCall *call);
/* The same through XLA, on the plugin that the command line names; the module is in mdl form. */
bool mdl_call_hlo(MdlJob *job, MlirOperation entry, MdlArgs *args, MdlCall *call);
/* Reports E0851..E0854 at the check's place; returns {"status": "error", …}. */
const char *mdl_call_report(const MdlArgs *args, const MdlCall *call);
/* Fills the parameters that were given as init:SEED. False: reported. */
bool mdl_args_init(MdlArgs *args, const MdlJob *job);

#endif
