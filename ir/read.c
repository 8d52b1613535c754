/* Reading the IR: ops, operands, uses, blocks. Thin by intent: mlir-c's noise stays here. */
#include "ir/ir.h"

bool mdl_is_null(MlirOperation op) { return mlirOperationIsNull(op); }
bool mdl_is_no_value(MlirValue value) { return mlirValueIsNull(value); }
bool mdl_same(MlirValue a, MlirValue b) { return mlirValueEqual(a, b); }
bool mdl_same_op(MlirOperation a, MlirOperation b) { return a.ptr == b.ptr; }

MdlOp mdl_op(MdlIr *ir, MlirOperation op)
{
  const void *name = mlirIdentifierStr(mlirOperationGetName(op)).data;
  intptr_t found = (intptr_t)mdl_map_get(ir->op_of_name, name);
  return found ? (MdlOp)(found - 1) : MDL_OP_none;
}

MlirOperation mdl_def(MlirValue value)
{
  return mlirValueIsAOpResult(value) ? mlirOpResultGetOwner(value) : (MlirOperation){NULL};
}

MdlOp mdl_def_op(MdlIr *ir, MlirValue value)
{
  MlirOperation op = mdl_def(value);
  return mdl_is_null(op) ? MDL_OP_none : mdl_op(ir, op);
}

int mdl_operand_count(MlirOperation op) { return (int)mlirOperationGetNumOperands(op); }
MlirValue mdl_operand(MlirOperation op, int i) { return mlirOperationGetOperand(op, i); }
int mdl_result_count(MlirOperation op) { return (int)mlirOperationGetNumResults(op); }
MlirValue mdl_result(MlirOperation op, int i) { return mlirOperationGetResult(op, i); }

void mdl_set_operand(MlirOperation op, int i, MlirValue value)
{
  mlirOperationSetOperand(op, i, value);
}

int mdl_result_index(MlirValue value)
{
  return (int)(mlirValueIsAOpResult(value) ? mlirOpResultGetResultNumber(value)
                                           : mlirBlockArgumentGetArgNumber(value));
}

bool mdl_has_uses(MlirValue value) { return !mlirOpOperandIsNull(mlirValueGetFirstUse(value)); }

int mdl_use_count(MlirValue value)
{
  int count = 0;
  for (MlirOpOperand use = mlirValueGetFirstUse(value); !mlirOpOperandIsNull(use);
       use = mlirOpOperandGetNextUse(use))
    count++;
  return count;
}

bool mdl_use(MlirValue value, int i, MlirOperation *owner, int *operand)
{
  MlirOpOperand use = mlirValueGetFirstUse(value);
  while (i-- > 0 && !mlirOpOperandIsNull(use)) use = mlirOpOperandGetNextUse(use);
  if (mlirOpOperandIsNull(use)) return false;
  *owner = mlirOpOperandGetOwner(use);
  *operand = (int)mlirOpOperandGetOperandNumber(use);
  return true;
}

void mdl_replace(MlirValue value, MlirValue with) { mlirValueReplaceAllUsesOfWith(value, with); }

/* ---- blocks ------------------------------------------------------------------------------ */

int mdl_region_count(MlirOperation op) { return (int)mlirOperationGetNumRegions(op); }

MlirBlock mdl_body(MlirOperation op, int region)
{
  if (region >= mdl_region_count(op)) return (MlirBlock){NULL};
  return mlirRegionGetFirstBlock(mlirOperationGetRegion(op, region));
}

int mdl_arg_count(MlirBlock block) { return (int)mlirBlockGetNumArguments(block); }
MlirValue mdl_arg(MlirBlock block, int i) { return mlirBlockGetArgument(block, i); }
MlirOperation mdl_first(MlirBlock block) { return mlirBlockGetFirstOperation(block); }
MlirOperation mdl_next(MlirOperation op) { return mlirOperationGetNextInBlock(op); }
MlirOperation mdl_terminator(MlirBlock block) { return mlirBlockGetTerminator(block); }
MlirBlock mdl_block_of(MlirOperation op) { return mlirOperationGetBlock(op); }
MlirOperation mdl_parent(MlirOperation op) { return mlirOperationGetParentOperation(op); }
MlirOperation mdl_block_parent(MlirBlock block) { return mlirBlockGetParentOperation(block); }

