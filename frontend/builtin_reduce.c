/* Reductions over axes. */
#include "frontend/builtin.h"

/* Puts axes of length 1 back where they were reduced away. */
static MdlCore *keep_axes(MdlSema *s, MdlCore *reduced, const MdlType *was, int count,
                          const int64_t *axes) {
  const MdlSize *dim[MDL_MAX_RANK];
  for (int i = 0; i < was->rank; i++) dim[i] = was->dim[i];
  for (int i = 0; i < count; i++) dim[axes[i]] = mdl_size_const(mdl_sema_sizes(s), 1);
  return mdl_emit_reshape(s, reduced, was->rank, dim);
}

MdlVal *mdl_builtin_reduce(MdlSema *s, const MdlBuiltinCall *call) {
  int64_t axes[MDL_MAX_RANK];
  bool keep = false;
  MdlCore *x = mdl_want_numbers(s, call, call->arg[0]);
  if (!x || (call->arg[2] && !mdl_want_flag(s, call, call->arg[2], &keep)))
    return mdl_val_poison(s);
  int count = mdl_want_axes(s, call, call->arg[1], x->type.rank, axes);
  if (count < 0) return mdl_val_poison(s);
  MdlCore *y = count ? mdl_emit_reduce(s, (MdlOp)call->which, x, count, axes) : x;
  if (keep) y = keep_axes(s, y, &x->type, count, axes);
  return mdl_val_core(s, y, call->at);
}
