/* vmap: one function over many lanes at once. */
#ifndef MDL_PASSES_VMAP_H
#define MDL_PASSES_VMAP_H

#include "passes/pass.h"

/* Gives a vmap recipe its body; all that its function calls must have bodies. Functions with a rule
 * (or remat) that it calls get vmap recipes of their own, which the caller must fill in a later
 * round, with the rule's vmap as their rule. False: an error was reported. */
bool mdl_vmap_fill(MdlPass *pass, MlirOperation recipe);

#endif
