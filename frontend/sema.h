/* The checker's state, for the files of frontend/ that check. An instance is one function with all
 * its sizes, types and constants known in terms of the sizes of the root it is reached from: an
 * entry, or a function checked by itself with its own sizes as opaque names. */
#ifndef MDL_FRONTEND_SEMA_H
#define MDL_FRONTEND_SEMA_H

#include "frontend/builtin.h"
#include "frontend/core.h"
#include "frontend/frontend.h"

typedef struct MdlModule MdlModule;
typedef struct MdlDecl MdlDecl;
typedef struct MdlInstance MdlInstance;
typedef struct MdlFrame MdlFrame;

/* Tensors in one value: tuples of tuples double with every line. */
enum { MDL_MAX_LEAVES = 65536 };
enum { MDL_MAX_GENERICS = 32, MDL_MAX_PARAMS = 64, MDL_MAX_TUPLE = 64 };

/* ---- names -------------------------------------------------------------------------------- */

/* A thing that has a name at the top of a module, or in a model. */
struct MdlDecl {
  MdlItem *item;  /* NULL for a method */
  MdlFn *fn;      /* functions and methods */
  MdlDecl *owner; /* a method's model */
  MdlModule *module;
  MdlName name;
  const MdlItem *rule; /* of a function */
  MdlModule *rule_module;
  MdlModule *imported; /* an import of a whole module */
  MdlVal *value;       /* const, entry: evaluated */
  int state;           /* 0 untouched, 1 being evaluated, 2 done */
  bool used, is_template, failed;
  bool body_failed; /* its signature stands */
  MdlMap *members;  /* model, struct: name -> MdlDecl of a method */
  MdlMap *calls;    /* MdlDecl -> span of a call, for cycles */
};

struct MdlModule {
  const char *name; /* "std.nn"; "" for the main file */
  MdlTree *tree;
  MdlMap *names;   /* interned name -> MdlDecl */
  MdlMap *imports; /* interned name -> MdlDecl of another module */
  bool is_std, is_main;
};

typedef enum MdlLocalKind {
  MDL_LOCAL_let,
  MDL_LOCAL_var,
  MDL_LOCAL_parameter,
  MDL_LOCAL_inout,
  MDL_LOCAL_loop
} MdlLocalKind;

typedef struct MdlLocal {
  const char *name;
  MdlVal *value;
  MdlLocalKind kind;
  MdlSpan at, stmt; /* its name; the statement that binds it, or the name again */
  bool used, assigned, outside; /* outside: captured by a lambda, not assignable */
  MdlSpan key_use;              /* of a random key: where it was used first */
  struct MdlLocal *next;
} MdlLocal;

/* The function that is being checked now. */
struct MdlFrame {
  MdlFrame *parent; /* who asked for it */
  const MdlInstance *instance; /* whose body this is; NULL: of none */
  MdlModule *module;
  MdlDecl *decl;
  MdlLocal *top;
  int bindings;
  MdlBinding *binding;
  MdlVal *self; /* methods: the receiver */
  MdlVal *key;  /* in a param default */
  MdlSpan asked_at;
  bool quiet;                        /* checked before with opaque sizes: no warnings again */
  bool is_rule;                      /* a rule may call its function */
  const struct MdlOpenBlock *blocks; /* around the current statement: for names bound later */
};

/* ---- function values ----------------------------------------------------------------------- */

typedef enum MdlFnKind {
  MDL_FN_decl,   /* fn f, with the sizes that f[N=4] bound */
  MDL_FN_method, /* m.apply: decl and self */
  MDL_FN_lambda,
  MDL_FN_builtin,
  MDL_FN_row,     /* an elementwise row */
  MDL_FN_convert, /* f32 */
  MDL_FN_make,    /* a struct's name as a function */
  MDL_FN_init,    /* M[...].init */
  MDL_FN_raw,     /* mdl.gather */
  MDL_FN_transform,
  MDL_FN_linear /* what linearize returns */
} MdlFnKind;

typedef enum MdlTransform {
  MDL_TRANSFORM_grad,
  MDL_TRANSFORM_value_grad,
  MDL_TRANSFORM_jvp,
  MDL_TRANSFORM_vjp,
  MDL_TRANSFORM_linearize,
  MDL_TRANSFORM_vmap,
  MDL_TRANSFORM_jacfwd,
  MDL_TRANSFORM_jacrev,
  MDL_TRANSFORM_hessian,
  MDL_TRANSFORM_hvp,
  MDL_TRANSFORM_remat,
  MDL_TRANSFORM_COUNT
} MdlTransform;
const char *mdl_transform_name(MdlTransform t);
bool mdl_transform_find(const char *name, MdlTransform *t);

