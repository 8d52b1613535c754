/* The same elements in another order or shape. */
#include "frontend/builtin_emit.h"
#include "frontend/fold.h"

#include <string.h>

/* x as a tensor of rank 1 or more. */
static MdlCore *tensor_of(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v)
{
  MdlCore *x = mdl_want_tensor(s, call, v);
  if (x && !x->type.rank) return mdl_refuse(s, call, v), NULL;
  return x;
}

/* The axis of a call, 0 where it is left out. */
static bool read_axis(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int rank, int *axis)
{
  *axis = 0;
  return !v || mdl_want_axis(s, call, v, rank, axis);
}

/* ---- reshape, transpose, flip ------------------------------------------------------------ */

/* The one dim written -1: what is left of `all`. */
static const MdlSize *left_over(MdlSema *s, const MdlBuiltinCall *call, const MdlVal *v,
                                const MdlSize *all, const MdlSize *others)
{
  int64_t k;
  MdlSizes *sizes = mdl_sema_sizes(s);
  if (others == all) return mdl_num(s, 1);
  if (others && mdl_size_is_const(others, &k) && k > 0) {
    const MdlSize *part = mdl_size_floor_div(sizes, all, k);
    return mdl_want_fit(s, call, v, all, mdl_size_mul(sizes, part, others)) ? part : NULL;
  }
  mdl_want_fit(s, call, v, all, NULL);
  return NULL;
}

/* reshape(x, N, 4), reshape(x, (N, 4)); one dim may be -1. */
MdlVal *mdl_builtin_reshape(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlVal *const *list;
  MdlCore *x = mdl_want_tensor(s, call, call->arg[0]);
  int rank = x ? mdl_want_list(s, call, &list) : -1, open = -1;
  if (rank < 0) return mdl_val_poison(s);
  if (rank > MDL_MAX_RANK) return mdl_refuse(s, call, call->arg[0]);
  const MdlSize *dim[MDL_MAX_RANK], *others = mdl_num(s, 1);
  const MdlSize *all = mdl_type_elements(mdl_sema_sizes(s), &x->type);
  for (int i = 0; i < rank; i++) {
    int64_t number;
    const MdlSize *size = mdl_val_size_of(s, list[i]);
    if (open < 0 && size && mdl_size_is_const(size, &number) && number == -1) {
      open = i;
      continue;
    }
    if (!(dim[i] = mdl_want_size(s, call, list[i]))) return mdl_val_poison(s);
    others = mdl_size_mul(mdl_sema_sizes(s), others, dim[i]);
  }
  if (open >= 0) dim[open] = left_over(s, call, call->arg[0], all, others);
  bool fits = open >= 0 ? dim[open] != NULL : mdl_want_fit(s, call, call->arg[0], all, others);
  if (!fits) return mdl_val_poison(s);
  if (!x->type.rank && rank) return mdl_tensor_val(s, call, mdl_emit_splat(s, x, rank, dim));
  return mdl_tensor_val(s, call, mdl_emit_reshape(s, x, rank, dim));
}

/* transpose(x) reverses the axes, transpose(x, 0, 2, 1) orders them. */
MdlVal *mdl_builtin_transpose(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlVal *const *list;
  int64_t perm[MDL_MAX_RANK];
  bool seen[MDL_MAX_RANK] = {false};
  MdlCore *x = mdl_want_tensor(s, call, call->arg[0]);
  int count = x ? mdl_want_list(s, call, &list) : 0, axis;
  if (!x) return mdl_val_poison(s);
  for (int i = 0; i < x->type.rank; i++) perm[i] = x->type.rank - 1 - i;
  if (count && count != x->type.rank) return mdl_refuse(s, call, call->arg[0]);
  for (int i = 0; i < count; i++) {
    if (!mdl_want_axis(s, call, list[i], x->type.rank, &axis)) return mdl_val_poison(s);
    if (seen[axis]) {
      mdl_error(mdl_sema_session(s), MDL_E0411, list[i]->at,
                mdl_text(mdl_sema_arena(s), "%d", axis), "twice");
      return mdl_val_poison(s);
    }
    seen[axis] = true;
    perm[i] = axis;
  }
  return mdl_tensor_val(s, call, x->type.rank ? mdl_emit_transpose(s, x, perm) : x);
}

MdlVal *mdl_builtin_flip(MdlSema *s, const MdlBuiltinCall *call)
{
  int64_t axes[MDL_MAX_RANK];
  MdlCore *x = tensor_of(s, call, call->arg[0]);
  int count = x ? mdl_want_axes(s, call, call->arg[1], x->type.rank, axes) : -1;
  if (count < 0) return mdl_val_poison(s);
  return mdl_tensor_val(s, call, mdl_emit_reverse(s, x, count, axes));
}

/* ---- joining and parting ------------------------------------------------------------------ */

