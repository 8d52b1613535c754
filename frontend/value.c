/* Values of the checker: making them, their parts, and turning them into typed ops. */
#include "frontend/sema.h"

#include <string.h>

static MdlVal *val_new(MdlSema *s, const MdlVType *type, MdlSpan at)
{
  MdlVal *v = MDL_NEW(s->arena, MdlVal, 1);
  v->type = type;
  v->at = at;
  return v;
}

MdlVal *mdl_val_poison(MdlSema *s) { return val_new(s, mdl_vtype_kind(s, MDL_KIND_poison), s->at); }

MdlVal *mdl_val_none(MdlSema *s, MdlSpan at)
{
  return val_new(s, mdl_vtype_kind(s, MDL_KIND_none), at);
}

MdlVal *mdl_val_number(MdlSema *s, MdlExact number, MdlSpan at)
{
  MdlVal *v = val_new(s, mdl_vtype_kind(s, MDL_KIND_number), at);
  v->number = number;
  return v;
}

MdlVal *mdl_val_int(MdlSema *s, int64_t number, MdlSpan at)
{
  return mdl_val_number(s, mdl_exact_int(number), at);
}

MdlVal *mdl_val_size(MdlSema *s, const MdlSize *size, MdlSpan at)
{
  if (!size) {
    mdl_error(s->session, MDL_E0902, at, "a size");
    return mdl_val_poison(s);
  }
  MdlVal *v = val_new(s, mdl_vtype_kind(s, MDL_KIND_size), at);
  v->size = size;
  return v;
}

/* Sizes beyond 64 bits, and more elements than a tensor may have. */
static bool is_too_large(MdlSema *s, const MdlCore *leaf, MdlSpan at)
{
  int64_t count = 1, dim;
  for (int i = 0; i < leaf->type.rank; i++) {
    if (!leaf->type.dim[i]) {
      mdl_error(s->session, MDL_E0902, at, "a size");
      return true;
    }
    if (!mdl_size_is_const(leaf->type.dim[i], &dim) || dim <= 0) return false;
    if (!__builtin_mul_overflow(count, dim, &count) && count <= s->session->limits.elements)
      continue;
    mdl_error(s->session, MDL_E0902, at, "the element count of a tensor");
    return true;
  }
  return false;
}

MdlVal *mdl_val_core(MdlSema *s, MdlCore *leaf, MdlSpan at)
{
  if (is_too_large(s, leaf, at)) return mdl_val_poison(s);
  const MdlVType *plain = NULL;
  if (!leaf->cell && !leaf->type.rank) plain = mdl_vtype_scalar(s, leaf->type.dtype);
  MdlVType *type = plain ? NULL : MDL_NEW(s->arena, MdlVType, 1);
  if (type) {
    type->kind = MDL_KIND_tensor;
    type->tensor = leaf->type;
    type->cell = leaf->cell;
  }
  MdlVal *v = val_new(s, type ? type : plain, at);
  v->leaf = MDL_NEW(s->arena, MdlCore *, 1);
  v->leaf[0] = leaf;
  return v;
}

MdlVal *mdl_val_fn(MdlSema *s, const MdlFnVal *fn, MdlSpan at)
{
  MdlVal *v = val_new(s, mdl_vtype_kind(s, MDL_KIND_fn), at);
  v->fn = fn;
  return v;
}

MdlVal *mdl_val_of(MdlSema *s, const MdlVType *type, MdlCore *const *leaf, MdlSpan at)
{
  MdlVal *v = val_new(s, type, at);
  int count = mdl_leaf_count(type);
  if (type->kind == MDL_KIND_tensor) return mdl_val_core(s, leaf[0], at);
  v->leaf = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  if (count) memcpy(v->leaf, leaf, (size_t)count * sizeof *leaf);
  return v;
}

bool mdl_too_many_leaves(MdlSema *s, MdlSpan at)
{
  mdl_error(s->session, MDL_E0903, at, mdl_text(s->arena, "%d", MDL_MAX_LEAVES),
            "tensors in one value");
  return false;
}

