/* Greedy from the last op up: an op joins the group of its users when they are one group that reads
 * it at one set of points, and reading it there costs nothing extra; else it heads a group of its
 * own. Never the producer of two things that are both kept. */
#include "passes/partition.h"

#include "passes/align.h"
#include "passes/gpu.h"

#include <string.h>

/* How a group reads a value. */
typedef struct Use {
  int part;
  int space;       /* equal spaces are the same points; 0: those of the root */
  bool moves_only; /* read often: only index maps may stand here */
} Use;

typedef struct Item {
  MlirOperation op;
  bool in_parts; /* a tensor op that groups hold */
  bool is_kept;  /* something outside of groups uses it */
  bool is_mixed; /* one group reads it at different points */
  int uses, capacity;
  Use *use;
} Item;

typedef struct Partition {
  MdlIr *ir;
  const MdlMachine *machine;
  MlirBlock block;
  int items;
  Item *item;
  MdlMap *item_of; /* op -> Item */
  int parts, spaces;
  MdlPart *part;
  bool **member; /* by part, then item */
} Partition;

static const MdlOpInfo *row_of(const Partition *p, const Item *item)
{
  return mdl_op_info(mdl_op(p->ir, item->op));
}

static bool has_tensor(MdlIr *ir, MlirOperation op)
{
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (mdl_type_of(ir, mdl_operand(op, i))->rank) return true;
  for (int i = 0; i < mdl_result_count(op); i++)
    if (mdl_type_of(ir, mdl_result(op, i))->rank) return true;
  return false;
}

/* Scalars stay in the entry, but for structural ops that happen to have no axes. */
static bool is_grouped(MdlIr *ir, MlirOperation op)
{
  MdlOp kind = mdl_op(ir, op);
  if (kind >= MDL_OP_COUNT) return false;
  MdlClass class = mdl_op_info(kind)->class;
  if (class == MDL_CLASS_effect) return false;
  bool simple = class == MDL_CLASS_map || class == MDL_CLASS_leaf || kind == MDL_OP_broadcast ||
                kind == MDL_OP_reshape;
  return !simple || has_tensor(ir, op);
}

/* Used by control flow, a call, an effect, a scalar op or in another block. */
static bool is_kept(Partition *p, MlirOperation op)
{
  MlirOperation owner;
  int operand;
  for (int i = 0; i < mdl_result_count(op); i++)
    for (int j = 0; mdl_use(mdl_result(op, i), j, &owner, &operand); j++)
      if (mdl_block_of(owner).ptr != p->block.ptr || !is_grouped(p->ir, owner)) return true;
  return false;
}

static void add_use(Partition *p, Item *item, Use use)
{
  for (int i = 0; i < item->uses; i++) {
    if (item->use[i].part != use.part) continue;
    item->is_mixed |= item->use[i].space != use.space;
    item->use[i].moves_only |= use.moves_only;
    return;
  }
  MDL_GROW(p->ir->arena, item->use, item->uses, item->capacity);
  item->use[item->uses++] = use;
}

/* ---- what an op costs where it is read ---------------------------------------------------- */

static bool is_seed(MdlIr *ir, MlirOperation op)
{
  MdlClass class = mdl_op_info(mdl_op(ir, op))->class;
  if (mdl_is_onehot(ir, op)) return false;
  return class == MDL_CLASS_reduce || class == MDL_CLASS_contract || class == MDL_CLASS_conv ||
         class == MDL_CLASS_window || class == MDL_CLASS_scan || class == MDL_CLASS_sort ||
         class == MDL_CLASS_scatter;
}

/* An index map without branches: as good as reading the operand. */
static bool is_plain_move(MdlOp op)
{
  return op == MDL_OP_broadcast || op == MDL_OP_reshape || op == MDL_OP_transpose ||
         op == MDL_OP_slice || op == MDL_OP_reverse;
}

