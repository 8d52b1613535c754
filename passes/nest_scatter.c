/* Scatters: the operand is copied to the result, unless they share a place; then the updates in
 * row-major order. Out of range is dropped. */
#include "passes/gpu.h"

MlirValue mdl_nest_scattered(MdlArith *a, MdlOp kind, MdlDtype dtype, MlirValue old, MlirValue next)
{
  MlirValue pair[] = {old, next};
  switch (kind) {
  case MDL_OP_scatter_add:
    return mdl_arith_row(a, MDL_OP_add, dtype, pair);
  case MDL_OP_scatter_mul:
    return mdl_arith_row(a, MDL_OP_mul, dtype, pair);
  case MDL_OP_scatter_max:
    return mdl_arith_row(a, MDL_OP_max, dtype, pair);
  case MDL_OP_scatter_min:
    return mdl_arith_row(a, MDL_OP_min, dtype, pair);
  default:
    return next;
  }
}

typedef struct Scatter {
  MdlNest *n;
  MlirOperation op;
  int axis, batch, indices; /* c is a's axes before `axis`, b's behind the batch, a's after it */
  MlirValue index, from, result, memory;
  const MdlType *type, *b, *c;
} Scatter;

static Scatter scatter_read(MdlNest *n, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  Scatter s = {.n = n, .op = op};
  s.axis = (int)mdl_get_int(&attrs, "axis");
  s.batch = (int)mdl_get_int(&attrs, "batch");
  s.index = mdl_operand(op, 1);
  s.from = mdl_operand(op, 2);
  s.result = mdl_result(op, 0);
  s.memory = (MlirValue){mdl_map_get(n->memory, s.result.ptr)};
  s.type = mdl_nest_type(n, s.result);
  s.b = mdl_nest_type(n, s.index);
  s.c = mdl_nest_type(n, s.from);
  s.indices = s.b->rank - s.batch;
  return s;
}

static void copy_at(Scatter *s, const MdlPoint *p)
{
  MdlNest *n = s->n;
  MdlArith a = mdl_nest_arith(n, p);
  MlirValue value = mdl_nest_at(n, mdl_operand(s->op, 0), p);
  mdl_loop_store(&n->b, mdl_arith_to_cell(&a, value, s->type->dtype), s->memory, p->at);
}

/* The base lies where the result goes: not a map of it, which would still have to be written. */
static bool is_there(const Scatter *s)
{
  MdlNest *n = s->n;
  int argument = mdl_group_in_place(n->g.func, 0);
  return argument >= 0 &&
         mdl_same(mdl_operand(s->op, 0), mdl_arg(mdl_body(n->g.func, 0), argument));
}

/* Where the index at a point of c's sends it, along `axis`. */
static MlirValue index_at(Scatter *s, const MdlPoint *p)
{
  MdlNest *n = s->n;
  MdlArith a = mdl_nest_arith(n, p);
  MdlPoint at = mdl_point(s->b->rank);
  for (int i = 0; i < s->batch; i++) at.at[i] = p->at[i];
  for (int i = 0; i < s->indices; i++) at.at[s->batch + i] = p->at[s->axis + i];
  return mdl_arith_convert(&a, mdl_nest_at(n, s->index, &at), s->b->dtype, MDL_index);
}

/* The element of c at p comes to `index` along `axis`. */
static void put_at(Scatter *s, const MdlPoint *p, MlirValue index)
{
  MdlNest *n = s->n;
  MdlArith a = mdl_nest_arith(n, p);
  MdlPoint to = mdl_point(s->type->rank);
  for (int i = 0; i < s->axis; i++) to.at[i] = p->at[i];
  for (int i = s->axis + 1; i < s->type->rank; i++) to.at[i] = p->at[i + s->indices - 1];
  to.at[s->axis] = index;
  MlirValue old = mdl_loop_load(&n->b, s->memory, to.at, 1);
  old = mdl_arith_of_cell(&a, old, s->type->dtype);
  MlirValue next = mdl_nest_at(n, s->from, p);
  MlirValue value = mdl_nest_scattered(&a, mdl_op(n->ir, s->op), s->type->dtype, old, next);
  mdl_loop_store(&n->b, mdl_arith_to_cell(&a, value, s->type->dtype), s->memory, to.at);
}

