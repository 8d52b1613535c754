/* Types of gather and of the scatters. The first `batch` axes of a and b are walked together; the
 * rest of b's axes stand where `axis` of a was:
 *   a [B.., L.., K, R..]   b [B.., I..]   gathered and c [B.., L.., I.., R..] */
#include "ir/typing_rules.h"

static bool gathered_type(MdlTyping *t, MdlType *y)
{
  const MdlType *a = t->in[0], *b = t->in[1];
  int axis, batch = (int)mdl_get_int(t->attrs, "batch");
  if (!mdl_type_axis(t, "axis", a->rank, &axis)) return false;
  if (batch < 0 || batch > axis || batch > b->rank)
    return mdl_type_no(t, "%d axes cannot be walked together before axis %d of %s by %s", batch,
                       axis, mdl_type_text(t->ir->arena, a), mdl_type_text(t->ir->arena, b));
  for (int i = 0; i < batch; i++)
    if (!mdl_type_same_dim(t, 0, i, 1, i)) return false;
  int places = b->rank - batch;
  if (a->rank - 1 + places > MDL_MAX_RANK)
    return mdl_type_no(t, "the result has more than %d axes", MDL_MAX_RANK);
  *y = mdl_type_scalar(a->dtype);
  for (int i = 0; i < axis; i++) y->dim[y->rank++] = a->dim[i];
  for (int i = 0; i < places; i++) y->dim[y->rank++] = b->dim[batch + i];
  for (int i = axis + 1; i < a->rank; i++) y->dim[y->rank++] = a->dim[i];
  return true;
}

bool mdl_type_gather(MdlTyping *t) { return gathered_type(t, &t->out[0]); }

static bool scatter_type(MdlTyping *t)
{
  MdlType slices;
  if (!gathered_type(t, &slices)) return false;
  if (!mdl_type_equal(&slices, t->in[2]))
    return mdl_type_no(t, "the slices to put are %s, the places take %s",
                       mdl_type_text(t->ir->arena, t->in[2]), mdl_type_text(t->ir->arena, &slices));
  t->out[0] = *t->in[0];
  return true;
}

bool mdl_type_scatter(MdlTyping *t) { return scatter_type(t); }

static bool scatter_number_type(MdlTyping *t)
{
  if (mdl_is_bool(t->in[0]->dtype)) return mdl_type_no(t, "bools cannot be added or compared");
  return scatter_type(t);
}

bool mdl_type_scatter_add(MdlTyping *t) { return scatter_number_type(t); }
bool mdl_type_scatter_mul(MdlTyping *t) { return scatter_number_type(t); }
bool mdl_type_scatter_max(MdlTyping *t) { return scatter_number_type(t); }
bool mdl_type_scatter_min(MdlTyping *t) { return scatter_number_type(t); }
