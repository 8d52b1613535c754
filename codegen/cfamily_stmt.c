/* Statements: blocks of loop form as C. A value becomes an expression inside its only user where
 * that reads well and changes no order of memory accesses; else a named local. */
#include "codegen/cfamily_stmt.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_FOLD = 72 };

void mdl_printer_begin(MdlPrinter *p)
{
  p->exprs = mdl_map_create(p->arena);
  p->c_types = mdl_map_create(p->arena);
  p->names = mdl_map_create(p->arena);
  p->waiting = mdl_map_create(p->arena);
  p->in_place = mdl_map_create(p->arena);
  p->temporaries = p->locals = p->results = 0;
}

void mdl_stmt_expr(MdlPrinter *p, MlirValue value, MdlExpr made)
{
  MdlExpr *kept = MDL_NEW(p->arena, MdlExpr, 1);
  *kept = made;
  mdl_map_set(p->exprs, value.ptr, kept);
}

void mdl_stmt_name(MdlPrinter *p, MlirValue value, const char *name)
{
  mdl_stmt_expr(p, value, (MdlExpr){.text = name, .precedence = 16});
}

const char *mdl_stmt_type(MdlPrinter *p, MlirValue value)
{
  MdlLoopType type = mdl_loop_type_of(p->ir, value);
  return mdl_c_type(p, &type);
}

/* const float z = ...; */
static void declare(MdlPrinter *p, MlirValue value, const char *text)
{
  const char *name = mdl_print_name(p, value, mdl_text(p->arena, "t%d", ++p->temporaries));
  mdl_line(p, "const %s %s = %s;", mdl_stmt_type(p, value), name, text);
  mdl_stmt_name(p, value, name);
}

void mdl_stmt_settle(MdlPrinter *p)
{
  for (int i = 0; i < mdl_map_count(p->waiting); i++) {
    MlirValue value = {mdl_map_key(p->waiting, i)};
    const MdlExpr *e = mdl_map_get(p->exprs, value.ptr);
    if (mdl_map_value(p->waiting, i)) declare(p, value, e->text);
  }
  mdl_map_clear(p->waiting);
}

void mdl_stmt_consume(MdlPrinter *p, MlirOperation op)
{
  for (int i = 0; i < mdl_operand_count(op); i++) {
    const void *key = mdl_operand(op, i).ptr;
    if (mdl_map_has(p->waiting, key)) mdl_map_set(p->waiting, key, NULL);
  }
}

/* Folded into its only user, in the same block, without a name of its own. */
static bool folds(MdlPrinter *p, MlirValue value, const MdlExpr *made)
{
  MlirOperation user;
  int operand;
  if (mdl_use_count(value) != 1 || mdl_value_name(p->ir, value)) return false;
  mdl_use(value, 0, &user, &operand);
  MlirBlock here = mdl_value_block(value), there = mdl_block_of(user);
  if (here.ptr != there.ptr) return false;
  return strlen(made->text) <= LONGEST_FOLD;
}

/* Names, literals and casts of names cost nothing to repeat. */
static bool is_cheap(MlirOperation op, const MdlExpr *made)
{
  return mdl_loop_op(op) == MDL_LOOP_constant ||
         (mdl_loop_op(op) == MDL_LOOP_index_cast && strlen(made->text) < 24 && !made->reads);
}

/* A pointer of the signature goes to a group as loop form's own type. */
static const char *argument(MdlPrinter *p, MlirValue value)
{
  const char *text = mdl_print_expr(p, value).text;
  const char *outer = mdl_map_get(p->c_types, value.ptr);
  MdlLoopType type = mdl_loop_type_of(p->ir, value);
  const char *own = mdl_c_type(p, &(MdlLoopType){.element = type.element});
  bool differs = type.kind == MDL_LOOP_memory && outer && strcmp(outer, own);
  return differs ? mdl_text(p->arena, "(%s *)%s", own, mdl_print_at(p, value, 14)) : text;
}

/* mdl_print("loss", MDL_F32, 0, NULL, value): a function of the host. */
static MdlExpr hook_of(MdlPrinter *p, MlirOperation op, const char *function)
{
  const char *text = mdl_text(p->arena, "%s(", function);
  for (int i = 0; i < mdl_operand_count(op); i++) {
    double real;
    int64_t element;
    const char *arg = mdl_print_expr(p, mdl_operand(op, i)).text;
    if (i == 1 && mdl_loop_constant(p->ir, mdl_operand(op, i), &real, &element))
      arg = mdl_c_element((MdlDtype)element);
    text = mdl_text(p->arena, "%s%s%s", text, i ? ", " : "", arg);
  }
  return (MdlExpr){.text = mdl_text(p->arena, "%s)", text), .precedence = 15};
}

