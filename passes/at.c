/* Maps, leaves and moves: the value of an op at a point. Moves turn the point of their result into
 * a point of their operand. */
#include "passes/align.h"
#include "passes/nest.h"

#include <string.h>

/* ---- leaves and maps --------------------------------------------------------------------- */

static MlirValue at_const(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  double real;
  int64_t integer;
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  MdlArith a = mdl_nest_arith(n, p);
  mdl_get_number(&attrs, "value", &real, &integer);
  return mdl_arith_number(&a, mdl_nest_type(n, mdl_result(op, 0))->dtype, real, integer);
}

static MlirValue at_size(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  MdlArith one = mdl_nest_arith(n, NULL), a = mdl_nest_arith(n, p);
  MlirValue size = mdl_nest_extent(n, mdl_get_size(&attrs, "of"));
  MdlDtype dtype = mdl_nest_type(n, mdl_result(op, 0))->dtype;
  return mdl_loop_splat(&n->b, mdl_arith_convert(&one, size, MDL_index, dtype), a.lanes);
}

static MlirValue at_iota(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis");
  MdlArith one = mdl_nest_arith(n, NULL), a = mdl_nest_arith(n, p);
  MdlDtype dtype = mdl_nest_type(n, mdl_result(op, 0))->dtype;
  if (p->lane != axis)
    return mdl_loop_splat(&n->b, mdl_arith_convert(&one, p->at[axis], MDL_index, dtype), a.lanes);
  MlirValue first = mdl_loop_cast(&n->b, MDL_LOOP_index_cast, p->at[axis], MDL_i64);
  MlirType lanes = mdl_loop_value_type(n->ir, MDL_index, a.lanes);
  MlirValue past = mdl_loop_build(&n->b, MDL_LOOP_lanes, lanes, 0, NULL);
  past = mdl_loop_cast(&n->b, MDL_LOOP_index_cast, past, MDL_i64);
  first = mdl_loop_splat(&n->b, first, a.lanes);
  return mdl_arith_convert(&a, mdl_loop_binary(&n->b, MDL_LOOP_addi, first, past), MDL_i64, dtype);
}

static MlirValue at_row(MdlNest *n, MlirOperation op, MdlOp kind, const MdlPoint *p)
{
  MlirValue operand[MDL_MAX_OPERANDS];
  int count = mdl_operand_count(op), first = kind == MDL_OP_where;
  for (int i = 0; i < count; i++) operand[i] = mdl_nest_at(n, mdl_operand(op, i), p);
  MdlArith a = mdl_nest_arith(n, p);
  return mdl_arith_row(&a, kind, mdl_nest_type(n, mdl_operand(op, first))->dtype, operand);
}

static MlirValue at_convert(MdlNest *n, MlirOperation op, MdlOp kind, const MdlPoint *p)
{
  MdlArith a = mdl_nest_arith(n, p);
  MlirValue value = mdl_nest_at(n, mdl_operand(op, 0), p);
  MdlDtype from = mdl_nest_type(n, mdl_operand(op, 0))->dtype;
  MdlDtype to = mdl_nest_type(n, mdl_result(op, 0))->dtype;
  return kind == MDL_OP_convert ? mdl_arith_convert(&a, value, from, to)
                                : mdl_arith_bitcast(&a, value, from, to);
}

/* A point that is about to move: in another tensor it has another number. */
static MdlPoint moving(const MdlPoint *p)
{
  MdlPoint to = *p;
  to.number = (MlirValue){NULL};
  return to;
}

/* ---- index maps -------------------------------------------------------------------------- */

/* The operand at a point that has lost its lane: one element for all lanes. */
static MlirValue at_point(MdlNest *n, MlirValue operand, const MdlPoint *to, const MdlPoint *p)
{
  MdlArith a = mdl_nest_arith(n, p);
  return mdl_loop_splat(&n->b, mdl_nest_at(n, operand, to), a.lanes);
}

