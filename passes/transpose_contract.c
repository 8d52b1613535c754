/* Transposes of contractions, convolutions and window sums. */
#include "passes/derive.h"

#define TYPE(value) mdl_type_of(r->ir, value)

/* ---- dot --------------------------------------------------------------------------------- */

typedef struct Dot {
  int contracted, batched, rest[2];
  int64_t contract[2][MDL_MAX_RANK], batch[2][MDL_MAX_RANK], free[2][MDL_MAX_RANK];
} Dot;

static bool listed(const int64_t *list, int count, int64_t value)
{
  for (int i = 0; i < count; i++)
    if (list[i] == value) return true;
  return false;
}

static Dot read_dot(MdlReverse *r, MlirOperation op)
{
  Dot dot = {0};
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  dot.contracted = mdl_get_pairs(&attrs, "contract", dot.contract[0], dot.contract[1]);
  dot.batched = mdl_get_pairs(&attrs, "batch", dot.batch[0], dot.batch[1]);
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < TYPE(mdl_operand(op, side))->rank; i++)
      if (!listed(dot.contract[side], dot.contracted, i) &&
          !listed(dot.batch[side], dot.batched, i))
        dot.free[side][dot.rest[side]++] = i;
  return dot;
}

/* The contribution to one side: g against the other side, the other's own axes summed. What comes
 * out has axes (batch, mine, contracted) for a and (batch, contracted, mine) for b, contracted in
 * the other side's order; back to the operand's own. */
static void transpose_side(MdlReverse *r, MlirOperation op, MlirValue g, const Dot *dot, int side)
{
  int other = 1 - side, rank = TYPE(mdl_operand(op, side))->rank;
  int64_t g_batch[MDL_MAX_RANK], g_sum[MDL_MAX_RANK], perm[MDL_MAX_RANK], paired[MDL_MAX_RANK];
  for (int i = 0; i < dot->batched; i++) g_batch[i] = i;
  int first = dot->batched + (other ? dot->rest[0] : 0);
  for (int i = 0; i < dot->rest[other]; i++) g_sum[i] = first + i;

  int sums = 0; /* my axis for each contracted axis of the other side, in the other's order */
  for (int axis = 0; axis < TYPE(mdl_operand(op, other))->rank; axis++)
    for (int k = 0; k < dot->contracted; k++)
      if (dot->contract[other][k] == axis) paired[sums++] = dot->contract[side][k];

  int at = 0; /* perm: which axis of the product is axis i of the operand */
  for (int i = 0; i < dot->batched; i++) perm[dot->batch[side][i]] = at++;
  for (int i = 0; i < sums && side; i++) perm[paired[i]] = at++;
  for (int i = 0; i < dot->rest[side]; i++) perm[dot->free[side][i]] = at++;
  for (int i = 0; i < sums && !side; i++) perm[paired[i]] = at++;

  MlirValue there = mdl_operand(op, other);
  MlirValue product =
      side ? mdl_build_dot(&r->b, there, g, dot->rest[other], dot->free[other], g_sum, dot->batched,
                           dot->batch[other], g_batch)
           : mdl_build_dot(&r->b, g, there, dot->rest[other], g_sum, dot->free[other], dot->batched,
                           g_batch, dot->batch[other]);
  bool in_order = true;
  for (int i = 0; i < rank; i++) in_order &= perm[i] == i;
  mdl_give(r, op, side, in_order ? product : mdl_build_transpose(&r->b, product, perm));
}

MdlTransposeOfOp mdl_transpose_dot;
void mdl_transpose_dot(MdlReverse *r, MlirOperation op, MlirValue g)
{
  Dot dot = read_dot(r, op);
  for (int side = 0; side < 2; side++)
    if (mdl_wants(r, op, side)) transpose_side(r, op, g, &dot, side);
}

/* ---- windows ----------------------------------------------------------------------------- */

/* Along one axis: y[p] = sum over k of a[p*stride + k*dilate - lo], a with spread - 1 zeros between
 * elements. */
typedef struct Windows {
  int axes;
  int64_t stride[MDL_MAX_RANK], dilate[MDL_MAX_RANK], spread[MDL_MAX_RANK];
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
} Windows;

static Windows read_windows(MdlReverse *r, MlirOperation op)
{
  Windows w = {0};
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  w.axes = mdl_get_ints(&attrs, "stride", w.stride);
  mdl_get_ints(&attrs, "dilate", w.dilate);
  mdl_get_ints(&attrs, "spread", w.spread);
  mdl_get_sizes(&attrs, "lo", w.lo);
  mdl_get_sizes(&attrs, "hi", w.hi);
  return w;
}

