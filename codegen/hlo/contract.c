/* Contractions, convolutions and windows. f16 and bf16 are summed in f32 and rounded once; XLA is
 * asked for full precision, which on a TPU is not what it would choose. */
#include "codegen/hlo/walk.h"

#include <string.h>

/* ---- dot --------------------------------------------------------------------------------- */

typedef struct Pairs {
  int batched, contracted;
  int64_t batch[2][MDL_MAX_RANK], contract[2][MDL_MAX_RANK];
} Pairs;

static MdlGraphType sum_type(const MdlHloCase *c)
{
  return mdl_graph_with(&c->type[0], mdl_hlo_sum_dtype(c->type[0].dtype));
}

/* Where the axes of one side stand among all: batch, a's rest, b's rest, contracted. */
static void axes_of(const Pairs *p, MdlGraphValue *const *in, int side, int64_t *to)
{
  int rank[2] = {in[0]->type.rank, in[1]->type.rank};
  int rest = p->batched + (side ? rank[0] - p->batched - p->contracted : 0);
  int last = rank[0] + rank[1] - p->batched - 2 * p->contracted;
  for (int i = 0; i < rank[side]; i++) to[i] = -1;
  for (int i = 0; i < p->batched; i++) to[p->batch[side][i]] = i;
  for (int i = 0; i < p->contracted; i++) to[p->contract[side][i]] = last + i;
  for (int i = 0; i < rank[side]; i++)
    if (to[i] < 0) to[i] = rest++;
}

/* TPUs have no product of 64-bit integers: a sum of products instead, which XLA fuses. */
static MdlGraphValue *sum_of_products(MdlHlo *h, const MdlHloCase *c, const Pairs *p)
{
  MdlGraph *g = &h->graph;
  MdlGraphType all = c->type[0], scalar = mdl_graph_scalar(all.dtype);
  int64_t to[2][MDL_GRAPH_RANK], last[MDL_GRAPH_RANK];
  for (int i = 0; i < p->contracted; i++) {
    last[i] = all.rank;
    all.dim[all.rank++] = c->in[0]->type.dim[p->contract[0][i]];
  }
  MdlGraphValue *factor[2];
  for (int side = 0; side < 2; side++) {
    MdlGraphValue *x = c->in[side];
    axes_of(p, c->in, side, to[side]);
    factor[side] = mdl_graph_broadcast(g, x, &all, to[side]);
  }
  MdlGraphValue *product = mdl_hlo_row2(h, MDL_OP_mul, factor[0], factor[1]);
  return mdl_hlo_reduced(h, product, mdl_hlo_zero(h, &scalar),
                         mdl_hlo_combiner(h, MDL_OP_add, all.dtype), p->contracted, last);
}

MDL_HLO(dot)
{
  Pairs p;
  p.batched = mdl_get_pairs(c->attrs, "batch", p.batch[0], p.batch[1]);
  p.contracted = mdl_get_pairs(c->attrs, "contract", p.contract[0], p.contract[1]);
  bool wide = mdl_dtypes[c->type[0].dtype].bits == 64 && mdl_is_integer(c->type[0].dtype);
  if (wide && c->type[0].rank + p.contracted < MDL_GRAPH_RANK) {
    c->out[0] = sum_of_products(h, c, &p);
    return;
  }
  MdlGraphType type = sum_type(c);
  MdlGraphInstr *instr = mdl_graph_instr(&h->graph, MDL_HLO_dot_general, 2, c->in, 1, &type);
  for (int side = 0; side < 2; side++) {
    mdl_graph_list(&h->graph, instr, side, p.batched, p.batch[side]);
    mdl_graph_list(&h->graph, instr, side + 2, p.contracted, p.contract[side]);
  }
  c->out[0] = mdl_graph_convert(&h->graph, instr->result, c->type[0].dtype);
}

/* ---- windows ----------------------------------------------------------------------------- */

static void ones(int64_t *values, int count)
{
  for (int i = 0; i < count; i++) values[i] = 1;
}

/* Lists 0 to 5 of convolutions and windows: size, stride, lo, hi, how far the operand and the window
 * are spread. */
static void window_lists(MdlHlo *h, const MdlHloCase *c, MdlGraphInstr *instr, const int64_t *size,
                         int rank, bool spreads)
{
  int64_t values[5][MDL_MAX_RANK];
  mdl_get_ints(c->attrs, "stride", values[0]);
  mdl_hlo_sizes(h, c, "lo", values[1]);
  mdl_hlo_sizes(h, c, "hi", values[2]);
  ones(values[3], rank);
  if (spreads) mdl_get_ints(c->attrs, "spread", values[3]);
  mdl_get_ints(c->attrs, "dilate", values[4]);
  mdl_graph_list(&h->graph, instr, 0, rank, size);
  for (int i = 0; i < 5; i++) mdl_graph_list(&h->graph, instr, i + 1, rank, values[i]);
}

MDL_HLO(conv)
{
  MdlGraphType type = sum_type(c);
  MdlGraphInstr *instr = mdl_graph_instr(&h->graph, MDL_HLO_convolution, 2, c->in, 1, &type);
  window_lists(h, c, instr, c->in[1]->type.dim + 2, type.rank - 2, true);
  instr->number = mdl_get_int(c->attrs, "groups");
  c->out[0] = mdl_graph_convert(&h->graph, instr->result, c->type[0].dtype);
}

