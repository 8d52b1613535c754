/* Types as written, evaluated in the current frame. */
#include "frontend/fold.h"

#include <string.h>

static const MdlVType *poison(MdlSema *s) { return mdl_vtype_kind(s, MDL_KIND_poison); }

static const MdlSize *dim_size(MdlSema *s, const MdlIndex *index)
{
  if (index->kind != MDL_INDEX_at) {
    mdl_error(s->session, MDL_E0413, index->at, mdl_source_text(s->session, index->at),
              "a size stands here");
    return NULL;
  }
  return mdl_size_want(s, mdl_expr(s, index->value, NULL));
}

/* Dims with `...` filled in. Returns the rank, -1 after a report. */
static int dims_of(MdlSema *s, const MdlIndex *index, int count, int max, const MdlSize **dim)
{
  int rank = 0;
  for (int i = 0; i < count; i++) {
    const MdlBinding *dots = index[i].kind == MDL_INDEX_ellipsis
                                 ? mdl_binding_find(s, mdl_intern_text(s->arena, "..."))
                                 : NULL;
    int more = dots && dots->dims >= 0 ? dots->dims : 1;
    if (index[i].kind == MDL_INDEX_ellipsis && (!dots || dots->dims < 0)) {
      if (dots) more = 0;
      if (!dots) return mdl_error(s->session, MDL_E0406, index[i].at, "..."), -1;
    }
    if (rank + more > max) {
      mdl_error(s->session, MDL_E0902, index[i].at, mdl_text(s->arena, "a rank above %d", max));
      return -1;
    }
    if (dots)
      for (int k = 0; k < more; k++) dim[rank++] = dots->dim[k];
    else if (!(dim[rank++] = dim_size(s, &index[i])))
      return -1;
  }
  return rank;
}

static bool too_large(MdlSema *s, const MdlType *type, MdlSpan at)
{
  int64_t count = 1;
  const MdlSize *elements = mdl_type_elements(s->sizes, type);
  if (elements && (!mdl_size_is_const(elements, &count) || count <= s->session->limits.elements))
    return false;
  mdl_error(s->session, MDL_E0902, at,
            mdl_text(s->arena, "the element count of %s", mdl_type_text(s->arena, type)));
  return true;
}

static const MdlVType *tensor_type(MdlSema *s, const MdlTypeNode *node, MdlDtype dtype)
{
  MdlType type = {.dtype = dtype};
  type.rank = dims_of(s, node->dim, node->dims, s->session->limits.rank, type.dim);
  if (type.rank < 0 || too_large(s, &type, node->at)) return poison(s);
  return mdl_vtype_tensor(s, &type);
}

static const MdlVType *stacked(MdlSema *s, const MdlVType *type, const MdlIndex *index, int count)
{
  const MdlSize *dim[4];
  int rank = dims_of(s, index, count, 4, dim);
  if (rank < 0) return poison(s);
  const MdlVType *wide = mdl_vtype_lead(s, type, rank, dim);
  return wide ? wide : poison(s);
}

static bool is_struct_decl(const MdlDecl *decl)
{
  return decl && decl->item && !decl->fn &&
         (decl->item->kind == MDL_ITEM_struct || decl->item->kind == MDL_ITEM_model);
}

/* S[3, 4]: all generic names must be bound. */
static const MdlVType *struct_type(MdlSema *s, MdlDecl *decl, const MdlIndex *index, int count,
                                   MdlSpan at)
{
  MdlBinding binding[MDL_MAX_GENERICS];
  int bindings = mdl_decl_generics(s, decl, binding);
  decl->used = true;
  if (!mdl_bind_arguments(s, bindings, binding, index, count, decl->name.text, decl->name.at))
    return poison(s);
  for (int i = 0; i < bindings; i++) {
    if (binding[i].given || !mdl_binding_is_open(&binding[i])) continue;
    MdlReport *r = mdl_error(s->session, MDL_E0406, at, binding[i].name);
    mdl_also(r, decl->name.at, "declared here");
    mdl_help(r, "`%s[%s=…]`", decl->name.text, binding[i].name);
    return poison(s);
  }
  const MdlStructOf *of = mdl_struct_of(s, decl, bindings, binding, at);
  if (!of) return poison(s);
  MdlVType *type = MDL_NEW(s->arena, MdlVType, 1);
  type->kind = MDL_KIND_struct;
  type->of = of;
  return type;
}

static MdlDecl *path_decl(MdlSema *s, const MdlPath *path)
{
  MdlModule *module = s->frame->module;
  for (int i = 0; i < path->parts; i++) {
    MdlDecl *decl = mdl_decl_find(s, module, path->part[i].text);
    if (!decl) return NULL;
    if (i == path->parts - 1) return decl;
    if (!decl->imported) return NULL;
    module = decl->imported;
  }
  return NULL;
}