/* One update: the element of c at p. */
static void update_at(Scatter *s, const MdlPoint *p)
{
  MdlNest *n = s->n;
  MdlBranch branch;
  MlirValue index = index_at(s, p);
  MlirValue inside = mdl_loop_binary(
      &n->b, MDL_LOOP_andi, mdl_loop_compare(&n->b, MDL_PREDICATE_ge, index, mdl_nest_index(n, 0)),
      mdl_loop_compare(&n->b, MDL_PREDICATE_lt, index,
                       mdl_nest_extent(n, s->type->dim[s->axis])));
  mdl_branch_begin(n, &branch, inside, 0, NULL);
  put_at(s, p, index);
  mdl_branch_else(n, &branch, 0, NULL);
  mdl_branch_end(n, &branch, 0, NULL);
}

static void over(Scatter *s, const MdlType *type, void (*at)(Scatter *s, const MdlPoint *p))
{
  MdlNest *n = s->n;
  MlirValue extent[MDL_MAX_RANK];
  MdlSpace space;
  MdlPoint p;
  for (int i = 0; i < type->rank; i++) extent[i] = mdl_nest_extent(n, type->dim[i]);
  mdl_space_begin(n, &space, type->rank, extent, false);
  while (mdl_space_next(n, &space, &p)) at(s, &p);
}

void mdl_nest_scatter(MdlNest *n, MlirOperation op)
{
  Scatter s = scatter_read(n, op);
  if (!is_there(&s)) over(&s, s.type, copy_at);
  over(&s, s.c, update_at);
}

/* ---- on a GPU: a thread has a line along `axis` for itself, so the order of updates holds ---- */

static void copy_line(Scatter *s, const MdlPoint *line)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlPoint p = mdl_point(s->type->rank);
  for (int i = 0; i < p.rank; i++)
    if (i != s->axis) p.at[i] = line->at[i - (i > s->axis)];
  mdl_loop_over(n, &loop, mdl_nest_extent(n, s->type->dim[s->axis]), 0, NULL);
  p.at[s->axis] = loop.iv;
  copy_at(s, &p);
  mdl_loop_end(n, &loop, NULL);
}

static void update_line(Scatter *s, MdlPoint *p, int index)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  if (index == s->indices) {
    update_at(s, p);
    return;
  }
  mdl_loop_over(n, &loop, mdl_nest_extent(n, s->b->dim[s->batch + index]), 0, NULL);
  p->at[s->axis + index] = loop.iv;
  update_line(s, p, index + 1);
  mdl_loop_end(n, &loop, NULL);
}

/* ---- on a GPU: a block has what goes to one place, its threads the elements behind it -------- */

/* Of one place: the axes before `axis`, and an index along it. */
typedef struct Place {
  Scatter *s;
  MdlPoint p; /* before `axis`: of a, b and c alike */
  MlirValue index, thread, threads, updates;
  MlirValue extent[MDL_MAX_RANK]; /* of the updates, b's behind the batch */
} Place;

/* c's point of update number `update`, its axes behind the indices not set. */
static MdlPoint update_point(Place *l, MlirValue update)
{
  Scatter *s = l->s;
  MdlPoint p = mdl_point(s->c->rank), k;
  mdl_gpu_split(s->n, s->indices, l->extent, update, &k);
  for (int i = 0; i < s->axis; i++) p.at[i] = l->p.at[i];
  for (int i = 0; i < s->indices; i++) p.at[s->axis + i] = k.at[i];
  return p;
}

static void copy_element(Place *l, const MdlPoint *behind)
{
  MdlPoint p = mdl_point(l->s->type->rank);
  for (int i = 0; i < l->s->axis; i++) p.at[i] = l->p.at[i];
  p.at[l->s->axis] = l->index;
  for (int i = 0; i < behind->rank; i++) p.at[l->s->axis + 1 + i] = behind->at[i];
  copy_at(l->s, &p);
}

/* Each thread has its elements behind the place: of a they are copied, of an update they are put
 * there. */
