/* The loop-form function of a group. */
#include "passes/nest.h"

#include <string.h>

/* ---- lanes ------------------------------------------------------------------------------- */

static int bytes_of(MdlDtype dtype)
{
  if (dtype == MDL_index || dtype == MDL_f16 || dtype == MDL_bf16) return 0;
  return mdl_dtypes[dtype].bytes;
}

/* In C a vector's elements are signed: what would read them as unsigned stays scalar. */
static bool row_has_lanes(MdlNest *n, MlirOperation op, MdlOp kind)
{
  static const MdlOp never[] = {MDL_OP_shl, MDL_OP_shr, MDL_OP_div, MDL_OP_rem};
  static const MdlOp ordered[] = {MDL_OP_lt,  MDL_OP_le,  MDL_OP_gt,   MDL_OP_ge,     MDL_OP_max,
                                  MDL_OP_min, MDL_OP_abs, MDL_OP_sign, MDL_OP_convert};
  MdlDtype dtype = mdl_nest_type(n, mdl_operand(op, kind == MDL_OP_where))->dtype;
  for (size_t i = 0; i < sizeof never / sizeof *never; i++)
    if (never[i] == kind && !mdl_is_float(dtype)) return false;
  for (size_t i = 0; i < sizeof ordered / sizeof *ordered; i++)
    if (ordered[i] == kind && mdl_is_unsigned(dtype)) return false;
  if (kind == MDL_OP_fma && !n->machine->fma) return false;
  return kind != MDL_OP_convert || !mdl_is_unsigned(mdl_nest_type(n, mdl_result(op, 0))->dtype);
}

static bool map_has_lanes(MdlNest *n, MlirOperation op, MdlOp kind, int axis, int bytes)
{
  if (!row_has_lanes(n, op, kind)) return false;
  for (int i = 0; i < mdl_operand_count(op); i++) {
    const MdlType *type = mdl_nest_type(n, mdl_operand(op, i));
    if (type->dtype != MDL_bool && bytes_of(type->dtype) != bytes) return false;
    if (!mdl_nest_lanes(n, mdl_operand(op, i), axis, bytes)) return false;
  }
  return true;
}

static bool is_untouched(MdlNest *n, MlirOperation op, int axis)
{
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK], *zero = mdl_size_const(n->ir->sizes, 0);
  int64_t inner[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  mdl_get_sizes(&attrs, "lo", lo);
  mdl_get_sizes(&attrs, "hi", hi);
  mdl_get_ints(&attrs, "inner", inner);
  return lo[axis] == zero && hi[axis] == zero && !inner[axis];
}

static bool broadcast_has_lanes(MdlNest *n, MlirOperation op, int axis, int bytes)
{
  MlirValue from = mdl_operand(op, 0);
  const MdlType *a = mdl_nest_type(n, from), *to = mdl_nest_type(n, mdl_result(op, 0));
  int64_t dims[MDL_MAX_RANK];
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int count = mdl_get_ints(&attrs, "dims", dims);
  for (int i = 0; i < count; i++)
    if (dims[i] == axis && a->dim[i] == to->dim[axis]) return mdl_nest_lanes(n, from, i, bytes);
  return true; /* one element for all lanes */
}

static bool reshape_has_lanes(MdlNest *n, MlirOperation op, int axis, int bytes)
{
  MlirValue from = mdl_operand(op, 0);
  const MdlType *a = mdl_nest_type(n, from), *to = mdl_nest_type(n, mdl_result(op, 0));
  if (axis != to->rank - 1 || !a->rank || a->dim[a->rank - 1] != to->dim[axis]) return false;
  return mdl_nest_lanes(n, from, a->rank - 1, bytes);
}

