/* Updates of a part: x[i] = v, x[a:b] += v, x[idx] max= v. The outermost index is written last: a
 * part is read, changed inside, and put back. */
#include "frontend/fold.h"

#include <string.h>

static MdlOp update_op(MdlUpdate update)
{
  static const MdlOp ops[] = {
      [MDL_UPDATE_add] = MDL_OP_add, [MDL_UPDATE_sub] = MDL_OP_sub, [MDL_UPDATE_mul] = MDL_OP_mul,
      [MDL_UPDATE_div] = MDL_OP_div, [MDL_UPDATE_max] = MDL_OP_max, [MDL_UPDATE_min] = MDL_OP_min};
  return ops[update];
}

MdlVal *mdl_update_value(MdlSema *s, MdlUpdate update, MdlVal *old, MdlVal *v, MdlSpan at)
{
  if (update == MDL_UPDATE_set) return v;
  return mdl_apply_map(s, update_op(update), mdl_update_text(update), 2, (MdlVal *[]){old, v}, at);
}

/* ---- fitting a value into a part --------------------------------------------------------- */

static MdlCore *does_not_fit(MdlSema *s, MdlVal *v, const MdlType *part, const char *what,
                             MdlSpan at)
{
  MdlReport *r = mdl_error(s->session, MDL_E0412, at, what, mdl_vtype_text(s, v->type),
                           mdl_vtype_text(s, mdl_vtype_tensor(s, part)));
  (void)r;
  return NULL;
}

MdlCore *mdl_fit(MdlSema *s, MdlVal *v, const MdlCore *like, const MdlType *shape, const char *what,
                 MdlSpan at)
{
  MdlDtype dtype;
  int64_t dims[MDL_MAX_RANK], one;
  if (mdl_is_poison(v)) return NULL;
  MdlVType element = {.kind = MDL_KIND_tensor, .cell = like->cell};
  element.tensor = mdl_type_scalar(like->type.dtype);
  bool literal = mdl_is_kind(v, MDL_KIND_number) || mdl_is_kind(v, MDL_KIND_size);
  if (literal) {
    MdlVal *scalar = mdl_coerce(s, v, &element, v->at, NULL, MDL_NO_SPAN);
    return mdl_is_poison(scalar) ? NULL
                                 : mdl_emit_splat(s, scalar->leaf[0], shape->rank, shape->dim);
  }
  if (!mdl_is_kind(v, MDL_KIND_tensor)) return does_not_fit(s, v, shape, what, at);
  MdlCore *core = v->leaf[0];
  if (mdl_core_is_open(core) && mdl_vtype_dtype(&element, &dtype))
    mdl_cell_decide(core->cell, dtype, at);
  else if (mdl_core_is_open(core) && like->cell)
    mdl_cell_join(core->cell, like->cell);
  else if (!mdl_core_is_open(core) && mdl_core_is_open(like))
    mdl_cell_decide(like->cell, mdl_core_dtype(s, core), at);
  if (!mdl_core_is_open(core) && mdl_vtype_dtype(&element, &dtype) &&
      mdl_core_dtype(s, core) != dtype) {
    mdl_error(s->session, MDL_E0302, at, what, mdl_dtypes[dtype].name,
              mdl_dtypes[core->type.dtype].name);
    return NULL;
  }
  int lead = shape->rank - core->type.rank;
  bool same = lead == 0;
  if (lead < 0) return does_not_fit(s, v, shape, what, at);
  for (int i = 0; i < core->type.rank; i++) {
    dims[i] = lead + i;
    if (core->type.dim[i] == shape->dim[lead + i]) continue;
    same = false;
    if (mdl_size_is_const(core->type.dim[i], &one) && one == 1) continue;
    return does_not_fit(s, v, shape, what, at);
  }
  if (same) return core;
  return mdl_emit_broadcast(s, core, shape->rank, shape->dim, dims);
}

/* ---- scatters ---------------------------------------------------------------------------- */

