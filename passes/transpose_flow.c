/* Reverse mode through loops and branches. The reverse op holds the forward ops of the body again,
 * then their sweep; what the sweep needs and is too dear to compute again is kept by the forward
 * op: a loop stacks it in tensors with an axis of trips in front, a branch returns it. */
#include "passes/residual.h"

#include "passes/trips.h"

#define NO_MASK ((MdlMask){0, NULL})

/* A body on its way: forward ops, a mark, the sweep. */
typedef struct Replay {
  MdlReverse *outer;
  MdlIr *ir;
  MlirOperation op;   /* the forward loop or branch */
  MlirBlock from, to; /* its body; the body of the reverse op */
  MlirOperation mark;
  int outs;
  MlirValue *out; /* what the body's end passes on, forward */
  MdlReverse sweep;
  int captures;
  MlirValue *capture; /* varied values from outside */
  int keeps;
  MlirValue *keep; /* residuals */
} Replay;

static MlirLocation place(const Replay *p) { return mdl_place_of(p->ir, p->op); }

static MlirValue dense_or_zero(MdlReverse *r, MlirValue value)
{
  MlirValue g = mdl_cotangent_take(r, value, NULL);
  return g.ptr ? g : mdl_zero(r->ir, &r->b, value);
}

static Replay replay_of(MdlReverse *r, MlirOperation op, MlirBlock from, MlirBlock to)
{
  Replay p = {.outer = r, .ir = r->ir, .op = op, .from = from, .to = to};
  p.sweep = *r;
  p.sweep.b = mdl_builder_at_end(r->ir, to, place(&p));
  p.sweep.varied = mdl_map_create(r->ir->arena);
  p.sweep.parts = mdl_map_create(r->ir->arena);
  p.sweep.replaced = mdl_map_create(r->ir->arena);
  p.captures = mdl_captured(r->ir, op, r->varied, &p.capture);
  for (int i = 0; i < p.captures; i++) mdl_map_set(p.sweep.varied, p.capture[i].ptr, r);
  return p;
}

/* The forward ops, with the body's arguments bound in `values`. */
static int copy_forward(Replay *p, MdlMap *values, MlirOperation **ops)
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
static void end_sweep(Replay *p)
{
  mdl_transpose_end(&p->sweep);
  mdl_drop_dead_backward(p->sweep.d, p->to, p->mark);
  for (int i = 0; i < p->outs; i++) p->out[i] = mdl_operand(p->mark, i);
}

/* What is not kept is computed again: the rest of the forward ops goes. */
static void end_replay(Replay *p)
{
  mdl_set_operands(p->mark, 0, NULL);
  mdl_drop_dead_forward(p->sweep.d, p->to, p->mark);
  mdl_erase(p->ir, p->mark);
}

/* ---- branches ---------------------------------------------------------------------------- */

/* One branch back: its results are the cotangents of the captured values, on top of `sum` where
 * there is one. */
static void replay_branch(Replay *p, const MlirValue *g, const MlirValue *sum)
{
  MlirOperation *ops = NULL;
  int count = copy_forward(p, mdl_map_create(p->ir->arena), &ops);
  for (int i = 0; i < p->outs; i++)
    if (g[i].ptr) mdl_cotangent_add(&p->sweep, p->out[i], g[i], NO_MASK);
  for (int i = 0; i < p->captures; i++)
    if (sum[i].ptr) mdl_cotangent_add(&p->sweep, p->capture[i], sum[i], NO_MASK);
  mdl_transpose_ops(&p->sweep, count, ops);
  if (p->sweep.d->failed) return;
  MlirValue *back = MDL_NEW(p->ir->arena, MlirValue, (size_t)p->captures);
  p->sweep.b.at = place(p);
  for (int i = 0; i < p->captures; i++) back[i] = dense_or_zero(&p->sweep, p->capture[i]);
  mdl_build_yield(&p->sweep.b, p->captures, back);
  end_sweep(p);
  p->keeps = mdl_choose_residuals(p->sweep.d, p->to, p->mark, 0, NULL, &p->keep);
}

/* The forward branch again, with what both sides keep as further results. */
static void keep_in_branch(Replay side[2], int results)
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
  before.at = place(&side[0]);
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

