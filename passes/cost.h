/* What a group costs at least, whatever its kernel looks like: a roofline's two numbers. */
#ifndef MDL_PASSES_COST_H
#define MDL_PASSES_COST_H

#include "passes/group.h"

typedef struct MdlCost {
  const MdlSize *bytes; /* operands read once, results written once */
  const MdlSize *flops; /* arithmetic on floats, two a step of a sum of products */
  MdlDtype of;          /* the type whose rate counts: a product's operands, else f64 or f32 */
} MdlCost;

/* Sizes are NULL on overflow. */
MdlCost mdl_cost(const MdlGroup *g);
/* On the group's loop-form function: `mdl.moves`, `mdl.flops`, `mdl.flop_type`. */
void mdl_cost_mark(const MdlGroup *g, MlirOperation func);

#endif
