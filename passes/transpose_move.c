/* Transposes of the ops that move elements, of sums, and of running sums. */
#include "passes/derive.h"

#include <string.h>

#define TYPE(value) mdl_type_of(r->ir, value)

static void transpose_convert(MdlReverse *r, MlirOperation op, MlirValue g)
{
  mdl_give(r, op, 0, mdl_build_convert(&r->b, g, TYPE(mdl_operand(op, 0))->dtype));
}

static bool is_one(const MdlSize *size)
{
  int64_t value;
  return mdl_size_is_const(size, &value) && value == 1;
}

/* Sums exactly the axes that are new or stretched. */
static void transpose_broadcast(MdlReverse *r, MlirOperation op, MlirValue g)
{
  const MdlType *a = TYPE(mdl_operand(op, 0)), *y = TYPE(g);
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  int64_t dims[MDL_MAX_RANK], axes[MDL_MAX_RANK];
  mdl_get_ints(&attrs, "dims", dims);
  int count = 0;
  for (int axis = 0, i = 0; axis < y->rank; axis++) {
    bool is_old = i < a->rank && dims[i] == axis;
    bool stretched = is_old && is_one(a->dim[i]) && !is_one(y->dim[axis]);
    i += is_old;
    if (!is_old || stretched) axes[count++] = axis;
  }
  if (count) g = mdl_build_reduce(&r->b, MDL_OP_reduce_sum, g, count, axes);
  mdl_give(r, op, 0, mdl_build_reshape(&r->b, g, a));
}

static void transpose_reshape(MdlReverse *r, MlirOperation op, MlirValue g)
{
  mdl_give(r, op, 0, mdl_build_reshape(&r->b, g, TYPE(mdl_operand(op, 0))));
}

static void transpose_transpose(MdlReverse *r, MlirOperation op, MlirValue g)
{
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  int64_t perm[MDL_MAX_RANK], back[MDL_MAX_RANK];
  int rank = mdl_get_ints(&attrs, "perm", perm);
  for (int i = 0; i < rank; i++) back[perm[i]] = i;
  mdl_give(r, op, 0, mdl_build_transpose(&r->b, g, back));
}

static void transpose_reverse(MdlReverse *r, MlirOperation op, MlirValue g)
{
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  mdl_give(r, op, 0, mdl_result(mdl_build_op(&r->b, MDL_OP_reverse, 1, &g, &attrs, NULL), 0));
}

static MlirValue build_pad(MdlReverse *r, MlirValue a, MlirValue with, const MdlSize *const *lo,
                           const MdlSize *const *hi, const int64_t *inner)
{
  MdlAttrs attrs = mdl_attrs_none(r->ir);
  int rank = TYPE(a)->rank;
  mdl_put_sizes(&attrs, "lo", rank, lo);
  mdl_put_sizes(&attrs, "hi", rank, hi);
  mdl_put_ints(&attrs, "inner", rank, inner);
  MlirValue operand[] = {a, with};
  return mdl_result(mdl_build_op(&r->b, MDL_OP_pad, 2, operand, &attrs, NULL), 0);
}

/* (m - 1)*step + 1 */
static const MdlSize *span(MdlSizes *sizes, const MdlSize *m, int64_t step)
{
  const MdlSize *apart = mdl_size_mul(sizes, m, mdl_size_const(sizes, step));
  return mdl_size_sub(sizes, apart, mdl_size_const(sizes, step - 1));
}

/* Zeros around the window and between the elements taken. */
static void transpose_slice(MdlReverse *r, MlirOperation op, MlirValue g)
{
  MdlSizes *sizes = r->ir->sizes;
  const MdlType *a = TYPE(mdl_operand(op, 0)), *y = TYPE(g);
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  int64_t inner[MDL_MAX_RANK];
  mdl_get_sizes(&attrs, "start", lo);
  mdl_get_ints(&attrs, "step", inner);
  for (int i = 0; i < a->rank; i++) {
    const MdlSize *end = mdl_size_add(sizes, lo[i], span(sizes, y->dim[i], inner[i]));
    hi[i] = mdl_size_sub(sizes, a->dim[i], end);
    inner[i]--;
  }
  MdlType scalar = mdl_type_scalar(a->dtype);
  MlirValue zero = mdl_build_const(&r->b, &scalar, 0);
  mdl_give(r, op, 0, build_pad(r, g, zero, lo, hi, inner));
}

