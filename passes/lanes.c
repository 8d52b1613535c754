/* Which values of a group can be read as vectors, and along which axis. */
#include "passes/align.h"
#include "passes/group.h"

int mdl_lane_bytes(MdlDtype dtype)
{
  if (dtype == MDL_index || mdl_is_half(dtype)) return 0;
  return mdl_dtypes[dtype].bytes;
}

/* In C a vector's elements are signed: what would read them as unsigned stays scalar. */
static bool row_has_lanes(const MdlGroup *g, MlirOperation op, MdlOp kind)
{
  static const MdlOp never[] = {MDL_OP_shl, MDL_OP_shr, MDL_OP_div, MDL_OP_rem};
  static const MdlOp ordered[] = {MDL_OP_lt,  MDL_OP_le,  MDL_OP_gt,   MDL_OP_ge,     MDL_OP_max,
                                  MDL_OP_min, MDL_OP_abs, MDL_OP_sign, MDL_OP_convert};
  MdlDtype dtype = mdl_type_of(g->ir, mdl_operand(op, kind == MDL_OP_where))->dtype;
  for (size_t i = 0; i < sizeof never / sizeof *never; i++)
    if (never[i] == kind && !mdl_is_float(dtype)) return false;
  for (size_t i = 0; i < sizeof ordered / sizeof *ordered; i++)
    if (ordered[i] == kind && mdl_is_unsigned(dtype)) return false;
  if (kind == MDL_OP_fma && !g->machine->fma) return false;
  return kind != MDL_OP_convert || !mdl_is_unsigned(mdl_type_of(g->ir, mdl_result(op, 0))->dtype);
}

static bool map_has_lanes(const MdlGroup *g, MlirOperation op, MdlOp kind, int axis, int bytes)
{
  if (!row_has_lanes(g, op, kind)) return false;
  for (int i = 0; i < mdl_operand_count(op); i++) {
    const MdlType *type = mdl_type_of(g->ir, mdl_operand(op, i));
    if (type->dtype != MDL_bool && mdl_lane_bytes(type->dtype) != bytes) return false;
    if (!mdl_group_lanes(g, mdl_operand(op, i), axis, bytes)) return false;
  }
  return true;
}

static bool is_untouched(const MdlGroup *g, MlirOperation op, int axis)
{
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK], *zero = mdl_size_const(g->ir->sizes, 0);
  int64_t inner[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(g->ir, op);
  mdl_get_sizes(&attrs, "lo", lo);
  mdl_get_sizes(&attrs, "hi", hi);
  mdl_get_ints(&attrs, "inner", inner);
  return lo[axis] == zero && hi[axis] == zero && !inner[axis];
}

