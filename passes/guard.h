/* What an entry checks before it touches memory. */
#ifndef MDL_PASSES_GUARD_H
#define MDL_PASSES_GUARD_H

#include "passes/entry.h"

/* Builds the condition under which the entry gives up with MDL_BAD_SIZE: a size is negative, a
 * tensor is larger than memory, a guard of the signature does not hold. False: nothing to check. */
bool mdl_guard(MdlEntry *e, MlirValue *bad);

#endif
