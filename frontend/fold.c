/* Arithmetic on what is known while checking: exact numbers, sizes, constant bools. */
#include "frontend/fold.h"

#include <math.h>
#include <string.h>

static bool operator_of(MdlOp op, MdlOperator *which)
{
  static const struct {
    MdlOp op;
    MdlOperator operator;
  } rows[] = {{MDL_OP_add, MDL_OPERATOR_add}, {MDL_OP_sub, MDL_OPERATOR_sub},
              {MDL_OP_mul, MDL_OPERATOR_mul}, {MDL_OP_div, MDL_OPERATOR_div},
              {MDL_OP_rem, MDL_OPERATOR_rem}, {MDL_OP_pow, MDL_OPERATOR_pow}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (rows[i].op == op) return *which = rows[i].operator, true;
  return false;
}

static MdlVal *truth(MdlSema *s, bool holds, MdlSpan at)
{
  MdlType type = mdl_type_scalar(MDL_bool);
  return mdl_val_core(s, mdl_emit_exact(s, &type, NULL, mdl_exact_int(holds)), at);
}

static bool compare(MdlOp op, int order, bool *holds)
{
  switch (op) {
  case MDL_OP_eq:
    return *holds = order == 0, true;
  case MDL_OP_ne:
    return *holds = order != 0, true;
  case MDL_OP_lt:
    return *holds = order < 0, true;
  case MDL_OP_le:
    return *holds = order <= 0, true;
  case MDL_OP_gt:
    return *holds = order > 0, true;
  case MDL_OP_ge:
    return *holds = order >= 0, true;
  default:
    return false;
  }
}

/* The cell that a result of literals bound to names shares with them. */
static bool shared_cell(int n, MdlVal *const *v, MdlCell **cell)
{
  *cell = NULL;
  for (int i = 0; i < n; i++) {
    MdlCell *c = mdl_cell_of(v[i]->cell);
    MdlDtype dtype;
    if (!c) continue;
    if (mdl_cell_dtype(c, &dtype) && !mdl_is_float(dtype)) return false; /* typed arithmetic */
    if (*cell) mdl_cell_join(*cell, c);
    *cell = c;
  }
  return true;
}

static MdlVal *fold_numbers(MdlSema *s, MdlOp op, int n, MdlVal *const *v, MdlSpan at)
{
  MdlExact result, zero = mdl_exact_int(0);
  MdlOperator which;
  bool holds;
  MdlCell *cell;
  if (!shared_cell(n, v, &cell)) return NULL;
  if (n == 1 && op == MDL_OP_neg && v[0]->number.real == 0)
    result = (MdlExact){false, 0, 1, -v[0]->number.real};
  else if (n == 1 && op == MDL_OP_neg)
    mdl_exact_binary(MDL_OPERATOR_sub, &zero, &v[0]->number, &result);
  else if (n == 2 && compare(op, mdl_exact_compare(&v[0]->number, &v[1]->number), &holds) &&
           v[0]->number.real == v[0]->number.real && v[1]->number.real == v[1]->number.real)
    return truth(s, holds, at);
  else if (n == 2 && (op == MDL_OP_max || op == MDL_OP_min))
    result = (mdl_exact_compare(&v[0]->number, &v[1]->number) > 0) == (op == MDL_OP_max)
                 ? v[0]->number
                 : v[1]->number;
  else if (n != 2 || !operator_of(op, &which) ||
           !mdl_exact_binary(which, &v[0]->number, &v[1]->number, &result))
    return NULL;
  bool finite = isfinite(v[0]->number.real) && (n == 1 || isfinite(v[1]->number.real));
  if (finite && op != MDL_OP_div && !isfinite(result.real)) {
    mdl_error(s->session, MDL_E0902, at, "a constant");
    return mdl_val_poison(s);
  }
  MdlVal *number = mdl_val_number(s, result, at);
  number->cell = cell;
  return number;
}

const MdlSize *mdl_val_size_of(MdlSema *s, const MdlVal *v)
{
  int64_t whole;
  MdlDtype dtype;
  if (v->type->kind == MDL_KIND_size) return v->size;
  if (v->type->kind != MDL_KIND_number || !mdl_exact_is_whole(&v->number, &whole)) return NULL;
  if (v->cell && mdl_cell_dtype(v->cell, &dtype) && !mdl_is_integer(dtype)) return NULL;
  return mdl_size_const(s->sizes, whole);
}

static const MdlSize *power(MdlSema *s, const MdlSize *a, int64_t n)
{
  const MdlSize *product = mdl_size_const(s->sizes, 1);
  if (n < 0 || n > 16) return NULL;
  for (int64_t i = 0; i < n; i++) product = mdl_size_mul(s->sizes, product, a);
  return product;
}

static const MdlSize *fold_size(MdlSema *s, MdlOp op, const MdlSize *a, const MdlSize *b)
{
  int64_t k = 0;
  MdlSizes *z = s->sizes;
  bool is_const = mdl_size_is_const(b, &k);
  switch (op) {
  case MDL_OP_add:
    return mdl_size_add(z, a, b);
  case MDL_OP_sub:
    return mdl_size_sub(z, a, b);
  case MDL_OP_mul:
    return mdl_size_mul(z, a, b);
  case MDL_OP_div:
    if (!is_const || k <= 0 || !mdl_size_is_static(s, a)) return NULL;
    return mdl_size_floor_div(z, a, k);
  case MDL_OP_rem:
    if (!is_const || k <= 0 || !mdl_size_is_static(s, a)) return NULL;
    return mdl_size_sub(z, a, mdl_size_mul(z, mdl_size_floor_div(z, a, k), mdl_size_const(z, k)));
  case MDL_OP_pow:
    return is_const ? power(s, a, k) : NULL;
  default:
    return NULL;
  }
}

static MdlVal *fold_sizes(MdlSema *s, MdlOp op, int n, MdlVal *const *v, MdlSpan at)
{
  const MdlSize *a = mdl_val_size_of(s, v[0]), *b = n == 2 ? mdl_val_size_of(s, v[1]) : NULL;
  int64_t gap;
  bool holds;
  if (!a || (n == 2 && !b)) return NULL;
  if (n == 1 && op == MDL_OP_neg)
    return mdl_val_size(s, mdl_size_sub(s->sizes, mdl_size_const(s->sizes, 0), a), at);
  if (n == 1 && op == MDL_OP_floor) return mdl_val_size(s, a, at); /* floor(N/2): `/` rounds down */
  if (n != 2) return NULL;
  const MdlSize *difference = mdl_size_sub(s->sizes, a, b);
  if (difference && mdl_size_is_const(difference, &gap) &&
      compare(op, (gap > 0) - (gap < 0), &holds))
    return truth(s, holds, at);
  const MdlSize *result = fold_size(s, op, a, b);
  bool is_sum = op == MDL_OP_add || op == MDL_OP_sub || op == MDL_OP_mul;
  bool is_power = op == MDL_OP_pow && mdl_size_is_const(b, &gap) && gap >= 0;
  if (!result && (is_sum || is_power)) /* beyond 64 bits */
    return mdl_val_size(s, NULL, at);
  return result ? mdl_val_size(s, result, at) : NULL;
}

static MdlVal *fold_truths(MdlSema *s, MdlOp op, int n, MdlVal *const *v, MdlSpan at)
{
  bool a = false, b = false;
  if (!mdl_const_bool(v[0], &a)) return NULL;
  if (op == MDL_OP_bitnot && n == 1) return truth(s, !a, at);
  if (op == MDL_OP_where && n == 3) return a ? v[1] : v[2];
  if (n != 2 || !mdl_const_bool(v[1], &b)) return NULL;
  if (op == MDL_OP_bitand) return truth(s, a && b, at);
  if (op == MDL_OP_bitor) return truth(s, a || b, at);
  return NULL;
}

MdlVal *mdl_fold(MdlSema *s, MdlOp op, int n, MdlVal *const *v, MdlSpan at)
{
  bool numbers = true, sizes = true, scalars = true;
  for (int i = 0; i < n; i++) {
    numbers &= mdl_is_kind(v[i], MDL_KIND_number);
    sizes &= mdl_is_kind(v[i], MDL_KIND_number) || mdl_is_kind(v[i], MDL_KIND_size);
    scalars &= mdl_is_kind(v[i], MDL_KIND_tensor) && !v[i]->type->tensor.rank;
  }
  if (numbers) return fold_numbers(s, op, n, v, at);
  if (sizes) return fold_sizes(s, op, n, v, at);
  if (scalars) return fold_truths(s, op, n, v, at);
  return NULL;
}