/* `wrt=m.head`: a parameter, and the part of it. */
typedef struct MdlWrt {
  const char *name;
  int parts;
  const char **part;
  MdlSpan at;
} MdlWrt;

struct MdlFnVal {
  MdlFnKind kind;
  MdlSpan at;
  MdlDecl *decl;
  int bindings;
  MdlBinding *binding;
  MdlVal *self;
  const MdlExpr *lambda;
  MdlFrame *frame; /* lambda: the names it sees, as they were when it was written */
  const MdlBuiltinInfo *builtin;
  MdlOp op;
  MdlDtype dtype;
  const MdlVType *type;       /* make, init */
  const MdlVType *promised;   /* a parameter `f: fn(T) -> U`: what it must give; or NULL */
  const MdlTypeNode *promise; /* where that is written */
  MdlTransform transform;
  const MdlFnVal *of;
  int wrts;
  MdlWrt *wrt; /* wrt=, over= */
  bool tuple;  /* several names, or one in a tuple */
  int axes;
  int64_t axis[16]; /* vmap */
  const MdlSize *size;
  MdlVal *const *point; /* linear: the arguments where it is linear */
  int points;
};

/* A parameter of a function value as its callers see it. */
typedef struct MdlFnParam {
  const char *name;
  MdlSpan at;
  const MdlVType *type; /* in terms of the function's own sizes, or NULL: not known (lambda) */
  const MdlTypeNode *node;
  const MdlExpr *preset;
  bool is_inout;
} MdlFnParam;

/* ---- instances ----------------------------------------------------------------------------- */

typedef struct MdlEquation {
  const MdlSize *left, *right; /* right NULL: left >= 0 */
  MdlSpan at;
  const char *text; /* of an assert; NULL: left = right */
} MdlEquation;

struct MdlInstance {
  MdlDecl *decl;
  const char *key;
  MdlCoreFunc *func;
  int bindings;
  MdlBinding *binding;
  const MdlStructOf *self;
  int params;
  const MdlVType *param[MDL_MAX_PARAMS];
  MdlVal *known[MDL_MAX_PARAMS]; /* function parameters: the value */
  const MdlVType *result; /* of the call: without inout parts; NULL until the body is checked */
  int state;              /* 0 declared, 1 being checked, 2 checked, 3 failed */
  MdlSpan asked_at;            /* the call that it was made for */
  const MdlInstance *asked_in; /* the instance that holds that call; or NULL */
};

/* ---- entries ------------------------------------------------------------------------------- */

typedef struct MdlEntry {
  MdlDecl *decl;
  MdlCoreFunc *func;
  MdlSignature signature;
  const char *symbol;
  MdlSpan at;
} MdlEntry;

struct MdlProgram {
  MdlSession *session;
  const MdlFrontendOptions *options;
  int entries;
  MdlEntry *entry;
  int64_t ops;
};

/* ---- the checker ---------------------------------------------------------------------------- */

struct MdlSema {
  MdlSession *session;
  MdlArena *arena;
  MdlSizes *sizes;
  MdlIr *ir; /* made when a `mdl.X(…)` needs it; else NULL */
  const MdlFrontendOptions *options;
  const MdlVType *kinds[16], *scalars[MDL_DTYPE_COUNT + 1];
  MdlMap *modules; /* interned dotted name -> MdlModule */
  MdlModule *main, *prelude;
  MdlMap *structs;   /* interned text -> MdlStructOf */
  MdlMap *instances; /* interned key -> MdlInstance */
  MdlMap *unknown;   /* MdlDecl or MdlModule -> names reported as unknown in it */
  MdlMap *atoms;     /* interned loop name -> MdlCore */
  MdlMap *binders;   /* interned loop name of a comprehension -> MdlMapped */
  MdlFrame *frame;
  MdlCoreFunc *func;
  MdlCoreBlock *block;
  MdlSpan at;           /* of what is built now */
  const char *naming;   /* the name that the next value gets */
  bool is_root_generic; /* bodies of called functions need not be checked now */
  const char *stack;    /* where the C stack was when checking began */
  bool is_over;         /* the limit of ops was reported */
  bool is_strict;       /* sizes of different names are different: no guard makes them equal */
  int depth, count_of_atoms, lambdas;
  int64_t ops;
};

/* A region of the current function: mdl_block_enter makes a new block current. */
MdlCoreBlock *mdl_block_enter(MdlSema *s, MdlCoreBlock **was);
static inline void mdl_block_leave(MdlSema *s, MdlCoreBlock *was) { s->block = was; }
MdlCore *mdl_block_arg(MdlSema *s, MdlCoreBlock *block, MdlType type, MdlCell *cell);