/* Several results come back through pointers to locals: `names`. */
static MdlExpr call_of(MdlPrinter *p, MlirOperation op, const char *const *names)
{
  MlirOperation callee = mdl_callee(p->ir, p->symbols, op);
  const char *hook = mdl_op_text(p->ir, callee, "mdl.hook");
  if (hook) return hook_of(p, op, hook);
  const char *text = "";
  int operands = mdl_operand_count(op);
  for (int i = 0; i < operands; i++)
    text = mdl_text(p->arena, "%s%s%s", text, i ? ", " : "", argument(p, mdl_operand(op, i)));
  const char *launch = p->launch ? p->launch(p->user, op, callee, text) : NULL;
  if (launch) return (MdlExpr){.text = launch, .precedence = 0};
  for (int i = 0; names && i < mdl_result_count(op); i++)
    text = mdl_text(p->arena, "%s%s&%s", text, operands + i ? ", " : "", names[i]);
  text = mdl_text(p->arena, "%s(%s)", mdl_op_text(p->ir, op, "callee"), text);
  return (MdlExpr){.text = text, .precedence = 15};
}

/* A function that is handed no memory is nothing but its value. */
static bool is_pure_call(MdlPrinter *p, MlirOperation op)
{
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (mdl_loop_type_of(p->ir, mdl_operand(op, i)).kind == MDL_LOOP_memory) return false;
  return mdl_result_count(op) == 1;
}

static void update(MdlPrinter *p, MlirValue value, const char *name, const char *text);

static void print_value(MdlPrinter *p, MlirOperation op)
{
  MlirValue value = mdl_result(op, 0);
  if (!mdl_has_uses(value)) return;
  MdlExpr made = mdl_op(p->ir, op) == MDL_OP_call ? call_of(p, op, NULL) : mdl_print_op(p, op);
  mdl_stmt_consume(p, op);
  const char *carried = mdl_map_get(p->in_place, value.ptr);
  if (carried) {
    update(p, value, carried, made.text);
    mdl_stmt_name(p, value, carried);
    return;
  }
  bool is_reach = !made.reads && mdl_print_is_reach(p, value);
  if (is_cheap(op, &made) || folds(p, value, &made) || is_reach) {
    mdl_stmt_expr(p, value, made);
    if (made.reads) mdl_map_set(p->waiting, value.ptr, (void *)op.ptr);
    return;
  }
  declare(p, value, made.text);
}

static void print_ops(MdlPrinter *p, MlirBlock block, MlirOperation end);

/* ---- control flow ------------------------------------------------------------------------ */

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
  if (!follows || strcmp(mdl_print_expr(p, mdl_operand(op, 0)).text, old)) return NULL;
  return mdl_text(p->arena, "%s= %s", sign, without_brackets(p, text + length + 3));
}

/* name = text; */
static void update(MdlPrinter *p, MlirValue value, const char *name, const char *text)
{
  const char *rest = update_of(p, value, name, text);
  if (rest)
    mdl_line(p, "%s %s;", name, rest);
  else
    mdl_line(p, "%s = %s;", name, text);
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
    if (mdl_is_null(op) || mdl_block_of(op).ptr != body.ptr || mdl_result_count(op) != 1) continue;
    if (mdl_use_count(next) != 1 || mdl_use_count(old) != 1 || mdl_region_count(op)) continue;
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
    if (strcmp(text[i], into[i])) update(p, mdl_operand(end, first + i), into[i], text[i]);
}

/* Variables of carried values: declared before the loop, named after the block's arguments. */
static void declare_carried(MdlPrinter *p, MlirOperation op, int first, int count, MlirBlock body,
                            int first_arg, const char **names)
{
  for (int i = 0; i < count; i++) {
    MlirValue init = mdl_operand(op, first + i), arg = mdl_arg(body, first_arg + i);
    const char *own = mdl_value_name(p->ir, mdl_result(op, i));
    names[i] = own ? mdl_print_unique(p, own)
                   : mdl_print_name(p, arg, mdl_text(p->arena, "s%d", ++p->temporaries));
    mdl_line(p, "%s %s = %s;", mdl_stmt_type(p, init), names[i], mdl_print_expr(p, init).text);
    mdl_stmt_name(p, arg, names[i]);
  }
}

static void name_results(MdlPrinter *p, MlirOperation op, const char *const *names)
{
  for (int i = 0; i < mdl_result_count(op); i++) mdl_stmt_name(p, mdl_result(op, i), names[i]);
}

