/* The tree as text, for --emit=ast: one node a line, children indented by two, names and literals
 * after the kind. Absent parts are left out, so a line says all of its node. */
#include "frontend/frontend.h"
#include "frontend/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Print {
  FILE *out;
  int indent;
} Print;

static void expr(Print *p, const MdlExpr *e);
static void type(Print *p, const char *role, const MdlTypeNode *t);
static void block(Print *p, const MdlBlock *b);

__attribute__((format(printf, 2, 3))) static void line(Print *p, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  fprintf(p->out, "%*s", 2 * p->indent, "");
  vfprintf(p->out, format, arguments);
  fputc('\n', p->out);
  va_end(arguments);
}

static void text_line(Print *p, const char *text)
{
  fprintf(p->out, "%*stext \"", 2 * p->indent, "");
  for (const char *c = text; *c; c++) {
    if (*c == '\n')
      fputs("\\n", p->out);
    else if (*c == '"' || *c == '\\')
      fprintf(p->out, "\\%c", *c);
    else
      fputc(*c, p->out);
  }
  fputs("\"\n", p->out);
}

/* A part with a name of its own: "value", "limit". */
static void part(Print *p, const char *role, const MdlExpr *e)
{
  if (!e) return;
  line(p, "%s", role);
  p->indent++;
  expr(p, e);
  p->indent--;
}

static void path_text(Print *p, const MdlPath *path)
{
  for (int i = 0; i < path->parts; i++) fprintf(p->out, "%s%s", i ? "." : "", path->part[i].text);
}

static void pattern(Print *p, const MdlPattern *pattern_)
{
  if (pattern_->kind != MDL_PATTERN_tuple) {
    line(p, "bind %s", pattern_->name);
    return;
  }
  line(p, "bind tuple");
  p->indent++;
  for (int i = 0; i < pattern_->items; i++) pattern(p, pattern_->item[i]);
  p->indent--;
}

static void index_(Print *p, const MdlIndex *index)
{
  switch (index->kind) {
  case MDL_INDEX_at:
    expr(p, index->value);
    return;
  case MDL_INDEX_named:
    part(p, index->name.text, index->value);
    return;
  case MDL_INDEX_ellipsis:
    line(p, "...");
    return;
  case MDL_INDEX_new:
    line(p, "new");
    return;
  case MDL_INDEX_slice:
    break;
  }
  line(p, "slice");
  p->indent++;
  part(p, "from", index->value);
  part(p, "to", index->end);
  part(p, "step", index->step);
  p->indent--;
}

static void params(Print *p, const MdlParamNode *param, int count)
{
  for (int i = 0; i < count; i++) {
    line(p, "%s %s", param[i].is_inout ? "inout" : "parameter", param[i].name.text);
    p->indent++;
    type(p, "type", param[i].type);
    part(p, "default", param[i].preset);
    p->indent--;
  }
}

static void exprs(Print *p, MdlExpr *const *item, int count)
{
  for (int i = 0; i < count; i++) expr(p, item[i]);
}

static void call(Print *p, const MdlExprCall *c)
{
  expr(p, c->callee);
  for (int i = 0; i < c->args; i++) {
    if (c->arg[i].name.text)
      part(p, c->arg[i].name.text, c->arg[i].value);
    else
      expr(p, c->arg[i].value);
  }
}

