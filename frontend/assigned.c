/* What a loop's body may assign: found in the tree, before the body is checked. */
#include "frontend/sema.h"

typedef struct Scan {
  MdlSema *s;
  MdlMap *names;
} Scan;

static void scan_expr(Scan *k, const MdlExpr *expr);

static void scan_target(Scan *k, const MdlExpr *target)
{
  while (target->kind == MDL_EXPR_field || target->kind == MDL_EXPR_member ||
         target->kind == MDL_EXPR_index)
    target = target->kind == MDL_EXPR_field    ? target->field.base
             : target->kind == MDL_EXPR_member ? target->member.base
                                               : target->index.base;
  if (target->kind == MDL_EXPR_tuple)
    for (int i = 0; i < target->list.items; i++) scan_target(k, target->list.item[i]);
  if (target->kind == MDL_EXPR_name) mdl_map_set(k->names, target->name, k);
}

static void scan_block(Scan *k, const MdlBlock *block)
{
  for (int i = 0; i < block->stmts; i++) {
    const MdlStmt *stmt = block->stmt[i];
    if (stmt->target) scan_target(k, stmt->target);
    if (stmt->value) scan_expr(k, stmt->value);
    if (stmt->body) scan_block(k, stmt->body);
  }
  if (block->value) scan_expr(k, block->value);
}

/* Only calls (an inout argument) and nested blocks can assign. */
static void scan_expr(Scan *k, const MdlExpr *expr)
{
  switch (expr->kind) {
  case MDL_EXPR_call:
    scan_expr(k, expr->call.callee);
    for (int i = 0; i < expr->call.args; i++) {
      if (expr->call.arg[i].value->kind == MDL_EXPR_name) scan_target(k, expr->call.arg[i].value);
      scan_expr(k, expr->call.arg[i].value);
    }
    break;
  case MDL_EXPR_if:
    scan_expr(k, expr->branch.condition);
    scan_block(k, expr->branch.then);
    if (expr->branch.otherwise) scan_expr(k, expr->branch.otherwise);
    break;
  case MDL_EXPR_block:
    scan_block(k, expr->block);
    break;
  case MDL_EXPR_tuple:
  case MDL_EXPR_list:
    for (int i = 0; i < expr->list.items; i++) scan_expr(k, expr->list.item[i]);
    break;
  case MDL_EXPR_binary:
  case MDL_EXPR_range:
    scan_expr(k, expr->binary.left);
    scan_expr(k, expr->binary.right);
    break;
  case MDL_EXPR_unary:
    scan_expr(k, expr->binary.left);
    break;
  default:
    break;
  }
}

MdlMap *mdl_assigned_names(MdlSema *s, const MdlBlock *body, const MdlExpr *condition)
{
  Scan scan = {s, mdl_map_create(s->arena)};
  scan_block(&scan, body);
  if (condition) scan_expr(&scan, condition);
  return scan.names;
}
