/* Unique legal names for values, functions, anything: as near to the wished name as possible. */
#ifndef MDL_IR_NAMER_H
#define MDL_IR_NAMER_H

#include "ir/arena.h"

typedef struct MdlNamer MdlNamer;

/* `is_word` says which names the target language keeps for itself; may be NULL. */
MdlNamer *mdl_namer_create(MdlArena *arena, bool (*is_word)(const char *name));
/* Nobody gets this name from now on. */
void mdl_namer_reserve(MdlNamer *namer, const char *name);
/* `base` with other characters than letters, digits and _ turned into _; a word of the language
 * gets a trailing _; one that is taken gets _1, _2, ... Interned. */
const char *mdl_namer_unique(MdlNamer *namer, const char *base);
/* base1, base2, ...: for things that have no name. */
const char *mdl_namer_numbered(MdlNamer *namer, const char *base);

#endif
