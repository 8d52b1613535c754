/* Indexing: static parts become one slice, run-time parts gathers and dynamic slices, then one
 * reshape drops and adds axes. */
#include "frontend/fold.h"

#include <string.h>

MdlCore *mdl_index_core(MdlSema *s, MdlVal *v)
{
  MdlDtype dtype;
  if (mdl_is_poison(v)) return NULL;
  const MdlSize *known = v->cell ? NULL : mdl_val_size_of(s, v);
  if (known) v = mdl_val_size(s, known, v->at);
  if (mdl_is_kind(v, MDL_KIND_size)) {
    const char *name[32];
    bool narrow = true;
    int count = mdl_size_names(v->size, name, 32);
    for (int i = 0; i < count && i < 32; i++) {
      const MdlCore *atom = mdl_map_get(s->atoms, mdl_intern_text(s->arena, name[i]));
      narrow &= !atom || atom->type.dtype == MDL_index;
    }
    return mdl_emit_size(s, v->size, narrow ? MDL_index : MDL_i64);
  }
  MdlCore *core = mdl_is_kind(v, MDL_KIND_number) || mdl_is_kind(v, MDL_KIND_tensor)
                      ? mdl_val_core_of(s, v, NULL)
                      : NULL;
  if (core && mdl_core_is_open(core) && !mdl_cell_of(core->cell)->is_float)
    mdl_cell_of(core->cell)->is_integer = true;
  if (core && mdl_core_is_open(core) && !mdl_cell_of(core->cell)->is_float) return core;
  if (core && mdl_vtype_dtype(mdl_val_core(s, core, v->at)->type, &dtype) && mdl_is_integer(dtype))
    return core;
  if (core && core->type.rank && mdl_core_dtype(s, core) == MDL_bool) {
    mdl_error(s->session, MDL_E0417, v->at);
    return NULL;
  }
  MdlReport *r = mdl_error(s->session, MDL_E0308, v->at, mdl_vtype_text(s, v->type));
  if (mdl_is_kind(v, MDL_KIND_tensor)) mdl_help(r, "`i32(i)` converts");
  return NULL;
}

void mdl_check_index(MdlSema *s, MdlCore *index, const MdlSize *extent, const char *text)
{
  if (!s->options->trap) return;
  MdlDtype dtype = mdl_core_dtype(s, index);
  if (mdl_dtypes[dtype].bits < 32) /* the extent may not fit in an i8 or u8 */
    index = mdl_emit_convert(s, index, dtype = MDL_i32);
  MdlCore *low = mdl_emit_map2(s, MDL_OP_ge, index, mdl_emit_like(s, index, 0));
  MdlCore *top = mdl_emit_size(s, extent, dtype);
  MdlCore *high = mdl_emit_map2(s, MDL_OP_lt, index, top);
  MdlCore *holds = mdl_is_unsigned(dtype) ? high : mdl_emit_map2(s, MDL_OP_bitand, low, high);
  mdl_emit_check(s, holds, 2, text);
}

static const char *check_text(MdlSema *s, MdlSpan at, const MdlSize *extent)
{
  return mdl_text(s->arena, "index of %s in 0..%s", mdl_source_text(s->session, at),
                  mdl_size_shown(s, extent));
}

/* ---- one item an axis -------------------------------------------------------------------- */