static bool scatter_op(MdlUpdate update, MdlOp *op)
{
  static const MdlOp ops[] = {
      [MDL_UPDATE_set] = MDL_OP_scatter,     [MDL_UPDATE_add] = MDL_OP_scatter_add,
      [MDL_UPDATE_sub] = MDL_OP_scatter_add, [MDL_UPDATE_mul] = MDL_OP_scatter_mul,
      [MDL_UPDATE_div] = MDL_OP_scatter_mul, [MDL_UPDATE_max] = MDL_OP_scatter_max,
      [MDL_UPDATE_min] = MDL_OP_scatter_min};
  *op = ops[update];
  return true;
}

static MdlType part_type(const MdlType *x, const MdlType *index, int axis)
{
  MdlType part = {.dtype = x->dtype};
  for (int i = 0; i < axis; i++) part.dim[part.rank++] = x->dim[i];
  for (int i = 0; i < index->rank; i++) part.dim[part.rank++] = index->dim[i];
  for (int i = axis + 1; i < x->rank; i++) part.dim[part.rank++] = x->dim[i];
  return part;
}

static MdlCore *scatter(MdlSema *s, MdlCore *x, MdlCore *index, int axis, MdlVal *v,
                        MdlUpdate update, MdlSpan at)
{
  MdlOp op;
  scatter_op(update, &op);
  MdlType part = part_type(&x->type, &index->type, axis);
  MdlCore *with = mdl_fit(s, v, x, &part, "x[i] = v", at);
  if (!with) return NULL;
  if (update == MDL_UPDATE_sub) with = mdl_emit_map1(s, MDL_OP_neg, with);
  if (update == MDL_UPDATE_div)
    with = mdl_emit_map2(s, MDL_OP_div, mdl_emit_like(s, with, 1), with);
  return mdl_emit_scatter(s, op, x, index, with, axis, 0);
}

/* ---- axis by axis ------------------------------------------------------------------------ */

typedef struct Update {
  MdlSema *s;
  MdlVal *v;
  MdlUpdate update;
  MdlSpan at;
} Update;

static bool is_whole(const MdlIndex *index)
{
  return index->kind == MDL_INDEX_slice && !index->value && !index->end && !index->step;
}

static MdlCore *update_axes(Update *u, MdlCore *x, const MdlIndex *index, int axis, int count);

static MdlCore *update_all(Update *u, MdlCore *x)
{
  if (u->update == MDL_UPDATE_set) return mdl_fit(u->s, u->v, x, &x->type, "x[i] = v", u->at);
  MdlVal *now = mdl_update_value(u->s, u->update, mdl_val_core(u->s, x, u->at), u->v, u->at);
  return mdl_is_poison(now) ? NULL : mdl_fit(u->s, now, x, &x->type, "x[i] = v", u->at);
}

static int rest_is_whole(const MdlIndex *index, int axis, int count)
{
  for (int i = axis; i < count; i++)
    if (!is_whole(&index[i])) return false;
  return true;
}

/* x with the part at one run-time index changed. Writes out of range are dropped by the scatter. */
static MdlCore *update_at(Update *u, MdlCore *x, MdlCore *at, const MdlIndex *index, int axis,
                          int count)
{
  MdlSema *s = u->s;
  mdl_check_index(s, at, x->type.dim[axis],
                  mdl_text(s->arena, "index of %s in 0..%s",
                           mdl_source_text(s->session, index[axis].at),
                           mdl_size_shown(s, x->type.dim[axis])));
  if (rest_is_whole(index, axis + 1, count)) return scatter(s, x, at, axis, u->v, u->update, u->at);
  if (at->type.rank) {
    mdl_error(s->session, MDL_E0990, u->at, "a part of the rows that an integer tensor names");
    return NULL;
  }
  MdlIndex rest[3 * MDL_MAX_RANK];
  memcpy(rest, index, (size_t)axis * sizeof *rest);
  memcpy(rest + axis, index + axis + 1, (size_t)(count - axis - 1) * sizeof *rest);
  MdlCore *row = mdl_emit_gather(s, x, at, axis, 0);
  MdlCore *now = update_axes(u, row, rest, axis, count - 1);
  if (!now) return NULL;
  return mdl_emit_scatter(s, MDL_OP_scatter, x, at, now, axis, 0);
}

