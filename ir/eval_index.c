/* Evaluates gather and the scatters. Seen flat, with the batch axes of a and b walked together:
 *   a [B, L, K, R]   b [B, I]   gathered and c [B, L, I, R] */
#include "ir/eval_run.h"

typedef struct Places {
  int64_t batch, left, places, length, right;
} Places;

static Places places_of(const MdlEval *e)
{
  const MdlTensor *a = e->in[0], *b = e->in[1];
  int axis = (int)mdl_get_int(e->attrs, "axis"), batch = (int)mdl_get_int(e->attrs, "batch");
  Places p = {1, 1, 1, a->dim[axis], 1};
  for (int i = 0; i < batch; i++) p.batch *= a->dim[i];
  for (int i = batch; i < axis; i++) p.left *= a->dim[i];
  for (int i = batch; i < b->rank; i++) p.places *= b->dim[i];
  for (int i = axis + 1; i < a->rank; i++) p.right *= a->dim[i];
  return p;
}

/* The index at (batch n, place i): below 0 and beyond the end both count as out of range. */
static bool index_at(const MdlEval *e, const Places *p, int64_t n, int64_t i, int64_t *index)
{
  uint64_t value = e->in[1]->integer[n * p->places + i];
  bool below = !mdl_is_unsigned(e->in[1]->dtype) && (int64_t)value < 0;
  bool beyond = !below && value >= (uint64_t)p->length;
  *index = below ? 0 : beyond ? p->length - 1 : (int64_t)value;
  if ((below || beyond) && e->options->trap) mdl_eval_fail(e, MDL_STATUS_BAD_INDEX);
  return !below && !beyond;
}

/* Of an axis of 0 elements there is nothing to read: 0. */
MDL_EVAL(gather)
{
  Places p = places_of(e);
  int64_t index, y = 0;
  for (int64_t n = 0; n < p.batch; n++)
    for (int64_t l = 0; l < p.left; l++)
      for (int64_t i = 0; i < p.places; i++) {
        index_at(e, &p, n, i, &index);
        int64_t from = (((n * p.left + l) * p.length) + index) * p.right;
        for (int64_t r = 0; r < p.right; r++, y++)
          if (p.length) mdl_put(e->out[0], y, mdl_get(e->in[0], from + r));
      }
}

/* `op`: how an occurrence meets what is there; MDL_OP_none replaces it. */
static void scatter(MdlEval *e, MdlOp op)
{
  Places p = places_of(e);
  MdlTensor *y = e->out[0];
  int64_t index, c = 0;
  for (int64_t i = 0; i < y->count; i++) mdl_put(y, i, mdl_get(e->in[0], i));
  for (int64_t n = 0; n < p.batch; n++)
    for (int64_t l = 0; l < p.left; l++)
      for (int64_t i = 0; i < p.places; i++) {
        bool inside = index_at(e, &p, n, i, &index);
        int64_t to = (((n * p.left + l) * p.length) + index) * p.right;
        for (int64_t r = 0; r < p.right; r++, c++) {
          MdlNumber value = mdl_get(e->in[2], c);
          if (!inside) continue;
          if (op != MDL_OP_none) value = mdl_combine(e, op, y->dtype, mdl_get(y, to + r), value);
          mdl_put(y, to + r, value);
        }
      }
}

MDL_EVAL(scatter) { scatter(e, MDL_OP_none); }
MDL_EVAL(scatter_add) { scatter(e, MDL_OP_add); }
MDL_EVAL(scatter_mul) { scatter(e, MDL_OP_mul); }
MDL_EVAL(scatter_max) { scatter(e, MDL_OP_max); }
MDL_EVAL(scatter_min) { scatter(e, MDL_OP_min); }
