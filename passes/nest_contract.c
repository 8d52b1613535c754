/* Contractions: dot and conv. Result axes and contracted axes; each operand is read at a point that
 * both decide. Sums run over the contracted axes in order, whatever the tile, so a result does not
 * depend on its neighbours. The tile: `rows` results along the row axis, each `columns` vectors
 * along the last axis, kept in registers while the contracted axes run. */
#include "passes/nest.h"

enum { MOST_ROWS = 6, MOST_COLUMNS = 4 };

typedef struct Contract {
  MdlNest *n;
  MlirOperation op;
  const MdlType *result, *a, *b;
  int ks; /* contracted axes */
  MlirValue k_extent[MDL_MAX_RANK];
  /* dot */
  int pairs, batches;
  int64_t a_contract[MDL_MAX_RANK], b_contract[MDL_MAX_RANK];
  int64_t a_batch[MDL_MAX_RANK], b_batch[MDL_MAX_RANK];
  int a_axis[MDL_MAX_RANK],
      b_axis[MDL_MAX_RANK]; /* result axis of an operand axis; -1: contracted */
  /* conv */
  bool is_conv;
  int64_t stride[MDL_MAX_RANK], dilate[MDL_MAX_RANK], groups;
  /* the tile */
  int row_axis, column_axis; /* of the result; -1: none */
  bool lanes_of_a;           /* which operand runs along the lanes */
} Contract;

/* ---- where operands are read ------------------------------------------------------------- */

static MdlPoint dot_point(Contract *c, bool of_a, const MdlPoint *p, const MlirValue *k)
{
  const MdlType *type = of_a ? c->a : c->b;
  const int *axis = of_a ? c->a_axis : c->b_axis;
  const int64_t *contract = of_a ? c->a_contract : c->b_contract;
  MdlPoint q = mdl_point(type->rank);
  for (int i = 0; i < type->rank; i++)
    if (axis[i] >= 0) {
      q.at[i] = p->at[axis[i]];
      if (p->lane == axis[i]) q.lane = i;
    }
  for (int i = 0; i < c->pairs; i++) q.at[contract[i]] = k[i];
  return q;
}

/* a at [n, group*C/groups + k0, spatial*stride + k*dilate]; b at [o, k0, k...] */
static MdlPoint conv_point(Contract *c, bool of_a, const MdlPoint *p, const MlirValue *k)
{
  MdlNest *n = c->n;
  MdlPoint q = mdl_point(c->a->rank);
  if (!of_a) {
    q.at[0] = p->at[1];
    for (int i = 1; i < c->b->rank; i++) q.at[i] = k[i - 1];
    return q;
  }
  q.at[0] = p->at[0];
  q.at[1] = k[0];
  if (c->groups > 1) {
    const MdlSize *each = mdl_size_exact_div(n->ir->sizes, c->b->dim[0], c->groups);
    if (!each) MDL_BUG(n->ir->session, "the channels of a conv are not divisible");
    MlirValue group = mdl_index_div(&n->b, p->at[1], mdl_nest_extent(n, each));
    MlirValue first = mdl_index_mul(&n->b, group, mdl_nest_extent(n, c->b->dim[1]));
    q.at[1] = mdl_index_add(&n->b, first, k[0]);
  }
  for (int i = 2; i < c->a->rank; i++) {
    MlirValue at = mdl_index_mul(&n->b, p->at[i], mdl_nest_index(n, c->stride[i - 2]));
    MlirValue in = mdl_index_mul(&n->b, k[i - 1], mdl_nest_index(n, c->dilate[i - 2]));
    q.at[i] = mdl_index_add(&n->b, at, in);
    if (p->lane == i) q.lane = i;
  }
  return q;
}

/* A vector where the operand runs along the lane, else one element for all lanes. */
static MlirValue operand_at(Contract *c, bool of_a, const MdlPoint *p, const MlirValue *k)
{
  MdlPoint q = c->is_conv ? conv_point(c, of_a, p, k) : dot_point(c, of_a, p, k);
  return mdl_nest_at(c->n, mdl_operand(c->op, of_a ? 0 : 1), &q);
}