/* The statements of a loop as text, to see how many lines they are. */
static const char *loop_body(MdlPrinter *p, MlirBlock body, int carried, const char *const *names)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = p->out;
  p->out = open_memstream(&text, &length);
  if (!p->out) MDL_BUG(p->ir->session, "no memory stream");
  p->indent++;
  MlirOperation end = mdl_terminator(body);
  find_in_place(p, body, carried, names);
  print_ops(p, body, end);
  assign(p, end, 0, carried, names);
  p->indent--;
  fclose(p->out);
  p->out = out;
  const char *kept = mdl_text_copy(p->arena, text, length);
  free(text);
  return kept;
}

static bool is_one_line(const char *text)
{
  const char *newline = strchr(text, '\n');
  return newline && !newline[1] && !strchr(text, '#');
}

static void print_for(MdlPrinter *p, MlirOperation op)
{
  const char *names[64];
  int carried = mdl_result_count(op);
  MlirBlock body = mdl_body(op, 0);
  if (carried > 64) MDL_BUG(p->ir->session, "a loop carries %d values", carried);
  mdl_stmt_settle(p);
  const char *lo = mdl_print_expr(p, mdl_operand(op, 0)).text;
  const char *hi = mdl_print_at(p, mdl_operand(op, 1), 11);
  const char *step = mdl_print_expr(p, mdl_operand(op, 2)).text;
  declare_carried(p, op, 3, carried, body, 1, names);
  MdlScope scope = mdl_scope_open(p);
  const char *i = mdl_print_name(p, mdl_arg(body, 0), "i");
  mdl_stmt_name(p, mdl_arg(body, 0), i);
  const char *next =
      strcmp(step, "1") ? mdl_text(p->arena, "%s += %s", i, step) : mdl_text(p->arena, "%s++", i);
  const char *inside = loop_body(p, body, carried, names);
  bool one = is_one_line(inside);
  mdl_line(p, "for (ptrdiff_t %s = %s; %s < %s; %s)%s", i, lo, i, hi, next, one ? "" : " {");
  fputs(inside, p->out);
  if (!one) mdl_line(p, "}");
  mdl_scope_close(p, scope);
  name_results(p, op, names);
}

/* A status as the header names it. */
static const char *status_text(MdlPrinter *p, const char *text)
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
  print_ops(p, mdl_body(op, 0), bad);
  const char *status = mdl_print_expr(p, mdl_operand(bad, 0)).text;
  mdl_stmt_consume(p, op);
  mdl_stmt_settle(p);
  mdl_line(p, "if (%s) return %s;", condition, status_text(p, status));
  print_ops(p, mdl_body(op, 1), good);
  MdlExpr rest = mdl_print_expr(p, mdl_operand(good, 0));
  mdl_stmt_expr(p, mdl_result(op, 0), rest);
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
  for (int i = 0; i < results; i++) {
    names[i] = mdl_print_name(p, mdl_result(op, i), mdl_text(p->arena, "t%d", ++p->temporaries));
    mdl_line(p, "%s %s;", mdl_stmt_type(p, mdl_result(op, i)), names[i]);
  }
  for (int region = 0; region < 2; region++) {
    MlirBlock body = mdl_body(op, region);
    if (!body.ptr) break;
    MlirOperation end = mdl_terminator(body);
    if (region && mdl_same_op(mdl_first(body), end) && !results) break;
    if (!region)
      mdl_line(p, "if (%s) {", condition);
    else
      mdl_line(p, "} else {");
    MdlScope scope = mdl_scope_open(p);
    p->indent++;
    print_ops(p, body, end);
    assign(p, end, 0, results, names);
    p->indent--;
    mdl_scope_close(p, scope);
  }
  mdl_line(p, "}");
  name_results(p, op, names);
}

static void print_while(MdlPrinter *p, MlirOperation op)
{
  const char *names[64];
  int carried = mdl_operand_count(op);
  MlirBlock before = mdl_body(op, 0), after = mdl_body(op, 1);
  MlirOperation condition = mdl_terminator(before), end = mdl_terminator(after);
  if (carried > 64) MDL_BUG(p->ir->session, "a loop carries %d values", carried);
  mdl_stmt_settle(p);
  declare_carried(p, op, 0, carried, before, 0, names);
  mdl_line(p, "for (;;) {");
  MdlScope scope = mdl_scope_open(p);
  p->indent++;
  print_ops(p, before, condition);
  const char *text = mdl_print_at(p, mdl_operand(condition, 0), 14);
  const char *passed[64];
  int results = mdl_result_count(op);
  for (int i = 0; i < results; i++)
    passed[i] = mdl_print_expr(p, mdl_operand(condition, i + 1)).text;
  mdl_stmt_consume(p, condition);
  mdl_stmt_settle(p);
  bool same = results == carried;
  for (int i = 0; same && i < results; i++) same = !strcmp(passed[i], names[i]);
  if (!same) MDL_BUG(p->ir->session, "scf.while passes on other values than it carries");
  mdl_line(p, "if (!%s) break;", text);
  for (int i = 0; i < results; i++) mdl_stmt_name(p, mdl_arg(after, i), names[i]);
  print_ops(p, after, end);
  assign(p, end, 0, carried, names);
  p->indent--;
  mdl_scope_close(p, scope);
  mdl_line(p, "}");
  name_results(p, op, names);
}

