/* Updates of a part: x[i] = v, x[a:b] += v, x[idx] max= v. The outermost index is written last: a
 * part is read, changed inside, and put back. */
#include "frontend/index.h"

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

typedef struct Update {
  MdlSema *s;
  MdlVal *v;
  MdlUpdate update;
  MdlSpan at;
} Update;

static MdlType part_type(const MdlType *x, const MdlType *index, int axis)
{
  MdlType part = {.dtype = x->dtype};
  for (int i = 0; i < axis; i++) part.dim[part.rank++] = x->dim[i];
  for (int i = 0; i < index->rank; i++) part.dim[part.rank++] = index->dim[i];
  for (int i = axis + 1; i < x->rank; i++) part.dim[part.rank++] = x->dim[i];
  return part;
}

/* x[list] /= v: x over the product of all v that come to a place, which is v itself where one does.
 */
static MdlCore *divide(const Update *u, MdlCore *x, MdlCore *index, int axis, MdlCore *with)
{
  MdlSema *s = u->s;
  if (!mdl_is_float(mdl_core_dtype(s, x))) { /* whole quotients do not multiply */
    MdlType type = x->type;
    type.dtype = mdl_core_dtype(s, x);
    MdlReport *r = mdl_error(s->session, MDL_E0307, u->at, "/=",
                             mdl_vtype_text(s, mdl_vtype_tensor(s, &type)));
    mdl_help(r, "place by place: `for k in 0..K { x[i[k]] /= v[k] }`");
    return NULL;
  }
  MdlCore *ones = mdl_emit_like(s, x, 1);
  MdlCore *all = mdl_emit_scatter(s, MDL_OP_scatter_mul, ones, index, with, axis, 0);
  return mdl_emit_map2(s, MDL_OP_div, x, all);
}

static MdlCore *scatter(const Update *u, MdlCore *x, MdlCore *index, int axis, MdlCore *with)
{
  static const MdlOp ops[] = {
      [MDL_UPDATE_set] = MDL_OP_scatter,     [MDL_UPDATE_add] = MDL_OP_scatter_add,
      [MDL_UPDATE_sub] = MDL_OP_scatter_add, [MDL_UPDATE_mul] = MDL_OP_scatter_mul,
      [MDL_UPDATE_max] = MDL_OP_scatter_max, [MDL_UPDATE_min] = MDL_OP_scatter_min};
  if (u->update == MDL_UPDATE_div) return divide(u, x, index, axis, with);
  if (u->update == MDL_UPDATE_sub) with = mdl_emit_map1(u->s, MDL_OP_neg, with);
  return mdl_emit_scatter(u->s, ops[u->update], x, index, with, axis, 0);
}

static MdlCore *update_places(const Update *u, MdlCore *x, const MdlPick *pick)
{
  MdlPlaces places;
  bool in_front = !mdl_lists_adjoin(x->type.rank, pick);
  if (!mdl_places_join(u->s, x, pick, true, in_front, u->at, &places)) return NULL;
  MdlType part = mdl_places_type(&places);
  MdlCore *with = mdl_fit(u->s, u->v, x, &part, "x[i] = v", u->at);
  if (!with) return NULL;
  with = mdl_places_in(u->s, &places, with);
  MdlCore *now = scatter(u, places.x, places.index, places.axis, with);
  return !now || now->type.rank == x->type.rank
             ? now
             : mdl_emit_reshape(u->s, now, x->type.rank, x->type.dim);
}

/* ---- axis by axis ------------------------------------------------------------------------ */

static MdlCore *update_axes(const Update *u, MdlCore *x, const MdlPick *pick, int axis);

static MdlCore *update_all(const Update *u, MdlCore *x)
{
  if (u->update == MDL_UPDATE_set) return mdl_fit(u->s, u->v, x, &x->type, "x[i] = v", u->at);
  MdlVal *now = mdl_update_value(u->s, u->update, mdl_val_core(u->s, x, u->at), u->v, u->at);
  return mdl_is_poison(now) ? NULL : mdl_fit(u->s, now, x, &x->type, "x[i] = v", u->at);
}

static bool rest_is_whole(const MdlPick *pick, int axis, int rank)
{
  for (int i = axis; i < rank; i++)
    if (pick[i].kind != MDL_PICK_all) return false;
  return true;
}

/* x with the part at a scalar, or the rows of a list, changed. The scatter drops writes out of
 * range. */
