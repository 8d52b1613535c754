/* Contractions: dot and conv, as their schedule says. Sums run over the contracted axes in order,
 * whatever the tile, so a result does not depend on its neighbours. The loops, from the outside:
 *   the result's axes that an operand in panels of columns depends on, then packing it
 *   its other axes; blocks of rows that stay in cache, packing what is in panels of rows
 *   panels of columns, tiles of rows
 *   a tile: `rows` results along the row axis, each `columns` vectors along the lanes, in registers
 *   while the contracted axes run */
#include "passes/tiles.h"

enum { MOST = MDL_MAX_CARRIED, FEW_ROWS_VECTORS = 8 };

static MdlPoint point_in(MdlTiles *c, const MdlTile *t, int i, int j)
{
  MdlNest *n = c->n;
  MdlPoint p = t->base;
  p.lane = t->lanes > 1 ? c->s.lanes : -1;
  if (c->s.rows >= 0) p.at[c->s.rows] = mdl_index_add(&n->b, t->row, mdl_nest_index(n, i));
  if (c->s.lanes >= 0)
    p.at[c->s.lanes] = mdl_index_add(&n->b, t->column, mdl_nest_index(n, j * t->lanes));
  return p;
}

/* ---- one step of the sums ---------------------------------------------------------------- */

static MlirValue packed_at(MdlTiles *c, int operand, const MdlTile *t, const MdlStep *at, int i,
                           int j)
{
  MdlNest *n = c->n;
  bool columns = operand == c->packed;
  MlirValue index = columns ? mdl_panel_column(c, t, at, mdl_nest_index(n, j * t->lanes))
                            : mdl_panel_row(c, t, at, mdl_nest_index(n, i));
  MlirValue value = mdl_loop_load(&n->b, c->pack, &index, columns ? t->lanes : 1);
  return mdl_loop_splat(&n->b, value, t->lanes);
}

/* A vector where the operand runs along the lanes, else one element for all of them. */
static MlirValue operand_at(MdlTiles *c, int operand, const MdlTile *t, const MdlStep *at, int i,
                            int j)
{
  if (operand == c->packed || operand == c->packed_rows) return packed_at(c, operand, t, at, i, j);
  MdlPoint p = point_in(c, t, i, j);
  MdlPoint q = mdl_contract_point(&c->c, c->n, operand, &p, at->k);
  MlirValue value = mdl_nest_at(c->n, mdl_operand(c->c.op, operand), &q);
  return mdl_loop_splat(&c->n->b, value, t->lanes);
}

/* Each operand is read once for its row, its column, or both. */
static void step(MdlTiles *c, const MdlTile *t, const MdlStep *at, MlirValue *sum)
{
  MlirValue read[2][MOST] = {{{NULL}}}, x[2];
  MdlArith a = {&c->n->b, c->n->machine, t->lanes};
  for (int i = 0; i < t->rows; i++)
    for (int j = 0; j < t->columns; j++) {
      for (int o = 0; o < 2; o++) {
        bool by_row = c->s.rows >= 0 && mdl_contract_reads(&c->c, o, c->s.rows);
        bool by_column = c->s.lanes >= 0 && mdl_contract_reads(&c->c, o, c->s.lanes);
        MlirValue *known = &read[o][(by_row ? i * t->columns : 0) + (by_column ? j : 0)];
        if (mdl_is_no_value(*known)) *known = operand_at(c, o, t, at, i, j);
        x[o] = *known;
      }
      int s = i * t->columns + j;
      sum[s] = mdl_arith_multiply_add(&a, c->c.result->dtype, x[0], x[1], sum[s]);
    }
}

static void sum_over(MdlTiles *c, const MdlTile *t, int axis, MdlStep *at, MlirValue *sum)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  int count = t->rows * t->columns;
  if (axis == c->c.ks) {
    step(c, t, at, sum);
    return;
  }
  MlirValue before = at->linear;
  mdl_loop_over(n, &loop, c->k_extent[axis], count, sum);
  mdl_step_enter(c, at, axis, loop.iv);
  for (int i = 0; i < count; i++) sum[i] = loop.carry[i];
  sum_over(c, t, axis + 1, at, sum);
  mdl_loop_end(n, &loop, sum);
  for (int i = 0; i < count; i++) sum[i] = loop.carry[i];
  at->linear = before;
}

/* ---- results ----------------------------------------------------------------------------- */

