/* Reverse mode through a branch. */
#include "passes/replay.h"

/* One branch back: its results are the cotangents of the captured values, on top of `sum` where
 * there is one. */
static void replay_branch(MdlReplay *p, const MlirValue *g, const MlirValue *sum)
{
  MlirOperation *ops = NULL;
  int count = mdl_replay_forward(p, mdl_map_create(p->ir->arena), &ops);
  for (int i = 0; i < p->outs; i++)
    if (g[i].ptr) mdl_add_plain(&p->sweep, p->out[i], g[i]);
  for (int i = 0; i < p->captures; i++)
    if (sum[i].ptr) mdl_add_plain(&p->sweep, p->capture[i], sum[i]);
  mdl_transpose_ops(&p->sweep, count, ops);
  if (p->sweep.d->failed) return;
  MlirValue *back = MDL_NEW(p->ir->arena, MlirValue, (size_t)p->captures);
  p->sweep.b.at = mdl_replay_place(p);
  for (int i = 0; i < p->captures; i++) back[i] = mdl_take_dense(&p->sweep, p->capture[i]);
  mdl_build_yield(&p->sweep.b, p->captures, back);
  mdl_replay_swept(p);
  MdlResiduals choice = {.body = p->to, .mark = p->mark};
  mdl_choose_residuals(p->sweep.d, &choice);
  p->keeps = choice.count, p->keep = choice.keep;
}

/* The forward branch again, with what both sides keep as further results. */
static void keep_in_branch(MdlReplay side[2], int results)
{
  MdlReverse *r = side[0].outer;
  MlirOperation op = side[0].op;
  int all = results + side[0].keeps + side[1].keeps;
  MlirType *type = MDL_NEW(r->ir->arena, MlirType, (size_t)all);
  for (int i = 0; i < results; i++)
    type[i] = mdl_type_make(r->ir, mdl_type_of(r->ir, mdl_result(op, i)));
  for (int s = 0, k = results; s < 2; s++)
    for (int i = 0; i < side[s].keeps; i++)
      type[k++] = mdl_type_make(r->ir, mdl_type_of(r->ir, side[s].keep[i]));
  MdlBuilder before = mdl_builder_before(r->ir, op);
  before.at = mdl_replay_place(&side[0]);
  MlirOperation with = mdl_build_if(&before, mdl_operand(op, 0), all, type);
  for (int s = 0; s < 2; s++) {
    MdlMap *values = mdl_map_create(r->ir->arena);
    MdlBuilder b = mdl_builder_at_end(r->ir, mdl_body(with, s), before.at);
    for (MlirOperation o = mdl_first(side[s].to); !mdl_same_op(o, side[s].mark); o = mdl_next(o))
      mdl_clone_op(&b, o, values, NULL, NULL);
    MlirValue *out = MDL_NEW(r->ir->arena, MlirValue, (size_t)all);
    for (int i = 0; i < results; i++) out[i] = mdl_map_value_get(values, side[s].out[i]);
    for (int t = 0, k = results; t < 2; t++)
      for (int i = 0; i < side[t].keeps; i++, k++)
        out[k] = s == t ? mdl_map_value_get(values, side[t].keep[i])
                        : mdl_zero(r->ir, &b, side[t].keep[i]);
    mdl_build_yield(&b, all, out);
  }
  for (int s = 0, k = results; s < 2; s++)
    for (int i = 0; i < side[s].keeps; i++) mdl_replace(side[s].keep[i], mdl_result(with, k++));
  mdl_map_set(r->replaced, op.ptr, with.ptr);
}

void mdl_transpose_if(MdlReverse *r, MlirOperation op)
{
  MdlIr *ir = r->ir;
  int results = mdl_result_count(op);
  MlirValue *g = MDL_NEW(ir->arena, MlirValue, (size_t)results), *capture = NULL;
  int captures = mdl_captured(ir, op, r->varied, &capture);
  for (int i = 0; i < results; i++) g[i] = mdl_cotangent_take(r, mdl_result(op, i), NULL);
  if (!captures) return;
  MlirType *type = MDL_NEW(ir->arena, MlirType, (size_t)captures);
  MlirValue *sum = MDL_NEW(ir->arena, MlirValue, (size_t)captures);
  for (int i = 0; i < captures; i++) {
    const MdlType *of = mdl_type_of(ir, capture[i]);
    type[i] = mdl_type_make(ir, of);
    if (of->rank) sum[i] = mdl_cotangent_take(r, capture[i], NULL);
  }
  MlirOperation back = mdl_build_if(&r->b, mdl_operand(op, 0), captures, type);
  MdlReplay side[2];
  for (int s = 0; s < 2 && !r->d->failed; s++) {
    side[s] = mdl_replay_create(r, op, mdl_body(op, s), mdl_body(back, s));
    replay_branch(&side[s], g, sum);
  }
  if (r->d->failed) return;
  /* Kept values are replaced inside the reverse op only: the copies are made before. */
  if (side[0].keeps + side[1].keeps) keep_in_branch(side, results);
  for (int s = 0; s < 2; s++) mdl_replay_end(&side[s]);
  for (int i = 0; i < captures; i++) mdl_add_plain(r, capture[i], mdl_result(back, i));
}
