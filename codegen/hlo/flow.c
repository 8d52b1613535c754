/* Branches and loops. XLA's while takes its condition and its body as two blocks over the carried
 * values; a status, where a check stands inside, is carried too. */
#include "codegen/hlo/walk.h"

#include <string.h>

/* A call may hide a check; hardly any is left in mdl form. */
static bool is_no_check(void *ir, MlirOperation op)
{
  MdlOp kind = mdl_op(ir, op);
  return kind != MDL_OP_check && kind != MDL_OP_call;
}

static bool has_check(MdlHlo *h, MlirOperation op) { return !mdl_walk(op, is_no_check, h->ir); }

static MdlGraphValue *status_now(MdlHlo *h)
{
  MdlGraphType type = mdl_graph_scalar(MDL_i32);
  return h->status ? h->status : mdl_hlo_zero(h, &type);
}

static MdlGraphValue *is_well(MdlHlo *h, MdlGraphValue *status)
{
  return mdl_graph_compare(&h->graph, "EQ", status, mdl_hlo_zero(h, &status->type));
}

/* ---- blocks of a loop or branch ---------------------------------------------------------- */

typedef struct Inside {
  MdlGraphBlock *block, *outer;
  MdlGraphValue *status;
} Inside;

static Inside enter(MdlHlo *h)
{
  Inside in = {mdl_graph_block(&h->graph), h->graph.block, h->status};
  h->graph.block = in.block;
  return in;
}

static void leave(MdlHlo *h, const Inside *in)
{
  h->graph.block = in->outer;
  h->status = in->status;
}

/* Values of the operands from `first` on, with room for one before them and one after. */
typedef struct Values {
  int count;
  MdlGraphValue **at;
} Values;

static Values operands_from(MdlHlo *h, MlirOperation op, int first)
{
  Values v = {mdl_operand_count(op) - first, NULL};
  v.at = MDL_NEW(h->arena, MdlGraphValue *, (size_t)v.count + 2) + 1;
  for (int i = 0; i < v.count; i++) v.at[i] = mdl_hlo_value(h, mdl_operand(op, first + i));
  return v;
}

static void put_first(Values *v, MdlGraphValue *value)
{
  *--v->at = value;
  v->count++;
}

static void put_last(Values *v, MdlGraphValue *value) { v->at[v->count++] = value; }

static MdlGraphInstr *flow_instr(MdlHlo *h, MdlHloOp op, const Values *operands,
                                 const Values *results, MdlGraphBlock *first, MdlGraphBlock *second)
{
  MdlGraphType *type = MDL_NEW(h->arena, MdlGraphType, (size_t)results->count);
  for (int i = 0; i < results->count; i++) type[i] = results->at[i]->type;
  MdlGraphInstr *instr =
      mdl_graph_instr(&h->graph, op, operands->count, operands->at, results->count, type);
  instr->blocks = 2;
  instr->block[0] = first;
  instr->block[1] = second;
  return instr;
}

/* Results of the instruction from `first` on for those of the op; after them the status. */
static void take_results(MdlHlo *h, MlirOperation op, MdlGraphInstr *instr, int first, bool checks)
{
  int count = mdl_result_count(op);
  for (int i = 0; i < count; i++) {
    MdlGraphValue *result = &instr->result[first + i];
    mdl_hlo_set(h, mdl_result(op, i), result);
    mdl_hlo_called(h, mdl_result(op, i), result);
    if (!result->given) result->given = instr->block[1]->result[first + i]->given;
  }
  if (checks) h->status = &instr->result[first + count];
}

/* A block with an argument for each value, like it. */
static Inside enter_with(MdlHlo *h, const Values *like, bool checks)
{
  Inside in = enter(h);
  for (int i = 0; i < like->count; i++)
    mdl_graph_arg(&h->graph, in.block, &like->at[i]->type, NULL);
  if (checks) h->status = in.block->arg[like->count - 1];
  return in;
}

static void give(MdlHlo *h, const Inside *in, const Values *values)
{
  mdl_graph_return(&h->graph, in->block, values->count, values->at);
}

static void set_args(MdlHlo *h, MlirBlock block, int first, MdlGraphValue *const *values)
{
  for (int i = first; i < mdl_arg_count(block); i++) {
    mdl_hlo_set(h, mdl_arg(block, i), values[i]);
    mdl_hlo_called(h, mdl_arg(block, i), values[i]);
  }
}

/* What a loop carries is called as its next value is. */
static void name_carried(MdlGraphBlock *condition, MdlGraphBlock *body)
{
  for (int i = 0; i < body->args; i++) {
    const char *name = body->result[i]->given;
    if (!body->arg[i]->given) body->arg[i]->given = name;
    if (!condition->arg[i]->given) condition->arg[i]->given = name;
  }
}

/* ---- if ---------------------------------------------------------------------------------- */

