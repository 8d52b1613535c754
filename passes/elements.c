/* Elements of tensors, `t[i, j]` by indices known at run time, in one step. The program says them
 * one index after the other: a row, an element of it, the row put back. Read and written row by
 * row that costs a copy of the row each way. */
#include "passes/partition.h"

#include "passes/align.h"
#include "passes/reach.h"

/* At one place along the first axis. */
static bool is_at_place(MdlIr *ir, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  const MdlType *index = mdl_type_of(ir, mdl_operand(op, 1));
  return !mdl_get_int(&attrs, "axis") && !mdl_get_int(&attrs, "batch") && !index->rank &&
         index->dtype != MDL_u64;
}

/* What the value is another shape of; in between, nobody else reads it if it is to be alone. */
static MlirValue shaped_from(MdlIr *ir, MlirValue value, bool alone)
{
  while (mdl_def_op(ir, value) == MDL_OP_reshape && (!alone || mdl_use_count(value) == 1))
    value = mdl_operand(mdl_def(value), 0);
  return value;
}

/* The row that the value is, in whatever shape: a gather; null if it is none. */
static MlirOperation row_of(MdlIr *ir, MlirValue value)
{
  MlirValue row = shaped_from(ir, value, false);
  if (mdl_def_op(ir, row) != MDL_OP_gather) return (MlirOperation){NULL};
  MlirOperation gather = mdl_def(row);
  return is_at_place(ir, gather) ? gather : (MlirOperation){NULL};
}

/* ---- two indices as one ------------------------------------------------------------------ */

/* Wide enough for both and for their product. */
static MdlDtype joined_dtype(MdlIr *ir, MlirValue i, MlirValue j, const MdlSize *all)
{
  int64_t count;
  MdlDtype a = mdl_type_of(ir, i)->dtype, b = mdl_type_of(ir, j)->dtype;
  bool fits = mdl_size_is_const(all, &count) && count <= INT32_MAX;
  bool narrow = a != MDL_index && b != MDL_index && a != MDL_u32 && b != MDL_u32 &&
                mdl_dtypes[a].bits <= 32 && mdl_dtypes[b].bits <= 32;
  return fits && narrow ? MDL_i32 : MDL_i64;
}

/* The nearest place that there is. */
static MlirValue clamped(MdlBuilder *b, MlirValue index, const MdlSize *extent)
{
  MdlType type = *mdl_type_of(b->ir, index);
  const MdlSize *last = mdl_size_sub(b->ir->sizes, extent, mdl_size_const(b->ir->sizes, 1));
  index = mdl_build(b, MDL_OP_min, index, mdl_build_size(b, last, type.dtype));
  return mdl_build(b, MDL_OP_max, index, mdl_build_const_int(b, &type, 0));
}

/* i and j along two axes as one index along both. Reads take the nearest element; a write that is
 * out of range along either axis is out of range: -1. */
static MlirValue joined(MdlBuilder *b, MlirValue i, const MdlSize *rows, MlirValue j,
                        const MdlSize *columns, bool writes)
{
  MdlType type =
      mdl_type_scalar(joined_dtype(b->ir, i, j, mdl_size_mul(b->ir->sizes, rows, columns)));
  if (mdl_type_of(b->ir, i)->dtype != type.dtype) i = mdl_build_convert(b, i, type.dtype);
  if (mdl_type_of(b->ir, j)->dtype != type.dtype) j = mdl_build_convert(b, j, type.dtype);
  MlirValue row = clamped(b, i, rows), column = clamped(b, j, columns);
  MlirValue before = mdl_build(b, MDL_OP_mul, row, mdl_build_size(b, columns, type.dtype));
  MlirValue at = mdl_build(b, MDL_OP_add, before, column);
  if (!writes) return at;
  MlirValue in = mdl_build(b, MDL_OP_bitand, mdl_build(b, MDL_OP_eq, row, i),
                           mdl_build(b, MDL_OP_eq, column, j));
  return mdl_build(b, MDL_OP_where, in, at, mdl_build_const_int(b, &type, -1));
}

