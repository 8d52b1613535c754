/* Evaluates contractions, convolutions and windows. Products are rounded, then added in order: of
 * the contracted axes as listed; of a convolution by channel, then by tap. */
#include "ir/eval_run.h"

/* sum + a*b in the accumulator's dtype. */
static MdlNumber add_product(const MdlEval *e, MdlDtype dtype, MdlNumber sum, MdlNumber a,
                             MdlNumber b)
{
  return mdl_combine(e, MDL_OP_add, dtype, sum, mdl_combine(e, MDL_OP_mul, dtype, a, b));
}

/* ---- dot --------------------------------------------------------------------------------- */

/* For each result axis: which side it comes from (2: both), and which axes of a and b. */
typedef struct DotAxes {
  int contracted, axis[2][MDL_MAX_RANK];
  int64_t contract[2][MDL_MAX_RANK], extent[MDL_MAX_RANK];
  int rank;
} DotAxes;

static DotAxes dot_axes(const MdlEval *e)
{
  DotAxes d = {0};
  int64_t batch[2][MDL_MAX_RANK];
  bool used[2][MDL_MAX_RANK] = {{false}};
  int batched = mdl_get_pairs(e->attrs, "batch", batch[0], batch[1]);
  d.contracted = mdl_get_pairs(e->attrs, "contract", d.contract[0], d.contract[1]);
  for (int i = 0; i < batched; i++, d.rank++)
    for (int side = 0; side < 2; side++) {
      d.axis[side][d.rank] = (int)batch[side][i];
      used[side][batch[side][i]] = true;
    }
  for (int i = 0; i < d.contracted; i++) {
    d.extent[i] = e->in[0]->dim[d.contract[0][i]];
    for (int side = 0; side < 2; side++) used[side][d.contract[side][i]] = true;
  }
  for (int side = 0; side < 2; side++)
    for (int i = 0; i < e->in[side]->rank; i++) {
      if (used[side][i]) continue;
      d.axis[side][d.rank] = i;
      d.axis[1 - side][d.rank++] = -1;
    }
  return d;
}

MDL_EVAL(dot)
{
  DotAxes d = dot_axes(e);
  MdlTensor *y = e->out[0];
  MdlDtype dtype = mdl_sum_dtype(y->dtype);
  int64_t at[MDL_MAX_RANK] = {0}, from[2][MDL_MAX_RANK], k[MDL_MAX_RANK], steps = 1;
  for (int i = 0; i < d.contracted; i++) steps *= d.extent[i];
  for (int64_t i = 0; i < y->count; i++) {
    MdlNumber sum = {0, 0};
    memset(k, 0, sizeof k);
    for (int64_t n = 0; n < steps; n++) {
      MdlNumber value[2];
      for (int side = 0; side < 2; side++) {
        for (int r = 0; r < d.rank; r++)
          if (d.axis[side][r] >= 0) from[side][d.axis[side][r]] = at[r];
        for (int c = 0; c < d.contracted; c++) from[side][d.contract[side][c]] = k[c];
        value[side] = mdl_get(e->in[side], mdl_offset(e->in[side], from[side]));
      }
      sum = d.contracted ? add_product(e, dtype, sum, value[0], value[1])
                         : mdl_combine(e, MDL_OP_mul, y->dtype, value[0], value[1]);
      mdl_step(d.contracted, d.extent, k);
    }
    mdl_put_rounded(e, y, i, sum);
    mdl_step(y->rank, y->dim, at);
  }
}

/* ---- windows ----------------------------------------------------------------------------- */

typedef struct Window {
  int rank;
  int64_t size[MDL_MAX_RANK], stride[MDL_MAX_RANK], dilate[MDL_MAX_RANK], spread[MDL_MAX_RANK];
  const int64_t *lo;
} Window;

/* The element of an axis of n that tap k of place `at` meets; false for padding and for the gaps of
 * a spread axis. */
static bool tap(const Window *w, int axis, int64_t at, int64_t k, int64_t n, int64_t *element)
{
  int64_t place = at * w->stride[axis] + k * w->dilate[axis] - w->lo[axis];
  *element = place / w->spread[axis];
  return place >= 0 && place % w->spread[axis] == 0 && *element < n;
}

