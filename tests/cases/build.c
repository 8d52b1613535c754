#include "tests/cases/draw.h"

MlirOperation mdl_case_build(const MdlCase *c, MlirOperation module, const char *name)
{
  MdlIr *ir = c->ir;
  MlirType types[MDL_MAX_OPERANDS];
  MlirValue args[MDL_MAX_OPERANDS], results[MDL_MAX_RESULTS];
  for (int i = 0; i < c->operands; i++) types[i] = mdl_type_make(ir, &c->in[i]);
  MlirLocation at = mdl_location_of(module);
  const MdlFunc f = {.symbol = name, .define = true, .args = c->operands, .arg = types, .at = at};
  MlirOperation func = mdl_build_func(ir, module, &f);
  MlirBlock body = mdl_body(func, 0);
  MdlBuilder b = mdl_builder_at_end(ir, body, at);
  for (int i = 0; i < c->operands; i++) args[i] = mdl_arg(body, i);
  MlirOperation op =
      mdl_build_op(&b, c->op, c->operands, args, &c->attrs, c->has_given ? &c->given : NULL);
  for (int i = 0; i < mdl_result_count(op); i++) results[i] = mdl_result(op, i);
  mdl_build_return(&b, mdl_result_count(op), results);
  mdl_func_refresh_type(ir, func);
  return func;
}
