/* The mdl dialect out of the op table: table -> IRDL text -> loaded. IRDL checks operand and result
 * counts, equal types (one constraint variable used twice) and that declared attributes are there;
 * shapes are ir/typing.h's. */
#include "ir/dialect.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mlir-c/Dialect/IRDL.h>

/* The constraint variable of operand or result i of a row (operands first). In an elementwise row
 * one letter is one whole type; in a structural row shapes differ, so every place has its own. */
static void variable(FILE *out, const MdlOpInfo *row, int i)
{
  char letter = row->sig[i < row->operands ? i : i + 1];
  if (row->elementwise)
    fprintf(out, "%%%c", tolower(letter));
  else
    fprintf(out, "%%%c%d", tolower(letter), i);
}

static bool is_first_of_letter(const MdlOpInfo *row, int i)
{
  if (!row->elementwise) return true;
  for (int j = 0; j < i; j++)
    if (row->sig[j < row->operands ? j : j + 1] == row->sig[i < row->operands ? i : i + 1])
      return false;
  return true;
}

static void places(FILE *out, const MdlOpInfo *row, const char *what, char prefix, int from, int to)
{
  if (from == to) return;
  fprintf(out, "    irdl.%s(", what);
  for (int i = from; i < to; i++) {
    fprintf(out, "%s%c%d: ", i > from ? ", " : "", prefix, i - from);
    variable(out, row, i);
  }
  fprintf(out, ")\n");
}

static void operation(FILE *out, const MdlOpInfo *row)
{
  int all = row->operands + row->results;
  fprintf(out, "  irdl.operation @%s {\n", row->name);
  for (int i = 0; i < all; i++) {
    if (!is_first_of_letter(row, i)) continue;
    fprintf(out, "    ");
    variable(out, row, i);
    fprintf(out, " = irdl.any\n");
  }
  places(out, row, "operands", 'a', 0, row->operands);
  if (row->attrs) {
    for (int i = 0; i < row->attrs; i++) fprintf(out, "    %%attr%d = irdl.any\n", i);
    fprintf(out, "    irdl.attributes {");
    for (int i = 0; i < row->attrs; i++)
      fprintf(out, "%s\"%s\" = %%attr%d", i ? ", " : "", row->attr[i].name, i);
    fprintf(out, "}\n");
  }
  places(out, row, "results", 'y', row->operands, all);
  fprintf(out, "  }\n");
}

char *mdl_dialect_text(MdlArena *arena)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (!out) return mdl_text(arena, "%s", "");
  fprintf(out, "irdl.dialect @mdl {\n");
  for (int i = 0; i < MDL_OP_COUNT; i++) operation(out, mdl_op_info((MdlOp)i));
  fprintf(out, "}\n");
  fclose(out);
  char *copy = mdl_text_copy(arena, text, length);
  free(text);
  return copy;
}

bool mdl_dialect_load(MlirContext context, MdlArena *arena)
{
  const char *text = mdl_dialect_text(arena);
  MlirModule module = mlirModuleCreateParse(context, mlirStringRefCreateFromCString(text));
  if (mlirModuleIsNull(module)) return false;
  bool loaded = mlirLogicalResultIsSuccess(mlirLoadIRDLDialects(module));
  mlirModuleDestroy(module);
  return loaded;
}
