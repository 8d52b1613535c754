/* Building functions, calls, loops and branches. */
#include "ir/build.h"

#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/BuiltinTypes.h>

static MlirStringRef ref(const char *text) { return mlirStringRefCreateFromCString(text); }

static void add_attr(MdlIr *ir, MlirOperationState *state, const char *name, MlirAttribute value)
{
  MlirNamedAttribute attr = mlirNamedAttributeGet(mlirIdentifierGet(ir->context, ref(name)), value);
  mlirOperationStateAddAttributes(state, 1, &attr);
}

MlirOperation mdl_module_create(MdlIr *ir, const char *path)
{
  MlirLocation at = mlirLocationFileLineColGet(ir->context, ref(path), 1, 1);
  return mlirModuleGetOperation(mlirModuleCreateEmpty(at));
}

void mdl_module_destroy(MlirOperation module)
{
  if (!mdl_is_null(module)) mlirOperationDestroy(module);
}

/* ---- functions --------------------------------------------------------------------------- */

static MlirBlock block_of_types(MdlIr *ir, int count, const MlirType *types,
                                const char *const *names, MlirLocation at)
{
  MlirBlock block = mlirBlockCreate(0, NULL, NULL);
  for (int i = 0; i < count; i++)
    mlirBlockAddArgument(block, types[i],
                         names && names[i] ? mdl_location_named(ir, at, names[i]) : at);
  return block;
}

MlirOperation mdl_build_func(MdlIr *ir, MlirOperation module, const MdlFunc *f)
{
  MlirOperationState state = mlirOperationStateGet(ref(mdl_op_info(MDL_OP_func)->mlir), f->at);
  MlirType type = mlirFunctionTypeGet(ir->context, f->args, f->arg, f->results, f->result);
  add_attr(ir, &state, "sym_name", mlirStringAttrGet(ir->context, ref(f->symbol)));
  add_attr(ir, &state, "function_type", mlirTypeAttrGet(type));
  if (f->is_private)
    add_attr(ir, &state, "sym_visibility", mlirStringAttrGet(ir->context, ref("private")));
  MlirRegion region = mlirRegionCreate();
  if (f->define)
    mlirRegionAppendOwnedBlock(region, block_of_types(ir, f->args, f->arg, f->arg_name, f->at));
  mlirOperationStateAddOwnedRegions(&state, 1, &region);
  MlirOperation func = mlirOperationCreate(&state);
  if (mdl_is_null(func)) MDL_BUG(ir->session, "a function cannot be built: %s", mdl_ir_said(ir));
  mlirBlockAppendOwnedOperation(mdl_module_body(module), func);
  return func;
}

static MlirType func_type(MlirOperation func)
{
  return mlirTypeAttrGetValue(mdl_op_raw(func, "function_type"));
}

int mdl_func_args(MlirOperation func) { return (int)mlirFunctionTypeGetNumInputs(func_type(func)); }

int mdl_func_results(MlirOperation func)
{
  return (int)mlirFunctionTypeGetNumResults(func_type(func));
}

MlirType mdl_func_arg_type(MlirOperation func, int i)
{
  return mlirFunctionTypeGetInput(func_type(func), i);
}

MlirType mdl_func_result_type(MlirOperation func, int i)
{
  return mlirFunctionTypeGetResult(func_type(func), i);
}

MlirOperation mdl_func_define(MdlIr *ir, MlirOperation declaration)
{
  int args = mdl_func_args(declaration);
  MlirType *types = MDL_NEW(ir->arena, MlirType, (size_t)args);
  for (int i = 0; i < args; i++) types[i] = mdl_func_arg_type(declaration, i);
  MlirBlock block = block_of_types(ir, args, types, NULL, mlirOperationGetLocation(declaration));
  mlirRegionAppendOwnedBlock(mlirOperationGetRegion(declaration, 0), block);
  return declaration;
}

void mdl_func_refresh_type(MdlIr *ir, MlirOperation func)
{
  MlirBlock body = mdl_body(func, 0);
  MlirOperation end = mdl_terminator(body);
  int args = mdl_arg_count(body), results = mdl_operand_count(end);
  MlirType *types = MDL_NEW(ir->arena, MlirType, (size_t)(args + results));
  for (int i = 0; i < args; i++) types[i] = mlirValueGetType(mdl_arg(body, i));
  for (int i = 0; i < results; i++) types[args + i] = mlirValueGetType(mdl_operand(end, i));
  MlirType type = mlirFunctionTypeGet(ir->context, args, types, results, types + args);
  mdl_op_set_raw(ir, func, "function_type", mlirTypeAttrGet(type));
}

