/* What builtins ask of their arguments: see frontend/builtin.h. */
#include "frontend/fold.h"

#include <string.h>

MdlSession *mdl_sema_session(MdlSema *s) { return s->session; }
MdlArena *mdl_sema_arena(MdlSema *s) { return s->arena; }
MdlSizes *mdl_sema_sizes(MdlSema *s) { return s->sizes; }

static bool does_not_take(MdlSema *s, const MdlBuiltinCall *call, const MdlVal *v)
{
  mdl_error(s->session, MDL_E0307, v->at, call->name, mdl_vtype_text(s, v->type));
  return false;
}

MdlCore *mdl_want_tensor(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v)
{
  return mdl_val_core_of(s, v, call->name);
}

/* Open element types are told what they may become. */
static MdlCore *want_kind(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, bool floats,
                          bool integers)
{
  MdlCore *core = mdl_want_tensor(s, call, v);
  if (!core) return NULL;
  MdlCell *cell = mdl_cell_of(core->cell);
  if (mdl_core_is_open(core)) {
    if ((floats && (cell->is_integer || cell->is_index)) || (integers && cell->is_float))
      return does_not_take(s, call, v), NULL;
    cell->is_float |= floats, cell->is_integer |= integers;
    return core;
  }
  MdlDtype dtype = mdl_core_dtype(s, core);
  if (mdl_is_bool(dtype) && !floats && !integers) {
    MdlReport *r = mdl_error(s->session, MDL_E0304, v->at);
    mdl_help(r, "`i32(…)` or `f32(…)` makes 0 and 1");
    return NULL;
  }
  if (mdl_is_bool(dtype) || (floats && !mdl_is_float(dtype)) ||
      (integers && !mdl_is_integer(dtype)))
    return does_not_take(s, call, v), NULL;
  return core;
}

MdlCore *mdl_want_floats(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v)
{
  return want_kind(s, call, v, true, false);
}

MdlCore *mdl_want_numbers(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v)
{
  return want_kind(s, call, v, false, false);
}

MdlCore *mdl_want_integers(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v)
{
  return want_kind(s, call, v, false, true);
}

MdlCore *mdl_want_bools(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v)
{
  MdlDtype dtype;
  if (!mdl_is_kind(v, MDL_KIND_tensor) || !mdl_vtype_dtype(v->type, &dtype) || !mdl_is_bool(dtype))
    return does_not_take(s, call, v), NULL;
  return v->leaf[0];
}

MdlCore *mdl_want_dtype(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, MdlDtype dtype)
{
  MdlType type = mdl_type_scalar(dtype);
  if (!mdl_is_kind(v, MDL_KIND_number)) {
    MdlCore *core = mdl_want_tensor(s, call, v);
    if (!core) return NULL;
    type = mdl_type_with(&core->type, dtype);
  }
  MdlVal *same = mdl_coerce(s, v, mdl_vtype_tensor(s, &type), v->at, NULL, MDL_NO_SPAN);
  return mdl_is_poison(same) ? NULL : same->leaf[0];
}

static bool must_be_constant(MdlSema *s, const MdlBuiltinCall *call, const MdlVal *v)
{
  (void)call;
  mdl_error(s->session, MDL_E0506, v->at, mdl_source_text(s->session, v->at));
  return false;
}

bool mdl_want_int(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int64_t *number)
{
  const MdlSize *size = mdl_val_size_of(s, v);
  if (size && mdl_size_is_const(size, number)) return true;
  return must_be_constant(s, call, v);
}

bool mdl_want_flag(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, bool *flag)
{
  return mdl_const_bool(v, flag) || must_be_constant(s, call, v);
}

bool mdl_want_text(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, const char **text)
{
  if (!mdl_is_kind(v, MDL_KIND_text)) return does_not_take(s, call, v);
  *text = v->text;
  return true;
}

const MdlSize *mdl_want_size(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v)
{
  (void)call;
  int64_t value;
  const MdlSize *size = mdl_val_size_of(s, v);
  bool negative = size && mdl_size_is_const(size, &value) && value < 0;
  if (size && !negative && mdl_size_is_static(s, size)) return size;
  mdl_error(s->session, MDL_E0413, v->at, mdl_source_text(s->session, v->at),
            negative ? "negative" : "it is known at run time only");
  return NULL;
}

