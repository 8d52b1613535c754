/* Forward rules of the rows that are not linear. Each emits ops linear in the tangents, so that
 * reverse mode is their transpose. */
#include "passes/derive.h"

#define TYPE(value) mdl_type_of(f->ir, value)

static MlirValue op_with(MdlForward *f, MdlOp op, int count, const MlirValue *operand,
                         const MdlAttrs *attrs)
{
  return mdl_result(mdl_build_op(&f->b, op, count, operand, attrs, NULL), 0);
}

static MlirValue constant(MdlForward *f, MlirValue like, double value)
{
  return mdl_build_const(&f->b, TYPE(like), value);
}

/* ---- reductions -------------------------------------------------------------------------- */

/* The reduced value y along the axes of a again. */
static MlirValue spread_back(MdlForward *f, MlirOperation op, MlirValue y)
{
  const MdlType *a = TYPE(mdl_operand(op, 0));
  MdlAttrs attrs = mdl_attrs_of(f->ir, op);
  int64_t axes[MDL_MAX_RANK], dims[MDL_MAX_RANK];
  int count = mdl_get_ints(&attrs, "axes", axes), kept = 0;
  for (int i = 0; i < a->rank; i++) {
    bool reduced = false;
    for (int k = 0; k < count; k++) reduced |= axes[k] == i;
    if (!reduced) dims[kept++] = i;
  }
  return count ? mdl_build_broadcast(&f->b, y, a, kept, dims) : y;
}

/* The mean of the tangents at the elements that equal the result. */
static void jvp_reduce_extreme(MdlForward *f, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0), y = mdl_result(op, 0);
  MdlAttrs attrs = mdl_attrs_of(f->ir, op);
  MlirValue is = mdl_build(&f->b, MDL_OP_eq, a, spread_back(f, op, y));
  MlirValue one = mdl_build(&f->b, MDL_OP_where, is, constant(f, a, 1), constant(f, a, 0));
  MlirValue count = op_with(f, MDL_OP_reduce_sum, 1, &one, &attrs);
  count = mdl_build(&f->b, MDL_OP_max, count, constant(f, y, 1)); /* an empty axis has none */
  MlirValue t = mdl_build(&f->b, MDL_OP_where, is, mdl_tangent(f, a), constant(f, a, 0));
  t = op_with(f, MDL_OP_reduce_sum, 1, &t, &attrs);
  mdl_tangent_set(f, y, mdl_build(&f->b, MDL_OP_div, t, count));
}

static MlirValue along(MdlForward *f, MdlOp op, MlirValue a, int axis, bool reverse)
{
  MdlAttrs attrs = mdl_attrs_none(f->ir);
  mdl_put_int(&attrs, "axis", axis);
  mdl_put_flag(&attrs, "reverse", reverse);
  return op_with(f, op, 1, &a, &attrs);
}

/* a moved one place along the axis, towards its end or (back) its start; `fill` comes in. */
static MlirValue shifted(MdlForward *f, MlirValue a, int axis, bool back, MlirValue fill)
{
  MdlSizes *sizes = f->ir->sizes;
  MdlAttrs attrs = mdl_attrs_none(f->ir);
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  int64_t inner[MDL_MAX_RANK] = {0};
  int rank = TYPE(a)->rank;
  for (int i = 0; i < rank; i++) {
    int64_t by = i != axis ? 0 : back ? -1 : 1;
    lo[i] = mdl_size_const(sizes, by), hi[i] = mdl_size_const(sizes, -by);
  }
  mdl_put_sizes(&attrs, "lo", rank, lo);
  mdl_put_sizes(&attrs, "hi", rank, hi);
  mdl_put_ints(&attrs, "inner", rank, inner);
  return op_with(f, MDL_OP_pad, 2, (MlirValue[]){a, fill}, &attrs);
}

static MlirValue scalar(MdlForward *f, MlirValue like, double value)
{
  MdlType type = mdl_type_scalar(TYPE(like)->dtype);
  return mdl_build_const(&f->b, &type, value);
}

/* Along one axis each element's factor is the product of those before it times those after it:
 * right with any number of zeros, at every order. */