static void transpose_if(MdlReverse *r, MlirOperation op)
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
  Replay side[2];
  for (int s = 0; s < 2 && !r->d->failed; s++) {
    side[s] = replay_of(r, op, mdl_body(op, s), mdl_body(back, s));
    replay_branch(&side[s], g, sum);
  }
  if (r->d->failed) return;
  /* Kept values are replaced inside the reverse op only: the copies are made before. */
  if (side[0].keeps + side[1].keeps) keep_in_branch(side, results);
  for (int s = 0; s < 2; s++) end_replay(&side[s]);
  for (int i = 0; i < captures; i++) mdl_cotangent_add(r, capture[i], mdl_result(back, i), NO_MASK);
}

/* ---- loops ------------------------------------------------------------------------------- */

/* scf.for, or scf.while with a limit whose first carried value counts the rounds. */
typedef struct Loop {
  Replay replay;
  bool is_while;
  int carried;
  const MdlSize *most;          /* trips at most: the extent of stacks */
  MlirValue trips_lo, trips_hi; /* the forward loop runs lo..hi */
  MlirValue round;              /* in the reverse body: the forward loop's index */
  MlirValue *start; /* in the reverse body: stand-ins for the carried values of that round */
  bool *active;     /* carried values with a cotangent */
  int actives;
} Loop;

static MlirBlock loop_body(const Loop *l) { return mdl_body(l->replay.op, l->is_while); }

static MlirValue loop_arg(const Loop *l, int i) { return mdl_arg(loop_body(l), i + !l->is_while); }

static MlirValue loop_init(const Loop *l, int i)
{
  return mdl_operand(l->replay.op, i + (l->is_while ? 0 : 3));
}

typedef struct Slice {
  MdlMap *need;
  bool hit;
} Slice;

static bool op_feeds(void *user, MlirOperation op)
{
  Slice *s = user;
  for (int i = 0; i < mdl_operand_count(op); i++) mdl_map_set(s->need, mdl_operand(op, i).ptr, s);
  return true;
}

/* Carried values that reach a result with a cotangent, in any number of rounds, and are varied. */
static void find_active(MdlReverse *r, Loop *l)
{
  MdlArena *arena = r->ir->arena;
  MlirOperation op = l->replay.op, *ops = NULL, end = mdl_terminator(loop_body(l));
  bool *useful = MDL_NEW(arena, bool, (size_t)l->carried);
  for (int i = 0; i < l->carried; i++) useful[i] = mdl_has_cotangent(r, mdl_result(op, i));
  int count = mdl_list(r->ir, loop_body(l), &ops);
  for (bool again = true; again;) {
    again = false;
    Slice slice = {.need = mdl_map_create(arena)};
    for (int i = 0; i < l->carried; i++)
      if (useful[i]) mdl_map_set(slice.need, mdl_operand(end, i).ptr, l);
    for (int k = count - 1; k-- > 0;) {
      bool needed = false;
      for (int i = 0; i < mdl_result_count(ops[k]); i++)
        needed |= mdl_map_has(slice.need, mdl_result(ops[k], i).ptr);
      if (needed) mdl_walk(ops[k], op_feeds, &slice);
    }
    for (int i = 0; i < l->carried; i++) {
      if (useful[i] || !mdl_map_has(slice.need, loop_arg(l, i).ptr)) continue;
      useful[i] = again = true;
    }
  }
  l->active = MDL_NEW(arena, bool, (size_t)l->carried);
  for (int i = 0; i < l->carried; i++) {
    l->active[i] = useful[i] && mdl_is_varied(r, loop_arg(l, i));
    l->actives += l->active[i];
  }
}

/* lo + (hi - 1 - k): the rounds from the last to the first. */
static MlirValue backwards(MdlReverse *r, const Loop *l, MdlBuilder *inside, MlirValue k)
{
  MdlType index = mdl_type_scalar(MDL_index);
  MlirValue last = mdl_build(&r->b, MDL_OP_sub, l->trips_hi, mdl_build_const_int(&r->b, &index, 1));
  if (!mdl_is_zero_index(r->ir, l->trips_lo))
    last = mdl_build(&r->b, MDL_OP_add, l->trips_lo, last);
  return mdl_build(inside, MDL_OP_sub, last, k);
}

/* The reverse loop: carries the cotangents of active values, then the sums of captured ones, which
 * start from what they are so far. */
