#include "passes/cost.h"

#include "passes/contract.h"
#include "passes/schedule.h"

#include <string.h>

enum { MATHS = 20 /* operations of a formula of ir/maths.def, about */ };

static const MdlSize *number(const MdlGroup *g, int64_t value)
{
  return mdl_size_const(g->ir->sizes, value);
}

static const MdlSize *times(const MdlGroup *g, const MdlSize *a, const MdlSize *b)
{
  return mdl_size_mul(g->ir->sizes, a, b);
}

static const MdlSize *elements(const MdlGroup *g, MlirValue value)
{
  return mdl_type_elements(g->ir->sizes, mdl_type_of(g->ir, value));
}

/* ---- arithmetic -------------------------------------------------------------------------- */

static bool is_float(const MdlGroup *g, MlirValue value)
{
  return mdl_is_float(mdl_type_of(g->ir, value)->dtype);
}

/* A row of the op table: its formula for floats stands first. */
static const MdlSize *row_flops(const MdlGroup *g, MlirOperation op, const MdlOpInfo *row)
{
  MlirValue last = mdl_operand(op, mdl_operand_count(op) - 1);
  if (!is_float(g, last)) return number(g, 0);
  size_t length = strcspn(row->loop, "|");
  bool maths = memchr(row->loop, '@', length);
  return times(g, elements(g, mdl_result(op, 0)), number(g, maths ? MATHS : 1));
}

static const MdlSize *contract_flops(const MdlGroup *g, MlirOperation op)
{
  MdlContract c = mdl_contract_read(g);
  const MdlSize *flops = times(g, number(g, 2), elements(g, mdl_result(op, 0)));
  for (int i = 0; i < c.ks; i++) flops = times(g, flops, c.k[i]);
  return flops;
}

static const MdlSize *window_flops(const MdlGroup *g, MlirOperation op)
{
  int64_t extent[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(g->ir, op);
  int count = mdl_get_ints(&attrs, "size", extent);
  const MdlSize *flops = elements(g, mdl_result(op, 0));
  for (int i = 0; i < count; i++) flops = times(g, flops, number(g, extent[i]));
  return flops;
}

static const MdlSize *op_flops(const MdlGroup *g, MlirOperation op)
{
  const MdlOpInfo *row = mdl_op_info(mdl_op(g->ir, op));
  switch (row->class) {
  case MDL_CLASS_map:
    return row->elementwise ? row_flops(g, op, row) : number(g, 0);
  case MDL_CLASS_contract:
  case MDL_CLASS_conv:
    return mdl_same_op(op, g->seed) ? contract_flops(g, op) : number(g, 0);
  case MDL_CLASS_window:
    return is_float(g, mdl_operand(op, 0)) ? window_flops(g, op) : number(g, 0);
  case MDL_CLASS_reduce:
  case MDL_CLASS_scan:
    return is_float(g, mdl_operand(op, 0)) ? elements(g, mdl_operand(op, 0)) : number(g, 0);
  case MDL_CLASS_scatter:
    return is_float(g, mdl_operand(op, 2)) ? elements(g, mdl_operand(op, 2)) : number(g, 0);
  case MDL_CLASS_leaf:
  case MDL_CLASS_move:
  case MDL_CLASS_gather:
  case MDL_CLASS_sort:
  case MDL_CLASS_effect:
  case MDL_CLASS_core:
    break;
  }
  return number(g, 0);
}

static MdlDtype rate_type(const MdlGroup *g, MlirOperation op, MdlDtype so_far)
{
  MdlDtype of = mdl_type_of(g->ir, mdl_operand(op, 0))->dtype;
  if (mdl_same_op(op, g->seed) && mdl_is_contract(g)) return of;
  return of == MDL_f64 && so_far == MDL_f32 ? MDL_f64 : so_far;
}

/* ---- memory ------------------------------------------------------------------------------ */

static const MdlSize *bytes_of(const MdlGroup *g, MlirValue value)
{
  const MdlType *type = mdl_type_of(g->ir, value);
  if (!type->rank) return number(g, 0);
  return times(g, elements(g, value), number(g, mdl_dtypes[type->dtype].bytes));
}

/* What readers take of a value, where they only cut out of it or look it up, seen in another shape
 * perhaps; all of it else. */
static const MdlSize *bytes_taken(const MdlGroup *g, MlirValue value, const MdlSize *whole)
{
  MlirOperation user;
  int operand;
  const MdlSize *part = number(g, 0);
  for (int i = 0; mdl_use(value, i, &user, &operand); i++) {
    MdlOp kind = mdl_op(g->ir, user);
    bool picks = kind == MDL_OP_slice || kind == MDL_OP_dynamic_slice || kind == MDL_OP_gather;
    bool views = kind == MDL_OP_reshape || (kind == MDL_OP_pad && mdl_op_has(user, "mdl.parts"));
    if (operand || (!picks && !views)) return whole;
    MlirValue made = mdl_result(user, 0);
    part =
        mdl_size_add(g->ir->sizes, part, picks ? bytes_of(g, made) : bytes_taken(g, made, whole));
  }
  return part;
}

static const MdlSize *bytes_read(const MdlGroup *g, MlirValue operand)
{
  const MdlSize *whole = bytes_of(g, operand), *part = bytes_taken(g, operand, whole);
  return mdl_schedule_guess(part) < mdl_schedule_guess(whole) ? part : whole;
}

/* ---- a group ----------------------------------------------------------------------------- */

MdlCost mdl_cost(const MdlGroup *g)
{
  MlirBlock body = mdl_body(g->func, 0);
  MlirOperation end = mdl_terminator(body);
  MdlCost c = {number(g, 0), number(g, 0), MDL_f32};
  for (int i = 0; i < mdl_arg_count(body); i++)
    c.bytes = mdl_size_add(g->ir->sizes, c.bytes, bytes_read(g, mdl_arg(body, i)));
  for (int i = 0; i < mdl_operand_count(end); i++)
    c.bytes = mdl_size_add(g->ir->sizes, c.bytes, bytes_of(g, mdl_operand(end, i)));
  for (MlirOperation op = mdl_first(body); !mdl_same_op(op, end); op = mdl_next(op)) {
    if (!mdl_operand_count(op)) continue;
    c.flops = mdl_size_add(g->ir->sizes, c.flops, op_flops(g, op));
    c.of = rate_type(g, op, c.of);
  }
  return c;
}

void mdl_cost_mark(const MdlGroup *g, MlirOperation func)
{
  MdlCost c = mdl_cost(g);
  if (!c.bytes || !c.flops) return;
  mdl_op_set_size(g->ir, func, "mdl.moves", c.bytes);
  mdl_op_set_size(g->ir, func, "mdl.flops", c.flops);
  mdl_op_set_text(g->ir, func, "mdl.flop_type", mdl_dtypes[c.of].name);
}
