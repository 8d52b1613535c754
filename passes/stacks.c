#include "passes/stacks.h"

#include "passes/trips.h"

MlirBlock mdl_loop_body(const MdlLoopReplay *l) { return mdl_body(l->replay.op, l->is_while); }

MlirValue mdl_loop_arg(const MdlLoopReplay *l, int i)
{
  return mdl_arg(mdl_loop_body(l), i + !l->is_while);
}

MlirValue mdl_loop_init(const MdlLoopReplay *l, int i)
{
  return mdl_operand(l->replay.op, i + (l->is_while ? 0 : 3));
}

/* A tensor with an axis of rounds in front. One that keeps a carried value at the start of a round
 * and what the round passes on for it holds both: the end of a round is the start of the next. */
typedef struct Stack {
  MlirValue early, late; /* kept: layer of the round, and one behind it; null for none */
  MlirValue prime;       /* the first layer, where `late` fills those behind */
  MdlType type;
} Stack;

typedef struct Stacks {
  MdlLoopReplay *l;
  MdlIr *ir;
  int count;
  Stack *stack;
} Stacks;

/* ---- choosing ---------------------------------------------------------------------------- */

static bool is_listed(int count, const MlirValue *list, MlirValue value)
{
  for (int i = 0; i < count; i++)
    if (mdl_same(list[i], value)) return true;
  return false;
}

/* Twice: where the start of a round is kept, its end costs nothing more. */
static void choose(MdlReverse *r, MdlLoopReplay *l)
{
  MdlReplay *p = &l->replay;
  int counts = l->is_while; /* the first carried value of a while is its round: known */
  MlirValue *ends = MDL_NEW(r->ir->arena, MlirValue, (size_t)l->carried);
  MdlResiduals choice = {.body = p->to, .mark = p->mark, .free_value = ends};
  choice.given = l->carried - counts, choice.given_value = l->start + counts;
  mdl_choose_residuals(r->d, &choice);
  for (int i = counts; i < l->carried; i++)
    if (is_listed(choice.count, choice.keep, l->start[i])) ends[choice.frees++] = p->out[i];
  if (choice.frees) mdl_choose_residuals(r->d, &choice);
  p->keeps = choice.count, p->keep = choice.keep;
}

static MdlType stack_type(MdlIr *ir, const MdlSize *most, MlirValue value)
{
  const MdlType *of = mdl_type_of(ir, value);
  if (of->rank == MDL_MAX_RANK) MDL_BUG(ir->session, "a residual's rank is over the limit");
  MdlType type = {.dtype = of->dtype == MDL_index ? MDL_i64 : of->dtype, .rank = of->rank + 1};
  type.dim[0] = most;
  for (int i = 0; i < of->rank; i++) type.dim[i + 1] = of->dim[i];
  return type;
}

/* A stack a kept value; two that follow each other share one. */
static Stacks plan(MdlReverse *r, MdlLoopReplay *l)
{
  MdlReplay *p = &l->replay;
  Stacks s = {l, r->ir, 0, MDL_NEW(r->ir->arena, Stack, (size_t)p->keeps)};
  bool *shared = MDL_NEW(r->ir->arena, bool, (size_t)p->keeps);
  for (int i = 0; i < p->keeps; i++) {
    if (shared[i]) continue;
    Stack *stack = &s.stack[s.count++];
    stack->early = p->keep[i];
    for (int j = l->is_while; j < l->carried && !stack->late.ptr; j++) {
      if (!mdl_same(p->keep[i], l->start[j])) continue;
      for (int k = 0; k < p->keeps; k++) {
        if (shared[k] || k == i || !mdl_same(p->keep[k], p->out[j])) continue;
        stack->late = p->keep[k], stack->prime = mdl_loop_init(l, j), shared[k] = true;
        break;
      }
    }
    const MdlSize *one = mdl_size_const(r->ir->sizes, 1);
    const MdlSize *most = stack->late.ptr ? mdl_size_add(r->ir->sizes, l->most, one) : l->most;
    stack->type = stack_type(r->ir, most, stack->early);
  }
  return s;
}

