/* vmap of branches, loops and calls. Where lanes part, all run the same ops and each takes what its
 * own way gives; `mask` says which lanes are on the way, for checks and for how long loops go on.
 */
#include "passes/vmap_rules.h"

#include "ir/recipe.h"
#include "passes/reach.h"

#include <string.h>

/* With lanes if the slot has them, else as it is. */
static MlirValue slot_value(MdlVmap *v, MlirOperation op, int slot, MlirValue value)
{
  return mdl_is_mapped(v, mdl_result(op, slot)) ? mdl_vmap_lanes(v, value)
                                                : mdl_vmap_value(v, value);
}

static MlirValue *new_values(MdlVmap *v, int count)
{
  return MDL_NEW(v->ir->arena, MlirValue, (size_t)count);
}

static MlirValue both(MdlVmap *v, MlirValue a, MlirValue b)
{
  if (mdl_is_no_value(a)) return b;
  return mdl_build(&v->b, MDL_OP_bitand, a, b);
}

static void set_results(MdlVmap *v, MlirOperation op, MlirOperation now, int from)
{
  for (int i = 0; i < mdl_result_count(op); i++)
    mdl_vmap_set(v, mdl_result(op, i), mdl_result(now, from + i));
}

/* The block's ops into a new block, which `end` closes with what the old terminator passes on. */
static void fill_block(MdlVmap *v, MlirOperation op, MlirBlock from, MlirBlock to)
{
  MdlBuilder outer = v->b;
  v->b = mdl_builder_at_end(v->ir, to, outer.at);
  for (int i = 0; i < mdl_arg_count(from); i++) mdl_vmap_set(v, mdl_arg(from, i), mdl_arg(to, i));
  mdl_vmap_block(v, from);
  MlirOperation end = mdl_terminator(from);
  int at = mdl_slots_at(v->ir, end), count = mdl_operand_count(end) - at;
  MlirValue *values = new_values(v, count);
  for (int i = 0; i < count && !v->failed; i++)
    values[i] = slot_value(v, op, i, mdl_operand(end, at + i));
  if (mdl_op(v->ir, end) == MDL_OP_condition)
    mdl_build_condition(&v->b, mdl_vmap_value(v, mdl_operand(end, 0)), count, values);
  else
    mdl_build_yield(&v->b, count, values);
  v->b = outer;
}

/* What a loop carries, held in the block that is being filled. */
static void hold_args(MdlVmap *v, MlirBlock from, int first)
{
  for (int i = first; i < mdl_arg_count(from); i++) {
    MlirValue now = mdl_vmap_value(v, mdl_arg(from, i)), held = mdl_vmap_hold(v, now);
    if (!mdl_same(now, held)) mdl_vmap_set(v, mdl_arg(from, i), held);
  }
}

/* ---- if ---------------------------------------------------------------------------------- */

static void if_together(MdlVmap *v, MlirOperation op)
{
  int count = mdl_result_count(op);
  MlirType *types = MDL_NEW(v->ir->arena, MlirType, (size_t)count);
  for (int i = 0; i < count; i++) {
    MdlType type = *mdl_type_of(v->ir, mdl_result(op, i));
    if (mdl_is_mapped(v, mdl_result(op, i))) type = mdl_vmap_type(v, &type);
    types[i] = mdl_type_make(v->ir, &type);
  }
  MlirOperation now = mdl_build_if(&v->b, mdl_vmap_value(v, mdl_operand(op, 0)), count, types);
  for (int r = 0; r < 2; r++) {
    MdlBuilder end = mdl_builder_at_end(v->ir, mdl_body(now, r), v->b.at);
    if (mdl_body(op, r).ptr)
      fill_block(v, op, mdl_body(op, r), mdl_body(now, r));
    else
      mdl_build_yield(&end, 0, NULL);
  }
  set_results(v, op, now, 0);
}

