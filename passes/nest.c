#include "passes/gpu.h"

/* ---- small things ------------------------------------------------------------------------ */

MdlPoint mdl_point(int rank) { return (MdlPoint){.rank = rank, .lane = -1}; }

MlirValue mdl_nest_index(MdlNest *n, int64_t value)
{
  return mdl_extent_number(&n->extents, value);
}

MlirValue mdl_nest_extent(MdlNest *n, const MdlSize *size) { return mdl_extent(&n->extents, size); }

const MdlType *mdl_nest_type(MdlNest *n, MlirValue tensor) { return mdl_type_of(n->ir, tensor); }

MdlArith mdl_nest_arith(MdlNest *n, const MdlPoint *p)
{
  return (MdlArith){&n->b, n->machine, p && p->lane >= 0 ? n->width : 1};
}

/* ---- values ------------------------------------------------------------------------------ */

static bool same_point(const MdlPoint *a, const MdlPoint *b)
{
  int64_t x, y;
  if (a->rank != b->rank || a->lane != b->lane) return false;
  for (int i = 0; i < a->rank; i++) {
    if (mdl_same(a->at[i], b->at[i])) continue;
    if (!mdl_index_constant(a->at[i], &x) || !mdl_index_constant(b->at[i], &y) || x != y)
      return false;
  }
  return true;
}

void mdl_nest_remember(MdlNest *n, MlirValue tensor, const MdlPoint *p, MlirValue value)
{
  MDL_GROW(n->ir->arena, n->memo, n->memos, n->memo_capacity);
  n->memo[n->memos++] = (MdlMemo){tensor, value, *p};
}

/* Where the element is. In a buffer of one row the axes of the rows do not count. */
static const MlirValue *place_of(MdlNest *n, MlirValue tensor, const MdlPoint *p,
                                 MlirValue *memory)
{
  if (mdl_is_no_value(*memory)) MDL_BUG(n->ir->session, "a tensor of a group is not in memory");
  if (!mdl_is_no_value(p->number) && p->rank && !mdl_map_has(n->tables, tensor.ptr)) {
    *memory = mdl_gpu_numbered(n, tensor, *memory);
    return &p->number;
  }
  return mdl_same(tensor, n->buffered) ? p->at + n->rows : p->at;
}

static MlirValue load(MdlNest *n, MlirValue tensor, const MdlPoint *p)
{
  bool table = mdl_map_has(n->tables, tensor.ptr);
  MlirValue memory = {mdl_map_get(table ? n->tables : n->memory, tensor.ptr)};
  const MlirValue *place = place_of(n, tensor, p, &memory);
  MdlArith a = mdl_nest_arith(n, p);
  MlirValue cell = mdl_loop_load(&n->b, memory, place, a.lanes);
  return mdl_arith_of_cell(&a, cell, mdl_nest_type(n, tensor)->dtype);
}

MlirValue mdl_nest_load_as(MdlNest *n, MlirValue tensor, const MdlType *type, const MdlPoint *p)
{
  MlirValue memory = {mdl_map_get(n->memory, tensor.ptr)};
  MdlNest top = *n;
  top.b = n->extents.top;
  MlirValue shaped = mdl_nest_shaped(&top, mdl_operand(mdl_def(memory), 0), type);
  MdlArith a = mdl_nest_arith(n, p);
  MlirValue cell = mdl_loop_load(&n->b, shaped, p->at, a.lanes);
  return mdl_arith_of_cell(&a, cell, type->dtype);
}

static MlirValue make(MdlNest *n, MlirValue tensor, const MdlPoint *p)
{
  MlirOperation op = mdl_def(tensor);
  if (mdl_map_has(n->stored, tensor.ptr) || mdl_map_has(n->tables, tensor.ptr))
    return load(n, tensor, p);
  if (mdl_is_null(op)) {
    if (mdl_nest_type(n, tensor)->rank) return load(n, tensor, p);
    MdlArith a = mdl_nest_arith(n, p);
    return mdl_loop_splat(&n->b, (MlirValue){mdl_map_get(n->scalars, tensor.ptr)}, a.lanes);
  }
  MlirLocation outer = n->b.at;
  n->b.at = mdl_location_named(n->ir, mdl_location_of(op), NULL);
  MlirValue made = mdl_at(n, op, mdl_op(n->ir, op), p);
  n->b.at = outer;
  return made;
}