/* ---- layers ------------------------------------------------------------------------------ */

static MlirValue push(MdlIr *ir, MdlBuilder *b, MlirValue stack, MlirValue at, MlirValue value)
{
  MdlType layer = stack_type(ir, mdl_size_const(ir->sizes, 1), value);
  MdlAttrs attrs = mdl_attrs_none(ir);
  mdl_put_int(&attrs, "axis", 0);
  value = mdl_build_convert(b, value, layer.dtype);
  MlirValue operand[] = {stack, at, mdl_build_reshape(b, value, &layer)};
  return mdl_result(mdl_build_op(b, MDL_OP_dynamic_update, 3, operand, &attrs, NULL), 0);
}

static MlirValue pop(MdlIr *ir, MdlBuilder *b, MlirValue stack, MlirValue at, MlirValue like)
{
  MdlType layer = *mdl_type_of(ir, stack), type = *mdl_type_of(ir, like);
  MdlType flat = mdl_type_with(&type, layer.dtype);
  MdlAttrs attrs = mdl_attrs_none(ir);
  mdl_put_int(&attrs, "axis", 0);
  layer.dim[0] = mdl_size_const(ir->sizes, 1);
  MlirValue operand[] = {stack, at};
  MlirOperation read = mdl_build_op(b, MDL_OP_dynamic_slice, 2, operand, &attrs, &layer);
  MlirValue value = mdl_build_reshape(b, mdl_result(read, 0), &flat);
  return mdl_build_convert(b, value, type.dtype);
}

static MlirValue whole_index(MdlBuilder *b, int64_t value)
{
  MdlType index = mdl_type_scalar(MDL_index);
  return mdl_build_const_int(b, &index, value);
}

/* Where round i stands in the stacks: at i, or at i - lo where lo may be below 0 or the extent is a
 * number of rounds. */
static MlirValue layer_of(const Stacks *s, MdlBuilder *b, MlirValue round)
{
  const MdlLoopReplay *l = s->l;
  if (l->is_while) return round;
  bool counts = mdl_op_has(l->replay.op, "mdl.limit") && !mdl_is_zero_index(s->ir, l->trips_lo);
  bool from_lo = counts || mdl_is_below_zero(s->ir, l->trips_lo);
  return from_lo ? mdl_build(b, MDL_OP_sub, round, l->trips_lo) : round;
}

static MlirValue next_layer(MdlBuilder *b, MlirValue at)
{
  return mdl_build(b, MDL_OP_add, at, whole_index(b, 1));
}

/* ---- the forward loop -------------------------------------------------------------------- */

/* The loop's initial values, then the empty stacks. */
static MlirValue *initial(const Stacks *s, MdlBuilder *b)
{
  MdlLoopReplay *l = s->l;
  MlirValue *value = MDL_NEW(s->ir->arena, MlirValue, (size_t)(l->carried + s->count));
  for (int i = 0; i < l->carried; i++) value[i] = mdl_loop_init(l, i);
  for (int i = 0; i < s->count; i++) {
    MlirValue empty = mdl_build_const(b, &s->stack[i].type, 0);
    if (s->stack[i].late.ptr) {
      MlirValue first = l->is_while ? whole_index(b, 0) : l->trips_lo;
      empty = push(s->ir, b, empty, layer_of(s, b, first), s->stack[i].prime);
    }
    value[l->carried + i] = empty;
  }
  return value;
}

