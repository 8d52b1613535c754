/* Where the operands of a product are read. An operand that is memory as it is has its elements at
 * flat[batch + along + step]: the parts of an index that stay the same are found once, outside of
 * the loop over slabs, and axes that lie behind each other are one. Other operands, with arithmetic
 * or moves fused into them, are pulled at a point. */
#include "passes/gpu_tiles.h"

enum { NONE = -1 };

/* ---- strides ----------------------------------------------------------------------------- */

/* Elements from one index of an operand's axis to the next. */
static const MdlSize *stride_of(const MdlTileSource *s, int axis)
{
  const MdlType *type = s->t->s.c.in[s->operand];
  MdlSizes *sizes = s->t->n->ir->sizes;
  const MdlSize *stride = mdl_size_const(sizes, 1);
  for (int i = axis + 1; i < type->rank; i++) stride = mdl_size_mul(sizes, stride, type->dim[i]);
  return stride;
}

/* The operand's axis behind one of the result, and how far an index of that goes along it. */
static int axis_behind(const MdlTileSource *s, const MdlTileAxis *axis, const MdlSize **by)
{
  const MdlContract *c = &s->t->s.c;
  MdlSizes *sizes = s->t->n->ir->sizes;
  *by = axis->each;
  if (!c->is_conv) {
    for (int i = 0; i < c->in[s->operand]->rank; i++)
      if (c->axis[s->operand][i] == axis->axis) return i;
    return NONE;
  }
  if (s->operand) return 0;
  if (axis->axis == 1) *by = c->in[1]->dim[1]; /* a group's channels */
  if (axis->axis > 1) *by = mdl_size_const(sizes, c->stride[axis->axis - 2]);
  return axis->axis;
}

static int axis_of_step(const MdlTileSource *s, int i, const MdlSize **by)
{
  const MdlContract *c = &s->t->s.c;
  MdlSizes *sizes = s->t->n->ir->sizes;
  *by = mdl_size_const(sizes, 1);
  if (!c->is_conv) return (int)c->contract[s->operand][i];
  if (!s->operand && i) *by = mdl_size_const(sizes, c->dilate[i - 1]);
  return i + 1;
}

/* Appends an axis; one that lies right behind the last makes one of both. */
static void add_run(const MdlTileSource *s, MdlTileRun *run, int *runs, MdlTileRun next)
{
  MdlSizes *sizes = s->t->n->ir->sizes;
  MdlTileRun *last = *runs ? &run[*runs - 1] : NULL;
  const MdlSize *one = mdl_size_const(sizes, 1);
  if (next.extent == one) return;
  if (last && next.stride && last->stride == mdl_size_mul(sizes, next.extent, next.stride)) {
    last->extent = mdl_size_mul(sizes, last->extent, next.extent);
    last->stride = next.stride;
    return;
  }
  run[(*runs)++] = next;
}

static void read_side(MdlTileSource *s, const MdlTileAxis *axis, int axes, MdlTileRun *run,
                      int *runs)
{
  for (int i = 0; i < axes; i++) {
    const MdlSize *by;
    int at = axis_behind(s, &axis[i], &by);
    const MdlSize *stride = mdl_size_mul(s->t->n->ir->sizes, by, stride_of(s, at));
    add_run(s, run, runs, (MdlTileRun){axis[i].extent, stride});
  }
}

static bool are_known(const MdlTileRun *run, int runs)
{
  for (int i = 0; i < runs; i++)
    if (!run[i].extent || !run[i].stride) return false;
  return true;
}

/* False: a stride that overflows. */
static bool read_runs(MdlTileSource *s)
{
  const MdlTileSides *sides = &s->t->s;
  read_side(s, sides->batch, sides->batches, s->batch_run, &s->batch_runs);
  read_side(s, sides->axis[s->side], sides->axes[s->side], s->side_run, &s->side_runs);
  for (int i = 0; i < sides->c.ks; i++) {
    const MdlSize *by;
    int axis = axis_of_step(s, i, &by);
    const MdlSize *stride = mdl_size_mul(s->t->n->ir->sizes, by, stride_of(s, axis));
    add_run(s, s->step_run, &s->step_runs, (MdlTileRun){sides->c.k[i], stride});
  }
  return are_known(s->batch_run, s->batch_runs) && are_known(s->side_run, s->side_runs) &&
         are_known(s->step_run, s->step_runs);
}

