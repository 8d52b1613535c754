#include "passes/tiles.h"

/* ---- ranges ------------------------------------------------------------------------------ */

static bool is_empty(MdlRange range)
{
  int64_t lo, hi;
  return mdl_index_constant(range.lo, &lo) && mdl_index_constant(range.hi, &hi) && lo >= hi;
}

void mdl_tiles_over_rows(MdlTiles *c, const MdlTile *panel, MdlRange rest, MdlTileFn *each)
{
  MdlNest *n = c->n;
  int64_t known = -1;
  MdlRange part;
  if (c->s.rows < 0) {
    MdlTile t = *panel;
    t.rows = 1;
    each(c, &t);
    return;
  }
  mdl_size_is_const(c->c.result->dim[c->s.rows], &known);
  int all = c->s.unroll[0], left = known < 0 ? 1 : (int)(known % all);
  const int rows[] = {all, left};
  for (int s = 0; s < 2; s++) {
    if (!rows[s] || (s && all == 1)) continue;
    if (s && is_empty(rest)) continue;
    if (!s && !mdl_range_take(n, &rest, rows[s], &part)) continue;
    if (s) part = rest;
    MdlLoop loop;
    MdlTile t = *panel;
    mdl_loop_begin(n, &loop, part.lo, part.hi, mdl_nest_index(n, rows[s]), 0, NULL);
    t.rows = rows[s];
    t.row = loop.iv;
    each(c, &t);
    mdl_loop_end(n, &loop, NULL);
  }
}

void mdl_step_enter(MdlTiles *c, MdlStep *at, int axis, MlirValue k)
{
  MdlBuilder *b = &c->n->b;
  if (axis) at->linear = mdl_index_mul(b, at->linear, c->k_extent[axis]);
  at->k[axis] = k;
  at->linear = mdl_index_add(b, at->linear, k);
}

/* ---- panels ------------------------------------------------------------------------------ */

MlirValue mdl_panel_column(MdlTiles *c, const MdlTile *t, const MdlStep *at, MlirValue j)
{
  MdlNest *n = c->n;
  MlirValue panel = mdl_index_mul(&n->b, t->column, c->k_all);
  MlirValue row = mdl_index_mul(&n->b, at->linear, mdl_nest_index(n, t->panel));
  return mdl_index_add(&n->b, mdl_index_add(&n->b, panel, row), j);
}

MlirValue mdl_panel_row(MdlTiles *c, const MdlTile *t, const MdlStep *at, MlirValue i)
{
  MdlNest *n = c->n;
  MlirValue row = mdl_index_sub(&n->b, t->row, c->block);
  MlirValue panel = mdl_index_add(&n->b, c->first, mdl_index_mul(&n->b, row, c->k_all));
  MlirValue step = mdl_index_mul(&n->b, at->linear, mdl_nest_index(n, t->rows));
  return mdl_index_add(&n->b, mdl_index_add(&n->b, panel, step), i);
}

/* `count` columns of a panel at one step over k, in vectors where the operand has them. */
static void pack_columns(MdlTiles *c, const MdlTile *t, const MdlStep *at, MlirValue lo,
                         MlirValue hi, int lanes)
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
  MlirValue to = mdl_panel_column(c, t, at, loop.iv);
  mdl_loop_store(&n->b, mdl_loop_splat(&n->b, value, lanes), c->pack, &to);
  mdl_loop_end(n, &loop, NULL);
}

static void fill_columns(MdlTiles *c, const MdlTile *t, const MdlStep *at, MlirValue lo)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  MdlArith one = {&n->b, n->machine, 1};
  mdl_loop_begin(n, &loop, lo, mdl_nest_index(n, t->panel), mdl_nest_index(n, 1), 0, NULL);
  MlirValue to = mdl_panel_column(c, t, at, loop.iv);
  mdl_loop_store(&n->b, mdl_arith_number(&one, c->c.result->dtype, 0, 0), c->pack, &to);
  mdl_loop_end(n, &loop, NULL);
}

static void pack_step(MdlTiles *c, const MdlTile *t, const MdlStep *at)
{
  MdlNest *n = c->n;
  bool vectors = mdl_contract_has_lanes(&c->c, c->packed, c->s.lanes);
  bool whole = mdl_is_no_value(t->kept);
  MlirValue end = whole ? mdl_nest_index(n, t->panel) : t->kept;
  pack_columns(c, t, at, mdl_nest_index(n, 0), end, whole && vectors ? c->s.width : 1);
  if (!whole) fill_columns(c, t, at, end);
}

static void pack_step_rows(MdlTiles *c, const MdlTile *t, const MdlStep *at)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  MdlPoint p = t->base;
  mdl_loop_over(n, &loop, mdl_nest_index(n, t->rows), 0, NULL);
  p.at[c->s.rows] = mdl_index_add(&n->b, t->row, loop.iv);
  MdlPoint q = mdl_contract_point(&c->c, n, c->packed_rows, &p, at->k);
  MlirValue value = mdl_nest_at(n, mdl_operand(c->c.op, c->packed_rows), &q);
  MlirValue to = mdl_panel_row(c, t, at, loop.iv);
  mdl_loop_store(&n->b, value, c->pack, &to);
  mdl_loop_end(n, &loop, NULL);
}

typedef void StepFn(MdlTiles *c, const MdlTile *t, const MdlStep *at);
static void over_k(MdlTiles *c, const MdlTile *t, int axis, MdlStep *at, StepFn *each)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  if (axis == c->c.ks) {
    each(c, t, at);
    return;
  }
  MlirValue before = at->linear;
  mdl_loop_over(n, &loop, c->k_extent[axis], 0, NULL);
  mdl_step_enter(c, at, axis, loop.iv);
  over_k(c, t, axis + 1, at, each);
  mdl_loop_end(n, &loop, NULL);
  at->linear = before;
}

static void pack_rows(MdlTiles *c, const MdlTile *t)
{
  MdlStep at = {.linear = mdl_nest_index(c->n, 0)};
  c->n->width = 1;
  over_k(c, t, 0, &at, pack_step_rows);
}

/* Whole panels, then the one that is filled up. */
void mdl_panels_pack_columns(MdlTiles *c, MdlPoint base)
{
  MdlNest *n = c->n;
  MdlRange rest = {mdl_nest_index(n, 0), mdl_nest_extent(n, c->c.result->dim[c->s.lanes])}, part;
  MlirValue end = rest.hi;
  int64_t known = -1;
  MdlTile t = {.panel = (int64_t)c->s.unroll[1] * c->s.width, .base = base};
  mdl_size_is_const(c->c.result->dim[c->s.lanes], &known);
  for (int edge = 0; edge < 2; edge++) {
    if (edge && known >= 0 && known % t.panel == 0) break;
    if (!edge && !mdl_range_take(n, &rest, t.panel, &part)) continue;
    if (edge) part = (MdlRange){rest.lo, end};
    if (edge) t.kept = mdl_index_sub(&n->b, end, rest.lo);
    MdlLoop loop;
    MdlStep at = {.linear = mdl_nest_index(n, 0)};
    mdl_loop_begin(n, &loop, part.lo, part.hi, mdl_nest_index(n, t.panel), 0, NULL);
    t.column = loop.iv;
    over_k(c, &t, 0, &at, pack_step);
    mdl_loop_end(n, &loop, NULL);
  }
}

void mdl_panels_pack_rows(MdlTiles *c, MdlPoint base, MdlRange rows)
{
  MdlTile t = {.base = base};
  mdl_tiles_over_rows(c, &t, rows, pack_rows);
}
