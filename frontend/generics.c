/* Generic names: what a declaration leaves open, and what its brackets bind. A size that is not
 * bound yet is the size named "?N". */
#include "frontend/fold.h"

#include <string.h>

bool mdl_size_is_open(const MdlSize *size) { return size && strchr(mdl_size_text(size), '?'); }

bool mdl_binding_is_open(const MdlBinding *binding)
{
  switch (binding->kind) {
  case MDL_GENERIC_size:
    return binding->is_dims ? binding->dims < 0 : mdl_size_is_open(binding->size);
  case MDL_GENERIC_bound:
    return binding->dtype == MDL_DTYPE_COUNT;
  case MDL_GENERIC_struct:
    return !binding->type;
  case MDL_GENERIC_const:
    return !binding->value;
  }
  return false;
}

int mdl_generics_of(MdlSema *s, const MdlGeneric *generic, int generics, MdlBinding *binding)
{
  for (int i = 0; i < generics; i++) {
    MdlBinding *b = &binding[i];
    memset(b, 0, sizeof *b);
    b->kind = generic[i].kind;
    b->name = generic[i].name.text;
    b->at = generic[i].at;
    b->dtype = MDL_DTYPE_COUNT;
    if (b->kind == MDL_GENERIC_size)
      b->size =
          mdl_size_name(s->sizes, mdl_intern_text(s->arena, mdl_text(s->arena, "?%s", b->name)));
  }
  return generics;
}

static bool node_has_dots(const MdlTypeNode *node)
{
  if (!node) return false;
  for (int i = 0; i < node->dims; i++)
    if (node->dim[i].kind == MDL_INDEX_ellipsis) return true;
  for (int i = 0; i < node->items; i++)
    if (node_has_dots(node->item[i])) return true;
  return node_has_dots(node->result);
}

static bool fn_has_dots(const MdlFn *fn)
{
  for (int i = 0; i < fn->params; i++)
    if (node_has_dots(fn->param[i].type)) return true;
  return node_has_dots(fn->result);
}

int mdl_decl_generics(MdlSema *s, const MdlDecl *decl, MdlBinding *binding)
{
  int count = 0;
  if (decl->owner)
    count = mdl_generics_of(s, decl->owner->item->generic, decl->owner->item->generics, binding);
  if (!decl->fn) return mdl_generics_of(s, decl->item->generic, decl->item->generics, binding);
  count += mdl_generics_of(s, decl->fn->generic, decl->fn->generics, binding + count);
  if (fn_has_dots(decl->fn)) {
    memset(&binding[count], 0, sizeof *binding);
    binding[count].kind = MDL_GENERIC_size;
    binding[count].name = mdl_intern_text(s->arena, "...");
    binding[count].is_dims = true;
    binding[count++].dims = -1;
  }
  return count;
}

MdlBinding *mdl_binding_find(MdlSema *s, const char *name)
{
  for (int i = 0; i < s->frame->bindings; i++)
    if (s->frame->binding[i].name == name) return &s->frame->binding[i];
  return NULL;
}

const char *mdl_bindings_text(MdlSema *s, int bindings, const MdlBinding *binding)
{
  const char *text = "", *one = "?";
  for (int i = 0; i < bindings; i++) {
    const MdlBinding *b = &binding[i];
    if (b->is_dims) {
      one = "";
      for (int k = 0; k < b->dims; k++)
        one = mdl_text(s->arena, "%s%s%s", one, k ? ", " : "", mdl_size_text(b->dim[k]));
      one = mdl_text(s->arena, "[%s]", one);
    } else if (b->kind == MDL_GENERIC_size) {
      one = b->size ? mdl_size_text(b->size) : "?";
    } else if (b->kind == MDL_GENERIC_bound) {
      one = b->dtype < MDL_DTYPE_COUNT ? mdl_dtypes[b->dtype].name : "?";
    } else if (b->kind == MDL_GENERIC_struct) {
      one = b->type ? mdl_vtype_text(s, b->type) : "?";
    } else {
      bool truth = false;
      one = "?";
      if (b->value && mdl_const_bool(b->value, &truth))
        one = truth ? "true" : "false";
      else if (b->value && mdl_is_kind(b->value, MDL_KIND_tensor) &&
               b->value->leaf[0]->kind == MDL_CORE_number)
        one = mdl_exact_text(s, &b->value->leaf[0]->number);
    }
    text = mdl_text(s->arena, "%s%s%s", text, i ? ", " : "", one);
  }
  return text;
}

