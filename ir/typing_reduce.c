/* Types of reductions, scans and sorts. */
#include "ir/typing_rules.h"

static void without(const MdlType *a, const bool *has, MdlType *y)
{
  *y = mdl_type_scalar(a->dtype);
  for (int i = 0; i < a->rank; i++)
    if (!has[i]) y->dim[y->rank++] = a->dim[i];
}

static bool reduce_type(MdlTyping *t)
{
  bool has[MDL_MAX_RANK];
  if (!mdl_type_axes(t, "axes", t->in[0]->rank, has)) return false;
  without(t->in[0], has, &t->out[0]);
  return true;
}

bool mdl_type_reduce_sum(MdlTyping *t) { return reduce_type(t); }
bool mdl_type_reduce_prod(MdlTyping *t) { return reduce_type(t); }
bool mdl_type_reduce_max(MdlTyping *t) { return reduce_type(t); }
bool mdl_type_reduce_min(MdlTyping *t) { return reduce_type(t); }
bool mdl_type_reduce_any(MdlTyping *t) { return reduce_type(t); }
bool mdl_type_reduce_all(MdlTyping *t) { return reduce_type(t); }

static bool argument_type(MdlTyping *t)
{
  bool has[MDL_MAX_RANK] = {false};
  int64_t length;
  int axis;
  if (!mdl_type_axis(t, "axis", t->in[0]->rank, &axis)) return false;
  if (mdl_size_is_const(t->in[0]->dim[axis], &length) && !length)
    return mdl_type_no(t, "axis %d of %s is empty: it has no largest or smallest", axis,
                       mdl_type_text(t->ir->arena, t->in[0]));
  has[axis] = true;
  without(t->in[0], has, &t->out[0]);
  t->out[0].dtype = MDL_i32;
  return true;
}

bool mdl_type_argmax(MdlTyping *t) { return argument_type(t); }
bool mdl_type_argmin(MdlTyping *t) { return argument_type(t); }

static bool scan_type(MdlTyping *t)
{
  int axis;
  t->out[0] = *t->in[0];
  return mdl_type_axis(t, "axis", t->in[0]->rank, &axis);
}

bool mdl_type_cumsum(MdlTyping *t) { return scan_type(t); }
bool mdl_type_cumprod(MdlTyping *t) { return scan_type(t); }
bool mdl_type_cummax(MdlTyping *t) { return scan_type(t); }

bool mdl_type_sort(MdlTyping *t)
{
  t->out[1] = mdl_type_with(t->in[0], MDL_i32);
  return scan_type(t);
}
