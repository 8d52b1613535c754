/* Statements, patterns, types and items: one function a kind. */
#include "frontend/grammar.h"
#include "frontend/parse.h"

#include <string.h>

static int deeper(int depth, const MdlExpr *e) { return e && e->depth > depth ? e->depth : depth; }

/* An `if` without an else, or with one deep in its chain, is only ever a statement. */
static bool is_value(const MdlStmt *stmt)
{
  const MdlExpr *e = stmt->kind == MDL_STMT_expr ? stmt->value : NULL;
  while (e && e->kind == MDL_EXPR_if && !e->parenthesised) e = e->branch.otherwise;
  return e != NULL;
}

/* What was computed for nothing, where the tree alone shows it; calls are the checker's. */
static bool is_unused_value(const MdlExpr *e)
{
  switch (e->kind) {
  case MDL_EXPR_call:
  case MDL_EXPR_if:
  case MDL_EXPR_block:
    return false;
  default:
    return true;
  }
}

/* The value of a statement that is not the last is lost: most often the newline above ended what
 * was meant to go on. */
static void check_used(MdlParser *p, const MdlStmt *above, const MdlStmt *stmt)
{
  if (stmt->kind != MDL_STMT_expr || !is_unused_value(stmt->value)) return;
  const MdlExpr *e = stmt->value;
  bool negated = e->kind == MDL_EXPR_unary && e->binary.op == MDL_OPERATOR_neg;
  const char *text = mdl_source_text(p->session, negated ? e->binary.left->at : e->at);
  if (negated) text = mdl_text(p->arena, "-%s", text);
  MdlReport *report = mdl_syntax_error(p, MDL_E0602, e->at, text, NULL);
  if (!negated || !above) {
    mdl_help(report, "`let _ = %s` drops it", text);
    return;
  }
  MdlSpan end = {above->at.file, above->at.end, above->at.end};
  mdl_also(report, above->at, "ended by its newline");
  mdl_help(report, "to go on, end the line above with `-`");
  mdl_fix(report, false, end, " -");
  mdl_fix(report, false, (MdlSpan){e->at.file, e->at.start, e->binary.left->at.start}, "");
}

MdlBlock *mdl_node_braces(MdlParser *p, MdlSpan at, const MdlStmtList *stmts)
{
  MdlBlock *block = MDL_NEW(p->arena, MdlBlock, 1);
  block->at = at;
  block->depth = 1;
  if (!stmts) return block;
  block->stmt = stmts->item;
  block->stmts = stmts->count;
  for (int i = 0; i < stmts->count; i++)
    if (stmts->item[i]->depth >= block->depth) block->depth = stmts->item[i]->depth + 1;
  if (is_value(block->stmt[block->stmts - 1])) block->value = block->stmt[--block->stmts]->value;
  for (int i = 0; i < block->stmts; i++)
    check_used(p, i ? block->stmt[i - 1] : NULL, block->stmt[i]);
  return block;
}

static MdlStmt *new_stmt(MdlParser *p, MdlStmtKind kind, MdlSpan at, MdlExpr *value)
{
  MdlStmt *stmt = MDL_NEW(p->arena, MdlStmt, 1);
  stmt->kind = kind;
  stmt->at = stmt->head = at;
  stmt->value = value;
  stmt->depth = deeper(1, value);
  return stmt;
}

MdlStmt *mdl_node_let(MdlParser *p, MdlSpan at, MdlPattern *pattern, MdlTypeNode *type,
                      MdlExpr *value)
{
  MdlStmt *stmt = new_stmt(p, MDL_STMT_let, at, value);
  stmt->pattern = pattern;
  stmt->type = type;
  if (type && type->depth > stmt->depth) stmt->depth = type->depth;
  return stmt;
}

MdlStmt *mdl_node_var(MdlParser *p, MdlSpan at, MdlName name, MdlTypeNode *type, MdlExpr *value)
{
  MdlStmt *stmt = mdl_node_let(p, at, mdl_node_pattern(p, name), type, value);
  stmt->kind = MDL_STMT_var;
  return stmt;
}

