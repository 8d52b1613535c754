/* Evaluates reductions, scans and sorts. Elements are taken in row-major order; f16 and bf16
 * accumulate in f32 and are rounded once. */
#include "ir/eval_run.h"

/* ---- reductions -------------------------------------------------------------------------- */

static void reduce(MdlEval *e, MdlOp op, MdlNumber first)
{
  const MdlTensor *a = e->in[0];
  MdlTensor *y = e->out[0];
  MdlDtype dtype = mdl_sum_dtype(a->dtype);
  int64_t axes[MDL_MAX_RANK], at[MDL_MAX_RANK] = {0}, to[MDL_MAX_RANK];
  bool gone[MDL_MAX_RANK] = {false};
  int count = mdl_get_ints(e->attrs, "axes", axes);
  for (int k = 0; k < count; k++) gone[axes[k]] = true;
  for (int64_t i = 0; i < y->count; i++) mdl_put(y, i, first);
  for (int64_t i = 0; i < a->count; i++) {
    int rank = 0;
    for (int k = 0; k < a->rank; k++)
      if (!gone[k]) to[rank++] = at[k];
    int64_t j = mdl_offset(y, to);
    mdl_put(y, j, mdl_combine(e, op, dtype, mdl_get(y, j), mdl_get(a, i)));
    mdl_step(a->rank, a->dim, at);
  }
  for (int64_t i = 0; i < y->count; i++) mdl_put_rounded(e, y, i, mdl_get(y, i));
}

MDL_EVAL(reduce_sum) { reduce(e, MDL_OP_add, (MdlNumber){0, 0}); }
MDL_EVAL(reduce_prod) { reduce(e, MDL_OP_mul, (MdlNumber){1, 1}); }
MDL_EVAL(reduce_max) { reduce(e, MDL_OP_max, mdl_lowest(e->in[0]->dtype)); }
MDL_EVAL(reduce_min) { reduce(e, MDL_OP_min, mdl_highest(e->in[0]->dtype)); }
MDL_EVAL(reduce_any) { reduce(e, MDL_OP_bitor, (MdlNumber){0, 0}); }
MDL_EVAL(reduce_all) { reduce(e, MDL_OP_bitand, (MdlNumber){0, 1}); }

static bool is_nan(const MdlTensor *t, MdlNumber a) { return t->real && a.real != a.real; }

static bool is_less(const MdlTensor *t, MdlNumber a, MdlNumber b)
{
  return t->real ? a.real < b.real : mdl_int_less(a.integer, b.integer, !mdl_is_unsigned(t->dtype));
}

bool mdl_beats(const MdlTensor *of, bool largest, MdlNumber old, MdlNumber new)
{
  if (is_nan(of, old) || is_nan(of, new)) return !is_nan(of, old);
  return largest ? is_less(of, old, new) : is_less(of, new, old);
}

/* An empty axis gives 0. */
static void argument(MdlEval *e, bool largest)
{
  const MdlTensor *a = e->in[0];
  MdlAround r = mdl_around(a, (int)mdl_get_int(e->attrs, "axis"));
  for (int64_t i = 0; i < e->out[0]->count; i++) {
    const int64_t start = i / r.after * r.length * r.after + i % r.after;
    int64_t best = 0;
    for (int64_t k = 1; k < r.length; k++) {
      MdlNumber old = mdl_get(a, start + best * r.after), new = mdl_get(a, start + k * r.after);
      if (mdl_beats(a, largest, old, new)) best = k;
    }
    e->out[0]->integer[i] = (uint64_t)best;
  }
}

MDL_EVAL(argmax) { argument(e, true); }
MDL_EVAL(argmin) { argument(e, false); }

/* ---- scans ------------------------------------------------------------------------------- */

static void scan(MdlEval *e, MdlOp op, MdlNumber first)
{
  const MdlTensor *a = e->in[0];
  MdlDtype dtype = mdl_sum_dtype(a->dtype);
  MdlAround r = mdl_around(a, (int)mdl_get_int(e->attrs, "axis"));
  bool reverse = mdl_get_flag(e->attrs, "reverse");
  for (int64_t i = 0; i < r.before * r.after; i++) {
    int64_t start = i / r.after * r.length * r.after + i % r.after;
    MdlNumber sum = first;
    for (int64_t k = 0; k < r.length; k++) {
      int64_t at = start + (reverse ? r.length - 1 - k : k) * r.after;
      sum = mdl_combine(e, op, dtype, sum, mdl_get(a, at));
      mdl_put_rounded(e, e->out[0], at, sum);
    }
  }
}

MDL_EVAL(cumsum) { scan(e, MDL_OP_add, (MdlNumber){0, 0}); }
MDL_EVAL(cumprod) { scan(e, MDL_OP_mul, (MdlNumber){1, 1}); }
MDL_EVAL(cummax) { scan(e, MDL_OP_max, mdl_lowest(e->in[0]->dtype)); }

/* ---- sort -------------------------------------------------------------------------------- */

/* NaN stands after everything, so two NaNs are equal. */
static bool goes_before(const MdlTensor *t, MdlNumber a, MdlNumber b)
{
  if (is_nan(t, a) || is_nan(t, b)) return !is_nan(t, a) && is_nan(t, b);
  return is_less(t, a, b);
}

/* By insertion: stable, and plain to see. */
MDL_EVAL(sort)
{
  const MdlTensor *a = e->in[0];
  MdlAround r = mdl_around(a, (int)mdl_get_int(e->attrs, "axis"));
  for (int64_t i = 0; i < r.before * r.after; i++) {
    int64_t start = i / r.after * r.length * r.after + i % r.after;
    for (int64_t k = 0; k < r.length; k++) {
      MdlNumber value = mdl_get(a, start + k * r.after);
      int64_t to = k;
      for (; to > 0; to--) {
        int64_t before = start + (to - 1) * r.after, here = before + r.after;
        if (!goes_before(a, value, mdl_get(e->out[0], before))) break;
        mdl_put(e->out[0], here, mdl_get(e->out[0], before));
        e->out[1]->integer[here] = e->out[1]->integer[before];
      }
      mdl_put(e->out[0], start + to * r.after, value);
      e->out[1]->integer[start + to * r.after] = (uint64_t)k;
    }
  }
}
