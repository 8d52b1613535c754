/* Tensors written out in the source: constant memory, which a group reads as it reads an argument. */
#include "passes/nest.h"

#include "ir/eval.h"

#include <ctype.h>

/* The cells as they lie in memory. */
static MdlLoopData data_of(MdlNest *n, MlirOperation op, const MdlType *type)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int64_t dim[MDL_MAX_RANK];
  for (int i = 0; i < type->rank; i++) mdl_size_is_const(type->dim[i], &dim[i]);
  MdlTensor tensor = mdl_tensor_create(n->ir->arena, type->dtype, type->rank, dim);
  for (int64_t i = 0; i < tensor.count; i++) {
    double real;
    int64_t integer;
    mdl_get_element(&attrs, "values", i, &real, &integer);
    if (tensor.real)
      tensor.real[i] = real;
    else
      tensor.integer[i] = (uint64_t)integer;
  }
  void *bytes = mdl_alloc(n->ir->arena, 8 * (size_t)tensor.count + 8);
  mdl_tensor_store(&tensor, bytes);
  const char *symbol = mdl_op_text(n->ir, n->g.func, "sym_name");
  const char *name = mdl_value_name(n->ir, mdl_result(op, 0));
  char *text = mdl_text(n->ir->arena, "%s_%s", symbol, name ? name : "table");
  for (char *c = text; *c; c++)
    if (!isalnum((unsigned char)*c)) *c = '_'; /* "m.w" */
  return (MdlLoopData){.name = text,
                       .element = mdl_loop_cell(type->dtype),
                       .count = tensor.count,
                       .bytes = bytes};
}

void mdl_nest_tables(MdlNest *n)
{
  MlirBlock body = mdl_body(n->g.func, 0);
  MlirOperation end = mdl_terminator(body);
  for (MlirOperation op = mdl_first(body); !mdl_same_op(op, end); op = mdl_next(op)) {
    if (mdl_op(n->ir, op) != MDL_OP_table) continue;
    const MdlType *type = mdl_nest_type(n, mdl_result(op, 0));
    MdlLoopData data = data_of(n, op, type);
    MlirValue memory = mdl_loop_data(&n->b, n->pass->module, n->pass->symbols, &data);
    mdl_map_set(n->tables, mdl_result(op, 0).ptr, (void *)mdl_nest_shaped(n, memory, type).ptr);
  }
}
