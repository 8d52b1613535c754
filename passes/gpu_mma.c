/* The engine of tensor cores, for f16, bf16 and, where tf32 will do, f32: a tile's eight warps
 * multiply fragments by mma.sync, 16 by 8 results at 16 steps of halves or 8 of tf32, and sum in
 * f32. Slabs of both operands come into a ring of slots in shared memory, two or three ahead of the
 * one that is multiplied, so that a slab costs one barrier. */
#include "passes/gpu_mma.h"

#include <string.h>

enum { WARP = 32, SHARED_BYTES = 48 << 10, LEAST_STEPS = 16, LEAST_SIDE = 12, MOST_SLOTS = 4 };

/* ---- shapes ------------------------------------------------------------------------------ */

/* each: a warp's part; there are eight. Steps: of halves. */
static const MdlTileShape shapes[] = {
    {{128, 128}, {64, 32}, 2 * MDL_MMA_WORDS},
    {{128, 64}, {32, 32}, 2 * MDL_MMA_WORDS},
    {{64, 128}, {32, 32}, 2 * MDL_MMA_WORDS},
    {{64, 64}, {32, 16}, 2 * MDL_MMA_WORDS},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, PROCESSORS = 108 /* an A100's */ };

/* What the whole grid takes, in results of a processor: smaller tiles bring more for each. */
static double cost(const MdlTileSides *s, const MdlTileShape *shape)
{
  int64_t rounds = (mdl_tiles_count(s, shape) + PROCESSORS - 1) / PROCESSORS;
  double area = (double)shape->side[0] * shape->side[1];
  return (double)rounds * area * (1.0 / shape->side[0] + 1.0 / shape->side[1] + 1.0 / 64);
}

MdlDtype mdl_mma_dtype(const MdlTileSides *s)
{
  MdlIr *ir = s->c.g->ir;
  const char *halves = mdl_op_text(ir, s->c.op, "mdl.halves");
  for (int i = 0; i < 2; i++)
    if (mdl_def_op(ir, mdl_operand(s->c.op, i)) != MDL_OP_convert) halves = NULL;
  return halves ? mdl_dtype_find(halves, strlen(halves)) : s->c.result->dtype;
}

static bool is_wide(const MdlTileSides *s) { return mdl_mma_dtype(s) == MDL_f32; }

/* Do tensor cores take the type, and may they? */
static bool is_taken(const MdlTileSides *s)
{
  if (is_wide(s)) return mdl_op_has(s->c.g->func, "mdl.tf32");
  return mdl_is_half(mdl_mma_dtype(s));
}

static MdlTileShape mma_shape(const MdlTileSides *s)
{
  MdlTileShape best = {.steps = 0};
  if (!is_taken(s) || mdl_schedule_guess(s->step_extent) < LEAST_STEPS) return best;
  for (int i = 0; i < 2; i++)
    if (s->c.in[i]->dtype != s->c.result->dtype || mdl_schedule_guess(s->extent[i]) < LEAST_SIDE)
      return best;
  for (int i = 0; i < SHAPES; i++)
    if (!best.steps || cost(s, &shapes[i]) < cost(s, &best)) best = shapes[i];
  if (is_wide(s)) best.steps = MDL_MMA_WORDS;
  return best;
}

/* ---- small things ------------------------------------------------------------------------ */

static MlirValue number(MdlGpuTiles *t, int64_t value) { return mdl_nest_index(t->n, value); }

MlirValue mdl_mma_scaled(MdlGpuTiles *t, MlirValue x, int64_t by, MlirValue y)
{
  return mdl_index_add(&t->n->b, mdl_index_mul(&t->n->b, x, number(t, by)), y);
}

MlirValue mdl_mma_split(MdlGpuTiles *t, MlirValue x, int64_t by, MlirValue *rest)
{
  *rest = mdl_index_rem(&t->n->b, x, number(t, by));
  return mdl_index_div(&t->n->b, x, number(t, by));
}

void mdl_mma_call(MdlGpuTiles *t, const char *function, int operands, const MlirValue *operand)
{
  MdlPass *pass = t->n->pass;
  mdl_loop_device(&t->n->b, pass->module, pass->symbols, function, operands, operand, NULL);
}

MlirValue mdl_mma_array(MdlGpuTiles *t, MdlDtype element, int rank, const int64_t *dim,
                        const char *name)
{
  MdlLoopType type = {.kind = MDL_LOOP_memory, .element = element, .rank = rank};
  for (int i = 0; i < rank; i++) type.dim[i] = dim[i];
  MlirValue made = mdl_loop_alloca(&t->n->extents.top, &type);
  mdl_loop_nest_array(t->n->ir, made, element == MDL_i32);
  mdl_value_set_name(t->n->ir, made, name);
  return made;
}

/* ---- products ---------------------------------------------------------------------------- */