static void each_element(Place *l, const MlirValue *update)
{
  Scatter *s = l->s;
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlPoint behind;
  MlirValue extent[MDL_MAX_RANK] = {{NULL}};
  int count = s->type->rank - s->axis - 1;
  for (int i = 0; i < count; i++) extent[i] = mdl_nest_extent(n, s->type->dim[s->axis + 1 + i]);
  mdl_loop_begin(n, &loop, l->thread, mdl_gpu_product(n, count, extent), l->threads, 0, NULL);
  mdl_gpu_split(n, count, extent, loop.iv, &behind);
  if (update) {
    MdlPoint p = update_point(l, *update);
    for (int i = 0; i < count; i++) p.at[s->axis + s->indices + i] = behind.at[i];
    put_at(s, &p, l->index);
  } else {
    copy_element(l, &behind);
  }
  mdl_loop_end(n, &loop, NULL);
}

/* Does the update exist, and go elsewhere? */
static MlirValue is_elsewhere(Place *l, MlirValue update)
{
  MdlNest *n = l->s->n;
  MdlBranch branch;
  MlirValue no = mdl_loop_number(&n->b, MDL_bool, 1, 0, 0);
  MlirValue exists = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, update, l->updates);
  mdl_branch_begin(n, &branch, exists, 1, &n->ir->scalar[MDL_bool]);
  MdlPoint p = update_point(l, update);
  MlirValue other = mdl_loop_compare(&n->b, MDL_PREDICATE_ne, index_at(l->s, &p), l->index);
  mdl_branch_else(n, &branch, 1, &other);
  return mdl_branch_end(n, &branch, 1, &no);
}

/* From `first` on, as far apart as there are threads: the first update that goes to the place, or
 * the number of updates or more. */
static MlirValue find_update(Place *l, MlirValue first)
{
  MdlNest *n = l->s->n;
  MlirOperation loop = mdl_build_while(&n->b, 1, &first);
  MlirBlock test = mdl_body(loop, 0), body = mdl_body(loop, 1);
  MdlBuilder outer = n->b;
  int memos = n->memos;
  MlirValue at = mdl_arg(test, 0);
  mdl_value_set_name(n->ir, mdl_result(loop, 0), "found");
  n->b = mdl_builder_at_end(n->ir, test, outer.at);
  mdl_build_condition(&n->b, is_elsewhere(l, at), 1, &at);
  n->b = mdl_builder_at_end(n->ir, body, outer.at);
  MlirValue next = mdl_index_add(&n->b, mdl_arg(body, 0), l->threads);
  mdl_build_yield(&n->b, 1, &next);
  n->b = outer;
  n->memos = memos;
  return mdl_result(loop, 0);
}

/* The block's next update: the least of what its threads have found. */
static MlirValue least(MdlNest *n, MlirValue found)
{
  MlirValue wide = mdl_loop_cast(&n->b, MDL_LOOP_index_cast, found, MDL_i64);
  wide = mdl_loop_all_reduce(&n->b, MDL_ALL_min, wide);
  return mdl_loop_cast(&n->b, MDL_LOOP_index_cast, wide, MDL_index);
}

/* After update `next`: whoever found it looks on from there. */
static MlirValue look_on(Place *l, MlirValue found, MlirValue next)
{
  MdlNest *n = l->s->n;
  MdlBranch branch;
  MlirValue mine = mdl_loop_compare(&n->b, MDL_PREDICATE_eq, found, next);
  mdl_branch_begin(n, &branch, mine, 1, &n->ir->scalar[MDL_index]);
  MlirValue more = find_update(l, mdl_index_add(&n->b, found, l->threads));
  mdl_branch_else(n, &branch, 1, &more);
  return mdl_branch_end(n, &branch, 1, &found);
}

/* Every thread looks through its share of the updates; those that are found are made one by one, in
 * order, by all threads. */
static void update_place(Place *l)
{
  MdlNest *n = l->s->n;
  MlirValue carried[2] = {find_update(l, l->thread)};
  carried[1] = least(n, carried[0]);
  MlirOperation loop = mdl_build_while(&n->b, 2, carried);
  MlirBlock test = mdl_body(loop, 0), body = mdl_body(loop, 1);
  MdlBuilder outer = n->b;
  int memos = n->memos;
  mdl_value_set_name(n->ir, mdl_result(loop, 0), "mine");
  mdl_value_set_name(n->ir, mdl_result(loop, 1), "next");
  n->b = mdl_builder_at_end(n->ir, test, outer.at);
  MlirValue exists = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, mdl_arg(test, 1), l->updates);
  mdl_build_condition(&n->b, exists, 2, (MlirValue[]){mdl_arg(test, 0), mdl_arg(test, 1)});
  n->b = mdl_builder_at_end(n->ir, body, outer.at);
  MlirValue next = mdl_arg(body, 1);
  each_element(l, &next);
  carried[0] = look_on(l, mdl_arg(body, 0), next);
  carried[1] = least(n, carried[0]);
  mdl_build_yield(&n->b, 2, carried);
  n->b = outer;
  n->memos = memos;
}

