/* The signature of an entry, as a nested dictionary attribute: reading is the mirror of writing. */
#include "ir/signature.h"

#include <string.h>

#include <mlir-c/BuiltinAttributes.h>
#include <mlir-c/BuiltinTypes.h>

static MlirStringRef ref(const char *text) { return mlirStringRefCreateFromCString(text); }

/* ---- writing ----------------------------------------------------------------------------- */

typedef struct Dict {
  MdlIr *ir;
  int count;
  MlirNamedAttribute entry[16];
} Dict;

static void put(Dict *dict, const char *name, MlirAttribute value)
{
  dict->entry[dict->count++] =
      mlirNamedAttributeGet(mlirIdentifierGet(dict->ir->context, ref(name)), value);
}

/* NULL is left out, and read back as NULL. */
static void put_text(Dict *dict, const char *name, const char *text)
{
  if (text) put(dict, name, mlirStringAttrGet(dict->ir->context, ref(text)));
}

static void put_int(Dict *dict, const char *name, int64_t value)
{
  put(dict, name, mlirIntegerAttrGet(mlirIntegerTypeGet(dict->ir->context, 64), value));
}

static void put_type(Dict *dict, const char *name, const MdlType *type)
{
  put(dict, name, mlirTypeAttrGet(mdl_type_make(dict->ir, type)));
}

static void put_texts(Dict *dict, const char *name, int count, const char *const *texts)
{
  MlirAttribute *list = MDL_NEW(dict->ir->arena, MlirAttribute, (size_t)count);
  for (int i = 0; i < count; i++) list[i] = mlirStringAttrGet(dict->ir->context, ref(texts[i]));
  put(dict, name, mlirArrayAttrGet(dict->ir->context, count, list));
}

static MlirAttribute dict_end(const Dict *dict)
{
  return mlirDictionaryAttrGet(dict->ir->context, dict->count, dict->entry);
}

typedef MlirAttribute WriteFn(MdlIr *ir, const void *item);

static void put_list(Dict *dict, const char *name, int count, const void *items, size_t bytes,
                     WriteFn *write)
{
  MlirAttribute *list = MDL_NEW(dict->ir->arena, MlirAttribute, (size_t)count);
  for (int i = 0; i < count; i++)
    list[i] = write(dict->ir, (const char *)items + (size_t)i * bytes);
  put(dict, name, mlirArrayAttrGet(dict->ir->context, count, list));
}

static MlirAttribute write_param(MdlIr *ir, const void *item)
{
  const MdlParam *param = item;
  Dict dict = {.ir = ir};
  put_text(&dict, "name", param->name);
  put_text(&dict, "struct", param->struct_type);
  put_text(&dict, "preset", param->preset);
  put_int(&dict, "role", param->role);
  put_int(&dict, "leaf", param->leaf);
  put_int(&dict, "leaves", param->leaves);
  return dict_end(&dict);
}

static MlirAttribute write_leaf(MdlIr *ir, const void *item)
{
  const MdlLeaf *leaf = item;
  Dict dict = {.ir = ir};
  put_text(&dict, "path", leaf->path);
  put_type(&dict, "type", &leaf->type);
  return dict_end(&dict);
}

static MlirAttribute write_field(MdlIr *ir, const void *item)
{
  const MdlField *field = item;
  const char *stack[4] = {0};
  Dict dict = {.ir = ir};
  put_text(&dict, "name", field->name);
  put_text(&dict, "struct", field->struct_type);
  if (!field->struct_type) put_type(&dict, "type", &field->type);
  for (int i = 0; i < field->stack; i++) stack[i] = mdl_size_text(field->stack_dim[i]);
  put_texts(&dict, "stack", field->stack, stack);
  return dict_end(&dict);
}

static MlirAttribute write_struct(MdlIr *ir, const void *item)
{
  const MdlStruct *s = item;
  Dict dict = {.ir = ir};
  put_text(&dict, "name", s->name);
  put_text(&dict, "source", s->source);
  put_int(&dict, "line", s->line);
  put_list(&dict, "fields", s->fields, s->field, sizeof *s->field, write_field);
  return dict_end(&dict);
}