static MlirOperation build_reverse(MdlReverse *r, Loop *l, const MlirValue *capture, int captures)
{
  MlirOperation op = l->replay.op;
  MlirValue *init = MDL_NEW(r->ir->arena, MlirValue, (size_t)(l->actives + captures));
  int count = 0;
  for (int i = 0; i < l->carried; i++) {
    if (l->active[i]) init[count++] = dense_or_zero(r, mdl_result(op, i));
  }
  for (int i = 0; i < captures; i++) init[count++] = dense_or_zero(r, capture[i]);
  MlirOperation back = mdl_build_for(&r->b, l->trips_lo, l->trips_hi, count, init);
  if (mdl_op_has(op, "mdl.limit"))
    mdl_op_set_raw(r->ir, back, "mdl.limit", mdl_op_raw(op, "mdl.limit"));
  return back;
}

/* Binds the body's arguments: the index is known, carried values have stand-ins for now. */
static MdlMap *bind_round(Loop *l)
{
  Replay *p = &l->replay;
  MdlMap *values = mdl_map_create(p->ir->arena);
  l->start = MDL_NEW(p->ir->arena, MlirValue, (size_t)l->carried);
  if (!l->is_while) mdl_map_value_set(values, mdl_arg(p->from, 0), l->round);
  for (int i = 0; i < l->carried; i++) {
    MlirValue arg = loop_arg(l, i);
    l->start[i] = l->is_while && i == 0 ? l->round : mdl_zero(p->ir, &p->sweep.b, arg);
    mdl_map_value_set(values, arg, l->start[i]);
    if (mdl_is_varied(p->outer, arg)) mdl_map_set(p->sweep.varied, l->start[i].ptr, l);
  }
  return values;
}

static void replay_round(Loop *l, MlirOperation back)
{
  Replay *p = &l->replay;
  MlirBlock to = p->to;
  MlirOperation *ops = NULL;
  int count = copy_forward(p, bind_round(l), &ops);
  for (int i = 0, k = 1; i < l->carried; i++)
    if (l->active[i]) mdl_cotangent_add(&p->sweep, p->out[i], mdl_arg(to, k++), NO_MASK);
  for (int i = 0; i < p->captures; i++) /* sums so far: reads add to them in place */
    mdl_cotangent_add(&p->sweep, p->capture[i], mdl_arg(to, 1 + l->actives + i), NO_MASK);
  mdl_transpose_ops(&p->sweep, count, ops);
  if (p->sweep.d->failed) return;
  p->sweep.b.at = place(p);
  int all = mdl_result_count(back), k = 0;
  MlirValue *next = MDL_NEW(p->ir->arena, MlirValue, (size_t)all);
  for (int i = 0; i < l->carried; i++)
    if (l->active[i]) next[k++] = dense_or_zero(&p->sweep, l->start[i]);
  for (int i = 0; i < p->captures; i++)
    next[k++] = mdl_cotangent_take(&p->sweep, p->capture[i], NULL);
  mdl_build_yield(&p->sweep.b, all, next);
  end_sweep(p);
}

/* ---- stacks ------------------------------------------------------------------------------ */

static MdlType stack_type(MdlIr *ir, const MdlSize *most, MlirValue value)
{
  const MdlType *of = mdl_type_of(ir, value);
  if (of->rank == MDL_MAX_RANK) MDL_BUG(ir->session, "a residual's rank is over the limit");
  MdlType type = {.dtype = of->dtype == MDL_index ? MDL_i64 : of->dtype, .rank = of->rank + 1};
  type.dim[0] = most;
  for (int i = 0; i < of->rank; i++) type.dim[i + 1] = of->dim[i];
  return type;
}

static MdlAttrs first_axis(MdlIr *ir)
{
  MdlAttrs attrs = mdl_attrs_none(ir);
  mdl_put_int(&attrs, "axis", 0);
  return attrs;
}

static MlirValue push(MdlIr *ir, MdlBuilder *b, MlirValue stack, MlirValue at, MlirValue value)
{
  MdlType layer = stack_type(ir, mdl_size_const(ir->sizes, 1), value);
  MdlAttrs attrs = first_axis(ir);
  value = mdl_build_convert(b, value, layer.dtype);
  MlirValue operand[] = {stack, at, mdl_build_reshape(b, value, &layer)};
  return mdl_result(mdl_build_op(b, MDL_OP_dynamic_update, 3, operand, &attrs, NULL), 0);
}

