/* Sorting: a heap of (value, index) in the two results, so that it needs no room of its own. Ties
 * go by index, which makes it stable; NaN is above everything. n log n whatever the order. */
#include "passes/nest_sort.h"

typedef struct Sort {
  MdlNest *n;
  MdlArith a;
  MdlDtype dtype, place;    /* of values; of indices */
  MlirValue values, places; /* memory */
  int axis;
  MdlPoint row;
} Sort;

static MdlSortCell get(Sort *s, MlirValue at)
{
  MdlPoint p = s->row;
  p.at[s->axis] = at;
  MlirValue cell = mdl_loop_load(&s->n->b, s->values, p.at, 1);
  return (MdlSortCell){mdl_arith_of_cell(&s->a, cell, s->dtype),
                       mdl_loop_load(&s->n->b, s->places, p.at, 1)};
}

static void set(Sort *s, MlirValue at, MdlSortCell cell)
{
  MdlPoint p = s->row;
  p.at[s->axis] = at;
  mdl_loop_store(&s->n->b, mdl_arith_to_cell(&s->a, cell.value, s->dtype), s->values, p.at);
  mdl_loop_store(&s->n->b, cell.place, s->places, p.at);
}

static MlirValue compare(Sort *s, MdlPredicate predicate, MlirValue x, MlirValue y)
{
  return mdl_loop_compare(&s->n->b, predicate, x, y);
}

static MlirValue both(MdlBuilder *b, MlirValue x, MlirValue y)
{
  return mdl_loop_binary(b, MDL_LOOP_andi, x, y);
}

static MlirValue either(MdlBuilder *b, MlirValue x, MlirValue y)
{
  return mdl_loop_binary(b, MDL_LOOP_ori, x, y);
}

MlirValue mdl_sort_before(MdlBuilder *b, MdlDtype dtype, MdlSortCell x, MdlSortCell y)
{
  MdlPredicate less = mdl_is_unsigned(dtype) ? MDL_PREDICATE_ult : MDL_PREDICATE_lt;
  MlirValue below = mdl_loop_compare(b, less, x.value, y.value);
  MlirValue equal = mdl_loop_compare(b, MDL_PREDICATE_eq, x.value, y.value);
  if (mdl_is_float(dtype)) {
    MlirValue x_nan = mdl_loop_compare(b, MDL_PREDICATE_ne, x.value, x.value);
    MlirValue y_nan = mdl_loop_compare(b, MDL_PREDICATE_ne, y.value, y.value);
    MlirValue x_number = mdl_loop_compare(b, MDL_PREDICATE_eq, x.value, x.value);
    below = either(b, below, both(b, x_number, y_nan));
    equal = either(b, equal, both(b, x_nan, y_nan));
  }
  MlirValue earlier = mdl_loop_compare(b, MDL_PREDICATE_lt, x.place, y.place);
  return either(b, below, both(b, equal, earlier));
}

static MlirValue before(Sort *s, MdlSortCell x, MdlSortCell y)
{
  return mdl_sort_before(&s->n->b, s->dtype, x, y);
}

static MlirValue number(Sort *s, int64_t value) { return mdl_nest_index(s->n, value); }

static void swap(Sort *s, MlirValue i, MlirValue j)
{
  MdlSortCell x = get(s, i), y = get(s, j);
  set(s, i, y);
  set(s, j, x);
}

/* The larger child, if it is above its parent, takes the parent's place; gives where the parent
 * went and whether it moved. */
static void sift_step(Sort *s, MlirValue root, MlirValue end, MlirValue *next)
{
  MdlNest *n = s->n;
  MdlBranch branch;
  MlirType types[2] = {n->ir->scalar[MDL_index], n->ir->scalar[MDL_bool]};
  MlirValue left = mdl_index_add(&n->b, mdl_index_mul(&n->b, root, number(s, 2)), number(s, 1));
  MlirValue right = mdl_index_add(&n->b, left, number(s, 1));
  MlirValue inside = compare(s, MDL_PREDICATE_lt, right, end);
  MlirValue other = mdl_loop_select(&n->b, inside, right, left);
  MlirValue child = mdl_loop_select(&n->b, before(s, get(s, left), get(s, other)), other, left);
  MlirValue moves = before(s, get(s, root), get(s, child));
  mdl_branch_begin(n, &branch, moves, 2, types);
  swap(s, root, child);
  mdl_branch_else(n, &branch, 2, (MlirValue[]){child, moves});
  mdl_branch_end(n, &branch, 2, (MlirValue[]){root, moves});
  next[0] = mdl_result(branch.op, 0);
  next[1] = mdl_result(branch.op, 1);
}