static bool move_has_lanes(MdlNest *n, MlirOperation op, MdlOp kind, int axis, int bytes)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  MlirValue a = mdl_operand(op, 0);
  int64_t list[MDL_MAX_RANK];
  int count;
  switch (kind) {
  case MDL_OP_broadcast:
    return broadcast_has_lanes(n, op, axis, bytes);
  case MDL_OP_reshape:
    return reshape_has_lanes(n, op, axis, bytes);
  case MDL_OP_transpose:
    mdl_get_ints(&attrs, "perm", list);
    return mdl_nest_lanes(n, a, (int)list[axis], bytes);
  case MDL_OP_slice:
    mdl_get_ints(&attrs, "step", list);
    return list[axis] == 1 && mdl_nest_lanes(n, a, axis, bytes);
  case MDL_OP_dynamic_slice:
    return mdl_nest_lanes(n, a, axis, bytes);
  case MDL_OP_reverse:
    count = mdl_get_ints(&attrs, "axes", list);
    for (int i = 0; i < count; i++)
      if (list[i] == axis) return false;
    return mdl_nest_lanes(n, a, axis, bytes);
  case MDL_OP_pad:
    return is_untouched(n, op, axis) && mdl_nest_lanes(n, a, axis, bytes);
  case MDL_OP_concat:
    return mdl_get_int(&attrs, "axis") != axis && mdl_nest_lanes(n, a, axis, bytes) &&
           mdl_nest_lanes(n, mdl_operand(op, 1), axis, bytes);
  case MDL_OP_dynamic_update:
    return mdl_get_int(&attrs, "axis") != axis && mdl_nest_lanes(n, a, axis, bytes) &&
           mdl_nest_lanes(n, mdl_operand(op, 2), axis, bytes);
  default:
    return false;
  }
}

/* Lanes behind the gathered axis run along a's own. */
static bool gather_has_lanes(MdlNest *n, MlirOperation op, int axis, int bytes)
{
  MdlAttrs attrs = mdl_attrs_of(n->ir, op);
  int at = (int)mdl_get_int(&attrs, "axis"), batch = (int)mdl_get_int(&attrs, "batch");
  int indices = mdl_nest_type(n, mdl_operand(op, 1))->rank - batch;
  if (axis < at + indices) return false;
  return mdl_nest_lanes(n, mdl_operand(op, 0), axis - indices + 1, bytes);
}

bool mdl_nest_lanes(MdlNest *n, MlirValue tensor, int axis, int bytes)
{
  const MdlType *type = mdl_nest_type(n, tensor);
  MlirOperation op = mdl_def(tensor);
  if (!type->rank) return type->dtype == MDL_bool || bytes_of(type->dtype) == bytes;
  if (type->dtype != MDL_bool && bytes_of(type->dtype) != bytes) return false;
  if (mdl_is_null(op)) return axis == type->rank - 1 && bytes_of(type->dtype) == bytes;
  if (mdl_same_op(op, n->seed)) return true;
  MdlOp kind = mdl_op(n->ir, op);
  switch (mdl_op_info(kind)->class) {
  case MDL_CLASS_map:
    return map_has_lanes(n, op, kind, axis, bytes);
  case MDL_CLASS_leaf:
    return kind == MDL_OP_const || kind == MDL_OP_size ||
           (kind == MDL_OP_iota && mdl_op_int(op, "axis", -1) != axis);
  case MDL_CLASS_move:
    return move_has_lanes(n, op, kind, axis, bytes);
  case MDL_CLASS_gather:
    return gather_has_lanes(n, op, axis, bytes);
  default:
    return false;
  }
}

bool mdl_nest_lanes_out(MdlNest *n, int axis, int bytes)
{
  MlirOperation end = mdl_terminator(mdl_body(n->group, 0));
  for (int i = 0; i < mdl_operand_count(end); i++) {
    const MdlType *type = mdl_nest_type(n, mdl_operand(end, i));
    if (axis != type->rank - 1 || bytes_of(type->dtype) != bytes) return false;
    if (!mdl_nest_lanes(n, mdl_operand(end, i), axis, bytes)) return false;
  }
  return true;
}

/* ---- maps -------------------------------------------------------------------------------- */

