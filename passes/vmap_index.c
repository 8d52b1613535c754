/* vmap of pads, windows, gathers and scatters. */
#include "passes/vmap_rules.h"

/* Past the lanes, a value of padding for each: zeros around, then the value where they are. */
void mdl_vmap_pad(MdlVmap *v, MlirOperation op)
{
  MlirValue a = mdl_vmap_lanes(v, mdl_operand(op, 0));
  MlirValue value = mdl_vmap_value(v, mdl_operand(op, 1));
  MdlAttrs attrs = mdl_vmap_attrs(v, op);
  if (!mdl_is_mapped(v, mdl_operand(op, 1))) {
    mdl_vmap_build(v, op, (MlirValue[]){a, value}, &attrs);
    return;
  }
  const MdlType *type = mdl_type_of(v->ir, a);
  MdlType zero = mdl_type_scalar(type->dtype), no = mdl_type_scalar(MDL_bool);
  MdlType ones = mdl_type_with(type, MDL_bool);
  MlirValue padded[] = {a, mdl_build_const(&v->b, &zero, 0)};
  MlirValue inside[] = {mdl_build_const_int(&v->b, &ones, 1), mdl_build_const_int(&v->b, &no, 0)};
  MlirValue y = mdl_result(mdl_build_op(&v->b, MDL_OP_pad, 2, padded, &attrs, NULL), 0);
  MlirValue is_in = mdl_result(mdl_build_op(&v->b, MDL_OP_pad, 2, inside, &attrs, NULL), 0);
  MlirValue around = mdl_vmap_spread(v, value, y);
  mdl_vmap_set(v, mdl_result(op, 0), mdl_build(&v->b, MDL_OP_where, is_in, y, around));
}

static int axis_of(MdlVmap *v, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(v->ir, op);
  return (int)mdl_get_int(&attrs, "axis");
}

static int batch_of(MdlVmap *v, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(v->ir, op);
  return (int)mdl_get_int(&attrs, "batch");
}

static MdlAttrs places(MdlVmap *v, int axis, int batch)
{
  MdlAttrs attrs = mdl_attrs_none(v->ir);
  mdl_put_int(&attrs, "axis", axis);
  mdl_put_int(&attrs, "batch", batch);
  return attrs;
}

/* ---- windows ----------------------------------------------------------------------------- */

/* Where each lane's window lies, [lanes, length]: its start, moved to fit, and on. */
static MlirValue window_places(MdlVmap *v, MlirValue start, const MdlSize *whole,
                               const MdlSize *length)
{
  start = mdl_build_wide_index(&v->b, start, whole);
  MdlDtype dtype = mdl_type_of(v->ir, start)->dtype;
  MdlType lanes = {.dtype = dtype, .rank = 1, .dim = {v->size}};
  MdlType all = {.dtype = dtype, .rank = 2, .dim = {v->size, length}};
  const MdlSize *last = mdl_size_sub(v->ir->sizes, whole, length);
  MlirValue end = mdl_build_splat(&v->b, mdl_build_size(&v->b, last, dtype), &lanes);
  start = mdl_build(&v->b, MDL_OP_max, start, mdl_build_const_int(&v->b, &lanes, 0));
  start = mdl_build(&v->b, MDL_OP_min, start, end);
  start = mdl_build_broadcast(&v->b, start, &all, 1, (int64_t[]){0});
  return mdl_build(&v->b, MDL_OP_add, start, mdl_build_iota(&v->b, &all, 1));
}

void mdl_vmap_dynamic_slice(MdlVmap *v, MlirOperation op)
{
  MlirValue a = mdl_vmap_value(v, mdl_operand(op, 0)), at = mdl_vmap_value(v, mdl_operand(op, 1));
  bool has_lanes = mdl_is_mapped(v, mdl_operand(op, 0));
  if (!mdl_is_mapped(v, mdl_operand(op, 1))) {
    MdlAttrs attrs = mdl_vmap_attrs(v, op);
    mdl_vmap_build(v, op, (MlirValue[]){a, at}, &attrs);
    return;
  }
  int axis = axis_of(v, op);
  const MdlSize *whole = mdl_type_of(v->ir, mdl_operand(op, 0))->dim[axis];
  const MdlSize *length = mdl_type_of(v->ir, mdl_result(op, 0))->dim[axis];
  MlirValue operand[] = {a, window_places(v, at, whole, length)};
  MdlAttrs attrs = places(v, axis + has_lanes, has_lanes);
  MlirValue y = mdl_result(mdl_build_op(&v->b, MDL_OP_gather, 2, operand, &attrs, NULL), 0);
  mdl_vmap_set(v, mdl_result(op, 0), has_lanes ? y : mdl_vmap_to_front(v, y, axis));
}

