/* Reverse mode through loops and branches. The reverse op holds the forward ops of the body again,
 * then their sweep; what the sweep needs and is too dear to compute again is kept by the forward
 * op: a loop stacks it in tensors with an axis of trips in front, a branch returns it. */
#include "passes/replay.h"

void mdl_add_plain(MdlReverse *r, MlirValue value, MlirValue g)
{
  mdl_cotangent_add(r, value, g, (MdlMask){0, NULL});
}

MlirLocation mdl_replay_place(const MdlReplay *p) { return mdl_place_of(p->ir, p->op); }

MlirValue mdl_take_dense(MdlReverse *r, MlirValue value)
{
  MlirValue g = mdl_cotangent_take(r, value, NULL);
  return g.ptr ? g : mdl_zero(r->ir, &r->b, value);
}

MdlReplay mdl_replay_create(MdlReverse *r, MlirOperation op, MlirBlock from, MlirBlock to)
{
  MdlReplay p = {.outer = r, .ir = r->ir, .op = op, .from = from, .to = to};
  p.sweep = *r;
  p.sweep.b = mdl_builder_at_end(r->ir, to, mdl_replay_place(&p));
  p.sweep.varied = mdl_map_create(r->ir->arena);
  p.sweep.parts = mdl_map_create(r->ir->arena);
  p.sweep.replaced = mdl_map_create(r->ir->arena);
  p.captures = mdl_captured(r->ir, op, r->varied, &p.capture);
  for (int i = 0; i < p.captures; i++) mdl_map_set(p.sweep.varied, p.capture[i].ptr, r);
  return p;
}

/* The forward ops, with the body's arguments bound in `values`. */
int mdl_replay_forward(MdlReplay *p, MdlMap *values, MlirOperation **ops)
{
  p->outs = mdl_operand_count(mdl_terminator(p->from));
  p->out = MDL_NEW(p->ir->arena, MlirValue, (size_t)p->outs);
  mdl_clone_body(&p->sweep.b, p->from, values, p->out);
  int count = mdl_list(p->ir, p->to, ops);
  p->mark = mdl_build_yield(&p->sweep.b, p->outs, p->out); /* keeps hold of them */
  mdl_varied_block(p->sweep.d, p->to, p->sweep.varied);
  return count;
}

/* The sweep is over: inner loops stand as they will, dead ends of the sweep go. */
void mdl_replay_swept(MdlReplay *p)
{
  mdl_transpose_end(&p->sweep);
  mdl_drop_dead_backward(p->sweep.d, p->to, p->mark);
  for (int i = 0; i < p->outs; i++) p->out[i] = mdl_operand(p->mark, i);
}

/* What is not kept is computed again: the rest of the forward ops goes. */
void mdl_replay_end(MdlReplay *p)
{
  mdl_set_operands(p->mark, 0, NULL);
  mdl_drop_dead_forward(p->sweep.d, p->to, p->mark);
  mdl_erase(p->ir, p->mark);
}

void mdl_transpose_flow(MdlReverse *r, MlirOperation op)
{
  switch ((int)mdl_op(r->ir, op)) {
  case MDL_OP_if:
    mdl_transpose_if(r, op);
    return;
  case MDL_OP_for:
    mdl_transpose_for(r, op);
    return;
  case MDL_OP_while:
    mdl_transpose_while(r, op);
    return;
  default:
    return;
  }
}