/* ---- the tile ---------------------------------------------------------------------------- */

typedef struct Tile {
  int rows, columns, width;
  MdlPoint point[MOST_ROWS][MOST_COLUMNS];
} Tile;

static bool reads_row(Contract *c, bool of_a)
{
  if (c->row_axis < 0) return false;
  if (c->is_conv) return !of_a;
  const int *axis = of_a ? c->a_axis : c->b_axis;
  int rank = of_a ? c->a->rank : c->b->rank;
  for (int i = 0; i < rank; i++)
    if (axis[i] == c->row_axis) return true;
  return false;
}

static bool reads_column(Contract *c, bool of_a)
{
  if (c->column_axis < 0) return false;
  if (c->is_conv) return of_a;
  const int *axis = of_a ? c->a_axis : c->b_axis;
  int rank = of_a ? c->a->rank : c->b->rank;
  for (int i = 0; i < rank; i++)
    if (axis[i] == c->column_axis) return true;
  return false;
}

/* One step of the sums: each operand element is read once and used for its row or column. */
static void step(Contract *c, const Tile *t, const MlirValue *k, const MlirValue *so_far,
                 MlirValue *next)
{
  MdlNest *n = c->n;
  for (int i = 0; i < t->rows; i++)
    for (int j = 0; j < t->columns; j++) {
      const MdlPoint *p = &t->point[i][j];
      MdlArith a = mdl_nest_arith(n, p);
      MlirValue x = mdl_loop_splat(&n->b, operand_at(c, true, p, k), a.lanes);
      MlirValue y = mdl_loop_splat(&n->b, operand_at(c, false, p, k), a.lanes);
      int at = i * t->columns + j;
      next[at] = mdl_arith_multiply_add(&a, c->result->dtype, x, y, so_far[at]);
    }
}

static void sum(Contract *c, const Tile *t, int axis, MlirValue *k, MlirValue *value)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  MlirValue next[MOST_ROWS * MOST_COLUMNS];
  int count = t->rows * t->columns;
  if (axis == c->ks) {
    step(c, t, k, value, next);
    for (int i = 0; i < count; i++) value[i] = next[i];
    return;
  }
  mdl_loop_over(n, &loop, c->k_extent[axis], count, value);
  k[axis] = loop.iv;
  for (int i = 0; i < count; i++) next[i] = loop.carry[i];
  sum(c, t, axis + 1, k, next);
  mdl_loop_end(n, &loop, next);
  for (int i = 0; i < count; i++) value[i] = loop.carry[i];
}

static void emit_tile(Contract *c, Tile *t)
{
  MlirValue value[MOST_ROWS * MOST_COLUMNS], k[MDL_MAX_RANK];
  MdlArith a = mdl_nest_arith(c->n, &t->point[0][0]);
  for (int i = 0; i < t->rows * t->columns; i++)
    value[i] = mdl_arith_number(&a, c->result->dtype, 0, 0);
  sum(c, t, 0, k, value);
  for (int i = 0; i < t->rows; i++)
    for (int j = 0; j < t->columns; j++)
      mdl_nest_emit(c->n, mdl_result(c->op, 0), &t->point[i][j], value[i * t->columns + j]);
}

/* ---- around the tile --------------------------------------------------------------------- */

typedef struct Range {
  MlirValue lo, hi;
} Range;

/* The part of [lo, hi) that whole steps cover; what is left stays in `range`. False: nothing. */
static bool take(MdlNest *n, Range *range, int step, Range *part)
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