static void multiply(MdlGpuTiles *t, MdlMma *m)
{
  MdlLoop row, column;
  MlirValue zero = number(t, 0);
  MdlDtype dtype = mdl_mma_dtype(&t->s);
  const char *function = dtype == MDL_f32    ? "mma_tf32"
                         : dtype == MDL_bf16 ? "mma_bf16"
                                             : "mma_f16";
  mdl_tiles_unrolled(t, &row, m->slab[0].fragments);
  mdl_tiles_unrolled(t, &column, 2 * m->slab[1].fragments);
  MlirValue operand[] = {m->sum,    row.iv, column.iv, zero, m->slab[0].registers,
                         row.iv,    zero,   m->slab[1].registers, column.iv, zero};
  mdl_mma_call(t, function, 10, operand);
  mdl_loop_end(t->n, &column, NULL);
  mdl_loop_end(t->n, &row, NULL);
}

static void multiply_slab(MdlGpuTiles *t, MdlMma *m, MlirValue slot)
{
  MdlLoop loop;
  mdl_tiles_unrolled(t, &loop, 2);
  for (int side = 0; side < 2; side++) mdl_mma_read_fragments(t, &m->slab[side], slot, loop.iv);
  multiply(t, m);
  mdl_loop_end(t->n, &loop, NULL);
}

/* ---- slabs ------------------------------------------------------------------------------- */

static bool any_async(const MdlMma *m) { return m->slab[0].is_async || m->slab[1].is_async; }

static void commit(MdlGpuTiles *t, MdlMma *m)
{
  if (any_async(m)) mdl_mma_call(t, "cp_async_commit", 0, NULL);
}

static void wait(MdlGpuTiles *t, MdlMma *m, int left)
{
  if (any_async(m)) mdl_mma_call(t, mdl_text(t->n->ir->arena, "cp_async_wait<%d>", left), 0, NULL);
  mdl_loop_barrier(&t->n->b);
}

/* False: there surely is such a slab, and nothing is asked. */
static bool begin_if_any(MdlGpuTiles *t, MdlBranch *branch, MlirValue slab, MlirValue slabs)
{
  int64_t at, count;
  if (mdl_index_constant(slab, &at) && mdl_index_constant(slabs, &count) && at < count) return false;
  MlirValue exists = mdl_loop_compare(&t->n->b, MDL_PREDICATE_lt, slab, slabs);
  mdl_branch_begin(t->n, branch, exists, 0, NULL);
  return true;
}

/* Of both sides; past the last slab nothing. */
static void fetch(MdlGpuTiles *t, MdlMma *m, MlirValue slab, MlirValue slabs, MlirValue slot)
{
  MdlBranch branch;
  MlirValue first = mdl_index_mul(&t->n->b, slab, number(t, t->shape.steps));
  bool asks = begin_if_any(t, &branch, slab, slabs);
  for (int side = 0; side < 2; side++) mdl_mma_fetch(t, &m->slab[side], first, slot);
  if (asks) mdl_gpu_one_end(t->n, &branch);
  commit(t, m);
}

static void put(MdlGpuTiles *t, MdlMma *m, MlirValue slab, MlirValue slabs, MlirValue slot)
{
  MdlBranch branch;
  if (m->slab[0].is_async && m->slab[1].is_async) return;
  bool asks = begin_if_any(t, &branch, slab, slabs);
  for (int side = 0; side < 2; side++) mdl_mma_put(t, &m->slab[side], slot);
  if (asks) mdl_gpu_one_end(t->n, &branch);
}

static void fill_ring(MdlGpuTiles *t, MdlMma *m, MlirValue slabs)
{
  MdlLoop loop;
  mdl_loop_over(t->n, &loop, number(t, m->slots - 1), 0, NULL);
  fetch(t, m, loop.iv, slabs, loop.iv);
  put(t, m, loop.iv, slabs, loop.iv);
  mdl_loop_end(t->n, &loop, NULL);
}

/* One slot round the ring. */
static MlirValue turn(MdlGpuTiles *t, const MdlMma *m, MlirValue slot, bool forth)
{
  MdlBuilder *b = &t->n->b;
  int end = forth ? m->slots - 1 : 0;
  MlirValue last = mdl_loop_compare(b, MDL_PREDICATE_eq, slot, number(t, end));
  MlirValue one = number(t, 1);
  MlirValue next = forth ? mdl_index_add(b, slot, one) : mdl_index_sub(b, slot, one);
  return mdl_loop_select(b, last, number(t, m->slots - 1 - end), next);
}

static void sum_slabs(MdlGpuTiles *t, MdlMma *m)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  MlirValue up = mdl_index_add(&n->extents.top, t->step_extent, number(t, t->shape.steps - 1));
  MlirValue slabs = mdl_index_div(&n->extents.top, up, number(t, t->shape.steps));
  MlirValue zero = number(t, 0);
  fill_ring(t, m, slabs);
  mdl_loop_over(n, &loop, slabs, 1, &zero);
  if (!mdl_is_null(loop.op)) mdl_value_set_name(n->ir, loop.iv, "slab");
  MlirValue slot = loop.carry[0];
  if (!mdl_is_null(loop.op)) mdl_value_set_name(n->ir, slot, "slot");
  wait(t, m, m->slots - 2);
  MlirValue free = turn(t, m, slot, false);
  MlirValue ahead = mdl_index_add(&n->b, loop.iv, number(t, m->slots - 1));
  fetch(t, m, ahead, slabs, free);
  multiply_slab(t, m, slot);
  put(t, m, ahead, slabs, free);
  MlirValue next = turn(t, m, slot, true);
  mdl_loop_end(n, &loop, &next);
  wait(t, m, 0);
}

