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
  int group;        /* rows or columns of a thread that are next to each other */
  int span[2];      /* from one such group to the next */
  MlirValue own[2]; /* this thread's first row, column in the tile */
  MlirValue part[2], sum;
} Simt;

/* ---- shapes ------------------------------------------------------------------------------ */

static const MdlTileShape shapes[] = {
    {{128, 128}, {8, 8}, 16}, {{64, 64}, {4, 4}, 16},  {{32, 128}, {4, 4}, 16},
    {{128, 32}, {4, 4}, 16},  {{16, 256}, {4, 4}, 16}, {{256, 16}, {4, 4}, 16},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };
enum { LEAST_STEPS = 16, LEAST_SIDE = 12, PROCESSORS = 108 /* an A100's */ };

/* What the whole grid takes, in multiply-adds of a processor: the larger the part of a thread, the
 * less waits for shared memory. */
static double cost(const MdlTileSides *s, const MdlTileShape *shape)
{
  int64_t rounds = (mdl_tiles_count(s, shape) + PROCESSORS - 1) / PROCESSORS;
  double pace = shape->each[0] == 8 ? 1 : shape->side[0] == shape->side[1] ? 0.7 : 0.6;
  return (double)rounds * shape->side[0] * shape->side[1] / pace;
}

static MdlTileShape simt_shape(const MdlTileSides *s)
{
  MdlTileShape best = {.steps = 0};
  int bytes = mdl_dtypes[mdl_loop_register(s->c.result->dtype)].bytes;
  if (mdl_schedule_guess(s->step_extent) < LEAST_STEPS) return best;
  for (int i = 0; i < 2; i++)
    if (mdl_schedule_guess(s->extent[i]) < LEAST_SIDE) return best;
  for (int i = 0; i < SHAPES; i++) {
    MdlTileShape shape = shapes[i];
    if (bytes == 8 && shape.each[0] == 8) continue;
    if (bytes == 8) shape.steps /= 2;
    if (!best.steps || cost(s, &shape) < cost(s, &best)) best = shape;
  }
  return best;
}

/* ---- small things ------------------------------------------------------------------------ */

static MlirValue number(MdlGpuTiles *t, int64_t value) { return mdl_nest_index(t->n, value); }

static MlirValue scaled(MdlGpuTiles *t, MlirValue x, int64_t by, MlirValue y)
{
  return mdl_index_add(&t->n->b, mdl_index_mul(&t->n->b, x, number(t, by)), y);
}

static MlirValue split(MdlGpuTiles *t, MlirValue x, int64_t by, MlirValue *rest)
{
  *rest = mdl_index_rem(&t->n->b, x, number(t, by));
  return mdl_index_div(&t->n->b, x, number(t, by));
}

static MlirValue named(MdlGpuTiles *t, MlirValue value, const char *name)
{
  mdl_value_set_name(t->n->ir, value, name);
  return value;
}

static int row_of(const MdlGpuTiles *t, int side)
{
  int bytes = mdl_dtypes[mdl_loop_register(t->s.c.result->dtype)].bytes;
  return t->shape.side[side] + (bytes < 4 ? 4 : 16 / bytes); /* lines begin in other banks */
}

/* ---- into shared memory ------------------------------------------------------------------ */

/* A thread has one row or column, so that what its place needs is found once; neighbouring threads
 * read neighbours in memory. */
static void share_slab(MdlGpuTiles *t, Slab *s)
{
  int side = t->shape.side[s->source.side], steps = t->shape.steps, threads = MDL_TILE_THREADS;
  int per_line = threads / side, lanes = 1;
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
  if (!t->whole[side])
    at = mdl_index_min(b, at, mdl_index_sub(b, t->extent[side], number(t, s->lanes)));
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

/* The element at a step, 0 past the last. */
static MlirValue element(MdlGpuTiles *t, Slab *s, MlirValue step)
{
  MdlNest *n = t->n;
  MdlBranch branch;
  if (t->whole_steps) return mdl_source_load(&s->source, &s->line, step, s->lanes);
  MlirType type = mdl_loop_value_type(n->ir, t->s.c.result->dtype, s->lanes);
  MlirValue inside = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, step, t->step_end);
  mdl_branch_begin(n, &branch, inside, 1, &type);
  MlirValue value = mdl_source_load(&s->source, &s->line, step, s->lanes);
  mdl_branch_else(n, &branch, 1, &value);
  MdlArith a = {&n->b, n->machine, s->lanes};
  MlirValue zero = mdl_arith_number(&a, t->s.c.result->dtype, 0, 0);
  return mdl_branch_end(n, &branch, 1, &zero);
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
  MlirValue value = element(t, s, scaled(t, loop.iv, s->apart, from));
  MlirValue to = mdl_index_mul(&n->b, loop.iv, number(t, s->lanes));
  mdl_loop_store(&n->b, value, s->next, &to);
  mdl_loop_end(n, &loop, NULL);
  end_active(t, s, &branch);
}