static bool slice_bounds(Update *u, const MdlIndex *index, const MdlSize *n, const MdlSize **start,
                         const MdlSize **length, MdlCore **core)
{
  MdlSema *s = u->s;
  const MdlSize *bound[2] = {mdl_size_const(s->sizes, 0), n};
  const MdlExpr *expr[2] = {index->value, index->end};
  int64_t value;
  for (int i = 0; i < 2; i++) {
    if (!expr[i]) continue;
    MdlVal *v = mdl_expr(s, expr[i], NULL);
    bound[i] = mdl_val_size_of(s, v);
    if (bound[i] && mdl_size_is_const(bound[i], &value) && value < 0)
      bound[i] = mdl_size_add(s->sizes, n, bound[i]);
    if (bound[i]) continue;
    MdlCore *at = mdl_index_core(s, v);
    if (!at) return false;
    if (!i) *core = at;
    bound[i] = mdl_core_symbolic(s, at, 0);
  }
  *start = bound[0];
  *length = mdl_size_sub(s->sizes, bound[1], bound[0]);
  if (!bound[0] || !bound[1] || !*length) {
    mdl_error(s->session, MDL_E0902, index->at, "a size");
    return false;
  }
  bool is_static = mdl_size_is_static(s, bound[0]) && mdl_size_is_static(s, bound[1]);
  if (is_static) return mdl_slice_in_range(s, bound[0], bound[1], n, index->at);
  if (*length && mdl_size_is_static(s, *length)) return true;
  mdl_error(s->session, MDL_E0409, index->at, "length is no size");
  return false;
}

