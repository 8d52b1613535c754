/* Typed ops one by one: each function infers its result's type as ir/typing.h will when lowering.
 */
#include "frontend/sema.h"

#include <string.h>

static MdlCore *op_new(MdlSema *s, MdlOp op, int operands, MdlCore *const *operand)
{
  MdlCore *core = mdl_core_new(s, MDL_CORE_op, operands, operand);
  core->op = op;
  if (operands) {
    core->type = operand[0]->type;
    core->cell = operand[0]->cell;
  }
  return core;
}

static MdlCoreAttr *attr_new(MdlSema *s, MdlCore *core, const char *name, MdlAttrKind kind,
                             int count)
{
  if (!core->attr) core->attr = MDL_NEW(s->arena, MdlCoreAttr, MDL_MAX_ATTRS);
  MdlCoreAttr *attr = &core->attr[core->attrs++];
  attr->name = name;
  attr->kind = kind;
  attr->count = count;
  return attr;
}

static const int64_t *copy_ints(MdlSema *s, int count, const int64_t *from)
{
  int64_t *to = MDL_NEW(s->arena, int64_t, (size_t)count);
  if (count) memcpy(to, from, (size_t)count * sizeof *to);
  return to;
}

static void put_ints(MdlSema *s, MdlCore *core, const char *name, MdlAttrKind kind, int count,
                     const int64_t *ints)
{
  attr_new(s, core, name, kind, count)->ints = copy_ints(s, count, ints);
}

static void put_int(MdlSema *s, MdlCore *core, const char *name, MdlAttrKind kind, int64_t value)
{
  put_ints(s, core, name, kind, 1, &value);
}

static void put_sizes(MdlSema *s, MdlCore *core, const char *name, int count,
                      const MdlSize *const *sizes)
{
  const MdlSize **to = MDL_NEW(s->arena, const MdlSize *, (size_t)count);
  if (count) memcpy(to, sizes, (size_t)count * sizeof *to);
  attr_new(s, core, name, MDL_ATTR_sizes, count)->sizes = to;
}

static void set_dims(MdlCore *core, int rank, const MdlSize *const *dim)
{
  core->type.rank = rank;
  for (int i = 0; i < rank; i++) core->type.dim[i] = dim[i];
}

/* ---- elementwise rows and leaves --------------------------------------------------------- */

/* `where` has the type of its second operand; comparisons make bools. */
MdlCore *mdl_emit_map(MdlSema *s, MdlOp op, int operands, MdlCore *const *operand)
{
  const MdlOpInfo *row = mdl_op_info(op);
  MdlCore *wide[MDL_MAX_OPERANDS] = {0};
  const MdlCore *shape = operand[0];
  for (int i = 1; i < operands; i++)
    if (operand[i]->type.rank > shape->type.rank) shape = operand[i];
  for (int i = 0; i < operands; i++)
    wide[i] = mdl_emit_splat(s, operand[i], shape->type.rank, shape->type.dim);
  MdlCore *core = op_new(s, op, operands, wide);
  const char *result = strchr(row->sig, ':') + 1;
  for (int i = 0; i < operands; i++)
    if (row->sig[i] == *result) core->type = wide[i]->type, core->cell = wide[i]->cell;
  if (*result == 'B') core->type.dtype = MDL_bool, core->cell = NULL;
  return core;
}

MdlCore *mdl_emit_map1(MdlSema *s, MdlOp op, MdlCore *a) { return mdl_emit_map(s, op, 1, &a); }

MdlCore *mdl_emit_map2(MdlSema *s, MdlOp op, MdlCore *a, MdlCore *b)
{
  return mdl_emit_map(s, op, 2, (MdlCore *[]){a, b});
}

MdlCore *mdl_emit_map3(MdlSema *s, MdlOp op, MdlCore *a, MdlCore *b, MdlCore *c)
{
  return mdl_emit_map(s, op, 3, (MdlCore *[]){a, b, c});
}

MdlCore *mdl_emit_exact(MdlSema *s, const MdlType *type, MdlCell *cell, MdlExact value)
{
  MdlCore *core = mdl_core_new(s, MDL_CORE_number, 0, NULL);
  core->type = *type;
  core->cell = cell;
  core->number = value;
  return core;
}

MdlCore *mdl_emit_number(MdlSema *s, const MdlType *type, double value)
{
  return mdl_emit_exact(s, type, NULL, mdl_exact_real(value));
}

