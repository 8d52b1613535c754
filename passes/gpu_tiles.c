/* Products of matrices on a GPU: a block makes a tile of 64 by 64 results. Its threads bring 16
 * steps of both operands into shared memory, and each sums 4 by 4 results in registers. Sums run
 * over the contracted axes in order, as everywhere; steps past their end add 0*0. The tile leaves
 * through shared memory, so that neighbouring threads store neighbours. */
#include "passes/contract.h"
#include "passes/gpu.h"

enum { SIDE = 64, STEPS = 16, EACH = 4, THREADS = 256, ROW = SIDE + 1 /* other banks */ };

typedef struct Tiles {
  MdlNest *n;
  MdlContract c;
  int axis[2]; /* of the result: its rows, its columns */
  int of[2];   /* the operand that runs along rows, along columns */
  MlirValue extent[2], k_all, k_extent[MDL_MAX_RANK];
  MlirValue thread, tile[2], out; /* tile: shared memory of the operands by side */
  MlirValue origin[2];            /* of the block's tile: row, column */
  MdlPoint base;                  /* its batch axes */
} Tiles;

/* ---- when -------------------------------------------------------------------------------- */

/* Rows are one operand's, columns the other's: the last two axes of the result. */
static bool read_sides(const MdlContract *c, int *axis, int *of)
{
  int rank = c->result->rank;
  if (c->is_conv || rank < 2 || !c->ks) return false;
  for (int side = 0; side < 2; side++) {
    axis[side] = rank - 2 + side;
    bool first = mdl_contract_reads(c, 0, axis[side]),
         second = mdl_contract_reads(c, 1, axis[side]);
    if (first == second) return false;
    of[side] = second;
  }
  return of[0] != of[1];
}

bool mdl_gpu_has_tiles(const MdlGroup *g)
{
  int axis[2], of[2];
  int64_t steps = 1;
  if (!mdl_is_contract(g)) return false;
  MdlContract c = mdl_contract_read(g);
  if (!read_sides(&c, axis, of)) return false;
  for (int i = 0; i < c.ks; i++) steps *= mdl_schedule_guess(c.k[i]);
  return steps >= STEPS && mdl_schedule_guess(c.result->dim[axis[0]]) >= SIDE / 2 &&
         mdl_schedule_guess(c.result->dim[axis[1]]) >= SIDE / 2;
}

const MdlSize *mdl_gpu_tiles(const MdlGroup *g)
{
  MdlType type = *mdl_type_of(g->ir, mdl_result(g->seed, 0));
  for (int i = type.rank - 2; i < type.rank; i++) {
    type.dim[i] = mdl_size_ceil_div(g->ir->sizes, type.dim[i], SIDE);
    if (!type.dim[i]) return NULL;
  }
  return mdl_type_elements(g->ir->sizes, &type);
}

/* ---- small things ------------------------------------------------------------------------ */

static MlirValue number(Tiles *t, int64_t value) { return mdl_nest_index(t->n, value); }

static MlirValue both_below(Tiles *t, MlirValue a, MlirValue a_end, MlirValue b, MlirValue b_end)
{
  MdlBuilder *at = &t->n->b;
  MlirValue x = mdl_loop_compare(at, MDL_PREDICATE_lt, a, a_end);
  return mdl_loop_binary(at, MDL_LOOP_andi, x, mdl_loop_compare(at, MDL_PREDICATE_lt, b, b_end));
}

static MlirValue shared(Tiles *t, int64_t count, const char *name)
{
  MdlLoopType type = {.kind = MDL_LOOP_memory, .rank = 1, .dim = {count}};
  type.element = mdl_loop_register(t->c.result->dtype);
  MlirValue made = mdl_loop_shared(&t->n->extents.top, &type);
  mdl_value_set_name(t->n->ir, made, name);
  return made;
}

static MlirValue at_row(Tiles *t, MlirValue row, MlirValue column)
{
  return mdl_index_add(&t->n->b, mdl_index_mul(&t->n->b, row, number(t, ROW)), column);
}

/* ---- into shared memory ------------------------------------------------------------------ */

