/* Work of one long axis over the whole grid. A reduction that keeps few points would run on few
 * blocks: its axis is seen as [parts, part] (padded by what changes nothing), the parts are reduced
 * by the grid, then the parts' values. Where the last axis is kept the view is [part, parts], so
 * that neighbouring threads read neighbours. The order of a sum follows from sizes alone. */
#include "passes/gpu_split.h"

#include "passes/align.h"
#include "passes/gpu.h"
#include "passes/partition.h"
#include "passes/schedule.h"

#include <string.h>

enum {
  BLOCK_PART = 8192,  /* elements of a part that a block reduces, of free or very long axes */
  LEAST_PART = 2048,  /* ... at least, so that its launch pays */
  BLOCKS = 512,       /* fill the grid */
  FEW_POINTS = 64,    /* kept points, a block each, that do not */
  THREAD_PART = 128,  /* rows of a part that a thread sums, its neighbours along a kept last axis */
  LEAST_ROWS = 32,
  THREADS = 1 << 17,  /* fill the grid */
  FEW_THREADS = 1 << 15,
  FREE = MDL_SPLIT_FREE
};

typedef struct Split {
  MdlIr *ir;
  MdlBuilder b;
  MlirOperation op;
  MdlOp kind;
  MlirValue from;
  const MdlType *type;
  bool is_reduced[MDL_MAX_RANK];
  int axis;       /* the one that is split */
  int64_t part;   /* its elements in a part */
  bool by_thread; /* a part is a thread's, not a block's */
} Split;

/* Half floats are summed in f32, so that is what the parts' sums stay. */
static bool is_wide(const Split *s)
{
  MdlDtype dtype = s->type->dtype;
  return mdl_is_half(dtype) && (s->kind == MDL_OP_reduce_sum || s->kind == MDL_OP_reduce_prod);
}

/* ---- what there is to gain --------------------------------------------------------------- */

int64_t mdl_split_most(const MdlSize *size)
{
  int64_t known;
  return mdl_size_is_const(size, &known) ? known : FREE;
}

int64_t mdl_split_product(int64_t a, int64_t b)
{
  if (!a || !b) return 0;
  return a < FREE && b < FREE / a ? a * b : FREE;
}

int64_t mdl_split_tiles(int64_t rows, int64_t columns)
{
  const int64_t more = MDL_SPLIT_TILE - 1;
  return mdl_split_product((rows + more) / MDL_SPLIT_TILE, (columns + more) / MDL_SPLIT_TILE);
}