void mdl_vmap_dynamic_update(MdlVmap *v, MlirOperation op)
{
  MlirValue at = mdl_vmap_value(v, mdl_operand(op, 1));
  MlirValue operand[] = {mdl_vmap_lanes(v, mdl_operand(op, 0)), at,
                         mdl_vmap_lanes(v, mdl_operand(op, 2))};
  if (!mdl_is_mapped(v, mdl_operand(op, 1))) {
    MdlAttrs attrs = mdl_vmap_attrs(v, op);
    mdl_vmap_build(v, op, operand, &attrs);
    return;
  }
  int axis = axis_of(v, op);
  const MdlSize *whole = mdl_type_of(v->ir, mdl_operand(op, 0))->dim[axis];
  const MdlSize *length = mdl_type_of(v->ir, mdl_operand(op, 2))->dim[axis];
  operand[1] = window_places(v, at, whole, length);
  MdlAttrs attrs = places(v, axis + 1, 1);
  MlirOperation now = mdl_build_op(&v->b, MDL_OP_scatter, 3, operand, &attrs, NULL);
  mdl_vmap_set(v, mdl_result(op, 0), mdl_result(now, 0));
}

/* ---- gather, scatter --------------------------------------------------------------------- */

/* The lanes of indices moved behind the axes that are walked together with a's. */
static MlirValue lanes_after_batch(MdlVmap *v, MlirValue indices, int batch)
{
  int64_t perm[MDL_MAX_RANK];
  int rank = mdl_type_of(v->ir, indices)->rank;
  for (int i = 0; i < rank; i++) perm[i] = i < batch ? i + 1 : i == batch ? 0 : i;
  return batch ? mdl_build_transpose(&v->b, indices, perm) : indices;
}

void mdl_vmap_gather(MdlVmap *v, MlirOperation op)
{
  bool a_has = mdl_is_mapped(v, mdl_operand(op, 0)), b_has = mdl_is_mapped(v, mdl_operand(op, 1));
  int axis = axis_of(v, op), batch = batch_of(v, op);
  MlirValue operand[] = {mdl_vmap_value(v, mdl_operand(op, 0)),
                         mdl_vmap_value(v, mdl_operand(op, 1))};
  MdlAttrs attrs = places(v, axis + 1, 0);
  if (a_has && (b_has || batch)) {
    operand[1] = mdl_vmap_lanes(v, mdl_operand(op, 1));
    attrs = places(v, axis + 1, batch + 1);
  } else if (!a_has) { /* a is not copied for each lane: the lanes are among the places */
    operand[1] = lanes_after_batch(v, operand[1], batch);
    attrs = places(v, axis, batch);
  }
  MlirValue y = mdl_result(mdl_build_op(&v->b, MDL_OP_gather, 2, operand, &attrs, NULL), 0);
  mdl_vmap_set(v, mdl_result(op, 0), a_has ? y : mdl_vmap_to_front(v, y, axis));
}

void mdl_vmap_scatter(MdlVmap *v, MlirOperation op)
{
  int axis = axis_of(v, op), batch = batch_of(v, op);
  bool b_has = mdl_is_mapped(v, mdl_operand(op, 1)) || batch;
  MlirValue operand[] = {mdl_vmap_lanes(v, mdl_operand(op, 0)),
                         b_has ? mdl_vmap_lanes(v, mdl_operand(op, 1))
                               : mdl_vmap_value(v, mdl_operand(op, 1)),
                         mdl_vmap_lanes(v, mdl_operand(op, 2))};
  MdlAttrs attrs = places(v, axis + 1, b_has ? batch + 1 : 0);
  mdl_vmap_build(v, op, operand, &attrs);
}
