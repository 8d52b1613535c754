/* Windows, running combinations and the places of extremes: one pass over an axis, or a few, for each
 * point of the result. Padding was made an operand of its own before. */
#include "passes/nest.h"

/* ---- windows ----------------------------------------------------------------------------- */

typedef struct Window {
  MdlNest *n;
  MlirOperation op;
  MdlOp kind;
  const MdlType *type;
  int64_t size[MDL_MAX_RANK], stride[MDL_MAX_RANK], dilate[MDL_MAX_RANK];
  MdlPoint q;
} Window;

static MlirValue over_window(Window *w, int axis, const MdlPoint *p, MlirValue so_far)
{
  MdlNest *n = w->n;
  MdlLoop loop;
  if (axis == w->type->rank) {
    MdlArith a = mdl_nest_arith(n, p);
    MlirValue next = mdl_nest_at(n, mdl_operand(w->op, 0), &w->q);
    return mdl_nest_combine(&a, w->kind, w->type->dtype, so_far, next);
  }
  mdl_loop_over(n, &loop, mdl_nest_index(n, w->size[axis]), 1, &so_far);
  MlirValue from = mdl_index_mul(&n->b, p->at[axis], mdl_nest_index(n, w->stride[axis]));
  MlirValue in = mdl_index_mul(&n->b, loop.iv, mdl_nest_index(n, w->dilate[axis]));
  w->q.at[axis] = mdl_index_add(&n->b, from, in);
  MlirValue next = over_window(w, axis + 1, p, loop.carry[0]);
  mdl_loop_end(n, &loop, &next);
  return loop.carry[0];
}

static Window read_window(MdlNest *n, MlirOperation op)
{
  Window w = {.n = n, .op = op, .kind = mdl_op(n->ir, op)};
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  w.type = mdl_nest_type(n, mdl_operand(op, 0));
  mdl_get_ints(&attrs, "size", w.size);
  mdl_get_ints(&attrs, "stride", w.stride);
  mdl_get_ints(&attrs, "dilate", w.dilate);
  return w;
}

void mdl_nest_window(MdlNest *n, MlirOperation op)
{
  Window w = read_window(n, op);
  const MdlType *result = mdl_nest_type(n, mdl_result(op, 0));
  MlirValue extent[MDL_MAX_RANK];
  for (int i = 0; i < result->rank; i++) extent[i] = mdl_nest_extent(n, result->dim[i]);
  MdlSpace space;
  MdlPoint p;
  mdl_space_begin(n, &space, result->rank, extent, n->width > 1);
  while (mdl_space_next(n, &space, &p)) {
    MdlArith a = mdl_nest_arith(n, &p);
    w.q = mdl_point(result->rank);
    w.q.lane = p.lane;
    MlirValue start = mdl_nest_start(&a, w.kind, w.type->dtype);
    mdl_nest_emit(n, mdl_result(op, 0), &p, over_window(&w, 0, &p, start));
  }
}

/* ---- scans ------------------------------------------------------------------------------- */

void mdl_nest_scan(MdlNest *n, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis"), others = 0, which[MDL_MAX_RANK];
  bool backwards = mdl_get_flag(&attrs, "reverse");
  const MdlType *type = mdl_nest_type(n, mdl_result(op, 0));
  MlirValue extent[MDL_MAX_RANK], along = mdl_nest_extent(n, type->dim[axis]);
  for (int i = 0; i < type->rank; i++) {
    if (i == axis) continue;
    which[others] = i;
    extent[others++] = mdl_nest_extent(n, type->dim[i]);
  }
  MdlSpace space;
  MdlPoint row;
  mdl_space_begin(n, &space, others, extent, false);
  while (mdl_space_next(n, &space, &row)) {
    MdlLoop loop;
    MdlPoint p = mdl_point(type->rank);
    MdlArith a = mdl_nest_arith(n, NULL);
    for (int i = 0; i < others; i++) p.at[which[i]] = row.at[i];
    MlirValue start = mdl_nest_start(&a, mdl_op(n->ir, op), type->dtype);
    mdl_loop_over(n, &loop, along, 1, &start);
    p.at[axis] = loop.iv;
    if (backwards)
      p.at[axis] = mdl_index_sub(&n->b, mdl_index_sub(&n->b, along, mdl_nest_index(n, 1)), loop.iv);
    MlirValue next = mdl_nest_combine(&a, mdl_op(n->ir, op), type->dtype, loop.carry[0],
                                      mdl_nest_at(n, mdl_operand(op, 0), &p));
    mdl_nest_emit(n, mdl_result(op, 0), &p, next);
    mdl_loop_end(n, &loop, &next);
  }
}

/* ---- argmax, argmin ---------------------------------------------------------------------- */

/* The first of equals; the first NaN before any number. */
static MlirValue beats(MdlArith *a, bool larger, MdlDtype dtype, MlirValue best, MlirValue next)
{
  bool u = mdl_is_unsigned(dtype);
  MdlPredicate wins = larger ? (u ? MDL_PREDICATE_ugt : MDL_PREDICATE_gt)
                             : (u ? MDL_PREDICATE_ult : MDL_PREDICATE_lt);
  MlirValue takes = mdl_loop_compare(a->b, wins, next, best);
  if (!mdl_is_float(dtype)) return takes;
  MlirValue is_nan = mdl_loop_compare(a->b, MDL_PREDICATE_ne, next, next);
  MlirValue first = mdl_loop_compare(a->b, MDL_PREDICATE_eq, best, best);
  return mdl_loop_binary(a->b, MDL_LOOP_ori, takes,
                         mdl_loop_binary(a->b, MDL_LOOP_andi, is_nan, first));
}

