#include "ir/namer.h"

#include "ir/map.h"

#include <ctype.h>

struct MdlNamer {
  MdlArena *arena;
  bool (*is_word)(const char *name);
  MdlMap *taken; /* interned name -> how many were made from it */
};

MdlNamer *mdl_namer_create(MdlArena *arena, bool (*is_word)(const char *name))
{
  MdlNamer *namer = MDL_NEW(arena, MdlNamer, 1);
  *namer = (MdlNamer){arena, is_word, mdl_map_create(arena)};
  return namer;
}

static bool is_taken(const MdlNamer *namer, const char *name)
{
  return mdl_map_has(namer->taken, name) || (namer->is_word && namer->is_word(name));
}

void mdl_namer_reserve(MdlNamer *namer, const char *name)
{
  name = mdl_intern_text(namer->arena, name);
  if (!mdl_map_has(namer->taken, name)) mdl_map_set(namer->taken, name, (void *)0);
}

/* base + glue + n for the first n that is free; goes on where the last search ended. */
static const char *numbered(MdlNamer *namer, const char *base, const char *glue)
{
  const char *key = mdl_intern_text(namer->arena, mdl_text(namer->arena, "%s%s#", base, glue));
  intptr_t n = (intptr_t)mdl_map_get(namer->taken, key);
  const char *name;
  do name = mdl_intern_text(namer->arena, mdl_text(namer->arena, "%s%s%d", base, glue, (int)++n));
  while (is_taken(namer, name));
  mdl_map_set(namer->taken, key, (void *)n);
  mdl_namer_reserve(namer, name);
  return name;
}

const char *mdl_namer_unique(MdlNamer *namer, const char *base)
{
  char *clean = mdl_text(namer->arena, "%s", base);
  for (char *c = clean; *c; c++)
    if (!isalnum((unsigned char)*c) && *c != '_') *c = '_';
  if (!*clean || isdigit((unsigned char)*clean)) clean = mdl_text(namer->arena, "t%s", clean);
  const char *name = mdl_intern_text(namer->arena, clean);
  if (namer->is_word && namer->is_word(name))
    name = mdl_intern_text(namer->arena, mdl_text(namer->arena, "%s_", clean));
  if (is_taken(namer, name)) return numbered(namer, name, "_");
  mdl_namer_reserve(namer, name);
  return name;
}

const char *mdl_namer_numbered(MdlNamer *namer, const char *base)
{
  return numbered(namer, base, "");
}