static MlirValue spilled(MdlTiles *c, const MdlTile *t, MlirValue i, MlirValue j)
{
  MdlNest *n = c->n;
  MlirValue row = mdl_index_mul(&n->b, i, mdl_nest_index(n, (int64_t)t->columns * t->lanes));
  return mdl_index_add(&n->b, row, j);
}

/* One result out of the tile on the stack, or a vector of them. */
static void emit_element(MdlTiles *c, const MdlTile *t, MlirValue i, MlirValue j, int lanes)
{
  MdlNest *n = c->n;
  int width = n->width;
  MlirValue from = spilled(c, t, i, j), value = mdl_loop_load(&n->b, c->spill, &from, lanes);
  MdlPoint p = t->base;
  if (c->s.rows >= 0) p.at[c->s.rows] = mdl_index_add(&n->b, t->row, i);
  p.at[c->s.lanes] = mdl_index_add(&n->b, t->column, j);
  p.lane = lanes > 1 ? c->s.lanes : -1;
  n->width = lanes;
  mdl_nest_emit(n, mdl_result(c->c.op, 0), &p, value);
  n->width = width;
}

/* Columns of one row: in vectors as far as they go, where the results have any. */
static void emit_row(MdlTiles *c, const MdlTile *t, MlirValue i, MlirValue columns)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  MlirValue lo = mdl_nest_index(n, 0);
  int64_t known;
  if (c->lanes_out) {
    MlirValue by = mdl_nest_index(n, t->lanes), hi = columns;
    hi = mdl_index_sub(&n->b, hi, mdl_index_rem(&n->b, hi, by));
    bool any = !mdl_index_constant(hi, &known) || known;
    if (any) {
      mdl_loop_begin(n, &loop, lo, hi, by, 0, NULL);
      emit_element(c, t, i, loop.iv, t->lanes);
      mdl_loop_end(n, &loop, NULL);
    }
    lo = hi;
  }
  mdl_loop_begin(n, &loop, lo, columns, mdl_nest_index(n, 1), 0, NULL);
  emit_element(c, t, i, loop.iv, 1);
  mdl_loop_end(n, &loop, NULL);
}

/* Through the stack, the last axis of the result innermost. */
static void emit_spilled(MdlTiles *c, const MdlTile *t, const MlirValue *sum)
{
  MdlNest *n = c->n;
  MdlLoop outer, inner;
  MlirValue rows = mdl_nest_index(n, t->rows), columns = t->kept;
  for (int i = 0; i < t->rows; i++)
    for (int j = 0; j < t->columns; j++) {
      MlirValue to = mdl_nest_index(n, ((int64_t)i * t->columns + j) * t->lanes);
      mdl_loop_store(&n->b, sum[i * t->columns + j], c->spill, &to);
    }
  if (mdl_is_no_value(columns)) columns = mdl_nest_index(n, (int64_t)t->columns * t->lanes);
  if (c->s.rows < c->s.lanes) {
    mdl_loop_over(n, &outer, rows, 0, NULL);
    emit_row(c, t, outer.iv, columns);
    mdl_loop_end(n, &outer, NULL);
    return;
  }
  mdl_loop_over(n, &outer, columns, 0, NULL);
  mdl_loop_over(n, &inner, rows, 0, NULL);
  emit_element(c, t, inner.iv, outer.iv, 1);
  mdl_loop_end(n, &inner, NULL);
  mdl_loop_end(n, &outer, NULL);
}

static void emit_tile(MdlTiles *c, const MdlTile *t)
{
  MdlNest *n = c->n;
  MlirValue sum[MOST];
  MdlStep at = {.linear = mdl_nest_index(n, 0)};
  MdlArith a = {&n->b, n->machine, t->lanes};
  n->width = t->lanes;
  for (int i = 0; i < t->rows * t->columns; i++)
    sum[i] = mdl_arith_number(&a, c->c.result->dtype, 0, 0);
  sum_over(c, t, 0, &at, sum);
  if (t->spills) {
    emit_spilled(c, t, sum);
    return;
  }
  for (int i = 0; i < t->rows; i++)
    for (int j = 0; j < t->columns; j++) {
      MdlPoint p = point_in(c, t, i, j);
      mdl_nest_emit(n, mdl_result(c->c.op, 0), &p, sum[i * t->columns + j]);
    }
}

/* ---- columns ----------------------------------------------------------------------------- */

