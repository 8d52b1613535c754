/* How C lays a struct by value out. */
#include "ir/signature.h"

#include <string.h>

typedef struct Layout {
  MdlIr *ir;
  const MdlSignature *signature;
  int64_t *offset, at; /* of the next leaf */
} Layout;

static const MdlStruct *struct_named(const MdlSignature *s, const char *name)
{
  for (int i = 0; i < s->structs; i++)
    if (!strcmp(s->struct_type[i].name, name)) return &s->struct_type[i];
  return NULL;
}

static int64_t round_up(int64_t offset, int64_t to) { return (offset + to - 1) / to * to; }

int64_t mdl_struct_room(MdlIr *ir, const MdlType *type)
{
  int64_t count = 0;
  const MdlSize *size = mdl_type_elements(ir->sizes, type);
  if (!size || !mdl_size_is_const(size, &count))
    MDL_BUG(ir->session, "a struct by value has a leaf of run-time size");
  return count ? count : 1;
}

static int64_t alignment(const Layout *l, const MdlStruct *type)
{
  int64_t most = 1;
  for (int i = 0; type && i < type->fields; i++) {
    const MdlField *f = &type->field[i];
    int64_t own = f->struct_type ? alignment(l, struct_named(l->signature, f->struct_type))
                                 : mdl_dtypes[f->type.dtype].bytes;
    if (own > most) most = own;
  }
  return most;
}

static void lay_out(Layout *l, const MdlStruct *type)
{
  int64_t align = alignment(l, type);
  l->at = round_up(l->at, align);
  for (int i = 0; type && i < type->fields; i++) {
    const MdlField *f = &type->field[i];
    if (f->struct_type) {
      lay_out(l, struct_named(l->signature, f->struct_type));
      continue;
    }
    int64_t bytes = mdl_dtypes[f->type.dtype].bytes;
    l->at = round_up(l->at, bytes);
    *l->offset++ = l->at;
    l->at += bytes * mdl_struct_room(l->ir, &f->type);
  }
  l->at = round_up(l->at, align);
}

int64_t mdl_struct_layout(MdlIr *ir, const MdlSignature *signature, const char *struct_type,
                          int64_t *offset)
{
  Layout l = {.ir = ir, .signature = signature, .offset = offset};
  lay_out(&l, struct_named(signature, struct_type));
  return l.at;
}