/* The element of the side's operand at its row or column `at` and step k, 0 past the ends. */
static MlirValue element(Tiles *t, int side, MlirValue at, MlirValue k)
{
  MdlNest *n = t->n;
  MdlBranch branch;
  MlirType type = mdl_loop_value_type(n->ir, t->c.result->dtype, 1);
  mdl_branch_begin(n, &branch, both_below(t, at, t->extent[side], k, t->k_all), 1, &type);
  MlirValue index[MDL_MAX_RANK];
  for (int i = t->c.ks; i-- > 1; k = mdl_index_div(&n->b, k, t->k_extent[i]))
    index[i] = mdl_index_rem(&n->b, k, t->k_extent[i]);
  index[0] = k;
  MdlPoint p = t->base;
  p.at[t->axis[side]] = at;
  p.at[t->axis[!side]] = number(t, 0); /* not read */
  MdlPoint q = mdl_contract_point(&t->c, n, t->of[side], &p, index);
  MlirValue value = mdl_nest_at(n, mdl_operand(t->c.op, t->of[side]), &q);
  mdl_branch_else(n, &branch, 1, &value);
  MdlArith a = mdl_nest_arith(n, NULL);
  MlirValue zero = mdl_arith_number(&a, t->c.result->dtype, 0, 0);
  return mdl_branch_end(n, &branch, 1, &zero);
}

/* Neighbouring threads read along the operand's last axis. */
static bool steps_are_last(const Tiles *t, int side)
{
  int operand = t->of[side], last = t->c.in[operand]->rank - 1;
  return t->c.contract[operand][t->c.ks - 1] == last;
}

static void bring(Tiles *t, int side, MlirValue first_k)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  bool by_steps = steps_are_last(t, side);
  MlirValue inner = number(t, by_steps ? STEPS : SIDE);
  mdl_loop_over(n, &loop, number(t, SIDE * STEPS / THREADS), 0, NULL);
  MlirValue shift = mdl_index_mul(&n->b, loop.iv, number(t, THREADS));
  MlirValue e = mdl_index_add(&n->b, t->thread, shift);
  MlirValue low = mdl_index_rem(&n->b, e, inner), high = mdl_index_div(&n->b, e, inner);
  MlirValue k = by_steps ? low : high, along = by_steps ? high : low;
  MlirValue at = mdl_index_add(&n->b, t->origin[side], along);
  MlirValue value = element(t, side, at, mdl_index_add(&n->b, first_k, k));
  MlirValue to = at_row(t, k, along);
  mdl_loop_store(&n->b, value, t->tile[side], &to);
  mdl_loop_end(n, &loop, NULL);
}

/* ---- sums -------------------------------------------------------------------------------- */

/* This thread's first row or column in the tile. */
static MlirValue own(Tiles *t, int side)
{
  MdlBuilder *b = &t->n->b;
  MlirValue by = number(t, SIDE / EACH);
  MlirValue at = side ? mdl_index_rem(b, t->thread, by) : mdl_index_div(b, t->thread, by);
  return mdl_index_mul(b, at, number(t, EACH));
}

static void sum_steps(Tiles *t, MlirValue *sum)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  MlirValue x[2][EACH];
  mdl_loop_over(n, &loop, number(t, STEPS), EACH * EACH, sum);
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < EACH; i++) {
      MlirValue from = at_row(t, loop.iv, mdl_index_add(&n->b, own(t, side), number(t, i)));
      x[side][i] = mdl_loop_load(&n->b, t->tile[side], &from, 1);
    }
  MdlArith a = mdl_nest_arith(n, NULL);
  for (int i = 0; i < EACH; i++)
    for (int j = 0; j < EACH; j++) {
      /* operands in the order of the source */
      MlirValue left = t->of[0] ? x[1][j] : x[0][i], right = t->of[0] ? x[0][i] : x[1][j];
      sum[i * EACH + j] =
          mdl_arith_multiply_add(&a, t->c.result->dtype, left, right, loop.carry[i * EACH + j]);
    }
  mdl_loop_end(n, &loop, sum);
  for (int i = 0; i < EACH * EACH; i++) sum[i] = loop.carry[i];
}

static void sum_tile(Tiles *t, MlirValue *sum)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  mdl_loop_begin(n, &loop, number(t, 0), t->k_all, number(t, STEPS), EACH * EACH, sum);
  for (int side = 0; side < 2; side++) bring(t, side, loop.iv);
  mdl_loop_barrier(&n->b);
  for (int i = 0; i < EACH * EACH; i++) sum[i] = loop.carry[i];
  sum_steps(t, sum);
  mdl_loop_barrier(&n->b);
  mdl_loop_end(n, &loop, sum);
  for (int i = 0; i < EACH * EACH; i++) sum[i] = loop.carry[i];
}

/* ---- results ----------------------------------------------------------------------------- */

