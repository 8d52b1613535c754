/* Contractions: dot and conv, as their schedule says. Sums run over the contracted axes in order,
 * whatever the tile, so a result does not depend on its neighbours. The loops, from the outside:
 *   the result's axes that a packed operand depends on, then packing it
 *   its other axes, blocks of rows that stay in cache, panels of columns, tiles of rows
 *   a tile: `rows` results along the row axis, each `columns` vectors along the lanes, in registers
 *   while the contracted axes run */
#include "passes/contract.h"
#include "passes/nest.h"

enum { MOST = MDL_MAX_CARRIED };

typedef struct Contract {
  MdlNest *n;
  MdlContract c;
  MdlSchedule s;
  MlirValue k_extent[MDL_MAX_RANK], k_all;
  MlirValue pack;  /* memory of the panels: [panel][k][columns of a panel]; no value: none */
  int packed;      /* the operand in it; -1 */
  MlirValue spill; /* a tile's results on the stack, where they leave it one by one */
} Contract;

/* Rows and columns of a tile; `kept`: the results that there are, if not all. */
typedef struct Tile {
  int rows, columns, lanes;
  bool spills;
  MlirValue row, column; /* where it starts; no value: no such axis */
  MlirValue kept;        /* columns that exist, for an edge */
  int64_t panel;         /* columns of its panel */
  MdlPoint base;
} Tile;

static MdlPoint point_in(Contract *c, const Tile *t, int i, int j)
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

typedef struct Step {
  MlirValue k[MDL_MAX_RANK], linear; /* contracted indices; their row-major number */
} Step;

static MlirValue packed_at(Contract *c, const Tile *t, const Step *at, int j)
{
  MdlNest *n = c->n;
  MlirValue panel = mdl_index_mul(&n->b, t->column, c->k_all);
  MlirValue row = mdl_index_mul(&n->b, at->linear, mdl_nest_index(n, t->panel));
  MlirValue index = mdl_index_add(&n->b, panel, row);
  index = mdl_index_add(&n->b, index, mdl_nest_index(n, j * t->lanes));
  return mdl_loop_load(&n->b, c->pack, &index, t->lanes);
}

/* A vector where the operand runs along the lanes, else one element for all of them. */
static MlirValue operand_at(Contract *c, int operand, const Tile *t, const Step *at, int i, int j)
{
  if (operand == c->packed) return packed_at(c, t, at, j);
  MdlPoint p = point_in(c, t, i, j);
  MdlPoint q = mdl_contract_point(&c->c, c->n, operand, &p, at->k);
  MlirValue value = mdl_nest_at(c->n, mdl_operand(c->c.op, operand), &q);
  return mdl_loop_splat(&c->n->b, value, t->lanes);
}

/* Each operand is read once for its row, its column, or both. */
static void step(Contract *c, const Tile *t, const Step *at, MlirValue *sum)
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

static void sum_over(Contract *c, const Tile *t, int axis, Step *at, MlirValue *sum)
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
  at->k[axis] = loop.iv;
  at->linear = axis ? mdl_index_mul(&n->b, before, c->k_extent[axis]) : before;
  at->linear = mdl_index_add(&n->b, at->linear, loop.iv);
  for (int i = 0; i < count; i++) sum[i] = loop.carry[i];
  sum_over(c, t, axis + 1, at, sum);
  mdl_loop_end(n, &loop, sum);
  for (int i = 0; i < count; i++) sum[i] = loop.carry[i];
  at->linear = before;
}

/* ---- results ----------------------------------------------------------------------------- */

static MlirValue spilled(Contract *c, const Tile *t, MlirValue i, MlirValue j)
{
  MdlNest *n = c->n;
  MlirValue row = mdl_index_mul(&n->b, i, mdl_nest_index(n, (int64_t)t->columns * t->lanes));
  return mdl_index_add(&n->b, row, j);
}

