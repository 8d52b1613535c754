/* Scatters: the operand is copied to the result, unless they share a place; then the updates in
 * row-major order. Out of range is dropped. */
#include "passes/nest.h"

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

static void copy_operand(MdlNest *n, MlirOperation op, MlirValue memory)
{
  const MdlType *type = mdl_nest_type(n, mdl_result(op, 0));
  MlirValue extent[MDL_MAX_RANK];
  MdlSpace space;
  MdlPoint p;
  for (int i = 0; i < type->rank; i++) extent[i] = mdl_nest_extent(n, type->dim[i]);
  mdl_space_begin(n, &space, type->rank, extent, false);
  while (mdl_space_next(n, &space, &p)) {
    MdlArith a = mdl_nest_arith(n, &p);
    MlirValue value = mdl_nest_at(n, mdl_operand(op, 0), &p);
    mdl_loop_store(&n->b, mdl_arith_to_cell(&a, value, type->dtype), memory, p.at);
  }
}

/* The base lies where the result goes: not a map of it, which would still have to be written. */
static bool is_there(const MdlNest *n, MlirOperation op)
{
  int argument = mdl_group_in_place(n->g.func, 0);
  return argument >= 0 && mdl_same(mdl_operand(op, 0), mdl_arg(mdl_body(n->g.func, 0), argument));
}

/* c has the shape of a gather: a's axes before `axis`, b's behind the batch, a's after it. */
void mdl_nest_scatter(MdlNest *n, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int axis = (int)mdl_get_int(&attrs, "axis"), batch = (int)mdl_get_int(&attrs, "batch");
  MlirValue index = mdl_operand(op, 1), from = mdl_operand(op, 2), result = mdl_result(op, 0);
  const MdlType *type = mdl_nest_type(n, result), *c = mdl_nest_type(n, from);
  const MdlType *b = mdl_nest_type(n, index);
  int indices = b->rank - batch;
  MlirValue memory = {mdl_map_get(n->memory, result.ptr)}, extent[MDL_MAX_RANK];
  if (!is_there(n, op)) copy_operand(n, op, memory);
  for (int i = 0; i < c->rank; i++) extent[i] = mdl_nest_extent(n, c->dim[i]);
  MdlSpace space;
  MdlPoint p;
  mdl_space_begin(n, &space, c->rank, extent, false);
  while (mdl_space_next(n, &space, &p)) {
    MdlArith a = mdl_nest_arith(n, &p);
    MdlPoint at = mdl_point(b->rank), to = mdl_point(type->rank);
    MdlBranch branch;
    for (int i = 0; i < batch; i++) at.at[i] = p.at[i];
    for (int i = 0; i < indices; i++) at.at[batch + i] = p.at[axis + i];
    for (int i = 0; i < axis; i++) to.at[i] = p.at[i];
    for (int i = axis + 1; i < type->rank; i++) to.at[i] = p.at[i + indices - 1];
    to.at[axis] = mdl_arith_convert(&a, mdl_nest_at(n, index, &at), b->dtype, MDL_index);
    MlirValue inside = mdl_loop_binary(
        &n->b, MDL_LOOP_andi,
        mdl_loop_compare(&n->b, MDL_PREDICATE_ge, to.at[axis], mdl_nest_index(n, 0)),
        mdl_loop_compare(&n->b, MDL_PREDICATE_lt, to.at[axis],
                         mdl_nest_extent(n, type->dim[axis])));
    mdl_branch_begin(n, &branch, inside, 0, NULL);
    MlirValue old = mdl_loop_load(&n->b, memory, to.at, 1);
    old = mdl_arith_of_cell(&a, old, type->dtype);
    MlirValue next = mdl_nest_at(n, from, &p);
    MlirValue value = mdl_nest_scattered(&a, mdl_op(n->ir, op), type->dtype, old, next);
    mdl_loop_store(&n->b, mdl_arith_to_cell(&a, value, type->dtype), memory, to.at);
    mdl_branch_else(n, &branch, 0, NULL);
    mdl_branch_end(n, &branch, 0, NULL);
  }
}
