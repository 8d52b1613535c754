#include "passes/nest.h"

MdlNestFn *mdl_nest_of(MdlOp kind)
{
  switch (kind) {
  case MDL_OP_reduce_sum:
  case MDL_OP_reduce_prod:
  case MDL_OP_reduce_max:
  case MDL_OP_reduce_min:
  case MDL_OP_reduce_any:
  case MDL_OP_reduce_all: return mdl_nest_reduce;
  default: return NULL;
  }
}
