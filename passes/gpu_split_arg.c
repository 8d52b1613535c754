/* argmax and argmin along an axis that is more than a thread's work, said in reductions: the
 * extreme, then the least index that has it. Those are shared, split and fused as any others are.
 * Where few points have a long last axis each, only the first part that has the extreme is
 * searched. */
#include "passes/gpu_split.h"

#include "passes/partition.h"
#include "passes/schedule.h"

enum { LEAST = 32 /* elements: a warp's */, MANY_COLUMNS = 8192 /* each a thread's, at once */ };

typedef struct Arg {
  MdlIr *ir;
  MdlBuilder b;
  MlirOperation op;
  MdlOp extreme; /* the reduction */
} Arg;

/* ---- as two reductions ------------------------------------------------------------------- */

/* A half float that is not in memory yet may have more bits than one: then it would not be equal to
 * the extreme of itself. */
static MlirValue rounded(Arg *a, MlirValue x)
{
  MdlDtype dtype = mdl_type_of(a->ir, x)->dtype;
  if (!mdl_is_half(dtype) || mdl_is_null(mdl_def(x))) return x;
  return mdl_build_bitcast(&a->b, mdl_build_bitcast(&a->b, x, MDL_u16), dtype);
}

/* Where x is the extreme of its line; a NaN is, if there is one. */
static MlirValue is_extreme(Arg *a, MlirValue x, int axis)
{
  const MdlType *type = mdl_type_of(a->ir, x);
  int64_t over = axis, dims[MDL_MAX_RANK];
  MlirValue once_more = axis < type->rank - 1 ? mdl_split_again(&a->b, x) : x; /* else: one loop */
  MlirValue extreme = mdl_build_reduce(&a->b, a->extreme, rounded(a, x), 1, &over);
  for (int i = 0; i < type->rank - 1; i++) dims[i] = i + (i >= axis);
  MlirValue all = mdl_build_broadcast(&a->b, extreme, type, type->rank - 1, dims);
  MlirValue is = mdl_build(&a->b, MDL_OP_eq, rounded(a, once_more), all);
  if (!mdl_is_float(type->dtype)) return is;
  return mdl_build(&a->b, MDL_OP_bitor, is, mdl_build(&a->b, MDL_OP_is_nan, once_more));
}

/* The least index at which x is the extreme; 0 along an empty axis. */
static MlirValue index_of(Arg *a, MlirValue x, int axis)
{
  int64_t over = axis, known;
  MdlType type = mdl_type_with(mdl_type_of(a->ir, x), MDL_i32);
  MlirValue no = mdl_build_neutral(&a->b, MDL_OP_reduce_min, MDL_i32);
  MlirValue is = is_extreme(a, x, axis), index = mdl_build_iota(&a->b, &type, axis);
  index = mdl_build(&a->b, MDL_OP_where, is, index, mdl_build_splat(&a->b, no, &type));
  MlirValue least = mdl_build_reduce(&a->b, MDL_OP_reduce_min, index, 1, &over);
  if (mdl_size_is_const(type.dim[axis], &known)) return least;
  const MdlType *kept = mdl_type_of(a->ir, least);
  MlirValue none = mdl_build(&a->b, MDL_OP_eq, least, mdl_build_splat(&a->b, no, kept));
  return mdl_build(&a->b, MDL_OP_where, none, mdl_build_const_int(&a->b, kept, 0), least);
}

/* ---- by parts ---------------------------------------------------------------------------- */

/* Parts of the last axis, one at least, so that there is one to search. */
static bool choose_parts(Arg *a, const MdlType *type, MdlSplitView *view)
{
  int64_t kept = 1, most = 1, known;
  const MdlSize *length = type->dim[view->axis = type->rank - 1];
  for (int i = 0; i < view->axis; i++) {
    kept = mdl_split_product(kept, mdl_schedule_guess(type->dim[i]));
    most = mdl_split_product(most, mdl_split_most(type->dim[i]));
  }
  int64_t all = mdl_split_most(length);
  view->part = mdl_split_elements(false, all, kept, most);
  if (!view->part || view->part >= all || type->rank == MDL_MAX_RANK) return false;
  MdlSizes *sizes = a->ir->sizes;
  view->parts = mdl_size_is_const(length, &known)
                    ? mdl_size_ceil_div(sizes, length, view->part)
                    : mdl_size_add(sizes, mdl_size_floor_div(sizes, length, view->part),
                                   mdl_size_const(sizes, 1));
  return view->parts != NULL;
}

/* x in parts. A vector is a line of its own: what is found in its parts is then looked through
 * where rows are, in one kernel. */