MlirBlock mdl_value_block(MlirValue value)
{
  return mlirValueIsAOpResult(value) ? mlirOperationGetBlock(mlirOpResultGetOwner(value))
                                     : mlirBlockArgumentGetOwner(value);
}

int mdl_list(MdlIr *ir, MlirBlock block, MlirOperation **ops)
{
  int count = 0;
  for (MlirOperation op = mdl_first(block); !mdl_is_null(op); op = mdl_next(op)) count++;
  *ops = MDL_NEW(ir->arena, MlirOperation, (size_t)count);
  count = 0;
  for (MlirOperation op = mdl_first(block); !mdl_is_null(op); op = mdl_next(op))
    (*ops)[count++] = op;
  return count;
}

typedef struct Kind {
  MdlIr *ir;
  MdlOp kind;
  int count, room;
  MlirOperation *op;
} Kind;

static bool add_kind(void *user, MlirOperation op)
{
  Kind *k = user;
  if (mdl_op(k->ir, op) != k->kind) return true;
  MDL_GROW(k->ir->arena, k->op, k->count, k->room);
  k->op[k->count++] = op;
  return true;
}

int mdl_list_kind(MdlIr *ir, MlirOperation in, MdlOp kind, MlirOperation **ops)
{
  Kind k = {.ir = ir, .kind = kind};
  mdl_walk(in, add_kind, &k);
  *ops = k.op;
  return k.count;
}

/* ---- symbols ----------------------------------------------------------------------------- */

MlirBlock mdl_module_body(MlirOperation module) { return mdl_body(module, 0); }

MdlMap *mdl_symbols(MdlIr *ir, MlirOperation module)
{
  MdlMap *symbols = mdl_map_create(ir->arena);
  for (MlirOperation op = mdl_first(mdl_module_body(module)); !mdl_is_null(op); op = mdl_next(op)) {
    const char *name = mdl_op_text(ir, op, "sym_name");
    if (name) mdl_map_set(symbols, name, op.ptr);
  }
  return symbols;
}

MlirOperation mdl_symbol(const MdlIr *ir, const MdlMap *symbols, const char *name)
{
  return (MlirOperation){mdl_map_get(symbols, mdl_intern_text(ir->arena, name))};
}

MlirOperation mdl_callee(const MdlIr *ir, const MdlMap *symbols, MlirOperation call)
{
  const char *name = mdl_op_text((MdlIr *)ir, call, "callee");
  return name ? mdl_symbol(ir, symbols, name) : (MlirOperation){NULL};
}

MlirOperation mdl_called(MdlIr *ir, const MdlMap *symbols, MlirOperation op)
{
  if (mdl_op(ir, op) != MDL_OP_call) return (MlirOperation){NULL};
  MlirOperation callee = mdl_callee(ir, symbols, op);
  return mdl_is_null(callee) || !mdl_body(callee, 0).ptr ? (MlirOperation){NULL} : callee;
}

const char *mdl_symbol_unique(MdlIr *ir, const MdlMap *symbols, const char *base)
{
  const char *name = mdl_intern_text(ir->arena, base);
  for (int i = 1; mdl_map_has(symbols, name); i++)
    name = mdl_intern_text(ir->arena, mdl_text(ir->arena, "%s_%d", base, i));
  return name;
}

typedef struct Walk {
  bool (*fn)(void *user, MlirOperation op);
  void *user;
  bool stopped;
} Walk;

static MlirWalkResult step(MlirOperation op, void *data)
{
  Walk *walk = data;
  if (walk->fn(walk->user, op)) return MlirWalkResultAdvance;
  walk->stopped = true;
  return MlirWalkResultInterrupt;
}

bool mdl_walk(MlirOperation root, bool (*fn)(void *user, MlirOperation op), void *user)
{
  Walk walk = {fn, user, false};
  mlirOperationWalk(root, step, &walk, MlirWalkPreOrder);
  return !walk.stopped;
}
