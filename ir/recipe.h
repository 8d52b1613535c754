/* Recipes: the transformations that the front end asks for and the derive pass carries out. A recipe
 * is a private declaration with attributes, called by plain func.call; the derive pass gives it its
 * body, innermost first. Everything else (grad, hvp, jacobians, hessian) is written by the front end
 * in terms of these three, e.g. grad is a vjp called with the cotangent 1.
 *
 *   jvp   (arguments of f…, a tangent per wrt…)     -> (results of f…, a tangent per out…)
 *   vjp   (arguments of f…, a cotangent per out…)   -> (results of f…, a cotangent per wrt…)
 *   vmap  (arguments of f…, those in `wrt` with a leading axis of `size`)
 *                                                    -> (results of f…, all with that leading axis)
 *
 * `wrt` counts leaf arguments of f (floats only, for jvp and vjp), `out` its results (floats only).
 * Attributes: mdl.derive = "jvp", mdl.of = @f, mdl.wrt = [0, 2], mdl.out = [0], mdl.size = "N".
 *
 * A function with a custom rule carries mdl.jvp = @rule or mdl.vjp = @rule:
 *   jvp rule  (arguments…, a tangent per float argument…)  -> (a tangent per float result…)
 *   vjp rule  (arguments…, a cotangent per float result…)  -> (a cotangent per float argument…)
 * and is not inlined while a recipe can still reach it. A function with mdl.remat keeps no residual
 * of its inside for the reverse sweep: it is computed again.
 *
 * A `while c limit n` is an scf.while with mdl.limit = "n" (a size text) whose first carried value
 * is an index that counts rounds from 0; its condition is `c && rounds < n`. After it stands a
 * mdl.check that c no longer holds. Reverse mode stacks n residuals and runs back over `rounds`. */
#ifndef MDL_IR_RECIPE_H
#define MDL_IR_RECIPE_H

#include "ir/ir.h"

typedef enum MdlRecipeKind { MDL_RECIPE_jvp, MDL_RECIPE_vjp, MDL_RECIPE_vmap } MdlRecipeKind;

typedef struct MdlRecipe {
  MdlRecipeKind kind;
  const char *of; /* symbol of the function */
  int wrts, outs;
  const int64_t *wrt, *out;
  const MdlSize *size; /* vmap */
} MdlRecipe;

/* The declaration for a recipe: made at the end of the module with the type that the recipe implies
 * and the symbol "f.vjp", "f.vjp_1", ...; the existing one if the same was asked for before.
 * `symbols` is kept up to date. */
MlirOperation mdl_recipe_declare(MdlIr *ir, MlirOperation module, MdlMap *symbols,
                                 const MdlRecipe *recipe, MlirLocation at);
bool mdl_is_recipe(MlirOperation func); /* a declaration still to be filled in */
MdlRecipe mdl_recipe_read(MdlIr *ir, MlirOperation func);

#endif
