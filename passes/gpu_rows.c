/* Rows on a GPU: teams of threads take one row each, then the next. A team is a warp, a part of one
 * where rows are short, a block where they are long. Each thread has every team-th element of the
 * row, in all phases the same ones, so that it meets what it stored itself; it goes through them in
 * order, then the team combines what its threads found. Where the length is known and a thread has
 * few elements, loops are unrolled and what several phases want stays in registers
 * (passes/phases.c). What is known once a row is computed by every thread and stored by one. */
#include "passes/gpu_maps.h"
#include "passes/rows.h"

#include "passes/align.h"

enum { THREADS = MDL_GPU_THREADS, WARP = 32, SHORT = 4, LONG = 1024, MOST_LANES = 8 };

/* ---- teams ------------------------------------------------------------------------------- */

static int64_t length_of(const MdlType *type, int rows)
{
  int64_t length = 1;
  for (int i = rows; i < type->rank && length <= LONG; i++)
    length *= mdl_schedule_guess(type->dim[i]);
  return length;
}

int mdl_gpu_team(MdlIr *ir, MlirOperation group)
{
  MdlPhases p = mdl_phases_read(ir, group);
  int64_t longest = 1;
  for (int i = 0; i < p.sinks; i++) {
    int64_t length = length_of(mdl_type_of(ir, p.sink[i].value), p.rows);
    if (length > longest) longest = length;
  }
  if (longest <= SHORT) return 1;
  if (longest > LONG) return THREADS;
  int team = WARP;
  while (team > 8 && longest <= team / 2) team /= 2;
  return team;
}

const MdlSize *mdl_gpu_row_blocks(const MdlGroup *g)
{
  MdlPhases p = mdl_phases_read(g->ir, g->func);
  MdlType rows = {0};
  for (int i = 0; i < p.sinks && rows.rank < p.rows; i++)
    rows = *mdl_type_of(g->ir, p.sink[i].value);
  rows.rank = p.rows;
  const MdlSize *count = mdl_type_elements(g->ir->sizes, &rows);
  return count ? mdl_size_ceil_div(g->ir->sizes, count, THREADS / p.team) : NULL;
}

/* ---- all rows ---------------------------------------------------------------------------- */

static MlirValue number(MdlRows *r, int64_t value) { return mdl_nest_index(r->n, value); }

/* Elements that a thread loads or stores at once: up to 16 bytes, as long as every thread has some.
 */
static int width_of(MdlRows *r, MdlGpuLanes *found)
{
  int64_t longest = 1;
  for (int i = 0; i < r->p.sinks; i++) {
    int64_t length = length_of(mdl_nest_type(r->n, r->p.sink[i].value), r->p.rows);
    if (length > longest) longest = length;
  }
  int width = MOST_LANES;
  while (width > 1 && (longest < (int64_t)width * r->p.team ||
                       !mdl_gpu_row_lanes(&r->n->g, &r->p, width, found)))
    width /= 2;
  return width;
}

/* All phases; in vectors where the addresses are multiples of them, else one by one in short loops,
 * which no caller means to see. */
static void run(MdlRows *r, MlirValue aligned)
{
  MdlBranch branch;
  if (r->width == 1) {
    mdl_rows_run(r);
    return;
  }
  int width = r->width;
  MdlPhases phases = r->p;
  mdl_branch_begin(r->n, &branch, aligned, 0, NULL);
  mdl_rows_run(r);
  mdl_branch_else(r->n, &branch, 0, NULL);
  r->width = 1;
  r->p = mdl_phases_read_plain(r->n->ir, r->n->g.func);
  mdl_rows_run(r);
  r->width = width;
  r->p = phases;
  mdl_branch_end(r->n, &branch, 0, NULL);
}

