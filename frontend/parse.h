/* Between the grammar's actions and the tree: the parser's state, lists that grow, and one function
 * per kind of node, which also makes the checks that are easier in C than in a grammar. */
#ifndef MDL_FRONTEND_PARSE_H
#define MDL_FRONTEND_PARSE_H

#include "frontend/token.h"

#define LIST(name, type) \
  typedef struct name {  \
    type *item;          \
    int count, capacity; \
  } name;
LIST(MdlNameList, MdlName)
LIST(MdlExprList, MdlExpr *)
LIST(MdlArgList, MdlArg)
LIST(MdlIndexList, MdlIndex)
LIST(MdlBinderList, MdlBinder)
LIST(MdlParamList, MdlParamNode)
LIST(MdlStmtList, MdlStmt *)
LIST(MdlPatternList, MdlPattern *)
LIST(MdlTypeList, MdlTypeNode *)
LIST(MdlGenericList, MdlGeneric)
LIST(MdlMemberList, MdlMember)
LIST(MdlItemList, MdlItem *)
#undef LIST

typedef struct MdlParser {
  MdlSession *session;
  MdlArena *arena;
  MdlTokens tokens;
  int next; /* token to read */
  MdlTree *tree;
  MdlItemList items;
  MdlExprList texts; /* "…" met, to see at the end that each stood in a call that takes one */
  int errors, item_errors; /* now, and when the item before was complete */
  int max_depth;
  void *locale; /* of numbers: "C", whatever the host's */
} MdlParser;

/* list = NULL makes a new one. */
#define MDL_APPEND(p, list, type, value)                                 \
  do {                                                                   \
    if (!(list)) (list) = MDL_NEW((p)->arena, type, 1);                  \
    MDL_GROW((p)->arena, (list)->item, (list)->count, (list)->capacity); \
    (list)->item[(list)->count++] = (value);                             \
  } while (0)

/* Reports and counts; the item becomes one of the broken. Never NULL. */
MdlReport *mdl_syntax_error(MdlParser *p, MdlCode code, MdlSpan at, const char *a, const char *b);
void mdl_parse_item(MdlParser *p, MdlItem *item);  /* complete: kept unless it had an error */
void mdl_parse_lost(MdlParser *p, uint32_t start); /* an item given up, by where it starts */

/* What the grammar could not take, and where the parser goes on: frontend/syntax.c. `wanted` are
 * token kinds of the grammar. */
void mdl_syntax_unexpected(MdlParser *p, int kind, MdlSpan at, const int *wanted, int count);
const char *mdl_token_name(int kind); /* "`+`", "a name" */

/* ---- nodes: frontend/node.c, node_stmt.c ---- */

MdlExpr *mdl_node_name(MdlParser *p, MdlName name);
MdlExpr *mdl_node_number(MdlParser *p, MdlSpan at);
MdlExpr *mdl_node_text(MdlParser *p, MdlSpan at);
MdlExpr *mdl_node_bool(MdlParser *p, MdlSpan at, bool truth);
MdlExpr *mdl_node_dtype(MdlParser *p, MdlSpan at);
MdlExpr *mdl_node_list(MdlParser *p, MdlSpan at, MdlExprKind kind, const MdlExprList *list);
MdlExpr *mdl_node_build(MdlParser *p, MdlSpan at, const MdlBinderList *binders, MdlExpr *body);
MdlExpr *mdl_node_unary(MdlParser *p, MdlSpan at, MdlOperator op, MdlSpan op_at, MdlExpr *a);
MdlExpr *mdl_node_binary(MdlParser *p, MdlSpan at, MdlOperator op, MdlSpan op_at, MdlExpr *a,
                         MdlExpr *b);
MdlExpr *mdl_node_range(MdlParser *p, MdlSpan at, MdlSpan op_at, MdlExpr *a, MdlExpr *b);
MdlExpr *mdl_node_call(MdlParser *p, MdlSpan at, MdlExpr *callee, const MdlArgList *args);
MdlExpr *mdl_node_pipe(MdlParser *p, MdlSpan at, MdlExpr *a, MdlExpr *call);
MdlExpr *mdl_node_index(MdlParser *p, MdlSpan at, MdlExpr *base, const MdlIndexList *index);
MdlExpr *mdl_node_field(MdlParser *p, MdlSpan at, MdlExpr *base, MdlName name);
MdlExpr *mdl_node_member(MdlParser *p, MdlSpan at, MdlExpr *base, MdlSpan number);
MdlExpr *mdl_node_if(MdlParser *p, MdlSpan at, MdlExpr *condition, MdlBlock *then,
                     MdlExpr *otherwise);
MdlExpr *mdl_node_block(MdlParser *p, MdlBlock *block);
MdlExpr *mdl_node_lambda(MdlParser *p, MdlSpan at, const MdlParamList *params, MdlExpr *body);
MdlExpr *mdl_node_paren(MdlSpan at, MdlExpr *inner);

MdlBlock *mdl_node_braces(MdlParser *p, MdlSpan at, const MdlStmtList *stmts);
MdlStmt *mdl_node_let(MdlParser *p, MdlSpan at, MdlPattern *pattern, MdlTypeNode *type,
                      MdlExpr *value);
MdlStmt *mdl_node_var(MdlParser *p, MdlSpan at, MdlName name, MdlTypeNode *type, MdlExpr *value);
MdlStmt *mdl_node_assign(MdlParser *p, MdlSpan at, MdlExpr *target, MdlUpdate update,
                         MdlExpr *value);
MdlStmt *mdl_node_expr(MdlParser *p, MdlExpr *value);
MdlStmt *mdl_node_for(MdlParser *p, MdlSpan at, MdlPattern *pattern, MdlExpr *domain,
                      MdlExpr *limit, MdlBlock *body);
MdlStmt *mdl_node_while(MdlParser *p, MdlSpan at, MdlExpr *condition, MdlExpr *limit,
                        MdlBlock *body);

MdlPattern *mdl_node_pattern(MdlParser *p, MdlName name);
MdlPattern *mdl_node_patterns(MdlParser *p, MdlSpan at, const MdlPatternList *list);
MdlParamNode mdl_node_param(MdlParser *p, MdlSpan at, MdlName name, MdlTypeNode *type,
                            MdlExpr *preset, bool is_inout);
MdlGeneric mdl_node_generic(MdlParser *p, MdlSpan at, MdlName name, MdlGenericKind kind,
                            MdlSpan bound);
MdlTypeNode *mdl_node_dtype_type(MdlParser *p, MdlSpan at, MdlSpan dtype, const MdlIndexList *dims);
MdlTypeNode *mdl_node_named_type(MdlParser *p, MdlSpan at, const MdlNameList *path,
                                 const MdlIndexList *dims, const MdlIndexList *stack);
MdlTypeNode *mdl_node_types(MdlParser *p, MdlSpan at, MdlTypeNodeKind kind, const MdlTypeList *list,
                            MdlTypeNode *result);
MdlPath mdl_node_path(const MdlNameList *names);
MdlItem *mdl_node_item(MdlParser *p, MdlSpan at, MdlItemKind kind, MdlName name);
MdlFn *mdl_node_fn(MdlParser *p, MdlSpan at, MdlName name, const MdlGenericList *generics,
                   const MdlParamList *params, MdlTypeNode *result, MdlExpr *body);

#endif