static const MdlVType *unknown_type(MdlSema *s, const char *name, MdlSpan at)
{
  const char **names;
  if (mdl_tree_is_broken(s->frame->module->tree, name)) return poison(s);
  if (!mdl_first_unknown(s, name)) return poison(s);
  int count = mdl_visible_names(s, &names);
  MdlReport *r = mdl_error(s->session, MDL_E0201, at, "type", name);
  mdl_suggest(s, r, name, at, names, count);
  return poison(s);
}

static const MdlVType *named_type(MdlSema *s, const MdlTypeNode *node)
{
  const char *name = node->path.part[0].text;
  const MdlBinding *b = node->path.parts == 1 ? mdl_binding_find(s, name) : NULL;
  if (b && b->kind == MDL_GENERIC_bound) return tensor_type(s, node, b->dtype);
  if (b && b->kind == MDL_GENERIC_struct && b->type)
    return stacked(s, b->type, node->dim, node->dims);
  if (!b && node->path.parts == 1 && !strcmp(name, "key")) {
    MdlType key = {.dtype = MDL_u32, .rank = 1, .dim = {mdl_size_const(s->sizes, 2)}};
    return mdl_vtype_lead(s, mdl_vtype_tensor(s, &key), 0, NULL);
  }
  MdlDecl *decl = path_decl(s, &node->path);
  if (!decl) return unknown_type(s, name, node->path.at);
  if (decl->failed) return poison(s);
  if (!is_struct_decl(decl)) {
    mdl_error(s->session, MDL_E0208, node->path.at, "type", name, decl->fn ? "function" : "value");
    return poison(s);
  }
  bool plain = !decl->item->generics;
  const MdlVType *type =
      struct_type(s, decl, plain ? NULL : node->dim, plain ? 0 : node->dims, node->at);
  if (type->kind == MDL_KIND_poison) return type;
  if (plain && node->dims) return stacked(s, type, node->dim, node->dims);
  return stacked(s, type, node->stack, node->stacks);
}

const MdlVType *mdl_type_eval(MdlSema *s, const MdlTypeNode *node)
{
  switch (node->kind) {
  case MDL_TYPE_NODE_dtype:
    return tensor_type(s, node, node->dtype);
  case MDL_TYPE_NODE_named:
    return named_type(s, node);
  case MDL_TYPE_NODE_tuple: {
    const MdlVType **item = MDL_NEW(s->arena, const MdlVType *, (size_t)node->items);
    for (int i = 0; i < node->items; i++) {
      item[i] = mdl_type_eval(s, node->item[i]);
      if (item[i]->kind == MDL_KIND_poison) return item[i];
    }
    return mdl_vtype_tuple(s, node->items, item);
  }
  case MDL_TYPE_NODE_fn:
    return mdl_vtype_kind(s, MDL_KIND_fn);
  }
  return poison(s);
}

/* ---- types written as expressions: Adam[Mlp[3]] ------------------------------------------ */

static MdlDecl *expr_decl(MdlSema *s, const MdlExpr *expr)
{
  if (expr->kind == MDL_EXPR_name) return mdl_decl_find(s, s->frame->module, expr->name);
  if (expr->kind != MDL_EXPR_field || expr->field.base->kind != MDL_EXPR_name) return NULL;
  MdlDecl *module = mdl_decl_find(s, s->frame->module, expr->field.base->name);
  if (!module || !module->imported) return NULL;
  return mdl_decl_find(s, module->imported, expr->field.name.text);
}

const MdlVType *mdl_type_of_expr(MdlSema *s, const MdlExpr *expr)
{
  if (expr->kind == MDL_EXPR_dtype) return mdl_vtype_scalar(s, expr->dtype);
  const MdlExpr *base = expr->kind == MDL_EXPR_index ? expr->index.base : expr;
  const MdlIndex *index = expr->kind == MDL_EXPR_index ? expr->index.index : NULL;
  int count = expr->kind == MDL_EXPR_index ? expr->index.indices : 0;
  if (base->kind == MDL_EXPR_name && !mdl_local_find(s, base->name)) {
    const MdlBinding *b = mdl_binding_find(s, base->name);
    if (b && b->kind == MDL_GENERIC_struct) return b->type;
    if (b && b->kind == MDL_GENERIC_bound && b->dtype < MDL_DTYPE_COUNT)
      return mdl_vtype_scalar(s, b->dtype);
    if (b) return NULL;
  }
  if (base->kind == MDL_EXPR_index) { /* Block[D][L] */
    const MdlVType *type = mdl_type_of_expr(s, base);
    return type && type->kind == MDL_KIND_struct ? stacked(s, type, index, count) : NULL;
  }
  MdlDecl *decl = expr_decl(s, base);
  if (!is_struct_decl(decl)) return NULL;
  if (!decl->item->generics && count)
    return stacked(s, struct_type(s, decl, NULL, 0, expr->at), index, count);
  return struct_type(s, decl, index, count, expr->at);
}
