/* Convolutions and pooling over the last axes of [N, C, …]. */
#include "frontend/builtin_emit.h"

#include <string.h>

/* A window of `size` must fit into n with its margins: known, or a guard. */
static bool window_fits(MdlSema *s, const MdlBuiltinCall *call, const MdlSize *n,
                        const MdlSize *size, int64_t dilate, const MdlSize *lo, const MdlSize *hi)
{
  MdlSizes *z = mdl_sema_sizes(s);
  int64_t left;
  const MdlSize *covers = mdl_size_add(
      z, mdl_size_mul(z, mdl_size_sub(z, size, mdl_num(s, 1)), mdl_num(s, dilate)), mdl_num(s, 1));
  const MdlSize *whole = mdl_size_add(z, mdl_size_add(z, n, lo), hi);
  const MdlSize *rest = mdl_size_sub(z, whole, covers);
  if (!rest || (mdl_size_is_const(rest, &left) && left < 0)) {
    mdl_error(mdl_sema_session(s), MDL_E0412, call->at, call->name,
              mdl_text(mdl_sema_arena(s), "a window of %s", mdl_size_shown(s, covers)),
              mdl_size_shown(s, whole));
    return false;
  }
  if (!mdl_size_is_const(rest, &left) && !mdl_size_dominates(z, rest, mdl_num(s, 0)))
    mdl_equation_add(s, rest, NULL, call->at, NULL);
  return true;
}

static bool positive(MdlSema *s, const MdlVal *v, int count, const int64_t *ints)
{
  for (int i = 0; i < count; i++)
    if (ints[i] < 1) {
      mdl_error(mdl_sema_session(s), MDL_E0413, v->at, mdl_source_text(mdl_sema_session(s), v->at),
                "not positive");
      return false;
    }
  return true;
}

/* conv1d, conv2d, conv3d: `which` is the number of spatial axes. */
MdlVal *mdl_builtin_conv(MdlSema *s, const MdlBuiltinCall *call)
{
  int d = call->which;
  int64_t stride[3], dilate[3], ones[3] = {1, 1, 1}, groups = 1;
  const MdlSize *lo[3], *hi[3];
  MdlCore *x = mdl_want_floats(s, call, call->arg[0]);
  MdlCore *w = mdl_want_floats(s, call, call->arg[1]);
  if (!x || !w || !mdl_want_same_dtype(s, call, x, w)) return mdl_val_poison(s);
  if (x->type.rank != d + 2) return mdl_refuse(s, call, call->arg[0]);
  if (w->type.rank != d + 2) return mdl_refuse(s, call, call->arg[1]);
  bool ok = mdl_want_ints(s, call, call->arg[2], d, 1, stride) &&
            mdl_want_margins(s, call, call->arg[3], d, lo, hi) &&
            mdl_want_ints(s, call, call->arg[4], d, 1, dilate) &&
            (!call->arg[5] || mdl_want_int(s, call, call->arg[5], &groups));
  if (!ok || !positive(s, call->arg[2], call->arg[2] ? d : 0, stride) ||
      !positive(s, call->arg[4], call->arg[4] ? d : 0, dilate) ||
      !positive(s, call->arg[5], call->arg[5] ? 1 : 0, &groups))
    return mdl_val_poison(s);
  MdlSizes *z = mdl_sema_sizes(s);
  const MdlSize *channels = mdl_size_mul(z, w->type.dim[1], mdl_num(s, groups));
  const MdlSize *outputs = mdl_size_floor_div(z, w->type.dim[0], groups);
  if (!mdl_want_fit(s, call, call->arg[1], channels, x->type.dim[1]) ||
      !mdl_want_fit(s, call, call->arg[1], w->type.dim[0],
                    mdl_size_mul(z, outputs, mdl_num(s, groups))))
    return mdl_val_poison(s);
  for (int i = 0; i < d; i++)
    if (!window_fits(s, call, x->type.dim[i + 2], w->type.dim[i + 2], dilate[i], lo[i], hi[i]))
      return mdl_val_poison(s);
  return mdl_tensor_val(s, call, mdl_emit_conv(s, x, w, stride, lo, hi, dilate, ones, groups));
}

/* Pooling over the last d axes. */
static MdlVal *pool(MdlSema *s, const MdlBuiltinCall *call, int d, bool mean)
{
  int64_t size[MDL_MAX_RANK], stride[MDL_MAX_RANK], ones[MDL_MAX_RANK], k[3], step[3], all = 1;
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  MdlCore *x = mdl_want_numbers(s, call, call->arg[0]);
  if (x && mean) x = mdl_want_floats(s, call, call->arg[0]);
  if (!x) return mdl_val_poison(s);
  int first = x->type.rank - d;
  if (first < 0) return mdl_refuse(s, call, call->arg[0]);
  if (!mdl_want_ints(s, call, call->arg[1], d, 1, k) ||
      !mdl_want_ints(s, call, call->arg[2], d, 0, step) ||
      !mdl_want_margins(s, call, call->arg[3], d, lo + first, hi + first) ||
      !positive(s, call->arg[1], d, k) || !positive(s, call->arg[2], call->arg[2] ? d : 0, step))
    return mdl_val_poison(s);
  for (int i = 0; i < x->type.rank; i++) {
    bool in = i >= first;
    ones[i] = 1;
    size[i] = in ? k[i - first] : 1;
    stride[i] = !in ? 1 : call->arg[2] ? step[i - first] : size[i];
    all *= size[i];
    if (!in)
      lo[i] = hi[i] = mdl_num(s, 0);
    else if (!window_fits(s, call, x->type.dim[i], mdl_num(s, size[i]), 1, lo[i], hi[i]))
      return mdl_val_poison(s);
  }
  if (!mean)
    return mdl_tensor_val(
        s, call, mdl_emit_window(s, MDL_OP_window_max, x, size, stride, lo, hi, ones, NULL));
  MdlDtype dtype = mdl_core_dtype(s, x);
  MdlCore *sum =
      mdl_emit_window(s, MDL_OP_window_sum, mdl_emit_wide(s, x), size, stride, lo, hi, ones, ones);
  MdlCore *y = mdl_emit_map2(s, MDL_OP_div, sum, mdl_emit_like(s, sum, (double)all));
  return mdl_tensor_val(s, call, mdl_emit_convert(s, y, dtype));
}

/* maxpool1d, maxpool2d, maxpool3d: outside counts as -inf. */
MdlVal *mdl_builtin_maxpool(MdlSema *s, const MdlBuiltinCall *call)
{
  return pool(s, call, call->which, false);
}

/* avgpool1d, avgpool2d, avgpool3d: outside counts as 0, and the window's size divides. */
MdlVal *mdl_builtin_avgpool(MdlSema *s, const MdlBuiltinCall *call)
{
  return pool(s, call, call->which, true);
}