/* Both branches for all lanes; each lane takes its own. */
static void if_apart(MdlVmap *v, MlirOperation op)
{
  MlirValue outer = v->mask, taken = mdl_vmap_value(v, mdl_operand(op, 0));
  bool outer_guard = v->guard;
  int count = mdl_result_count(op);
  MlirValue *out = new_values(v, 2 * count);
  for (int r = 0; r < 2 && !v->failed; r++) {
    if (!mdl_body(op, r).ptr) continue;
    v->mask = both(v, outer, r ? mdl_build(&v->b, MDL_OP_bitnot, taken) : taken);
    v->guard = outer_guard || mdl_vmap_wants_guard(v, mdl_body(op, r));
    MdlVmapHeld held = mdl_vmap_hold_captures(v, op);
    mdl_vmap_block(v, mdl_body(op, r));
    MlirOperation end = mdl_terminator(mdl_body(op, r));
    for (int i = 0; i < count && !v->failed; i++)
      out[r * count + i] = mdl_vmap_lanes(v, mdl_operand(end, i));
    mdl_vmap_release(v, &held);
  }
  v->mask = outer;
  v->guard = outer_guard;
  for (int i = 0; i < count && !v->failed; i++)
    mdl_vmap_set(v, mdl_result(op, i), mdl_vmap_choose(v, taken, out[i], out[count + i]));
}

void mdl_vmap_if(MdlVmap *v, MlirOperation op)
{
  if (mdl_is_mapped(v, mdl_operand(op, 0)))
    if_apart(v, op);
  else
    if_together(v, op);
}

/* ---- for --------------------------------------------------------------------------------- */

static void keep_limit(MdlVmap *v, MlirOperation op, MlirOperation now)
{
  const char *limit = mdl_op_text(v->ir, op, "mdl.limit");
  if (limit) mdl_op_set_text(v->ir, now, "mdl.limit", limit);
}

static MlirOperation build_loop(MdlVmap *v, MlirOperation op, MlirValue lo, MlirValue hi)
{
  int count = mdl_result_count(op);
  MlirValue *init = new_values(v, count);
  for (int i = 0; i < count; i++) init[i] = slot_value(v, op, i, mdl_operand(op, 3 + i));
  MlirOperation now = mdl_build_for(&v->b, lo, hi, count, init);
  keep_limit(v, op, now);
  return now;
}

/* Lanes whose bounds differ run as often as the one that runs longest. Where they also start
 * differently, rounds count from 0 and the index has lanes. */
typedef struct Bounds {
  MlirValue lo, hi; /* of the new loop */
  MlirValue from;   /* where each lane starts; null if together */
  MlirValue end;    /* when each lane ends, in the new loop's count */
} Bounds;

static Bounds bounds_of(MdlVmap *v, MlirOperation op)
{
  MlirValue lo = mdl_operand(op, 0), hi = mdl_operand(op, 1);
  MdlType index = mdl_type_scalar(MDL_index);
  Bounds b = {.lo = mdl_vmap_value(v, lo), .end = mdl_vmap_lanes(v, hi)};
  if (mdl_is_mapped(v, lo)) {
    b.from = b.lo;
    b.lo = mdl_build_const_int(&v->b, &index, 0);
    b.end = mdl_build(&v->b, MDL_OP_sub, b.end, b.from);
  }
  b.hi = mdl_build_reduce(&v->b, MDL_OP_reduce_max, b.end, 1, (int64_t[]){0});
  return b;
}

