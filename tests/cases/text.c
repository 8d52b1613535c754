#include "tests/cases/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn static void bad(const char *what, const char *text)
{
  fprintf(stderr, "a test's %s cannot be read: %s\n", what, text);
  abort();
}

/* ---- types ------------------------------------------------------------------------------- */

static const char *read_type(MdlIr *ir, const char *text, MdlType *type)
{
  size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789");
  MdlDtype dtype = mdl_dtype_find(text, word);
  if (word == 5 && !memcmp(text, "index", 5))
    dtype = MDL_index;
  else if (dtype == MDL_DTYPE_COUNT)
    bad("type", text);
  *type = mdl_type_scalar(dtype);
  text += word;
  if (*text != '[') return text;
  for (text++; *text != ']';) {
    size_t length = 0;
    for (int depth = 0; text[length] && (depth || !strchr(",]", text[length])); length++)
      depth += (text[length] == '(') - (text[length] == ')');
    const MdlSize *size = mdl_size_parse(ir->sizes, text, length);
    if (!size) bad("size", text);
    type->dim[type->rank++] = size;
    text += length;
    if (*text == ',') text++;
  }
  return text + 1;
}

MdlType mdl_case_type(MdlIr *ir, const char *text)
{
  MdlType type;
  if (*read_type(ir, text, &type)) bad("type", text);
  return type;
}

/* ---- attributes -------------------------------------------------------------------------- */

static void put_table(MdlAttrs *attrs, const char *name, const char *value, const MdlType *given)
{
  MdlType type = *given;
  if (type.dtype == MDL_f16 || type.dtype == MDL_bf16) type.dtype = MDL_f32;
  const char *text = mdl_type_text(attrs->ir->arena, &type);
  char *spaced = mdl_text(attrs->ir->arena, "%s %s", text, value);
  for (char *p = spaced + strlen(text); *p; p++)
    if (*p == ',') *p = ' ';
  MdlTensor t = mdl_case_tensor(attrs->ir, spaced);
  void *memory = mdl_alloc(attrs->ir->arena, (size_t)t.count * 8);
  mdl_tensor_store(&t, memory);
  mdl_put_table(attrs, name, &type, memory);
}

/* The numbers, or sizes, between commas. */
static int read_list(MdlIr *ir, const char *value, int64_t *a, int64_t *b, const MdlSize **size)
{
  int count = 0;
  while (*value) {
    size_t length = strcspn(value, ",");
    char *end = NULL;
    if (size && !(size[count] = mdl_size_parse(ir->sizes, value, length))) bad("size", value);
    a[count] = strtoll(value, &end, 10);
    if (b) b[count] = strtoll(end + 1, &end, 10);
    value += length + (value[length] == ',');
    count++;
  }
  return count;
}

static void put_attr(MdlAttrs *attrs, const MdlAttrInfo *info, const char *value,
                     const MdlType *given)
{
  int64_t a[2 * MDL_MAX_RANK], b[2 * MDL_MAX_RANK];
  const MdlSize *size[2 * MDL_MAX_RANK];
  double real = strtod(value, NULL);
  switch (info->kind) {
  case MDL_ATTR_axis:
  case MDL_ATTR_int:
    mdl_put_int(attrs, info->name, strtoll(value, NULL, 10));
    break;
  case MDL_ATTR_axes:
  case MDL_ATTR_perm:
  case MDL_ATTR_dims:
    mdl_put_ints(attrs, info->name, read_list(attrs->ir, value, a, NULL, NULL), a);
    break;
  case MDL_ATTR_sizes:
    mdl_put_sizes(attrs, info->name, read_list(attrs->ir, value, a, NULL, size), size);
    break;
  case MDL_ATTR_pairs: {
    int count = read_list(attrs->ir, value, a, b, NULL);
    mdl_put_pairs(attrs, info->name, count, a, b);
    break;
  }
  case MDL_ATTR_flag:
    mdl_put_flag(attrs, info->name, !strcmp(value, "true"));
    break;
  case MDL_ATTR_text:
    mdl_put_text(attrs, info->name, value);
    break;
  case MDL_ATTR_number:
    if (!given) bad("number", value);
    if (!strcmp(info->name, "values"))
      put_table(attrs, info->name, value, given);
    else
      mdl_put_number(attrs, info->name, given->dtype, real, strtoll(value, NULL, 10));
  }
}

MdlAttrs mdl_case_attrs(MdlIr *ir, MdlOp op, const char *text, const MdlType *given)
{
  MdlAttrs attrs = mdl_attrs_none(ir);
  const MdlOpInfo *row = mdl_op_info(op);
  for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
    size_t name = strcspn(text, "="), length = strcspn(text, " ");
    const MdlAttrInfo *info = NULL;
    for (int i = 0; i < row->attrs; i++)
      if (strlen(row->attr[i].name) == name && !memcmp(row->attr[i].name, text, name))
        info = &row->attr[i];
    if (!info || name >= length) bad("attribute", text);
    put_attr(&attrs, info, mdl_text_copy(ir->arena, text + name + 1, length - name - 1), given);
    text += length;
  }
  return attrs;
}

