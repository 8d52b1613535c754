/* The engine for every type: each thread sums a few rows by a few columns in registers. Slabs of
 * both operands lie in shared memory twice: while one is summed, the next comes into registers and
 * from there into the other, so that a slab costs one barrier. */
#include "passes/gpu_tiles.h"

enum { WARP = 32, LANES = 8 /* threads of a warp along the columns */ };

/* A slab of one operand: [buffer][step][row or column], and what a thread brings of it: `units`
 * vectors of a line, `apart` steps from each other. */
typedef struct Slab {
  MdlTileSource source;
  MdlTileLine line;
  int lanes, units, apart;
  int active;            /* threads that bring something */
  MlirValue along, step; /* where this thread's first unit stands in a slab */
  MlirValue next, memory;
} Slab;

typedef struct Simt {
  Slab slab[2];
  int group[2];     /* rows, columns of a thread that are next to each other */
  int span[2];      /* from one such group to the next */
  MlirValue own[2]; /* this thread's first row, column in the tile */
  MlirValue part[2], sum;
} Simt;

/* ---- small things ------------------------------------------------------------------------ */

static MlirValue number(MdlGpuTiles *t, int64_t value) { return mdl_nest_index(t->n, value); }

static MlirValue scaled(MdlGpuTiles *t, MlirValue x, int64_t by, MlirValue y)
{
  return mdl_index_add(&t->n->b, mdl_index_mul(&t->n->b, x, number(t, by)), y);
}

static MlirValue split(MdlGpuTiles *t, MlirValue x, int64_t by, MlirValue *rest)
{
  bool below = mdl_same(x, t->thread) && by == MDL_TILE_THREADS;
  *rest = below ? x : mdl_index_rem(&t->n->b, x, number(t, by));
  return below ? number(t, 0) : mdl_index_div(&t->n->b, x, number(t, by));
}

/* What is made here and has no name yet gets one. */
static MlirValue named(MdlGpuTiles *t, MlirValue value, const char *name)
{
  bool made = !mdl_is_null(mdl_def(value)) && mdl_loop_def_op(value) != MDL_LOOP_constant;
  if (made && !mdl_value_name(t->n->ir, value)) mdl_value_set_name(t->n->ir, value, name);
  return value;
}

static int row_of(const MdlGpuTiles *t, int side)
{
  int bytes = mdl_tiles_bytes(&t->s);
  return t->shape.side[side] + (bytes < 4 ? 4 : 16 / bytes); /* lines begin in other banks */
}

/* ---- into shared memory ------------------------------------------------------------------ */

/* Elements that are read from memory at once: 16 bytes where what is kept is what is there. The
 * steps of a last part may end between them. */
static int lanes_of(MdlGpuTiles *t, const MdlTileSource *s)
{
  if (t->in_parts && s->by_steps) return 1;
  return mdl_lane_bytes(t->s.c.result->dtype) >= 4 ? s->lanes : 1;
}

/* A thread has one row or column, so that what its place needs is found once; neighbouring threads
 * read neighbours in memory. */
static void share_slab(MdlGpuTiles *t, Slab *s)
{
  int side = t->shape.side[s->source.side], steps = t->shape.steps, threads = MDL_TILE_THREADS;
  int per_line = threads / side, lanes = lanes_of(t, &s->source);
  s->lanes = lanes;
  if (s->source.by_steps) {
    if (per_line > steps / lanes) per_line = steps / lanes;
    s->along = split(t, t->thread, per_line, &s->step);
    s->step = mdl_index_mul(&t->n->b, s->step, number(t, lanes));
    s->apart = per_line * lanes;
    s->active = side * per_line;
  } else {
    int across = side / lanes;
    s->step = split(t, t->thread, across, &s->along);
    s->along = mdl_index_mul(&t->n->b, s->along, number(t, lanes));
    s->apart = threads / across < steps ? threads / across : steps;
    s->active = across * s->apart;
  }
  s->units = steps / s->apart;
  bool rows = s->source.side == MDL_TILE_rows;
  named(t, s->along, rows ? "brings_row" : "brings_column");
  named(t, s->step, rows ? "row_step" : "column_step");
}

static void open_slab(MdlGpuTiles *t, Slab *s, int side)
{
  static const char *const names[] = {"rows", "columns"}, *const next[] = {"next_rows",
                                                                           "next_columns"};
  int dim[] = {2, t->shape.steps, row_of(t, side)};
  s->source = mdl_source_open(t, side);
  share_slab(t, s);
  s->memory = mdl_tiles_shared(t, 3, dim, names[side]);
  s->next = mdl_tiles_own(t, s->units * s->lanes, next[side]);
}

