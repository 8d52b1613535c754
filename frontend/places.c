/* Several axes walked by one index: x[i, :, j] and t[rows, 2:5] += v. The axes from the first to
 * the last that is picked from become one, and the places in it are counted row-major. */
#include "frontend/index.h"

#include <string.h>

typedef struct Join {
  MdlSema *s;
  const MdlType *x;
  MdlSpan at;
  bool drops;
  int first, last; /* axes of x that become one */
  MdlDtype dtype;  /* of the joined index */
  MdlVal *flat, *inside;
} Join;

static MdlVal *map2(Join *j, MdlOp op, const char *shown, MdlVal *a, MdlVal *b)
{
  return mdl_apply_map(j->s, op, shown, 2, (MdlVal *[]){a, b}, j->at);
}

static MdlVal *converted(Join *j, MdlVal *v, MdlDtype dtype)
{
  return mdl_val_core(j->s, mdl_emit_convert(j->s, v->leaf[0], dtype), j->at);
}

/* i32 where every place and every index given fits. */
static MdlDtype joined_dtype(const Join *j, const MdlPick *pick)
{
  int64_t all = 1, n;
  for (int i = j->first; i <= j->last; i++) {
    if (!mdl_size_is_const(j->x->dim[i], &n) || n > INT32_MAX) return MDL_i64;
    if (n && all > INT32_MAX / n) return MDL_i64;
    all *= n;
    if (pick[i].kind != MDL_PICK_one && pick[i].kind != MDL_PICK_list) continue;
    MdlDtype dtype = mdl_core_dtype(j->s, pick[i].index);
    if (dtype == MDL_index || dtype == MDL_u32 || mdl_dtypes[dtype].bits > 32) return MDL_i64;
  }
  return MDL_i32;
}

/* How many places one step along the axis is. */
static const MdlSize *stride(const Join *j, int axis)
{
  const MdlSize *n = mdl_size_const(j->s->sizes, 1);
  for (int i = axis + 1; n && i <= j->last; i++) n = mdl_size_mul(j->s->sizes, n, j->x->dim[i]);
  return n;
}

static bool add(Join *j, MdlVal *v, int axis)
{
  const MdlSize *n = stride(j, axis);
  int64_t one;
  if (!n || mdl_is_poison(v)) return false;
  if (!mdl_size_is_const(n, &one) || one != 1)
    v = map2(j, MDL_OP_mul, "*", v, mdl_val_size(j->s, n, j->at));
  j->flat = j->flat ? map2(j, MDL_OP_add, "[]", j->flat, v) : v;
  return !mdl_is_poison(j->flat);
}

/* 0 <= v < n, remembered; else v moved to the nearest of them. */
static MdlVal *bounded(Join *j, MdlVal *v, const MdlSize *n)
{
  MdlVal *zero = mdl_val_int(j->s, 0, j->at), *extent = mdl_val_size(j->s, n, j->at);
  bool is_signed = !mdl_is_unsigned(mdl_core_dtype(j->s, v->leaf[0]));
  if (!j->drops) {
    MdlVal *last = map2(j, MDL_OP_sub, "-", extent, mdl_val_int(j->s, 1, j->at));
    if (is_signed) v = map2(j, MDL_OP_max, "max", v, zero);
    return map2(j, MDL_OP_min, "min", v, last);
  }
  MdlVal *in = map2(j, MDL_OP_lt, "<", v, extent);
  if (is_signed) in = map2(j, MDL_OP_bitand, "&&", map2(j, MDL_OP_ge, ">=", v, zero), in);
  j->inside = j->inside ? map2(j, MDL_OP_bitand, "[]", j->inside, in) : in;
  return v;
}

/* The lists and scalars, which broadcast as operands of `+` do. */
static bool add_given(Join *j, const MdlPick *pick)
{
  for (int i = j->first; i <= j->last; i++) {
    if (pick[i].kind != MDL_PICK_one && pick[i].kind != MDL_PICK_list) continue;
    MdlCore *index = mdl_index_wide(j->s, pick[i].index, j->x->dim[i]);
    MdlVal *v = bounded(j, mdl_val_core(j->s, index, pick[i].at), j->x->dim[i]);
    if (mdl_is_poison(v) || !add(j, converted(j, v, j->dtype), i)) return false;
  }
  return true;
}