void mdl_gpu_rows(MdlRows *r)
{
  MdlNest *n = r->n;
  MdlLoop loop;
  MlirValue extent[MDL_MAX_RANK];
  const MdlType *shape = mdl_rows_shape(r);
  MlirValue thread = mdl_loop_gpu_index(&n->b, MDL_LOOP_thread), team = number(r, r->p.team);
  MlirValue each = number(r, THREADS / r->p.team);
  r->lane = r->p.team == THREADS ? thread : mdl_index_rem(&n->b, thread, team);
  mdl_value_set_name(n->ir, thread, "thread");
  mdl_value_set_name(n->ir, r->lane, "lane");
  MlirValue first = mdl_index_mul(&n->b, mdl_loop_gpu_index(&n->b, MDL_LOOP_block), each);
  if (r->p.team < THREADS) first = mdl_index_add(&n->b, first, mdl_index_div(&n->b, thread, team));
  MlirValue step = mdl_index_mul(&n->b, mdl_loop_gpu_index(&n->b, MDL_LOOP_blocks), each);
  MdlGpuLanes found;
  MlirValue aligned = {NULL};
  r->width = width_of(r, &found);
  if (r->width > 1) {
    aligned = mdl_gpu_may_run(n, &found, r->width);
    mdl_value_set_name(n->ir, aligned, "wide");
  }
  for (int i = 0; i < r->p.rows; i++) extent[i] = mdl_nest_extent(n, shape->dim[i]);
  MlirValue rows = mdl_gpu_product(n, r->p.rows, extent);
  mdl_loop_begin(n, &loop, first, rows, step, 0, NULL);
  mdl_gpu_split(n, r->p.rows, extent, loop.iv, &r->row);
  run(r, aligned);
  mdl_loop_end(n, &loop, NULL);
}

/* ---- one loop over the row --------------------------------------------------------------- */

static int phase_of(const MdlRowPass *pass)
{
  return pass->sums ? pass->sum[0]->phase : pass->store[0]->phase;
}

static bool same_shape(const MdlRowPass *pass, MlirValue value)
{
  const MdlType *type = mdl_nest_type(pass->r->n, value);
  return type->rank == pass->shape->rank && mdl_same_leading(type, pass->shape, type->rank);
}

/* The arrays that this pass may fill. */
static void open_arrays(MdlRowPass *pass, int64_t each, MlirValue *fresh)
{
  MdlNest *n = pass->r->n;
  const MdlPhases *p = &pass->r->p;
  for (int i = 0; i < p->kept; i++) {
    MlirValue value = p->keep[i].value;
    const char *name = mdl_value_name(n->ir, value);
    bool held = !mdl_is_no_value(pass->r->array[i]);
    fresh[i] = (MlirValue){NULL};
    if (held || p->keep[i].last <= phase_of(pass) || !same_shape(pass, value)) continue;
    MdlDtype dtype = mdl_nest_type(n, value)->dtype;
    MdlLoopType type = {.kind = MDL_LOOP_memory, .rank = 1, .dim = {each}};
    type.element = mdl_loop_register(dtype);
    type.lanes = pass->r->width;
    fresh[i] = mdl_loop_alloca(&n->b, &type);
    mdl_value_set_name(n->ir, fresh[i], mdl_text(n->ir->arena, "own_%s", name ? name : "t"));
  }
}

/* What the body knows of the value at its point; no value: nothing. */
static MlirValue known(const MdlRowPass *pass, MlirValue value, int memos)
{
  const MdlNest *n = pass->r->n;
  for (int i = memos; i < n->memos; i++) {
    const MdlMemo *memo = &n->memo[i];
    bool here = mdl_same(memo->value, value) && memo->point.lane == pass->q.lane;
    for (int j = 0; here && j < pass->q.rank; j++)
      here = mdl_same(memo->point.at[j], pass->q.at[j]);
    if (here) return memo->made;
  }
  return (MlirValue){NULL};
}

