/* Every row of the op table that has a derivative: orders 1 and 2, both modes, mixed. A new
 * elementwise row needs no line here, a structural one needs a case. */
#include "tests/grad/check.h"

#include "tests/cases/text.h"
#include "tests/unit/unit.h"

#include <string.h>

/* ---- elementwise ------------------------------------------------------------------------- */

static const char *type_of_letter(char letter, bool scalar)
{
  const char *types[] = {"f64", "f64[3]", "bool", "bool[3]", "i32", "i32[3]"};
  int kind = letter == 'B' || letter == 'J' ? 1 : letter == 'I' ? 2 : 0;
  return types[2 * kind + !scalar];
}

static void build(Bench *b, MdlOp op, int operands, const MdlType *types, const MdlAttrs *attrs,
                  const MdlType *given)
{
  MdlIr *ir = b->ir;
  mdl_module_destroy(b->module);
  b->module = mdl_module_create(ir, "rows.mdl");
  MlirType arg[MDL_MAX_OPERANDS];
  for (int i = 0; i < operands; i++) arg[i] = mdl_type_make(ir, &types[i]);
  MdlFunc f = {.symbol = mdl_op_info(op)->name, .is_private = true, .define = true,
               .args = operands, .arg = arg, .at = mdl_location(ir, MDL_NO_SPAN, NULL)};
  MlirOperation func = mdl_build_func(ir, b->module, &f);
  MlirBlock body = mdl_body(func, 0);
  MlirValue operand[MDL_MAX_OPERANDS], result[MDL_MAX_RESULTS];
  for (int i = 0; i < operands; i++) operand[i] = mdl_arg(body, i);
  MdlBuilder at = mdl_builder_at_end(ir, body, f.at);
  MlirOperation made = mdl_build_op(&at, op, operands, operand, attrs, given);
  for (int i = 0; i < mdl_result_count(made); i++) result[i] = mdl_result(made, i);
  mdl_build_return(&at, mdl_result_count(made), result);
  mdl_func_refresh_type(ir, func);
}

START_TEST(every_elementwise_row)
{
  static const Range ranges[] = {
      {0.2, 0.8, false}, {-0.8, -0.2, false}, {1.2, 3.0, false}, {-3.0, 3.0, false}};
  Bench b = bench_create();
  for (int op = 0; op < MDL_OP_COUNT; op++) {
    const MdlOpInfo *row = mdl_op_info((MdlOp)op);
    if (!row->elementwise || mdl_op_is_nodiff((MdlOp)op)) continue;
    for (int scalar = 0; scalar < 2; scalar++) {
      MdlType types[MDL_MAX_OPERANDS];
      for (int i = 0; i < row->operands; i++)
        types[i] = mdl_case_type(b.ir, type_of_letter(row->sig[i], scalar));
      build(&b, (MdlOp)op, row->operands, types, NULL, NULL);
      int good = 0;
      for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        good += check_derivatives(&b, row->name, ranges[i], 2);
      ck_assert_msg(good > 0, "%s: no range of arguments has finite derivatives", row->name);
    }
  }
  bench_destroy(&b);
}
END_TEST