static MlirValue others(MdlForward *f, MlirValue a, int axis)
{
  MlirValue one = scalar(f, a, 1);
  MlirValue before = shifted(f, along(f, MDL_OP_cumprod, a, axis, false), axis, false, one);
  MlirValue after = shifted(f, along(f, MDL_OP_cumprod, a, axis, true), axis, true, one);
  return mdl_build(&f->b, MDL_OP_mul, before, after);
}

static void jvp_reduce_prod(MdlForward *f, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0), t = mdl_tangent(f, a);
  MdlAttrs attrs = mdl_attrs_of(f->ir, op);
  int64_t axes[MDL_MAX_RANK];
  int count = mdl_get_ints(&attrs, "axes", axes);
  for (int axis = TYPE(a)->rank - 1; axis >= 0; axis--) { /* last first: the others keep numbers */
    bool reduced = false;
    for (int k = 0; k < count; k++) reduced |= axes[k] == axis;
    if (!reduced) continue;
    int64_t one[] = {axis};
    MlirValue each = mdl_build(&f->b, MDL_OP_mul, others(f, a, axis), t);
    t = mdl_build_reduce(&f->b, MDL_OP_reduce_sum, each, 1, one);
    a = mdl_build_reduce(&f->b, MDL_OP_reduce_prod, a, 1, one);
  }
  mdl_tangent_set(f, mdl_result(op, 0), t);
}

/* ---- along an axis ----------------------------------------------------------------------- */

/* a[.., index[.., i, ..], ..] along the axis, all other axes walked together: with the axis last.
 */
static MlirValue take_along(MdlForward *f, MlirValue a, MlirValue index, int axis)
{
  int rank = TYPE(a)->rank, k = 0;
  int64_t perm[MDL_MAX_RANK], back[MDL_MAX_RANK];
  for (int i = 0; i < rank; i++)
    if (i != axis) perm[k++] = i;
  perm[k] = axis;
  for (int i = 0; i < rank; i++) back[perm[i]] = i;
  bool moves = axis != rank - 1;
  MlirValue operand[] = {moves ? mdl_build_transpose(&f->b, a, perm) : a,
                         moves ? mdl_build_transpose(&f->b, index, perm) : index};
  MdlAttrs attrs = mdl_attrs_none(f->ir);
  mdl_put_int(&attrs, "axis", rank - 1);
  mdl_put_int(&attrs, "batch", rank - 1);
  MlirValue taken = op_with(f, MDL_OP_gather, 2, operand, &attrs);
  return moves ? mdl_build_transpose(&f->b, taken, back) : taken;
}

static void jvp_sort(MdlForward *f, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(f->ir, op);
  MlirValue t = mdl_tangent(f, mdl_operand(op, 0));
  int axis = (int)mdl_get_int(&attrs, "axis");
  mdl_tangent_set(f, mdl_result(op, 0), take_along(f, t, mdl_result(op, 1), axis));
}

/* Where the running maximum was last raised, as an index: the first of equals, the first NaN. */
static void jvp_cummax(MdlForward *f, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0), y = mdl_result(op, 0);
  MdlAttrs attrs = mdl_attrs_of(f->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis");
  bool reverse = mdl_get_flag(&attrs, "reverse");
  MlirValue before = shifted(f, y, axis, reverse, scalar(f, a, -__builtin_inf()));
  MlirValue higher = mdl_build(&f->b, MDL_OP_gt, a, before);
  MlirValue nan_now = mdl_build(&f->b, MDL_OP_ne, a, a);
  MlirValue sound_before = mdl_build(&f->b, MDL_OP_eq, before, before);
  MlirValue first_nan = mdl_build(&f->b, MDL_OP_bitand, nan_now, sound_before);
  MlirValue raises = mdl_build(&f->b, MDL_OP_bitor, higher, first_nan);
  MdlType index = mdl_type_with(TYPE(a), MDL_i32);
  MlirValue at = mdl_build_iota(&f->b, &index, axis);
  const MdlSize *last =
      mdl_size_sub(f->ir->sizes, index.dim[axis], mdl_size_const(f->ir->sizes, 1));
  MlirValue end = mdl_build_splat(&f->b, mdl_build_size(&f->b, last, MDL_i32), &index);
  MlirValue key = reverse ? mdl_build(&f->b, MDL_OP_sub, end, at) : at;
  MlirValue zero = mdl_build_const_int(&f->b, &index, 0);
  key = mdl_build(&f->b, MDL_OP_where, raises, key, zero);
  key = along(f, MDL_OP_cummax, key, axis, reverse);
  if (reverse) key = mdl_build(&f->b, MDL_OP_sub, end, key);
  mdl_tangent_set(f, y, take_along(f, mdl_tangent(f, a), key, axis));
}

