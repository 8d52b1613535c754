/* The table of builtins in memory. */
#include "frontend/builtin.h"

#include <string.h>

static const MdlBuiltinInfo rows[] = {
#define BUILTIN(name, params, function, which, doc) \
  {#name, params, mdl_builtin_##function, which, doc},
#include "frontend/builtins.def"
};

const MdlBuiltinInfo *mdl_builtin_rows(int *count)
{
  *count = (int)(sizeof rows / sizeof *rows);
  return rows;
}

const MdlBuiltinInfo *mdl_builtin_find(const char *name)
{
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (!strcmp(rows[i].name, name)) return &rows[i];
  return NULL;
}