/* Through the stack, one by one, the last axis of the result innermost. */
static void emit_spilled(Contract *c, Tile *t, const MlirValue *sum)
{
  MdlNest *n = c->n;
  MdlLoop outer, inner;
  int width = n->width;
  bool by_row = c->s.rows < c->s.lanes;
  MlirValue rows = mdl_nest_index(n, t->rows), columns = t->kept;
  for (int i = 0; i < t->rows; i++)
    for (int j = 0; j < t->columns; j++) {
      MlirValue to = mdl_nest_index(n, ((int64_t)i * t->columns + j) * t->lanes);
      mdl_loop_store(&n->b, sum[i * t->columns + j], c->spill, &to);
    }
  if (mdl_is_no_value(columns)) columns = mdl_nest_index(n, (int64_t)t->columns * t->lanes);
  mdl_loop_over(n, &outer, by_row ? rows : columns, 0, NULL);
  mdl_loop_over(n, &inner, by_row ? columns : rows, 0, NULL);
  MlirValue i = by_row ? outer.iv : inner.iv, j = by_row ? inner.iv : outer.iv;
  MlirValue from = spilled(c, t, i, j), value = mdl_loop_load(&n->b, c->spill, &from, 1);
  MdlPoint p = t->base;
  if (c->s.rows >= 0) p.at[c->s.rows] = mdl_index_add(&n->b, t->row, i);
  p.at[c->s.lanes] = mdl_index_add(&n->b, t->column, j);
  n->width = 1;
  mdl_nest_emit(n, mdl_result(c->c.op, 0), &p, value);
  mdl_loop_end(n, &inner, NULL);
  mdl_loop_end(n, &outer, NULL);
  n->width = width;
}

static void emit_tile(Contract *c, Tile *t)
{
  MdlNest *n = c->n;
  MlirValue sum[MOST];
  Step at = {.linear = mdl_nest_index(n, 0)};
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

/* ---- ranges ------------------------------------------------------------------------------ */

typedef struct Range {
  MlirValue lo, hi;
} Range;

/* The part of the range that whole steps cover; what is left stays in it. False: nothing. */
static bool take(MdlNest *n, Range *range, int64_t step, Range *part)
{
  int64_t lo, hi;
  *part = *range;
  if (mdl_index_constant(range->lo, &lo) && mdl_index_constant(range->hi, &hi)) {
    part->hi = mdl_nest_index(n, lo + (hi - lo) / step * step);
    range->lo = part->hi;
    return hi - lo >= step;
  }
  if (step > 1) {
    MlirValue by = mdl_nest_index(n, step), length = mdl_index_sub(&n->b, range->hi, range->lo);
    part->hi = mdl_index_sub(&n->b, range->hi, mdl_index_rem(&n->b, length, by));
  }
  range->lo = part->hi;
  return true;
}

static bool is_empty(Range range)
{
  int64_t lo, hi;
  return mdl_index_constant(range.lo, &lo) && mdl_index_constant(range.hi, &hi) && lo >= hi;
}

/* Tiles of the schedule's rows, then one of those that are left, or a row at a time where nobody
 * knows how many these are. */
static void over_rows(Contract *c, const Tile *panel, Range rest)
{
  MdlNest *n = c->n;
  int64_t known = -1;
  Range part;
  if (c->s.rows < 0) {
    Tile t = *panel;
    t.rows = 1;
    emit_tile(c, &t);
    return;
  }
  mdl_size_is_const(c->c.result->dim[c->s.rows], &known);
  int all = c->s.unroll[0], left = known < 0 ? 1 : (int)(known % all);
  const int rows[] = {all, left};
  for (int s = 0; s < 2; s++) {
    if (!rows[s] || (s && all == 1)) continue;
    if (s && is_empty(rest)) continue;
    if (!s && !take(n, &rest, rows[s], &part)) continue;
    if (s) part = rest;
    MdlLoop loop;
    Tile t = *panel;
    mdl_loop_begin(n, &loop, part.lo, part.hi, mdl_nest_index(n, rows[s]), 0, NULL);
    t.rows = rows[s];
    t.row = loop.iv;
    emit_tile(c, &t);
    mdl_loop_end(n, &loop, NULL);
  }
}

/* ---- columns ----------------------------------------------------------------------------- */

static void over_panels(Contract *c, Tile *t, Range part, Range rows)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  MlirValue by = mdl_nest_index(n, (int64_t)t->columns * t->lanes);
  mdl_loop_begin(n, &loop, part.lo, part.hi, by, 0, NULL);
  t->column = loop.iv;
  over_rows(c, t, rows);
  mdl_loop_end(n, &loop, NULL);
}

