#include "passes/reach.h"

typedef struct Seen Seen;
struct Seen {
  MlirOperation op;
  uint64_t hash;
  Seen *older; /* of the same bucket */
};

typedef struct Cse {
  MdlPass *pass;
  MdlIr *ir;
  MdlMap *effects; /* memo of mdl_has_effects */
  MdlMap *buckets; /* hash -> Seen, newest first */
  int count, room;
  Seen **seen; /* in order: what a region saw is forgotten at its end */
} Cse;

static const void *key_of(uint64_t hash) { return (const void *)(uintptr_t)(hash | 1); }

/* May two of it be one? A call may become anything; it waits until it is inlined. */
static bool merges(Cse *c, MlirOperation op)
{
  MdlOp kind = mdl_op(c->ir, op);
  if (kind == MDL_OP_call || !mdl_result_count(op)) return false;
  return !mdl_has_effects(c->pass, op, c->effects);
}

static void remember(Cse *c, MlirOperation op, uint64_t hash)
{
  Seen *seen = MDL_NEW(c->ir->arena, Seen, 1);
  *seen = (Seen){op, hash, mdl_map_get(c->buckets, key_of(hash))};
  mdl_map_set(c->buckets, key_of(hash), seen);
  MDL_GROW(c->ir->arena, c->seen, c->count, c->room);
  c->seen[c->count++] = seen;
}

static void forget(Cse *c, int down_to)
{
  while (c->count > down_to) {
    Seen *seen = c->seen[--c->count];
    mdl_map_set(c->buckets, key_of(seen->hash), seen->older);
  }
}

static void merge(Cse *c, MlirOperation into, MlirOperation op)
{
  for (int i = 0; i < mdl_result_count(op); i++) {
    MlirValue value = mdl_result(into, i);
    const char *name = mdl_value_name(c->ir, mdl_result(op, i));
    if (name && !mdl_value_name(c->ir, value)) mdl_value_set_name(c->ir, value, name);
    mdl_replace(mdl_result(op, i), value);
  }
  mdl_erase(c->ir, op);
  c->pass->changed = true;
}

/* An earlier op that gives the same, in this block or one around it: it dominates. */
static bool merge_with_earlier(Cse *c, MlirOperation op, uint64_t hash)
{
  for (Seen *s = mdl_map_get(c->buckets, key_of(hash)); s; s = s->older) {
    if (s->hash != hash || !mdl_op_same(c->ir, s->op, op)) continue;
    merge(c, s->op, op);
    return true;
  }
  return false;
}

static void cse_block(Cse *c, MlirBlock block)
{
  int outer = c->count;
  MlirOperation *op = NULL;
  int count = mdl_list(c->ir, block, &op);
  for (int i = 0; i < count - 1; i++) {
    for (int r = 0; r < mdl_region_count(op[i]); r++)
      if (mdl_body(op[i], r).ptr) cse_block(c, mdl_body(op[i], r));
    if (!merges(c, op[i])) continue;
    uint64_t hash = mdl_op_hash(c->ir, op[i]);
    if (!merge_with_earlier(c, op[i], hash)) remember(c, op[i], hash);
  }
  forget(c, outer);
}

/* Compute equal things once: the first op, in order, that dominates. Needs: mdl form. Keeps:
 * order, effects, calls. Leaves: no two equal ops of which one dominates the other. */
bool mdl_pass_cse(MdlPass *pass, MlirOperation func)
{
  MdlArena *arena = pass->ir->arena;
  Cse c = {.pass = pass, .ir = pass->ir, .effects = mdl_map_create(arena)};
  c.buckets = mdl_map_create(arena);
  cse_block(&c, mdl_body(func, 0));
  return true;
}
