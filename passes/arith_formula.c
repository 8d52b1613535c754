/* Formulas as arith: a fold over ir/formula.h. Products stay open until something needs their
 * value, so that a sum can take them as fma. */
#include "ir/formula.h"
#include "passes/arith.h"

#include <string.h>

typedef struct Term {
  enum { READY, NUMBER, CHOICE, PRODUCT } kind;
  MdlDtype dtype;
  MlirValue value;       /* READY; PRODUCT once it was needed by itself */
  MlirValue left, right; /* factors; CHOICE: the condition */
  struct Term *yes, *no; /* CHOICE: of two numbers, whose type nobody knows yet */
  double real;
  int64_t integer;
} Term;

typedef struct Fold {
  MdlArith *a;
  MdlDtype dtype; /* of numbers that meet nothing else */
  const MdlTyped *given;
  bool contract;
} Fold;

static Term *term(Fold *f, MlirValue value, MdlDtype dtype)
{
  Term *t = MDL_NEW(f->a->b->ir->arena, Term, 1);
  *t = (Term){.kind = READY, .dtype = dtype, .value = value};
  return t;
}

static MlirValue value_of(Fold *f, Term *t, MdlDtype dtype)
{
  if (t->kind == NUMBER) return mdl_arith_number(f->a, dtype, t->real, t->integer);
  if (t->kind == CHOICE)
    return mdl_loop_select(f->a->b, t->left, value_of(f, t->yes, dtype), value_of(f, t->no, dtype));
  if (t->kind == PRODUCT && mdl_is_no_value(t->value))
    t->value = mdl_loop_binary(f->a->b, MDL_LOOP_mulf, t->left, t->right);
  return t->value;
}

static bool typed(const Term *t) { return t && t->kind != NUMBER && t->kind != CHOICE; }

static bool is_true_product(const Term *t)
{
  return t->kind == PRODUCT && mdl_is_no_value(t->value);
}

static MlirValue fused(Fold *f, MlirValue x, MlirValue y, MlirValue z)
{
  return mdl_loop_build(
      f->a->b, f->a->lanes > 1 ? MDL_LOOP_vfma : MDL_LOOP_fma,
      mdl_loop_value_type(f->a->b->ir, mdl_loop_type_of(f->a->b->ir, z).element, f->a->lanes), 3,
      (MlirValue[]){x, y, z});
}

/* x*y + z, z + x*y, x*y - z, z - x*y */
static Term *contracted(Fold *f, MdlOp op, MdlDtype dtype, Term *a, Term *b)
{
  bool minus = op == MDL_OP_sub;
  if (is_true_product(a)) {
    MlirValue z = value_of(f, b, dtype);
    if (minus) z = mdl_loop_unary(f->a->b, MDL_LOOP_negf, z);
    return term(f, fused(f, a->left, a->right, z), dtype);
  }
  if (!is_true_product(b)) return NULL;
  MlirValue x = b->left;
  if (minus) x = mdl_loop_unary(f->a->b, MDL_LOOP_negf, x);
  return term(f, fused(f, x, b->right, value_of(f, a, dtype)), dtype);
}

static Term *shift(Fold *f, MdlOp op, MdlDtype dtype, MlirValue a, MlirValue b)
{
  MdlLoopOp right = mdl_is_unsigned(dtype) ? MDL_LOOP_shrui : MDL_LOOP_shrsi;
  return term(f, mdl_loop_binary(f->a->b, op == MDL_OP_shl ? MDL_LOOP_shli : right, a, b), dtype);
}

