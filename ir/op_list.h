/* The op table as a page of text, for --list-ops and the generated documentation. */
#ifndef MDL_IR_OP_LIST_H
#define MDL_IR_OP_LIST_H

#include "ir/arena.h"

char *mdl_ops_list(MdlArena *arena);     /* aligned columns */
char *mdl_ops_markdown(MdlArena *arena); /* a table a class */

#endif
