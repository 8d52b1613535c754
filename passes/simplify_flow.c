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

/* ---- values that a branch or loop hands through ------------------------------------------ */

static bool replace_used(MlirValue value, MlirValue with)
{
  if (!mdl_has_uses(value) || mdl_same(value, with)) return false;
  mdl_replace(value, with);
  return true;
}

/* Made before the op, so it may stand for a result. */
static bool is_outside(MlirValue value, MlirOperation op)
{
  MlirOperation at = mdl_block_parent(mdl_value_block(value));
  while (!mdl_is_null(at) && !mdl_same_op(at, op)) at = mdl_parent(at);
  return mdl_is_null(at);
}

/* Both branches give the same value; or each a scalar made before: a choice. */
static bool if_through(MdlSimplify *s, MlirOperation op)
{
  bool changed = false;
  if (!mdl_result_count(op)) return false;
  MlirOperation yield[] = {mdl_terminator(mdl_body(op, 0)), mdl_terminator(mdl_body(op, 1))};
  for (int i = 0; i < mdl_result_count(op); i++) {
    MlirValue a = mdl_operand(yield[0], i), b = mdl_operand(yield[1], i);
    MlirValue result = mdl_result(op, i);
    if (!mdl_has_uses(result) || !is_outside(a, op) || !is_outside(b, op)) continue;
    if (!mdl_same(a, b)) {
      if (mdl_type_of(s->ir, a)->rank) continue;
      const char *name = mdl_value_name(s->ir, result);
      a = mdl_build(&s->b, MDL_OP_where, mdl_operand(op, 0), a, b);
      if (name) mdl_value_set_name(s->ir, a, name);
    }
    changed |= replace_used(result, a);
  }
  return changed;
}

/* Each round passes on what it got: the initial value throughout. */
static bool loop_through(MdlSimplify *s, MlirOperation op)
{
  bool changed = false, is_for = mdl_op(s->ir, op) == MDL_OP_for;
  for (int i = 0; i < mdl_result_count(op); i++) {
    bool through = true;
    for (int r = 0; r < mdl_region_count(op); r++) {
      MlirOperation end = mdl_terminator(mdl_body(op, r));
      through &= mdl_same(mdl_operand(end, mdl_slots_at(s->ir, end) + i),
                          mdl_arg(mdl_body(op, r), i + is_for));
    }
    if (!through) continue;
    MlirValue init = mdl_operand(op, mdl_slots_at(s->ir, op) + i);
    changed |= replace_used(mdl_result(op, i), init);
    for (int r = 0; r < mdl_region_count(op); r++) {
      MlirValue arg = mdl_arg(mdl_body(op, r), i + is_for);
      if (mdl_use_count(arg) < 2) continue; /* the terminator alone: dce's */
      mdl_replace(arg, init);
      MlirOperation end = mdl_terminator(mdl_body(op, r));
      mdl_set_operand(end, mdl_slots_at(s->ir, end) + i, arg);
      changed = true;
    }
  }
  return changed;
}

bool mdl_simplify_flow(MdlSimplify *s, MlirOperation op)
{
  switch ((int)mdl_op(s->ir, op)) {
  case MDL_OP_check:
    return drop_check(s, op);
  case MDL_OP_if:
    return decide_if(s, op) || if_through(s, op);
  case MDL_OP_for:
    return decide_for(s, op) || loop_through(s, op);
  case MDL_OP_while:
    return decide_while(s, op) || loop_through(s, op);
  default:
    return false;
  }
}
