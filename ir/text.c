/* MLIR text of a module, both ways. Names of values are SSA names. */
#include "ir/ir.h"

#include <stdio.h>
#include <stdlib.h>

static void write_text(MlirStringRef text, void *file) { fwrite(text.data, 1, text.length, file); }

char *mdl_ir_text(MdlIr *ir, MlirOperation op, bool places)
{
  char *text = NULL;
  size_t length = 0;
  FILE *file = open_memstream(&text, &length);
  if (!file) MDL_BUG(ir->session, "no memory stream");
  MlirOpPrintingFlags flags = mlirOpPrintingFlagsCreate();
  mlirOpPrintingFlagsPrintNameLocAsPrefix(flags);
  if (places) mlirOpPrintingFlagsEnableDebugInfo(flags, true, false);
  mlirOperationPrintWithFlags(op, flags, write_text, file);
  mlirOpPrintingFlagsDestroy(flags);
  fputc('\n', file);
  fclose(file);
  char *copy = mdl_text_copy(ir->arena, text, length);
  free(text);
  return copy;
}

MlirOperation mdl_parse_mlir(MdlIr *ir, const char *text, size_t length)
{
  MlirModule module = mlirModuleCreateParse(ir->context, mlirStringRefCreate(text, length));
  return mlirModuleIsNull(module) ? (MlirOperation){NULL} : mlirModuleGetOperation(module);
}