/* Rows past the end are the last one: what is summed of them is not kept. */
static void place_slab(MdlGpuTiles *t, Slab *s)
{
  MdlBuilder *b = &t->n->b;
  int side = s->source.side;
  MlirValue at = mdl_index_add(b, t->origin[side], s->along);
  int taken = s->source.by_steps ? 1 : s->lanes;
  if (!t->whole[side])
    at = mdl_index_min(b, at, mdl_index_sub(b, t->extent[side], number(t, taken)));
  s->line = mdl_source_line(&s->source, at);
}

static void begin_active(MdlGpuTiles *t, const Slab *s, MdlBranch *branch)
{
  if (s->active == MDL_TILE_THREADS) return;
  mdl_branch_begin(t->n, branch,
                   mdl_loop_compare(&t->n->b, MDL_PREDICATE_lt, t->thread, number(t, s->active)), 0,
                   NULL);
}

static void end_active(MdlGpuTiles *t, const Slab *s, MdlBranch *branch)
{
  if (s->active < MDL_TILE_THREADS) mdl_gpu_one_end(t->n, branch);
}

/* The elements of a unit one by one, in memory that is not aligned. */
static void fetch_singles(MdlGpuTiles *t, Slab *s, MlirValue step, MlirValue to)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  MdlTileLine line = s->line;
  mdl_tiles_unrolled(t, &loop, s->lanes);
  if (s->source.by_steps)
    step = mdl_index_add(&n->b, step, loop.iv);
  else
    s->line.offset = mdl_index_add(&n->b, line.offset, loop.iv);
  to = mdl_index_add(&n->b, to, loop.iv);
  mdl_loop_store(&n->b, mdl_source_load(&s->source, &s->line, step, 1), s->next, &to);
  mdl_loop_end(n, &loop, NULL);
  s->line = line;
}

static void fetch_unit(MdlGpuTiles *t, Slab *s, MlirValue step, MlirValue to)
{
  MdlNest *n = t->n;
  MdlBranch branch;
  if (s->lanes > 1) mdl_branch_begin(n, &branch, s->source.aligned, 0, NULL);
  mdl_loop_store(&n->b, mdl_source_load(&s->source, &s->line, step, s->lanes), s->next, &to);
  if (s->lanes == 1) return;
  mdl_branch_else(n, &branch, 0, NULL);
  fetch_singles(t, s, step, to);
  mdl_branch_end(n, &branch, 0, NULL);
}

/* A slab from step `first` on, into registers. */
static void fetch(MdlGpuTiles *t, Slab *s, MlirValue first)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  MdlBranch branch;
  begin_active(t, s, &branch);
  MlirValue from = mdl_index_add(&n->b, first, s->step);
  mdl_tiles_unrolled(t, &loop, s->units);
  MlirValue to = mdl_index_mul(&n->b, loop.iv, number(t, s->lanes));
  fetch_unit(t, s, scaled(t, loop.iv, s->apart, from), to);
  mdl_loop_end(n, &loop, NULL);
  end_active(t, s, &branch);
}

/* A unit from registers into a buffer: steps of one line are no neighbours there. */
static void put_unit(MdlGpuTiles *t, Slab *s, MlirValue unit, MlirValue buffer)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  bool apart = s->lanes > 1 && s->source.by_steps;
  MlirValue at = mdl_index_mul(&n->b, unit, number(t, s->lanes));
  MlirValue to[] = {buffer, scaled(t, unit, s->apart, s->step), s->along};
  if (apart) {
    mdl_tiles_unrolled(t, &loop, s->lanes);
    at = mdl_index_add(&n->b, at, loop.iv);
    to[1] = mdl_index_add(&n->b, to[1], loop.iv);
  }
  MlirValue value = mdl_loop_load(&n->b, s->next, &at, apart ? 1 : s->lanes);
  mdl_loop_store(&n->b, value, s->memory, to);
  if (apart) mdl_loop_end(n, &loop, NULL);
}

static void put(MdlGpuTiles *t, Slab *s, MlirValue buffer)
{
  MdlLoop loop;
  MdlBranch branch;
  begin_active(t, s, &branch);
  mdl_tiles_unrolled(t, &loop, s->units);
  put_unit(t, s, loop.iv, buffer);
  mdl_loop_end(t->n, &loop, NULL);
  end_active(t, s, &branch);
}

/* ---- sums -------------------------------------------------------------------------------- */

