/* Constants, sizes, indices, conversions. */
#include "codegen/hlo/walk.h"

#include <math.h>
#include <string.h>

MdlGraphValue *mdl_hlo_int(MdlHlo *h, const MdlGraphType *type, int64_t value)
{
  return mdl_graph_number(&h->graph, type, (double)value, value);
}

MdlGraphValue *mdl_hlo_zero(MdlHlo *h, const MdlGraphType *type) { return mdl_hlo_int(h, type, 0); }

MdlGraphValue *mdl_hlo_lowest(MdlHlo *h, const MdlGraphType *type)
{
  const MdlDtypeInfo *info = &mdl_dtypes[type->dtype];
  int64_t least = info->kind == 's' ? (int64_t)(~(uint64_t)0 << (info->bits - 1)) : 0;
  return mdl_graph_number(&h->graph, type, -(double)INFINITY, least);
}

MdlGraphValue *mdl_hlo_highest(MdlHlo *h, const MdlGraphType *type)
{
  const MdlDtypeInfo *info = &mdl_dtypes[type->dtype];
  uint64_t most = ~(uint64_t)0 >> (64 - info->bits + (info->kind == 's'));
  return mdl_graph_number(&h->graph, type, (double)INFINITY, (int64_t)most);
}

MDL_HLO(const)
{
  double real = 0;
  int64_t integer = 0;
  mdl_get_number(c->attrs, "value", &real, &integer);
  c->out[0] = mdl_graph_number(&h->graph, &c->type[0], real, integer);
}

/* Rounded here as the evaluator rounds: floats of f16 and bf16 are read back by their dtype. */
MDL_HLO(table)
{
  int64_t count = mdl_graph_elements(&c->type[0]);
  double *real = MDL_NEW(h->arena, double, (size_t)count);
  int64_t *integer = MDL_NEW(h->arena, int64_t, (size_t)count);
  for (int64_t i = 0; i < count; i++)
    mdl_get_element(c->attrs, "values", i, &real[i], &integer[i]);
  c->out[0] = mdl_graph_literal(&h->graph, &c->type[0], (MdlGraphLiteral){count, real, integer});
}

/* Through i64, as the language converts: a narrow type wraps, a float rounds once. */
MDL_HLO(size)
{
  MdlGraphType wide = mdl_graph_scalar(MDL_i64);
  int64_t value = mdl_hlo_size_value(h, mdl_get_size(c->attrs, "of"));
  c->out[0] = mdl_graph_convert(&h->graph, mdl_hlo_int(h, &wide, value), c->type[0].dtype);
}

/* Counted in an integer type that holds every index. */
MDL_HLO(iota)
{
  int axis = (int)mdl_get_int(c->attrs, "axis");
  bool fits = mdl_is_integer(c->type[0].dtype);
  MdlGraphType type = mdl_graph_with(&c->type[0], fits ? c->type[0].dtype : MDL_i32);
  c->out[0] = mdl_graph_convert(&h->graph, mdl_graph_iota(&h->graph, &type, axis),
                                c->type[0].dtype);
}

MDL_HLO(convert) { c->out[0] = mdl_graph_convert(&h->graph, c->in[0], c->type[0].dtype); }

MDL_HLO(bitcast) { c->out[0] = mdl_graph_bitcast(&h->graph, c->in[0], c->type[0].dtype); }

MDL_HLO(stop_grad)
{
  (void)h;
  c->out[0] = c->in[0];
}