static void for_apart(MdlVmap *v, MlirOperation op)
{
  Bounds bounds = bounds_of(v, op);
  MlirOperation now = build_loop(v, op, bounds.lo, bounds.hi);
  MlirBlock from = mdl_body(op, 0), to = mdl_body(now, 0);
  MdlBuilder outer = v->b;
  MlirValue outer_mask = v->mask;
  bool outer_guard = v->guard;
  v->b = mdl_builder_at_end(v->ir, to, outer.at);
  for (int i = 0; i < mdl_arg_count(from); i++) mdl_vmap_set(v, mdl_arg(from, i), mdl_arg(to, i));
  MlirValue at = mdl_build_splat(&v->b, mdl_arg(to, 0), mdl_type_of(v->ir, bounds.end));
  MlirValue runs = mdl_build(&v->b, MDL_OP_lt, at, bounds.end);
  if (!mdl_is_no_value(bounds.from))
    mdl_vmap_set(v, mdl_arg(from, 0), mdl_build(&v->b, MDL_OP_add, bounds.from, at));
  v->mask = both(v, outer_mask, runs);
  v->guard |= mdl_vmap_wants_guard(v, from);
  hold_args(v, from, 1);
  MdlVmapHeld held = mdl_vmap_hold_captures(v, op);
  mdl_vmap_block(v, from);
  MlirOperation end = mdl_terminator(from);
  int count = mdl_operand_count(end);
  MlirValue *next = new_values(v, count);
  for (int i = 0; i < count && !v->failed; i++)
    next[i] = mdl_vmap_choose(v, runs, mdl_vmap_lanes(v, mdl_operand(end, i)), mdl_arg(to, i + 1));
  if (!v->failed) mdl_build_yield(&v->b, count, next);
  mdl_vmap_release(v, &held);
  v->mask = outer_mask;
  v->guard = outer_guard;
  v->b = outer;
  set_results(v, op, now, 0);
}

void mdl_vmap_for(MdlVmap *v, MlirOperation op)
{
  if (mdl_is_mapped(v, mdl_operand(op, 0)) || mdl_is_mapped(v, mdl_operand(op, 1))) {
    for_apart(v, op);
    return;
  }
  MlirOperation now = build_loop(v, op, mdl_vmap_value(v, mdl_operand(op, 0)),
                                 mdl_vmap_value(v, mdl_operand(op, 1)));
  fill_block(v, op, mdl_body(op, 0), mdl_body(now, 0));
  set_results(v, op, now, 0);
}

/* ---- while ------------------------------------------------------------------------------- */

static MlirOperation build_while(MdlVmap *v, MlirOperation op, int count, const MlirValue *init)
{
  MlirOperation now = mdl_build_while(&v->b, count, init);
  keep_limit(v, op, now);
  return now;
}

static void while_together(MdlVmap *v, MlirOperation op)
{
  int count = mdl_result_count(op);
  MlirValue *init = new_values(v, count);
  for (int i = 0; i < count; i++) init[i] = slot_value(v, op, i, mdl_operand(op, i));
  MlirOperation now = build_while(v, op, count, init);
  for (int r = 0; r < 2; r++) fill_block(v, op, mdl_body(op, r), mdl_body(now, r));
  set_results(v, op, now, 0);
}

/* Slots of a `while` whose lanes stop one by one:
 *   [rounds]  with a limit: how many any lane has run, no lanes
 *   values    of each lane, as its first part handed them on; a lane that has stopped keeps its own
 *   running   the lanes that go on
 * The first part of the old loop is computed before the new one and at the end of each round, so
 * that the new first part only asks whether any lane goes on. */
typedef struct Stopping {
  MlirOperation op, now;
  int count, values, running; /* how many values; where each kind begins */
} Stopping;

/* The first part from the values that its arguments stand for; whether each lane goes on. */
static MlirValue first_part(MdlVmap *v, const Stopping *s, MlirValue *out)
{
  MlirBlock before = mdl_body(s->op, 0);
  mdl_vmap_block(v, before);
  if (v->failed) return v->mask;
  MlirOperation end = mdl_terminator(before);
  for (int i = 0; i < s->count; i++) out[i] = mdl_vmap_lanes(v, mdl_operand(end, i + 1));
  return both(v, v->mask, mdl_vmap_lanes(v, mdl_operand(end, 0)));
}