static bool is_leaf(MdlOp op)
{
  return op == MDL_OP_const || op == MDL_OP_size || op == MDL_OP_iota || op == MDL_OP_table;
}

/* Copied into every group that reads it. */
static bool is_cheap(MdlOp op) { return is_leaf(op) || is_plain_move(op); }

/* Does an element of the operand become several elements? */
static bool stretches(MdlIr *ir, MlirOperation op)
{
  return mdl_type_of(ir, mdl_operand(op, 0))->rank != mdl_type_of(ir, mdl_result(op, 0))->rank ||
         !mdl_type_equal(mdl_type_of(ir, mdl_operand(op, 0)), mdl_type_of(ir, mdl_result(op, 0)));
}

/* An element of the operand is read at most once. */
static bool picks_few(Partition *p, MlirOperation gather)
{
  MdlSizes *sizes = p->ir->sizes;
  bool one_a_row =
      mdl_type_of(p->ir, mdl_operand(gather, 1))->rank == mdl_op_int(gather, "batch", 0);
  if (one_a_row) return true;
  const MdlSize *from = mdl_type_elements(sizes, mdl_type_of(p->ir, mdl_operand(gather, 0)));
  const MdlSize *made = mdl_type_elements(sizes, mdl_type_of(p->ir, mdl_result(gather, 0)));
  return from && made && mdl_size_dominates(sizes, from, made);
}

/* One cheap op costs less to repeat than to store and load. */
static bool is_cheap_row(MdlOp op)
{
  switch (op) {
  case MDL_OP_add:
  case MDL_OP_sub:
  case MDL_OP_neg:
  case MDL_OP_where:
  case MDL_OP_eq:
  case MDL_OP_ne:
  case MDL_OP_lt:
  case MDL_OP_le:
  case MDL_OP_gt:
  case MDL_OP_ge:
  case MDL_OP_bitand:
  case MDL_OP_bitor:
  case MDL_OP_bitnot:
  case MDL_OP_is_nan:
  case MDL_OP_is_finite:
    return true;
  default:
    return false;
  }
}

/* How `op`, read as `use` says, reads its operand. */
static Use use_of_operand(Partition *p, const Item *item, int operand, Use use)
{
  MdlOp op = mdl_op(p->ir, item->op);
  const MdlOpInfo *row = mdl_op_info(op);
  if (row->elementwise || row->class == MDL_CLASS_map) return use;
  if (op == MDL_OP_dynamic_update && operand == 0) return use;
  if (mdl_is_onehot(p->ir, item->op) && operand == 0) return use;
  use.space = ++p->spaces;
  if (op == MDL_OP_broadcast) use.moves_only |= stretches(p->ir, item->op);
  if (row->class == MDL_CLASS_gather) use.moves_only |= operand == 1 || !picks_few(p, item->op);
  if (row->class == MDL_CLASS_contract || row->class == MDL_CLASS_conv ||
      row->class == MDL_CLASS_window)
    use.moves_only = true;
  if (row->class == MDL_CLASS_scatter && (operand == 1 || mdl_is_onehot(p->ir, item->op)))
    use.moves_only = true;
  if (row->class == MDL_CLASS_reduce || row->class == MDL_CLASS_scan) use.moves_only = false;
  return use;
}

static void use_operands(Partition *p, const Item *item, Use use)
{
  for (int i = 0; i < mdl_operand_count(item->op); i++) {
    MlirOperation def = mdl_def(mdl_operand(item->op, i));
    Item *from = mdl_is_null(def) ? NULL : mdl_map_get(p->item_of, def.ptr);
    if (from && from->in_parts) add_use(p, from, use_of_operand(p, item, i, use));
  }
}

/* ---- joining ----------------------------------------------------------------------------- */

static bool same_shape(MdlIr *ir, MlirValue a, MlirValue b)
{
  MdlType x = *mdl_type_of(ir, a), y = *mdl_type_of(ir, b);
  y.dtype = x.dtype;
  return mdl_type_equal(&x, &y);
}

