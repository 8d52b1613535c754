/* Entries of a job by the names on the command line. */
#ifndef MDL_COMPILER_ENTRY_H
#define MDL_COMPILER_ENTRY_H

#include "compiler/job.h"

/* The entry of that name. NULL wants the only one: E0813 for several. False: reported. */
bool mdl_entry_named(MdlJob *job, const char *name, MlirOperation *entry);
/* That one, or all of them for NULL; in the arena. */
bool mdl_entries_named(MdlJob *job, const char *name, MlirOperation **entries, int *count);

#endif