/* `any lane goes on && rounds < n`; the second part is never what ends it, but recipes read it. */
static void build_condition(MdlVmap *v, const Stopping *s)
{
  MlirBlock to = mdl_body(s->now, 0);
  v->b = mdl_builder_at_end(v->ir, to, v->b.at);
  int slots = s->running + 1;
  MlirValue *out = new_values(v, slots);
  for (int i = 0; i < slots; i++) out[i] = mdl_arg(to, i);
  MlirValue any = mdl_build_reduce(&v->b, MDL_OP_reduce_any, out[s->running], 1, (int64_t[]){0});
  if (s->values) {
    const MdlSize *limit = mdl_op_size(v->ir, s->op, "mdl.limit");
    any =
        both(v, any, mdl_build(&v->b, MDL_OP_lt, out[0], mdl_build_size(&v->b, limit, MDL_index)));
  }
  mdl_build_condition(&v->b, any, slots, out);
}

static void build_round(MdlVmap *v, const Stopping *s)
{
  MlirBlock before = mdl_body(s->op, 0), after = mdl_body(s->op, 1), to = mdl_body(s->now, 1);
  v->b = mdl_builder_at_end(v->ir, to, v->b.at);
  MlirValue *out = new_values(v, s->running + 1);
  v->mask = mdl_arg(to, s->running);
  v->guard |= mdl_vmap_wants_guard(v, before) || mdl_vmap_wants_guard(v, after);
  for (int i = 0; i < s->count; i++) mdl_vmap_set(v, mdl_arg(after, i), mdl_arg(to, s->values + i));
  if (s->values) /* lanes that go on have all run the same rounds */
    mdl_vmap_set(v, mdl_arg(after, 0), mdl_vmap_stretch(v, mdl_arg(to, 0)));
  hold_args(v, after, 0);
  MdlVmapHeld held = mdl_vmap_hold_captures(v, s->op);
  mdl_vmap_block(v, after);
  if (v->failed) return;
  MlirOperation end = mdl_terminator(after);
  for (int i = 0; i < s->count; i++)
    mdl_vmap_set(v, mdl_arg(before, i), mdl_vmap_lanes(v, mdl_operand(end, i)));
  out[s->running] = first_part(v, s, out + s->values);
  mdl_vmap_release(v, &held);
  if (v->failed) return;
  for (int i = s->values; i < s->running; i++)
    out[i] = mdl_vmap_choose(v, v->mask, out[i], mdl_arg(to, i));
  if (s->values) {
    MdlType index = mdl_type_scalar(MDL_index);
    out[0] = mdl_build(&v->b, MDL_OP_add, mdl_arg(to, 0), mdl_build_const_int(&v->b, &index, 1));
  }
  mdl_build_yield(&v->b, s->running + 1, out);
}

static void while_apart(MdlVmap *v, MlirOperation op)
{
  Stopping s = {.op = op, .count = mdl_result_count(op)};
  s.values = mdl_op_has(op, "mdl.limit");
  s.running = s.values + s.count;
  MlirValue *init = new_values(v, s.running + 1), outer_mask = v->mask;
  bool outer_guard = v->guard;
  MdlType index = mdl_type_scalar(MDL_index);
  if (s.values) init[0] = mdl_build_const_int(&v->b, &index, 0);
  for (int i = 0; i < s.count; i++)
    mdl_vmap_set(v, mdl_arg(mdl_body(op, 0), i), mdl_vmap_lanes(v, mdl_operand(op, i)));
  init[s.running] = first_part(v, &s, init + s.values);
  if (v->failed) return;
  s.now = build_while(v, op, s.running + 1, init);
  MdlBuilder outer = v->b;
  build_condition(v, &s);
  build_round(v, &s);
  v->b = outer;
  v->mask = outer_mask;
  v->guard = outer_guard;
  set_results(v, op, s.now, s.values);
}