/* A warp has LANES threads along the columns; warps lie row-major. */
static void find_own(MdlGpuTiles *t, Simt *s)
{
  MdlBuilder *b = &t->n->b;
  int across = t->shape.side[1] / t->shape.each[1], lanes[2];
  lanes[1] = across < LANES ? across : LANES;
  lanes[0] = WARP / lanes[1];
  MlirValue lane, warp = split(t, t->thread, WARP, &lane), at[2], place[2];
  at[0] = split(t, lane, lanes[1], &at[1]);
  place[0] = split(t, warp, across / lanes[1], &place[1]);
  for (int i = 0; i < 2; i++) {
    s->span[i] = lanes[i] * s->group[i];
    MlirValue first = mdl_index_mul(b, place[i], number(t, (int64_t)lanes[i] * t->shape.each[i]));
    s->own[i] = named(t, scaled(t, at[i], s->group[i], first), i ? "column" : "row");
  }
}

/* Where element i of a thread's rows or columns stands in the tile. */
static MlirValue place_of(MdlGpuTiles *t, const Simt *s, int side, MlirValue i)
{
  MlirValue rest, group = split(t, i, s->group[side], &rest);
  if (t->shape.each[side] == s->group[side]) group = number(t, 0), rest = i;
  return mdl_index_add(&t->n->b, s->own[side], scaled(t, group, s->span[side], rest));
}

/* A thread's rows or columns of a step: a group of neighbours by one access where it is 16 bytes.
 */
static void read_part(MdlGpuTiles *t, Simt *s, int side, MlirValue buffer, MlirValue step)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  int lanes = mdl_lane_bytes(t->s.c.result->dtype) >= 4 ? s->group[side] : 1;
  mdl_tiles_unrolled(t, &loop, t->shape.each[side] / lanes);
  MlirValue place =
      lanes > 1 ? scaled(t, loop.iv, s->span[side], s->own[side]) : place_of(t, s, side, loop.iv);
  MlirValue from[] = {buffer, step, place};
  MlirValue to = mdl_index_mul(&n->b, loop.iv, number(t, lanes));
  MlirValue value = mdl_loop_load(&n->b, s->slab[side].memory, from, lanes);
  mdl_loop_store(&n->b, value, s->part[side], &to);
  mdl_loop_end(n, &loop, NULL);
}

static void multiply(MdlGpuTiles *t, Simt *s)
{
  MdlNest *n = t->n;
  MdlLoop row, column;
  MdlArith a = mdl_nest_arith(n, NULL);
  mdl_tiles_unrolled(t, &row, t->shape.each[0]);
  mdl_tiles_unrolled(t, &column, t->shape.each[1]);
  MlirValue at = scaled(t, row.iv, t->shape.each[1], column.iv);
  MlirValue x[] = {mdl_loop_load(&n->b, s->part[0], &row.iv, 1),
                   mdl_loop_load(&n->b, s->part[1], &column.iv, 1)};
  MlirValue sum = mdl_loop_load(&n->b, s->sum, &at, 1);
  /* operands in the order of the source */
  sum = mdl_arith_multiply_add(&a, t->s.c.result->dtype, x[t->s.of[0]], x[!t->s.of[0]], sum);
  mdl_loop_store(&n->b, sum, s->sum, &at);
  mdl_loop_end(n, &column, NULL);
  mdl_loop_end(n, &row, NULL);
}

static void sum_slab(MdlGpuTiles *t, Simt *s, MlirValue buffer)
{
  MdlLoop loop;
  mdl_tiles_unrolled(t, &loop, t->shape.steps);
  for (int side = 0; side < 2; side++) read_part(t, s, side, buffer, loop.iv);
  multiply(t, s);
  mdl_loop_end(t->n, &loop, NULL);
}

static void clear_sums(MdlGpuTiles *t, Simt *s)
{
  MdlLoop loop;
  MdlArith a = mdl_nest_arith(t->n, NULL);
  mdl_tiles_unrolled(t, &loop, t->shape.each[0] * t->shape.each[1]);
  mdl_loop_store(&t->n->b, mdl_arith_number(&a, t->s.c.result->dtype, 0, 0), s->sum, &loop.iv);
  mdl_loop_end(t->n, &loop, NULL);
}