/* A seed joins when the rest of the group only finishes its results, element by element. */
static bool seed_joins(Partition *p, const Item *item, const Use *use)
{
  const MdlPart *part = &p->part[use->part];
  MdlClass class = row_of(p, item)->class;
  if (class == MDL_CLASS_sort || class == MDL_CLASS_scatter) return false;
  if (!mdl_is_null(part->seed) || use->space != 0) return false;
  MlirValue made = mdl_result(item->op, 0);
  return mdl_type_of(p->ir, made)->rank > 0 && same_shape(p->ir, made, mdl_result(part->root, 0));
}

static bool joins(Partition *p, const Item *item)
{
  if (item->is_kept || item->uses != 1 || item->is_mixed) return false;
  const Use *use = &item->use[0];
  MdlOp op = mdl_op(p->ir, item->op);
  if (op == MDL_OP_dynamic_update) return false;
  if (is_seed(p->ir, item->op)) return seed_joins(p, item, use);
  bool view = mdl_op_has(item->op, "mdl.parts"); /* padded only in name (gpu_split.h) */
  return !use->moves_only || is_plain_move(op) || view;
}

enum { MOST_COPIES = 3 };

/* May the op be repeated in each of its groups? Not what finishes a seed's results: they are not
 * stored otherwise. */
static bool repeats(Partition *p, const Item *item)
{
  if (item->is_kept || item->is_mixed || item->uses < 2 || item->uses > MOST_COPIES) return false;
  if (!is_cheap_row(mdl_op(p->ir, item->op))) return false;
  for (int i = 0; i < item->uses; i++)
    if (item->use[i].moves_only) return false;
  for (int i = 0; i < mdl_operand_count(item->op); i++) {
    MlirValue operand = mdl_operand(item->op, i);
    MdlOp kind = mdl_def_op(p->ir, operand);
    bool seed = kind < MDL_OP_COUNT && is_seed(p->ir, mdl_def(operand));
    if (seed && mdl_use_count(operand) == 1) return false;
  }
  return true;
}

/* Padding in front of a GPU's convolutions: each reads what is padded, and checks where it ends. */
static bool is_read_padded(Partition *p, const Item *item)
{
  if (!p->machine->warp || item->is_kept || mdl_op(p->ir, item->op) != MDL_OP_pad) return false;
  MlirValue padded = mdl_result(item->op, 0);
  MlirOperation user;
  int operand;
  for (int i = 0; mdl_use(padded, i, &user, &operand); i++)
    if (mdl_op(p->ir, user) != MDL_OP_conv || operand) return false;
  MlirOperation from = mdl_def(mdl_gpu_padded(p->ir, item->op));
  if (mdl_is_null(from)) return true;
  MdlOp op = mdl_op(p->ir, from);
  return op != MDL_OP_pad && !is_cheap(op);
}

static void put_in(Partition *p, Item *item, Use use)
{
  p->member[use.part][item - p->item] = true;
  use_operands(p, item, use);
}

static void head_part(Partition *p, Item *item)
{
  MdlPart *part = &p->part[p->parts];
  part->root = item->op;
  part->seed = is_seed(p->ir, item->op) ? item->op : (MlirOperation){NULL};
  p->member[p->parts] = MDL_NEW(p->ir->arena, bool, (size_t)p->items);
  put_in(p, item, (Use){p->parts++, 0, false});
}

/* A tensor in another shape of which one place is read or written, the latter in its place if it
 * can; it is in memory anyway. */