MlirOperation mdl_build_call(MdlBuilder *b, MlirOperation callee, const MlirValue *operand)
{
  MlirOperationState state = mdl_state(b, MDL_OP_call);
  const char *name = mdl_op_text(b->ir, callee, "sym_name");
  add_attr(b->ir, &state, "callee", mlirFlatSymbolRefAttrGet(b->ir->context, ref(name)));
  mlirOperationStateAddOperands(&state, mdl_func_args(callee), operand);
  for (int i = 0; i < mdl_func_results(callee); i++) {
    MlirType type = mdl_func_result_type(callee, i);
    mlirOperationStateAddResults(&state, 1, &type);
  }
  return mdl_insert(b, &state);
}

static MlirOperation build_end(MdlBuilder *b, MdlOp op, int count, const MlirValue *values)
{
  MlirOperationState state = mdl_state(b, op);
  mlirOperationStateAddOperands(&state, count, values);
  return mdl_insert(b, &state);
}

MlirOperation mdl_build_return(MdlBuilder *b, int count, const MlirValue *values)
{
  return build_end(b, MDL_OP_return, count, values);
}

MlirOperation mdl_build_yield(MdlBuilder *b, int count, const MlirValue *values)
{
  return build_end(b, MDL_OP_yield, count, values);
}

MlirOperation mdl_build_condition(MdlBuilder *b, MlirValue condition, int count,
                                  const MlirValue *values)
{
  MlirOperationState state = mdl_state(b, MDL_OP_condition);
  mlirOperationStateAddOperands(&state, 1, &condition);
  mlirOperationStateAddOperands(&state, count, values);
  return mdl_insert(b, &state);
}

/* ---- loops and branches ------------------------------------------------------------------ */

/* A region whose block takes an optional index and then values of these types. */
static MlirRegion region_of(MdlBuilder *b, bool index, int carried, const MlirType *types)
{
  MlirRegion region = mlirRegionCreate();
  MlirBlock block = mlirBlockCreate(0, NULL, NULL);
  MlirLocation at = mdl_location_named(b->ir, b->at, NULL);
  if (index) mlirBlockAddArgument(block, b->ir->scalar[MDL_index], at);
  for (int i = 0; i < carried; i++) mlirBlockAddArgument(block, types[i], at);
  mlirRegionAppendOwnedBlock(region, block);
  return region;
}

static MlirType *types_of(MdlIr *ir, int count, const MlirValue *values)
{
  MlirType *types = MDL_NEW(ir->arena, MlirType, (size_t)count);
  for (int i = 0; i < count; i++) types[i] = mlirValueGetType(values[i]);
  return types;
}

MlirOperation mdl_build_for(MdlBuilder *b, MlirValue lo, MlirValue hi, int carried,
                            const MlirValue *init)
{
  MdlType index = mdl_type_scalar(MDL_index);
  MlirType *types = types_of(b->ir, carried, init);
  MlirValue bounds[] = {lo, hi, mdl_build_const_int(b, &index, 1)};
  MlirRegion body = region_of(b, true, carried, types);
  MlirOperationState state = mdl_state(b, MDL_OP_for);
  mlirOperationStateAddOperands(&state, 3, bounds);
  mlirOperationStateAddOperands(&state, carried, init);
  mlirOperationStateAddResults(&state, carried, types);
  mlirOperationStateAddOwnedRegions(&state, 1, &body);
  return mdl_insert(b, &state);
}

MlirOperation mdl_build_if(MdlBuilder *b, MlirValue condition, int results, const MlirType *type)
{
  MlirOperationState state = mdl_state(b, MDL_OP_if);
  MlirRegion regions[] = {region_of(b, false, 0, NULL), region_of(b, false, 0, NULL)};
  mlirOperationStateAddOperands(&state, 1, &condition);
  mlirOperationStateAddResults(&state, results, type);
  mlirOperationStateAddOwnedRegions(&state, 2, regions);
  return mdl_insert(b, &state);
}

MlirOperation mdl_build_while(MdlBuilder *b, int carried, const MlirValue *init)
{
  MlirType *types = types_of(b->ir, carried, init);
  MlirOperationState state = mdl_state(b, MDL_OP_while);
  MlirRegion regions[] = {region_of(b, false, carried, types), region_of(b, false, carried, types)};
  mlirOperationStateAddOperands(&state, carried, init);
  mlirOperationStateAddResults(&state, carried, types);
  mlirOperationStateAddOwnedRegions(&state, 2, regions);
  return mdl_insert(b, &state);
}