static void read_split(Split *s)
{
  int64_t axis[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(s->ir, s->op);
  s->from = mdl_operand(s->op, 0);
  s->type = mdl_type_of(s->ir, s->from);
  int axes = mdl_get_ints(&attrs, "axes", axis);
  for (int i = 0; i < axes; i++) s->is_reduced[axis[i]] = true;
}

static bool choose_axis(Split *s)
{
  s->axis = -1;
  for (int i = 0; i < s->type->rank; i++)
    if (s->is_reduced[i] &&
        (s->axis < 0 || mdl_split_most(s->type->dim[i]) > mdl_split_most(s->type->dim[s->axis])))
      s->axis = i;
  return s->axis >= 0;
}

/* Of the longest axis as much as makes a part of `elements` with the others; the rest of the grid's
 * work is more parts. */
static void cut(Split *s, int64_t elements, int64_t others)
{
  s->part = elements / (others > 0 ? others : 1);
  if (s->part < 1) s->part = 1;
}

int64_t mdl_split_elements(bool by_thread, int64_t all, int64_t kept, int64_t most_kept)
{
  const int64_t least = by_thread ? LEAST_ROWS : LEAST_PART;
  const int64_t units = by_thread ? THREADS : BLOCKS, most = by_thread ? THREAD_PART : BLOCK_PART;
  bool few = by_thread ? kept < FEW_THREADS : most_kept <= FEW_POINTS;
  if (!few || all < 8 * least) return 0;
  int64_t part = all < FREE ? (all * kept + units - 1) / units : most;
  return part > least ? part : least;
}

/* Is the reduction long, and are its points few? Then how long a part is. */
static bool choose_part(Split *s)
{
  const MdlType *type = s->type;
  int64_t kept = 1, most_kept = 1, others = 1, all = 1;
  for (int i = 0; i < type->rank; i++) {
    int64_t most = mdl_split_most(type->dim[i]), guess = mdl_schedule_guess(type->dim[i]);
    if (!most) return false;
    if (!s->is_reduced[i])
      kept = mdl_split_product(kept, guess), most_kept = mdl_split_product(most_kept, most);
    else
      all = mdl_split_product(all, most),
      others = mdl_split_product(others, i == s->axis ? 1 : guess);
  }
  s->by_thread = !s->is_reduced[type->rank - 1] && most_kept > 1;
  int64_t elements = mdl_split_elements(s->by_thread, all, kept, most_kept);
  if (!elements) return false;
  cut(s, elements, others);
  return s->part < mdl_split_most(type->dim[s->axis]);
}

/* ---- one axis instead of many ------------------------------------------------------------ */

/* Maps that read every operand where they write, as long as nobody else wants them. */
static bool is_pointwise(Split *s, MlirValue value)
{
  MlirOperation op = mdl_def(value);
  MdlOp kind = mdl_def_op(s->ir, value);
  if (kind >= MDL_OP_COUNT || mdl_use_count(value) != 1) return false;
  return mdl_op_info(kind)->class == MDL_CLASS_map && mdl_result_count(op) == 1;
}

static bool is_splat(Split *s, MlirValue value)
{
  MdlOp kind = mdl_def_op(s->ir, value);
  if (kind == MDL_OP_const || kind == MDL_OP_size) return true;
  return kind == MDL_OP_broadcast && !mdl_type_of(s->ir, mdl_operand(mdl_def(value), 0))->rank;
}

/* Is every element of the value found by its number alone? What is in memory is. */
static bool can_flatten(Split *s, MlirValue value)
{
  MdlOp kind = mdl_def_op(s->ir, value);
  MdlClass class = kind < MDL_OP_COUNT ? mdl_op_info(kind)->class : MDL_CLASS_core;
  if (!mdl_type_of(s->ir, value)->rank || is_splat(s, value)) return true;
  if (!is_pointwise(s, value))
    return class != MDL_CLASS_move && class != MDL_CLASS_leaf && class != MDL_CLASS_gather;
  for (int i = 0; i < mdl_operand_count(mdl_def(value)); i++)
    if (!can_flatten(s, mdl_operand(mdl_def(value), i))) return false;
  return true;
}

static MlirValue flatten(Split *s, MlirValue value)
{
  MlirOperation op = mdl_def(value);
  const MdlType *type = mdl_type_of(s->ir, value);
  const MdlSize *all = mdl_type_elements(s->ir->sizes, type);
  MdlType flat = {.dtype = type->dtype, .rank = 1, .dim = {all}};
  if (!type->rank) return value;
  if (is_splat(s, value) && mdl_op(s->ir, op) == MDL_OP_broadcast)
    return mdl_build_splat(&s->b, mdl_operand(op, 0), &flat);
  if (!is_pointwise(s, value)) return mdl_build_reshape(&s->b, value, &flat);
  MlirValue operand[MDL_MAX_OPERANDS];
  MdlOp kind = mdl_op(s->ir, op);
  const MdlType *given = strchr(mdl_op_info(kind)->sig, 'Z') ? &flat : NULL;
  MdlAttrs attrs = mdl_attrs_of(s->ir, op);
  for (int i = 0; i < mdl_operand_count(op); i++) operand[i] = flatten(s, mdl_operand(op, i));
  MlirLocation at = s->b.at;
  s->b.at = mdl_location_of(op);
  MlirValue made =
      mdl_result(mdl_build_op(&s->b, kind, mdl_operand_count(op), operand, &attrs, given), 0);
  s->b.at = at;
  return made;
}

/* A sum over everything: its elements in a row. */
static void flatten_whole(Split *s)
{
  const MdlSize *all = mdl_type_elements(s->ir->sizes, s->type);
  for (int i = 0; i < s->type->rank; i++)
    if (!s->is_reduced[i]) return;
  if (s->type->rank < 2 || !all || !can_flatten(s, s->from)) return;
  s->from = flatten(s, s->from);
  s->type = mdl_type_of(s->ir, s->from);
  s->axis = 0;
}

/* ---- the view ---------------------------------------------------------------------------- */

MlirValue mdl_split_pad(MdlBuilder *b, MlirValue from, int axis, const MdlSize *whole,
                        MlirValue neutral)
{
  MdlSizes *sizes = b->ir->sizes;
  const MdlType *type = mdl_type_of(b->ir, from);
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK], *zero = mdl_size_const(sizes, 0);
  int64_t inner[MDL_MAX_RANK] = {0};
  if (whole == type->dim[axis]) return from;
  for (int i = 0; i < type->rank; i++) lo[i] = hi[i] = zero;
  hi[axis] = mdl_size_sub(sizes, whole, type->dim[axis]);
  MlirValue padded = mdl_build_pad(b, from, neutral, lo, hi, inner);
  mdl_op_set_unit(b->ir, mdl_def(padded), "mdl.parts");
  return padded;
}

