/* Branches and loops that are decided, checks that hold. */
#include "passes/simplify.h"

static bool constant(MdlIr *ir, MlirValue value, int64_t *number)
{
  double real;
  return mdl_is_splat(ir, value, &real, number);
}

/* The block's ops before `op`, its arguments replaced; the op's results become what its terminator
 * passes from operand `first` on. */
static void splice(MdlSimplify *s, MlirOperation op, MlirBlock block, const MlirValue *arg,
                   int first)
{
  MdlMap *values = mdl_map_create(s->ir->arena);
  for (int i = 0; i < mdl_arg_count(block); i++)
    mdl_map_value_set(values, mdl_arg(block, i), arg[i]);
  int count = mdl_operand_count(mdl_terminator(block));
  MlirValue *out = MDL_NEW(s->ir->arena, MlirValue, (size_t)count);
  mdl_clone_body(&s->b, block, values, out);
  for (int i = 0; i < mdl_result_count(op); i++) mdl_replace(mdl_result(op, i), out[first + i]);
  mdl_erase(s->ir, op);
}

static bool decide_if(MdlSimplify *s, MlirOperation op)
{
  int64_t condition;
  if (!constant(s->ir, mdl_operand(op, 0), &condition)) return false;
  MlirBlock taken = mdl_body(op, condition ? 0 : 1);
  if (taken.ptr)
    splice(s, op, taken, NULL, 0);
  else
    mdl_erase(s->ir, op);
  return true;
}

/* Is lo + rounds = hi? */
static bool runs_for(MdlIr *ir, MlirValue lo, MlirValue hi, int64_t *rounds)
{
  int64_t from, to;
  if (!constant(ir, lo, &from) || !constant(ir, hi, &to)) return false;
  *rounds = to > from ? to - from : 0;
  return true;
}

static bool decide_for(MdlSimplify *s, MlirOperation op)
{
  int64_t rounds, step;
  bool is_known = runs_for(s->ir, mdl_operand(op, 0), mdl_operand(op, 1), &rounds) &&
                  constant(s->ir, mdl_operand(op, 2), &step) && step == 1;
  if (!is_known || rounds > 1) return false;
  int results = mdl_result_count(op);
  MlirValue *arg = MDL_NEW(s->ir->arena, MlirValue, (size_t)results + 1);
  arg[0] = mdl_operand(op, 0);
  for (int i = 0; i < results; i++) arg[i + 1] = mdl_operand(op, 3 + i);
  if (rounds == 1) {
    splice(s, op, mdl_body(op, 0), arg, 0);
    return true;
  }
  for (int i = 0; i < results; i++) mdl_replace(mdl_result(op, i), arg[i + 1]);
  mdl_erase(s->ir, op);
  return true;
}

/* A `while` whose condition never holds still computes its first part once. */
static bool decide_while(MdlSimplify *s, MlirOperation op)
{
  MlirBlock before = mdl_body(op, 0);
  int64_t condition;
  if (!constant(s->ir, mdl_operand(mdl_terminator(before), 0), &condition) || condition)
    return false;
  int count = mdl_operand_count(op);
  MlirValue *arg = MDL_NEW(s->ir->arena, MlirValue, (size_t)count);
  for (int i = 0; i < count; i++) arg[i] = mdl_operand(op, i);
  splice(s, op, before, arg, 1);
  return true;
}

static bool drop_check(MdlSimplify *s, MlirOperation op)
{
  int64_t holds;
  if (!constant(s->ir, mdl_operand(op, 0), &holds) || !holds) return false;
  mdl_erase(s->ir, op);
  return true;
}

bool mdl_simplify_flow(MdlSimplify *s, MlirOperation op)
{
  switch ((int)mdl_op(s->ir, op)) {
  case MDL_OP_check:
    return drop_check(s, op);
  case MDL_OP_if:
    return decide_if(s, op);
  case MDL_OP_for:
    return decide_for(s, op);
  case MDL_OP_while:
    return decide_while(s, op);
  default:
    return false;
  }
}
