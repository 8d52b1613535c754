/* Result types: signatures of the op table for all rows, shapes of elementwise rows, and the checks
 * that the rules of structural rows share. */
#include "ir/typing_rules.h"

#include <string.h>

bool mdl_type_no(MdlTyping *t, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  t->why = mdl_text_v(t->ir->arena, format, arguments);
  va_end(arguments);
  return false;
}

/* ---- signatures -------------------------------------------------------------------------- */

static bool letter_takes(char letter, MdlDtype dtype)
{
  bool whole = mdl_is_integer(dtype) || dtype == MDL_index;
  switch (letter) {
  case 'F':
    return mdl_is_float(dtype);
  case 'I':
    return whole;
  case 'N':
    return whole || mdl_is_float(dtype);
  case 'J':
    return whole || mdl_is_bool(dtype);
  case 'B':
    return mdl_is_bool(dtype);
  }
  return true; /* A, Z */
}

static const char *letter_words(char letter)
{
  switch (letter) {
  case 'F':
    return "floats";
  case 'I':
    return "integers";
  case 'N':
    return "numbers";
  case 'J':
    return "integers or bools";
  case 'B':
    return "bools";
  }
  return "anything";
}

/* The same letter twice is the same element type. */
static bool check_operands(MdlTyping *t, const MdlOpInfo *row)
{
  if (t->operands != row->operands)
    return mdl_type_no(t, "%s takes %d operands, not %d", row->name, row->operands, t->operands);
  for (int i = 0; i < t->operands; i++) {
    char letter = row->sig[i];
    MdlDtype dtype = t->in[i]->dtype;
    if (!letter_takes(letter, dtype))
      return mdl_type_no(t, "%s is for %s, not for %s", row->name, letter_words(letter),
                         mdl_dtypes[dtype].name);
    for (int j = 0; j < i; j++)
      if (row->sig[j] == letter && t->in[j]->dtype != dtype)
        return mdl_type_no(t, "%s of %s and %s: the element types must be the same", row->name,
                           mdl_dtypes[t->in[j]->dtype].name, mdl_dtypes[dtype].name);
  }
  return true;
}

static MdlDtype dtype_of_letter(const MdlTyping *t, const MdlOpInfo *row, char letter)
{
  for (int i = 0; i < t->operands; i++)
    if (row->sig[i] == letter) return t->in[i]->dtype;
  return MDL_bool; /* comparisons: B of no operand */
}

/* ---- elementwise rows -------------------------------------------------------------------- */

static bool same_shape(const MdlType *a, const MdlType *b)
{
  for (int i = 0; i < a->rank && a->rank == b->rank; i++)
    if (a->dim[i] != b->dim[i]) return false;
  return a->rank == b->rank;
}

static bool infer_elementwise(MdlTyping *t, const MdlOpInfo *row)
{
  for (int i = 1; i < t->operands; i++)
    if (!same_shape(t->in[0], t->in[i]))
      return mdl_type_no(t, "%s of %s and %s: the shapes must be the same", row->name,
                         mdl_type_text(t->ir->arena, t->in[0]),
                         mdl_type_text(t->ir->arena, t->in[i]));
  t->out[0] = mdl_type_with(t->in[0], dtype_of_letter(t, row, row->sig[row->operands + 1]));
  return true;
}

/* ---- the entrance ------------------------------------------------------------------------ */

static MdlTypeOfOp *const rules[MDL_OP_COUNT] = {
#define EW(...)
#define OP(name, ...) [MDL_OP_##name] = mdl_type_##name,
#include "ir/ops.def"
};

bool mdl_type_infer(MdlTyping *t)
{
  if (t->op >= MDL_OP_COUNT) return mdl_type_no(t, "no op of the table");
  const MdlOpInfo *row = mdl_op_info(t->op);
  if (!check_operands(t, row)) return false;
  if (row->elementwise) return infer_elementwise(t, row);
  if (row->results && row->sig[row->operands + 1] == 'Z' && !t->given)
    return mdl_type_no(t, "%s needs the type of its result", row->name);
  return rules[t->op](t);
}

/* ---- what rules share -------------------------------------------------------------------- */

bool mdl_type_axis(MdlTyping *t, const char *name, int rank, int *axis)
{
  int64_t value = mdl_get_int(t->attrs, name);
  if (value < 0 || value >= rank)
    return mdl_type_no(t, "there is no axis %lld in %d dimensions", (long long)value, rank);
  *axis = (int)value;
  return true;
}

bool mdl_type_axes(MdlTyping *t, const char *name, int rank, bool *has)
{
  int64_t axes[MDL_MAX_RANK];
  int count = mdl_get_ints(t->attrs, name, axes);
  memset(has, 0, MDL_MAX_RANK * sizeof *has);
  for (int i = 0; i < count; i++) {
    if (axes[i] < 0 || axes[i] >= rank)
      return mdl_type_no(t, "there is no axis %lld in %d dimensions", (long long)axes[i], rank);
    if (has[axes[i]]) return mdl_type_no(t, "axis %lld is named twice", (long long)axes[i]);
    has[axes[i]] = true;
  }
  return true;
}

bool mdl_type_ints(MdlTyping *t, const char *name, int count, int64_t least, int64_t *values)
{
  int got = mdl_get_ints(t->attrs, name, values);
  if (got != count) return mdl_type_no(t, "`%s` takes %d numbers, not %d", name, count, got);
  for (int i = 0; i < count; i++)
    if (values[i] < least)
      return mdl_type_no(t, "`%s` must be at least %lld, not %lld", name, (long long)least,
                         (long long)values[i]);
  return true;
}

bool mdl_type_sizes(MdlTyping *t, const char *name, int count, const MdlSize **sizes)
{
  int got = mdl_get_sizes(t->attrs, name, sizes);
  return got == count || mdl_type_no(t, "`%s` takes %d sizes, not %d", name, count, got);
}

bool mdl_type_same_dim(MdlTyping *t, int a, int a_axis, int b, int b_axis)
{
  const MdlSize *left = t->in[a]->dim[a_axis], *right = t->in[b]->dim[b_axis];
  return left == right ||
         mdl_type_no(t, "axis %d of %s is %s, but axis %d of %s is %s", a_axis,
                     mdl_type_text(t->ir->arena, t->in[a]), mdl_size_text(left), b_axis,
                     mdl_type_text(t->ir->arena, t->in[b]), mdl_size_text(right));
}

bool mdl_type_is_scalar(MdlTyping *t, int operand)
{
  return !t->in[operand]->rank ||
         mdl_type_no(t, "expected a scalar, not %s", mdl_type_text(t->ir->arena, t->in[operand]));
}

bool mdl_type_fits(MdlTyping *t, const MdlSize *size)
{
  return size || mdl_type_no(t, "a size is beyond 64 bits");
}

bool mdl_type_is_below(MdlTyping *t, const MdlSize *a, const MdlSize *b)
{
  MdlSizes *sizes = t->ir->sizes;
  const MdlSize *next = mdl_size_add(sizes, a, mdl_size_const(sizes, 1));
  return next && b && mdl_size_dominates(sizes, b, next);
}