MlirValue mdl_split_widened(MdlBuilder *b, MlirValue half)
{
  if (!mdl_is_half(mdl_type_of(b->ir, half)->dtype)) return half;
  MlirValue wide = mdl_build_convert(b, half, MDL_f32);
  mdl_op_set_unit(b->ir, mdl_def(wide), "mdl.parts");
  return wide;
}

void mdl_split_note_halves(MdlIr *ir, MlirOperation product, MdlDtype dtype)
{
  if (mdl_is_half(dtype)) mdl_op_set_text(ir, product, "mdl.halves", mdl_dtypes[dtype].name);
}

MlirValue mdl_split_view(MdlBuilder *b, MlirValue from, const MdlSplitView *view)
{
  MdlSizes *sizes = b->ir->sizes;
  const MdlSize *all = mdl_size_mul(sizes, view->parts, mdl_size_const(sizes, view->part));
  MlirValue whole = mdl_split_pad(b, from, view->axis, all, view->neutral);
  MdlType type = *mdl_type_of(b->ir, whole);
  for (int i = type.rank++; i > view->axis; i--) type.dim[i] = type.dim[i - 1];
  type.dim[view->axis + view->parts_last] = view->parts;
  type.dim[view->axis + !view->parts_last] = mdl_size_const(b->ir->sizes, view->part);
  return mdl_build_reshape(b, whole, &type);
}

static MlirValue again(MdlBuilder *b, MlirValue x)
{
  MdlOp kind = mdl_def_op(b->ir, x);
  if (kind >= MDL_OP_COUNT || mdl_op_info(kind)->class != MDL_CLASS_map) return x;
  MlirOperation op = mdl_def(x);
  MdlMap *values = mdl_map_create(b->ir->arena);
  for (int i = 0; i < mdl_operand_count(op); i++)
    mdl_map_value_set(values, mdl_operand(op, i), mdl_split_again(b, mdl_operand(op, i)));
  return mdl_result(mdl_clone_op(b, op, values, NULL, NULL), 0);
}

MlirValue mdl_split_again(MdlBuilder *b, MlirValue x)
{
  return mdl_use_count(x) == 1 ? again(b, x) : x;
}

/* ---- both passes ------------------------------------------------------------------------- */

static MlirValue reduce_parts(Split *s, MlirValue from, const MdlSize *parts)
{
  int64_t axes[MDL_MAX_RANK];
  int count = 0, added = s->part > 1;
  MdlSplitView view = {.axis = s->axis, .parts = parts, .part = s->part};
  view.parts_last = s->by_thread;
  if (added) {
    view.neutral = mdl_build_neutral(&s->b, s->kind, mdl_type_of(s->ir, from)->dtype);
    from = mdl_split_view(&s->b, from, &view);
  }
  int over = s->axis + (added && !s->by_thread); /* the axis of a part, where there is one */
  for (int i = 0; i < s->type->rank; i++) {
    if (i == s->axis && added) axes[count++] = over;
    if (i != s->axis && s->is_reduced[i]) axes[count++] = i + (added && i > s->axis);
  }
  MlirValue made = mdl_build_reduce(&s->b, s->kind, from, count, axes);
  const char *name = mdl_value_name(s->ir, mdl_result(s->op, 0));
  if (!name) name = mdl_op_info(s->kind)->name + sizeof "reduce_" - 1;
  mdl_value_set_name(s->ir, made, mdl_text(s->ir->arena, "%s_parts", name));
  return made;
}

