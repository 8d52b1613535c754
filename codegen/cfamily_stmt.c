/* Statements: blocks of loop form as C. A value becomes an expression inside its only user where
 * that reads well and changes no order of memory accesses; else a named local. */
#include "codegen/cfamily_stmt.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_FOLD = 72, LONGEST_NAMED = 36, LONGEST_CONDITION = 300 };

void mdl_printer_begin(MdlPrinter *p)
{
  p->exprs = mdl_map_create(p->arena);
  p->c_types = mdl_map_create(p->arena);
  p->names = mdl_map_create(p->arena);
  p->ranges = mdl_map_create(p->arena);
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
  return mdl_print_is_int(p, value) ? "int" : mdl_c_type(p, &type);
}

/* What an index is assigned needs no cast of unsigned terms. */
const char *mdl_stmt_index(MdlPrinter *p, MlirValue value)
{
  MdlExpr e = mdl_print_expr(p, value);
  bool is_index = mdl_loop_type_of(p->ir, value).element == MDL_index;
  return is_index && e.raw ? e.raw : e.text;
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

/* Folded into its only user, in the same block; what has a name only if it is short. */
static bool folds(MdlPrinter *p, MlirValue value, const MdlExpr *made)
{
  MlirOperation user;
  int operand;
  if (mdl_use_count(value) != 1) return false;
  mdl_use(value, 0, &user, &operand);
  MlirBlock here = mdl_value_block(value), there = mdl_block_of(user);
  if (here.ptr != there.ptr) return false;
  bool condition = mdl_op(p->ir, user) == MDL_OP_if;
  MdlLoopOp use = mdl_loop_op(user);
  bool stored = !operand && (use == MDL_LOOP_store || (use == MDL_LOOP_vstore && p->machine->warp));
  bool named = mdl_value_name(p->ir, value) && !stored;
  size_t most = condition ? LONGEST_CONDITION : named ? LONGEST_NAMED : LONGEST_FOLD;
  return strlen(made->text) <= most;
}

/* i + 1: an index beside another one. */
static bool is_next(MlirOperation op)
{
  double real;
  int64_t step;
  MlirValue from = mdl_loop_op(op) == MDL_LOOP_addi ? mdl_operand(op, 0) : (MlirValue){NULL};
  return !mdl_is_no_value(from) && mdl_is_null(mdl_def(from)) &&
         mdl_loop_constant(NULL, mdl_operand(op, 1), &real, &step) &&
         mdl_loop_def_op(mdl_operand(op, 1)) == MDL_LOOP_constant;
}

/* Names, literals and casts of names cost nothing to repeat. */
static bool is_cheap(MlirOperation op, const MdlExpr *made)
{
  MdlLoopOp kind = mdl_loop_op(op);
  if (kind == MDL_LOOP_constant) return true;
  if (strlen(made->text) >= 24 || made->reads) return false;
  if (is_next(op)) return true;
  return kind == MDL_LOOP_index_cast ||
         (kind == MDL_LOOP_sitofp && mdl_loop_def_op(mdl_operand(op, 0)) == MDL_LOOP_index_cast);
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
  const char *device = mdl_op_text(p->ir, callee, "mdl.device");
  if (device) return mdl_print_device(p, op, device);
  const char *text = "";
  int operands = mdl_operand_count(op);
  bool reads = false; /* what a pure function is handed may be out of memory */
  for (int i = 0; i < operands; i++) {
    text = mdl_text(p->arena, "%s%s%s", text, i ? ", " : "", argument(p, mdl_operand(op, i)));
    reads |= mdl_print_expr(p, mdl_operand(op, i)).reads;
  }
  const char *launch = p->launch ? p->launch(p->user, callee, text) : NULL;
  if (launch) return (MdlExpr){.text = launch, .precedence = 0};
  for (int i = 0; names && i < mdl_result_count(op); i++)
    text = mdl_text(p->arena, "%s%s&%s", text, operands + i ? ", " : "", names[i]);
  text = mdl_text(p->arena, "%s(%s)", mdl_op_text(p->ir, op, "callee"), text);
  return (MdlExpr){.text = text, .precedence = 15, .reads = reads};
}

/* A function that is handed no memory is nothing but its value. */
static bool is_pure_call(MdlPrinter *p, MlirOperation op)
{
  for (int i = 0; i < mdl_operand_count(op); i++)
    if (mdl_loop_type_of(p->ir, mdl_operand(op, i)).kind == MDL_LOOP_memory) return false;
  return mdl_result_count(op) == 1;
}

/* pad + offset: the view prints the offset. */
static bool is_behind_pad(MlirValue value)
{
  MlirOperation op = mdl_def(value);
  return mdl_loop_op(op) == MDL_LOOP_addi && mdl_is_pad(mdl_operand(op, 0));
}

static void print_value(MdlPrinter *p, MlirOperation op)
{
  MlirValue value = mdl_result(op, 0);
  if (!mdl_has_uses(value) || mdl_is_pad(value) || is_behind_pad(value)) return;
  MdlExpr made = mdl_op(p->ir, op) == MDL_OP_call ? call_of(p, op, NULL) : mdl_print_op(p, op);
  mdl_stmt_consume(p, op);
  const char *carried = mdl_map_get(p->in_place, value.ptr);
  if (carried) {
    mdl_stmt_update(p, value, carried, made.text);
    mdl_stmt_name(p, value, carried);
    return;
  }
  bool is_reach = !made.reads && mdl_print_is_reach(p, value);
  bool repeats = is_cheap(op, &made) || (p->machine->warp && mdl_loop_op(op) == MDL_LOOP_splat &&
                                         !made.reads && strlen(made.text) < 24);
  repeats |= p->machine->warp && mdl_print_is_address(
                                     mdl_loop_op(op) == MDL_LOOP_remsi ? mdl_operand(op, 0) : value);
  if (repeats || folds(p, value, &made) || is_reach) {
    mdl_stmt_expr(p, value, made);
    if (made.reads) mdl_map_set(p->waiting, value.ptr, (void *)op.ptr);
    return;
  }
  bool is_index = mdl_loop_type_of(p->ir, value).element == MDL_index;
  declare(p, value, is_index && made.raw ? made.raw : made.text);
}

static void print_call_of_many(MdlPrinter *p, MlirOperation op)
{
  int count = mdl_result_count(op);
  const char **names = MDL_NEW(p->arena, const char *, (size_t)count);
  mdl_stmt_settle(p);
  MdlDeclaration d = {NULL, NULL};
  for (int i = 0; i < count; i++) {
    MlirValue result = mdl_result(op, i);
    names[i] = mdl_print_name(p, result, mdl_text(p->arena, "t%d", ++p->temporaries));
    mdl_declare(p, &d, mdl_stmt_type(p, result), names[i], NULL);
  }
  mdl_declare(p, &d, NULL, "", NULL);
  mdl_line(p, "%s;", call_of(p, op, names).text);
  for (int i = 0; i < count; i++) mdl_stmt_name(p, mdl_result(op, i), names[i]);
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
  if (mdl_result_count(op) && mdl_has_uses(mdl_result(op, 0)))
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
  mdl_line(p, "return %s;", mdl_stmt_status(p, text));
}

static void print_statement(MdlPrinter *p, MlirOperation op)
{
  switch (mdl_op(p->ir, op)) {
  case MDL_OP_for:
  case MDL_OP_if:
  case MDL_OP_while:
    mdl_stmt_flow(p, op);
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
    mdl_line(p, "%s();",
             mdl_op_has(op, "mdl.grid") ? mdl_need(p, "grid_barrier") : "__syncthreads");
    return;
  case MDL_LOOP_all_reduce:
  case MDL_LOOP_team_reduce:
    print_all_reduce(p, op);
    return;
  default:
    print_value(p, op);
  }
}

void mdl_stmt_ops(MdlPrinter *p, MlirBlock block, MlirOperation end)
{
  for (MlirOperation op = mdl_first(block); !mdl_is_null(op) && !mdl_same_op(op, end);
       op = mdl_next(op)) {
    int line = p->line_directives ? mdl_line_of(p->ir, op, NULL) : 0;
    if (line && line != p->line) fprintf(p->out, "#line %d \"%s\"\n", line, p->source);
    if (line) p->line = line;
    print_statement(p, op);
  }
}

void mdl_print_body(MdlPrinter *p, MlirBlock body) { mdl_stmt_ops(p, body, (MlirOperation){NULL}); }