/* ---- structural -------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
  const char *op, *operands, *attrs, *given;
} cases[] = {
    {"convert", "f64[3]", "", "f32[3]"},
    {"broadcast", "f64", "dims=", "f64[2, N]"},
    {"broadcast", "f64[N]", "dims=1", "f64[2, N, 3]"},
    {"broadcast", "f64[1, N]", "dims=0,2", "f64[M, 2, N]"},
    {"reshape", "f64[N, 6]", "", "f64[2*N, 3]"},
    {"reshape", "f64[1]", "", "f64"},
    {"transpose", "f64[N, 3, 2]", "perm=2,0,1", 0},
    {"slice", "f64[N + 2, 5]", "start=1,0 limit=N,5 step=1,2", 0},
    {"slice", "f64[2*N + 1]", "start=1 limit=2*N step=2", 0},
    {"dynamic_slice", "f64[N, 5]; i32", "axis=1", "f64[N, 2]"},
    {"dynamic_update", "f64[N, 5]; i32; f64[N, 2]", "axis=1", 0},
    {"pad", "f64[N, 3]; f64", "lo=1,0 hi=2,N inner=0,1", 0},
    {"pad", "f64[N, 5]; f64", "lo=-1,-1 hi=2,-2 inner=0,2", 0},
    {"concat", "f64[N, 3]; f64[N, 2]", "axis=1", 0},
    {"reverse", "f64[N, 3]", "axes=0,1", 0},
    {"gather", "f64[N, 3]; i32[5]", "axis=0 batch=0", 0},
    {"gather", "f64[2, N, 3]; i32[2, 5]", "axis=1 batch=1", 0},
    {"gather", "f64[3, N, 2]; i32", "axis=1 batch=0", 0},
    {"scatter", "f64[N, 3]; i32[5]; f64[5, 3]", "axis=0 batch=0", 0},
    {"scatter", "f64[2, N, 3]; i32[2, 5]; f64[2, 5, 3]", "axis=1 batch=1", 0},
    {"scatter_add", "f64[3, N, 2]; i32[2, 2]; f64[3, 2, 2, 2]", "axis=1 batch=0", 0},
    {"scatter_add", "f64[2, N]; i32[2, 5]; f64[2, 5]", "axis=1 batch=1", 0},
    {"scatter_mul", "f64[N, 3]; i32[5]; f64[5, 3]", "axis=0 batch=0", 0},
    {"scatter_max", "f64[N, 3]; i32[5]; f64[5, 3]", "axis=0 batch=0", 0},
    {"scatter_min", "f64[N]; i32[5]; f64[5]", "axis=0 batch=0", 0},
    {"dot", "f64[N, 3]; f64[3, 2]", "contract=1:0 batch=", 0},
    {"dot", "f64[N]; f64[N]", "contract=0:0 batch=", 0},
    {"dot", "f64[3, 2, N, 2]; f64[2, N, 2, 5]", "contract=2:1,1:2 batch=3:0", 0},
    {"dot", "f64[2, 3]; f64[N]", "contract= batch=", 0},
    {"dot", "f64[4, 2, 3]; f64[2, 4, 3]", "contract=2:2 batch=1:0,0:1", 0},
    {"conv", "f64[2, 3, N, 5]; f64[2, 3, 2, 3]", "stride=1,2 lo=0,1 hi=1,1 dilate=1,1 spread=1,1 groups=1", 0},
    {"conv", "f64[2, 4, 9]; f64[6, 2, 3]", "stride=2 lo=1 hi=2 dilate=2 spread=1 groups=2", 0},
    {"conv", "f64[1, 2, 4]; f64[2, 1, 2]", "stride=1 lo=1 hi=1 dilate=1 spread=2 groups=2", 0},
    {"conv", "f64[1, 1, 3, 3, 4]; f64[2, 1, 2, 2, 2]", "stride=1,1,2 lo=0,0,0 hi=0,0,1 dilate=1,1,1 spread=1,1,1 groups=1", 0},
    {"reduce_sum", "f64[N, 3, 2]", "axes=0,2", 0},
    {"reduce_sum", "f64[N, 3]", "axes=0,1", 0},
    {"reduce_prod", "f64[N, 3, 2]", "axes=0,2", 0},
    {"reduce_max", "f64[N, 3, 2]", "axes=0,2", 0},
    {"reduce_min", "f64[N, 3]", "axes=1", 0},
    {"window_sum", "f64[2, 7]", "size=1,3 stride=1,2 lo=0,1 hi=0,1 dilate=1,1 spread=1,1", 0},
    {"window_sum", "f64[N + 4]", "size=2 stride=1 lo=0 hi=1 dilate=2 spread=2", 0},
    {"window_max", "f64[2, 7]", "size=1,3 stride=1,2 lo=0,1 hi=0,1 dilate=1,1", 0},
    {"window_min", "f64[4, N + 2]", "size=2,2 stride=2,1 lo=0,0 hi=0,1 dilate=1,2", 0},
    {"cumsum", "f64[N, 3]", "axis=0 reverse=false", 0},
    {"cumsum", "f64[N, 3]", "axis=1 reverse=true", 0},
    {"cumprod", "f64[N, 3]", "axis=0 reverse=false", 0},
    {"cumprod", "f64[2, N]", "axis=1 reverse=true", 0},
    {"cummax", "f64[N, 3]", "axis=0 reverse=false", 0},
    {"cummax", "f64[2, N]", "axis=1 reverse=true", 0},
    {"sort", "f64[N, 3]", "axis=0", 0},
    {"sort", "f64[2, N]", "axis=1", 0},
};
/* clang-format on */