/* The condition of a while as it is; stacks pass through. */
static void copy_condition(const Stacks *s, MlirOperation with)
{
  MdlLoopReplay *l = s->l;
  MlirBlock from = mdl_body(l->replay.op, 0), to = mdl_body(with, 0);
  int all = l->carried + s->count;
  MdlMap *values = mdl_map_create(s->ir->arena);
  for (int i = 0; i < l->carried; i++) mdl_map_value_set(values, mdl_arg(from, i), mdl_arg(to, i));
  MdlBuilder b = mdl_builder_at_end(s->ir, to, mdl_replay_place(&l->replay));
  MlirValue *value = MDL_NEW(s->ir->arena, MlirValue, (size_t)all + 1);
  mdl_clone_body(&b, from, values, value);
  MlirValue go = value[0];
  for (int i = 0; i < all; i++) value[i] = mdl_arg(to, i);
  mdl_build_condition(&b, go, all, value);
}

/* The forward ops of the replay, back in a forward body, then the pushes. */
static void copy_body(const Stacks *s, MlirOperation with)
{
  MdlLoopReplay *l = s->l;
  MdlReplay *p = &l->replay;
  int first = !l->is_while, all = l->carried + s->count;
  MlirBlock body = mdl_body(with, l->is_while);
  MdlBuilder b = mdl_builder_at_end(s->ir, body, mdl_replay_place(p));
  MdlMap *values = mdl_map_create(s->ir->arena);
  MlirValue round = mdl_arg(body, 0);
  for (int i = 0; i < l->carried; i++)
    mdl_map_value_set(values, l->start[i], mdl_arg(body, first + i));
  mdl_map_value_set(values, l->round, round);
  for (MlirOperation op = mdl_first(p->to); !mdl_same_op(op, p->mark); op = mdl_next(op)) {
    bool bound = mdl_result_count(op) == 1 && mdl_map_has(values, mdl_result(op, 0).ptr);
    if (!bound) mdl_clone_op(&b, op, values, NULL, NULL);
  }
  MlirValue at = layer_of(s, &b, round);
  MlirValue *value = MDL_NEW(s->ir->arena, MlirValue, (size_t)all);
  for (int i = 0; i < l->carried; i++) value[i] = mdl_map_value_get(values, p->out[i]);
  for (int i = 0; i < s->count; i++) {
    const Stack *stack = &s->stack[i];
    bool is_late = stack->late.ptr != NULL;
    MlirValue kept = mdl_map_value_get(values, is_late ? stack->late : stack->early);
    MlirValue layer = is_late ? next_layer(&b, at) : at;
    value[l->carried + i] = push(s->ir, &b, mdl_arg(body, first + l->carried + i), layer, kept);
  }
  mdl_build_yield(&b, all, value);
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

static MlirOperation build_keeping(const Stacks *s)
{
  MdlLoopReplay *l = s->l;
  MdlBuilder b = mdl_builder_before(s->ir, l->replay.op);
  b.at = mdl_replay_place(&l->replay);
  MlirValue *init = initial(s, &b);
  int all = l->carried + s->count;
  MlirOperation with = l->is_while ? mdl_build_while(&b, all, init)
                                   : mdl_build_for(&b, l->trips_lo, l->trips_hi, all, init);
  if (l->is_while) copy_condition(s, with);
  copy_body(s, with);
  name_like(s->ir, with, l->replay.op);
  return with;
}

void mdl_keep_in_loop(MdlReverse *r, MdlLoopReplay *l)
{
  choose(r, l);
  if (!l->replay.keeps) return;
  Stacks s = plan(r, l);
  MlirOperation with = build_keeping(&s);
  MdlBuilder b = mdl_builder_before(r->ir, mdl_next(mdl_def(l->round)));
  b.at = mdl_replay_place(&l->replay);
  MlirValue at = layer_of(&s, &b, l->round);
  for (int i = 0; i < s.count; i++) {
    MlirValue from = mdl_result(with, l->carried + i);
    MlirValue early = s.stack[i].early, late = s.stack[i].late;
    if (late.ptr) mdl_replace(late, pop(r->ir, &b, from, next_layer(&b, at), late));
    mdl_replace(early, pop(r->ir, &b, from, at, early));
  }
  mdl_map_set(r->replaced, l->replay.op.ptr, with.ptr);
}
