/* Rows: the outer loops stand at a row; inside them one loop over the row a phase, with all of that
 * phase's reductions and stores in it. What is known once a row is computed between the loops. Sums
 * over all rows are carried by the outer loops, row by row. The order within a row is that of
 * nest_reduce.c. */
#include "passes/rows.h"

#include "passes/align.h"

#include <string.h>

static bool is_total(const MdlRows *r, const MdlSink *s)
{
  return r->p.rows && s->reduces && !mdl_nest_type(r->n, mdl_result(s->op, 0))->rank;
}

MlirValue mdl_rows_combine(MdlRows *r, const MdlSink *s, MlirValue so_far, MlirValue next)
{
  MdlArith a = mdl_nest_arith(r->n, NULL);
  return mdl_nest_combine(&a, mdl_op(r->n->ir, s->op), mdl_nest_type(r->n, s->value)->dtype, so_far,
                          next);
}

MlirValue mdl_rows_start(MdlRows *r, const MdlSink *s, int lanes)
{
  MdlArith a = {&r->n->b, r->n->machine, lanes};
  return mdl_nest_start(&a, mdl_op(r->n->ir, s->op), mdl_nest_type(r->n, s->value)->dtype);
}

static MlirValue memory_of(MdlRows *r, int result)
{
  if (result == MDL_ROW_BUFFER) return r->p.buffered;
  return mdl_operand(mdl_terminator(mdl_body(r->n->g.func, 0)), result);
}

/* ---- one loop over the row --------------------------------------------------------------- */

void mdl_rows_step(MdlRowPass *pass, const MlirValue *so_far, MlirValue *next)
{
  MdlNest *n = pass->r->n;
  for (int i = 0; i < pass->stores; i++) mdl_nest_at(n, pass->store[i]->value, &pass->q);
  for (int i = 0; i < pass->sums; i++)
    next[i] = mdl_rows_combine(pass->r, pass->sum[i], so_far[i],
                               mdl_nest_at(n, pass->sum[i]->value, &pass->q));
  for (int i = 0; i < pass->stores; i++)
    if (pass->store[i]->result != MDL_ROW_KEPT)
      mdl_nest_store(n, pass->store[i]->value, memory_of(pass->r, pass->store[i]->result),
                     &pass->q);
}

static MlirValue extent_of(const MdlRowPass *pass, int axis)
{
  MdlNest *n = pass->r->n;
  if (!n->g.flat) return mdl_nest_extent(n, pass->shape->dim[axis]);
  return mdl_nest_extent(n, mdl_type_elements(n->ir->sizes, pass->shape));
}

static void in_order(MdlRowPass *pass, int axis, MlirValue lo, MlirValue *sum)
{
  MdlNest *n = pass->r->n;
  MdlLoop loop;
  MlirValue next[MDL_MAX_SUMS];
  mdl_loop_begin(n, &loop, lo, extent_of(pass, axis), mdl_nest_index(n, 1), pass->sums, sum);
  pass->q.at[axis] = loop.iv;
  mdl_rows_step(pass, loop.carry, next);
  mdl_loop_end(n, &loop, next);
  for (int i = 0; i < pass->sums; i++) sum[i] = loop.carry[i];
}

/* Accumulators a sum, of those that the schedule has for all; 0: one element after the other. */
static bool has_lanes(const MdlRows *r, const MdlSink *s)
{
  const MdlType *type = mdl_nest_type(r->n, s->value);
  return mdl_group_lanes(&r->n->g, s->value, type->rank - 1, mdl_lane_bytes(type->dtype));
}

static int ways_of(const MdlRowPass *pass, int axis)
{
  MdlNest *n = pass->r->n;
  int64_t known;
  int ways = n->s.unroll[1], bytes = mdl_lane_bytes(pass->shape->dtype);
  int last = pass->shape->rank - 1;
  if (n->s.lanes < 0 || mdl_schedule_width(n->machine, pass->shape->dtype) != n->s.width) return 0;
  for (int i = 0; i < pass->sums; i++)
    if (!mdl_group_lanes(&n->g, pass->sum[i]->value, last, bytes)) return 0;
  for (int i = 0; i < pass->stores; i++)
    if (!mdl_group_lanes(&n->g, pass->store[i]->value, last, bytes)) return 0;
  if (pass->stores) ways = 1;
  while (ways > 1 && ways * pass->sums > n->s.unroll[1]) ways /= 2;
  if (!mdl_index_constant(extent_of(pass, axis), &known)) return ways;
  while (ways > 1 && known < ways * n->s.width) ways /= 2;
  return known < n->s.width ? 0 : ways;
}

