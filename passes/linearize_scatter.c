/* Forward rules of the scatters that are not linear. */
#include "passes/linearize_rules.h"

#define TYPE(value) mdl_type_of(f->ir, value)

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
  return mdl_jvp_op(f, op, 3, (MlirValue[]){base, s->index, slices}, &s->attrs);
}

static MlirValue get(MdlForward *f, const Scatter *s, MlirValue from)
{
  return mdl_jvp_op(f, MDL_OP_gather, 2, (MlirValue[]){from, s->index}, &s->attrs);
}

/* Equal largest (or smallest) share the derivative, a's element among them. */
void mdl_jvp_scatter_extreme(MdlForward *f, MlirOperation op)
{
  Scatter s = read_scatter(f, op);
  MlirValue a_is = mdl_build(&f->b, MDL_OP_eq, s.a, s.y);
  MlirValue c_is = mdl_build(&f->b, MDL_OP_eq, s.c, get(f, &s, s.y));
  MlirValue none_a = mdl_jvp_constant(f, s.a, 0), none_c = mdl_jvp_constant(f, s.c, 0);
  MlirValue count = mdl_build(&f->b, MDL_OP_where, a_is, mdl_jvp_constant(f, s.a, 1), none_a);
  MlirValue one = mdl_build(&f->b, MDL_OP_where, c_is, mdl_jvp_constant(f, s.c, 1), none_c);
  count = put(f, &s, MDL_OP_scatter_add, count, one);
  count = mdl_build(&f->b, MDL_OP_max, count, mdl_jvp_constant(f, s.y, 1)); /* NaN equals nothing */
  MlirValue ta = mdl_tangent(f, s.a), tc = mdl_tangent(f, s.c);
  MlirValue t = ta.ptr ? mdl_build(&f->b, MDL_OP_where, a_is, ta, none_a) : none_a;
  if (tc.ptr) {
    tc = mdl_build(&f->b, MDL_OP_where, c_is, tc, none_c);
    t = put(f, &s, MDL_OP_scatter_add, t, tc);
  }
  mdl_tangent_set(f, s.y, mdl_build(&f->b, MDL_OP_div, t, count));
}

/* ---- products ---------------------------------------------------------------------------- */

/* The slices in order, one a round: index and factors of slice k, without their axis. */
typedef struct Slices {
  Scatter s;
  int axis, batch;
  MdlType index, factors; /* of all slices, with one axis for them */
  MdlType one_index, one; /* of one */
} Slices;

static const MdlSize *product(MdlSizes *sizes, const MdlType *type, int from, int count)
{
  const MdlSize *all = mdl_size_const(sizes, 1);
  for (int i = 0; i < count; i++) all = mdl_size_mul(sizes, all, type->dim[from + i]);
  return all;
}

/* dims[from .. from + count) as one axis of this size; none: without. */
static MdlType regrouped(const MdlType *type, int from, int count, const MdlSize *size)
{
  MdlType to = mdl_type_scalar(type->dtype);
  for (int i = 0; i < from; i++) to.dim[to.rank++] = type->dim[i];
  if (size) to.dim[to.rank++] = size;
  for (int i = from + count; i < type->rank; i++) to.dim[to.rank++] = type->dim[i];
  return to;
}

static Slices slices_of(MdlForward *f, MlirOperation op)
{
  Slices all = {.s = read_scatter(f, op)};
  all.axis = (int)mdl_get_int(&all.s.attrs, "axis");
  all.batch = (int)mdl_get_int(&all.s.attrs, "batch");
  const MdlType *index = TYPE(all.s.index), *c = TYPE(all.s.c);
  int own = index->rank - all.batch;
  const MdlSize *count = product(f->ir->sizes, index, all.batch, own);
  all.index = regrouped(index, all.batch, own, count);
  all.factors = regrouped(c, all.axis, own, count);
  all.one_index = regrouped(index, all.batch, own, NULL);
  all.one = regrouped(c, all.axis, own, NULL);
  return all;
}