int mdl_index_axes(MdlSema *s, const MdlIndex *index, int indices, int rank, MdlIndex *full,
                   MdlSpan at)
{
  int used = 0, dots = -1, count = 0;
  for (int i = 0; i < indices; i++) {
    if (index[i].kind == MDL_INDEX_ellipsis && dots >= 0) used = rank + 1;
    if (index[i].kind == MDL_INDEX_ellipsis) dots = i;
    if (index[i].kind == MDL_INDEX_at || index[i].kind == MDL_INDEX_slice) used++;
    if (index[i].kind != MDL_INDEX_named) continue;
    mdl_error(s->session, MDL_E0308, index[i].at, "a named argument");
    return -1;
  }
  if (used > rank) {
    mdl_error(s->session, MDL_E0408, at, mdl_text(s->arena, "%d", used),
              mdl_text(s->arena, "%d", rank));
    return -1;
  }
  MdlIndex whole = {.kind = MDL_INDEX_slice, .at = at};
  for (int i = 0; i < indices; i++) {
    for (int k = used; i == dots && k < rank; k++) full[count++] = whole;
    if (i != dots) full[count++] = index[i];
  }
  for (int k = used; dots < 0 && k < rank; k++) full[count++] = whole;
  return count;
}

typedef struct Axis {
  enum { AXIS_whole, AXIS_static, AXIS_at, AXIS_tensor, AXIS_window, AXIS_new } kind;
  bool drop;                    /* static: a single element */
  const MdlSize *start, *limit; /* static */
  int64_t step;
  MdlCore *index;        /* at, tensor, window */
  const MdlSize *length; /* window */
} Axis;

static bool out_of_range(MdlSema *s, const MdlSize *i, const MdlSize *n, MdlSpan at)
{
  MdlReport *r = mdl_error(s->session, MDL_E0407, at, mdl_size_shown(s, i), mdl_size_shown(s, n));
  int64_t extent;
  if (mdl_size_is_const(n, &extent) && extent > 0)
    mdl_help(r, "0 to %lld, or -%lld to -1", (long long)extent - 1, (long long)extent);
  return false;
}

/* left >= 0 for all sizes, or a guard; false where it never holds. */
static bool at_least_zero(MdlSema *s, const MdlSize *left, MdlSpan at)
{
  int64_t value;
  if (!left) return false;
  if (mdl_size_is_const(left, &value)) return value >= 0;
  if (mdl_size_dominates(s->sizes, left, mdl_size_const(s->sizes, 0))) return true;
  if (mdl_size_is_static(s, left)) mdl_equation_add(s, left, NULL, at, NULL);
  return true;
}

static bool static_at(MdlSema *s, const MdlSize *i, const MdlSize *n, Axis *axis, MdlSpan at)
{
  MdlSizes *z = s->sizes;
  const MdlSize *one = mdl_size_const(z, 1), *shown = i;
  int64_t value;
  if (mdl_size_is_const(i, &value) && value < 0) i = mdl_size_add(z, n, i);
  axis->kind = AXIS_static, axis->drop = true, axis->step = 1;
  axis->start = i;
  axis->limit = mdl_size_add(z, i, one);
  if (!at_least_zero(s, i, at) || !at_least_zero(s, mdl_size_sub(z, n, axis->limit), at))
    return out_of_range(s, shown, n, at);
  return true;
}

static bool index_at(MdlSema *s, const MdlIndex *index, const MdlSize *n, Axis *axis)
{
  MdlVal *v = mdl_expr(s, index->value, NULL);
  if (mdl_is_kind(v, MDL_KIND_range)) {
    MdlReport *r = mdl_error(s->session, MDL_E0113, index->at);
    mdl_help(r, "a slice is `x[a:b]`");
    return false;
  }
  const MdlSize *size = mdl_val_size_of(s, v);
  if (size && mdl_size_is_static(s, size)) return static_at(s, size, n, axis, index->at);
  axis->index = mdl_index_core(s, v);
  if (!axis->index) return false;
  axis->kind = axis->index->type.rank ? AXIS_tensor : AXIS_at;
  mdl_check_index(s, axis->index, n, check_text(s, index->at, n));
  return true;
}

/* A bound of a slice: a size, perhaps with loop names; NULL without a report for run-time values,
 * whose op goes to *core. */