/* A tuple keeps its items: numbers, sizes and functions among them have no leaves. */
MdlVal *mdl_val_tuple(MdlSema *s, int items, MdlVal *const *item, MdlSpan at)
{
  const MdlVType **type = MDL_NEW(s->arena, const MdlVType *, (size_t)items);
  int leaves = 0;
  for (int i = 0; i < items; i++) {
    if (mdl_is_poison(item[i])) return item[i];
    type[i] = item[i]->type;
    leaves += mdl_leaf_count(type[i]);
  }
  if (leaves > MDL_MAX_LEAVES && !mdl_too_many_leaves(s, at)) return mdl_val_poison(s);
  MdlVal *v = val_new(s, mdl_vtype_tuple(s, items, type), at);
  v->item = MDL_NEW(s->arena, MdlVal *, (size_t)items);
  v->leaf = MDL_NEW(s->arena, MdlCore *, (size_t)leaves);
  leaves = 0;
  for (int i = 0; i < items; i++) {
    int count = mdl_leaf_count(type[i]);
    v->item[i] = item[i];
    if (count) memcpy(v->leaf + leaves, item[i]->leaf, (size_t)count * sizeof *v->leaf);
    leaves += count;
  }
  return v;
}

MdlVal *mdl_val_item(MdlSema *s, MdlVal *tuple, int i)
{
  if (tuple->item) return tuple->item[i];
  int from = 0;
  for (int k = 0; k < i; k++) from += mdl_leaf_count(tuple->type->item[k]);
  return mdl_val_of(s, tuple->type->item[i], tuple->leaf + from, tuple->at);
}

MdlVal *mdl_val_field(MdlSema *s, MdlVal *record, int i)
{
  const MdlVType *type = record->type;
  int from = 0;
  for (int k = 0; k < i; k++) from += mdl_leaf_count(type->of->field[k]);
  const MdlVType *field = mdl_vtype_lead(s, type->of->field[i], type->stack, type->stack_dim);
  return mdl_val_of(s, field ? field : type->of->field[i], record->leaf + from, record->at);
}

bool mdl_const_bool(const MdlVal *v, bool *truth)
{
  if (v->type->kind != MDL_KIND_tensor || v->type->tensor.rank) return false;
  const MdlCore *core = v->leaf[0];
  if (core->kind != MDL_CORE_number || core->cell || core->type.dtype != MDL_bool) return false;
  *truth = core->number.real != 0;
  return true;
}

/* ---- into typed ops ---------------------------------------------------------------------- */

MdlCore *mdl_val_core_of(MdlSema *s, MdlVal *v, const char *user)
{
  MdlType scalar = mdl_type_scalar(MDL_f32);
  int64_t whole;
  switch (v->type->kind) {
  case MDL_KIND_poison:
    return NULL;
  case MDL_KIND_tensor:
    return v->leaf[0];
  case MDL_KIND_number:
    if (!v->cell) {
      MdlCell *cell = mdl_cell_new(s, !mdl_exact_is_whole(&v->number, &whole));
      return mdl_emit_exact(s, &scalar, cell, v->number);
    }
    return mdl_emit_exact(s, &scalar, v->cell, v->number);
  case MDL_KIND_size: {
    MdlCore *core = mdl_emit_size(s, v->size, MDL_i64);
    core->cell = v->cell ? v->cell : mdl_cell_new(s, false);
    mdl_cell_of(core->cell)->is_index = true;
    return core;
  }
  default:
    mdl_error(s->session, MDL_E0307, v->at, user ? user : "this", mdl_vtype_text(s, v->type));
    return NULL;
  }
}

MdlVal *mdl_settle(MdlSema *s, MdlVal *v)
{
  if (mdl_is_kind(v, MDL_KIND_number) || mdl_is_kind(v, MDL_KIND_size))
    return mdl_val_core(s, mdl_val_core_of(s, v, NULL), v->at);
  if (!mdl_is_kind(v, MDL_KIND_tuple) || !v->item) return v;
  MdlVal **item = MDL_NEW(s->arena, MdlVal *, (size_t)v->type->items);
  for (int i = 0; i < v->type->items; i++) item[i] = mdl_settle(s, v->item[i]);
  return mdl_val_tuple(s, v->type->items, item, v->at);
}

bool mdl_no_value(MdlSema *s, const MdlVal *v, const char *what, const char *wanted, MdlSpan why)
{
  if (!mdl_is_kind(v, MDL_KIND_none)) return false;
  MdlReport *r = v->no_else ? mdl_error(s->session, MDL_E0604, v->at)
                            : mdl_error(s->session, MDL_E0603, v->at, what, wanted);
  if (why.file >= 0) mdl_also(r, why, "wanted here");
  return true;
}

