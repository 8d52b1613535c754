#include "passes/trips.h"

#include <string.h>

static const MdlIndexRange unknown = {NULL, NULL};

static bool whole(MdlIr *ir, MlirOperation op, int64_t *value)
{
  double real = 0;
  if (mdl_is_null(op) || mdl_op(ir, op) != MDL_OP_const) return false;
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  return mdl_get_number(&attrs, "value", &real, value);
}

static MdlIndexRange one_size(const MdlSize *size) { return (MdlIndexRange){size, size}; }

/* lo..hi of the loop around, without its end. */
static MdlIndexRange of_counter(MdlIr *ir, MlirValue index)
{
  MlirOperation loop = mdl_block_parent(mdl_value_block(index));
  if (mdl_result_index(index) != 0 || mdl_op(ir, loop) != MDL_OP_for) return unknown;
  MdlIndexRange lo = mdl_index_range(ir, mdl_operand(loop, 0));
  MdlIndexRange hi = mdl_index_range(ir, mdl_operand(loop, 1));
  return (MdlIndexRange){lo.min, mdl_size_sub(ir->sizes, hi.max, mdl_size_const(ir->sizes, 1))};
}

static MdlIndexRange times(MdlIr *ir, MdlIndexRange a, MdlIndexRange b)
{
  int64_t k = 0;
  if (!a.min || a.min != a.max || !mdl_size_is_const(a.min, &k) || k < 0) return unknown;
  return (MdlIndexRange){mdl_size_mul(ir->sizes, a.min, b.min),
                         mdl_size_mul(ir->sizes, a.min, b.max)};
}

static MdlIndexRange of_op(MdlIr *ir, MlirOperation op)
{
  MdlSizes *sizes = ir->sizes;
  MdlIndexRange a = unknown, b = unknown;
  if (mdl_operand_count(op) > 0) a = mdl_index_range(ir, mdl_operand(op, 0));
  if (mdl_operand_count(op) > 1) b = mdl_index_range(ir, mdl_operand(op, 1));
  switch ((int)mdl_op(ir, op)) {
  case MDL_OP_convert:
  case MDL_OP_reshape:
    return a;
  case MDL_OP_add:
    return (MdlIndexRange){mdl_size_add(sizes, a.min, b.min), mdl_size_add(sizes, a.max, b.max)};
  case MDL_OP_sub:
    return (MdlIndexRange){mdl_size_sub(sizes, a.min, b.max), mdl_size_sub(sizes, a.max, b.min)};
  case MDL_OP_mul: {
    MdlIndexRange left = times(ir, a, b);
    return left.min ? left : times(ir, b, a);
  }
  default:
    return unknown;
  }
}

MdlIndexRange mdl_index_range(MdlIr *ir, MlirValue index)
{
  int64_t is = 0;
  MlirOperation op = mdl_def(index);
  MdlDtype dtype = mdl_type_of(ir, index)->dtype;
  if (dtype != MDL_index && dtype != MDL_i64) return unknown; /* narrower ones wrap */
  if (mdl_is_null(op)) return of_counter(ir, index);
  if (whole(ir, op, &is)) return one_size(mdl_size_const(ir->sizes, is));
  if (mdl_op(ir, op) != MDL_OP_size) return of_op(ir, op);
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  return one_size(mdl_get_size(&attrs, "of"));
}

bool mdl_is_zero_index(MdlIr *ir, MlirValue value)
{
  int64_t is = 0;
  return whole(ir, mdl_def(value), &is) && is == 0;
}

bool mdl_is_below_zero(MdlIr *ir, MlirValue value)
{
  MdlIndexRange range = mdl_index_range(ir, value);
  return !range.min || !mdl_size_dominates(ir->sizes, range.min, mdl_size_const(ir->sizes, 0));
}

bool mdl_is_within(MdlIr *ir, MlirValue index, const MdlSize *extent)
{
  MdlIndexRange range = mdl_index_range(ir, index);
  const MdlSize *last = mdl_size_sub(ir->sizes, extent, mdl_size_const(ir->sizes, 1));
  return range.max && last && !mdl_is_below_zero(ir, index) &&
         mdl_size_dominates(ir->sizes, last, range.max);
}

/* ---- loops ------------------------------------------------------------------------------- */

const MdlSize *mdl_limit_of(MdlIr *ir, MlirOperation loop)
{
  return mdl_op_size(ir, loop, "mdl.limit");
}

static bool is_size(MdlIr *ir, MlirValue index)
{
  MdlIndexRange range = mdl_index_range(ir, index);
  return range.min && range.min == range.max;
}

bool mdl_has_size_bounds(MdlIr *ir, MlirOperation loop)
{
  return is_size(ir, mdl_operand(loop, 0)) && is_size(ir, mdl_operand(loop, 1));
}

const MdlSize *mdl_most_trips(MdlIr *ir, MlirOperation loop)
{
  const MdlSize *limit = mdl_limit_of(ir, loop);
  if (limit) return limit;
  MlirValue lo = mdl_operand(loop, 0);
  const MdlSize *most = mdl_index_range(ir, mdl_operand(loop, 1)).max;
  if (!most || !mdl_is_below_zero(ir, lo)) return most;
  return mdl_size_sub(ir->sizes, most, mdl_index_range(ir, lo).min);
}
