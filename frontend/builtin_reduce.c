/* Reductions over axes: `axis=` is an integer or a tuple, `keep=true` leaves axes of length 1. */
#include "frontend/builtin_emit.h"

#include <math.h>

/* x, axis, keep as every reduction takes them. */
typedef struct Reduction {
  MdlCore *x;
  int count;
  int64_t axes[MDL_MAX_RANK];
  bool keep;
} Reduction;

static bool read(MdlSema *s, const MdlBuiltinCall *call, MdlVal *axis, MdlVal *keep, Reduction *r)
{
  r->keep = false;
  if (!r->x || (keep && !mdl_want_flag(s, call, keep, &r->keep))) return false;
  r->count = mdl_want_axes(s, call, axis, r->x->type.rank, r->axes);
  return r->count >= 0;
}

static MdlCore *reduced(MdlSema *s, MdlOp op, const Reduction *r)
{
  return mdl_emit_reduce_keep(s, op, r->x, r->count, r->axes, r->keep);
}

/* A struct's sum is the sum of its leaves' sums. */
static MdlVal *sum_of_leaves(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlVal *record = call->arg[0];
  MdlCore *total = NULL;
  for (int i = 0; i < mdl_leaf_count(record->type); i++) {
    MdlVal *leaf = mdl_val_core(s, record->leaf[i], record->at);
    Reduction r = {.x = mdl_want_numbers(s, call, leaf)};
    if (!read(s, call, NULL, NULL, &r)) return mdl_val_poison(s);
    MdlCore *part = reduced(s, (MdlOp)call->which, &r);
    if (total && !mdl_want_same_dtype(s, call, total, part)) return mdl_val_poison(s);
    total = total ? mdl_emit_map2(s, MDL_OP_add, total, part) : part;
  }
  return mdl_tensor_val(s, call, total);
}

MdlVal *mdl_builtin_reduce(MdlSema *s, const MdlBuiltinCall *call)
{
  if (mdl_is_kind(call->arg[0], MDL_KIND_struct) && call->which == MDL_OP_reduce_sum)
    return sum_of_leaves(s, call);
  bool logical = call->which == MDL_OP_reduce_any || call->which == MDL_OP_reduce_all;
  Reduction r = {.x = logical ? mdl_want_bools(s, call, call->arg[0])
                              : mdl_want_numbers(s, call, call->arg[0])};
  if (!read(s, call, call->arg[1], call->arg[2], &r)) return mdl_val_poison(s);
  return mdl_tensor_val(s, call, reduced(s, (MdlOp)call->which, &r));
}

/* max(x, y) is elementwise, max(x, axis=0) reduces: `which` is the elementwise row. */
MdlVal *mdl_builtin_extreme(MdlSema *s, const MdlBuiltinCall *call)
{
  bool larger = call->which == MDL_OP_max;
  if (call->arg[1]) {
    if (call->arg[2] || call->arg[3]) {
      MdlVal *extra = call->arg[call->arg[2] ? 2 : 3];
      mdl_error(mdl_sema_session(s), MDL_E0503, extra->at, call->name,
                "two operands and an axis: one or the other");
      return mdl_val_poison(s);
    }
    MdlVal *operand[] = {call->arg[0], call->arg[1]};
    return mdl_apply_map(s, (MdlOp)call->which, call->name, 2, operand, call->at);
  }
  Reduction r = {.x = mdl_want_numbers(s, call, call->arg[0])};
  if (!read(s, call, call->arg[2], call->arg[3], &r)) return mdl_val_poison(s);
  return mdl_tensor_val(s, call, reduced(s, larger ? MDL_OP_reduce_max : MDL_OP_reduce_min, &r));
}

static MdlCore *mean_of(MdlSema *s, const Reduction *r, MdlDtype dtype)
{
  MdlCore *sum = reduced(s, MDL_OP_reduce_sum, r);
  MdlCore *n = mdl_emit_count(s, &r->x->type, r->count, r->axes, dtype);
  return mdl_emit_map2(s, MDL_OP_div, sum, n);
}

/* sum/n; `which` 1: the mean of the squared distances from the mean. */
MdlVal *mdl_builtin_mean(MdlSema *s, const MdlBuiltinCall *call)
{
  Reduction r = {.x = mdl_want_floats(s, call, call->arg[0])};
  if (!read(s, call, call->arg[1], call->arg[2], &r)) return mdl_val_poison(s);
  MdlDtype dtype = mdl_core_dtype(s, r.x);
  r.x = mdl_emit_wide(s, r.x);
  MdlDtype wide = mdl_core_dtype(s, r.x);
  if (call->which) {
    bool keep = r.keep;
    r.keep = false;
    MdlCore *middle = mdl_emit_along(s, mean_of(s, &r, wide), &r.x->type, r.count, r.axes);
    MdlCore *away = mdl_emit_map2(s, MDL_OP_sub, r.x, middle);
    r.x = mdl_emit_map2(s, MDL_OP_mul, away, away);
    r.keep = keep;
  }
  return mdl_tensor_val(s, call, mdl_emit_convert(s, mean_of(s, &r, wide), dtype));
}

