/* Slices, pads, concatenations, reversals. */
#include "passes/simplify.h"

#include <string.h>

typedef struct Slice {
  int rank;
  const MdlSize *start[MDL_MAX_RANK], *limit[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
} Slice;

static Slice slice_of(MdlIr *ir, MlirOperation op)
{
  Slice slice;
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  slice.rank = mdl_get_sizes(&attrs, "start", slice.start);
  mdl_get_sizes(&attrs, "limit", slice.limit);
  mdl_get_ints(&attrs, "step", slice.step);
  return slice;
}

static MlirValue build_slice(MdlSimplify *s, MlirValue a, const Slice *slice)
{
  return mdl_build_slice(&s->b, a, slice->start, slice->limit, slice->step);
}

static const MdlSize *number(MdlSimplify *s, int64_t n) { return mdl_size_const(s->ir->sizes, n); }

static bool is_whole(MdlSimplify *s, const Slice *slice, int axis, const MdlSize *dim)
{
  return slice->start[axis] == number(s, 0) && slice->limit[axis] == dim && slice->step[axis] == 1;
}

/* A slice of an unstepped slice starts further on. */
static MlirValue slice_of_slice(MdlSimplify *s, const Slice *outer, MlirOperation of)
{
  Slice inner = slice_of(s->ir, of), joined = *outer;
  for (int i = 0; i < inner.rank; i++) {
    if (inner.step[i] != 1) return MDL_NO_VALUE;
    joined.start[i] = mdl_size_add(s->ir->sizes, inner.start[i], outer->start[i]);
    joined.limit[i] = mdl_size_add(s->ir->sizes, inner.start[i], outer->limit[i]);
    if (!joined.start[i] || !joined.limit[i]) return MDL_NO_VALUE;
  }
  return build_slice(s, mdl_operand(of, 0), &joined);
}

/* Only what is not stretched is sliced, then broadcast to the smaller result. */
static MlirValue slice_of_broadcast(MdlSimplify *s, MlirOperation op, const Slice *slice,
                                    MlirOperation of)
{
  MlirValue a = mdl_operand(of, 0);
  const MdlType *small = mdl_type_of(s->ir, a), *big = mdl_type_of(s->ir, mdl_result(of, 0));
  int64_t dims[MDL_MAX_RANK];
  mdl_axes_of(s->ir, of, "dims", dims);
  Slice part = {.rank = small->rank};
  for (int i = 0; i < small->rank; i++) {
    bool stretched = small->dim[i] != big->dim[dims[i]];
    part.start[i] = stretched ? number(s, 0) : slice->start[dims[i]];
    part.limit[i] = stretched ? small->dim[i] : slice->limit[dims[i]];
    part.step[i] = stretched ? 1 : slice->step[dims[i]];
  }
  if (small->rank) a = build_slice(s, a, &part);
  return mdl_build_broadcast(&s->b, a, mdl_type_of(s->ir, mdl_result(op, 0)), small->rank, dims);
}

/* Where all of it lies in one of the two. */
static MlirValue slice_of_concat(MdlSimplify *s, const Slice *slice, MlirOperation of)
{
  MdlAttrs attrs = mdl_attrs_of(s->ir, of);
  int axis = (int)mdl_get_int(&attrs, "axis");
  const MdlSize *first = mdl_type_of(s->ir, mdl_operand(of, 0))->dim[axis];
  if (mdl_size_dominates(s->ir->sizes, first, slice->limit[axis]))
    return build_slice(s, mdl_operand(of, 0), slice);
  if (!mdl_size_dominates(s->ir->sizes, slice->start[axis], first)) return MDL_NO_VALUE;
  Slice rest = *slice;
  rest.start[axis] = mdl_size_sub(s->ir->sizes, slice->start[axis], first);
  rest.limit[axis] = mdl_size_sub(s->ir->sizes, slice->limit[axis], first);
  if (!rest.start[axis] || !rest.limit[axis]) return MDL_NO_VALUE;
  return build_slice(s, mdl_operand(of, 1), &rest);
}

typedef struct Pad {
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  int64_t inner[MDL_MAX_RANK];
} Pad;

static Pad pad_of(MdlIr *ir, MlirOperation op)
{
  Pad pad;
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  mdl_get_sizes(&attrs, "lo", pad.lo);
  mdl_get_sizes(&attrs, "hi", pad.hi);
  mdl_get_ints(&attrs, "inner", pad.inner);
  return pad;
}

/* Exactly what was padded. */
static MlirValue slice_of_pad(MdlSimplify *s, const Slice *slice, MlirOperation of)
{
  Pad pad = pad_of(s->ir, of);
  const MdlType *type = mdl_type_of(s->ir, mdl_result(of, 0));
  for (int i = 0; i < slice->rank; i++) {
    const MdlSize *end = mdl_size_sub(s->ir->sizes, type->dim[i], pad.hi[i]);
    bool cuts = !mdl_size_dominates(s->ir->sizes, pad.lo[i], number(s, 0)) ||
                !mdl_size_dominates(s->ir->sizes, pad.hi[i], number(s, 0));
    if (cuts || slice->start[i] != pad.lo[i] || slice->limit[i] != end ||
        slice->step[i] != pad.inner[i] + 1)
      return MDL_NO_VALUE;
  }
  return mdl_operand(of, 0);
}

MlirValue mdl_simplify_slice(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  Slice slice = slice_of(s->ir, op);
  bool whole = true;
  for (int i = 0; i < slice.rank; i++)
    whole &= is_whole(s, &slice, i, mdl_type_of(s->ir, a)->dim[i]);
  if (whole) return a;
  switch ((int)mdl_def_op(s->ir, a)) {
  case MDL_OP_slice:
    return slice_of_slice(s, &slice, mdl_def(a));
  case MDL_OP_broadcast:
    return slice_of_broadcast(s, op, &slice, mdl_def(a));
  case MDL_OP_concat:
    return slice_of_concat(s, &slice, mdl_def(a));
  case MDL_OP_pad: {
    MlirValue inside = slice_of_pad(s, &slice, mdl_def(a));
    bool fits = !mdl_is_no_value(inside) &&
                mdl_type_equal(mdl_type_of(s->ir, inside), mdl_type_of(s->ir, mdl_result(op, 0)));
    return fits ? inside : MDL_NO_VALUE;
  }
  default:
    return MDL_NO_VALUE;
  }
}

MlirValue mdl_simplify_pad(MdlSimplify *s, MlirOperation op)
{
  Pad pad = pad_of(s->ir, op);
  MlirValue a = mdl_operand(op, 0);
  for (int i = 0; i < mdl_type_of(s->ir, a)->rank; i++)
    if (pad.lo[i] != number(s, 0) || pad.hi[i] != number(s, 0) || pad.inner[i]) return MDL_NO_VALUE;
  return a;
}

/* Both ends of one value put together again. */
static MlirValue rejoined(MdlSimplify *s, MlirValue a, MlirValue b, int axis)
{
  MlirOperation x = mdl_def_of_kind(s->ir, a, MDL_OP_slice);
  MlirOperation y = mdl_def_of_kind(s->ir, b, MDL_OP_slice);
  if (mdl_is_null(x) || mdl_is_null(y) || !mdl_same(mdl_operand(x, 0), mdl_operand(y, 0)))
    return MDL_NO_VALUE;
  Slice first = slice_of(s->ir, x), second = slice_of(s->ir, y);
  for (int i = 0; i < first.rank; i++) {
    if (first.step[i] != 1 || second.step[i] != 1) return MDL_NO_VALUE;
    bool joins = i == axis ? first.limit[i] == second.start[i]
                           : first.start[i] == second.start[i] && first.limit[i] == second.limit[i];
    if (!joins) return MDL_NO_VALUE;
  }
  first.limit[axis] = second.limit[axis];
  return build_slice(s, mdl_operand(x, 0), &first);
}

MlirValue mdl_simplify_concat(MdlSimplify *s, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(s->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis");
  MlirValue a = mdl_operand(op, 0), b = mdl_operand(op, 1);
  if (mdl_dim_is(mdl_type_of(s->ir, b), axis, 0)) return a;
  if (mdl_dim_is(mdl_type_of(s->ir, a), axis, 0)) return b;
  return rejoined(s, a, b, axis);
}

MlirValue mdl_simplify_reverse(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  int64_t axes[MDL_MAX_RANK], inner[MDL_MAX_RANK];
  int count = mdl_axes_of(s->ir, op, "axes", axes);
  if (!count) return a;
  MlirOperation of = mdl_def_of_kind(s->ir, a, MDL_OP_reverse);
  if (mdl_is_null(of) || mdl_axes_of(s->ir, of, "axes", inner) != count ||
      memcmp(axes, inner, (size_t)count * sizeof *axes))
    return MDL_NO_VALUE;
  return mdl_operand(of, 0);
}