/* Panels are whole in memory, the last one filled with zeros: its tile keeps what exists. */
static void over_packed(Contract *c, Tile *t, Range rest, Range rows)
{
  MdlNest *n = c->n;
  Range part;
  int64_t known = -1;
  MlirValue end = rest.hi;
  t->panel = (int64_t)c->s.unroll[1] * c->s.width;
  t->lanes = c->s.width;
  t->columns = c->s.unroll[1];
  if (take(n, &rest, t->panel, &part)) over_panels(c, t, part, rows);
  mdl_size_is_const(c->c.result->dim[c->s.lanes], &known);
  int64_t left = known < 0 ? t->panel : known % t->panel;
  if (!left) return;
  t->columns = (int)((left + t->lanes - 1) / t->lanes);
  t->spills |= left % t->lanes || known < 0;
  t->kept = mdl_index_sub(&n->b, end, rest.lo);
  /* at most one round */
  over_panels(c, t, (Range){rest.lo, end}, rows);
}

/* As they lie: whole tiles, then fewer vectors, then single elements. */
static void over_loaded(Contract *c, Tile *t, Range rest, Range rows)
{
  Range part;
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
    if (!columns || same || !take(c->n, &rest, columns, &part)) continue;
    t->columns = shape[s].columns;
    t->lanes = shape[s].lanes;
    over_panels(c, t, part, rows);
  }
}

static void over_columns(Contract *c, MdlPoint base, Range rows)
{
  MdlNest *n = c->n;
  Tile t = {.columns = 1, .lanes = 1, .base = base};
  if (c->s.lanes < 0) {
    over_rows(c, &t, rows);
    return;
  }
  Range all = {mdl_nest_index(n, 0), mdl_nest_extent(n, c->c.result->dim[c->s.lanes])};
  t.spills =
      c->s.width > 1 && !mdl_group_lanes_out(&n->g, c->s.lanes, mdl_lane_bytes(c->c.result->dtype));
  if (c->packed >= 0)
    over_packed(c, &t, all, rows);
  else
    over_loaded(c, &t, all, rows);
}

static void over_blocks(Contract *c, MdlPoint base)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  Range rows = {mdl_nest_index(n, 0), {NULL}};
  int64_t known;
  if (c->s.rows < 0) {
    over_columns(c, base, rows);
    return;
  }
  rows.hi = mdl_nest_extent(n, c->c.result->dim[c->s.rows]);
  int block = c->s.tile[c->s.rows];
  if (!block) {
    over_columns(c, base, rows);
    return;
  }
  mdl_loop_begin(n, &loop, rows.lo, rows.hi, mdl_nest_index(n, block), 0, NULL);
  MlirValue end = mdl_index_add(&n->b, loop.iv, mdl_nest_index(n, block));
  if (!mdl_index_constant(rows.hi, &known) || known % block)
    end = mdl_index_min(&n->b, end, rows.hi);
  over_columns(c, base, (Range){loop.iv, end});
  mdl_loop_end(n, &loop, NULL);
}

/* ---- packing ----------------------------------------------------------------------------- */

/* `count` columns of a panel at one step over k, in vectors where the operand has them. */
static void pack_columns(Contract *c, const Tile *t, const Step *at, MlirValue lo, MlirValue hi,
                         int lanes)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  MdlPoint p = t->base;
  mdl_loop_begin(n, &loop, lo, hi, mdl_nest_index(n, lanes), 0, NULL);
  p.at[c->s.lanes] = mdl_index_add(&n->b, t->column, loop.iv);
  p.lane = lanes > 1 ? c->s.lanes : -1;
  n->width = lanes;
  MdlPoint q = mdl_contract_point(&c->c, n, c->packed, &p, at->k);
  MlirValue value = mdl_nest_at(n, mdl_operand(c->c.op, c->packed), &q);
  MlirValue to = mdl_index_add(&n->b, mdl_index_mul(&n->b, t->column, c->k_all),
                               mdl_index_mul(&n->b, at->linear, mdl_nest_index(n, t->panel)));
  to = mdl_index_add(&n->b, to, loop.iv);
  mdl_loop_store(&n->b, mdl_loop_splat(&n->b, value, lanes), c->pack, &to);
  mdl_loop_end(n, &loop, NULL);
}

