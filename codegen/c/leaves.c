/* A struct as text, for programs that fill it by the paths of its leaves: runtime/mdl.h reads it. */
#include "codegen/c/abi.h"

static int leaf_count(const MdlSignature *s, const MdlStruct *type)
{
  int count = 0;
  for (int i = 0; i < type->fields; i++) {
    const char *inner = type->field[i].struct_type;
    count += inner ? leaf_count(s, mdl_c_struct_named(s, inner)) : 1;
  }
  return count;
}

typedef struct Leaves {
  MdlArena *arena;
  const MdlSignature *signature;
  const int64_t *offset; /* of the next leaf; NULL: a view */
  const char *text;
} Leaves;

static void add(Leaves *l, const MdlStruct *type, const char *path)
{
  for (int i = 0; i < type->fields; i++) {
    const MdlField *f = &type->field[i];
    const char *name = mdl_text(l->arena, "%s%s%s", path, *path ? "." : "", f->name);
    if (f->struct_type) {
      add(l, mdl_c_struct_named(l->signature, f->struct_type), name);
      continue;
    }
    const char *at =
        l->offset ? mdl_text(l->arena, " @ %lld", (long long)*l->offset++) : "";
    l->text = mdl_text(l->arena, "%s, \\\n  \"%s %s%s%s\"", l->text, name,
                       mdl_dtypes[f->type.dtype].name, mdl_c_shape(l->arena, &f->type), at);
  }
}

const char *mdl_c_leaf_table(MdlIr *ir, const MdlSignature *s, const MdlStruct *type,
                             const char *sizes)
{
  Leaves l = {.arena = ir->arena, .signature = s};
  if (!mdl_struct_is_view(s, type->name)) {
    int64_t *offset = MDL_NEW(ir->arena, int64_t, (size_t)leaf_count(s, type));
    mdl_struct_layout(ir, s, type->name, offset);
    l.offset = offset;
  }
  l.text = mdl_text(ir->arena, "{ \\\n  \"%s\"", sizes);
  add(&l, type, "");
  return mdl_text(ir->arena, "%s, 0}", l.text);
}
