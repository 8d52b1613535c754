/* Building loop form. */
#include "ir/build.h"
#include "ir/loop.h"

#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/BuiltinTypes.h>

static MlirStringRef ref(const char *text) { return mlirStringRefCreateFromCString(text); }

static MlirOperationState state_of(MdlBuilder *b, MdlLoopOp op)
{
  return mlirOperationStateGet(ref(mdl_loop_info(op)->mlir), b->at);
}

static void add_attr(MdlBuilder *b, MlirOperationState *state, const char *name,
                     MlirAttribute value)
{
  MlirNamedAttribute attr =
      mlirNamedAttributeGet(mlirIdentifierGet(b->ir->context, ref(name)), value);
  mlirOperationStateAddAttributes(state, 1, &attr);
}

/* ---- types ------------------------------------------------------------------------------- */

MdlDtype mdl_loop_register(MdlDtype dtype)
{
  switch (dtype) {
  case MDL_u8:
    return MDL_i8;
  case MDL_u16:
    return MDL_i16;
  case MDL_u32:
    return MDL_i32;
  case MDL_u64:
    return MDL_i64;
  case MDL_f16:
  case MDL_bf16:
    return MDL_f32;
  default:
    return dtype;
  }
}

MdlDtype mdl_loop_cell(MdlDtype dtype)
{
  switch (dtype) {
  case MDL_bool:
    return MDL_i8;
  case MDL_f16:
  case MDL_bf16:
    return MDL_i16;
  default:
    return mdl_loop_register(dtype);
  }
}

MlirType mdl_loop_value_type(MdlIr *ir, MdlDtype dtype, int lanes)
{
  MdlLoopType type = {.kind = lanes > 1 ? MDL_LOOP_vector : MDL_LOOP_scalar,
                      .element = mdl_loop_register(dtype),
                      .lanes = lanes};
  return mdl_loop_type_make(ir, &type);
}

/* ---- values ------------------------------------------------------------------------------ */

MlirValue mdl_loop_build(MdlBuilder *b, MdlLoopOp op, MlirType type, int operands,
                         const MlirValue *operand)
{
  MlirOperationState state = state_of(b, op);
  mlirOperationStateAddOperands(&state, operands, operand);
  mlirOperationStateAddResults(&state, 1, &type);
  return mdl_result(mdl_insert(b, &state), 0);
}

MlirValue mdl_loop_unary(MdlBuilder *b, MdlLoopOp op, MlirValue a)
{
  return mdl_loop_build(b, op, mlirValueGetType(a), 1, &a);
}

MlirValue mdl_loop_binary(MdlBuilder *b, MdlLoopOp op, MlirValue a, MlirValue c)
{
  return mdl_loop_build(b, op, mlirValueGetType(a), 2, (MlirValue[]){a, c});
}

MlirValue mdl_loop_select(MdlBuilder *b, MlirValue condition, MlirValue yes, MlirValue no)
{
  return mdl_loop_build(b, MDL_LOOP_select, mlirValueGetType(yes), 3,
                        (MlirValue[]){condition, yes, no});
}

/* A cast keeps the number of lanes. */
MlirValue mdl_loop_cast(MdlBuilder *b, MdlLoopOp op, MlirValue a, MdlDtype dtype)
{
  MdlLoopType type = mdl_loop_type_of(b->ir, a);
  type.element = dtype;
  return mdl_loop_build(b, op, mdl_loop_type_make(b->ir, &type), 1, &a);
}

MlirValue mdl_loop_number(MdlBuilder *b, MdlDtype dtype, int lanes, double real, int64_t integer)
{
  dtype = mdl_loop_register(dtype);
  MlirType element = b->ir->scalar[dtype], type = mdl_loop_value_type(b->ir, dtype, lanes);
  MlirAttribute value = mdl_is_float(dtype) ? mlirFloatAttrDoubleGet(b->ir->context, element, real)
                                            : mlirIntegerAttrGet(element, integer);
  if (lanes > 1) value = mlirDenseElementsAttrSplatGet(type, value);
  MlirOperationState state = state_of(b, MDL_LOOP_constant);
  add_attr(b, &state, "value", value);
  mlirOperationStateAddResults(&state, 1, &type);
  return mdl_result(mdl_insert(b, &state), 0);
}