static void fill_columns(Contract *c, const Tile *t, const Step *at, MlirValue lo)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  MdlArith one = {&n->b, n->machine, 1};
  mdl_loop_begin(n, &loop, lo, mdl_nest_index(n, t->panel), mdl_nest_index(n, 1), 0, NULL);
  MlirValue to = mdl_index_add(&n->b, mdl_index_mul(&n->b, t->column, c->k_all),
                               mdl_index_mul(&n->b, at->linear, mdl_nest_index(n, t->panel)));
  to = mdl_index_add(&n->b, to, loop.iv);
  mdl_loop_store(&n->b, mdl_arith_number(&one, c->c.result->dtype, 0, 0), c->pack, &to);
  mdl_loop_end(n, &loop, NULL);
}

static void pack_panel(Contract *c, const Tile *t, int axis, Step *at)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  if (axis == c->c.ks) {
    bool vectors = mdl_contract_has_lanes(&c->c, c->packed, c->s.lanes);
    bool whole = mdl_is_no_value(t->kept);
    MlirValue end = whole ? mdl_nest_index(n, t->panel) : t->kept;
    pack_columns(c, t, at, mdl_nest_index(n, 0), end, whole && vectors ? c->s.width : 1);
    if (!whole) fill_columns(c, t, at, end);
    return;
  }
  MlirValue before = at->linear;
  mdl_loop_over(n, &loop, c->k_extent[axis], 0, NULL);
  at->k[axis] = loop.iv;
  at->linear = axis ? mdl_index_mul(&n->b, before, c->k_extent[axis]) : before;
  at->linear = mdl_index_add(&n->b, at->linear, loop.iv);
  pack_panel(c, t, axis + 1, at);
  mdl_loop_end(n, &loop, NULL);
  at->linear = before;
}

/* Whole panels, then the one that is filled up. */
static void pack_operand(Contract *c, MdlPoint base)
{
  MdlNest *n = c->n;
  Range rest = {mdl_nest_index(n, 0), mdl_nest_extent(n, c->c.result->dim[c->s.lanes])}, part;
  MlirValue end = rest.hi;
  int64_t known = -1;
  Tile t = {.panel = (int64_t)c->s.unroll[1] * c->s.width, .base = base};
  mdl_size_is_const(c->c.result->dim[c->s.lanes], &known);
  for (int edge = 0; edge < 2; edge++) {
    if (edge && known >= 0 && known % t.panel == 0) break;
    if (!edge && !take(n, &rest, t.panel, &part)) continue;
    if (edge) part = (Range){rest.lo, end};
    if (edge) t.kept = mdl_index_sub(&n->b, end, rest.lo);
    MdlLoop loop;
    Step at = {.linear = mdl_nest_index(n, 0)};
    mdl_loop_begin(n, &loop, part.lo, part.hi, mdl_nest_index(n, t.panel), 0, NULL);
    t.column = loop.iv;
    pack_panel(c, &t, 0, &at);
    mdl_loop_end(n, &loop, NULL);
  }
}

/* ---- around ------------------------------------------------------------------------------ */

/* Plain loops over every other axis of the result; those that the packed operand depends on come
 * first. */
static void over_others(Contract *c, int axis, bool packed, MdlPoint base)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  if (axis == c->c.result->rank) {
    if (!packed) {
      over_blocks(c, base);
      return;
    }
    pack_operand(c, base);
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
static MlirValue spill_room(Contract *c)
{
  MdlLoopType type = {.kind = MDL_LOOP_memory, .rank = 1};
  type.element = mdl_loop_cell(c->c.result->dtype);
  type.dim[0] = (int64_t)c->s.unroll[0] * c->s.unroll[1] * c->s.width;
  MlirValue room = mdl_loop_alloca(&c->n->extents.top, &type);
  mdl_value_set_name(c->n->ir, room, "tile");
  return room;
}

static void run(MdlNest *n)
{
  Contract c = {.n = n, .c = mdl_contract_read(&n->g), .s = n->s, .packed = -1};
  c.k_all = mdl_nest_index(n, 1);
  for (int i = 0; i < c.c.ks; i++) {
    c.k_extent[i] = mdl_nest_extent(n, c.c.k[i]);
    c.k_all = mdl_index_mul(&n->extents.top, c.k_all, c.k_extent[i]);
  }
  if (c.s.pack) c.packed = c.s.pack == 1 ? 0 : 1, c.pack = n->scratch;
  if (c.s.width > 1) c.spill = spill_room(&c);
  over_others(&c, 0, c.packed >= 0, mdl_point(c.c.result->rank));
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
