/* Elementwise rows applied to values: element types agree, shapes broadcast, structs go leaf by
 * leaf. One unknown per letter of the row's sig. */
#include "frontend/fold.h"

#include <ctype.h>
#include <string.h>

typedef struct Apply {
  MdlSema *s;
  MdlOp op;
  const MdlOpInfo *row;
  const char *shown;
  int n;
  MdlVal *const *v;
  MdlSpan at;
} Apply;

static bool is_literal(const MdlVal *v)
{
  return v->type->kind == MDL_KIND_number || v->type->kind == MDL_KIND_size;
}

static const char *text_of(Apply *a, const MdlVal *v)
{
  MdlDtype dtype;
  if (v->cell && mdl_cell_dtype(v->cell, &dtype)) return mdl_dtypes[dtype].name;
  return mdl_vtype_text(a->s, v->type);
}

/* ---- element types ----------------------------------------------------------------------- */

static bool dtype_of(const MdlVal *v, MdlDtype *dtype)
{
  if (v->type->kind == MDL_KIND_tensor) return mdl_vtype_dtype(v->type, dtype);
  return v->cell && mdl_cell_dtype(v->cell, dtype);
}

/* The operator between its operands; the whole where the source has none there. */
static MdlSpan operator_at(const Apply *a, const MdlVal *x, const MdlVal *y)
{
  size_t length = strlen(a->shown);
  if (a->at.file < 0 || x->at.file != a->at.file || y->at.file != a->at.file) return a->at;
  const char *bytes = a->s->session->files[a->at.file].bytes;
  if (isalpha((unsigned char)*a->shown)) return a->at;
  for (uint32_t at = x->at.end; at + length <= y->at.start; at++)
    if (!strncmp(bytes + at, a->shown, length))
      return (MdlSpan){a->at.file, at, at + (uint32_t)length};
  return a->at;
}

static bool never_mix(Apply *a, int i, int k)
{
  MdlVal *x = a->v[i], *y = a->v[k];
  MdlDtype dx = MDL_f32, dy = MDL_f32;
  const char *tx = dtype_of(x, &dx) ? mdl_dtypes[dx].name : text_of(a, x);
  const char *ty = dtype_of(y, &dy) ? mdl_dtypes[dy].name : text_of(a, y);
  if ((mdl_is_bool(dx) || mdl_is_bool(dy)) && strchr("NF", a->row->sig[0])) {
    MdlReport *r = mdl_error(a->s->session, MDL_E0304, a->at);
    mdl_also(r, (mdl_is_bool(dx) ? x : y)->at, "bool");
    mdl_help(r, "`f32(c)` makes 0 or 1, `where` chooses");
    return false;
  }
  MdlReport *r = mdl_error(a->s->session, MDL_E0302, operator_at(a, x, y), a->shown, tx, ty);
  mdl_also(r, x->at, "%s", tx);
  mdl_also(r, y->at, "%s", ty);
  mdl_help(r, "convert one side");
  bool first = is_literal(x) || (dtype_of(y, &dy) && mdl_is_float(dy) && !mdl_is_float(dx));
  MdlVal *from = first ? x : y;
  MdlDtype to = first ? dy : dx;
  if (to < MDL_DTYPE_COUNT && from->at.file >= 0)
    mdl_fix(r, false, from->at,
            mdl_text(a->s->arena, "%s(%s)", mdl_dtypes[to].name,
                     mdl_source_text(a->s->session, from->at)));
  return false;
}

static bool letter_takes(char letter, MdlDtype dtype)
{
  switch (letter) {
  case 'F':
    return mdl_is_float(dtype);
  case 'I':
    return mdl_is_integer(dtype);
  case 'N':
    return !mdl_is_bool(dtype);
  case 'J':
    return !mdl_is_float(dtype);
  case 'B':
    return mdl_is_bool(dtype);
  default:
    return true;
  }
}

static void floats_only(Apply *a, int i, MdlDtype dtype)
{
  const MdlVal *v = a->v[i];
  const char *text = mdl_source_text(a->s->session, v->at);
  MdlReport *r =
      mdl_error(a->s->session, MDL_E0307, v->at, a->shown, mdl_vtype_text(a->s, v->type));
  if (a->op == MDL_OP_pow && mdl_is_integer(dtype))
    mdl_help(r, "integers have the powers 0, 1, 2, … as numbers; `f32(%s)` has all", text);
  else if (mdl_is_integer(dtype) && a->row->sig[i] == 'F')
    mdl_help(r, "`f32(%s)`", text);
}

