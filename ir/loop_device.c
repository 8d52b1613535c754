/* Calls of a device's own instructions: functions of the CUDA prelude (codegen/cuda/ptx.c). */
#include "ir/loop.h"

#include <mlir-c/BuiltinTypes.h>

static bool takes(MlirOperation func, int operands, const MlirValue *operand)
{
  if (mdl_func_args(func) != operands) return false;
  for (int i = 0; i < operands; i++)
    if (!mlirTypeEqual(mdl_func_arg_type(func, i), mlirValueGetType(operand[i]))) return false;
  return true;
}

static MlirOperation declare(MdlBuilder *b, MlirOperation module, const char *symbol, int operands,
                             const MlirValue *operand, const MlirType *result)
{
  MlirType *type = MDL_NEW(b->ir->arena, MlirType, (size_t)operands + 1);
  for (int i = 0; i < operands; i++) type[i] = mlirValueGetType(operand[i]);
  MdlFunc func = {.symbol = symbol, .is_private = true, .args = operands, .arg = type, .at = b->at};
  func.results = result != NULL;
  func.result = result;
  return mdl_build_func(b->ir, module, &func);
}

MlirOperation mdl_loop_device(MdlBuilder *b, MlirOperation module, MdlMap *symbols,
                              const char *function, int operands, const MlirValue *operand,
                              const MlirType *result)
{
  MdlIr *ir = b->ir;
  for (int i = 0;; i++) {
    const char *symbol = i ? mdl_text(ir->arena, "device.%s.%d", function, i)
                           : mdl_text(ir->arena, "device.%s", function);
    symbol = mdl_intern_text(ir->arena, symbol);
    MlirOperation known = {mdl_map_get(symbols, symbol)};
    if (!mdl_is_null(known) && !takes(known, operands, operand)) continue;
    if (mdl_is_null(known)) {
      known = declare(b, module, symbol, operands, operand, result);
      mdl_op_set_text(ir, known, "mdl.device", function);
      mdl_map_set(symbols, symbol, known.ptr);
    }
    return mdl_build_call(b, known, operand);
  }
}

void mdl_loop_nest_array(MdlIr *ir, MlirValue memory, bool words)
{
  mdl_op_set_unit(ir, mdl_def(memory), "mdl.nested");
  if (words) mdl_op_set_unit(ir, mdl_def(memory), "mdl.words");
}
