/* What a group does, for people: the comment above it in C and in dumps. */
#ifndef MDL_PASSES_GROUP_DOC_H
#define MDL_PASSES_GROUP_DOC_H

#include "passes/partition.h"

/* Names what the source leaves without a name, by what made it. Before the others. */
void mdl_group_name(MdlIr *ir, const MdlCluster *cluster);
/* What the group is called by: its last result, or the first of that op where it has no name. */
const char *mdl_group_made(MdlIr *ir, const MdlCluster *cluster);
/* "h = max(x @ m.fc1.w + m.fc1.b, 0)   [B, 64]   mlp.mdl:7, 15"; a line a part. */
const char *mdl_group_doc(MdlIr *ir, const MdlCluster *cluster);

/* The file's name without its folders, so that the same source gives the same bytes from anywhere;
 * std/ stays. */
const char *mdl_doc_file(const char *path);

#endif
