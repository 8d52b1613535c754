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
  case MDL_OP_table:
    return mdl_nest_table;
  default:
    return NULL;
  }
}

/* A constant written out: one store an element, so that it needs no data of its own. */
void mdl_nest_table(MdlNest *n, MlirOperation op)
{
  const MdlType *type = mdl_nest_type(n, mdl_result(op, 0));
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int64_t extent[MDL_MAX_RANK], count = 1;
  for (int i = 0; i < type->rank; i++) {
    mdl_size_is_const(type->dim[i], &extent[i]);
    count *= extent[i];
  }
  for (int64_t e = 0; e < count; e++) {
    MdlPoint p = mdl_point(type->rank);
    double real;
    int64_t integer, rest = e;
    for (int i = type->rank; i-- > 0; rest /= extent[i])
      p.at[i] = mdl_nest_index(n, rest % extent[i]);
    mdl_get_element(&attrs, "values", e, &real, &integer);
    MdlArith a = mdl_nest_arith(n, NULL);
    mdl_nest_emit(n, mdl_result(op, 0), &p, mdl_arith_number(&a, type->dtype, real, integer));
  }
}
