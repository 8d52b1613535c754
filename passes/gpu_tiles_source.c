/* Where the operands of a product are read. An operand that is memory as it is, or with its axes in
 * another order, has its elements at flat[batch + along + step]: the parts of an index that stay
 * the same are found once, outside of the loop over slabs, and axes that lie behind each other are
 * one. Along a padded axis, a convolution's rows or columns of an image, the index itself is such a
 * sum, and what it says is not there is 0. Other operands, with arithmetic or moves fused into
 * them, are pulled at a point. */
#include "passes/gpu_tiles.h"

enum { NONE = -1 };

/* ---- strides ----------------------------------------------------------------------------- */

/* Elements from one index of an operand's axis to the next. */
static const MdlSize *stride_of(const MdlTileSource *s, int axis)
{
  const MdlType *type = s->view.type;
  MdlSizes *sizes = s->t->n->ir->sizes;
  const MdlSize *stride = mdl_size_const(sizes, 1);
  for (int i = s->view.axis[axis] + 1; i < type->rank; i++)
    stride = mdl_size_mul(sizes, stride, type->dim[i]);
  return stride;
}

/* Which of the source's padded axes the operand's is; a new one where it is none yet. */
static int pad_of(MdlTileSource *s, int axis)
{
  const MdlTileView *v = &s->view;
  if (!v->is_padded[axis]) return NONE;
  for (int i = 0; i < s->pads; i++)
    if (s->pad[i].axis == axis) return i;
  if (s->pads < MDL_TILE_PADS)
    s->pad[s->pads] = (MdlTilePad){axis, v->lo[axis], v->type->dim[v->axis[axis]],
                                   stride_of(s, axis), v->inner[axis] + 1};
  return s->pads++;
}

static MdlTileRun run_along(MdlTileSource *s, int axis, const MdlSize *extent, const MdlSize *by)
{
  const MdlSize *stride = mdl_size_mul(s->t->n->ir->sizes, by, stride_of(s, axis));
  return (MdlTileRun){extent, stride, by, pad_of(s, axis)};
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
  bool apart = next.pad >= 0 || (last && last->pad >= 0);
  if (next.extent == one) return;
  if (last && !apart && next.stride &&
      last->stride == mdl_size_mul(sizes, next.extent, next.stride)) {
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
    add_run(s, run, runs, run_along(s, at, axis[i].extent, by));
  }
}

static bool are_known(const MdlTileRun *run, int runs)
{
  for (int i = 0; i < runs; i++)
    if (!run[i].extent || !run[i].stride) return false;
  return true;
}

