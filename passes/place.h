/* Places: where every tensor of an entry lives. */
#ifndef MDL_PASSES_PLACE_H
#define MDL_PASSES_PLACE_H

#include "passes/entry.h"

/* The pointer to a tensor's place. */
MlirValue mdl_place_memory(MdlEntry *e, MlirValue tensor);
/* Makes the slices of the work buffer and sets mdl.work_bytes. */
void mdl_place_arena(MdlEntry *e);

#endif
