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

/* XLA moves or drops these itself. A narrow type may not hold an axis's length, and an unsigned one
 * XLA may read as signed: those go in range first. */
static bool is_index(MdlDtype dtype) { return dtype == MDL_i32 || dtype == MDL_i64; }

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
  if (is_index(dtype)) return index;
  if (!mdl_is_unsigned(dtype))
    index = mdl_hlo_row2(h, MDL_OP_max, index, mdl_hlo_zero(h, &index->type));
  if (last < highest(dtype))
    index = mdl_hlo_row2(h, MDL_OP_min, index, mdl_hlo_int(h, &index->type, last > 0 ? last : 0));
  return mdl_graph_convert(&h->graph, index, index_dtype(last));
}

/* The same with what is out of range at -1, which no scatter takes. */
static MdlGraphValue *marked(MdlHlo *h, MdlGraphValue *index, int64_t length)
{
  MdlGraph *g = &h->graph;
  MdlDtype dtype = index->type.dtype;
  if (is_index(dtype)) return index;
  MdlGraphValue *at = mdl_graph_convert(g, index, index_dtype(length));
  if (!mdl_is_unsigned(dtype) || length > highest(dtype)) return at; /* below 0 stays below 0 */
  MdlGraphValue *inside =
      mdl_graph_compare(g, "LT", index, mdl_hlo_int(h, &index->type, length));
  return mdl_graph_select(g, inside, at, mdl_hlo_int(h, &at->type, -1));
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

/* ---- one place --------------------------------------------------------------------------- */

/* x[i] with one i is a window of length 1, which XLA reads and writes in place in a loop. */
static bool is_one_place(const Places *p)
{
  return !p->batch && mdl_graph_elements(&p->index) == 1;
}

/* The index along the axis, 0 along others. */
static void starts(MdlHlo *h, const Places *p, MdlGraphValue *index, int rank, MdlGraphValue **start)
{
  MdlGraphType scalar = mdl_graph_scalar(index->type.dtype);
  MdlGraphValue *zero = mdl_hlo_zero(h, &scalar);
  for (int i = 0; i < rank; i++) start[i] = zero;
  start[p->axis] = mdl_graph_reshape(&h->graph, index, &scalar);
}

static MdlGraphValue *row_at(MdlHlo *h, const Places *p, MdlGraphValue *a, MdlGraphValue *index)
{
  int rank = a->type.rank;
  MdlGraphType row = a->type;
  MdlGraphValue *operand[MDL_GRAPH_RANK + 1] = {a};
  row.dim[p->axis] = 1;
  starts(h, p, index, rank, operand + 1);
  MdlGraphInstr *instr =
      mdl_graph_instr(&h->graph, MDL_HLO_dynamic_slice, rank + 1, operand, 1, &row);
  mdl_graph_list(&h->graph, instr, 0, rank, row.dim);
  return instr->result;
}

/* What is out of range puts back what is there. MDL_OP_none: c replaces it. */
static MdlGraphValue *with_row(MdlHlo *h, const Places *p, MdlOp op, MdlGraphValue *a,
                               MdlGraphValue *index, MdlGraphValue *c)
{
  MdlGraph *g = &h->graph;
  int rank = a->type.rank;
  MdlGraphValue *old = row_at(h, p, a, index), *row = mdl_graph_reshape(g, c, &old->type);
  if (op != MDL_OP_none) row = mdl_hlo_row2(h, op, old, row);
  MdlGraphValue *operand[MDL_GRAPH_RANK + 2] = {a};
  starts(h, p, index, rank, operand + 2);
  MdlGraphValue *at = operand[2 + p->axis], *zero = mdl_hlo_zero(h, &at->type);
  MdlGraphType mask = mdl_graph_with(&old->type, MDL_bool);
  MdlGraphValue *above = mdl_graph_compare(g, "GE", at, zero);
  MdlGraphValue *below = mdl_graph_compare(g, "LT", at, mdl_hlo_int(h, &at->type, p->length));
  MdlGraphValue *inside = mdl_graph_binary(g, MDL_HLO_and, above, below);
  operand[1] = mdl_graph_select(g, mdl_graph_splat(g, inside, &mask), row, old);
  return mdl_graph_instr(g, MDL_HLO_dynamic_update_slice, rank + 2, operand, 1, &a->type)->result;
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
  MdlGraphValue *index = mdl_hlo_clamped(h, c->in[1], p.length - 1);
  if (!mdl_graph_elements(&c->in[0]->type))
    c->out[0] = mdl_hlo_zero(h, &c->type[0]);
  else if (is_one_place(&p))
    c->out[0] = mdl_graph_reshape(&h->graph, row_at(h, &p, c->in[0], index), &c->type[0]);
  else
    c->out[0] = gathered(h, &p, c->in[0], index, &c->type[0]);
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
  MdlGraphValue *a = c->in[0], *index = marked(h, c->in[1], p.length);
  if (!mdl_graph_elements(&a->type))
    c->out[0] = a;
  else if (is_one_place(&p))
    c->out[0] = with_row(h, &p, op, a, index, c->in[2]);
  else
    c->out[0] = scattered(h, &p, op, a, index, c->in[2]);
}

MDL_HLO(scatter_add) { combine(h, c, MDL_OP_add); }
MDL_HLO(scatter_mul) { combine(h, c, MDL_OP_mul); }
MDL_HLO(scatter_max) { combine(h, c, MDL_OP_max); }
MDL_HLO(scatter_min) { combine(h, c, MDL_OP_min); }

/* Which place hits each element of [B.., K] last, -1 for none. */
static MdlGraphValue *last_hits(MdlHlo *h, const Places *p, MdlGraphValue *a, MdlGraphValue *index,
                                int64_t *places)
{
  MdlGraph *g = &h->graph;
  int64_t dims[MDL_GRAPH_RANK];
  MdlGraphType hits = mdl_graph_scalar(MDL_i32), flat = hits, part = hits;
  for (int i = 0; i < p->batch; i++) hits.dim[hits.rank++] = a->type.dim[i];
  hits.dim[hits.rank++] = p->length;
  for (int i = p->batch; i < p->index.rank; i++) {
    dims[part.rank] = i;
    part.dim[part.rank++] = p->index.dim[i];
  }
  flat.dim[flat.rank++] = *places = mdl_graph_elements(&part);
  MdlGraphType shape = mdl_graph_with(&p->index, MDL_i32);
  MdlGraphValue *number = mdl_graph_reshape(g, mdl_graph_iota(g, &flat, 0), &part);
  number = mdl_graph_broadcast(g, number, &shape, dims);
  Places by = *p;
  by.axis = p->batch;
  return scattered(h, &by, MDL_OP_max, mdl_hlo_int(h, &hits, -1), index, number);
}

/* The last occurrence in row-major order wins, whatever order a device scatters in: the greatest place
 * that hits an element is scattered by max, then its slice is gathered. */
static MdlGraphValue *replaced(MdlHlo *h, const Places *p, MdlGraphValue *a, MdlGraphValue *index,
                               MdlGraphValue *c)
{
  MdlGraph *g = &h->graph;
  int64_t places, dims[MDL_GRAPH_RANK];
  MdlGraphValue *hit = last_hits(h, p, a, index, &places);
  MdlGraphType rows = a->type; /* [B.., L.., I, R..] */
  rows.dim[p->axis] = places;
  Places from = {p->axis, p->batch, 1, places, hit->type};
  MdlGraphValue *slices = mdl_graph_reshape(g, c, &rows);
  MdlGraphValue *won = gathered(h, &from, slices, hit, &a->type);
  MdlGraphType mask = mdl_graph_with(&a->type, MDL_bool);
  for (int i = 0; i <= p->batch; i++) dims[i] = i < p->batch ? i : p->axis;
  MdlGraphValue *is_hit = mdl_graph_compare(g, "GE", hit, mdl_hlo_zero(h, &hit->type));
  return mdl_graph_select(g, mdl_graph_broadcast(g, is_hit, &mask, dims), won, a);
}

MDL_HLO(scatter)
{
  Places p = places_of(c);
  MdlGraphValue *a = c->in[0], *index = marked(h, c->in[1], p.length);
  if (!mdl_graph_elements(&a->type) || !mdl_graph_elements(&c->in[2]->type))
    c->out[0] = a;
  else if (is_one_place(&p))
    c->out[0] = with_row(h, &p, MDL_OP_none, a, index, c->in[2]);
  else
    c->out[0] = replaced(h, &p, a, index, c->in[2]);
}
