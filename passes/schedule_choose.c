/* Schedules of maps, reductions and windows: vectors where memory allows them. */
#include "passes/schedule.h"

#include "passes/nest.h"
#include "passes/phases.h"

int mdl_schedule_width(const MdlMachine *machine, MdlDtype dtype)
{
  int bytes = mdl_lane_bytes(dtype);
  return bytes < 4 || !machine->vector_bytes ? 1 : machine->vector_bytes / bytes;
}

enum { FREE = 256 /* what a size known at run time counts as */ };

int64_t mdl_schedule_guess(const MdlSize *size)
{
  int64_t value;
  return size && mdl_size_guess(size, FREE, &value) && value > 0 ? value : 1;
}

MdlSchedule mdl_schedule_choose_map(const MdlGroup *g)
{
  MdlSchedule s = mdl_schedule_plain();
  MlirOperation end = mdl_terminator(mdl_body(g->func, 0));
  const MdlType *type = mdl_type_of(g->ir, mdl_operand(end, 0));
  int width = mdl_schedule_width(g->machine, type->dtype), last = type->rank - 1;
  if (width == 1 || !type->rank) return s;
  if (!mdl_group_lanes_out(g, last, mdl_lane_bytes(type->dtype))) return s;
  s.lanes = g->flat ? 0 : last;
  s.width = width;
  return s;
}

enum { WAYS = 4 /* covers the latency of an addition on two ports */ };

int mdl_schedule_ways(const MdlSize *extent, int width)
{
  int64_t known;
  int ways = WAYS;
  if (mdl_size_is_const(extent, &known))
    while (ways > 1 && known < ways * width) ways /= 2;
  return ways;
}

enum { COLUMNS = 8, FEW_OPS = 8 };

/* Vectors side by side along a kept axis: chains that hide each other's latency, and longer pieces
 * of each row; fewer where each is a lot of code. */
static int columns_of(const MdlGroup *g, const MdlSize *extent, int width)
{
  MlirOperation *op;
  int64_t known;
  int ways = mdl_list(g->ir, mdl_body(g->func, 0), &op) <= FEW_OPS ? COLUMNS : 2;
  if (mdl_size_is_const(extent, &known))
    while (ways > 1 && known < ways * width) ways /= 2;
  return ways;
}

/* Along the last axis of the operand, whether it is kept or reduced. */
MdlSchedule mdl_schedule_choose_reduce(const MdlGroup *g)
{
  MdlSchedule s = mdl_schedule_plain();
  MdlAxis axis[MDL_MAX_AXES];
  MlirValue from = mdl_operand(g->seed, 0);
  const MdlType *type = mdl_type_of(g->ir, from);
  int axes = mdl_group_axes(g, axis), last = type->rank - 1, kept = 0;
  int width = mdl_schedule_width(g->machine, type->dtype), bytes = mdl_lane_bytes(type->dtype);
  int64_t known;
  if (width == 1 || !axes || !mdl_group_lanes(g, from, last, bytes)) return s;
  for (int i = 0; i < axes; i++) kept += !axis[i].is_reduced;
  if (!axis[axes - 1].is_reduced && !mdl_group_lanes_out(g, kept - 1, bytes)) return s;
  if (axis[axes - 1].is_reduced) {
    if (mdl_size_is_const(axis[axes - 1].extent, &known) && known < width) return s;
    s.unroll[1] = mdl_schedule_ways(axis[axes - 1].extent, width);
  }
  s.lanes = axes - 1;
  s.width = width;
  if (!axis[axes - 1].is_reduced) s.unroll[1] = columns_of(g, axis[axes - 1].extent, width);
  return s;
}

MdlSchedule mdl_schedule_choose_window(const MdlGroup *g)
{
  MdlSchedule s = mdl_schedule_plain();
  const MdlType *type = mdl_type_of(g->ir, mdl_result(g->seed, 0));
  int width = mdl_schedule_width(g->machine, type->dtype), bytes = mdl_lane_bytes(type->dtype);
  int last = type->rank - 1;
  int64_t stride[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(g->ir, g->seed);
  mdl_get_ints(&attrs, "stride", stride);
  if (width == 1 || last < 0 || stride[last] != 1) return s;
  if (!mdl_group_lanes(g, mdl_operand(g->seed, 0), last, bytes)) return s;
  if (!mdl_group_lanes_out(g, last, bytes)) return s;
  s.lanes = last;
  s.width = width;
  return s;
}

/* Loops over a row run in vectors where what they make can; the others do not. */
MdlSchedule mdl_schedule_choose_rows(const MdlGroup *g)
{
  MdlSchedule s = mdl_schedule_plain();
  MdlPhases p = mdl_phases_read(g->ir, g->func);
  const MdlType *shape = mdl_group_rows_shape(g);
  int width = mdl_schedule_width(g->machine, shape->dtype), bytes = mdl_lane_bytes(shape->dtype);
  bool some = false;
  for (int i = 0; i < p.sinks && width > 1; i++) {
    int last = mdl_type_of(g->ir, p.sink[i].value)->rank - 1;
    some |= last >= p.rows && mdl_group_lanes(g, p.sink[i].value, last, bytes);
  }
  if (!some) return s;
  const MdlSize *extent = shape->dim[shape->rank - 1];
  if (g->flat) extent = mdl_type_elements(g->ir->sizes, shape);
  s.lanes = g->flat ? 0 : shape->rank - 1;
  s.width = width;
  MdlAxis axis[MDL_MAX_AXES];
  mdl_group_axes(g, axis);
  if (axis[s.lanes].is_reduced) s.unroll[1] = mdl_schedule_ways(extent, width);
  return s;
}
