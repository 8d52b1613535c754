/* Reductions and contractions of moved values. */
#include "passes/simplify.h"

static bool contains(int count, const int64_t *list, int64_t value)
{
  for (int i = 0; i < count; i++)
    if (list[i] == value) return true;
  return false;
}

/* One of one value is that value; a float's sum also turns -0 into 0. */
static bool keeps_single(MdlSimplify *s, MlirOperation op)
{
  bool is_float = mdl_letter_fits('F', mdl_type_of(s->ir, mdl_operand(op, 0))->dtype);
  return mdl_op(s->ir, op) != MDL_OP_reduce_sum || !is_float || s->pass->options->fast_math;
}

/* Twice the same value is that value. */
static bool is_idempotent(MdlOp kind)
{
  return kind == MDL_OP_reduce_max || kind == MDL_OP_reduce_min || kind == MDL_OP_reduce_any ||
         kind == MDL_OP_reduce_all;
}

/* A sum of n equal values is n times it, if sums round not at all. */
static MlirValue scaled(MdlSimplify *s, MlirValue a, const MdlType *whole, int count,
                        const int64_t *axes)
{
  const MdlSize *n = mdl_size_const(s->ir->sizes, 1);
  for (int i = 0; i < count; i++) n = mdl_size_mul(s->ir->sizes, n, whole->dim[axes[i]]);
  const MdlType *type = mdl_type_of(s->ir, a);
  if (!n || type->dtype == MDL_index) return MDL_NO_VALUE;
  bool is_float = mdl_letter_fits('F', type->dtype);
  if (is_float && !s->pass->options->fast_math) return MDL_NO_VALUE;
  MlirValue times = mdl_build_size(&s->b, n, type->dtype);
  return mdl_build(&s->b, MDL_OP_mul, mdl_build_splat(&s->b, times, type), a);
}

/* Reduced along axes that only the broadcast made. */
static MlirValue reduce_of_broadcast(MdlSimplify *s, MlirOperation op, MlirOperation of, int count,
                                     const int64_t *axes)
{
  MlirValue a = mdl_operand(of, 0);
  const MdlType *whole = mdl_type_of(s->ir, mdl_result(of, 0));
  int64_t dims[MDL_MAX_RANK], n;
  int kept = mdl_axes_of(s->ir, of, "dims", dims);
  MdlOp kind = mdl_op(s->ir, op);
  for (int i = 0; i < count; i++) {
    if (contains(kept, dims, axes[i])) return MDL_NO_VALUE;
    bool some = mdl_size_is_const(whole->dim[axes[i]], &n) && n > 0;
    if (is_idempotent(kind) && !some) return MDL_NO_VALUE;
  }
  if (kind == MDL_OP_reduce_sum)
    a = scaled(s, a, whole, count, axes);
  else if (!is_idempotent(kind))
    return MDL_NO_VALUE;
  if (mdl_is_no_value(a)) return a;
  for (int i = 0; i < kept; i++) { /* axes before it that are gone */
    int gone = 0;
    for (int k = 0; k < count; k++) gone += axes[k] < dims[i];
    dims[i] -= gone;
  }
  return mdl_build_broadcast(&s->b, a, mdl_type_of(s->ir, mdl_result(op, 0)), kept, dims);
}

/* One axis, the others in their order: the sum runs over the same elements in the same order. */
static MlirValue reduce_of_transpose(MdlSimplify *s, MlirOperation op, MlirOperation of,
                                     int64_t axis)
{
  int64_t perm[MDL_MAX_RANK], last = -1;
  int rank = mdl_axes_of(s->ir, of, "perm", perm);
  for (int i = 0; i < rank; i++) {
    if (i == axis) continue;
    if (perm[i] < last) return MDL_NO_VALUE;
    last = perm[i];
  }
  return mdl_build_reduce(&s->b, mdl_op(s->ir, op), mdl_operand(of, 0), 1, &perm[axis]);
}

