/* Ops that move elements: XLA's own, but for windows that start where an index says. */
#include "codegen/hlo/walk.h"

#include <string.h>

static MdlGraphInstr *moved(MdlHlo *h, MdlHloCase *c, MdlHloOp op, int operands)
{
  MdlGraphInstr *instr = mdl_graph_instr(&h->graph, op, operands, c->in, 1, c->type);
  c->out[0] = instr->result;
  return instr;
}

static void ints(MdlHlo *h, MdlHloCase *c, MdlGraphInstr *instr, int list, const char *name)
{
  int64_t values[MDL_MAX_RANK];
  int count = mdl_get_ints(c->attrs, name, values);
  mdl_graph_list(&h->graph, instr, list, count, values);
}

static void sizes(MdlHlo *h, MdlHloCase *c, MdlGraphInstr *instr, int list, const char *name)
{
  int64_t values[MDL_MAX_RANK];
  int count = mdl_hlo_sizes(h, c, name, values);
  mdl_graph_list(&h->graph, instr, list, count, values);
}

MDL_HLO(broadcast)
{
  int64_t dims[MDL_MAX_RANK];
  mdl_get_ints(c->attrs, "dims", dims);
  c->out[0] = mdl_graph_broadcast(&h->graph, c->in[0], &c->type[0], dims);
}

MDL_HLO(reshape) { c->out[0] = mdl_graph_reshape(&h->graph, c->in[0], &c->type[0]); }

MDL_HLO(transpose) { ints(h, c, moved(h, c, MDL_HLO_transpose, 1), 0, "perm"); }

MDL_HLO(reverse) { ints(h, c, moved(h, c, MDL_HLO_reverse, 1), 0, "axes"); }

MDL_HLO(slice)
{
  MdlGraphInstr *instr = moved(h, c, MDL_HLO_slice, 1);
  sizes(h, c, instr, 0, "start");
  sizes(h, c, instr, 1, "limit");
  ints(h, c, instr, 2, "step");
}

/* XLA's idea of the gaps between no elements is another one. */
MDL_HLO(pad)
{
  if (!mdl_graph_elements(&c->in[0]->type)) {
    c->out[0] = mdl_graph_splat(&h->graph, c->in[1], &c->type[0]);
    return;
  }
  MdlGraphInstr *instr = moved(h, c, MDL_HLO_pad, 2);
  sizes(h, c, instr, 0, "lo");
  sizes(h, c, instr, 1, "hi");
  ints(h, c, instr, 2, "inner");
}

MDL_HLO(concat)
{
  moved(h, c, MDL_HLO_concatenate, 2)->number = mdl_get_int(c->attrs, "axis");
}

/* ---- windows that start at an index ------------------------------------------------------ */

/* `value` in every axis but one. */
static void starts(MdlHlo *h, MdlGraphValue **start, int rank, int axis, MdlGraphValue *value)
{
  MdlGraphValue *zero = rank > 1 ? mdl_hlo_zero(h, &value->type) : NULL;
  for (int i = 0; i < rank; i++) start[i] = i == axis ? value : zero;
}

MDL_HLO(dynamic_slice)
{
  int axis = (int)mdl_get_int(c->attrs, "axis"), rank = c->type[0].rank;
  int64_t last = c->in[0]->type.dim[axis] - c->type[0].dim[axis];
  MdlGraphValue *operand[MDL_MAX_RANK + 1] = {c->in[0]};
  starts(h, operand + 1, rank, axis, mdl_hlo_clamped(h, c->in[1], last));
  MdlGraphInstr *instr =
      mdl_graph_instr(&h->graph, MDL_HLO_dynamic_slice, rank + 1, operand, 1, c->type);
  mdl_graph_list(&h->graph, instr, 0, rank, c->type[0].dim);
  c->out[0] = instr->result;
}

MDL_HLO(dynamic_update)
{
  int axis = (int)mdl_get_int(c->attrs, "axis"), rank = c->type[0].rank;
  int64_t last = c->type[0].dim[axis] - c->in[2]->type.dim[axis];
  MdlGraphValue *operand[MDL_MAX_RANK + 2] = {c->in[0], c->in[2]};
  starts(h, operand + 2, rank, axis, mdl_hlo_clamped(h, c->in[1], last));
  c->out[0] =
      mdl_graph_instr(&h->graph, MDL_HLO_dynamic_update_slice, rank + 2, operand, 1, c->type)
          ->result;
}
