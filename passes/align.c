#include "passes/align.h"

#include <math.h>

static int least(int a, int b) { return a < b ? a : b; }

bool mdl_same_leading(const MdlType *a, const MdlType *b, int count)
{
  if (a->rank < count || b->rank < count) return false;
  for (int i = 0; i < count; i++)
    if (a->dim[i] != b->dim[i]) return false;
  return true;
}

bool mdl_is_per_row(const MdlType *type, int rows)
{
  int64_t extent;
  if (type->rank < rows) return false;
  for (int i = rows; i < type->rank; i++)
    if (!mdl_size_is_const(type->dim[i], &extent) || extent != 1) return false;
  return true;
}

bool mdl_pads_zeros(MdlIr *ir, MlirOperation pad)
{
  double real;
  int64_t integer;
  MlirValue with = mdl_operand(pad, 1);
  if (mdl_def_op(ir, with) != MDL_OP_const) return false;
  MdlAttrs attrs = mdl_attrs_of(ir, mdl_def(with));
  return mdl_get_number(&attrs, "value", &real, &integer) && real == 0 && !integer &&
         !signbit(real);
}

bool mdl_is_reduction(MdlOp op)
{
  return op == MDL_OP_reduce_sum || op == MDL_OP_reduce_prod || op == MDL_OP_reduce_max ||
         op == MDL_OP_reduce_min || op == MDL_OP_reduce_any || op == MDL_OP_reduce_all;
}

bool mdl_is_scatter(MdlOp op)
{
  return op < MDL_OP_COUNT && mdl_op_info(op)->class == MDL_CLASS_scatter;
}

bool mdl_is_onehot(MdlIr *ir, MlirOperation op)
{
  MdlOp kind = mdl_op(ir, op);
  if (kind >= MDL_OP_COUNT || mdl_op_info(kind)->class != MDL_CLASS_scatter) return false;
  /* x[i] = v alone is not: it writes one place, the map would write them all */
  int64_t batch = mdl_op_int(op, "batch", 0);
  return batch && mdl_type_of(ir, mdl_operand(op, 1))->rank == batch;
}

int mdl_reduction_kept(MdlIr *ir, MlirOperation op)
{
  int64_t axes[MDL_MAX_RANK];
  int count = mdl_op_ints(op, "axes", axes, MDL_MAX_RANK);
  int kept = mdl_type_of(ir, mdl_operand(op, 0))->rank - count;
  for (int i = 0; i < count; i++)
    if (axes[i] < kept) return -1;
  return kept;
}

/* ---- ops that move elements -------------------------------------------------------------- */

static int through_broadcast(const MdlType *from, const MdlType *to, const int64_t *dims)
{
  int i = 0;
  while (i < from->rank && dims[i] == i && from->dim[i] == to->dim[i]) i++;
  return i;
}

/* Axes that stand alone on both sides, from the front. */
static int through_reshape(const MdlType *from, const MdlType *to)
{
  int i = 0;
  while (i < from->rank && i < to->rank && from->dim[i] == to->dim[i]) i++;
  return i;
}

static int through_transpose(int rank, const int64_t *perm)
{
  int i = 0;
  while (i < rank && perm[i] == i) i++;
  return i;
}

/* Slices, pads: the axes before the first that is cut or grown. */
static int through_window(const MdlType *from, const MdlType *to)
{
  int i = 0;
  while (i < from->rank && from->dim[i] == to->dim[i]) i++;
  return i;
}

/* The smallest axis of a list. */
static int first_axis(int rank, int count, const int64_t *axes)
{
  int first = rank;
  for (int i = 0; i < count; i++) first = least(first, (int)axes[i]);
  return first;
}

static int through_slice(MdlIr *ir, const MdlAttrs *attrs, const MdlType *from, const MdlType *to)
{
  const MdlSize *start[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  int i = 0, whole = through_window(from, to);
  mdl_get_sizes(attrs, "start", start);
  mdl_get_ints(attrs, "step", step);
  while (i < whole && step[i] == 1 && start[i] == mdl_size_const(ir->sizes, 0)) i++;
  return i;
}

/* A pad of one axis that drops as much as it adds keeps its extent: look at lo as well. */
static int through_pad(MdlIr *ir, const MdlAttrs *attrs, const MdlType *from, const MdlType *to)
{
  const MdlSize *lo[MDL_MAX_RANK];
  int64_t inner[MDL_MAX_RANK];
  int i = 0, whole = through_window(from, to);
  mdl_get_sizes(attrs, "lo", lo);
  mdl_get_ints(attrs, "inner", inner);
  while (i < whole && lo[i] == mdl_size_const(ir->sizes, 0) && !inner[i]) i++;
  return i;
}

static int through_move(MdlIr *ir, MlirOperation op, MdlOp kind, int operand, int leading)
{
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  int64_t list[MDL_MAX_RANK];
  const MdlType *from = mdl_type_of(ir, mdl_operand(op, operand));
  const MdlType *to = mdl_type_of(ir, mdl_result(op, 0));
  switch (kind) {
  case MDL_OP_broadcast:
    mdl_get_ints(&attrs, "dims", list);
    return least(leading, through_broadcast(from, to, list));
  case MDL_OP_reshape:
    return least(leading, through_reshape(from, to));
  case MDL_OP_transpose:
    mdl_get_ints(&attrs, "perm", list);
    return least(leading, through_transpose(from->rank, list));
  case MDL_OP_slice:
    return least(leading, through_slice(ir, &attrs, from, to));
  case MDL_OP_reverse:
    return least(leading, first_axis(from->rank, mdl_get_ints(&attrs, "axes", list), list));
  case MDL_OP_pad:
    return operand ? 0 : least(leading, through_pad(ir, &attrs, from, to));
  case MDL_OP_concat:
    return least(leading, (int)mdl_get_int(&attrs, "axis"));
  case MDL_OP_dynamic_slice:
    return operand ? 0 : least(leading, (int)mdl_get_int(&attrs, "axis"));
  case MDL_OP_dynamic_update:
    return operand == 1 ? 0 : least(leading, (int)mdl_get_int(&attrs, "axis"));
  default:
    return 0;
  }
}

int mdl_leading(MdlIr *ir, MlirOperation op, int operand, int leading)
{
  MdlOp kind = mdl_op(ir, op);
  const MdlOpInfo *row = mdl_op_info(kind);
  const MdlType *from = mdl_type_of(ir, mdl_operand(op, operand));
  if (row->elementwise || row->class == MDL_CLASS_map) return least(leading, from->rank);
  if (row->class == MDL_CLASS_move) return through_move(ir, op, kind, operand, leading);
  if (mdl_is_onehot(ir, op)) {
    int axis = (int)mdl_op_int(op, "axis", 0), batch = (int)mdl_op_int(op, "batch", 0);
    return least(leading, operand == 1 ? batch : operand == 2 ? axis : from->rank);
  }
  if (row->class == MDL_CLASS_gather) {
    int axis = (int)mdl_op_int(op, "axis", 0), batch = (int)mdl_op_int(op, "batch", 0);
    return least(leading, operand ? batch : axis);
  }
  return 0;
}