static void over_panels(MdlTiles *c, MdlTile *t, MdlRange part, MdlRange rows)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  MlirValue by = mdl_nest_index(n, (int64_t)t->columns * t->lanes);
  mdl_loop_begin(n, &loop, part.lo, part.hi, by, 0, NULL);
  t->column = loop.iv;
  mdl_tiles_over_rows(c, t, rows, emit_tile);
  mdl_loop_end(n, &loop, NULL);
}

/* Panels are whole in memory, the last one filled with zeros: its tile keeps what exists. */
static void over_packed(MdlTiles *c, MdlTile *t, MdlRange rest, MdlRange rows)
{
  MdlNest *n = c->n;
  MdlRange part;
  int64_t known = -1;
  MlirValue end = rest.hi;
  t->panel = (int64_t)c->s.unroll[1] * c->s.width;
  t->lanes = c->s.width;
  t->columns = c->s.unroll[1];
  if (mdl_range_take(n, &rest, t->panel, &part)) over_panels(c, t, part, rows);
  mdl_size_is_const(c->c.result->dim[c->s.lanes], &known);
  int64_t left = known < 0 ? t->panel : known % t->panel;
  if (!left) return;
  t->columns = (int)((left + t->lanes - 1) / t->lanes);
  t->spills |= left % t->lanes || known < 0;
  t->kept = mdl_index_sub(&n->b, end, rest.lo);
  /* at most one round */
  over_panels(c, t, (MdlRange){rest.lo, end}, rows);
}

/* As they lie: whole tiles, then fewer vectors, then single elements. */
static void over_loaded(MdlTiles *c, MdlTile *t, MdlRange rest, MdlRange rows)
{
  MdlRange part;
  int64_t known = -1;
  int width = c->s.width, all = c->s.unroll[1];
  mdl_size_is_const(c->c.result->dim[c->s.lanes], &known);
  int left = known < 0 ? 1 : (int)(known / width % all);
  int single = known < 0 || known % width < all ? 1 : all;
  const struct {
    int columns, lanes;
  } shape[] = {{all, width}, {left, width}, {single, 1}, {1, 1}};
  for (int s = 0; s < 4; s++) {
    bool same =
        s && shape[s].columns == shape[s - 1].columns && shape[s].lanes == shape[s - 1].lanes;
    int64_t columns = (int64_t)shape[s].columns * shape[s].lanes;
    if (!columns || same || !mdl_range_take(c->n, &rest, columns, &part)) continue;
    t->columns = shape[s].columns;
    t->lanes = shape[s].lanes;
    over_panels(c, t, part, rows);
  }
}

static void over_columns(MdlTiles *c, MdlPoint base, MdlRange rows)
{
  MdlNest *n = c->n;
  MdlTile t = {.columns = 1, .lanes = 1, .base = base};
  if (c->s.lanes < 0) {
    mdl_tiles_over_rows(c, &t, rows, emit_tile);
    return;
  }
  MdlRange all = {mdl_nest_index(n, 0), mdl_nest_extent(n, c->c.result->dim[c->s.lanes])};
  t.spills =
      c->s.width > 1 && !mdl_group_lanes_out(&n->g, c->s.lanes, mdl_lane_bytes(c->c.result->dtype));
  if (c->packed >= 0)
    over_packed(c, &t, all, rows);
  else
    over_loaded(c, &t, all, rows);
}

/* ---- around ------------------------------------------------------------------------------ */

static void over_block(MdlTiles *c, MdlPoint base, MdlRange rows)
{
  c->block = rows.lo;
  if (c->packed_rows >= 0) mdl_panels_pack_rows(c, base, rows);
  over_columns(c, base, rows);
}

static void over_blocks(MdlTiles *c, MdlPoint base)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  MdlRange rows = {mdl_nest_index(n, 0), {NULL}};
  int64_t known;
  if (c->s.rows < 0) {
    over_columns(c, base, rows);
    return;
  }
  rows.hi = mdl_nest_extent(n, c->c.result->dim[c->s.rows]);
  int block = c->s.tile[c->s.rows];
  if (!block) {
    over_block(c, base, rows);
    return;
  }
  mdl_loop_begin(n, &loop, rows.lo, rows.hi, mdl_nest_index(n, block), 0, NULL);
  MlirValue end = mdl_index_add(&n->b, loop.iv, mdl_nest_index(n, block));
  bool whole = mdl_index_constant(rows.hi, &known) && known % block == 0;
  if (!whole) end = mdl_index_min(&n->b, end, rows.hi);
  over_block(c, base, (MdlRange){loop.iv, end});
  mdl_loop_end(n, &loop, NULL);
}

