/* Evaluates ops that move elements. */
#include "ir/eval_run.h"

MDL_EVAL(broadcast)
{
  const MdlTensor *a = e->in[0];
  int64_t dims[MDL_MAX_RANK], at[MDL_MAX_RANK] = {0}, from[MDL_MAX_RANK];
  mdl_get_ints(e->attrs, "dims", dims);
  for (int64_t i = 0; i < e->out[0]->count; i++) {
    for (int k = 0; k < a->rank; k++) from[k] = a->dim[k] == 1 ? 0 : at[dims[k]];
    mdl_put(e->out[0], i, mdl_get(a, mdl_offset(a, from)));
    mdl_step(e->out[0]->rank, e->out[0]->dim, at);
  }
}

MDL_EVAL(reshape)
{
  if (e->in[0]->count != e->out[0]->count)
    MDL_BUG(e->ir->session, "a reshape of %lld elements to %lld", (long long)e->in[0]->count,
            (long long)e->out[0]->count);
  for (int64_t i = 0; i < e->in[0]->count; i++) mdl_put(e->out[0], i, mdl_get(e->in[0], i));
}

MDL_EVAL(transpose)
{
  int64_t perm[MDL_MAX_RANK], at[MDL_MAX_RANK] = {0}, from[MDL_MAX_RANK];
  mdl_get_ints(e->attrs, "perm", perm);
  for (int64_t i = 0; i < e->out[0]->count; i++) {
    for (int k = 0; k < e->out[0]->rank; k++) from[perm[k]] = at[k];
    mdl_put(e->out[0], i, mdl_get(e->in[0], mdl_offset(e->in[0], from)));
    mdl_step(e->out[0]->rank, e->out[0]->dim, at);
  }
}

MDL_EVAL(reverse)
{
  const MdlTensor *a = e->in[0];
  int64_t axes[MDL_MAX_RANK], at[MDL_MAX_RANK] = {0}, from[MDL_MAX_RANK];
  int count = mdl_get_ints(e->attrs, "axes", axes);
  for (int64_t i = 0; i < a->count; i++) {
    memcpy(from, at, sizeof from);
    for (int k = 0; k < count; k++) from[axes[k]] = a->dim[axes[k]] - 1 - at[axes[k]];
    mdl_put(e->out[0], i, mdl_get(a, mdl_offset(a, from)));
    mdl_step(a->rank, a->dim, at);
  }
}

MDL_EVAL(slice)
{
  const MdlTensor *a = e->in[0], *y = e->out[0];
  const int64_t *start = mdl_eval_sizes(e, "start");
  int64_t step[MDL_MAX_RANK], at[MDL_MAX_RANK] = {0}, from[MDL_MAX_RANK];
  mdl_get_ints(e->attrs, "step", step);
  for (int k = 0; k < a->rank && y->count; k++)
    if (start[k] < 0 || start[k] + (y->dim[k] - 1) * step[k] >= a->dim[k])
      MDL_BUG(e->ir->session, "a slice leaves axis %d of %lld elements", k, (long long)a->dim[k]);
  for (int64_t i = 0; i < y->count; i++) {
    for (int k = 0; k < a->rank; k++) from[k] = start[k] + at[k] * step[k];
    mdl_put(e->out[0], i, mdl_get(a, mdl_offset(a, from)));
    mdl_step(y->rank, y->dim, at);
  }
}

/* Where a window of that length starts, moved to fit. */
static int64_t window_start(MdlEval *e, int axis, int64_t length)
{
  int64_t start = (int64_t)e->in[1]->integer[0], last = e->in[0]->dim[axis] - length;
  if (!mdl_is_unsigned(e->in[1]->dtype) && start < 0) {
    if (e->options->trap) mdl_eval_fail(e, MDL_STATUS_BAD_INDEX);
    return 0;
  }
  if ((uint64_t)start <= (uint64_t)last) return start;
  if (e->options->trap) mdl_eval_fail(e, MDL_STATUS_BAD_INDEX);
  return last;
}

MDL_EVAL(dynamic_slice)
{
  int axis = (int)mdl_get_int(e->attrs, "axis");
  MdlTensor *y = e->out[0];
  int64_t start = window_start(e, axis, y->dim[axis]), at[MDL_MAX_RANK] = {0}, from[MDL_MAX_RANK];
  for (int64_t i = 0; i < y->count; i++) {
    memcpy(from, at, sizeof from);
    from[axis] += start;
    mdl_put(y, i, mdl_get(e->in[0], mdl_offset(e->in[0], from)));
    mdl_step(y->rank, y->dim, at);
  }
}

MDL_EVAL(dynamic_update)
{
  int axis = (int)mdl_get_int(e->attrs, "axis");
  const MdlTensor *a = e->in[0], *c = e->in[2];
  int64_t start = window_start(e, axis, c->dim[axis]), at[MDL_MAX_RANK] = {0}, to[MDL_MAX_RANK];
  for (int64_t i = 0; i < a->count; i++) mdl_put(e->out[0], i, mdl_get(a, i));
  for (int64_t i = 0; i < c->count; i++) {
    memcpy(to, at, sizeof to);
    to[axis] += start;
    mdl_put(e->out[0], mdl_offset(a, to), mdl_get(c, i));
    mdl_step(c->rank, c->dim, at);
  }
}

MDL_EVAL(pad)
{
  const MdlTensor *a = e->in[0];
  MdlTensor *y = e->out[0];
  const int64_t *lo = mdl_eval_sizes(e, "lo");
  int64_t inner[MDL_MAX_RANK], at[MDL_MAX_RANK] = {0}, to[MDL_MAX_RANK];
  mdl_get_ints(e->attrs, "inner", inner);
  for (int64_t i = 0; i < y->count; i++) mdl_put(y, i, mdl_get(e->in[1], 0));
  for (int64_t i = 0; i < a->count; i++) {
    bool inside = true;
    for (int k = 0; k < a->rank; k++) {
      to[k] = lo[k] + at[k] * (inner[k] + 1);
      inside &= to[k] >= 0 && to[k] < y->dim[k];
    }
    if (inside) mdl_put(y, mdl_offset(y, to), mdl_get(a, i));
    mdl_step(a->rank, a->dim, at);
  }
}

MDL_EVAL(concat)
{
  int axis = (int)mdl_get_int(e->attrs, "axis");
  MdlTensor *y = e->out[0];
  int64_t at[MDL_MAX_RANK] = {0}, first = e->in[0]->dim[axis];
  for (int64_t i = 0; i < y->count; i++) {
    bool second = at[axis] >= first;
    const MdlTensor *from = e->in[second];
    if (second) at[axis] -= first;
    mdl_put(y, i, mdl_get(from, mdl_offset(from, at)));
    if (second) at[axis] += first;
    mdl_step(y->rank, y->dim, at);
  }
}