MdlVal *mdl_builtin_arg_extreme(MdlSema *s, const MdlBuiltinCall *call)
{
  int64_t size;
  MdlCore *x = mdl_want_numbers(s, call, call->arg[0]);
  int axis = 0;
  bool keep = false;
  if (!x || (call->arg[2] && !mdl_want_flag(s, call, call->arg[2], &keep)))
    return mdl_val_poison(s);
  if (call->arg[1]) {
    if (!mdl_want_axis(s, call, call->arg[1], x->type.rank, &axis)) return mdl_val_poison(s);
  } else if (x->type.rank != 1) { /* over all elements, in row-major order */
    const MdlSize *n = mdl_type_elements(mdl_sema_sizes(s), &x->type);
    x = x->type.rank ? mdl_emit_reshape(s, x, 1, &n) : mdl_emit_splat(s, x, 1, &n);
  }
  if (mdl_size_is_const(x->type.dim[axis], &size) && size == 0) {
    mdl_error(mdl_sema_session(s), MDL_E0411, call->at, mdl_text(mdl_sema_arena(s), "%d", axis),
              "is empty");
    return mdl_val_poison(s);
  }
  MdlCore *y = mdl_emit_arg(s, (MdlOp)call->which, x, axis);
  return mdl_tensor_val(s, call, keep ? mdl_emit_new_axis(s, y, axis) : y);
}

/* log(sum(exp(x))) about the row's peak. A row of -inf gives -inf with gradient 0: the branch that
 * is not taken divides by 1. */
MdlCore *mdl_emit_logsumexp(MdlSema *s, MdlCore *x, int count, const int64_t *axes)
{
  MdlCore *peak = mdl_emit_peak(s, x, count, axes);
  MdlCore *over = mdl_emit_along(s, peak, &x->type, count, axes);
  MdlCore *e = mdl_emit_map1(s, MDL_OP_exp, mdl_emit_map2(s, MDL_OP_sub, x, over));
  MdlCore *sum = mdl_emit_reduce_keep(s, MDL_OP_reduce_sum, e, count, axes, false);
  MdlCore *dead = mdl_emit_map2(s, MDL_OP_eq, sum, mdl_emit_like(s, sum, 0));
  MdlCore *safe = mdl_emit_map3(s, MDL_OP_where, dead, mdl_emit_like(s, sum, 1), sum);
  MdlCore *y = mdl_emit_map2(s, MDL_OP_add, mdl_emit_map1(s, MDL_OP_log, safe), peak);
  return mdl_emit_map3(s, MDL_OP_where, dead, mdl_emit_like(s, y, -(double)INFINITY), y);
}

MdlVal *mdl_builtin_logsumexp(MdlSema *s, const MdlBuiltinCall *call)
{
  Reduction r = {.x = mdl_want_floats(s, call, call->arg[0])};
  if (!read(s, call, call->arg[1], call->arg[2], &r)) return mdl_val_poison(s);
  MdlCore *y = mdl_emit_logsumexp(s, r.x, r.count, r.axes);
  return mdl_tensor_val(s, call, r.keep ? mdl_emit_keep(s, y, &r.x->type, r.count, r.axes) : y);
}

/* exp(x)/sum(exp(x)) along one axis, or (`which` 1) its logarithm. A row of -inf gives zeros:
 * masking every key must not poison a batch. */
MdlVal *mdl_builtin_softmax(MdlSema *s, const MdlBuiltinCall *call)
{
  MdlCore *x = mdl_want_floats(s, call, call->arg[0]);
  if (!x) return mdl_val_poison(s);
  int axis = x->type.rank - 1;
  if (!x->type.rank) return mdl_refuse(s, call, call->arg[0]);
  if (call->arg[1] && !mdl_want_axis(s, call, call->arg[1], x->type.rank, &axis))
    return mdl_val_poison(s);
  int64_t axes[] = {axis};
  MdlCore *peak = mdl_emit_along(s, mdl_emit_peak(s, x, 1, axes), &x->type, 1, axes);
  MdlCore *away = mdl_emit_map2(s, MDL_OP_sub, x, peak);
  MdlCore *e = mdl_emit_map1(s, MDL_OP_exp, away);
  MdlCore *sum = mdl_emit_reduce_keep(s, MDL_OP_reduce_sum, e, 1, axes, false);
  MdlCore *dead = mdl_emit_map2(s, MDL_OP_eq, sum, mdl_emit_like(s, sum, 0));
  MdlCore *safe = mdl_emit_map3(s, MDL_OP_where, dead, mdl_emit_like(s, sum, 1), sum);
  if (call->which) {
    MdlCore *log = mdl_emit_along(s, mdl_emit_map1(s, MDL_OP_log, safe), &x->type, 1, axes);
    return mdl_tensor_val(s, call, mdl_emit_map2(s, MDL_OP_sub, away, log));
  }
  safe = mdl_emit_along(s, safe, &x->type, 1, axes);
  return mdl_tensor_val(s, call, mdl_emit_map2(s, MDL_OP_div, e, safe));
}
