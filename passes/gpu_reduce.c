/* Reductions on a GPU: a block finds one point together, or a thread all of its own. */
#include "passes/gpu.h"

typedef struct Reduce {
  MdlNest *n;
  MdlOp kind;
  MlirValue from;
  const MdlType *type;
  int kept, reduced;
  int keeps[MDL_MAX_RANK], over[MDL_MAX_RANK]; /* axes of the operand */
  MlirValue kept_extent[MDL_MAX_RANK], over_extent[MDL_MAX_RANK];
  /* a long axis in parts (passes/gpu_split.c): what was padded, which axis, which of the kept ones
   * counts its parts, which of the reduced ones runs in a part */
  MlirValue whole;
  int axis, number, inside;
} Reduce;

static void read_axes(Reduce *r, MlirOperation op)
{
  int64_t axis[MDL_MAX_RANK];
  bool is_reduced[MDL_MAX_RANK] = {false};
  MdlAttrs attrs = mdl_attrs_of(r->n->ir, op);
  int count = mdl_get_ints(&attrs, "axes", axis);
  for (int i = 0; i < count; i++) is_reduced[axis[i]] = true;
  for (int i = 0; i < r->type->rank; i++) {
    MlirValue extent = r->n->g.flat ? (MlirValue){NULL} : mdl_nest_extent(r->n, r->type->dim[i]);
    if (is_reduced[i])
      r->over_extent[r->reduced] = extent, r->over[r->reduced++] = i;
    else
      r->kept_extent[r->kept] = extent, r->keeps[r->kept++] = i;
  }
  if (!r->n->g.flat) return;
  r->reduced = 1;
  r->over[0] = 0;
  r->over_extent[0] = mdl_nest_extent(r->n, mdl_type_elements(r->n->ir->sizes, r->type));
}

MdlAllReduce mdl_gpu_all_reduce(MdlOp kind, MdlDtype dtype)
{
  bool u = mdl_is_unsigned(dtype);
  switch (kind) {
  case MDL_OP_reduce_prod:
    return MDL_ALL_mul;
  case MDL_OP_reduce_max:
    return u ? MDL_ALL_umax : MDL_ALL_max;
  case MDL_OP_reduce_min:
    return u ? MDL_ALL_umin : MDL_ALL_min;
  case MDL_OP_reduce_any:
    return MDL_ALL_or;
  case MDL_OP_reduce_all:
    return MDL_ALL_and;
  default:
    return MDL_ALL_add;
  }
}

/* ---- parts of a long axis ---------------------------------------------------------------- */

/* Is the axis padded behind its end, and only it, by what changes nothing? */
static bool pads_end(Reduce *r, MlirOperation pad, int axis)
{
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK], *zero = mdl_size_const(r->n->ir->sizes, 0);
  int64_t inner[MDL_MAX_RANK], start_integer, integer;
  double start_real, real;
  MlirOperation value = mdl_def(mdl_operand(pad, 1));
  if (mdl_is_null(value) || mdl_op(r->n->ir, value) != MDL_OP_const) return false;
  MdlAttrs attrs = mdl_attrs_of(r->n->ir, pad), number = mdl_attrs_of(r->n->ir, value);
  int rank = mdl_get_sizes(&attrs, "lo", lo);
  mdl_get_sizes(&attrs, "hi", hi);
  mdl_get_ints(&attrs, "inner", inner);
  for (int i = 0; i < rank; i++)
    if (lo[i] != zero || inner[i] || (i != axis && hi[i] != zero)) return false;
  MdlArith a = mdl_nest_arith(r->n, NULL);
  MlirValue start = mdl_nest_start(&a, r->kind, r->type->dtype);
  mdl_loop_constant(r->n->ir, start, &start_real, &start_integer);
  mdl_get_number(&number, "value", &real, &integer);
  if (mdl_is_float(r->type->dtype)) return real == start_real;
  int unused = 64 - mdl_dtypes[r->type->dtype].bits;
  return (uint64_t)(integer ^ start_integer) << unused == 0;
}

