/* Totals over rows on a GPU. Teams share the rows of a group (passes/gpu_rows.c), so that a total
 * over all of them, the mean of a loss, is another group's. What it sums up is then to come out of
 * the rows one value each: first within the row, then over the rows. */
#include "passes/gpu.h"

#include "passes/align.h"

enum { DEEPEST = 24 };

/* The total's operand, if it is a reduction of a whole tensor; else no value. */
static MlirValue total_of(MdlIr *ir, MlirOperation op)
{
  if (!mdl_is_reduction(mdl_op(ir, op)) || mdl_reduction_kept(ir, op)) return (MlirValue){NULL};
  return mdl_operand(op, 0);
}

/* Axes of the rows that a value is made over: one that is found by reductions over last axes stands
 * in it, by maps and broadcasts along those; 0: none. */
static int rows_in(MdlIr *ir, MlirValue value, int depth)
{
  MlirOperation op = mdl_def(value);
  if (mdl_is_null(op) || depth > DEEPEST) return 0;
  MdlOp kind = mdl_op(ir, op);
  if (mdl_is_reduction(kind))
    return mdl_reduction_kept(ir, op) > 0 ? mdl_reduction_kept(ir, op) : 0;
  if (kind >= MDL_OP_COUNT) return 0;
  bool follows = mdl_op_info(kind)->class == MDL_CLASS_map || kind == MDL_OP_broadcast;
  for (int i = 0; i < mdl_operand_count(op) && follows; i++) {
    int rank = mdl_type_of(ir, mdl_operand(op, i))->rank;
    int rows = rows_in(ir, mdl_operand(op, i), depth + 1);
    if (rows && mdl_leading(ir, op, i, rank) >= rows) return rows;
  }
  return 0;
}

/* Found within rows, of what such rows have found. */
bool mdl_gpu_is_row_sum(MdlIr *ir, MlirOperation op)
{
  return mdl_is_reduction(mdl_op(ir, op)) && mdl_reduction_kept(ir, op) > 0 &&
         rows_in(ir, mdl_operand(op, 0), 0) == mdl_reduction_kept(ir, op);
}

static void in_two(MdlIr *ir, MlirOperation op, MlirValue from, int rows)
{
  int64_t axis[MDL_MAX_RANK], all[MDL_MAX_RANK];
  int axes = 0;
  for (int i = rows; i < mdl_type_of(ir, from)->rank; i++) axis[axes++] = i;
  for (int i = 0; i < rows; i++) all[i] = i;
  MdlBuilder b = mdl_builder_before(ir, op);
  b.at = mdl_location_of(op);
  MlirValue once = mdl_build_reduce(&b, mdl_op(ir, op), from, axes, axis);
  MlirValue whole = mdl_build_reduce(&b, mdl_op(ir, op), once, rows, all);
  const char *name = mdl_value_name(ir, mdl_result(op, 0));
  if (name) mdl_value_set_name(ir, whole, name);
  mdl_replace(mdl_result(op, 0), whole);
  mdl_erase(ir, op);
}

void mdl_gpu_row_totals(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++) {
    MlirValue from = total_of(ir, op[i]);
    int rank = mdl_is_no_value(from) ? 0 : mdl_type_of(ir, from)->rank;
    int rows = rank > 1 ? rows_in(ir, from, 0) : 0;
    for (int j = 0; j < mdl_region_count(op[i]); j++)
      if (mdl_body(op[i], j).ptr) mdl_gpu_row_totals(ir, mdl_body(op[i], j));
    if (rows && rows < rank) in_two(ir, op[i], from, rows);
  }
}

/* ---- what a total reads ------------------------------------------------------------------ */

static const MdlPart *part_of(int parts, const MdlPart *part, MlirOperation root)
{
  for (int i = 0; i < parts && !mdl_is_null(root); i++)
    if (mdl_same_op(part[i].root, root)) return &part[i];
  return NULL;
}