static Values branch(MdlHlo *h, MlirBlock body, bool checks, MdlGraphBlock **block)
{
  Inside in = enter(h);
  Values v = {0, MDL_NEW(h->arena, MdlGraphValue *, 1)};
  if (body.ptr) {
    mdl_hlo_block(h, body);
    v = operands_from(h, mdl_terminator(body), 0);
  }
  if (checks) put_last(&v, status_now(h));
  give(h, &in, &v);
  leave(h, &in);
  *block = in.block;
  return v;
}

static void put_if(MdlHlo *h, MlirOperation op, bool checks)
{
  MdlGraphBlock *yes, *no;
  MdlSpot spot = h->graph.spot;
  MdlGraphValue *choice[] = {mdl_hlo_value(h, mdl_operand(op, 0))};
  if (!checks && !mdl_result_count(op)) return;
  Values results = branch(h, mdl_body(op, 0), checks, &yes);
  branch(h, mdl_body(op, 1), checks, &no);
  h->graph.spot = spot;
  take_results(h, op, flow_instr(h, MDL_HLO_if, &(Values){1, choice}, &results, yes, no), 0, checks);
}

/* ---- for --------------------------------------------------------------------------------- */

static void put_for(MdlHlo *h, MlirOperation op, bool checks)
{
  MlirBlock body = mdl_body(op, 0);
  MdlSpot spot = h->graph.spot;
  MdlGraphValue *hi = mdl_hlo_value(h, mdl_operand(op, 1));
  MdlGraphValue *step = mdl_hlo_value(h, mdl_operand(op, 2));
  Values state = operands_from(h, op, 3);
  put_first(&state, mdl_hlo_value(h, mdl_operand(op, 0)));
  if (checks) put_last(&state, status_now(h));
  Inside in = enter_with(h, &state, checks);
  MdlGraphBlock *condition = in.block;
  MdlGraphValue *more = mdl_graph_compare(&h->graph, "LT", in.block->arg[0], hi);
  give(h, &in, &(Values){1, &more});
  leave(h, &in);

  in = enter_with(h, &state, checks);
  set_args(h, body, 0, in.block->arg);
  mdl_hlo_block(h, body);
  h->graph.spot = spot;
  Values next = operands_from(h, mdl_terminator(body), 0);
  put_first(&next, mdl_graph_binary(&h->graph, MDL_HLO_add, in.block->arg[0], step));
  if (checks) put_last(&next, status_now(h));
  give(h, &in, &next);
  name_carried(condition, in.block);
  leave(h, &in);
  take_results(h, op, flow_instr(h, MDL_HLO_while, &state, &state, condition, in.block), 1, checks);
}

/* ---- while ------------------------------------------------------------------------------- */

/* The first half of a round: whether it goes on, and what it passes. A failed check stops it: its
 * condition may wait for what will not come. */
static Values first_half(MdlHlo *h, MlirBlock before, MdlGraphValue *const *values, bool checks)
{
  set_args(h, before, 0, values);
  mdl_hlo_block(h, before);
  MlirOperation end = mdl_terminator(before);
  MdlGraphValue *more = mdl_hlo_value(h, mdl_operand(end, 0));
  Values v = operands_from(h, end, 1);
  if (h->status)
    more = mdl_graph_binary(&h->graph, MDL_HLO_and, more, is_well(h, h->status));
  put_first(&v, more);
  if (checks) put_last(&v, status_now(h));
  return v;
}

/* Whether it goes on is carried, so that what the condition computes and passes is computed once a
 * round: condition; while (it held) { body; condition }. */
static void put_while(MdlHlo *h, MlirOperation op, bool checks)
{
  MlirBlock before = mdl_body(op, 0), after = mdl_body(op, 1);
  MdlSpot spot = h->graph.spot;
  Values init = operands_from(h, op, 0);
  Values state = first_half(h, before, init.at, checks);
  Inside in = enter_with(h, &state, checks);
  MdlGraphBlock *condition = in.block;
  give(h, &in, &(Values){1, &in.block->arg[0]});
  leave(h, &in);

  in = enter_with(h, &state, checks);
  set_args(h, after, 0, in.block->arg + 1);
  mdl_hlo_block(h, after);
  Values yielded = operands_from(h, mdl_terminator(after), 0);
  Values next = first_half(h, before, yielded.at, checks);
  give(h, &in, &next);
  name_carried(condition, in.block);
  leave(h, &in);
  h->graph.spot = spot;
  take_results(h, op, flow_instr(h, MDL_HLO_while, &state, &state, condition, in.block), 1, checks);
}

void mdl_hlo_flow(MdlHlo *h, MlirOperation op, MdlOp kind)
{
  bool checks = has_check(h, op);
  if (kind == MDL_OP_if)
    put_if(h, op, checks);
  else if (kind == MDL_OP_for)
    put_for(h, op, checks);
  else
    put_while(h, op, checks);
}
