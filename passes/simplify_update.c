/* Updates of a part of a tensor: kept as small as the part. */
#include "passes/simplify.h"

/* Of where(mask, update of a, a): the mask is the same all along what is updated. */
typedef struct Update {
  MlirOperation op;
  MlirValue a, at, part, mask; /* mask: before its broadcast along axes `dims` */
  int dims;
  int64_t dim[MDL_MAX_RANK];
} Update;

static bool read_update(MdlSimplify *s, MlirOperation where, Update *u)
{
  u->op = mdl_def(mdl_operand(where, 1));
  MdlOp kind = mdl_def_op(s->ir, mdl_operand(where, 1));
  if (kind != MDL_OP_dynamic_update && kind != MDL_OP_scatter) return false;
  u->a = mdl_operand(u->op, 0), u->at = mdl_operand(u->op, 1), u->part = mdl_operand(u->op, 2);
  if (!mdl_same(mdl_operand(where, 2), u->a) || mdl_use_count(mdl_result(u->op, 0)) != 1)
    return false;
  MlirOperation mask = mdl_def_of_kind(s->ir, mdl_operand(where, 0), MDL_OP_broadcast);
  if (mdl_is_null(mask)) return false;
  u->mask = mdl_operand(mask, 0);
  u->dims = mdl_axes_of(s->ir, mask, "dims", u->dim);
  MdlAttrs attrs = mdl_attrs_of(s->ir, u->op);
  int64_t axis = mdl_get_int(&attrs, "axis"); /* those before it stand alike in a and the part */
  const MdlType *small = mdl_type_of(s->ir, u->mask), *big = mdl_type_of(s->ir, u->a);
  for (int i = 0; i < u->dims; i++)
    if (u->dim[i] >= axis || small->dim[i] != big->dim[u->dim[i]]) return false;
  return true;
}

/* What is there now, where the update goes. */
static MlirValue read_part(MdlSimplify *s, const Update *u)
{
  MdlAttrs attrs = mdl_attrs_of(s->ir, u->op);
  MlirValue operand[] = {u->a, u->at};
  bool is_window = mdl_op(s->ir, u->op) == MDL_OP_dynamic_update;
  return mdl_result(mdl_build_op(&s->b, is_window ? MDL_OP_dynamic_slice : MDL_OP_gather, 2,
                                 operand, &attrs, mdl_type_of(s->ir, u->part)),
                    0);
}

/* where(mask, update(a, at, part), a) is update(a, at, where(mask, part, what is there)): the work
 * of the part, not of the whole. Out of range nothing is put, whatever was read. */
static MlirValue choose_part(MdlSimplify *s, const Update *u)
{
  const MdlType *type = mdl_type_of(s->ir, u->part);
  MdlType mask_type = mdl_type_with(type, MDL_bool);
  MlirValue mask = mdl_build_broadcast(&s->b, u->mask, &mask_type, u->dims, u->dim);
  MlirValue part = mdl_build(&s->b, MDL_OP_where, mask, u->part, read_part(s, u));
  MdlAttrs attrs = mdl_attrs_of(s->ir, u->op);
  MlirValue operand[] = {u->a, u->at, part};
  return mdl_result(mdl_build_op(&s->b, mdl_op(s->ir, u->op), 3, operand, &attrs, NULL), 0);
}

MlirValue mdl_simplify_where(MdlSimplify *s, MlirOperation op)
{
  Update u;
  return read_update(s, op, &u) ? choose_part(s, &u) : MDL_NO_VALUE;
}

/* ---- indices that all lanes share -------------------------------------------------------- */

/* Indices broadcast along the axes that are walked with a's: one list for all of them. */
static bool shared_indices(MdlSimplify *s, MlirValue indices, int batch, MlirValue *list)
{
  MlirOperation of = mdl_def_of_kind(s->ir, indices, MDL_OP_broadcast);
  if (mdl_is_null(of) || !batch) return false;
  int64_t dims[MDL_MAX_RANK];
  const MdlType *type = mdl_type_of(s->ir, indices);
  MlirValue small = mdl_operand(of, 0);
  int count = mdl_axes_of(s->ir, of, "dims", dims);
  for (int i = 0; i < count; i++)
    if (dims[i] < batch) return false;
  MdlType rest = mdl_type_scalar(type->dtype);
  for (int i = batch; i < type->rank; i++) rest.dim[rest.rank++] = type->dim[i];
  for (int i = 0; i < count; i++) dims[i] -= batch;
  *list = mdl_type_equal(mdl_type_of(s->ir, small), &rest)
              ? small
              : mdl_build_broadcast(&s->b, small, &rest, count, dims);
  return true;
}

MlirValue mdl_simplify_indices(MdlSimplify *s, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(s->ir, op), now = mdl_attrs_none(s->ir);
  MlirValue operand[MDL_MAX_OPERANDS];
  for (int i = 0; i < mdl_operand_count(op); i++) operand[i] = mdl_operand(op, i);
  if (!shared_indices(s, operand[1], (int)mdl_get_int(&attrs, "batch"), &operand[1]))
    return MDL_NO_VALUE;
  mdl_put_int(&now, "axis", mdl_get_int(&attrs, "axis"));
  mdl_put_int(&now, "batch", 0);
  return mdl_result(
      mdl_build_op(&s->b, mdl_op(s->ir, op), mdl_operand_count(op), operand, &now, NULL), 0);
}

/* Along an axis of 1 the only index is 0. */
MlirValue mdl_simplify_iota(MdlSimplify *s, MlirOperation op)
{
  MdlAttrs attrs = mdl_attrs_of(s->ir, op);
  const MdlType *type = mdl_type_of(s->ir, mdl_result(op, 0));
  if (!mdl_dim_is(type, (int)mdl_get_int(&attrs, "axis"), 1)) return MDL_NO_VALUE;
  return mdl_build_const_int(&s->b, type, 0);
}