static MlirValue pop(MdlIr *ir, MdlBuilder *b, MlirValue stack, MlirValue at, const MdlType *type)
{
  MdlType layer = *mdl_type_of(ir, stack), flat = mdl_type_with(type, layer.dtype);
  MdlAttrs attrs = first_axis(ir);
  layer.dim[0] = mdl_size_const(ir->sizes, 1);
  MlirValue operand[] = {stack, at};
  MlirOperation read = mdl_build_op(b, MDL_OP_dynamic_slice, 2, operand, &attrs, &layer);
  MlirValue value = mdl_build_reshape(b, mdl_result(read, 0), &flat);
  return mdl_build_convert(b, value, type->dtype);
}

/* Where round i stands in the stacks: at i, or at i - lo where lo may be below 0 or the extent is a
 * number of rounds. */
static MlirValue layer_of(MdlIr *ir, MdlBuilder *b, const Loop *l, MlirValue round)
{
  bool counts = mdl_op_has(l->replay.op, "mdl.limit") && !mdl_is_zero_index(ir, l->trips_lo);
  bool from_lo = counts || mdl_is_below_zero(ir, l->trips_lo);
  return from_lo ? mdl_build(b, MDL_OP_sub, round, l->trips_lo) : round;
}

/* The forward loop again, pushing what is kept. */
static MlirOperation build_keeping(Loop *l)
{
  Replay *p = &l->replay;
  MdlIr *ir = p->ir;
  int all = l->carried + p->keeps;
  MdlBuilder before = mdl_builder_before(ir, p->op);
  before.at = place(p);
  MlirValue *value = MDL_NEW(ir->arena, MlirValue, (size_t)all);
  for (int i = 0; i < l->carried; i++) value[i] = loop_init(l, i);
  for (int i = 0; i < p->keeps; i++) {
    MdlType type = stack_type(ir, l->most, p->keep[i]);
    value[l->carried + i] = mdl_build_const(&before, &type, 0);
  }
  MlirOperation with = l->is_while ? mdl_build_while(&before, all, value)
                                   : mdl_build_for(&before, l->trips_lo, l->trips_hi, all, value);
  MdlMap *values = mdl_map_create(ir->arena);
  if (l->is_while) { /* the condition as it is; stacks pass through */
    MlirBlock from = mdl_body(p->op, 0), to = mdl_body(with, 0);
    for (int i = 0; i < l->carried; i++)
      mdl_map_value_set(values, mdl_arg(from, i), mdl_arg(to, i));
    MdlBuilder b = mdl_builder_at_end(ir, to, before.at);
    MlirValue *out = MDL_NEW(ir->arena, MlirValue, (size_t)l->carried + 1);
    mdl_clone_body(&b, from, values, out);
    for (int i = 0; i < all; i++) value[i] = mdl_arg(to, i);
    mdl_build_condition(&b, out[0], all, value);
  }
  MlirBlock body = mdl_body(with, l->is_while);
  int first = !l->is_while;
  MdlBuilder b = mdl_builder_at_end(ir, body, before.at);
  MlirValue round = mdl_arg(body, 0);
  mdl_map_value_set(values, l->round, round);
  for (int i = 0; i < l->carried; i++)
    if (!mdl_same(l->start[i], l->round))
      mdl_map_value_set(values, l->start[i], mdl_arg(body, first + i));
  for (MlirOperation op = mdl_first(p->to); !mdl_same_op(op, p->mark); op = mdl_next(op)) {
    bool bound = mdl_result_count(op) == 1 && mdl_map_has(values, mdl_result(op, 0).ptr);
    if (!bound) mdl_clone_op(&b, op, values, NULL, NULL);
  }
  MlirValue at = layer_of(ir, &b, l, round);
  for (int i = 0; i < l->carried; i++) value[i] = mdl_map_value_get(values, p->out[i]);
  for (int i = 0; i < p->keeps; i++)
    value[l->carried + i] = push(ir, &b, mdl_arg(body, first + l->carried + i), at,
                                 mdl_map_value_get(values, p->keep[i]));
  mdl_build_yield(&b, all, value);
  return with;
}

