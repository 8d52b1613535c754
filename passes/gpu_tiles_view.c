/* What an operand of tiles looks like in memory: axes in another order and a padding of zeros cost
 * nothing where elements are read one by one, a stride and a check of range each. */
#include "passes/gpu_tiles.h"

#include "passes/align.h"

static bool read_pad(MdlIr *ir, MdlTileView *view, int rank, MlirOperation pad)
{
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK], *zero = mdl_size_const(ir->sizes, 0);
  int64_t inner[MDL_MAX_RANK];
  if (!mdl_is_null(view->pad) || mdl_op_has(pad, "mdl.parts") || !mdl_pads_zeros(ir, pad))
    return false;
  MdlAttrs attrs = mdl_attrs_of(ir, pad);
  mdl_get_sizes(&attrs, "lo", lo);
  mdl_get_sizes(&attrs, "hi", hi);
  mdl_get_ints(&attrs, "inner", inner);
  view->pad = pad;
  for (int i = 0; i < rank; i++) {
    int axis = view->axis[i];
    view->lo[i] = lo[axis];
    view->inner[i] = inner[axis];
    view->is_padded[i] = lo[axis] != zero || hi[axis] != zero || inner[axis];
  }
  return true;
}

static void read_transpose(MdlIr *ir, MdlTileView *view, int rank, MlirOperation op)
{
  int64_t perm[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  mdl_get_ints(&attrs, "perm", perm);
  for (int i = 0; i < rank; i++) view->axis[i] = (int)perm[view->axis[i]];
}

MdlTileView mdl_tiles_view(MdlIr *ir, MlirValue operand)
{
  MdlTileView view = {.tensor = operand};
  int rank = mdl_type_of(ir, operand)->rank;
  for (int i = 0; i < rank; i++) view.axis[i] = i;
  for (MlirOperation op; op = mdl_def(view.tensor), !mdl_is_null(op);) {
    MdlOp kind = mdl_op(ir, op);
    if (kind == MDL_OP_transpose)
      read_transpose(ir, &view, rank, op);
    else if (kind != MDL_OP_pad || !read_pad(ir, &view, rank, op))
      break;
    view.tensor = mdl_operand(op, 0);
  }
  view.type = mdl_type_of(ir, view.tensor);
  while (mdl_def_op(ir, view.tensor) == MDL_OP_reshape)
    view.tensor = mdl_operand(mdl_def(view.tensor), 0);
  return view;
}

MlirValue mdl_gpu_padded(MdlIr *ir, MlirOperation pad)
{
  return mdl_tiles_view(ir, mdl_result(pad, 0)).tensor;
}
