/* Elementwise rows: XLA's op of the table's hlo column, or a formula over other rows. */
#include "codegen/hlo/walk.h"

#include "ir/maths.h"

#include <string.h>

/* ---- XLA's own op ------------------------------------------------------------------------ */

/* The column's part for floats, signed and unsigned integers; one part without `|` is for all. */
static const char *column(const MdlOpInfo *row, char kind, size_t *length)
{
  const char *at = row->hlo;
  if (strchr(at, '|'))
    for (int part = kind == 'f' ? 0 : kind == 's' ? 1 : 2; part > 0; part--)
      at += strcspn(at, "|") + 1;
  *length = strcspn(at, "|");
  return at;
}

static MdlGraphValue *plain(MdlHlo *h, MdlOp op, MdlGraphValue *const *operand)
{
  const MdlOpInfo *row = mdl_op_info(op);
  MdlDtype dtype = operand[row->operands - 1]->type.dtype;
  size_t length, name;
  const char *text = row->hlo ? column(row, mdl_dtypes[dtype].kind, &length) : NULL;
  if (!text) MDL_BUG(h->ir->session, "%s is no op of XLA and has no formula", row->name);
  name = strcspn(text, " |");
  MdlHloOp hlo = mdl_hlo_find(text, name);
  if (hlo == MDL_HLO_COUNT)
    MDL_BUG(h->ir->session, "codegen/hlo/hlo_ops.def has no `%.*s`", (int)name, text);
  bool gives_bool = row->sig[row->operands + 1] == 'B';
  MdlGraphType type =
      mdl_graph_with(&operand[row->operands - 1]->type, gives_bool ? MDL_bool : dtype);
  MdlGraphInstr *instr = mdl_graph_instr(&h->graph, hlo, row->operands, operand, 1, &type);
  if (name < length) instr->word = mdl_intern(h->arena, text + name + 1, length - name - 1);
  return instr->result;
}

/* ---- formulas ---------------------------------------------------------------------------- */

static const struct {
  MdlOp op;
  const char *kinds, *text;
} formulas[] = {
#define FORMULA(op, kinds, text, why) {MDL_OP_##op, kinds, text},
#include "codegen/hlo/formulas.def"
};

/* A formula's text, or "@f" for an expansion of ir/maths.def: its text for the dtype. */
static const char *text_of(MdlHlo *h, const char *text, MdlDtype dtype)
{
  if (*text != '@') return text;
  const MdlMaths *maths = mdl_maths_find(text + 1);
  if (!maths) MDL_BUG(h->ir->session, "ir/maths.def has no %s", text + 1);
  return dtype == MDL_f64 ? maths->f64 : maths->f32;
}

/* The formula of a row on a dtype; NULL: XLA's op is right. */
static const char *formula_of(MdlHlo *h, MdlOp op, MdlDtype dtype)
{
  for (size_t i = 0; i < sizeof formulas / sizeof *formulas; i++) {
    bool fits = strchr(formulas[i].kinds, mdl_dtypes[dtype].kind) ||
                (dtype == MDL_f64 && strchr(formulas[i].kinds, 'd'));
    if (formulas[i].op == op && fits) return text_of(h, formulas[i].text, dtype);
  }
  return NULL;
}

typedef struct Fold {
  MdlHlo *h;
  MdlOp self;
  MdlDtype dtype; /* of a, b and c */
  MdlGraphValue *const *operand;
  const MdlGraphType *shape;
} Fold;

/* A value, or a number that takes its dtype from what it meets. */
typedef struct Term {
  MdlGraphValue *value;
  const MdlFormulaNode *number;
} Term;

static MdlGraphValue *value_of(Fold *f, const Term *term, MdlDtype dtype)
{
  if (term->value) return term->value;
  MdlGraphType type = mdl_graph_with(f->shape, dtype);
  return mdl_graph_number(&f->h->graph, &type, term->number->real, term->number->integer);
}