static MlirAttribute write_check(MdlIr *ir, const void *item)
{
  const MdlCheck *check = item;
  Dict dict = {.ir = ir};
  put_int(&dict, "code", check->code);
  put_int(&dict, "line", check->line);
  put_text(&dict, "file", check->file);
  put_text(&dict, "text", check->text);
  return dict_end(&dict);
}

static MlirAttribute write_guard(MdlIr *ir, const void *item)
{
  const MdlGuard *guard = item;
  Dict dict = {.ir = ir};
  put_text(&dict, "left", mdl_size_text(guard->left));
  if (guard->right) put_text(&dict, "right", mdl_size_text(guard->right));
  put_int(&dict, "check", guard->check);
  return dict_end(&dict);
}

void mdl_signature_write(MdlIr *ir, MlirOperation entry, const MdlSignature *s)
{
  Dict dict = {.ir = ir};
  put_text(&dict, "module", s->module);
  put_text(&dict, "prefix", s->prefix);
  put_text(&dict, "source", s->source);
  put_text(&dict, "entry", s->entry);
  put_text(&dict, "text", s->text);
  put_int(&dict, "line", s->line);
  put_int(&dict, "work", s->has_work);
  if (s->on_gpu) put_int(&dict, "gpu", 1);
  put_texts(&dict, "sizes", s->sizes, s->size);
  put_list(&dict, "params", s->params, s->param, sizeof *s->param, write_param);
  put_list(&dict, "leaves", s->leaves, s->leaf, sizeof *s->leaf, write_leaf);
  put_list(&dict, "structs", s->structs, s->struct_type, sizeof *s->struct_type, write_struct);
  put_list(&dict, "checks", s->checks, s->check, sizeof *s->check, write_check);
  put_list(&dict, "guards", s->guards, s->guard, sizeof *s->guard, write_guard);
  mdl_op_set_raw(ir, entry, "mdl.signature", dict_end(&dict));
}

/* ---- reading ----------------------------------------------------------------------------- */

_Noreturn static void broken(MdlIr *ir, const char *name)
{
  MDL_BUG(ir->session, "the signature's `%s` cannot be read", name);
}

static MlirAttribute get(MlirAttribute dict, const char *name)
{
  if (mlirAttributeIsNull(dict) || !mlirAttributeIsADictionary(dict)) return (MlirAttribute){NULL};
  return mlirDictionaryAttrGetElementByName(dict, ref(name));
}

static const char *get_text(MdlIr *ir, MlirAttribute dict, const char *name)
{
  MlirAttribute value = get(dict, name);
  if (mlirAttributeIsNull(value)) return NULL;
  if (!mlirAttributeIsAString(value)) broken(ir, name);
  MlirStringRef s = mlirStringAttrGetValue(value);
  return mdl_intern(ir->arena, s.data, s.length);
}

static const char *need_text(MdlIr *ir, MlirAttribute dict, const char *name)
{
  const char *text = get_text(ir, dict, name);
  if (!text) broken(ir, name);
  return text;
}

static int get_int(MdlIr *ir, MlirAttribute dict, const char *name)
{
  MlirAttribute value = get(dict, name);
  if (mlirAttributeIsNull(value) || !mlirAttributeIsAInteger(value)) broken(ir, name);
  return (int)mlirIntegerAttrGetValueInt(value);
}

static MdlType get_type(MdlIr *ir, MlirAttribute dict, const char *name)
{
  MlirAttribute value = get(dict, name);
  if (mlirAttributeIsNull(value) || !mlirAttributeIsAType(value)) broken(ir, name);
  const MdlType *type = mdl_type_read(ir, mlirTypeAttrGetValue(value));
  if (!type) broken(ir, name);
  return *type;
}

static const MdlSize *size_of_text(MdlIr *ir, const char *text)
{
  const MdlSize *size = text ? mdl_size_parse(ir->sizes, text, strlen(text)) : NULL;
  if (!size) broken(ir, "size");
  return size;
}