static void leave(Tiles *t, const MlirValue *sum)
{
  MdlNest *n = t->n;
  MdlLoop loop;
  MdlBranch branch;
  for (int i = 0; i < EACH * EACH; i++) {
    MlirValue row = mdl_index_add(&n->b, own(t, 0), number(t, i / EACH));
    MlirValue to = at_row(t, row, mdl_index_add(&n->b, own(t, 1), number(t, i % EACH)));
    mdl_loop_store(&n->b, sum[i], t->out, &to);
  }
  mdl_loop_barrier(&n->b);
  mdl_loop_begin(n, &loop, t->thread, number(t, SIDE * SIDE), number(t, THREADS), 0, NULL);
  MlirValue i = mdl_index_div(&n->b, loop.iv, number(t, SIDE)),
            j = mdl_index_rem(&n->b, loop.iv, number(t, SIDE));
  MdlPoint p = t->base;
  p.at[t->axis[0]] = mdl_index_add(&n->b, t->origin[0], i);
  p.at[t->axis[1]] = mdl_index_add(&n->b, t->origin[1], j);
  mdl_branch_begin(n, &branch,
                   both_below(t, p.at[t->axis[0]], t->extent[0], p.at[t->axis[1]], t->extent[1]), 0,
                   NULL);
  MlirValue from = at_row(t, i, j);
  mdl_nest_emit(n, mdl_result(t->c.op, 0), &p, mdl_loop_load(&n->b, t->out, &from, 1));
  mdl_gpu_one_end(n, &branch);
  mdl_loop_end(n, &loop, NULL);
  mdl_loop_barrier(&n->b);
}

/* ---- all tiles --------------------------------------------------------------------------- */

static MlirValue tiles_along(Tiles *t, int side)
{
  MdlBuilder *top = &t->n->extents.top;
  MlirValue up = mdl_index_add(top, t->extent[side], number(t, SIDE - 1));
  return mdl_index_div(top, up, number(t, SIDE));
}

/* Row-major over the batch axes, rows of tiles, columns of tiles. */
static void place_tile(Tiles *t, MlirValue tile)
{
  MdlNest *n = t->n;
  for (int side = 2; side-- > 0;) {
    MlirValue along = tiles_along(t, side);
    along = mdl_index_max(&n->extents.top, along, number(t, 1));
    t->origin[side] = mdl_index_mul(&n->b, mdl_index_rem(&n->b, tile, along), number(t, SIDE));
    tile = mdl_index_div(&n->b, tile, along);
  }
  for (int i = t->axis[0]; i-- > 0;) {
    MlirValue extent =
        mdl_index_max(&n->extents.top, mdl_nest_extent(n, t->c.result->dim[i]), number(t, 1));
    t->base.at[i] = i ? mdl_index_rem(&n->b, tile, extent) : tile;
    if (i) tile = mdl_index_div(&n->b, tile, extent);
  }
}

void mdl_gpu_contract_tiles(MdlNest *n)
{
  Tiles t = {.n = n, .c = mdl_contract_read(&n->g)};
  MlirValue sum[EACH * EACH];
  MdlLoop loop;
  read_sides(&t.c, t.axis, t.of);
  t.base = mdl_point(t.c.result->rank);
  t.k_all = number(&t, 1);
  for (int i = 0; i < t.c.ks; i++) {
    t.k_extent[i] = mdl_nest_extent(n, t.c.k[i]);
    t.k_all = mdl_index_mul(&n->extents.top, t.k_all, t.k_extent[i]);
  }
  MlirValue all = number(&t, 1);
  for (int side = 0; side < 2; side++) {
    t.extent[side] = mdl_nest_extent(n, t.c.result->dim[t.axis[side]]);
    all = mdl_index_mul(&n->extents.top, all, tiles_along(&t, side));
  }
  for (int i = 0; i < t.axis[0]; i++)
    all = mdl_index_mul(&n->extents.top, all, mdl_nest_extent(n, t.c.result->dim[i]));
  t.tile[0] = shared(&t, STEPS * ROW, "rows");
  t.tile[1] = shared(&t, STEPS * ROW, "columns");
  t.out = shared(&t, SIDE * ROW, "tile");
  t.thread = mdl_loop_gpu_index(&n->b, MDL_LOOP_thread);
  mdl_value_set_name(n->ir, t.thread, "thread");
  mdl_loop_begin(n, &loop, mdl_loop_gpu_index(&n->b, MDL_LOOP_block), all,
                 mdl_loop_gpu_index(&n->b, MDL_LOOP_blocks), 0, NULL);
  place_tile(&t, loop.iv);
  MdlArith a = mdl_nest_arith(n, NULL);
  for (int i = 0; i < EACH * EACH; i++) sum[i] = mdl_arith_number(&a, t.c.result->dtype, 0, 0);
  sum_tile(&t, sum);
  leave(&t, sum);
  mdl_loop_end(n, &loop, NULL);
}
