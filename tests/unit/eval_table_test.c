/* Every row of the op table on draws of every element type it takes: it types, it verifies, its
 * results are numbers of their type, and they agree with the evaluator in long double. */
#include "tests/cases/draw.h"
#include "tests/cases/wide.h"
#include "tests/unit/unit.h"

#include "ir/form.h"

#include <math.h>
#include <string.h>

enum { DRAWS = 8 };

static MdlSession *session;
static MdlIr *ir;

static void setup(void)
{
  session = mdl_session_create();
  ir = mdl_ir_create(session);
}

static void teardown(void)
{
  mdl_ir_destroy(ir);
  mdl_session_destroy(session);
}

static MdlWideTensor widened(const MdlTensor *t)
{
  MdlWideTensor w = mdl_wide_create(ir->arena, t->dtype, t->rank, t->dim);
  for (int64_t i = 0; i < t->count; i++)
    if (t->real)
      w.real[i] = t->real[i];
    else
      w.integer[i] = t->integer[i];
  return w;
}

/* The unit in the last place of a result of that size, in its type. */
static long double unit(MdlDtype dtype, long double x)
{
  static const int digits[] = {[MDL_f16] = 11, [MDL_bf16] = 8, [MDL_f32] = 24, [MDL_f64] = 53};
  static const int least[] = {
      [MDL_f16] = -14, [MDL_bf16] = -126, [MDL_f32] = -126, [MDL_f64] = -1022};
  int exponent = x == 0 || !isfinite(x) ? least[dtype] : ilogbl(x);
  return ldexpl(1, (exponent < least[dtype] ? least[dtype] : exponent) - digits[dtype] + 1);
}

/* Overflow to infinity happens in the narrow type only. */
static bool agrees(const MdlCase *c, MdlDtype dtype, double got, long double truth, double scale)
{
  if (isnan(got) || isnan(truth)) return isnan(got) && isnan(truth);
  if (isinf(got))
    return isinf((double)mdl_round_to(dtype, (double)truth)) && (got > 0) == (truth > 0);
  long double error = fabsl(got - truth);
  if (error <= unit(dtype, truth) / 2 * (1 + 1e-3L)) return true;
  bool in_place = mdl_op_info(c->op)->class == MDL_CLASS_scatter;
  MdlDtype sum = !in_place && mdl_dtypes[dtype].bits == 16 ? MDL_f32 : dtype;
  return !mdl_case_is_exact(c) && error <= 100 * unit(sum, scale) + unit(dtype, truth);
}

static void check_result(const MdlCase *c, const MdlTensor *got, const MdlWideTensor *truth)
{
  ck_assert_int_eq(got->count, truth->count);
  long double largest = 1;
  for (int64_t i = 0; i < got->count && got->real; i++)
    if (isfinite(truth->real[i])) largest = fmaxl(largest, fabsl(truth->real[i]));
  for (int64_t i = 0; i < got->count; i++) {
    if (!got->real) {
      ck_assert_msg(got->integer[i] == truth->integer[i], "%s: [%d]", mdl_case_text(c), (int)i);
      continue;
    }
    double x = got->real[i];
    ck_assert_msg(isnan(x) || mdl_round_to(got->dtype, x) == x, "%s: %.17g is no %s",
                  mdl_case_text(c), x, mdl_dtypes[got->dtype].name);
    /* sums whose terms cancel */
    ck_assert_msg(agrees(c, got->dtype, x, truth->real[i], (double)largest),
                  "%s: [%d] is %.17g, not %.20Lg", mdl_case_text(c), (int)i, x, truth->real[i]);
  }
}

/* Two runs of libm may fall on two sides of an integer boundary. */
static void try_case(const MdlCase *c, MdlRandom *random)
{
  MdlTensor arg[MDL_MAX_OPERANDS];
  MdlWideTensor wide[MDL_MAX_OPERANDS];
  MlirOperation module = mdl_module_create(ir, "table.mdl");
  MlirOperation func = mdl_case_build(c, module, "f");
  const char *why = mdl_verify(ir, module);
  ck_assert_msg(!why, "%s: %s", mdl_case_text(c), why);
  for (int i = 0; i < c->operands; i++) {
    arg[i] = mdl_case_draw_values(random, c, i);
    wide[i] = widened(&arg[i]);
  }
  const MdlEvalOptions options = {.size_of = mdl_case_size_of, .user = (void *)c};
  MdlEvalResult got = mdl_eval(ir, module, func, arg, &options, ir->arena);
  MdlWideResult truth =
      mdl_wide_eval(ir, module, func, wide, MDL_WIDE_full, mdl_case_size_of, (void *)c, ir->arena);
  ck_assert_int_eq(got.status, truth.status);
  for (int i = 0; i < got.results; i++) check_result(c, &got.result[i], &truth.result[i]);
  mdl_module_destroy(module);
}

START_TEST(row)
{
  MdlOp op = (MdlOp)_i;
  int tried = 0;
  for (int dtype = 0; dtype < MDL_DTYPE_COUNT; dtype++)
    for (int i = 0; i < DRAWS; i++) {
      MdlCase c;
      MdlRandom random = {(uint64_t)((_i * MDL_DTYPE_COUNT + dtype) * DRAWS + i)};
      if (!mdl_case_draw(ir, &random, op, (MdlDtype)dtype, i % 2, &c)) break;
      try_case(&c, &random);
      tried++;
    }
  ck_assert_msg(tried, "%s takes no type", mdl_op_info(op)->name);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("eval table");
  tcase_set_timeout(t, 60);
  tcase_add_unchecked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, row, 0, MDL_OP_COUNT);
  return t;
}