/* core.c */
MdlCore *mdl_core_new(MdlSema *s, MdlCoreKind kind, int operands, MdlCore *const *operand);
MdlCore *mdl_core_result(MdlSema *s, MdlCore *of, int i, MdlType type, MdlCell *cell);
MdlCore *mdl_core_use(MdlSema *s, MdlCore *value); /* captured if it is of an outer function */
MdlCoreFunc *mdl_core_func(MdlSema *s, const char *symbol, MdlCoreFunc *parent, MdlSpan at);
MdlCore *mdl_core_arg(MdlSema *s, MdlCoreFunc *func, MdlType type, const char *name);
MdlVal *mdl_core_param(MdlSema *s, MdlCoreFunc *func, const MdlVType *type, const char *name,
                       MdlSpan at);
void mdl_core_return(MdlSema *s, int count, MdlVal *const *value); /* ends the function's body */
bool mdl_core_is_open(const MdlCore *core);
bool mdl_core_has_effect(const MdlCoreBlock *block);
MdlDtype mdl_core_dtype(MdlSema *s, MdlCore *core); /* closes an open cell by its default */
void mdl_core_close(MdlSema *s, MdlCoreFunc *func); /* every cell decided */
void mdl_equation_add(MdlSema *s, const MdlSize *left, const MdlSize *right, MdlSpan at,
                      const char *text);
/* The symbolic value of an integer op: for slice lengths. */
const MdlSize *mdl_core_symbolic(MdlSema *s, MdlCore *core, int depth);
/* A new loop name as a size; its value is `core`. */
const MdlSize *mdl_atom_new(MdlSema *s, const char *name, MdlCore *core);
bool mdl_size_is_static(MdlSema *s, const MdlSize *size); /* no loop name in it */

/* materialise: one tensor or scalar as a typed op; numbers and sizes get an open cell. NULL:
 * reported. */
MdlCore *mdl_val_core_of(MdlSema *s, MdlVal *v, const char *user);
/* E0208: a function or type stands where a value should. */
void mdl_not_called(MdlSema *s, const MdlVal *v);
/* The value as one of this type, or poison after E0301, E0303, E0404. `why` may be NULL. */
MdlVal *mdl_coerce(MdlSema *s, MdlVal *v, const MdlVType *type, MdlSpan at, const char *declared,
                   MdlSpan why);
/* Literals and sizes inside become tensors: what a variable or a result can hold. */
MdlVal *mdl_settle(MdlSema *s, MdlVal *v);
bool mdl_const_bool(const MdlVal *v, bool *truth);
/* Equal, or made equal by a guard. False: they cannot be. */
bool mdl_sizes_equate(MdlSema *s, const MdlSize *p, const MdlSize *q, MdlSpan at);

/* Blocks that are open, for `used before its let`. */
typedef struct MdlOpenBlock {
  const MdlBlock *block;
  const struct MdlOpenBlock *outer;
} MdlOpenBlock;

/* E0603, or E0604 for an `if` without else; true if v is no value. */
bool mdl_over_limit(MdlSema *s);                  /* true after E0903: nothing more is built */
bool mdl_too_many_leaves(MdlSema *s, MdlSpan at); /* E0903; false */
bool mdl_no_value(MdlSema *s, const MdlVal *v, const char *what, const char *wanted, MdlSpan why);

/* names.c */
MdlModule *mdl_module_load(MdlSema *s, const char *dotted, MdlSpan at);
MdlModule *mdl_module_of_file(MdlSema *s, int file, const char *name, bool is_std);
MdlDecl *mdl_decl_find(MdlSema *s, MdlModule *module, const char *name);
MdlVal *mdl_name_value(MdlSema *s, const char *name, MdlSpan at, const MdlExpr *called);
MdlLocal *mdl_local_find(MdlSema *s, const char *name);
MdlLocal *mdl_local_add(MdlSema *s, const char *name, MdlVal *value, MdlLocalKind kind, MdlSpan at);
void mdl_locals_leave(MdlSema *s, MdlLocal *top); /* warns of what was not used */
MdlBinding *mdl_binding_find(MdlSema *s, const char *name);
MdlVal *mdl_decl_value(MdlSema *s, MdlDecl *decl, MdlSpan at);
int mdl_visible_names(MdlSema *s, const char ***names);
/* "did you mean", else what another system's word is here. */
void mdl_suggest(MdlSema *s, MdlReport *r, const char *name, MdlSpan at, const char *const *names,
                 int count);