static bool is_picked_from(Partition *p, Item *item)
{
  MlirValue whole = mdl_operand(item->op, 0), shaped = mdl_result(item->op, 0);
  while (mdl_def_op(p->ir, whole) == MDL_OP_reshape) whole = mdl_operand(mdl_def(whole), 0);
  MlirOperation def = mdl_def(whole), owner;
  Item *from = mdl_is_null(def) ? NULL : mdl_map_get(p->item_of, def.ptr);
  if (from && from->in_parts && row_of(p, from)->class != MDL_CLASS_scatter) return false;
  int operand;
  for (int i = 0; mdl_use(shaped, i, &owner, &operand); i++) {
    MdlOp kind = mdl_op(p->ir, owner);
    bool scatter = kind < MDL_OP_COUNT && mdl_op_info(kind)->class == MDL_CLASS_scatter;
    if (operand || (!scatter && kind != MDL_OP_gather)) continue;
    bool at_place = !mdl_type_of(p->ir, mdl_operand(owner, 1))->rank;
    if (at_place && !mdl_is_onehot(p->ir, owner)) return true;
  }
  return false;
}

/* A reshape of a whole tensor that is kept, or picked from, is a view: it stays in the entry, its
 * operand is kept. */
static bool is_view(Partition *p, Item *item)
{
  if (mdl_op(p->ir, item->op) != MDL_OP_reshape) return false;
  if (!item->is_kept && !is_picked_from(p, item)) return false;
  return mdl_type_of(p->ir, mdl_operand(item->op, 0))->rank &&
         mdl_type_of(p->ir, mdl_result(item->op, 0))->rank;
}

static void place_item(Partition *p, Item *item)
{
  MdlOp op = mdl_op(p->ir, item->op);
  if (!item->in_parts || (!item->is_kept && !item->uses)) return;
  if (is_view(p, item)) {
    MlirOperation def = mdl_def(mdl_operand(item->op, 0));
    Item *from = mdl_is_null(def) ? NULL : mdl_map_get(p->item_of, def.ptr);
    if (from) from->is_kept = true;
    return;
  }
  if ((is_cheap(op) && !item->is_kept) || repeats(p, item) || is_read_padded(p, item)) {
    for (int i = 0; i < item->uses; i++) put_in(p, item, item->use[i]);
    return;
  }
  if (!joins(p, item)) {
    head_part(p, item);
    return;
  }
  if (is_seed(p->ir, item->op)) p->part[item->use[0].part].seed = item->op;
  put_in(p, item, item->use[0]);
}

/* ---- the block --------------------------------------------------------------------------- */

static void read_block(Partition *p)
{
  MlirOperation *op;
  p->items = mdl_list(p->ir, p->block, &op);
  p->item = MDL_NEW(p->ir->arena, Item, (size_t)p->items);
  p->part = MDL_NEW(p->ir->arena, MdlPart, (size_t)p->items);
  p->member = MDL_NEW(p->ir->arena, bool *, (size_t)p->items);
  for (int i = 0; i < p->items; i++) {
    Item *item = &p->item[i];
    item->op = op[i];
    item->in_parts = is_grouped(p->ir, op[i]);
    item->is_kept = item->in_parts && is_kept(p, op[i]);
    mdl_map_set(p->item_of, op[i].ptr, item);
  }
}

static void list_members(Partition *p, int part)
{
  MdlPart *to = &p->part[part];
  to->op = MDL_NEW(p->ir->arena, MlirOperation, (size_t)p->items);
  for (int i = 0; i < p->items; i++)
    if (p->member[part][i]) to->op[to->ops++] = p->item[i].op;
}

int mdl_partition(MdlIr *ir, const MdlMachine *machine, MlirBlock block, MdlPart **parts)
{
  Partition p = {
      .ir = ir, .machine = machine, .block = block, .item_of = mdl_map_create(ir->arena)};
  read_block(&p);
  for (int i = p.items; i-- > 0;) place_item(&p, &p.item[i]);
  *parts = MDL_NEW(ir->arena, MdlPart, (size_t)p.parts);
  for (int i = 0; i < p.parts; i++) {
    list_members(&p, i);
    const Item *root = mdl_map_get(p.item_of, p.part[i].root.ptr);
    p.part[i].is_kept = root->is_kept;
    (*parts)[p.parts - 1 - i] = p.part[i];
  }
  return p.parts;
}