static void children(Print *p, const MdlExpr *e)
{
  switch (e->kind) {
  case MDL_EXPR_name:
  case MDL_EXPR_number:
  case MDL_EXPR_bool:
  case MDL_EXPR_text:
  case MDL_EXPR_dtype:
    return;
  case MDL_EXPR_tuple:
  case MDL_EXPR_list:
    exprs(p, e->list.item, e->list.items);
    return;
  case MDL_EXPR_build:
    for (int i = 0; i < e->build.binders; i++) {
      pattern(p, e->build.binder[i].pattern);
      part(p, "in", e->build.binder[i].domain);
    }
    part(p, "each", e->build.body);
    return;
  case MDL_EXPR_unary:
    expr(p, e->binary.left);
    return;
  case MDL_EXPR_binary:
  case MDL_EXPR_range:
    expr(p, e->binary.left);
    expr(p, e->binary.right);
    return;
  case MDL_EXPR_call:
    call(p, &e->call);
    return;
  case MDL_EXPR_index:
    expr(p, e->index.base);
    for (int i = 0; i < e->index.indices; i++) index_(p, &e->index.index[i]);
    return;
  case MDL_EXPR_field:
    expr(p, e->field.base);
    return;
  case MDL_EXPR_member:
    expr(p, e->member.base);
    return;
  case MDL_EXPR_if:
    expr(p, e->branch.condition);
    block(p, e->branch.then);
    part(p, "else", e->branch.otherwise);
    return;
  case MDL_EXPR_block:
    block(p, e->block);
    return;
  case MDL_EXPR_lambda:
    params(p, e->lambda.param, e->lambda.params);
    expr(p, e->lambda.body);
    return;
  }
}

static void expr(Print *p, const MdlExpr *e)
{
  switch (e->kind) {
  case MDL_EXPR_name:
    line(p, "name %s", e->name);
    break;
  case MDL_EXPR_number:
    line(p, "number %s", e->number.text);
    break;
  case MDL_EXPR_bool:
    line(p, "%s", e->truth ? "true" : "false");
    break;
  case MDL_EXPR_text:
    text_line(p, e->text);
    break;
  case MDL_EXPR_dtype:
    line(p, "dtype %s", mdl_dtypes[e->dtype].name);
    break;
  case MDL_EXPR_tuple:
    line(p, "tuple");
    break;
  case MDL_EXPR_list:
    line(p, "list");
    break;
  case MDL_EXPR_build:
    line(p, "build");
    break;
  case MDL_EXPR_unary:
  case MDL_EXPR_binary:
    line(p, "%s", mdl_operator_text(e->binary.op));
    break;
  case MDL_EXPR_range:
    line(p, "..");
    break;
  case MDL_EXPR_call:
    line(p, e->call.piped ? "call |>" : "call");
    break;
  case MDL_EXPR_index:
    line(p, "index");
    break;
  case MDL_EXPR_field:
    line(p, "field %s", e->field.name.text);
    break;
  case MDL_EXPR_member:
    line(p, "member %" PRId64, e->member.number);
    break;
  case MDL_EXPR_if:
    line(p, "if");
    break;
  case MDL_EXPR_block:
    block(p, e->block);
    return;
  case MDL_EXPR_lambda:
    line(p, "lambda");
    break;
  }
  p->indent++;
  children(p, e);
  p->indent--;
}

static void stmt(Print *p, const MdlStmt *s)
{
  switch (s->kind) {
  case MDL_STMT_let:
    line(p, "let");
    break;
  case MDL_STMT_var:
    line(p, "var");
    break;
  case MDL_STMT_assign:
    line(p, "assign %s", mdl_update_text(s->update));
    break;
  case MDL_STMT_expr:
    expr(p, s->value);
    return;
  case MDL_STMT_for:
    line(p, "for");
    break;
  case MDL_STMT_while:
    line(p, "while");
    break;
  }
  p->indent++;
  if (s->pattern) pattern(p, s->pattern);
  type(p, "type", s->type);
  if (s->target) expr(p, s->target);
  expr(p, s->value);
  part(p, "limit", s->limit);
  if (s->body) block(p, s->body);
  p->indent--;
}

static void block(Print *p, const MdlBlock *b)
{
  line(p, "block");
  p->indent++;
  for (int i = 0; i < b->stmts; i++) stmt(p, b->stmt[i]);
  part(p, "value", b->value);
  p->indent--;
}

