/* Statements with blocks inside: loops and branches of loop form as C. */
#include "codegen/cfamily_stmt.h"

#include <stdlib.h>
#include <string.h>

/* (a - b) as a - b; (a)*(b) stays. */
static const char *without_brackets(MdlPrinter *p, const char *text)
{
  int depth = 0;
  size_t length = strlen(text);
  if (*text != '(') return text;
  for (size_t i = 0; i < length; i++) {
    depth += (text[i] == '(') - (text[i] == ')');
    if (!depth && i + 1 < length) return text;
  }
  return mdl_text_copy(p->arena, text + 1, length - 2);
}

/* "+= x" where the new value is the old one plus x: `s + x*y` with the old one as left operand. */
static const char *update_of(MdlPrinter *p, MlirValue value, const char *old, const char *text)
{
  MlirOperation op = mdl_def(value);
  MdlLoopOp kind = mdl_is_null(op) ? MDL_LOOP_none : mdl_loop_op(op);
  if (kind != MDL_LOOP_addf && kind != MDL_LOOP_subf && kind != MDL_LOOP_mulf) return NULL;
  size_t length = strlen(old);
  const char *sign = mdl_loop_info(kind)->c;
  bool follows = !strncmp(text, old, length) && text[length] == ' ' && text[length + 1] == *sign &&
                 text[length + 2] == ' ';
  if (follows && p->machine->warp) mdl_need(p, mdl_text(p->arena, "operator=%s", sign));
  if (!follows || strcmp(mdl_print_expr(p, mdl_operand(op, 0)).text, old)) return NULL;
  return mdl_text(p->arena, "%s= %s", sign, without_brackets(p, text + length + 3));
}

void mdl_stmt_update(MdlPrinter *p, MlirValue value, const char *name, const char *text)
{
  const char *rest = update_of(p, value, name, text);
  if (rest)
    mdl_line(p, "%s %s;", name, rest);
  else
    mdl_line(p, "%s = %s;", name, text);
}

static bool is_inside(MlirOperation op, MlirOperation outer)
{
  while (!mdl_is_null(op) && !mdl_same_op(op, outer)) op = mdl_parent(op);
  return !mdl_is_null(op);
}

/* `if (c) s = …;` in a loop that carries s: the other side leaves it as it is. */
static bool keeps_old(MdlPrinter *p, MlirOperation op, int result, MlirValue old)
{
  MlirOperation user;
  int operand;
  if (!p->launch || mdl_op(p->ir, op) != MDL_OP_if || !mdl_body(op, 1).ptr) return false;
  if (!mdl_same(mdl_operand(mdl_terminator(mdl_body(op, 1)), result), old)) return false;
  for (int i = 0; mdl_use(old, i, &user, &operand); i++)
    if (!is_inside(user, op)) return false;
  return true;
}

/* Where nothing but the new value reads the old one, it is assigned at once: twelve sums of a tile
 * need no second set of registers then. */
static void find_in_place(MdlPrinter *p, MlirBlock body, int carried, const char *const *names)
{
  MlirOperation end = mdl_terminator(body), user;
  int operand;
  for (int i = 0; i < carried; i++) {
    MlirValue next = mdl_operand(end, i), old = mdl_arg(body, 1 + i);
    MlirOperation op = mdl_def(next);
    if (mdl_is_null(op) || mdl_block_of(op).ptr != body.ptr) continue;
    if (mdl_use_count(next) == 1 && keeps_old(p, op, mdl_result_index(next), old))
      mdl_map_set(p->in_place, next.ptr, (void *)names[i]);
    bool plain = mdl_result_count(op) == 1 && !mdl_region_count(op);
    if (!plain || mdl_use_count(next) != 1 || mdl_use_count(old) != 1) continue;
    mdl_use(old, 0, &user, &operand);
    if (mdl_same_op(user, op)) mdl_map_set(p->in_place, next.ptr, (void *)names[i]);
  }
}

/* Assigns the terminator's operands to the variables of `into`, all at once: where a variable that
 * is read later would be overwritten, through temporaries. */
