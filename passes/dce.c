#include "passes/reach.h"

typedef struct Live {
  MdlPass *pass;
  MdlIr *ir;
  MdlMap *effects; /* memo of mdl_has_effects */
  MdlMap *values, *ops;
  MdlMap *slots;   /* loop or branch -> bool a slot */
  int count, room; /* values whose causes are still to be marked */
  MlirValue *todo;
} Live;

static bool has_slots(MdlOp kind)
{
  return kind == MDL_OP_for || kind == MDL_OP_if || kind == MDL_OP_while;
}

static void mark(Live *l, MlirValue value)
{
  if (mdl_map_has(l->values, value.ptr)) return;
  mdl_map_set(l->values, value.ptr, l);
  MDL_GROW(l->ir->arena, l->todo, l->count, l->room);
  l->todo[l->count++] = value;
}

/* What the op needs to run at all, and the loops and branches around it. */
static void mark_op(Live *l, MlirOperation op)
{
  for (; !mdl_is_null(op) && !mdl_map_has(l->ops, op.ptr); op = mdl_parent(op)) {
    MdlOp kind = mdl_op(l->ir, op);
    if (kind == MDL_OP_func) return;
    mdl_map_set(l->ops, op.ptr, l);
    int needed = has_slots(kind) ? mdl_slots_at(l->ir, op) : mdl_operand_count(op);
    for (int i = 0; i < needed; i++) mark(l, mdl_operand(op, i));
    if (kind == MDL_OP_while) mark(l, mdl_operand(mdl_terminator(mdl_body(op, 0)), 0));
  }
}

static bool *slots_of(Live *l, MlirOperation op)
{
  bool *slots = mdl_map_get(l->slots, op.ptr);
  if (!slots) {
    slots = MDL_NEW(l->ir->arena, bool, (size_t)mdl_result_count(op));
    mdl_map_set(l->slots, op.ptr, slots);
  }
  return slots;
}

/* A carried value is needed: so are its initial value and what each terminator passes on. */
static void mark_slot(Live *l, MlirOperation op, int slot)
{
  bool *slots = slots_of(l, op);
  mark_op(l, op);
  if (slots[slot]) return;
  slots[slot] = true;
  if (mdl_op(l->ir, op) != MDL_OP_if) mark(l, mdl_operand(op, mdl_slots_at(l->ir, op) + slot));
  for (int r = 0; r < mdl_region_count(op); r++) {
    if (!mdl_body(op, r).ptr) continue;
    MlirOperation end = mdl_terminator(mdl_body(op, r));
    mark(l, mdl_operand(end, mdl_slots_at(l->ir, end) + slot));
  }
}

static void mark_causes(Live *l, MlirValue value)
{
  MlirOperation op = mdl_def(value);
  int i = mdl_result_index(value);
  if (mdl_is_null(op)) {
    op = mdl_block_parent(mdl_value_block(value));
    MdlOp kind = mdl_op(l->ir, op);
    if (kind == MDL_OP_func) return;
    if (kind == MDL_OP_for && i-- == 0) {
      mark_op(l, op);
      return;
    }
    mark_slot(l, op, i);
  } else if (has_slots(mdl_op(l->ir, op))) {
    mark_slot(l, op, i);
  } else {
    mark_op(l, op);
  }
}

static bool mark_root(void *user, MlirOperation op)
{
  Live *l = user;
  MdlOp kind = mdl_op(l->ir, op);
  bool is_root = kind == MDL_OP_return || mdl_op_info(kind)->class == MDL_CLASS_effect ||
                 (kind == MDL_OP_call && mdl_has_effects(l->pass, op, l->effects));
  if (is_root) mark_op(l, op);
  return true;
}

static void keep_operands(Live *l, MlirOperation end, const bool *keep)
{
  int at = mdl_slots_at(l->ir, end), count = mdl_operand_count(end), kept = 0;
  MlirValue *values = MDL_NEW(l->ir->arena, MlirValue, (size_t)count);
  for (int i = 0; i < count; i++)
    if (i < at || keep[i - at]) values[kept++] = mdl_operand(end, i);
  if (kept < count) mdl_set_operands(end, kept, values);
}

static void sweep(Live *l, MlirBlock block)
{
  MlirOperation *op = NULL;
  int count = mdl_list(l->ir, block, &op);
  for (int i = count - 2; i >= 0; i--) { /* users first; the terminator stays */
    if (!mdl_map_has(l->ops, op[i].ptr)) {
      mdl_erase(l->ir, op[i]);
      l->pass->changed = true;
      continue;
    }
    if (!has_slots(mdl_op(l->ir, op[i]))) continue;
    const bool *keep = slots_of(l, op[i]);
    for (int r = 0; r < mdl_region_count(op[i]); r++) {
      if (!mdl_body(op[i], r).ptr) continue;
      keep_operands(l, mdl_terminator(mdl_body(op[i], r)), keep);
      sweep(l, mdl_body(op[i], r));
    }
    bool all = true;
    for (int k = 0; k < mdl_result_count(op[i]); k++) all &= keep[k];
    if (all) continue;
    mdl_keep_slots(l->ir, op[i], keep);
    l->pass->changed = true;
  }
}

/* Drop ops whose results nobody uses, and values that a loop carries only for itself. Needs: mdl
 * form. Keeps: order, checks, prints, and what holds them. Leaves: no dead op or carried value. */
bool mdl_pass_dce(MdlPass *pass, MlirOperation func)
{
  MdlArena *arena = pass->ir->arena;
  Live l = {.pass = pass, .ir = pass->ir, .effects = mdl_map_create(arena)};
  l.values = mdl_map_create(arena);
  l.ops = mdl_map_create(arena);
  l.slots = mdl_map_create(arena);
  mdl_walk(func, mark_root, &l);
  while (l.count) mark_causes(&l, l.todo[--l.count]);
  sweep(&l, mdl_body(func, 0));
  return true;
}
