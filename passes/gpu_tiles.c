/* The frame of gpu_tiles.h: what a contraction looks like as products of matrices, the loop over
 * their tiles, and what leaves them. */
#include "passes/gpu_tiles.h"

static const MdlTileEngine *const engines[] = {&mdl_mma_engine, &mdl_simt_engine};

/* ---- sides ------------------------------------------------------------------------------- */

static const MdlSize *one(const MdlGroup *g) { return mdl_size_const(g->ir->sizes, 1); }

/* The operand whose own axes are the columns: it has the result's last axis that not both read. */
static bool read_operands(MdlTileSides *s)
{
  for (int axis = s->c.result->rank; axis-- > 0;) {
    bool first = mdl_contract_reads(&s->c, 0, axis), second = mdl_contract_reads(&s->c, 1, axis);
    if (first && second && !s->c.is_conv) continue;
    s->of[MDL_TILE_columns] = !first || (s->c.is_conv && axis == 1);
    s->of[MDL_TILE_rows] = !s->of[MDL_TILE_columns];
    return true;
  }
  return false;
}

/* A conv's groups: the batch, and the channels of each. */
static bool add_groups(MdlTileSides *s, int axis)
{
  MdlSizes *sizes = s->c.g->ir->sizes;
  int side = s->of[MDL_TILE_rows] ? MDL_TILE_rows : MDL_TILE_columns;
  const MdlSize *each = mdl_size_exact_div(sizes, s->c.result->dim[axis], s->c.groups);
  s->batch[s->batches++] = (MdlTileAxis){axis, mdl_size_const(sizes, s->c.groups), each};
  s->axis[side][s->axes[side]++] = (MdlTileAxis){axis, each, one(s->c.g)};
  return each;
}

static bool read_axes(MdlTileSides *s)
{
  for (int i = 0; i < s->c.result->rank; i++) {
    bool first = mdl_contract_reads(&s->c, 0, i), second = mdl_contract_reads(&s->c, 1, i);
    const MdlTileAxis whole = {i, s->c.result->dim[i], one(s->c.g)};
    if (!first && !second) return false;
    if (first && second) {
      if (s->c.is_conv && !add_groups(s, i)) return false;
      if (!s->c.is_conv) s->batch[s->batches++] = whole;
      continue;
    }
    int side = s->of[MDL_TILE_rows] == second ? MDL_TILE_rows : MDL_TILE_columns;
    s->axis[side][s->axes[side]++] = whole;
  }
  return true;
}

static const MdlSize *product(const MdlGroup *g, const MdlTileAxis *axis, int axes)
{
  const MdlSize *all = one(g);
  for (int i = 0; i < axes; i++) all = mdl_size_mul(g->ir->sizes, all, axis[i].extent);
  return all;
}

bool mdl_tiles_read(const MdlGroup *g, MdlTileSides *s)
{
  if (!mdl_is_contract(g)) return false;
  *s = (MdlTileSides){.c = mdl_contract_read(g)};
  if (!s->c.ks || !read_operands(s) || !read_axes(s)) return false;
  s->batch_extent = product(g, s->batch, s->batches);
  s->step_extent = one(g);
  for (int i = 0; i < s->c.ks; i++)
    s->step_extent = mdl_size_mul(g->ir->sizes, s->step_extent, s->c.k[i]);
  for (int i = 0; i < 2; i++) s->extent[i] = product(g, s->axis[i], s->axes[i]);
  return s->extent[0] && s->extent[1] && s->batch_extent && s->step_extent;
}

enum { FREE = 512 /* what a size known at run time counts as */ };

int64_t mdl_tiles_guess(const MdlSize *size)
{
  int64_t value;
  return mdl_size_guess(size, FREE, &value) && value > 0 ? value : 1;
}

int64_t mdl_tiles_count(const MdlTileSides *s, const MdlTileShape *shape)
{
  int64_t count = mdl_tiles_guess(s->batch_extent);
  for (int i = 0; i < 2; i++)
    count *= (mdl_tiles_guess(s->extent[i]) + shape->side[i] - 1) / shape->side[i];
  return count;
}

int mdl_tiles_bytes(const MdlTileSides *s)
{
  return mdl_dtypes[mdl_loop_register(s->c.result->dtype)].bytes;
}

/* ---- engines ----------------------------------------------------------------------------- */

static const MdlTileEngine *engine_of(const MdlGroup *g, MdlTileSides *s, MdlTileShape *shape)
{
  if (!mdl_tiles_read(g, s)) return NULL;
  for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
    *shape = engines[i]->shape(s);
    if (shape->steps) return engines[i];
  }
  return NULL;
}