static bool wrong_dtype(Apply *a, int i, MdlDtype dtype)
{
  if (mdl_is_bool(dtype) && strchr("NF", a->row->sig[i])) {
    MdlReport *r = mdl_error(a->s->session, MDL_E0304, a->at);
    mdl_also(r, a->v[i]->at, "bool");
    mdl_help(r, "`f32(c)` makes 0 or 1, `where` chooses");
    return false;
  }
  if (a->op == MDL_OP_where)
    mdl_error(a->s->session, MDL_E0305, a->v[i]->at, mdl_vtype_text(a->s, a->v[i]->type));
  else
    floats_only(a, i, dtype);
  return false;
}

/* One letter's element type: that of its typed operands, else a cell that they share. */
typedef struct Group {
  bool known;
  MdlDtype dtype;
  MdlCell *cell;
} Group;

static bool literal_fits(Apply *a, int i, const Group *g, int typed)
{
  MdlVal *v = a->v[i];
  if (mdl_is_kind(v, MDL_KIND_size))
    return mdl_is_integer(g->dtype) ? true
                                    : never_mix(a, typed < i ? typed : i, typed < i ? i : typed);
  if (mdl_is_bool(g->dtype) && strchr("AJ", a->row->sig[i])) {
    MdlReport *r =
        mdl_error(a->s->session, MDL_E0303, v->at, mdl_exact_text(a->s, &v->number), "bool");
    mdl_also(r, a->v[typed]->at, "bool");
    return false;
  }
  if (mdl_is_bool(g->dtype)) return never_mix(a, typed < i ? typed : i, typed < i ? i : typed);
  if (mdl_exact_fits(&v->number, g->dtype)) return true;
  MdlReport *r = mdl_error(a->s->session, MDL_E0303, v->at, mdl_exact_text(a->s, &v->number),
                           mdl_dtypes[g->dtype].name);
  mdl_also(r, a->v[typed]->at, "%s", mdl_vtype_text(a->s, a->v[typed]->type));
  int64_t whole;
  if (mdl_is_integer(g->dtype) && !mdl_exact_is_whole(&v->number, &whole))
    mdl_help(r, "`f32(%s)` computes with fractions",
             mdl_source_text(a->s->session, a->v[typed]->at));
  return false;
}

static MdlCell *cell_for(Apply *a, const MdlVal *v)
{
  int64_t whole;
  if (v->type->kind == MDL_KIND_tensor) return mdl_cell_of(v->type->cell);
  if (v->cell) return mdl_cell_of(v->cell);
  bool is_size = v->type->kind == MDL_KIND_size;
  MdlCell *cell = mdl_cell_new(a->s, !is_size && !mdl_exact_is_whole(&v->number, &whole));
  cell->is_index = is_size;
  return cell;
}

/* No typed operand: all cells become one. */
static bool join_open(Apply *a, char letter, Group *g)
{
  for (int i = 0; i < a->n; i++) {
    if (a->row->sig[i] != letter) continue;
    if (letter == 'B') { /* a number without a type is never a bool */
      mdl_error(a->s->session, MDL_E0305, a->v[i]->at, mdl_vtype_text(a->s, a->v[i]->type));
      return false;
    }
    MdlCell *cell = cell_for(a, a->v[i]);
    if (g->cell) mdl_cell_join(g->cell, cell);
    g->cell = cell;
  }
  if (!g->cell) return true;
  MdlCell *cell = mdl_cell_of(g->cell);
  cell->is_float |= letter == 'F';
  cell->is_integer |= letter == 'I' || letter == 'J';
  if (!cell->is_float || !(cell->is_integer || cell->is_index)) return true;
  mdl_error(a->s->session, MDL_E0302, a->at, a->shown, "a size", "f32");
  return false;
}

static bool group_of(Apply *a, char letter, Group *g)
{
  int typed = -1;
  for (int i = 0; i < a->n; i++) {
    MdlDtype dtype;
    if (a->row->sig[i] != letter || !dtype_of(a->v[i], &dtype)) continue;
    if (!letter_takes(letter, dtype)) return wrong_dtype(a, i, dtype);
    if (typed >= 0 && dtype != g->dtype) return never_mix(a, typed, i);
    if (typed < 0) g->known = true, g->dtype = dtype, typed = i;
  }
  if (typed < 0) return join_open(a, letter, g);
  for (int i = 0; i < a->n; i++) {
    MdlDtype dtype;
    if (a->row->sig[i] != letter || dtype_of(a->v[i], &dtype)) continue;
    if (is_literal(a->v[i]) && !literal_fits(a, i, g, typed)) return false;
    MdlCell *cell = cell_for(a, a->v[i]);
    if (cell->is_float && !mdl_is_float(g->dtype)) return never_mix(a, typed, i);
    if ((cell->is_index || cell->is_integer) && !mdl_is_integer(g->dtype))
      return never_mix(a, typed, i);
    mdl_cell_decide(cell, g->dtype, a->v[typed]->at);
  }
  return true;
}

