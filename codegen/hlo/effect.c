/* Checks and prints. A module of XLA has no way out in the middle: the status of the first check
 * that failed goes along as a value and is the last result. */
#include "codegen/hlo/walk.h"

MDL_HLO(check)
{
  MdlGraph *g = &h->graph;
  MdlGraphType type = mdl_graph_scalar(MDL_i32);
  MdlGraphType one = mdl_graph_scalar(MDL_bool);
  MdlGraphValue *well = c->in[0];
  int64_t axes[MDL_MAX_RANK];
  for (int i = 0; i < well->type.rank; i++) axes[i] = i;
  if (well->type.rank)
    well = mdl_hlo_reduced(h, well, mdl_hlo_int(h, &one, 1),
                           mdl_hlo_combiner(h, MDL_OP_bitand, MDL_bool), well->type.rank, axes);
  int64_t code = mdl_get_int(c->attrs, "code") + 256 * mdl_line_of(h->ir, c->op, NULL);
  MdlGraphValue *zero = mdl_hlo_zero(h, &type), *failed = mdl_hlo_int(h, &type, code);
  MdlGraphValue *status = mdl_graph_select(g, well, zero, failed);
  if (h->status)
    status = mdl_graph_select(g, mdl_graph_compare(g, "EQ", h->status, zero), status, h->status);
  h->status = status;
}

MDL_HLO(print) { mdl_warning(h->ir->session, MDL_W110, mdl_span_of(h->ir, c->op), "XLA"); }
