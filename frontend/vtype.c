/* Types of the language: making, comparing, printing, flattening to leaves; cells. */
#include "frontend/sema.h"

#include <string.h>

const MdlVType *mdl_vtype_kind(MdlSema *s, MdlKind kind)
{
  if (!s->kinds[kind]) {
    MdlVType *type = MDL_NEW(s->arena, MdlVType, 1);
    type->kind = kind;
    s->kinds[kind] = type;
  }
  return s->kinds[kind];
}

static MdlVType *tensor_of(MdlSema *s, const MdlType *tensor)
{
  MdlVType *type = MDL_NEW(s->arena, MdlVType, 1);
  type->kind = MDL_KIND_tensor;
  type->tensor = *tensor;
  return type;
}

const MdlVType *mdl_vtype_tensor(MdlSema *s, const MdlType *tensor)
{
  return tensor->rank ? tensor_of(s, tensor) : mdl_vtype_scalar(s, tensor->dtype);
}

const MdlVType *mdl_vtype_scalar(MdlSema *s, MdlDtype dtype)
{
  MdlType type = mdl_type_scalar(dtype);
  if (!s->scalars[dtype]) s->scalars[dtype] = tensor_of(s, &type);
  return s->scalars[dtype];
}

const MdlVType *mdl_vtype_tuple(MdlSema *s, int items, const MdlVType *const *item)
{
  MdlVType *type = MDL_NEW(s->arena, MdlVType, 1);
  type->kind = MDL_KIND_tuple;
  type->items = items;
  type->item = MDL_NEW(s->arena, const MdlVType *, (size_t)items);
  for (int i = 0; i < items; i++) type->item[i] = item[i];
  return type;
}

const MdlVType *mdl_vtype_lead(MdlSema *s, const MdlVType *type, int count,
                               const MdlSize *const *dim)
{
  if (!count) return type;
  MdlVType *wide = MDL_NEW(s->arena, MdlVType, 1);
  *wide = *type;
  if (type->kind == MDL_KIND_tensor) {
    if (count + type->tensor.rank > MDL_MAX_RANK) return NULL;
    memcpy(wide->tensor.dim, dim, (size_t)count * sizeof *dim);
    memcpy(wide->tensor.dim + count, type->tensor.dim, (size_t)type->tensor.rank * sizeof *dim);
    wide->tensor.rank += count;
  } else if (type->kind == MDL_KIND_struct) {
    if (count + type->stack > 4) return NULL;
    memcpy(wide->stack_dim, dim, (size_t)count * sizeof *dim);
    memcpy(wide->stack_dim + count, type->stack_dim, (size_t)type->stack * sizeof *dim);
    wide->stack += count;
  } else if (type->kind == MDL_KIND_tuple) {
    wide->item = MDL_NEW(s->arena, const MdlVType *, (size_t)type->items);
    for (int i = 0; i < type->items; i++)
      if (!(wide->item[i] = mdl_vtype_lead(s, type->item[i], count, dim))) return NULL;
  }
  return wide;
}

const MdlVType *mdl_vtype_row(MdlSema *s, const MdlVType *type, const MdlSize **dim)
{
  MdlVType *row = MDL_NEW(s->arena, MdlVType, 1);
  *row = *type;
  if (type->kind == MDL_KIND_tensor && type->tensor.rank) {
    *dim = type->tensor.dim[0];
    row->tensor.rank--;
    memmove(row->tensor.dim, row->tensor.dim + 1,
            (size_t)row->tensor.rank * sizeof *row->tensor.dim);
    return row;
  }
  if (type->kind == MDL_KIND_struct && type->stack) {
    *dim = type->stack_dim[0];
    row->stack--;
    memmove(row->stack_dim, row->stack_dim + 1, (size_t)row->stack * sizeof *row->stack_dim);
    return row;
  }
  if (type->kind != MDL_KIND_tuple || !type->items) return NULL;
  row->item = MDL_NEW(s->arena, const MdlVType *, (size_t)type->items);
  for (int i = 0; i < type->items; i++)
    if (!(row->item[i] = mdl_vtype_row(s, type->item[i], dim))) return NULL;
  return row;
}

