/* Elementwise rows of ops.def as arith, for scalars and vectors alike: the `loop` column, the
 * formulas and ir/maths.def. */
#ifndef MDL_PASSES_ARITH_H
#define MDL_PASSES_ARITH_H

#include "ir/formula.h"
#include "ir/loop.h"
#include "ir/machine.h"
#include "ir/maths.h"

typedef struct MdlArith {
  MdlBuilder *b;
  const MdlMachine *machine;
  int lanes; /* of every value; 1: scalars */
} MdlArith;

/* A value and the element type it stands for: loop form itself is signless, f16 is f32 there. */
typedef struct MdlTyped {
  MlirValue value;
  MdlDtype dtype;
} MdlTyped;

/* One elementwise row. `dtype` is that of its first operand (`where`: of the second). */
MlirValue mdl_arith_row(MdlArith *a, MdlOp op, MdlDtype dtype, const MlirValue *operand);
/* "@sdiv", "@neg", ...: integers, as the language divides, shifts and wraps. */
MlirValue mdl_arith_integer(MdlArith *a, const char *name, MdlDtype dtype,
                            const MlirValue *operand);
/* mdl.convert: towards zero, saturating, NaN is 0. */
MlirValue mdl_arith_convert(MdlArith *a, MlirValue value, MdlDtype from, MdlDtype to);
MlirValue mdl_arith_bitcast(MdlArith *a, MlirValue value, MdlDtype from, MdlDtype to);
/* The raw cast of formulas: nothing is out of range. */
MlirValue mdl_arith_cast(MdlArith *a, MlirValue value, MdlDtype from, MdlDtype to);
/* Between memory (bools as i8, f16 and bf16 as i16) and registers. */
MlirValue mdl_arith_of_cell(MdlArith *a, MlirValue cell, MdlDtype dtype);
MlirValue mdl_arith_to_cell(MdlArith *a, MlirValue value, MdlDtype dtype);

/* A formula over the variables a, b, c (`given`), all numbers of `dtype` where nothing else says
 * so. `contract`: products that are added become fma where the machine has it. */
MdlTyped mdl_arith_formula(MdlArith *a, const char *text, MdlDtype dtype, const MdlTyped *given,
                           bool contract);

MdlTyped mdl_arith_fold(MdlArith *a, const MdlFormula *formula, MdlDtype dtype,
                        const MdlTyped *given, bool contract);

/* A row of ir/maths.def: a call of its function, made on first use and shared by the module. */
MlirValue mdl_arith_maths(MdlArith *a, const MdlMaths *maths, MdlDtype dtype, int operands,
                          const MlirValue *operand);

/* A function of the CUDA prelude: one number for another, lane by lane. */
MlirValue mdl_arith_device(MdlArith *a, const char *function, MlirValue operand, MdlDtype result);

/* The row fma for scalars on a machine without the instruction: f32 and f64, rounded once. */
MlirValue mdl_arith_fma(MdlArith *a, MdlDtype dtype, const MlirValue *operand);

/* `near`, what the row's formula gives, or the other way where that does not hold. */
MlirValue mdl_arith_far(MdlArith *a, const MdlMaths *maths, MdlDtype dtype, int operands,
                        const MdlTyped *given, MlirValue near);

MlirValue mdl_arith_number(MdlArith *a, MdlDtype dtype, double real, int64_t integer);
/* a + b or a*b over `dtype`; fma where the machine has it. */
MlirValue mdl_arith_multiply_add(MdlArith *a, MdlDtype dtype, MlirValue x, MlirValue y,
                                 MlirValue sum);

#endif
