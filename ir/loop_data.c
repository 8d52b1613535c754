/* Constant memory of loop form, and functions of the host. */
#include "ir/build.h"
#include "ir/loop.h"

#include <string.h>

#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/BuiltinTypes.h>

static MlirStringRef ref(const char *text) { return mlirStringRefCreateFromCString(text); }

static MlirType memory_type(MdlIr *ir, const MdlLoopData *data)
{
  MdlLoopType type = {.kind = MDL_LOOP_memory, .element = data->element, .rank = 1};
  type.dim[0] = data->count;
  return mdl_loop_type_make(ir, &type);
}

static MlirAttribute bytes_of(MdlIr *ir, const MdlLoopData *data)
{
  int64_t count = data->count;
  MlirType shaped = mlirRankedTensorTypeGet(1, &count, ir->scalar[data->element],
                                            mlirAttributeGetNull());
  size_t bytes = (size_t)count * (size_t)mdl_dtypes[data->element].bytes;
  return mlirDenseElementsAttrRawBufferGet(shaped, (intptr_t)bytes, data->bytes);
}

/* One that holds the same is used again. They stand before everything else: where there is none, *op
 * is what a new one belongs before, or null. */
static bool find(MlirOperation module, MlirAttribute bytes, bool text, MlirOperation *op)
{
  *op = mdl_first(mdl_module_body(module));
  for (; !mdl_is_null(*op) && mdl_loop_op(*op) == MDL_LOOP_data; *op = mdl_next(*op))
    if (mdl_op_has(*op, "mdl.text") == text &&
        mlirAttributeEqual(mlirOperationGetAttributeByName(*op, ref("initial_value")), bytes))
      return true;
  return false;
}

static MlirOperation define(MdlBuilder *b, MlirOperation module, MdlMap *symbols,
                            const MdlLoopData *data, MlirAttribute bytes, MlirOperation before)
{
  MdlIr *ir = b->ir;
  MlirContext context = ir->context;
  const char *symbol = mdl_symbol_unique(ir, symbols, data->name);
  const struct {
    const char *name;
    MlirAttribute value;
  } attrs[] = {{"sym_name", mlirStringAttrGet(context, ref(symbol))},
               {"sym_visibility", mlirStringAttrGet(context, ref("private"))},
               {"type", mlirTypeAttrGet(memory_type(ir, data))},
               {"initial_value", bytes},
               {"constant", mlirUnitAttrGet(context)}};
  MdlBuilder top = mdl_is_null(before) ? mdl_builder_at_end(ir, mdl_module_body(module), b->at)
                                       : mdl_builder_before(ir, before);
  top.at = b->at;
  MlirOperationState state = mlirOperationStateGet(ref(mdl_loop_info(MDL_LOOP_data)->mlir), top.at);
  for (size_t i = 0; i < sizeof attrs / sizeof *attrs; i++) {
    MlirNamedAttribute attr =
        mlirNamedAttributeGet(mlirIdentifierGet(context, ref(attrs[i].name)), attrs[i].value);
    mlirOperationStateAddAttributes(&state, 1, &attr);
  }
  MlirOperation op = mdl_insert(&top, &state);
  if (data->is_text) mdl_op_set_unit(ir, op, "mdl.text");
  mdl_map_set(symbols, mdl_intern_text(ir->arena, symbol), op.ptr);
  return op;
}

MlirValue mdl_loop_data(MdlBuilder *b, MlirOperation module, MdlMap *symbols,
                        const MdlLoopData *data)
{
  MdlIr *ir = b->ir;
  MlirAttribute bytes = bytes_of(ir, data);
  MlirOperation op;
  if (!find(module, bytes, data->is_text, &op)) op = define(b, module, symbols, data, bytes, op);
  MlirType type = memory_type(ir, data);
  MlirOperationState state =
      mlirOperationStateGet(ref(mdl_loop_info(MDL_LOOP_data_at)->mlir), b->at);
  MlirNamedAttribute name = mlirNamedAttributeGet(
      mlirIdentifierGet(ir->context, ref("name")),
      mlirFlatSymbolRefAttrGet(ir->context, ref(mdl_op_text(ir, op, "sym_name"))));
  mlirOperationStateAddAttributes(&state, 1, &name);
  mlirOperationStateAddResults(&state, 1, &type);
  MlirValue memory = mdl_result(mdl_insert(b, &state), 0);
  MdlLoopType cell = {.kind = MDL_LOOP_memory, .element = data->element};
  return mdl_loop_shape(b, memory, &cell, NULL);
}

MdlLoopData mdl_loop_data_read(MdlIr *ir, MlirOperation op)
{
  MlirType type = mlirTypeAttrGetValue(mlirOperationGetAttributeByName(op, ref("type")));
  MlirAttribute bytes = mlirOperationGetAttributeByName(op, ref("initial_value"));
  MdlLoopType memory = mdl_loop_type(ir, type);
  MdlLoopData data = {.name = mdl_op_text(ir, op, "sym_name"), .element = memory.element};
  data.count = memory.dim[0];
  data.is_text = mdl_op_has(op, "mdl.text");
  data.bytes = mlirDenseElementsAttrGetRawData(bytes);
  data.is_splat = data.count > 1 && mlirDenseElementsAttrIsSplat(bytes);
  return data;
}

MlirOperation mdl_loop_hook(MdlBuilder *b, MlirOperation module, MdlMap *symbols,
                            const char *function, const char *variant, int args,
                            const MlirType *arg)
{
  MdlIr *ir = b->ir;
  const char *symbol = mdl_intern_text(ir->arena, mdl_text(ir->arena, "%s.%s", function, variant));
  MlirOperation known = {mdl_map_get(symbols, symbol)};
  if (!mdl_is_null(known)) return known;
  MdlFunc func = {.symbol = symbol, .is_private = true, .args = args, .at = b->at};
  func.arg = arg;
  MlirOperation op = mdl_build_func(ir, module, &func);
  mdl_op_set_text(ir, op, "mdl.hook", function);
  mdl_map_set(symbols, symbol, op.ptr);
  return op;
}