/* concat along an axis that is there, stack (`which` 1) along a new one. */
MdlVal *mdl_builtin_concat(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlVal *const *list;
  int count = mdl_want_list(s, call, &list), axis = 0;
  MdlCore *whole = NULL;
  if (!count) {
    mdl_error(mdl_sema_session(s), MDL_E0501, call->at, call->name, "1 or more arguments", "0",
              "nothing to join");
    return mdl_val_poison(s);
  }
  for (int i = 0; i < count; i++) {
    MdlCore *x = call->which ? mdl_want_tensor(s, call, list[i]) : tensor_of(s, call, list[i]);
    if (!x) return mdl_val_poison(s);
    int rank = x->type.rank + call->which;
    if (i == 0 && !read_axis(s, call, call->arg[0], rank, &axis)) return mdl_val_poison(s);
    if (whole && (rank != whole->type.rank)) return mdl_refuse(s, call, list[i]);
    if (call->which) x = mdl_emit_new_axis(s, x, axis);
    if (whole && !mdl_want_same_dtype(s, call, whole, x)) return mdl_val_poison(s);
    for (int k = 0; whole && k < rank; k++)
      if (k != axis && !mdl_want_fit(s, call, list[i], whole->type.dim[k], x->type.dim[k]))
        return mdl_val_poison(s);
    whole = whole ? mdl_emit_concat(s, whole, x, axis) : x;
  }
  return mdl_tensor_val(s, call, whole);
}

/* A tuple of n equal parts. */
MdlVal *mdl_builtin_chunk(MdlSema *s, const MdlBuiltinCall *call)
{
  int64_t n;
  int axis;
  MdlSizes *sizes = mdl_sema_sizes(s);
  MdlCore *x = tensor_of(s, call, call->arg[0]);
  if (!x || !mdl_want_int(s, call, call->arg[1], &n) ||
      !read_axis(s, call, call->arg[2], x->type.rank, &axis))
    return mdl_val_poison(s);
  if (n < 1 || n > MDL_MAX_TUPLE) return mdl_refuse(s, call, call->arg[1]);
  const MdlSize *part = mdl_size_floor_div(sizes, x->type.dim[axis], n);
  if (!mdl_want_fit(s, call, call->arg[0], x->type.dim[axis],
                    mdl_size_mul(sizes, part, mdl_num(s, n))))
    return mdl_val_poison(s);
  MdlVal *item[MDL_MAX_TUPLE];
  for (int i = 0; i < n; i++) {
    const MdlSize *from = mdl_size_mul(sizes, part, mdl_num(s, i));
    const MdlSize *to = mdl_size_add(sizes, from, part);
    item[i] = mdl_val_core(s, mdl_emit_part(s, x, axis, from, to), call->at);
  }
  return mdl_val_tuple(s, (int)n, item, call->at);
}

/* ---- repeating ---------------------------------------------------------------------------- */

/* Every element (`inner`) or the whole axis n times. */
static MdlCore *repeat_axis(MdlSema *s, MdlCore *x, int axis, const MdlSize *n, bool inner)
{
  const MdlSize *dim[MDL_MAX_RANK + 1];
  int64_t dims[MDL_MAX_RANK];
  int rank = x->type.rank, at = axis + inner;
  for (int i = 0; i < rank; i++) {
    dims[i] = i + (i >= at);
    dim[dims[i]] = x->type.dim[i];
  }
  dim[at] = n;
  MdlCore *y = mdl_emit_broadcast(s, x, rank + 1, dim, dims);
  memcpy(dim, x->type.dim, (size_t)rank * sizeof *dim);
  dim[axis] = mdl_size_mul(mdl_sema_sizes(s), dim[axis], n);
  return mdl_emit_reshape(s, y, rank, dim);
}

MdlVal *mdl_builtin_repeat(MdlSema *s, const MdlBuiltinCall *call)
{
  int axis;
  MdlCore *x = tensor_of(s, call, call->arg[0]);
  const MdlSize *n = x ? mdl_want_size(s, call, call->arg[1]) : NULL;
  if (!n || !read_axis(s, call, call->arg[2], x->type.rank, &axis)) return mdl_val_poison(s);
  if (x->type.rank == MDL_MAX_RANK) return mdl_refuse(s, call, call->arg[0]);
  return mdl_tensor_val(s, call, repeat_axis(s, x, axis, n, true));
}

/* tile(x, 2, 3): counts belong to the last axes. */
MdlVal *mdl_builtin_tile(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlVal *const *list;
  MdlCore *x = tensor_of(s, call, call->arg[0]);
  int count = x ? mdl_want_list(s, call, &list) : -1;
  if (count < 0) return mdl_val_poison(s);
  if (count > x->type.rank || x->type.rank == MDL_MAX_RANK)
    return mdl_refuse(s, call, call->arg[0]);
  int first = x->type.rank - count;
  for (int i = 0; i < count; i++) {
    const MdlSize *n = mdl_want_size(s, call, list[i]);
    if (!n) return mdl_val_poison(s);
    if (n != mdl_num(s, 1)) x = repeat_axis(s, x, first + i, n, false);
  }
  return mdl_tensor_val(s, call, x);
}

MdlVal *mdl_builtin_pad(MdlSema *s, const MdlBuiltinCall *call)
{
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  int64_t inner[MDL_MAX_RANK] = {0};
  MdlCore *x = tensor_of(s, call, call->arg[0]);
  if (!x || !mdl_want_margins(s, call, call->arg[1], x->type.rank, lo, hi))
    return mdl_val_poison(s);
  MdlType scalar = mdl_type_scalar(x->type.dtype);
  MdlCore *value = mdl_emit_exact(s, &scalar, x->cell, mdl_exact_int(0));
  if (call->arg[2]) {
    value = mdl_want_tensor(s, call, call->arg[2]);
    if (!value || !mdl_want_same_dtype(s, call, x, value)) return mdl_val_poison(s);
    if (value->type.rank) return mdl_refuse(s, call, call->arg[2]);
  }
  return mdl_tensor_val(s, call, mdl_emit_pad(s, x, value, lo, hi, inner));
}
