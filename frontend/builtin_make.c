/* Tensors from nothing: shape and element type are those the result must have. */
#include "frontend/builtin_emit.h"

#include <string.h>

static MdlVal *filled(MdlSema *s, const MdlBuiltinCall *call, double value)
{
  MdlType type;
  if (call->want && call->want->kind == MDL_KIND_struct) {
    int leaves = mdl_leaf_count(call->want);
    MdlType *leaf = MDL_NEW(mdl_sema_arena(s), MdlType, (size_t)leaves);
    MdlCore **made = MDL_NEW(mdl_sema_arena(s), MdlCore *, (size_t)leaves);
    mdl_leaves(s, call->want, leaf, NULL);
    for (int i = 0; i < leaves; i++) made[i] = mdl_emit_number(s, &leaf[i], value);
    return mdl_val_of(s, call->want, made, call->at);
  }
  if (!mdl_wanted_shape(s, call, &type, MDL_f32)) return mdl_val_poison(s);
  return mdl_tensor_val(s, call, mdl_emit_number(s, &type, value));
}

/* zeros, ones: `which` is the value. */
MdlVal *mdl_builtin_filled(MdlSema *s, const MdlBuiltinCall *call)
{
  return filled(s, call, call->which);
}

MdlVal *mdl_builtin_full(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlType type;
  if (!mdl_wanted_shape(s, call, &type, MDL_f32)) return mdl_val_poison(s);
  MdlCore *v = mdl_want_dtype(s, call, call->arg[0], type.dtype);
  if (!v) return mdl_val_poison(s);
  if (v->type.rank) return mdl_refuse(s, call, call->arg[0]);
  return mdl_tensor_val(s, call, mdl_emit_splat(s, v, type.rank, type.dim));
}

/* The element type that a tensor of numbers is asked for, or the preset. */
static MdlDtype wanted_dtype(const MdlBuiltinCall *call, MdlDtype preset)
{
  MdlDtype dtype = preset;
  if (call->want && call->want->kind == MDL_KIND_tensor) mdl_vtype_dtype(call->want, &dtype);
  return dtype;
}

/* iota(n): 0, 1, … n - 1. */
MdlVal *mdl_builtin_iota(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlType type = {.dtype = wanted_dtype(call, MDL_i32), .rank = 1};
  type.dim[0] = mdl_want_size(s, call, call->arg[0]);
  if (!type.dim[0]) return mdl_val_poison(s);
  return mdl_tensor_val(s, call, mdl_emit_iota(s, &type, 0));
}

/* Ones on the diagonal of an n by m matrix. */
MdlVal *mdl_builtin_eye(MdlSema *s, const MdlBuiltinCall *call)
{
  const MdlSize *dim[2];
  dim[0] = dim[1] = mdl_want_size(s, call, call->arg[0]);
  if (dim[0] && call->arg[1]) dim[1] = mdl_want_size(s, call, call->arg[1]);
  if (!dim[0] || !dim[1]) return mdl_val_poison(s);
  MdlCore *on =
      mdl_emit_map2(s, MDL_OP_eq, mdl_emit_index(s, 2, dim, 0), mdl_emit_index(s, 2, dim, 1));
  return mdl_tensor_val(s, call, mdl_emit_convert(s, on, wanted_dtype(call, MDL_f32)));
}

/* n numbers from a to b, both included: a + i*(b - a)/(n - 1), the last exactly b. */
MdlVal *mdl_builtin_linspace(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlType type = {.dtype = wanted_dtype(call, MDL_f32), .rank = 1};
  MdlCore *a = mdl_want_floats(s, call, call->arg[0]);
  MdlCore *b = mdl_want_floats(s, call, call->arg[1]);
  type.dim[0] = mdl_want_size(s, call, call->arg[2]);
  if (!a || !b || !type.dim[0] || !mdl_want_same_dtype(s, call, a, b)) return mdl_val_poison(s);
  bool open = mdl_core_is_open(a);
  if (open) mdl_cell_decide(a->cell, type.dtype, call->at);
  type.dtype = mdl_core_dtype(s, a);
  if (open) mdl_core_dtype(s, b);
  const MdlSize *last = mdl_size_sub(mdl_sema_sizes(s), type.dim[0], mdl_num(s, 1));
  MdlType scalar = mdl_type_scalar(type.dtype);
  int64_t known;
  MdlCore *steps = mdl_size_is_const(last, &known)
                       ? mdl_emit_number(s, &scalar, (double)(known > 0 ? known : 1))
                       : mdl_emit_map2(s, MDL_OP_max, mdl_emit_size(s, last, type.dtype),
                                       mdl_emit_number(s, &scalar, 1));
  MdlCore *t = mdl_emit_map2(s, MDL_OP_div, mdl_emit_iota(s, &type, 0), steps);
  /* a*(1 - t) + b*t meets both ends exactly */
  MdlCore *from =
      mdl_emit_map2(s, MDL_OP_mul, mdl_emit_map2(s, MDL_OP_sub, mdl_emit_like(s, t, 1), t), a);
  MdlCore *to = mdl_emit_map2(s, MDL_OP_mul, t, b);
  return mdl_tensor_val(s, call, mdl_emit_map2(s, MDL_OP_add, from, to));
}

/* 1 at the class, 0 elsewhere: the classes are a new last axis. */
MdlVal *mdl_builtin_one_hot(MdlSema *s, const MdlBuiltinCall *call)
{
  const MdlSize *dim[MDL_MAX_RANK];
  MdlCore *y = mdl_want_integers(s, call, call->arg[0]);
  const MdlSize *classes = y ? mdl_want_size(s, call, call->arg[1]) : NULL;
  if (!classes) return mdl_val_poison(s);
  int rank = y->type.rank + 1;
  int axis = rank - 1;
  if (call->arg[2] && !mdl_want_axis(s, call, call->arg[2], rank, &axis)) return mdl_val_poison(s);
  if (rank > MDL_MAX_RANK) {
    mdl_error(mdl_sema_session(s), MDL_E0902, call->at, "the rank");
    return mdl_val_poison(s);
  }
  for (int i = 0; i < rank; i++) dim[i] = i == axis ? classes : y->type.dim[i - (i > axis)];
  MdlType type = {.dtype = mdl_core_dtype(s, y), .rank = rank};
  memcpy(type.dim, dim, sizeof dim);
  int64_t axes[] = {axis};
  MdlCore *here = mdl_emit_along(s, y, &type, 1, axes);
  MdlCore *on = mdl_emit_map2(s, MDL_OP_eq, mdl_emit_iota(s, &type, axis), here);
  return mdl_tensor_val(s, call, mdl_emit_convert(s, on, wanted_dtype(call, MDL_f32)));
}