/* ---- neighbours -------------------------------------------------------------------------- */

static bool is_next(const MdlTileSource *s, const MdlTileRun *run, int runs)
{
  return runs && run[runs - 1].stride == mdl_size_const(s->t->n->ir->sizes, 1);
}

/* Steps, where they are next to each other in memory and the side is not, or its lines are
 * shorter. */
static bool runs_by_steps(const MdlTileSource *s)
{
  bool side = is_next(s, s->side_run, s->side_runs), step = is_next(s, s->step_run, s->step_runs);
  if (side != step) return step;
  if (!s->step_runs || !s->side_runs) return !s->side_runs;
  const MdlTileRun *a = &s->side_run[s->side_runs - 1], *b = &s->step_run[s->step_runs - 1];
  if (side) return mdl_schedule_guess(b->extent) > mdl_schedule_guess(a->extent);
  return mdl_schedule_guess(b->stride) < mdl_schedule_guess(a->stride);
}

/* Every run but the last begins at multiples of `lanes`, and the last is so long. */
static bool begins_at(const MdlTileSource *s, const MdlTileRun *run, int runs, int lanes,
                      bool has_lanes)
{
  MdlSizes *sizes = s->t->n->ir->sizes;
  for (int i = 0; i < runs; i++) {
    bool last = has_lanes && i + 1 == runs;
    if (!mdl_size_exact_div(sizes, last ? run[i].extent : run[i].stride, lanes)) return false;
  }
  return true;
}

static int lanes_of(const MdlTileSource *s)
{
  MdlDtype cell = mdl_loop_cell(s->t->s.c.in[s->operand]->dtype);
  int lanes = 16 / mdl_dtypes[cell].bytes;
  bool next =
      s->by_steps ? is_next(s, s->step_run, s->step_runs) : is_next(s, s->side_run, s->side_runs);
  if (!next || !begins_at(s, s->batch_run, s->batch_runs, lanes, false)) return 1;
  if (!begins_at(s, s->side_run, s->side_runs, lanes, !s->by_steps)) return 1;
  return begins_at(s, s->step_run, s->step_runs, lanes, s->by_steps) ? lanes : 1;
}

/* ---- opening ----------------------------------------------------------------------------- */

/* Elements lie where they lie in what a reshape reads, and in what it padded behind the end of its
 * first axis, as long as nobody reads past that. */
static MlirValue behind_view(MdlGpuTiles *t, MlirValue tensor)
{
  MdlIr *ir = t->n->ir;
  if (mdl_def_op(ir, tensor) != MDL_OP_reshape) return tensor;
  MlirValue whole = mdl_operand(mdl_def(tensor), 0);
  if (mdl_def_op(ir, whole) != MDL_OP_pad || !t->in_parts) return whole;
  MlirValue from = mdl_operand(mdl_def(whole), 0);
  const MdlType *type = mdl_type_of(ir, from), *padded = mdl_type_of(ir, whole);
  return type->dim[0] != padded->dim[0] ? from : whole;
}

/* The operand's memory as one axis; no value where it is none of its own, or too large. */
static MlirValue flat_memory(MdlGpuTiles *t, int operand)
{
  MdlNest *n = t->n;
  MlirValue tensor = behind_view(t, mdl_operand(t->s.c.op, operand)), none = {NULL};
  if (!mdl_is_null(mdl_def(tensor))) return none;
  const MdlSize *all = mdl_type_elements(n->ir->sizes, mdl_nest_type(n, tensor));
  MlirValue shaped = {mdl_map_get(n->memory, tensor.ptr)};
  if (!all || mdl_is_no_value(shaped)) return none;
  MdlLoopType type = {.kind = MDL_LOOP_memory, .rank = 1};
  type.element = mdl_loop_type_of(n->ir, shaped).element;
  MlirValue extent = mdl_nest_extent(n, all);
  if (!mdl_size_is_const(all, &type.dim[0])) type.dim[0] = -1;
  return mdl_loop_shape(&n->b, mdl_operand(mdl_def(shaped), 0), &type, &extent);
}

