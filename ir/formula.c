/* Formulas: a precedence climber over ir/infix.def, and the fold. */
#include "ir/formula.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 64, MOST_BINDINGS = 64, MOST_ROOTS = 8, LOOSEST = 0 };

typedef struct Binding {
  const char *name;
  int node;
} Binding;

typedef struct Reader {
  MdlArena *arena;
  const char *text, *at;
  const char *why; /* the first complaint */
  int depth, bindings, capacity;
  Binding binding[MOST_BINDINGS];
  MdlFormula *formula;
} Reader;

static int read_expr(Reader *r, int loosest);

/* ---- pieces ------------------------------------------------------------------------------ */

static int complain(Reader *r, const char *what)
{
  if (!r->why)
    r->why = mdl_text(r->arena, "column %d of `%s`: %s", (int)(r->at - r->text) + 1, r->text, what);
  return -1;
}

static void skip_blanks(Reader *r) { r->at += strspn(r->at, " \n"); }

static bool eat(Reader *r, const char *token)
{
  skip_blanks(r);
  size_t length = strlen(token);
  if (strncmp(r->at, token, length)) return false;
  r->at += length;
  return true;
}

static int add(Reader *r, MdlFormulaNode node)
{
  MdlFormula *f = r->formula;
  MDL_GROW(r->arena, f->node, f->count, r->capacity);
  f->node[f->count] = node;
  return f->count++;
}

static MdlFormulaNode blank(MdlFormulaKind kind)
{
  return (MdlFormulaNode){.kind = kind, .op = MDL_OP_none, .arg = {-1, -1, -1}};
}

static int add_op(Reader *r, MdlOp op, int a, int b, int c)
{
  if (a < 0) return -1;
  MdlFormulaNode node = blank(MDL_FORMULA_op);
  node.op = op;
  node.arg[0] = a;
  node.arg[1] = b;
  node.arg[2] = c;
  return add(r, node);
}

/* ---- primaries --------------------------------------------------------------------------- */

static int read_number(Reader *r)
{
  MdlFormulaNode node = blank(MDL_FORMULA_number);
  bool hex = r->at[0] == '0' && r->at[1] == 'x';
  size_t digits = hex ? 2 + strspn(r->at + 2, "0123456789abcdefABCDEF") : strspn(r->at, "0123456789");
  char *end;
  node.is_whole = hex || !strchr(".e", r->at[digits]) || !r->at[digits];
  if (node.is_whole) {
    node.integer = (int64_t)strtoull(r->at, &end, hex ? 16 : 10);
    node.real = (double)node.integer;
  } else {
    node.real = strtod(r->at, &end);
  }
  r->at = end;
  return add(r, node);
}

/* The arguments of a call, after its `(`. Returns how many, -1 for a mistake. */
static int read_args(Reader *r, int arg[3])
{
  for (int count = 0; count < 3;) {
    arg[count] = read_expr(r, LOOSEST);
    if (arg[count++] < 0) return -1;
    if (eat(r, ")")) return count;
    if (!eat(r, ",")) return complain(r, "wanted `,` or `)`");
  }
  return complain(r, "too many arguments");
}

static int read_call(Reader *r, const char *word, size_t length)
{
  int arg[3] = {-1, -1, -1}, count = read_args(r, arg);
  if (count < 0) return -1;
  bool bits = length > 3 && !strncmp(word, "as_", 3);
  MdlDtype dtype = mdl_dtype_find(bits ? word + 3 : word, bits ? length - 3 : length);
  if (dtype != MDL_DTYPE_COUNT) {
    MdlFormulaNode node = blank(bits ? MDL_FORMULA_bitcast : MDL_FORMULA_convert);
    node.arg[0] = arg[0];
    node.dtype = dtype;
    return count == 1 ? add(r, node) : complain(r, "a conversion takes one argument");
  }
  MdlOp op = mdl_op_find(word, length);
  if (op == MDL_OP_none || !mdl_op_info(op)->elementwise)
    return complain(r, "this is no elementwise row of the op table");
  if (mdl_op_info(op)->operands != count) return complain(r, "wrong number of arguments");
  return add_op(r, op, arg[0], arg[1], arg[2]);
}

static int read_variable(Reader *r, const char *word, size_t length)
{
  MdlFormulaNode node = blank(MDL_FORMULA_variable);
  for (int i = r->bindings; i-- > 0;)
    if (strlen(r->binding[i].name) == length && !memcmp(r->binding[i].name, word, length))
      return r->binding[i].node;
  if ((length == 3 && !memcmp(word, "inf", 3)) || (length == 3 && !memcmp(word, "nan", 3))) {
    node.kind = MDL_FORMULA_number;
    node.real = *word == 'i' ? (double)INFINITY : (double)NAN;
    return add(r, node);
  }
  for (int i = 0; i < r->formula->count; i++) /* one node a variable */
    if (r->formula->node[i].kind == MDL_FORMULA_variable &&
        strlen(r->formula->node[i].variable) == length &&
        !memcmp(r->formula->node[i].variable, word, length))
      return i;
  node.variable = mdl_intern(r->arena, word, length);
  return add(r, node);
}

static size_t word_length(const char *at)
{
  size_t length = 0;
  while (isalnum((unsigned char)at[length]) || at[length] == '_') length++;
  return length;
}

static int read_primary(Reader *r)
{
  skip_blanks(r);
  if (isdigit((unsigned char)*r->at)) return read_number(r);
  if (eat(r, "(")) {
    int inner = read_expr(r, LOOSEST);
    return inner < 0 || eat(r, ")") ? inner : complain(r, "wanted `)`");
  }
  const char *word = r->at;
  size_t length = word_length(word);
  if (!length) return complain(r, *word ? "unexpected character" : "ends too early");
  r->at += length;
  return *r->at == '(' ? (r->at++, read_call(r, word, length)) : read_variable(r, word, length);
}

