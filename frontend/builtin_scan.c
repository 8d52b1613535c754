/* Running values along an axis, and sorting. The axis is the last one unless `axis=` says another.
 */
#include "frontend/builtin_emit.h"

#include <math.h>
#include <string.h>

/* x as a tensor with at least one axis, and which; -1 after a report. */
static int line_axis(MdlSema *s, const MdlBuiltinCall *call, MdlCore *x, MdlVal *axis)
{
  int at = x ? x->type.rank - 1 : -1;
  if (!x) return -1;
  if (x->type.rank == 0) return mdl_refuse(s, call, call->arg[0]), -1;
  return axis && !mdl_want_axis(s, call, axis, x->type.rank, &at) ? -1 : at;
}

MdlVal *mdl_builtin_scan(MdlSema *s, const MdlBuiltinCall *call)
{
  bool reverse = false;
  MdlCore *x = mdl_want_numbers(s, call, call->arg[0]);
  int axis = line_axis(s, call, x, call->arg[1]);
  if (axis < 0 || (call->arg[2] && !mdl_want_flag(s, call, call->arg[2], &reverse)))
    return mdl_val_poison(s);
  return mdl_tensor_val(s, call, mdl_emit_scan(s, (MdlOp)call->which, x, axis, reverse));
}

/* y[i] is the logsumexp of x[0..i]. Each about its own peak, so nothing underflows: the triangle of
 * all (i, j) is reduced, and fuses into its reduction. */
MdlVal *mdl_builtin_cumlogsumexp(MdlSema *s, const MdlBuiltinCall *call)
{
  bool reverse = false;
  MdlCore *x = mdl_want_floats(s, call, call->arg[0]);
  int axis = line_axis(s, call, x, call->arg[1]);
  if (axis < 0 || (call->arg[2] && !mdl_want_flag(s, call, call->arg[2], &reverse)))
    return mdl_val_poison(s);
  int rank = x->type.rank + 1;
  if (rank > MDL_MAX_RANK) return mdl_refuse(s, call, call->arg[0]);
  const MdlSize *dim[MDL_MAX_RANK];
  for (int i = 0; i < rank; i++) dim[i] = x->type.dim[i - (i > axis)];
  MdlType whole = {.dtype = x->type.dtype, .rank = rank};
  memcpy(whole.dim, dim, (size_t)rank * sizeof *dim);
  int64_t to[] = {axis}, from[] = {axis + 1};
  MdlCore *wide = mdl_emit_along(s, x, &whole, 1, to);
  MdlCore *i = mdl_emit_index(s, rank, dim, axis), *j = mdl_emit_index(s, rank, dim, axis + 1);
  MdlCore *seen = mdl_emit_map2(s, reverse ? MDL_OP_ge : MDL_OP_le, j, i);
  MdlCore *rows =
      mdl_emit_map3(s, MDL_OP_where, seen, wide, mdl_emit_like(s, wide, -(double)INFINITY));
  return mdl_tensor_val(s, call, mdl_emit_logsumexp(s, rows, 1, from));
}

/* sort, argsort (`which` 1). */
MdlVal *mdl_builtin_sort(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlCore *x = mdl_want_numbers(s, call, call->arg[0]), *order;
  int axis = line_axis(s, call, x, call->arg[1]);
  if (axis < 0) return mdl_val_poison(s);
  MdlCore *sorted = mdl_emit_sort(s, x, axis, &order);
  return mdl_tensor_val(s, call, call->which ? order : sorted);
}

/* The other way round, and back: exact on every element type. */
static MdlCore *flip_order(MdlSema *s, MdlCore *x)
{
  bool whole = mdl_is_integer(mdl_core_dtype(s, x));
  return mdl_emit_map1(s, whole ? MDL_OP_bitnot : MDL_OP_neg, x);
}

/* The k largest along the last axis, largest first, and where they were. */
MdlVal *mdl_builtin_top_k(MdlSema *s, const MdlBuiltinCall *call)
{
  int64_t k, n;
  MdlCore *x = mdl_want_numbers(s, call, call->arg[0]), *order;
  int axis = line_axis(s, call, x, NULL);
  if (axis < 0) return mdl_val_poison(s);
  const MdlSize *count = mdl_want_size(s, call, call->arg[1]);
  if (!count) return mdl_val_poison(s);
  if (mdl_size_is_const(count, &k) && mdl_size_is_const(x->type.dim[axis], &n) && k > n) {
    mdl_error(mdl_sema_session(s), MDL_E0412, call->arg[1]->at, "top_k", mdl_size_shown(s, count),
              mdl_size_shown(s, x->type.dim[axis]));
    return mdl_val_poison(s);
  }
  MdlCore *sorted = mdl_emit_sort(s, flip_order(s, x), axis, &order);
  MdlCore *values = flip_order(s, mdl_emit_part(s, sorted, axis, mdl_num(s, 0), count));
  MdlCore *where = mdl_emit_part(s, order, axis, mdl_num(s, 0), count);
  MdlVal *pair[] = {mdl_val_core(s, values, call->at), mdl_val_core(s, where, call->at)};
  return mdl_val_tuple(s, 2, pair, call->at);
}