/* ---- arguments in brackets --------------------------------------------------------------- */

static bool bound_allows(const MdlBinding *b, const MdlGeneric *generic, MdlDtype dtype)
{
  (void)b;
  const char *bound = generic ? generic->bound.text : "number";
  if (!bound) return true;
  if (!strcmp(bound, "float")) return mdl_is_float(dtype);
  if (!strcmp(bound, "integer") || !strcmp(bound, "int")) return mdl_is_integer(dtype);
  return !mdl_is_bool(dtype) || !strcmp(bound, "any");
}

static bool bind_one(MdlSema *s, MdlBinding *b, const MdlIndex *index)
{
  const MdlVType *type;
  b->at = index->at;
  b->given = true;
  switch (b->kind) {
  case MDL_GENERIC_size: {
    MdlVal *v = mdl_expr(s, index->value, NULL);
    if (mdl_is_poison(v)) return false;
    b->size = mdl_size_want(s, v);
    return b->size != NULL;
  }
  case MDL_GENERIC_bound:
    type = mdl_type_of_expr(s, index->value);
    if (type && type->kind == MDL_KIND_tensor && !type->tensor.rank && !type->cell) {
      b->dtype = type->tensor.dtype;
      return bound_allows(b, NULL, b->dtype);
    }
    break;
  case MDL_GENERIC_struct:
    type = mdl_type_of_expr(s, index->value);
    if (type && type->kind == MDL_KIND_poison) return false;
    if (type) return b->type = type, true;
    break;
  case MDL_GENERIC_const: {
    MdlVal *v = mdl_expr(s, index->value, NULL);
    if (mdl_is_poison(v)) return false;
    if (b->type) v = mdl_coerce(s, v, b->type, index->at, NULL, MDL_NO_SPAN);
    bool truth;
    if (mdl_is_poison(v)) return false;
    if (mdl_const_bool(v, &truth) || mdl_is_kind(v, MDL_KIND_number) ||
        (mdl_is_kind(v, MDL_KIND_tensor) && v->leaf[0]->kind == MDL_CORE_number))
      return b->value = v, true;
    mdl_error(s->session, MDL_E0506, index->at, b->name);
    return false;
  }
  }
  mdl_error(s->session, MDL_E0508, index->at, b->name,
            b->kind == MDL_GENERIC_struct ? "a struct" : "a dtype",
            mdl_source_text(s->session, index->at));
  return false;
}

bool mdl_bind_arguments(MdlSema *s, int bindings, MdlBinding *binding, const MdlIndex *index,
                        int indices, const char *what, MdlSpan decl_at)
{
  int next = 0;
  while (next < bindings && !mdl_binding_is_open(&binding[next])) next++;
  for (int i = 0; i < indices; i++) {
    int to = -1;
    if (index[i].kind == MDL_INDEX_named) {
      for (int k = 0; k < bindings; k++)
        if (binding[k].name == index[i].name.text) to = k;
    } else if (index[i].kind == MDL_INDEX_at && next < bindings && !binding[next].is_dims) {
      to = next++;
    }
    if (to < 0) {
      const char *name =
          index[i].name.text ? index[i].name.text : mdl_source_text(s->session, index[i].at);
      MdlReport *r = mdl_error(s->session, MDL_E0507, index[i].at, what, name);
      if (decl_at.file >= 0) mdl_also(r, decl_at, "defined here");
      return false;
    }
    if (!bind_one(s, &binding[to], &index[i])) return false;
  }
  return true;
}

const MdlSize *mdl_size_want(MdlSema *s, MdlVal *v)
{
  int64_t value;
  const MdlSize *size = mdl_val_size_of(s, v);
  if (mdl_is_poison(v)) return NULL;
  bool negative = size && mdl_size_is_const(size, &value) && value < 0;
  if (size && !negative && mdl_size_is_static(s, size)) return size;
  mdl_error(s->session, MDL_E0413, v->at, mdl_source_text(s->session, v->at),
            negative ? "negative" : "it is known at run time only");
  return NULL;
}
