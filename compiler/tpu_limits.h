/* What a TPU's compiler takes, but not well: warned of at its place. */
#ifndef MDL_COMPILER_TPU_LIMITS_H
#define MDL_COMPILER_TPU_LIMITS_H

#include "compiler/job.h"

/* W109 for every op of the entry that a TPU has no instruction for and that is slow to replace. */
void mdl_tpu_limits(MdlJob *job, MlirOperation entry);

#endif
