/* Rewrites written as text: passes/rewrites.def against the IR. */
#include "passes/simplify.h"

#include "ir/eval.h"

#include <pthread.h>
#include <string.h>

typedef enum When { WHEN_exact, WHEN_fast } When;

typedef struct Rule {
  When when;
  char letter;
  const char *from_text, *to_text;
  const MdlFormula *from, *to;
  const struct Rule *next; /* with the same op at the root */
} Rule;

static Rule rules[] = {
#define R(when_, letter_, from_, to_, why_) {WHEN_##when_, #letter_[0], from_, to_, 0, 0, 0},
#include "passes/rewrites.def"
};
enum { RULES = sizeof rules / sizeof *rules, MOST_VARIABLES = 8 };

/* In table order, by the op at the root of `from`. */
static const Rule *rules_of[MDL_OP_COUNT];

/* The texts never change, so they are parsed once for all compilations. */
static void parse_rules(void)
{
  static MdlArena *arena; /* kept for the life of the process, where leak checkers see it */
  arena = mdl_arena_create();
  for (int i = RULES - 1; i >= 0; i--) {
    Rule *r = &rules[i];
    r->from = mdl_formula_parse(arena, r->from_text, NULL);
    r->to = mdl_formula_parse(arena, r->to_text, NULL);
    if (!r->from || !r->to) continue; /* a unit test reports it */
    MdlOp op = r->from->node[r->from->root[0]].op;
    r->next = rules_of[op];
    rules_of[op] = r;
  }
}

static const Rule *rules_for(MdlOp op)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, parse_rules);
  return op < MDL_OP_COUNT ? rules_of[op] : NULL;
}

int mdl_rewrite_count(void) { return RULES; }

MdlRewrite mdl_rewrite_row(int i)
{
  rules_for(MDL_OP_add);
  return (MdlRewrite){rules[i].when == WHEN_fast, rules[i].letter, rules[i].from_text,
                      rules[i].to_text,           rules[i].from,   rules[i].to};
}

bool mdl_is_splat(MdlIr *ir, MlirValue value, double *real, int64_t *integer)
{
  if (mdl_def_op(ir, value) != MDL_OP_const) return false;
  MdlAttrs attrs = mdl_attrs_of(ir, mdl_def(value));
  return mdl_get_number(&attrs, "value", real, integer);
}

bool mdl_letter_fits(char letter, MdlDtype dtype)
{
  bool is_bool = mdl_is_bool(dtype), is_float = dtype != MDL_index && mdl_is_float(dtype);
  switch (letter) {
  case 'F':
    return is_float;
  case 'I':
    return !is_bool && !is_float;
  case 'N':
    return !is_bool;
  case 'J':
    return !is_float;
  case 'B':
    return is_bool;
  default:
    return true;
  }
}

/* ---- matching ---------------------------------------------------------------------------- */

typedef struct Match {
  MdlIr *ir;
  const MdlFormula *f;
  int count;
  const char *name[MOST_VARIABLES];
  MlirValue value[MOST_VARIABLES];
} Match;

static MlirValue bound(const Match *m, const char *name)
{
  for (int i = 0; i < m->count; i++)
    if (m->name[i] == name || !strcmp(m->name[i], name)) return m->value[i];
  return MDL_NO_VALUE;
}

static bool match_variable(Match *m, const char *name, MlirValue value)
{
  bool is_constant = !strcmp(name, "k") || !strcmp(name, "m");
  if (is_constant && mdl_def_op(m->ir, value) != MDL_OP_const) return false;
  MlirValue before = bound(m, name);
  if (!mdl_is_no_value(before)) return mdl_same(before, value);
  m->name[m->count] = name;
  m->value[m->count++] = value;
  return true;
}

/* The whole number as an element: -1 is 255 in u8. */
static int64_t in_dtype(MdlDtype dtype, const MdlFormulaNode *node)
{
  const MdlDtypeInfo *row = &mdl_dtypes[dtype];
  return (int64_t)mdl_int_cut((uint64_t)node->integer, row->bits, row->kind == 's');
}