/* The tensor with its first axis and that of its rows, as `row` has them, in one; the rows' axes.
 */
static bool joined_shape(MdlIr *ir, const MdlType *whole, const MdlType *row, MdlType *type)
{
  *type = *row;
  type->dim[0] = mdl_size_mul(ir->sizes, whole->dim[0], row->dim[0]);
  return type->dim[0] != NULL;
}

/* ---- reads ------------------------------------------------------------------------------- */

typedef struct Wanted {
  MlirValue value;
  bool used;
} Wanted;

static bool find_use(void *user, MlirOperation op)
{
  Wanted *w = user;
  for (int i = 0; i < mdl_operand_count(op); i++) w->used |= mdl_same(mdl_operand(op, i), w->value);
  return !w->used;
}

static bool uses(MlirOperation op, MlirValue value)
{
  Wanted w = {value, false};
  mdl_walk(op, find_use, &w);
  return w.used;
}

/* The tensor that a row is of is still there where an element of the row is read: else it could
 * have been updated in its place, and would have to be kept besides. */
static bool is_still_there(MlirOperation row, MlirOperation element)
{
  MlirValue whole = mdl_operand(row, 0);
  if (mdl_block_of(row).ptr != mdl_block_of(element).ptr) return false;
  bool between = false, after = false;
  for (MlirOperation op = mdl_next(row); !mdl_same_op(op, element); op = mdl_next(op))
    between |= uses(op, whole);
  for (MlirOperation op = mdl_next(element); between && !after && !mdl_is_null(op);
       op = mdl_next(op))
    after = uses(op, whole);
  return !between || after;
}

/* Several elements of the row are read and nothing else: it would be there for them only. One alone
 * is read through the row without it. */
static bool is_for_elements(MdlIr *ir, MlirOperation row)
{
  MlirValue value = mdl_result(row, 0);
  MlirOperation owner;
  int operand, count = mdl_use_count(value);
  if (count < 2) return false;
  for (int i = 0; mdl_use(value, i, &owner, &operand); i++)
    if (operand || mdl_op(ir, owner) != MDL_OP_gather || !is_at_place(ir, owner) ||
        !is_still_there(row, owner))
      return false;
  return true;
}

/* `rows` knows what was found of a row when its first element was. */
static MlirValue read_element(MdlIr *ir, MlirOperation op, MdlMap *rows)
{
  MdlType type;
  MlirValue part = mdl_operand(op, 0);
  if (mdl_def_op(ir, part) != MDL_OP_gather || !is_at_place(ir, op)) return (MlirValue){NULL};
  MlirOperation row = mdl_def(part);
  if (!is_at_place(ir, row)) return (MlirValue){NULL};
  if (!mdl_map_has(rows, row.ptr))
    mdl_map_set(rows, row.ptr, is_for_elements(ir, row) ? (void *)row.ptr : NULL);
  MlirValue whole = mdl_operand(row, 0);
  const MdlType *shape = mdl_type_of(ir, part), *all = mdl_type_of(ir, whole);
  if (!mdl_map_get(rows, row.ptr) || !joined_shape(ir, all, shape, &type)) return (MlirValue){NULL};
  MdlBuilder b = mdl_builder_before(ir, op);
  b.at = mdl_location_named(ir, mdl_location_of(op), NULL);
  MlirValue at =
      joined(&b, mdl_operand(row, 1), all->dim[0], mdl_operand(op, 1), shape->dim[0], false);
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  MlirValue operand[] = {mdl_build_reshape(&b, whole, &type), at};
  b.at = mdl_location_of(op);
  return mdl_result(
      mdl_build_op(&b, MDL_OP_gather, 2, operand, &attrs, mdl_type_of(ir, mdl_result(op, 0))), 0);
}

/* ---- writes ------------------------------------------------------------------------------ */

