/* Replays an entry over its places: what every op reads must still be what was put there. Loops run
 * twice, so that a place overwritten for the next round is found. A mistake here would be a wrong
 * number without a word, so it always runs: it costs less than the plan did. */
#include "passes/plan.h"

typedef struct Replay {
  MdlPlan *plan;
  const void **holds; /* by store: the tensor in it; NULL: nobody knows */
} Replay;

static int number_of(Replay *r, MlirValue tensor)
{
  MdlStore *store = mdl_plan_store(r->plan, tensor);
  for (int i = 0; i < r->plan->stores; i++)
    if (r->plan->store[i] == store) return i;
  MDL_BUG(r->plan->ir->session, "a tensor of the entry has no place");
}

static bool is_tensor(Replay *r, MlirValue value) { return mdl_type_of(r->plan->ir, value)->rank; }

static bool overlap(const MdlStore *a, const MdlStore *b)
{
  int64_t x, y, p, q;
  if (a->where != MDL_AT_work || b->where != MDL_AT_work) return false;
  if (a->offset == b->offset) return true;
  if (!mdl_size_is_const(a->offset, &x) || !mdl_size_is_const(b->offset, &y)) return false;
  if (!mdl_size_is_const(a->bytes, &p) || !mdl_size_is_const(b->bytes, &q)) return false;
  return x < y + q && y < x + p;
}

static void put(Replay *r, MlirValue tensor)
{
  int to = number_of(r, tensor);
  MdlStore **store = r->plan->store;
  if (store[to]->is_constant)
    MDL_BUG(r->plan->ir->session, "an argument that is only read is written");
  for (int i = 0; i < r->plan->stores; i++)
    if (i != to && overlap(store[i], store[to])) r->holds[i] = NULL;
  r->holds[to] = mdl_plan_base(r->plan->ir, tensor).ptr;
}

static void need(Replay *r, MlirOperation op, MlirValue tensor)
{
  const void *wanted = mdl_plan_base(r->plan->ir, tensor).ptr;
  if (r->holds[number_of(r, tensor)] == wanted) return;
  const char *name = mdl_value_name(r->plan->ir, tensor);
  MDL_BUG(r->plan->ir->session, "the place of `%s` is overwritten before %s reads it",
          name ? name : "a tensor", mdl_op_info(mdl_op(r->plan->ir, op))->mlir);
}

/* Operands from `first` on are in the places of `values`, which then stand for them. */
static void hand_over(Replay *r, MlirOperation from, int first, int count, MlirOperation results,
                      MlirBlock args, int first_arg)
{
  for (int i = 0; i < count; i++) {
    MlirValue given = mdl_operand(from, first + i);
    MlirValue taken = args.ptr ? mdl_arg(args, first_arg + i) : mdl_result(results, i);
    if (!is_tensor(r, given)) continue;
    need(r, from, given);
    if (number_of(r, given) != number_of(r, taken))
      MDL_BUG(r->plan->ir->session, "a carried tensor changes its place");
    r->holds[number_of(r, taken)] = taken.ptr;
  }
}

/* A call fills its scratch memory while it reads its operands and writes its results. */
static void use_scratch(Replay *r, MlirOperation call)
{
  MdlStore *scratch = mdl_plan_scratch(r->plan, call);
  if (!scratch) return;
  for (int i = 0; i < r->plan->stores; i++)
    if (r->plan->store[i] != scratch && overlap(r->plan->store[i], scratch)) r->holds[i] = NULL;
  for (int i = 0; i < mdl_result_count(call); i++)
    if (is_tensor(r, mdl_result(call, i)) &&
        overlap(mdl_plan_store(r->plan, mdl_result(call, i)), scratch))
      MDL_BUG(r->plan->ir->session, "a group's scratch memory lies over its result");
}

static void replay_block(Replay *r, MlirBlock block);

static void replay_for(Replay *r, MlirOperation op)
{
  MlirBlock body = mdl_body(op, 0), none = {NULL};
  int count = mdl_result_count(op);
  hand_over(r, op, 3, count, op, body, 1);
  replay_block(r, body);
  hand_over(r, mdl_terminator(body), 0, count, op, body, 1);
  replay_block(r, body);
  hand_over(r, mdl_terminator(body), 0, count, op, none, 0);
}

static void replay_while(Replay *r, MlirOperation op)
{
  MlirBlock before = mdl_body(op, 0), after = mdl_body(op, 1), none = {NULL};
  int count = mdl_operand_count(op), results = mdl_result_count(op);
  hand_over(r, op, 0, count, op, before, 0);
  for (int i = 0; i < 2; i++) {
    replay_block(r, before);
    hand_over(r, mdl_terminator(before), 1, results, op, after, 0);
    replay_block(r, after);
    hand_over(r, mdl_terminator(after), 0, count, op, before, 0);
  }
  replay_block(r, before);
  hand_over(r, mdl_terminator(before), 1, results, op, none, 0);
}

/* After the branches a place holds what both left there. */
static void replay_if(Replay *r, MlirOperation op)
{
  int stores = r->plan->stores, results = mdl_result_count(op);
  const void **entry = r->holds, **left[2];
  MlirBlock none = {NULL};
  for (int i = 0; i < 2; i++) {
    r->holds = left[i] = MDL_NEW(r->plan->ir->arena, const void *, (size_t)stores + 1);
    for (int j = 0; j < stores; j++) r->holds[j] = entry[j];
    if (!mdl_body(op, i).ptr) continue;
    replay_block(r, mdl_body(op, i));
    hand_over(r, mdl_terminator(mdl_body(op, i)), 0, results, op, none, 0);
  }
  r->holds = entry;
  for (int j = 0; j < stores; j++) entry[j] = left[0][j] == left[1][j] ? left[0][j] : NULL;
}

static void replay_block(Replay *r, MlirBlock block)
{
  for (MlirOperation op = mdl_first(block); !mdl_is_null(op); op = mdl_next(op)) {
    MdlOp kind = mdl_op(r->plan->ir, op);
    if (kind == MDL_OP_for) replay_for(r, op);
    if (kind == MDL_OP_while) replay_while(r, op);
    if (kind == MDL_OP_if) replay_if(r, op);
    if (kind != MDL_OP_call && kind != MDL_OP_return) continue;
    use_scratch(r, op);
    for (int i = 0; i < mdl_operand_count(op); i++)
      if (is_tensor(r, mdl_operand(op, i))) need(r, op, mdl_operand(op, i));
    for (int i = 0; i < mdl_result_count(op); i++)
      if (is_tensor(r, mdl_result(op, i))) put(r, mdl_result(op, i));
  }
}

void mdl_plan_check(MdlPlan *plan)
{
  Replay r = {plan, MDL_NEW(plan->ir->arena, const void *, (size_t)plan->stores + 1)};
  MlirBlock body = mdl_body(plan->entry, 0);
  for (int i = 0; i < mdl_arg_count(body); i++)
    if (is_tensor(&r, mdl_arg(body, i)))
      r.holds[number_of(&r, mdl_arg(body, i))] = mdl_arg(body, i).ptr;
  replay_block(&r, body);
}
