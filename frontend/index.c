/* Indexing: static parts become one slice, run-time parts gathers and dynamic slices, then one
 * reshape drops and adds axes. */
#include "frontend/fold.h"
#include "frontend/index.h"

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

MdlCore *mdl_index_wide(MdlSema *s, MdlCore *index, const MdlSize *extent)
{
  MdlDtype dtype = mdl_core_dtype(s, index);
  int64_t n;
  bool is_short = mdl_size_is_const(extent, &n) && n <= INT32_MAX;
  if (dtype == MDL_i64 || dtype == MDL_u64) return index;
  if (!is_short || dtype == MDL_index) return mdl_emit_convert(s, index, MDL_i64);
  return mdl_dtypes[dtype].bits < 32 ? mdl_emit_convert(s, index, MDL_i32) : index;
}

void mdl_check_index(MdlSema *s, MdlCore *index, const MdlSize *extent, const char *text)
{
  if (!s->options->trap) return;
  index = mdl_index_wide(s, index, extent);
  MdlDtype dtype = mdl_core_dtype(s, index);
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

static int items_of(MdlSema *s, const MdlIndex *index, int indices, int rank, MdlIndex *full,
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

static bool static_at(MdlSema *s, const MdlSize *i, const MdlSize *n, MdlPick *pick, MdlSpan at)
{
  MdlSizes *z = s->sizes;
  const MdlSize *one = mdl_size_const(z, 1), *shown = i;
  int64_t value;
  if (mdl_size_is_const(i, &value) && value < 0) i = mdl_size_add(z, n, i);
  pick->kind = MDL_PICK_range, pick->drop = true;
  pick->start = i;
  pick->limit = mdl_size_add(z, i, one);
  if (!at_least_zero(s, i, at) || !at_least_zero(s, mdl_size_sub(z, n, pick->limit), at))
    return out_of_range(s, shown, n, at);
  return true;
}

static bool index_at(MdlSema *s, const MdlIndex *index, const MdlSize *n, MdlPick *pick)
{
  MdlVal *v = mdl_expr(s, index->value, NULL);
  if (mdl_is_kind(v, MDL_KIND_range)) {
    MdlReport *r = mdl_error(s->session, MDL_E0113, index->at);
    mdl_help(r, "a slice is `x[a:b]`");
    return false;
  }
  const MdlSize *size = mdl_val_size_of(s, v);
  if (size && mdl_size_is_static(s, size)) return static_at(s, size, n, pick, index->at);
  pick->index = mdl_index_core(s, v);
  if (!pick->index) return false;
  pick->kind = pick->index->type.rank ? MDL_PICK_list : MDL_PICK_one;
  mdl_check_index(s, pick->index, n, check_text(s, index->at, n));
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

static bool window(MdlSema *s, const MdlIndex *index, const MdlSize *n, MdlPick *pick,
                   MdlCore *start)
{
  pick->length = mdl_size_sub(s->sizes, pick->limit, pick->start);
  if (!pick->length || !mdl_size_is_static(s, pick->length) || pick->step != 1) {
    MdlReport *r = mdl_error(s->session, MDL_E0409, index->at, "length is no size");
    mdl_help(r, "`x[i:i+K]`");
    return false;
  }
  pick->kind = MDL_PICK_window;
  pick->index = start ? start : mdl_index_core(s, mdl_val_size(s, pick->start, index->at));
  if (!at_least_zero(s, pick->length, index->at) ||
      !at_least_zero(s, mdl_size_sub(s->sizes, n, pick->length), index->at))
    return out_of_range(s, pick->length, n, index->at);
  return pick->index != NULL;
}

static bool step_of(MdlSema *s, const MdlIndex *index, int64_t *step)
{
  *step = 1;
  if (!index->step) return true;
  const MdlSize *size = mdl_val_size_of(s, mdl_expr(s, index->step, NULL));
  if (size && mdl_size_is_const(size, step) && *step > 0) return true;
  mdl_error(s->session, MDL_E0409, index->at, "step is not positive");
  return false;
}

static bool index_slice(MdlSema *s, const MdlIndex *index, const MdlSize *n, MdlPick *pick)
{
  MdlCore *core[2] = {NULL, NULL};
  pick->kind = MDL_PICK_all;
  pick->start = mdl_size_const(s->sizes, 0), pick->limit = n;
  if (!index->value && !index->end && !index->step) return true;
  if (!bound(s, index->value, n, pick->start, &pick->start, &core[0]) ||
      !bound(s, index->end, n, n, &pick->limit, &core[1]) || !step_of(s, index, &pick->step))
    return false;
  if (core[0] || core[1] || !mdl_size_is_static(s, pick->start) ||
      !mdl_size_is_static(s, pick->limit))
    return window(s, index, n, pick, core[0]);
  pick->kind = MDL_PICK_range;
  pick->length = mdl_size_sub(s->sizes, pick->limit, pick->start);
  if (pick->length) pick->length = mdl_size_ceil_div(s->sizes, pick->length, pick->step);
  return mdl_slice_in_range(s, pick->start, pick->limit, n, index->at);
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

int mdl_picks_read(MdlSema *s, const MdlType *x, const MdlIndex *index, int indices, MdlSpan at,
                   MdlPick *pick)
{
  MdlIndex full[MDL_MAX_PICKS];
  int items = -1, rank = 0;
  if (indices <= 2 * MDL_MAX_RANK) items = items_of(s, index, indices, x->rank, full, at);
  if (indices > 2 * MDL_MAX_RANK) mdl_error(s->session, MDL_E0902, at, "the rank");
  for (int i = 0, k = 0; i < items; i++) {
    bool ok = true;
    pick[i] = (MdlPick){.kind = MDL_PICK_new, .step = 1, .at = full[i].at};
    if (full[i].kind == MDL_INDEX_at)
      ok = index_at(s, &full[i], x->dim[k++], &pick[i]);
    else if (full[i].kind != MDL_INDEX_new)
      ok = index_slice(s, &full[i], x->dim[k++], &pick[i]);
    if (!ok) return -1;
    rank += pick[i].kind == MDL_PICK_list ? pick[i].index->type.rank : 1;
  }
  if (rank <= s->session->limits.rank) return items;
  mdl_error(s->session, MDL_E0902, at, "the rank");
  return -1;
}

/* ---- reading ----------------------------------------------------------------------------- */

static MdlCore *read_ranges(MdlSema *s, MdlCore *x, int items, const MdlPick *pick)
{
  const MdlSize *start[MDL_MAX_RANK], *limit[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  bool any = false;
  for (int i = 0, k = 0; i < items; i++) {
    if (pick[i].kind == MDL_PICK_new) continue;
    bool is_range = pick[i].kind == MDL_PICK_range;
    start[k] = is_range ? pick[i].start : mdl_size_const(s->sizes, 0);
    limit[k] = is_range ? pick[i].limit : x->type.dim[k];
    step[k++] = is_range ? pick[i].step : 1;
    any |= is_range;
  }
  return any ? mdl_emit_slice(s, x, start, limit, step) : x;
}

/* Scalars and windows. */
static MdlCore *read_scalars(MdlSema *s, MdlCore *x, int items, const MdlPick *pick)
{
  for (int i = 0, axis = 0; i < items; i++) {
    if (pick[i].kind == MDL_PICK_one)
      x = mdl_emit_gather(s, x, pick[i].index, axis, 0);
    else if (pick[i].kind == MDL_PICK_window)
      x = mdl_emit_dynamic_slice(s, x, pick[i].index, axis, pick[i].length);
    axis += pick[i].kind != MDL_PICK_one && pick[i].kind != MDL_PICK_new;
  }
  return x;
}

/* One list, or several that walk together. x is what the other picks left; *list gets their axes.
 */
static MdlCore *read_lists(MdlSema *s, MdlCore *x, int items, const MdlPick *pick, bool in_front,
                           MdlType *list, MdlSpan at)
{
  MdlPick left[MDL_MAX_PICKS];
  MdlPlaces places;
  int axes = 0, lists = 0, axis = 0;
  for (int i = 0; i < items; i++) {
    if (pick[i].kind == MDL_PICK_one || pick[i].kind == MDL_PICK_new) continue;
    left[axes] = pick[i];
    if (pick[i].kind == MDL_PICK_list)
      axis = axes, lists++, *list = pick[i].index->type;
    else
      left[axes].kind = MDL_PICK_all;
    axes++;
  }
  if (!lists) return x;
  if (lists == 1) return mdl_emit_gather(s, x, left[axis].index, axis, 0);
  if (!mdl_places_join(s, x, left, false, in_front, at, &places)) return NULL;
  *list = places.index->type;
  list->rank = places.lists;
  return mdl_places_out(s, &places, mdl_emit_gather(s, places.x, places.index, places.axis, 0));
}

static int put_dims(const MdlSize **dim, int rank, const MdlType *list)
{
  for (int k = 0; k < list->rank; k++) dim[rank + k] = list->dim[k];
  return rank + list->rank;
}

static MdlCore *read_tensor(MdlSema *s, MdlCore *x, int items, const MdlPick *pick, MdlSpan at)
{
  const MdlSize *dim[2 * MDL_MAX_RANK];
  MdlType list = {0};
  int rank = 0, axis = 0;
  bool in_front = !mdl_lists_adjoin(items, pick), placed = in_front, changes = false;
  x = read_scalars(s, read_ranges(s, x, items, pick), items, pick);
  MdlCore *y = read_lists(s, x, items, pick, in_front, &list, at);
  if (in_front) rank = put_dims(dim, rank, &list);
  for (int i = 0; i < items; i++) {
    bool is_new = pick[i].kind == MDL_PICK_new;
    changes |= is_new || pick[i].drop;
    if (pick[i].kind == MDL_PICK_list && !placed) rank = put_dims(dim, rank, &list), placed = true;
    if (is_new) dim[rank++] = mdl_size_const(s->sizes, 1);
    if (is_new || pick[i].kind == MDL_PICK_one) continue;
    if (pick[i].kind != MDL_PICK_list && !pick[i].drop) dim[rank++] = x->type.dim[axis];
    axis++;
  }
  return y && changes ? mdl_emit_reshape(s, y, rank, dim) : y;
}

static MdlVal *index_tensor(MdlSema *s, MdlCore *x, const MdlIndex *index, int indices, MdlSpan at)
{
  MdlPick pick[MDL_MAX_PICKS];
  int items = mdl_picks_read(s, &x->type, index, indices, at, pick);
  s->at = at;
  MdlCore *y = items < 0 ? NULL : read_tensor(s, x, items, pick, at);
  return y ? mdl_val_core(s, y, at) : mdl_val_poison(s);
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
