/* Attributes of ops, by name and kind. */
#include "ir/ir.h"

#include <string.h>

#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/BuiltinTypes.h>

static MlirStringRef ref(const char *text) { return mlirStringRefCreateFromCString(text); }

MdlAttrs mdl_attrs_none(MdlIr *ir) { return (MdlAttrs){.ir = ir}; }

MdlAttrs mdl_attrs_of(MdlIr *ir, MlirOperation op)
{
  MdlAttrs attrs = {.ir = ir};
  const MdlOpInfo *row = mdl_op_info(mdl_op(ir, op));
  for (int i = 0; i < row->attrs; i++) {
    MlirAttribute value = mlirOperationGetAttributeByName(op, ref(row->attr[i].name));
    if (mlirAttributeIsNull(value)) continue;
    attrs.name[attrs.count] = row->attr[i].name;
    attrs.value[attrs.count++] = value;
  }
  return attrs;
}

static void put(MdlAttrs *attrs, const char *name, MlirAttribute value)
{
  if (attrs->count == MDL_MAX_ATTRS) MDL_BUG(attrs->ir->session, "too many attributes: %s", name);
  attrs->name[attrs->count] = name;
  attrs->value[attrs->count++] = value;
}

static MlirAttribute find(const MdlAttrs *attrs, const char *name)
{
  for (int i = 0; i < attrs->count; i++)
    if (!strcmp(attrs->name[i], name)) return attrs->value[i];
  MDL_BUG(attrs->ir->session, "an op lacks its attribute `%s`", name);
}

_Noreturn static void wrong_kind(const MdlAttrs *attrs, const char *name)
{
  MDL_BUG(attrs->ir->session, "the attribute `%s` has another kind than the table says", name);
}

/* ---- one number, many numbers ------------------------------------------------------------ */

static MlirAttribute int_attr(MdlIr *ir, int64_t value)
{
  return mlirIntegerAttrGet(mlirIntegerTypeGet(ir->context, 64), value);
}

void mdl_put_int(MdlAttrs *attrs, const char *name, int64_t value)
{
  put(attrs, name, int_attr(attrs->ir, value));
}

int64_t mdl_get_int(const MdlAttrs *attrs, const char *name)
{
  MlirAttribute value = find(attrs, name);
  if (!mlirAttributeIsAInteger(value)) wrong_kind(attrs, name);
  return mlirIntegerAttrGetValueInt(value);
}

void mdl_put_ints(MdlAttrs *attrs, const char *name, int count, const int64_t *values)
{
  put(attrs, name, mlirDenseI64ArrayGet(attrs->ir->context, count, values));
}

/* At most `max` of them are stored. */
static int read_ints(MlirAttribute array, int64_t *values, int max)
{
  if (mlirAttributeIsNull(array) || !mlirAttributeIsADenseI64Array(array)) return -1;
  int count = (int)mlirDenseArrayGetNumElements(array);
  for (int i = 0; i < count && i < max; i++) values[i] = mlirDenseI64ArrayGetElement(array, i);
  return count;
}

int mdl_get_ints(const MdlAttrs *attrs, const char *name, int64_t *values)
{
  int count = read_ints(find(attrs, name), values, MDL_MAX_RANK);
  if (count < 0 || count > MDL_MAX_RANK) wrong_kind(attrs, name);
  return count;
}

void mdl_put_sizes(MdlAttrs *attrs, const char *name, int count, const MdlSize *const *sizes)
{
  MlirAttribute text[2 * MDL_MAX_RANK];
  for (int i = 0; i < count; i++)
    text[i] = mlirStringAttrGet(attrs->ir->context, ref(mdl_size_text(sizes[i])));
  put(attrs, name, mlirArrayAttrGet(attrs->ir->context, count, text));
}

int mdl_get_sizes(const MdlAttrs *attrs, const char *name, const MdlSize **sizes)
{
  MlirAttribute array = find(attrs, name);
  if (!mlirAttributeIsAArray(array)) wrong_kind(attrs, name);
  int count = (int)mlirArrayAttrGetNumElements(array);
  if (count > MDL_MAX_RANK) wrong_kind(attrs, name);
  for (int i = 0; i < count; i++) {
    MlirAttribute text = mlirArrayAttrGetElement(array, i);
    if (!mlirAttributeIsAString(text)) wrong_kind(attrs, name);
    MlirStringRef s = mlirStringAttrGetValue(text);
    sizes[i] = mdl_size_parse(attrs->ir->sizes, s.data, s.length);
    if (!sizes[i]) wrong_kind(attrs, name);
  }
  return count;
}

void mdl_put_pairs(MdlAttrs *attrs, const char *name, int count, const int64_t *a,
                   const int64_t *b)
{
  MlirContext context = attrs->ir->context;
  MlirAttribute sides[] = {mlirDenseI64ArrayGet(context, count, a),
                           mlirDenseI64ArrayGet(context, count, b)};
  put(attrs, name, mlirArrayAttrGet(context, 2, sides));
}

