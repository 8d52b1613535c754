#include "passes/nest.h"

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
  default:
    return NULL;
  }
}
