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

static MdlAllReduce all_reduce_of(MdlOp kind, MdlDtype dtype)
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

/* What the threads from `first` on, `step` apart, find over the reduced axes of one point. */
static MlirValue part_of(Reduce *r, const MdlPoint *p, MlirValue first, MlirValue step)
{
  MdlNest *n = r->n;
  MdlLoop loop;
  MdlArith a = mdl_nest_arith(n, NULL);
  MlirValue start = mdl_nest_start(&a, r->kind, r->type->dtype);
  MlirValue all = mdl_gpu_product(n, r->reduced, r->over_extent);
  mdl_loop_begin(n, &loop, first, all, step, 1, &start);
  MdlPoint k, q = mdl_point(n->g.flat ? 1 : r->type->rank);
  mdl_gpu_split(n, r->reduced, r->over_extent, loop.iv, &k);
  for (int i = 0; i < r->kept; i++) q.at[r->keeps[i]] = p->at[i];
  for (int i = 0; i < r->reduced; i++) q.at[r->over[i]] = k.at[i];
  MlirValue value = mdl_nest_at(n, r->from, &q);
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
  MlirValue whole = mdl_loop_all_reduce(&n->b, all_reduce_of(r->kind, r->type->dtype), part);
  emit_by_block(n, seed, &p, whole);
  if (r->kept) mdl_loop_end(n, &loop, NULL);
}

void mdl_gpu_reduce(MdlNest *n, MlirOperation op)
{
  Reduce r = {.n = n, .kind = mdl_op(n->ir, op), .from = mdl_operand(op, 0)};
  r.type = mdl_nest_type(n, r.from);
  read_axes(&r, op);
  if (n->mode == MDL_GPU_blocks) {
    reduce_by_blocks(&r, mdl_result(op, 0));
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