void mdl_vmap_while(MdlVmap *v, MlirOperation op)
{
  bool apart = !mdl_is_no_value(v->mask) ||
               mdl_is_mapped(v, mdl_operand(mdl_terminator(mdl_body(op, 0)), 0));
  if (apart)
    while_apart(v, op);
  else
    while_together(v, op);
}

/* ---- calls ------------------------------------------------------------------------------- */

/* One op to recipes: the call goes to its vmap. */
static bool stays(MdlVmap *v, MlirOperation call, MlirOperation callee)
{
  bool is_special = mdl_op_has(callee, "mdl.jvp") || mdl_op_has(callee, "mdl.vjp") ||
                    mdl_op_has(callee, "mdl.remat");
  if (!is_special) return false;
  return mdl_is_no_value(v->mask) || !mdl_has_effects(v->pass, call, v->effects);
}

static void call_lanes(MdlVmap *v, MlirOperation op, MlirOperation callee)
{
  int count = mdl_operand_count(op);
  int64_t *wrt = MDL_NEW(v->ir->arena, int64_t, (size_t)count);
  MlirValue *operand = new_values(v, count);
  MdlRecipe recipe = {.kind = MDL_RECIPE_vmap, .wrt = wrt, .size = v->size};
  recipe.of = mdl_op_text(v->ir, callee, "sym_name");
  for (int i = 0; i < count; i++) {
    operand[i] = mdl_vmap_value(v, mdl_operand(op, i));
    /* The callee's own vmap knows no mask: nothing that takes a derivative is shared with it. */
    bool shared = !mdl_is_mapped(v, mdl_operand(op, i));
    if (shared && v->guard && !mdl_vmap_is_constant(v, operand[i])) {
      operand[i] = mdl_vmap_lanes(v, mdl_operand(op, i));
      shared = false;
    }
    if (!shared) wrt[recipe.wrts++] = i;
  }
  MlirOperation lanes =
      mdl_recipe_declare(v->ir, v->pass->module, v->pass->symbols, &recipe, v->b.at);
  set_results(v, op, mdl_build_call(&v->b, lanes, operand), 0);
}

/* The body in place of the call. Its values are new ones at each call. */
static void inline_lanes(MdlVmap *v, MlirOperation op, MlirOperation callee)
{
  MdlVmap inner = *v;
  MlirBlock body = mdl_body(callee, 0);
  inner.mapped = mdl_map_create(v->ir->arena);
  inner.value = mdl_map_create(v->ir->arena);
  for (int i = 0; i < mdl_arg_count(body); i++) {
    mdl_map_value_set(inner.value, mdl_arg(body, i), mdl_vmap_value(v, mdl_operand(op, i)));
    if (mdl_is_mapped(v, mdl_operand(op, i)))
      mdl_map_set(inner.mapped, mdl_arg(body, i).ptr, callee.ptr);
  }
  mdl_vmap_mark(&inner, body, !mdl_is_no_value(v->mask));
  mdl_vmap_block(&inner, body);
  MlirOperation end = mdl_terminator(body);
  for (int i = 0; i < mdl_result_count(op) && !inner.failed; i++) {
    bool has_lanes = mdl_is_mapped(v, mdl_result(op, i));
    MlirValue value = mdl_operand(end, i);
    mdl_vmap_set(v, mdl_result(op, i),
                 has_lanes ? mdl_vmap_lanes(&inner, value) : mdl_vmap_value(&inner, value));
  }
  v->b = inner.b;
  v->failed |= inner.failed;
}

void mdl_vmap_call(MdlVmap *v, MlirOperation op)
{
  MlirOperation callee = mdl_callee(v->ir, v->pass->symbols, op);
  if (mdl_is_null(callee) || !mdl_body(callee, 0).ptr)
    MDL_BUG(v->ir->session, "vmap of a call of `%s`, which has no body",
            mdl_op_text(v->ir, op, "callee"));
  if (stays(v, op, callee))
    call_lanes(v, op, callee);
  else
    inline_lanes(v, op, callee);
}
