/* Types of contractions, convolutions and windows. */
#include "ir/typing_rules.h"

#include <string.h>

/* ---- dot --------------------------------------------------------------------------------- */

/* Takes the paired axes off: used[0] of a, used[1] of b. */
static bool take_pairs(MdlTyping *t, const char *name, bool used[2][MDL_MAX_RANK], MdlType *batch)
{
  int64_t axis[2][MDL_MAX_RANK];
  int count = mdl_get_pairs(t->attrs, name, axis[0], axis[1]);
  for (int i = 0; i < count; i++) {
    for (int side = 0; side < 2; side++) {
      int64_t at = axis[side][i];
      if (at < 0 || at >= t->in[side]->rank)
        return mdl_type_no(t, "there is no axis %lld in %s", (long long)at,
                           mdl_type_text(t->ir->arena, t->in[side]));
      if (used[side][at])
        return mdl_type_no(t, "axis %lld of %s is paired twice", (long long)at,
                           mdl_type_text(t->ir->arena, t->in[side]));
      used[side][at] = true;
    }
    if (!mdl_type_same_dim(t, 0, (int)axis[0][i], 1, (int)axis[1][i])) return false;
    if (batch) batch->dim[batch->rank++] = t->in[0]->dim[axis[0][i]];
  }
  return true;
}

bool mdl_type_dot(MdlTyping *t)
{
  bool used[2][MDL_MAX_RANK] = {{false}};
  MdlType y = mdl_type_scalar(t->in[0]->dtype);
  if (!take_pairs(t, "batch", used, &y) || !take_pairs(t, "contract", used, NULL)) return false;
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < t->in[side]->rank; i++) {
      if (used[side][i]) continue;
      if (y.rank == MDL_MAX_RANK)
        return mdl_type_no(t, "the result has more than %d axes", MDL_MAX_RANK);
      y.dim[y.rank++] = t->in[side]->dim[i];
    }
  t->out[0] = y;
  return true;
}

/* ---- windows along one axis -------------------------------------------------------------- */

typedef struct Window {
  const MdlSize *n, *lo, *hi, *size;
  int64_t stride, dilate, spread;
} Window;

/* (n - 1)*by + 1: elements, or taps, `by` apart. */
static const MdlSize *stretch(MdlSizes *sizes, const MdlSize *n, int64_t by)
{
  const MdlSize *apart = mdl_size_mul(sizes, n, mdl_size_const(sizes, by));
  return mdl_size_sub(sizes, apart, mdl_size_const(sizes, by - 1));
}

/* floor((lo + spread n + hi - dilated size)/stride) + 1 places. */
static bool window_count(MdlTyping *t, const Window *w, int axis, const MdlSize **count)
{
  MdlSizes *sizes = t->ir->sizes;
  const MdlSize *room = mdl_size_add(sizes, w->lo, w->hi), *one = mdl_size_const(sizes, 1);
  room = mdl_size_add(sizes, room, stretch(sizes, w->n, w->spread));
  const MdlSize *slack = mdl_size_sub(sizes, room, stretch(sizes, w->size, w->dilate));
  *count = mdl_size_add(sizes, mdl_size_floor_div(sizes, slack, w->stride), one);
  if (!mdl_type_fits(t, *count)) return false;
  return !mdl_type_is_below(t, *count, mdl_size_const(sizes, 0)) ||
         mdl_type_no(t, "a window of %s does not fit into axis %d of %s", mdl_size_text(w->size),
                     axis, mdl_type_text(t->ir->arena, t->in[0]));
}

/* ---- conv -------------------------------------------------------------------------------- */

