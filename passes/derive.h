/* Differentiation: what its files share. Two sweeps over a block of mdl form, built from one set of
 * rules:
 *   forward  (linearize)  puts the tangent of a value behind it, ops in order
 *   reverse  (transpose)  takes each op's linear part backwards at the end of the block
 * Elementwise rows come from the `d` column, linear ops from `lin`; what is neither has a forward
 * rule here, and reverse mode transposes the linear ops which that rule emits. */
#ifndef MDL_PASSES_DERIVE_H
#define MDL_PASSES_DERIVE_H

#include "ir/formula.h"
#include "ir/recipe.h"
#include "passes/pass.h"

typedef struct MdlDerive {
  MdlPass *pass;
  MdlIr *ir;
  const MdlFormula **partials; /* by MdlOp: the `d` column, parsed when first needed */
  MlirOperation recipe;        /* being filled: where errors say "asked for here" */
  bool failed;                 /* an error was reported */
} MdlDerive;

/* Is everything there that the recipe needs: the body of its function, and of all that it calls? */
bool mdl_recipe_is_ready(MdlPass *pass, MlirOperation recipe);

/* Copies a function's body to the builder with its arguments bound; calls of plain functions become
 * their bodies too. The returned values go to `out`. */
void mdl_copy_inlined(MdlDerive *d, MdlBuilder *b, MlirOperation func, const MlirValue *arg,
                      MlirValue *out);

/* ---- which values depend on the inputs --------------------------------------------------- */

bool mdl_is_float_value(MdlIr *ir, MlirValue value);
/* An axis of size 0: nothing depends on it, and rules need not think of such axes. */
bool mdl_is_empty(MdlIr *ir, MlirValue value);
/* Adds to `varied` every float of the block, and of blocks inside it, that a value in `varied`
 * reaches. */
void mdl_varied_block(MdlDerive *d, MlirBlock block, MdlMap *varied);
void mdl_varied_op(MdlDerive *d, MlirOperation op, MdlMap *varied);
/* Values of outside the op that are in `varied` and used inside it, in order of first use. */
int mdl_captured(MdlIr *ir, MlirOperation op, const MdlMap *varied, MlirValue **values);

/* ---- elementwise rows -------------------------------------------------------------------- */

typedef enum MdlPartialKind {
  MDL_PARTIAL_zero,
  MDL_PARTIAL_plus,  /* g itself */
  MDL_PARTIAL_minus, /* -g */
  MDL_PARTIAL_value
} MdlPartialKind;

/* What operand `i` of an elementwise op contributes: its `d` formula with g the tangent of the
 * operand, or the cotangent of the result; both are the same diagonal. */
MdlPartialKind mdl_partial(MdlDerive *d, MdlBuilder *b, MlirOperation op, int i, MlirValue g,
                           MlirValue *value);
bool mdl_partial_is_zero(MdlDerive *d, MdlOp op, int i);

/* ---- forward ----------------------------------------------------------------------------- */

typedef struct MdlForward {
  MdlDerive *d;
  MdlIr *ir;
  MdlBuilder b;    /* where tangents of the op at hand go */
  MdlMap *tangent; /* value -> tangent; absent is zero */
} MdlForward;

MlirValue mdl_tangent(const MdlForward *f, MlirValue value); /* null for zero */
MlirValue mdl_tangent_dense(MdlForward *f, MlirValue value); /* a constant for zero */
void mdl_tangent_set(MdlForward *f, MlirValue value, MlirValue tangent);
/* Linearizes the block's ops in place, from the tangents known so far. */
void mdl_linearize_block(MdlForward *f, MlirBlock block);
void mdl_linearize_op(MdlForward *f, MlirOperation op);
void mdl_linearize_flow(MdlForward *f, MlirOperation op);

/* Forward rules of rows whose lin is "fn": set the tangents of op's results. */
typedef void MdlJvpOfOp(MdlForward *f, MlirOperation op);
MdlJvpOfOp *mdl_jvp_of(MdlOp op);

/* ---- reverse ----------------------------------------------------------------------------- */

/* A condition under which a cotangent counts; it is zero where one of them fails. */
typedef struct MdlTerm {
  MlirValue condition;
  bool negated;
} MdlTerm;
typedef struct MdlMask {
  int terms;
  const MdlTerm *term;
} MdlMask;

typedef struct MdlReverse {
  MdlDerive *d;
  MdlIr *ir;
  MdlBuilder b;     /* the end of the block */
  MdlMap *varied;   /* from mdl_varied_block */
  MdlMap *parts;    /* value -> its contributions so far */
  MdlMap *replaced; /* op -> the op that takes its place when the sweep is over */
} MdlReverse;

/* The reverse sweep over `count` ops of one block: from the cotangents added before it to those of
 * values that are defined outside. */
void mdl_transpose_ops(MdlReverse *r, int count, MlirOperation *ops);
void mdl_transpose_flow(MdlReverse *r, MlirOperation op);
void mdl_transpose_by_jvp(MdlReverse *r, MlirOperation op);
/* Puts what loops and branches became in their place. */
void mdl_transpose_end(MdlReverse *r);

bool mdl_wants(const MdlReverse *r, MlirOperation op, int operand);
bool mdl_is_varied(const MdlReverse *r, MlirValue value);
/* A contribution to the cotangent of an operand. Values that are not varied take none. */
void mdl_give(MdlReverse *r, MlirOperation op, int operand, MlirValue g);
void mdl_cotangent_add(MdlReverse *r, MlirValue value, MlirValue g, MdlMask mask);
/* A contribution that stays (slices, indices) until the sum is needed: `at` is the gather or
 * dynamic_slice whose operand 0 is the value. */
void mdl_cotangent_add_at(MdlReverse *r, MlirValue value, MlirOperation at, MlirValue g);
bool mdl_has_cotangent(const MdlReverse *r, MlirValue value);
/* The sum of the contributions. Null: zero. With `mask` the common mask is left to the caller. */
MlirValue mdl_cotangent_take(MdlReverse *r, MlirValue value, MdlMask *mask);

/* Transposes of linear ops: contributions to the operands that want one, from the cotangent of
 * result 0. */
typedef void MdlTransposeOfOp(MdlReverse *r, MlirOperation op, MlirValue g);
MdlTransposeOfOp *mdl_transpose_of(MdlOp op);
/* base with g added where the gather read, clamped as it clamps. */
MlirValue mdl_scatter_back(MdlReverse *r, MlirOperation gather, MlirValue base, MlirValue g);

/* ---- custom rules ------------------------------------------------------------------------ */

void mdl_linearize_call(MdlForward *f, MlirOperation call);
void mdl_transpose_call(MdlReverse *r, MlirOperation call);
/* E0708 unless the jvp rule of the function is linear in its tangents. */
bool mdl_check_linear(MdlDerive *d, MlirOperation func, MlirOperation rule);

/* ---- small things ------------------------------------------------------------------------ */

MlirValue mdl_zero(MdlIr *ir, MdlBuilder *b, MlirValue like);
/* At the op's place, without its name. */
MlirLocation mdl_place_of(MdlIr *ir, MlirOperation op);
/* "d" or "g" and the primal's name, for a value that was made by the op before and has none. */
void mdl_name_after(MdlIr *ir, MlirValue made, char prefix, MlirValue primal);
/* E0707 at the op, with where the derivative was asked for. */
void mdl_no_derivative(MdlDerive *d, MlirOperation op);

#endif