MDL_EVAL(conv)
{
  const MdlTensor *a = e->in[0], *b = e->in[1];
  MdlTensor *y = e->out[0];
  MdlDtype dtype = mdl_sum_dtype(y->dtype);
  Window w = {.rank = a->rank - 2, .lo = mdl_eval_sizes(e, "lo")};
  int64_t at[MDL_MAX_RANK] = {0}, k[MDL_MAX_RANK], from[MDL_MAX_RANK], steps = 1;
  int64_t per_group = b->dim[0] / mdl_get_int(e->attrs, "groups");
  mdl_get_ints(e->attrs, "stride", w.stride);
  mdl_get_ints(e->attrs, "dilate", w.dilate);
  mdl_get_ints(e->attrs, "spread", w.spread);
  for (int i = 1; i < b->rank; i++) steps *= b->dim[i];
  for (int64_t i = 0; i < y->count; i++) {
    MdlNumber sum = {0, 0};
    memset(k, 0, sizeof k); /* k[0] is the output channel, the rest runs over b's axes */
    k[0] = at[1];
    for (int64_t n = 0; n < steps; n++) {
      bool inside = true;
      from[0] = at[0];
      from[1] = at[1] / per_group * b->dim[1] + k[1];
      for (int r = 0; r < w.rank; r++)
        inside &= tap(&w, r, at[r + 2], k[r + 2], a->dim[r + 2], &from[r + 2]);
      /* what lies around the image is 0, and takes part: 0 times infinity is NaN */
      MdlNumber pixel = inside ? mdl_get(a, mdl_offset(a, from)) : (MdlNumber){0, 0};
      sum = add_product(e, dtype, sum, pixel, mdl_get(b, mdl_offset(b, k)));
      mdl_step(b->rank - 1, b->dim + 1, k + 1);
    }
    mdl_put_rounded(e, y, i, sum);
    mdl_step(y->rank, y->dim, at);
  }
}

static void window(MdlEval *e, MdlOp op, MdlNumber first, bool spreads)
{
  const MdlTensor *a = e->in[0];
  MdlTensor *y = e->out[0];
  MdlDtype dtype = mdl_sum_dtype(y->dtype);
  Window w = {.rank = a->rank, .lo = mdl_eval_sizes(e, "lo")};
  int64_t at[MDL_MAX_RANK] = {0}, k[MDL_MAX_RANK], from[MDL_MAX_RANK], steps = 1;
  mdl_get_ints(e->attrs, "size", w.size);
  mdl_get_ints(e->attrs, "stride", w.stride);
  mdl_get_ints(e->attrs, "dilate", w.dilate);
  for (int i = 0; i < w.rank; i++) w.spread[i] = 1, steps *= w.size[i];
  if (spreads) mdl_get_ints(e->attrs, "spread", w.spread);
  for (int64_t i = 0; i < y->count; i++) {
    MdlNumber sum = first;
    memset(k, 0, sizeof k);
    for (int64_t n = 0; n < steps; n++) {
      bool inside = true;
      for (int r = 0; r < w.rank; r++) inside &= tap(&w, r, at[r], k[r], a->dim[r], &from[r]);
      if (inside) sum = mdl_combine(e, op, dtype, sum, mdl_get(a, mdl_offset(a, from)));
      mdl_step(w.rank, w.size, k);
    }
    mdl_put_rounded(e, y, i, sum);
    mdl_step(y->rank, y->dim, at);
  }
}

/* The place in the padded operand, over the axes from the first that has windows on. */
static void window_place(MdlEval *e, bool larger)
{
  const MdlTensor *a = e->in[0];
  MdlTensor *y = e->out[0];
  Window w = {.rank = a->rank, .lo = mdl_eval_sizes(e, "lo")};
  const int64_t *hi = mdl_eval_sizes(e, "hi");
  int64_t at[MDL_MAX_RANK] = {0}, k[MDL_MAX_RANK], from[MDL_MAX_RANK], steps = 1;
  int first = 0;
  mdl_get_ints(e->attrs, "size", w.size);
  mdl_get_ints(e->attrs, "stride", w.stride);
  mdl_get_ints(e->attrs, "dilate", w.dilate);
  for (int i = 0; i < w.rank; i++) w.spread[i] = 1, steps *= w.size[i];
  while (first < w.rank && w.size[first] == 1 && w.stride[first] == 1) first++;
  for (int64_t i = 0; i < y->count; i++) {
    MdlNumber best = {0, 0};
    memset(k, 0, sizeof k);
    for (int64_t n = 0; n < steps; n++) {
      MdlNumber next = larger ? mdl_lowest(a->dtype) : mdl_highest(a->dtype);
      bool inside = true;
      int64_t place = 0;
      for (int r = 0; r < w.rank; r++) inside &= tap(&w, r, at[r], k[r], a->dim[r], &from[r]);
      for (int r = first; r < w.rank; r++)
        place = place * (w.lo[r] + a->dim[r] + hi[r]) + at[r] * w.stride[r] + k[r] * w.dilate[r];
      if (inside) next = mdl_get(a, mdl_offset(a, from));
      if (!n || mdl_beats(a, larger, best, next)) {
        best = next;
        y->integer[i] = (uint64_t)place;
      }
      mdl_step(w.rank, w.size, k);
    }
    mdl_step(y->rank, y->dim, at);
  }
}

MDL_EVAL(window_argmax) { window_place(e, true); }
MDL_EVAL(window_argmin) { window_place(e, false); }

MDL_EVAL(window_sum) { window(e, MDL_OP_add, (MdlNumber){0, 0}, true); }
MDL_EVAL(window_max) { window(e, MDL_OP_max, mdl_lowest(e->in[0]->dtype), false); }
MDL_EVAL(window_min) { window(e, MDL_OP_min, mdl_highest(e->in[0]->dtype), false); }
