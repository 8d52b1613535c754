/* What groups should not have to know. */
#include "passes/partition.h"

#include <math.h>
#include <string.h>

static bool all_zero(MdlIr *ir, int count, const MdlSize *const *size)
{
  for (int i = 0; i < count; i++)
    if (size[i] != mdl_size_const(ir->sizes, 0)) return false;
  return true;
}

static bool all_one(int count, const int64_t *value)
{
  for (int i = 0; i < count; i++)
    if (value[i] != 1) return false;
  return true;
}

MlirValue mdl_build_neutral(MdlBuilder *b, MdlOp op, MdlDtype dtype)
{
  MdlType type = mdl_type_scalar(dtype);
  bool largest = op == MDL_OP_window_min || op == MDL_OP_window_argmin || op == MDL_OP_reduce_min;
  switch (op) {
  case MDL_OP_conv:
  case MDL_OP_window_sum:
  case MDL_OP_reduce_sum:
  case MDL_OP_reduce_any: return mdl_build_const(b, &type, 0);
  case MDL_OP_reduce_prod:
  case MDL_OP_reduce_all: return mdl_build_const(b, &type, 1);
  default: break;
  }
  if (mdl_is_float(dtype)) return mdl_build_const(b, &type, largest ? INFINITY : -INFINITY);
  int bits = mdl_dtypes[dtype].bits - !mdl_is_unsigned(dtype);
  int64_t top = bits == 64 ? -1 : (int64_t)((UINT64_C(1) << bits) - 1);
  int64_t bottom = mdl_is_unsigned(dtype) ? 0 : -top - 1;
  return mdl_build_const_int(b, &type, largest ? top : bottom);
}

/* Conv and windows over a padded operand; the op itself then has no padding left. `first`: the axis
 * of a that the attributes' first entry stands for. */
static MlirOperation pad_operand(MdlIr *ir, MlirOperation op, MdlOp kind, int first)
{
  const MdlType *type = mdl_type_of(ir, mdl_operand(op, 0));
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK], *zero = mdl_size_const(ir->sizes, 0);
  int64_t spread[MDL_MAX_RANK], inner[MDL_MAX_RANK] = {0}, one[MDL_MAX_RANK];
  const MdlSize *none[MDL_MAX_RANK], *all_lo[MDL_MAX_RANK], *all_hi[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(ir, op), now = mdl_attrs_none(ir), pad = mdl_attrs_none(ir);
  bool spreads = kind == MDL_OP_conv || kind == MDL_OP_window_sum;
  int count = mdl_get_sizes(&attrs, "lo", lo);
  mdl_get_sizes(&attrs, "hi", hi);
  for (int i = 0; i < count; i++) spread[i] = one[i] = 1, none[i] = zero;
  if (spreads) mdl_get_ints(&attrs, "spread", spread);
  if (all_zero(ir, count, lo) && all_zero(ir, count, hi) && all_one(count, spread)) return op;
  for (int i = 0; i < type->rank; i++) all_lo[i] = all_hi[i] = zero;
  for (int i = 0; i < count; i++) {
    all_lo[first + i] = lo[i];
    all_hi[first + i] = hi[i];
    inner[first + i] = spread[i] - 1;
  }
  MdlBuilder b = mdl_builder_before(ir, op);
  b.at = mdl_location_named(ir, b.at, NULL);
  mdl_put_sizes(&pad, "lo", type->rank, all_lo);
  mdl_put_sizes(&pad, "hi", type->rank, all_hi);
  mdl_put_ints(&pad, "inner", type->rank, inner);
  MlirValue operand[] = {mdl_operand(op, 0), mdl_build_neutral(&b, kind, type->dtype)};
  MlirValue padded = mdl_result(mdl_build_op(&b, MDL_OP_pad, 2, operand, &pad, NULL), 0);
  for (int i = 0; i < attrs.count; i++) {
    const char *name = attrs.name[i];
    if (!strcmp(name, "lo") || !strcmp(name, "hi"))
      mdl_put_sizes(&now, name, count, none);
    else if (!strcmp(name, "spread"))
      mdl_put_ints(&now, name, count, one);
    else {
      now.name[now.count] = name;
      now.value[now.count++] = attrs.value[i];
    }
  }
  MlirValue operands[] = {padded, kind == MDL_OP_conv ? mdl_operand(op, 1) : padded};
  b.at = mdl_location_of(op);
  MlirOperation made = mdl_build_op(&b, kind, kind == MDL_OP_conv ? 2 : 1, operands, &now,
                                    mdl_type_of(ir, mdl_result(op, 0)));
  mdl_replace(mdl_result(op, 0), mdl_result(made, 0));
  mdl_erase(ir, op);
  return made;
}

static void check_all(MdlIr *ir, MlirOperation check)
{
  MlirValue holds = mdl_operand(check, 0);
  int64_t axes[MDL_MAX_RANK];
  int rank = mdl_type_of(ir, holds)->rank;
  if (!rank) return;
  for (int i = 0; i < rank; i++) axes[i] = i;
  MdlBuilder b = mdl_builder_before(ir, check);
  b.at = mdl_location_named(ir, b.at, NULL);
  mdl_set_operand(check, 0, mdl_build_reduce(&b, MDL_OP_reduce_all, holds, rank, axes));
}

/* Constants of another block are made again where they are used: groups hold them inside. */
static void sink_leaves(MdlIr *ir, MlirOperation op)
{
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MlirValue value = mdl_operand(op, i);
    MdlOp kind = mdl_def_op(ir, value);
    bool leaf = kind == MDL_OP_const || kind == MDL_OP_size || kind == MDL_OP_iota ||
                kind == MDL_OP_table;
    if (!leaf || mdl_block_of(mdl_def(value)).ptr == mdl_block_of(op).ptr) continue;
    MdlBuilder b = mdl_builder_before(ir, op);
    MlirOperation made = mdl_clone_op(&b, mdl_def(value), mdl_map_create(ir->arena), NULL, NULL);
    mdl_set_operand(op, i, mdl_result(made, 0));
  }
}

void mdl_normalise(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++) {
    MdlOp kind = mdl_op(ir, op[i]);
    for (int j = 0; j < mdl_region_count(op[i]); j++)
      if (mdl_body(op[i], j).ptr) mdl_normalise(ir, mdl_body(op[i], j));
    if (kind == MDL_OP_check) check_all(ir, op[i]);
    if (kind == MDL_OP_conv) op[i] = pad_operand(ir, op[i], kind, 2);
    if (kind < MDL_OP_COUNT && mdl_op_info(kind)->class == MDL_CLASS_window)
      op[i] = pad_operand(ir, op[i], kind, 0);
    sink_leaves(ir, op[i]);
  }
}