void mdl_nest_arg(MdlNest *n, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis"), others = 0, which[MDL_MAX_RANK];
  MlirValue from = mdl_operand(op, 0), extent[MDL_MAX_RANK];
  const MdlType *type = mdl_nest_type(n, from), *result = mdl_nest_type(n, mdl_result(op, 0));
  bool larger = mdl_op(n->ir, op) == MDL_OP_argmax;
  for (int i = 0; i < type->rank; i++) {
    if (i == axis) continue;
    which[others] = i;
    extent[others++] = mdl_nest_extent(n, type->dim[i]);
  }
  MdlSpace space;
  MdlPoint p;
  mdl_space_begin(n, &space, others, extent, false);
  while (mdl_space_next(n, &space, &p)) {
    MdlLoop loop;
    MdlPoint q = mdl_point(type->rank);
    MdlArith a = mdl_nest_arith(n, NULL);
    for (int i = 0; i < others; i++) q.at[which[i]] = p.at[i];
    MdlOp start = larger ? MDL_OP_reduce_max : MDL_OP_reduce_min;
    MlirValue init[] = {mdl_nest_start(&a, start, type->dtype), mdl_nest_index(n, 0)};
    mdl_loop_over(n, &loop, mdl_nest_extent(n, type->dim[axis]), 2, init);
    q.at[axis] = loop.iv;
    MlirValue value = mdl_nest_at(n, from, &q);
    MlirValue takes = beats(&a, larger, type->dtype, loop.carry[0], value);
    MlirValue next[] = {mdl_loop_select(&n->b, takes, value, loop.carry[0]),
                        mdl_loop_select(&n->b, takes, loop.iv, loop.carry[1])};
    mdl_loop_end(n, &loop, next);
    MlirValue index = mdl_arith_convert(&a, loop.carry[1], MDL_index, result->dtype);
    mdl_nest_emit(n, mdl_result(op, 0), &p, index);
  }
}

/* ---- where a window's extreme lies ------------------------------------------------------- */

/* From the first axis that has windows on. */
static int first_axis(const Window *w)
{
  int axis = 0;
  while (axis < w->type->rank && w->size[axis] == 1 && w->stride[axis] == 1) axis++;
  return axis;
}

static MlirValue row_major(Window *w)
{
  MdlNest *n = w->n;
  int first = first_axis(w);
  if (first == w->type->rank) return mdl_nest_index(n, 0);
  MlirValue place = w->q.at[first];
  for (int axis = first + 1; axis < w->type->rank; axis++) {
    place = mdl_index_mul(&n->b, place, mdl_nest_extent(n, w->type->dim[axis]));
    place = mdl_index_add(&n->b, place, w->q.at[axis]);
  }
  return place;
}

/* best: the extreme so far, its place; replaced by those with the window's elements seen. */
static void search_window(Window *w, int axis, const MdlPoint *p, MlirValue best[2])
{
  MdlNest *n = w->n;
  if (axis == w->type->rank) {
    MdlArith a = mdl_nest_arith(n, NULL);
    MlirValue next = mdl_nest_at(n, mdl_operand(w->op, 0), &w->q);
    bool larger = w->kind == MDL_OP_window_argmax;
    MlirValue takes = beats(&a, larger, w->type->dtype, best[0], next), place = row_major(w);
    best[0] = mdl_loop_select(&n->b, takes, next, best[0]);
    best[1] = mdl_loop_select(&n->b, takes, place, best[1]);
    return;
  }
  MdlLoop loop;
  mdl_loop_over(n, &loop, mdl_nest_index(n, w->size[axis]), 2, best);
  MlirValue from = mdl_index_mul(&n->b, p->at[axis], mdl_nest_index(n, w->stride[axis]));
  MlirValue in = mdl_index_mul(&n->b, loop.iv, mdl_nest_index(n, w->dilate[axis]));
  w->q.at[axis] = mdl_index_add(&n->b, from, in);
  MlirValue next[] = {loop.carry[0], loop.carry[1]};
  search_window(w, axis + 1, p, next);
  mdl_loop_end(n, &loop, next);
  best[0] = loop.carry[0], best[1] = loop.carry[1];
}

/* Where nothing beats the start, an infinity, the window's first element has it. */
void mdl_nest_window_arg(MdlNest *n, MlirOperation op)
{
  Window w = read_window(n, op);
  const MdlType *result = mdl_nest_type(n, mdl_result(op, 0));
  MlirValue extent[MDL_MAX_RANK];
  for (int i = 0; i < result->rank; i++) extent[i] = mdl_nest_extent(n, result->dim[i]);
  MdlSpace space;
  MdlPoint p;
  mdl_space_begin(n, &space, result->rank, extent, false);
  while (mdl_space_next(n, &space, &p)) {
    MdlArith a = mdl_nest_arith(n, NULL);
    MdlOp start = w.kind == MDL_OP_window_argmax ? MDL_OP_window_max : MDL_OP_window_min;
    w.q = mdl_point(result->rank);
    for (int i = 0; i < result->rank; i++)
      w.q.at[i] = mdl_index_mul(&n->b, p.at[i], mdl_nest_index(n, w.stride[i]));
    MlirValue best[] = {mdl_nest_start(&a, start, w.type->dtype), row_major(&w)};
    search_window(&w, 0, &p, best);
    MlirValue place = mdl_arith_convert(&a, best[1], MDL_index, result->dtype);
    mdl_nest_emit(n, mdl_result(op, 0), &p, place);
  }
}
