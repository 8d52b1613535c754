/* Elements chosen by position: by masks over iota where that is a map, else by gather. */
#include "frontend/builtin_emit.h"
#include "frontend/fold.h"

#include <string.h>

static MdlCore *at_least(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int rank)
{
  MdlCore *x = mdl_want_tensor(s, call, v);
  if (x && x->type.rank < rank) return mdl_refuse(s, call, v), NULL;
  return x;
}

/* Axis `axis` as the last, or (`back`) the last as `axis`. */
static MdlCore *axis_last(MdlSema *s, MdlCore *x, int axis, bool back)
{
  int64_t perm[MDL_MAX_RANK];
  int rank = x->type.rank, k = 0;
  if (axis == rank - 1) return x;
  if (back) {
    for (int i = 0; i < rank; i++) perm[i] = i < axis ? i : i == axis ? rank - 1 : i - 1;
  } else {
    for (int i = 0; i < rank; i++)
      if (i != axis) perm[k++] = i;
    perm[k] = axis;
  }
  return mdl_emit_transpose(s, x, perm);
}

/* y[.., i, ..] = x[.., index[.., i, ..], ..] along one axis. */
MdlVal *mdl_builtin_take_along(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlCore *x = at_least(s, call, call->arg[0], 1);
  MdlCore *index = x ? mdl_want_integers(s, call, call->arg[1]) : NULL;
  if (!index) return mdl_val_poison(s);
  int rank = x->type.rank, axis = rank - 1;
  if (call->arg[2] && !mdl_want_axis(s, call, call->arg[2], rank, &axis)) return mdl_val_poison(s);
  if (index->type.rank != rank) return mdl_refuse(s, call, call->arg[1]);
  for (int i = 0; i < rank; i++)
    if (i != axis && !mdl_want_equal(s, call, x->type.dim[i], index->type.dim[i]))
      return mdl_val_poison(s);
  mdl_core_dtype(s, index);
  mdl_emit_index_check(s, index, x->type.dim[axis],
                       mdl_source_text(mdl_sema_session(s), call->arg[1]->at));
  MdlCore *y = mdl_emit_gather(s, axis_last(s, x, axis, false), axis_last(s, index, axis, false),
                               rank - 1, rank - 1);
  return mdl_tensor_val(s, call, axis_last(s, y, axis, true));
}

static MdlCore *zeros_like(MdlSema *s, MdlCore *x)
{
  return mdl_emit_exact(s, &x->type, x->cell, mdl_exact_int(0));
}

/* tril, triu (`which` 1): the other side of diagonal k is 0. */
MdlVal *mdl_builtin_triangle(MdlSema *s, const MdlBuiltinCall *call)
{
  int64_t k = 0;
  MdlCore *x = at_least(s, call, call->arg[0], 2);
  if (!x || (call->arg[1] && !mdl_want_int(s, call, call->arg[1], &k))) return mdl_val_poison(s);
  int rank = x->type.rank;
  MdlCore *row = mdl_emit_index(s, rank, x->type.dim, rank - 2);
  MdlCore *column = mdl_emit_index(s, rank, x->type.dim, rank - 1);
  MdlCore *edge = mdl_emit_map2(s, MDL_OP_add, row, mdl_emit_like(s, row, (double)k));
  MdlCore *keep = mdl_emit_map2(s, call->which ? MDL_OP_ge : MDL_OP_le, column, edge);
  return mdl_tensor_val(s, call, mdl_emit_map3(s, MDL_OP_where, keep, x, zeros_like(s, x)));
}

/* A vector on the diagonal of a matrix; a square matrix gives its diagonal. */
MdlVal *mdl_builtin_diag(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlCore *x = at_least(s, call, call->arg[0], 1);
  if (!x) return mdl_val_poison(s);
  if (x->type.rank > 2) return mdl_refuse(s, call, call->arg[0]);
  if (x->type.rank == 2) {
    if (!mdl_want_equal(s, call, x->type.dim[0], x->type.dim[1])) return mdl_val_poison(s);
    return mdl_tensor_val(s, call,
                          mdl_emit_gather(s, x, mdl_emit_index(s, 1, x->type.dim, 0), 1, 1));
  }
  const MdlSize *dim[] = {x->type.dim[0], x->type.dim[0]};
  MdlCore *wide = mdl_emit_broadcast(s, x, 2, dim, (int64_t[]){1});
  MdlCore *on =
      mdl_emit_map2(s, MDL_OP_eq, mdl_emit_index(s, 2, dim, 0), mdl_emit_index(s, 2, dim, 1));
  return mdl_tensor_val(s, call, mdl_emit_map3(s, MDL_OP_where, on, wide, zeros_like(s, wide)));
}

/* Everything `shift` places on along the axis; what leaves comes in at the other end. */
MdlVal *mdl_builtin_roll(MdlSema *s, const MdlBuiltinCall *call)
{
  int64_t shift, n;
  int axis = 0;
  MdlCore *x = at_least(s, call, call->arg[0], 1);
  if (!x || (call->arg[2] && !mdl_want_axis(s, call, call->arg[2], x->type.rank, &axis)))
    return mdl_val_poison(s);
  const MdlSize *by = mdl_val_size_of(s, call->arg[1]), *dim = x->type.dim[axis];
  if (by && mdl_size_is_const(by, &shift) && mdl_size_is_const(dim, &n)) {
    int64_t cut = n ? ((-shift) % n + n) % n : 0;
    if (!cut) return mdl_tensor_val(s, call, x);
    MdlCore *tail = mdl_emit_part(s, x, axis, mdl_num(s, cut), dim);
    MdlCore *head = mdl_emit_part(s, x, axis, mdl_num(s, 0), mdl_num(s, cut));
    return mdl_tensor_val(s, call, mdl_emit_concat(s, tail, head, axis));
  }
  MdlCore *places = mdl_want_integers(s, call, call->arg[1]);
  if (!places) return mdl_val_poison(s);
  if (places->type.rank) return mdl_refuse(s, call, call->arg[1]);
  MdlType type = {.dtype = MDL_i64, .rank = 1};
  type.dim[0] = dim;
  MdlCore *to = mdl_emit_iota(s, &type, 0);
  MdlCore *from = mdl_emit_map2(s, MDL_OP_sub, to, mdl_emit_convert(s, places, MDL_i64));
  from = mdl_emit_map2(s, MDL_OP_rem, from, mdl_emit_size(s, dim, MDL_i64));
  return mdl_tensor_val(s, call, mdl_emit_gather(s, x, from, axis, 0));
}