/* A name, field, index, or a tuple of those. */
static const MdlExpr *not_assignable(const MdlExpr *e)
{
  if (e->kind == MDL_EXPR_tuple) {
    for (int i = 0; i < e->list.items; i++) {
      const MdlExpr *bad = not_assignable(e->list.item[i]);
      if (bad) return bad;
    }
    return NULL;
  }
  if (e->kind == MDL_EXPR_name) return NULL;
  if (e->kind == MDL_EXPR_field) return not_assignable(e->field.base);
  if (e->kind == MDL_EXPR_member) return not_assignable(e->member.base);
  if (e->kind == MDL_EXPR_index) return not_assignable(e->index.base);
  return e;
}

MdlStmt *mdl_node_assign(MdlParser *p, MdlSpan at, MdlExpr *target, MdlUpdate update,
                         MdlExpr *value)
{
  MdlStmt *stmt = new_stmt(p, MDL_STMT_assign, at, value);
  stmt->target = target;
  stmt->update = update;
  stmt->depth = deeper(stmt->depth, target);
  bool tuple = target->kind == MDL_EXPR_tuple && update != MDL_UPDATE_set;
  const MdlExpr *bad = target->depth > p->max_depth ? NULL
                       : tuple                      ? target
                                                    : not_assignable(target);
  if (bad)
    mdl_help(mdl_syntax_error(p, MDL_E0111, bad->at, NULL, NULL),
             tuple ? "a tuple takes `=` only"
                   : "left of `=` stands a name, field, index or a tuple of those; `==` compares");
  return stmt;
}

MdlStmt *mdl_node_expr(MdlParser *p, MdlExpr *value)
{
  MdlStmt *stmt = new_stmt(p, MDL_STMT_expr, value->at, value);
  if (value->kind == MDL_EXPR_if) stmt->head.end = value->branch.then->at.start;
  return stmt;
}

MdlStmt *mdl_node_for(MdlParser *p, MdlSpan at, MdlPattern *pattern, MdlExpr *domain,
                      MdlExpr *limit, MdlBlock *body)
{
  MdlStmt *stmt = new_stmt(p, MDL_STMT_for, at, domain);
  stmt->pattern = pattern;
  stmt->limit = limit;
  stmt->body = body;
  stmt->head.end = limit ? limit->at.end : domain->at.end;
  stmt->depth = deeper(stmt->depth, limit);
  if (body->depth > stmt->depth) stmt->depth = body->depth;
  return stmt;
}

MdlStmt *mdl_node_while(MdlParser *p, MdlSpan at, MdlExpr *condition, MdlExpr *limit,
                        MdlBlock *body)
{
  MdlStmt *stmt = mdl_node_for(p, at, NULL, condition, limit, body);
  stmt->kind = MDL_STMT_while;
  return stmt;
}

MdlPattern *mdl_node_pattern(MdlParser *p, MdlName name)
{
  MdlPattern *pattern = MDL_NEW(p->arena, MdlPattern, 1);
  pattern->kind = strcmp(name.text, "_") ? MDL_PATTERN_name : MDL_PATTERN_discard;
  pattern->at = name.at;
  pattern->name = name.text;
  return pattern;
}

MdlPattern *mdl_node_patterns(MdlParser *p, MdlSpan at, const MdlPatternList *list)
{
  MdlPattern *pattern = MDL_NEW(p->arena, MdlPattern, 1);
  pattern->kind = MDL_PATTERN_tuple;
  pattern->at = at;
  pattern->item = list->item;
  pattern->items = list->count;
  return pattern;
}

MdlParamNode mdl_node_param(MdlParser *p, MdlSpan at, MdlName name, MdlTypeNode *type,
                            MdlExpr *preset, bool is_inout)
{
  (void)p;
  return (MdlParamNode){name, type, preset, is_inout, at, NULL};
}

static MdlName name_at(MdlParser *p, MdlSpan at)
{
  const char *bytes = p->session->files[at.file].bytes + at.start;
  return (MdlName){mdl_intern(p->arena, bytes, at.end - at.start), at};
}