/* From registers into a buffer. */
static void put(MdlGpuTiles *t, Slab *s, MlirValue buffer)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  MdlBranch branch;
  begin_active(t, s, &branch);
  mdl_tiles_unrolled(t, &loop, s->units);
  MlirValue at = mdl_index_mul(&n->b, loop.iv, number(t, s->lanes));
  MlirValue to[] = {buffer, scaled(t, loop.iv, s->apart, s->step), s->along};
  mdl_loop_store(&n->b, mdl_loop_load(&n->b, s->next, &at, s->lanes), s->memory, to);
  mdl_loop_end(n, &loop, NULL);
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
    s->span[i] = lanes[i] * s->group;
    MlirValue first = mdl_index_mul(b, place[i], number(t, (int64_t)lanes[i] * t->shape.each[i]));
    s->own[i] = named(t, scaled(t, at[i], s->group, first), i ? "column" : "row");
  }
}

/* Where element i of a thread's rows or columns stands in the tile. */
static MlirValue place_of(MdlGpuTiles *t, const Simt *s, int side, MlirValue i)
{
  MlirValue rest, group = split(t, i, s->group, &rest);
  if (t->shape.each[side] == s->group) group = number(t, 0), rest = i;
  return mdl_index_add(&t->n->b, s->own[side], scaled(t, group, s->span[side], rest));
}

static void read_part(MdlGpuTiles *t, Simt *s, int side, MlirValue buffer, MlirValue step)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  mdl_tiles_unrolled(t, &loop, t->shape.each[side]);
  MlirValue from[] = {buffer, step, place_of(t, s, side, loop.iv)};
  mdl_loop_store(&n->b, mdl_loop_load(&n->b, s->slab[side].memory, from, 1), s->part[side],
                 &loop.iv);
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
  mdl_loop_over(n, &loop, slabs, 0, NULL);
  bool one = mdl_is_null(loop.op);
  if (!one) named(t, loop.iv, "slab");
  MlirValue next = mdl_index_add(&n->b, loop.iv, number(t, 1)), more = {NULL};
  MlirValue buffer = mdl_index_rem(&n->b, loop.iv, number(t, 2));
  if (!one) {
    more = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, next, slabs);
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

static void leave(MdlGpuTiles *t, Simt *s)
{
  MdlNest *n = t->n;
  MdlLoop row, column;
  mdl_tiles_unrolled(t, &row, t->shape.each[0]);
  MlirValue i = place_of(t, s, 0, row.iv);
  mdl_tiles_unrolled(t, &column, t->shape.each[1]);
  MlirValue at = scaled(t, row.iv, t->shape.each[1], column.iv);
  mdl_tiles_emit(t, i, place_of(t, s, 1, column.iv), mdl_loop_load(&n->b, s->sum, &at, 1));
  mdl_loop_end(n, &column, NULL);
  mdl_loop_end(n, &row, NULL);
}

static void *simt_open(MdlGpuTiles *t)
{
  Simt *s = MDL_NEW(t->n->ir->arena, Simt, 1);
  int bytes = mdl_dtypes[mdl_loop_register(t->s.c.result->dtype)].bytes;
  s->group = bytes == 8 ? 2 : 4;
  for (int i = 0; i < 2; i++) open_slab(t, &s->slab[i], i);
  s->part[0] = mdl_tiles_own(t, t->shape.each[0], "x");
  s->part[1] = mdl_tiles_own(t, t->shape.each[1], "y");
  s->sum = mdl_tiles_own(t, t->shape.each[0] * t->shape.each[1], "sum");
  find_own(t, s);
  return s;
}

static void simt_tile(MdlGpuTiles *t)
{
  Simt *s = t->own;
  clear_sums(t, s);
  sum_slabs(t, s);
  leave(t, s);
}

const MdlTileEngine mdl_simt_engine = {simt_shape, simt_open, simt_tile, true};
