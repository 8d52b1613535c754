/* A sum along a row of which one element alone is not zero is that element: the gradient of
 * log_softmax asks for it at the labels. On a GPU, where a sum's order is its own: nothing else
 * rounds. */
#include "passes/gpu.h"

#include "passes/align.h"
#include "passes/simplify.h"

/* An operand that is the same number everywhere, within these ends. */
static bool is_number(MdlIr *ir, MlirValue value, int64_t least, int64_t most)
{
  double real;
  int64_t integer;
  return mdl_is_splat(ir, value, &real, &integer) && integer >= least && integer <= most;
}

/* min(max(y, lo), hi) of integers, with numbers that are indices of an axis of `length`. */
static bool is_inside(MdlIr *ir, MlirValue index, int64_t length)
{
  if (mdl_is_unsigned(mdl_type_of(ir, index)->dtype)) return false;
  for (int i = 0; i < 2; i++) {
    if (mdl_def_op(ir, index) != (i ? MDL_OP_max : MDL_OP_min)) return false;
    if (!is_number(ir, mdl_operand(mdl_def(index), 1), 0, length - 1)) return false;
    index = mdl_operand(mdl_def(index), 0);
  }
  return true;
}

/* What a row of zeros got at its one index; no value: the sum is of something else. */
static MlirValue update_of(MdlIr *ir, MlirOperation sum, MlirOperation onehot)
{
  MlirValue none = {NULL};
  int64_t axis, length;
  double real;
  int64_t integer;
  if (mdl_is_null(onehot) || mdl_op(ir, onehot) != MDL_OP_scatter_add || !mdl_is_onehot(ir, onehot))
    return none;
  const MdlType *type = mdl_type_of(ir, mdl_result(onehot, 0));
  MlirValue update = mdl_operand(onehot, 2);
  if (mdl_op_ints(sum, "axes", &axis, 1) != 1 || axis != mdl_op_int(onehot, "axis", -1))
    return none;
  if (!mdl_type_equal(mdl_type_of(ir, update), mdl_type_of(ir, mdl_result(sum, 0)))) return none;
  if (!mdl_size_is_const(type->dim[axis], &length) || length < 1) return none;
  bool zeros = mdl_is_splat(ir, mdl_operand(onehot, 0), &real, &integer) && !real && !integer;
  return zeros && is_inside(ir, mdl_operand(onehot, 1), length) ? update : none;
}

void mdl_gpu_onehot_sums(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++) {
    for (int j = 0; j < mdl_region_count(op[i]); j++)
      if (mdl_body(op[i], j).ptr) mdl_gpu_onehot_sums(ir, mdl_body(op[i], j));
    if (mdl_op(ir, op[i]) != MDL_OP_reduce_sum) continue;
    int64_t axes[MDL_MAX_RANK];
    if (mdl_op_ints(op[i], "axes", axes, MDL_MAX_RANK) != 1) continue;
    MlirOperation of = mdl_def(mdl_operand(op[i], 0));
    bool negates = !mdl_is_null(of) && mdl_op(ir, of) == MDL_OP_neg;
    if (negates) of = mdl_def(mdl_operand(of, 0));
    MlirValue update = update_of(ir, op[i], of);
    if (mdl_is_no_value(update)) continue;
    MdlBuilder b = mdl_builder_before(ir, op[i]);
    b.at = mdl_location_of(op[i]);
    const MdlType *type = mdl_type_of(ir, update);
    MlirValue zero = mdl_build_splat(&b, mdl_build_neutral(&b, MDL_OP_reduce_sum, type->dtype),
                                     type); /* never -0 */
    if (negates) update = mdl_build(&b, MDL_OP_neg, update);
    mdl_replace(mdl_result(op[i], 0), mdl_build(&b, MDL_OP_add, zero, update));
    mdl_erase(ir, op[i]);
  }
}
