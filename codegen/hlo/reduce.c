/* Reductions, scans and sorts. f16 and bf16 are added and multiplied in f32 and rounded once. */
#include "codegen/hlo/walk.h"

#include <string.h>

MdlDtype mdl_hlo_sum_dtype(MdlDtype dtype) { return mdl_is_half(dtype) ? MDL_f32 : dtype; }

/* The row that combines elements: the second word of the hlo column. */
static MdlOp combining_row(const MdlHloCase *c)
{
  const char *word = strchr(mdl_op_info(c->kind)->hlo, ' ') + 1;
  return mdl_op_find(word, strlen(word));
}

/* What the row leaves everything as it is with. */
static MdlGraphValue *neutral(MdlHlo *h, MdlOp op, const MdlGraphType *type)
{
  switch ((int)op) {
  case MDL_OP_max:
    return mdl_hlo_lowest(h, type);
  case MDL_OP_min:
    return mdl_hlo_highest(h, type);
  case MDL_OP_mul:
  case MDL_OP_bitand:
    return mdl_hlo_int(h, type, 1);
  default:
    return mdl_hlo_zero(h, type);
  }
}

/* A block of combining code, made once a text. */
static MdlGraphBlock *shared_block(MdlHlo *h, const char *name, MdlGraphBlock **made,
                                   MdlGraphBlock **outer)
{
  const char *key = mdl_intern_text(h->arena, name);
  MdlGraphBlock *block = mdl_map_get(h->graph.shared, key);
  *made = NULL;
  if (block) return block;
  *made = block = mdl_graph_block(&h->graph);
  mdl_map_set(h->graph.shared, key, block);
  *outer = h->graph.block;
  h->graph.block = block;
  return block;
}

MdlGraphBlock *mdl_hlo_combiner(MdlHlo *h, MdlOp op, MdlDtype dtype)
{
  MdlGraphBlock *made, *outer;
  const char *name = mdl_text(h->arena, "%s_%s", mdl_op_info(op)->name, mdl_dtypes[dtype].name);
  MdlGraphBlock *block = shared_block(h, name, &made, &outer);
  if (!made) return block;
  MdlGraphType type = mdl_graph_scalar(dtype);
  MdlGraphValue *a = mdl_graph_arg(&h->graph, block, &type, NULL);
  MdlGraphValue *b = mdl_graph_arg(&h->graph, block, &type, NULL);
  MdlGraphValue *y = mdl_hlo_row2(h, op, a, b);
  mdl_graph_return(&h->graph, block, 1, &y);
  h->graph.block = outer;
  return block;
}

/* ---- reductions -------------------------------------------------------------------------- */

static MdlGraphType without_axes(const MdlGraphType *type, int count, const int64_t *axes)
{
  MdlGraphType y = mdl_graph_scalar(type->dtype);
  for (int i = 0; i < type->rank; i++) {
    bool gone = false;
    for (int k = 0; k < count; k++) gone |= axes[k] == i;
    if (!gone) y.dim[y.rank++] = type->dim[i];
  }
  return y;
}

MdlGraphValue *mdl_hlo_reduced(MdlHlo *h, MdlGraphValue *a, MdlGraphValue *first, MdlGraphBlock *by,
                               int count, const int64_t *axes)
{
  MdlGraphType type = without_axes(&a->type, count, axes);
  MdlGraphInstr *instr = mdl_graph_instr(&h->graph, MDL_HLO_reduce, 2,
                                         (MdlGraphValue *[]){a, first}, 1, &type);
  mdl_graph_list(&h->graph, instr, 0, count, axes);
  instr->blocks = 1;
  instr->block[0] = by;
  return instr->result;
}

static void reduce(MdlHlo *h, MdlHloCase *c)
{
  MdlOp op = combining_row(c);
  int64_t axes[MDL_MAX_RANK];
  int count = mdl_get_ints(c->attrs, "axes", axes);
  MdlGraphValue *a = mdl_graph_convert(&h->graph, c->in[0], mdl_hlo_sum_dtype(c->in[0]->type.dtype));
  MdlGraphType scalar = mdl_graph_scalar(a->type.dtype);
  MdlGraphValue *y = mdl_hlo_reduced(h, a, neutral(h, op, &scalar),
                                     mdl_hlo_combiner(h, op, scalar.dtype), count, axes);
  c->out[0] = mdl_graph_convert(&h->graph, y, c->type[0].dtype);
}