MlirValue mdl_loop_compare(MdlBuilder *b, MdlPredicate predicate, MlirValue a, MlirValue c)
{
  static const int of_float[] = {1, 13, 4, 5, 2, 3};
  MdlLoopType type = mdl_loop_type_of(b->ir, a);
  bool is_float = mdl_is_float(type.element);
  if (is_float && predicate >= MDL_PREDICATE_ult)
    MDL_BUG(b->ir->session, "floats are compared as unsigned");
  int64_t number = is_float ? of_float[predicate] : (int64_t)predicate;
  type.element = MDL_bool;
  MlirType result = mdl_loop_type_make(b->ir, &type);
  MlirOperationState state = state_of(b, is_float ? MDL_LOOP_cmpf : MDL_LOOP_cmpi);
  add_attr(b, &state, "predicate",
           mlirIntegerAttrGet(mlirIntegerTypeGet(b->ir->context, 64), number));
  mlirOperationStateAddOperands(&state, 2, (MlirValue[]){a, c});
  mlirOperationStateAddResults(&state, 1, &result);
  return mdl_result(mdl_insert(b, &state), 0);
}

MlirValue mdl_loop_splat(MdlBuilder *b, MlirValue a, int lanes)
{
  MdlLoopType type = mdl_loop_type_of(b->ir, a);
  if (lanes <= 1 || type.kind == MDL_LOOP_vector) return a;
  return mdl_loop_build(b, MDL_LOOP_splat, mdl_loop_value_type(b->ir, type.element, lanes), 1, &a);
}

MlirValue mdl_loop_elements(MdlBuilder *b, int lanes, const MlirValue *element)
{
  MdlDtype dtype = mdl_loop_type_of(b->ir, *element).element;
  return mdl_loop_build(b, MDL_LOOP_elements, mdl_loop_value_type(b->ir, dtype, lanes), lanes,
                        element);
}

MlirValue mdl_loop_shuffle(MdlBuilder *b, MlirValue a, MlirValue c, int count, const int64_t *lanes)
{
  MdlLoopType type = mdl_loop_type_of(b->ir, a);
  MlirType result = mdl_loop_value_type(b->ir, type.element, count);
  MlirOperationState state = state_of(b, MDL_LOOP_shuffle);
  add_attr(b, &state, "mask", mlirDenseI64ArrayGet(b->ir->context, count, lanes));
  mlirOperationStateAddOperands(&state, 2, (MlirValue[]){a, c});
  mlirOperationStateAddResults(&state, 1, &result);
  return mdl_result(mdl_insert(b, &state), 0);
}

MlirValue mdl_loop_extract(MdlBuilder *b, MlirValue vector, int64_t lane)
{
  MlirType result = b->ir->scalar[mdl_loop_type_of(b->ir, vector).element];
  MlirOperationState state = state_of(b, MDL_LOOP_extract);
  add_attr(b, &state, "static_position", mlirDenseI64ArrayGet(b->ir->context, 1, &lane));
  mlirOperationStateAddOperands(&state, 1, &vector);
  mlirOperationStateAddResults(&state, 1, &result);
  return mdl_result(mdl_insert(b, &state), 0);
}

/* ---- memory ------------------------------------------------------------------------------ */

/* memref<T>: a bare pointer. */
MlirType mdl_loop_pointer_type(MdlIr *ir, MdlDtype dtype)
{
  MdlLoopType type = {.kind = MDL_LOOP_memory, .element = mdl_loop_cell(dtype)};
  return mdl_loop_type_make(ir, &type);
}

