/* The forward sweep: a tangent for every value that depends on the inputs, put right behind it. */
#include "passes/derive.h"

#include <string.h>

/* ---- small things that both sweeps use --------------------------------------------------- */

MlirValue mdl_zero(MdlIr *ir, MdlBuilder *b, MlirValue like)
{
  return mdl_build_const(b, mdl_type_of(ir, like), 0);
}

MlirLocation mdl_place_of(MdlIr *ir, MlirOperation op)
{
  return mdl_location_named(ir, mdl_location_of(op), NULL);
}

void mdl_name_after(MdlIr *ir, MlirValue made, char prefix, MlirValue primal)
{
  const char *name = mdl_value_name(ir, primal);
  if (!name || mdl_is_null(mdl_def(made)) || mdl_value_name(ir, made)) return;
  mdl_value_set_name(ir, made, mdl_text(ir->arena, "%c%s", prefix, name));
}

void mdl_no_derivative(MdlDerive *d, MlirOperation op)
{
  if (d->failed) return;
  d->failed = true;
  MdlReport *report = mdl_error(d->ir->session, MDL_E0707, mdl_span_of(d->ir, op),
                                mdl_op_info(mdl_op(d->ir, op))->name);
  mdl_also(report, mdl_span_of(d->ir, d->recipe), "asked for here");
  mdl_help(report, "`stop_grad` around it, or a `jvp` rule");
}

/* ---- tangents ---------------------------------------------------------------------------- */

MlirValue mdl_tangent(const MdlForward *f, MlirValue value)
{
  return (MlirValue){mdl_map_get(f->tangent, value.ptr)};
}

MlirValue mdl_tangent_dense(MdlForward *f, MlirValue value)
{
  MlirValue t = mdl_tangent(f, value);
  return t.ptr ? t : mdl_zero(f->ir, &f->b, value);
}

void mdl_tangent_set(MdlForward *f, MlirValue value, MlirValue tangent)
{
  mdl_map_set(f->tangent, value.ptr, (void *)tangent.ptr);
  mdl_name_after(f->ir, tangent, 'd', value);
}

/* What depends on no element has no tangent; rules need not think of axes of size 0. */
static bool has_tangent(MdlForward *f, MlirOperation op)
{
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (mdl_tangent(f, mdl_operand(op, i)).ptr && !mdl_is_empty(f->ir, mdl_operand(op, i))) return true;
  return false;
}

static MlirValue plus(MdlForward *f, MlirValue sum, MlirValue term, MdlPartialKind kind)
{
  if (kind == MDL_PARTIAL_minus)
    return sum.ptr ? mdl_build(&f->b, MDL_OP_sub, sum, term) : mdl_build(&f->b, MDL_OP_neg, term);
  return sum.ptr ? mdl_build(&f->b, MDL_OP_add, sum, term) : term;
}

/* ---- rules by the table ------------------------------------------------------------------ */

/* A choice is one op for the tangents too: no NaN from the branch not taken. */
static void linearize_where(MdlForward *f, MlirOperation op)
{
  MlirValue b = mdl_tangent_dense(f, mdl_operand(op, 1));
  MlirValue c = mdl_tangent_dense(f, mdl_operand(op, 2));
  mdl_tangent_set(f, mdl_result(op, 0), mdl_build(&f->b, MDL_OP_where, mdl_operand(op, 0), b, c));
}

static void linearize_elementwise(MdlForward *f, MlirOperation op)
{
  MlirValue sum = {NULL};
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MlirValue t = mdl_tangent(f, mdl_operand(op, i)), term = t;
    if (!t.ptr) continue;
    MdlPartialKind kind = mdl_partial(f->d, &f->b, op, i, t, &term);
    if (kind != MDL_PARTIAL_zero) sum = plus(f, sum, term, kind);
  }
  if (sum.ptr) mdl_tangent_set(f, mdl_result(op, 0), sum);
}

/* The op again on other operands. */
static MlirValue again(MdlForward *f, MlirOperation op, const MlirValue *operand)
{
  MdlAttrs attrs = mdl_attrs_of(f->ir, op);
  MlirOperation made = mdl_build_op(&f->b, mdl_op(f->ir, op), mdl_operand_count(op), operand,
                                    &attrs, mdl_type_of(f->ir, mdl_result(op, 0)));
  return mdl_result(made, 0);
}

/* lin "a", "a+c": linear in these operands together. */
static void linearize_jointly(MdlForward *f, MlirOperation op, const char *lin)
{
  MlirValue operand[MDL_MAX_OPERANDS];
  bool any = false;
  for (int i = 0; i < mdl_operand_count(op); i++) {
    operand[i] = mdl_operand(op, i);
    if (!strchr(lin, 'a' + i)) continue;
    any |= mdl_tangent(f, operand[i]).ptr != NULL;
    operand[i] = mdl_tangent_dense(f, operand[i]);
  }
  if (any) mdl_tangent_set(f, mdl_result(op, 0), again(f, op, operand));
}

/* lin "a*b": linear in each alone. */
static void linearize_product(MdlForward *f, MlirOperation op)
{
  MlirValue sum = {NULL};
  for (int i = 0; i < 2; i++) {
    MlirValue operand[] = {mdl_operand(op, 0), mdl_operand(op, 1)};
    MlirValue t = mdl_tangent(f, operand[i]);
    if (!t.ptr) continue;
    operand[i] = t;
    sum = plus(f, sum, again(f, op, operand), MDL_PARTIAL_plus);
  }
  if (sum.ptr) mdl_tangent_set(f, mdl_result(op, 0), sum);
}

static void linearize_nodiff(MdlForward *f, MlirOperation op)
{
  for (int i = 0; i < mdl_result_count(op); i++)
    if (mdl_is_float_value(f->ir, mdl_result(op, i)) && mdl_has_uses(mdl_result(op, i)))
      mdl_no_derivative(f->d, op);
}

static void linearize_structural(MdlForward *f, MlirOperation op, const MdlOpInfo *row)
{
  if (!strcmp(row->lin, "fn"))
    mdl_jvp_of(mdl_op(f->ir, op))(f, op);
  else if (strchr(row->lin, '*'))
    linearize_product(f, op);
  else if (mdl_is_float_value(f->ir, mdl_result(op, 0)))
    linearize_jointly(f, op, row->lin);
}

void mdl_linearize_op(MdlForward *f, MlirOperation op)
{
  MdlOp kind = mdl_op(f->ir, op);
  const MdlOpInfo *row = mdl_op_info(kind);
  if (kind == MDL_OP_for || kind == MDL_OP_if || kind == MDL_OP_while) {
    mdl_linearize_flow(f, op);
    return;
  }
  if (kind >= MDL_OP_COUNT && kind != MDL_OP_call) return; /* terminators */
  if (kind == MDL_OP_stop_grad || !has_tangent(f, op)) return;
  if (kind == MDL_OP_call)
    mdl_linearize_call(f, op);
  else if (mdl_op_is_nodiff(kind))
    linearize_nodiff(f, op);
  else if (kind == MDL_OP_where)
    linearize_where(f, op);
  else if (row->elementwise)
    linearize_elementwise(f, op);
  else
    linearize_structural(f, op, row);
}

void mdl_linearize_block(MdlForward *f, MlirBlock block)
{
  MlirOperation *ops = NULL;
  int count = mdl_list(f->ir, block, &ops);
  for (int i = 0; i + 1 < count && !f->d->failed; i++) {
    f->b = mdl_builder_before(f->ir, ops[i + 1]);
    f->b.at = mdl_place_of(f->ir, ops[i]);
    mdl_linearize_op(f, ops[i]);
  }
}