static bool broadcast_has_lanes(const MdlGroup *g, MlirOperation op, int axis, int bytes)
{
  MlirValue from = mdl_operand(op, 0);
  const MdlType *a = mdl_type_of(g->ir, from), *to = mdl_type_of(g->ir, mdl_result(op, 0));
  int64_t dims[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(g->ir, op);
  int count = mdl_get_ints(&attrs, "dims", dims);
  for (int i = 0; i < count; i++)
    if (dims[i] == axis && a->dim[i] == to->dim[axis]) return mdl_group_lanes(g, from, i, bytes);
  return true; /* one element for all lanes */
}

static bool reshape_has_lanes(const MdlGroup *g, MlirOperation op, int axis, int bytes)
{
  MlirValue from = mdl_operand(op, 0);
  const MdlType *a = mdl_type_of(g->ir, from), *to = mdl_type_of(g->ir, mdl_result(op, 0));
  if (axis != to->rank - 1 || !a->rank || a->dim[a->rank - 1] != to->dim[axis]) return false;
  return mdl_group_lanes(g, from, a->rank - 1, bytes);
}

static bool move_has_lanes(const MdlGroup *g, MlirOperation op, MdlOp kind, int axis, int bytes)
{
  MdlAttrs attrs = mdl_attrs_of(g->ir, op);
  MlirValue a = mdl_operand(op, 0);
  int64_t list[MDL_MAX_RANK];
  int count;
  switch (kind) {
  case MDL_OP_broadcast:
    return broadcast_has_lanes(g, op, axis, bytes);
  case MDL_OP_reshape:
    return reshape_has_lanes(g, op, axis, bytes);
  case MDL_OP_transpose:
    mdl_get_ints(&attrs, "perm", list);
    return mdl_group_lanes(g, a, (int)list[axis], bytes);
  case MDL_OP_slice:
    mdl_get_ints(&attrs, "step", list);
    return list[axis] == 1 && mdl_group_lanes(g, a, axis, bytes);
  case MDL_OP_dynamic_slice:
    return mdl_group_lanes(g, a, axis, bytes);
  case MDL_OP_reverse:
    count = mdl_get_ints(&attrs, "axes", list);
    for (int i = 0; i < count; i++)
      if (list[i] == axis) return false;
    return mdl_group_lanes(g, a, axis, bytes);
  case MDL_OP_pad:
    return is_untouched(g, op, axis) && mdl_group_lanes(g, a, axis, bytes);
  case MDL_OP_concat:
    return mdl_get_int(&attrs, "axis") != axis && mdl_group_lanes(g, a, axis, bytes) &&
           mdl_group_lanes(g, mdl_operand(op, 1), axis, bytes);
  case MDL_OP_dynamic_update:
    return mdl_get_int(&attrs, "axis") != axis && mdl_group_lanes(g, a, axis, bytes) &&
           mdl_group_lanes(g, mdl_operand(op, 2), axis, bytes);
  default:
    return false;
  }
}

/* Lanes behind the gathered axis run along a's own. */
static bool gather_has_lanes(const MdlGroup *g, MlirOperation op, int axis, int bytes)
{
  MdlAttrs attrs = mdl_attrs_of(g->ir, op);
  int at = (int)mdl_get_int(&attrs, "axis"), batch = (int)mdl_get_int(&attrs, "batch");
  int indices = mdl_type_of(g->ir, mdl_operand(op, 1))->rank - batch;
  if (axis < at + indices) return false;
  return mdl_group_lanes(g, mdl_operand(op, 0), axis - indices + 1, bytes);
}

static bool onehot_has_lanes(const MdlGroup *g, MlirOperation op, int axis, int bytes)
{
  int at = (int)mdl_op_int(op, "axis", 0);
  if (!mdl_is_onehot(g->ir, op) || !mdl_group_lanes(g, mdl_operand(op, 0), axis, bytes)) return false;
  if (mdl_op(g->ir, op) == MDL_OP_scatter_max || mdl_op(g->ir, op) == MDL_OP_scatter_min)
    if (mdl_is_unsigned(mdl_type_of(g->ir, mdl_result(op, 0))->dtype)) return false;
  return axis == at || mdl_group_lanes(g, mdl_operand(op, 2), axis - (axis > at), bytes);
}

bool mdl_group_lanes(const MdlGroup *g, MlirValue tensor, int axis, int bytes)
{
  const MdlType *type = mdl_type_of(g->ir, tensor);
  MlirOperation op = mdl_def(tensor);
  if (!type->rank) return type->dtype == MDL_bool || mdl_lane_bytes(type->dtype) == bytes;
  if (type->dtype != MDL_bool && mdl_lane_bytes(type->dtype) != bytes) return false;
  bool in_memory = mdl_is_null(op) || (g->stored && mdl_map_has(g->stored, tensor.ptr));
  if (in_memory) return axis == type->rank - 1 && mdl_lane_bytes(type->dtype) == bytes;
  if (mdl_same_op(op, g->seed)) return true;
  MdlOp kind = mdl_op(g->ir, op);
  if (kind == MDL_OP_table)
    return axis == type->rank - 1 && mdl_lane_bytes(type->dtype) == bytes;
  switch (mdl_op_info(kind)->class) {
  case MDL_CLASS_map:
    return map_has_lanes(g, op, kind, axis, bytes);
  case MDL_CLASS_leaf:
    return kind == MDL_OP_const || kind == MDL_OP_size ||
           (kind == MDL_OP_iota && mdl_op_int(op, "axis", -1) != axis);
  case MDL_CLASS_move:
    return move_has_lanes(g, op, kind, axis, bytes);
  case MDL_CLASS_gather:
    return gather_has_lanes(g, op, axis, bytes);
  case MDL_CLASS_scatter:
    return onehot_has_lanes(g, op, axis, bytes);
  default:
    return false;
  }
}

bool mdl_group_lanes_out(const MdlGroup *g, int axis, int bytes)
{
  MlirOperation end = mdl_terminator(mdl_body(g->func, 0));
  for (int i = 0; i < mdl_operand_count(end); i++) {
    const MdlType *type = mdl_type_of(g->ir, mdl_operand(end, i));
    if (axis != type->rank - 1 || mdl_lane_bytes(type->dtype) != bytes) return false;
    if (!mdl_group_lanes(g, mdl_operand(end, i), axis, bytes)) return false;
  }
  return true;
}
