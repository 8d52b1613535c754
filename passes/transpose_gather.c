/* Transposes of gather and scatter. Reads clamp their indices, writes out of range are dropped: so
 * the way back of a read adds at the clamped place, that of a write is zero when it was dropped. */
#include "passes/derive.h"

#include "passes/trips.h"

#define TYPE(value) mdl_type_of(r->ir, value)

MdlTransposeOfOp mdl_transpose_gather, mdl_transpose_scatter, mdl_transpose_scatter_add;

static MlirValue size_like(MdlReverse *r, const MdlSize *size, MlirValue index)
{
  const MdlType *type = TYPE(index);
  return mdl_build_splat(&r->b, mdl_build_size(&r->b, size, type->dtype), type);
}

/* The size of the axis that a gather or scatter indexes. */
static const MdlSize *extent(MdlReverse *r, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  return TYPE(mdl_operand(op, 0))->dim[mdl_get_int(&attrs, "axis")];
}

/* In a type that holds the length of the axis. */
static MlirValue widened(MdlReverse *r, MlirOperation op)
{
  return mdl_build_wide_index(&r->b, mdl_operand(op, 1), extent(r, op));
}

/* min(max(index, 0), n - 1) */
static MlirValue clamped(MdlReverse *r, MlirOperation op)
{
  MlirValue given = mdl_operand(op, 1);
  if (!TYPE(given)->rank && mdl_is_within(r->ir, given, extent(r, op))) return given;
  MlirValue index = widened(r, op);
  const MdlSize *one = mdl_size_const(r->ir->sizes, 1);
  MlirValue last = size_like(r, mdl_size_sub(r->ir->sizes, extent(r, op), one), index);
  if (!mdl_is_unsigned(TYPE(index)->dtype))
    index = mdl_build(&r->b, MDL_OP_max, index, mdl_zero(r->ir, &r->b, index));
  return mdl_build(&r->b, MDL_OP_min, index, last);
}

MlirValue mdl_scatter_back(MdlReverse *r, MlirOperation gather, MlirValue base, MlirValue g)
{
  MdlAttrs attrs = mdl_attrs_of(r->ir, gather);
  MlirValue operand[] = {base, clamped(r, gather), g};
  return mdl_result(mdl_build_op(&r->b, MDL_OP_scatter_add, 3, operand, &attrs, NULL), 0);
}

void mdl_transpose_gather(MdlReverse *r, MlirOperation op, MlirValue g)
{
  mdl_cotangent_add_at(r, mdl_operand(op, 0), op, g);
}

/* A value per index, for every element of the slice that it places: from the shape of operand 1 to
 * that of operand 2. */
static MlirValue per_slice(MdlReverse *r, MlirOperation op, MlirValue value)
{
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  int64_t axis = mdl_get_int(&attrs, "axis"), batch = mdl_get_int(&attrs, "batch");
  int64_t dims[MDL_MAX_RANK];
  int rank = TYPE(value)->rank;
  for (int i = 0; i < rank; i++) dims[i] = i < batch ? i : axis + i - batch;
  MdlType type = mdl_type_with(TYPE(mdl_operand(op, 2)), TYPE(value)->dtype);
  return type.rank ? mdl_build_broadcast(&r->b, value, &type, rank, dims) : value;
}

static MlirValue read_at(MdlReverse *r, MlirOperation op, MlirValue from)
{
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  MlirValue operand[] = {from, mdl_operand(op, 1)};
  return mdl_result(mdl_build_op(&r->b, MDL_OP_gather, 2, operand, &attrs, NULL), 0);
}

/* Whether the index is within the axis, for every element of c. */
static MlirValue in_range(MdlReverse *r, MlirOperation op)
{
  MlirValue index = widened(r, op);
  MlirValue in = mdl_build(&r->b, MDL_OP_lt, index, size_like(r, extent(r, op), index));
  if (!mdl_is_unsigned(TYPE(index)->dtype)) {
    MlirValue from = mdl_build(&r->b, MDL_OP_ge, index, mdl_zero(r->ir, &r->b, index));
    in = mdl_build(&r->b, MDL_OP_bitand, from, in);
  }
  return per_slice(r, op, in);
}

void mdl_transpose_scatter_add(MdlReverse *r, MlirOperation op, MlirValue g)
{
  mdl_give(r, op, 0, g);
  if (!mdl_wants(r, op, 2)) return;
  MlirValue there = read_at(r, op, g), zero = mdl_zero(r->ir, &r->b, there);
  bool within =
      !TYPE(mdl_operand(op, 1))->rank && mdl_is_within(r->ir, mdl_operand(op, 1), extent(r, op));
  mdl_give(r, op, 2, within ? there : mdl_build(&r->b, MDL_OP_where, in_range(r, op), there, zero));
}

/* Numbers the slices, scatters the numbers, and looks whose is there: that slice was written last.
 */
static MlirValue is_last(MdlReverse *r, MlirOperation op)
{
  MdlType index = mdl_type_with(TYPE(mdl_operand(op, 1)), MDL_i32);
  MdlType flat = {.dtype = MDL_i32, .rank = 1};
  flat.dim[0] = mdl_type_elements(r->ir->sizes, &index);
  MlirValue number = mdl_build_iota(&r->b, &flat, 0);
  number = per_slice(r, op, mdl_build_reshape(&r->b, number, &index));
  MdlType whole = mdl_type_with(TYPE(mdl_operand(op, 0)), MDL_i32);
  MdlAttrs attrs = mdl_attrs_of(r->ir, op);
  MlirValue operand[] = {mdl_build_const_int(&r->b, &whole, -1), mdl_operand(op, 1), number};
  MlirValue winner = mdl_result(mdl_build_op(&r->b, MDL_OP_scatter, 3, operand, &attrs, NULL), 0);
  return mdl_build(&r->b, MDL_OP_eq, read_at(r, op, winner), number);
}

/* Which slices of c stay in the result: all, a slice within the range, or the last of equals. */
static MlirValue stays(MdlReverse *r, MlirOperation op, MlirValue there)
{
  MlirValue index = mdl_operand(op, 1), zero;
  bool is_one = !TYPE(index)->rank;
  if (is_one && mdl_is_within(r->ir, index, extent(r, op))) return there;
  zero = mdl_zero(r->ir, &r->b, there);
  MlirValue mask = is_one ? in_range(r, op) : is_last(r, op);
  return mdl_build(&r->b, MDL_OP_where, mask, there, zero);
}

void mdl_transpose_scatter(MdlReverse *r, MlirOperation op, MlirValue g)
{
  if (mdl_wants(r, op, 0)) {
    MdlAttrs attrs = mdl_attrs_of(r->ir, op);
    MlirValue c = mdl_operand(op, 2);
    MlirValue operand[] = {g, mdl_operand(op, 1), mdl_zero(r->ir, &r->b, c)};
    MlirOperation rest = mdl_build_op(&r->b, MDL_OP_scatter, 3, operand, &attrs, NULL);
    mdl_give(r, op, 0, mdl_result(rest, 0));
  }
  if (mdl_wants(r, op, 2)) mdl_give(r, op, 2, stays(r, op, read_at(r, op, g)));
}