static void transpose_dynamic_slice(MdlReverse *r, MlirOperation op, MlirValue g)
{
  mdl_cotangent_add_at(r, mdl_operand(op, 0), op, g);
}

static void transpose_dynamic_update(MdlReverse *r, MlirOperation op, MlirValue g)
{
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  MlirValue at = mdl_operand(op, 1), c = mdl_operand(op, 2);
  if (mdl_wants(r, op, 2)) {
    MlirValue operand[] = {g, at};
    MlirOperation window = mdl_build_op(&r->b, MDL_OP_dynamic_slice, 2, operand, &attrs, TYPE(c));
    mdl_give(r, op, 2, mdl_result(window, 0));
  }
  if (mdl_wants(r, op, 0)) {
    MlirValue operand[] = {g, at, mdl_zero(r->ir, &r->b, c)};
    MlirOperation rest = mdl_build_op(&r->b, MDL_OP_dynamic_update, 3, operand, &attrs, NULL);
    mdl_give(r, op, 0, mdl_result(rest, 0));
  }
}

/* The elements of a inside the padded g: padding of known sign is sliced off, the rest undone by
 * padding with minus as much. */
static MlirValue inside(MdlReverse *r, const MdlType *a, const MdlAttrs *attrs, MlirValue g)
{
  MdlSizes *sizes = r->ir->sizes;
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK], *limit[MDL_MAX_RANK];
  const MdlSize *zero = mdl_size_const(sizes, 0);
  int64_t inner[MDL_MAX_RANK], none[MDL_MAX_RANK] = {0}, step[MDL_MAX_RANK];
  bool grows = true, spreads = false;
  mdl_get_sizes(attrs, "lo", lo);
  mdl_get_sizes(attrs, "hi", hi);
  mdl_get_ints(attrs, "inner", inner);
  for (int i = 0; i < a->rank; i++) {
    grows &= mdl_size_dominates(sizes, lo[i], zero) && mdl_size_dominates(sizes, hi[i], zero);
    spreads |= inner[i] > 0;
    step[i] = inner[i] + 1;
  }
  if (!grows) {
    for (int i = 0; i < a->rank; i++) {
      lo[i] = mdl_size_sub(sizes, zero, lo[i]);
      hi[i] = mdl_size_sub(sizes, zero, hi[i]);
    }
    MdlType scalar = mdl_type_scalar(a->dtype);
    g = build_pad(r, g, mdl_build_const(&r->b, &scalar, 0), lo, hi, none);
    if (!spreads) return g;
  }
  for (int i = 0; i < a->rank; i++) {
    if (!grows) lo[i] = zero;
    limit[i] = lo[i];
    if (a->dim[i] != zero)
      limit[i] = mdl_size_add(sizes, lo[i], span(sizes, a->dim[i], step[i]));
  }
  return mdl_build_slice(&r->b, g, lo, limit, step);
}

static MlirValue sum_all(MdlReverse *r, MlirValue g)
{
  int64_t axes[MDL_MAX_RANK];
  int rank = TYPE(g)->rank;
  for (int i = 0; i < rank; i++) axes[i] = i;
  return rank ? mdl_build_reduce(&r->b, MDL_OP_reduce_sum, g, rank, axes) : g;
}

static void transpose_pad(MdlReverse *r, MlirOperation op, MlirValue g)
{
  const MdlType *a = TYPE(mdl_operand(op, 0));
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  if (mdl_wants(r, op, 0)) mdl_give(r, op, 0, inside(r, a, &attrs, g));
  if (!mdl_wants(r, op, 1)) return;
  MdlType bools = mdl_type_with(a, MDL_bool), one_bool = mdl_type_scalar(MDL_bool);
  MlirValue operand[] = {mdl_build_const_int(&r->b, &bools, 1),
                         mdl_build_const_int(&r->b, &one_bool, 0)};
  MlirValue is_a = mdl_result(mdl_build_op(&r->b, MDL_OP_pad, 2, operand, &attrs, NULL), 0);
  MlirValue around = mdl_build(&r->b, MDL_OP_where, is_a, mdl_zero(r->ir, &r->b, g), g);
  mdl_give(r, op, 1, sum_all(r, around));
}