/* ---- tiles ------------------------------------------------------------------------------- */

static void clear_sums(MdlGpuTiles *t, MdlMma *m)
{
  MdlNest *n = t->n;
  MdlLoop loop[3];
  int count[] = {m->slab[0].fragments, 2 * m->slab[1].fragments, 4};
  for (int i = 0; i < 3; i++) mdl_tiles_unrolled(t, &loop[i], count[i]);
  MlirValue at[] = {loop[0].iv, loop[1].iv, loop[2].iv};
  mdl_loop_store(&n->b, mdl_loop_number(&n->b, MDL_f32, 1, 0, 0), m->sum, at);
  for (int i = 3; i-- > 0;) mdl_loop_end(n, &loop[i], NULL);
}

/* A lane has of each 16 by 8 sums two neighbours in row lane / 4, and two 8 rows on. */
static void leave(MdlGpuTiles *t, MdlMma *m)
{
  MdlNest *n = t->n;
  MdlLoop loop[3];
  MlirValue in_four, row = mdl_mma_split(t, m->lane, 4, &in_four);
  row = mdl_mma_scaled(t, m->warp[0], t->shape.each[0], row);
  MlirValue column = mdl_mma_scaled(t, m->warp[1], t->shape.each[1],
                                    mdl_index_mul(&n->b, in_four, number(t, 2)));
  int count[] = {m->slab[0].fragments, 2 * m->slab[1].fragments, 4};
  for (int i = 0; i < 3; i++) mdl_tiles_unrolled(t, &loop[i], count[i]);
  MlirValue right, down = mdl_mma_split(t, loop[2].iv, 2, &right);
  row = mdl_mma_scaled(t, down, 8, mdl_mma_scaled(t, loop[0].iv, MDL_MMA_FRAGMENT, row));
  column = mdl_index_add(&n->b, right, mdl_mma_scaled(t, loop[1].iv, 8, column));
  MlirValue at[] = {loop[0].iv, loop[1].iv, loop[2].iv};
  mdl_tiles_emit(t, row, column, mdl_loop_load(&n->b, m->sum, at, 1));
  for (int i = 3; i-- > 0;) mdl_loop_end(n, &loop[i], NULL);
}

/* Slots: as many as fit, two where nothing comes by itself. */
static void count_slots(MdlGpuTiles *t, MdlMma *m)
{
  int bytes = (t->shape.side[0] + t->shape.side[1]) * MDL_MMA_WORDS * 4;
  m->slots = SHARED_BYTES / bytes < MOST_SLOTS ? SHARED_BYTES / bytes : MOST_SLOTS;
  if (!any_async(m)) m->slots = 2;
}

static void *mma_open(MdlGpuTiles *t)
{
  MdlMma *m = MDL_NEW(t->n->ir->arena, MdlMma, 1);
  mdl_op_set_int(t->n->ir, t->n->func, "mdl.resident", 2); /* one loads while the other multiplies */
  for (int side = 0; side < 2; side++) {
    MdlMmaSlab *s = &m->slab[side];
    s->source = mdl_source_open(t, side);
    s->is_wide = is_wide(&t->s);
    /* A part of the steps may end inside of a chunk. */
    s->is_async = s->source.lanes == mdl_mma_in_chunk(s) && !(t->in_parts && s->source.by_steps);
  }
  count_slots(t, m);
  MlirValue warp = mdl_mma_split(t, t->thread, WARP, &m->lane);
  mdl_value_set_name(t->n->ir, m->lane, "lane");
  mdl_value_set_name(t->n->ir, warp, "warp");
  m->warp[0] = mdl_mma_split(t, warp, t->shape.side[1] / t->shape.each[1], &m->warp[1]);
  for (int side = 0; side < 2; side++) mdl_mma_open_slab(t, m, side);
  for (int side = 0; side < 2; side++) mdl_mma_open_fragments(t, m, side);
  const int64_t dim[] = {m->slab[0].fragments, 2 * m->slab[1].fragments, 4};
  m->sum = mdl_mma_array(t, MDL_f32, 3, dim, "sum");
  return m;
}

static void mma_tile(MdlGpuTiles *t)
{
  MdlMma *m = t->own;
  clear_sums(t, m);
  for (int side = 0; side < 2; side++) mdl_mma_place_slab(t, &m->slab[side]);
  sum_slabs(t, m);
  leave(t, m);
}

const MdlTileEngine mdl_mma_engine = {mma_shape, mma_open, mma_tile, true};
