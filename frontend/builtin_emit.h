/* What builtins of several kinds build. */
#ifndef MDL_FRONTEND_BUILTIN_EMIT_H
#define MDL_FRONTEND_BUILTIN_EMIT_H

#include "frontend/sema.h"

static inline const MdlSize *mdl_num(MdlSema *s, int64_t n)
{
  return mdl_size_const(mdl_sema_sizes(s), n);
}

/* Reduced over the axes; with `keep` they stay, of length 1. */
MdlCore *mdl_emit_reduce_keep(MdlSema *s, MdlOp op, MdlCore *a, int count, const int64_t *axes,
                              bool keep);
/* Axes of length 1 put back where they were reduced away from `whole`. */
MdlCore *mdl_emit_keep(MdlSema *s, MdlCore *a, const MdlType *whole, int count,
                       const int64_t *axes);
/* `a`, reduced over the axes, stretched to the shape of `whole` again. */
MdlCore *mdl_emit_along(MdlSema *s, MdlCore *a, const MdlType *whole, int count,
                        const int64_t *axes);
/* The largest along the axes, as a constant for derivatives; 0 where it is not finite, so that
 * a - peak is no NaN in a row of -inf. */
MdlCore *mdl_emit_peak(MdlSema *s, MdlCore *a, int count, const int64_t *axes);
/* log(sum(exp(a))), reduced over the axes; -inf with gradient 0 for a row of -inf. */
MdlCore *mdl_emit_logsumexp(MdlSema *s, MdlCore *a, int count, const int64_t *axes);
/* The number of elements along the axes, as a scalar of that element type. */
MdlCore *mdl_emit_count(MdlSema *s, const MdlType *type, int count, const int64_t *axes,
                        MdlDtype dtype);
/* f16 and bf16 as f32: sums round once, at the end. */
MdlCore *mdl_emit_wide(MdlSema *s, MdlCore *a);
/* One axis of length n more, before axis `at`. */
MdlCore *mdl_emit_new_axis(MdlSema *s, MdlCore *a, int at);
/* from..to along one axis, everything along the others. */
MdlCore *mdl_emit_part(MdlSema *s, MdlCore *a, int axis, const MdlSize *from, const MdlSize *to);
/* An index tensor along one axis of a shape: i32. */
MdlCore *mdl_emit_index(MdlSema *s, int rank, const MdlSize *const *dim, int axis);
/* An index tensor, shown as `shown`, stays within 0..n-1: with --checks=trap, else reads clamp
 * anyway. */
void mdl_emit_index_check(MdlSema *s, MdlCore *index, const MdlSize *n, const char *shown);
/* `f` does not take this: E0307, and poison. */
MdlVal *mdl_refuse(MdlSema *s, const MdlBuiltinCall *call, const MdlVal *v);
/* p = q in this call, known or by a guard; else E0412 about `v`. */
bool mdl_want_fit(MdlSema *s, const MdlBuiltinCall *call, const MdlVal *v, const MdlSize *p,
                  const MdlSize *q);
/* The tensors of a `name*`, or of the one tuple that stands there. */
int mdl_want_list(MdlSema *s, const MdlBuiltinCall *call, MdlVal *const **list);
/* A number, a (lo, hi) for all axes, or one of either an axis. */
bool mdl_want_margins(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int axes,
                      const MdlSize **lo, const MdlSize **hi);
/* A tensor as a value. */
MdlVal *mdl_tensor_val(MdlSema *s, const MdlBuiltinCall *call, MdlCore *a);
/* The shape that the wanted type asks for (E0311 if none is known). Its element type is *dtype when
 * known, else `preset`. */
bool mdl_wanted_shape(MdlSema *s, const MdlBuiltinCall *call, MdlType *type, MdlDtype preset);

#endif