static MdlCore *update_at(const Update *u, MdlCore *x, const MdlPick *pick, int axis)
{
  MdlSema *s = u->s;
  MdlCore *at = pick[axis].index;
  bool divides = u->update == MDL_UPDATE_div && !at->type.rank; /* one place: read, divide, put */
  if (!divides && rest_is_whole(pick, axis + 1, x->type.rank)) {
    MdlType part = part_type(&x->type, &at->type, axis);
    MdlCore *with = mdl_fit(s, u->v, x, &part, "x[i] = v", u->at);
    return with ? scatter(u, x, at, axis, with) : NULL;
  }
  MdlPick rest[MDL_MAX_RANK];
  memcpy(rest, pick, (size_t)axis * sizeof *rest);
  memcpy(rest + axis, pick + axis + 1, (size_t)(x->type.rank - axis - 1) * sizeof *rest);
  MdlCore *row = mdl_emit_gather(s, x, at, axis, 0);
  MdlCore *now = update_axes(u, row, rest, axis);
  return now ? mdl_emit_scatter(s, MDL_OP_scatter, x, at, now, axis, 0) : NULL;
}

static MdlCore *range_part(MdlSema *s, MdlCore *x, int axis, const MdlPick *pick)
{
  const MdlSize *from[MDL_MAX_RANK], *to[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  for (int i = 0; i < x->type.rank; i++) {
    from[i] = i == axis ? pick->start : mdl_size_const(s->sizes, 0);
    to[i] = i == axis ? pick->limit : x->type.dim[i];
    step[i] = 1;
  }
  return mdl_emit_slice(s, x, from, to, step);
}

static MdlCore *update_slice(const Update *u, MdlCore *x, const MdlPick *pick, int axis)
{
  MdlSema *s = u->s;
  const MdlPick *p = &pick[axis];
  bool is_range = p->kind == MDL_PICK_range;
  MdlCore *at = is_range ? mdl_index_core(s, mdl_val_size(s, p->start, u->at)) : p->index;
  MdlCore *part = is_range ? range_part(s, x, axis, p)
                           : mdl_emit_dynamic_slice(s, x, at, axis, p->length);
  MdlCore *now = update_axes(u, part, pick, axis + 1);
  return now ? mdl_emit_dynamic_update(s, x, at, now, axis) : NULL;
}

static MdlCore *update_axes(const Update *u, MdlCore *x, const MdlPick *pick, int axis)
{
  while (axis < x->type.rank && pick[axis].kind == MDL_PICK_all) axis++;
  if (axis == x->type.rank) return update_all(u, x);
  bool is_slice = pick[axis].kind == MDL_PICK_range || pick[axis].kind == MDL_PICK_window;
  return is_slice ? update_slice(u, x, pick, axis) : update_at(u, x, pick, axis);
}

/* Lists with something beside them, and steps: all axes at once. Else part in part, which the way
 * back of a loop keeps small. */
static bool wants_places(int rank, const MdlPick *pick)
{
  int lists = 0, picked = 0;
  for (int i = 0; i < rank; i++) {
    if (pick[i].step != 1) return true;
    lists += pick[i].kind == MDL_PICK_list;
    picked += pick[i].kind != MDL_PICK_all;
  }
  return lists && picked > 1;
}

static MdlCore *update_tensor(const Update *u, MdlCore *x, const MdlIndex *index, int indices)
{
  MdlSema *s = u->s;
  MdlPick pick[MDL_MAX_PICKS];
  int items = mdl_picks_read(s, &x->type, index, indices, u->at, pick);
  s->at = u->at;
  for (int i = 0; i < items; i++) {
    if (pick[i].kind == MDL_PICK_new) {
      mdl_error(s->session, MDL_E0111, pick[i].at);
      return NULL;
    }
    if (!pick[i].drop) continue;
    pick[i].kind = MDL_PICK_one, pick[i].drop = false;
    pick[i].index = mdl_index_core(s, mdl_val_size(s, pick[i].start, pick[i].at));
  }
  if (items < 0) return NULL;
  return wants_places(items, pick) ? update_places(u, x, pick) : update_axes(u, x, pick, 0);
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
  if (mdl_is_poison(base) || mdl_is_poison(v)) return mdl_val_poison(s);
  if (mdl_is_kind(base, MDL_KIND_struct) && base->type->stack)
    return update_stack(s, base, index, indices, v, update, at);
  if (!mdl_is_kind(base, MDL_KIND_tensor)) {
    mdl_error(s->session, MDL_E0307, at, "[]", mdl_vtype_text(s, base->type));
    return mdl_val_poison(s);
  }
  Update u = {s, v, update, at};
  MdlCore *now = update_tensor(&u, base->leaf[0], index, indices);
  return now ? mdl_val_core(s, now, at) : mdl_val_poison(s);
}