static MlirValue layer(MdlForward *f, MlirValue all, MlirValue k, int axis, const MdlType *one)
{
  MdlAttrs attrs = mdl_attrs_none(f->ir);
  MdlType thin = *TYPE(all);
  thin.dim[axis] = mdl_size_const(f->ir->sizes, 1);
  mdl_put_int(&attrs, "axis", axis);
  MlirValue operand[] = {all, k};
  MlirOperation read = mdl_build_op(&f->b, MDL_OP_dynamic_slice, 2, operand, &attrs, &thin);
  return mdl_build_reshape(&f->b, mdl_result(read, 0), one);
}

/* One slice: y' = y*c there, t' = t*c + y*dc. */
static void multiply_slice(MdlForward *f, const Slices *all, const MlirValue flat[3], MlirBlock body)
{
  MlirValue k = mdl_arg(body, 0), y = mdl_arg(body, 1), t = mdl_arg(body, 2);
  Scatter s = all->s;
  s.index = layer(f, flat[0], k, all->batch, &all->one_index);
  MlirValue c = layer(f, flat[1], k, all->axis, &all->one);
  MlirValue dc = layer(f, flat[2], k, all->axis, &all->one);
  MlirValue there = get(f, &s, y), dt = mdl_build(&f->b, MDL_OP_mul, get(f, &s, t), c);
  dt = mdl_build(&f->b, MDL_OP_add, dt, mdl_build(&f->b, MDL_OP_mul, there, dc));
  there = mdl_build(&f->b, MDL_OP_mul, there, c);
  MlirValue next[] = {put(f, &s, MDL_OP_scatter, y, there), put(f, &s, MDL_OP_scatter, t, dt)};
  mdl_build_yield(&f->b, 2, next);
}

/* Slice after slice, as the op multiplies: a quotient would fail at zeros, at one order or the next.
 */
static void multiply_in_order(MdlForward *f, MlirOperation op, MlirValue ta, MlirValue tc)
{
  Slices all = slices_of(f, op);
  MdlType index = mdl_type_scalar(MDL_index);
  MlirValue flat[] = {mdl_build_reshape(&f->b, all.s.index, &all.index),
                      mdl_build_reshape(&f->b, all.s.c, &all.factors),
                      mdl_build_reshape(&f->b, tc, &all.factors)};
  MlirValue lo = mdl_build_const_int(&f->b, &index, 0);
  MlirValue hi = mdl_build_size(&f->b, all.index.dim[all.batch], MDL_index);
  MlirOperation loop = mdl_build_for(&f->b, lo, hi, 2, (MlirValue[]){all.s.a, ta});
  MdlForward in = *f;
  in.b = mdl_builder_at_end(f->ir, mdl_body(loop, 0), f->b.at);
  multiply_slice(&in, &all, flat, mdl_body(loop, 0));
  mdl_tangent_set(f, all.s.y, mdl_result(loop, 1));
}

void mdl_jvp_scatter_mul(MdlForward *f, MlirOperation op)
{
  Scatter s = read_scatter(f, op);
  MlirValue ta = mdl_tangent(f, s.a), tc = mdl_tangent(f, s.c);
  const MdlType *c = TYPE(s.c);
  int64_t none = 1;
  for (int i = 0; i < c->rank && none; i++) mdl_size_is_const(c->dim[i], &none);
  if (tc.ptr && none) {
    multiply_in_order(f, op, mdl_tangent_dense(f, s.a), tc);
    return;
  }
  if (!ta.ptr) return;
  /* Not the op on ta: its own transpose would be by this rule again. */
  MlirValue factor = put(f, &s, MDL_OP_scatter_mul, mdl_jvp_constant(f, s.a, 1), s.c);
  mdl_tangent_set(f, s.y, mdl_build(&f->b, MDL_OP_mul, factor, ta));
}