static bool check_channels(MdlTyping *t, int64_t groups)
{
  MdlSizes *sizes = t->ir->sizes;
  const MdlType *a = t->in[0], *b = t->in[1];
  const MdlSize *wanted = mdl_size_mul(sizes, b->dim[1], mdl_size_const(sizes, groups));
  if (groups < 1) return mdl_type_no(t, "groups must be at least 1, not %lld", (long long)groups);
  if (wanted != a->dim[1])
    return mdl_type_no(t, "%s has %s channels, but %s takes %s in each of %lld groups",
                       mdl_type_text(t->ir->arena, a), mdl_size_text(a->dim[1]),
                       mdl_type_text(t->ir->arena, b), mdl_size_text(b->dim[1]), (long long)groups);
  if (!mdl_size_exact_div(sizes, b->dim[0], groups))
    return mdl_type_no(t, "%s outputs do not divide into %lld groups", mdl_size_text(b->dim[0]),
                       (long long)groups);
  return true;
}

/* [N, C, H..] with [O, C/groups, h..] gives [N, O, places..]; attributes count axes from H. */
bool mdl_type_conv(MdlTyping *t)
{
  const MdlType *a = t->in[0], *b = t->in[1];
  int axes = a->rank - 2;
  int64_t stride[MDL_MAX_RANK], dilate[MDL_MAX_RANK], spread[MDL_MAX_RANK];
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  if (a->rank < 2 || a->rank != b->rank)
    return mdl_type_no(t, "a convolution of %s with %s", mdl_type_text(t->ir->arena, a),
                       mdl_type_text(t->ir->arena, b));
  if (!mdl_type_ints(t, "stride", axes, 1, stride) || !mdl_type_sizes(t, "lo", axes, lo) ||
      !mdl_type_sizes(t, "hi", axes, hi) || !mdl_type_ints(t, "dilate", axes, 1, dilate) ||
      !mdl_type_ints(t, "spread", axes, 1, spread) ||
      !check_channels(t, mdl_get_int(t->attrs, "groups")))
    return false;
  t->out[0] = *a;
  t->out[0].dim[1] = b->dim[0];
  for (int i = 0; i < axes; i++) {
    Window w = {a->dim[i + 2], lo[i], hi[i], b->dim[i + 2], stride[i], dilate[i], spread[i]};
    if (!window_count(t, &w, i + 2, &t->out[0].dim[i + 2])) return false;
  }
  return true;
}

/* ---- window reductions ------------------------------------------------------------------- */

static bool window_type(MdlTyping *t, bool spreads)
{
  const MdlType *a = t->in[0];
  int64_t size[MDL_MAX_RANK], stride[MDL_MAX_RANK], dilate[MDL_MAX_RANK], spread[MDL_MAX_RANK];
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  for (int i = 0; i < a->rank; i++) spread[i] = 1;
  if (!mdl_type_ints(t, "size", a->rank, 1, size) ||
      !mdl_type_ints(t, "stride", a->rank, 1, stride) || !mdl_type_sizes(t, "lo", a->rank, lo) ||
      !mdl_type_sizes(t, "hi", a->rank, hi) || !mdl_type_ints(t, "dilate", a->rank, 1, dilate))
    return false;
  if (spreads && !mdl_type_ints(t, "spread", a->rank, 1, spread)) return false;
  t->out[0] = *a;
  for (int i = 0; i < a->rank; i++) {
    const MdlSize *taps = mdl_size_const(t->ir->sizes, size[i]);
    Window w = {a->dim[i], lo[i], hi[i], taps, stride[i], dilate[i], spread[i]};
    if (!window_count(t, &w, i, &t->out[0].dim[i])) return false;
  }
  return true;
}

bool mdl_type_window_sum(MdlTyping *t) { return window_type(t, true); }
bool mdl_type_window_max(MdlTyping *t) { return window_type(t, false); }
bool mdl_type_window_min(MdlTyping *t) { return window_type(t, false); }

static bool place_type(MdlTyping *t)
{
  if (!window_type(t, false)) return false;
  t->out[0].dtype = t->given->dtype;
  return t->given->dtype == MDL_i32 || t->given->dtype == MDL_i64 ||
         mdl_type_no(t, "places are i32 or i64, not %s", mdl_dtypes[t->given->dtype].name);
}

bool mdl_type_window_argmax(MdlTyping *t) { return place_type(t); }
bool mdl_type_window_argmin(MdlTyping *t) { return place_type(t); }