static bool same_dims(const MdlType *a, const MdlType *b)
{
  return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

/* Does every op read its operands where it writes its result, so that one axis can stand for all?
 */
static bool is_flat(MdlNest *n, const MdlType *shape)
{
  MlirBlock body = mdl_body(n->group, 0);
  MlirOperation end = mdl_terminator(body);
  if (shape->rank < 2) return false;
  for (int i = 0; i < mdl_arg_count(body); i++) {
    const MdlType *type = mdl_nest_type(n, mdl_arg(body, i));
    if (type->rank && !same_dims(type, shape)) return false;
  }
  for (MlirOperation op = mdl_first(body); !mdl_same_op(op, end); op = mdl_next(op)) {
    MdlOp kind = mdl_op(n->ir, op);
    const MdlOpInfo *row = mdl_op_info(kind);
    bool splat = kind == MDL_OP_const || kind == MDL_OP_size ||
                 (kind == MDL_OP_broadcast && !mdl_nest_type(n, mdl_operand(op, 0))->rank);
    if (mdl_same_op(op, n->seed)) continue;
    if (!splat && row->class != MDL_CLASS_map) return false;
    const MdlType *type = mdl_nest_type(n, mdl_result(op, 0));
    if (type->rank && !same_dims(type, shape)) return false;
  }
  return true;
}

static MlirValue flat_extent(MdlNest *n, const MdlType *type)
{
  const MdlSize *count = mdl_type_elements(n->ir->sizes, type);
  if (!count) MDL_BUG(n->ir->session, "the size of a tensor overflows");
  return mdl_nest_extent(n, count);
}

static int lanes_for(MdlNest *n, int bytes)
{
  return bytes < 4 ? 1 : n->machine->vector_bytes / bytes;
}

static void nest_map(MdlNest *n)
{
  MlirOperation end = mdl_terminator(mdl_body(n->group, 0));
  const MdlType *type = mdl_nest_type(n, mdl_operand(end, 0));
  MlirValue extent[MDL_MAX_RANK];
  int bytes = bytes_of(type->dtype), rank = n->flat ? 1 : type->rank;
  for (int i = 0; i < rank; i++) extent[i] = mdl_nest_extent(n, type->dim[i]);
  if (n->flat) extent[0] = flat_extent(n, type);
  n->width = lanes_for(n, bytes);
  bool lanes = type->rank && n->width > 1 && mdl_nest_lanes_out(n, type->rank - 1, bytes);
  MdlSpace space;
  MdlPoint p;
  mdl_space_begin(n, &space, rank, extent, lanes);
  while (mdl_space_next(n, &space, &p)) mdl_nest_finish(n, &p);
}

/* ---- the function ------------------------------------------------------------------------ */

typedef struct Signature {
  int count, results;
  MlirType *arg, *result;
  const char **name;
} Signature;

static void add_arg(Signature *s, MlirType type, const char *name)
{
  s->arg[s->count] = type;
  s->name[s->count++] = name;
}

static MlirType arg_type(MdlNest *n, const MdlType *type)
{
  return type->rank ? mdl_loop_pointer_type(n->ir, type->dtype)
                    : mdl_loop_value_type(n->ir, type->dtype, 1);
}

/* Sizes, operands, memory of results. */
static void declare(MdlNest *n, int sizes, const char **size)
{
  MlirBlock body = mdl_body(n->group, 0);
  MlirOperation end = mdl_terminator(body);
  int args = mdl_arg_count(body), roots = mdl_operand_count(end);
  size_t most = (size_t)(sizes + args + roots);
  Signature s = {0, 0, MDL_NEW(n->ir->arena, MlirType, most), MDL_NEW(n->ir->arena, MlirType, most),
                 MDL_NEW(n->ir->arena, const char *, most)};
  for (int i = 0; i < sizes; i++) add_arg(&s, n->ir->scalar[MDL_index], size[i]);
  for (int i = 0; i < args; i++)
    add_arg(&s, arg_type(n, mdl_nest_type(n, mdl_arg(body, i))),
            mdl_value_name(n->ir, mdl_arg(body, i)));
  for (int i = 0; i < roots; i++) {
    const MdlType *type = mdl_nest_type(n, mdl_operand(end, i));
    const char *name = mdl_value_name(n->ir, mdl_operand(end, i));
    if (!type->rank)
      s.result[s.results++] = arg_type(n, type);
    else if (mdl_group_in_place(n->group, i) < 0)
      add_arg(&s, arg_type(n, type), name ? name : "y");
  }
  MdlFunc func = {.symbol = mdl_op_text(n->ir, n->group, "sym_name"),
                  .is_private = true,
                  .define = true,
                  .args = s.count,
                  .arg = s.arg,
                  .arg_name = s.name,
                  .results = s.results,
                  .result = s.result,
                  .at = mdl_location_of(n->group)};
  n->func = mdl_build_func(n->ir, n->pass->module, &func);
  mdl_loop_noalias(n->ir, n->func);
}

static MlirValue shaped(MdlNest *n, MlirValue pointer, const MdlType *type)
{
  MlirValue extent[MDL_MAX_RANK];
  MdlLoopType memory = mdl_extent_memory(type);
  int count = mdl_extent_values(&n->extents, type, extent);
  if (n->flat) {
    const MdlSize *all = mdl_type_elements(n->ir->sizes, type);
    memory.rank = 1;
    count = !mdl_size_is_const(all, &memory.dim[0]);
    if (count) memory.dim[0] = -1, extent[0] = mdl_nest_extent(n, all);
  }
  return mdl_loop_shape(&n->b, pointer, &memory, extent);
}

static void bind(MdlNest *n, int sizes, const char **size)
{
  MlirBlock from = mdl_body(n->group, 0), to = mdl_body(n->func, 0);
  MlirOperation end = mdl_terminator(from);
  int next = 0;
  for (int i = 0; i < sizes; i++) mdl_extent_bind(&n->extents, size[i], mdl_arg(to, next++));
  for (int i = 0; i < mdl_arg_count(from); i++, next++) {
    MlirValue inside = mdl_arg(from, i), given = mdl_arg(to, next);
    const MdlType *type = mdl_nest_type(n, inside);
    if (type->rank)
      mdl_map_set(n->memory, inside.ptr, (void *)shaped(n, given, type).ptr);
    else
      mdl_map_set(n->scalars, inside.ptr, (void *)given.ptr);
  }
  for (int i = 0; i < mdl_operand_count(end); i++) {
    MlirValue root = mdl_operand(end, i);
    const MdlType *type = mdl_nest_type(n, root);
    int same = mdl_group_in_place(n->group, i);
    if (!type->rank) continue;
    MlirValue memory = same >= 0 ? (MlirValue){mdl_map_get(n->memory, mdl_arg(from, same).ptr)}
                                 : shaped(n, mdl_arg(to, next++), type);
    mdl_map_set(n->memory, root.ptr, (void *)memory.ptr);
  }
}

static MlirOperation seed_of(MdlNest *n)
{
  MlirBlock body = mdl_body(n->group, 0);
  for (MlirOperation op = mdl_first(body); !mdl_is_null(op); op = mdl_next(op))
    if (mdl_nest_of(mdl_op(n->ir, op))) return op;
  return (MlirOperation){NULL};
}

/* What flat access is measured by: a whole reduction's operand, else the result. */
static const MdlType *flat_shape(MdlNest *n)
{
  MlirOperation end = mdl_terminator(mdl_body(n->group, 0));
  if (mdl_is_null(n->seed)) return mdl_nest_type(n, mdl_operand(end, 0));
  const MdlType *result = mdl_nest_type(n, mdl_result(n->seed, 0));
  MdlOp kind = mdl_op(n->ir, n->seed);
  bool whole = mdl_nest_of(kind) == mdl_nest_reduce && !result->rank;
  return whole ? mdl_nest_type(n, mdl_operand(n->seed, 0)) : NULL;
}

MlirOperation mdl_group_lower(MdlPass *pass, MlirOperation group)
{
  MdlIr *ir = pass->ir;
  MdlNest n = {.pass = pass, .ir = ir, .machine = pass->options->machine, .group = group};
  const char **size;
  int sizes = mdl_group_sizes(ir, group, &size);
  n.width = 1;
  n.memory = mdl_map_create(ir->arena);
  n.scalars = mdl_map_create(ir->arena);
  n.seed = seed_of(&n);
  const MdlType *shape = flat_shape(&n);
  n.flat = shape && is_flat(&n, shape);
  declare(&n, sizes, size);
  MlirLocation at = mdl_location_named(ir, mdl_location_of(group), NULL);
  n.b = mdl_builder_at_end(ir, mdl_body(n.func, 0), at);
  MlirOperation anchor = mdl_def(mdl_loop_number(&n.b, MDL_index, 1, 0, 0));
  n.extents = mdl_extents_create(mdl_builder_before(ir, anchor));
  n.extents.top.at = at;
  bind(&n, sizes, size);
  if (mdl_is_null(n.seed))
    nest_map(&n);
  else
    mdl_nest_of(mdl_op(ir, n.seed))(&n, n.seed);
  int returned = mdl_func_results(n.func);
  n.b.at = at;
  mdl_build_return(&n.b, returned, n.returned);
  mdl_erase(ir, anchor);
  const char *doc = mdl_op_text(ir, group, "mdl.doc");
  if (doc) mdl_op_set_text(ir, n.func, "mdl.doc", doc);
  return n.func;
}