/* A start of a window, moved so that it fits; of a range; 0. */
static MdlCore *start_of(Join *j, const MdlPick *pick, int axis)
{
  MdlSema *s = j->s;
  if (pick->kind == MDL_PICK_range) return mdl_emit_size(s, pick->start, j->dtype);
  if (pick->kind == MDL_PICK_all) return NULL;
  Join window = *j;
  window.drops = false;
  const MdlSize *room = mdl_size_sub(s->sizes, j->x->dim[axis], pick->length);
  room = mdl_size_add(s->sizes, room, mdl_size_const(s->sizes, 1));
  MdlCore *index = mdl_index_wide(s, pick->index, j->x->dim[axis]);
  return converted(&window, bounded(&window, mdl_val_core(s, index, j->at), room), j->dtype)
      ->leaf[0];
}

/* Where the axis's places lie, along axis `to` of the index. */
static MdlVal *run(Join *j, const MdlPick *pick, int axis, const MdlType *shape, int to)
{
  MdlSema *s = j->s;
  MdlCore *at = mdl_emit_iota(s, shape, to), *from = start_of(j, pick, axis);
  if (pick->kind == MDL_PICK_range && pick->step != 1)
    at = mdl_emit_map2(s, MDL_OP_mul, at, mdl_emit_like(s, at, (double)pick->step));
  if (from) at = mdl_emit_map2(s, MDL_OP_add, at, mdl_emit_splat(s, from, shape->rank, shape->dim));
  return mdl_val_core(s, at, j->at);
}

static bool keeps_axis(const MdlPick *pick)
{
  return pick->kind != MDL_PICK_one && pick->kind != MDL_PICK_list && !pick->drop;
}

bool mdl_lists_adjoin(int items, const MdlPick *pick)
{
  bool seen = false, gap = false;
  for (int i = 0; i < items; i++) {
    if (pick[i].kind == MDL_PICK_list && gap) return false;
    if (pick[i].kind == MDL_PICK_list) seen = true;
    gap |= seen && keeps_axis(&pick[i]);
  }
  return true;
}

/* A value over the lists' axes, at axis `to` of the whole shape. */
static MdlVal *spread(Join *j, MdlVal *v, const MdlType *shape, int to)
{
  MdlCore *core = v->leaf[0];
  int64_t dims[MDL_MAX_RANK];
  if (core->type.rank == shape->rank) return v;
  for (int i = 0; i < core->type.rank; i++) dims[i] = to + i;
  core = core->type.rank ? mdl_emit_broadcast(j->s, core, shape->rank, shape->dim, dims)
                         : mdl_emit_splat(j->s, core, shape->rank, shape->dim);
  return mdl_val_core(j->s, core, j->at);
}

/* The index's shape; `to` gets where each axis of x is in it, the lists' axes count as one. */
static bool shape_of(Join *j, const MdlPick *pick, bool in_front, MdlType *shape, int *to,
                     int *lists)
{
  const MdlType *list = j->flat ? &j->flat->leaf[0]->type : NULL;
  bool placed = false;
  *shape = mdl_type_scalar(j->dtype);
  *lists = 0;
  for (int i = j->first - in_front; i <= j->last; i++) {
    bool here = list && !placed && (i < j->first || pick[i].kind == MDL_PICK_list);
    int axes = here ? list->rank : i >= j->first && keeps_axis(&pick[i]) ? 1 : 0;
    if (shape->rank + axes > MDL_MAX_RANK) return false;
    if (here) *lists = shape->rank, placed = true;
    for (int k = 0; here && k < axes; k++) shape->dim[shape->rank++] = list->dim[k];
    if (here || !axes) continue;
    to[i] = shape->rank;
    shape->dim[shape->rank++] =
        pick[i].kind == MDL_PICK_all ? j->x->dim[i] : pick[i].length;
  }
  return true;
}