/* The operand is an axis in parts: then its elements are counted, and nothing padded is read. */
static void read_parts(Reduce *r)
{
  MlirOperation view = mdl_def(r->from);
  if (mdl_is_null(view) || mdl_op(r->n->ir, view) != MDL_OP_reshape) return;
  MlirOperation pad = mdl_def(mdl_operand(view, 0));
  if (mdl_is_null(pad) || mdl_op(r->n->ir, pad) != MDL_OP_pad) return;
  const MdlType *type = mdl_nest_type(r->n, mdl_operand(view, 0));
  int axis = 0, behind = 0;
  while (axis < type->rank && type->dim[axis] == r->type->dim[axis]) axis++;
  while (behind < type->rank - axis &&
         type->dim[type->rank - 1 - behind] == r->type->dim[r->type->rank - 1 - behind])
    behind++;
  if (r->type->rank != type->rank + 1 || axis + behind != type->rank - 1) return;
  r->number = r->inside = -1;
  for (int i = 0; i < r->kept; i++)
    if (r->keeps[i] == axis || r->keeps[i] == axis + 1) r->number = i;
  for (int i = 0; i < r->reduced; i++)
    if (r->over[i] == axis || r->over[i] == axis + 1) r->inside = i;
  if (r->number < 0 || r->inside < 0 || !pads_end(r, pad, axis)) return;
  r->whole = mdl_operand(pad, 0);
  r->axis = axis;
}

/* Elements of one part, `lo` to `hi` by `step`: side by side where a block runs along them, as far
 * apart as there are parts where neighbouring threads have neighbouring ones. */
static void part_range(Reduce *r, const MdlPoint *p, MlirValue *lo, MlirValue *hi, MlirValue *step)
{
  MdlNest *n = r->n;
  MlirValue end = mdl_nest_extent(n, mdl_nest_type(n, r->whole)->dim[r->axis]);
  MlirValue number = p->at[r->number], length = r->over_extent[r->inside];
  *lo = number;
  *hi = end;
  *step = r->kept_extent[r->number];
  if (r->over[r->inside] == r->axis) return;
  *lo = mdl_index_mul(&n->b, number, length);
  *hi = mdl_index_min(&n->b, mdl_index_add(&n->b, *lo, length), end);
  *step = mdl_nest_index(n, 1);
}

/* The point of what was padded, without the axis of parts; `at` is its element's index. */
static MdlPoint point_of_whole(Reduce *r, const MdlPoint *q, MlirValue at)
{
  MdlPoint w = mdl_point(q->rank - 1);
  for (int i = 0; i < w.rank; i++) w.at[i] = q->at[i + (i > r->axis)];
  w.at[r->axis] = at;
  return w;
}

/* ---- one point --------------------------------------------------------------------------- */

static MdlPoint point_of(Reduce *r, const MdlPoint *p, const MdlPoint *k)
{
  MdlPoint q = mdl_point(r->n->g.flat ? 1 : r->type->rank);
  for (int i = 0; i < r->kept; i++) q.at[r->keeps[i]] = p->at[i];
  for (int i = 0; i < r->reduced; i++) q.at[r->over[i]] = k->at[i];
  return q;
}

/* A part along which nothing else is reduced: its loop counts elements of the whole axis. */
static MlirValue plain_part(Reduce *r, const MdlPoint *p, MlirValue first, MlirValue threads)
{
  MdlNest *n = r->n;
  MdlLoop loop;
  MlirValue lo, hi, step;
  MdlArith a = mdl_nest_arith(n, NULL);
  MlirValue start = mdl_nest_start(&a, r->kind, r->type->dtype);
  part_range(r, p, &lo, &hi, &step);
  lo = mdl_index_add(&n->b, lo, mdl_index_mul(&n->b, first, step));
  mdl_loop_begin(n, &loop, lo, hi, mdl_index_mul(&n->b, step, threads), 1, &start);
  MdlPoint k = mdl_point(1);
  k.at[0] = loop.iv;
  MdlPoint q = point_of(r, p, &k), w = point_of_whole(r, &q, loop.iv);
  MlirValue value = mdl_nest_at(n, r->whole, &w);
  MlirValue next = mdl_nest_combine(&a, r->kind, r->type->dtype, loop.carry[0], value);
  mdl_loop_end(n, &loop, &next);
  return loop.carry[0];
}