/* Plain loops over every other axis of the result; those that the packed operand depends on come
 * first. */
static void over_others(MdlTiles *c, int axis, bool packed, MdlPoint base)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  if (axis == c->c.result->rank) {
    if (!packed) {
      over_blocks(c, base);
      return;
    }
    mdl_panels_pack_columns(c, base);
    over_others(c, 0, false, base);
    return;
  }
  bool first = c->packed >= 0 && mdl_contract_reads(&c->c, c->packed, axis);
  if (axis == c->s.rows || axis == c->s.lanes || first != packed) {
    over_others(c, axis + 1, packed, base);
    return;
  }
  mdl_loop_over(n, &loop, mdl_nest_extent(n, c->c.result->dim[axis]), 0, NULL);
  base.at[axis] = loop.iv;
  over_others(c, axis + 1, packed, base);
  mdl_loop_end(n, &loop, NULL);
}

/* Room for the largest tile, at the top of the function: a stack that loops does not grow. */
static MlirValue spill_room(MdlTiles *c)
{
  MdlLoopType type = {.kind = MDL_LOOP_memory, .rank = 1};
  type.element = mdl_loop_cell(c->c.result->dtype);
  int vectors = c->s.unroll[0] * c->s.unroll[1];
  if (c->s.least && vectors < FEW_ROWS_VECTORS) vectors = FEW_ROWS_VECTORS;
  type.dim[0] = (int64_t)vectors * c->s.width;
  MlirValue room = mdl_loop_alloca(&c->n->extents.top, &type);
  mdl_value_set_name(c->n->ir, room, "tile");
  return room;
}

/* The operands in panels, and where these lie in the scratch memory. */
static void open_panels(MdlTiles *c)
{
  MdlNest *n = c->n;
  c->packed = c->packed_rows = -1;
  if (!c->s.pack) return;
  int of = mdl_contract_reads(&c->c, 0, c->s.lanes) ? 0 : 1;
  if (c->s.pack & 1 << of) c->packed = of;
  if (c->s.pack & 2 >> of) c->packed_rows = 1 - of;
  const MdlSize *columns = mdl_schedule_panels(&n->g, &c->s, false);
  c->first = columns ? mdl_nest_extent(n, columns) : mdl_nest_index(n, 0);
  c->pack = n->scratch;
}

/* For enough rows on panels; for few of them a row at a time on the operand where it lies, in tiles
 * as wide as its lines are long. */
static void over_rows_there_are(MdlTiles *c, MdlPoint base)
{
  MdlNest *n = c->n;
  MdlBranch branch;
  const MdlTiles many = *c;
  MlirValue rows = mdl_nest_extent(n, c->c.result->dim[c->s.rows]);
  MlirValue enough = mdl_loop_compare(&n->b, MDL_PREDICATE_ge, rows, mdl_nest_index(n, c->s.least));
  mdl_branch_begin(n, &branch, enough, 0, NULL);
  over_others(c, 0, true, base);
  mdl_branch_else(n, &branch, 0, NULL);
  c->packed = c->packed_rows = -1;
  c->s.unroll[0] = 1;
  c->s.unroll[1] = FEW_ROWS_VECTORS;
  c->s.tile[c->s.rows] = 0;
  over_others(c, 0, false, base);
  mdl_branch_end(n, &branch, 0, NULL);
  *c = many;
}

static void run(MdlNest *n)
{
  MdlTiles c = {.n = n, .c = mdl_contract_read(&n->g), .s = n->s};
  int bytes = mdl_lane_bytes(c.c.result->dtype);
  c.k_all = mdl_nest_index(n, 1);
  for (int i = 0; i < c.c.ks; i++) {
    c.k_extent[i] = mdl_nest_extent(n, c.c.k[i]);
    c.k_all = mdl_index_mul(&n->extents.top, c.k_all, c.k_extent[i]);
  }
  open_panels(&c);
  if (c.s.width > 1) {
    c.lanes_out = mdl_group_lanes_out(&n->g, c.s.lanes, bytes);
    c.spill = spill_room(&c);
  }
  MdlPoint base = mdl_point(c.c.result->rank);
  if (c.s.least)
    over_rows_there_are(&c, base);
  else
    over_others(&c, 0, c.packed >= 0, base);
}

void mdl_nest_dot(MdlNest *n, MlirOperation op)
{
  (void)op;
  run(n);
}

void mdl_nest_conv(MdlNest *n, MlirOperation op)
{
  (void)op;
  run(n);
}