/* False: a stride that overflows, or more padding than can be read where it is. */
static bool read_runs(MdlTileSource *s)
{
  const MdlTileSides *sides = &s->t->s;
  read_side(s, sides->batch, sides->batches, s->batch_run, &s->batch_runs);
  read_side(s, sides->axis[s->side], sides->axes[s->side], s->side_run, &s->side_runs);
  for (int i = 0; i < sides->c.ks; i++) {
    const MdlSize *by;
    int axis = axis_of_step(s, i, &by);
    add_run(s, s->step_run, &s->step_runs, run_along(s, axis, sides->c.k[i], by));
  }
  for (int i = 0; i < s->pads && i < MDL_TILE_PADS; i++)
    if (!s->pad[i].stride) return false;
  return s->pads <= MDL_TILE_PADS && are_known(s->batch_run, s->batch_runs) &&
         are_known(s->side_run, s->side_runs) && are_known(s->step_run, s->step_runs);
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

/* Elements lie where they lie in what was padded behind the end of its first axis, as long as
 * nobody reads past that. */
static MlirValue without_parts(MdlGpuTiles *t, MlirValue whole)
{
  MdlIr *ir = t->n->ir;
  if (mdl_def_op(ir, whole) != MDL_OP_pad || !t->in_parts) return whole;
  MlirValue from = mdl_operand(mdl_def(whole), 0);
  const MdlType *type = mdl_type_of(ir, from), *padded = mdl_type_of(ir, whole);
  return type->dim[0] != padded->dim[0] ? from : whole;
}

/* The operand's memory as one axis; no value where it is none of its own, or too large. */
static MlirValue flat_memory(MdlTileSource *s)
{
  MdlNest *n = s->t->n;
  MlirValue tensor = without_parts(s->t, s->view.tensor), none = {NULL};
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
  s.view = mdl_tiles_view(t->n->ir, mdl_operand(t->s.c.op, s.operand));
  bool known = read_runs(&s);
  if (known) s.by_steps = runs_by_steps(&s);
  s.flat = known ? flat_memory(&s) : (MlirValue){NULL};
  s.is_flat = !mdl_is_no_value(s.flat);
  if (s.is_flat && !s.pads) s.lanes = lanes_of(&s);
  if (s.lanes > 1) s.aligned = is_aligned(&s);
  return s;
}

/* ---- places ------------------------------------------------------------------------------ */

/* What a number, row-major over some runs, adds to where an element lies: to its place, and to what
 * it is along each padded axis. */
typedef struct Place {
  MlirValue offset, along[MDL_TILE_PADS];
} Place;

/* Adds, where there is something already. */
static void add_to(MdlNest *n, MlirValue *sum, MlirValue x)
{
  *sum = mdl_is_no_value(*sum) ? x : mdl_index_add(&n->b, *sum, x);
}

static void place_runs(MdlTileSource *s, const MdlTileRun *run, int runs, MlirValue at, Place *to)
{
  MdlNest *n = s->t->n;
  MlirValue offset = mdl_nest_index(n, 0);
  for (int i = runs; i-- > 0;) {
    int64_t known;
    MlirValue extent = mdl_nest_extent(n, run[i].extent), index = at;
    if (mdl_index_constant(extent, &known) && !known) extent = mdl_nest_index(n, 1);
    if (i) index = mdl_index_rem(&n->b, at, extent), at = mdl_index_div(&n->b, at, extent);
    const MdlSize *by = run[i].pad < 0 ? run[i].stride : run[i].by;
    index = mdl_index_mul(&n->b, index, mdl_nest_extent(n, by));
    if (run[i].pad < 0)
      offset = mdl_index_add(&n->b, index, offset);
    else
      add_to(n, &to->along[run[i].pad], index);
  }
  add_to(n, &to->offset, offset);
}

/* Along padded axes without room between the elements: the index is a part of the place already. */
static void place_padded(MdlTileSource *s, Place *to)
{
  MdlNest *n = s->t->n;
  for (int i = 0; i < s->pads; i++) {
    if (s->pad[i].every > 1 || mdl_is_no_value(to->along[i])) continue;
    MlirValue stride = mdl_nest_extent(n, s->pad[i].stride);
    to->offset = mdl_index_add(&n->b, to->offset, mdl_index_mul(&n->b, to->along[i], stride));
  }
}

MdlTileLine mdl_source_line(MdlTileSource *s, MlirValue at)
{
  MdlGpuTiles *t = s->t;
  MdlNest *n = t->n;
  MdlTileLine line = {.point = t->base};
  if (s->is_flat) {
    Place place = {.offset = {NULL}};
    place_runs(s, s->batch_run, s->batch_runs, t->batch, &place);
    place_runs(s, s->side_run, s->side_runs, at, &place);
    for (int i = 0; i < s->pads; i++) {
      if (mdl_is_no_value(place.along[i])) place.along[i] = mdl_nest_index(n, 0);
      place.along[i] = mdl_index_sub(&n->b, place.along[i], mdl_nest_extent(n, s->pad[i].lo));
      line.along[i] = place.along[i];
    }
    place_padded(s, &place);
    line.offset = place.offset;
    return line;
  }
  mdl_tiles_spread(t, s->side, at, &line.point);
  for (int i = 0; i < line.point.rank; i++) /* the other side's axes are not read */
    if (mdl_is_no_value(line.point.at[i])) line.point.at[i] = mdl_nest_index(n, 0);
  return line;
}

/* ---- elements ---------------------------------------------------------------------------- */

/* A value where a condition holds, else 0. */
typedef struct Guard {
  MdlBranch branch;
  bool asks;
} Guard;

/* How an element is wanted: as a number, several, or as it lies in memory. */
typedef struct Want {
  int lanes;
  bool is_cell;
} Want;

static MdlDtype cell_of(const MdlTileSource *s)
{
  return mdl_loop_cell(s->t->s.c.in[s->operand]->dtype);
}

static Guard guard_begin(MdlTileSource *s, Want want, MlirValue condition)
{
  Guard guard = {.asks = !mdl_is_no_value(condition)};
  MdlIr *ir = s->t->n->ir;
  MlirType type = want.is_cell ? ir->scalar[cell_of(s)]
                               : mdl_loop_value_type(ir, s->t->s.c.result->dtype, want.lanes);
  if (guard.asks) mdl_branch_begin(s->t->n, &guard.branch, condition, 1, &type);
  return guard;
}

static MlirValue guard_end(MdlTileSource *s, Want want, Guard *guard, MlirValue value)
{
  MdlNest *n = s->t->n;
  if (!guard->asks) return value;
  mdl_branch_else(n, &guard->branch, 1, &value);
  MdlArith a = {&n->b, n->machine, want.lanes};
  MlirValue zero = want.is_cell ? mdl_loop_number(&n->b, cell_of(s), 1, 0, 0)
                                : mdl_arith_number(&a, s->t->s.c.result->dtype, 0, 0);
  return mdl_branch_end(n, &guard->branch, 1, &zero);
}

static MlirValue both(MdlNest *n, MlirValue x, MlirValue y)
{
  return mdl_is_no_value(x) ? y : mdl_loop_binary(&n->b, MDL_LOOP_andi, x, y);
}

/* Is what the padded axes are at this step an element of memory? No value: it always is. */
static MlirValue is_inside(MdlTileSource *s, const MlirValue *along)
{
  MdlNest *n = s->t->n;
  MlirValue inside = {NULL};
  for (int i = 0; i < s->pads; i++) {
    const MdlTilePad *pad = &s->pad[i];
    MlirValue every = mdl_nest_index(n, pad->every);
    MlirValue end = mdl_index_mul(&n->extents.top, mdl_nest_extent(n, pad->extent), every);
    /* unsigned: what is below 0 is past the end */
    inside = both(n, inside, mdl_loop_compare(&n->b, MDL_PREDICATE_ult, along[i], end));
    if (pad->every == 1) continue;
    MlirValue rest = mdl_index_rem(&n->b, along[i], every);
    inside = both(n, inside, mdl_loop_compare(&n->b, MDL_PREDICATE_eq, rest, mdl_nest_index(n, 0)));
  }
  return inside;
}

/* Flat: where the line is read at a step that exists. */
static Place place_of(MdlTileSource *s, const MdlTileLine *line, MlirValue step)
{
  MdlNest *n = s->t->n;
  Place place = {.offset = {NULL}};
  place_runs(s, s->step_run, s->step_runs, step, &place);
  place_padded(s, &place);
  place.offset = mdl_index_add(&n->b, line->offset, place.offset);
  for (int i = 0; i < s->pads; i++)
    place.along[i] = mdl_is_no_value(place.along[i])
                         ? line->along[i]
                         : mdl_index_add(&n->b, line->along[i], place.along[i]);
  return place;
}

MlirValue mdl_source_place(MdlTileSource *s, const MdlTileLine *line, MlirValue step)
{
  return place_of(s, line, step).offset;
}

static MlirValue load_flat(MdlTileSource *s, const MdlTileLine *line, MlirValue step, Want want)
{
  MdlNest *n = s->t->n;
  Place place = place_of(s, line, step);
  Guard guard = guard_begin(s, want, is_inside(s, place.along));
  for (int i = 0; i < s->pads; i++) {
    if (s->pad[i].every == 1) continue;
    MlirValue at = mdl_index_div(&n->b, place.along[i], mdl_nest_index(n, s->pad[i].every));
    at = mdl_index_mul(&n->b, at, mdl_nest_extent(n, s->pad[i].stride));
    place.offset = mdl_index_add(&n->b, place.offset, at);
  }
  MdlArith a = {&n->b, n->machine, want.lanes};
  MlirValue value = mdl_loop_load(&n->b, s->flat, &place.offset, want.lanes);
  if (!want.is_cell) value = mdl_arith_of_cell(&a, value, s->t->s.c.in[s->operand]->dtype);
  return guard_end(s, want, &guard, value);
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

static MlirValue load(MdlTileSource *s, const MdlTileLine *line, MlirValue step, Want want)
{
  MdlGpuTiles *t = s->t;
  MlirValue exists = {NULL};
  if (!t->whole_steps) exists = mdl_loop_compare(&t->n->b, MDL_PREDICATE_lt, step, t->step_end);
  Guard guard = guard_begin(s, want, exists);
  MlirValue value = s->is_flat ? load_flat(s, line, step, want) : pull(s, line, step);
  return guard_end(s, want, &guard, value);
}

MlirValue mdl_source_load(MdlTileSource *s, const MdlTileLine *line, MlirValue step, int lanes)
{
  return load(s, line, step, (Want){lanes, false});
}

MlirValue mdl_source_cell(MdlTileSource *s, const MdlTileLine *line, MlirValue step)
{
  return load(s, line, step, (Want){1, true});
}
