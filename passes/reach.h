/* What can be reached from a function: calls, what recipes are of, rules. And effects. */
#ifndef MDL_PASSES_REACH_H
#define MDL_PASSES_REACH_H

#include "passes/pass.h"

/* Adds `func` and every function it leads to: by calls, by `mdl.of` of a recipe that is still a
 * declaration, and by the custom rules `mdl.jvp` and `mdl.vjp`. */
void mdl_reach(MdlPass *pass, MlirOperation func, MdlMap *reached);

/* Does running the op do more than give its results: a check or print, in it or in what it calls?
 * `memo` remembers functions: a map made once a pass. */
bool mdl_has_effects(MdlPass *pass, MlirOperation op, MdlMap *memo);

/* Erases private functions that no entry leads to, of any form. */
void mdl_drop_unreached(MdlPass *pass);

#endif