static void transpose_concat(MdlReverse *r, MlirOperation op, MlirValue g)
{
  MdlSizes *sizes = r->ir->sizes;
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis");
  const MdlSize *start[MDL_MAX_RANK], *limit[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  const MdlType *y = TYPE(g), *a = TYPE(mdl_operand(op, 0));
  for (int i = 0; i < y->rank; i++) {
    start[i] = mdl_size_const(sizes, 0), limit[i] = y->dim[i], step[i] = 1;
  }
  limit[axis] = a->dim[axis];
  if (mdl_wants(r, op, 0)) mdl_give(r, op, 0, mdl_build_slice(&r->b, g, start, limit, step));
  start[axis] = a->dim[axis], limit[axis] = y->dim[axis];
  if (mdl_wants(r, op, 1)) mdl_give(r, op, 1, mdl_build_slice(&r->b, g, start, limit, step));
}

static void transpose_reduce_sum(MdlReverse *r, MlirOperation op, MlirValue g)
{
  const MdlType *a = TYPE(mdl_operand(op, 0));
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  int64_t axes[MDL_MAX_RANK], dims[MDL_MAX_RANK];
  int count = mdl_get_ints(&attrs, "axes", axes), kept = 0;
  for (int i = 0; i < a->rank; i++) {
    bool summed = false;
    for (int k = 0; k < count; k++) summed |= axes[k] == i;
    if (!summed) dims[kept++] = i;
  }
  mdl_give(r, op, 0, count ? mdl_build_broadcast(&r->b, g, a, kept, dims) : g);
}

static void transpose_cumsum(MdlReverse *r, MlirOperation op, MlirValue g)
{
  MdlAttrs attrs = mdl_attrs_of(r->ir, op), back = mdl_attrs_none(r->ir);
  mdl_put_int(&back, "axis", mdl_get_int(&attrs, "axis"));
  mdl_put_flag(&back, "reverse", !mdl_get_flag(&attrs, "reverse"));
  mdl_give(r, op, 0, mdl_result(mdl_build_op(&r->b, MDL_OP_cumsum, 1, &g, &back, NULL), 0));
}

/* ---- which function is whose ------------------------------------------------------------- */

MdlTransposeOfOp mdl_transpose_gather, mdl_transpose_scatter, mdl_transpose_scatter_add,
    mdl_transpose_dot, mdl_transpose_conv, mdl_transpose_window_sum;

static const struct {
  MdlOp op;
  MdlTransposeOfOp *rule;
} rules[] = {
    {MDL_OP_convert, transpose_convert},
    {MDL_OP_broadcast, transpose_broadcast},
    {MDL_OP_reshape, transpose_reshape},
    {MDL_OP_transpose, transpose_transpose},
    {MDL_OP_slice, transpose_slice},
    {MDL_OP_dynamic_slice, transpose_dynamic_slice},
    {MDL_OP_dynamic_update, transpose_dynamic_update},
    {MDL_OP_pad, transpose_pad},
    {MDL_OP_concat, transpose_concat},
    {MDL_OP_reverse, transpose_reverse},
    {MDL_OP_reduce_sum, transpose_reduce_sum},
    {MDL_OP_cumsum, transpose_cumsum},
    {MDL_OP_gather, mdl_transpose_gather},
    {MDL_OP_scatter, mdl_transpose_scatter},
    {MDL_OP_scatter_add, mdl_transpose_scatter_add},
    {MDL_OP_dot, mdl_transpose_dot},
    {MDL_OP_conv, mdl_transpose_conv},
    {MDL_OP_window_sum, mdl_transpose_window_sum},
};

MdlTransposeOfOp *mdl_transpose_of(MdlOp op)
{
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (rules[i].op == op) return rules[i].rule;
  return NULL;
}