/* Elements in a part, where other axes are reduced beside it. */
static MlirValue part_count(Reduce *r, const MdlPoint *p)
{
  MdlNest *n = r->n;
  MlirValue lo, hi, step;
  part_range(r, p, &lo, &hi, &step);
  MlirValue up = mdl_index_sub(&n->b, step, mdl_nest_index(n, 1));
  return mdl_index_div(&n->b, mdl_index_add(&n->b, mdl_index_sub(&n->b, hi, lo), up), step);
}

static MlirValue value_at(Reduce *r, const MdlPoint *p, const MdlPoint *k)
{
  MdlNest *n = r->n;
  MdlPoint q = point_of(r, p, k);
  if (mdl_is_no_value(r->whole)) return mdl_nest_at(n, r->from, &q);
  MlirValue lo, hi, step;
  part_range(r, p, &lo, &hi, &step);
  MlirValue at = mdl_index_add(&n->b, lo, mdl_index_mul(&n->b, k->at[r->inside], step));
  MdlPoint w = point_of_whole(r, &q, at);
  return mdl_nest_at(n, r->whole, &w);
}

/* What the threads from `first` on, `step` apart, find over the reduced axes of one point. */
static MlirValue part_of(Reduce *r, const MdlPoint *p, MlirValue first, MlirValue step)
{
  MdlNest *n = r->n;
  MdlLoop loop;
  MdlArith a = mdl_nest_arith(n, NULL);
  MlirValue extent[MDL_MAX_RANK];
  bool parts = !mdl_is_no_value(r->whole);
  if (parts && r->reduced == 1) return plain_part(r, p, first, step);
  for (int i = 0; i < r->reduced; i++) extent[i] = r->over_extent[i];
  if (parts) extent[r->inside] = part_count(r, p);
  MlirValue start = mdl_nest_start(&a, r->kind, r->type->dtype);
  MlirValue all = mdl_nest_index(n, 1);
  for (int i = 0; i < r->reduced; i++) all = mdl_index_mul(&n->b, all, extent[i]);
  if (!parts) all = mdl_gpu_product(n, r->reduced, extent);
  mdl_loop_begin(n, &loop, first, all, step, 1, &start);
  MdlPoint k;
  mdl_gpu_split(n, r->reduced, extent, loop.iv, &k);
  MlirValue value = value_at(r, p, &k);
  MlirValue next = mdl_nest_combine(&a, r->kind, r->type->dtype, loop.carry[0], value);
  mdl_loop_end(n, &loop, &next);
  return loop.carry[0];
}

/* One block, one point: all threads have the value, one of them stores. */
static void emit_by_block(MdlNest *n, MlirValue seed, const MdlPoint *p, MlirValue value)
{
  MdlBranch branch;
  if (!p->rank) {
    mdl_nest_emit(n, seed, p, value);
    return;
  }
  MlirValue first = mdl_loop_compare(
      &n->b, MDL_PREDICATE_eq, mdl_loop_gpu_index(&n->b, MDL_LOOP_thread), mdl_nest_index(n, 0));
  mdl_branch_begin(n, &branch, first, 0, NULL);
  mdl_nest_emit(n, seed, p, value);
  mdl_gpu_one_end(n, &branch);
}

static void reduce_by_blocks(Reduce *r, MlirValue seed)
{
  MdlNest *n = r->n;
  MdlLoop loop;
  MdlPoint p = mdl_point(0);
  MlirValue all = mdl_gpu_product(n, r->kept, r->kept_extent);
  if (r->kept) {
    mdl_loop_begin(n, &loop, mdl_loop_gpu_index(&n->b, MDL_LOOP_block), all,
                   mdl_loop_gpu_index(&n->b, MDL_LOOP_blocks), 0, NULL);
    mdl_gpu_split(n, r->kept, r->kept_extent, loop.iv, &p);
  }
  MlirValue part = part_of(r, &p, mdl_loop_gpu_index(&n->b, MDL_LOOP_thread),
                           mdl_loop_gpu_index(&n->b, MDL_LOOP_threads));
  MlirValue whole = mdl_loop_all_reduce(&n->b, mdl_gpu_all_reduce(r->kind, r->type->dtype), part);
  emit_by_block(n, seed, &p, whole);
  if (r->kept) mdl_loop_end(n, &loop, NULL);
}