MdlCore *mdl_emit_like(MdlSema *s, MdlCore *like, double value)
{
  return mdl_emit_exact(s, &like->type, like->cell, mdl_exact_real(value));
}

MdlCore *mdl_emit_table(MdlSema *s, const MdlType *type, MdlCell *cell, const MdlExact *element)
{
  int64_t count = 1, dim = 1;
  MdlCore *core = op_new(s, MDL_OP_table, 0, NULL);
  core->type = *type;
  core->cell = cell;
  for (int i = 0; i < type->rank; i++) {
    mdl_size_is_const(type->dim[i], &dim);
    count *= dim;
  }
  attr_new(s, core, "values", MDL_ATTR_number, (int)count)->table = element;
  return core;
}

MdlCore *mdl_emit_size(MdlSema *s, const MdlSize *size, MdlDtype dtype)
{
  MdlCore *core = mdl_core_new(s, MDL_CORE_size, 0, NULL);
  core->type = mdl_type_scalar(dtype);
  core->size = size;
  /* loop names in it are values: they are used here */
  const char *name[32];
  int names = mdl_size_names(size, name, 32), used = 0;
  core->operand = MDL_NEW(s->arena, MdlCore *, (size_t)names);
  for (int i = 0; i < names; i++) {
    MdlCore *atom = mdl_map_get(s->atoms, mdl_intern_text(s->arena, name[i]));
    if (atom) core->operand[used++] = mdl_core_use(s, atom);
  }
  core->operands = used;
  return core;
}

MdlCore *mdl_emit_iota(MdlSema *s, const MdlType *type, int axis)
{
  MdlCore *core = op_new(s, MDL_OP_iota, 0, NULL);
  core->type = *type;
  put_int(s, core, "axis", MDL_ATTR_axis, axis);
  return core;
}

MdlCore *mdl_emit_convert(MdlSema *s, MdlCore *a, MdlDtype dtype)
{
  if (mdl_core_dtype(s, a) == dtype) return a;
  MdlCore *core = op_new(s, MDL_OP_convert, 1, &a);
  core->type.dtype = dtype, core->cell = NULL;
  return core;
}

MdlCore *mdl_emit_bitcast(MdlSema *s, MdlCore *a, MdlDtype dtype)
{
  if (mdl_core_dtype(s, a) == dtype) return a;
  MdlCore *core = op_new(s, MDL_OP_bitcast, 1, &a);
  core->type.dtype = dtype, core->cell = NULL;
  return core;
}

MdlCore *mdl_emit_stop_grad(MdlSema *s, MdlCore *a) { return op_new(s, MDL_OP_stop_grad, 1, &a); }

/* ---- moves ------------------------------------------------------------------------------- */

MdlCore *mdl_emit_broadcast(MdlSema *s, MdlCore *a, int rank, const MdlSize *const *dim,
                            const int64_t *dims)
{
  int axes = a->type.rank;
  MdlCore *core = op_new(s, MDL_OP_broadcast, 1, &a);
  set_dims(core, rank, dim);
  put_ints(s, core, "dims", MDL_ATTR_dims, axes, dims);
  return core;
}

MdlCore *mdl_emit_splat(MdlSema *s, MdlCore *a, int rank, const MdlSize *const *dim)
{
  if (a->type.rank || !rank) return a;
  if (a->kind == MDL_CORE_number) {
    MdlType type = {.dtype = a->type.dtype, .rank = rank};
    memcpy(type.dim, dim, (size_t)rank * sizeof *dim);
    return mdl_emit_exact(s, &type, a->cell, a->number);
  }
  return mdl_emit_broadcast(s, a, rank, dim, NULL);
}

MdlCore *mdl_emit_reshape(MdlSema *s, MdlCore *a, int rank, const MdlSize *const *dim)
{
  if (rank == a->type.rank && (!rank || !memcmp(dim, a->type.dim, (size_t)rank * sizeof *dim)))
    return a;
  MdlCore *core = op_new(s, MDL_OP_reshape, 1, &a);
  set_dims(core, rank, dim);
  return core;
}

