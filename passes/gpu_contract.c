/* Contractions on a GPU, the plain way: a thread sums a result over the contracted axes in order,
 * neighbours in the last axis side by side. A scalar result is a block's. */
#include "passes/contract.h"
#include "passes/gpu.h"

typedef struct Contract {
  MdlNest *n;
  MdlContract c;
  MlirValue first, step; /* along the first contracted axis */
  MlirValue k[MDL_MAX_RANK];
} Contract;

static MlirValue sum_over(Contract *c, const MdlPoint *p, int axis, MlirValue sum)
{
  MdlNest *n = c->n;
  MdlLoop loop;
  if (axis == c->c.ks) {
    MlirValue x[2];
    for (int o = 0; o < 2; o++) {
      MdlPoint q = mdl_contract_point(&c->c, n, o, p, c->k);
      x[o] = mdl_nest_at(n, mdl_operand(c->c.op, o), &q);
    }
    MdlArith a = mdl_nest_arith(n, NULL);
    return mdl_arith_multiply_add(&a, c->c.result->dtype, x[0], x[1], sum);
  }
  MlirValue lo = axis ? mdl_nest_index(n, 0) : c->first,
            step = axis ? mdl_nest_index(n, 1) : c->step;
  mdl_loop_begin(n, &loop, lo, mdl_nest_extent(n, c->c.k[axis]), step, 1, &sum);
  c->k[axis] = loop.iv;
  MlirValue next = sum_over(c, p, axis + 1, loop.carry[0]);
  mdl_loop_end(n, &loop, &next);
  return loop.carry[0];
}

static MlirValue zero(Contract *c)
{
  MdlArith a = mdl_nest_arith(c->n, NULL);
  return mdl_arith_number(&a, c->c.result->dtype, 0, 0);
}

/* Without a contracted axis there is one product, and nothing to share. */
static void by_block(Contract *c)
{
  MdlNest *n = c->n;
  MdlPoint p = mdl_point(0);
  c->first = mdl_loop_gpu_index(&n->b, MDL_LOOP_thread);
  c->step = mdl_loop_gpu_index(&n->b, MDL_LOOP_threads);
  MlirValue value = sum_over(c, &p, 0, zero(c));
  if (c->c.ks) value = mdl_loop_all_reduce(&n->b, MDL_ALL_add, value);
  mdl_nest_emit(n, mdl_result(c->c.op, 0), &p, value);
}

void mdl_gpu_contract(MdlNest *n, MlirOperation op)
{
  Contract c = {.n = n, .c = mdl_contract_read(&n->g)};
  MlirValue extent[MDL_MAX_RANK];
  if (n->mode == MDL_GPU_tiles) {
    mdl_gpu_contract_tiles(n);
    return;
  }
  if (n->mode == MDL_GPU_blocks) {
    by_block(&c);
    return;
  }
  c.first = mdl_nest_index(n, 0);
  c.step = mdl_nest_index(n, 1);
  for (int i = 0; i < c.c.result->rank; i++) extent[i] = mdl_nest_extent(n, c.c.result->dim[i]);
  MdlSpace space;
  MdlPoint p;
  mdl_space_begin(n, &space, c.c.result->rank, extent, false);
  while (mdl_space_next(n, &space, &p))
    mdl_nest_emit(n, mdl_result(op, 0), &p, sum_over(&c, &p, 0, zero(&c)));
}