static void assign(MdlPrinter *p, MlirOperation end, int first, int count, const char *const *into)
{
  const char *text[64];
  bool clash = false;
  for (int i = 0; i < count; i++) {
    text[i] = mdl_print_expr(p, mdl_operand(end, first + i)).text;
    for (int j = 0; j < i; j++)
      if (strstr(text[i], into[j])) clash = true;
  }
  mdl_stmt_consume(p, end);
  mdl_stmt_settle(p);
  for (int i = 0; clash && i < count; i++) {
    if (!strcmp(text[i], into[i])) continue;
    const char *name = mdl_print_unique(p, mdl_text(p->arena, "next_%s", into[i]));
    mdl_line(p, "const %s %s = %s;", mdl_stmt_type(p, mdl_operand(end, first + i)), name, text[i]);
    text[i] = name;
  }
  for (int i = 0; i < count; i++)
    if (strcmp(text[i], into[i])) mdl_stmt_update(p, mdl_operand(end, first + i), into[i], text[i]);
}

/* Variables of carried values: declared before the loop, named after the block's arguments. */
static void declare_carried(MdlPrinter *p, MlirOperation op, int first, int count, MlirBlock body,
                            int first_arg, const char **names)
{
  MdlDeclaration d = {NULL, NULL};
  for (int i = 0; i < count; i++) {
    MlirValue init = mdl_operand(op, first + i), arg = mdl_arg(body, first_arg + i);
    const char *own = mdl_value_name(p->ir, mdl_result(op, i));
    names[i] = own ? mdl_print_unique(p, own)
                   : mdl_print_name(p, arg, mdl_text(p->arena, "s%d", ++p->temporaries));
    mdl_declare(p, &d, mdl_stmt_type(p, arg), names[i], mdl_print_expr(p, init).text);
    mdl_stmt_name(p, arg, names[i]);
  }
  mdl_declare(p, &d, NULL, "", NULL);
}

static void name_results(MdlPrinter *p, MlirOperation op, const char *const *names)
{
  for (int i = 0; i < mdl_result_count(op); i++) mdl_stmt_name(p, mdl_result(op, i), names[i]);
}

/* What is printed between the two, one step further in, as text: to see how many lines it is. */
typedef struct Held {
  FILE *out;
  char *text;
  size_t length;
} Held;

static void hold(MdlPrinter *p, Held *held)
{
  held->out = p->out;
  p->out = open_memstream(&held->text, &held->length);
  if (!p->out) MDL_BUG(p->ir->session, "no memory stream");
  p->indent++;
}

static const char *release(MdlPrinter *p, Held *held)
{
  p->indent--;
  fclose(p->out);
  p->out = held->out;
  const char *kept = mdl_text_copy(p->arena, held->text, held->length);
  free(held->text);
  return kept;
}

static const char *loop_body(MdlPrinter *p, MlirBlock body, int carried, const char *const *names)
{
  Held held;
  MlirOperation end = mdl_terminator(body);
  hold(p, &held);
  find_in_place(p, body, carried, names);
  mdl_stmt_ops(p, body, end);
  assign(p, end, 0, carried, names);
  return release(p, &held);
}

static bool is_one_line(const char *text)
{
  const char *newline = strchr(text, '\n');
  return newline && !newline[1] && !strchr(text, '#');
}

/* clang 22 stores past the end of 16-bit arrays when it makes its own vectors for AVX-512. */
static bool stores_halves(MdlPrinter *p, MlirBlock body)
{
  MlirOperation end = mdl_terminator(body);
  if (p->machine->vector_bytes < 64) return false;
  for (MlirOperation op = mdl_first(body); !mdl_same_op(op, end); op = mdl_next(op))
    if (mdl_loop_op(op) == MDL_LOOP_store &&
        mdl_loop_type_of(p->ir, mdl_operand(op, 0)).element == MDL_i16)
      return true;
  return false;
}

static void print_for(MdlPrinter *p, MlirOperation op)
{
  const char *names[64];
  int carried = mdl_result_count(op);
  MlirBlock body = mdl_body(op, 0);
  if (carried > 64) MDL_BUG(p->ir->session, "a loop carries %d values", carried);
  mdl_stmt_settle(p);
  const char *lo = mdl_stmt_index(p, mdl_operand(op, 0));
  const char *hi = mdl_print_at(p, mdl_operand(op, 1), 11);
  const char *step = mdl_stmt_index(p, mdl_operand(op, 2));
  declare_carried(p, op, 3, carried, body, 1, names);
  MdlScope scope = mdl_scope_open(p);
  const char *i = mdl_print_name(p, mdl_arg(body, 0), "i");
  mdl_stmt_name(p, mdl_arg(body, 0), i);
  const char *next =
      strcmp(step, "1") ? mdl_text(p->arena, "%s += %s", i, step) : mdl_text(p->arena, "%s++", i);
  const char *inside = loop_body(p, body, carried, names);
  bool one = is_one_line(inside);
  if (stores_halves(p, body)) mdl_line(p, "%s", mdl_need(p, "MDL_NO_VECTORS"));
  if (mdl_op_has(op, "mdl.unroll")) fputs("#pragma unroll\n", p->out);
  mdl_line(p, "for (%s %s = %s; %s < %s; %s)%s", mdl_stmt_type(p, mdl_arg(body, 0)), i, lo, i, hi,
           next, one ? "" : " {");
  fputs(inside, p->out);
  if (!one) mdl_line(p, "}");
  mdl_scope_close(p, scope);
  name_results(p, op, names);
}

