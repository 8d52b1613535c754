/* Random programs: derivatives of orders 1 and 2 in both modes, of maps over lanes, and maps over
 * lanes of derivatives, with and without the passes between. MDL_RANDOM=1000 runs more; a failure
 * names its seed: MDL_SEED=17 runs that one alone. */
#include "tests/grad/random.h"

#include "tests/unit/unit.h"

#include "ir/recipe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The vmap of a function over all its arguments, by its symbol. */
static const char *mapped(Bench *b, const char *of)
{
  MdlMap *symbols = mdl_symbols(b->ir, b->module);
  MlirOperation func = mdl_symbol(b->ir, symbols, of);
  int64_t wrt[16];
  MdlRecipe recipe = {.kind = MDL_RECIPE_vmap, .of = of, .wrt = wrt, .wrts = mdl_func_args(func)};
  for (int i = 0; i < recipe.wrts; i++) wrt[i] = i;
  recipe.size = mdl_size_name(b->ir->sizes, "K");
  MlirOperation made =
      mdl_recipe_declare(b->ir, b->module, symbols, &recipe, mdl_location_of(func));
  const char *name = mdl_op_text(b->ir, made, "sym_name");
  bench_fill(b, name);
  return name;
}

/* vmap of vjp = vjp of vmap, every result. */
static bool maps_commute(Bench *b)
{
  const char *vjp = mdl_op_text(b->ir, bench_derive(b, "f", "vjp"), "sym_name");
  const char *one = mapped(b, vjp);
  const char *map = mapped(b, "f");
  const char *other = mdl_op_text(b->ir, bench_derive(b, map, "vjp"), "sym_name");
  return bench_agree(b, one, other, (Range){-1, 1, false});
}

static void run_seed(uint64_t seed, int *good)
{
  Bench b = bench_create();
  if (seed % 2) b.passes = "inline,simplify,cse,derive,dce,simplify,dce";
  random_program(&b, seed);
  fprintf(stderr, "%s", getenv("MDL_SEED") ? mdl_ir_text(b.ir, b.module, false) : "");
  ck_assert_msg(maps_commute(&b), "seed %d: vmap of vjp is not vjp of vmap", (int)seed);
  *good += check_derivatives(&b, "f", (Range){-1, 1, false}, 1) > 0;
  if (seed % 4 == 0) check_derivatives(&b, mapped(&b, "f"), (Range){-1, 1, false}, 1);
  bench_destroy(&b);
}

START_TEST(random_programs)
{
  int good = 0, count = getenv("MDL_RANDOM") ? atoi(getenv("MDL_RANDOM")) : 60;
  if (getenv("MDL_SEED")) {
    run_seed((uint64_t)atoi(getenv("MDL_SEED")), &good);
    return;
  }
  for (int seed = 0; seed < count; seed++) {
    bench_say("seed %d", seed);
    run_seed((uint64_t)seed, &good);
  }
  ck_assert_msg(2 * good > count, "only %d of %d programs had finite derivatives", good, count);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("random");
  tcase_set_timeout(t, 600);
  tcase_add_test(t, random_programs);
  return t;
}