static void in_vectors(MdlRowPass *pass, int axis, int ways, MlirValue *sum)
{
  MdlRows *r = pass->r;
  MdlNest *n = r->n;
  MdlLoop loop;
  MlirValue init[MDL_MAX_CARRIED], next[MDL_MAX_CARRIED];
  MlirValue extent = extent_of(pass, axis);
  n->width = n->s.width;
  MlirValue by = mdl_nest_index(n, ways * n->width);
  MlirValue end = mdl_index_sub(&n->b, extent, mdl_index_rem(&n->b, extent, by));
  for (int i = 0; i < pass->sums * ways; i++)
    init[i] = mdl_rows_start(r, pass->sum[i % pass->sums], n->width);
  mdl_loop_begin(n, &loop, mdl_nest_index(n, 0), end, by, pass->sums * ways, init);
  pass->q.lane = axis;
  for (int way = 0; way < ways; way++) {
    pass->q.at[axis] = mdl_index_add(&n->b, loop.iv, mdl_nest_index(n, way * n->width));
    mdl_rows_step(pass, loop.carry + way * pass->sums, next + way * pass->sums);
  }
  mdl_loop_end(n, &loop, next);
  pass->q.lane = -1;
  for (int i = 0; i < pass->sums; i++) {
    for (int count = ways; count > 1; count /= 2)
      for (int way = 0; way < count / 2; way++) {
        MlirValue *at = &loop.carry[way * pass->sums + i];
        *at =
            mdl_rows_combine(r, pass->sum[i], *at, loop.carry[(way + count / 2) * pass->sums + i]);
      }
    MdlDtype dtype = mdl_nest_type(n, pass->sum[i]->value)->dtype;
    MlirValue whole = mdl_nest_across(n, mdl_op(n->ir, pass->sum[i]->op), dtype, loop.carry[i]);
    sum[i] = mdl_rows_combine(r, pass->sum[i], sum[i], whole);
  }
  n->width = 1;
  in_order(pass, axis, end, sum);
}

static void over_axes(MdlRowPass *pass, int axis, MlirValue *sum)
{
  MdlNest *n = pass->r->n;
  int last = n->g.flat ? 0 : pass->shape->rank - 1;
  if (axis == last) {
    int ways = ways_of(pass, axis);
    if (ways)
      in_vectors(pass, axis, ways, sum);
    else
      in_order(pass, axis, mdl_nest_index(n, 0), sum);
    return;
  }
  MdlLoop loop;
  mdl_loop_over(n, &loop, mdl_nest_extent(n, pass->shape->dim[axis]), pass->sums, sum);
  pass->q.at[axis] = loop.iv;
  MlirValue next[MDL_MAX_SUMS];
  for (int i = 0; i < pass->sums; i++) next[i] = loop.carry[i];
  over_axes(pass, axis + 1, next);
  mdl_loop_end(n, &loop, next);
  for (int i = 0; i < pass->sums; i++) sum[i] = loop.carry[i];
}

static MlirValue *total_of(MdlRows *r, const MdlSink *s)
{
  for (int i = 0; i < r->totals; i++)
    if (r->total[i] == s) return &r->sum[i];
  return NULL;
}

/* The variable in which a loop gathers is called what it gathers, else by what it does. */
static void name_sum(MdlNest *n, MlirValue result, MlirValue sum)
{
  const char *name = mdl_value_name(n->ir, result);
  MlirOperation loop = mdl_def(sum);
  if (mdl_is_null(loop)) return;
  bool whole =
      mdl_loop_op(loop) == MDL_LOOP_team_reduce || mdl_loop_op(loop) == MDL_LOOP_all_reduce;
  if (!whole && mdl_op(n->ir, loop) != MDL_OP_for) return;
  if (!name) name = mdl_op_info(mdl_def_op(n->ir, result))->name + strlen("reduce_");
  mdl_value_set_name(n->ir, sum, name);
}