/* A status as the header names it. */
const char *mdl_stmt_status(MdlPrinter *p, const char *text)
{
  char *end;
  long status = strtol(text, &end, 10);
  if (!p->gives_status || *end || status < 0) return text;
  const char *name = mdl_c_code((int)(status % 256));
  if (*name == '?') return text;
  return status < 256 ? name : mdl_text(p->arena, "%s + 256 * %ld", name, status / 256);
}

/* An `if` whose value is all that is returned and whose first branch does nothing but choose it. */
static bool is_early_return(MdlPrinter *p, MlirOperation op)
{
  MlirOperation next = mdl_next(op);
  if (mdl_result_count(op) != 1 || mdl_is_null(next) || mdl_op(p->ir, next) != MDL_OP_return)
    return false;
  MlirOperation first = mdl_first(mdl_body(op, 0)), end = mdl_terminator(mdl_body(op, 0));
  while (mdl_loop_op(first) == MDL_LOOP_constant) first = mdl_next(first);
  return mdl_same(mdl_operand(next, 0), mdl_result(op, 0)) && mdl_same_op(first, end);
}

static void print_early_return(MdlPrinter *p, MlirOperation op)
{
  MlirOperation bad = mdl_terminator(mdl_body(op, 0)), good = mdl_terminator(mdl_body(op, 1));
  const char *condition = mdl_print_expr(p, mdl_operand(op, 0)).text;
  mdl_stmt_ops(p, mdl_body(op, 0), bad);
  const char *status = mdl_print_expr(p, mdl_operand(bad, 0)).text;
  mdl_stmt_consume(p, op);
  mdl_stmt_settle(p);
  mdl_line(p, "if (%s) return %s;", condition, mdl_stmt_status(p, status));
  mdl_stmt_ops(p, mdl_body(op, 1), good);
  MdlExpr rest = mdl_print_expr(p, mdl_operand(good, 0));
  mdl_stmt_expr(p, mdl_result(op, 0), rest);
}

static const char *else_text(MdlPrinter *p, MlirOperation op, int result)
{
  return mdl_print_expr(p, mdl_operand(mdl_terminator(mdl_body(op, 1)), result)).text;
}

/* On a GPU, where threads stand beside what they have an element of: `float s = 0; if (…) s = …;` */
static bool has_plain_else(MdlPrinter *p, MlirOperation op)
{
  MlirBlock body = mdl_body(op, 1);
  return p->launch && body.ptr && mdl_same_op(mdl_first(body), mdl_terminator(body));
}

/* Nothing in the block but an `if` and what it asks: `else if`. The `if`, or null. */
static MlirOperation chained(MdlPrinter *p, MlirBlock body)
{
  MlirOperation op = mdl_first(body), none = {NULL};
  while (mdl_loop_op(op) == MDL_LOOP_constant || mdl_loop_op(op) == MDL_LOOP_cmpi ||
         mdl_loop_op(op) == MDL_LOOP_thread)
    op = mdl_next(op);
  bool alone = mdl_op(p->ir, op) == MDL_OP_if && !mdl_result_count(op) &&
               mdl_same_op(mdl_next(op), mdl_terminator(body));
  return p->chains && alone ? op : none;
}