bool mdl_first_unknown(MdlSema *s, const char *name);
void mdl_module_check_names(MdlSema *s, MdlModule *module);
MdlDecl *mdl_member_find(MdlSema *s, const MdlStructOf *of, const char *name); /* a function */
int mdl_field_find(const MdlStructOf *of, const char *name);                   /* -1: none */
/* Runs what follows in another module with other generic names, without locals. */
void mdl_frame_push(MdlSema *s, MdlFrame *frame, MdlModule *module, MdlDecl *decl, int bindings,
                    MdlBinding *binding);
static inline void mdl_frame_pop(MdlSema *s) { s->frame = s->frame->parent; }

/* generics.c, unify.c */
const MdlVType *mdl_type_eval(MdlSema *s,
                              const MdlTypeNode *node); /* in the current frame; poison */
const MdlSize *mdl_size_eval_expr(MdlSema *s, const MdlExpr *expr, bool quiet);
const MdlStructOf *mdl_struct_of(MdlSema *s, MdlDecl *decl, int bindings, const MdlBinding *binding,
                                 MdlSpan at);
int mdl_generics_of(MdlSema *s, const MdlGeneric *generic, int generics, MdlBinding *binding);
/* Binds what `node` leaves open so that it is `type`; false after a report. */
bool mdl_unify(MdlSema *s, const MdlTypeNode *node, const MdlVType *type, const char *param,
               MdlSpan at);
bool mdl_binding_is_open(const MdlBinding *binding);
bool mdl_size_is_open(const MdlSize *size); /* holds a size that is not bound yet */
/* The type that an expression names (Mlp[3], T), or NULL. */
const MdlVType *mdl_type_of_expr(MdlSema *s, const MdlExpr *expr);
/* The current frame's own names for a declaration: its model's generics, then its own. */
int mdl_decl_generics(MdlSema *s, const MdlDecl *decl, MdlBinding *binding);
const char *mdl_bindings_text(MdlSema *s, int bindings, const MdlBinding *binding);
const MdlSize *mdl_size_want(MdlSema *s, MdlVal *v); /* E0413 */
bool mdl_bind_arguments(MdlSema *s, int bindings, MdlBinding *binding, const MdlIndex *index,
                        int indices, const char *what, MdlSpan decl_at);

/* expr.c, index.c, block.c */
MdlVal *mdl_expr(MdlSema *s, const MdlExpr *expr, const MdlVType *want);
MdlVal *mdl_block(MdlSema *s, const MdlBlock *block, const MdlVType *want);
MdlVal *mdl_index_expr(MdlSema *s, const MdlExpr *expr);
MdlVal *mdl_index_value(MdlSema *s, MdlVal *base, const MdlIndex *index, int indices, MdlSpan at);
MdlVal *mdl_row_of(MdlSema *s, MdlVal *stack, const MdlSize *at, bool check, MdlSpan span);
bool mdl_assign(MdlSema *s, const MdlStmt *stmt);
bool mdl_assign_to(MdlSema *s, const MdlExpr *target, MdlVal *value, MdlUpdate update, MdlSpan at);
MdlVal *mdl_comprehension(MdlSema *s, const MdlExpr *expr, const MdlVType *want);
/* Names that a body may assign: targets, and variables handed to calls. */
MdlMap *mdl_assigned_names(MdlSema *s, const MdlBlock *body, const MdlExpr *condition);
void mdl_for(MdlSema *s, const MdlStmt *stmt);
void mdl_while(MdlSema *s, const MdlStmt *stmt);
MdlVal *mdl_if(MdlSema *s, const MdlExpr *expr, bool statement, const MdlVType *want);
bool mdl_bind_pattern(MdlSema *s, const MdlPattern *pattern, MdlVal *value, MdlLocalKind kind);
/* A value as a tensor of this shape and element type: literals and fewer axes broadcast (E0412). */
MdlCore *mdl_fit(MdlSema *s, MdlVal *v, const MdlCore *like, const MdlType *shape, const char *what,
                 MdlSpan at);
MdlCore *mdl_index_core(MdlSema *s, MdlVal *v); /* an integer scalar or tensor, E0308; or NULL */
/* The row of an outer value that a comprehension's own index takes: a mapped argument; or NULL. */
MdlCore *mdl_mapped_row(MdlSema *s, MdlCore *base, const MdlSize *index);
/* In a type that holds the length of the axis that it counts: i32 at least, i64 where the axis may be
 * longer than 2^31 - 1. */
MdlCore *mdl_index_wide(MdlSema *s, MdlCore *index, const MdlSize *extent);
void mdl_check_index(MdlSema *s, MdlCore *index, const MdlSize *extent, const char *text);
/* 0 <= start <= limit <= n, or guards; E0407. */
bool mdl_slice_in_range(MdlSema *s, const MdlSize *start, const MdlSize *limit, const MdlSize *n,
                        MdlSpan at);
