#include "ir/map.h"

#include <string.h>

struct MdlMap {
  MdlArena *arena;
  int count, room;    /* entries, and how many fit before both arrays grow */
  const void **key;   /* in order of insertion */
  void **value;
  int *slot, slots;   /* entry + 1, or 0; a power of two, at most half full */
};

MdlMap *mdl_map_create(MdlArena *arena)
{
  MdlMap *map = MDL_NEW(arena, MdlMap, 1);
  map->arena = arena;
  return map;
}

/* The slot of a key, or the empty one where it belongs. */
static int slot_of(const MdlMap *map, const void *key)
{
  uint64_t h = ((uint64_t)(uintptr_t)key >> 3) * 0x9E3779B97F4A7C15u;
  int i = (int)(h >> 32) & (map->slots - 1);
  while (map->slot[i] && map->key[map->slot[i] - 1] != key) i = (i + 1) & (map->slots - 1);
  return i;
}

static void grow(MdlMap *map)
{
  int room = map->room ? 2 * map->room : 16;
  map->key = mdl_realloc_array(map->arena, map->key, (size_t)map->count, (size_t)room,
                               sizeof *map->key);
  map->value = mdl_realloc_array(map->arena, map->value, (size_t)map->count, (size_t)room,
                                 sizeof *map->value);
  map->room = room;
  map->slots = 2 * room;
  map->slot = MDL_NEW(map->arena, int, (size_t)map->slots);
  for (int i = 0; i < map->count; i++) map->slot[slot_of(map, map->key[i])] = i + 1;
}

void mdl_map_set(MdlMap *map, const void *key, void *value)
{
  if (map->count == map->room) grow(map);
  int slot = slot_of(map, key);
  if (!map->slot[slot]) {
    map->key[map->count++] = key;
    map->slot[slot] = map->count;
  }
  map->value[map->slot[slot] - 1] = value;
}

void *mdl_map_get(const MdlMap *map, const void *key)
{
  if (!map->slots) return NULL;
  int found = map->slot[slot_of(map, key)];
  return found ? map->value[found - 1] : NULL;
}

bool mdl_map_has(const MdlMap *map, const void *key)
{
  return map->slots && map->slot[slot_of(map, key)];
}

int mdl_map_count(const MdlMap *map) { return map->count; }
const void *mdl_map_key(const MdlMap *map, int i) { return map->key[i]; }
void *mdl_map_value(const MdlMap *map, int i) { return map->value[i]; }

void mdl_map_clear(MdlMap *map)
{
  map->count = 0;
  if (map->slots) memset(map->slot, 0, (size_t)map->slots * sizeof *map->slot);
}
