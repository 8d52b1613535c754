/* Chains of broadcasts, reshapes, transposes and conversions. */
#include "passes/simplify.h"

#include <string.h>

MlirOperation mdl_def_of_kind(MdlIr *ir, MlirValue value, MdlOp kind)
{
  return mdl_def_op(ir, value) == kind ? mdl_def(value) : (MlirOperation){NULL};
}

int mdl_axes_of(MdlIr *ir, MlirOperation op, const char *name, int64_t *axes)
{
  MdlAttrs attrs = mdl_attrs_of(ir, op);
  return mdl_get_ints(&attrs, name, axes);
}

bool mdl_dim_is(const MdlType *type, int axis, int64_t number)
{
  int64_t n;
  return mdl_size_is_const(type->dim[axis], &n) && n == number;
}

static const MdlType *type_of(MdlSimplify *s, MlirOperation op)
{
  return mdl_type_of(s->ir, mdl_result(op, 0));
}

/* ---- broadcast --------------------------------------------------------------------------- */

/* If `to` is `from` with axes of 1 put in: place[i] is where axis i of `from` stands. */
static bool adds_ones(const MdlType *from, const MdlType *to, int64_t *place)
{
  int i = 0;
  for (int k = 0; k < to->rank; k++) {
    if (i < from->rank && from->dim[i] == to->dim[k])
      place[i++] = k;
    else if (!mdl_dim_is(to, k, 1))
      return false;
  }
  return i == from->rank;
}

MlirValue mdl_simplify_broadcast(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  const MdlType *type = type_of(s, op), *from = mdl_type_of(s->ir, a);
  int64_t dims[MDL_MAX_RANK], inner[MDL_MAX_RANK];
  if (mdl_type_equal(type, from)) return a;
  mdl_axes_of(s->ir, op, "dims", dims);
  MlirOperation of = mdl_def_of_kind(s->ir, a, MDL_OP_broadcast);
  if (!mdl_is_null(of)) {
    mdl_axes_of(s->ir, of, "dims", inner);
  } else {
    of = mdl_def_of_kind(s->ir, a, MDL_OP_reshape);
    if (mdl_is_null(of)) return MDL_NO_VALUE;
    if (!adds_ones(mdl_type_of(s->ir, mdl_operand(of, 0)), from, inner)) return MDL_NO_VALUE;
  }
  a = mdl_operand(of, 0);
  int rank = mdl_type_of(s->ir, a)->rank;
  for (int i = 0; i < rank; i++) inner[i] = dims[inner[i]];
  return mdl_build_broadcast(&s->b, a, type, rank, inner);
}

/* Are both broadcasts of one shape along the same axes? */
static bool same_stretch(MdlSimplify *s, MlirOperation a, MlirOperation b)
{
  const MdlType *x = mdl_type_of(s->ir, mdl_operand(a, 0));
  const MdlType *y = mdl_type_of(s->ir, mdl_operand(b, 0));
  MdlType as_x = mdl_type_with(y, x->dtype);
  int64_t i[MDL_MAX_RANK], k[MDL_MAX_RANK];
  int n = mdl_axes_of(s->ir, a, "dims", i);
  return mdl_type_equal(x, &as_x) && n == mdl_axes_of(s->ir, b, "dims", k) &&
         (n == 0 || !memcmp(i, k, (size_t)n * sizeof *i));
}

/* The broadcast that all operands but constants are; null if they differ. */
static MlirOperation common_broadcast(MdlSimplify *s, MlirOperation op)
{
  MlirOperation first = {NULL};
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MdlOp kind = mdl_def_op(s->ir, mdl_operand(op, i));
    MlirOperation def = mdl_def(mdl_operand(op, i));
    if (kind == MDL_OP_const) continue;
    if (kind != MDL_OP_broadcast) return (MlirOperation){NULL};
    if (mdl_is_null(first)) first = def;
    if (!same_stretch(s, first, def)) return (MlirOperation){NULL};
  }
  return first;
}

MlirValue mdl_simplify_map(MdlSimplify *s, MlirOperation op)
{
  MlirOperation broadcast = common_broadcast(s, op);
  if (mdl_is_null(broadcast)) return MDL_NO_VALUE;
  const MdlType *shape = mdl_type_of(s->ir, mdl_operand(broadcast, 0)), *type = type_of(s, op);
  MlirValue operand[MDL_MAX_OPERANDS];
  for (int i = 0; i < mdl_operand_count(op); i++) {
    operand[i] = mdl_operand(op, i);
    if (mdl_def_op(s->ir, operand[i]) == MDL_OP_broadcast) {
      operand[i] = mdl_operand(mdl_def(operand[i]), 0);
    } else {
      MdlType small = mdl_type_with(shape, mdl_type_of(s->ir, operand[i])->dtype);
      MdlAttrs value = mdl_attrs_of(s->ir, mdl_def(operand[i]));
      operand[i] = mdl_result(mdl_build_op(&s->b, MDL_OP_const, 0, NULL, &value, &small), 0);
    }
  }
  MdlType small = mdl_type_with(shape, type->dtype);
  MlirOperation map =
      mdl_build_op(&s->b, mdl_op(s->ir, op), mdl_operand_count(op), operand, NULL, &small);
  int64_t dims[MDL_MAX_RANK];
  int count = mdl_axes_of(s->ir, broadcast, "dims", dims);
  return mdl_build_broadcast(&s->b, mdl_result(map, 0), type, count, dims);
}

/* ---- reshape, transpose ------------------------------------------------------------------ */