static bool dims_equal(int n, const MdlSize *const *a, int m, const MdlSize *const *b)
{
  return n == m && (!n || !memcmp(a, b, (size_t)n * sizeof *a));
}

bool mdl_same_dims(const MdlVType *a, const MdlVType *b)
{
  return dims_equal(a->tensor.rank, a->tensor.dim, b->tensor.rank, b->tensor.dim);
}

bool mdl_vtype_equal(const MdlVType *a, const MdlVType *b)
{
  if (a == b) return true;
  if (a->kind != b->kind || a->items != b->items) return false;
  if (a->kind == MDL_KIND_tensor) {
    MdlDtype x, y;
    bool known = mdl_vtype_dtype(a, &x), also = mdl_vtype_dtype(b, &y);
    if (known != also || (known && x != y)) return false;
    if (!known && mdl_cell_of(a->cell) != mdl_cell_of(b->cell)) return false;
    return dims_equal(a->tensor.rank, a->tensor.dim, b->tensor.rank, b->tensor.dim);
  }
  for (int i = 0; i < a->items; i++)
    if (!mdl_vtype_equal(a->item[i], b->item[i])) return false;
  return a->of == b->of && dims_equal(a->stack, a->stack_dim, b->stack, b->stack_dim);
}

bool mdl_vtype_dtype(const MdlVType *type, MdlDtype *dtype)
{
  if (type->cell && !mdl_cell_dtype(type->cell, dtype)) return false;
  if (!type->cell) *dtype = type->tensor.dtype;
  return true;
}

/* ---- text -------------------------------------------------------------------------------- */

/* Loop names carry "'7" to keep them apart. */
const char *mdl_size_shown(MdlSema *s, const MdlSize *size)
{
  if (!size) return "?";
  const char *text = mdl_size_text(size);
  if (!strchr(text, '\'')) return text;
  char *shown = mdl_text_copy(s->arena, text, strlen(text)), *to = shown;
  for (const char *from = text; *from; from++) {
    if (*from != '\'') {
      *to++ = *from;
      continue;
    }
    while (from[1] >= '0' && from[1] <= '9') from++;
  }
  *to = 0;
  return shown;
}

static const char *dims_text(MdlSema *s, int count, const MdlSize *const *dim)
{
  const char *text = "";
  for (int i = 0; i < count; i++)
    text = mdl_text(s->arena, "%s%s%s", text, i ? ", " : "", mdl_size_shown(s, dim[i]));
  return text;
}

static const char *tensor_text(MdlSema *s, const MdlVType *type)
{
  MdlDtype dtype = type->tensor.dtype;
  const char *name = "number";
  if (mdl_vtype_dtype(type, &dtype)) name = mdl_dtypes[dtype].name;
  if (!type->tensor.rank) return name;
  return mdl_text(s->arena, "%s[%s]", name, dims_text(s, type->tensor.rank, type->tensor.dim));
}

const char *mdl_vtype_text(MdlSema *s, const MdlVType *type)
{
  static const char *const names[] = {[MDL_KIND_poison] = "something unknown",
                                      [MDL_KIND_none] = "no value",
                                      [MDL_KIND_number] = "a number",
                                      [MDL_KIND_size] = "a size",
                                      [MDL_KIND_fn] = "a function",
                                      [MDL_KIND_range] = "a range",
                                      [MDL_KIND_zip] = "a zip",
                                      [MDL_KIND_text] = "a string",
                                      [MDL_KIND_type] = "a type",
                                      [MDL_KIND_module] = "a module"};
  if (type->kind == MDL_KIND_tensor) return tensor_text(s, type);
  if (type->kind == MDL_KIND_struct && type->stack)
    return mdl_text(s->arena, "%s[%s]", type->of->text, dims_text(s, type->stack, type->stack_dim));
  if (type->kind == MDL_KIND_struct) return type->of->text;
  if (type->kind != MDL_KIND_tuple) return names[type->kind];
  const char *text = "(";
  for (int i = 0; i < type->items; i++)
    text = mdl_text(s->arena, "%s%s%s", text, i ? ", " : "", mdl_vtype_text(s, type->item[i]));
  return mdl_text(s->arena, "%s%s)", text, type->items == 1 ? "," : "");
}