static void run_pass(MdlRowPass *pass)
{
  MdlRows *r = pass->r;
  MdlNest *n = r->n;
  MlirValue sum[MDL_MAX_SUMS];
  for (int i = 0; i < pass->sums; i++) {
    MlirValue *total = total_of(r, pass->sum[i]);
    sum[i] = total ? *total : mdl_rows_start(r, pass->sum[i], 1);
  }
  pass->q = mdl_point(n->g.flat ? 1 : pass->shape->rank);
  for (int i = 0; i < r->p.rows; i++) pass->q.at[i] = r->row.at[i];
  if (r->p.team)
    mdl_gpu_rows_pass(pass, sum);
  else
    over_axes(pass, r->p.rows, sum);
  for (int i = 0; i < pass->sums; i++) {
    MlirValue *total = total_of(r, pass->sum[i]);
    name_sum(n, mdl_result(pass->sum[i]->op, 0), sum[i]);
    if (total)
      *total = sum[i];
    else
      mdl_nest_remember(n, mdl_result(pass->sum[i]->op, 0), &r->row, sum[i]);
  }
  for (int i = 0; i < pass->stores; i++) {
    if (pass->store[i]->result == MDL_ROW_KEPT) continue;
    if (mdl_phases_are_elsewhere(&r->p, pass->store[i]->value)) continue;
    MlirValue value = pass->store[i]->value, root = memory_of(r, pass->store[i]->result);
    mdl_map_set(n->memory, value.ptr, mdl_map_get(n->memory, root.ptr));
    mdl_map_set(n->stored, value.ptr, (void *)value.ptr);
  }
}

/* ---- one phase --------------------------------------------------------------------------- */

/* Done once a row, between the loops. */
static bool is_once(const MdlRows *r, const MdlSink *s)
{
  const MdlType *type = mdl_nest_type(r->n, s->value);
  return s->reduces ? type->rank == r->p.rows : mdl_is_per_row(type, r->p.rows);
}

MdlPoint mdl_rows_point(const MdlRows *r, MlirValue value)
{
  MdlPoint p = r->row;
  for (p.rank = mdl_nest_type(r->n, value)->rank; p.rank > r->p.rows; p.rank--)
    p.at[p.rank - 1] = mdl_nest_index(r->n, 0);
  p.rank = mdl_nest_type(r->n, value)->rank;
  return p;
}

static bool joins(const MdlRows *r, const MdlRowPass *pass, const MdlSink *s, int phase)
{
  const MdlType *type = mdl_nest_type(r->n, s->value);
  if (s->phase != phase || is_once(r, s)) return false;
  return type->rank == pass->shape->rank && mdl_same_leading(type, pass->shape, type->rank);
}

/* What can run in vectors does not wait for what cannot: loops of their own. Values that are alike
 * in that share one. */
static bool is_alike(const MdlRows *r, const MdlSink *a, const MdlSink *b)
{
  if (r->n->s.lanes < 0) return true;
  MdlDtype x = mdl_nest_type(r->n, a->value)->dtype, y = mdl_nest_type(r->n, b->value)->dtype;
  bool lanes = has_lanes(r, a);
  return lanes == has_lanes(r, b) && (!lanes || mdl_lane_bytes(x) == mdl_lane_bytes(y));
}

static void run_loops(MdlRows *r, int phase)
{
  bool *done = MDL_NEW(r->n->ir->arena, bool, (size_t)r->p.sinks);
  for (int i = 0; i < r->p.sinks; i++) {
    MdlRowPass pass = {.r = r, .shape = mdl_nest_type(r->n, r->p.sink[i].value)};
    for (int j = i; j < r->p.sinks; j++) {
      const MdlSink *s = &r->p.sink[j];
      if (done[j] || !joins(r, &pass, s, phase) || !is_alike(r, &r->p.sink[i], s)) continue;
      done[j] = true;
      if (pass.sums == MDL_MAX_SUMS || pass.stores == MDL_MAX_STORES)
        MDL_BUG(r->n->ir->session, "a loop over a row makes too much");
      if (s->reduces)
        pass.sum[pass.sums++] = s;
      else
        pass.store[pass.stores++] = s;
    }
    if (pass.sums + pass.stores) run_pass(&pass);
  }
}

