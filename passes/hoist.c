#include "passes/reach.h"

#include <string.h>

typedef struct Hoist {
  MdlPass *pass;
  MdlIr *ir;
  MdlMap *effects; /* memo of mdl_has_effects */
  MlirOperation loop;
  MdlMap *fixed;  /* ops in the loop that give the same in every round */
  MdlMap *wanted; /* those of them that go before it */
} Hoist;

/* Is the value made before the loop, or by an op that could be? */
static bool is_fixed(const Hoist *h, MlirValue value)
{
  MlirOperation def = mdl_def(value);
  if (!mdl_is_null(def) && mdl_map_has(h->fixed, def.ptr)) return true;
  MlirBlock block = mdl_value_block(value);
  for (MlirOperation at = mdl_block_parent(block); !mdl_is_null(at); at = mdl_parent(at))
    if (mdl_same_op(at, h->loop)) return false;
  return true;
}

typedef struct Inside {
  const Hoist *h;
  MlirOperation root;
} Inside;

/* Of an op inside root: every operand fixed, or made inside root. */
static bool uses_fixed(void *user, MlirOperation op)
{
  const Inside *in = user;
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MlirValue operand = mdl_operand(op, i);
    if (is_fixed(in->h, operand)) continue;
    MlirOperation at = mdl_block_parent(mdl_value_block(operand));
    while (!mdl_is_null(at) && !mdl_same_op(at, in->root)) at = mdl_parent(at);
    if (mdl_is_null(at)) return false;
  }
  return true;
}

/* Worth a place in memory for the whole loop: more work than reading it back. Views and constants
 * cost nothing where they are used; sums and products of whole tensors cost less than memory. */
static bool pays(const Hoist *h, MlirOperation op)
{
  const MdlOpInfo *row = mdl_op_info(mdl_op(h->ir, op));
  if (mdl_region_count(op)) return true;
  if (row->class == MDL_CLASS_leaf || row->class == MDL_CLASS_move) return false;
  if (row->class != MDL_CLASS_map || !mdl_type_of(h->ir, mdl_result(op, 0))->rank) return true;
  return row->loop && strchr(row->loop, '@');
}

static void want(Hoist *h, MlirOperation op);

static bool want_operands(void *user, MlirOperation op)
{
  Hoist *h = user;
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MlirOperation def = mdl_def(mdl_operand(op, i));
    if (!mdl_is_null(def) && mdl_map_has(h->fixed, def.ptr)) want(h, def);
  }
  return true;
}

static void want(Hoist *h, MlirOperation op)
{
  if (mdl_map_has(h->wanted, op.ptr)) return;
  mdl_map_set(h->wanted, op.ptr, op.ptr);
  mdl_walk(op, want_operands, h);
}

static void hoist_from(Hoist *h, MlirBlock block)
{
  MlirOperation *op = NULL;
  int count = mdl_list(h->ir, block, &op);
  h->fixed = mdl_map_create(h->ir->arena);
  h->wanted = mdl_map_create(h->ir->arena);
  for (int i = 0; i < count - 1; i++) {
    bool may = mdl_op(h->ir, op[i]) != MDL_OP_call && mdl_result_count(op[i]) &&
               !mdl_has_effects(h->pass, op[i], h->effects);
    if (may && mdl_walk(op[i], uses_fixed, &(Inside){h, op[i]}))
      mdl_map_set(h->fixed, op[i].ptr, op[i].ptr);
  }
  for (int i = 0; i < count - 1; i++)
    if (mdl_map_has(h->fixed, op[i].ptr) && pays(h, op[i])) want(h, op[i]);
  for (int i = 0; i < count - 1; i++) {
    if (!mdl_map_has(h->wanted, op[i].ptr)) continue;
    mdl_move_before(op[i], h->loop);
    h->pass->changed = true;
  }
}

/* Inner loops first: what leaves one may leave the next. */
static void hoist_in(Hoist *h, MlirBlock block)
{
  MlirOperation *op = NULL;
  int count = mdl_list(h->ir, block, &op);
  for (int i = 0; i < count; i++) {
    MdlOp kind = mdl_op(h->ir, op[i]);
    for (int r = 0; r < mdl_region_count(op[i]); r++) {
      if (!mdl_body(op[i], r).ptr) continue;
      hoist_in(h, mdl_body(op[i], r));
      h->loop = op[i];
      if (kind == MDL_OP_for || kind == MDL_OP_while) hoist_from(h, mdl_body(op[i], r));
    }
  }
}

/* Take out of loops what is the same in every round, if it costs more than to read it back. Needs:
 * mdl form. Keeps: effects, what only a branch needs, views and constants where they are used.
 * Leaves: nothing that a second run would move. */
bool mdl_pass_hoist(MdlPass *pass, MlirOperation func)
{
  Hoist h = {.pass = pass, .ir = pass->ir, .effects = mdl_map_create(pass->ir->arena)};
  hoist_in(&h, mdl_body(func, 0));
  return true;
}
