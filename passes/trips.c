#include "passes/trips.h"

#include <string.h>

static bool whole(MdlIr *ir, MlirOperation op, int64_t *value)
{
  double real = 0;
  if (mdl_is_null(op) || mdl_op(ir, op) != MDL_OP_const) return false;
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  return mdl_get_number(&attrs, "value", &real, value);
}

bool mdl_is_zero_index(MdlIr *ir, MlirValue value)
{
  int64_t is = 0;
  return whole(ir, mdl_def(value), &is) && is == 0;
}

const MdlSize *mdl_limit_of(MdlIr *ir, MlirOperation loop)
{
  const char *text = mdl_op_text(ir, loop, "mdl.limit");
  return text ? mdl_size_parse(ir->sizes, text, strlen(text)) : NULL;
}

/* The value as a size, where it is one. */
static const MdlSize *exact(MdlIr *ir, MlirValue value)
{
  int64_t is = 0;
  MlirOperation op = mdl_def(value);
  if (mdl_is_null(op)) return NULL;
  if (whole(ir, op, &is)) return mdl_size_const(ir->sizes, is);
  if (mdl_op(ir, op) == MDL_OP_convert) return exact(ir, mdl_operand(op, 0));
  if (mdl_op(ir, op) == MDL_OP_sub)
    return mdl_size_sub(ir->sizes, exact(ir, mdl_operand(op, 0)), exact(ir, mdl_operand(op, 1)));
  if (mdl_op(ir, op) != MDL_OP_size) return NULL;
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  const char *text = mdl_get_text(&attrs, "of");
  return mdl_size_parse(ir->sizes, text, strlen(text));
}

/* The index of a loop around, by its block argument. */
static bool is_round(MdlIr *ir, MlirValue value, MlirOperation *loop)
{
  if (!mdl_is_null(mdl_def(value)) || mdl_result_index(value) != 0) return false;
  *loop = mdl_block_parent(mdl_value_block(value));
  return mdl_op(ir, *loop) == MDL_OP_for;
}

bool mdl_is_below_zero(MdlIr *ir, MlirValue value)
{
  const MdlSize *is = exact(ir, value);
  if (is) return !mdl_size_dominates(ir->sizes, is, mdl_size_const(ir->sizes, 0));
  MlirOperation op = mdl_def(value);
  if (is_round(ir, value, &op)) return mdl_is_below_zero(ir, mdl_operand(op, 0));
  if (mdl_is_null(op) || mdl_op(ir, op) != MDL_OP_add) return true;
  return mdl_is_below_zero(ir, mdl_operand(op, 0)) || mdl_is_below_zero(ir, mdl_operand(op, 1));
}

/* A size that the value does not exceed. */
static const MdlSize *at_most(MdlIr *ir, MlirValue value)
{
  const MdlSize *is = exact(ir, value);
  MlirOperation op = mdl_def(value);
  if (is) return is;
  if (is_round(ir, value, &op)) return at_most(ir, mdl_operand(op, 1));
  if (mdl_is_null(op)) return NULL;
  if (mdl_op(ir, op) == MDL_OP_add)
    return mdl_size_add(ir->sizes, at_most(ir, mdl_operand(op, 0)),
                        at_most(ir, mdl_operand(op, 1)));
  if (mdl_op(ir, op) == MDL_OP_sub && !mdl_is_below_zero(ir, mdl_operand(op, 1)))
    return at_most(ir, mdl_operand(op, 0));
  return NULL;
}

const MdlSize *mdl_most_trips(MdlIr *ir, MlirOperation loop)
{
  const MdlSize *limit = mdl_limit_of(ir, loop);
  if (limit) return limit;
  const MdlSize *hi = at_most(ir, mdl_operand(loop, 1));
  if (!hi || !mdl_is_below_zero(ir, mdl_operand(loop, 0))) return hi;
  return mdl_size_sub(ir->sizes, hi, exact(ir, mdl_operand(loop, 0)));
}

bool mdl_has_size_bounds(MdlIr *ir, MlirOperation loop)
{
  return exact(ir, mdl_operand(loop, 0)) && exact(ir, mdl_operand(loop, 1));
}

bool mdl_is_within(MdlIr *ir, MlirValue index, const MdlSize *extent)
{
  MlirOperation op = mdl_def(index), loop = {NULL};
  MlirValue round = index;
  bool backwards = !mdl_is_null(op) && mdl_op(ir, op) == MDL_OP_sub;
  if (backwards) round = mdl_operand(op, 1);
  if (!is_round(ir, round, &loop)) return false;
  const MdlSize *hi = exact(ir, mdl_operand(loop, 1));
  if (!hi || !mdl_size_dominates(ir->sizes, extent, hi)) return false;
  if (!backwards) return !mdl_is_below_zero(ir, mdl_operand(loop, 0));
  const MdlSize *last = mdl_size_sub(ir->sizes, hi, mdl_size_const(ir->sizes, 1));
  return exact(ir, mdl_operand(op, 0)) == last && mdl_is_zero_index(ir, mdl_operand(loop, 0));
}
