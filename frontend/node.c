/* Expressions: one function a kind. Spans cover what was written, parentheses included. */
#include "frontend/grammar.h"
#include "frontend/parse.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

static MdlExpr *new_expr(MdlParser *p, MdlExprKind kind, MdlSpan at)
{
  MdlExpr *e = MDL_NEW(p->arena, MdlExpr, 1);
  e->kind = kind;
  e->at = at;
  e->id = p->tree->exprs++;
  e->depth = 1;
  return e;
}

/* e holds `child`: it is deeper by one. The limit keeps recursion over trees safe. */
static void hold_depth(MdlParser *p, MdlExpr *e, int depth)
{
  if (depth + 1 <= e->depth) return;
  e->depth = depth + 1;
  if (e->depth == p->max_depth + 1)
    mdl_syntax_error(p, MDL_E0901, e->at, mdl_text(p->arena, "%d", p->max_depth), NULL);
}

static void hold(MdlParser *p, MdlExpr *e, const MdlExpr *child)
{
  if (child) hold_depth(p, e, child->depth);
}

MdlExpr *mdl_node_name(MdlParser *p, MdlName name)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_name, name.at);
  e->name = name.text;
  return e;
}

/* Digits of base 10 or 16, `_` left out. */
static void read_whole(MdlNumber *n)
{
  bool hex = n->text[0] == '0' && (n->text[1] == 'x' || n->text[1] == 'X');
  uint64_t base = hex ? 16 : 10, value = 0;
  for (const char *c = n->text + (hex ? 2 : 0); *c; c++) {
    uint64_t digit = (uint64_t)(*c <= '9' ? *c - '0' : (*c | 0x20) - 'a' + 10);
    if (digit >= base) return; /* malformed: reported by the scanner */
    n->overflows |= __builtin_mul_overflow(value, base, &value);
    n->overflows |= __builtin_add_overflow(value, digit, &value);
  }
  n->whole = value;
}

MdlExpr *mdl_node_number(MdlParser *p, MdlSpan at)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_number, at);
  char *text =
      mdl_text_copy(p->arena, p->session->files[at.file].bytes + at.start, at.end - at.start);
  size_t kept = 0;
  for (const char *c = text; *c; c++)
    if (*c != '_') text[kept++] = *c;
  text[kept] = 0;
  e->number.text = text;
  bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
  e->number.is_whole = hex || !strpbrk(text, ".eE");
  e->number.real = strtod_l(text, NULL, (locale_t)p->locale);
  if (e->number.is_whole) read_whole(&e->number);
  return e;
}

static char unescaped(char c) { return c == 'n' ? '\n' : c == 't' ? '\t' : c; }

MdlExpr *mdl_node_text(MdlParser *p, MdlSpan at)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_text, at);
  const char *from = p->session->files[at.file].bytes + at.start + 1;
  const char *end = p->session->files[at.file].bytes + at.end;
  char *text = mdl_alloc(p->arena, at.end - at.start + 1), *to = text;
  for (; from < end && *from != '"'; from++) {
    if (*from == '\\' && from + 1 < end)
      *to++ = unescaped(*++from);
    else
      *to++ = *from;
  }
  e->text = text;
  MdlExprList *texts = &p->texts;
  MDL_APPEND(p, texts, MdlExprList, e);
  return e;
}

MdlExpr *mdl_node_bool(MdlParser *p, MdlSpan at, bool truth)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_bool, at);
  e->truth = truth;
  return e;
}

MdlExpr *mdl_node_dtype(MdlParser *p, MdlSpan at)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_dtype, at);
  e->dtype = mdl_dtype_find(p->session->files[at.file].bytes + at.start, at.end - at.start);
  return e;
}

MdlExpr *mdl_node_list(MdlParser *p, MdlSpan at, MdlExprKind kind, const MdlExprList *list)
{
  MdlExpr *e = new_expr(p, kind, at);
  e->list.items = list ? list->count : 0;
  e->list.item = list ? list->item : NULL;
  for (int i = 0; i < e->list.items; i++) hold(p, e, e->list.item[i]);
  return e;
}

MdlExpr *mdl_node_build(MdlParser *p, MdlSpan at, const MdlBinderList *binders, MdlExpr *body)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_build, at);
  e->build.binder = binders->item;
  e->build.binders = binders->count;
  e->build.body = body;
  for (int i = 0; i < binders->count; i++) hold(p, e, binders->item[i].domain);
  hold(p, e, body);
  return e;
}

MdlExpr *mdl_node_unary(MdlParser *p, MdlSpan at, MdlOperator op, MdlSpan op_at, MdlExpr *a)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_unary, at);
  e->binary.op = op;
  e->binary.op_at = op_at;
  e->binary.left = a;
  hold(p, e, a);
  return e;
}

static bool compares(const MdlExpr *e)
{
  return e->kind == MDL_EXPR_binary && e->binary.op >= MDL_OPERATOR_eq &&
         e->binary.op <= MDL_OPERATOR_ge;
}

MdlExpr *mdl_node_binary(MdlParser *p, MdlSpan at, MdlOperator op, MdlSpan op_at, MdlExpr *a,
                         MdlExpr *b)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_binary, at);
  e->binary.op = op;
  e->binary.op_at = op_at;
  e->binary.left = a;
  e->binary.right = b;
  hold(p, e, a);
  hold(p, e, b);
  if (compares(e) && compares(a) && !a->parenthesised)
    mdl_also(mdl_syntax_error(p, MDL_E0108, op_at, NULL, NULL), a->binary.op_at, "the first one");
  return e;
}

