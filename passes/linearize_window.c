/* Forward rules of windows. */
#include "passes/linearize_rules.h"

#define TYPE(value) mdl_type_of(f->ir, value)

/* a with what lies outside of it, 0, where windows reach beyond. */
static MlirValue padded(MdlForward *f, MlirValue a, const MdlSize *const *lo,
                        const MdlSize *const *hi)
{
  MdlAttrs attrs = mdl_attrs_none(f->ir);
  const MdlSize *zero = mdl_size_const(f->ir->sizes, 0);
  int64_t inner[MDL_MAX_RANK] = {0};
  int rank = TYPE(a)->rank;
  bool grows = false;
  for (int i = 0; i < rank; i++) grows |= lo[i] != zero || hi[i] != zero;
  if (!grows) return a;
  mdl_put_sizes(&attrs, "lo", rank, lo);
  mdl_put_sizes(&attrs, "hi", rank, hi);
  mdl_put_ints(&attrs, "inner", rank, inner);
  return mdl_jvp_op(f, MDL_OP_pad, 2, (MlirValue[]){a, mdl_jvp_scalar(f, a, 0)}, &attrs);
}

/* The type with its axes from `first` on as one. */
static MdlType flattened(MdlForward *f, const MdlType *type, int first)
{
  MdlType flat = *type;
  flat.rank = first + 1;
  flat.dim[first] = mdl_size_const(f->ir->sizes, 1);
  for (int i = first; i < type->rank; i++)
    flat.dim[first] = mdl_size_mul(f->ir->sizes, flat.dim[first], type->dim[i]);
  return flat;
}

/* i32 as long as every place is known to fit. */
static MdlDtype place_dtype(const MdlType *flat, int first)
{
  int64_t places;
  return mdl_size_is_const(flat->dim[first], &places) && places <= INT32_MAX ? MDL_i32 : MDL_i64;
}

static MlirValue places(MdlForward *f, MlirOperation op, MdlDtype dtype)
{
  MdlAttrs attrs = mdl_attrs_of(f->ir, op);
  bool is_max = mdl_op(f->ir, op) == MDL_OP_window_max;
  MdlType type = mdl_type_with(TYPE(mdl_result(op, 0)), dtype);
  MlirValue a = mdl_operand(op, 0);
  MdlOp kind = is_max ? MDL_OP_window_argmax : MDL_OP_window_argmin;
  return mdl_result(mdl_build_op(&f->b, kind, 1, &a, &attrs, &type), 0);
}

/* The tangent of the element that each window's extreme was taken from: a gather, whose way back
 * adds at that place, of windows of any size. Axes without windows are walked together. */
void mdl_jvp_window_extreme(MdlForward *f, MlirOperation op)
{
  MlirValue y = mdl_result(op, 0);
  MdlAttrs attrs = mdl_attrs_of(f->ir, op), at = mdl_attrs_none(f->ir);
  int64_t size[MDL_MAX_RANK], stride[MDL_MAX_RANK];
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  int rank = mdl_get_ints(&attrs, "size", size), first = 0;
  mdl_get_ints(&attrs, "stride", stride);
  mdl_get_sizes(&attrs, "lo", lo);
  mdl_get_sizes(&attrs, "hi", hi);
  MlirValue t = padded(f, mdl_tangent(f, mdl_operand(op, 0)), lo, hi);
  while (first < rank && size[first] == 1 && stride[first] == 1) first++;
  if (first == rank) {
    mdl_tangent_set(f, y, t);
    return;
  }
  MdlType from = flattened(f, TYPE(t), first), to = flattened(f, TYPE(y), first);
  MlirValue place = places(f, op, place_dtype(&from, first));
  to = mdl_type_with(&to, TYPE(place)->dtype);
  mdl_put_int(&at, "axis", first);
  mdl_put_int(&at, "batch", first);
  MlirValue operand[] = {mdl_build_reshape(&f->b, t, &from),
                         mdl_build_reshape(&f->b, place, &to)};
  t = mdl_jvp_op(f, MDL_OP_gather, 2, operand, &at);
  mdl_tangent_set(f, y, mdl_build_reshape(&f->b, t, TYPE(y)));
}
