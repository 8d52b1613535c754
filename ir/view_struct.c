/* Structs in the reading view: items, types, values. */
#include "ir/view_print.h"

#include <string.h>

static const MdlStruct *struct_named(const MdlSignature *s, const char *name)
{
  for (int i = 0; i < s->structs; i++)
    if (!strcmp(s->struct_type[i].name, name)) return &s->struct_type[i];
  return NULL;
}

static void sizes_of_struct(MdlView *v, const MdlSignature *s, const MdlStruct *type,
                            MdlSizeNames *names)
{
  for (int i = 0; i < type->fields; i++) {
    const MdlField *field = &type->field[i];
    const MdlStruct *inner = field->struct_type ? struct_named(s, field->struct_type) : NULL;
    MdlType stack = {.rank = field->stack};
    for (int j = 0; j < field->stack; j++) stack.dim[j] = field->stack_dim[j];
    mdl_view_sizes_of(v, &stack, names);
    if (inner)
      sizes_of_struct(v, s, inner, names);
    else if (!field->struct_type)
      mdl_view_sizes_of(v, &field->type, names);
  }
}

/* "Logistic[D]" */
static const char *struct_text(MdlView *v, const MdlSignature *s, const char *c_name)
{
  const MdlStruct *type = struct_named(s, c_name);
  if (!type) MDL_BUG(v->ir->session, "the signature has no struct `%s`", c_name);
  MdlSizeNames sizes = {0};
  sizes_of_struct(v, s, type, &sizes);
  const char *name = mdl_map_get(v->item_names, mdl_intern_text(v->arena, c_name));
  return mdl_text(v->arena, "%s%s", name ? name : c_name, mdl_view_size_list(v, &sizes));
}

static const char *field_text(MdlView *v, const MdlSignature *s, const MdlField *field)
{
  if (!field->struct_type) return mdl_view_type(v, &field->type);
  const char *text = struct_text(v, s, field->struct_type);
  /* The second bracket of Block[D][L] is the stack: a struct without sizes needs an empty first. */
  for (int i = 0; i < field->stack; i++)
    text = mdl_text(v->arena, "%s%s%s", text, i ? ", " : "[", mdl_size_text(field->stack_dim[i]));
  return field->stack ? mdl_text(v->arena, "%s]", text) : text;
}

void mdl_view_struct(MdlView *v, const MdlSignature *s, const MdlStruct *type)
{
  const char *c_name = mdl_intern_text(v->arena, type->name);
  if (mdl_map_has(v->item_names, c_name)) return;
  mdl_map_set(v->item_names, c_name, (void *)mdl_namer_unique(v->items, c_name));
  const char *note = type->line ? mdl_text(v->arena, "%4d  %s", type->line, type->source) : NULL;
  mdl_view_line(v, mdl_text(v->arena, "struct %s {", struct_text(v, s, c_name)), note);
  v->depth++;
  for (int i = 0; i < type->fields; i++)
    mdl_view_line(
        v, mdl_text(v->arena, "%s: %s", type->field[i].name, field_text(v, s, &type->field[i])),
        NULL);
  v->depth--;
  mdl_view_line(v, "}\n", NULL);
  mdl_view_flush(v);
}

static bool is_stacked(const MdlSignature *s, const MdlStruct *type)
{
  for (int i = 0; i < type->fields; i++) {
    const MdlField *field = &type->field[i];
    if (field->stack || (field->struct_type && is_stacked(s, struct_named(s, field->struct_type))))
      return true;
  }
  return false;
}

/* Axes of the first leaf of a struct that is no stack itself. */
static int first_rank(const MdlSignature *s, const MdlStruct *type)
{
  const MdlField *field = &type->field[0];
  if (!type->fields) return 0;
  return field->struct_type ? field->stack + first_rank(s, struct_named(s, field->struct_type))
                            : field->type.rank;
}

/* "Logistic[D]", and "Logistic[D][N]" for a stack of them: its leaves have N in front. */
const char *mdl_view_struct_type(MdlView *v, const MdlSignature *s, const MdlParam *p)
{
  const char *text = struct_text(v, s, p->struct_type);
  const MdlType *leaf = &s->leaf[p->leaf].type;
  int stack = leaf->rank - first_rank(s, struct_named(s, p->struct_type));
  for (int i = 0; i < stack; i++)
    text = mdl_text(v->arena, "%s%s%s", text, i ? ", " : "[", mdl_size_text(leaf->dim[i]));
  return stack > 0 ? mdl_text(v->arena, "%s]", text) : text;
}

/* A struct of leaves by its call: Logistic(w=…, head=Dense(…)). */
static const char *struct_call(MdlView *v, const MdlSignature *s, const char *c_name,
                               const char *const *leaf, int *at)
{
  const MdlStruct *type = struct_named(s, c_name);
  const char *text = "";
  for (int i = 0; i < type->fields; i++) {
    const MdlField *field = &type->field[i];
    const char *value =
        field->struct_type ? struct_call(v, s, field->struct_type, leaf, at) : leaf[(*at)++];
    text = mdl_text(v->arena, "%s%s%s=%s", text, i ? ", " : "", field->name, value);
  }
  return mdl_text(v->arena, "%s(%s)", struct_text(v, s, c_name), text);
}

/* Leaves of a stack are tensors that no call takes: mdl.struct(leaf, leaf, ...) makes the type that
 * is wanted. */
const char *mdl_view_struct_value(MdlView *v, const MdlSignature *s, const MdlParam *p,
                                  const char *const *leaf, int *at)
{
  const MdlStruct *type = struct_named(s, p->struct_type);
  if (!is_stacked(s, type) && s->leaf[p->leaf].type.rank == first_rank(s, type))
    return struct_call(v, s, p->struct_type, leaf, at);
  const char *text = "";
  for (int i = 0; i < p->leaves; i++)
    text = mdl_text(v->arena, "%s%s%s", text, i ? ", " : "", leaf[(*at)++]);
  const char *name = mdl_namer_numbered(v->names, "t");
  mdl_view_line(
      v,
      mdl_text(v->arena, "let %s: %s = mdl.struct(%s)", name, mdl_view_struct_type(v, s, p), text),
      NULL);
  return name;
}