static MdlCore *static_part(MdlSema *s, MdlCore *x, int axis, const MdlSize *start,
                            const MdlSize *length)
{
  const MdlSize *from[MDL_MAX_RANK], *to[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  for (int i = 0; i < x->type.rank; i++) {
    from[i] = i == axis ? start : mdl_size_const(s->sizes, 0);
    to[i] = i == axis ? mdl_size_add(s->sizes, start, length) : x->type.dim[i];
    step[i] = 1;
  }
  return mdl_emit_slice(s, x, from, to, step);
}

/* x[a:b:k] = v: a scatter at a, a + k, ... */
static MdlCore *update_steps(Update *u, MdlCore *x, const MdlIndex *index, int axis, int count)
{
  MdlSema *s = u->s;
  MdlIndex plain = index[axis];
  const MdlSize *start, *length;
  MdlCore *core = NULL;
  int64_t step;
  plain.step = NULL;
  const MdlSize *k = mdl_val_size_of(s, mdl_expr(s, index[axis].step, NULL));
  if (!k || !mdl_size_is_const(k, &step) || step <= 0) {
    mdl_error(s->session, MDL_E0409, index[axis].at, "step not positive");
    return NULL;
  }
  if (!slice_bounds(u, &plain, x->type.dim[axis], &start, &length, &core)) return NULL;
  if (!rest_is_whole(index, axis + 1, count) || !mdl_size_is_static(s, start)) {
    mdl_error(s->session, MDL_E0990, index[axis].at, "this write to a slice with a step");
    return NULL;
  }
  MdlType rows = {.dtype = MDL_i64, .rank = 1};
  rows.dim[0] = mdl_size_ceil_div(s->sizes, length, step);
  MdlCore *at = mdl_emit_iota(s, &rows, 0);
  at = mdl_emit_map2(s, MDL_OP_mul, at, mdl_emit_like(s, at, (double)step));
  at = mdl_emit_map2(s, MDL_OP_add, at,
                     mdl_emit_splat(s, mdl_emit_size(s, start, MDL_i64), 1, rows.dim));
  return scatter(s, x, at, axis, u->v, u->update, u->at);
}

static MdlCore *update_slice(Update *u, MdlCore *x, const MdlIndex *index, int axis, int count)
{
  MdlSema *s = u->s;
  const MdlSize *start, *length;
  MdlCore *at = NULL;
  int64_t zero;
  if (index[axis].step) return update_steps(u, x, index, axis, count);
  if (!slice_bounds(u, &index[axis], x->type.dim[axis], &start, &length, &at)) return NULL;
  if (!at) at = mdl_index_core(s, mdl_val_size(s, start, u->at));
  if (!at) return NULL;
  const MdlSize *room = mdl_size_sub(s->sizes, x->type.dim[axis], length);
  if (room && mdl_size_is_const(room, &zero) && zero < 0) {
    mdl_error(s->session, MDL_E0407, index[axis].at, mdl_size_shown(s, length),
              mdl_size_shown(s, x->type.dim[axis]));
    return NULL;
  }
  MdlCore *part = mdl_size_is_static(s, start) ? static_part(s, x, axis, start, length)
                                               : mdl_emit_dynamic_slice(s, x, at, axis, length);
  MdlCore *now = update_axes(u, part, index, axis + 1, count);
  return now ? mdl_emit_dynamic_update(s, x, at, now, axis) : NULL;
}

static MdlCore *update_axes(Update *u, MdlCore *x, const MdlIndex *index, int axis, int count)
{
  MdlSema *s = u->s;
  while (axis < count && is_whole(&index[axis])) axis++;
  if (axis == count) return update_all(u, x);
  if (index[axis].kind == MDL_INDEX_new) {
    mdl_error(s->session, MDL_E0111, index[axis].at);
    return NULL;
  }
  if (index[axis].kind == MDL_INDEX_slice) return update_slice(u, x, index, axis, count);
  MdlVal *v = mdl_expr(s, index[axis].value, NULL);
  const MdlSize *size = mdl_val_size_of(s, v);
  int64_t i, n;
  if (size && mdl_size_is_const(size, &i)) {
    bool known = mdl_size_is_const(x->type.dim[axis], &n);
    if (known && (i < -n || i >= n)) {
      mdl_error(s->session, MDL_E0407, index[axis].at, mdl_size_shown(s, size),
                mdl_size_shown(s, x->type.dim[axis]));
      return NULL;
    }
    if (i < 0)
      v = mdl_val_size(s, mdl_size_add(s->sizes, x->type.dim[axis], size), v->at);
    else
      v = mdl_val_size(s, size, v->at);
  }
  MdlCore *at = mdl_index_core(s, v);
  return at ? update_at(u, x, at, index, axis, count) : NULL;
}

static MdlVal *update_stack(MdlSema *s, MdlVal *base, const MdlIndex *index, int indices, MdlVal *v,
                            MdlUpdate update, MdlSpan at)
{
  int count = mdl_leaf_count(base->type);
  MdlCore **leaf = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  if (!mdl_is_kind(v, MDL_KIND_struct) || v->type->of != base->type->of) {
    mdl_error(s->session, MDL_E0301, at, base->type->of->text, mdl_vtype_text(s, v->type));
    return mdl_val_poison(s);
  }
  for (int i = 0; i < count; i++) {
    MdlVal *now = mdl_update_index(s, mdl_val_core(s, base->leaf[i], at), index, indices,
                                   mdl_val_core(s, v->leaf[i], at), update, at);
    if (mdl_is_poison(now)) return now;
    leaf[i] = now->leaf[0];
  }
  return mdl_val_of(s, base->type, leaf, at);
}

MdlVal *mdl_update_index(MdlSema *s, MdlVal *base, const MdlIndex *index, int indices, MdlVal *v,
                         MdlUpdate update, MdlSpan at)
{
  MdlIndex full[3 * MDL_MAX_RANK];
  if (mdl_is_poison(base) || mdl_is_poison(v)) return mdl_val_poison(s);
  if (mdl_is_kind(base, MDL_KIND_struct) && base->type->stack)
    return update_stack(s, base, index, indices, v, update, at);
  if (!mdl_is_kind(base, MDL_KIND_tensor)) {
    mdl_error(s->session, MDL_E0307, at, "[]", mdl_vtype_text(s, base->type));
    return mdl_val_poison(s);
  }
  int items = indices > 2 * MDL_MAX_RANK
                  ? -1
                  : mdl_index_axes(s, index, indices, base->leaf[0]->type.rank, full, at);
  if (items < 0) return mdl_val_poison(s);
  Update u = {s, v, update, at};
  s->at = at;
  MdlCore *now = update_axes(&u, base->leaf[0], full, 0, items);
  return now ? mdl_val_core(s, now, at) : mdl_val_poison(s);
}