static void put_windows(MdlAttrs *attrs, const Windows *w)
{
  mdl_put_ints(attrs, "stride", w->axes, w->stride);
  mdl_put_sizes(attrs, "lo", w->axes, w->lo);
  mdl_put_sizes(attrs, "hi", w->axes, w->hi);
  mdl_put_ints(attrs, "dilate", w->axes, w->dilate);
  mdl_put_ints(attrs, "spread", w->axes, w->spread);
}

/* (n - 1)*by */
static const MdlSize *reach(MdlSizes *sizes, const MdlSize *n, int64_t by)
{
  const MdlSize *less = mdl_size_sub(sizes, n, mdl_size_const(sizes, 1));
  return mdl_size_mul(sizes, less, mdl_size_const(sizes, by));
}

/* hi such that windows of `taps` over n elements have exactly `places` places:
 * lo + (n - 1)*spread + hi - (taps - 1)*dilate = (places - 1)*stride. */
static const MdlSize *fitting_hi(MdlSizes *sizes, const Windows *w, int i, const MdlSize *n,
                                 const MdlSize *taps, const MdlSize *places)
{
  const MdlSize *hi =
      mdl_size_add(sizes, reach(sizes, places, w->stride[i]), reach(sizes, taps, w->dilate[i]));
  hi = mdl_size_sub(sizes, hi, reach(sizes, n, w->spread[i]));
  return mdl_size_sub(sizes, hi, w->lo[i]);
}

/* The windows that take y back to a: stride and spread change places, taps run backwards. */
static Windows backwards(MdlSizes *sizes, const Windows *w, const MdlType *a, const MdlType *y,
                         const MdlSize *const *taps, int first)
{
  Windows back = *w;
  for (int i = 0; i < w->axes; i++) {
    back.stride[i] = w->spread[i];
    back.spread[i] = w->stride[i];
    back.lo[i] = mdl_size_sub(sizes, reach(sizes, taps[i], w->dilate[i]), w->lo[i]);
    back.hi[i] = fitting_hi(sizes, &back, i, y->dim[first + i], taps[i], a->dim[first + i]);
  }
  return back;
}

MdlTransposeOfOp mdl_transpose_window_sum;
void mdl_transpose_window_sum(MdlReverse *r, MlirOperation op, MlirValue g)
{
  Windows w = read_windows(r, op);
  MdlAttrs attrs = mdl_attrs_of(r->ir, op), out = mdl_attrs_none(r->ir);
  int64_t size[MDL_MAX_RANK];
  const MdlSize *taps[MDL_MAX_RANK];
  mdl_get_ints(&attrs, "size", size);
  for (int i = 0; i < w.axes; i++) taps[i] = mdl_size_const(r->ir->sizes, size[i]);
  w = backwards(r->ir->sizes, &w, TYPE(mdl_operand(op, 0)), TYPE(g), taps, 0);
  mdl_put_ints(&out, "size", w.axes, size);
  put_windows(&out, &w);
  mdl_give(r, op, 0, mdl_result(mdl_build_op(&r->b, MDL_OP_window_sum, 1, &g, &out, NULL), 0));
}

/* ---- conv -------------------------------------------------------------------------------- */

static MlirValue build_conv(MdlReverse *r, MlirValue a, MlirValue b, const Windows *w,
                            int64_t groups)
{
  MdlAttrs attrs = mdl_attrs_none(r->ir);
  put_windows(&attrs, w);
  mdl_put_int(&attrs, "groups", groups);
  MlirValue operand[] = {a, b};
  return mdl_result(mdl_build_op(&r->b, MDL_OP_conv, 2, operand, &attrs, NULL), 0);
}

/* [p, q, rest..] -> [q, p, rest..] */
static MlirValue swap_leading(MdlReverse *r, MlirValue a)
{
  int64_t perm[MDL_MAX_RANK] = {1, 0};
  for (int i = 2; i < TYPE(a)->rank; i++) perm[i] = i;
  return mdl_build_transpose(&r->b, a, perm);
}

