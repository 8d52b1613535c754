#include "passes/gpu.h"

/* The classes that a GPU shares among threads in a way of its own; NULL for the others. */
static MdlNestFn *gpu_nest_of(MdlOp kind)
{
  if (mdl_nest_of(kind) == mdl_nest_reduce) return mdl_gpu_reduce;
  switch (mdl_op_info(kind)->class) {
  case MDL_CLASS_contract:
  case MDL_CLASS_conv:
    return mdl_gpu_contract;
  case MDL_CLASS_scatter:
    return mdl_gpu_scatter;
  case MDL_CLASS_scan:
    return mdl_gpu_scan;
  case MDL_CLASS_sort:
    return mdl_gpu_sort;
  default:
    return NULL;
  }
}

void mdl_nest_seed(MdlNest *n)
{
  MdlOp kind = mdl_op(n->ir, n->g.seed);
  MdlNestFn *gpu = n->machine->warp ? gpu_nest_of(kind) : NULL;
  (gpu ? gpu : mdl_nest_of(kind))(n, n->g.seed);
}

MdlNestFn *mdl_nest_of(MdlOp kind)
{
  switch (kind) {
  case MDL_OP_reduce_sum:
  case MDL_OP_reduce_prod:
  case MDL_OP_reduce_max:
  case MDL_OP_reduce_min:
  case MDL_OP_reduce_any:
  case MDL_OP_reduce_all:
    return mdl_nest_reduce;
  case MDL_OP_argmax:
  case MDL_OP_argmin:
    return mdl_nest_arg;
  case MDL_OP_dot:
    return mdl_nest_dot;
  case MDL_OP_conv:
    return mdl_nest_conv;
  case MDL_OP_window_sum:
  case MDL_OP_window_max:
  case MDL_OP_window_min:
    return mdl_nest_window;
  case MDL_OP_window_argmax:
  case MDL_OP_window_argmin:
    return mdl_nest_window_arg;
  case MDL_OP_cumsum:
  case MDL_OP_cumprod:
  case MDL_OP_cummax:
    return mdl_nest_scan;
  case MDL_OP_scatter:
  case MDL_OP_scatter_add:
  case MDL_OP_scatter_mul:
  case MDL_OP_scatter_max:
  case MDL_OP_scatter_min:
    return mdl_nest_scatter;
  case MDL_OP_sort:
    return mdl_nest_sort;
  default:
    return NULL;
  }
}