static MlirValue at_broadcast(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  MlirValue from = mdl_operand(op, 0);
  const MdlType *a = mdl_nest_type(n, from), *type = mdl_nest_type(n, mdl_result(op, 0));
  int64_t dims[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  MdlPoint to = mdl_point(a->rank);
  mdl_get_ints(&attrs, "dims", dims);
  if (n->g.flat && !a->rank) return at_point(n, from, &to, p);
  bool same = mdl_type_elements(n->ir->sizes, a) == mdl_type_elements(n->ir->sizes, type);
  for (int i = 1; i < a->rank; i++) same &= dims[i] > dims[i - 1];
  if (same) to.number = p->number; /* axes of one element are put in between */
  for (int i = 0; i < a->rank; i++) {
    bool stretched = a->dim[i] != type->dim[dims[i]];
    to.at[i] = stretched ? mdl_nest_index(n, 0) : p->at[dims[i]];
    if (!stretched && p->lane == dims[i]) to.lane = i;
  }
  return at_point(n, from, &to, p);
}

static MlirValue at_transpose(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  int64_t perm[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  MdlPoint to = mdl_point(p->rank);
  mdl_get_ints(&attrs, "perm", perm);
  for (int i = 0; i < p->rank; i++) {
    to.at[perm[i]] = p->at[i];
    if (p->lane == i) to.lane = (int)perm[i];
  }
  return mdl_nest_at(n, mdl_operand(op, 0), &to);
}

/* An argument whose axes from `i` to `end` are read as one, of which `to` holds the index. */
static MlirValue at_run(MdlNest *n, MlirValue from, const MdlPoint *to, int i, int end)
{
  MdlType type = *mdl_nest_type(n, from), run = {.rank = end - i};
  MdlPoint p = *to;
  for (int k = i; k < end; k++) run.dim[k - i] = type.dim[k];
  type.dim[i] = mdl_type_elements(n->ir->sizes, &run);
  for (int k = end; k < type.rank; k++) {
    type.dim[k - run.rank + 1] = type.dim[k];
    p.at[k - run.rank + 1] = p.at[k];
  }
  type.rank -= run.rank - 1;
  p.rank = type.rank;
  if (p.lane >= end) p.lane -= run.rank - 1;
  return mdl_nest_load_as(n, from, &type, &p);
}

/* Axes that stand alone on both sides keep their index; the runs between them go through the
 * number of the element in row-major order. */
static MlirValue at_reshape(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  MlirValue from = mdl_operand(op, 0);
  const MdlType *a = mdl_nest_type(n, from), *type = mdl_nest_type(n, mdl_result(op, 0));
  MdlPoint to = mdl_point(a->rank);
  int i = 0, j = 0, i_end = a->rank, j_end = type->rank;
  while (i < i_end && j < j_end && a->dim[i] == type->dim[j]) to.at[i++] = p->at[j++];
  while (i < i_end && j < j_end && a->dim[i_end - 1] == type->dim[j_end - 1])
    to.at[--i_end] = p->at[--j_end];
  if (p->lane >= 0 && (p->lane >= j_end || p->lane < j))
    to.lane = p->lane < j ? p->lane : p->lane - type->rank + a->rank;
  else if (p->lane >= 0 && p->lane == type->rank - 1)
    to.lane = a->rank - 1; /* rows are cut where vectors end */
  to.number = p->number;
  MlirValue linear = mdl_nest_index(n, 0);
  for (int k = j; k < j_end; k++)
    linear = mdl_index_add(&n->b, mdl_index_mul(&n->b, linear, mdl_nest_extent(n, type->dim[k])),
                           p->at[k]);
  if (!j && j_end == type->rank && !mdl_is_no_value(p->number)) linear = p->number;
  bool runs = n->machine->warp && mdl_is_no_value(p->number);
  if (runs && i_end - i > 1 && mdl_is_null(mdl_def(from))) {
    to.at[i] = linear;
    return at_run(n, from, &to, i, i_end);
  }
  for (int k = i_end; k-- > i;) {
    MlirValue extent = mdl_nest_extent(n, a->dim[k]);
    to.at[k] = k == i ? linear : mdl_index_rem(&n->b, linear, extent);
    if (k > i) linear = mdl_index_div(&n->b, linear, extent);
  }
  return at_point(n, from, &to, p);
}

static MlirValue at_slice(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  const MdlSize *start[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  MdlPoint to = moving(p);
  mdl_get_sizes(&attrs, "start", start);
  mdl_get_ints(&attrs, "step", step);
  for (int i = 0; i < p->rank; i++)
    to.at[i] = mdl_index_add(&n->b, mdl_nest_extent(n, start[i]),
                             mdl_index_mul(&n->b, p->at[i], mdl_nest_index(n, step[i])));
  return mdl_nest_at(n, mdl_operand(op, 0), &to);
}

static MlirValue at_reverse(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  int64_t axes[MDL_MAX_RANK];
  const MdlType *type = mdl_nest_type(n, mdl_result(op, 0));
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  MdlPoint to = moving(p);
  int count = mdl_get_ints(&attrs, "axes", axes);
  for (int i = 0; i < count; i++) {
    MlirValue last =
        mdl_index_sub(&n->b, mdl_nest_extent(n, type->dim[axes[i]]), mdl_nest_index(n, 1));
    to.at[axes[i]] = mdl_index_sub(&n->b, last, p->at[axes[i]]);
  }
  return mdl_nest_at(n, mdl_operand(op, 0), &to);
}

/* ---- windows at a run-time place --------------------------------------------------------- */

static MlirValue clamp(MdlNest *n, MlirValue x, MlirValue most)
{
  return mdl_index_max(&n->b, mdl_index_min(&n->b, x, most), mdl_nest_index(n, 0));
}

/* An integer operand as an index; unsigned ones that are too large stay large. */
static MlirValue as_index(MdlNest *n, MlirValue operand, const MdlPoint *p)
{
  MdlArith one = mdl_nest_arith(n, NULL);
  MdlPoint scalar = *p;
  scalar.lane = -1;
  MlirValue value = mdl_nest_at(n, operand, &scalar);
  return mdl_arith_convert(&one, value, mdl_nest_type(n, operand)->dtype, MDL_index);
}

/* Where the window of `length` along `axis` starts. */
static MlirValue window_start(MdlNest *n, MlirValue whole, MlirValue start, int axis,
                              const MdlSize *length)
{
  MdlPoint none = mdl_point(0);
  MlirValue room = mdl_index_sub(&n->b, mdl_nest_extent(n, mdl_nest_type(n, whole)->dim[axis]),
                                 mdl_nest_extent(n, length));
  return clamp(n, as_index(n, start, &none), room);
}

static MlirValue at_dynamic_slice(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis");
  MlirValue from = mdl_operand(op, 0);
  const MdlSize *length = mdl_nest_type(n, mdl_result(op, 0))->dim[axis];
  MdlPoint to = moving(p);
  MlirValue start = window_start(n, from, mdl_operand(op, 1), axis, length);
  to.at[axis] = mdl_index_add(&n->b, start, p->at[axis]);
  return mdl_nest_at(n, from, &to);
}

/* One value out of two, only that side computed. */
static MlirValue choose(MdlNest *n, MlirValue condition, MlirValue yes, const MdlPoint *yes_at,
                        MlirValue no, const MdlPoint *no_at, const MdlPoint *p)
{
  MdlBranch branch;
  MdlArith a = mdl_nest_arith(n, p);
  MlirType type = mdl_loop_value_type(n->ir, mdl_nest_type(n, yes)->dtype, a.lanes);
  mdl_branch_begin(n, &branch, condition, 1, &type);
  MlirValue value = at_point(n, yes, yes_at, p);
  mdl_branch_else(n, &branch, 1, &value);
  value = at_point(n, no, no_at, p);
  return mdl_branch_end(n, &branch, 1, &value);
}

static MlirValue both(MdlNest *n, MlirValue x, MlirValue y)
{
  return mdl_is_no_value(x) ? y : mdl_loop_binary(&n->b, MDL_LOOP_andi, x, y);
}

static MlirValue at_dynamic_update(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis");
  MlirValue whole = mdl_operand(op, 0), part = mdl_operand(op, 2);
  const MdlSize *length = mdl_nest_type(n, part)->dim[axis];
  if (length == mdl_size_const(n->ir->sizes, 0)) return mdl_nest_at(n, whole, p);
  MlirValue start = window_start(n, whole, mdl_operand(op, 1), axis, length);
  MlirValue end = mdl_index_add(&n->b, start, mdl_nest_extent(n, length));
  MlirValue inside = mdl_loop_compare(&n->b, MDL_PREDICATE_ge, p->at[axis], start);
  inside = both(n, inside, mdl_loop_compare(&n->b, MDL_PREDICATE_lt, p->at[axis], end));
  MdlPoint to = moving(p);
  to.at[axis] = mdl_index_sub(&n->b, p->at[axis], start);
  return choose(n, inside, part, &to, whole, p, p);
}

static MlirValue at_concat(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis");
  MlirValue a = mdl_operand(op, 0), c = mdl_operand(op, 1);
  const MdlSize *empty = mdl_size_const(n->ir->sizes, 0);
  if (mdl_nest_type(n, a)->dim[axis] == empty) return mdl_nest_at(n, c, p);
  if (mdl_nest_type(n, c)->dim[axis] == empty) return mdl_nest_at(n, a, p);
  MlirValue length = mdl_nest_extent(n, mdl_nest_type(n, a)->dim[axis]);
  MlirValue first = mdl_loop_compare(&n->b, MDL_PREDICATE_lt, p->at[axis], length);
  MdlPoint to = moving(p);
  to.at[axis] = mdl_index_sub(&n->b, p->at[axis], length);
  MdlPoint same = moving(p);
  return choose(n, first, a, &same, c, &to, p);
}

/* Inside where every axis hits an element of a: lo + i*(inner + 1). */
static MlirValue at_pad(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK], *zero = mdl_size_const(n->ir->sizes, 0);
  int64_t inner[MDL_MAX_RANK];
  MlirValue a = mdl_operand(op, 0), inside = {NULL};
  const MdlType *type = mdl_nest_type(n, a);
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  MdlPoint to = moving(p), none = mdl_point(0);
  mdl_get_sizes(&attrs, "lo", lo);
  mdl_get_sizes(&attrs, "hi", hi);
  mdl_get_ints(&attrs, "inner", inner);
  for (int i = 0; i < type->rank; i++) {
    if (lo[i] == zero && hi[i] == zero && !inner[i]) continue;
    MlirValue at = mdl_index_sub(&n->b, p->at[i], mdl_nest_extent(n, lo[i]));
    MlirValue extent = mdl_nest_extent(n, type->dim[i]), step = mdl_nest_index(n, inner[i] + 1);
    MlirValue end = mdl_index_mul(&n->b, extent, step), below;
    int64_t known;
    bool empty = mdl_index_constant(end, &known) && !known;
    if (!mdl_size_is_const(lo[i], &known) || known > 0)
      inside = both(n, inside, mdl_loop_compare(&n->b, MDL_PREDICATE_ge, at, mdl_nest_index(n, 0)));
    below = empty ? mdl_loop_number(&n->b, MDL_bool, 1, 0, 0)
                  : mdl_loop_compare(&n->b, MDL_PREDICATE_lt, at, end);
    inside = both(n, inside, below);
    if (inner[i])
      inside = both(n, inside,
                    mdl_loop_compare(&n->b, MDL_PREDICATE_eq, mdl_index_rem(&n->b, at, step),
                                     mdl_nest_index(n, 0)));
    to.at[i] = mdl_index_div(&n->b, at, step);
  }
  if (mdl_is_no_value(inside)) return mdl_nest_at(n, a, p);
  return choose(n, inside, a, &to, mdl_operand(op, 1), &none, p);
}

/* What is read of an axis without elements, which has none to clamp an index to, is 0. */
static MlirValue at_clamped(MdlNest *n, MlirValue a, const MdlSize *axis, const MdlPoint *to,
                            const MdlPoint *p)
{
  MdlSizes *sizes = n->ir->sizes;
  MdlArith arith = mdl_nest_arith(n, p);
  MdlDtype dtype = mdl_nest_type(n, a)->dtype;
  MdlBranch branch;
  if (mdl_size_dominates(sizes, axis, mdl_size_const(sizes, 1))) return at_point(n, a, to, p);
  if (axis == mdl_size_const(sizes, 0)) return mdl_arith_number(&arith, dtype, 0, 0);
  MlirType type = mdl_loop_value_type(n->ir, dtype, arith.lanes);
  MlirValue none = mdl_nest_index(n, 0);
  MlirValue some = mdl_loop_compare(&n->b, MDL_PREDICATE_gt, mdl_nest_extent(n, axis), none);
  mdl_branch_begin(n, &branch, some, 1, &type);
  MlirValue value = at_point(n, a, to, p);
  mdl_branch_else(n, &branch, 1, &value);
  MlirValue zero = mdl_arith_number(&arith, dtype, 0, 0);
  return mdl_branch_end(n, &branch, 1, &zero);
}

/* Result: a's axes before `axis`, the index's behind the batch, a's after it. */
static MlirValue at_gather(MdlNest *n, MlirOperation op, const MdlPoint *p)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis"), batch = (int)mdl_get_int(&attrs, "batch");
  MlirValue a = mdl_operand(op, 0), index = mdl_operand(op, 1);
  const MdlType *type = mdl_nest_type(n, a), *at = mdl_nest_type(n, index);
  int indices = at->rank - batch;
  MdlPoint from = mdl_point(at->rank), to = mdl_point(type->rank);
  for (int i = 0; i < batch; i++) from.at[i] = p->at[i];
  for (int i = 0; i < indices; i++) from.at[batch + i] = p->at[axis + i];
  for (int i = 0; i < axis; i++) to.at[i] = p->at[i];
  for (int i = axis + 1; i < type->rank; i++) to.at[i] = p->at[i + indices - 1];
  if (p->lane >= axis + indices) to.lane = p->lane - indices + 1;
  MlirValue most = mdl_index_sub(&n->b, mdl_nest_extent(n, type->dim[axis]), mdl_nest_index(n, 1));
  to.at[axis] = clamp(n, as_index(n, index, &from), most);
  return at_clamped(n, a, type->dim[axis], &to, p);
}

/* Which lanes of a vector that starts at `first` are element `index`: at most one. */
static MlirValue lane_is(MdlNest *n, MlirValue first, MlirValue index, MdlDtype dtype)
{
  MlirValue past = mdl_index_sub(&n->b, index, first), none = mdl_nest_index(n, -1);
  MlirValue width = mdl_nest_index(n, n->width);
  past = mdl_loop_select(&n->b, mdl_loop_compare(&n->b, MDL_PREDICATE_lt, past, width), past, none);
  past = mdl_index_max(&n->b, past, none); /* fits the lane's integer */
  MdlDtype lane = mdl_dtypes[dtype].bytes == 8 ? MDL_i64 : MDL_i32;
  MlirType type = mdl_loop_value_type(n->ir, MDL_index, n->width);
  MlirValue number = mdl_loop_build(&n->b, MDL_LOOP_lanes, type, 0, NULL);
  past = mdl_loop_splat(&n->b, mdl_loop_cast(&n->b, MDL_LOOP_index_cast, past, lane), n->width);
  number = mdl_loop_cast(&n->b, MDL_LOOP_index_cast, number, lane);
  return mdl_loop_compare(&n->b, MDL_PREDICATE_eq, past, number);
}

/* Where the index meets the element: the update put in; elsewhere the operand. */
static MlirValue at_onehot(MdlNest *n, MlirOperation op, MdlOp kind, const MdlPoint *p)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis"), batch = (int)mdl_get_int(&attrs, "batch");
  MlirValue index = mdl_operand(op, 1), old = mdl_nest_at(n, mdl_operand(op, 0), p);
  MdlPoint from = mdl_point(batch), update = mdl_point(p->rank - 1);
  for (int i = 0; i < batch; i++) from.at[i] = p->at[i];
  for (int i = 0; i < p->rank; i++)
    if (i != axis) update.at[i - (i > axis)] = p->at[i];
  if (p->lane >= 0 && p->lane != axis) update.lane = p->lane - (p->lane > axis);
  MdlArith a = mdl_nest_arith(n, p);
  MdlDtype dtype = mdl_nest_type(n, mdl_result(op, 0))->dtype;
  MlirValue at = as_index(n, index, &from);
  MlirValue here = p->lane == axis
                       ? lane_is(n, p->at[axis], at, dtype)
                       : mdl_loop_compare(&n->b, MDL_PREDICATE_eq, p->at[axis], at);
  MlirValue with = mdl_nest_scattered(&a, kind, dtype, old,
                                      at_point(n, mdl_operand(op, 2), &update, p));
  return mdl_loop_select(&n->b, mdl_loop_splat(&n->b, here, a.lanes), with, old);
}