bool mdl_want_axis(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int rank, int *axis)
{
  int64_t number;
  if (!mdl_want_int(s, call, v, &number)) return false;
  if (number < -rank || number >= rank) {
    MdlReport *r =
        mdl_error(s->session, MDL_E0411, v->at, mdl_text(s->arena, "%lld", (long long)number),
                  mdl_text(s->arena, "of rank %d", rank));
    if (rank) mdl_help(r, "0 to %d, or -%d to -1", rank - 1, rank);
    return false;
  }
  *axis = (int)(number < 0 ? number + rank : number);
  return true;
}

static int sort_axes(MdlSema *s, const MdlVal *v, int count, int64_t *axes)
{
  for (int i = 1; i < count; i++)
    for (int k = i; k > 0 && axes[k - 1] > axes[k]; k--) {
      int64_t swap = axes[k];
      axes[k] = axes[k - 1], axes[k - 1] = swap;
    }
  for (int i = 1; i < count; i++)
    if (axes[i] == axes[i - 1]) {
      mdl_error(s->session, MDL_E0411, v->at, mdl_text(s->arena, "%d", (int)axes[i]), "twice");
      return -1;
    }
  return count;
}

int mdl_want_axes(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int rank, int64_t *axes)
{
  int axis;
  if (!v) {
    for (int i = 0; i < rank; i++) axes[i] = i;
    return rank;
  }
  if (!mdl_is_kind(v, MDL_KIND_tuple)) {
    if (!mdl_want_axis(s, call, v, rank, &axis)) return -1;
    axes[0] = axis;
    return 1;
  }
  for (int i = 0; i < v->type->items; i++) {
    if (i >= MDL_MAX_RANK || !mdl_want_axis(s, call, mdl_val_item(s, v, i), rank, &axis)) return -1;
    axes[i] = axis;
  }
  return sort_axes(s, v, v->type->items, axes);
}

bool mdl_want_ints(MdlSema *s, const MdlBuiltinCall *call, MdlVal *v, int count, int64_t preset,
                   int64_t *ints)
{
  int64_t one = preset;
  if (v && !mdl_is_kind(v, MDL_KIND_tuple) && !mdl_want_int(s, call, v, &one)) return false;
  for (int i = 0; i < count; i++) ints[i] = one;
  if (!v || !mdl_is_kind(v, MDL_KIND_tuple)) return true;
  if (v->type->items != count) return does_not_take(s, call, v);
  for (int i = 0; i < count; i++)
    if (!mdl_want_int(s, call, mdl_val_item(s, v, i), &ints[i])) return false;
  return true;
}

bool mdl_want_equal(MdlSema *s, const MdlBuiltinCall *call, const MdlSize *p, const MdlSize *q)
{
  if (p == q) return true;
  MdlReport *r = mdl_error(s->session, MDL_E0401, call->at, mdl_size_shown(s, p),
                           mdl_size_shown(s, q), call->name);
  for (int i = 0; i < 2; i++)
    if (call->arg[i]) mdl_also(r, call->arg[i]->at, "%s", mdl_vtype_text(s, call->arg[i]->type));
  return false;
}

bool mdl_want_same_dtype(MdlSema *s, const MdlBuiltinCall *call, MdlCore *a, MdlCore *b)
{
  bool x = mdl_core_is_open(a), y = mdl_core_is_open(b);
  if (x && y) {
    mdl_cell_join(a->cell, b->cell);
    return true;
  }
  if (x) mdl_cell_decide(a->cell, mdl_core_dtype(s, b), b->at);
  if (y) mdl_cell_decide(b->cell, mdl_core_dtype(s, a), a->at);
  MdlDtype da = mdl_core_dtype(s, a), db = mdl_core_dtype(s, b);
  if (da == db) return true;
  MdlReport *r = mdl_error(s->session, MDL_E0302, call->at, call->name, mdl_dtypes[da].name,
                           mdl_dtypes[db].name);
  mdl_help(r, "convert one side");
  return false;
}