static bool bound(MdlSema *s, const MdlExpr *expr, const MdlSize *n, const MdlSize *preset,
                  const MdlSize **size, MdlCore **core)
{
  int64_t value;
  *size = preset;
  if (!expr) return true;
  MdlVal *v = mdl_expr(s, expr, NULL);
  *size = mdl_val_size_of(s, v);
  if (*size && mdl_size_is_const(*size, &value) && value < 0)
    *size = mdl_size_add(s->sizes, n, *size);
  if (*size) return true;
  *core = mdl_index_core(s, v);
  if (!*core) return false;
  if ((*core)->type.rank) {
    mdl_error(s->session, MDL_E0308, expr->at, mdl_vtype_text(s, v->type));
    return false;
  }
  *size = mdl_core_symbolic(s, *core, 0);
  return *size != NULL;
}

static bool window(MdlSema *s, const MdlIndex *index, Axis *axis, MdlCore *start)
{
  axis->length = mdl_size_sub(s->sizes, axis->limit, axis->start);
  if (!axis->length || !mdl_size_is_static(s, axis->length) || axis->step != 1) {
    MdlReport *r = mdl_error(s->session, MDL_E0409, index->at, "length is no size");
    mdl_help(r, "`x[i:i+K]`");
    return false;
  }
  axis->kind = AXIS_window;
  axis->index = start ? start : mdl_index_core(s, mdl_val_size(s, axis->start, index->at));
  return axis->index != NULL;
}

static bool index_slice(MdlSema *s, const MdlIndex *index, const MdlSize *n, Axis *axis)
{
  MdlCore *core[2] = {NULL, NULL};
  axis->kind = AXIS_whole, axis->step = 1;
  axis->start = mdl_size_const(s->sizes, 0), axis->limit = n;
  if (!index->value && !index->end && !index->step) return true;
  if (!bound(s, index->value, n, axis->start, &axis->start, &core[0]) ||
      !bound(s, index->end, n, n, &axis->limit, &core[1]))
    return false;
  if (index->step) {
    const MdlSize *step = mdl_val_size_of(s, mdl_expr(s, index->step, NULL));
    if (!step || !mdl_size_is_const(step, &axis->step) || axis->step <= 0) {
      mdl_error(s->session, MDL_E0409, index->at, "step is not positive");
      return false;
    }
  }
  if (core[0] || core[1] || !mdl_size_is_static(s, axis->start) ||
      !mdl_size_is_static(s, axis->limit))
    return window(s, index, axis, core[0]);
  axis->kind = AXIS_static;
  return mdl_slice_in_range(s, axis->start, axis->limit, n, index->at);
}

bool mdl_slice_in_range(MdlSema *s, const MdlSize *start, const MdlSize *limit, const MdlSize *n,
                        MdlSpan at)
{
  if (!at_least_zero(s, start, at)) return out_of_range(s, start, n, at);
  if (!at_least_zero(s, mdl_size_sub(s->sizes, n, limit), at)) return out_of_range(s, limit, n, at);
  if (!at_least_zero(s, mdl_size_sub(s->sizes, limit, start), at))
    return out_of_range(s, start, limit, at);
  return true;
}

/* ---- all axes ---------------------------------------------------------------------------- */

