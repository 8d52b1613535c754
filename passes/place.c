#include "passes/place.h"

#include "passes/group.h"

MlirValue mdl_place_memory(MdlEntry *e, MlirValue tensor)
{
  void *memory = mdl_map_get(e->memory, tensor.ptr);
  if (!memory) MDL_BUG(e->ir->session, "a tensor has no place");
  return (MlirValue){memory};
}

void mdl_place_arena(MdlEntry *e) { mdl_op_set_text(e->ir, e->to, "mdl.work_bytes", "0"); }