/* Axis `axis`, groups x each, as two axes; then axes `axis` + from moved to front. */
static MlirValue split_groups(MdlReverse *r, MlirValue a, int axis, int64_t groups)
{
  const MdlType *from = TYPE(a);
  MdlType to = {.dtype = from->dtype};
  for (int i = 0; i < from->rank; i++) {
    if (i == axis) to.dim[to.rank++] = mdl_size_const(r->ir->sizes, groups);
    to.dim[to.rank++] =
        i == axis ? mdl_size_exact_div(r->ir->sizes, from->dim[i], groups) : from->dim[i];
  }
  return mdl_build_reshape(&r->b, a, &to);
}

/* Axes `axis` and axis + 1 as one. */
static MlirValue merge_axes(MdlReverse *r, MlirValue a, int axis)
{
  const MdlType *from = TYPE(a);
  MdlType to = {.dtype = from->dtype};
  for (int i = 0; i < from->rank; i++) {
    to.dim[to.rank++] =
        i == axis ? mdl_size_mul(r->ir->sizes, from->dim[i], from->dim[i + 1]) : from->dim[i];
    i += i == axis;
  }
  return mdl_build_reshape(&r->b, a, &to);
}

static MlirValue permute3(MdlReverse *r, MlirValue a, int p, int q, int s)
{
  int64_t perm[MDL_MAX_RANK] = {p, q, s};
  for (int i = 3; i < TYPE(a)->rank; i++) perm[i] = i;
  return mdl_build_transpose(&r->b, a, perm);
}

/* The kernel for the way back: [O, C/groups, k..] -> [C, O/groups, k..], taps reversed. */
static MlirValue turned_kernel(MdlReverse *r, MlirValue b, int64_t groups)
{
  int64_t spatial[MDL_MAX_RANK];
  int rank = TYPE(b)->rank;
  for (int i = 2; i < rank; i++) spatial[i - 2] = i;
  MlirValue turned = b;
  if (groups == 1) {
    turned = swap_leading(r, b);
  } else { /* [G, O/G, C/G, ..] -> [G, C/G, O/G, ..] */
    turned = permute3(r, split_groups(r, b, 0, groups), 0, 2, 1);
    turned = merge_axes(r, turned, 0);
  }
  if (rank == 2) return turned;
  MdlAttrs attrs = mdl_attrs_none(r->ir);
  mdl_put_ints(&attrs, "axes", rank - 2, spatial);
  return mdl_result(mdl_build_op(&r->b, MDL_OP_reverse, 1, &turned, &attrs, NULL), 0);
}

/* gb[o, c, k] = sum over n, p of a[n, c, p*stride + k*dilate - lo] g[n, o, p]: a convolution whose
 * channels are the batch and whose taps are the places of y. */
static MlirValue kernel_cotangent(MdlReverse *r, MlirOperation op, MlirValue g, const Windows *w,
                                  int64_t groups)
{
  MdlSizes *sizes = r->ir->sizes;
  MlirValue a = mdl_operand(op, 0);
  const MdlType *a_type = TYPE(a), *b_type = TYPE(mdl_operand(op, 1)), *y = TYPE(g);
  Windows over = *w;
  for (int i = 0; i < w->axes; i++) {
    over.stride[i] = w->dilate[i];
    over.dilate[i] = w->stride[i];
    over.hi[i] = fitting_hi(sizes, &over, i, a_type->dim[i + 2], y->dim[i + 2], b_type->dim[i + 2]);
  }
  MlirValue image = a;
  if (groups == 1) {
    image = swap_leading(r, a); /* [C, N, H..] */
  } else {                      /* [N, G, C/G, ..] -> [C/G, G, N, ..] -> [C/G, G*N, ..] */
    image = permute3(r, split_groups(r, a, 1, groups), 2, 1, 0);
    image = merge_axes(r, image, 1);
  }
  MlirValue sums = build_conv(r, image, swap_leading(r, g), &over, groups); /* [C/G, O, k..] */
  return swap_leading(r, sums);
}

MdlTransposeOfOp mdl_transpose_conv;
void mdl_transpose_conv(MdlReverse *r, MlirOperation op, MlirValue g)
{
  Windows w = read_windows(r, op);
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  int64_t groups = mdl_get_int(&attrs, "groups");
  MlirValue b = mdl_operand(op, 1);
  if (mdl_wants(r, op, 0)) {
    Windows back =
        backwards(r->ir->sizes, &w, TYPE(mdl_operand(op, 0)), TYPE(g), TYPE(b)->dim + 2, 2);
    mdl_give(r, op, 0, build_conv(r, g, turned_kernel(r, b, groups), &back, groups));
  }
  if (mdl_wants(r, op, 1)) mdl_give(r, op, 1, kernel_cotangent(r, op, g, &w, groups));
}
