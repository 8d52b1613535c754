/* Reverse mode through loops. */
#include "passes/stacks.h"
#include "passes/trips.h"

#include <string.h>

static bool op_feeds(void *user, MlirOperation op)
{
  MdlMap *need = user;
  for (int i = 0; i < mdl_operand_count(op); i++) mdl_map_set(need, mdl_operand(op, i).ptr, need);
  return true;
}

/* Carried values that reach a result with a cotangent, in any number of rounds, and are varied. */
static void find_active(MdlReverse *r, MdlLoopReplay *l)
{
  MdlArena *arena = r->ir->arena;
  MlirOperation op = l->replay.op, *ops = NULL, end = mdl_terminator(mdl_loop_body(l));
  bool *useful = MDL_NEW(arena, bool, (size_t)l->carried);
  for (int i = 0; i < l->carried; i++) useful[i] = mdl_has_cotangent(r, mdl_result(op, i));
  int count = mdl_list(r->ir, mdl_loop_body(l), &ops);
  for (bool again = true; again;) {
    again = false;
    MdlMap *need = mdl_map_create(arena);
    for (int i = 0; i < l->carried; i++)
      if (useful[i]) mdl_map_set(need, mdl_operand(end, i).ptr, l);
    for (int k = count - 1; k-- > 0;) {
      bool needed = false;
      for (int i = 0; i < mdl_result_count(ops[k]); i++)
        needed |= mdl_map_has(need, mdl_result(ops[k], i).ptr);
      if (needed) mdl_walk(ops[k], op_feeds, need);
    }
    for (int i = 0; i < l->carried; i++) {
      if (useful[i] || !mdl_map_has(need, mdl_loop_arg(l, i).ptr)) continue;
      useful[i] = again = true;
    }
  }
  l->active = MDL_NEW(arena, bool, (size_t)l->carried);
  for (int i = 0; i < l->carried; i++) {
    l->active[i] = useful[i] && mdl_is_varied(r, mdl_loop_arg(l, i));
    l->actives += l->active[i];
  }
}

/* lo + (hi - 1 - k): the rounds from the last to the first. */
static MlirValue backwards(MdlReverse *r, const MdlLoopReplay *l, MdlBuilder *inside, MlirValue k)
{
  MdlType index = mdl_type_scalar(MDL_index);
  MlirValue last = mdl_build(&r->b, MDL_OP_sub, l->trips_hi, mdl_build_const_int(&r->b, &index, 1));
  if (!mdl_is_zero_index(r->ir, l->trips_lo))
    last = mdl_build(&r->b, MDL_OP_add, l->trips_lo, last);
  return mdl_build(inside, MDL_OP_sub, last, k);
}

/* The reverse loop: carries the cotangents of active values, then the sums of captured ones, which
 * start from what they are so far. */
static MlirOperation build_reverse(MdlReverse *r, MdlLoopReplay *l, const MlirValue *capture,
                                   int captures)
{
  MlirOperation op = l->replay.op;
  MlirValue *init = MDL_NEW(r->ir->arena, MlirValue, (size_t)(l->actives + captures));
  int count = 0;
  for (int i = 0; i < l->carried; i++) {
    if (l->active[i]) init[count++] = mdl_take_dense(r, mdl_result(op, i));
  }
  for (int i = 0; i < captures; i++) init[count++] = mdl_take_dense(r, capture[i]);
  MlirOperation back = mdl_build_for(&r->b, l->trips_lo, l->trips_hi, count, init);
  if (mdl_op_has(op, "mdl.limit"))
    mdl_op_set_raw(r->ir, back, "mdl.limit", mdl_op_raw(op, "mdl.limit"));
  return back;
}

/* Binds the body's arguments: the index is known, carried values have stand-ins for now. */
static MdlMap *bind_round(MdlLoopReplay *l)
{
  MdlReplay *p = &l->replay;
  MdlMap *values = mdl_map_create(p->ir->arena);
  l->start = MDL_NEW(p->ir->arena, MlirValue, (size_t)l->carried);
  if (!l->is_while) mdl_map_value_set(values, mdl_arg(p->from, 0), l->round);
  for (int i = 0; i < l->carried; i++) {
    MlirValue arg = mdl_loop_arg(l, i);
    l->start[i] = l->is_while && i == 0 ? l->round : mdl_zero(p->ir, &p->sweep.b, arg);
    mdl_map_value_set(values, arg, l->start[i]);
    if (mdl_is_varied(p->outer, arg)) mdl_map_set(p->sweep.varied, l->start[i].ptr, l);
  }
  return values;
}