MlirValue mdl_at(MdlNest *n, MlirOperation op, MdlOp kind, const MdlPoint *p)
{
  if (mdl_op_info(kind)->elementwise) return at_row(n, op, kind, p);
  if (mdl_is_onehot(n->ir, op)) return at_onehot(n, op, kind, p);
  switch (kind) {
  case MDL_OP_const:
    return at_const(n, op, p);
  case MDL_OP_size:
    return at_size(n, op, p);
  case MDL_OP_iota:
    return at_iota(n, op, p);
  case MDL_OP_convert:
  case MDL_OP_bitcast:
    return at_convert(n, op, kind, p);
  case MDL_OP_stop_grad:
    return mdl_nest_at(n, mdl_operand(op, 0), p);
  case MDL_OP_broadcast:
    return at_broadcast(n, op, p);
  case MDL_OP_reshape:
    return at_reshape(n, op, p);
  case MDL_OP_transpose:
    return at_transpose(n, op, p);
  case MDL_OP_slice:
    return at_slice(n, op, p);
  case MDL_OP_reverse:
    return at_reverse(n, op, p);
  case MDL_OP_dynamic_slice:
    return at_dynamic_slice(n, op, p);
  case MDL_OP_dynamic_update:
    return at_dynamic_update(n, op, p);
  case MDL_OP_concat:
    return at_concat(n, op, p);
  case MDL_OP_pad:
    return at_pad(n, op, p);
  case MDL_OP_gather:
    return at_gather(n, op, p);
  default:
    MDL_BUG(n->ir->session, "%s is not pulled at a point", mdl_op_info(kind)->mlir);
  }
}