static void check_case(Bench *b, size_t i)
{
  MdlOp op = mdl_op_find(cases[i].op, strlen(cases[i].op));
  ck_assert_msg(op != MDL_OP_none, "no row %s", cases[i].op);
  const char *part[MDL_MAX_OPERANDS];
  MdlType types[MDL_MAX_OPERANDS], given;
  int operands = mdl_case_split(b->ir, cases[i].operands, part, MDL_MAX_OPERANDS);
  for (int k = 0; k < operands; k++) types[k] = mdl_case_type(b->ir, part[k]);
  if (cases[i].given) given = mdl_case_type(b->ir, cases[i].given);
  const MdlType *wanted = cases[i].given ? &given : NULL;
  MdlAttrs attrs = mdl_case_attrs(b->ir, op, cases[i].attrs, wanted);
  build(b, op, operands, types, &attrs, wanted);
  int good = check_derivatives(b, cases[i].op, (Range){-2, 2, false}, 2);
  ck_assert_msg(good > 0, "%s of %s %s: no finite draw", cases[i].op, cases[i].operands,
                cases[i].attrs);
}

START_TEST(every_structural_case)
{
  Bench b = bench_create();
  check_case(&b, (size_t)_i);
  bench_destroy(&b);
}
END_TEST

START_TEST(every_structural_row_has_a_case)
{
  for (int op = 0; op < MDL_OP_COUNT; op++) {
    const MdlOpInfo *row = mdl_op_info((MdlOp)op);
    if (row->elementwise || mdl_op_is_nodiff((MdlOp)op)) continue;
    bool found = false;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) found |= !strcmp(cases[i].op, row->name);
    ck_assert_msg(found, "%s is differentiable and has no case", row->name);
  }
}
END_TEST

/* ---- nothing to differentiate ------------------------------------------------------------ */

/* Axes of size 0: the derivatives run, and what has elements is finite. */
static const struct {
  const char *op, *operands, *attrs, *given;
} empty[] = {
    {"reduce_sum", "f64[Z, 3]", "axes=0", 0},
    {"reduce_prod", "f64[3, Z]", "axes=1", 0},
    {"dot", "f64[2, Z]; f64[Z, 3]", "contract=1:0 batch=", 0},
    {"broadcast", "f64[3]", "dims=1", "f64[Z, 3]"},
    {"concat", "f64[Z, 3]; f64[2, 3]", "axis=0", 0},
    {"pad", "f64[Z]; f64", "lo=1 hi=2 inner=0", 0},
    {"scatter_add", "f64[3]; i32[Z]; f64[Z]", "axis=0 batch=0", 0},
    {"scatter", "f64[3]; i32[Z]; f64[Z]", "axis=0 batch=0", 0},
    {"gather", "f64[3]; i32[Z]", "axis=0 batch=0", 0},
    {"cumsum", "f64[Z, 2]", "axis=0 reverse=false", 0},
    {"cumprod", "f64[Z, 2]", "axis=0 reverse=false", 0},
    {"reverse", "f64[Z]", "axes=0", 0},
    {"sort", "f64[Z, 2]", "axis=0", 0},
};

START_TEST(axes_without_elements)
{
  Bench b = bench_create();
  MdlOp op = mdl_op_find(empty[_i].op, strlen(empty[_i].op));
  const char *part[MDL_MAX_OPERANDS];
  MdlType types[MDL_MAX_OPERANDS], given;
  int operands = mdl_case_split(b.ir, empty[_i].operands, part, MDL_MAX_OPERANDS);
  for (int k = 0; k < operands; k++) types[k] = mdl_case_type(b.ir, part[k]);
  if (empty[_i].given) given = mdl_case_type(b.ir, empty[_i].given);
  const MdlType *wanted = empty[_i].given ? &given : NULL;
  MdlAttrs attrs = mdl_case_attrs(b.ir, op, empty[_i].attrs, wanted);
  build(&b, op, operands, types, &attrs, wanted);
  ck_assert_int_gt(check_derivatives(&b, empty[_i].op, (Range){-2, 2, false}, 1), 0);
  bench_destroy(&b);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("rows");
  tcase_set_timeout(t, 120);
  tcase_add_test(t, every_elementwise_row);
  tcase_add_test(t, every_structural_row_has_a_case);
  tcase_add_loop_test(t, every_structural_case, 0, (int)(sizeof cases / sizeof *cases));
  tcase_add_loop_test(t, axes_without_elements, 0, (int)(sizeof empty / sizeof *empty));
  return t;
}