MdlVal *mdl_update_index(MdlSema *s, MdlVal *base, const MdlIndex *index, int indices, MdlVal *v,
                         MdlUpdate update, MdlSpan at);
MdlVal *mdl_update_value(MdlSema *s, MdlUpdate update, MdlVal *old, MdlVal *v, MdlSpan at);
MdlVal *mdl_matmul(MdlSema *s, MdlVal *a, MdlVal *b, MdlSpan at);

/* call.c, transform.c */
typedef struct MdlCallArg {
  const char *name;
  MdlSpan name_at;
  MdlVal *value;       /* checked, or */
  const MdlExpr *expr; /* still to be, once the wanted type is known */
} MdlCallArg;
MdlVal *mdl_call_expr(MdlSema *s, const MdlExpr *expr, const MdlVType *want);
MdlVal *mdl_call_fn(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, const MdlVType *want,
                    MdlSpan at);
int mdl_fn_params(MdlSema *s, const MdlFnVal *fn, MdlFnParam *param);
const char *mdl_fn_name(MdlSema *s, const MdlFnVal *fn);
MdlVal *mdl_apply_transform(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg,
                            const MdlVType *want, MdlSpan at);
MdlVal *mdl_make_transform(MdlSema *s, MdlTransform t, const MdlExpr *call);
MdlVal *mdl_make_struct(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at);
MdlVal *mdl_init_struct(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at);
/* The function as a core function of these argument types (fn arguments are kept as they are): what
 * a recipe is made of. NULL: reported. */
MdlCoreFunc *mdl_specialise(MdlSema *s, const MdlFnVal *fn, int args, const MdlVType *const *type,
                            MdlVal *const *known, MdlSpan at);
/* Arguments to parameters, by order and by name (E0501, E0502, E0503): slot[i] is the argument of
 * parameter i, NULL where its default holds. */
bool mdl_match_args(MdlSema *s, const char *name, MdlSpan decl_at, int params,
                    const MdlFnParam *param, int args, MdlCallArg *arg, MdlCallArg **slot,
                    MdlSpan at);
/* "1 argument", "2 to 4 arguments", "1 or more arguments" (most >= MDL_MAX_TUPLE). */
const char *mdl_arity_text(MdlSema *s, int least, int most);
MdlVal *mdl_arg_value(MdlSema *s, MdlCallArg *arg, const MdlVType *want);
/* The default of a parameter, evaluated where the function is defined. */
MdlVal *mdl_preset_value(MdlSema *s, const MdlFnVal *fn, const MdlFnParam *param,
                         const MdlVType *want);
MdlVal *mdl_call_decl(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at);
MdlVal *mdl_call_lambda(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at);
MdlVal *mdl_call_builtin(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg,
                         const MdlVType *want, MdlSpan at);
MdlVal *mdl_call_row(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at);
MdlVal *mdl_call_convert(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at);
MdlVal *mdl_lift(MdlSema *s, const MdlFnVal *fn, int args, MdlVal *const *arg, MdlSpan at);
MdlVal *mdl_call_special(MdlSema *s, const MdlExpr *expr, const MdlVType *want); /* assert, zip */
const MdlFnVal *mdl_fn_bottom(const MdlFnVal *fn); /* below its transformations */
/* Wraps the call of a core function whose captures are known. */
MdlVal *mdl_emit_call(MdlSema *s, MdlCoreFunc *func, MdlCoreRecipe *recipe, int operands,
                      MdlCore *const *operand, const MdlVType *result, MdlSpan at);
MdlVal *mdl_call_raw(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg,
                     const MdlVType *want, MdlSpan at);
MdlVal *mdl_call_leaves(MdlSema *s, int args, MdlCallArg *arg, const MdlVType *want, MdlSpan at);

/* instance.c */
MdlInstance *mdl_instance_get(MdlSema *s, MdlDecl *decl, int bindings, const MdlBinding *binding,
                              MdlVal *self, int params, const MdlVType *const *param,
                              MdlVal *const *known, MdlSpan at);
bool mdl_instance_check(MdlSema *s, MdlInstance *instance);
/* The one whose body is checked now, or NULL. */
const MdlInstance *mdl_instance_current(const MdlSema *s);
/* For mdl_report_context: which instances the current body is in. `user` is the MdlSema. */
void mdl_instance_origins(void *user, MdlReport *report);

/* entries.c */
bool mdl_entries_check(MdlSema *s, MdlProgram *program);

#endif