/* [B, N] where [N] is wanted. */
static bool is_batch_of(const MdlVType *got, const MdlVType *wanted)
{
  const MdlType *a = &got->tensor, *b = &wanted->tensor;
  if (got->kind != MDL_KIND_tensor || wanted->kind != MDL_KIND_tensor) return false;
  if (a->rank != b->rank + 1 || a->dtype != b->dtype || !b->rank) return false;
  for (int i = 0; i < b->rank; i++)
    if (a->dim[i + 1] != b->dim[i]) return false;
  return true;
}

/* f32(n/2) has lost its half. */
static const char *quotient_text(MdlSema *s, MdlSpan at, MdlDtype from)
{
  bool divides = mdl_is_integer(from) && strchr(mdl_source_text(s->session, at), '/');
  return divides ? " before the division: integers divide to integers" : "";
}

static MdlVal *mismatch(MdlSema *s, MdlVal *v, const MdlVType *type, MdlSpan at,
                        const char *declared, MdlSpan why)
{
  bool sizes = declared && type->kind == MDL_KIND_tensor && v->type->kind == MDL_KIND_tensor &&
               type->tensor.dtype == v->type->tensor.dtype;
  if (mdl_no_value(s, v, "this", mdl_vtype_text(s, type), why)) return mdl_val_poison(s);
  MdlReport *r = mdl_error(s->session, sizes ? MDL_E0404 : MDL_E0301, at, mdl_vtype_text(s, type),
                           mdl_vtype_text(s, v->type));
  if (why.file >= 0) mdl_also(r, why, "%s", declared ? declared : "wanted here");
  MdlDtype to, from;
  if (type->kind == MDL_KIND_tensor && v->type->kind == MDL_KIND_tensor &&
      mdl_vtype_dtype(type, &to) && mdl_vtype_dtype(v->type, &from) && to != from)
    mdl_help(r, "`%s(…)` converts%s", mdl_dtypes[to].name, quotient_text(s, at, from));
  else if (is_batch_of(v->type, type))
    mdl_help(r, "`vmap(f)(…)` calls f once for each row");
  return mdl_val_poison(s);
}

static MdlVal *coerce_number(MdlSema *s, MdlVal *v, const MdlVType *type, MdlSpan at,
                             const char *declared, MdlSpan why)
{
  MdlDtype dtype;
  if (type->kind != MDL_KIND_tensor || type->tensor.rank)
    return mismatch(s, v, type, at, declared, why);
  MdlCore *core = mdl_val_core_of(s, v, NULL);
  if (!mdl_vtype_dtype(type, &dtype)) {
    mdl_cell_join(core->cell, type->cell);
    return mdl_val_core(s, core, v->at);
  }
  MdlDtype had;
  if (mdl_cell_dtype(core->cell, &had)) {
    if (had == dtype) return mdl_val_core(s, core, v->at);
    return mismatch(s, mdl_val_core(s, core, v->at), type, at, declared, why);
  }
  bool is_size = mdl_is_kind(v, MDL_KIND_size);
  if (is_size ? !mdl_is_integer(dtype) : !mdl_exact_fits(&v->number, dtype)) {
    if (is_size) return mismatch(s, v, type, at, declared, why);
    mdl_error(s->session, MDL_E0303, at, mdl_exact_text(s, &v->number), mdl_dtypes[dtype].name);
    return mdl_val_poison(s);
  }
  mdl_cell_decide(core->cell, dtype, at);
  return mdl_val_core(s, core, v->at);
}