static void scatter_by_blocks(Scatter *s)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MlirValue extent[MDL_MAX_RANK];
  Place l = {.s = s};
  for (int i = 0; i <= s->axis; i++) extent[i] = mdl_nest_extent(n, s->type->dim[i]);
  for (int i = 0; i < s->indices; i++) l.extent[i] = mdl_nest_extent(n, s->b->dim[s->batch + i]);
  l.updates = mdl_gpu_product(n, s->indices, l.extent);
  l.thread = mdl_loop_gpu_index(&n->b, MDL_LOOP_thread);
  l.threads = mdl_loop_gpu_index(&n->b, MDL_LOOP_threads);
  mdl_loop_begin(n, &loop, mdl_loop_gpu_index(&n->b, MDL_LOOP_block),
                 mdl_gpu_product(n, s->axis + 1, extent),
                 mdl_loop_gpu_index(&n->b, MDL_LOOP_blocks), 0, NULL);
  mdl_gpu_split(n, s->axis + 1, extent, loop.iv, &l.p);
  l.index = l.p.at[s->axis];
  if (!is_there(s)) each_element(&l, NULL);
  update_place(&l);
  mdl_loop_end(n, &loop, NULL);
}

enum { FREE = 4096 /* what an axis of free size counts as */, THREADS = 1 << 16, BLOCKS = 1 << 10 };

static double guess_of(const MdlType *type, int from, int to)
{
  double all = 1;
  for (int i = from; i < to; i++) {
    int64_t known;
    all *= mdl_size_is_const(type->dim[i], &known) ? (double)known : FREE;
  }
  return all;
}

/* Rounds of the grid: a thread with a line along `axis` copies it and goes through all updates; a
 * block with a place looks through them together. */
bool mdl_gpu_scatters_by_blocks(const MdlGroup *g)
{
  MdlAttrs attrs = mdl_attrs_of(g->ir, g->seed);
  int axis = (int)mdl_get_int(&attrs, "axis"), batch = (int)mdl_get_int(&attrs, "batch");
  const MdlType *a = mdl_type_of(g->ir, mdl_result(g->seed, 0));
  const MdlType *b = mdl_type_of(g->ir, mdl_operand(g->seed, 1));
  double lines = guess_of(a, 0, axis) * guess_of(a, axis + 1, a->rank);
  double length = guess_of(a, axis, axis + 1), updates = guess_of(b, batch, b->rank);
  double places = guess_of(a, 0, axis) * length;
  double line = (lines < THREADS ? 1 : lines / THREADS) * (length + 4 * updates);
  double place = (places < BLOCKS ? 1 : places / BLOCKS) * (2 + updates / 256);
  return length > 0 && place + 4 * updates / length < line;
}

void mdl_gpu_scatter(MdlNest *n, MlirOperation op)
{
  Scatter s = scatter_read(n, op);
  MlirValue extent[MDL_MAX_RANK];
  int others = 0;
  if (n->mode == MDL_GPU_blocks) {
    scatter_by_blocks(&s);
    return;
  }
  for (int i = 0; i < s.type->rank; i++)
    if (i != s.axis) extent[others++] = mdl_nest_extent(n, s.type->dim[i]);
  MdlSpace space;
  MdlPoint line;
  mdl_space_begin(n, &space, others, extent, false);
  while (mdl_space_next(n, &space, &line)) {
    MdlPoint p = mdl_point(s.c->rank);
    for (int i = 0; i < s.axis; i++) p.at[i] = line.at[i];
    for (int i = s.axis; i < others; i++) p.at[i + s.indices] = line.at[i];
    if (!is_there(&s)) copy_line(&s, &line);
    update_line(&s, &p, 0);
  }
}