/* One element thick along the axis. */
static MdlType thin(MdlForward *f, MlirValue a, int axis)
{
  MdlType type = *TYPE(a);
  type.dim[axis] = mdl_size_const(f->ir->sizes, 1);
  return type;
}

static MlirValue read_layer(MdlForward *f, MlirValue a, MlirValue at, int axis)
{
  MdlAttrs attrs = mdl_attrs_none(f->ir);
  mdl_put_int(&attrs, "axis", axis);
  MdlType type = thin(f, a, axis);
  MlirOperation read =
      mdl_build_op(&f->b, MDL_OP_dynamic_slice, 2, (MlirValue[]){a, at}, &attrs, &type);
  return mdl_result(read, 0);
}

/* Layer by layer: p' = p*a, t' = t*a + p*da. Division would fail at zeros. */
static void jvp_cumprod(MdlForward *f, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0), da = mdl_tangent(f, a);
  MdlAttrs attrs = mdl_attrs_of(f->ir, op), at_axis = mdl_attrs_none(f->ir);
  int axis = (int)mdl_get_int(&attrs, "axis");
  bool reverse = mdl_get_flag(&attrs, "reverse");
  mdl_put_int(&at_axis, "axis", axis);
  MdlType layer = thin(f, a, axis), index = mdl_type_scalar(MDL_index);
  const MdlSize *n = TYPE(a)->dim[axis];
  MlirValue init[] = {mdl_zero(f->ir, &f->b, a), mdl_build_const(&f->b, &layer, 0),
                      mdl_build_const(&f->b, &layer, 1)};
  MlirValue lo = mdl_build_const_int(&f->b, &index, 0), hi = mdl_build_size(&f->b, n, MDL_index);
  MlirValue last = mdl_build_size(
      &f->b, mdl_size_sub(f->ir->sizes, n, mdl_size_const(f->ir->sizes, 1)), MDL_index);
  MlirOperation loop = mdl_build_for(&f->b, lo, hi, 3, init);
  MdlForward in = *f;
  MlirBlock body = mdl_body(loop, 0);
  in.b = mdl_builder_at_end(f->ir, body, f->b.at);
  MlirValue at = mdl_arg(body, 0), t = mdl_arg(body, 2), p = mdl_arg(body, 3);
  if (reverse) at = mdl_build(&in.b, MDL_OP_sub, last, at);
  MlirValue x = read_layer(&in, a, at, axis), dx = read_layer(&in, da, at, axis);
  t = mdl_build(&in.b, MDL_OP_add, mdl_build(&in.b, MDL_OP_mul, x, t),
                mdl_build(&in.b, MDL_OP_mul, p, dx));
  p = mdl_build(&in.b, MDL_OP_mul, p, x);
  MlirValue put =
      op_with(&in, MDL_OP_dynamic_update, 3, (MlirValue[]){mdl_arg(body, 1), at, t}, &at_axis);
  mdl_build_yield(&in.b, 3, (MlirValue[]){put, t, p});
  mdl_tangent_set(f, mdl_result(op, 0), mdl_result(loop, 0));
}

/* ---- windows ----------------------------------------------------------------------------- */

enum { MOST_TAPS = 1024 };

typedef struct Taps {
  int axes;
  int64_t size[MDL_MAX_RANK], stride[MDL_MAX_RANK], dilate[MDL_MAX_RANK], at[MDL_MAX_RANK];
} Taps;

/* The element that tap `at` of every window sees, out of the padded a. */
static MlirValue seen_by_tap(MdlForward *f, MlirValue padded, const Taps *taps, const MdlType *y)
{
  MdlSizes *sizes = f->ir->sizes;
  const MdlSize *start[MDL_MAX_RANK], *limit[MDL_MAX_RANK];
  for (int i = 0; i < taps->axes; i++) {
    start[i] = mdl_size_const(sizes, taps->at[i] * taps->dilate[i]);
    const MdlSize *less = mdl_size_sub(sizes, y->dim[i], mdl_size_const(sizes, 1));
    less = mdl_size_mul(sizes, less, mdl_size_const(sizes, taps->stride[i]));
    limit[i] = mdl_size_add(sizes, mdl_size_add(sizes, start[i], less), mdl_size_const(sizes, 1));
  }
  return mdl_build_slice(&f->b, padded, start, limit, taps->stride);
}