/* ---- values ------------------------------------------------------------------------------ */

static MdlNumber read_number(MdlDtype dtype, const char *text, char **end)
{
  MdlNumber value = {0, 0};
  const MdlDtypeInfo *info = &mdl_dtypes[dtype];
  if (mdl_is_float(dtype))
    value.real = mdl_round_to(dtype, strtod(text, end));
  else
    value.integer =
        mdl_int_cut(*text == '-' ? (uint64_t)strtoll(text, end, 10) : strtoull(text, end, 10),
                    info->bits, info->kind == 's');
  return value;
}

MdlTensor mdl_case_tensor(MdlIr *ir, const char *text)
{
  MdlType type;
  int64_t dim[MDL_MAX_RANK];
  const char *p = read_type(ir, text, &type);
  for (int i = 0; i < type.rank; i++)
    if (!mdl_size_is_const(type.dim[i], &dim[i])) bad("value", text);
  MdlTensor t = mdl_tensor_create(ir->arena, type.dtype, type.rank, dim);
  int64_t count = 0;
  MdlNumber value = {0, 0};
  for (p += strspn(p, " "); *p; p += strspn(p, " ")) {
    char *end = NULL;
    value = read_number(type.dtype, p, &end);
    if (end == p || count == t.count) bad("value", text);
    if (t.real)
      t.real[count++] = value.real;
    else
      t.integer[count++] = value.integer;
    p = end;
  }
  if (count != t.count && count != 1) bad("value", text);
  for (; count < t.count; count++)
    if (t.real)
      t.real[count] = value.real;
    else
      t.integer[count] = value.integer;
  return t;
}

int mdl_case_split(MdlIr *ir, const char *text, const char **part, int most)
{
  int count = 0;
  for (text += strspn(text, " ;"); *text && count < most; text += strspn(text, " ;")) {
    size_t length = strcspn(text, ";");
    part[count++] = mdl_text_copy(ir->arena, text, length);
    text += length;
  }
  return count;
}

/* ---- one op ------------------------------------------------------------------------------ */

static MdlType type_of_tensor(MdlIr *ir, const MdlTensor *t)
{
  MdlType type = {.dtype = t->dtype, .rank = t->rank};
  for (int i = 0; i < t->rank; i++) type.dim[i] = mdl_size_const(ir->sizes, t->dim[i]);
  return type;
}

MdlEvalResult mdl_case_eval(MdlIr *ir, const char *op_name, const char *operands,
                            const char *attr_text, const char *given_text,
                            const MdlEvalOptions *options)
{
  MdlOp op = mdl_op_find(op_name, strlen(op_name));
  const char *part[MDL_MAX_OPERANDS];
  MdlTensor arg[MDL_MAX_OPERANDS];
  MlirType types[MDL_MAX_OPERANDS];
  MlirValue values[MDL_MAX_OPERANDS];
  int count = mdl_case_split(ir, operands, part, MDL_MAX_OPERANDS);
  for (int i = 0; i < count; i++) {
    arg[i] = mdl_case_tensor(ir, part[i]);
    MdlType type = type_of_tensor(ir, &arg[i]);
    types[i] = mdl_type_make(ir, &type);
  }
  MdlType given = given_text ? mdl_case_type(ir, given_text) : mdl_type_scalar(MDL_f32);
  MdlAttrs attrs = mdl_case_attrs(ir, op, attr_text, &given);

  MlirOperation module = mdl_module_create(ir, "case.mdl");
  MlirLocation at = mdl_location_of(module);
  const MdlFunc f = {.symbol = "f", .define = true, .args = count, .arg = types, .at = at};
  MlirOperation func = mdl_build_func(ir, module, &f);
  MdlBuilder b = mdl_builder_at_end(ir, mdl_body(func, 0), at);
  for (int i = 0; i < count; i++) values[i] = mdl_arg(mdl_body(func, 0), i);
  MlirOperation built = mdl_build_op(&b, op, count, values, &attrs, given_text ? &given : NULL);
  MlirValue results[MDL_MAX_RESULTS];
  for (int i = 0; i < mdl_result_count(built); i++) results[i] = mdl_result(built, i);
  mdl_build_return(&b, mdl_result_count(built), results);
  mdl_func_refresh_type(ir, func);
  const char *why = mdl_verify(ir, module);
  if (why) MDL_BUG(ir->session, "%s", why);
  MdlEvalResult result = mdl_eval(ir, module, func, arg, options, ir->arena);
  mdl_module_destroy(module);
  return result;
}
