/* Partial derivatives of elementwise rows: the `d` column as ops. */
#include "passes/derive.h"

#include <string.h>

static const MdlFormula *partials(MdlDerive *d, MdlOp op)
{
  if (d->partials[op]) return d->partials[op];
  const char *why = NULL;
  d->partials[op] = mdl_formula_parse(d->ir->arena, mdl_op_info(op)->d, &why);
  if (!d->partials[op]) MDL_BUG(d->ir->session, "derivative of %s: %s", mdl_op_info(op)->name, why);
  return d->partials[op];
}

/* A node's value. A number waits until it meets a value whose type it takes. */
typedef struct Piece {
  MlirValue value; /* null: a number */
  double number;
} Piece;

typedef struct Site {
  MdlDerive *d;
  MdlBuilder *b;
  MlirOperation op;
  MlirValue g;
} Site;

static Piece *number(Site *s, double value)
{
  Piece *piece = MDL_NEW(s->d->ir->arena, Piece, 1);
  piece->number = value;
  return piece;
}

static Piece *known(Site *s, MlirValue value)
{
  Piece *piece = MDL_NEW(s->d->ir->arena, Piece, 1);
  piece->value = value;
  return piece;
}

static Piece *variable(Site *s, const char *name)
{
  if (!strcmp(name, "g")) return known(s, s->g);
  if (!strcmp(name, "y")) return known(s, mdl_result(s->op, 0));
  if (name[0] >= 'a' && name[0] < 'a' + mdl_operand_count(s->op) && !name[1])
    return known(s, mdl_operand(s->op, name[0] - 'a'));
  MDL_BUG(s->d->ir->session, "derivative of %s: what is `%s`?",
          mdl_op_info(mdl_op(s->d->ir, s->op))->name, name);
}

/* Numbers take the type of an operand with the same letter in the row's sig, else of the result. */
static MlirValue settle(Site *s, const MdlOpInfo *row, Piece *const *piece, int i)
{
  if (piece[i]->value.ptr) return piece[i]->value;
  MlirValue like = mdl_result(s->op, 0);
  for (int j = 0; j < row->operands; j++)
    if (row->sig[j] == row->sig[i] && piece[j]->value.ptr) like = piece[j]->value;
  return mdl_build_const(s->b, mdl_type_of(s->d->ir, like), piece[i]->number);
}

static void *make(void *user, const MdlFormulaNode *node, void *const arg[3])
{
  Site *s = user;
  Piece *const *piece = (Piece *const *)arg;
  if (node->kind == MDL_FORMULA_variable) return variable(s, node->variable);
  if (node->kind == MDL_FORMULA_number)
    return number(s, node->is_whole ? (double)node->integer : node->real);
  if (node->kind != MDL_FORMULA_op)
    MDL_BUG(s->d->ir->session, "a derivative formula cannot convert");
  if (node->op == MDL_OP_neg && !piece[0]->value.ptr) return number(s, -piece[0]->number);
  const MdlOpInfo *row = mdl_op_info(node->op);
  MlirValue operand[MDL_MAX_OPERANDS];
  for (int i = 0; i < row->operands; i++) operand[i] = settle(s, row, piece, i);
  return known(s, mdl_build_v(s->b, node->op, operand));
}

MdlPartialKind mdl_partial(MdlDerive *d, MdlBuilder *b, MlirOperation op, int i, MlirValue g,
                           MlirValue *value)
{
  const MdlFormula *f = partials(d, mdl_op(d->ir, op));
  if (f->root[i] < 0) return MDL_PARTIAL_zero;
  Site site = {d, b, op, g};
  Piece *piece = mdl_formula_fold(d->ir->arena, f, f->root[i], make, &site);
  bool is_whole = mdl_formula_uses(f, f->root[i], "g");
  if (piece->value.ptr) {
    *value = is_whole ? piece->value : mdl_build(b, MDL_OP_mul, piece->value, g);
    return MDL_PARTIAL_value;
  }
  if (piece->number == 0) return MDL_PARTIAL_zero;
  if (piece->number == 1) return MDL_PARTIAL_plus;
  if (piece->number == -1) return MDL_PARTIAL_minus;
  MlirValue factor = mdl_build_const(b, mdl_type_of(d->ir, g), piece->number);
  *value = mdl_build(b, MDL_OP_mul, factor, g);
  return MDL_PARTIAL_value;
}

bool mdl_partial_is_zero(MdlDerive *d, MdlOp op, int i)
{
  const MdlFormula *f = partials(d, op);
  if (f->root[i] < 0) return true;
  const MdlFormulaNode *node = &f->node[f->root[i]];
  return node->kind == MDL_FORMULA_number && node->is_whole && node->integer == 0;
}