MDL_HLO(reduce_sum) { reduce(h, c); }
MDL_HLO(reduce_prod) { reduce(h, c); }
MDL_HLO(reduce_max) { reduce(h, c); }
MDL_HLO(reduce_min) { reduce(h, c); }
MDL_HLO(reduce_any) { reduce(h, c); }
MDL_HLO(reduce_all) { reduce(h, c); }

/* ---- argmax, argmin ---------------------------------------------------------------------- */

static MdlGraphValue *both(MdlHlo *h, MdlGraphValue *a, MdlGraphValue *b)
{
  return mdl_graph_binary(&h->graph, MDL_HLO_and, a, b);
}

static MdlGraphValue *either(MdlHlo *h, MdlGraphValue *a, MdlGraphValue *b)
{
  return mdl_graph_binary(&h->graph, MDL_HLO_or, a, b);
}

/* Whether the pair (a, i) stands before (b, k): a NaN before all, then by the row (gt or lt), then
 * the lower index. A total order, so the reduction may go in any. */
static MdlGraphValue *stands_before(MdlHlo *h, MdlOp row, MdlGraphValue *const *pair)
{
  MdlGraph *g = &h->graph;
  MdlGraphValue *a = pair[0], *i = pair[1], *b = pair[2], *k = pair[3];
  MdlGraphValue *better = mdl_hlo_row2(h, row, a, b), *same = mdl_graph_compare(g, "EQ", a, b);
  if (mdl_is_float(a->type.dtype)) {
    MdlGraphValue *a_nan = mdl_graph_compare(g, "NE", a, a), *b_nan = mdl_graph_compare(g, "NE", b, b);
    MdlGraphValue *b_number = mdl_graph_unary(g, MDL_HLO_not, b_nan);
    better = either(h, better, both(h, a_nan, b_number));
    same = either(h, same, both(h, a_nan, b_nan));
  }
  return either(h, better, both(h, same, mdl_graph_compare(g, "LT", i, k)));
}

MdlGraphBlock *mdl_hlo_first_of(MdlHlo *h, MdlOp row, MdlDtype dtype, MdlDtype index)
{
  MdlGraphBlock *made, *outer;
  const char *name = mdl_text(h->arena, "arg_%s_%s%s", mdl_op_info(row)->name,
                              mdl_dtypes[dtype].name, index == MDL_i32 ? "" : "_wide");
  MdlGraphBlock *block = shared_block(h, name, &made, &outer);
  if (!made) return block;
  MdlGraphType type[] = {mdl_graph_scalar(dtype), mdl_graph_scalar(index)};
  for (int i = 0; i < 4; i++) mdl_graph_arg(&h->graph, block, &type[i % 2], NULL);
  MdlGraphValue *first = stands_before(h, row, block->arg), *y[2];
  for (int i = 0; i < 2; i++)
    y[i] = mdl_graph_select(&h->graph, first, block->arg[i], block->arg[i + 2]);
  mdl_graph_return(&h->graph, block, 2, y);
  h->graph.block = outer;
  return block;
}

/* An empty axis gives 0. */
static void argument(MdlHlo *h, MdlHloCase *c)
{
  MdlOp row = combining_row(c);
  MdlGraphValue *a = c->in[0];
  int64_t axis = mdl_get_int(c->attrs, "axis");
  if (!a->type.dim[axis]) {
    c->out[0] = mdl_hlo_zero(h, &c->type[0]);
    return;
  }
  MdlGraphType scalar = mdl_graph_scalar(a->type.dtype), index = mdl_graph_scalar(MDL_i32);
  MdlGraphType indices = mdl_graph_with(&a->type, MDL_i32);
  MdlGraphType type[] = {mdl_graph_with(&c->type[0], a->type.dtype),
                         mdl_graph_with(&c->type[0], MDL_i32)};
  MdlGraphValue *operand[4] = {a};
  operand[1] = mdl_graph_iota(&h->graph, &indices, (int)axis);
  operand[2] = row == MDL_OP_gt ? mdl_hlo_lowest(h, &scalar) : mdl_hlo_highest(h, &scalar);
  operand[3] = mdl_hlo_highest(h, &index);
  MdlGraphInstr *instr = mdl_graph_instr(&h->graph, MDL_HLO_reduce, 4, operand, 2, type);
  mdl_graph_list(&h->graph, instr, 0, 1, &axis);
  instr->blocks = 1;
  instr->block[0] = mdl_hlo_first_of(h, row, a->type.dtype, MDL_i32);
  c->out[0] = mdl_graph_convert(&h->graph, &instr->result[1], c->type[0].dtype);
}