static MlirValue in_parts(Arg *a, MlirValue x, MdlSplitView *view)
{
  x = rounded(a, x);
  if (mdl_is_half(mdl_type_of(a->ir, x)->dtype)) x = mdl_build_convert(&a->b, x, MDL_f32);
  MdlType line = *mdl_type_of(a->ir, x);
  if (line.rank == 1) {
    line.dim[line.rank++] = line.dim[0];
    line.dim[0] = mdl_size_const(a->ir->sizes, 1);
    x = mdl_build_reshape(&a->b, x, &line);
  }
  view->axis = line.rank - 1;
  view->neutral = mdl_build_neutral(&a->b, a->extreme, line.dtype);
  return mdl_split_view(&a->b, x, view);
}

/* The first part with the extreme, and the index in it. */
static MlirValue by_parts(Arg *a, MlirValue x, MdlSplitView *view)
{
  MdlAttrs attrs = mdl_attrs_none(a->ir);
  MlirValue once_more = mdl_split_again(&a->b, x), whole = in_parts(a, x, view);
  int64_t over = view->axis + 1;
  MlirValue found = mdl_build_reduce(&a->b, a->extreme, whole, 1, &over);
  MlirValue part = index_of(a, found, view->axis);
  mdl_value_set_name(a->ir, found, "extremes");
  mdl_value_set_name(a->ir, part, "part");
  mdl_put_int(&attrs, "axis", view->axis);
  mdl_put_int(&attrs, "batch", view->axis);
  MlirValue operand[] = {in_parts(a, once_more, view), part};
  MlirValue searched = mdl_result(mdl_build_op(&a->b, MDL_OP_gather, 2, operand, &attrs, NULL), 0);
  mdl_value_set_name(a->ir, searched, "searched");
  const MdlType *type = mdl_type_of(a->ir, part);
  MlirValue length = mdl_build_const_int(&a->b, type, view->part);
  MlirValue first = mdl_build(&a->b, MDL_OP_mul, part, length);
  MlirValue inside = index_of(a, searched, view->axis);
  MlirValue made = mdl_build(&a->b, MDL_OP_add, first, inside);
  mdl_value_set_name(a->ir, inside, "inside_part");
  return mdl_build_reshape(&a->b, made, mdl_type_of(a->ir, mdl_result(a->op, 0)));
}

/* ---- all of a block ---------------------------------------------------------------------- */

/* One pass by a thread a column is best where these are many. */
static bool is_worth_it(const MdlType *type, int axis)
{
  int64_t kept = 1;
  for (int i = 0; i < type->rank; i++)
    if (i != axis) kept = mdl_split_product(kept, mdl_schedule_guess(type->dim[i]));
  bool last = axis == type->rank - 1;
  return mdl_split_most(type->dim[axis]) >= LEAST && (last || kept < MANY_COLUMNS);
}

/* As two reductions, or (`searches`) by parts, if that is how it is to be done. */
static void split_arg(Arg *a, bool searches)
{
  MlirValue x = mdl_operand(a->op, 0), made;
  const MdlType *type = mdl_type_of(a->ir, x);
  MdlSplitView view = {0};
  int axis = (int)mdl_op_int(a->op, "axis", 0);
  if (!is_worth_it(type, axis)) return;
  bool parts = axis == type->rank - 1 && choose_parts(a, type, &view);
  if (parts != searches) return;
  made = parts ? by_parts(a, x, &view) : index_of(a, x, axis);
  if (!mdl_value_name(a->ir, made))
    mdl_value_set_name(a->ir, made, mdl_op_info(mdl_op(a->ir, a->op))->name);
  mdl_split_replace(a->ir, a->op, made);
}

static void split_block(MdlIr *ir, MlirBlock block, bool searches)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++) {
    MdlOp kind = mdl_op(ir, op[i]);
    for (int j = 0; !searches && j < mdl_region_count(op[i]); j++)
      if (mdl_body(op[i], j).ptr) split_block(ir, mdl_body(op[i], j), false);
    if (kind != MDL_OP_argmax && kind != MDL_OP_argmin) continue;
    Arg a = {.ir = ir, .op = op[i], .b = mdl_builder_before(ir, op[i])};
    a.b.at = mdl_location_named(ir, mdl_location_of(op[i]), NULL);
    a.extreme = kind == MDL_OP_argmax ? MDL_OP_reduce_max : MDL_OP_reduce_min;
    split_arg(&a, searches);
  }
}

void mdl_gpu_split_args(MdlIr *ir, MlirBlock block) { split_block(ir, block, false); }

void mdl_gpu_search_args(MdlIr *ir, MlirBlock block) { split_block(ir, block, true); }
