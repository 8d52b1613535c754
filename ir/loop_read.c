/* Reading loop form. */
#include "ir/loop.h"

#include <string.h>

#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/BuiltinTypes.h>

static const MdlLoopInfo rows[] = {
#define LOOP_OP(mlir, name, kind, c, u, prec) {mlir, #name, c, MDL_LOOP_KIND_##kind, u, prec},
#include "ir/loop_ops.def"
};

const MdlLoopInfo *mdl_loop_info(MdlLoopOp op) { return &rows[op]; }

MdlLoopOp mdl_loop_op(MlirOperation op)
{
  MlirStringRef name = mlirIdentifierStr(mlirOperationGetName(op));
  for (int i = 0; i < MDL_LOOP_COUNT; i++)
    if (strlen(rows[i].mlir) == name.length && !memcmp(rows[i].mlir, name.data, name.length))
      return (MdlLoopOp)i;
  return MDL_LOOP_none;
}

MdlLoopOp mdl_loop_def_op(MlirValue value)
{
  MlirOperation op = mdl_def(value);
  return mdl_is_null(op) ? MDL_LOOP_none : mdl_loop_op(op);
}

static MdlDtype element_of(const MdlIr *ir, MlirType type)
{
  for (int i = 0; i <= MDL_DTYPE_COUNT; i++)
    if (mlirTypeEqual(ir->scalar[i], type)) return (MdlDtype)i;
  MDL_BUG(ir->session, "loop form has an element type that is none of ours");
}

MdlLoopType mdl_loop_type(const MdlIr *ir, MlirType type)
{
  MdlLoopType read = {.kind = MDL_LOOP_scalar};
  if (mlirTypeIsAVector(type)) {
    read.kind = MDL_LOOP_vector;
    read.lanes = (int)mlirShapedTypeGetDimSize(type, 0);
    type = mlirShapedTypeGetElementType(type);
  } else if (mlirTypeIsAMemRef(type)) {
    read.kind = MDL_LOOP_memory;
    read.rank = (int)mlirShapedTypeGetRank(type);
    for (int i = 0; i < read.rank; i++)
      read.dim[i] =
          mlirShapedTypeIsDynamicDim(type, i) ? -1 : mlirShapedTypeGetDimSize(type, i);
    type = mlirShapedTypeGetElementType(type);
    if (mlirTypeIsAVector(type)) {
      read.lanes = (int)mlirShapedTypeGetDimSize(type, 0);
      type = mlirShapedTypeGetElementType(type);
    }
  }
  read.element = element_of(ir, type);
  return read;
}

MdlLoopType mdl_loop_type_of(const MdlIr *ir, MlirValue value)
{
  return mdl_loop_type(ir, mlirValueGetType(value));
}

MlirType mdl_loop_type_make(MdlIr *ir, const MdlLoopType *type)
{
  MlirType element = ir->scalar[type->element];
  int64_t lanes[] = {type->lanes}, dim[MDL_MAX_RANK];
  switch (type->kind) {
  case MDL_LOOP_scalar: return element;
  case MDL_LOOP_vector: return mlirVectorTypeGet(1, lanes, element);
  case MDL_LOOP_memory: break;
  }
  for (int i = 0; i < type->rank; i++)
    dim[i] = type->dim[i] < 0 ? mlirShapedTypeGetDynamicSize() : type->dim[i];
  if (type->lanes > 1) element = mlirVectorTypeGet(1, lanes, element);
  return mlirMemRefTypeContiguousGet(element, type->rank, dim, mlirAttributeGetNull());
}

bool mdl_loop_constant(const MdlIr *ir, MlirValue value, double *real, int64_t *integer)
{
  (void)ir;
  if (mdl_loop_def_op(value) != MDL_LOOP_constant) return false;
  MlirAttribute number = mdl_op_raw(mdl_def(value), "value");
  if (mlirAttributeIsADenseElements(number)) number = mlirDenseElementsAttrGetSplatValue(number);
  *real = 0, *integer = 0;
  if (mlirAttributeIsAFloat(number))
    *real = mlirFloatAttrGetValueDouble(number);
  else if (mlirAttributeIsABool(number))
    *integer = mlirBoolAttrGetValue(number);
  else
    *integer = mlirIntegerAttrGetValueInt(number);
  return true;
}

/* arith's numbering of predicates. */
MdlPredicate mdl_loop_predicate(MlirOperation compare)
{
  static const int of_float[] = {[1] = MDL_PREDICATE_eq, [2] = MDL_PREDICATE_gt,
                                 [3] = MDL_PREDICATE_ge, [4] = MDL_PREDICATE_lt,
                                 [5] = MDL_PREDICATE_le, [13] = MDL_PREDICATE_ne};
  static const int of_int[] = {MDL_PREDICATE_eq,  MDL_PREDICATE_ne,  MDL_PREDICATE_lt,
                               MDL_PREDICATE_le,  MDL_PREDICATE_gt,  MDL_PREDICATE_ge,
                               MDL_PREDICATE_ult, MDL_PREDICATE_ule, MDL_PREDICATE_ugt,
                               MDL_PREDICATE_uge};
  int64_t predicate = mdl_op_int(compare, "predicate", 0);
  return (MdlPredicate)(mdl_loop_op(compare) == MDL_LOOP_cmpf ? of_float[predicate]
                                                             : of_int[predicate]);
}

MlirValue mdl_loop_extent(MlirOperation shape, int i)
{
  /* reinterpret_cast: source, sizes (offset and strides are static or follow); view: source, byte
   * shift, sizes. */
  int first = mdl_loop_op(shape) == MDL_LOOP_view ? 2 : 1;
  return mdl_operand(shape, first + i);
}

int mdl_loop_lanes(MlirOperation shuffle, int64_t *lanes, int max)
{
  return mdl_op_ints(shuffle, "mask", lanes, max);
}

int64_t mdl_loop_lane(MlirOperation extract)
{
  int64_t lane = 0;
  return mdl_op_ints(extract, "static_position", &lane, 1) == 1 ? lane : 0;
}