/* scatter(t, i, scatter(gather(t, i), j, v)): the inner one does to t what it did to the row. */
static MlirValue write_element(MdlIr *ir, MlirOperation op)
{
  MdlType type;
  MlirValue whole = mdl_operand(op, 0), part = shaped_from(ir, mdl_operand(op, 2), true);
  MlirOperation inner = mdl_def(part);
  if (mdl_is_null(inner) || !mdl_is_scatter(mdl_def_op(ir, part)) || mdl_use_count(part) != 1 ||
      !is_at_place(ir, op) || !is_at_place(ir, inner))
    return (MlirValue){NULL};
  MlirOperation row = row_of(ir, mdl_operand(inner, 0));
  const MdlType *shape = mdl_type_of(ir, part), *all = mdl_type_of(ir, whole);
  if (mdl_is_null(row) || !mdl_same(mdl_operand(row, 0), whole) ||
      !mdl_same(mdl_operand(row, 1), mdl_operand(op, 1)) || !joined_shape(ir, all, shape, &type))
    return (MlirValue){NULL};
  MdlBuilder b = mdl_builder_before(ir, op);
  b.at = mdl_location_named(ir, mdl_location_of(op), NULL);
  MlirValue at =
      joined(&b, mdl_operand(op, 1), all->dim[0], mdl_operand(inner, 1), shape->dim[0], true);
  MdlAttrs attrs = mdl_attrs_of(ir, inner);
  MlirValue operand[] = {mdl_build_reshape(&b, whole, &type), at, mdl_operand(inner, 2)};
  b.at = mdl_location_of(op);
  MlirOperation now = mdl_build_op(&b, mdl_def_op(ir, part), 3, operand, &attrs, NULL);
  return mdl_build_reshape(&b, mdl_result(now, 0), all);
}

/* ---- a block ----------------------------------------------------------------------------- */

/* The op, and what nobody reads now. */
static void erase(MdlIr *ir, MlirOperation op)
{
  MlirValue operand[MDL_MAX_OPERANDS];
  int count = mdl_operand_count(op);
  for (int i = 0; i < count; i++) operand[i] = mdl_operand(op, i);
  mdl_erase(ir, op);
  for (int i = 0; i < count; i++) {
    MdlOp kind = mdl_def_op(ir, operand[i]);
    bool moves = kind == MDL_OP_gather || kind == MDL_OP_reshape || mdl_is_scatter(kind);
    if (moves && !mdl_has_uses(operand[i])) erase(ir, mdl_def(operand[i]));
  }
}

static void join_writes(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++) {
    for (int r = 0; r < mdl_region_count(op[i]); r++)
      if (mdl_body(op[i], r).ptr) join_writes(ir, mdl_body(op[i], r));
    if (mdl_op(ir, op[i]) != MDL_OP_scatter) continue;
    MlirValue with = write_element(ir, op[i]);
    if (mdl_is_no_value(with)) continue;
    mdl_replace(mdl_result(op[i], 0), with);
    erase(ir, op[i]);
  }
}

static void join_reads(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  MdlMap *rows = mdl_map_create(ir->arena);
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++) {
    for (int r = 0; r < mdl_region_count(op[i]); r++)
      if (mdl_body(op[i], r).ptr) join_reads(ir, mdl_body(op[i], r));
    if (mdl_op(ir, op[i]) != MDL_OP_gather) continue;
    MlirValue with = read_element(ir, op[i], rows);
    if (mdl_is_no_value(with)) continue;
    mdl_replace(mdl_result(op[i], 0), with);
    mdl_erase(ir, op[i]);
  }
  for (int i = 0; i < mdl_map_count(rows); i++) {
    MlirOperation row = {(void *)mdl_map_key(rows, i)};
    if (mdl_map_value(rows, i) && !mdl_has_uses(mdl_result(row, 0))) erase(ir, row);
  }
}

/* Writes first: they are known by the rows that they read. */
void mdl_join_elements(MdlIr *ir, MlirBlock block)
{
  join_writes(ir, block);
  join_reads(ir, block);
}
