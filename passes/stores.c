/* Out of SSA: backwards through each block, what must end up somewhere is made there if nothing
 * still needs what that place held; else it is made elsewhere and copied. */
#include "passes/group.h"
#include "passes/plan.h"
#include "passes/schedule.h"

#include <stdint.h>

MlirValue mdl_plan_base(MdlIr *ir, MlirValue value)
{
  while (mdl_def_op(ir, value) == MDL_OP_reshape) value = mdl_operand(mdl_def(value), 0);
  return value;
}

MdlStore *mdl_plan_store(MdlPlan *plan, MlirValue value)
{
  return mdl_map_get(plan->store_of, mdl_plan_base(plan->ir, value).ptr);
}

static bool is_tensor(MdlPlan *plan, MlirValue value)
{
  return mdl_type_of(plan->ir, value)->rank > 0;
}

static const MdlSize *bytes_of(MdlPlan *plan, MlirValue value)
{
  const MdlType *type = mdl_type_of(plan->ir, value);
  const MdlSize *bytes = mdl_size_const(plan->ir->sizes, mdl_dtypes[type->dtype].bytes);
  return mdl_size_mul(plan->ir->sizes, bytes, mdl_type_elements(plan->ir->sizes, type));
}

static MdlStore *add_store(MdlPlan *plan, MdlPlaceKind where, int index, bool is_constant)
{
  MdlStore *store = MDL_NEW(plan->ir->arena, MdlStore, 1);
  *store = (MdlStore){.where = where, .index = index, .is_constant = is_constant};
  MDL_GROW(plan->ir->arena, plan->store, plan->stores, plan->capacity);
  plan->store[plan->stores++] = store;
  return store;
}

static void assign(MdlPlan *plan, MlirValue value, MdlStore *store)
{
  mdl_map_set(plan->store_of, mdl_plan_base(plan->ir, value).ptr, store);
  const MdlSize *bytes = bytes_of(plan, value);
  if (!store->bytes) store->bytes = bytes;
}

/* ---- positions --------------------------------------------------------------------------- */

static void number(MdlPlan *plan, MlirBlock block, int *next)
{
  for (MlirOperation op = mdl_first(block); !mdl_is_null(op); op = mdl_next(op)) {
    mdl_map_set(plan->start, op.ptr, (void *)(intptr_t)++ * next);
    for (int i = 0; i < mdl_region_count(op); i++)
      if (mdl_body(op, i).ptr) number(plan, mdl_body(op, i), next);
    mdl_map_set(plan->end, op.ptr, (void *)(intptr_t)++ * next);
  }
}

void mdl_plan_number(MdlPlan *plan)
{
  int next = 0;
  mdl_map_clear(plan->start);
  mdl_map_clear(plan->end);
  number(plan, mdl_body(plan->entry, 0), &next);
}

static int start_of(MdlPlan *plan, MlirOperation op)
{
  return (int)(intptr_t)mdl_map_get(plan->start, op.ptr);
}

static int end_of(MdlPlan *plan, MlirOperation op)
{
  return (int)(intptr_t)mdl_map_get(plan->end, op.ptr);
}

/* Is the value, or a view of it, used at a position in (after, before), by an op other than
 * `except`? */
static bool used_between(MdlPlan *plan, MlirValue value, int after, int before,
                         MlirOperation except)
{
  MlirOperation owner;
  int operand;
  for (int i = 0; mdl_use(value, i, &owner, &operand); i++) {
    if (mdl_op(plan->ir, owner) == MDL_OP_reshape) {
      if (used_between(plan, mdl_result(owner, 0), after, before, except)) return true;
      continue;
    }
    int at = start_of(plan, owner);
    if (at > after && at < before && !mdl_same_op(owner, except)) return true;
  }
  return false;
}

/* May the store be written from `from` on, its new value being wanted at `until`? Not when another
 * value in it is still read after that, or by `from` itself in another order than it writes. */
static bool is_free(MdlPlan *plan, MdlStore *store, MlirValue fresh, int from, int until)
{
  if (store->is_constant) return false;
  for (int i = 0; i < mdl_map_count(plan->store_of); i++) {
    MlirValue other = {mdl_map_key(plan->store_of, i)};
    if (mdl_map_value(plan->store_of, i) != store || mdl_same(other, fresh)) continue;
    if (used_between(plan, other, from, until + 1, (MlirOperation){NULL})) return false;
    MlirOperation def = mdl_def(other);
    if (mdl_is_null(def)) continue;
    int made = start_of(plan, def);
    if (made > from && made < until) return false;
  }
  return true;
}

