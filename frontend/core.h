/* The typed core: what checking makes of a function body and lowering turns into mdl form, one op
 * into one op. It mirrors ir/ir.h without MLIR, so that a program with mistakes costs none. All
 * types are known but for open cells, which close when the body ends.
 *
 * An op that uses a value of an enclosing function (a lambda's capture) makes it a leading
 * argument: nobody has to think of captures. */
#ifndef MDL_FRONTEND_CORE_H
#define MDL_FRONTEND_CORE_H

#include "frontend/types.h"
#include "ir/recipe.h"

typedef enum MdlCoreKind {
  MDL_CORE_op,       /* a row of ops.def */
  MDL_CORE_number,   /* mdl.const of an exact number, any shape */
  MDL_CORE_size,     /* a polynomial over sizes and loop names as a value */
  MDL_CORE_argument, /* of the function, or of a block */
  MDL_CORE_result,   /* operand[0]'s result number `index` */
  MDL_CORE_call,     /* callee */
  MDL_CORE_recipe,   /* callee through a recipe */
  MDL_CORE_if,       /* operand[0] the condition; block 0, 1; results */
  MDL_CORE_for,      /* operand[0], [1] the bounds, then carried; block 0: index, carried */
  MDL_CORE_while     /* carried; block 0 condition first in its yields, block 1 body */
} MdlCoreKind;

typedef struct MdlCoreAttr {
  const char *name;
  MdlAttrKind kind;
  int count;
  const int64_t *ints, *more; /* pairs: both */
  const MdlSize *const *sizes;
  const char *text;
  const MdlExact *table; /* number: elements of a dense table */
} MdlCoreAttr;

typedef struct MdlCoreBlock {
  int ops, capacity;
  MdlCore **op;
  int args;
  MdlCore **arg;
  int yields;
  MdlCore **yield;
} MdlCoreBlock;

/* One vmap, jvp or vjp of a function: wrt counts its leaves without captures. */
typedef struct MdlCoreRecipe {
  MdlRecipeKind kind;
  int wrts, outs;
  int64_t *wrt, *out;
  const MdlSize *size;
} MdlCoreRecipe;

struct MdlCore {
  MdlCoreKind kind;
  MdlOp op;
  MdlType type;  /* of the first result */
  MdlCell *cell; /* open element type, or NULL */
  int operands;
  MdlCore **operand;
  int attrs;
  MdlCoreAttr *attr; /* room for MDL_MAX_ATTRS, or NULL */
  MdlExact number;
  const MdlSize *size;
  int index;
  int results; /* if, for, while, call, recipe, sort */
  MdlCore **result;
  MdlCoreBlock *block[2];
  MdlCoreFunc *callee;
  MdlCoreRecipe *recipe;
  const char *limit; /* while: the limit's size text */
  MdlCoreFunc *func; /* where it lives */
  const char *name;
  MdlSpan at;
  MlirValue lowered; /* set by lowering */
};

struct MdlCoreFunc {
  const char *symbol;  /* a wish: made unique by lowering */
  MdlCoreFunc *parent; /* whose values it may capture; NULL for items */
  int captures, capture_capacity;
  MdlCore **captured; /* values of parent, in order */
  MdlCore **capture;  /* the arguments that stand for them: leading */
  int args, arg_capacity;
  MdlCore **arg; /* after the captures */
  MdlCoreBlock *body;
  const MdlVType *result; /* what the yields of body make up */
  bool is_remat, is_effectful;
  MdlCoreFunc *rule; /* a custom jvp or vjp */
  bool rule_is_vjp;
  int children, child_capacity;
  MdlCoreFunc **child; /* made while this one was checked; their open cells close with its own */
  int equations, equation_capacity;
  struct MdlEquation *equation; /* guards that calls in it need */
  MdlSpan at;
  struct MdlInstance *instance; /* of a declared function: its body may not be checked yet */
  MlirOperation lowered;        /* set by lowering */
  int state;
};

/* ---- building: at the end of the checker's current block, at its current place ------------ */

/* Elementwise with everything a user may write: literals and sizes take the dtype of the others,
 * shapes broadcast, structs go leaf by leaf, constants fold. Reports what does not fit. `shown` is
 * how the op is written, for messages ("+", "atan2"). */
MdlVal *mdl_apply_map(MdlSema *s, MdlOp op, const char *shown, int operands, MdlVal *const *operand,
                      MdlSpan at);

