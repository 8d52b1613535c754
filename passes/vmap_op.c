/* vmap of single ops by shifting what counts axes. */
#include "passes/vmap_rules.h"

#include "passes/reach.h"

#include <string.h>

static MdlVmapOfOp *const special[MDL_OP_ALL] = {
    [MDL_OP_pad] = mdl_vmap_pad,
    [MDL_OP_dynamic_slice] = mdl_vmap_dynamic_slice,
    [MDL_OP_dynamic_update] = mdl_vmap_dynamic_update,
    [MDL_OP_gather] = mdl_vmap_gather,
    [MDL_OP_scatter] = mdl_vmap_scatter,
    [MDL_OP_scatter_add] = mdl_vmap_scatter,
    [MDL_OP_scatter_mul] = mdl_vmap_scatter,
    [MDL_OP_scatter_max] = mdl_vmap_scatter,
    [MDL_OP_scatter_min] = mdl_vmap_scatter,
    [MDL_OP_dot] = mdl_vmap_dot,
    [MDL_OP_conv] = mdl_vmap_conv,
    [MDL_OP_check] = mdl_vmap_check,
    [MDL_OP_print] = mdl_vmap_print,
    [MDL_OP_if] = mdl_vmap_if,
    [MDL_OP_for] = mdl_vmap_for,
    [MDL_OP_while] = mdl_vmap_while,
    [MDL_OP_call] = mdl_vmap_call,
};

/* ---- attributes -------------------------------------------------------------------------- */

/* What one entry per axis says of the lanes: each by itself, all of them. */
static int64_t neutral(const char *name) { return strcmp(name, "inner") ? 1 : 0; }

static void shift_ints(MdlAttrs *to, const MdlAttrs *from, const MdlAttrInfo *attr, bool is_target)
{
  int64_t list[MDL_MAX_RANK + 1];
  int count = mdl_get_ints(from, attr->name, list + 1);
  bool counts_axes = attr->kind != MDL_ATTR_dims || is_target;
  for (int i = 1; i <= count && counts_axes; i++) list[i]++;
  list[0] = counts_axes ? 0 : neutral(attr->name);
  bool leads = attr->kind != MDL_ATTR_axes;
  mdl_put_ints(to, attr->name, count + leads, leads ? list : list + 1);
}

static void shift_sizes(MdlVmap *v, MdlAttrs *to, const MdlAttrs *from, const MdlAttrInfo *attr)
{
  const MdlSize *list[MDL_MAX_RANK + 1];
  int count = mdl_get_sizes(from, attr->name, list + 1);
  list[0] = strcmp(attr->name, "limit") ? mdl_size_const(v->ir->sizes, 0) : v->size;
  mdl_put_sizes(to, attr->name, count + 1, list);
}

MdlAttrs mdl_vmap_attrs(MdlVmap *v, MlirOperation op)
{
  MdlAttrs from = mdl_attrs_of(v->ir, op), to = mdl_attrs_none(v->ir);
  MdlOp kind = mdl_op(v->ir, op);
  const MdlOpInfo *row = mdl_op_info(kind);
  for (int i = 0; i < row->attrs; i++) {
    const MdlAttrInfo *attr = &row->attr[i];
    switch (attr->kind) {
    case MDL_ATTR_axis:
      mdl_put_int(&to, attr->name, mdl_get_int(&from, attr->name) + 1);
      break;
    case MDL_ATTR_axes:
    case MDL_ATTR_perm:
    case MDL_ATTR_dims:
      shift_ints(&to, &from, attr, kind == MDL_OP_broadcast);
      break;
    case MDL_ATTR_sizes:
      shift_sizes(v, &to, &from, attr);
      break;
    case MDL_ATTR_pairs:
    case MDL_ATTR_int:
    case MDL_ATTR_flag:
    case MDL_ATTR_text:
    case MDL_ATTR_number: /* as it is */
      to.name[to.count] = attr->name;
      for (int k = 0; k < from.count; k++)
        if (!strcmp(from.name[k], attr->name)) to.value[to.count] = from.value[k];
      to.count++;
      break;
    }
  }
  return to;
}

/* ---- building ---------------------------------------------------------------------------- */

void mdl_vmap_build(MdlVmap *v, MlirOperation op, const MlirValue *operand, const MdlAttrs *attrs)
{
  MdlType given = {0};
  if (mdl_result_count(op)) given = mdl_vmap_type(v, mdl_type_of(v->ir, mdl_result(op, 0)));
  MlirOperation now = mdl_build_op(&v->b, mdl_op(v->ir, op), mdl_operand_count(op), operand, attrs,
                                   mdl_result_count(op) ? &given : NULL);
  for (int i = 0; i < mdl_result_count(op); i++)
    mdl_vmap_set(v, mdl_result(op, i), mdl_result(now, i));
}

static void shift(MdlVmap *v, MlirOperation op)
{
  MlirValue operand[MDL_MAX_OPERANDS];
  MdlAttrs attrs = mdl_vmap_attrs(v, op);
  for (int i = 0; i < mdl_operand_count(op); i++)
    operand[i] = mdl_vmap_lanes(v, mdl_operand(op, i));
  mdl_vmap_build(v, op, operand, &attrs);
}

/* ---- one op ------------------------------------------------------------------------------ */