MdlCore *mdl_emit_transpose(MdlSema *s, MdlCore *a, const int64_t *perm)
{
  MdlCore *core = op_new(s, MDL_OP_transpose, 1, &a);
  for (int i = 0; i < a->type.rank; i++) core->type.dim[i] = a->type.dim[perm[i]];
  put_ints(s, core, "perm", MDL_ATTR_perm, a->type.rank, perm);
  return core;
}

MdlCore *mdl_emit_slice(MdlSema *s, MdlCore *a, const MdlSize *const *start,
                        const MdlSize *const *limit, const int64_t *step)
{
  int rank = a->type.rank;
  MdlCore *core = op_new(s, MDL_OP_slice, 1, &a);
  for (int i = 0; i < rank; i++)
    core->type.dim[i] =
        mdl_size_ceil_div(s->sizes, mdl_size_sub(s->sizes, limit[i], start[i]), step[i]);
  put_sizes(s, core, "start", rank, start);
  put_sizes(s, core, "limit", rank, limit);
  put_ints(s, core, "step", MDL_ATTR_dims, rank, step);
  return core;
}

MdlCore *mdl_emit_dynamic_slice(MdlSema *s, MdlCore *a, MdlCore *start, int axis,
                                const MdlSize *length)
{
  MdlCore *core = op_new(s, MDL_OP_dynamic_slice, 2, (MdlCore *[]){a, start});
  core->type.dim[axis] = length;
  put_int(s, core, "axis", MDL_ATTR_axis, axis);
  return core;
}

MdlCore *mdl_emit_dynamic_update(MdlSema *s, MdlCore *a, MdlCore *start, MdlCore *with, int axis)
{
  MdlCore *core = op_new(s, MDL_OP_dynamic_update, 3, (MdlCore *[]){a, start, with});
  put_int(s, core, "axis", MDL_ATTR_axis, axis);
  return core;
}

MdlCore *mdl_emit_pad(MdlSema *s, MdlCore *a, MdlCore *value, const MdlSize *const *lo,
                      const MdlSize *const *hi, const int64_t *inner)
{
  int rank = a->type.rank;
  MdlSizes *z = s->sizes;
  MdlCore *core = op_new(s, MDL_OP_pad, 2, (MdlCore *[]){a, value});
  for (int i = 0; i < rank; i++) {
    const MdlSize *gaps = mdl_size_sub(z, a->type.dim[i], mdl_size_const(z, 1));
    const MdlSize *inside = mdl_size_mul(z, gaps, mdl_size_const(z, inner[i]));
    const MdlSize *sides = mdl_size_add(z, lo[i], hi[i]);
    core->type.dim[i] = mdl_size_add(z, mdl_size_add(z, sides, a->type.dim[i]), inside);
  }
  put_sizes(s, core, "lo", rank, lo);
  put_sizes(s, core, "hi", rank, hi);
  put_ints(s, core, "inner", MDL_ATTR_dims, rank, inner);
  return core;
}

MdlCore *mdl_emit_concat(MdlSema *s, MdlCore *a, MdlCore *b, int axis)
{
  MdlCore *core = op_new(s, MDL_OP_concat, 2, (MdlCore *[]){a, b});
  core->type.dim[axis] = mdl_size_add(s->sizes, a->type.dim[axis], b->type.dim[axis]);
  put_int(s, core, "axis", MDL_ATTR_axis, axis);
  return core;
}

MdlCore *mdl_emit_reverse(MdlSema *s, MdlCore *a, int count, const int64_t *axes)
{
  MdlCore *core = op_new(s, MDL_OP_reverse, 1, &a);
  put_ints(s, core, "axes", MDL_ATTR_axes, count, axes);
  return core;
}

MdlCore *mdl_emit_gather(MdlSema *s, MdlCore *a, MdlCore *at, int axis, int batch)
{
  MdlCore *core = op_new(s, MDL_OP_gather, 2, (MdlCore *[]){a, at});
  int rank = axis;
  if (a->type.rank - 1 + at->type.rank - batch > MDL_MAX_RANK) {
    mdl_error(s->session, MDL_E0902, s->at, "the rank");
    return core;
  }
  for (int i = batch; i < at->type.rank; i++) core->type.dim[rank++] = at->type.dim[i];
  for (int i = axis + 1; i < a->type.rank; i++) core->type.dim[rank++] = a->type.dim[i];
  core->type.rank = rank;
  put_int(s, core, "axis", MDL_ATTR_axis, axis);
  put_int(s, core, "batch", MDL_ATTR_int, batch);
  return core;
}