/* ---- columns ----------------------------------------------------------------------------- */

enum { THREADS = 256, WIDEST = 32, NARROWEST = 8 };

int64_t mdl_gpu_strip(const MdlGroup *g)
{
  const MdlType *type = mdl_type_of(g->ir, mdl_operand(g->seed, 0));
  int64_t extent, strip = NARROWEST;
  if (!mdl_size_is_const(type->dim[type->rank - 1], &extent)) return WIDEST;
  while (strip < extent && strip < WIDEST) strip *= 2;
  return strip;
}

const MdlSize *mdl_gpu_strips(const MdlGroup *g)
{
  MdlType type = *mdl_type_of(g->ir, mdl_result(g->seed, 0));
  const MdlSize **last = &type.dim[type.rank - 1];
  *last = mdl_size_ceil_div(g->ir->sizes, *last, mdl_gpu_strip(g));
  return *last ? mdl_type_elements(g->ir->sizes, &type) : NULL;
}

typedef struct Columns {
  Reduce *r;
  int64_t strip;
  MlirValue row, column, sums; /* this thread's; a sum a thread, in shared memory */
  MlirValue inside;            /* is there such a column? */
  MdlPoint p;
} Columns;

static MlirValue shared_sums(Reduce *r)
{
  MdlDtype dtype = r->type->dtype; /* half floats are summed as they are in registers */
  MdlLoopType type = {.kind = MDL_LOOP_memory, .rank = 1, .dim = {THREADS}};
  type.element = dtype == MDL_bool ? mdl_loop_cell(dtype) : mdl_loop_register(dtype);
  MlirValue made = mdl_loop_shared(&r->n->extents.top, &type);
  mdl_value_set_name(r->n->ir, made, "part");
  return made;
}

/* What each thread finds in its rows of its column. */
static void sum_rows(Columns *c)
{
  Reduce *r = c->r;
  MdlNest *n = r->n;
  MdlBranch branch;
  MdlArith a = mdl_nest_arith(n, NULL);
  MlirType type = mdl_loop_value_type(n->ir, r->type->dtype, 1);
  mdl_branch_begin(n, &branch, c->inside, 1, &type);
  MlirValue sum = part_of(r, &c->p, c->row, mdl_nest_index(n, THREADS / c->strip));
  mdl_branch_else(n, &branch, 1, &sum);
  MlirValue start = mdl_nest_start(&a, r->kind, r->type->dtype);
  sum = mdl_branch_end(n, &branch, 1, &start);
  MlirValue at = mdl_loop_gpu_index(&n->b, MDL_LOOP_thread);
  if (r->type->dtype == MDL_bool) sum = mdl_arith_to_cell(&a, sum, MDL_bool);
  mdl_loop_store(&n->b, sum, c->sums, &at);
}

/* Row by row what the threads of a column have found. */
static MlirValue sum_of_rows(Columns *c)
{
  Reduce *r = c->r;
  MdlNest *n = r->n;
  MdlLoop loop;
  MdlArith a = mdl_nest_arith(n, NULL);
  MlirValue start = mdl_nest_start(&a, r->kind, r->type->dtype);
  mdl_loop_begin(n, &loop, mdl_loop_gpu_index(&n->b, MDL_LOOP_thread), mdl_nest_index(n, THREADS),
                 mdl_nest_index(n, c->strip), 1, &start);
  MlirValue sum = mdl_loop_load(&n->b, c->sums, &loop.iv, 1);
  if (r->type->dtype == MDL_bool) sum = mdl_arith_of_cell(&a, sum, MDL_bool);
  MlirValue next = mdl_nest_combine(&a, r->kind, r->type->dtype, loop.carry[0], sum);
  mdl_loop_end(n, &loop, &next);
  return loop.carry[0];
}