/* ---- shapes ------------------------------------------------------------------------------ */

static bool is_one(const MdlSize *size)
{
  int64_t value;
  return mdl_size_is_const(size, &value) && value == 1;
}

/* [N, M] and [N]: the second was meant to be a column. */
static bool leads(const MdlType *high, const MdlType *low)
{
  return low->rank == 1 && high->rank == 2 && low->dim[0] == high->dim[0];
}

static void as_column(const Apply *a, MdlReport *r, const MdlVal *v)
{
  const char *text = mdl_source_text(a->s->session, v->at);
  bool is_word = !strpbrk(text, " +-*/<>=&|,");
  mdl_help(r, is_word ? "`%s[:, new]` stands for every column" : "`(%s)[:, new]` stands for every column",
           text);
}

static bool shapes_disagree(Apply *a, int i, int k, const MdlSize *p, const MdlSize *q)
{
  MdlReport *r = mdl_error(a->s->session, MDL_E0401, a->at, mdl_size_shown(a->s, p),
                           mdl_size_shown(a->s, q), a->shown);
  mdl_also(r, a->v[i]->at, "%s", mdl_vtype_text(a->s, a->v[i]->type));
  mdl_also(r, a->v[k]->at, "%s", mdl_vtype_text(a->s, a->v[k]->type));
  if (leads(&a->v[i]->type->tensor, &a->v[k]->type->tensor))
    as_column(a, r, a->v[k]);
  else if (leads(&a->v[k]->type->tensor, &a->v[i]->type->tensor))
    as_column(a, r, a->v[i]);
  else if (mdl_size_is_name(p) && mdl_size_is_name(q))
    mdl_help(r, "one name for both declares that they are equal");
  return false;
}

/* Where a name was declared a parameter, if the operand is one; else the operand. */
static MdlSpan origin_of(const Apply *a, const MdlVal *v)
{
  const char *text = mdl_source_text(a->s->session, v->at);
  const MdlLocal *local = mdl_local_find(a->s, mdl_intern_text(a->s->arena, text));
  if (!local || local->kind != MDL_LOCAL_parameter) return v->at;
  MdlSpan at = local->at; /* its name: the type is behind it, up to the next parameter */
  const MdlFile *file = &a->s->session->files[at.file];
  for (int depth = 0; at.end < file->length; at.end++) {
    char c = file->bytes[at.end];
    if (!depth && (c == ',' || c == ')' || c == '=' || c == '\n')) break;
    depth += (c == '(' || c == '[') - (c == ')' || c == ']');
  }
  return at;
}

/* "[B, B]": the higher one's dims, each 1 stretched to the other's. */
static const char *stretched(const Apply *a, const MdlType *high, const MdlType *low)
{
  const char *text = "";
  for (int i = 0; i < high->rank; i++) {
    int k = i - (high->rank - low->rank);
    const MdlSize *dim = k >= 0 && is_one(high->dim[i]) ? low->dim[k] : high->dim[i];
    text = mdl_text(a->s->arena, "%s%s%s", text, i ? ", " : "", mdl_size_shown(a->s, dim));
  }
  return mdl_text(a->s->arena, "[%s]", text);
}

static const char *application(const Apply *a, const char *x, const char *y)
{
  bool named = isalpha((unsigned char)*a->shown);
  return named ? mdl_text(a->s->arena, "%s(%s, %s)", a->shown, x, y)
               : mdl_text(a->s->arena, "%s %s %s", x, a->shown, y);
}