bool mdl_gpu_has_tiles(const MdlGroup *g)
{
  MdlTileSides s;
  MdlTileShape shape;
  return engine_of(g, &s, &shape);
}

const MdlSize *mdl_gpu_tiles(const MdlGroup *g)
{
  MdlTileSides s;
  MdlTileShape shape;
  MdlSizes *sizes = g->ir->sizes;
  engine_of(g, &s, &shape);
  const MdlSize *all = s.batch_extent;
  for (int i = 0; i < 2; i++)
    all = mdl_size_mul(sizes, all, mdl_size_ceil_div(sizes, s.extent[i], shape.side[i]));
  return all;
}

/* ---- small things ------------------------------------------------------------------------ */

static MlirValue number(MdlGpuTiles *t, int64_t value) { return mdl_nest_index(t->n, value); }

static MdlLoopType registers(MdlGpuTiles *t)
{
  return (MdlLoopType){.kind = MDL_LOOP_memory, .element = mdl_loop_register(t->s.c.result->dtype)};
}

MlirValue mdl_tiles_shared(MdlGpuTiles *t, int rank, const int *dim, const char *name)
{
  MdlLoopType type = registers(t);
  type.rank = rank;
  for (int i = 0; i < rank; i++) type.dim[i] = dim[i];
  MlirValue made = mdl_loop_shared(&t->n->extents.top, &type);
  mdl_value_set_name(t->n->ir, made, name);
  return made;
}

MlirValue mdl_tiles_own(MdlGpuTiles *t, int count, const char *name)
{
  MdlLoopType type = registers(t);
  type.rank = 1;
  type.dim[0] = count;
  MlirValue made = mdl_loop_alloca(&t->n->extents.top, &type);
  mdl_value_set_name(t->n->ir, made, name);
  return made;
}

void mdl_tiles_unrolled(MdlGpuTiles *t, MdlLoop *loop, int count)
{
  mdl_loop_over(t->n, loop, number(t, count), 0, NULL);
  if (!mdl_is_null(loop->op)) mdl_op_set_int(t->n->ir, loop->op, "mdl.unroll", 1);
}

/* ---- results ----------------------------------------------------------------------------- */

/* Adds to a point what a number, row-major over the axes, says of them. */
static void spread(MdlGpuTiles *t, const MdlTileAxis *axis, int axes, MlirValue at, MdlPoint *p)
{
  MdlBuilder *b = &t->n->b;
  for (int i = axes; i-- > 0;) {
    int64_t known;
    MlirValue extent = mdl_nest_extent(t->n, axis[i].extent), index = at;
    bool empty = mdl_index_constant(extent, &known) && !known; /* then there are no tiles */
    if (empty) extent = number(t, 1);
    if (i) index = mdl_index_rem(b, at, extent), at = mdl_index_div(b, at, extent);
    index = mdl_index_mul(b, index, mdl_nest_extent(t->n, axis[i].each));
    MlirValue *to = &p->at[axis[i].axis];
    *to = mdl_is_no_value(*to) ? index : mdl_index_add(b, *to, index);
  }
}

void mdl_tiles_spread(MdlGpuTiles *t, int side, MlirValue at, MdlPoint *p)
{
  spread(t, t->s.axis[side], t->s.axes[side], at, p);
}

MdlTileEdge mdl_tiles_enter(MdlGpuTiles *t, int side, MlirValue at, MdlPoint *p)
{
  MdlNest *n = t->n;
  MlirValue in = mdl_index_add(&n->b, t->origin[side], at);
  MdlTileEdge edge = {.asks = !t->whole[side], .at = in};
  if (edge.asks) {
    MlirValue inside = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, in, t->extent[side]);
    mdl_branch_begin(n, &edge.branch, inside, 0, NULL);
  }
  mdl_tiles_spread(t, side, in, p);
  return edge;
}

void mdl_tiles_exit(MdlGpuTiles *t, MdlTileEdge *edge)
{
  if (edge->asks) mdl_gpu_one_end(t->n, &edge->branch);
}

int mdl_tiles_outer(const MdlGpuTiles *t)
{
  return t->s.axes[MDL_TILE_columns] > t->s.axes[MDL_TILE_rows] ? MDL_TILE_columns : MDL_TILE_rows;
}

/* Do batch, rows and columns follow each other in the result, some of them over several axes? */
static bool is_in_order(const MdlTileSides *s)
{
  int next = 0;
  for (int i = 0; i < s->batches; i++)
    if (s->batch[i].axis != next++) return false;
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < s->axes[side]; i++)
      if (s->axis[side][i].axis != next++) return false;
  return s->batches > 1 || s->axes[0] > 1 || s->axes[1] > 1;
}