MlirValue mdl_simplify_reshape(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  const MdlType *type = type_of(s, op);
  if (mdl_type_equal(type, mdl_type_of(s->ir, a))) return a;
  MlirOperation of = mdl_def_of_kind(s->ir, a, MDL_OP_reshape);
  if (!mdl_is_null(of)) return mdl_build_reshape(&s->b, mdl_operand(of, 0), type);
  of = mdl_def_of_kind(s->ir, a, MDL_OP_broadcast);
  if (mdl_is_null(of)) return MDL_NO_VALUE;
  MlirValue small = mdl_operand(of, 0);
  int64_t place[MDL_MAX_RANK];
  const MdlType *from = mdl_type_of(s->ir, small);
  if (adds_ones(from, mdl_type_of(s->ir, a), place)) return mdl_build_reshape(&s->b, small, type);
  if (from->rank == 0) return mdl_build_splat(&s->b, small, type);
  return MDL_NO_VALUE;
}

static bool is_identity(int count, const int64_t *perm)
{
  for (int i = 0; i < count; i++)
    if (perm[i] != i) return false;
  return true;
}

/* transpose(broadcast(a)) where a's axes stay in order is one broadcast. */
static MlirValue transposed_broadcast(MdlSimplify *s, MlirOperation broadcast, int rank,
                                      const int64_t *perm, const MdlType *type)
{
  int64_t dims[MDL_MAX_RANK], place[MDL_MAX_RANK];
  int count = mdl_axes_of(s->ir, broadcast, "dims", dims);
  for (int i = 0; i < rank; i++) place[perm[i]] = i;
  for (int i = 0; i < count; i++) {
    dims[i] = place[dims[i]];
    if (i && dims[i] <= dims[i - 1]) return MDL_NO_VALUE;
  }
  return mdl_build_broadcast(&s->b, mdl_operand(broadcast, 0), type, count, dims);
}

/* A product of two matrices transposed is the product of the other order: dot's result has a's free
 * axes before b's, after the batch. */
static MlirValue transposed_dot(MdlSimplify *s, MlirOperation dot, int rank, const int64_t *perm)
{
  MdlAttrs attrs = mdl_attrs_of(s->ir, dot);
  MlirValue a = mdl_operand(dot, 0), b = mdl_operand(dot, 1);
  int64_t ac[MDL_MAX_RANK], bc[MDL_MAX_RANK], ab[MDL_MAX_RANK], bb[MDL_MAX_RANK];
  int contracted = mdl_get_pairs(&attrs, "contract", ac, bc);
  int batched = mdl_get_pairs(&attrs, "batch", ab, bb);
  int a_free = mdl_type_of(s->ir, a)->rank - contracted - batched;
  int b_free = mdl_type_of(s->ir, b)->rank - contracted - batched;
  for (int i = 0; i < rank; i++) {
    int wanted = i < batched ? i : i < batched + b_free ? i + a_free : i - b_free;
    if (perm[i] != wanted) return MDL_NO_VALUE;
  }
  return mdl_build_dot(&s->b, b, a, contracted, bc, ac, batched, bb, ab);
}

MlirValue mdl_simplify_transpose(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  int64_t perm[MDL_MAX_RANK], inner[MDL_MAX_RANK];
  int rank = mdl_axes_of(s->ir, op, "perm", perm);
  if (is_identity(rank, perm)) return a;
  MlirOperation of = mdl_def_of_kind(s->ir, a, MDL_OP_transpose);
  if (!mdl_is_null(of)) {
    mdl_axes_of(s->ir, of, "perm", inner);
    for (int i = 0; i < rank; i++) perm[i] = inner[perm[i]];
    return mdl_build_transpose(&s->b, mdl_operand(of, 0), perm);
  }
  of = mdl_def_of_kind(s->ir, a, MDL_OP_broadcast);
  if (!mdl_is_null(of)) return transposed_broadcast(s, of, rank, perm, type_of(s, op));
  of = mdl_def_of_kind(s->ir, a, MDL_OP_dot);
  return mdl_is_null(of) ? MDL_NO_VALUE : transposed_dot(s, of, rank, perm);
}

/* ---- convert ----------------------------------------------------------------------------- */

/* Does every value of `from` have an exact one in `to`? */
static bool holds(MdlDtype to, MdlDtype from)
{
  if (to == MDL_index || from == MDL_index) return false;
  const MdlDtypeInfo *t = &mdl_dtypes[to], *f = &mdl_dtypes[from];
  static const int digits[] = {[MDL_f16] = 11, [MDL_bf16] = 8, [MDL_f32] = 24, [MDL_f64] = 53};
  if (from == MDL_bool) return true;
  if (f->kind == 'f') return to == from || to == MDL_f64 || (to == MDL_f32 && f->bits == 16);
  if (t->kind == 'f') return f->bits - (f->kind == 's') <= digits[to] && to != MDL_f16;
  if (t->kind == f->kind) return t->bits >= f->bits;
  return t->kind == 's' && t->bits > f->bits;
}

MlirValue mdl_simplify_convert(MdlSimplify *s, MlirOperation op)
{
  MlirValue a = mdl_operand(op, 0);
  MdlDtype to = type_of(s, op)->dtype, middle = mdl_type_of(s->ir, a)->dtype;
  if (to == middle) return a;
  MlirOperation of = mdl_def_of_kind(s->ir, a, MDL_OP_convert);
  if (mdl_is_null(of)) return MDL_NO_VALUE;
  MdlDtype from = mdl_type_of(s->ir, mdl_operand(of, 0))->dtype;
  /* Through a float to an integer saturates where the direct way would wrap. */
  bool same_end = from == to || mdl_letter_fits('F', to) || !mdl_letter_fits('F', middle) ||
                  mdl_letter_fits('F', from);
  if (!holds(middle, from) || !same_end || to == MDL_bool) return MDL_NO_VALUE;
  return mdl_build_convert(&s->b, mdl_operand(of, 0), to);
}
