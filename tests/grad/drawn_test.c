/* Structural rows on random shapes and attributes (strides, dilation, groups, batch axes, padding):
 * orders 1 and 2, both modes, and the dot-product test between them. MDL_DRAWS=50 draws more of each
 * row; a failure names its draw: MDL_SEED=17 takes that one alone. */
#include "tests/grad/check.h"

#include "tests/cases/draw.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_ELEMENTS = 120, TRIES = 60 };

static int64_t elements(const MdlCase *c, const MdlType *type)
{
  int64_t count = 1, n = 0;
  for (int i = 0; i < type->rank; i++)
    if (mdl_size_eval(type->dim[i], mdl_case_size_of, (void *)c, &n)) count *= n;
  return count;
}

/* Small enough for differences of an interpreter; integers are drawn within their meaning anyway. */
static bool draw_small(Bench *b, MdlOp op, int seed, MdlCase *c)
{
  for (int i = 0; i < TRIES; i++) {
    MdlRandom random = {.state = (uint64_t)seed * 1000003u + (uint64_t)op * 7919u + (uint64_t)i};
    if (!mdl_case_draw(b->ir, &random, op, MDL_f64, false, c)) return false;
    bool small = true;
    for (int k = 0; k < c->operands; k++) small &= elements(c, &c->in[k]) <= MOST_ELEMENTS;
    if (c->has_given) small &= elements(c, &c->given) <= MOST_ELEMENTS;
    if (small) return true;
  }
  return false;
}

static int check_draw(Bench *b, MdlOp op, int seed)
{
  MdlCase c;
  if (!draw_small(b, op, seed, &c)) return 0;
  mdl_module_destroy(b->module);
  b->module = mdl_module_create(b->ir, "drawn.mdl");
  b->seed = (uint64_t)seed + 1;
  mdl_case_build(&c, b->module, "drawn");
  bench_say("draw %d: %s", seed, mdl_case_text(&c));
  return check_derivatives(b, "drawn", (Range){-2, 2, false}, 1);
}

START_TEST(drawn_rows)
{
  int from = 0, count = getenv("MDL_DRAWS") ? atoi(getenv("MDL_DRAWS")) : 4;
  if (getenv("MDL_SEED")) from = atoi(getenv("MDL_SEED")), count = from + 1;
  const MdlOpInfo *row = mdl_op_info((MdlOp)_i);
  if (row->elementwise || mdl_op_is_nodiff((MdlOp)_i)) return;
  int good = 0;
  for (int seed = from; seed < count; seed++) {
    Bench b = bench_create();
    if (seed % 2) b.passes = "inline,simplify,cse,derive,dce,simplify,dce";
    good += check_draw(&b, (MdlOp)_i, seed);
    bench_destroy(&b);
  }
  ck_assert_msg(good > 0 || getenv("MDL_SEED"), "%s: no draw had finite derivatives", row->name);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("drawn");
  tcase_set_timeout(t, 600);
  tcase_add_loop_test(t, drawn_rows, 0, MDL_OP_COUNT);
  return t;
}