static bool next_tap(Taps *taps)
{
  for (int i = taps->axes - 1; i >= 0; i--) {
    if (++taps->at[i] < taps->size[i]) return true;
    taps->at[i] = 0;
  }
  return false;
}

static MlirValue padded(MdlForward *f, MlirOperation op, MlirValue a, double with)
{
  MdlAttrs from = mdl_attrs_of(f->ir, op), attrs = mdl_attrs_none(f->ir);
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  int64_t inner[MDL_MAX_RANK] = {0};
  int rank = mdl_get_sizes(&from, "lo", lo);
  mdl_get_sizes(&from, "hi", hi);
  mdl_put_sizes(&attrs, "lo", rank, lo);
  mdl_put_sizes(&attrs, "hi", rank, hi);
  mdl_put_ints(&attrs, "inner", rank, inner);
  return op_with(f, MDL_OP_pad, 2, (MlirValue[]){a, scalar(f, a, with)}, &attrs);
}

/* Tap by tap, in order: the first that sees the extreme takes the derivative. */
static void jvp_window_extreme(MdlForward *f, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0), y = mdl_result(op, 0);
  bool is_max = mdl_op(f->ir, op) == MDL_OP_window_max;
  Taps taps = {0};
  MdlAttrs attrs = mdl_attrs_of(f->ir, op);
  taps.axes = mdl_get_ints(&attrs, "size", taps.size);
  mdl_get_ints(&attrs, "stride", taps.stride);
  mdl_get_ints(&attrs, "dilate", taps.dilate);
  int64_t all = 1;
  for (int i = 0; i < taps.axes; i++) all *= taps.size[i];
  if (all > MOST_TAPS) {
    f->d->failed = true;
    mdl_error(f->ir->session, MDL_E0990, mdl_span_of(f->ir, op),
              mdl_text(f->ir->arena, "the derivative of windows of more than %d", MOST_TAPS));
    return;
  }
  double worst = is_max ? -__builtin_inf() : __builtin_inf();
  MlirValue values = padded(f, op, a, worst), tangents = padded(f, op, mdl_tangent(f, a), 0);
  MlirValue found = {NULL}, sum = {NULL}, zero = mdl_zero(f->ir, &f->b, y);
  do {
    MlirValue is = mdl_build(&f->b, MDL_OP_eq, seen_by_tap(f, values, &taps, TYPE(y)), y);
    MlirValue first = is;
    if (found.ptr)
      first = mdl_build(&f->b, MDL_OP_bitand, is, mdl_build(&f->b, MDL_OP_bitnot, found));
    MlirValue t = seen_by_tap(f, tangents, &taps, TYPE(y));
    t = mdl_build(&f->b, MDL_OP_where, first, t, zero);
    sum = sum.ptr ? mdl_build(&f->b, MDL_OP_add, sum, t) : t;
    found = found.ptr ? mdl_build(&f->b, MDL_OP_bitor, found, is) : is;
  } while (next_tap(&taps));
  mdl_tangent_set(f, y, sum);
}

/* ---- scatters ---------------------------------------------------------------------------- */

typedef struct Scatter {
  MlirValue a, index, c, y;
  MdlAttrs attrs;
} Scatter;

static Scatter read_scatter(MdlForward *f, MlirOperation op)
{
  return (Scatter){mdl_operand(op, 0), mdl_operand(op, 1), mdl_operand(op, 2), mdl_result(op, 0),
                   mdl_attrs_of(f->ir, op)};
}

static MlirValue put(MdlForward *f, const Scatter *s, MdlOp op, MlirValue base, MlirValue slices)
{
  return op_with(f, op, 3, (MlirValue[]){base, s->index, slices}, &s->attrs);
}

static MlirValue get(MdlForward *f, const Scatter *s, MlirValue from)
{
  return op_with(f, MDL_OP_gather, 2, (MlirValue[]){from, s->index}, &s->attrs);
}

