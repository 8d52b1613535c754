/* Gather and the scatters, in the op set of StableHLO 1.0: batch axes are walked by indices of their
 * own. a [B.., L.., K, R..], indices [B.., I..], slices [B.., L.., I.., R..] */
#include "codegen/hlo/walk.h"

#include <string.h>

typedef struct Places {
  int axis, batch, places; /* how many axes of B, and of I */
  int64_t length;          /* K */
  MdlGraphType index;      /* [B.., I..] */
} Places;

static Places places_of(const MdlHloCase *c)
{
  Places p = {(int)mdl_get_int(c->attrs, "axis"), (int)mdl_get_int(c->attrs, "batch"), 0, 0,
              c->in[1]->type};
  p.places = p.index.rank - p.batch;
  p.length = c->in[0]->type.dim[p.axis];
  return p;
}

/* ---- indices ----------------------------------------------------------------------------- */

static MdlDtype index_dtype(int64_t last) { return last > INT32_MAX ? MDL_i64 : MDL_i32; }

/* The largest number of an integer type, as an i64. */
static int64_t highest(MdlDtype dtype)
{
  const MdlDtypeInfo *info = &mdl_dtypes[dtype];
  int bits = info->bits - (info->kind == 's');
  return bits >= 63 ? INT64_MAX : ((int64_t)1 << bits) - 1;
}

MdlGraphValue *mdl_hlo_clamped(MdlHlo *h, MdlGraphValue *index, int64_t last)
{
  MdlDtype dtype = index->type.dtype;
  if (!mdl_is_unsigned(dtype))
    index = mdl_hlo_row2(h, MDL_OP_max, index, mdl_hlo_zero(h, &index->type));
  if (last < highest(dtype))
    index = mdl_hlo_row2(h, MDL_OP_min, index, mdl_hlo_int(h, &index->type, last > 0 ? last : 0));
  return mdl_graph_convert(&h->graph, index, index_dtype(last));
}

/* The same with what is out of range at -1, which no scatter takes: a narrow type may not hold the
 * axis's length, a wide one may wrap. */
static MdlGraphValue *marked(MdlHlo *h, MdlGraphValue *index, int64_t length)
{
  MdlGraph *g = &h->graph;
  MdlDtype dtype = index->type.dtype;
  MdlGraphValue *at = mdl_graph_convert(g, index, index_dtype(length));
  MdlGraphValue *outside = mdl_hlo_int(h, &at->type, -1);
  if (!mdl_is_unsigned(dtype))
    at = mdl_graph_select(
        g, mdl_graph_compare(g, "GE", index, mdl_hlo_zero(h, &index->type)), at, outside);
  if (length <= highest(dtype))
    at = mdl_graph_select(
        g, mdl_graph_compare(g, "LT", index, mdl_hlo_int(h, &index->type, length)), at, outside);
  return at;
}

/* [B.., I..] to [B.., I.., batch + 1]: the numbers of the batch, then the index. */
static MdlGraphValue *with_batch(MdlHlo *h, const Places *p, MdlGraphValue *index)
{
  MdlGraph *g = &h->graph;
  MdlGraphType one = index->type;
  one.dim[one.rank++] = 1;
  MdlGraphValue *y = mdl_graph_reshape(g, index, &one);
  for (int i = p->batch; i-- > 0;) {
    MdlGraphType type = y->type;
    type.dim[type.rank - 1]++;
    MdlGraphValue *pair[] = {mdl_graph_iota(g, &one, i), y};
    MdlGraphInstr *instr = mdl_graph_instr(g, MDL_HLO_concatenate, 2, pair, 1, &type);
    instr->number = type.rank - 1;
    y = instr->result;
  }
  return y;
}

/* Axes of L and R in a gathered tensor; of B and K in a; which index says which axis. */
static void index_lists(MdlHlo *h, MdlGraphInstr *instr, const Places *p, int rank)
{
  int64_t window[MDL_GRAPH_RANK], inserted[MDL_GRAPH_RANK];
  int windows = 0, count = 0;
  for (int i = p->batch; i < p->axis; i++) window[windows++] = i;
  for (int i = p->axis + 1; i < rank; i++) window[windows++] = i - 1 + p->places;
  for (int i = 0; i < p->batch; i++) inserted[count++] = i;
  inserted[count++] = p->axis;
  mdl_graph_list(&h->graph, instr, 0, windows, window);
  mdl_graph_list(&h->graph, instr, 1, count, inserted);
  mdl_graph_list(&h->graph, instr, 2, count, inserted);
  instr->number = p->index.rank;
}

/* ---- gather ------------------------------------------------------------------------------ */

static MdlGraphValue *gathered(MdlHlo *h, const Places *p, MdlGraphValue *a, MdlGraphValue *index,
                               const MdlGraphType *type)
{
  int64_t slice[MDL_GRAPH_RANK];
  for (int i = 0; i < a->type.rank; i++)
    slice[i] = i < p->batch || i == p->axis ? 1 : a->type.dim[i];
  MdlGraphValue *operand[] = {a, with_batch(h, p, index)};
  MdlGraphInstr *instr = mdl_graph_instr(&h->graph, MDL_HLO_gather, 2, operand, 1, type);
  index_lists(h, instr, p, a->type.rank);
  mdl_graph_list(&h->graph, instr, 3, a->type.rank, slice);
  return instr->result;
}

