#include "codegen/c/abi.h"

#include <ctype.h>
#include <string.h>

char *mdl_c_upper(MdlArena *arena, const char *text)
{
  char *upper = mdl_text(arena, "%s", text);
  for (char *c = upper; *c; c++)
    *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
  return upper;
}

const MdlStruct *mdl_c_struct_named(const MdlSignature *s, const char *name)
{
  for (int i = 0; i < s->structs; i++)
    if (!strcmp(s->struct_type[i].name, name)) return &s->struct_type[i];
  return NULL;
}

const char *mdl_c_struct(MdlArena *arena, const MdlSignature *s, const char *struct_type)
{
  return mdl_text(arena, "%s%s%s", s->prefix, struct_type,
                  mdl_struct_is_view(s, struct_type) ? "_view" : "");
}

const char *mdl_c_param(MdlArena *arena, const MdlSignature *s, const MdlParam *param,
                        const char *qualifier)
{
  const char *constant = param->role == MDL_ROLE_in ? "const " : "";
  if (param->struct_type)
    return mdl_text(arena, "%s%s *%s%s", constant, mdl_c_struct(arena, s, param->struct_type),
                    qualifier, param->name);
  const MdlType *type = &s->leaf[param->leaf].type;
  const char *element = mdl_dtypes[type->dtype].c;
  if (!type->rank && param->role == MDL_ROLE_in)
    return mdl_text(arena, "%s %s", element, param->name);
  return mdl_text(arena, "%s%s *%s%s", constant, element, qualifier, param->name);
}

const char *mdl_c_shape(MdlArena *arena, const MdlType *type)
{
  const char *text = "[";
  for (int i = 0; i < type->rank; i++)
    text = mdl_text(arena, "%s%s%s", text, i ? ", " : "", mdl_size_text(type->dim[i]));
  return mdl_text(arena, "%s]", text);
}

const char *mdl_c_leaves(MdlArena *arena, const MdlSignature *s, const MdlParam *param)
{
  if (!param->struct_type) return mdl_c_shape(arena, &s->leaf[param->leaf].type);
  const char *text = "";
  for (int i = 0; i < param->leaves; i++) {
    const MdlLeaf *leaf = &s->leaf[param->leaf + i];
    text = mdl_text(arena, "%s%s%s %s", text, i ? ", " : "", leaf->path,
                    mdl_c_shape(arena, &leaf->type));
  }
  return text;
}

const char *mdl_c_work(MdlIr *ir, MlirOperation entry)
{
  const char *bytes = mdl_op_text(ir, entry, "mdl.work_bytes");
  return bytes ? bytes : "0";
}

const MdlSize *mdl_c_bytes(MdlIr *ir, const MdlType *type)
{
  const MdlSize *bytes = mdl_size_const(ir->sizes, mdl_dtypes[type->dtype].bytes);
  return mdl_size_mul(ir->sizes, bytes, mdl_type_elements(ir->sizes, type));
}

const char *mdl_c_symbol(MdlIr *ir, MlirOperation entry)
{
  return mdl_op_text(ir, entry, "sym_name");
}