static bool both_ways(Apply *a, int high, int low)
{
  const MdlVal *h = a->v[high], *l = a->v[low];
  MdlArena *arena = a->s->arena;
  MdlReport *r = mdl_error(a->s->session, MDL_E0402, a->at, a->shown);
  mdl_label(r, "%s in NumPy", stretched(a, &h->type->tensor, &l->type->tensor));
  mdl_also(r, origin_of(a, h), "%s", mdl_vtype_text(a->s, h->type));
  mdl_also(r, origin_of(a, l), "%s", mdl_vtype_text(a->s, l->type));
  const char *x = mdl_source_text(a->s->session, h->at), *y = mdl_source_text(a->s->session, l->at);
  const char *flat = mdl_text(arena, "%s[:, 0]", x), *deep = mdl_text(arena, "%s[:, new]", y);
  mdl_help(r, "`%s` or `%s`", high < low ? application(a, flat, y) : application(a, y, flat),
           high < low ? application(a, x, deep) : application(a, deep, x));
  return false;
}

/* The shape that all operands take. Operand `high` has the most axes; its own 1s stretch only
 * against operands of the same rank. */
static bool common_shape(Apply *a, MdlType *shape)
{
  int high = -1;
  for (int i = 0; i < a->n; i++)
    if (a->v[i]->type->kind == MDL_KIND_tensor &&
        (high < 0 || a->v[i]->type->tensor.rank > shape->rank))
      high = i, *shape = a->v[i]->type->tensor;
  if (high < 0) return shape->rank = 0, true;
  for (int i = 0; i < a->n; i++) {
    if (i == high || a->v[i]->type->kind != MDL_KIND_tensor) continue;
    const MdlType *t = &a->v[i]->type->tensor;
    int lead = shape->rank - t->rank;
    for (int k = 0; k < t->rank; k++) {
      const MdlSize **to = &shape->dim[lead + k];
      if (t->dim[k] == *to || is_one(t->dim[k])) continue;
      if (!is_one(*to))
        return shapes_disagree(a, high < i ? high : i, high < i ? i : high,
                               high < i ? *to : t->dim[k], high < i ? t->dim[k] : *to);
      if (lead) return both_ways(a, high, i);
      *to = t->dim[k];
    }
  }
  return true;
}

static MdlCore *to_shape(MdlSema *s, MdlCore *core, const MdlType *shape)
{
  int64_t dims[MDL_MAX_RANK];
  int lead = shape->rank - core->type.rank;
  if (!core->type.rank) return mdl_emit_splat(s, core, shape->rank, shape->dim);
  if (!lead && !memcmp(core->type.dim, shape->dim, (size_t)shape->rank * sizeof *shape->dim))
    return core;
  for (int i = 0; i < core->type.rank; i++) dims[i] = lead + i;
  return mdl_emit_broadcast(s, core, shape->rank, shape->dim, dims);
}

static MdlCore *operand_core(Apply *a, int i, const Group *g, const MdlType *shape)
{
  MdlVal *v = a->v[i];
  MdlType scalar = mdl_type_scalar(g->known ? g->dtype : MDL_f32);
  MdlCell *cell = g->known ? NULL : g->cell;
  if (mdl_is_kind(v, MDL_KIND_number)) {
    MdlSpan was = a->s->at;
    a->s->at = v->at;
    MdlCore *number = mdl_emit_splat(a->s, mdl_emit_exact(a->s, &scalar, cell, v->number),
                                     shape->rank, shape->dim);
    a->s->at = was;
    return number;
  }
  if (!mdl_is_kind(v, MDL_KIND_size)) return to_shape(a->s, v->leaf[0], shape);
  MdlCore *size = mdl_emit_size(a->s, v->size, scalar.dtype);
  size->cell = cell;
  return to_shape(a->s, size, shape);
}

static MdlVal *apply_tensors(Apply *a)
{
  Group group[MDL_MAX_OPERANDS] = {0};
  MdlCore *operand[MDL_MAX_OPERANDS];
  MdlType shape = {0};
  for (int i = 0; i < a->n; i++) {
    int first = (int)(strchr(a->row->sig, a->row->sig[i]) - a->row->sig);
    if (first == i && !group_of(a, a->row->sig[i], &group[i])) return mdl_val_poison(a->s);
    group[i] = group[first];
  }
  if (!common_shape(a, &shape)) return mdl_val_poison(a->s);
  for (int i = 0; i < a->n; i++) operand[i] = operand_core(a, i, &group[i], &shape);
  return mdl_val_core(a->s, mdl_emit_map(a->s, a->op, a->n, operand), a->at);
}

static const char *kind_of_fn(const MdlFnVal *fn)
{
  return fn->kind == MDL_FN_make || fn->kind == MDL_FN_convert ? "type" : "function";
}

