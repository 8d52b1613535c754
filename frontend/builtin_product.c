/* Products of vectors. */
#include "frontend/builtin_emit.h"

#include <string.h>

static MdlCore *dot_of(MdlSema *s, MdlCore *a, MdlCore *b)
{
  int64_t axes[MDL_MAX_RANK];
  for (int i = 0; i < a->type.rank; i++) axes[i] = i;
  if (!a->type.rank) return mdl_emit_map2(s, MDL_OP_mul, a, b);
  return mdl_emit_dot(s, a, b, a->type.rank, axes, axes, 0, NULL, NULL);
}

/* Of two structs of one type: over all leaves. */
static MdlVal *dot_of_structs(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlVal *a = call->arg[0], *b = call->arg[1];
  MdlCore *total = NULL;
  if (!mdl_vtype_equal(a->type, b->type)) {
    mdl_error(mdl_sema_session(s), MDL_E0301, b->at, mdl_vtype_text(s, a->type),
              mdl_vtype_text(s, b->type));
    return mdl_val_poison(s);
  }
  for (int i = 0; i < mdl_leaf_count(a->type); i++) {
    if (!mdl_want_numbers(s, call, mdl_val_core(s, a->leaf[i], a->at))) return mdl_val_poison(s);
    MdlCore *part = dot_of(s, a->leaf[i], b->leaf[i]);
    if (total && !mdl_want_same_dtype(s, call, total, part)) return mdl_val_poison(s);
    total = total ? mdl_emit_map2(s, MDL_OP_add, total, part) : part;
  }
  return mdl_tensor_val(s, call, total);
}

/* Both vectors of numbers, of one element type. */
static bool two_vectors(MdlSema *s, const MdlBuiltinCall *call, MdlCore *v[2])
{
  for (int i = 0; i < 2; i++) {
    v[i] = mdl_want_numbers(s, call, call->arg[i]);
    if (!v[i]) return false;
    if (v[i]->type.rank == 1) continue;
    MdlReport *r = mdl_error(mdl_sema_session(s), MDL_E0307, call->arg[i]->at, call->name,
                             mdl_vtype_text(s, call->arg[i]->type));
    mdl_help(r, "matrices multiply with `@`, `einsum` does the rest");
    return false;
  }
  return mdl_want_same_dtype(s, call, v[0], v[1]);
}

MdlVal *mdl_builtin_dot(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlCore *v[2];
  if (mdl_is_kind(call->arg[0], MDL_KIND_struct)) return dot_of_structs(s, call);
  if (!two_vectors(s, call, v) || !mdl_want_equal(s, call, v[0]->type.dim[0], v[1]->type.dim[0]))
    return mdl_val_poison(s);
  return mdl_tensor_val(s, call, dot_of(s, v[0], v[1]));
}

MdlVal *mdl_builtin_outer(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlCore *v[2];
  if (!two_vectors(s, call, v)) return mdl_val_poison(s);
  const MdlSize *dim[] = {v[0]->type.dim[0], v[1]->type.dim[0]};
  MdlCore *a = mdl_emit_broadcast(s, v[0], 2, dim, (int64_t[]){0});
  MdlCore *b = mdl_emit_broadcast(s, v[1], 2, dim, (int64_t[]){1});
  return mdl_tensor_val(s, call, mdl_emit_map2(s, MDL_OP_mul, a, b));
}

/* x[.., (i + k) % 3] */
static MdlCore *turned(MdlSema *s, MdlCore *x, int k)
{
  int axis = x->type.rank - 1;
  MdlCore *tail = mdl_emit_part(s, x, axis, mdl_num(s, k), mdl_num(s, 3));
  return mdl_emit_concat(s, tail, mdl_emit_part(s, x, axis, mdl_num(s, 0), mdl_num(s, k)), axis);
}

/* The cross product along the last axis, of length 3. */
MdlVal *mdl_builtin_cross(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlCore *v[2];
  for (int i = 0; i < 2; i++) {
    v[i] = mdl_want_numbers(s, call, call->arg[i]);
    if (!v[i]) return mdl_val_poison(s);
    if (!v[i]->type.rank) return mdl_refuse(s, call, call->arg[i]);
    if (!mdl_want_equal(s, call, v[i]->type.dim[v[i]->type.rank - 1], mdl_num(s, 3)))
      return mdl_val_poison(s);
  }
  if (v[0]->type.rank != v[1]->type.rank) return mdl_refuse(s, call, call->arg[1]);
  for (int i = 0; i < v[0]->type.rank; i++)
    if (!mdl_want_equal(s, call, v[0]->type.dim[i], v[1]->type.dim[i])) return mdl_val_poison(s);
  if (!mdl_want_same_dtype(s, call, v[0], v[1])) return mdl_val_poison(s);
  MdlCore *plus = mdl_emit_map2(s, MDL_OP_mul, turned(s, v[0], 1), turned(s, v[1], 2));
  MdlCore *minus = mdl_emit_map2(s, MDL_OP_mul, turned(s, v[0], 2), turned(s, v[1], 1));
  return mdl_tensor_val(s, call, mdl_emit_map2(s, MDL_OP_sub, plus, minus));
}
