/* The syntax tree of one .mdl file: what the parser makes and the checker annotates. Everything
 * lies in the session's arena; names are interned (compare pointers); every node has the span it
 * was written at. The checker owns the `sema` slots: the parser leaves them NULL. */
#ifndef MDL_FRONTEND_TREE_H
#define MDL_FRONTEND_TREE_H

#include "ir/diag.h"
#include "ir/dtype.h"

typedef struct MdlExpr MdlExpr;
typedef struct MdlTypeNode MdlTypeNode;
typedef struct MdlBlock MdlBlock;

/* A name where it stands. `text` is NULL where an optional name is absent. */
typedef struct MdlName {
  const char *text;
  MdlSpan at;
} MdlName;

/* a.b.c */
typedef struct MdlPath {
  MdlName *part;
  int parts;
  MdlSpan at;
} MdlPath;

/* ---- patterns: what let, for and assignments to tuples bind ------------------------------- */

typedef enum MdlPatternKind {
  MDL_PATTERN_name,
  MDL_PATTERN_discard, /* _ */
  MDL_PATTERN_tuple
} MdlPatternKind;

typedef struct MdlPattern {
  MdlPatternKind kind;
  MdlSpan at;
  const char *name;         /* name */
  struct MdlPattern **item; /* tuple */
  int items;
  void *sema;
} MdlPattern;

/* ---- expressions -------------------------------------------------------------------------- */

typedef enum MdlOperator {
  MDL_OPERATOR_or,
  MDL_OPERATOR_and,
  MDL_OPERATOR_eq,
  MDL_OPERATOR_ne,
  MDL_OPERATOR_lt,
  MDL_OPERATOR_le,
  MDL_OPERATOR_gt,
  MDL_OPERATOR_ge,
  MDL_OPERATOR_add,
  MDL_OPERATOR_sub,
  MDL_OPERATOR_mul,
  MDL_OPERATOR_div,
  MDL_OPERATOR_rem,
  MDL_OPERATOR_matmul,
  MDL_OPERATOR_pow,
  MDL_OPERATOR_neg, /* unary from here */
  MDL_OPERATOR_not,
  MDL_OPERATOR_COUNT
} MdlOperator;
/* "+", "@" */
const char *mdl_operator_text(MdlOperator op);

typedef enum MdlExprKind {
  MDL_EXPR_name,   /* name */
  MDL_EXPR_number, /* number */
  MDL_EXPR_bool,   /* truth */
  MDL_EXPR_text,   /* text: only as an argument of a call */
  MDL_EXPR_dtype,  /* dtype: f32(x) is a call of it, f32[N] (a type argument) an index of it */
  MDL_EXPR_tuple,  /* item: (a, b), (a,) */
  MDL_EXPR_list,   /* item: [a, b] */
  MDL_EXPR_build,  /* build: [for i in 0..N : e] */
  MDL_EXPR_unary,  /* binary.op, binary.left */
  MDL_EXPR_binary, /* binary */
  MDL_EXPR_range,  /* binary.left .. binary.right */
  MDL_EXPR_call,   /* call; a |> f(b) is the call f(a, b) with `piped` */
  MDL_EXPR_index,  /* index: x[1:, i], and f[N=4], Dense[3, 4], GPT[V=50].init */
  MDL_EXPR_field,  /* field: m.w */
  MDL_EXPR_member, /* member: t.0 */
  MDL_EXPR_if,     /* branch */
  MDL_EXPR_block,  /* block */
  MDL_EXPR_lambda  /* lambda */
} MdlExprKind;

/* f(value), f(name=value) */
typedef struct MdlArg {
  MdlName name; /* text NULL: by order */
  MdlExpr *value;
  MdlSpan at;
} MdlArg;

typedef enum MdlIndexKind {
  MDL_INDEX_at,       /* value: an integer, an integer tensor, a size or type argument */
  MDL_INDEX_named,    /* name=value: a size or type argument */
  MDL_INDEX_slice,    /* value:end:step, each may be NULL */
  MDL_INDEX_ellipsis, /* ... */
  MDL_INDEX_new       /* new */
} MdlIndexKind;

typedef struct MdlIndex {
  MdlIndexKind kind;
  MdlSpan at;
  MdlName name;
  MdlExpr *value, *end, *step;
} MdlIndex;

/* for name in domain, of a comprehension */
typedef struct MdlBinder {
  MdlPattern *pattern;
  MdlExpr *domain;
  MdlSpan at;
  void *sema;
} MdlBinder;