/* Equal largest (or smallest) share the derivative, a's element among them. */
static void jvp_scatter_extreme(MdlForward *f, MlirOperation op)
{
  Scatter s = read_scatter(f, op);
  MlirValue a_is = mdl_build(&f->b, MDL_OP_eq, s.a, s.y);
  MlirValue c_is = mdl_build(&f->b, MDL_OP_eq, s.c, get(f, &s, s.y));
  MlirValue none_a = constant(f, s.a, 0), none_c = constant(f, s.c, 0);
  MlirValue count = mdl_build(&f->b, MDL_OP_where, a_is, constant(f, s.a, 1), none_a);
  MlirValue one = mdl_build(&f->b, MDL_OP_where, c_is, constant(f, s.c, 1), none_c);
  count = put(f, &s, MDL_OP_scatter_add, count, one);
  count = mdl_build(&f->b, MDL_OP_max, count, constant(f, s.y, 1)); /* NaN equals nothing */
  MlirValue ta = mdl_tangent(f, s.a), tc = mdl_tangent(f, s.c);
  MlirValue t = ta.ptr ? mdl_build(&f->b, MDL_OP_where, a_is, ta, none_a) : none_a;
  if (tc.ptr) {
    tc = mdl_build(&f->b, MDL_OP_where, c_is, tc, none_c);
    t = put(f, &s, MDL_OP_scatter_add, t, tc);
  }
  mdl_tangent_set(f, s.y, mdl_build(&f->b, MDL_OP_div, t, count));
}

/* y = a * (product of the slices there). Each slice's factor is a times the other slices: by the
 * number of zeros among them the quotient, the product of the rest, or 0. */
static void jvp_scatter_mul(MdlForward *f, MlirOperation op)
{
  Scatter s = read_scatter(f, op);
  MlirValue ta = mdl_tangent(f, s.a), tc = mdl_tangent(f, s.c), t = {NULL};
  if (ta.ptr) { /* not the op on ta: its own transpose would be by this rule again */
    MlirValue product = put(f, &s, MDL_OP_scatter_mul, constant(f, s.a, 1), s.c);
    t = mdl_build(&f->b, MDL_OP_mul, product, ta);
  }
  if (tc.ptr) {
    MlirValue zero = constant(f, s.c, 0), one = constant(f, s.c, 1);
    MlirValue is_zero = mdl_build(&f->b, MDL_OP_eq, s.c, zero);
    MlirValue factor = mdl_build(&f->b, MDL_OP_where, is_zero, one, s.c);
    MlirValue own = mdl_build(&f->b, MDL_OP_where, is_zero, one, zero);
    MlirValue zeros = put(f, &s, MDL_OP_scatter_add, constant(f, s.a, 0), own);
    MlirValue rest = get(f, &s, put(f, &s, MDL_OP_scatter_mul, s.a, factor));
    rest = mdl_build(&f->b, MDL_OP_div, rest, factor);
    MlirValue other = mdl_build(&f->b, MDL_OP_sub, get(f, &s, zeros), own);
    MlirValue alone = mdl_build(&f->b, MDL_OP_eq, other, zero);
    rest = mdl_build(&f->b, MDL_OP_where, alone, rest, zero);
    MlirValue base = t.ptr ? t : constant(f, s.a, 0);
    t = put(f, &s, MDL_OP_scatter_add, base, mdl_build(&f->b, MDL_OP_mul, rest, tc));
  }
  mdl_tangent_set(f, s.y, t);
}

/* ---- which function is whose ------------------------------------------------------------- */

static const struct {
  MdlOp op;
  MdlJvpOfOp *rule;
} rules[] = {
    {MDL_OP_reduce_max, jvp_reduce_extreme},
    {MDL_OP_reduce_min, jvp_reduce_extreme},
    {MDL_OP_reduce_prod, jvp_reduce_prod},
    {MDL_OP_sort, jvp_sort},
    {MDL_OP_cummax, jvp_cummax},
    {MDL_OP_cumprod, jvp_cumprod},
    {MDL_OP_window_max, jvp_window_extreme},
    {MDL_OP_window_min, jvp_window_extreme},
    {MDL_OP_scatter_max, jvp_scatter_extreme},
    {MDL_OP_scatter_min, jvp_scatter_extreme},
    {MDL_OP_scatter_mul, jvp_scatter_mul},
};

MdlJvpOfOp *mdl_jvp_of(MdlOp op)
{
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (rules[i].op == op) return rules[i].rule;
  return NULL;
}