static MlirValue in_two_passes(Split *s, MlirValue from, const MdlSize *parts)
{
  int64_t axis = 0;
  MlirValue part = reduce_parts(s, from, parts);
  for (int i = 0; i < s->axis; i++) axis += !s->is_reduced[i];
  return mdl_build_reduce(&s->b, s->kind, part, 1, &axis);
}

void mdl_split_replace(MdlIr *ir, MlirOperation op, MlirValue with)
{
  MlirValue made = mdl_result(op, 0);
  const char *name = mdl_value_name(ir, made);
  if (name) mdl_value_set_name(ir, with, name);
  mdl_replace(made, with);
  mdl_erase(ir, op);
}

static void split_reduction(Split *s)
{
  MdlDtype dtype = s->type->dtype;
  if (!choose_axis(s) || !choose_part(s)) return;
  flatten_whole(s);
  if (!choose_part(s)) return;
  const MdlSize *parts = mdl_size_ceil_div(s->ir->sizes, s->type->dim[s->axis], s->part);
  if (!parts) return;
  MlirValue from = is_wide(s) ? mdl_build_convert(&s->b, s->from, MDL_f32) : s->from;
  mdl_split_replace(s->ir, s->op, mdl_build_convert(&s->b, in_two_passes(s, from, parts), dtype));
}

/* A sum of sums that nobody else wants is one sum, unless each of them rounds. */
static void join(Split *s)
{
  int64_t axis[MDL_MAX_RANK];
  MlirOperation inner = mdl_def(s->from);
  bool joins = mdl_def_op(s->ir, s->from) == s->kind && mdl_use_count(s->from) == 1;
  if (!joins || is_wide(s) || mdl_gpu_is_row_sum(s->ir, inner)) return;
  Split all = *s;
  all.op = inner;
  memset(all.is_reduced, 0, sizeof all.is_reduced);
  read_split(&all);
  int kept = 0, axes = 0;
  for (int i = 0; i < all.type->rank; i++)
    if (all.is_reduced[i] || s->is_reduced[kept++]) axis[axes++] = i;
  mdl_split_replace(s->ir, s->op, mdl_build_reduce(&s->b, s->kind, all.from, axes, axis));
  mdl_erase(s->ir, inner);
}

static void each_reduction(MdlIr *ir, MlirBlock block, void (*what)(Split *s))
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++) {
    Split s = {.ir = ir, .op = op[i], .kind = mdl_op(ir, op[i])};
    if (!mdl_is_reduction(s.kind)) continue;
    read_split(&s);
    s.b = mdl_builder_before(ir, s.op);
    s.b.at = mdl_location_named(ir, mdl_location_of(s.op), NULL);
    what(&s);
  }
}

/* Maps that were made anew in one axis. */
static void erase_unused(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = count; i-- > 0;) {
    bool used = mdl_op(ir, op[i]) >= MDL_OP_COUNT || !mdl_result_count(op[i]);
    for (int j = 0; j < mdl_result_count(op[i]); j++) used |= mdl_has_uses(mdl_result(op[i], j));
    if (!used) mdl_erase(ir, op[i]);
  }
}

void mdl_gpu_split_long(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++)
    for (int j = 0; j < mdl_region_count(op[i]); j++)
      if (mdl_body(op[i], j).ptr) mdl_gpu_split_long(ir, mdl_body(op[i], j));
  mdl_gpu_split_scatters(ir, block);
  mdl_gpu_split_narrow(ir, block);
  mdl_gpu_split_convs(ir, block);
  each_reduction(ir, block, join);
  each_reduction(ir, block, split_reduction);
  mdl_gpu_split_steps(ir, block);
  mdl_gpu_search_args(ir, block);
  mdl_gpu_split_scans(ir, block);
  erase_unused(ir, block);
}