/* Operands of the call that live in `store` are read only where the result is written. */
static bool call_may_write(MdlPlan *plan, MlirOperation call, int result, MdlStore *store)
{
  MlirOperation group = mdl_callee(plan->ir, plan->pass->symbols, call);
  for (int i = 0; i < mdl_operand_count(call); i++) {
    MlirValue operand = mdl_operand(call, i);
    if (!is_tensor(plan, operand) || mdl_plan_store(plan, operand) != store) continue;
    if (!mdl_group_may_update(plan->ir, group, result, i)) return false;
    for (int j = 0; j < i; j++)
      if (is_tensor(plan, mdl_operand(call, j)) &&
          mdl_plan_store(plan, mdl_operand(call, j)) == store)
        return false;
  }
  return true;
}

/* ---- wishes ------------------------------------------------------------------------------ */

/* Makes the value in `store` from the start, if that is possible. */
static bool make_there(MdlPlan *plan, MlirValue value, MdlStore *store, MlirOperation at)
{
  MlirValue base = mdl_plan_base(plan->ir, value);
  MlirOperation def = mdl_def(base);
  if (mdl_is_null(def) || mdl_plan_store(plan, base)) return false;
  if (mdl_block_of(def).ptr != mdl_block_of(at).ptr) return false;
  int until = start_of(plan, at);
  switch (mdl_op(plan->ir, def)) {
  case MDL_OP_call:
    if (!is_free(plan, store, base, start_of(plan, def), until)) return false;
    if (!call_may_write(plan, def, mdl_result_index(base), store)) return false;
    break;
  case MDL_OP_if:
    if (!is_free(plan, store, base, end_of(plan, def), until)) return false;
    break;
  case MDL_OP_for:
  case MDL_OP_while:
    if (!is_free(plan, store, base, start_of(plan, def), until)) return false;
    break;
  default:
    return false;
  }
  assign(plan, base, store);
  return true;
}

/* A group that copies its operand, called before `at`. */
static MlirValue copy_before(MdlPlan *plan, MlirOperation at, MlirValue value)
{
  MdlIr *ir = plan->ir;
  const MdlSignature *s = plan->signature;
  MlirType type = mdl_type_make(ir, mdl_type_of(ir, value));
  const char *name = mdl_value_name(ir, value);
  const char *symbol = mdl_text(ir->arena, "%s%s_copy", s->prefix, s->entry);
  symbol = mdl_symbol_unique(ir, plan->pass->symbols, mdl_intern_text(ir->arena, symbol));
  MdlFunc func = {.symbol = symbol,
                  .is_private = true,
                  .define = true,
                  .args = 1,
                  .arg = &type,
                  .arg_name = &name,
                  .results = 1,
                  .result = &type,
                  .at = mdl_location_of(at)};
  MlirOperation group = mdl_build_func(ir, plan->pass->module, &func);
  mdl_map_set(plan->pass->symbols, mdl_intern_text(ir->arena, symbol), (void *)group.ptr);
  mdl_op_set_text(ir, group, "mdl.group", "map");
  MdlBuilder in = mdl_builder_at_end(ir, mdl_body(group, 0), func.at);
  MlirValue same = mdl_build(&in, MDL_OP_stop_grad, mdl_arg(mdl_body(group, 0), 0));
  mdl_build_return(&in, 1, &same);
  mdl_schedule_give(ir, plan->pass->options->machine, group);
  MdlBuilder b = mdl_builder_before(ir, at);
  MlirOperation call = mdl_build_call(&b, group, &value);
  /* the new op takes the position of the one before which it stands */
  mdl_map_set(plan->start, call.ptr, mdl_map_get(plan->start, at.ptr));
  mdl_map_set(plan->end, call.ptr, mdl_map_get(plan->start, at.ptr));
  plan->copies++;
  return mdl_result(call, 0);
}

typedef struct Wish {
  int operand;
  MdlStore *store;
} Wish;

/* A loop overwrites what it starts from. */
static bool is_loop(MdlPlan *plan, MlirOperation op)
{
  MdlOp kind = mdl_op(plan->ir, op);
  return kind == MDL_OP_for || kind == MDL_OP_while;
}