/* One op; types are inferred here and not checked: the caller has. Operands may be of an enclosing
 * function. */
MdlCore *mdl_emit_map(MdlSema *s, MdlOp op, int operands, MdlCore *const *operand);
MdlCore *mdl_emit_number(MdlSema *s, const MdlType *type, double value);
MdlCore *mdl_emit_exact(MdlSema *s, const MdlType *type, MdlCell *cell, MdlExact value);
MdlCore *mdl_emit_table(MdlSema *s, const MdlType *type, MdlCell *cell, const MdlExact *element);
MdlCore *mdl_emit_size(MdlSema *s, const MdlSize *size, MdlDtype dtype);
MdlCore *mdl_emit_iota(MdlSema *s, const MdlType *type, int axis);
MdlCore *mdl_emit_convert(MdlSema *s, MdlCore *a, MdlDtype dtype);
MdlCore *mdl_emit_bitcast(MdlSema *s, MdlCore *a, MdlDtype dtype);
MdlCore *mdl_emit_stop_grad(MdlSema *s, MdlCore *a);
MdlCore *mdl_emit_broadcast(MdlSema *s, MdlCore *a, int rank, const MdlSize *const *dim,
                            const int64_t *dims);
MdlCore *mdl_emit_splat(MdlSema *s, MdlCore *a, int rank, const MdlSize *const *dim);
MdlCore *mdl_emit_reshape(MdlSema *s, MdlCore *a, int rank, const MdlSize *const *dim);
MdlCore *mdl_emit_transpose(MdlSema *s, MdlCore *a, const int64_t *perm);
MdlCore *mdl_emit_slice(MdlSema *s, MdlCore *a, const MdlSize *const *start,
                        const MdlSize *const *limit, const int64_t *step);
MdlCore *mdl_emit_dynamic_slice(MdlSema *s, MdlCore *a, MdlCore *start, int axis,
                                const MdlSize *length);
MdlCore *mdl_emit_dynamic_update(MdlSema *s, MdlCore *a, MdlCore *start, MdlCore *with, int axis);
MdlCore *mdl_emit_pad(MdlSema *s, MdlCore *a, MdlCore *value, const MdlSize *const *lo,
                      const MdlSize *const *hi, const int64_t *inner);
MdlCore *mdl_emit_concat(MdlSema *s, MdlCore *a, MdlCore *b, int axis);
MdlCore *mdl_emit_reverse(MdlSema *s, MdlCore *a, int count, const int64_t *axes);
MdlCore *mdl_emit_gather(MdlSema *s, MdlCore *a, MdlCore *at, int axis, int batch);
MdlCore *mdl_emit_scatter(MdlSema *s, MdlOp op, MdlCore *a, MdlCore *at, MdlCore *with, int axis,
                          int batch);
MdlCore *mdl_emit_dot(MdlSema *s, MdlCore *a, MdlCore *b, int contracted, const int64_t *a_contract,
                      const int64_t *b_contract, int batched, const int64_t *a_batch,
                      const int64_t *b_batch);
/* stride, dilate, spread, lo, hi: one a spatial axis */
MdlCore *mdl_emit_conv(MdlSema *s, MdlCore *a, MdlCore *b, const int64_t *stride,
                       const MdlSize *const *lo, const MdlSize *const *hi, const int64_t *dilate,
                       const int64_t *spread, int64_t groups);
MdlCore *mdl_emit_reduce(MdlSema *s, MdlOp op, MdlCore *a, int count, const int64_t *axes);
MdlCore *mdl_emit_arg(MdlSema *s, MdlOp op, MdlCore *a, int axis); /* argmax, argmin */
/* All arrays one an axis of a; spread NULL but for window_sum. */
MdlCore *mdl_emit_window(MdlSema *s, MdlOp op, MdlCore *a, const int64_t *size,
                         const int64_t *stride, const MdlSize *const *lo, const MdlSize *const *hi,
                         const int64_t *dilate, const int64_t *spread);
MdlCore *mdl_emit_scan(MdlSema *s, MdlOp op, MdlCore *a, int axis, bool reverse); /* cumsum, ... */
MdlCore *mdl_emit_sort(MdlSema *s, MdlCore *a, int axis, MdlCore **permutation);
void mdl_emit_check(MdlSema *s, MdlCore *holds, int code, const char *text);
void mdl_emit_print(MdlSema *s, MdlCore *a, const char *text);

#endif
