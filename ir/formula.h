/* Formulas: the small texts in tables (partials, rewrites, loop bodies, expansions of maths). One
 * parser and one fold with a callback, so the same text builds mdl ops, builds arith at any width,
 * is evaluated, or is printed.
 *
 *   where(b == 0, 0, b*a**(b - 1))          operators of ir/infix.def, calls of ops.def rows
 *   let r = x - floor(x); r*r + 1           bindings, used by name after the `;`
 *   0x3f3504f3                              integers; 1.5e-3 floats
 *   as_i32(x) as_f32(i) i32(x) f32(i)       bitcasts and conversions to a named element type
 *
 * Variables are single letters or names the caller gives; an unknown word is an error. */
#ifndef MDL_IR_FORMULA_H
#define MDL_IR_FORMULA_H

#include "ir/arena.h"
#include "ir/dtype.h"
#include "ir/op.h"

typedef enum MdlFormulaKind {
  MDL_FORMULA_op,
  MDL_FORMULA_variable,
  MDL_FORMULA_number,  /* written with a point or exponent, or a whole number: takes any dtype */
  MDL_FORMULA_convert, /* f32(x) */
  MDL_FORMULA_bitcast  /* as_i32(x) */
} MdlFormulaKind;

typedef struct MdlFormulaNode {
  MdlFormulaKind kind;
  MdlOp op;             /* op */
  int arg[3];           /* nodes; -1 for none */
  const char *variable; /* variable */
  double real;          /* number */
  int64_t integer;      /* number, when whole */
  bool is_whole;        /* number without point or exponent */
  MdlDtype dtype;       /* convert, bitcast */
  const char *name;     /* what a `let` calls it, or NULL */
} MdlFormulaNode;

typedef struct MdlFormula {
  int count, roots;
  MdlFormulaNode *node; /* arguments before users; a `let` is one shared node */
  int root[8];          /* one per comma-separated formula; -1 for "-" */
} MdlFormula;

/* NULL with *error set (a text with the position) if `text` is no formula. */
const MdlFormula *mdl_formula_parse(MdlArena *arena, const char *text, const char **error);

/* Bottom-up over the nodes that root needs, each once: `value` makes a node's value from those of
 * its arguments. Values are opaque to the fold. NULL from `value` stops it. */
typedef void *MdlFormulaFn(void *user, const MdlFormulaNode *node, void *const arg[3]);
void *mdl_formula_fold(MdlArena *arena, const MdlFormula *formula, int root, MdlFormulaFn *value,
                       void *user);
/* Does the formula under root mention this variable? */
bool mdl_formula_uses(const MdlFormula *formula, int root, const char *variable);

#endif