int mdl_get_pairs(const MdlAttrs *attrs, const char *name, int64_t *a, int64_t *b)
{
  MlirAttribute array = find(attrs, name);
  if (!mlirAttributeIsAArray(array) || mlirArrayAttrGetNumElements(array) != 2)
    wrong_kind(attrs, name);
  int count = read_ints(mlirArrayAttrGetElement(array, 0), a, MDL_MAX_RANK);
  int other = read_ints(mlirArrayAttrGetElement(array, 1), b, MDL_MAX_RANK);
  if (count < 0 || count != other || count > MDL_MAX_RANK) wrong_kind(attrs, name);
  return count;
}

/* ---- flags, texts, typed numbers --------------------------------------------------------- */

void mdl_put_flag(MdlAttrs *attrs, const char *name, bool value)
{
  put(attrs, name, mlirBoolAttrGet(attrs->ir->context, value));
}

bool mdl_get_flag(const MdlAttrs *attrs, const char *name)
{
  MlirAttribute value = find(attrs, name);
  if (!mlirAttributeIsABool(value)) wrong_kind(attrs, name);
  return mlirBoolAttrGetValue(value);
}

void mdl_put_text(MdlAttrs *attrs, const char *name, const char *text)
{
  put(attrs, name, mlirStringAttrGet(attrs->ir->context, ref(text)));
}

static const char *text_of(MdlIr *ir, MlirAttribute value)
{
  MlirStringRef s = {0};
  if (mlirAttributeIsAString(value))
    s = mlirStringAttrGetValue(value);
  else if (mlirAttributeIsAFlatSymbolRef(value))
    s = mlirFlatSymbolRefAttrGetValue(value);
  else
    return NULL;
  return mdl_intern(ir->arena, s.data, s.length);
}

const char *mdl_get_text(const MdlAttrs *attrs, const char *name)
{
  const char *text = text_of(attrs->ir, find(attrs, name));
  if (!text) wrong_kind(attrs, name);
  return text;
}

const MdlSize *mdl_get_size(const MdlAttrs *attrs, const char *name)
{
  const char *text = mdl_get_text(attrs, name);
  const MdlSize *size = mdl_size_parse(attrs->ir->sizes, text, strlen(text));
  if (!size) wrong_kind(attrs, name);
  return size;
}

void mdl_put_number(MdlAttrs *attrs, const char *name, MdlDtype dtype, double real,
                    int64_t integer)
{
  MlirType type = attrs->ir->scalar[dtype];
  put(attrs, name,
      mdl_is_float(dtype) ? mlirFloatAttrDoubleGet(attrs->ir->context, type, real)
      : dtype == MDL_bool ? mlirBoolAttrGet(attrs->ir->context, integer != 0)
                          : mlirIntegerAttrGet(type, integer));
}

static int64_t integer_of(MlirAttribute value)
{
  if (mlirAttributeIsABool(value)) return mlirBoolAttrGetValue(value);
  MlirType type = mlirAttributeGetType(value);
  bool is_unsigned = mlirTypeIsAInteger(type) && mlirIntegerTypeIsUnsigned(type);
  return is_unsigned ? (int64_t)mlirIntegerAttrGetValueUInt(value)
                     : mlirIntegerAttrGetValueInt(value);
}

bool mdl_get_number(const MdlAttrs *attrs, const char *name, double *real, int64_t *integer)
{
  MlirAttribute value = find(attrs, name);
  bool is_float = mlirAttributeIsAFloat(value);
  if (!is_float && !mlirAttributeIsAInteger(value)) return false;
  if (is_float)
    *real = mlirFloatAttrGetValueDouble(value), *integer = 0;
  else
    *integer = integer_of(value), *real = (double)*integer;
  return true;
}

/* ---- dense tables ------------------------------------------------------------------------ */

static int64_t element_count(const MdlAttrs *attrs, const MdlType *type)
{
  int64_t count = 0;
  const MdlSize *size = mdl_type_elements(attrs->ir->sizes, type);
  if (!size || !mdl_size_is_const(size, &count))
    MDL_BUG(attrs->ir->session, "a table needs sizes that are numbers");
  return count;
}

void mdl_put_table(MdlAttrs *attrs, const char *name, const MdlType *type, const void *data)
{
  int64_t count = element_count(attrs, type);
  MlirType tensor = mdl_type_make(attrs->ir, type);
  if (type->dtype != MDL_bool) {
    size_t bytes = (size_t)count * (size_t)mdl_dtypes[type->dtype].bytes;
    put(attrs, name, mlirDenseElementsAttrRawBufferGet(tensor, bytes, data));
    return;
  }
  int *bools = MDL_NEW(attrs->ir->arena, int, (size_t)count);
  for (int64_t i = 0; i < count; i++) bools[i] = ((const unsigned char *)data)[i] != 0;
  put(attrs, name, mlirDenseElementsAttrBoolGet(tensor, count, bools));
}

