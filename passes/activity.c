/* Activity: which values depend on the inputs of a derivative. Integers and bools never do. */
#include "passes/derive.h"

bool mdl_is_float_value(MdlIr *ir, MlirValue value)
{
  return mdl_is_float(mdl_type_of(ir, value)->dtype);
}

bool mdl_is_empty(MdlIr *ir, MlirValue value)
{
  int64_t extent;
  const MdlType *type = mdl_type_of(ir, value);
  for (int i = 0; i < type->rank; i++)
    if (mdl_size_is_const(type->dim[i], &extent) && !extent) return true;
  return false;
}

static bool mark(MdlDerive *d, MdlMap *varied, MlirValue value)
{
  if (!mdl_is_float_value(d->ir, value) || mdl_map_has(varied, value.ptr)) return false;
  mdl_map_set(varied, value.ptr, (void *)value.ptr);
  return true;
}

/* Each value of `from` that is varied makes its partner in `to` so. */
static bool flow(MdlDerive *d, MdlMap *varied, MlirOperation from, int first, MlirBlock to_args,
                 int first_arg, MlirOperation to_results)
{
  bool changed = false;
  int count = mdl_operand_count(from) - first;
  for (int i = 0; i < count; i++) {
    if (!mdl_map_has(varied, mdl_operand(from, first + i).ptr)) continue;
    if (to_args.ptr) changed |= mark(d, varied, mdl_arg(to_args, first_arg + i));
    if (!mdl_is_null(to_results)) changed |= mark(d, varied, mdl_result(to_results, i));
  }
  return changed;
}

static void varied_if(MdlDerive *d, MlirOperation op, MdlMap *varied)
{
  for (int i = 0; i < mdl_region_count(op); i++) {
    MlirBlock body = mdl_body(op, i);
    if (!body.ptr) continue;
    mdl_varied_block(d, body, varied);
    flow(d, varied, mdl_terminator(body), 0, (MlirBlock){NULL}, 0, op);
  }
}

static void varied_for(MdlDerive *d, MlirOperation op, MdlMap *varied)
{
  MlirBlock body = mdl_body(op, 0);
  bool again = flow(d, varied, op, 3, body, 1, op);
  for (again = true; again;) {
    mdl_varied_block(d, body, varied);
    again = flow(d, varied, mdl_terminator(body), 0, body, 1, op);
  }
}

static void varied_while(MdlDerive *d, MlirOperation op, MdlMap *varied)
{
  MlirBlock before = mdl_body(op, 0), after = mdl_body(op, 1);
  flow(d, varied, op, 0, before, 0, (MlirOperation){NULL});
  for (bool again = true; again;) {
    mdl_varied_block(d, before, varied);
    flow(d, varied, mdl_terminator(before), 1, after, 0, op);
    mdl_varied_block(d, after, varied);
    again = flow(d, varied, mdl_terminator(after), 0, before, 0, (MlirOperation){NULL});
  }
}

static bool passes_derivative(MdlDerive *d, MlirOperation op, int i, const MdlMap *varied)
{
  MdlOp kind = mdl_op(d->ir, op);
  if (!mdl_map_has(varied, mdl_operand(op, i).ptr) || kind == MDL_OP_stop_grad) return false;
  if (mdl_is_empty(d->ir, mdl_operand(op, i))) return false;
  return !mdl_op_info(kind)->elementwise || mdl_op_is_nodiff(kind) ||
         !mdl_partial_is_zero(d, kind, i);
}

void mdl_varied_op(MdlDerive *d, MlirOperation op, MdlMap *varied)
{
  switch ((int)mdl_op(d->ir, op)) {
  case MDL_OP_if:
    varied_if(d, op, varied);
    return;
  case MDL_OP_for:
    varied_for(d, op, varied);
    return;
  case MDL_OP_while:
    varied_while(d, op, varied);
    return;
  default:
    break;
  }
  bool any = false;
  for (int i = 0; i < mdl_operand_count(op) && !any; i++) any = passes_derivative(d, op, i, varied);
  for (int i = 0; i < mdl_result_count(op) && any; i++) mark(d, varied, mdl_result(op, i));
}

void mdl_varied_block(MdlDerive *d, MlirBlock block, MdlMap *varied)
{
  for (MlirOperation op = mdl_first(block); !mdl_is_null(op); op = mdl_next(op))
    mdl_varied_op(d, op, varied);
}

/* ---- captures ---------------------------------------------------------------------------- */

typedef struct Captures {
  MdlIr *ir;
  MlirOperation op;
  const MdlMap *varied;
  MdlMap *seen;
  int count, room;
  MlirValue *value;
} Captures;

static bool is_inside(MlirValue value, MlirOperation op)
{
  MlirOperation at = mdl_block_parent(mdl_value_block(value));
  while (!mdl_is_null(at) && !mdl_same_op(at, op)) at = mdl_parent(at);
  return !mdl_is_null(at);
}

static bool add_captures(void *user, MlirOperation op)
{
  Captures *c = user;
  if (mdl_same_op(op, c->op)) return true; /* its own operands are initial values */
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MlirValue value = mdl_operand(op, i);
    if (!mdl_map_has(c->varied, value.ptr) || mdl_map_has(c->seen, value.ptr)) continue;
    if (is_inside(value, c->op)) continue;
    mdl_map_set(c->seen, value.ptr, c);
    MDL_GROW(c->ir->arena, c->value, c->count, c->room);
    c->value[c->count++] = value;
  }
  return true;
}

int mdl_captured(MdlIr *ir, MlirOperation op, const MdlMap *varied, MlirValue **values)
{
  Captures c = {.ir = ir, .op = op, .varied = varied, .seen = mdl_map_create(ir->arena)};
  mdl_walk(op, add_captures, &c);
  *values = c.value;
  return c.count;
}