static void name_like(MdlIr *ir, MlirOperation with, MlirOperation op)
{
  for (int i = 0; i < mdl_result_count(op); i++) {
    const char *name = mdl_value_name(ir, mdl_result(op, i));
    if (name) mdl_value_set_name(ir, mdl_result(with, i), name);
  }
  if (mdl_op_has(op, "mdl.limit"))
    mdl_op_set_raw(ir, with, "mdl.limit", mdl_op_raw(op, "mdl.limit"));
}

/* Kept values come off the stacks where the reverse body starts. */
static void keep_in_loop(MdlReverse *r, Loop *l)
{
  Replay *p = &l->replay;
  MlirOperation with = build_keeping(l);
  name_like(r->ir, with, p->op);
  MlirOperation after = mdl_next(mdl_def(l->round));
  MdlBuilder b = mdl_builder_before(r->ir, after);
  b.at = place(p);
  MlirValue at = layer_of(r->ir, &b, l, l->round);
  for (int i = 0; i < p->keeps; i++) {
    MlirValue stack = mdl_result(with, l->carried + i);
    mdl_replace(p->keep[i], pop(r->ir, &b, stack, at, mdl_type_of(r->ir, p->keep[i])));
  }
  mdl_map_set(r->replaced, p->op.ptr, with.ptr);
}

static void transpose_loop(MdlReverse *r, Loop *l)
{
  MlirOperation op = l->replay.op;
  MlirValue *capture = NULL;
  l->carried = mdl_result_count(op);
  find_active(r, l);
  int captures = mdl_captured(r->ir, op, r->varied, &capture);
  MlirOperation back = build_reverse(r, l, capture, captures);
  l->replay = replay_of(r, op, loop_body(l), mdl_body(back, 0));
  Replay *p = &l->replay;
  l->round = backwards(r, l, &p->sweep.b, mdl_arg(p->to, 0));
  /* `last` was built behind the loop that needs it. */
  for (MlirOperation late = mdl_next(back); !mdl_is_null(late); late = mdl_next(back))
    mdl_move_before(late, back);
  replay_round(l, back);
  if (r->d->failed) return;
  bool counts = l->is_while; /* the first carried value of a while is its round: known */
  p->keeps =
      mdl_choose_residuals(r->d, p->to, p->mark, l->carried - counts, l->start + counts, &p->keep);
  if (p->keeps) keep_in_loop(r, l);
  end_replay(p);
  int k = 0;
  for (int i = 0; i < l->carried; i++)
    if (l->active[i]) mdl_cotangent_add(r, loop_init(l, i), mdl_result(back, k++), NO_MASK);
  for (int i = 0; i < captures; i++)
    mdl_cotangent_add(r, capture[i], mdl_result(back, k++), NO_MASK);
}

static void no_limit(MdlReverse *r, MlirOperation op, const char *word)
{
  r->d->failed = true;
  MdlReport *report = mdl_error(r->ir->session, MDL_E0701, mdl_span_of(r->ir, op), word);
  mdl_label(report, "trips unknown");
  mdl_also(report, mdl_span_of(r->ir, r->d->recipe), "asked for here");
  mdl_help(report, "`%s … limit 50 {`, or forward mode: `jvp`", word);
}

static void transpose_for(MdlReverse *r, MlirOperation op)
{
  Loop l = {.replay = {.op = op}, .trips_lo = mdl_operand(op, 0), .trips_hi = mdl_operand(op, 1)};
  l.most = mdl_most_trips(r->ir, op);
  if (!l.most) {
    no_limit(r, op, "for");
    return;
  }
  /* What is found out now is written down: copies may run to where it cannot be seen. */
  if (!mdl_has_size_bounds(r->ir, op))
    mdl_op_set_text(r->ir, op, "mdl.limit", mdl_size_text(l.most));
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

static void transpose_while(MdlReverse *r, MlirOperation op)
{
  Loop l = {.replay = {.op = op}, .is_while = true, .trips_hi = mdl_result(op, 0)};
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

void mdl_transpose_flow(MdlReverse *r, MlirOperation op)
{
  switch ((int)mdl_op(r->ir, op)) {
  case MDL_OP_if:
    transpose_if(r, op);
    return;
  case MDL_OP_for:
    transpose_for(r, op);
    return;
  case MDL_OP_while:
    transpose_while(r, op);
    return;
  default:
    return;
  }
}