/* Of an axis of 0 elements there is nothing to read: 0. */
MDL_HLO(gather)
{
  Places p = places_of(c);
  if (!mdl_graph_elements(&c->in[0]->type))
    c->out[0] = mdl_hlo_zero(h, &c->type[0]);
  else
    c->out[0] =
        gathered(h, &p, c->in[0], mdl_hlo_clamped(h, c->in[1], p.length - 1), &c->type[0]);
}

/* ---- scatter ----------------------------------------------------------------------------- */

static MdlGraphValue *scattered(MdlHlo *h, const Places *p, MdlOp op, MdlGraphValue *a,
                                MdlGraphValue *index, MdlGraphValue *slices)
{
  MdlGraphValue *operand[] = {a, with_batch(h, p, index), slices};
  MdlGraphInstr *instr = mdl_graph_instr(&h->graph, MDL_HLO_scatter, 3, operand, 1, &a->type);
  index_lists(h, instr, p, a->type.rank);
  instr->blocks = 1;
  instr->block[0] = mdl_hlo_combiner(h, op, a->type.dtype);
  return instr->result;
}

static void combine(MdlHlo *h, MdlHloCase *c, MdlOp op)
{
  Places p = places_of(c);
  c->out[0] = mdl_graph_elements(&c->in[0]->type)
                  ? scattered(h, &p, op, c->in[0], marked(h, c->in[1], p.length), c->in[2])
                  : c->in[0];
}

MDL_HLO(scatter_add) { combine(h, c, MDL_OP_add); }
MDL_HLO(scatter_mul) { combine(h, c, MDL_OP_mul); }
MDL_HLO(scatter_max) { combine(h, c, MDL_OP_max); }
MDL_HLO(scatter_min) { combine(h, c, MDL_OP_min); }

/* The last occurrence in row-major order wins, whatever order a device scatters in: the greatest place
 * that hits an element is scattered by max, then its slice is gathered. */
MDL_HLO(scatter)
{
  MdlGraph *g = &h->graph;
  Places p = places_of(c);
  int64_t places = 1, dims[MDL_GRAPH_RANK];
  if (!mdl_graph_elements(&c->in[0]->type) || !mdl_graph_elements(&c->in[2]->type)) {
    c->out[0] = c->in[0];
    return;
  }
  MdlGraphValue *index = marked(h, c->in[1], p.length);
  /* [B.., K] and [B.., I..]: which place hits. */
  MdlGraphType hits = mdl_graph_scalar(MDL_i32), flat = mdl_graph_scalar(MDL_i32);
  for (int i = 0; i < p.batch; i++) hits.dim[hits.rank++] = c->in[0]->type.dim[i];
  hits.dim[hits.rank++] = p.length;
  for (int i = p.batch; i < p.index.rank; i++) places *= p.index.dim[i];
  flat.dim[flat.rank++] = places;
  MdlGraphType shape = mdl_graph_with(&p.index, MDL_i32), part = mdl_graph_scalar(MDL_i32);
  for (int i = p.batch; i < p.index.rank; i++) {
    dims[part.rank] = i;
    part.dim[part.rank++] = p.index.dim[i];
  }
  MdlGraphValue *number = mdl_graph_reshape(g, mdl_graph_iota(g, &flat, 0), &part);
  number = mdl_graph_broadcast(g, number, &shape, dims);
  Places by = p;
  by.axis = p.batch;
  MdlGraphValue *hit =
      scattered(h, &by, MDL_OP_max, mdl_hlo_int(h, &hits, -1), index, number);
  /* Slices with I flat, then one for each of K. */
  MdlGraphType rows = c->in[2]->type, taken = c->in[0]->type;
  rows.rank = 0;
  for (int i = 0; i < p.axis; i++) rows.dim[rows.rank++] = c->in[0]->type.dim[i];
  rows.dim[rows.rank++] = places;
  for (int i = p.axis + 1; i < taken.rank; i++) rows.dim[rows.rank++] = taken.dim[i];
  Places from = {p.axis, p.batch, 1, places, hits};
  MdlGraphValue *slices = mdl_graph_reshape(g, c->in[2], &rows);
  MdlGraphValue *won = gathered(h, &from, slices, mdl_hlo_clamped(h, hit, places - 1), &taken);
  /* Where nothing hits, a stays. */
  MdlGraphType mask = mdl_graph_with(&taken, MDL_bool);
  for (int i = 0; i <= p.batch; i++) dims[i] = i < p.batch ? i : p.axis;
  MdlGraphValue *is_hit = mdl_graph_compare(g, "GE", hit, mdl_hlo_zero(h, &hits));
  c->out[0] = mdl_graph_select(g, mdl_graph_broadcast(g, is_hit, &mask, dims), won, c->in[0]);
}
