/* Pointer-keyed map: open addressing for lookup, insertion order for iteration, so that no output
 * ever depends on addresses. Lives in an arena. */
#ifndef MDL_IR_MAP_H
#define MDL_IR_MAP_H

#include "ir/arena.h"

typedef struct MdlMap MdlMap;

MdlMap *mdl_map_create(MdlArena *arena);
/* Replaces the value of a key that is there already; its place in the order stays. Keys are not
 * NULL. */
void mdl_map_set(MdlMap *map, const void *key, void *value);
void *mdl_map_get(const MdlMap *map, const void *key); /* NULL if absent */
bool mdl_map_has(const MdlMap *map, const void *key);
/* Entries in order of insertion. */
int mdl_map_count(const MdlMap *map);
const void *mdl_map_key(const MdlMap *map, int i);
void *mdl_map_value(const MdlMap *map, int i);
void mdl_map_clear(MdlMap *map);

#endif