/* What the source names keeps its name: an op just made for it, not a load or a constant. */
static void name_made(MdlNest *n, MlirValue tensor, MlirValue made)
{
  const char *name = mdl_value_name(n->ir, tensor);
  MlirOperation op = mdl_def(made);
  if (!name || mdl_is_null(op) || mdl_is_null(mdl_def(tensor))) return;
  MdlLoopOp kind = mdl_loop_op(op);
  bool plain = kind == MDL_LOOP_load || kind == MDL_LOOP_vload || kind == MDL_LOOP_constant ||
               kind == MDL_LOOP_splat || kind == MDL_LOOP_none;
  if (!plain && !mdl_value_name(n->ir, made)) mdl_value_set_name(n->ir, made, name);
}

MlirValue mdl_nest_at(MdlNest *n, MlirValue tensor, const MdlPoint *p)
{
  for (int i = n->memos; i-- > 0;)
    if (mdl_same(n->memo[i].value, tensor) && same_point(&n->memo[i].point, p))
      return n->memo[i].made;
  MlirValue made = make(n, tensor, p);
  name_made(n, tensor, made);
  mdl_nest_remember(n, tensor, p, made);
  return made;
}

void mdl_nest_store(MdlNest *n, MlirValue tensor, MlirValue root, const MdlPoint *p)
{
  MlirValue value = mdl_nest_at(n, tensor, p);
  MdlArith a = mdl_nest_arith(n, p);
  MlirValue memory = {mdl_map_get(n->memory, root.ptr)};
  const MlirValue *place = place_of(n, root, p, &memory);
  mdl_loop_store(&n->b, mdl_arith_to_cell(&a, value, mdl_nest_type(n, tensor)->dtype), memory,
                 place);
}

/* All are computed before one is stored: a result may lie where another one reads. */
void mdl_nest_finish(MdlNest *n, const MdlPoint *p)
{
  MlirOperation end = mdl_terminator(mdl_body(n->g.func, 0));
  int roots = mdl_operand_count(end), scalars = 0;
  for (int i = 0; i < roots; i++) {
    MlirValue root = mdl_operand(end, i), value = mdl_nest_at(n, root, p);
    if (!mdl_nest_type(n, root)->rank) n->returned[scalars++] = value;
  }
  for (int i = 0; i < roots; i++) {
    MlirValue root = mdl_operand(end, i);
    if (mdl_nest_type(n, root)->rank) mdl_nest_store(n, root, root, p);
  }
}

void mdl_nest_emit(MdlNest *n, MlirValue seed, const MdlPoint *p, MlirValue value)
{
  int memos = n->memos;
  mdl_nest_remember(n, seed, p, value);
  mdl_nest_finish(n, p);
  n->memos = memos;
}

/* ---- loops ------------------------------------------------------------------------------- */

/* i, j, k, ... by depth */
static const char *counter_name(MdlNest *n)
{
  int depth = 0;
  for (MlirOperation op = mdl_block_parent(n->b.block);
       !mdl_is_null(op) && !mdl_same_op(op, n->func); op = mdl_parent(op))
    depth += mdl_op(n->ir, op) == MDL_OP_for;
  return mdl_text(n->ir->arena, "%c", "ijklmnpqrstuvwxyz"[depth % 17]);
}

void mdl_loop_begin(MdlNest *n, MdlLoop *loop, MlirValue lo, MlirValue hi, MlirValue step,
                    int carried, const MlirValue *init)
{
  int64_t from, to, by;
  *loop = (MdlLoop){.outer = n->b, .carried = carried, .memos = n->memos};
  if (carried > MDL_MAX_CARRIED) MDL_BUG(n->ir->session, "a loop carries %d values", carried);
  bool once = mdl_index_constant(lo, &from) && mdl_index_constant(hi, &to) &&
              mdl_index_constant(step, &by) && from < to && from + by >= to;
  if (once) {
    loop->iv = lo;
    for (int i = 0; i < carried; i++) loop->carry[i] = init[i];
    return;
  }
  const char *name = counter_name(n);
  loop->op = mdl_loop_for(&n->b, lo, hi, step, carried, init);
  MlirBlock body = mdl_body(loop->op, 0);
  loop->iv = mdl_arg(body, 0);
  mdl_value_set_name(n->ir, loop->iv, name);
  for (int i = 0; i < carried; i++) loop->carry[i] = mdl_arg(body, 1 + i);
  n->b = mdl_builder_at_end(n->ir, body, n->b.at);
}

void mdl_loop_end(MdlNest *n, MdlLoop *loop, const MlirValue *next)
{
  if (!mdl_is_null(loop->op)) {
    mdl_build_yield(&n->b, loop->carried, next);
    loop->outer.at = n->b.at;
    n->b = loop->outer;
    n->memos = loop->memos;
  }
  for (int i = 0; i < loop->carried; i++)
    loop->carry[i] = mdl_is_null(loop->op) ? next[i] : mdl_result(loop->op, i);
}