/* Element `e` of the row, or a vector from there on; the thread's own number k. */
static void at_element(MdlRowPass *pass, MlirValue e, MlirValue k, const MlirValue *fresh,
                       const MlirValue *so_far, MlirValue *next)
{
  MdlRows *r = pass->r;
  MdlNest *n = r->n;
  MdlPoint inside;
  MlirValue extent[MDL_MAX_RANK];
  int axes = pass->shape->rank - r->p.rows, memos = n->memos;
  n->width = r->width;
  pass->q.lane = r->width > 1 ? pass->shape->rank - 1 : -1;
  for (int i = 0; i < axes; i++) extent[i] = mdl_nest_extent(n, pass->shape->dim[r->p.rows + i]);
  mdl_gpu_split(n, axes, extent, e, &inside);
  for (int i = 0; i < axes; i++) pass->q.at[r->p.rows + i] = inside.at[i];
  for (int i = 0; i < r->p.kept && fresh; i++) {
    MlirValue value = r->p.keep[i].value;
    if (mdl_is_no_value(r->array[i]) || !same_shape(pass, value)) continue;
    mdl_nest_remember(n, value, &pass->q, mdl_loop_load(&n->b, r->array[i], &k, 1));
  }
  mdl_rows_step(pass, so_far, next);
  for (int i = 0; i < r->p.kept && fresh; i++) {
    MlirValue value = known(pass, r->p.keep[i].value, memos);
    if (mdl_is_no_value(fresh[i]) || mdl_is_no_value(value)) continue;
    mdl_loop_store(&n->b, value, fresh[i], &k);
  }
  n->memos = memos;
  n->width = 1;
}

/* What the sums start with: a vector where they are gathered so. */
static void start(MdlRowPass *pass, MlirValue *sum)
{
  for (int i = 0; i < pass->sums; i++)
    sum[i] = mdl_rows_start(pass->r, pass->sum[i], pass->r->width);
}

/* A thread's lanes, one by one. */
static MlirValue across(MdlRows *r, const MdlSink *s, MlirValue vector)
{
  if (r->width == 1) return vector;
  MlirValue sum = mdl_loop_extract(&r->n->b, vector, 0);
  for (int i = 1; i < r->width; i++)
    sum = mdl_rows_combine(r, s, sum, mdl_loop_extract(&r->n->b, vector, i));
  return sum;
}

/* All threads take as many steps, the last one perhaps without an element. */
static void unrolled(MdlRowPass *pass, int64_t length, MlirValue *sum)
{
  int width = pass->r->width;
  int64_t steps = length / width, each = (steps + pass->r->p.team - 1) / pass->r->p.team;
  MdlRows *r = pass->r;
  MdlNest *n = r->n;
  MdlLoop loop;
  MdlBranch branch;
  MlirType type[MDL_MAX_SUMS];
  MlirValue next[MDL_MAX_SUMS], fresh[MDL_MAX_KEPT];
  open_arrays(pass, each, fresh);
  mdl_loop_over(n, &loop, number(r, each), pass->sums, sum);
  if (!mdl_is_null(loop.op)) mdl_op_set_unit(n->ir, loop.op, "mdl.unroll");
  MlirValue v = mdl_index_mul(&n->b, loop.iv, number(r, r->p.team));
  if (r->p.team > 1) v = mdl_index_add(&n->b, v, r->lane);
  bool guarded = each * r->p.team != steps;
  if (guarded) {
    for (int i = 0; i < pass->sums; i++)
      type[i] = mdl_loop_value_type(n->ir, mdl_nest_type(n, pass->sum[i]->value)->dtype, width);
    MlirValue inside = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, v, number(r, steps));
    mdl_branch_begin(n, &branch, inside, pass->sums, type);
  }
  MlirValue e = mdl_index_mul(&n->b, v, number(r, width));
  at_element(pass, e, loop.iv, fresh, loop.carry, next);
  if (guarded) {
    mdl_branch_else(n, &branch, pass->sums, next);
    mdl_branch_end(n, &branch, pass->sums, loop.carry);
    for (int i = 0; i < pass->sums; i++) next[i] = mdl_result(branch.op, i);
  }
  mdl_loop_end(n, &loop, next);
  for (int i = 0; i < pass->sums; i++) sum[i] = loop.carry[i];
  for (int i = 0; i < r->p.kept; i++)
    if (!mdl_is_no_value(fresh[i]) && mdl_has_uses(fresh[i])) r->array[i] = fresh[i];
}

