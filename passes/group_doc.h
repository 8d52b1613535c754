/* What a group does, for people: the comment above it in C and in dumps. */
#ifndef MDL_PASSES_GROUP_DOC_H
#define MDL_PASSES_GROUP_DOC_H

#include "passes/partition.h"

/* "h = max(x @ m.fc1.w + m.fc1.b, 0)   x [B, 64], h [B, 64]   mlp.mdl:7, 15". `made` is what the
 * group's result is called. */
const char *mdl_group_doc(MdlIr *ir, const MdlPart *part, const char *made);
/* What the group's result is called where the source gives it no name. */
const char *mdl_group_made(MdlIr *ir, const MdlPart *part);

#endif
