/* Updates of few single places: each place is a reduction over all updates, of those that go there.
 * It is then split like any other, where one block would make them one by one. */
#include "passes/gpu_split.h"

#include "passes/partition.h"

enum { MOST_PLACES = 1024, LEAST_UPDATES = 4096 };

typedef struct Combine {
  MdlOp scatter, reduce, with;
} Combine;

static const Combine combines[] = {{MDL_OP_scatter_add, MDL_OP_reduce_sum, MDL_OP_add},
                                   {MDL_OP_scatter_mul, MDL_OP_reduce_prod, MDL_OP_mul},
                                   {MDL_OP_scatter_max, MDL_OP_reduce_max, MDL_OP_max},
                                   {MDL_OP_scatter_min, MDL_OP_reduce_min, MDL_OP_min}};

static const Combine *combine_of(MdlOp kind)
{
  for (size_t i = 0; i < sizeof combines / sizeof *combines; i++)
    if (combines[i].scatter == kind) return &combines[i];
  return NULL;
}

/* Half floats would be rounded elsewhere. */
static bool is_worth_it(MdlIr *ir, MlirOperation op)
{
  const MdlType *a = mdl_type_of(ir, mdl_operand(op, 0)), *b = mdl_type_of(ir, mdl_operand(op, 1));
  bool half = mdl_is_half(a->dtype);
  if (half || a->rank != 1 || b->rank != 1 || mdl_op_int(op, "batch", 0)) return false;
  return mdl_split_most(a->dim[0]) <= MOST_PLACES && mdl_split_most(b->dim[0]) >= LEAST_UPDATES;
}

static void as_reduction(MdlIr *ir, MlirOperation op, const Combine *combine)
{
  MdlBuilder b = mdl_builder_before(ir, op);
  MlirValue a = mdl_operand(op, 0);
  const MdlType *type = mdl_type_of(ir, a), *updates = mdl_type_of(ir, mdl_operand(op, 1));
  MdlType all = {.dtype = MDL_i64, .rank = 2, .dim = {type->dim[0], updates->dim[0]}};
  const int64_t along = 1;
  b.at = mdl_location_named(ir, b.at, NULL);
  MlirValue index = mdl_build_convert(&b, mdl_operand(op, 1), MDL_i64);
  index = mdl_build_broadcast(&b, index, &all, 1, &along);
  MlirValue here = mdl_build(&b, MDL_OP_eq, index, mdl_build_iota(&b, &all, 0));
  all.dtype = type->dtype;
  MlirValue with = mdl_build_broadcast(&b, mdl_operand(op, 2), &all, 1, &along);
  MlirValue none = mdl_build_splat(&b, mdl_build_neutral(&b, combine->reduce, all.dtype), &all);
  with = mdl_build(&b, MDL_OP_where, here, with, none);
  MlirValue found = mdl_build_reduce(&b, combine->reduce, with, 1, &along);
  MlirValue whole = mdl_build(&b, combine->with, a, found);
  mdl_split_replace(ir, op, whole);
}

void mdl_gpu_split_scatters(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++) {
    const Combine *combine = combine_of(mdl_op(ir, op[i]));
    if (combine && is_worth_it(ir, op[i])) as_reduction(ir, op[i], combine);
  }
}