/* A parameter of a function, or of a lambda (there `type` may be NULL). */
typedef struct MdlParamNode {
  MdlName name;
  MdlTypeNode *type;
  MdlExpr *preset; /* the default, or NULL */
  bool is_inout;
  MdlSpan at;
  void *sema;
} MdlParamNode;

typedef struct MdlNumber {
  const char *text; /* as written, without `_` */
  bool is_whole;    /* no point, no exponent */
  bool overflows;   /* whole, and above 2^64 - 1 */
  uint64_t whole;   /* when whole */
  double real;      /* nearest */
} MdlNumber;

typedef struct MdlExprCall {
  MdlExpr *callee;
  MdlArg *arg;
  int args;
  bool piped; /* arg[0] stood left of |> */
} MdlExprCall;

typedef struct MdlExprIndex {
  MdlExpr *base;
  MdlIndex *index;
  int indices;
} MdlExprIndex;

struct MdlExpr {
  MdlExprKind kind;
  MdlSpan at;
  int id;             /* 0 .. MdlTree.exprs - 1: key of side tables, one entry per instance */
  int depth;          /* of the tree below; bounded, so recursion over a tree is safe */
  bool parenthesised; /* stood in ( ) */
  union {
    const char *name;
    MdlNumber number;
    bool truth;
    const char *text; /* escapes resolved */
    MdlDtype dtype;
    struct {
      MdlExpr **item;
      int items;
    } list; /* tuple, list */
    struct {
      MdlBinder *binder;
      int binders;
      MdlExpr *body;
    } build;
    struct {
      MdlOperator op;
      MdlSpan op_at;
      MdlExpr *left, *right;
    } binary; /* unary, binary, range */
    MdlExprCall call;
    MdlExprIndex index;
    struct {
      MdlExpr *base;
      MdlName name;
    } field;
    struct {
      MdlExpr *base;
      int64_t number;
      MdlSpan number_at;
    } member;
    struct {
      MdlExpr *condition;
      MdlBlock *then;
      MdlExpr *otherwise; /* a block or an if; NULL: no else */
    } branch;
    MdlBlock *block;
    struct {
      MdlParamNode *param;
      int params;
      MdlExpr *body; /* fn(x) { … }: a block */
    } lambda;
  };
  void *type; /* the checker's */
  void *sema; /* the checker's */
};

/* ---- statements --------------------------------------------------------------------------- */

typedef enum MdlStmtKind {
  MDL_STMT_let,    /* pattern, type or NULL, value */
  MDL_STMT_var,    /* pattern (a name), type or NULL, value */
  MDL_STMT_assign, /* target, update, value */
  MDL_STMT_expr,   /* value; an `if` whose value is not asked for, too */
  MDL_STMT_for,    /* pattern, value (what is looped over), limit or NULL, body */
  MDL_STMT_while   /* value (the condition), limit or NULL, body */
} MdlStmtKind;

typedef enum MdlUpdate {
  MDL_UPDATE_set,
  MDL_UPDATE_add,
  MDL_UPDATE_sub,
  MDL_UPDATE_mul,
  MDL_UPDATE_div,
  MDL_UPDATE_max,
  MDL_UPDATE_min
} MdlUpdate;
/* "=", "+=", "max=" */
const char *mdl_update_text(MdlUpdate update);

typedef struct MdlStmt {
  MdlStmtKind kind;
  MdlSpan at;
  MdlSpan head; /* for, while, if: up to its `{`; else all of it */
  MdlPattern *pattern;
  MdlTypeNode *type;
  MdlExpr *target; /* name, field, index, member, or a tuple of those */
  MdlUpdate update;
  MdlExpr *value;
  MdlExpr *limit;
  MdlBlock *body;
  int depth;
  void *sema;
} MdlStmt;

struct MdlBlock {
  MdlStmt **stmt;
  int stmts;
  MdlExpr *value; /* the last expression; NULL if the last statement is none. An `if` without else
                     is a statement, one with else is the value */
  MdlSpan at;     /* with the braces */
  int depth;
  void *sema;
};

/* ---- types -------------------------------------------------------------------------------- */

typedef enum MdlTypeNodeKind {
  MDL_TYPE_NODE_dtype, /* f32, f32[N, 3] */
  MDL_TYPE_NODE_named, /* S, M[D, H], M[D][L], T, T[N]: a struct, model, dtype or type parameter */
  MDL_TYPE_NODE_tuple, /* (T, U) */
  MDL_TYPE_NODE_fn     /* fn(T, U) -> V */
} MdlTypeNodeKind;