/* Operands of `at` must be in these stores when it is reached, all at once. */
static void grant(MdlPlan *plan, MlirOperation at, int count, const Wish *wish)
{
  bool *copied = MDL_NEW(plan->ir->arena, bool, (size_t)count + 1);
  for (int i = 0; i < count; i++) {
    MlirValue value = mdl_operand(at, wish[i].operand);
    MdlStore *now = mdl_plan_store(plan, value);
    bool stays = is_loop(plan, at) && used_between(plan, mdl_plan_base(plan->ir, value),
                                                   start_of(plan, at), INT32_MAX, at);
    copied[i] = now != wish[i].store && (stays || !make_there(plan, value, wish[i].store, at));
  }
  /* a source that another copy overwrites is saved first */
  for (int i = 0; i < count; i++) {
    MlirValue value = mdl_operand(at, wish[i].operand);
    MdlStore *now = mdl_plan_store(plan, value);
    bool lost = false;
    for (int j = 0; j < count; j++) lost |= j != i && copied[j] && wish[j].store == now;
    if (!copied[i] || !now || !lost) continue;
    MlirValue saved = copy_before(plan, at, value);
    assign(plan, saved, add_store(plan, MDL_AT_work, 0, false));
    mdl_set_operand(at, wish[i].operand, saved);
  }
  for (int i = 0; i < count; i++) {
    if (!copied[i]) continue;
    MlirValue made = copy_before(plan, at, mdl_operand(at, wish[i].operand));
    assign(plan, made, wish[i].store);
    mdl_set_operand(at, wish[i].operand, made);
  }
}

/* ---- blocks, backwards ------------------------------------------------------------------- */

static void plan_block(MdlPlan *plan, MlirBlock block);

/* The stores of an op's tensor results: those already wished for, else new ones. */
static MdlStore *result_store(MdlPlan *plan, MlirValue result)
{
  MdlStore *store = mdl_plan_store(plan, result);
  if (!store) {
    store = add_store(plan, MDL_AT_work, 0, false);
    assign(plan, result, store);
  }
  return store;
}

static int wishes_for(MdlPlan *plan, MlirOperation op, int first, Wish *wish)
{
  int count = 0;
  for (int i = 0; i < mdl_result_count(op); i++)
    if (is_tensor(plan, mdl_result(op, i)))
      wish[count++] = (Wish){first + i, result_store(plan, mdl_result(op, i))};
  return count;
}

static void give_args(MdlPlan *plan, MlirOperation op, MlirBlock block, int first)
{
  for (int i = 0; i < mdl_result_count(op); i++)
    if (is_tensor(plan, mdl_result(op, i)))
      assign(plan, mdl_arg(block, first + i), result_store(plan, mdl_result(op, i)));
}

static void plan_body(MdlPlan *plan, MlirOperation op, MlirBlock body, int first_yield)
{
  Wish *wish = MDL_NEW(plan->ir->arena, Wish, (size_t)mdl_result_count(op) + 1);
  MlirOperation end = mdl_terminator(body);
  grant(plan, end, wishes_for(plan, op, first_yield, wish), wish);
  plan_block(plan, body);
}

static void plan_if(MdlPlan *plan, MlirOperation op)
{
  for (int i = 0; i < 2; i++)
    if (mdl_body(op, i).ptr) plan_body(plan, op, mdl_body(op, i), 0);
}

static void plan_loop(MdlPlan *plan, MlirOperation op)
{
  bool is_for = mdl_op(plan->ir, op) == MDL_OP_for;
  Wish *wish = MDL_NEW(plan->ir->arena, Wish, (size_t)mdl_result_count(op) + 1);
  if (is_for) {
    give_args(plan, op, mdl_body(op, 0), 1);
    plan_body(plan, op, mdl_body(op, 0), 0);
    grant(plan, op, wishes_for(plan, op, 3, wish), wish);
    return;
  }
  give_args(plan, op, mdl_body(op, 0), 0);
  give_args(plan, op, mdl_body(op, 1), 0);
  plan_body(plan, op, mdl_body(op, 1), 0);
  plan_body(plan, op, mdl_body(op, 0), 1);
  grant(plan, op, wishes_for(plan, op, 0, wish), wish);
}

MdlStore *mdl_plan_scratch(MdlPlan *plan, MlirOperation call)
{
  for (int i = 0; i < plan->stores; i++)
    if (mdl_same_op(plan->store[i]->scratch, call)) return plan->store[i];
  return NULL;
}