static bool is_in(const MdlPart *part, MlirOperation op)
{
  for (int i = 0; i < part->ops; i++)
    if (mdl_same_op(part->op[i], op)) return true;
  return false;
}

/* What the part's seed reduces, before passes/gpu_split.c saw it as parts; null: not made here. */
static MlirOperation summed(MdlIr *ir, const MdlPart *part)
{
  MlirOperation none = {NULL};
  if (mdl_is_null(part->seed) || !mdl_same_op(part->seed, part->root)) return none;
  if (!mdl_is_reduction(mdl_op(ir, part->seed))) return none;
  MlirOperation op = mdl_def(mdl_operand(part->seed, 0));
  while (!mdl_is_null(op) && is_in(part, op) &&
         (mdl_op(ir, op) == MDL_OP_reshape || mdl_op(ir, op) == MDL_OP_pad))
    op = mdl_def(mdl_operand(op, 0));
  return mdl_is_null(op) || !is_in(part, op) ? none : op;
}

/* The part's ops that `op` is made of, itself among them, but for `stop` and what that is made of.
 */
static void take(const MdlPart *part, MlirOperation op, MlirOperation stop, MdlMap *taken)
{
  if (mdl_is_null(op) || mdl_same_op(op, stop)) return;
  if (!is_in(part, op) || mdl_map_has(taken, op.ptr)) return;
  mdl_map_set(taken, op.ptr, (void *)op.ptr);
  for (int i = 0; i < mdl_operand_count(op); i++)
    take(part, mdl_def(mdl_operand(op, i)), stop, taken);
}

/* Is it one value a row of what rows have found? */
static bool is_of_rows(MdlIr *ir, int parts, const MdlPart *part, MlirOperation op, MdlMap *taken)
{
  const MdlType *type = mdl_type_of(ir, mdl_result(op, 0));
  for (int i = 0; i < mdl_map_count(taken); i++) {
    MlirOperation inner = {(void *)mdl_map_key(taken, i)};
    for (int j = 0; j < mdl_operand_count(inner); j++) {
      MlirValue read = mdl_operand(inner, j);
      const MdlPart *of = part_of(parts, part, mdl_def(read));
      if (!of || mdl_is_null(of->seed) || !mdl_is_reduction(mdl_op(ir, of->seed))) continue;
      if (type->rank && mdl_reduction_kept(ir, of->seed) == type->rank &&
          mdl_same_leading(mdl_type_of(ir, read), type, type->rank))
        return true;
    }
  }
  return false;
}

/* Those of the part's ops that are in the map, in its order. */
static MdlPart only(MdlIr *ir, const MdlPart *part, const MdlMap *taken)
{
  MdlPart some = *part;
  some.op = MDL_NEW(ir->arena, MlirOperation, (size_t)part->ops);
  some.ops = 0;
  for (int i = 0; i < part->ops; i++)
    if (mdl_map_has(taken, part->op[i].ptr)) some.op[some.ops++] = part->op[i];
  return some;
}

int mdl_gpu_split_totals(MdlIr *ir, int parts, MdlPart **part)
{
  MdlPart *made = MDL_NEW(ir->arena, MdlPart, 2 * (size_t)parts);
  int count = 0;
  for (int i = 0; i < parts; i++) {
    MdlPart total = (*part)[i];
    MlirOperation from = summed(ir, &total), none = {NULL};
    MdlMap *taken = mdl_map_create(ir->arena), *rest = mdl_map_create(ir->arena);
    if (!mdl_is_null(from)) take(&total, from, none, taken);
    if (!mdl_is_null(from) && is_of_rows(ir, parts, *part, from, taken)) {
      MdlPart map = only(ir, &total, taken);
      map.root = from;
      map.seed = none;
      map.is_kept = false;
      made[count++] = map;
      take(&total, total.root, from, rest);
      total = only(ir, &total, rest);
    }
    made[count++] = total;
  }
  *part = made;
  return count;
}
