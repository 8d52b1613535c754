/* Forward rules of the rows that are not linear. Each emits ops linear in the tangents, so that
 * reverse mode is their transpose. */
#include "passes/linearize_rules.h"

#define TYPE(value) mdl_type_of(f->ir, value)

MlirValue mdl_jvp_op(MdlForward *f, MdlOp op, int count, const MlirValue *operand,
                     const MdlAttrs *attrs)
{
  return mdl_result(mdl_build_op(&f->b, op, count, operand, attrs, NULL), 0);
}

MlirValue mdl_jvp_constant(MdlForward *f, MlirValue like, double value)
{
  return mdl_build_const(&f->b, TYPE(like), value);
}

MlirValue mdl_jvp_scalar(MdlForward *f, MlirValue like, double value)
{
  MdlType type = mdl_type_scalar(TYPE(like)->dtype);
  return mdl_build_const(&f->b, &type, value);
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
  MlirValue one = mdl_build(&f->b, MDL_OP_where, is, mdl_jvp_constant(f, a, 1), mdl_jvp_constant(f, a, 0));
  MlirValue count = mdl_jvp_op(f, MDL_OP_reduce_sum, 1, &one, &attrs);
  count = mdl_build(&f->b, MDL_OP_max, count, mdl_jvp_constant(f, y, 1)); /* an empty axis has none */
  MlirValue t = mdl_build(&f->b, MDL_OP_where, is, mdl_tangent(f, a), mdl_jvp_constant(f, a, 0));
  t = mdl_jvp_op(f, MDL_OP_reduce_sum, 1, &t, &attrs);
  mdl_tangent_set(f, y, mdl_build(&f->b, MDL_OP_div, t, count));
}

static MlirValue along(MdlForward *f, MdlOp op, MlirValue a, int axis, bool reverse)
{
  MdlAttrs attrs = mdl_attrs_none(f->ir);
  mdl_put_int(&attrs, "axis", axis);
  mdl_put_flag(&attrs, "reverse", reverse);
  return mdl_jvp_op(f, op, 1, &a, &attrs);
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
  return mdl_jvp_op(f, MDL_OP_pad, 2, (MlirValue[]){a, fill}, &attrs);
}

/* Along one axis each element's factor is the product of those before it times those after it:
 * right with any number of zeros, at every order. */
static MlirValue others(MdlForward *f, MlirValue a, int axis)
{
  MlirValue one = mdl_jvp_scalar(f, a, 1);
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
  MlirValue taken = mdl_jvp_op(f, MDL_OP_gather, 2, operand, &attrs);
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
  MlirValue before = shifted(f, y, axis, reverse, mdl_jvp_scalar(f, a, -__builtin_inf()));
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
  int64_t none = 1;
  if (mdl_size_is_const(n, &none) && !none) return; /* there is no layer to read */
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
      mdl_jvp_op(&in, MDL_OP_dynamic_update, 3, (MlirValue[]){mdl_arg(body, 1), at, t}, &at_axis);
  mdl_build_yield(&in.b, 3, (MlirValue[]){put, t, p});
  mdl_tangent_set(f, mdl_result(op, 0), mdl_result(loop, 0));
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
    {MDL_OP_window_max, mdl_jvp_window_extreme},
    {MDL_OP_window_min, mdl_jvp_window_extreme},
    {MDL_OP_scatter_max, mdl_jvp_scatter_extreme},
    {MDL_OP_scatter_min, mdl_jvp_scatter_extreme},
    {MDL_OP_scatter_mul, mdl_jvp_scatter_mul},
};

MdlJvpOfOp *mdl_jvp_of(MdlOp op)
{
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (rules[i].op == op) return rules[i].rule;
  return NULL;
}