static void sum_slabs(MdlGpuTiles *t, Simt *s)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  MdlBranch branch;
  MlirValue steps = number(t, t->shape.steps);
  MlirValue up = mdl_index_add(&n->extents.top, t->step_extent, number(t, t->shape.steps - 1));
  MlirValue slabs = mdl_index_div(&n->extents.top, up, steps);
  for (int i = 0; i < 2; i++) place_slab(t, &s->slab[i]);
  for (int i = 0; i < 2; i++) fetch(t, &s->slab[i], number(t, 0));
  for (int i = 0; i < 2; i++) put(t, &s->slab[i], number(t, 0));
  mdl_loop_barrier(&n->b);
  clear_sums(t, s);
  mdl_loop_over(n, &loop, slabs, 0, NULL);
  bool one = mdl_is_null(loop.op);
  if (!one) mdl_value_set_name(n->ir, loop.iv, "slab");
  MlirValue next = mdl_index_add(&n->b, loop.iv, number(t, 1)), more = {NULL};
  MlirValue buffer = named(t, mdl_index_rem(&n->b, loop.iv, number(t, 2)), "buffer");
  if (!one) {
    more = named(t, mdl_loop_compare(&n->b, MDL_PREDICATE_lt, next, slabs), "more");
    mdl_branch_begin(n, &branch, more, 0, NULL);
    MlirValue first = mdl_index_mul(&n->b, next, steps);
    for (int i = 0; i < 2; i++) fetch(t, &s->slab[i], first);
    mdl_gpu_one_end(n, &branch);
  }
  sum_slab(t, s, buffer);
  if (!one) {
    mdl_branch_begin(n, &branch, more, 0, NULL);
    MlirValue other = mdl_index_sub(&n->b, number(t, 1), buffer);
    for (int i = 0; i < 2; i++) put(t, &s->slab[i], other);
    mdl_gpu_one_end(n, &branch);
  }
  mdl_loop_barrier(&n->b);
  mdl_loop_end(n, &loop, NULL);
}

/* ---- tiles ------------------------------------------------------------------------------- */

/* The loops over a thread's rows and columns, the side outside whose indices cost more. */
static void leave(MdlGpuTiles *t, Simt *s)
{
  MdlNest *n = t->n;
  MdlLoop loop[2];
  MdlTileEdge edge[2];
  MdlPoint p = t->base;
  int outer = mdl_tiles_outer(t);
  for (int i = 0; i < 2; i++) {
    int side = i ? !outer : outer;
    mdl_tiles_unrolled(t, &loop[side], t->shape.each[side]);
    edge[side] = mdl_tiles_enter(t, side, place_of(t, s, side, loop[side].iv), &p);
  }
  MlirValue at = scaled(t, loop[0].iv, t->shape.each[1], loop[1].iv);
  mdl_tiles_finish(t, &p, edge, mdl_loop_load(&n->b, s->sum, &at, 1));
  for (int i = 0; i < 2; i++) {
    int side = i ? outer : !outer;
    mdl_tiles_exit(t, &edge[side]);
    mdl_loop_end(n, &loop[side], NULL);
  }
}

enum { MANY_UNITS = 16 };

/* Many loads at once, each behind a check of an image of free size, in 64 bits, want more registers
 * than ptxas gives where it hopes for four blocks on a processor: it shall hope for two. */
static void allow_registers(MdlGpuTiles *t, const Simt *s)
{
  int64_t known;
  for (int i = 0; i < 2; i++) {
    const MdlTileSource *from = &s->slab[i].source;
    for (int j = 0; j < from->pads && s->slab[i].units >= MANY_UNITS; j++)
      if (!mdl_size_is_const(from->pad[j].extent, &known))
        mdl_op_set_int(t->n->ir, t->n->func, "mdl.resident", 2);
  }
}

static void *simt_open(MdlGpuTiles *t)
{
  Simt *s = MDL_NEW(t->n->ir->arena, Simt, 1);
  int most = mdl_tiles_bytes(&t->s) == 8 ? 2 : 4; /* 16 bytes; of bytes so many too */
  for (int i = 0; i < 2; i++) s->group[i] = t->shape.each[i] < most ? t->shape.each[i] : most;
  for (int i = 0; i < 2; i++) open_slab(t, &s->slab[i], i);
  allow_registers(t, s);
  s->part[0] = mdl_tiles_own(t, t->shape.each[0], "x");
  s->part[1] = mdl_tiles_own(t, t->shape.each[1], "y");
  s->sum = mdl_tiles_own(t, t->shape.each[0] * t->shape.each[1], "sum");
  find_own(t, s);
  return s;
}

static void simt_tile(MdlGpuTiles *t)
{
  Simt *s = t->own;
  sum_slabs(t, s);
  leave(t, s);
}

const MdlTileEngine mdl_simt_engine = {mdl_simt_shape, simt_open, simt_tile, true};