static bool match_number(const Match *m, const MdlFormulaNode *node, MlirValue value)
{
  double real;
  int64_t integer;
  if (!mdl_is_splat(m->ir, value, &real, &integer)) return false;
  MdlDtype dtype = mdl_type_of(m->ir, value)->dtype;
  if (!mdl_letter_fits('F', dtype)) return node->is_whole && integer == in_dtype(dtype, node);
  return !memcmp(&real, &node->real, sizeof real); /* 0 is not -0 */
}

static bool match(Match *m, int node, MlirValue value);

/* Does operand i of the pattern match operand order[i]? Forgets what it bound if not. */
static bool match_operands(Match *m, const MdlFormulaNode *node, MlirOperation op, bool swap)
{
  int bound_before = m->count, operands = mdl_operand_count(op);
  for (int i = 0; i < operands; i++) {
    if (match(m, node->arg[i], mdl_operand(op, swap ? 1 - i : i))) continue;
    m->count = bound_before;
    return false;
  }
  return true;
}

static bool match(Match *m, int at, MlirValue value)
{
  const MdlFormulaNode *node = &m->f->node[at];
  if (node->kind == MDL_FORMULA_variable) return match_variable(m, node->variable, value);
  if (node->kind == MDL_FORMULA_number) return match_number(m, node, value);
  if (node->kind != MDL_FORMULA_op || mdl_def_op(m->ir, value) != node->op) return false;
  MlirOperation op = mdl_def(value);
  return match_operands(m, node, op, false) ||
         (mdl_op_commutes(node->op) && match_operands(m, node, op, true));
}

/* ---- building ---------------------------------------------------------------------------- */

typedef struct Build {
  MdlSimplify *s;
  const Match *match;
  const MdlFormula *f;
  const MdlType *root; /* whose shape all have */
} Build;

static MlirValue build(Build *x, int at, MdlDtype dtype);

/* The element type of operands with this letter: the result's if it has the letter too, else that
 * of a sibling which is no number. */
static MdlDtype dtype_of_letter(Build *x, const MdlFormulaNode *node, int i, MdlDtype result)
{
  const char *sig = mdl_op_info(node->op)->sig;
  int operands = mdl_op_info(node->op)->operands;
  if (sig[i] == 'B') return MDL_bool;
  if (sig[operands + 1] == sig[i]) return result;
  for (int k = 0; k < operands; k++) {
    const MdlFormulaNode *sibling = &x->f->node[node->arg[k]];
    if (sig[k] == sig[i] && sibling->kind == MDL_FORMULA_variable)
      return mdl_type_of(x->s->ir, bound(x->match, sibling->variable))->dtype;
  }
  return result;
}

static MlirValue build(Build *x, int at, MdlDtype dtype)
{
  const MdlFormulaNode *node = &x->f->node[at];
  if (node->kind == MDL_FORMULA_variable) return bound(x->match, node->variable);
  if (node->kind == MDL_FORMULA_number) {
    MdlType type = mdl_type_with(x->root, dtype);
    return mdl_letter_fits('F', dtype)
               ? mdl_build_const(&x->s->b, &type, node->real)
               : mdl_build_const_int(&x->s->b, &type, in_dtype(dtype, node));
  }
  MlirValue operand[MDL_MAX_OPERANDS];
  for (int i = 0; i < mdl_op_info(node->op)->operands; i++)
    operand[i] = build(x, node->arg[i], dtype_of_letter(x, node, i, dtype));
  return mdl_build_v(&x->s->b, node->op, operand);
}

static bool fits(const MdlSimplify *s, const Rule *r, const Match *m, MlirOperation op)
{
  MlirValue a = bound(m, "a");
  if (mdl_is_no_value(a)) a = mdl_result(op, 0);
  return mdl_letter_fits(r->letter, mdl_type_of(s->ir, a)->dtype);
}

MlirValue mdl_simplify_rewrite(MdlSimplify *s, MlirOperation op)
{
  const Rule *r = rules_for(mdl_op(s->ir, op));
  for (; r; r = r->next) {
    Match m = {.ir = s->ir, .f = r->from};
    if (r->when == WHEN_fast && !s->pass->options->fast_math) continue;
    if (!match(&m, r->from->root[0], mdl_result(op, 0)) || !fits(s, r, &m, op)) continue;
    Build x = {s, &m, r->to, mdl_type_of(s->ir, mdl_result(op, 0))};
    return build(&x, r->to->root[0], x.root->dtype);
  }
  return MDL_NO_VALUE;
}