void mdl_tiles_finish(MdlGpuTiles *t, MdlPoint *p, const MdlTileEdge *edge, MlirValue value)
{
  MdlBuilder *b = &t->n->b;
  if (is_in_order(&t->s)) { /* nobody has to take the sides apart to store */
    MlirValue line = mdl_index_add(b, mdl_index_mul(b, t->batch, t->extent[0]), edge[0].at);
    p->number = mdl_index_add(b, mdl_index_mul(b, line, t->extent[1]), edge[1].at);
  }
  mdl_nest_emit(t->n, mdl_result(t->s.c.op, 0), p, value);
}

void mdl_tiles_emit(MdlGpuTiles *t, MlirValue row, MlirValue column, MlirValue value)
{
  MdlTileEdge edge[2];
  MdlPoint p = t->base;
  for (int i = 0; i < 2; i++) edge[i] = mdl_tiles_enter(t, i, i ? column : row, &p);
  mdl_tiles_finish(t, &p, edge, value);
  for (int i = 2; i-- > 0;) mdl_tiles_exit(t, &edge[i]);
}

/* ---- all tiles --------------------------------------------------------------------------- */

static MlirValue tiles_along(MdlGpuTiles *t, int side)
{
  MdlBuilder *top = &t->n->extents.top;
  MlirValue up = mdl_index_add(top, t->extent[side], number(t, t->shape.side[side] - 1));
  return mdl_index_div(top, up, number(t, t->shape.side[side]));
}

/* Of the last part less is there. */
static void end_part(MdlGpuTiles *t)
{
  MdlBuilder *b = &t->n->b;
  MlirValue part = mdl_nest_extent(t->n, t->s.c.k[0]), each = number(t, 1);
  MlirValue number = t->s.c.is_conv ? t->batch : t->base.at[t->part_axis];
  MlirValue first = mdl_index_mul(b, number, part);
  MlirValue left = mdl_index_sub(b, mdl_nest_extent(t->n, t->in_parts), first);
  for (int i = 1; i < t->s.c.ks; i++)
    each = mdl_index_mul(b, each, mdl_nest_extent(t->n, t->s.c.k[i]));
  t->step_end = mdl_index_mul(b, mdl_index_min(b, part, left), each);
}

enum { BAND = 8 /* rows of tiles */ };

/* Many tiles both ways: blocks that run together take a band of rows, column by column, so that
 * they find each other's slabs in the second-level cache. */
static bool goes_by_bands(const MdlGpuTiles *t)
{
  int64_t count[2];
  for (int i = 0; i < 2; i++) count[i] = mdl_tiles_guess(t->s.extent[i]) / t->shape.side[i];
  return count[MDL_TILE_rows] >= 2 * BAND && count[MDL_TILE_columns] >= BAND;
}

/* Rows and columns of tiles out of a tile's number in its product. */
static void split_by_bands(MdlGpuTiles *t, MlirValue tile, const MlirValue *along, MlirValue *at)
{
  int64_t known;
  MdlBuilder *b = &t->n->b;
  MlirValue area = mdl_index_mul(b, along[1], number(t, BAND)), height = number(t, BAND);
  MlirValue first = mdl_index_mul(b, mdl_index_div(b, tile, area), height);
  bool whole = mdl_index_constant(along[0], &known) && known % BAND == 0;
  if (!whole) height = mdl_index_min(b, mdl_index_sub(b, along[0], first), height);
  MlirValue in = mdl_index_rem(b, tile, area);
  at[0] = mdl_index_add(b, first, mdl_index_rem(b, in, height));
  at[1] = mdl_index_div(b, in, height);
}

/* The batch slowest; rows of tiles, columns of tiles. */
static MlirValue split_tile(MdlGpuTiles *t, MlirValue tile, MlirValue *at)
{
  MdlNest *n = t->n;
  MlirValue along[2], batch = number(t, 0);
  for (int i = 0; i < 2; i++)
    along[i] = mdl_index_max(&n->extents.top, tiles_along(t, i), number(t, 1));
  if (goes_by_bands(t)) {
    MlirValue all = mdl_index_mul(&n->extents.top, along[0], along[1]);
    if (t->s.batches) batch = mdl_index_div(&n->b, tile, all);
    if (t->s.batches) tile = mdl_index_rem(&n->b, tile, all);
    split_by_bands(t, tile, along, at);
    return batch;
  }
  at[1] = mdl_index_rem(&n->b, tile, along[1]);
  tile = mdl_index_div(&n->b, tile, along[1]);
  at[0] = t->s.batches ? mdl_index_rem(&n->b, tile, along[0]) : tile;
  return t->s.batches ? mdl_index_div(&n->b, tile, along[0]) : batch;
}