MDL_HLO(argmax) { argument(h, c); }
MDL_HLO(argmin) { argument(h, c); }

/* ---- scans ------------------------------------------------------------------------------- */

/* In log2(n) rounds, each adding what stands 1, 2, 4, ... places before (Hillis and Steele 1986): XLA
 * has no scan, and windows as long as the axis would take n^2. */
static void scan(MdlHlo *h, MdlHloCase *c)
{
  MdlOp op = combining_row(c);
  int64_t axis = mdl_get_int(c->attrs, "axis"), none[MDL_GRAPH_RANK] = {0};
  bool reverse = mdl_get_flag(c->attrs, "reverse");
  MdlGraphValue *y = mdl_graph_convert(&h->graph, c->in[0], mdl_hlo_sum_dtype(c->in[0]->type.dtype));
  MdlGraphType scalar = mdl_graph_scalar(y->type.dtype);
  MdlGraphValue *first = neutral(h, op, &scalar);
  for (int64_t by = 1; by < y->type.dim[axis]; by *= 2) {
    int64_t lo[MDL_GRAPH_RANK] = {0}, hi[MDL_GRAPH_RANK] = {0};
    lo[axis] = reverse ? -by : by;
    hi[axis] = -lo[axis];
    MdlGraphValue *earlier = mdl_graph_pad(&h->graph, y, first, &y->type, lo, hi, none);
    y = mdl_hlo_row2(h, op, earlier, y);
  }
  c->out[0] = mdl_graph_convert(&h->graph, y, c->type[0].dtype);
}

MDL_HLO(cumsum) { scan(h, c); }
MDL_HLO(cumprod) { scan(h, c); }
MDL_HLO(cummax) { scan(h, c); }

/* ---- sort -------------------------------------------------------------------------------- */

/* a < b with NaN after everything; equal numbers, and two NaNs, stay in order. */
static MdlGraphBlock *order_block(MdlHlo *h, MdlDtype dtype)
{
  MdlGraph *g = &h->graph;
  MdlGraphBlock *made, *outer;
  MdlGraphBlock *block =
      shared_block(h, mdl_text(h->arena, "sort_%s", mdl_dtypes[dtype].name), &made, &outer);
  if (!made) return block;
  MdlGraphType type[] = {mdl_graph_scalar(dtype), mdl_graph_scalar(MDL_i32)};
  for (int i = 0; i < 4; i++) mdl_graph_arg(g, block, &type[i / 2], NULL);
  MdlGraphValue *a = block->arg[0], *b = block->arg[1];
  MdlGraphValue *less = mdl_graph_compare(g, "LT", a, b);
  if (mdl_is_float(dtype)) {
    MdlGraphValue *b_nan = mdl_graph_compare(g, "NE", b, b);
    less = either(h, less, both(h, b_nan, mdl_graph_compare(g, "EQ", a, a)));
  }
  mdl_graph_return(g, block, 1, &less);
  h->graph.block = outer;
  return block;
}

MDL_HLO(sort)
{
  MdlGraphType indices = mdl_graph_with(&c->in[0]->type, MDL_i32);
  int64_t axis = mdl_get_int(c->attrs, "axis");
  MdlGraphType type[] = {c->type[0], indices};
  MdlGraphValue *operand[] = {c->in[0], mdl_graph_iota(&h->graph, &indices, (int)axis)};
  MdlGraphInstr *instr = mdl_graph_instr(&h->graph, MDL_HLO_sort, 2, operand, 2, type);
  instr->number = axis;
  instr->blocks = 1;
  instr->block[0] = order_block(h, c->in[0]->type.dtype);
  c->out[0] = &instr->result[0];
  c->out[1] = mdl_graph_convert(&h->graph, &instr->result[1], c->type[1].dtype);
}