static Term *op_node(Fold *f, const MdlFormulaNode *node, Term *const *arg)
{
  const MdlOpInfo *row = mdl_op_info(node->op);
  int first = node->op == MDL_OP_where;
  MdlDtype dtype = f->dtype;
  for (int i = row->operands; i-- > first;)
    if (typed(arg[i])) dtype = arg[i]->dtype;
  if (first && !typed(arg[1]) && !typed(arg[2])) {
    Term *choice = term(f, (MlirValue){NULL}, f->dtype);
    choice->kind = CHOICE;
    choice->left = value_of(f, arg[0], MDL_bool);
    choice->yes = arg[1];
    choice->no = arg[2];
    return choice;
  }
  bool product = f->contract && f->a->machine->fma && mdl_is_float(dtype);
  if (product && (node->op == MDL_OP_add || node->op == MDL_OP_sub)) {
    Term *made = contracted(f, node->op, dtype, arg[0], arg[1]);
    if (made) return made;
  }
  MlirValue operand[3];
  for (int i = 0; i < row->operands; i++)
    operand[i] = value_of(f, arg[i], i < first ? MDL_bool : dtype);
  if (product && node->op == MDL_OP_mul) {
    Term *made = term(f, (MlirValue){NULL}, dtype);
    made->kind = PRODUCT;
    made->left = operand[0];
    made->right = operand[1];
    return made;
  }
  if (f->contract && (node->op == MDL_OP_shl || node->op == MDL_OP_shr))
    return shift(f, node->op, dtype, operand[0], operand[1]);
  bool gives_bool = row->sig[row->operands + 1] == 'B';
  return term(f, mdl_arith_row(f->a, node->op, dtype, operand), gives_bool ? MDL_bool : dtype);
}

static Term *made_of(Fold *f, const MdlFormulaNode *node, Term *const *terms);

/* What a `let` names keeps the name, down to the emitted C. */
static void *fold_node(void *user, const MdlFormulaNode *node, void *const arg[3])
{
  Fold *f = user;
  Term *made = made_of(f, node, (Term *const *)arg);
  if (!node->name || made->kind == NUMBER) return made;
  MlirValue value = value_of(f, made, made->dtype);
  if (mdl_loop_def_op(value) != MDL_LOOP_constant && !mdl_is_null(mdl_def(value)))
    mdl_value_set_name(f->a->b->ir, value, node->name);
  return made;
}

static Term *made_of(Fold *f, const MdlFormulaNode *node, Term *const *terms)
{
  switch (node->kind) {
  case MDL_FORMULA_op:
    return op_node(f, node, terms);
  case MDL_FORMULA_variable: {
    const MdlTyped *given = &f->given[node->variable[0] - 'a'];
    return term(f, given->value, given->dtype);
  }
  case MDL_FORMULA_number: {
    Term *t = term(f, (MlirValue){NULL}, f->dtype);
    t->kind = NUMBER;
    t->real = node->real;
    t->integer = node->integer;
    return t;
  }
  case MDL_FORMULA_convert: {
    MlirValue value = value_of(f, terms[0], f->dtype);
    MdlDtype from = typed(terms[0]) ? terms[0]->dtype : f->dtype;
    return term(f, mdl_arith_cast(f->a, value, from, node->dtype), node->dtype);
  }
  case MDL_FORMULA_bitcast: {
    /* a number inside as_f32(0x7fc00000) is the integer of that width */
    MdlDtype bits = mdl_dtypes[node->dtype].bits == 64 ? MDL_i64 : MDL_i32;
    MlirValue value = value_of(f, terms[0], bits);
    MdlDtype from = typed(terms[0]) ? terms[0]->dtype : bits;
    return term(f, mdl_arith_bitcast(f->a, value, from, node->dtype), node->dtype);
  }
  }
  return NULL;
}

MdlTyped mdl_arith_fold(MdlArith *a, const MdlFormula *formula, MdlDtype dtype,
                        const MdlTyped *given, bool contract)
{
  Fold fold = {a, dtype, given, contract};
  Term *made = mdl_formula_fold(a->b->ir->arena, formula, formula->root[0], fold_node, &fold);
  MdlDtype result = typed(made) ? made->dtype : dtype;
  return (MdlTyped){value_of(&fold, made, result), result};
}

MdlTyped mdl_arith_formula(MdlArith *a, const char *text, MdlDtype dtype, const MdlTyped *given,
                           bool contract)
{
  const char *error = NULL;
  MdlArena *arena = a->b->ir->arena;
  const MdlFormula *formula = mdl_formula_parse(arena, text, &error);
  if (!formula)
    MDL_BUG(a->b->ir->session, "a formula of a table, for %s: %s", mdl_dtypes[dtype].name, error);
  return mdl_arith_fold(a, formula, dtype, given, contract);
}