void mdl_not_called(MdlSema *s, const MdlVal *v)
{
  const char *text = mdl_source_text(s->session, v->at);
  MdlReport *r = mdl_error(s->session, MDL_E0208, v->at, "value", text, kind_of_fn(v->fn));
  if (v->fn->decl && v->fn->decl->name.at.file >= 0)
    mdl_also(r, v->fn->decl->name.at, "defined here");
  mdl_help(r, "call it: `%s(…)`", text);
}

/* ---- structs ----------------------------------------------------------------------------- */

static bool struct_agrees(Apply *a, int i, MdlVal *whole)
{
  const MdlVType *t = a->v[i]->type;
  if (t->kind == MDL_KIND_struct && mdl_vtype_equal(t, whole->type)) return true;
  if (is_literal(a->v[i]) || (t->kind == MDL_KIND_tensor && !t->tensor.rank)) return true;
  MdlReport *r = mdl_error(a->s->session, MDL_E0301, a->v[i]->at, mdl_vtype_text(a->s, whole->type),
                           mdl_vtype_text(a->s, t));
  mdl_also(r, whole->at, "%s", mdl_vtype_text(a->s, whole->type));
  return false;
}

static MdlVal *no_vector_space(Apply *a, const MdlVal *whole, const char *field, MdlDtype dtype)
{
  MdlReport *r = mdl_error(a->s->session, MDL_E0310, a->at, mdl_vtype_text(a->s, whole->type),
                           field, mdl_dtypes[dtype].name);
  mdl_help(r, "`map(fn(a, b) = …, x, y)` goes leaf by leaf");
  return mdl_val_poison(a->s);
}

static MdlVal *apply_struct(Apply *a, MdlVal *whole)
{
  int count = mdl_leaf_count(whole->type);
  MdlType *type = MDL_NEW(a->s->arena, MdlType, (size_t)count);
  const char **path = MDL_NEW(a->s->arena, const char *, (size_t)count);
  MdlCore **leaf = MDL_NEW(a->s->arena, MdlCore *, (size_t)count);
  mdl_leaves(a->s, whole->type, type, path);
  for (int i = 0; i < a->n; i++)
    if (!struct_agrees(a, i, whole)) return mdl_val_poison(a->s);
  for (int k = 0; k < count; k++) {
    MdlVal *part[MDL_MAX_OPERANDS];
    if (!mdl_is_float(type[k].dtype) && strchr("NF", a->row->sig[0]))
      return no_vector_space(a, whole, path[k], type[k].dtype);
    for (int i = 0; i < a->n; i++)
      part[i] = mdl_is_kind(a->v[i], MDL_KIND_struct)
                    ? mdl_val_core(a->s, a->v[i]->leaf[k], a->v[i]->at)
                    : a->v[i];
    MdlVal *result = mdl_apply_map(a->s, a->op, a->shown, a->n, part, a->at);
    if (mdl_is_poison(result)) return result;
    leaf[k] = result->leaf[0];
    if (mdl_core_is_open(leaf[k]) || !mdl_type_equal(&leaf[k]->type, &type[k])) {
      mdl_error(a->s->session, MDL_E0307, a->at, a->shown, mdl_vtype_text(a->s, whole->type));
      return mdl_val_poison(a->s);
    }
  }
  return mdl_val_of(a->s, whole->type, leaf, a->at);
}

MdlVal *mdl_apply_map(MdlSema *s, MdlOp op, const char *shown, int operands, MdlVal *const *operand,
                      MdlSpan at)
{
  Apply a = {s, op, mdl_op_info(op), shown, operands, operand, at};
  MdlVal *whole = NULL;
  for (int i = 0; i < operands; i++)
    if (mdl_is_poison(operand[i])) return operand[i];
  for (int i = 0; i < operands; i++) {
    MdlVal *v = operand[i];
    if (mdl_is_kind(v, MDL_KIND_struct) && !whole) whole = v;
    if (is_literal(v) || mdl_is_kind(v, MDL_KIND_tensor) || mdl_is_kind(v, MDL_KIND_struct))
      continue;
    if (mdl_is_kind(v, MDL_KIND_none))
      mdl_no_value(s, v, "this", "a number", MDL_NO_SPAN);
    else if (mdl_is_kind(v, MDL_KIND_fn))
      mdl_not_called(s, v);
    else
      mdl_error(s->session, MDL_E0307, v->at, shown, mdl_vtype_text(s, v->type));
    return mdl_val_poison(s);
  }
  s->at = at;
  if (whole) return apply_struct(&a, whole);
  MdlVal *known = mdl_fold(s, op, operands, operand, at);
  return known ? known : apply_tensors(&a);
}
