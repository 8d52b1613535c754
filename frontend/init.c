/* Model[…].init(key): every parameter's default, with a key of its own made from its path, so that
 * a new parameter changes no other. */
#include "frontend/sema.h"

#include <string.h>

/* FNV-1a of the path: the same on every machine. */
static uint32_t hash_path(const char *path)
{
  uint32_t hash = 2166136261u;
  for (; *path; path++) hash = (hash ^ (unsigned char)*path) * 16777619u;
  return hash;
}

typedef struct Init {
  MdlSema *s;
  MdlVal *key;
  MdlSpan at;
  MdlCore **leaf;
  int leaves;
} Init;

static MdlVal *key_of(Init *in, const char *path)
{
  MdlSema *s = in->s;
  MdlFnVal fold = {.kind = MDL_FN_builtin, .builtin = mdl_builtin_find("fold"), .at = in->at};
  MdlType u32 = mdl_type_scalar(MDL_u32);
  MdlCore *hash = mdl_emit_exact(s, &u32, NULL, mdl_exact_int(hash_path(path)));
  MdlCallArg arg[] = {{.value = in->key}, {.value = mdl_val_core(s, hash, in->at)}};
  return mdl_call_fn(s, &fold, 2, arg, NULL, in->at);
}

/* In a stack, a default of the plain type stands in every row. */
static MdlVal *in_every_row(MdlSema *s, MdlVal *v, const MdlMember *member, const MdlVType *plain,
                            const MdlVType *type)
{
  int64_t dims[MDL_MAX_RANK];
  bool literal = mdl_is_kind(v, MDL_KIND_number) || mdl_is_kind(v, MDL_KIND_size);
  if (plain->kind != MDL_KIND_tensor || type->kind != MDL_KIND_tensor) return v;
  if (plain->tensor.rank == type->tensor.rank) return v;
  if (literal && !plain->tensor.rank)
    v = mdl_coerce(s, v, plain, member->preset->at, "declared here", member->type->at);
  if (!mdl_is_kind(v, MDL_KIND_tensor) || v->type->tensor.rank != plain->tensor.rank) return v;
  v = mdl_coerce(s, v, plain, member->preset->at, "declared here", member->type->at);
  if (mdl_is_poison(v)) return v;
  for (int i = 0; i < plain->tensor.rank; i++) dims[i] = type->tensor.rank - plain->tensor.rank + i;
  MdlCore *wide = plain->tensor.rank
                      ? mdl_emit_broadcast(s, v->leaf[0], type->tensor.rank, type->tensor.dim, dims)
                      : mdl_emit_splat(s, v->leaf[0], type->tensor.rank, type->tensor.dim);
  return mdl_val_core(s, wide, v->at);
}

/* A literal default of a tensor parameter is no tensor: `zeros()` is. */
static MdlVal *preset(Init *in, const MdlStructOf *of, const MdlMember *member, int index,
                      const MdlVType *type, const char *path)
{
  MdlSema *s = in->s;
  MdlFrame frame;
  MdlDecl *decl = mdl_map_get(of->module->names, of->item->name.text);
  mdl_frame_push(s, &frame, of->module, decl, of->bindings, (MdlBinding *)(uintptr_t)of->binding);
  frame.quiet = true;
  frame.key = key_of(in, path);
  MdlVal *v = mdl_expr(s, member->preset, type);
  v = in_every_row(s, v, member, of->field[index], type);
  v = mdl_coerce(s, v, type, member->preset->at, "declared here", member->type->at);
  mdl_frame_pop(s);
  return v;
}

static bool init_struct(Init *in, const MdlVType *type, const char *path);

static bool init_field(Init *in, const MdlStructOf *of, int i, const MdlVType *type,
                       const char *path)
{
  const MdlMember *member = of->member[i];
  if (!member->preset && type->kind == MDL_KIND_struct) return init_struct(in, type, path);
  if (!member->preset) {
    MdlReport *r =
        mdl_error(in->s->session, MDL_E0504, in->at, mdl_text(in->s->arena, "%s.init", of->text),
                  mdl_text(in->s->arena, "%s = …", member->name.text));
    mdl_also(r, member->name.at, "has no default");
    return false;
  }
  MdlVal *v = preset(in, of, member, i, type, path);
  if (mdl_is_poison(v)) return false;
  for (int k = 0, n = mdl_leaf_count(v->type); k < n; k++) in->leaf[in->leaves++] = v->leaf[k];
  return true;
}

static bool init_struct(Init *in, const MdlVType *type, const char *path)
{
  const MdlStructOf *of = type->of;
  for (int i = 0; i < of->fields; i++) {
    const MdlVType *field = mdl_vtype_lead(in->s, of->field[i], type->stack, type->stack_dim);
    const char *name = mdl_text(in->s->arena, "%s%s%s", path, *path ? "." : "", of->name[i]);
    if (!field || !init_field(in, of, i, field, name)) return false;
  }
  return true;
}

MdlVal *mdl_init_struct(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at)
{
  MdlFnParam param = {.name = mdl_intern_text(s->arena, "key"), .at = fn->at};
  MdlCallArg *slot;
  MdlType key = {.dtype = MDL_u32, .rank = 1, .dim = {mdl_size_const(s->sizes, 2)}};
  if (!mdl_match_args(s, "init", fn->at, 1, &param, args, arg, &slot, at)) return mdl_val_poison(s);
  MdlVal *v = mdl_arg_value(s, slot, NULL);
  v = mdl_coerce(s, v, mdl_vtype_tensor(s, &key), at, NULL, MDL_NO_SPAN);
  if (mdl_is_poison(v)) return v;
  Init in = {.s = s, .key = v, .at = at};
  s->at = at;
  in.leaf = MDL_NEW(s->arena, MdlCore *, (size_t)mdl_leaf_count(fn->type));
  if (!init_struct(&in, fn->type, "")) return mdl_val_poison(s);
  return mdl_val_of(s, fn->type, in.leaf, at);
}