static void type(Print *p, const char *role, const MdlTypeNode *t)
{
  if (!t) return;
  fprintf(p->out, "%*s%s ", 2 * p->indent, "", role);
  switch (t->kind) {
  case MDL_TYPE_NODE_dtype:
    fputs(mdl_dtypes[t->dtype].name, p->out);
    break;
  case MDL_TYPE_NODE_named:
    path_text(p, &t->path);
    break;
  case MDL_TYPE_NODE_tuple:
    fputs("tuple", p->out);
    break;
  case MDL_TYPE_NODE_fn:
    fputs("fn", p->out);
    break;
  }
  fputc('\n', p->out);
  p->indent++;
  for (int i = 0; i < t->dims; i++) index_(p, &t->dim[i]);
  if (t->stacks) line(p, "stack");
  p->indent++;
  for (int i = 0; i < t->stacks; i++) index_(p, &t->stack[i]);
  p->indent--;
  for (int i = 0; i < t->items; i++) type(p, "type", t->item[i]);
  type(p, "result", t->result);
  p->indent--;
}

static void generics(Print *p, const MdlGeneric *generic, int count)
{
  for (int i = 0; i < count; i++) {
    if (generic[i].kind == MDL_GENERIC_size)
      line(p, "size %s", generic[i].name.text);
    else
      line(p, "generic %s: %s", generic[i].name.text, generic[i].bound.text);
  }
}

static void function(Print *p, const MdlFn *fn)
{
  generics(p, fn->generic, fn->generics);
  params(p, fn->param, fn->params);
  type(p, "result", fn->result);
  expr(p, fn->body);
}

static void members(Print *p, const MdlItem *item)
{
  static const char *const role[] = {"field", "param", "state", "fn"};
  for (int i = 0; i < item->members; i++) {
    const MdlMember *m = &item->member[i];
    line(p, "%s %s", role[m->kind], m->name.text);
    p->indent++;
    type(p, "type", m->type);
    part(p, "default", m->preset);
    if (m->fn) function(p, m->fn);
    p->indent--;
  }
}

static void rule(Print *p, const MdlItem *item)
{
  for (int i = 0; i < item->rule.primals; i++) line(p, "primal %s", item->rule.primal[i].text);
  for (int i = 0; i < item->rule.tangents; i++) line(p, "tangent %s", item->rule.tangent[i].text);
  expr(p, item->rule.body);
}

static void item_head(Print *p, const MdlItem *item)
{
  static const char *const word[] = {"import", "const", "fn", "struct", "model", "jvp", "entry"};
  const char *kind = item->kind == MDL_ITEM_rule && item->rule.is_vjp ? "vjp" : word[item->kind];
  bool entry_fn = item->kind == MDL_ITEM_fn && item->is_entry;
  fprintf(p->out, "%s%s ", entry_fn ? "entry " : "", kind);
  if (item->name.text)
    fputs(item->name.text, p->out);
  else
    path_text(p, &item->path);
  fputc('\n', p->out);
}

static void item_(Print *p, const MdlItem *item)
{
  item_head(p, item);
  p->indent++;
  for (int i = 0; i < item->imports; i++) line(p, "name %s", item->import[i].text);
  generics(p, item->generic, item->generics);
  type(p, "type", item->type);
  if (item->value) expr(p, item->value);
  if (item->fn) function(p, item->fn);
  members(p, item);
  if (item->kind == MDL_ITEM_rule) rule(p, item);
  p->indent--;
}

const char *mdl_tree_text(MdlArena *arena, const MdlTree *tree)
{
  char *text = NULL;
  size_t length = 0;
  Print p = {.out = open_memstream(&text, &length)};
  if (!p.out) return "";
  for (int i = 0; i < tree->items; i++) item_(&p, tree->item[i]);
  fclose(p.out);
  const char *copy = mdl_text_copy(arena, text, length);
  free(text);
  return copy;
}

const char *mdl_frontend_ast(MdlSession *session, int file)
{
  const MdlTree *tree = mdl_parse(session, file);
  return tree->ok ? mdl_tree_text(session->arena, tree) : NULL;
}