static void one_strip(Columns *c, MlirValue seed)
{
  MdlNest *n = c->r->n;
  MdlBranch branch;
  sum_rows(c);
  mdl_loop_barrier(&n->b);
  MlirValue first = mdl_loop_compare(&n->b, MDL_PREDICATE_eq, c->row, mdl_nest_index(n, 0));
  first = mdl_loop_binary(&n->b, MDL_LOOP_andi, first, c->inside);
  mdl_branch_begin(n, &branch, first, 0, NULL);
  mdl_nest_emit(n, seed, &c->p, sum_of_rows(c));
  mdl_gpu_one_end(n, &branch);
  mdl_loop_barrier(&n->b);
}

static void reduce_by_columns(Reduce *r, MlirValue seed)
{
  MdlNest *n = r->n;
  MdlLoop loop;
  int last = r->kept - 1;
  MlirValue extent[MDL_MAX_RANK];
  Columns c = {.r = r, .strip = mdl_gpu_strip(&n->g), .sums = shared_sums(r)};
  const MdlSize *columns = r->type->dim[r->type->rank - 1];
  for (int i = 0; i < last; i++) extent[i] = r->kept_extent[i];
  extent[last] = mdl_nest_extent(n, mdl_size_ceil_div(n->ir->sizes, columns, c.strip));
  MlirValue all = mdl_gpu_product(n, r->kept, extent), strip = mdl_nest_index(n, c.strip);
  mdl_loop_begin(n, &loop, mdl_loop_gpu_index(&n->b, MDL_LOOP_block), all,
                 mdl_loop_gpu_index(&n->b, MDL_LOOP_blocks), 0, NULL);
  mdl_gpu_split(n, r->kept, extent, loop.iv, &c.p);
  MlirValue thread = mdl_loop_gpu_index(&n->b, MDL_LOOP_thread);
  c.row = mdl_index_div(&n->b, thread, strip);
  c.column = mdl_index_add(&n->b, mdl_index_mul(&n->b, c.p.at[last], strip),
                           mdl_index_rem(&n->b, thread, strip));
  mdl_value_set_name(n->ir, c.row, "row");
  mdl_value_set_name(n->ir, c.column, "column");
  c.p.at[last] = c.column;
  c.inside = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, c.column, r->kept_extent[last]);
  one_strip(&c, seed);
  mdl_loop_end(n, &loop, NULL);
}

bool mdl_gpu_is_part(const MdlGroup *g)
{
  MlirOperation view = mdl_def(mdl_operand(g->seed, 0));
  int64_t axes[MDL_MAX_RANK];
  if (mdl_is_null(view) || mdl_op(g->ir, view) != MDL_OP_reshape) return false;
  const MdlType *from = mdl_type_of(g->ir, mdl_operand(view, 0));
  const MdlType *type = mdl_type_of(g->ir, mdl_result(view, 0));
  MdlAttrs attrs = mdl_attrs_of(g->ir, g->seed);
  int count = mdl_get_ints(&attrs, "axes", axes), axis = 0;
  while (axis < from->rank && from->dim[axis] == type->dim[axis]) axis++;
  bool reduced = false, parts_kept = true;
  for (int i = 0; i < count; i++) {
    reduced |= axes[i] == axis;
    parts_kept &= axes[i] != axis + 1;
  }
  return type->rank == from->rank + 1 && reduced && parts_kept;
}

void mdl_gpu_reduce(MdlNest *n, MlirOperation op)
{
  Reduce r = {.n = n, .kind = mdl_op(n->ir, op), .from = mdl_operand(op, 0)};
  r.type = mdl_nest_type(n, r.from);
  read_axes(&r, op);
  if (!n->g.flat) read_parts(&r);
  if (n->mode == MDL_GPU_blocks) {
    reduce_by_blocks(&r, mdl_result(op, 0));
    return;
  }
  if (n->mode == MDL_GPU_columns) {
    reduce_by_columns(&r, mdl_result(op, 0));
    return;
  }
  MdlSpace space;
  MdlPoint p;
  mdl_space_begin(n, &space, r.kept, r.kept_extent, false);
  while (mdl_space_next(n, &space, &p)) {
    MlirValue value = part_of(&r, &p, mdl_nest_index(n, 0), mdl_nest_index(n, 1));
    mdl_nest_emit(n, mdl_result(op, 0), &p, value);
  }
}
