/* Reductions. Along kept lanes every lane sums in order, as one element would, `unroll[1]` vectors
 * side by side. Along the reduced
 * axis itself in the order that its schedule means (passes/schedule.h): `unroll[1]` accumulators of
 * a vector each, combined pairwise, then across the lanes by halves, then the elements behind the
 * last whole step, in order. */
#include "passes/nest.h"

typedef struct Reduce {
  MdlNest *n;
  MlirOperation op;
  MdlOp kind;
  MlirValue from;
  const MdlType *type; /* of the operand */
  int axes, kept;
  int64_t axis[MDL_MAX_RANK];
  int keeps[MDL_MAX_RANK]; /* operand axes that stay */
  MdlPoint q;              /* of the operand */
} Reduce;

static MlirValue extent_of(Reduce *r, int axis)
{
  if (!r->n->g.flat) return mdl_nest_extent(r->n, r->type->dim[axis]);
  return mdl_nest_extent(r->n, mdl_type_elements(r->n->ir->sizes, r->type));
}

static MlirValue combine(Reduce *r, MlirValue so_far, MlirValue next)
{
  MdlArith a = mdl_nest_arith(r->n, NULL);
  return mdl_nest_combine(&a, r->kind, r->type->dtype, so_far, next);
}

/* The innermost reduced axis in order, after `so_far`. */
static MlirValue in_order(Reduce *r, int axis, MlirValue lo, MlirValue so_far)
{
  MdlLoop loop;
  MdlNest *n = r->n;
  mdl_loop_begin(n, &loop, lo, extent_of(r, axis), mdl_nest_index(n, 1), 1, &so_far);
  r->q.at[axis] = loop.iv;
  MlirValue next = combine(r, loop.carry[0], mdl_nest_at(n, r->from, &r->q));
  mdl_loop_end(n, &loop, &next);
  return loop.carry[0];
}

/* The innermost reduced axis in vectors; what is left over is combined in order. */
static MlirValue in_vectors(Reduce *r, int axis, MlirValue so_far)
{
  MdlNest *n = r->n;
  MdlLoop loop;
  MlirValue sum[MDL_MAX_CARRIED], next[MDL_MAX_CARRIED];
  MdlPoint lane = r->q;
  int width = n->width, ways = n->s.unroll[1];
  MlirValue extent = extent_of(r, axis);
  lane.lane = axis;
  MdlArith a = mdl_nest_arith(n, &lane);
  MlirValue step = mdl_nest_index(n, ways * width);
  MlirValue end = mdl_index_sub(&n->b, extent, mdl_index_rem(&n->b, extent, step));
  for (int i = 0; i < ways; i++) sum[i] = mdl_nest_start(&a, r->kind, r->type->dtype);
  mdl_loop_begin(n, &loop, mdl_nest_index(n, 0), end, step, ways, sum);
  for (int i = 0; i < ways; i++) {
    lane.at[axis] = mdl_index_add(&n->b, loop.iv, mdl_nest_index(n, i * width));
    next[i] = combine(r, loop.carry[i], mdl_nest_at(n, r->from, &lane));
  }
  mdl_loop_end(n, &loop, next);
  for (int count = ways; count > 1; count /= 2)
    for (int i = 0; i < count / 2; i++)
      loop.carry[i] = combine(r, loop.carry[i], loop.carry[i + count / 2]);
  MlirValue whole = mdl_nest_across(n, r->kind, r->type->dtype, loop.carry[0]);
  if (!mdl_is_no_value(so_far)) whole = combine(r, so_far, whole);
  return in_order(r, axis, end, whole);
}

/* Loops over the reduced axes but the last one, then that one. */
static MlirValue over_axes(Reduce *r, int i, MlirValue so_far, bool vectors)
{
  MdlNest *n = r->n;
  MdlLoop loop;
  if (i == r->axes) return combine(r, so_far, mdl_nest_at(n, r->from, &r->q));
  if (i == r->axes - 1 && vectors) return in_vectors(r, (int)r->axis[i], so_far);
  if (i == r->axes - 1) return in_order(r, (int)r->axis[i], mdl_nest_index(n, 0), so_far);
  mdl_loop_over(n, &loop, extent_of(r, (int)r->axis[i]), 1, &so_far);
  r->q.at[r->axis[i]] = loop.iv;
  MlirValue next = over_axes(r, i + 1, loop.carry[0], vectors);
  mdl_loop_end(n, &loop, &next);
  return loop.carry[0];
}

