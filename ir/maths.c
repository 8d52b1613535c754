#include "ir/maths.h"

#include <string.h>

static const MdlMaths rows[] = {
#define MATHS(name, f32, f64, ulp32, ulp64, doc) {#name, f32, f64, ulp32, ulp64, doc},
#include "ir/maths.def"
};
enum { ROWS = sizeof rows / sizeof *rows };

static const MdlFar fars[] = {
#define FAR(name, if32, f32, if64, f64) {#name, if32, f32, if64, f64},
#include "ir/maths.def"
};

const MdlMaths *mdl_maths(int *count)
{
  *count = ROWS;
  return rows;
}

const MdlMaths *mdl_maths_find(const char *name)
{
  for (int i = 0; i < ROWS; i++)
    if (!strcmp(rows[i].name, name)) return &rows[i];
  return NULL;
}

const MdlFormula *mdl_maths_formula(MdlArena *arena, const MdlMaths *maths, MdlDtype dtype)
{
  return mdl_formula_parse(arena, dtype == MDL_f64 ? maths->f64 : maths->f32, NULL);
}

const MdlFar *mdl_maths_far(const MdlMaths *maths)
{
  for (size_t i = 0; i < sizeof fars / sizeof *fars; i++)
    if (!strcmp(fars[i].name, maths->name)) return &fars[i];
  return NULL;
}
