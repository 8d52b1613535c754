#include "frontend/builtin_emit.h"

#include <string.h>

MdlCore *mdl_emit_keep(MdlSema *s, MdlCore *a, const MdlType *whole, int count, const int64_t *axes)
{
  const MdlSize *dim[MDL_MAX_RANK];
  if (!count) return a;
  for (int i = 0; i < whole->rank; i++) dim[i] = whole->dim[i];
  for (int i = 0; i < count; i++) dim[axes[i]] = mdl_num(s, 1);
  if (!a->type.rank) return mdl_emit_splat(s, a, whole->rank, dim);
  return mdl_emit_reshape(s, a, whole->rank, dim);
}

MdlCore *mdl_emit_reduce_keep(MdlSema *s, MdlOp op, MdlCore *a, int count, const int64_t *axes,
                              bool keep)
{
  MdlCore *y = count ? mdl_emit_reduce(s, op, a, count, axes) : a;
  return keep ? mdl_emit_keep(s, y, &a->type, count, axes) : y;
}

MdlCore *mdl_emit_along(MdlSema *s, MdlCore *a, const MdlType *whole, int count,
                        const int64_t *axes)
{
  int64_t dims[MDL_MAX_RANK];
  int kept = 0;
  if (!count) return a;
  for (int i = 0; i < whole->rank; i++) {
    bool gone = false;
    for (int k = 0; k < count; k++) gone |= axes[k] == i;
    if (!gone) dims[kept++] = i;
  }
  return mdl_emit_broadcast(s, a, whole->rank, whole->dim, dims);
}

MdlCore *mdl_emit_peak(MdlSema *s, MdlCore *a, int count, const int64_t *axes)
{
  MdlCore *peak = mdl_emit_reduce_keep(s, MDL_OP_reduce_max, a, count, axes, false);
  peak = mdl_emit_stop_grad(s, peak);
  return mdl_emit_map3(s, MDL_OP_where, mdl_emit_map1(s, MDL_OP_is_finite, peak), peak,
                       mdl_emit_like(s, peak, 0));
}

MdlCore *mdl_emit_count(MdlSema *s, const MdlType *type, int count, const int64_t *axes,
                        MdlDtype dtype)
{
  const MdlSize *n = mdl_num(s, 1);
  int64_t known;
  for (int i = 0; i < count; i++) n = mdl_size_mul(mdl_sema_sizes(s), n, type->dim[axes[i]]);
  MdlType scalar = mdl_type_scalar(dtype);
  if (n && mdl_size_is_const(n, &known)) return mdl_emit_number(s, &scalar, (double)known);
  return mdl_emit_size(s, n, dtype);
}

MdlCore *mdl_emit_wide(MdlSema *s, MdlCore *a)
{
  bool open = a->cell && !mdl_cell_of(a->cell)->decided;
  bool half = !open && mdl_is_half(a->type.dtype);
  return half ? mdl_emit_convert(s, a, MDL_f32) : a;
}

MdlCore *mdl_emit_new_axis(MdlSema *s, MdlCore *a, int at)
{
  const MdlSize *dim[MDL_MAX_RANK + 1];
  for (int i = 0; i < a->type.rank; i++) dim[i + (i >= at)] = a->type.dim[i];
  dim[at] = mdl_num(s, 1);
  if (!a->type.rank) return mdl_emit_splat(s, a, 1, dim);
  return mdl_emit_reshape(s, a, a->type.rank + 1, dim);
}