/* Of a named type, `dim` is the first bracket (sizes of a model, or dims of a dtype parameter) and
 * `stack` the second. A dim is a size expression, an expression that is a type (Adam[Mlp[3]]), a
 * named argument, or `...`: kinds at, named, ellipsis of MdlIndex. */
struct MdlTypeNode {
  MdlTypeNodeKind kind;
  MdlSpan at;
  MdlDtype dtype;
  MdlPath path;
  MdlIndex *dim;
  int dims;
  bool has_dims; /* brackets were written */
  MdlIndex *stack;
  int stacks;
  MdlTypeNode **item; /* tuple: elements, fn: parameters */
  int items;
  MdlTypeNode *result; /* fn */
  int depth;
  void *sema;
};

/* ---- items -------------------------------------------------------------------------------- */

typedef enum MdlGenericKind {
  MDL_GENERIC_size,   /* N */
  MDL_GENERIC_bound,  /* T: float; bound names it */
  MDL_GENERIC_struct, /* M: struct */
  MDL_GENERIC_const   /* train: bool; dtype says which */
} MdlGenericKind;

/* One name between the brackets of a declaration. */
typedef struct MdlGeneric {
  MdlGenericKind kind;
  MdlName name;
  MdlName bound;
  MdlDtype dtype;
  MdlSpan at;
  void *sema;
} MdlGeneric;

typedef struct MdlFn {
  MdlName name;
  MdlGeneric *generic;
  int generics;
  MdlParamNode *param;
  int params;
  MdlTypeNode *result; /* NULL: nothing is returned, or (fn f(x: f32) = e) it is inferred */
  MdlExpr *body;       /* fn f() { … }: a block */
  MdlSpan head;        /* from `fn` to before the body */
  void *sema;
} MdlFn;

typedef enum MdlMemberKind {
  MDL_MEMBER_field,
  MDL_MEMBER_param,
  MDL_MEMBER_state,
  MDL_MEMBER_fn
} MdlMemberKind;

/* A field of a struct; a param, state or function of a model. */
typedef struct MdlMember {
  MdlMemberKind kind;
  MdlSpan at;
  MdlName name;
  MdlTypeNode *type; /* not fn */
  MdlExpr *preset;   /* param, state: the default or NULL */
  MdlFn *fn;         /* fn */
  void *sema;
} MdlMember;

typedef enum MdlItemKind {
  MDL_ITEM_import, /* path, import */
  MDL_ITEM_const,  /* name, type or NULL, value */
  MDL_ITEM_fn,     /* fn; entry fn: is_entry */
  MDL_ITEM_struct, /* name, generic, member */
  MDL_ITEM_model,  /* name, generic, member */
  MDL_ITEM_rule,   /* path, rule */
  MDL_ITEM_entry   /* name, value: entry df = grad(f) */
} MdlItemKind;

typedef struct MdlItem {
  MdlItemKind kind;
  MdlSpan at;
  MdlName name; /* of fn and entry fn too; rule, import: text NULL */
  bool is_entry;
  MdlPath path;
  MdlName *import; /* import std.nn: relu, softmax; none: the module's name itself */
  int imports;
  MdlTypeNode *type;
  MdlExpr *value;
  MdlFn *fn;
  MdlGeneric *generic;
  int generics;
  MdlMember *member;
  int members;
  struct {
    bool is_vjp;
    MdlName *primal; /* jvp f(x, y; dx, dy) */
    int primals;
    MdlName *tangent;
    int tangents;
    MdlExpr *body;
  } rule;
  void *sema;
} MdlItem;

typedef struct MdlTree {
  int file;
  MdlItem **item; /* in order; only those without a syntax error */
  int items;
  int exprs; /* ids given */
  bool ok;   /* false: errors were reported */
  MdlName
      *broken; /* names that failed items would have declared: unknown ones of these are silent */
  int brokens;
} MdlTree;

/* Parses a file of the session. Never NULL. */
MdlTree *mdl_parse(MdlSession *session, int file);
/* Would an item with a syntax error have declared this (interned) name? */
bool mdl_tree_is_broken(const MdlTree *tree, const char *name);

/* "x**2 + 3": an expression or type as it stands in the source, blanks squeezed, at most some 60
 * characters; for messages. */
const char *mdl_source_text(const MdlSession *session, MdlSpan at);

/* The whole tree as stable text, one node a line. */
const char *mdl_tree_text(MdlArena *arena, const MdlTree *tree);

#endif