static void replay_round(MdlLoopReplay *l, MlirOperation back)
{
  MdlReplay *p = &l->replay;
  MlirBlock to = p->to;
  MlirOperation *ops = NULL;
  int count = mdl_replay_forward(p, bind_round(l), &ops);
  for (int i = 0, k = 1; i < l->carried; i++)
    if (l->active[i]) mdl_add_plain(&p->sweep, p->out[i], mdl_arg(to, k++));
  for (int i = 0; i < p->captures; i++) /* sums so far: reads add to them in place */
    mdl_add_plain(&p->sweep, p->capture[i], mdl_arg(to, 1 + l->actives + i));
  mdl_transpose_ops(&p->sweep, count, ops);
  if (p->sweep.d->failed) return;
  p->sweep.b.at = mdl_replay_place(p);
  int all = mdl_result_count(back), k = 0;
  MlirValue *next = MDL_NEW(p->ir->arena, MlirValue, (size_t)all);
  for (int i = 0; i < l->carried; i++)
    if (l->active[i]) next[k++] = mdl_take_dense(&p->sweep, l->start[i]);
  for (int i = 0; i < p->captures; i++)
    next[k++] = mdl_cotangent_take(&p->sweep, p->capture[i], NULL);
  mdl_build_yield(&p->sweep.b, all, next);
  mdl_replay_swept(p);
}

static void transpose_loop(MdlReverse *r, MdlLoopReplay *l)
{
  MlirOperation op = l->replay.op;
  MlirValue *capture = NULL;
  l->carried = mdl_result_count(op);
  find_active(r, l);
  int captures = mdl_captured(r->ir, op, r->varied, &capture);
  MlirOperation back = build_reverse(r, l, capture, captures);
  l->replay = mdl_replay_create(r, op, mdl_loop_body(l), mdl_body(back, 0));
  MdlReplay *p = &l->replay;
  l->round = backwards(r, l, &p->sweep.b, mdl_arg(p->to, 0));
  /* `last` was built behind the loop that needs it. */
  for (MlirOperation late = mdl_next(back); !mdl_is_null(late); late = mdl_next(back))
    mdl_move_before(late, back);
  replay_round(l, back);
  if (r->d->failed) return;
  mdl_keep_in_loop(r, l);
  mdl_replay_end(p);
  int k = 0;
  for (int i = 0; i < l->carried; i++)
    if (l->active[i]) mdl_add_plain(r, mdl_loop_init(l, i), mdl_result(back, k++));
  for (int i = 0; i < captures; i++) mdl_add_plain(r, capture[i], mdl_result(back, k++));
}

static void no_limit(MdlReverse *r, MlirOperation op, const char *word)
{
  r->d->failed = true;
  MdlSpan at = mdl_span_of(r->ir, op); /* of the whole statement: its first word is enough */
  at.end = at.start + (uint32_t)strlen(word);
  MdlReport *report = mdl_error(r->ir->session, MDL_E0701, at, word);
  mdl_label(report, "trips unknown");
  mdl_also(report, mdl_span_of(r->ir, r->d->recipe), "asked for here");
  mdl_help(report, "`%s … limit 50 {`, or forward mode: `jvp`", word);
}

void mdl_transpose_for(MdlReverse *r, MlirOperation op)
{
  MdlLoopReplay l = {
      .replay = {.op = op}, .trips_lo = mdl_operand(op, 0), .trips_hi = mdl_operand(op, 1)};
  l.most = mdl_most_trips(r->ir, op);
  if (!l.most) {
    no_limit(r, op, "for");
    return;
  }
  /* What is found out now is written down: copies may run to where it cannot be seen. */
  if (!mdl_has_size_bounds(r->ir, op)) mdl_op_set_size(r->ir, op, "mdl.limit", l.most);
  transpose_loop(r, &l);
}

/* The condition passes the carried values on unchanged: then what a round starts with is what the
 * body sees. */
static bool passes_through(MlirOperation op)
{
  MlirBlock before = mdl_body(op, 0);
  MlirOperation end = mdl_terminator(before);
  for (int i = 0; i < mdl_arg_count(before); i++)
    if (!mdl_same(mdl_operand(end, i + 1), mdl_arg(before, i))) return false;
  return true;
}

void mdl_transpose_while(MdlReverse *r, MlirOperation op)
{
  MdlLoopReplay l = {.replay = {.op = op}, .is_while = true, .trips_hi = mdl_result(op, 0)};
  l.most = mdl_limit_of(r->ir, op);
  if (!l.most) {
    no_limit(r, op, "while");
    return;
  }
  if (!passes_through(op)) MDL_BUG(r->ir->session, "a while changes values in its condition");
  MdlType index = mdl_type_scalar(MDL_index);
  l.trips_lo = mdl_build_const_int(&r->b, &index, 0);
  transpose_loop(r, &l);
}