MlirValue mdl_simplify_reduce(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  const MdlType *type = mdl_type_of(s->ir, a);
  int64_t axes[MDL_MAX_RANK];
  int count = mdl_axes_of(s->ir, op, "axes", axes);
  bool single = true;
  for (int i = 0; i < count; i++) single &= mdl_dim_is(type, (int)axes[i], 1);
  if (!count) return a;
  if (single && keeps_single(s, op))
    return mdl_build_reshape(&s->b, a, mdl_type_of(s->ir, mdl_result(op, 0)));
  MlirOperation of = mdl_def_of_kind(s->ir, a, MDL_OP_broadcast);
  if (!mdl_is_null(of)) return reduce_of_broadcast(s, op, of, count, axes);
  of = mdl_def_of_kind(s->ir, a, MDL_OP_transpose);
  return mdl_is_null(of) || count != 1 ? MDL_NO_VALUE : reduce_of_transpose(s, op, of, axes[0]);
}

/* ---- dot --------------------------------------------------------------------------------- */

typedef struct Dot {
  MlirValue side[2];
  int contracted, batched;
  int64_t contract[2][MDL_MAX_RANK], batch[2][MDL_MAX_RANK];
} Dot;

static Dot dot_of(MdlIr *ir, MlirOperation op)
{
  Dot d;
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  d.contracted = mdl_get_pairs(&attrs, "contract", d.contract[0], d.contract[1]);
  d.batched = mdl_get_pairs(&attrs, "batch", d.batch[0], d.batch[1]);
  for (int i = 0; i < 2; i++) d.side[i] = mdl_operand(op, i);
  return d;
}

/* Reads through a transpose that leaves the free axes of its side in order. */
static bool untranspose(MdlSimplify *s, Dot *d, int side)
{
  MlirOperation of = mdl_def_of_kind(s->ir, d->side[side], MDL_OP_transpose);
  if (mdl_is_null(of)) return false;
  int64_t perm[MDL_MAX_RANK], last = -1;
  int rank = mdl_axes_of(s->ir, of, "perm", perm);
  for (int i = 0; i < rank; i++) {
    if (contains(d->contracted, d->contract[side], i) || contains(d->batched, d->batch[side], i))
      continue;
    if (perm[i] < last) return false;
    last = perm[i];
  }
  d->side[side] = mdl_operand(of, 0);
  for (int i = 0; i < d->contracted; i++) d->contract[side][i] = perm[d->contract[side][i]];
  for (int i = 0; i < d->batched; i++) d->batch[side][i] = perm[d->batch[side][i]];
  return true;
}

/* An operand over the whole result: its axes in the result's order, then stretched. */
static MlirValue over_result(MdlSimplify *s, const Dot *d, int side, const MdlType *result)
{
  const MdlType *type = mdl_type_of(s->ir, d->side[side]);
  int64_t place[MDL_MAX_RANK], perm[MDL_MAX_RANK], dims[MDL_MAX_RANK];
  int next = d->batched, count = 0;
  if (side == 1) next += mdl_type_of(s->ir, d->side[0])->rank - d->batched;
  for (int i = 0; i < type->rank; i++) {
    place[i] = -1;
    for (int k = 0; k < d->batched; k++)
      if (d->batch[side][k] == i) place[i] = k;
    if (place[i] < 0) place[i] = next++;
  }
  for (int at = 0; at < result->rank; at++)
    for (int i = 0; i < type->rank; i++) {
      if (place[i] != at) continue;
      perm[count] = i;
      dims[count++] = at;
    }
  MlirValue moved = mdl_build_transpose(&s->b, d->side[side], perm);
  return mdl_build_broadcast(&s->b, moved, result, count, dims);
}

MlirValue mdl_simplify_dot(MdlSimplify *s, MlirOperation op)
{
  Dot d = dot_of(s->ir, op);
  if (!d.contracted) { /* nothing is summed: a product that can be part of any map */
    const MdlType *result = mdl_type_of(s->ir, mdl_result(op, 0));
    MlirValue a = over_result(s, &d, 0, result), b = over_result(s, &d, 1, result);
    return mdl_build(&s->b, MDL_OP_mul, a, b);
  }
  bool changed = untranspose(s, &d, 0);
  changed |= untranspose(s, &d, 1);
  if (!changed) return MDL_NO_VALUE;
  return mdl_build_dot(&s->b, d.side[0], d.side[1], d.contracted, d.contract[0], d.contract[1],
                       d.batched, d.batch[0], d.batch[1]);
}