static void over_columns(Contract *c, MdlPoint base, int rows, MlirValue row)
{
  MdlNest *n = c->n;
  int width = n->width, column = c->column_axis;
  Range rest = {mdl_nest_index(n, 0), {NULL}}, part;
  if (column < 0) {
    Tile t = {.rows = rows, .columns = 1, .width = 1};
    for (int i = 0; i < rows; i++) {
      t.point[i][0] = base;
      if (c->row_axis >= 0)
        t.point[i][0].at[c->row_axis] = mdl_index_add(&n->b, row, mdl_nest_index(n, i));
    }
    emit_tile(c, &t);
    return;
  }
  rest.hi = mdl_nest_extent(n, c->result->dim[column]);
  int wide = width > 1 ? 2 : n->machine->vector_bytes ? 1 : 4;
  const struct {
    int columns, lanes;
  } shapes[] = {{wide, width}, {1, width}, {1, 1}};
  for (int s = 0; s < 3; s++) {
    int columns = shapes[s].columns, lanes = shapes[s].lanes;
    if (s && columns == shapes[s - 1].columns && lanes == shapes[s - 1].lanes) continue;
    if (!take(n, &rest, columns * lanes, &part)) continue;
    MdlLoop loop;
    Tile t = {.rows = rows, .columns = columns, .width = lanes};
    mdl_loop_begin(n, &loop, part.lo, part.hi, mdl_nest_index(n, columns * lanes), 0, NULL);
    n->width = lanes;
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < columns; j++) {
        MdlPoint *p = &t.point[i][j];
        *p = base;
        p->lane = lanes > 1 ? column : -1;
        p->at[column] = mdl_index_add(&n->b, loop.iv, mdl_nest_index(n, j * lanes));
        if (c->row_axis >= 0) p->at[c->row_axis] = mdl_index_add(&n->b, row, mdl_nest_index(n, i));
      }
    emit_tile(c, &t);
    mdl_loop_end(n, &loop, NULL);
    n->width = width;
  }
}

static void over_rows(Contract *c, MdlPoint base)
{
  MdlNest *n = c->n;
  if (c->row_axis < 0) {
    over_columns(c, base, 1, (MlirValue){NULL});
    return;
  }
  Range rest = {mdl_nest_index(n, 0), mdl_nest_extent(n, c->result->dim[c->row_axis])}, part;
  int most = n->width > 1 && n->machine->vector_registers >= 16 && n->machine->fma ? 6 : 4;
  const int rows[] = {c->is_conv && c->groups > 1 ? 1 : most, 1};
  for (int s = 0; s < 2; s++) {
    if (s && rows[0] == 1) continue;
    if (!take(n, &rest, rows[s], &part)) continue;
    MdlLoop loop;
    mdl_loop_begin(n, &loop, part.lo, part.hi, mdl_nest_index(n, rows[s]), 0, NULL);
    over_columns(c, base, rows[s], loop.iv);
    mdl_loop_end(n, &loop, NULL);
  }
}

/* Plain loops over every other axis of the result. */
static void over_others(Contract *c, int axis, MdlPoint base)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  if (axis == c->result->rank) {
    over_rows(c, base);
    return;
  }
  if (axis == c->row_axis || axis == c->column_axis) {
    over_others(c, axis + 1, base);
    return;
  }
  mdl_loop_over(n, &loop, mdl_nest_extent(n, c->result->dim[axis]), 0, NULL);
  base.at[axis] = loop.iv;
  over_others(c, axis + 1, base);
  mdl_loop_end(n, &loop, NULL);
}

/* ---- choosing ---------------------------------------------------------------------------- */

/* The last axis of the result is the column; the row is the last axis that the other operand
 * alone decides. Vectors, if the column's operand lies along it in memory. */
