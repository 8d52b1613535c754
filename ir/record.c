#include "ir/record.h"

#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/BuiltinTypes.h>

static MlirAttribute value_of(MdlIr *ir, const MdlRecordField *field)
{
  MlirContext context = ir->context;
  if (field->text) return mlirStringAttrGet(context, mlirStringRefCreateFromCString(field->text));
  if (field->count < 0) return mlirIntegerAttrGet(mlirIntegerTypeGet(context, 64), field->value[0]);
  return mlirDenseI64ArrayGet(context, field->count, field->value);
}

void mdl_op_set_record(MdlIr *ir, MlirOperation op, const char *name, int count,
                       const MdlRecordField *field)
{
  MlirNamedAttribute *entry = MDL_NEW(ir->arena, MlirNamedAttribute, (size_t)count + 1);
  for (int i = 0; i < count; i++) {
    MlirStringRef key = mlirStringRefCreateFromCString(field[i].name);
    entry[i] = mlirNamedAttributeGet(mlirIdentifierGet(ir->context, key), value_of(ir, &field[i]));
  }
  mdl_op_set_raw(ir, op, name, mlirDictionaryAttrGet(ir->context, count, entry));
}

static bool read(MdlIr *ir, MlirAttribute value, MdlRecordField *field)
{
  if (mlirAttributeIsAString(value)) {
    MlirStringRef text = mlirStringAttrGetValue(value);
    field->text = mdl_intern(ir->arena, text.data, text.length);
    return true;
  }
  if (mlirAttributeIsAInteger(value)) {
    field->count = -1;
    field->value[0] = mlirIntegerAttrGetValueInt(value);
    return true;
  }
  if (!mlirAttributeIsADenseI64Array(value)) return false;
  field->count = (int)mlirDenseArrayGetNumElements(value);
  if (field->count > MDL_MAX_FIELD) return false;
  for (int i = 0; i < field->count; i++) field->value[i] = mlirDenseI64ArrayGetElement(value, i);
  return true;
}

int mdl_op_record(MdlIr *ir, MlirOperation op, const char *name, MdlRecordField *field, int max)
{
  MlirAttribute record = mdl_op_raw(op, name);
  if (mlirAttributeIsNull(record) || !mlirAttributeIsADictionary(record)) return -1;
  int count = (int)mlirDictionaryAttrGetNumElements(record);
  if (count > max) return -1;
  for (int i = 0; i < count; i++) {
    MlirNamedAttribute entry = mlirDictionaryAttrGetElement(record, i);
    MlirStringRef key = mlirIdentifierStr(entry.name);
    field[i] = (MdlRecordField){.name = mdl_intern(ir->arena, key.data, key.length)};
    if (!read(ir, entry.attribute, &field[i])) return -1;
  }
  return count;
}