static void strided(MdlRowPass *pass, MlirValue *sum)
{
  MdlRows *r = pass->r;
  MdlNest *n = r->n;
  MdlLoop loop;
  MlirValue extent[MDL_MAX_RANK], next[MDL_MAX_SUMS];
  int axes = pass->shape->rank - r->p.rows;
  for (int i = 0; i < axes; i++) extent[i] = mdl_nest_extent(n, pass->shape->dim[r->p.rows + i]);
  MlirValue first = number(r, 0), step = number(r, (int64_t)r->p.team * r->width);
  if (r->p.team > 1) first = mdl_index_mul(&n->b, r->lane, number(r, r->width));
  mdl_loop_begin(n, &loop, first, mdl_gpu_product(n, axes, extent), step, pass->sums, sum);
  at_element(pass, loop.iv, loop.iv, NULL, loop.carry, next);
  mdl_loop_end(n, &loop, next);
  for (int i = 0; i < pass->sums; i++) sum[i] = loop.carry[i];
}

static MlirValue together(MdlRows *r, const MdlSink *s, MlirValue value)
{
  MdlBuilder *b = &r->n->b;
  MdlAllReduce kind =
      mdl_gpu_all_reduce(mdl_op(r->n->ir, s->op), mdl_nest_type(r->n, s->value)->dtype);
  if (r->p.team == 1) return value;
  return r->p.team > WARP ? mdl_loop_all_reduce(b, kind, value)
                          : mdl_loop_team_reduce(b, kind, value, r->p.team);
}

void mdl_gpu_rows_pass(MdlRowPass *pass, MlirValue *sum)
{
  MdlRows *r = pass->r;
  int64_t each = mdl_phases_each(&r->p, pass->shape), length = 1, extent;
  for (int i = r->p.rows; each && i < pass->shape->rank; i++)
    length *= mdl_size_is_const(pass->shape->dim[i], &extent) ? extent : 1;
  start(pass, sum);
  if (each && length)
    unrolled(pass, length, sum);
  else
    strided(pass, sum);
  for (int i = 0; i < pass->sums; i++)
    sum[i] = together(r, pass->sum[i], across(r, pass->sum[i], sum[i]));
}

/* ---- once a row -------------------------------------------------------------------------- */

/* Does one of them lie over what it is made of? */
static bool updates(MdlRows *r, int count, const MlirValue *value)
{
  MlirOperation end = mdl_terminator(mdl_body(r->n->g.func, 0));
  for (int i = 0; i < mdl_operand_count(end); i++)
    for (int j = 0; j < count; j++)
      if (mdl_same(mdl_operand(end, i), value[j]) && mdl_group_in_place(r->n->g.func, i) >= 0)
        return true;
  return false;
}

/* What is stored over its operand is computed by the thread that stores it: others might read it
 * too late. */
void mdl_gpu_rows_store(MdlRows *r, int count, const MlirValue *value)
{
  MdlNest *n = r->n;
  MdlBranch branch;
  bool alone = r->p.team > 1 && updates(r, count, value);
  for (int i = 0; i < count && !alone; i++) {
    MdlPoint p = mdl_rows_point(r, value[i]);
    mdl_nest_at(n, value[i], &p);
  }
  if (r->p.team > 1)
    mdl_branch_begin(n, &branch, mdl_loop_compare(&n->b, MDL_PREDICATE_eq, r->lane, number(r, 0)),
                     0, NULL);
  for (int i = 0; i < count && alone; i++) {
    MdlPoint p = mdl_rows_point(r, value[i]);
    mdl_nest_at(n, value[i], &p);
  }
  for (int i = 0; i < count; i++) {
    MdlPoint p = mdl_rows_point(r, value[i]);
    mdl_nest_store(n, value[i], value[i], &p);
  }
  if (r->p.team > 1) mdl_gpu_one_end(n, &branch);
}
