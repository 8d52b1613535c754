/* Rows that the language has a way to write for: sizes, reductions, slices, `@`. */
#include "ir/view_print.h"

#include <stdlib.h>
#include <string.h>

static MdlExpr atom(const char *text) { return (MdlExpr){text, MDL_VIEW_ATOM, false}; }

static const MdlType *type_of(MdlView *v, MlirValue value) { return mdl_type_of(v->ir, value); }

/* Returns an expression without text where the sugar does not say the op. */
typedef MdlExpr SugarFn(MdlView *v, MlirOperation op, const MdlAttrs *attrs);

static const MdlExpr none = {0};

static MdlExpr sugar_size(MdlView *v, MlirOperation op, const MdlAttrs *attrs)
{
  const MdlType *type = type_of(v, mdl_result(op, 0));
  const char *text = mdl_get_text(attrs, "of");
  const MdlSize *size = mdl_size_parse(v->ir->sizes, text, strlen(text));
  if (!size) MDL_BUG(v->ir->session, "mdl.size of `%s`", text);
  MdlExpr e = mdl_view_size(size);
  if (strchr(text, '/')) return none;
  if (type->dtype == MDL_index) {
    int64_t value;
    return mdl_size_is_const(size, &value) ? atom(mdl_text(v->arena, "i64(%s)", text)) : e;
  }
  return type->rank ? none
                    : atom(mdl_text(v->arena, "%s(%s)", mdl_dtypes[type->dtype].name, e.text));
}

/* [[1, 2], [3, 4]]: the elements from *at on, nested by the axes from `axis` on. */
static void put_elements(MdlView *v, FILE *out, const MdlAttrs *attrs, const MdlType *type,
                         int axis, int64_t *at)
{
  int64_t count = 0, integer;
  double real;
  if (axis == type->rank) {
    mdl_get_element(attrs, "values", (*at)++, &real, &integer);
    fputs(mdl_view_number(v->arena, type->dtype, real, integer), out);
    return;
  }
  mdl_size_is_const(type->dim[axis], &count);
  for (int64_t i = 0; i < count; i++) {
    fputs(i ? ", " : "[", out);
    put_elements(v, out, attrs, type, axis + 1, at);
  }
  fputc(']', out);
}

static MdlExpr sugar_table(MdlView *v, MlirOperation op, const MdlAttrs *attrs)
{
  const MdlType *type = type_of(v, mdl_result(op, 0));
  char *text = NULL;
  size_t length = 0;
  int64_t at = 0;
  FILE *out = open_memstream(&text, &length);
  if (!out) MDL_BUG(v->ir->session, "no memory stream");
  put_elements(v, out, attrs, type, 0, &at);
  fclose(out);
  MdlExpr e = atom(mdl_text(v->arena, "%s", text));
  e.needs_type = true;
  free(text);
  return e;
}

static MdlExpr sugar_convert(MdlView *v, MlirOperation op, const MdlAttrs *attrs)
{
  (void)attrs;
  MdlDtype to = type_of(v, mdl_result(op, 0))->dtype;
  if (to == MDL_index) return none;
  return atom(
      mdl_text(v->arena, "%s(%s)", mdl_dtypes[to].name, mdl_view_typed(v, mdl_operand(op, 0), 0)));
}

static MdlExpr sugar_stop_grad(MdlView *v, MlirOperation op, const MdlAttrs *attrs)
{
  (void)attrs;
  return atom(mdl_text(v->arena, "stop_grad(%s)", mdl_view_typed(v, mdl_operand(op, 0), 0)));
}

/* sum(x), sum(x, axis=0), sum(x, axis=(0, 1)) */
static MdlExpr sugar_reduce(MdlView *v, MlirOperation op, const MdlAttrs *attrs)
{
  int64_t axes[MDL_MAX_RANK];
  int count = mdl_get_ints(attrs, "axes", axes);
  if (!count) return none;
  const char *name = mdl_op_info(mdl_op(v->ir, op))->name + strlen("reduce_");
  const char *a = mdl_view_typed(v, mdl_operand(op, 0), 0);
  if (count == type_of(v, mdl_operand(op, 0))->rank)
    return atom(mdl_text(v->arena, "%s(%s)", name, a));
  const char *list = mdl_view_ints(v, count, axes);
  list = count == 1 ? mdl_text(v->arena, "%lld", (long long)axes[0])
                    : mdl_text(v->arena, "(%.*s)", (int)strlen(list) - 2, list + 1);
  return atom(mdl_text(v->arena, "%s(%s, axis=%s)", name, a, list));
}

/* argmax(x, axis=1); scans that run backwards are left to the total form. */
static MdlExpr sugar_axis(MdlView *v, MlirOperation op, const MdlAttrs *attrs)
{
  const MdlOpInfo *row = mdl_op_info(mdl_op(v->ir, op));
  if (row->attrs > 1 && mdl_get_flag(attrs, row->attr[1].name)) return none;
  return atom(mdl_text(v->arena, "%s(%s, axis=%lld)", row->name,
                       mdl_view_typed(v, mdl_operand(op, 0), 0),
                       (long long)mdl_get_int(attrs, "axis")));
}

static MdlExpr sugar_transpose(MdlView *v, MlirOperation op, const MdlAttrs *attrs)
{
  int64_t perm[MDL_MAX_RANK];
  int rank = mdl_get_ints(attrs, "perm", perm);
  const char *a = mdl_view_typed(v, mdl_operand(op, 0), 0), *list = "";
  for (int i = 0; i < rank; i++) list = mdl_text(v->arena, "%s, %lld", list, (long long)perm[i]);
  bool reverses = true;
  for (int i = 0; i < rank; i++) reverses &= perm[i] == rank - 1 - i;
  return atom(mdl_text(v->arena, "transpose(%s%s)", a, reverses ? "" : list));
}

