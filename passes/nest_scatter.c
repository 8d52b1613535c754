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

/* One update: the element of c at p. */
static void update_at(Scatter *s, const MdlPoint *p)
{
  MdlNest *n = s->n;
  MdlArith a = mdl_nest_arith(n, p);
  MdlPoint at = mdl_point(s->b->rank), to = mdl_point(s->type->rank);
  MdlBranch branch;
  for (int i = 0; i < s->batch; i++) at.at[i] = p->at[i];
  for (int i = 0; i < s->indices; i++) at.at[s->batch + i] = p->at[s->axis + i];
  for (int i = 0; i < s->axis; i++) to.at[i] = p->at[i];
  for (int i = s->axis + 1; i < s->type->rank; i++) to.at[i] = p->at[i + s->indices - 1];
  to.at[s->axis] = mdl_arith_convert(&a, mdl_nest_at(n, s->index, &at), s->b->dtype, MDL_index);
  MlirValue inside = mdl_loop_binary(
      &n->b, MDL_LOOP_andi,
      mdl_loop_compare(&n->b, MDL_PREDICATE_ge, to.at[s->axis], mdl_nest_index(n, 0)),
      mdl_loop_compare(&n->b, MDL_PREDICATE_lt, to.at[s->axis],
                       mdl_nest_extent(n, s->type->dim[s->axis])));
  mdl_branch_begin(n, &branch, inside, 0, NULL);
  MlirValue old = mdl_loop_load(&n->b, s->memory, to.at, 1);
  old = mdl_arith_of_cell(&a, old, s->type->dtype);
  MlirValue next = mdl_nest_at(n, s->from, p);
  MlirValue value = mdl_nest_scattered(&a, mdl_op(n->ir, s->op), s->type->dtype, old, next);
  mdl_loop_store(&n->b, mdl_arith_to_cell(&a, value, s->type->dtype), s->memory, to.at);
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

void mdl_gpu_scatter(MdlNest *n, MlirOperation op)
{
  Scatter s = scatter_read(n, op);
  MlirValue extent[MDL_MAX_RANK];
  int others = 0;
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