static MlirAttribute get_array(MdlIr *ir, MlirAttribute dict, const char *name, int *count)
{
  MlirAttribute value = get(dict, name);
  if (mlirAttributeIsNull(value) || !mlirAttributeIsAArray(value)) broken(ir, name);
  *count = (int)mlirArrayAttrGetNumElements(value);
  return value;
}

static const char *text_at(MdlIr *ir, MlirAttribute array, int i)
{
  MlirAttribute text = mlirArrayAttrGetElement(array, i);
  if (!mlirAttributeIsAString(text)) broken(ir, "list of texts");
  MlirStringRef s = mlirStringAttrGetValue(text);
  return mdl_intern(ir->arena, s.data, s.length);
}

typedef void ReadFn(MdlIr *ir, MlirAttribute dict, void *item);

static void *get_list(MdlIr *ir, MlirAttribute dict, const char *name, int *count, size_t bytes,
                      ReadFn *read)
{
  MlirAttribute array = get_array(ir, dict, name, count);
  char *items = mdl_alloc_array(ir->arena, (size_t)*count, bytes);
  for (int i = 0; i < *count; i++)
    read(ir, mlirArrayAttrGetElement(array, i), items + (size_t)i * bytes);
  return items;
}

static void read_param(MdlIr *ir, MlirAttribute dict, void *item)
{
  *(MdlParam *)item = (MdlParam){.name = need_text(ir, dict, "name"),
                                 .struct_type = get_text(ir, dict, "struct"),
                                 .preset = get_text(ir, dict, "preset"),
                                 .role = (MdlRole)get_int(ir, dict, "role"),
                                 .leaf = get_int(ir, dict, "leaf"),
                                 .leaves = get_int(ir, dict, "leaves")};
}

static void read_leaf(MdlIr *ir, MlirAttribute dict, void *item)
{
  *(MdlLeaf *)item =
      (MdlLeaf){.path = need_text(ir, dict, "path"), .type = get_type(ir, dict, "type")};
}

static void read_field(MdlIr *ir, MlirAttribute dict, void *item)
{
  MdlField *field = item;
  field->name = need_text(ir, dict, "name");
  field->struct_type = get_text(ir, dict, "struct");
  if (!field->struct_type) field->type = get_type(ir, dict, "type");
  MlirAttribute stack = get_array(ir, dict, "stack", &field->stack);
  if (field->stack > 4) broken(ir, "stack");
  for (int i = 0; i < field->stack; i++)
    field->stack_dim[i] = size_of_text(ir, text_at(ir, stack, i));
}

static void read_struct(MdlIr *ir, MlirAttribute dict, void *item)
{
  MdlStruct *s = item;
  s->name = need_text(ir, dict, "name");
  s->source = need_text(ir, dict, "source");
  s->line = get_int(ir, dict, "line");
  s->field = get_list(ir, dict, "fields", &s->fields, sizeof *s->field, read_field);
}

static void read_check(MdlIr *ir, MlirAttribute dict, void *item)
{
  *(MdlCheck *)item = (MdlCheck){.code = get_int(ir, dict, "code"),
                                 .line = get_int(ir, dict, "line"),
                                 .file = get_text(ir, dict, "file"),
                                 .text = need_text(ir, dict, "text")};
}

static void read_guard(MdlIr *ir, MlirAttribute dict, void *item)
{
  MdlGuard *guard = item;
  const char *right = get_text(ir, dict, "right");
  guard->left = size_of_text(ir, get_text(ir, dict, "left"));
  guard->right = right ? size_of_text(ir, right) : NULL;
  guard->check = get_int(ir, dict, "check");
}

static const MdlStruct *struct_named(const MdlSignature *s, const char *name)
{
  for (int i = 0; i < s->structs; i++)
    if (!strcmp(s->struct_type[i].name, name)) return &s->struct_type[i];
  return NULL;
}

