/* The MLIR context of a compilation: dialects, the name tables, and a diagnostics handler that
 * keeps MLIR's words for internal reports. */
#include "ir/dialect.h"
#include "ir/ir.h"

#include <string.h>

#include <mlir-c/BuiltinTypes.h>
#include <mlir-c/Diagnostics.h>
#include <mlir-c/Dialect/Arith.h>
#include <mlir-c/Dialect/Func.h>
#include <mlir-c/Dialect/GPU.h>
#include <mlir-c/Dialect/IRDL.h>
#include <mlir-c/Dialect/Math.h>
#include <mlir-c/Dialect/MemRef.h>
#include <mlir-c/Dialect/SCF.h>
#include <mlir-c/Dialect/Vector.h>

static void append(MlirStringRef text, void *user)
{
  MdlIr *ir = user;
  ir->said = mdl_text(ir->arena, "%s%.*s", ir->said, (int)text.length, text.data);
}

static MlirLogicalResult hear(MlirDiagnostic diagnostic, void *user)
{
  MdlIr *ir = user;
  mlirLocationPrint(mlirDiagnosticGetLocation(diagnostic), append, ir);
  append(mlirStringRefCreateFromCString(": "), ir);
  mlirDiagnosticPrint(diagnostic, append, ir);
  append(mlirStringRefCreateFromCString("\n"), ir);
  return mlirLogicalResultSuccess();
}

static void name_ops(MdlIr *ir)
{
  ir->op_of_name = mdl_map_create(ir->arena);
  for (int i = 0; i < MDL_OP_ALL; i++) {
    MlirStringRef name = mlirStringRefCreateFromCString(mdl_op_info((MdlOp)i)->mlir);
    const void *key = mlirIdentifierStr(mlirIdentifierGet(ir->context, name)).data;
    mdl_map_set(ir->op_of_name, key, (void *)(intptr_t)(i + 1));
  }
}

static void name_dtypes(MdlIr *ir)
{
  for (int i = 0; i <= MDL_DTYPE_COUNT; i++)
    ir->scalar[i] =
        mlirTypeParseGet(ir->context, mlirStringRefCreateFromCString(mdl_dtypes[i].mlir));
}

MdlIr *mdl_ir_create(MdlSession *session)
{
  MdlIr *ir = MDL_NEW(session->arena, MdlIr, 1);
  ir->session = session;
  ir->arena = session->arena;
  ir->said = mdl_text(ir->arena, "%s", "");
  ir->sizes = session->sizes;
  ir->context = mlirContextCreateWithThreading(false);
  ir->types = mdl_map_create(ir->arena);
  mlirContextAttachDiagnosticHandler(ir->context, hear, ir, NULL);
  const MlirDialectHandle dialects[] = {
      mlirGetDialectHandle__irdl__(),  mlirGetDialectHandle__func__(),
      mlirGetDialectHandle__scf__(),   mlirGetDialectHandle__arith__(),
      mlirGetDialectHandle__math__(),  mlirGetDialectHandle__memref__(),
      mlirGetDialectHandle__vector__()};
  for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
    mlirDialectHandleLoadDialect(dialects[i], ir->context);
  mlirDialectHandleRegisterDialect(mlirGetDialectHandle__gpu__(), ir->context); /* on first use */
  if (!mdl_dialect_load(ir->context, ir->arena))
    MDL_BUG(session, "the op table gives no dialect: %s", ir->said);
  name_ops(ir);
  name_dtypes(ir);
  return ir;
}

void mdl_ir_destroy(MdlIr *ir)
{
  if (ir) mlirContextDestroy(ir->context);
}

const char *mdl_ir_said(MdlIr *ir)
{
  const char *said = ir->said;
  ir->said = mdl_text(ir->arena, "%s", "");
  return said;
}
