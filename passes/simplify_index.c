/* Windows and gathers whose place is known. */
#include "passes/simplify.h"

#include <string.h>

/* An index that is a number or a size, as a size. */
static const MdlSize *known_index(MdlSimplify *s, MlirValue value)
{
  double real;
  int64_t number;
  if (mdl_type_of(s->ir, value)->rank) return NULL;
  if (mdl_is_splat(s->ir, value, &real, &number)) return mdl_size_const(s->ir->sizes, number);
  if (mdl_def_op(s->ir, value) != MDL_OP_size) return NULL;
  MdlAttrs attrs = mdl_attrs_of(s->ir, mdl_def(value));
  return mdl_get_size(&attrs, "of");
}

/* The window's first place, if it is known to need no moving. */
static const MdlSize *known_start(MdlSimplify *s, MlirValue value, const MdlSize *whole,
                                  const MdlSize *length)
{
  MdlSizes *sizes = s->ir->sizes;
  const MdlSize *start = known_index(s, value);
  const MdlSize *last = mdl_size_sub(sizes, whole, length);
  if (!start || !last || !mdl_size_dominates(sizes, start, mdl_size_const(sizes, 0))) return NULL;
  return mdl_size_dominates(sizes, last, start) ? start : NULL;
}

static MlirValue slice_axis(MdlSimplify *s, MlirValue a, int axis, const MdlSize *start,
                            const MdlSize *length)
{
  const MdlType *type = mdl_type_of(s->ir, a);
  const MdlSize *from[MDL_MAX_RANK], *to[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  for (int i = 0; i < type->rank; i++) {
    from[i] = i == axis ? start : mdl_size_const(s->ir->sizes, 0);
    to[i] = i == axis ? mdl_size_add(s->ir->sizes, start, length) : type->dim[i];
    step[i] = 1;
  }
  return to[axis] ? mdl_build_slice(&s->b, a, from, to, step) : MDL_NO_VALUE;
}

static int axis_of(MdlSimplify *s, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(s->ir, op);
  return (int)mdl_get_int(&attrs, "axis");
}

MlirValue mdl_simplify_dynamic_slice(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0), at = mdl_operand(op, 1);
  const MdlType *type = mdl_type_of(s->ir, a), *window = mdl_type_of(s->ir, mdl_result(op, 0));
  if (mdl_type_equal(type, window)) return a;
  int axis = axis_of(s, op);
  MlirOperation update = mdl_def_of_kind(s->ir, a, MDL_OP_dynamic_update);
  if (!mdl_is_null(update) && axis_of(s, update) == axis && mdl_same(mdl_operand(update, 1), at) &&
      mdl_type_equal(mdl_type_of(s->ir, mdl_operand(update, 2)), window))
    return mdl_operand(update, 2);
  const MdlSize *start = known_start(s, at, type->dim[axis], window->dim[axis]);
  return start ? slice_axis(s, a, axis, start, window->dim[axis]) : MDL_NO_VALUE;
}

MlirValue mdl_simplify_dynamic_update(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0), at = mdl_operand(op, 1), c = mdl_operand(op, 2);
  if (mdl_type_equal(mdl_type_of(s->ir, a), mdl_type_of(s->ir, c))) return c;
  MlirOperation before = mdl_def_of_kind(s->ir, a, MDL_OP_dynamic_update);
  if (mdl_is_null(before) || axis_of(s, before) != axis_of(s, op) ||
      !mdl_same(mdl_operand(before, 1), at) ||
      !mdl_type_equal(mdl_type_of(s->ir, mdl_operand(before, 2)), mdl_type_of(s->ir, c)))
    return MDL_NO_VALUE;
  MdlAttrs attrs = mdl_attrs_of(s->ir, op);
  MlirValue operand[] = {mdl_operand(before, 0), at, c};
  return mdl_result(mdl_build_op(&s->b, MDL_OP_dynamic_update, 3, operand, &attrs, NULL), 0);
}

/* One place along the axis: a slice without the axis. */
MlirValue mdl_simplify_gather(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  int axis = axis_of(s, op);
  const MdlSize *one = mdl_size_const(s->ir->sizes, 1);
  const MdlType *type = mdl_type_of(s->ir, a);
  const MdlSize *start = known_start(s, mdl_operand(op, 1), type->dim[axis], one);
  if (!start) return mdl_simplify_indices(s, op);
  MlirValue slice = slice_axis(s, a, axis, start, one);
  if (mdl_is_no_value(slice)) return slice;
  return mdl_build_reshape(&s->b, slice, mdl_type_of(s->ir, mdl_result(op, 0)));
}
