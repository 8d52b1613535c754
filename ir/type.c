/* Types both ways: MdlType in C structs, builtin and tensor types in MLIR. */
#include "ir/ir.h"

#include <string.h>

#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/BuiltinTypes.h>

static MlirAttribute encoding_of(MdlIr *ir, const MdlType *type, int64_t *shape)
{
  MlirAttribute text[MDL_MAX_RANK];
  int symbolic = 0;
  for (int i = 0; i < type->rank; i++) {
    if (mdl_size_is_const(type->dim[i], &shape[i])) continue;
    shape[i] = mlirShapedTypeGetDynamicSize();
    text[symbolic++] = mlirStringAttrGet(
        ir->context, mlirStringRefCreateFromCString(mdl_size_text(type->dim[i])));
  }
  return symbolic ? mlirArrayAttrGet(ir->context, symbolic, text) : mlirAttributeGetNull();
}

MlirType mdl_type_make(MdlIr *ir, const MdlType *type)
{
  MlirType element = ir->scalar[type->dtype];
  if (!type->rank) return element;
  int64_t shape[MDL_MAX_RANK];
  MlirAttribute encoding = encoding_of(ir, type, shape);
  return mlirRankedTensorTypeGet(type->rank, shape, element, encoding);
}

static MdlDtype dtype_of(const MdlIr *ir, MlirType type)
{
  for (int i = 0; i <= MDL_DTYPE_COUNT; i++)
    if (mlirTypeEqual(ir->scalar[i], type)) return (MdlDtype)i;
  return MDL_DTYPE_COUNT + 1;
}

static bool read_dims(MdlIr *ir, MlirType tensor, MdlType *type)
{
  MlirAttribute encoding = mlirRankedTensorTypeGetEncoding(tensor);
  intptr_t symbolic = 0, texts = 0;
  if (!mlirAttributeIsNull(encoding) && mlirAttributeIsAArray(encoding))
    texts = mlirArrayAttrGetNumElements(encoding);
  for (int i = 0; i < type->rank; i++) {
    if (!mlirShapedTypeIsDynamicDim(tensor, i)) {
      int64_t size = mlirShapedTypeGetDimSize(tensor, i);
      if (size < 0) return false;
      type->dim[i] = mdl_size_const(ir->sizes, size);
      continue;
    }
    if (symbolic >= texts) return false;
    MlirAttribute text = mlirArrayAttrGetElement(encoding, symbolic++);
    if (!mlirAttributeIsAString(text)) return false;
    MlirStringRef s = mlirStringAttrGetValue(text);
    type->dim[i] = mdl_size_parse(ir->sizes, s.data, s.length);
    if (!type->dim[i]) return false;
  }
  return true;
}

const MdlType *mdl_type_read(MdlIr *ir, MlirType type)
{
  const MdlType *known = mdl_map_get(ir->types, type.ptr);
  if (known) return known;
  MdlType read = {.rank = 0};
  MlirType element = type;
  if (mlirTypeIsARankedTensor(type)) {
    int64_t rank = mlirShapedTypeGetRank(type);
    if (rank < 1 || rank > MDL_MAX_RANK) return NULL;
    read.rank = (int)rank;
    element = mlirShapedTypeGetElementType(type);
    if (!read_dims(ir, type, &read)) return NULL;
  }
  read.dtype = dtype_of(ir, element);
  if (read.dtype > MDL_index) return NULL;
  MdlType *kept = MDL_NEW(ir->arena, MdlType, 1);
  *kept = read;
  mdl_map_set(ir->types, type.ptr, kept);
  return kept;
}

const MdlType *mdl_type_of(MdlIr *ir, MlirValue value)
{
  const MdlType *type = mdl_type_read(ir, mlirValueGetType(value));
  if (!type) MDL_BUG(ir->session, "a value has a type that mdl form does not know");
  return type;
}

bool mdl_type_equal(const MdlType *a, const MdlType *b)
{
  if (a->dtype != b->dtype || a->rank != b->rank) return false;
  for (int i = 0; i < a->rank; i++)
    if (a->dim[i] != b->dim[i]) return false;
  return true;
}

MdlType mdl_type_scalar(MdlDtype dtype) { return (MdlType){.dtype = dtype}; }

MdlType mdl_type_with(const MdlType *shape, MdlDtype dtype)
{
  MdlType type = *shape;
  type.dtype = dtype;
  return type;
}

const char *mdl_type_text(MdlArena *arena, const MdlType *type)
{
  const char *text = mdl_dtypes[type->dtype].name;
  for (int i = 0; i < type->rank; i++)
    text = mdl_text(arena, "%s%s%s", text, i ? ", " : "[", mdl_size_text(type->dim[i]));
  return type->rank ? mdl_text(arena, "%s]", text) : text;
}

const MdlSize *mdl_type_elements(MdlSizes *sizes, const MdlType *type)
{
  const MdlSize *count = mdl_size_const(sizes, 1);
  for (int i = 0; i < type->rank; i++) count = mdl_size_mul(sizes, count, type->dim[i]);
  return count;
}