MdlCore *mdl_emit_part(MdlSema *s, MdlCore *a, int axis, const MdlSize *from, const MdlSize *to)
{
  const MdlSize *start[MDL_MAX_RANK], *limit[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  for (int i = 0; i < a->type.rank; i++) {
    start[i] = mdl_num(s, 0);
    limit[i] = a->type.dim[i];
    step[i] = 1;
  }
  start[axis] = from;
  limit[axis] = to;
  return mdl_emit_slice(s, a, start, limit, step);
}

MdlCore *mdl_emit_index(MdlSema *s, int rank, const MdlSize *const *dim, int axis)
{
  MdlType type = {.dtype = MDL_i32, .rank = rank};
  memcpy(type.dim, dim, (size_t)rank * sizeof *dim);
  return mdl_emit_iota(s, &type, axis);
}

MdlVal *mdl_tensor_val(MdlSema *s, const MdlBuiltinCall *call, MdlCore *a)
{
  return a ? mdl_val_core(s, a, call->at) : mdl_val_poison(s);
}

bool mdl_wanted_shape(MdlSema *s, const MdlBuiltinCall *call, MdlType *type, MdlDtype preset)
{
  if (call->want && call->want->kind == MDL_KIND_poison) return false;
  if (!call->want || call->want->kind != MDL_KIND_tensor) {
    MdlSession *session = mdl_sema_session(s);
    MdlReport *r = mdl_error(session, MDL_E0311, call->at, mdl_source_text(session, call->at));
    mdl_help(r, "say it where it is bound: `let x: f32[N] = %s(…)`", call->name);
    return false;
  }
  *type = call->want->tensor;
  if (!mdl_vtype_dtype(call->want, &type->dtype)) type->dtype = preset;
  return true;
}

MdlVal *mdl_refuse(MdlSema *s, const MdlBuiltinCall *call, const MdlVal *v)
{
  mdl_error(mdl_sema_session(s), MDL_E0307, v->at, call->name, mdl_vtype_text(s, v->type));
  return mdl_val_poison(s);
}

bool mdl_want_fit(MdlSema *s, const MdlBuiltinCall *call, const MdlVal *v, const MdlSize *p,
                  const MdlSize *q)
{
  if (p && q && (p == q || mdl_sizes_equate(s, p, q, call->at))) return true;
  mdl_error(mdl_sema_session(s), MDL_E0412, v->at, call->name, p ? mdl_size_shown(s, p) : "?",
            q ? mdl_size_shown(s, q) : "?");
  return false;
}

int mdl_want_list(MdlSema *s, const MdlBuiltinCall *call, MdlVal *const **list)
{
  *list = call->rest;
  if (call->rests != 1 || !mdl_is_kind(call->rest[0], MDL_KIND_tuple)) return call->rests;
  int count = call->rest[0]->type->items;
  MdlVal **item = MDL_NEW(mdl_sema_arena(s), MdlVal *, (size_t)count);
  for (int i = 0; i < count; i++) item[i] = mdl_val_item(s, call->rest[0], i);
  *list = item;
  return count;
}

static bool one_margin(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, const MdlSize **lo,
                       const MdlSize **hi)
{
  if (!mdl_is_kind(v, MDL_KIND_tuple)) return (*lo = *hi = mdl_want_size(s, call, v)) != NULL;
  if (v->type->items != 2) return mdl_refuse(s, call, v), false;
  *lo = mdl_want_size(s, call, mdl_val_item(s, v, 0));
  *hi = mdl_want_size(s, call, mdl_val_item(s, v, 1));
  return *lo && *hi;
}

bool mdl_want_margins(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int axes,
                      const MdlSize **lo, const MdlSize **hi)
{
  for (int i = 0; i < axes; i++) lo[i] = hi[i] = mdl_num(s, 0);
  if (!v || !axes) return true;
  bool tuple = mdl_is_kind(v, MDL_KIND_tuple), each = false;
  for (int i = 0; tuple && i < v->type->items; i++)
    each |= mdl_is_kind(mdl_val_item(s, v, i), MDL_KIND_tuple);
  if (!each && !(tuple && v->type->items != 2)) { /* the same everywhere */
    if (!one_margin(s, call, v, &lo[0], &hi[0])) return false;
    for (int i = 1; i < axes; i++) lo[i] = lo[0], hi[i] = hi[0];
    return true;
  }
  if (v->type->items != axes) return mdl_refuse(s, call, v), false;
  for (int i = 0; i < axes; i++)
    if (!one_margin(s, call, mdl_val_item(s, v, i), &lo[i], &hi[i])) return false;
  return true;
}

void mdl_emit_index_check(MdlSema *s, MdlCore *index, const MdlSize *n, const char *shown)
{
  if (!s->options || !s->options->trap) return;
  enum { BAD_INDEX = 2 };
  MdlCore *wide = mdl_emit_convert(s, index, MDL_i64);
  MdlCore *low = mdl_emit_map2(s, MDL_OP_ge, wide, mdl_emit_like(s, wide, 0));
  MdlCore *end = mdl_emit_splat(s, mdl_emit_size(s, n, MDL_i64), wide->type.rank, wide->type.dim);
  MdlCore *holds = mdl_emit_map2(s, MDL_OP_bitand, low, mdl_emit_map2(s, MDL_OP_lt, wide, end));
  mdl_emit_check(s, holds, BAD_INDEX,
                 mdl_text(mdl_sema_arena(s), "index of %s in 0..%s", shown, mdl_size_shown(s, n)));
}