static void window(MdlHlo *h, MdlHloCase *c, MdlOp op, bool spreads)
{
  MdlGraphType type = sum_type(c), scalar = mdl_graph_scalar(type.dtype);
  MdlGraphValue *first = op == MDL_OP_max   ? mdl_hlo_lowest(h, &scalar)
                         : op == MDL_OP_min ? mdl_hlo_highest(h, &scalar)
                                            : mdl_hlo_zero(h, &scalar);
  MdlGraphValue *a = mdl_graph_convert(&h->graph, c->in[0], type.dtype);
  MdlGraphInstr *instr = mdl_graph_instr(&h->graph, MDL_HLO_reduce_window, 2,
                                         (MdlGraphValue *[]){a, first}, 1, &type);
  int64_t size[MDL_MAX_RANK];
  mdl_get_ints(c->attrs, "size", size);
  window_lists(h, c, instr, size, type.rank, spreads);
  instr->blocks = 1;
  instr->block[0] = mdl_hlo_combiner(h, op, type.dtype);
  c->out[0] = mdl_graph_convert(&h->graph, instr->result, c->type[0].dtype);
}

MDL_HLO(window_sum) { window(h, c, MDL_OP_add, true); }
MDL_HLO(window_max) { window(h, c, MDL_OP_max, false); }
MDL_HLO(window_min) { window(h, c, MDL_OP_min, false); }

/* ---- where a window's extreme lies ------------------------------------------------------- */

/* Row-major numbers of a's elements over the axes from the first that has windows on. */
static MdlGraphValue *places(MdlHlo *h, const MdlHloCase *c, const MdlGraphType *a)
{
  int64_t size[MDL_MAX_RANK], stride[MDL_MAX_RANK], dims[MDL_MAX_RANK];
  int rank = mdl_get_ints(c->attrs, "size", size), first = 0;
  mdl_get_ints(c->attrs, "stride", stride);
  while (first < rank && size[first] == 1 && stride[first] == 1) first++;
  MdlGraphType flat = mdl_graph_scalar(c->type[0].dtype), own = flat;
  flat.rank = 1, flat.dim[0] = 1;
  for (int i = first; i < rank; i++) {
    flat.dim[0] *= a->dim[i];
    dims[own.rank] = i;
    own.dim[own.rank++] = a->dim[i];
  }
  MdlGraphType all = mdl_graph_with(a, own.dtype);
  if (first == rank) return mdl_hlo_zero(h, &all);
  MdlGraphValue *number = mdl_graph_iota(&h->graph, &flat, 0);
  number = mdl_graph_reshape(&h->graph, number, &own);
  return mdl_graph_broadcast(&h->graph, number, &all, dims);
}

/* What lies outside is an operand's element like others: a window of nothing but -inf has its first. */
static MdlGraphValue *with_outside(MdlHlo *h, const MdlHloCase *c, MdlGraphValue *with)
{
  int64_t lo[MDL_MAX_RANK], hi[MDL_MAX_RANK], none[MDL_MAX_RANK] = {0};
  int rank = mdl_hlo_sizes(h, c, "lo", lo);
  mdl_hlo_sizes(h, c, "hi", hi);
  MdlGraphType type = c->in[0]->type;
  for (int i = 0; i < rank; i++) type.dim[i] += lo[i] + hi[i];
  return mdl_graph_pad(&h->graph, c->in[0], with, &type, lo, hi, none);
}

static void window_place(MdlHlo *h, MdlHloCase *c, MdlOp row)
{
  int64_t size[MDL_MAX_RANK], none[MDL_MAX_RANK] = {0};
  MdlGraphType scalar = mdl_graph_scalar(c->in[0]->type.dtype);
  MdlGraphType index = mdl_graph_scalar(c->type[0].dtype);
  MdlGraphValue *worst = row == MDL_OP_gt ? mdl_hlo_lowest(h, &scalar) : mdl_hlo_highest(h, &scalar);
  MdlGraphValue *a = with_outside(h, c, worst);
  MdlGraphType type[] = {mdl_graph_with(&c->type[0], scalar.dtype), c->type[0]};
  MdlGraphValue *operand[4] = {a};
  operand[1] = places(h, c, &a->type);
  operand[2] = worst;
  operand[3] = mdl_hlo_highest(h, &index);
  MdlGraphInstr *instr = mdl_graph_instr(&h->graph, MDL_HLO_reduce_window, 4, operand, 2, type);
  int rank = mdl_get_ints(c->attrs, "size", size);
  window_lists(h, c, instr, size, rank, false);
  for (int i = 2; i < 4; i++) mdl_graph_list(&h->graph, instr, i, rank, none);
  instr->blocks = 1;
  instr->block[0] = mdl_hlo_first_of(h, row, scalar.dtype, index.dtype);
  c->out[0] = &instr->result[1];
}

MDL_HLO(window_argmax) { window_place(h, c, MDL_OP_gt); }
MDL_HLO(window_argmin) { window_place(h, c, MDL_OP_lt); }