MdlCore *mdl_emit_scatter(MdlSema *s, MdlOp op, MdlCore *a, MdlCore *at, MdlCore *with, int axis,
                          int batch)
{
  MdlCore *core = op_new(s, op, 3, (MdlCore *[]){a, at, with});
  put_int(s, core, "axis", MDL_ATTR_axis, axis);
  put_int(s, core, "batch", MDL_ATTR_int, batch);
  return core;
}

/* ---- contractions ------------------------------------------------------------------------ */

static bool among(int count, const int64_t *list, int64_t value)
{
  for (int i = 0; i < count; i++)
    if (list[i] == value) return true;
  return false;
}

static int rest_dims(const MdlType *t, int n, const int64_t *contract, int m, const int64_t *batch,
                     const MdlSize **dim)
{
  int rank = 0;
  for (int i = 0; i < t->rank; i++)
    if (!among(n, contract, i) && !among(m, batch, i)) dim[rank++] = t->dim[i];
  return rank;
}

MdlCore *mdl_emit_dot(MdlSema *s, MdlCore *a, MdlCore *b, int contracted, const int64_t *a_contract,
                      const int64_t *b_contract, int batched, const int64_t *a_batch,
                      const int64_t *b_batch)
{
  MdlCore *core = op_new(s, MDL_OP_dot, 2, (MdlCore *[]){a, b});
  const MdlSize *dim[2 * MDL_MAX_RANK];
  int rank = 0;
  for (; rank < batched; rank++) dim[rank] = a->type.dim[a_batch[rank]];
  rank += rest_dims(&a->type, contracted, a_contract, batched, a_batch, dim + rank);
  rank += rest_dims(&b->type, contracted, b_contract, batched, b_batch, dim + rank);
  if (rank > MDL_MAX_RANK) {
    mdl_error(s->session, MDL_E0902, s->at, "the rank of a product");
    rank = MDL_MAX_RANK;
  }
  set_dims(core, rank, dim);
  MdlCoreAttr *attr = attr_new(s, core, "contract", MDL_ATTR_pairs, contracted);
  attr->ints = copy_ints(s, contracted, a_contract);
  attr->more = copy_ints(s, contracted, b_contract);
  attr = attr_new(s, core, "batch", MDL_ATTR_pairs, batched);
  attr->ints = copy_ints(s, batched, a_batch);
  attr->more = copy_ints(s, batched, b_batch);
  return core;
}

/* 1 + (n - 1)*k: what a dilated axis of n covers. */
static const MdlSize *spread_size(MdlSizes *z, const MdlSize *n, int64_t k)
{
  const MdlSize *one = mdl_size_const(z, 1);
  if (k == 1) return n;
  return mdl_size_add(z, mdl_size_mul(z, mdl_size_sub(z, n, one), mdl_size_const(z, k)), one);
}

static const MdlSize *windows(MdlSizes *z, const MdlSize *n, const MdlSize *size, int64_t stride,
                              const MdlSize *lo, const MdlSize *hi)
{
  const MdlSize *whole = mdl_size_add(z, mdl_size_add(z, n, lo), hi);
  const MdlSize *steps = mdl_size_floor_div(z, mdl_size_sub(z, whole, size), stride);
  return mdl_size_add(z, steps, mdl_size_const(z, 1));
}

MdlCore *mdl_emit_conv(MdlSema *s, MdlCore *a, MdlCore *b, const int64_t *stride,
                       const MdlSize *const *lo, const MdlSize *const *hi, const int64_t *dilate,
                       const int64_t *spread, int64_t groups)
{
  int spatial = a->type.rank - 2;
  MdlSizes *z = s->sizes;
  MdlCore *core = op_new(s, MDL_OP_conv, 2, (MdlCore *[]){a, b});
  core->type.dim[1] = b->type.dim[0];
  for (int i = 0; i < spatial; i++) {
    const MdlSize *n = spread_size(z, a->type.dim[i + 2], spread[i]);
    const MdlSize *k = spread_size(z, b->type.dim[i + 2], dilate[i]);
    core->type.dim[i + 2] = windows(z, n, k, stride[i], lo[i], hi[i]);
  }
  put_ints(s, core, "stride", MDL_ATTR_dims, spatial, stride);
  put_sizes(s, core, "lo", spatial, lo);
  put_sizes(s, core, "hi", spatial, hi);
  put_ints(s, core, "dilate", MDL_ATTR_dims, spatial, dilate);
  put_ints(s, core, "spread", MDL_ATTR_dims, spatial, spread);
  put_int(s, core, "groups", MDL_ATTR_int, groups);
  return core;
}