/* Once a row: what the loops will want, what is stored, what the totals gather. */
static void run_row(MdlRows *r, int phase)
{
  MdlNest *n = r->n;
  MlirBlock body = mdl_body(n->g.func, 0);
  MlirOperation end = mdl_terminator(body);
  for (MlirOperation op = mdl_first(body); !mdl_same_op(op, end); op = mdl_next(op)) {
    MlirOperation user;
    int operand;
    MlirValue value = mdl_result(op, 0);
    bool wanted = false;
    if (!mdl_is_per_row(mdl_nest_type(n, value), r->p.rows)) continue;
    if (mdl_phase_of(&r->p, value) != phase) continue;
    if (mdl_op_info(mdl_op(n->ir, op))->class == MDL_CLASS_leaf) continue;
    for (int i = 0; mdl_use(value, i, &user, &operand); i++)
      wanted |= mdl_result_count(user) &&
                !mdl_is_per_row(mdl_nest_type(n, mdl_result(user, 0)), r->p.rows);
    MdlPoint p = mdl_rows_point(r, value);
    if (wanted) mdl_nest_at(n, value, &p);
  }
  MlirValue stored[MDL_MAX_ROOTS];
  int stores = 0;
  for (int i = 0; i < r->p.sinks; i++) {
    const MdlSink *s = &r->p.sink[i];
    MlirValue *total = total_of(r, s);
    if (s->phase != phase || !is_once(r, s)) continue;
    MdlPoint p = mdl_rows_point(r, s->value);
    if (total)
      *total = mdl_rows_combine(r, s, *total, mdl_nest_at(n, s->value, &p));
    else if (r->p.team)
      stored[stores++] = s->value;
    else
      mdl_nest_store(n, s->value, memory_of(r, s->result), &p);
  }
  if (stores) mdl_gpu_rows_store(r, stores, stored);
}

/* ---- all rows ---------------------------------------------------------------------------- */

const MdlType *mdl_rows_shape(MdlRows *r)
{
  for (int i = 0; i < r->p.sinks; i++)
    if (mdl_nest_type(r->n, r->p.sink[i].value)->rank >= r->p.rows)
      return mdl_nest_type(r->n, r->p.sink[i].value);
  return NULL;
}

void mdl_rows_run(MdlRows *r)
{
  for (int phase = 0; phase < r->p.phases; phase++) {
    run_row(r, phase);
    run_loops(r, phase);
  }
  mdl_map_clear(r->n->stored);
}

static void over_rows(MdlRows *r, int axis)
{
  MdlNest *n = r->n;
  if (axis == r->p.rows) {
    mdl_rows_run(r);
    return;
  }
  MdlLoop loop;
  mdl_loop_over(n, &loop, mdl_nest_extent(n, mdl_rows_shape(r)->dim[axis]), r->totals, r->sum);
  r->row.at[axis] = loop.iv;
  for (int i = 0; i < r->totals; i++) r->sum[i] = loop.carry[i];
  over_rows(r, axis + 1);
  mdl_loop_end(n, &loop, r->sum);
  for (int i = 0; i < r->totals; i++) r->sum[i] = loop.carry[i];
}

void mdl_nest_rows(MdlNest *n)
{
  MdlPoint whole = mdl_point(0);
  MdlRows r = {.n = n, .p = mdl_phases_read(n->ir, n->g.func)};
  MlirOperation end = mdl_terminator(mdl_body(n->g.func, 0));
  r.row = mdl_point(r.p.rows);
  n->buffered = r.p.buffered;
  n->rows = r.p.rows;
  if (!mdl_is_no_value(n->buffered))
    mdl_map_set(n->memory, n->buffered.ptr, (void *)n->scratch.ptr);
  for (int i = 0; i < r.p.sinks; i++) {
    if (!is_total(&r, &r.p.sink[i])) continue;
    if (r.totals == MDL_MAX_SUMS) MDL_BUG(n->ir->session, "a group sums up too much");
    r.sum[r.totals] = mdl_rows_start(&r, &r.p.sink[i], 1);
    r.total[r.totals++] = &r.p.sink[i];
  }
  n->width = 1;
  if (r.p.team)
    mdl_gpu_rows(&r);
  else
    over_rows(&r, 0);
  for (int i = 0; i < r.totals; i++)
    mdl_nest_remember(n, mdl_result(r.total[i]->op, 0), &whole, r.sum[i]);
  for (int i = 0, next = 0; i < mdl_operand_count(end); i++)
    if (!mdl_nest_type(n, mdl_operand(end, i))->rank)
      n->returned[next++] = mdl_nest_at(n, mdl_operand(end, i), &whole);
}