/* reshape(x, 3, N) where the numbers of elements are the same size; renaming a guarded size is left
 * to the total form. */
static MdlExpr sugar_reshape(MdlView *v, MlirOperation op, const MdlAttrs *attrs)
{
  (void)attrs;
  const MdlType *from = type_of(v, mdl_operand(op, 0)), *to = type_of(v, mdl_result(op, 0));
  const MdlSize *count = mdl_type_elements(v->ir->sizes, from);
  if (!to->rank || !count || count != mdl_type_elements(v->ir->sizes, to)) return none;
  const char *text = mdl_view_typed(v, mdl_operand(op, 0), 0);
  for (int i = 0; i < to->rank; i++) {
    if (strchr(mdl_size_text(to->dim[i]), '/')) return none;
    text = mdl_text(v->arena, "%s, %s", text, mdl_size_text(to->dim[i]));
  }
  return atom(mdl_text(v->arena, "reshape(%s)", text));
}

static MdlExpr sugar_concat(MdlView *v, MlirOperation op, const MdlAttrs *attrs)
{
  return atom(
      mdl_text(v->arena, "concat(%s, %s, axis=%lld)", mdl_view_typed(v, mdl_operand(op, 0), 0),
               mdl_view_typed(v, mdl_operand(op, 1), 0), (long long)mdl_get_int(attrs, "axis")));
}

/* x[1:3, :, ::2] */
static MdlExpr sugar_slice(MdlView *v, MlirOperation op, const MdlAttrs *attrs)
{
  const MdlSize *start[MDL_MAX_RANK], *limit[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK], zero = -1;
  int rank = mdl_get_sizes(attrs, "start", start);
  mdl_get_sizes(attrs, "limit", limit);
  mdl_get_ints(attrs, "step", step);
  const MdlType *type = type_of(v, mdl_operand(op, 0));
  const char *list = "";
  for (int i = 0; i < rank; i++) {
    const char *from = mdl_size_text(start[i]), *to = mdl_size_text(limit[i]);
    /* A quotient of sizes means something else in an expression. */
    if (strchr(from, '/') || strchr(to, '/') || *from == '-' || *to == '-') return none;
    bool first = mdl_size_is_const(start[i], &zero) && zero == 0;
    list = mdl_text(v->arena, "%s%s%s:%s", list, i ? ", " : "", first ? "" : from,
                    limit[i] == type->dim[i] ? "" : to);
    if (step[i] != 1) list = mdl_text(v->arena, "%s:%lld", list, (long long)step[i]);
  }
  return atom(
      mdl_text(v->arena, "%s[%s]", mdl_view_typed(v, mdl_operand(op, 0), MDL_VIEW_ATOM), list));
}

/* a @ b where the last axis of a meets the last but one of b and all before are batch. */
static bool is_matmul(int ra, int rb, int contracted, const int64_t *a, const int64_t *b,
                      int batched, const int64_t *ab, const int64_t *bb)
{
  if (contracted != 1 || a[0] != ra - 1) return false;
  if (!batched) return ra <= 2 && rb <= 2 && b[0] == 0 && ra + rb > 2;
  if (ra != rb || batched != ra - 2 || b[0] != rb - 2) return false;
  for (int i = 0; i < batched; i++)
    if (ab[i] != i || bb[i] != i) return false;
  return true;
}

static MdlExpr sugar_dot(MdlView *v, MlirOperation op, const MdlAttrs *attrs)
{
  int64_t a[MDL_MAX_RANK], b[MDL_MAX_RANK], ab[MDL_MAX_RANK], bb[MDL_MAX_RANK];
  int contracted = mdl_get_pairs(attrs, "contract", a, b);
  int batched = mdl_get_pairs(attrs, "batch", ab, bb);
  int ra = type_of(v, mdl_operand(op, 0))->rank, rb = type_of(v, mdl_operand(op, 1))->rank;
  if (!is_matmul(ra, rb, contracted, a, b, batched, ab, bb)) return none;
  return (MdlExpr){mdl_text(v->arena, "%s @ %s", mdl_view_typed(v, mdl_operand(op, 0), 7),
                            mdl_view_typed(v, mdl_operand(op, 1), 8)),
                   7, false};
}

static SugarFn *const sugar[MDL_OP_COUNT] = {
    [MDL_OP_size] = sugar_size,
    [MDL_OP_table] = sugar_table,
    [MDL_OP_convert] = sugar_convert,
    [MDL_OP_stop_grad] = sugar_stop_grad,
    [MDL_OP_reshape] = sugar_reshape,
    [MDL_OP_transpose] = sugar_transpose,
    [MDL_OP_concat] = sugar_concat,
    [MDL_OP_slice] = sugar_slice,
    [MDL_OP_dot] = sugar_dot,
    [MDL_OP_reduce_sum] = sugar_reduce,
    [MDL_OP_reduce_prod] = sugar_reduce,
    [MDL_OP_reduce_max] = sugar_reduce,
    [MDL_OP_reduce_min] = sugar_reduce,
    [MDL_OP_reduce_any] = sugar_reduce,
    [MDL_OP_reduce_all] = sugar_reduce,
    [MDL_OP_argmax] = sugar_axis,
    [MDL_OP_argmin] = sugar_axis,
    [MDL_OP_cumsum] = sugar_axis,
    [MDL_OP_cumprod] = sugar_axis,
    [MDL_OP_cummax] = sugar_axis,
};

MdlExpr mdl_view_sugar(MdlView *v, MlirOperation op)
{
  SugarFn *fn = sugar[mdl_op(v->ir, op)];
  if (!fn) return none;
  MdlAttrs attrs = mdl_attrs_of(v->ir, op);
  return fn(v, op, &attrs);
}