/* ---- operators --------------------------------------------------------------------------- */

/* The operator of this arity that starts here, the longest that fits; NULL for none. */
static const MdlInfix *operator_at(Reader *r, int arity)
{
  int count;
  const MdlInfix *rows = mdl_infix_rows(&count), *best = NULL;
  skip_blanks(r);
  for (int i = 0; i < count; i++) {
    if (rows[i].arity != arity || strncmp(r->at, rows[i].text, strlen(rows[i].text))) continue;
    if (!best || strlen(rows[i].text) > strlen(best->text)) best = &rows[i];
  }
  return best;
}

/* -2 is the number, not the negation of one. */
static int negative(Reader *r, int node)
{
  MdlFormulaNode copy = r->formula->node[node];
  copy.integer = (int64_t)(0 - (uint64_t)copy.integer);
  copy.real = -copy.real;
  return add(r, copy);
}

static int read_unary(Reader *r)
{
  const MdlInfix *row = operator_at(r, 1);
  if (!row) return read_primary(r);
  r->at += strlen(row->text);
  int a = read_expr(r, row->precedence);
  if (a >= 0 && row->op == MDL_OP_neg && r->formula->node[a].kind == MDL_FORMULA_number)
    return negative(r, a);
  return add_op(r, row->op, a, -1, -1);
}

/* Operators that bind at least as tightly as `loosest`. */
static int read_expr(Reader *r, int loosest)
{
  if (++r->depth > DEEPEST) return complain(r, "nested too deeply");
  int a = read_unary(r);
  for (const MdlInfix *row; a >= 0 && (row = operator_at(r, 2)) && row->precedence >= loosest;) {
    r->at += strlen(row->text);
    int b = read_expr(r, row->precedence + (row->associativity != MDL_ASSOC_right));
    a = b < 0 ? -1 : add_op(r, row->op, a, b, -1);
  }
  r->depth--;
  return a;
}

/* ---- the whole text ---------------------------------------------------------------------- */

/* `let name = expr;`, as many as there are. */
static bool read_bindings(Reader *r)
{
  for (;;) {
    skip_blanks(r);
    if (strncmp(r->at, "let ", 4)) return true;
    r->at += 4;
    skip_blanks(r);
    size_t length = word_length(r->at);
    if (!length || r->bindings == MOST_BINDINGS) return complain(r, "bad `let`"), false;
    const char *name = mdl_intern(r->arena, r->at, length);
    r->at += length;
    if (!eat(r, "=")) return complain(r, "wanted `=`"), false;
    int node = read_expr(r, LOOSEST);
    if (node < 0) return false;
    if (!eat(r, ";")) return complain(r, "wanted `;`"), false;
    r->binding[r->bindings++] = (Binding){name, node};
    if (!r->formula->node[node].name) r->formula->node[node].name = name;
  }
}

/* A lone `-` says that there is none. */
static bool is_absent(Reader *r)
{
  skip_blanks(r);
  if (*r->at != '-') return false;
  const char *after = r->at + 1 + strspn(r->at + 1, " ");
  if (*after && *after != ',') return false;
  r->at = after;
  return true;
}

const MdlFormula *mdl_formula_parse(MdlArena *arena, const char *text, const char **error)
{
  Reader r = {.arena = arena, .text = text, .at = text};
  r.formula = MDL_NEW(arena, MdlFormula, 1);
  do {
    if (r.formula->roots == MOST_ROOTS) complain(&r, "too many formulas");
    if (r.why || !read_bindings(&r)) break;
    bool absent = is_absent(&r);
    r.formula->root[r.formula->roots++] = absent ? -1 : read_expr(&r, LOOSEST);
  } while (!r.why && eat(&r, ","));
  skip_blanks(&r);
  if (!r.why && *r.at) complain(&r, "wanted an operator or the end");
  if (!r.why) return r.formula;
  if (error) *error = r.why;
  return NULL;
}

/* ---- using a formula --------------------------------------------------------------------- */

/* Which nodes the root needs. Arguments stand before their users, so one pass backwards does. */
static bool *needed_by(MdlArena *arena, const MdlFormula *formula, int root)
{
  bool *needed = MDL_NEW(arena, bool, (size_t)formula->count);
  needed[root] = true;
  for (int i = root; i >= 0; i--)
    for (int k = 0; needed[i] && k < 3; k++)
      if (formula->node[i].arg[k] >= 0) needed[formula->node[i].arg[k]] = true;
  return needed;
}

void *mdl_formula_fold(MdlArena *arena, const MdlFormula *formula, int root, MdlFormulaFn *value,
                       void *user)
{
  bool *needed = needed_by(arena, formula, root);
  void **values = MDL_NEW(arena, void *, (size_t)formula->count);
  for (int i = 0; i <= root; i++) {
    if (!needed[i]) continue;
    const MdlFormulaNode *node = &formula->node[i];
    void *arg[3] = {NULL, NULL, NULL};
    for (int k = 0; k < 3; k++)
      if (node->arg[k] >= 0) arg[k] = values[node->arg[k]];
    values[i] = value(user, node, arg);
    if (!values[i]) return NULL;
  }
  return values[root];
}

static bool uses(const MdlFormula *formula, int node, const char *variable)
{
  const MdlFormulaNode *n = &formula->node[node];
  if (n->kind == MDL_FORMULA_variable) return !strcmp(n->variable, variable);
  for (int k = 0; k < 3; k++)
    if (n->arg[k] >= 0 && uses(formula, n->arg[k], variable)) return true;
  return false;
}

bool mdl_formula_uses(const MdlFormula *formula, int root, const char *variable)
{
  return root >= 0 && uses(formula, root, variable);
}
