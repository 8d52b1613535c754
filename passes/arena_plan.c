/* Lifetimes and offsets of what lives in the work buffer. Known sizes: largest first, each as low
 * as it fits. Symbolic ones behind them: a slot is used again only by what it is known to hold;
 * else it grows, if its new tensor is known to be the larger one. */
#include "passes/plan.h"

#include <stdlib.h>

static int position(const MdlMap *map, MlirOperation op)
{
  return (int)(intptr_t)mdl_map_get(map, op.ptr);
}

static void extend(MdlStore *store, int from, int to)
{
  if (!store->from || from < store->from) store->from = from;
  if (to > store->to) store->to = to;
}

/* Inside a loop that does not define the value, a use lasts until the loop ends. */
static int use_end(MdlPlan *plan, MlirOperation user, MlirBlock home)
{
  int at = position(plan->start, user);
  for (MlirOperation op = user; mdl_block_of(op).ptr != home.ptr;) {
    op = mdl_parent(op);
    if (mdl_is_null(op) || mdl_same_op(op, plan->entry)) break;
    MdlOp kind = mdl_op(plan->ir, op);
    if (kind == MDL_OP_for || kind == MDL_OP_while) at = position(plan->end, op);
  }
  return at;
}

static void extend_by_uses(MdlPlan *plan, MdlStore *store, MlirValue value, MlirBlock home)
{
  MlirOperation owner;
  int operand;
  for (int i = 0; mdl_use(value, i, &owner, &operand); i++) {
    if (mdl_op(plan->ir, owner) == MDL_OP_reshape)
      extend_by_uses(plan, store, mdl_result(owner, 0), home);
    else
      extend(store, position(plan->start, owner), use_end(plan, owner, home));
  }
}

static void find_lifetimes(MdlPlan *plan)
{
  for (int i = 0; i < mdl_map_count(plan->store_of); i++) {
    MdlStore *store = mdl_map_value(plan->store_of, i);
    MlirValue value = {mdl_map_key(plan->store_of, i)};
    MlirOperation def = mdl_def(value);
    if (mdl_is_null(def)) def = mdl_block_parent(mdl_value_block(value)); /* the loop */
    if (store->where != MDL_AT_work) continue;
    MdlOp kind = mdl_op(plan->ir, def);
    bool inside = kind == MDL_OP_for || kind == MDL_OP_while || kind == MDL_OP_if;
    extend(store, position(plan->start, def),
           inside ? position(plan->end, def) : position(plan->start, def));
    extend_by_uses(plan, store, value, mdl_value_block(value));
  }
}

static void find_scratch_lifetimes(MdlPlan *plan)
{
  for (int i = 0; i < plan->stores; i++) {
    MlirOperation call = plan->store[i]->scratch;
    if (mdl_is_null(call)) continue;
    int at = position(plan->start, call);
    extend(plan->store[i], at, at);
  }
}

static bool overlap(const MdlStore *a, const MdlStore *b)
{
  return a->from <= b->to && b->from <= a->to;
}

static int64_t rounded(int64_t bytes, int align) { return (bytes + align - 1) / align * align; }

/* ---- known sizes ------------------------------------------------------------------------- */

typedef struct Known {
  MdlStore *store;
  int64_t bytes, offset;
  int order;
} Known;

static int larger_first(const void *a, const void *b)
{
  const Known *x = a, *y = b;
  if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
  return x->order - y->order;
}

static int64_t lowest(const Known *all, int placed, const Known *one)
{
  int64_t offset = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (int i = 0; i < placed; i++) {
      const Known *o = &all[i];
      if (!overlap(o->store, one->store)) continue;
      if (offset >= o->offset + o->bytes || o->offset >= offset + one->bytes) continue;
      offset = o->offset + o->bytes;
      moved = true;
    }
  }
  return offset;
}

static int64_t place_known(MdlPlan *plan, int align)
{
  Known *known = MDL_NEW(plan->ir->arena, Known, (size_t)plan->stores);
  int count = 0;
  int64_t bytes, total = 0;
  for (int i = 0; i < plan->stores; i++) {
    MdlStore *store = plan->store[i];
    if (store->where != MDL_AT_work || !mdl_size_is_const(store->bytes, &bytes)) continue;
    known[count] = (Known){store, rounded(bytes ? bytes : 1, align), 0, count};
    count++;
  }
  qsort(known, (size_t)count, sizeof *known, larger_first);
  for (int i = 0; i < count; i++) {
    known[i].offset = lowest(known, i, &known[i]);
    known[i].store->offset = mdl_size_const(plan->ir->sizes, known[i].offset);
    int64_t end = known[i].offset + known[i].bytes;
    if (end > total) total = end;
  }
  return total;
}

/* ---- symbolic sizes ---------------------------------------------------------------------- */

typedef struct Slot {
  const MdlSize *bytes;
  int stores;
  MdlStore **store;
} Slot;

static bool slot_is_free(const Slot *slot, const MdlStore *store)
{
  for (int i = 0; i < slot->stores; i++)
    if (overlap(slot->store[i], store)) return false;
  return true;
}

static bool takes(MdlPlan *plan, Slot *slot, const MdlStore *store)
{
  if (!slot_is_free(slot, store)) return false;
  if (mdl_size_dominates(plan->ir->sizes, slot->bytes, store->bytes)) return true;
  if (!mdl_size_dominates(plan->ir->sizes, store->bytes, slot->bytes)) return false;
  slot->bytes = store->bytes;
  return true;
}

static const MdlSize *place_symbolic(MdlPlan *plan, int64_t known, int align)
{
  MdlSizes *sizes = plan->ir->sizes;
  Slot *slot = MDL_NEW(plan->ir->arena, Slot, (size_t)plan->stores);
  int slots = 0;
  int64_t bytes;
  for (int i = 0; i < plan->stores; i++) {
    MdlStore *store = plan->store[i];
    int s = 0;
    if (store->where != MDL_AT_work || mdl_size_is_const(store->bytes, &bytes)) continue;
    while (s < slots && !takes(plan, &slot[s], store)) s++;
    if (s == slots) {
      slot[slots++].bytes = store->bytes;
      slot[s].store = MDL_NEW(plan->ir->arena, MdlStore *, (size_t)plan->stores);
    }
    slot[s].store[slot[s].stores++] = store;
  }
  const MdlSize *end = mdl_size_const(sizes, known);
  for (int s = 0; s < slots; s++) {
    for (int i = 0; i < slot[s].stores; i++) slot[s].store[i]->offset = end;
    const MdlSize *units = mdl_size_ceil_div(sizes, slot[s].bytes, align);
    end = mdl_size_add(sizes, end, mdl_size_mul(sizes, units, mdl_size_const(sizes, align)));
  }
  return end;
}

const MdlSize *mdl_plan_arena(MdlPlan *plan, int align)
{
  mdl_plan_number(plan);
  find_lifetimes(plan);
  find_scratch_lifetimes(plan);
  return place_symbolic(plan, place_known(plan, align), align);
}