/* `start`: "if", "} else if" */
static void print_branches(MdlPrinter *p, MlirOperation op, const char *start,
                           const char *condition, const char *const *names)
{
  int results = mdl_result_count(op);
  mdl_line(p, "%s (%s) {", start, condition);
  for (int region = 0; region < 2; region++) {
    MlirBlock body = mdl_body(op, region);
    if (!body.ptr) break;
    MlirOperation end = mdl_terminator(body);
    bool said = !results || has_plain_else(p, op);
    if (region && mdl_same_op(mdl_first(body), end) && said) break;
    MlirOperation next = region ? chained(p, body) : (MlirOperation){NULL};
    if (!mdl_is_null(next)) {
      mdl_stmt_ops(p, body, next);
      const char *text = mdl_print_expr(p, mdl_operand(next, 0)).text;
      mdl_stmt_consume(p, next);
      print_branches(p, next, "} else if", text, NULL);
      return;
    }
    if (region) mdl_line(p, "} else {");
    MdlScope scope = mdl_scope_open(p);
    p->indent++;
    mdl_stmt_ops(p, body, end);
    assign(p, end, 0, results, names);
    p->indent--;
    mdl_scope_close(p, scope);
  }
  mdl_line(p, "}");
}

static void print_if(MdlPrinter *p, MlirOperation op)
{
  const char *names[64];
  if (is_early_return(p, op)) {
    print_early_return(p, op);
    return;
  }
  int results = mdl_result_count(op);
  if (results > 64) MDL_BUG(p->ir->session, "a branch gives %d values", results);
  const char *condition = mdl_print_expr(p, mdl_operand(op, 0)).text;
  mdl_stmt_consume(p, op);
  mdl_stmt_settle(p);
  bool else_is_plain = has_plain_else(p, op);
  for (int i = 0; i < results; i++) {
    names[i] = mdl_map_get(p->in_place, mdl_result(op, i).ptr);
    if (names[i]) continue;
    names[i] = mdl_print_name(p, mdl_result(op, i), mdl_text(p->arena, "t%d", ++p->temporaries));
    const char *type = mdl_stmt_type(p, mdl_result(op, i));
    if (else_is_plain)
      mdl_line(p, "%s %s = %s;", type, names[i], else_text(p, op, i));
    else
      mdl_line(p, "%s %s;", type, names[i]);
  }
  print_branches(p, op, "if", condition, names);
  name_results(p, op, names);
}

/* `while (c)` where the condition is one expression, else `for (;;)` with a way out in the middle. */
static void print_while(MdlPrinter *p, MlirOperation op)
{
  const char *names[64], *passed[64];
  int carried = mdl_operand_count(op), results = mdl_result_count(op);
  MlirBlock before = mdl_body(op, 0), after = mdl_body(op, 1);
  MlirOperation condition = mdl_terminator(before), end = mdl_terminator(after);
  if (carried > 64) MDL_BUG(p->ir->session, "a loop carries %d values", carried);
  mdl_stmt_settle(p);
  declare_carried(p, op, 0, carried, before, 0, names);
  MdlScope scope = mdl_scope_open(p);
  Held held;
  hold(p, &held);
  mdl_stmt_ops(p, before, condition);
  MlirValue goes_on = mdl_operand(condition, 0);
  const char *plain = mdl_print_expr(p, goes_on).text, *tight = mdl_print_at(p, goes_on, 14);
  for (int i = 0; i < results; i++)
    passed[i] = mdl_print_expr(p, mdl_operand(condition, i + 1)).text;
  mdl_stmt_consume(p, condition);
  mdl_stmt_settle(p);
  const char *first = release(p, &held);
  bool same = results == carried;
  for (int i = 0; same && i < results; i++) same = !strcmp(passed[i], names[i]);
  if (!same) MDL_BUG(p->ir->session, "scf.while passes on other values than it carries");
  if (*first)
    mdl_line(p, "for (;;) {");
  else
    mdl_line(p, "while (%s) {", plain);
  fputs(first, p->out);
  p->indent++;
  if (*first) mdl_line(p, "if (!%s) break;", tight);
  for (int i = 0; i < results; i++) mdl_stmt_name(p, mdl_arg(after, i), names[i]);
  mdl_stmt_ops(p, after, end);
  assign(p, end, 0, carried, names);
  p->indent--;
  mdl_scope_close(p, scope);
  mdl_line(p, "}");
  name_results(p, op, names);
}

void mdl_stmt_flow(MdlPrinter *p, MlirOperation op)
{
  switch (mdl_op(p->ir, op)) {
  case MDL_OP_for:
    print_for(p, op);
    return;
  case MDL_OP_if:
    print_if(p, op);
    return;
  default:
    print_while(p, op);
  }
}
