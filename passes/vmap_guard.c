/* Where lanes part, all compute what only some of them need, and what the others get is dropped. A
 * derivative must not come back through what was dropped: 0 times infinity would be NaN. Elementwise
 * ops carry the choice backwards as a mask (cotangent.c), others do not. So a region that has such
 * ops takes its floats through
 *     where(mask, x, stop_grad(x))
 * which is x, and lets cotangents out in lanes that run only. The lanes never meet inside, but in
 * the cotangent of a value that all share: a stretched one is held as it is stretched, and an op
 * that takes one unstretched is held around (mdl_vmap_guarded). */
#include "passes/derive.h"
#include "passes/vmap_rules.h"

static bool is_float(MdlVmap *v, MlirValue value)
{
  return mdl_is_float(mdl_type_of(v->ir, value)->dtype);
}

bool mdl_vmap_is_constant(MdlVmap *v, MlirValue now)
{
  if (!is_float(v, now)) return true;
  MlirOperation op = mdl_def(now);
  return !mdl_is_null(op) && !mdl_operand_count(op) && !mdl_region_count(op) &&
         mdl_op(v->ir, op) < MDL_OP_COUNT;
}

/* A mask passes backwards through what works element by element. */
static bool passes_masks(MdlVmap *v, MlirOperation op)
{
  MdlOp kind = mdl_op(v->ir, op);
  if (kind == MDL_OP_call || mdl_region_count(op)) return false;
  if (kind >= MDL_OP_COUNT || mdl_op_info(kind)->elementwise || kind == MDL_OP_stop_grad)
    return true;
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (is_float(v, mdl_operand(op, i))) return false;
  return true;
}

bool mdl_vmap_wants_guard(MdlVmap *v, MlirBlock block)
{
  for (MlirOperation op = mdl_first(block); !mdl_is_null(op); op = mdl_next(op))
    if (!passes_masks(v, op)) return true;
  return false;
}

MlirValue mdl_vmap_hold(MdlVmap *v, MlirValue now)
{
  if (!v->guard || mdl_vmap_is_constant(v, now)) return now;
  return mdl_vmap_choose(v, v->mask, now, mdl_build(&v->b, MDL_OP_stop_grad, now));
}

MlirValue mdl_vmap_stretch_held(MdlVmap *v, MlirValue now)
{
  MlirValue lanes = mdl_vmap_stretch(v, now);
  return mdl_vmap_is_constant(v, now) ? lanes : mdl_vmap_hold(v, lanes);
}

/* ---- values from outside ----------------------------------------------------------------- */

typedef struct Common {
  MdlVmap *v;
  MdlMap *operands; /* floats without lanes, of ops without */
} Common;

static bool add_common(void *user, MlirOperation op)
{
  Common *c = user;
  for (int i = 0; i < mdl_result_count(op); i++)
    if (mdl_is_mapped(c->v, mdl_result(op, i))) return true;
  for (int i = 0; i < mdl_operand_count(op) && mdl_result_count(op); i++) {
    MlirValue operand = mdl_operand(op, i);
    if (is_float(c->v, operand) && !mdl_is_mapped(c->v, operand))
      mdl_map_set(c->operands, operand.ptr, c);
  }
  return true;
}

static void hold_one(MdlVmap *v, MdlVmapHeld *held, MlirValue value, MlirValue now)
{
  MlirValue was = mdl_vmap_value(v, value);
  if (mdl_same(was, now)) return;
  MDL_GROW(v->ir->arena, held->value, held->count, held->room);
  held->value[held->count++] = (MdlVmapHold){value, was};
  mdl_map_value_set(v->value, value, now);
}

/* What is computed once for all lanes: no derivative unless any lane runs. */
static void hold_common(MdlVmap *v, MlirOperation op, MdlVmapHeld *held)
{
  Common common = {v, mdl_map_create(v->ir->arena)};
  mdl_walk(op, add_common, &common);
  MlirValue *value = NULL, any = {NULL};
  int count = mdl_captured(v->ir, op, common.operands, &value);
  for (int i = 0; i < count; i++) {
    MlirValue now = mdl_vmap_value(v, value[i]), stopped, runs;
    if (mdl_vmap_is_constant(v, now)) continue;
    if (!any.ptr) any = mdl_build_reduce(&v->b, MDL_OP_reduce_any, v->mask, 1, (int64_t[]){0});
    MdlType bools = mdl_type_with(mdl_type_of(v->ir, now), MDL_bool);
    runs = mdl_build_splat(&v->b, any, &bools);
    stopped = mdl_build(&v->b, MDL_OP_stop_grad, now);
    hold_one(v, held, value[i], mdl_build(&v->b, MDL_OP_where, runs, now, stopped));
  }
}

MdlVmapHeld mdl_vmap_hold_captures(MdlVmap *v, MlirOperation op)
{
  MdlVmapHeld held = {0};
  hold_common(v, op, &held);
  if (!v->guard) return held;
  MlirValue *value = NULL;
  int count = mdl_captured(v->ir, op, v->mapped, &value);
  for (int i = 0; i < count; i++)
    hold_one(v, &held, value[i], mdl_vmap_hold(v, mdl_vmap_value(v, value[i])));
  return held;
}

void mdl_vmap_release(MdlVmap *v, const MdlVmapHeld *held)
{
  for (int i = 0; i < held->count; i++)
    mdl_map_value_set(v->value, held->value[i].value, held->value[i].was);
}

/* ---- ops on values that all lanes share -------------------------------------------------- */

static bool shares(MdlVmap *v, MlirOperation op)
{
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MlirValue operand = mdl_operand(op, i);
    if (!mdl_is_mapped(v, operand) && !mdl_vmap_is_constant(v, mdl_vmap_value(v, operand)))
      return true;
  }
  return false;
}

/* The cotangent of a shared factor is a sum over lanes of cotangents times values: zeros in lanes
 * that do not run need both held, the values at 0. */
static void zero_idle_lanes(MdlVmap *v, MlirOperation op, MdlVmapHeld *held)
{
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MlirValue operand = mdl_operand(op, i), now = mdl_vmap_value(v, operand);
    if (!is_float(v, operand) || !mdl_is_mapped(v, operand)) continue;
    MlirValue zero = mdl_build_const(&v->b, mdl_type_of(v->ir, now), 0);
    hold_one(v, held, operand, mdl_vmap_choose(v, v->mask, now, zero));
  }
}

void mdl_vmap_guarded(MdlVmap *v, MlirOperation op, MdlVmapOfOp *rule)
{
  MdlOp kind = mdl_op(v->ir, op);
  bool shared = v->guard && kind < MDL_OP_COUNT && shares(v, op);
  MdlVmapHeld held = {0};
  if (shared && (kind == MDL_OP_dot || kind == MDL_OP_conv)) zero_idle_lanes(v, op, &held);
  rule(v, op);
  mdl_vmap_release(v, &held);
  for (int i = 0; i < mdl_result_count(op) && shared && !v->failed; i++)
    if (mdl_is_mapped(v, mdl_result(op, i)))
      mdl_vmap_set(v, mdl_result(op, i), mdl_vmap_hold(v, mdl_vmap_value(v, mdl_result(op, i))));
}