MdlGeneric mdl_node_generic(MdlParser *p, MdlSpan at, MdlName name, MdlGenericKind kind,
                            MdlSpan bound)
{
  MdlGeneric generic = {.kind = kind, .name = name, .at = at};
  if (kind != MDL_GENERIC_size) generic.bound = name_at(p, bound);
  if (kind == MDL_GENERIC_const)
    generic.dtype = mdl_dtype_find(generic.bound.text, strlen(generic.bound.text));
  return generic;
}

static MdlTypeNode *new_type(MdlParser *p, MdlTypeNodeKind kind, MdlSpan at)
{
  MdlTypeNode *type = MDL_NEW(p->arena, MdlTypeNode, 1);
  type->kind = kind;
  type->at = at;
  type->depth = 1;
  return type;
}

static void hold_depth(MdlParser *p, MdlTypeNode *type, int depth)
{
  if (depth + 1 <= type->depth) return;
  type->depth = depth + 1;
  if (type->depth == p->max_depth + 1)
    mdl_syntax_error(p, MDL_E0901, type->at, mdl_text(p->arena, "%d", p->max_depth), NULL);
}

static void hold_dims(MdlParser *p, MdlTypeNode *type, const MdlIndexList *dims)
{
  for (int i = 0; dims && i < dims->count; i++)
    if (dims->item[i].value) hold_depth(p, type, dims->item[i].value->depth);
}

static void put_dims(MdlParser *p, MdlTypeNode *type, const MdlIndexList *dims)
{
  hold_dims(p, type, dims);
  type->has_dims = dims != NULL;
  type->dim = dims ? dims->item : NULL;
  type->dims = dims ? dims->count : 0;
}

MdlTypeNode *mdl_node_dtype_type(MdlParser *p, MdlSpan at, MdlSpan dtype, const MdlIndexList *dims)
{
  MdlTypeNode *type = new_type(p, MDL_TYPE_NODE_dtype, at);
  MdlName name = name_at(p, dtype);
  type->dtype = mdl_dtype_find(name.text, strlen(name.text));
  put_dims(p, type, dims);
  return type;
}

MdlTypeNode *mdl_node_named_type(MdlParser *p, MdlSpan at, const MdlNameList *path,
                                 const MdlIndexList *dims, const MdlIndexList *stack)
{
  MdlTypeNode *type = new_type(p, MDL_TYPE_NODE_named, at);
  type->path = mdl_node_path(path);
  put_dims(p, type, dims);
  hold_dims(p, type, stack);
  type->stack = stack ? stack->item : NULL;
  type->stacks = stack ? stack->count : 0;
  return type;
}

MdlTypeNode *mdl_node_types(MdlParser *p, MdlSpan at, MdlTypeNodeKind kind, const MdlTypeList *list,
                            MdlTypeNode *result)
{
  MdlTypeNode *type = new_type(p, kind, at);
  type->item = list ? list->item : NULL;
  type->items = list ? list->count : 0;
  type->result = result;
  for (int i = 0; i < type->items; i++) hold_depth(p, type, type->item[i]->depth);
  if (result) hold_depth(p, type, result->depth);
  return type;
}

MdlPath mdl_node_path(const MdlNameList *names)
{
  MdlSpan at = mdl_span_join(names->item[0].at, names->item[names->count - 1].at);
  return (MdlPath){names->item, names->count, at};
}

MdlItem *mdl_node_item(MdlParser *p, MdlSpan at, MdlItemKind kind, MdlName name)
{
  MdlItem *item = MDL_NEW(p->arena, MdlItem, 1);
  item->kind = kind;
  item->at = at;
  item->name = name;
  return item;
}

MdlFn *mdl_node_fn(MdlParser *p, MdlSpan at, MdlName name, const MdlGenericList *generics,
                   const MdlParamList *params, MdlTypeNode *result, MdlExpr *body)
{
  MdlFn *fn = MDL_NEW(p->arena, MdlFn, 1);
  fn->name = name;
  fn->generic = generics ? generics->item : NULL;
  fn->generics = generics ? generics->count : 0;
  fn->param = params ? params->item : NULL;
  fn->params = params ? params->count : 0;
  fn->result = result;
  fn->body = body;
  fn->head = (MdlSpan){at.file, at.start, body->at.start};
  return fn;
}