static MlirValue is_aligned(MdlTileSource *s)
{
  static const char *const names[] = {"rows_aligned", "columns_aligned"};
  MdlNest *n = s->t->n;
  MlirValue pointer = mdl_operand(mdl_def(s->flat), 0);
  MlirValue address =
      mdl_loop_build(&n->b, MDL_LOOP_address, n->ir->scalar[MDL_index], 1, &pointer);
  MlirValue past = mdl_index_rem(&n->b, address, mdl_nest_index(n, 16));
  MlirValue aligned = mdl_loop_compare(&n->b, MDL_PREDICATE_eq, past, mdl_nest_index(n, 0));
  mdl_value_set_name(n->ir, aligned, names[s->side]);
  return aligned;
}

MdlTileSource mdl_source_open(MdlGpuTiles *t, int side)
{
  MdlTileSource s = {.t = t, .side = side, .operand = t->s.of[side], .lanes = 1};
  bool known = read_runs(&s);
  if (known) s.by_steps = runs_by_steps(&s);
  s.flat = known ? flat_memory(t, s.operand) : (MlirValue){NULL};
  s.is_flat = !mdl_is_no_value(s.flat);
  if (s.is_flat) s.lanes = lanes_of(&s);
  if (s.lanes > 1) s.aligned = is_aligned(&s);
  return s;
}

/* ---- elements ---------------------------------------------------------------------------- */

/* Where a number, row-major over the runs, lies. */
static MlirValue offset_of(MdlTileSource *s, const MdlTileRun *run, int runs, MlirValue at)
{
  MdlNest *n = s->t->n;
  MlirValue offset = mdl_nest_index(n, 0);
  for (int i = runs; i-- > 0;) {
    int64_t known;
    MlirValue extent = mdl_nest_extent(n, run[i].extent), index = at;
    if (mdl_index_constant(extent, &known) && !known) extent = mdl_nest_index(n, 1);
    if (i) index = mdl_index_rem(&n->b, at, extent), at = mdl_index_div(&n->b, at, extent);
    index = mdl_index_mul(&n->b, index, mdl_nest_extent(n, run[i].stride));
    offset = mdl_index_add(&n->b, index, offset);
  }
  return offset;
}

MdlTileLine mdl_source_line(MdlTileSource *s, MlirValue at)
{
  MdlGpuTiles *t = s->t;
  MdlTileLine line = {.point = t->base};
  if (s->is_flat) {
    MlirValue batch = offset_of(s, s->batch_run, s->batch_runs, t->batch);
    line.offset = mdl_index_add(&t->n->b, batch, offset_of(s, s->side_run, s->side_runs, at));
    return line;
  }
  mdl_tiles_spread(t, s->side, at, &line.point);
  for (int i = 0; i < line.point.rank; i++) /* the other side's axes are not read */
    if (mdl_is_no_value(line.point.at[i])) line.point.at[i] = mdl_nest_index(t->n, 0);
  return line;
}

MlirValue mdl_source_step(MdlTileSource *s, MlirValue step)
{
  return offset_of(s, s->step_run, s->step_runs, step);
}

static MlirValue pull(MdlTileSource *s, const MdlTileLine *line, MlirValue step)
{
  MdlNest *n = s->t->n;
  const MdlContract *c = &s->t->s.c;
  MlirValue index[MDL_MAX_RANK];
  for (int i = c->ks; i-- > 1;) {
    MlirValue extent = mdl_nest_extent(n, c->k[i]);
    index[i] = mdl_index_rem(&n->b, step, extent);
    step = mdl_index_div(&n->b, step, extent);
  }
  index[0] = step;
  MdlPoint q = mdl_contract_point(c, n, s->operand, &line->point, index);
  return mdl_nest_at(n, mdl_operand(c->op, s->operand), &q);
}

MlirValue mdl_source_load(MdlTileSource *s, const MdlTileLine *line, MlirValue step, int lanes)
{
  MdlNest *n = s->t->n;
  if (!s->is_flat) return pull(s, line, step);
  MlirValue at = mdl_index_add(&n->b, line->offset, mdl_source_step(s, step));
  MdlArith a = {&n->b, n->machine, lanes};
  MlirValue cell = mdl_loop_load(&n->b, s->flat, &at, lanes);
  return mdl_arith_of_cell(&a, cell, s->t->s.c.in[s->operand]->dtype);
}