/* ---- reductions, windows, scans, sort ---------------------------------------------------- */

MdlCore *mdl_emit_reduce(MdlSema *s, MdlOp op, MdlCore *a, int count, const int64_t *axes)
{
  MdlCore *core = op_new(s, op, 1, &a);
  core->type.rank = rest_dims(&a->type, count, axes, 0, NULL, core->type.dim);
  put_ints(s, core, "axes", MDL_ATTR_axes, count, axes);
  return core;
}

MdlCore *mdl_emit_arg(MdlSema *s, MdlOp op, MdlCore *a, int axis)
{
  int64_t axes[] = {axis};
  MdlCore *core = op_new(s, op, 1, &a);
  core->type.rank = rest_dims(&a->type, 1, axes, 0, NULL, core->type.dim);
  core->type.dtype = MDL_i32, core->cell = NULL;
  put_int(s, core, "axis", MDL_ATTR_axis, axis);
  return core;
}

MdlCore *mdl_emit_window(MdlSema *s, MdlOp op, MdlCore *a, const int64_t *size,
                         const int64_t *stride, const MdlSize *const *lo, const MdlSize *const *hi,
                         const int64_t *dilate, const int64_t *spread)
{
  int rank = a->type.rank;
  MdlSizes *z = s->sizes;
  MdlCore *core = op_new(s, op, 1, &a);
  int64_t ones[MDL_MAX_RANK];
  for (int i = 0; i < rank; i++) ones[i] = 1;
  for (int i = 0; i < rank; i++) {
    const MdlSize *n = spread_size(z, a->type.dim[i], spread ? spread[i] : 1);
    const MdlSize *k = spread_size(z, mdl_size_const(z, size[i]), dilate[i]);
    core->type.dim[i] = windows(z, n, k, stride[i], lo[i], hi[i]);
  }
  put_ints(s, core, "size", MDL_ATTR_dims, rank, size);
  put_ints(s, core, "stride", MDL_ATTR_dims, rank, stride);
  put_sizes(s, core, "lo", rank, lo);
  put_sizes(s, core, "hi", rank, hi);
  put_ints(s, core, "dilate", MDL_ATTR_dims, rank, dilate);
  if (op == MDL_OP_window_sum)
    put_ints(s, core, "spread", MDL_ATTR_dims, rank, spread ? spread : ones);
  return core;
}

MdlCore *mdl_emit_scan(MdlSema *s, MdlOp op, MdlCore *a, int axis, bool reverse)
{
  MdlCore *core = op_new(s, op, 1, &a);
  put_int(s, core, "axis", MDL_ATTR_axis, axis);
  put_int(s, core, "reverse", MDL_ATTR_flag, reverse);
  return core;
}

MdlCore *mdl_emit_sort(MdlSema *s, MdlCore *a, int axis, MdlCore **permutation)
{
  MdlCore *core = op_new(s, MDL_OP_sort, 1, &a);
  put_int(s, core, "axis", MDL_ATTR_axis, axis);
  core->results = 2;
  core->result = MDL_NEW(s->arena, MdlCore *, 2);
  core->result[0] = mdl_core_result(s, core, 0, core->type, core->cell);
  core->result[1] = mdl_core_result(s, core, 1, mdl_type_with(&a->type, MDL_i32), NULL);
  if (permutation) *permutation = core->result[1];
  return core->result[0];
}

/* ---- effects ----------------------------------------------------------------------------- */

void mdl_emit_check(MdlSema *s, MdlCore *holds, int code, const char *text)
{
  MdlCore *core = op_new(s, MDL_OP_check, 1, &holds);
  put_int(s, core, "code", MDL_ATTR_int, code);
  attr_new(s, core, "text", MDL_ATTR_text, 1)->text = text;
}

void mdl_emit_print(MdlSema *s, MdlCore *a, const char *text)
{
  mdl_core_dtype(s, a);
  MdlCore *core = op_new(s, MDL_OP_print, 1, &a);
  attr_new(s, core, "text", MDL_ATTR_text, 1)->text = text;
}