static bool add_runs(Join *j, const MdlPick *pick, const MdlType *shape, const int *to)
{
  for (int i = j->first; i <= j->last; i++)
    if (keeps_axis(&pick[i]) && !add(j, run(j, &pick[i], i, shape, to[i]), i)) return false;
  return true;
}

static MdlCore *flattened(const Join *j, MdlCore *x)
{
  const MdlSize *dim[MDL_MAX_RANK];
  int rank = 0;
  for (int i = 0; i < x->type.rank; i++) {
    if (i <= j->first || i > j->last)
      dim[rank++] = x->type.dim[i];
    else if (!(dim[rank - 1] = mdl_size_mul(j->s->sizes, dim[rank - 1], x->type.dim[i])))
      return NULL;
  }
  return rank == x->type.rank ? x : mdl_emit_reshape(j->s, x, rank, dim);
}

static bool too_large(Join *j, const char *what)
{
  mdl_error(j->s->session, MDL_E0902, j->at, what);
  return false;
}

bool mdl_places_join(MdlSema *s, MdlCore *x, const MdlPick *pick, bool drops, bool in_front,
                     MdlSpan at, MdlPlaces *places)
{
  Join j = {.s = s, .x = &x->type, .at = at, .drops = drops, .first = x->type.rank};
  MdlType shape;
  int to[MDL_MAX_RANK], list_at;
  for (int i = 0; i < x->type.rank; i++) {
    if (pick[i].kind == MDL_PICK_all) continue;
    j.last = i;
    if (j.first > i) j.first = i;
  }
  j.dtype = joined_dtype(&j, pick);
  if (!add_given(&j, pick)) return false;
  places->lists = j.flat ? j.flat->leaf[0]->type.rank : 0;
  if (!shape_of(&j, pick, in_front, &shape, to, &list_at)) return too_large(&j, "the rank");
  if (j.flat) j.flat = spread(&j, j.flat, &shape, list_at);
  if (j.inside) j.inside = spread(&j, j.inside, &shape, list_at);
  if (!add_runs(&j, pick, &shape, to)) return false;
  MdlCore *index = j.flat->leaf[0];
  if (j.inside)
    index = mdl_emit_map(s, MDL_OP_where, 3,
                         (MdlCore *[]){j.inside->leaf[0], index, mdl_emit_like(s, index, -1)});
  places->x = flattened(&j, x);
  places->index = index;
  places->axis = j.first;
  places->in_front = in_front && j.first;
  if (!places->x) return too_large(&j, "a size");
  return places->x->type.rank - 1 + shape.rank <= s->session->limits.rank ||
         too_large(&j, "the rank");
}

/* ---- the order of axes -------------------------------------------------------------------- */

MdlCore *mdl_places_out(MdlSema *s, const MdlPlaces *p, MdlCore *gathered)
{
  int64_t perm[MDL_MAX_RANK];
  if (!p->in_front) return gathered;
  for (int i = 0; i < gathered->type.rank; i++)
    perm[i] = i < p->lists ? i + p->axis : i < p->lists + p->axis ? i - p->lists : i;
  return mdl_emit_transpose(s, gathered, perm);
}

MdlCore *mdl_places_in(MdlSema *s, const MdlPlaces *p, MdlCore *v)
{
  int64_t perm[MDL_MAX_RANK];
  if (!p->in_front) return v;
  for (int i = 0; i < v->type.rank; i++)
    perm[i] = i < p->axis ? i + p->lists : i < p->lists + p->axis ? i - p->axis : i;
  return mdl_emit_transpose(s, v, perm);
}

MdlType mdl_places_type(const MdlPlaces *p)
{
  const MdlType *x = &p->x->type, *index = &p->index->type;
  MdlType type = mdl_type_scalar(x->dtype);
  int front = p->in_front ? p->lists : 0;
  for (int i = 0; i < front; i++) type.dim[type.rank++] = index->dim[i];
  for (int i = 0; i < p->axis; i++) type.dim[type.rank++] = x->dim[i];
  for (int i = front; i < index->rank; i++) type.dim[type.rank++] = index->dim[i];
  for (int i = p->axis + 1; i < x->rank; i++) type.dim[type.rank++] = x->dim[i];
  return type;
}
