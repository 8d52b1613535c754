/* Recipes as attributes of private declarations. They stay on the function once it has its body, so
 * that the same recipe asked for later finds it. */
#include "ir/recipe.h"

#include <string.h>

static const char *const kinds[] = {"jvp", "vjp", "vmap"};

static bool same_ints(int n, const int64_t *a, int m, const int64_t *b)
{
  return n == m && (n == 0 || !memcmp(a, b, (size_t)n * sizeof *a));
}

static bool same_recipe(const MdlRecipe *a, const MdlRecipe *b)
{
  return a->kind == b->kind && a->size == b->size && !strcmp(a->of, b->of) &&
         same_ints(a->wrts, a->wrt, b->wrts, b->wrt) && same_ints(a->outs, a->out, b->outs, b->out);
}

/* f.vjp, f.vjp_1, ... of which one may be the wanted recipe already. Null: none is, and *name is
 * the first free one. */
static MlirOperation find(MdlIr *ir, const MdlMap *symbols, const MdlRecipe *recipe,
                          const char **name)
{
  const char *base = mdl_text(ir->arena, "%s.%s", recipe->of, kinds[recipe->kind]);
  *name = mdl_intern_text(ir->arena, base);
  for (int i = 1; mdl_map_has(symbols, *name); i++) {
    MlirOperation there = mdl_symbol(ir, symbols, *name);
    if (mdl_op_has(there, "mdl.derive")) {
      MdlRecipe other = mdl_recipe_read(ir, there);
      if (same_recipe(recipe, &other)) return there;
    }
    *name = mdl_intern_text(ir->arena, mdl_text(ir->arena, "%s_%d", base, i));
  }
  return (MlirOperation){NULL};
}

static MlirType with_axis(MdlIr *ir, MlirType type, const MdlSize *size)
{
  const MdlType *from = mdl_type_read(ir, type);
  if (from->rank == MDL_MAX_RANK)
    MDL_BUG(ir->session, "vmap of %s: the rank is over the limit", mdl_type_text(ir->arena, from));
  MdlType to = {.dtype = from->dtype, .rank = from->rank + 1, .dim = {size}};
  memcpy(to.dim + 1, from->dim, (size_t)from->rank * sizeof *to.dim);
  return mdl_type_make(ir, &to);
}

static bool contains(int count, const int64_t *list, int64_t value)
{
  for (int i = 0; i < count; i++)
    if (list[i] == value) return true;
  return false;
}

/* The types that the recipe implies; `arg` and `result` have room for twice those of f. */
static void imply(MdlIr *ir, MlirOperation of, const MdlRecipe *r, MdlFunc *f, MlirType *arg,
                  MlirType *result)
{
  f->args = mdl_func_args(of), f->results = mdl_func_results(of);
  bool maps = r->kind == MDL_RECIPE_vmap;
  for (int i = 0; i < f->args; i++) {
    arg[i] = mdl_func_arg_type(of, i);
    if (maps && contains(r->wrts, r->wrt, i)) arg[i] = with_axis(ir, arg[i], r->size);
  }
  for (int i = 0; i < f->results; i++) {
    result[i] = mdl_func_result_type(of, i);
    if (maps) result[i] = with_axis(ir, result[i], r->size);
  }
  if (maps) return;
  bool forward = r->kind == MDL_RECIPE_jvp;
  for (int i = 0; i < r->wrts; i++) {
    MlirType type = mdl_func_arg_type(of, (int)r->wrt[i]);
    if (forward)
      arg[f->args++] = type;
    else
      result[f->results++] = type;
  }
  for (int i = 0; i < r->outs; i++) {
    MlirType type = mdl_func_result_type(of, (int)r->out[i]);
    if (forward)
      result[f->results++] = type;
    else
      arg[f->args++] = type;
  }
}

MlirOperation mdl_recipe_declare(MdlIr *ir, MlirOperation module, MdlMap *symbols,
                                 const MdlRecipe *recipe, MlirLocation at)
{
  MlirOperation of = mdl_symbol(ir, symbols, recipe->of);
  if (mdl_is_null(of)) MDL_BUG(ir->session, "a recipe of `%s`, which is not there", recipe->of);
  const char *name = NULL;
  MlirOperation known = find(ir, symbols, recipe, &name);
  if (!mdl_is_null(known)) return known;

  size_t args = (size_t)(mdl_func_args(of) + recipe->wrts + recipe->outs);
  size_t results = (size_t)(mdl_func_results(of) + recipe->wrts + recipe->outs);
  MlirType *arg = MDL_NEW(ir->arena, MlirType, args);
  MlirType *result = MDL_NEW(ir->arena, MlirType, results);
  MdlFunc f = {.symbol = name, .is_private = true, .arg = arg, .result = result, .at = at};
  imply(ir, of, recipe, &f, arg, result);
  MlirOperation func = mdl_build_func(ir, module, &f);
  mdl_op_set_text(ir, func, "mdl.derive", kinds[recipe->kind]);
  mdl_op_set_symbol(ir, func, "mdl.of", recipe->of);
  mdl_op_set_ints(ir, func, "mdl.wrt", recipe->wrts, recipe->wrt);
  if (recipe->kind == MDL_RECIPE_vmap)
    mdl_op_set_size(ir, func, "mdl.size", recipe->size);
  else
    mdl_op_set_ints(ir, func, "mdl.out", recipe->outs, recipe->out);
  mdl_map_set(symbols, name, func.ptr);
  return func;
}

bool mdl_is_recipe(MlirOperation func)
{
  return mdl_op_has(func, "mdl.derive") && !mdl_body(func, 0).ptr;
}

static int64_t *read_list(MdlIr *ir, MlirOperation func, const char *name, int *count)
{
  *count = mdl_op_ints(func, name, NULL, 0);
  if (*count < 0) *count = 0;
  int64_t *list = MDL_NEW(ir->arena, int64_t, (size_t)*count);
  mdl_op_ints(func, name, list, *count);
  return list;
}

MdlRecipe mdl_recipe_read(MdlIr *ir, MlirOperation func)
{
  const char *kind = mdl_op_text(ir, func, "mdl.derive"), *of = mdl_op_text(ir, func, "mdl.of");
  MdlRecipe recipe = {.of = of};
  int found = 0;
  while (kind && found < 3 && strcmp(kind, kinds[found])) found++;
  if (!kind || !of || found == 3) MDL_BUG(ir->session, "a function is no recipe");
  recipe.kind = (MdlRecipeKind)found;
  recipe.wrt = read_list(ir, func, "mdl.wrt", &recipe.wrts);
  recipe.out = read_list(ir, func, "mdl.out", &recipe.outs);
  recipe.size = mdl_op_size(ir, func, "mdl.size");
  return recipe;
}