/* The run-time strides of an identity layout: products of the extents behind, each its own chain,
 * since only the verifier and LLVM want them. */
static int strides_of(MdlBuilder *b, const MdlLoopType *type, const MlirValue *extent,
                      int64_t *strides, MlirValue *value)
{
  int count = 0;
  for (int i = 0; i < type->rank; i++) {
    MlirValue product = {NULL};
    int64_t fixed = 1;
    for (int j = i + 1; j < type->rank; j++) {
      if (type->dim[j] >= 0) {
        fixed *= type->dim[j];
        continue;
      }
      int dynamic = 0;
      for (int k = 0; k < j; k++) dynamic += type->dim[k] < 0;
      product = mdl_is_no_value(product)
                    ? extent[dynamic]
                    : mdl_loop_binary(b, MDL_LOOP_muli, product, extent[dynamic]);
    }
    strides[i] = fixed;
    if (mdl_is_no_value(product)) continue;
    if (fixed != 1)
      product =
          mdl_loop_binary(b, MDL_LOOP_muli, product, mdl_loop_number(b, MDL_index, 1, 0, fixed));
    strides[i] = mlirShapedTypeGetDynamicStrideOrOffset();
    value[count++] = product;
  }
  return count;
}

MlirValue mdl_loop_shape(MdlBuilder *b, MlirValue base, const MdlLoopType *type,
                         const MlirValue *extent)
{
  MlirType result = mdl_loop_type_make(b->ir, type);
  int64_t sizes[MDL_MAX_RANK], strides[MDL_MAX_RANK], offset = 0;
  MlirValue stride[MDL_MAX_RANK];
  int dynamic = 0, moving = strides_of(b, type, extent, strides, stride);
  for (int i = 0; i < type->rank; i++) {
    sizes[i] = type->dim[i] < 0 ? mlirShapedTypeGetDynamicSize() : type->dim[i];
    dynamic += type->dim[i] < 0;
  }
  const int32_t segments[] = {1, 0, dynamic, moving};
  MlirContext context = b->ir->context;
  MlirOperationState state = state_of(b, MDL_LOOP_shape);
  add_attr(b, &state, "static_offsets", mlirDenseI64ArrayGet(context, 1, &offset));
  add_attr(b, &state, "static_sizes", mlirDenseI64ArrayGet(context, type->rank, sizes));
  add_attr(b, &state, "static_strides", mlirDenseI64ArrayGet(context, type->rank, strides));
  add_attr(b, &state, "operandSegmentSizes", mlirDenseI32ArrayGet(context, 4, segments));
  mlirOperationStateAddOperands(&state, 1, &base);
  mlirOperationStateAddOperands(&state, dynamic, extent);
  mlirOperationStateAddOperands(&state, moving, stride);
  mlirOperationStateAddResults(&state, 1, &result);
  return mdl_result(mdl_insert(b, &state), 0);
}

MlirValue mdl_loop_view(MdlBuilder *b, MlirValue bytes, MlirValue shift, const MdlLoopType *type,
                        const MlirValue *extent)
{
  MlirType result = mdl_loop_type_make(b->ir, type);
  int dynamic = 0;
  for (int i = 0; i < type->rank; i++) dynamic += type->dim[i] < 0;
  MlirOperationState state = state_of(b, MDL_LOOP_view);
  mlirOperationStateAddOperands(&state, 2, (MlirValue[]){bytes, shift});
  mlirOperationStateAddOperands(&state, dynamic, extent);
  mlirOperationStateAddResults(&state, 1, &result);
  return mdl_result(mdl_insert(b, &state), 0);
}