static bool uses_no_lanes(void *user, MlirOperation op)
{
  const MdlVmap *v = user;
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (mdl_is_mapped(v, mdl_operand(op, i))) return false;
  return true;
}

/* The same for all lanes: nothing in it has lanes, and it has no effect that some must not have. */
static bool is_common(MdlVmap *v, MlirOperation op)
{
  for (int i = 0; i < mdl_result_count(op); i++)
    if (mdl_is_mapped(v, mdl_result(op, i))) return false;
  if (!mdl_walk(op, uses_no_lanes, v)) return false;
  return mdl_is_no_value(v->mask) || !mdl_has_effects(v->pass, op, v->effects);
}

static bool is_too_deep(MdlVmap *v, MlirOperation op)
{
  for (int i = 0; i < mdl_result_count(op); i++) {
    const MdlType *type = mdl_type_of(v->ir, mdl_result(op, i));
    if (!mdl_is_mapped(v, mdl_result(op, i)) || type->rank < v->ir->session->limits.rank) continue;
    mdl_error(v->ir->session, MDL_E0903, mdl_span_of(v->ir, op),
              mdl_text(v->ir->arena, "%d", v->ir->session->limits.rank), "axes");
    v->failed = true;
    return true;
  }
  return false;
}

void mdl_vmap_op(MdlVmap *v, MlirOperation op)
{
  MdlOp kind = mdl_op(v->ir, op);
  v->b.at = mdl_location_named(v->ir, mdl_location_of(op), NULL);
  if (is_common(v, op))
    mdl_clone_op(&v->b, op, v->value, NULL, NULL);
  else if (is_too_deep(v, op))
    return;
  else if (special[kind])
    mdl_vmap_guarded(v, op, special[kind]);
  else
    shift(v, op);
}

void mdl_vmap_block(MdlVmap *v, MlirBlock block)
{
  MlirOperation end = mdl_terminator(block);
  for (MlirOperation op = mdl_first(block); !mdl_same_op(op, end) && !v->failed; op = mdl_next(op))
    mdl_vmap_op(v, op);
}

/* ---- one lane after the other ------------------------------------------------------------ */

bool mdl_vmap_is_empty(const MdlVmap *v)
{
  int64_t lanes;
  return mdl_size_is_const(v->size, &lanes) && !lanes;
}

MlirValue mdl_vmap_lane(MdlVmap *v, MlirValue now, MlirValue i)
{
  MdlType one = *mdl_type_of(v->ir, now), inner = mdl_type_scalar(one.dtype);
  for (int k = 1; k < one.rank; k++) inner.dim[inner.rank++] = one.dim[k];
  one.dim[0] = mdl_size_const(v->ir->sizes, 1);
  MdlAttrs attrs = mdl_attrs_none(v->ir);
  mdl_put_int(&attrs, "axis", 0);
  MlirValue operand[] = {now, i};
  MlirOperation slice = mdl_build_op(&v->b, MDL_OP_dynamic_slice, 2, operand, &attrs, &one);
  return mdl_build_reshape(&v->b, mdl_result(slice, 0), &inner);
}

static MlirValue put_lane(MdlVmap *v, MlirValue all, MlirValue i, MlirValue lane)
{
  MdlType one = *mdl_type_of(v->ir, all);
  one.dim[0] = mdl_size_const(v->ir->sizes, 1);
  MdlAttrs attrs = mdl_attrs_none(v->ir);
  mdl_put_int(&attrs, "axis", 0);
  MlirValue operand[] = {all, i, mdl_build_reshape(&v->b, lane, &one)};
  return mdl_result(mdl_build_op(&v->b, MDL_OP_dynamic_update, 3, operand, &attrs, NULL), 0);
}

void mdl_vmap_by_lane(MdlVmap *v, MlirOperation op)
{
  MdlType index = mdl_type_scalar(MDL_index);
  MdlType type = mdl_vmap_type(v, mdl_type_of(v->ir, mdl_result(op, 0)));
  MlirValue all = mdl_build_const(&v->b, &type, 0);
  if (mdl_vmap_is_empty(v)) {
    mdl_vmap_set(v, mdl_result(op, 0), all);
    return;
  }
  MlirValue lo = mdl_build_const_int(&v->b, &index, 0);
  MlirValue hi = mdl_build_size(&v->b, v->size, MDL_index);
  MlirOperation loop = mdl_build_for(&v->b, lo, hi, 1, &all);
  MdlBuilder outer = v->b;
  v->b = mdl_builder_at_end(v->ir, mdl_body(loop, 0), v->b.at);
  MlirValue i = mdl_arg(mdl_body(loop, 0), 0);
  MdlMap *values = mdl_map_create(v->ir->arena);
  for (int k = 0; k < mdl_operand_count(op); k++) {
    MlirValue operand = mdl_operand(op, k), now = mdl_vmap_value(v, operand);
    mdl_map_value_set(values, operand, mdl_is_mapped(v, operand) ? mdl_vmap_lane(v, now, i) : now);
  }
  MlirOperation one = mdl_clone_op(&v->b, op, values, NULL, NULL);
  MlirValue next = put_lane(v, mdl_arg(mdl_body(loop, 0), 1), i, mdl_result(one, 0));
  mdl_build_yield(&v->b, 1, &next);
  v->b = outer;
  mdl_vmap_set(v, mdl_result(op, 0), mdl_result(loop, 0));
}