static void choose(Contract *c)
{
  MdlNest *n = c->n;
  int rank = c->result->rank, bytes = mdl_dtypes[c->result->dtype].bytes;
  c->row_axis = c->column_axis = -1;
  if (!rank) return;
  c->column_axis = rank - 1;
  c->lanes_of_a = reads_column(c, true);
  bool both = c->lanes_of_a && reads_column(c, false); /* a batch axis */
  for (int i = 0; i < rank - 1; i++) {
    c->row_axis = i;
    if (reads_row(c, c->lanes_of_a) || !reads_row(c, !c->lanes_of_a)) c->row_axis = -1;
    if (c->row_axis < 0) continue;
    for (int j = i + 1; j < rank - 1; j++) {
      int kept = c->row_axis;
      c->row_axis = j;
      if (reads_row(c, c->lanes_of_a) || !reads_row(c, !c->lanes_of_a)) c->row_axis = kept;
    }
    break;
  }
  if (!n->machine->vector_bytes || bytes < 4 || both) {
    if (both) c->row_axis = -1;
    n->width = 1;
  } else {
    MlirValue lanes = mdl_operand(c->op, c->lanes_of_a ? 0 : 1);
    const MdlType *type = c->lanes_of_a ? c->a : c->b;
    int axis = -1;
    for (int i = 0; i < type->rank && !c->is_conv; i++)
      if ((c->lanes_of_a ? c->a_axis : c->b_axis)[i] == c->column_axis) axis = i;
    if (c->is_conv && c->stride[c->a->rank - 3] == 1) axis = c->a->rank - 1;
    bool vectors = axis >= 0 && mdl_group_lanes(&n->g, lanes, axis, bytes) &&
                   mdl_group_lanes_out(&n->g, c->column_axis, bytes);
    n->width = vectors ? n->machine->vector_bytes / bytes : 1;
  }
  /* a matrix times a vector: rows share the vector */
  if (c->row_axis < 0 && n->width == 1 && !both) {
    c->row_axis = c->column_axis;
    c->column_axis = -1;
  }
}

static void run(Contract *c)
{
  MdlPoint base = mdl_point(c->result->rank);
  choose(c);
  over_others(c, 0, base);
}

static Contract create(MdlNest *n, MlirOperation op)
{
  Contract c = {.n = n, .op = op};
  c.result = mdl_nest_type(n, mdl_result(op, 0));
  c.a = mdl_nest_type(n, mdl_operand(op, 0));
  c.b = mdl_nest_type(n, mdl_operand(op, 1));
  return c;
}

void mdl_nest_dot(MdlNest *n, MlirOperation op)
{
  Contract c = create(n, op);
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  c.pairs = c.ks = mdl_get_pairs(&attrs, "contract", c.a_contract, c.b_contract);
  c.batches = mdl_get_pairs(&attrs, "batch", c.a_batch, c.b_batch);
  for (int i = 0; i < MDL_MAX_RANK; i++) c.a_axis[i] = c.b_axis[i] = -2;
  for (int i = 0; i < c.pairs; i++) c.a_axis[c.a_contract[i]] = c.b_axis[c.b_contract[i]] = -1;
  for (int i = 0; i < c.batches; i++) c.a_axis[c.a_batch[i]] = c.b_axis[c.b_batch[i]] = i;
  int next = c.batches;
  for (int i = 0; i < c.a->rank; i++)
    if (c.a_axis[i] == -2) c.a_axis[i] = next++;
  for (int i = 0; i < c.b->rank; i++)
    if (c.b_axis[i] == -2) c.b_axis[i] = next++;
  for (int i = 0; i < c.pairs; i++) c.k_extent[i] = mdl_nest_extent(n, c.a->dim[c.a_contract[i]]);
  run(&c);
}

void mdl_nest_conv(MdlNest *n, MlirOperation op)
{
  Contract c = create(n, op);
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  c.is_conv = true;
  c.groups = mdl_get_int(&attrs, "groups");
  mdl_get_ints(&attrs, "stride", c.stride);
  mdl_get_ints(&attrs, "dilate", c.dilate);
  c.ks = c.b->rank - 1;
  for (int i = 0; i < c.ks; i++) c.k_extent[i] = mdl_nest_extent(n, c.b->dim[i + 1]);
  run(&c);
}
