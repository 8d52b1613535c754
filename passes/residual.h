/* What a reverse loop or branch keeps of the forward one. */
#ifndef MDL_PASSES_RESIDUAL_H
#define MDL_PASSES_RESIDUAL_H

#include "passes/derive.h"

/* `body` holds the forward ops, then `mark`, then the ops that run backwards. */
typedef struct MdlResiduals {
  MlirBlock body;
  MlirOperation mark;
  int given, frees, count;
  const MlirValue *given_value; /* cannot be computed again: carried values at a round's start */
  const MlirValue *free_value;  /* cost nothing to keep */
  MlirValue *keep;              /* the choice, in program order */
} MdlResiduals;

/* Chooses the forward values to keep so that the backward ops find what they need, either kept or
 * computed again from what is kept: a minimal cut over bytes. Contractions, reductions and loops
 * are not computed again. Free sizes count as 64. */
void mdl_choose_residuals(MdlDerive *d, MdlResiduals *choice);

/* Erase ops before, or behind, `mark` whose results nobody uses; before it also checks and prints.
 */
void mdl_drop_dead_forward(MdlDerive *d, MlirBlock body, MlirOperation mark);
void mdl_drop_dead_backward(MdlDerive *d, MlirBlock body, MlirOperation mark);
/* Erases checks and prints among the ops and inside them: they ran already. */
void mdl_drop_effects(MdlIr *ir, int count, MlirOperation *ops);

#endif