/* ---- leaves ------------------------------------------------------------------------------ */

typedef struct Flat {
  MdlSema *s;
  MdlType *leaf;
  const char **path;
  int count;
} Flat;

static void flatten(Flat *f, const MdlVType *type, const char *path, int lead,
                    const MdlSize *const *dim)
{
  const MdlSize *dims[MDL_MAX_RANK];
  if (type->kind == MDL_KIND_tensor) {
    if (f->leaf) {
      const MdlVType *whole = f->s ? mdl_vtype_lead(f->s, type, lead, dim) : type;
      f->leaf[f->count] = whole ? whole->tensor : type->tensor;
      if (type->cell) mdl_cell_dtype(type->cell, &f->leaf[f->count].dtype);
    }
    if (f->path) f->path[f->count] = path;
    f->count++;
    return;
  }
  int parts = type->kind == MDL_KIND_tuple ? type->items : 0;
  if (type->kind == MDL_KIND_struct) {
    parts = type->of->fields;
    memcpy(dims, dim, (size_t)lead * sizeof *dim);
    memcpy(dims + lead, type->stack_dim, (size_t)type->stack * sizeof *dim);
    lead += type->stack, dim = dims;
  }
  for (int i = 0; i < parts; i++) {
    const char *name = path;
    if (f->path) {
      const char *dot = *path ? "." : "";
      name = type->kind == MDL_KIND_struct
                 ? mdl_text(f->s->arena, "%s%s%s", path, dot, type->of->name[i])
                 : mdl_text(f->s->arena, "%s%s%d", path, dot, i);
    }
    flatten(f, type->kind == MDL_KIND_struct ? type->of->field[i] : type->item[i], name, lead, dim);
  }
}

int mdl_leaf_count(const MdlVType *type)
{
  int count = type->kind == MDL_KIND_tensor;
  if (type->kind == MDL_KIND_struct) return type->of->leaves;
  for (int i = 0; type->kind == MDL_KIND_tuple && i < type->items; i++)
    count += mdl_leaf_count(type->item[i]);
  return count;
}

int mdl_leaves(MdlSema *s, const MdlVType *type, MdlType *leaf, const char **path)
{
  const MdlSize *none[1] = {NULL};
  Flat f = {s, leaf, path, 0};
  flatten(&f, type, "", 0, none);
  return f.count;
}

/* ---- cells ------------------------------------------------------------------------------- */

MdlCell *mdl_cell_new(MdlSema *s, bool is_float)
{
  MdlCell *cell = MDL_NEW(s->arena, MdlCell, 1);
  cell->is_float = is_float;
  return cell;
}

MdlCell *mdl_cell_of(MdlCell *cell)
{
  while (cell && cell->same) cell = cell->same;
  return cell;
}

bool mdl_cell_dtype(MdlCell *cell, MdlDtype *dtype)
{
  cell = mdl_cell_of(cell);
  if (cell->decided) *dtype = cell->dtype;
  return cell->decided;
}

void mdl_cell_decide(MdlCell *cell, MdlDtype dtype, MdlSpan at)
{
  cell = mdl_cell_of(cell);
  if (cell->decided) return;
  cell->decided = true;
  cell->dtype = dtype;
  cell->at = at;
}

void mdl_cell_join(MdlCell *a, MdlCell *b)
{
  a = mdl_cell_of(a), b = mdl_cell_of(b);
  if (a == b) return;
  if (a->decided) {
    mdl_cell_decide(b, a->dtype, a->at);
    return;
  }
  if (b->decided) {
    mdl_cell_decide(a, b->dtype, b->at);
    return;
  }
  a->is_float |= b->is_float, a->is_integer |= b->is_integer, a->is_index |= b->is_index;
  b->same = a;
}

MdlDtype mdl_cell_default(MdlCell *cell)
{
  cell = mdl_cell_of(cell);
  if (!cell->decided)
    mdl_cell_decide(cell, cell->is_float ? MDL_f32 : cell->is_index ? MDL_i64 : MDL_i32, cell->at);
  return cell->dtype;
}