static void sift(Sort *s, MlirValue root, MlirValue end)
{
  MdlNest *n = s->n;
  MlirValue init[2] = {root, mdl_loop_number(&n->b, MDL_bool, 1, 0, 1)}, next[2];
  MlirOperation loop = mdl_build_while(&n->b, 2, init);
  MlirBlock test = mdl_body(loop, 0), body = mdl_body(loop, 1);
  MdlBuilder outer = n->b;
  n->b = mdl_builder_at_end(n->ir, test, outer.at);
  MlirValue child =
      mdl_index_add(&n->b, mdl_index_mul(&n->b, mdl_arg(test, 0), number(s, 2)), number(s, 1));
  MlirValue goes_on = both(&n->b, mdl_arg(test, 1), compare(s, MDL_PREDICATE_lt, child, end));
  mdl_build_condition(&n->b, goes_on, 2, (MlirValue[]){mdl_arg(test, 0), mdl_arg(test, 1)});
  n->b = mdl_builder_at_end(n->ir, body, outer.at);
  sift_step(s, mdl_arg(body, 0), end, next);
  mdl_build_yield(&n->b, 2, next);
  n->b = outer;
}

static void fill(Sort *s, MlirValue from, MlirValue length)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlPoint p = s->row;
  mdl_loop_over(n, &loop, length, 0, NULL);
  p.at[s->axis] = loop.iv;
  MdlSortCell cell = {mdl_nest_at(n, from, &p),
                      mdl_arith_convert(&s->a, loop.iv, MDL_index, s->place)};
  set(s, loop.iv, cell);
  mdl_loop_end(n, &loop, NULL);
}

/* Rounds 0..half build the heap, the rest take its top off and put it behind. */
static void sort_row(Sort *s, MlirValue from, MlirValue length)
{
  MdlNest *n = s->n;
  MdlLoop loop;
  MdlBranch branch;
  fill(s, from, length);
  MlirValue one = number(s, 1), half = mdl_index_div(&n->b, length, number(s, 2));
  MlirValue last = mdl_index_sub(&n->b, length, one);
  MlirValue rounds = mdl_index_add(&n->b, half, last);
  mdl_loop_over(n, &loop, rounds, 0, NULL);
  MlirValue builds = compare(s, MDL_PREDICATE_lt, loop.iv, half);
  MlirValue start = mdl_index_sub(&n->b, mdl_index_sub(&n->b, half, one), loop.iv);
  MlirValue top = mdl_index_sub(&n->b, last, mdl_index_sub(&n->b, loop.iv, half));
  mdl_branch_begin(n, &branch, builds, 0, NULL);
  mdl_branch_else(n, &branch, 0, NULL);
  swap(s, number(s, 0), top);
  mdl_branch_end(n, &branch, 0, NULL);
  MlirValue root = mdl_loop_select(&n->b, builds, start, number(s, 0));
  sift(s, root, mdl_loop_select(&n->b, builds, length, top));
  mdl_loop_end(n, &loop, NULL);
}

void mdl_nest_sort(MdlNest *n, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  MlirValue from = mdl_operand(op, 0), extent[MDL_MAX_RANK];
  const MdlType *type = mdl_nest_type(n, from);
  Sort s = {.n = n, .dtype = type->dtype, .axis = (int)mdl_get_int(&attrs, "axis")};
  int others = 0, which[MDL_MAX_RANK];
  s.place = mdl_nest_type(n, mdl_result(op, 1))->dtype;
  s.values = (MlirValue){mdl_map_get(n->memory, mdl_result(op, 0).ptr)};
  s.places = (MlirValue){mdl_map_get(n->memory, mdl_result(op, 1).ptr)};
  s.a = mdl_nest_arith(n, NULL);
  for (int i = 0; i < type->rank; i++) {
    if (i == s.axis) continue;
    which[others] = i;
    extent[others++] = mdl_nest_extent(n, type->dim[i]);
  }
  MdlSpace space;
  MdlPoint p;
  mdl_space_begin(n, &space, others, extent, false);
  while (mdl_space_next(n, &space, &p)) {
    s.row = mdl_point(type->rank);
    for (int i = 0; i < others; i++) s.row.at[which[i]] = p.at[i];
    sort_row(&s, from, mdl_nest_extent(n, type->dim[s.axis]));
  }
}