MdlExpr *mdl_node_range(MdlParser *p, MdlSpan at, MdlSpan op_at, MdlExpr *a, MdlExpr *b)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_range, at);
  e->binary.op_at = op_at;
  e->binary.left = a;
  e->binary.right = b;
  hold(p, e, a);
  hold(p, e, b);
  return e;
}

/* Texts stand in assert, print, einsum, and in the attributes of mdl.op(…). */
static bool takes_text(const MdlExpr *callee)
{
  if (callee->kind == MDL_EXPR_field)
    return callee->field.base->kind == MDL_EXPR_name && !strcmp(callee->field.base->name, "mdl");
  return callee->kind == MDL_EXPR_name &&
         (!strcmp(callee->name, "assert") || !strcmp(callee->name, "print") ||
          !strcmp(callee->name, "einsum"));
}

static void accept_text(MdlParser *p, const MdlExpr *text)
{
  for (int i = p->texts.count; i-- > 0;) {
    if (p->texts.item[i] != text) continue;
    p->texts.count--;
    memmove(p->texts.item + i, p->texts.item + i + 1,
            (size_t)(p->texts.count - i) * sizeof(MdlExpr *));
    return;
  }
}

MdlExpr *mdl_node_call(MdlParser *p, MdlSpan at, MdlExpr *callee, const MdlArgList *args)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_call, at);
  e->call.callee = callee;
  e->call.arg = args ? args->item : NULL;
  e->call.args = args ? args->count : 0;
  hold(p, e, callee);
  bool texts = p->texts.count && takes_text(callee);
  for (int i = 0; i < e->call.args; i++) {
    const MdlExpr *value = e->call.arg[i].value;
    hold(p, e, value);
    if (texts && value->kind == MDL_EXPR_text) accept_text(p, value);
  }
  return e;
}

MdlExpr *mdl_node_pipe(MdlParser *p, MdlSpan at, MdlExpr *a, MdlExpr *call)
{
  if (call->kind != MDL_EXPR_call || call->parenthesised) {
    MdlReport *report = mdl_syntax_error(p, MDL_E0109, call->at, NULL, NULL);
    if (call->kind == MDL_EXPR_name || call->kind == MDL_EXPR_field)
      mdl_fix(report, true, (MdlSpan){call->at.file, call->at.end, call->at.end}, "()");
    return call;
  }
  MdlArg *arg = MDL_NEW(p->arena, MdlArg, (size_t)call->call.args + 1);
  arg[0] = (MdlArg){{NULL, MDL_NO_SPAN}, a, a->at};
  if (call->call.args) memcpy(arg + 1, call->call.arg, (size_t)call->call.args * sizeof *arg);
  call->call.arg = arg;
  call->call.args++;
  call->call.piped = true;
  call->at = at;
  hold(p, call, a);
  return call;
}

MdlExpr *mdl_node_index(MdlParser *p, MdlSpan at, MdlExpr *base, const MdlIndexList *list)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_index, at);
  e->index.base = base;
  e->index.index = list->item;
  e->index.indices = list->count;
  hold(p, e, base);
  for (int i = 0; i < list->count; i++) {
    const MdlIndex *index = &list->item[i];
    hold(p, e, index->value);
    hold(p, e, index->end);
    hold(p, e, index->step);
    if (index->kind != MDL_INDEX_at || index->value->kind != MDL_EXPR_range) continue;
    MdlReport *report = mdl_syntax_error(p, MDL_E0113, index->at, NULL, NULL);
    mdl_fix(report, true, index->value->binary.op_at, ":");
  }
  return e;
}

MdlExpr *mdl_node_field(MdlParser *p, MdlSpan at, MdlExpr *base, MdlName name)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_field, at);
  e->field.base = base;
  e->field.name = name;
  hold(p, e, base);
  return e;
}

MdlExpr *mdl_node_member(MdlParser *p, MdlSpan at, MdlExpr *base, MdlSpan number)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_member, at);
  const char *bytes = p->session->files[at.file].bytes;
  e->member.base = base;
  e->member.number_at = number;
  for (uint32_t i = number.start; i < number.end; i++) {
    if (bytes[i] < '0' || bytes[i] > '9') break;
    if (e->member.number < INT32_MAX) e->member.number = 10 * e->member.number + (bytes[i] - '0');
  }
  hold(p, e, base);
  return e;
}

MdlExpr *mdl_node_if(MdlParser *p, MdlSpan at, MdlExpr *condition, MdlBlock *then,
                     MdlExpr *otherwise)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_if, at);
  e->branch.condition = condition;
  e->branch.then = then;
  e->branch.otherwise = otherwise;
  hold(p, e, condition);
  hold(p, e, otherwise);
  hold_depth(p, e, then->depth);
  return e;
}

MdlExpr *mdl_node_block(MdlParser *p, MdlBlock *block)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_block, block->at);
  e->block = block;
  hold_depth(p, e, block->depth);
  return e;
}

MdlExpr *mdl_node_lambda(MdlParser *p, MdlSpan at, const MdlParamList *params, MdlExpr *body)
{
  MdlExpr *e = new_expr(p, MDL_EXPR_lambda, at);
  e->lambda.param = params ? params->item : NULL;
  e->lambda.params = params ? params->count : 0;
  e->lambda.body = body;
  for (int i = 0; i < e->lambda.params; i++)
    if (params->item[i].type) hold_depth(p, e, params->item[i].type->depth);
  hold(p, e, body);
  return e;
}

MdlExpr *mdl_node_paren(MdlSpan at, MdlExpr *inner)
{
  inner->parenthesised = true;
  inner->at = at;
  return inner;
}