static void print_call_of_many(MdlPrinter *p, MlirOperation op)
{
  int count = mdl_result_count(op);
  const char **names = MDL_NEW(p->arena, const char *, (size_t)count);
  mdl_stmt_settle(p);
  for (int i = 0; i < count; i++) {
    MlirValue result = mdl_result(op, i);
    names[i] = mdl_print_name(p, result, mdl_text(p->arena, "t%d", ++p->temporaries));
    mdl_line(p, "%s %s;", mdl_stmt_type(p, result), names[i]);
  }
  mdl_line(p, "%s;", call_of(p, op, names).text);
  name_results(p, op, names);
}

static void print_call(MdlPrinter *p, MlirOperation op)
{
  if (is_pure_call(p, op)) {
    print_value(p, op);
    return;
  }
  if (mdl_result_count(op) > 1) {
    print_call_of_many(p, op);
    return;
  }
  const char *text = call_of(p, op, NULL).text;
  mdl_stmt_consume(p, op);
  mdl_stmt_settle(p);
  if (mdl_result_count(op))
    declare(p, mdl_result(op, 0), text);
  else
    mdl_line(p, "%s;", text);
}

/* A barrier too: what was read stays read before it. */
static void print_all_reduce(MdlPrinter *p, MlirOperation op)
{
  const char *text = mdl_print_op(p, op).text;
  mdl_stmt_consume(p, op);
  mdl_stmt_settle(p);
  declare(p, mdl_result(op, 0), text);
}

static void print_return(MdlPrinter *p, MlirOperation op)
{
  if (!mdl_operand_count(op)) return;
  if (p->results > 1) {
    mdl_stmt_consume(p, op);
    mdl_stmt_settle(p);
    for (int i = 0; i < p->results; i++)
      mdl_line(p, "*%s = %s;", p->result[i], mdl_print_expr(p, mdl_operand(op, i)).text);
    return;
  }
  const char *text = mdl_print_expr(p, mdl_operand(op, 0)).text;
  mdl_stmt_consume(p, op);
  mdl_stmt_settle(p);
  mdl_line(p, "return %s;", status_text(p, text));
}

static void print_statement(MdlPrinter *p, MlirOperation op)
{
  switch (mdl_op(p->ir, op)) {
  case MDL_OP_for:
    print_for(p, op);
    return;
  case MDL_OP_if:
    print_if(p, op);
    return;
  case MDL_OP_while:
    print_while(p, op);
    return;
  case MDL_OP_call:
    print_call(p, op);
    return;
  case MDL_OP_return:
    print_return(p, op);
    return;
  default:
    break;
  }
  switch (mdl_loop_op(op)) {
  case MDL_LOOP_shape:
    mdl_print_shape(p, op);
    return;
  case MDL_LOOP_view:
    mdl_print_view(p, op);
    return;
  case MDL_LOOP_alloca:
    mdl_print_alloca(p, op);
    return;
  case MDL_LOOP_data_at:
    mdl_print_data_at(p, op);
    return;
  case MDL_LOOP_store:
  case MDL_LOOP_vstore:
    mdl_print_store(p, op);
    return;
  case MDL_LOOP_copy:
    mdl_print_copy(p, op);
    return;
  case MDL_LOOP_barrier:
    mdl_stmt_settle(p);
    mdl_line(p, "__syncthreads();");
    return;
  case MDL_LOOP_all_reduce:
    print_all_reduce(p, op);
    return;
  default:
    print_value(p, op);
  }
}

static void print_ops(MdlPrinter *p, MlirBlock block, MlirOperation end)
{
  for (MlirOperation op = mdl_first(block); !mdl_is_null(op) && !mdl_same_op(op, end);
       op = mdl_next(op)) {
    int line = p->line_directives ? mdl_line_of(p->ir, op, NULL) : 0;
    if (line && line != p->line) fprintf(p->out, "#line %d \"%s\"\n", line, p->source);
    if (line) p->line = line;
    print_statement(p, op);
  }
}

void mdl_print_body(MdlPrinter *p, MlirBlock body) { print_ops(p, body, (MlirOperation){NULL}); }