MlirValue mdl_loop_alloca(MdlBuilder *b, const MdlLoopType *type)
{
  static const int32_t none[] = {0, 0};
  MlirType result = mdl_loop_type_make(b->ir, type);
  MlirOperationState state = state_of(b, MDL_LOOP_alloca);
  add_attr(b, &state, "operandSegmentSizes", mlirDenseI32ArrayGet(b->ir->context, 2, none));
  mlirOperationStateAddResults(&state, 1, &result);
  return mdl_result(mdl_insert(b, &state), 0);
}

MlirValue mdl_loop_load(MdlBuilder *b, MlirValue memory, const MlirValue *index, int lanes)
{
  MdlLoopType type = mdl_loop_type_of(b->ir, memory);
  MlirType result = mdl_loop_value_type(b->ir, type.element, type.lanes > 1 ? type.lanes : lanes);
  MlirOperationState state = state_of(b, lanes > 1 ? MDL_LOOP_vload : MDL_LOOP_load);
  mlirOperationStateAddOperands(&state, 1, &memory);
  mlirOperationStateAddOperands(&state, type.rank, index);
  mlirOperationStateAddResults(&state, 1, &result);
  return mdl_result(mdl_insert(b, &state), 0);
}

void mdl_loop_store(MdlBuilder *b, MlirValue value, MlirValue memory, const MlirValue *index)
{
  bool vector = mdl_loop_type_of(b->ir, value).kind == MDL_LOOP_vector &&
                mdl_loop_type_of(b->ir, memory).lanes <= 1;
  MlirOperationState state = state_of(b, vector ? MDL_LOOP_vstore : MDL_LOOP_store);
  mlirOperationStateAddOperands(&state, 2, (MlirValue[]){value, memory});
  mlirOperationStateAddOperands(&state, mdl_loop_type_of(b->ir, memory).rank, index);
  mdl_insert(b, &state);
}

void mdl_loop_copy(MdlBuilder *b, MlirValue from, MlirValue to)
{
  MlirOperationState state = state_of(b, MDL_LOOP_copy);
  mlirOperationStateAddOperands(&state, 2, (MlirValue[]){from, to});
  mdl_insert(b, &state);
}

/* ---- control ----------------------------------------------------------------------------- */

MlirOperation mdl_loop_for(MdlBuilder *b, MlirValue lo, MlirValue hi, MlirValue step, int carried,
                           const MlirValue *init)
{
  MlirLocation at = mdl_location_named(b->ir, b->at, NULL);
  MlirRegion region = mlirRegionCreate();
  MlirBlock block = mlirBlockCreate(0, NULL, NULL);
  MlirOperationState state = mlirOperationStateGet(ref("scf.for"), b->at);
  mlirOperationStateAddOperands(&state, 3, (MlirValue[]){lo, hi, step});
  mlirOperationStateAddOperands(&state, carried, init);
  mlirBlockAddArgument(block, b->ir->scalar[MDL_index], at);
  for (int i = 0; i < carried; i++) {
    MlirType type = mlirValueGetType(init[i]);
    mlirBlockAddArgument(block, type, at);
    mlirOperationStateAddResults(&state, 1, &type);
  }
  mlirRegionAppendOwnedBlock(region, block);
  mlirOperationStateAddOwnedRegions(&state, 1, &region);
  return mdl_insert(b, &state);
}

void mdl_loop_noalias(MdlIr *ir, MlirOperation func)
{
  int count = mdl_func_args(func);
  MlirAttribute *attrs = MDL_NEW(ir->arena, MlirAttribute, (size_t)count);
  MlirNamedAttribute noalias = mlirNamedAttributeGet(
      mlirIdentifierGet(ir->context, ref("llvm.noalias")), mlirUnitAttrGet(ir->context));
  for (int i = 0; i < count; i++) {
    bool memory = mlirTypeIsAMemRef(mdl_func_arg_type(func, i));
    attrs[i] = mlirDictionaryAttrGet(ir->context, memory, &noalias);
  }
  mdl_op_set_raw(ir, func, "arg_attrs", mlirArrayAttrGet(ir->context, count, attrs));
}
