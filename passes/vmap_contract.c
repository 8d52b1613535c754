/* vmap of contractions and convolutions: lanes become a batch, or part of an axis. */
#include "passes/vmap_rules.h"

#include <string.h>

void mdl_vmap_dot(MdlVmap *v, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0), b = mdl_operand(op, 1);
  bool a_has = mdl_is_mapped(v, a), b_has = mdl_is_mapped(v, b);
  MdlAttrs attrs = mdl_attrs_of(v->ir, op);
  int64_t contract[2][MDL_MAX_RANK], batch[2][MDL_MAX_RANK + 1];
  int contracted = mdl_get_pairs(&attrs, "contract", contract[0], contract[1]);
  int batched = mdl_get_pairs(&attrs, "batch", batch[0] + 1, batch[1] + 1);
  int a_free = mdl_type_of(v->ir, a)->rank - contracted - batched;
  for (int i = 0; i < contracted; i++) contract[0][i] += a_has, contract[1][i] += b_has;
  for (int i = 1; i <= batched; i++) batch[0][i] += a_has, batch[1][i] += b_has;
  batch[0][0] = batch[1][0] = 0;
  int both = a_has && b_has; /* the lanes are one more batch axis, the first */
  MlirValue y =
      mdl_build_dot(&v->b, mdl_vmap_value(v, a), mdl_vmap_value(v, b), contracted, contract[0],
                    contract[1], batched + both, batch[0] + !both, batch[1] + !both);
  int at = both ? 0 : a_has ? batched : batched + a_free;
  mdl_vmap_set(v, mdl_result(op, 0), mdl_vmap_to_front(v, y, at));
}

/* ---- conv -------------------------------------------------------------------------------- */

/* Axes `at` and `at + 1` as one. */
static MlirValue merge_axes(MdlVmap *v, MlirValue a, int at)
{
  const MdlType *from = mdl_type_of(v->ir, a);
  MdlType to = mdl_type_scalar(from->dtype);
  for (int i = 0; i < from->rank; i++) {
    if (i == at + 1) continue;
    to.dim[to.rank++] =
        i == at ? mdl_size_mul(v->ir->sizes, from->dim[i], from->dim[i + 1]) : from->dim[i];
  }
  return mdl_build_reshape(&v->b, a, &to);
}

/* Axis `at` as two, the first of size `outer`. */
static MlirValue split_axis(MdlVmap *v, MlirValue a, int at, const MdlSize *outer,
                            const MdlSize *inner)
{
  const MdlType *from = mdl_type_of(v->ir, a);
  MdlType to = mdl_type_scalar(from->dtype);
  for (int i = 0; i < from->rank; i++) {
    to.dim[to.rank++] = i == at ? outer : from->dim[i];
    if (i == at) to.dim[to.rank++] = inner;
  }
  return mdl_build_reshape(&v->b, a, &to);
}

/* Axis 0 moved to `to`. */
static MlirValue from_front(MdlVmap *v, MlirValue a, int to)
{
  int64_t perm[MDL_MAX_RANK];
  int rank = mdl_type_of(v->ir, a)->rank;
  for (int i = 0; i < rank; i++) perm[i] = i < to ? i + 1 : i == to ? 0 : i;
  return to ? mdl_build_transpose(&v->b, a, perm) : a;
}

static MlirValue convolve(MdlVmap *v, MlirOperation op, MlirValue x, MlirValue w, int64_t groups)
{
  MdlAttrs attrs = mdl_attrs_of(v->ir, op);
  MdlAttrs now = mdl_attrs_none(v->ir);
  for (int i = 0; i < attrs.count; i++) {
    if (!strcmp(attrs.name[i], "groups")) continue;
    now.name[now.count] = attrs.name[i];
    now.value[now.count++] = attrs.value[i];
  }
  mdl_put_int(&now, "groups", groups);
  return mdl_result(mdl_build_op(&v->b, MDL_OP_conv, 2, (MlirValue[]){x, w}, &now, NULL), 0);
}

/* [lanes, N, C, ..] with one w: lanes and N are one batch. */
static MlirValue conv_inputs(MdlVmap *v, MlirOperation op, MlirValue x, MlirValue w, int64_t groups)
{
  const MdlSize *n = mdl_type_of(v->ir, x)->dim[1];
  return split_axis(v, convolve(v, op, merge_axes(v, x, 0), w, groups), 0, v->size, n);
}

/* One x with [lanes, O, C/groups, ..]: lanes and O are the outputs, within each group. */
static MlirValue conv_filters(MdlVmap *v, MlirOperation op, MlirValue x, MlirValue w,
                              int64_t groups)
{
  MdlSizes *sizes = v->ir->sizes;
  const MdlSize *o = mdl_type_of(v->ir, w)->dim[1], *g = mdl_size_const(sizes, groups);
  const MdlSize *each = mdl_size_exact_div(sizes, o, groups);
  const MdlSize *lanes_each = mdl_size_mul(sizes, v->size, each);
  w = split_axis(v, w, 1, g, each);            /* [lanes, G, O/G, ..] */
  w = from_front(v, w, 1);                     /* [G, lanes, O/G, ..] */
  w = merge_axes(v, merge_axes(v, w, 1), 0);   /* [G*lanes*O/G, ..] */
  MlirValue y = convolve(v, op, x, w, groups); /* [N, G*lanes*O/G, ..] */
  y = split_axis(v, y, 1, g, lanes_each);      /* [N, G, lanes*O/G, ..] */
  y = split_axis(v, y, 2, v->size, each);      /* [N, G, lanes, O/G, ..] */
  return merge_axes(v, mdl_vmap_to_front(v, y, 2), 2);
}

/* Lanes of both: each lane is a group, so their number must be known. */
static MlirValue conv_both(MdlVmap *v, MlirOperation op, MlirValue x, MlirValue w, int64_t groups,
                           int64_t lanes)
{
  const MdlSize *o = mdl_type_of(v->ir, w)->dim[1];
  x = merge_axes(v, from_front(v, x, 1), 1); /* [N, lanes*C, ..] */
  MlirValue y = convolve(v, op, x, merge_axes(v, w, 0), groups * lanes);
  return mdl_vmap_to_front(v, split_axis(v, y, 1, v->size, o), 1);
}

void mdl_vmap_conv(MdlVmap *v, MlirOperation op)
{
  bool x_has = mdl_is_mapped(v, mdl_operand(op, 0)), w_has = mdl_is_mapped(v, mdl_operand(op, 1));
  MlirValue x = mdl_vmap_value(v, mdl_operand(op, 0)), w = mdl_vmap_value(v, mdl_operand(op, 1));
  MdlAttrs attrs = mdl_attrs_of(v->ir, op);
  int64_t groups = mdl_get_int(&attrs, "groups"), lanes = 0;
  if (x_has && w_has && (!mdl_size_is_const(v->size, &lanes) || !lanes)) {
    mdl_vmap_by_lane(v, op);
    return;
  }
  MlirValue y = !w_has  ? conv_inputs(v, op, x, w, groups)
                : x_has ? conv_both(v, op, x, w, groups, lanes)
                        : conv_filters(v, op, x, w, groups);
  mdl_vmap_set(v, mdl_result(op, 0), y);
}