static void place_tile(MdlGpuTiles *t, MlirValue tile)
{
  static const char *const names[] = {"top", "left"};
  MdlNest *n = t->n;
  MlirValue at[2];
  t->batch = split_tile(t, tile, at);
  for (int side = 0; side < 2; side++) {
    t->origin[side] = mdl_index_mul(&n->b, at[side], number(t, t->shape.side[side]));
    if (mdl_loop_def_op(t->origin[side]) != MDL_LOOP_constant)
      mdl_value_set_name(n->ir, t->origin[side], names[side]);
  }
  t->base = mdl_point(t->s.c.result->rank);
  spread(t, t->s.batch, t->s.batches, t->batch, &t->base);
  if (t->s.c.is_conv && t->s.c.groups > 1) t->s.c.group = t->batch;
  t->step_end = t->step_extent;
  if (t->in_parts) end_part(t);
}

/* Parts of half floats are made f32 (mdl_split_widened). */
static MlirValue before_convert(MdlIr *ir, MlirValue operand)
{
  bool is = mdl_def_op(ir, operand) == MDL_OP_convert;
  return is ? mdl_operand(mdl_def(operand), 0) : operand;
}

/* What the pad of parts behind an axis pads; NULL: no such pad. */
static const MdlSize *before_pad(MdlIr *ir, MlirValue padded, int64_t axis)
{
  MlirOperation pad = mdl_def(padded);
  if (mdl_is_null(pad) || !mdl_op_has(pad, "mdl.parts")) return NULL;
  return mdl_type_of(ir, mdl_operand(pad, 0))->dim[axis];
}

/* Both operands show parts of an axis, the first that is contracted. */
static void read_dot_parts(MdlGpuTiles *t)
{
  MdlIr *ir = t->n->ir;
  const MdlContract *c = &t->s.c;
  const MdlSize *whole = NULL;
  int64_t axis = c->contract[0][0];
  for (int i = 0; i < 2; i++) {
    MlirValue view = before_convert(ir, mdl_operand(c->op, i));
    if (mdl_def_op(ir, view) != MDL_OP_reshape || !axis) return;
    MlirValue padded = mdl_operand(mdl_def(view), 0);
    const MdlSize *found = before_pad(ir, padded, axis - 1);
    if (!found || (!i && found == mdl_type_of(ir, padded)->dim[axis - 1])) return;
    if (!i) whole = found;
  }
  t->in_parts = whole;
  t->part_axis = c->axis[0][axis - 1];
}

/* The groups of a conv are parts of its channels (passes/gpu_split_conv.c). */
static void read_conv_parts(MdlGpuTiles *t)
{
  const MdlContract *c = &t->s.c;
  MlirValue image = before_convert(t->n->ir, mdl_operand(c->op, 0));
  if (mdl_op_has(c->op, "mdl.parts")) t->in_parts = before_pad(t->n->ir, image, 1);
}

static void open(MdlGpuTiles *t)
{
  int64_t known;
  MdlNest *n = t->n;
  t->batch_extent = mdl_nest_extent(n, t->s.batch_extent);
  t->step_extent = mdl_nest_extent(n, t->s.step_extent);
  t->whole_steps = mdl_size_is_const(t->s.step_extent, &known) && known;
  if (t->engine->knows_ends) (t->s.c.is_conv ? read_conv_parts : read_dot_parts)(t);
  t->whole_steps &=
      !t->in_parts && mdl_size_exact_div(n->ir->sizes, t->s.step_extent, t->shape.steps) != NULL;
  for (int i = 0; i < 2; i++) {
    t->extent[i] = mdl_nest_extent(n, t->s.extent[i]);
    t->whole[i] = mdl_size_exact_div(n->ir->sizes, t->s.extent[i], t->shape.side[i]);
  }
  t->thread = mdl_loop_gpu_index(&n->b, MDL_LOOP_thread);
  mdl_value_set_name(n->ir, t->thread, "thread");
}

void mdl_gpu_contract_tiles(MdlNest *n)
{
  MdlLoop loop;
  MdlGpuTiles t = {.n = n};
  t.engine = engine_of(&n->g, &t.s, &t.shape);
  open(&t);
  t.own = t.engine->open(&t);
  MlirValue all = t.batch_extent;
  for (int side = 0; side < 2; side++)
    all = mdl_index_mul(&n->extents.top, all, tiles_along(&t, side));
  mdl_loop_begin(n, &loop, mdl_loop_gpu_index(&n->b, MDL_LOOP_block), all,
                 mdl_loop_gpu_index(&n->b, MDL_LOOP_blocks), 0, NULL);
  if (!mdl_is_null(loop.op)) mdl_value_set_name(n->ir, loop.iv, "tile");
  place_tile(&t, loop.iv);
  t.engine->tile(&t);
  mdl_loop_end(n, &loop, NULL);
}