static void read(Reduce *r)
{
  MdlAttrs attrs = mdl_attrs_of(r->n->ir, r->op);
  bool reduced[MDL_MAX_RANK] = {false};
  r->axes = mdl_get_ints(&attrs, "axes", r->axis);
  for (int i = 0; i < r->axes; i++) reduced[r->axis[i]] = true;
  r->axes = 0;
  for (int i = 0; i < r->type->rank; i++) {
    if (reduced[i])
      r->axis[r->axes++] = i;
    else
      r->keeps[r->kept++] = i;
  }
  r->q = mdl_point(r->type->rank);
  if (!r->n->g.flat) return;
  r->q = mdl_point(1);
  r->axes = 1;
  r->axis[0] = 0;
}

/* ---- kept lanes -------------------------------------------------------------------------- */

/* `ways` vectors side by side along the last axis, from `column` on, down the reduced axes. */
static void down(Reduce *r, int i, MlirValue column, int ways, MlirValue *sum)
{
  MdlNest *n = r->n;
  MdlLoop loop;
  int last = r->type->rank - 1;
  if (i < r->axes) {
    mdl_loop_over(n, &loop, extent_of(r, (int)r->axis[i]), ways, sum);
    r->q.at[r->axis[i]] = loop.iv;
    for (int j = 0; j < ways; j++) sum[j] = loop.carry[j];
    down(r, i + 1, column, ways, sum);
    mdl_loop_end(n, &loop, sum);
    for (int j = 0; j < ways; j++) sum[j] = loop.carry[j];
    return;
  }
  for (int j = 0; j < ways; j++) {
    r->q.at[last] = mdl_index_add(&n->b, column, mdl_nest_index(n, j * n->width));
    sum[j] = combine(r, sum[j], mdl_nest_at(n, r->from, &r->q));
  }
}

static void strip(Reduce *r, MdlPoint p, MlirValue column, int ways)
{
  MdlNest *n = r->n;
  MlirValue sum[MDL_MAX_CARRIED];
  r->q.lane = n->width > 1 ? r->type->rank - 1 : -1;
  p.lane = n->width > 1 ? p.rank - 1 : -1;
  MdlArith a = mdl_nest_arith(n, &p);
  for (int j = 0; j < ways; j++) sum[j] = mdl_nest_start(&a, r->kind, r->type->dtype);
  down(r, 0, column, ways, sum);
  for (int j = 0; j < ways; j++) {
    p.at[p.rank - 1] = mdl_index_add(&n->b, column, mdl_nest_index(n, j * n->width));
    mdl_nest_emit(n, mdl_result(r->op, 0), &p, sum[j]);
  }
}

/* Strips of columns, then single vectors, then single elements. */
static void over_columns(Reduce *r, const MdlPoint *p)
{
  MdlNest *n = r->n;
  int width = n->width, ways = n->s.unroll[1];
  MdlRange rest = {mdl_nest_index(n, 0), extent_of(r, r->type->rank - 1)}, part;
  const struct {
    int ways, width;
  } shape[] = {{ways, width}, {1, width}, {1, 1}};
  for (int i = ways == 1; i < 3; i++) {
    MdlLoop loop;
    int64_t step = (int64_t)shape[i].ways * shape[i].width;
    if (!mdl_range_take(n, &rest, step, &part)) continue;
    mdl_loop_begin(n, &loop, part.lo, part.hi, mdl_nest_index(n, step), 0, NULL);
    n->width = shape[i].width;
    strip(r, *p, loop.iv, shape[i].ways);
    mdl_loop_end(n, &loop, NULL);
  }
  n->width = width;
}

void mdl_nest_reduce(MdlNest *n, MlirOperation op)
{
  Reduce r = {.n = n, .op = op, .kind = mdl_op(n->ir, op), .from = mdl_operand(op, 0)};
  r.type = mdl_nest_type(n, r.from);
  read(&r);
  bool keeps_last = r.kept && r.keeps[r.kept - 1] == r.type->rank - 1;
  bool vectors = n->width > 1 && !keeps_last, lanes = n->width > 1 && keeps_last;
  MlirValue extent[MDL_MAX_RANK];
  for (int i = 0; i < r.kept; i++) extent[i] = mdl_nest_extent(n, r.type->dim[r.keeps[i]]);
  MdlSpace space;
  MdlPoint p;
  mdl_space_begin(n, &space, r.kept - lanes, extent, false);
  while (mdl_space_next(n, &space, &p)) {
    for (int i = 0; i < p.rank; i++) r.q.at[r.keeps[i]] = p.at[i];
    if (lanes) {
      p.rank = r.kept;
      over_columns(&r, &p);
      continue;
    }
    MdlArith a = mdl_nest_arith(n, &p);
    MlirValue start = mdl_nest_start(&a, r.kind, r.type->dtype);
    mdl_nest_emit(n, mdl_result(op, 0), &p, over_axes(&r, 0, start, vectors));
  }
}
