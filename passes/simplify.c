/* The simplify pass: tries every way to say an op in less, until none is left. */
#include "passes/simplify.h"

typedef MlirValue Rewriter(MdlSimplify *s, MlirOperation op);

/* By op, after folding and the rewrites written as text. */
static Rewriter *const structural[MDL_OP_COUNT] = {
    [MDL_OP_broadcast] = mdl_simplify_broadcast,
    [MDL_OP_reshape] = mdl_simplify_reshape,
    [MDL_OP_transpose] = mdl_simplify_transpose,
    [MDL_OP_slice] = mdl_simplify_slice,
    [MDL_OP_reverse] = mdl_simplify_reverse,
    [MDL_OP_pad] = mdl_simplify_pad,
    [MDL_OP_concat] = mdl_simplify_concat,
    [MDL_OP_convert] = mdl_simplify_convert,
    [MDL_OP_dynamic_slice] = mdl_simplify_dynamic_slice,
    [MDL_OP_dynamic_update] = mdl_simplify_dynamic_update,
    [MDL_OP_gather] = mdl_simplify_gather,
    [MDL_OP_reduce_sum] = mdl_simplify_reduce,
    [MDL_OP_reduce_prod] = mdl_simplify_reduce,
    [MDL_OP_reduce_max] = mdl_simplify_reduce,
    [MDL_OP_reduce_min] = mdl_simplify_reduce,
    [MDL_OP_reduce_any] = mdl_simplify_reduce,
    [MDL_OP_reduce_all] = mdl_simplify_reduce,
    [MDL_OP_where] = mdl_simplify_where,
    [MDL_OP_iota] = mdl_simplify_iota,
    [MDL_OP_scatter] = mdl_simplify_indices,
    [MDL_OP_scatter_add] = mdl_simplify_indices,
    [MDL_OP_scatter_mul] = mdl_simplify_indices,
    [MDL_OP_scatter_max] = mdl_simplify_indices,
    [MDL_OP_scatter_min] = mdl_simplify_indices,
    [MDL_OP_dot] = mdl_simplify_dot,
};

/* Nothing to compute: any constant of the type. */
static MlirValue no_element(MdlSimplify *s, MlirOperation op)
{
  const MdlType *type = mdl_type_of(s->ir, mdl_result(op, 0));
  int64_t extent;
  if (mdl_op(s->ir, op) == MDL_OP_const) return MDL_NO_VALUE;
  for (int i = 0; i < type->rank; i++)
    if (mdl_size_is_const(type->dim[i], &extent) && !extent)
      return mdl_build_const(&s->b, type, 0);
  return MDL_NO_VALUE;
}

static MlirValue rewritten(MdlSimplify *s, MlirOperation op)
{
  MdlOp kind = mdl_op(s->ir, op);
  Rewriter *const tries[] = {no_element, mdl_simplify_fold, mdl_simplify_rewrite, structural[kind],
                             mdl_op_info(kind)->class == MDL_CLASS_map ? mdl_simplify_map : NULL};
  for (int i = 0; i < 5; i++) {
    MlirValue value = tries[i] ? tries[i](s, op) : MDL_NO_VALUE;
    if (!mdl_is_no_value(value)) return value;
  }
  return MDL_NO_VALUE;
}

/* What stands for a named value has its name, unless it has one of its own. */
static void replace(MdlSimplify *s, MlirOperation op, MlirValue with)
{
  MlirValue value = mdl_result(op, 0);
  if (!mdl_type_equal(mdl_type_of(s->ir, value), mdl_type_of(s->ir, with)))
    MDL_BUG(s->ir->session, "%s becomes %s", mdl_op_info(mdl_op(s->ir, op))->mlir,
            mdl_type_text(s->ir->arena, mdl_type_of(s->ir, with)));
  const char *name = mdl_value_name(s->ir, value);
  if (name && !mdl_is_null(mdl_def(with)) && !mdl_value_name(s->ir, with))
    mdl_value_set_name(s->ir, with, name);
  mdl_replace(value, with);
  mdl_erase(s->ir, op);
}

static bool visit(MdlSimplify *s, MlirOperation op)
{
  MdlOp kind = mdl_op(s->ir, op);
  s->b = mdl_builder_before(s->ir, op);
  s->b.at = mdl_location_named(s->ir, s->b.at, NULL);
  if (kind >= MDL_OP_COUNT || kind == MDL_OP_check) return mdl_simplify_flow(s, op);
  if (mdl_result_count(op) != 1 || !mdl_has_uses(mdl_result(op, 0))) return false;
  MlirValue with = rewritten(s, op);
  if (mdl_is_no_value(with)) return false;
  replace(s, op, with);
  return true;
}

/* Operands before users, so that one sweep does most. An op taken away with a loop is not seen: a
 * loop's body is swept before the loop itself. */
static bool sweep(MdlSimplify *s, MlirBlock block)
{
  MlirOperation *op = NULL;
  bool changed = false;
  int count = mdl_list(s->ir, block, &op);
  for (int i = 0; i < count - 1; i++) {
    for (int r = 0; r < mdl_region_count(op[i]); r++)
      if (mdl_body(op[i], r).ptr) changed |= sweep(s, mdl_body(op[i], r));
    changed |= visit(s, op[i]);
  }
  return changed;
}

enum { MOST_SWEEPS = 1000 };

/* Say the same in less: constants folded, passes/rewrites.def, chains of moves joined, branches and
 * loops that are decided. Needs: mdl form. Keeps: every bit of every result (with -ffast-math what
 * its rows allow). Leaves: nothing that a second run would change; dead ops for dce. */
bool mdl_pass_simplify(MdlPass *pass, MlirOperation func)
{
  MdlSimplify s = {.pass = pass, .ir = pass->ir};
  for (int i = 0; sweep(&s, mdl_body(func, 0)); i++) {
    pass->changed = true;
    if (i == MOST_SWEEPS) MDL_BUG(pass->ir->session, "rewrites never settle");
  }
  return true;
}