/* Dims that a guard makes equal: the value is renamed by a reshape. */
static MdlVal *coerce_tensor(MdlSema *s, MdlVal *v, const MdlVType *type, MdlSpan at,
                             const char *declared, MdlSpan why)
{
  MdlDtype to, from;
  if (v->type->tensor.rank != type->tensor.rank) return mismatch(s, v, type, at, declared, why);
  bool known = mdl_vtype_dtype(type, &to), had = mdl_vtype_dtype(v->type, &from);
  if (known && had && to != from) return mismatch(s, v, type, at, declared, why);
  if (!had) {
    const MdlCell *cell = mdl_cell_of(v->type->cell);
    if (known && cell->is_float && !mdl_is_float(to))
      return mismatch(s, v, type, at, declared, why);
    if (known && (cell->is_integer || cell->is_index) && !mdl_is_integer(to))
      return mismatch(s, v, type, at, declared, why);
    if (known)
      mdl_cell_decide(v->type->cell, to, at);
    else
      mdl_cell_join(v->type->cell, type->cell);
  } else if (!known) {
    mdl_cell_decide(type->cell, from, at);
  }
  bool same = true;
  for (int i = 0; i < type->tensor.rank; i++) {
    if (v->type->tensor.dim[i] == type->tensor.dim[i]) continue;
    same = false;
    if (!mdl_sizes_equate(s, v->type->tensor.dim[i], type->tensor.dim[i], at))
      return mismatch(s, v, type, at, declared, why);
  }
  if (same) return v;
  return mdl_val_core(s, mdl_emit_reshape(s, v->leaf[0], type->tensor.rank, type->tensor.dim),
                      v->at);
}

static MdlVal *coerce_tuple(MdlSema *s, MdlVal *v, const MdlVType *type, MdlSpan at,
                            const char *declared, MdlSpan why)
{
  if (!mdl_is_kind(v, MDL_KIND_tuple) || v->type->items != type->items)
    return mismatch(s, v, type, at, declared, why);
  MdlVal **item = MDL_NEW(s->arena, MdlVal *, (size_t)type->items);
  for (int i = 0; i < type->items; i++) {
    item[i] = mdl_coerce(s, mdl_val_item(s, v, i), type->item[i], at, declared, why);
    if (mdl_is_poison(item[i])) return item[i];
  }
  return mdl_val_tuple(s, type->items, item, v->at);
}

/* Structs of one name whose sizes a guard makes equal. */
static MdlVal *coerce_struct(MdlSema *s, MdlVal *v, const MdlVType *type, MdlSpan at,
                             const char *declared, MdlSpan why)
{
  if (!mdl_is_kind(v, MDL_KIND_struct) || v->type->of->item != type->of->item ||
      v->type->stack != type->stack)
    return mismatch(s, v, type, at, declared, why);
  int count = mdl_leaf_count(type);
  MdlType *from = MDL_NEW(s->arena, MdlType, (size_t)count);
  MdlType *to = MDL_NEW(s->arena, MdlType, (size_t)count);
  if (mdl_leaf_count(v->type) != count) return mismatch(s, v, type, at, declared, why);
  mdl_leaves(s, v->type, from, NULL);
  mdl_leaves(s, type, to, NULL);
  MdlCore **leaf = MDL_NEW(s->arena, MdlCore *, (size_t)count);
  for (int i = 0; i < count; i++) {
    leaf[i] = v->leaf[i];
    if (from[i].dtype != to[i].dtype || from[i].rank != to[i].rank)
      return mismatch(s, v, type, at, declared, why);
    for (int k = 0; k < to[i].rank; k++)
      if (!mdl_sizes_equate(s, from[i].dim[k], to[i].dim[k], at))
        return mismatch(s, v, type, at, declared, why);
    if (!mdl_type_equal(&from[i], &to[i]))
      leaf[i] = mdl_emit_reshape(s, leaf[i], to[i].rank, to[i].dim);
  }
  return mdl_val_of(s, type, leaf, v->at);
}

MdlVal *mdl_coerce(MdlSema *s, MdlVal *v, const MdlVType *type, MdlSpan at, const char *declared,
                   MdlSpan why)
{
  if (mdl_is_poison(v) || type->kind == MDL_KIND_poison) return mdl_val_poison(s);
  if (mdl_vtype_equal(v->type, type) && !(v->item && type->kind == MDL_KIND_tuple)) return v;
  if (mdl_is_kind(v, MDL_KIND_number) || mdl_is_kind(v, MDL_KIND_size))
    return coerce_number(s, v, type, at, declared, why);
  if (type->kind == MDL_KIND_tuple) return coerce_tuple(s, v, type, at, declared, why);
  if (v->type->kind != type->kind) return mismatch(s, v, type, at, declared, why);
  if (type->kind == MDL_KIND_struct) return coerce_struct(s, v, type, at, declared, why);
  if (type->kind == MDL_KIND_tensor) return coerce_tensor(s, v, type, at, declared, why);
  return v;
}