/* Pack buffers: in the work buffer like any tensor, for the time of the call; on every processor, so
 * that the entry's bytes do not depend on it. */
static void give_scratch(MdlPlan *plan, MlirOperation call, MlirOperation group)
{
  MdlSchedule s;
  MdlGroup g = mdl_group_read(plan->ir, plan->pass->options->machine, group);
  if (mdl_schedule_read(&g, &s)) return; /* the loops say what is wrong with it */
  const MdlSize *bytes = mdl_schedule_reserved(&g, &s);
  if (!bytes) return;
  MdlStore *store = add_store(plan, MDL_AT_work, 0, false);
  store->bytes = bytes;
  store->scratch = call;
}

/* The result takes over a place whose tensor nobody reads after the call. */
static void plan_call(MdlPlan *plan, MlirOperation op)
{
  MlirOperation group = mdl_callee(plan->ir, plan->pass->symbols, op);
  give_scratch(plan, op, group);
  for (int i = 0; i < mdl_result_count(op); i++) {
    MlirValue result = mdl_result(op, i);
    if (!is_tensor(plan, result)) continue;
    MdlStore *store = result_store(plan, result);
    for (int j = 0; j < mdl_operand_count(op); j++) {
      MlirValue base = mdl_plan_base(plan->ir, mdl_operand(op, j));
      if (!is_tensor(plan, base) || mdl_plan_store(plan, base)) continue;
      if (!mdl_group_may_update(plan->ir, group, i, j)) continue;
      if (used_between(plan, base, start_of(plan, op), INT32_MAX, op)) continue;
      if (make_there(plan, base, store, op)) break;
    }
  }
}

static void plan_block(MdlPlan *plan, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(plan->ir, block, &op);
  for (int i = count; i-- > 0;) {
    switch (mdl_op(plan->ir, op[i])) {
    case MDL_OP_call:
      plan_call(plan, op[i]);
      break;
    case MDL_OP_if:
      plan_if(plan, op[i]);
      break;
    case MDL_OP_for:
    case MDL_OP_while:
      plan_loop(plan, op[i]);
      break;
    default:
      break;
    }
  }
}

/* ---- the entry --------------------------------------------------------------------------- */

static void give_arguments(MdlPlan *plan)
{
  const MdlSignature *s = plan->signature;
  MlirBlock body = mdl_body(plan->entry, 0);
  int arg = 0;
  for (int i = 0; i < s->params; i++)
    for (int j = 0; j < s->param[i].leaves && s->param[i].role != MDL_ROLE_out; j++, arg++) {
      if (!is_tensor(plan, mdl_arg(body, arg))) continue;
      assign(plan, mdl_arg(body, arg),
             add_store(plan, MDL_AT_argument, arg, s->param[i].role == MDL_ROLE_in));
    }
}

/* Out parameters are the first results, in their own memory; inout ones go back where they came
 * from. */
static int result_wishes(MdlPlan *plan, Wish *wish)
{
  const MdlSignature *s = plan->signature;
  MlirBlock body = mdl_body(plan->entry, 0);
  MlirOperation end = mdl_terminator(body);
  int result = 0, count = 0, arg = 0;
  for (int i = 0; i < s->params; i++)
    for (int j = 0; j < s->param[i].leaves && s->param[i].role == MDL_ROLE_out; j++, result++)
      if (is_tensor(plan, mdl_operand(end, result)))
        wish[count++] = (Wish){result, add_store(plan, MDL_AT_result, result, false)};
  for (int i = 0; i < s->params; i++) {
    if (s->param[i].role == MDL_ROLE_out) continue;
    for (int j = 0; j < s->param[i].leaves; j++, arg++) {
      if (s->param[i].role != MDL_ROLE_inout) continue;
      if (is_tensor(plan, mdl_operand(end, result)))
        wish[count++] = (Wish){result, mdl_plan_store(plan, mdl_arg(body, arg))};
      result++;
    }
  }
  return count;
}

void mdl_plan_stores(MdlPlan *plan)
{
  MlirBlock body = mdl_body(plan->entry, 0);
  MlirOperation end = mdl_terminator(body);
  Wish *wish = MDL_NEW(plan->ir->arena, Wish, (size_t)mdl_operand_count(end) + 1);
  mdl_plan_number(plan);
  give_arguments(plan);
  grant(plan, end, result_wishes(plan, wish), wish);
  plan_block(plan, body);
}