static MdlGraphValue *op_node(Fold *f, const MdlFormulaNode *node, Term *const *arg)
{
  const MdlOpInfo *row = mdl_op_info(node->op);
  int first = node->op == MDL_OP_where;
  MdlDtype dtype = f->dtype;
  MdlGraphValue *operand[MDL_MAX_OPERANDS];
  for (int i = row->operands; i-- > first;)
    if (arg[i]->value) dtype = arg[i]->value->type.dtype;
  for (int i = 0; i < row->operands; i++)
    operand[i] = value_of(f, arg[i], i < first ? MDL_bool : dtype);
  return node->op == f->self ? plain(f->h, node->op, operand)
                             : mdl_hlo_row(f->h, node->op, operand);
}

/* By way of u64: XLA for TPUs makes the bits of an f64 two u32, and of an i64 an s32 and a u32, and
 * refuses what it makes of a bitcast between the two. */
static MdlGraphValue *bits_as(Fold *f, MdlGraphValue *a, MdlDtype dtype)
{
  MdlGraph *g = &f->h->graph;
  if (dtype == MDL_i64) return mdl_graph_convert(g, mdl_graph_bitcast(g, a, MDL_u64), MDL_i64);
  if (dtype == MDL_f64) a = mdl_graph_convert(g, a, MDL_u64);
  return mdl_graph_bitcast(g, a, dtype);
}

static void *fold_node(void *user, const MdlFormulaNode *node, void *const arg[3])
{
  Fold *f = user;
  Term *term = MDL_NEW(f->h->arena, Term, 1), *const *args = (Term *const *)arg;
  switch (node->kind) {
  case MDL_FORMULA_op:
    term->value = op_node(f, node, args);
    break;
  case MDL_FORMULA_variable:
    term->value = f->operand[node->variable[0] - 'a'];
    break;
  case MDL_FORMULA_number:
    term->number = node;
    break;
  case MDL_FORMULA_convert:
    term->value = mdl_graph_convert(&f->h->graph, value_of(f, args[0], node->dtype), node->dtype);
    break;
  case MDL_FORMULA_bitcast:
    term->value = bits_as(f, value_of(f, args[0], node->dtype), node->dtype);
    break;
  }
  return term;
}

static MdlGraphValue *expanded(MdlHlo *h, MdlOp op, const char *text, MdlGraphValue *const *operand)
{
  const char *why = NULL;
  const MdlFormula *formula = mdl_formula_parse(h->arena, text, &why);
  int operands = mdl_op_info(op)->operands;
  MdlDtype dtype = operand[operands - 1]->type.dtype;
  bool narrow = mdl_is_half(dtype);
  MdlGraphValue *wide[MDL_MAX_OPERANDS];
  if (!formula) MDL_BUG(h->ir->session, "%s", why);
  for (int i = 0; i < operands; i++)
    wide[i] = narrow ? mdl_graph_convert(&h->graph, operand[i], MDL_f32) : operand[i];
  Fold f = {h, op, wide[operands - 1]->type.dtype, wide, &operand[0]->type};
  Term *term = mdl_formula_fold(h->arena, formula, formula->root[0], fold_node, &f);
  MdlGraphValue *y = value_of(&f, term, f.dtype);
  return narrow && mdl_is_float(y->type.dtype) ? mdl_graph_convert(&h->graph, y, dtype) : y;
}

MdlGraphValue *mdl_hlo_row(MdlHlo *h, MdlOp op, MdlGraphValue *const *operand)
{
  MdlDtype dtype = operand[mdl_op_info(op)->operands - 1]->type.dtype;
  const char *formula = formula_of(h, op, dtype);
  return formula ? expanded(h, op, formula, operand) : plain(h, op, operand);
}

MdlGraphValue *mdl_hlo_row2(MdlHlo *h, MdlOp op, MdlGraphValue *a, MdlGraphValue *b)
{
  return mdl_hlo_row(h, op, (MdlGraphValue *[]){a, b});
}
