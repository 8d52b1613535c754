/* Types of ops that move elements and change none. */
#include "ir/typing_rules.h"

static const char *text(MdlTyping *t, const MdlType *type)
{
  return mdl_type_text(t->ir->arena, type);
}

bool mdl_type_broadcast(MdlTyping *t)
{
  const MdlType *a = t->in[0], *y = t->given;
  int64_t dims[MDL_MAX_RANK], one = 0;
  if (!mdl_type_ints(t, "dims", a->rank, 0, dims)) return false;
  if (a->dtype != y->dtype)
    return mdl_type_no(t, "a broadcast keeps the element type: %s to %s", text(t, a), text(t, y));
  for (int i = 0; i < a->rank; i++) {
    if (dims[i] >= y->rank || (i && dims[i] <= dims[i - 1]))
      return mdl_type_no(t, "the axes of a broadcast stay in order, within the result's %d",
                         y->rank);
    bool stretches = mdl_size_is_const(a->dim[i], &one) && one == 1;
    if (!stretches && a->dim[i] != y->dim[dims[i]])
      return mdl_type_no(t, "%s does not stretch to %s: axis %d is %s, not 1 or %s", text(t, a),
                         text(t, y), i, mdl_size_text(a->dim[i]), mdl_size_text(y->dim[dims[i]]));
  }
  t->out[0] = *y;
  return true;
}

/* Counts that are not known to differ pass: the front end guards them at the entry. So a reshape
 * also renames a size that a guard has made equal. */
bool mdl_type_reshape(MdlTyping *t)
{
  const MdlType *a = t->in[0], *y = t->given;
  if (a->dtype != y->dtype)
    return mdl_type_no(t, "a reshape keeps the element type: %s to %s", text(t, a), text(t, y));
  const MdlSize *from = mdl_type_elements(t->ir->sizes, a);
  const MdlSize *to = mdl_type_elements(t->ir->sizes, y);
  if (!mdl_type_fits(t, from) || !mdl_type_fits(t, to)) return false;
  if (mdl_type_is_below(t, from, to) || mdl_type_is_below(t, to, from))
    return mdl_type_no(t, "%s has %s elements, %s has %s", text(t, a), mdl_size_text(from),
                       text(t, y), mdl_size_text(to));
  t->out[0] = *y;
  return true;
}

bool mdl_type_transpose(MdlTyping *t)
{
  const MdlType *a = t->in[0];
  bool has[MDL_MAX_RANK];
  int64_t perm[MDL_MAX_RANK];
  if (!mdl_type_ints(t, "perm", a->rank, 0, perm)) return false;
  if (!mdl_type_axes(t, "perm", a->rank, has)) return false;
  t->out[0] = *a;
  for (int i = 0; i < a->rank; i++) t->out[0].dim[i] = a->dim[perm[i]];
  return true;
}

bool mdl_type_reverse(MdlTyping *t)
{
  bool has[MDL_MAX_RANK];
  t->out[0] = *t->in[0];
  return mdl_type_axes(t, "axes", t->in[0]->rank, has);
}

bool mdl_type_slice(MdlTyping *t)
{
  const MdlType *a = t->in[0];
  MdlSizes *sizes = t->ir->sizes;
  const MdlSize *start[MDL_MAX_RANK], *limit[MDL_MAX_RANK], *zero = mdl_size_const(sizes, 0);
  int64_t step[MDL_MAX_RANK];
  if (!mdl_type_sizes(t, "start", a->rank, start) || !mdl_type_sizes(t, "limit", a->rank, limit) ||
      !mdl_type_ints(t, "step", a->rank, 1, step))
    return false;
  t->out[0] = *a;
  for (int i = 0; i < a->rank; i++) {
    if (mdl_type_is_below(t, start[i], zero) || mdl_type_is_below(t, limit[i], start[i]) ||
        mdl_type_is_below(t, a->dim[i], limit[i]))
      return mdl_type_no(t, "the slice %s:%s is not within axis %d of %s", mdl_size_text(start[i]),
                         mdl_size_text(limit[i]), i, text(t, a));
    const MdlSize *length = mdl_size_sub(sizes, limit[i], start[i]);
    t->out[0].dim[i] = mdl_size_ceil_div(sizes, length, step[i]);
    if (!mdl_type_fits(t, t->out[0].dim[i])) return false;
  }
  return true;
}

/* `window` has the dims of `whole` but for `axis`, where it is no longer. */
static bool check_window(MdlTyping *t, const MdlType *whole, const MdlType *window, int axis)
{
  bool fits = whole->rank == window->rank && whole->dtype == window->dtype;
  for (int i = 0; i < whole->rank && fits; i++)
    fits = i == axis ? !mdl_type_is_below(t, whole->dim[i], window->dim[i])
                     : whole->dim[i] == window->dim[i];
  return fits || mdl_type_no(t, "%s is no window of %s along axis %d", text(t, window),
                             text(t, whole), axis);
}

bool mdl_type_dynamic_slice(MdlTyping *t)
{
  int axis;
  t->out[0] = *t->given;
  return mdl_type_is_scalar(t, 1) && mdl_type_axis(t, "axis", t->in[0]->rank, &axis) &&
         check_window(t, t->in[0], t->given, axis);
}

bool mdl_type_dynamic_update(MdlTyping *t)
{
  int axis;
  t->out[0] = *t->in[0];
  return mdl_type_is_scalar(t, 1) && mdl_type_axis(t, "axis", t->in[0]->rank, &axis) &&
         check_window(t, t->in[0], t->in[2], axis);
}

/* An axis of n becomes lo + hi + n + (n - 1)*inner, so that a slice's adjoint is a pad for n = 0
 * too; lo and hi below 0 cut. */
bool mdl_type_pad(MdlTyping *t)
{
  const MdlType *a = t->in[0];
  MdlSizes *sizes = t->ir->sizes;
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  int64_t inner[MDL_MAX_RANK];
  if (!mdl_type_is_scalar(t, 1) || !mdl_type_sizes(t, "lo", a->rank, lo) ||
      !mdl_type_sizes(t, "hi", a->rank, hi) || !mdl_type_ints(t, "inner", a->rank, 0, inner))
    return false;
  t->out[0] = *a;
  for (int i = 0; i < a->rank; i++) {
    const MdlSize *spread = mdl_size_mul(sizes, a->dim[i], mdl_size_const(sizes, inner[i] + 1));
    const MdlSize *inside = mdl_size_sub(sizes, spread, mdl_size_const(sizes, inner[i]));
    const MdlSize *sum = mdl_size_add(sizes, mdl_size_add(sizes, lo[i], hi[i]), inside);
    if (!mdl_type_fits(t, sum)) return false;
    if (mdl_type_is_below(t, sum, mdl_size_const(sizes, 0)))
      return mdl_type_no(t, "padding cuts more than there is of axis %d of %s", i, text(t, a));
    t->out[0].dim[i] = sum;
  }
  return true;
}

bool mdl_type_concat(MdlTyping *t)
{
  int axis;
  const MdlType *a = t->in[0], *b = t->in[1];
  if (!mdl_type_axis(t, "axis", a->rank, &axis)) return false;
  if (a->rank != b->rank)
    return mdl_type_no(t, "%s and %s have different numbers of axes", text(t, a), text(t, b));
  for (int i = 0; i < a->rank; i++)
    if (i != axis && !mdl_type_same_dim(t, 0, i, 1, i)) return false;
  t->out[0] = *a;
  t->out[0].dim[axis] = mdl_size_add(t->ir->sizes, a->dim[axis], b->dim[axis]);
  return mdl_type_fits(t, t->out[0].dim[axis]);
}
