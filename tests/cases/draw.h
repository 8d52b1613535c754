/* Rows of the op table on random shapes, attributes and values: any loop over ops draws from here.
 */
#ifndef MDL_TESTS_CASES_DRAW_H
#define MDL_TESTS_CASES_DRAW_H

#include "ir/eval.h"
#include "ir/typing.h"
#include "tests/cases/random.h"

typedef struct MdlCase {
  MdlIr *ir;
  MdlOp op;
  int operands;
  MdlType in[MDL_MAX_OPERANDS];
  MdlAttrs attrs;
  bool has_given;
  MdlType given;
  int sizes; /* free ones */
  const char *size[2 * MDL_MAX_RANK];
  int64_t extent[2 * MDL_MAX_RANK];
} MdlCase;

/* An op of the row on operands of that element type (the one of its main letter). `symbolic`: some
 * sizes are free names. False if the row does not take the type. */
bool mdl_case_draw(MdlIr *ir, MdlRandom *random, MdlOp op, MdlDtype dtype, bool symbolic,
                   MdlCase *c);

/* Values for an operand: indices partly out of range, shifts beyond the width, NaN, infinities and
 * signed zeros where order does not matter. */
MdlTensor mdl_case_draw_values(MdlRandom *random, const MdlCase *c, int operand);

/* A function of that name in the module: the op on its arguments. Effects return nothing. */
MlirOperation mdl_case_build(const MdlCase *c, MlirOperation module, const char *name);

/* MdlSizeValueFn over a case. */
bool mdl_case_size_of(void *c, const char *name, int64_t *value);

/* One line for a person: "dot f32[N, 3], f32[3, 2] (N = 5)". */
const char *mdl_case_text(const MdlCase *c);

/* Whether any order of evaluation must give the same bits: moves, selections, exact rows, integers.
 */
bool mdl_case_is_exact(const MdlCase *c);

#endif