static MdlCore *static_slice(MdlSema *s, MdlCore *x, int items, const Axis *axis)
{
  const MdlSize *start[MDL_MAX_RANK], *limit[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  bool any = false;
  for (int i = 0, k = 0; i < items; i++) {
    if (axis[i].kind == AXIS_new) continue;
    bool is_static = axis[i].kind == AXIS_static;
    start[k] = is_static ? axis[i].start : mdl_size_const(s->sizes, 0);
    limit[k] = is_static ? axis[i].limit : x->type.dim[k];
    step[k++] = is_static ? axis[i].step : 1;
    any |= is_static;
  }
  return any ? mdl_emit_slice(s, x, start, limit, step) : x;
}

static MdlCore *take(MdlSema *s, MdlCore *x, int items, const Axis *axis)
{
  const MdlSize *dim[2 * MDL_MAX_RANK];
  int rank = 0, at = x->type.rank, from = 0;
  bool reshaped = false;
  x = static_slice(s, x, items, axis);
  for (int i = items - 1; i >= 0; i--) { /* last axis first, so that numbers stay */
    if (axis[i].kind == AXIS_new) continue;
    at--;
    if (axis[i].kind == AXIS_at || axis[i].kind == AXIS_tensor)
      x = mdl_emit_gather(s, x, axis[i].index, at, 0);
    if (axis[i].kind == AXIS_window)
      x = mdl_emit_dynamic_slice(s, x, axis[i].index, at, axis[i].length);
  }
  for (int i = 0; i < items; i++) {
    if (axis[i].kind == AXIS_at) continue;
    int axes = axis[i].kind == AXIS_tensor ? axis[i].index->type.rank : 1;
    reshaped |= axis[i].kind == AXIS_new || axis[i].drop;
    if (axis[i].kind == AXIS_new)
      dim[rank++] = mdl_size_const(s->sizes, 1);
    else if (axis[i].drop)
      from++;
    else
      for (int k = 0; k < axes; k++) dim[rank++] = x->type.dim[from++];
  }
  return reshaped ? mdl_emit_reshape(s, x, rank, dim) : x;
}

/* x[i, j] with integer tensors pairs them up, as NumPy does: the axes are joined and walked by one
 * index. */
static bool join_tensors(MdlSema *s, MdlCore **x, int *items, Axis *axis, MdlSpan at)
{
  int first = -1, second = -1, number = -1;
  for (int i = 0, k = 0; i < *items; i++) {
    if (axis[i].kind == AXIS_tensor && first < 0)
      first = i, number = k;
    else if (axis[i].kind == AXIS_tensor && second < 0)
      second = i;
    k += axis[i].kind != AXIS_new;
  }
  if (second < 0) return true;
  if (second != first + 1) {
    mdl_error(s->session, MDL_E0990, at, "integer tensors at axes that are not neighbours");
    return false;
  }
  MdlType *t = &(*x)->type;
  MdlVal *one = mdl_val_int(s, 1, at), *zero = mdl_val_int(s, 0, at);
  MdlVal *extent = mdl_val_size(s, t->dim[number + 1], at), *joined[2];
  for (int i = 0; i < 2; i++) {
    MdlVal *n = mdl_val_size(s, t->dim[number + i], at);
    MdlVal *last = mdl_apply_map(s, MDL_OP_sub, "-", 2, (MdlVal *[]){n, one}, at);
    MdlVal *v = mdl_val_core(s, axis[first + i].index, at);
    v = mdl_apply_map(s, MDL_OP_max, "max", 2, (MdlVal *[]){v, zero}, at);
    joined[i] = mdl_apply_map(s, MDL_OP_min, "min", 2, (MdlVal *[]){v, last}, at);
  }
  MdlVal *flat = mdl_apply_map(s, MDL_OP_mul, "*", 2, (MdlVal *[]){joined[0], extent}, at);
  flat = mdl_apply_map(s, MDL_OP_add, "[]", 2, (MdlVal *[]){flat, joined[1]}, at);
  if (mdl_is_poison(flat)) return false;
  const MdlSize *dim[MDL_MAX_RANK];
  int rank = 0;
  for (int i = 0; i < t->rank; i++) {
    if (i == number + 1)
      dim[rank - 1] = mdl_size_mul(s->sizes, dim[rank - 1], t->dim[i]);
    else
      dim[rank++] = t->dim[i];
  }
  *x = mdl_emit_reshape(s, *x, rank, dim);
  axis[first].index = flat->leaf[0];
  memmove(axis + second, axis + second + 1, (size_t)(*items - second - 1) * sizeof *axis);
  --*items;
  return join_tensors(s, x, items, axis, at);
}

static MdlVal *index_tensor(MdlSema *s, MdlCore *x, const MdlIndex *index, int indices, MdlSpan at)
{
  MdlIndex full[3 * MDL_MAX_RANK];
  Axis axis[3 * MDL_MAX_RANK] = {{0}};
  if (indices > 2 * MDL_MAX_RANK) {
    mdl_error(s->session, MDL_E0902, at, "the rank");
    return mdl_val_poison(s);
  }
  int items = mdl_index_axes(s, index, indices, x->type.rank, full, at), rank = 0;
  if (items < 0) return mdl_val_poison(s);
  for (int i = 0, k = 0; i < items; i++) {
    bool ok = true;
    axis[i].step = 1;
    if (full[i].kind == MDL_INDEX_new)
      axis[i].kind = AXIS_new;
    else if (full[i].kind == MDL_INDEX_at)
      ok = index_at(s, &full[i], x->type.dim[k++], &axis[i]);
    else
      ok = index_slice(s, &full[i], x->type.dim[k++], &axis[i]);
    if (!ok) return mdl_val_poison(s);
    rank += axis[i].kind == AXIS_tensor ? axis[i].index->type.rank : 1;
  }
  if (rank > s->session->limits.rank) {
    mdl_error(s->session, MDL_E0902, at, "the rank");
    return mdl_val_poison(s);
  }
  s->at = at;
  if (!join_tensors(s, &x, &items, axis, at)) return mdl_val_poison(s);
  return mdl_val_core(s, take(s, x, items, axis), at);
}

/* ---- values ------------------------------------------------------------------------------ */

MdlVal *mdl_row_of(MdlSema *s, MdlVal *stack, const MdlSize *at, bool check, MdlSpan span)
{
  const MdlSize *extent;
  const MdlVType *type = mdl_vtype_row(s, stack->type, &extent);
  int count = mdl_leaf_count(type);
  MdlCore **leaf = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  MdlCore *index = NULL;
  s->at = span;
  for (int i = 0; i < count; i++) {
    leaf[i] = mdl_mapped_row(s, stack->leaf[i], at);
    if (leaf[i]) continue;
    if (!index) {
      index = mdl_index_core(s, mdl_val_size(s, at, span));
      if (check) mdl_check_index(s, index, extent, check_text(s, span, extent));
    }
    leaf[i] = mdl_emit_gather(s, stack->leaf[i], index, 0, 0);
  }
  return mdl_val_of(s, type, leaf, span);
}

/* Stacks of structs: the same index for every leaf. */
static MdlVal *index_stack(MdlSema *s, MdlVal *base, const MdlIndex *index, int indices, MdlSpan at)
{
  int count = mdl_leaf_count(base->type), drop = 0;
  MdlCore **leaf = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  if (indices > base->type->stack) {
    mdl_error(s->session, MDL_E0408, at, mdl_text(s->arena, "%d", indices),
              mdl_text(s->arena, "%d", base->type->stack));
    return mdl_val_poison(s);
  }
  MdlVType *type = MDL_NEW(s->arena, MdlVType, 1);
  *type = *base->type;
  for (int i = 0; i < count; i++) {
    MdlVal *v = index_tensor(s, base->leaf[i], index, indices, at);
    if (mdl_is_poison(v)) return v;
    leaf[i] = v->leaf[0];
    drop = base->leaf[i]->type.rank - leaf[i]->type.rank;
    for (int k = 0; k < type->stack - drop; k++) type->stack_dim[k] = leaf[i]->type.dim[k];
  }
  type->stack -= drop;
  return mdl_val_of(s, type, leaf, at);
}

static bool is_plain_at(const MdlIndex *index) { return index->kind == MDL_INDEX_at; }

MdlVal *mdl_index_value(MdlSema *s, MdlVal *base, const MdlIndex *index, int indices, MdlSpan at)
{
  if (mdl_is_poison(base)) return base;
  /* x[i, …] in a comprehension over i: the row is an argument of the mapped body */
  while (indices && is_plain_at(index) && mdl_map_count(s->binders) &&
         (mdl_is_kind(base, MDL_KIND_tensor) || mdl_is_kind(base, MDL_KIND_struct))) {
    const MdlSize *extent;
    if (index->value->kind != MDL_EXPR_name || !mdl_vtype_row(s, base->type, &extent)) break;
    MdlLocal *local = mdl_local_find(s, index->value->name);
    if (!local || !mdl_is_kind(local->value, MDL_KIND_size) || !mdl_leaf_count(base->type)) break;
    if (!mdl_mapped_row(s, base->leaf[0], local->value->size)) break;
    local->used = true;
    base = mdl_row_of(s, base, local->value->size, false, at);
    index++, indices--;
  }
  if (!indices) return base;
  if (mdl_is_kind(base, MDL_KIND_struct) && base->type->stack)
    return index_stack(s, base, index, indices, at);
  if (mdl_is_kind(base, MDL_KIND_tensor) && !base->type->tensor.rank) {
    bool news = true;
    for (int i = 0; i < indices; i++) news &= index[i].kind == MDL_INDEX_new;
    if (!news) {
      mdl_error(s->session, MDL_E0208, base->at, "tensor", mdl_source_text(s->session, base->at),
                mdl_vtype_text(s, base->type));
      return mdl_val_poison(s);
    }
  }
  if (mdl_is_kind(base, MDL_KIND_tensor)) return index_tensor(s, base->leaf[0], index, indices, at);
  MdlReport *r = mdl_error(s->session, MDL_E0307, at, "[]", mdl_vtype_text(s, base->type));
  if (mdl_is_kind(base, MDL_KIND_tuple)) mdl_help(r, "`t.0` is an element of a tuple");
  return mdl_val_poison(s);
}

/* ---- f[N=4], GPT[V=50] ------------------------------------------------------------------- */

static MdlVal *bind_function(MdlSema *s, MdlVal *base, const MdlExpr *expr)
{
  MdlFnVal *fn = MDL_NEW(s->arena, MdlFnVal, 1);
  *fn = *base->fn;
  fn->binding = MDL_NEW(s->arena, MdlBinding, MDL_MAX_GENERICS);
  fn->bindings = mdl_decl_generics(s, fn->decl, fn->binding);
  int skip = fn->decl->owner ? fn->decl->owner->item->generics : 0;
  for (int i = 0; i < base->fn->bindings; i++) fn->binding[i] = base->fn->binding[i];
  if (!mdl_bind_arguments(s, fn->bindings - skip, fn->binding + skip, expr->index.index,
                          expr->index.indices, fn->decl->name.text, fn->decl->name.at))
    return mdl_val_poison(s);
  return mdl_val_fn(s, fn, expr->at);
}

MdlVal *mdl_index_expr(MdlSema *s, const MdlExpr *expr)
{
  MdlVal *base = mdl_expr(s, expr->index.base, NULL);
  if (mdl_is_kind(base, MDL_KIND_fn)) {
    const MdlVType *type = base->fn->kind == MDL_FN_make ? mdl_type_of_expr(s, expr) : NULL;
    if (type) {
      MdlFnVal *fn = MDL_NEW(s->arena, MdlFnVal, 1);
      if (type->kind != MDL_KIND_struct) return mdl_val_poison(s);
      *fn = *base->fn;
      fn->type = type;
      return mdl_val_fn(s, fn, expr->at);
    }
    if (base->fn->kind == MDL_FN_decl || base->fn->kind == MDL_FN_method)
      return bind_function(s, base, expr);
    if (base->fn->kind == MDL_FN_convert)
      mdl_error(s->session, MDL_E0208, expr->at, "value", mdl_source_text(s->session, expr->at),
                "type");
    else
      mdl_error(s->session, MDL_E0507, expr->at, mdl_fn_name(s, base->fn),
                mdl_source_text(s->session, expr->index.index[0].at));
    return mdl_val_poison(s);
  }
  return mdl_index_value(s, base, expr->index.index, expr->index.indices, expr->at);
}