void mdl_loop_over(MdlNest *n, MdlLoop *loop, MlirValue extent, int carried, const MlirValue *init)
{
  mdl_loop_begin(n, loop, mdl_nest_index(n, 0), extent, mdl_nest_index(n, 1), carried, init);
}

bool mdl_range_take(MdlNest *n, MdlRange *range, int64_t step, MdlRange *part)
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

void mdl_branch_begin(MdlNest *n, MdlBranch *branch, MlirValue condition, int results,
                      const MlirType *type)
{
  branch->op = mdl_build_if(&n->b, condition, results, type);
  branch->outer = n->b;
  branch->memos = n->memos;
  n->b = mdl_builder_at_end(n->ir, mdl_body(branch->op, 0), n->b.at);
}

void mdl_branch_else(MdlNest *n, MdlBranch *branch, int results, const MlirValue *value)
{
  mdl_build_yield(&n->b, results, value);
  n->memos = branch->memos;
  n->b = mdl_builder_at_end(n->ir, mdl_body(branch->op, 1), n->b.at);
}

MlirValue mdl_branch_end(MdlNest *n, MdlBranch *branch, int results, const MlirValue *value)
{
  mdl_build_yield(&n->b, results, value);
  n->memos = branch->memos;
  n->b = branch->outer;
  return results ? mdl_result(branch->op, 0) : (MlirValue){NULL};
}

/* ---- spaces ------------------------------------------------------------------------------ */

void mdl_space_begin(MdlNest *n, MdlSpace *s, int rank, const MlirValue *extent, bool lanes)
{
  *s = (MdlSpace){.rank = rank, .lanes = lanes && rank && n->width > 1, .width = n->width};
  for (int i = 0; i < rank; i++) s->extent[i] = extent[i];
}

static void close_loop(MdlNest *n, MdlLoop *loop) { mdl_loop_end(n, loop, NULL); }

static MdlPoint point_of(MdlSpace *s, int lane)
{
  MdlPoint p = mdl_point(s->rank);
  p.lane = lane;
  for (int i = 0; i < s->rank; i++) p.at[i] = s->loop[i].iv;
  return p;
}

/* Where the vectors end. */
static MlirValue split_at(MdlNest *n, MlirValue extent, int width)
{
  int64_t known;
  if (mdl_index_constant(extent, &known)) return mdl_nest_index(n, known - known % width);
  MdlBuilder *top = &n->extents.top;
  return mdl_index_sub(top, extent,
                       mdl_index_rem(top, extent, mdl_loop_number(top, MDL_index, 1, 0, width)));
}

static bool open_vectors(MdlNest *n, MdlSpace *s, MdlPoint *p)
{
  int64_t known;
  int last = s->rank - 1;
  if (!s->lanes) return false;
  s->split = split_at(n, s->extent[last], s->width);
  if (mdl_index_constant(s->split, &known) && !known) return false;
  mdl_loop_begin(n, &s->loop[last], mdl_nest_index(n, 0), s->split, mdl_nest_index(n, s->width), 0,
                 NULL);
  n->width = s->width;
  *p = point_of(s, last);
  return true;
}

static bool open_singles(MdlNest *n, MdlSpace *s, MdlPoint *p)
{
  int64_t from = 0, to;
  int last = s->rank - 1;
  MlirValue lo = s->lanes ? s->split : mdl_nest_index(n, 0);
  if (mdl_index_constant(lo, &from) && mdl_index_constant(s->extent[last], &to) && from >= to &&
      from)
    return false;
  mdl_loop_begin(n, &s->loop[last], lo, s->extent[last], mdl_nest_index(n, 1), 0, NULL);
  *p = point_of(s, -1);
  return true;
}

/* States: 0 nothing open, 1 in the vectors, 2 in the single elements. */
bool mdl_space_next(MdlNest *n, MdlSpace *s, MdlPoint *p)
{
  int last = s->rank - 1;
  if (n->machine->warp && n->mode == MDL_GPU_points && s->rank) return mdl_gpu_space_next(n, s, p);
  if (s->state == 0) {
    for (int i = 0; i < last; i++) mdl_loop_over(n, &s->loop[i], s->extent[i], 0, NULL);
    s->state = 1;
    if (!s->rank) {
      s->state = 3;
      *p = mdl_point(0);
      return true;
    }
    if (open_vectors(n, s, p)) return true;
  } else if (s->state == 1) {
    close_loop(n, &s->loop[last]);
  }
  if (s->state == 1) {
    s->state = 2;
    if (open_singles(n, s, p)) return true;
  } else if (s->state == 2) {
    close_loop(n, &s->loop[last]);
  } else if (s->state == 3) {
    return false;
  }
  for (int i = last; i-- > 0;) close_loop(n, &s->loop[i]);
  n->width = s->width;
  return false;
}