/* Widened from `bytes` bytes, little end first. */
static uint64_t raw_element(const unsigned char *data, int bytes, bool is_signed)
{
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint64_t)data[i] << 8 * i;
  if (is_signed && bytes < 8 && value >> (8 * bytes - 1)) value |= ~(uint64_t)0 << 8 * bytes;
  return value;
}

void mdl_get_element(const MdlAttrs *attrs, const char *name, int64_t i, double *real,
                     int64_t *integer)
{
  MlirAttribute table = find(attrs, name);
  if (!mlirAttributeIsADenseElements(table)) wrong_kind(attrs, name);
  const MdlType *type = mdl_type_read(attrs->ir, mlirAttributeGetType(table));
  if (!type) wrong_kind(attrs, name);
  if (mlirDenseElementsAttrIsSplat(table)) i = 0;
  *real = 0, *integer = 0;
  if (type->dtype == MDL_bool) {
    *integer = mlirDenseElementsAttrGetBoolValue(table, i);
  } else if (type->dtype == MDL_f32) {
    *real = (double)((const float *)mlirDenseElementsAttrGetRawData(table))[i];
  } else if (type->dtype == MDL_f64) {
    *real = ((const double *)mlirDenseElementsAttrGetRawData(table))[i];
  } else if (mdl_is_float(type->dtype)) {
    MDL_BUG(attrs->ir->session, "tables of f16 and bf16 are kept as f32");
  } else {
    int bytes = mdl_dtypes[type->dtype].bytes;
    const unsigned char *data = mlirDenseElementsAttrGetRawData(table);
    *integer = (int64_t)raw_element(data + i * bytes, bytes, !mdl_is_unsigned(type->dtype));
  }
  if (!mdl_is_float(type->dtype)) *real = (double)*integer;
}

/* ---- any attribute of any op ------------------------------------------------------------- */

MlirAttribute mdl_op_raw(MlirOperation op, const char *name)
{
  return mlirOperationGetAttributeByName(op, ref(name));
}

void mdl_op_set_raw(MdlIr *ir, MlirOperation op, const char *name, MlirAttribute value)
{
  (void)ir;
  mlirOperationSetAttributeByName(op, ref(name), value);
}

void mdl_op_unset(MlirOperation op, const char *name)
{
  mlirOperationRemoveAttributeByName(op, ref(name));
}

bool mdl_op_has(MlirOperation op, const char *name)
{
  return !mlirAttributeIsNull(mdl_op_raw(op, name));
}

const char *mdl_op_text(MdlIr *ir, MlirOperation op, const char *name)
{
  MlirAttribute value = mdl_op_raw(op, name);
  return mlirAttributeIsNull(value) ? NULL : text_of(ir, value);
}

const MdlSize *mdl_op_size(MdlIr *ir, MlirOperation op, const char *name)
{
  const char *text = mdl_op_text(ir, op, name);
  return text ? mdl_size_parse(ir->sizes, text, strlen(text)) : NULL;
}

int64_t mdl_op_int(MlirOperation op, const char *name, int64_t fallback)
{
  MlirAttribute value = mdl_op_raw(op, name);
  bool is_int = !mlirAttributeIsNull(value) && mlirAttributeIsAInteger(value);
  return is_int ? mlirIntegerAttrGetValueInt(value) : fallback;
}

int mdl_op_ints(MlirOperation op, const char *name, int64_t *values, int max)
{
  return read_ints(mdl_op_raw(op, name), values, max);
}

void mdl_op_set_text(MdlIr *ir, MlirOperation op, const char *name, const char *text)
{
  mdl_op_set_raw(ir, op, name, mlirStringAttrGet(ir->context, ref(text)));
}

void mdl_op_set_size(MdlIr *ir, MlirOperation op, const char *name, const MdlSize *size)
{
  mdl_op_set_text(ir, op, name, mdl_size_text(size));
}

void mdl_op_set_symbol(MdlIr *ir, MlirOperation op, const char *name, const char *symbol)
{
  mdl_op_set_raw(ir, op, name, mlirFlatSymbolRefAttrGet(ir->context, ref(symbol)));
}

void mdl_op_set_int(MdlIr *ir, MlirOperation op, const char *name, int64_t value)
{
  mdl_op_set_raw(ir, op, name, int_attr(ir, value));
}

void mdl_op_set_ints(MdlIr *ir, MlirOperation op, const char *name, int count,
                     const int64_t *values)
{
  mdl_op_set_raw(ir, op, name, mlirDenseI64ArrayGet(ir->context, count, values));
}

void mdl_op_set_unit(MdlIr *ir, MlirOperation op, const char *name)
{
  mdl_op_set_raw(ir, op, name, mlirUnitAttrGet(ir->context));
}