/* Numbers that index something, and names of structs, lead somewhere. */
static void check_links(MdlIr *ir, const MdlSignature *s)
{
  for (int i = 0; i < s->params; i++) {
    const MdlParam *p = &s->param[i];
    if (p->role < MDL_ROLE_in || p->role > MDL_ROLE_out) broken(ir, "role");
    if (p->leaf < 0 || p->leaves < 0 || p->leaf > s->leaves - p->leaves) broken(ir, "leaf");
    if (!p->struct_type && p->leaves != 1) broken(ir, "leaves");
    if (p->struct_type && !struct_named(s, p->struct_type)) broken(ir, "struct");
  }
  for (int i = 0; i < s->structs; i++) /* inner before outer: no cycle */
    for (int k = 0; k < s->struct_type[i].fields; k++) {
      const char *inner = s->struct_type[i].field[k].struct_type;
      const MdlStruct *type = inner ? struct_named(s, inner) : NULL;
      if (inner && (!type || type >= &s->struct_type[i])) broken(ir, "fields");
    }
  for (int i = 0; i < s->guards; i++)
    if (s->guard[i].check < 0 || s->guard[i].check >= s->checks) broken(ir, "check");
}

bool mdl_signature_runs_checks(const MdlSignature *s)
{
  for (int i = 0; i < s->checks; i++) {
    bool guards = false;
    for (int j = 0; j < s->guards; j++) guards |= s->guard[j].check == i;
    if (!guards) return true;
  }
  return false;
}

const MdlSignature *mdl_signature_read(MdlIr *ir, MlirOperation entry)
{
  MlirAttribute dict = mdl_op_raw(entry, "mdl.signature");
  if (mlirAttributeIsNull(dict)) broken(ir, "mdl.signature");
  MdlSignature *s = MDL_NEW(ir->arena, MdlSignature, 1);
  s->module = need_text(ir, dict, "module");
  s->prefix = need_text(ir, dict, "prefix");
  s->source = need_text(ir, dict, "source");
  s->entry = need_text(ir, dict, "entry");
  s->text = need_text(ir, dict, "text");
  s->line = get_int(ir, dict, "line");
  s->has_work = get_int(ir, dict, "work") != 0;
  s->on_gpu = !mlirAttributeIsNull(get(dict, "gpu"));
  MlirAttribute sizes = get_array(ir, dict, "sizes", &s->sizes);
  s->size = MDL_NEW(ir->arena, const char *, (size_t)s->sizes);
  for (int i = 0; i < s->sizes; i++) s->size[i] = text_at(ir, sizes, i);
  s->param = get_list(ir, dict, "params", &s->params, sizeof *s->param, read_param);
  s->leaf = get_list(ir, dict, "leaves", &s->leaves, sizeof *s->leaf, read_leaf);
  s->struct_type = get_list(ir, dict, "structs", &s->structs, sizeof *s->struct_type, read_struct);
  s->check = get_list(ir, dict, "checks", &s->checks, sizeof *s->check, read_check);
  s->guard = get_list(ir, dict, "guards", &s->guards, sizeof *s->guard, read_guard);
  check_links(ir, s);
  return s;
}

/* ---- questions --------------------------------------------------------------------------- */

bool mdl_is_entry(MlirOperation func) { return mdl_op_has(func, "mdl.signature"); }

int mdl_entries(MdlIr *ir, MlirOperation module, MlirOperation **entries)
{
  MlirOperation *ops;
  int all = mdl_list(ir, mdl_module_body(module), &ops), count = 0;
  for (int i = 0; i < all; i++)
    if (mdl_is_entry(ops[i])) ops[count++] = ops[i];
  *entries = ops;
  return count;
}

static bool all_const(const MdlSize *const *dim, int count)
{
  int64_t value;
  for (int i = 0; i < count; i++)
    if (!mdl_size_is_const(dim[i], &value)) return false;
  return true;
}

bool mdl_struct_is_view(const MdlSignature *signature, const char *struct_type)
{
  const MdlStruct *s = struct_named(signature, struct_type);
  if (signature->on_gpu) return true;
  for (int i = 0; s && i < s->fields; i++) {
    const MdlField *field = &s->field[i];
    if (!all_const(field->stack_dim, field->stack)) return true;
    if (field->struct_type ? mdl_struct_is_view(signature, field->struct_type)
                           : !all_const(field->type.dim, field->type.rank))
      return true;
  }
  return false;
}
