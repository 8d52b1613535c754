/* vmap of a function is the function lane by lane: every op, every choice of mapped operands. */
#include "ir/recipe.h"
#include "passes/vmap.h"
#include "tests/cases/text.h"
#include "tests/unit/lab.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

/* ---- one lane of many -------------------------------------------------------------------- */

static MdlTensor lane_of(MdlArena *arena, const MdlTensor *all, int64_t lane)
{
  MdlTensor one = mdl_tensor_create(arena, all->dtype, all->rank - 1, all->dim + 1);
  for (int64_t i = 0; i < one.count; i++) {
    if (one.real)
      one.real[i] = all->real[lane * one.count + i];
    else
      one.integer[i] = all->integer[lane * one.count + i];
  }
  return one;
}

typedef struct Trial {
  Lab *lab;
  const char *of, *what;
  MlirOperation vmap;
  int args;
  const bool *mapped;
  int64_t lanes;
} Trial;

static bool size_of(void *user, const char *name, int64_t *value)
{
  *value = !strcmp(name, "B") ? *(int64_t *)user : !strcmp(name, "N") ? 3 : 2;
  return true;
}

static void compare(Trial *t, int seed, bool special)
{
  MdlIr *ir = t->lab->ir;
  MlirOperation of = lab_func(t->lab, t->of);
  MdlTensor all[8], one[8];
  MdlEvalOptions options = {.size_of = size_of, .user = &t->lanes};
  for (int i = 0; i < t->args; i++)
    all[i] = lab_argument(t->lab, mdl_func_arg_type(t->vmap, i), seed + i, special);
  MdlEvalResult got = mdl_eval(ir, t->lab->module, t->vmap, all, &options, ir->arena);
  int32_t status = 0;
  for (int64_t lane = 0; lane < t->lanes; lane++) {
    for (int i = 0; i < t->args; i++)
      one[i] = t->mapped[i] ? lane_of(ir->arena, &all[i], lane) : all[i];
    MdlEvalResult want = mdl_eval(ir, t->lab->module, of, one, &options, ir->arena);
    if (!status) status = want.status;
    for (int k = 0; k < want.results; k++) {
      MdlTensor mine = lane_of(ir->arena, &got.result[k], lane);
      if (!lab_same(&mine, &want.result[k]) && !got.status) /* a failed check ends loops */
        ck_abort_msg("%s: lane %d, result %d differs:\n%s", t->what, (int)lane, k,
                     mdl_ir_text(ir, t->lab->module, false));
    }
  }
  ck_assert_msg(got.status == status, "%s: status %d, wanted %d", t->what, got.status, status);
}

/* `size`: "4" or "B"; lab_argument takes B as 4 too. */
static void check_vmap(Lab *lab, const char *of, const char *what, const bool *mapped,
                       const char *size, bool special)
{
  MlirOperation func = lab_func(lab, of);
  int64_t wrt[8];
  MdlRecipe recipe = {.kind = MDL_RECIPE_vmap, .of = of, .wrt = wrt};
  recipe.size = mdl_size_parse(lab->ir->sizes, size, strlen(size));
  for (int i = 0; i < mdl_func_args(func); i++)
    if (mapped[i]) wrt[recipe.wrts++] = i;
  MdlMap *symbols = mdl_symbols(lab->ir, lab->module);
  MlirLocation at = mdl_location(lab->ir, MDL_NO_SPAN, NULL);
  MlirOperation vmap = mdl_recipe_declare(lab->ir, lab->module, symbols, &recipe, at);
  MdlPass pass = {lab->ir, lab->module, symbols, &lab->options, false};
  ck_assert(mdl_vmap_fill(&pass, vmap));
  for (int round = 0; round < 4; round++) { /* those of functions with a rule */
    MlirOperation *ops = NULL;
    int count = mdl_list(lab->ir, mdl_module_body(lab->module), &ops);
    for (int i = 0; i < count; i++)
      if (mdl_is_recipe(ops[i])) ck_assert(mdl_vmap_fill(&pass, ops[i]));
  }
  const char *why = mdl_verify(lab->ir, lab->module);
  if (why) ck_abort_msg("%s: %s\n%s", what, why, mdl_ir_text(lab->ir, lab->module, false));
  Trial t = {lab, of, what, vmap, mdl_func_args(func), mapped, 4};
  for (int seed = 0; seed < 3; seed++) compare(&t, seed * 10, special && seed);
}

/* ---- single ops -------------------------------------------------------------------------- */

typedef struct Case {
  MdlOp op;
  const char *operands, *attrs, *given;
} Case;

static const Case cases[] = {
    {MDL_OP_convert, "f32[3]", "", "i32[3]"},
    {MDL_OP_bitcast, "f32[3]", "", "i32[3]"},
    {MDL_OP_stop_grad, "f32[3]", "", NULL},
    {MDL_OP_broadcast, "f32[3]", "dims=1", "f32[2, 3]"},
    {MDL_OP_broadcast, "f32", "dims=", "f32[2, 3]"},
    {MDL_OP_broadcast, "f32[1, N]", "dims=0,2", "f32[5, 2, N]"},
    {MDL_OP_reshape, "f32[2, 3]", "", "f32[6]"},
    {MDL_OP_reshape, "f32", "", "f32[1]"},
    {MDL_OP_transpose, "f32[2, 3, 4]", "perm=2,0,1", NULL},
    {MDL_OP_slice, "f32[5, N]", "start=1,0 limit=5,N step=2,1", NULL},
    {MDL_OP_dynamic_slice, "f32[2, 7, 3]; i32", "axis=1", "f32[2, 4, 3]"},
    {MDL_OP_dynamic_slice, "f32[7]; i64", "axis=0", "f32[4]"},
    {MDL_OP_dynamic_update, "f32[2, 7, 3]; i32; f32[2, 4, 3]", "axis=1", NULL},
    {MDL_OP_dynamic_update, "f32[7]; i32; f32[1]", "axis=0", NULL},
    {MDL_OP_pad, "f32[2, 3]; f32", "lo=1,0 hi=0,2 inner=0,1", NULL},
    {MDL_OP_pad, "f32[5]; f32", "lo=-1 hi=2 inner=0", NULL},
    {MDL_OP_concat, "f32[2, 3]; f32[4, 3]", "axis=0", NULL},
    {MDL_OP_reverse, "f32[2, 3]", "axes=1", NULL},
    {MDL_OP_reverse, "f32[2, 3]", "axes=0,1", NULL},
    {MDL_OP_gather, "f32[2, 5, 3]; i32[4]", "axis=1 batch=0", NULL},
    {MDL_OP_gather, "f32[5]; i32", "axis=0 batch=0", NULL},
    {MDL_OP_gather, "f32[2, 3, 5]; i32[2, 4]", "axis=2 batch=1", NULL},
    {MDL_OP_gather, "f32[2, 3, 5, 2]; i32[2, 3, 4, 2]", "axis=2 batch=2", NULL},
    {MDL_OP_scatter, "f32[2, 5, 3]; i32[4]; f32[2, 4, 3]", "axis=1 batch=0", NULL},
    {MDL_OP_scatter_add, "f32[2, 5, 3]; i32[4]; f32[2, 4, 3]", "axis=1 batch=0", NULL},
    {MDL_OP_scatter_add, "f32[2, 3, 5]; i32[2, 4]; f32[2, 3, 4]", "axis=2 batch=1", NULL},
    {MDL_OP_scatter_mul, "f32[5]; i32[4]; f32[4]", "axis=0 batch=0", NULL},
    {MDL_OP_scatter_max, "f32[5]; i32; f32", "axis=0 batch=0", NULL},
    {MDL_OP_scatter_min, "i32[5]; i32[2, 2]; i32[2, 2]", "axis=0 batch=0", NULL},
    {MDL_OP_dot, "f32[3]; f32[3]", "contract=0:0 batch=", NULL},
    {MDL_OP_dot, "f32[2, 3]; f32[3, 5]", "contract=1:0 batch=", NULL},
    {MDL_OP_dot, "f32[2]; f32[3]", "contract= batch=", NULL},
    {MDL_OP_dot, "f32[2, 3, 4]; f32[5, 2, 4]", "contract=2:2 batch=0:1", NULL},
    {MDL_OP_dot, "f32[2, 3, 4]; f32[4, 5, 3]", "contract=2:0,1:2 batch=", NULL},
    {MDL_OP_dot, "f32[2, 6, 3, 4]; f32[2, 4, 6]", "contract=3:1 batch=0:0,1:2", NULL},
    {MDL_OP_conv, "f32[2, 3, 6, 5]; f32[4, 3, 2, 3]",
     "stride=2,1 lo=1,0 hi=0,1 dilate=1,1 spread=1,1 groups=1", NULL},
    {MDL_OP_conv, "f32[2, 4, 7]; f32[6, 2, 2]", "stride=1 lo=1 hi=0 dilate=2 spread=2 groups=2",
     NULL},
    {MDL_OP_reduce_sum, "f32[2, 3, 4]", "axes=0,2", NULL},
    {MDL_OP_reduce_prod, "f32[2, 3]", "axes=1", NULL},
    {MDL_OP_reduce_max, "f32[2, 3]", "axes=0", NULL},
    {MDL_OP_reduce_min, "f32[2, 3]", "axes=0,1", NULL},
    {MDL_OP_reduce_any, "bool[2, 3]", "axes=0", NULL},
    {MDL_OP_reduce_all, "bool[2, 3]", "axes=1", NULL},
    {MDL_OP_argmax, "f32[2, 3]", "axis=1", "i32[2]"},
    {MDL_OP_argmin, "f32[2, 3]", "axis=0", "i32[3]"},
    {MDL_OP_window_sum, "f32[2, 6]", "size=1,3 stride=1,2 lo=0,1 hi=0,1 dilate=1,1 spread=1,2",
     NULL},
    {MDL_OP_window_max, "f32[2, 6]", "size=2,3 stride=1,2 lo=0,1 hi=1,0 dilate=1,1", NULL},
    {MDL_OP_window_argmax, "f32[2, 6]", "size=1,3 stride=1,2 lo=0,1 hi=0,1 dilate=1,1", "i32[2, 3]"},
    {MDL_OP_window_argmin, "f32[6]", "size=3 stride=1 lo=0 hi=0 dilate=2", "i64[2]"},
    {MDL_OP_window_min, "f32[6]", "size=3 stride=1 lo=0 hi=0 dilate=2", NULL},
    {MDL_OP_cumsum, "f32[2, 3]", "axis=1 reverse=false", NULL},
    {MDL_OP_cumprod, "f32[2, 3]", "axis=0 reverse=true", NULL},
    {MDL_OP_cummax, "f32[5]", "axis=0 reverse=false", NULL},
    {MDL_OP_sort, "f32[2, 5]", "axis=1", NULL},
    {MDL_OP_check, "bool", "code=3 text=wrong", NULL},
    {MDL_OP_check, "bool[3]", "code=3 text=wrong", NULL},
    {MDL_OP_print, "f32[3]", "text=x", NULL},
};
enum { CASES = sizeof cases / sizeof *cases };

/* @f of one op. */
static void build_func(Lab *lab, MdlOp op, int count, const MdlType *type, const char *attr_text,
                       const char *given_text)
{
  MdlIr *ir = lab->ir;
  MlirLocation at = mdl_location(ir, MDL_NO_SPAN, NULL);
  mdl_module_destroy(lab->module);
  lab->module = mdl_module_create(ir, "op.mlir");
  MlirType arg[3];
  for (int i = 0; i < count; i++) arg[i] = mdl_type_make(ir, &type[i]);
  MdlFunc f = {.symbol = "f", .define = true, .args = count, .arg = arg, .at = at};
  MlirOperation func = mdl_build_func(ir, lab->module, &f);
  MdlBuilder b = mdl_builder_at_end(ir, mdl_body(func, 0), at);
  MlirValue operand[3];
  for (int i = 0; i < count; i++) operand[i] = mdl_arg(mdl_body(func, 0), i);
  MdlType given;
  if (given_text) given = mdl_case_type(ir, given_text);
  MdlAttrs attrs = mdl_case_attrs(ir, op, attr_text, given_text ? &given : NULL);
  MlirOperation now = mdl_build_op(&b, op, count, operand, &attrs, given_text ? &given : NULL);
  MlirValue out[2];
  for (int i = 0; i < mdl_result_count(now); i++) out[i] = mdl_result(now, i);
  mdl_build_return(&b, mdl_result_count(now), out);
  mdl_func_refresh_type(ir, func);
}

static void all_choices(Lab *lab, int count, const char *what, bool special)
{
  for (int choice = 1; choice < 1 << count; choice++) {
    bool mapped[3] = {choice & 1, choice & 2, choice & 4};
    check_vmap(lab, "f", what, mapped, "4", special);
    check_vmap(lab, "f", what, mapped, "B", special);
  }
}

START_TEST(structural_ops)
{
  const Case *c = &cases[_i];
  Lab lab = lab_open(NULL);
  const char *part[3];
  MdlType type[3];
  int count = mdl_case_split(lab.ir, c->operands, part, 3);
  for (int i = 0; i < count; i++) type[i] = mdl_case_type(lab.ir, part[i]);
  build_func(&lab, c->op, count, type, c->attrs, c->given);
  all_choices(&lab, count, mdl_op_info(c->op)->name, c->op != MDL_OP_check);
  lab_close(&lab);
}
END_TEST

START_TEST(every_structural_op_has_a_case)
{
  for (int op = 0; op < MDL_OP_COUNT; op++) {
    const MdlOpInfo *row = mdl_op_info((MdlOp)op);
    bool found = row->elementwise || row->operands == 0;
    for (int i = 0; i < CASES; i++) found |= (int)cases[i].op == op;
    ck_assert_msg(found, "no case for %s", row->name);
  }
}
END_TEST

static MdlDtype dtype_of(char letter, bool floats)
{
  switch (letter) {
  case 'B':
    return MDL_bool;
  case 'F':
    return MDL_f32;
  case 'N':
  case 'A':
    return floats ? MDL_f32 : MDL_i32;
  default:
    return MDL_i32;
  }
}

START_TEST(elementwise_rows)
{
  Lab lab = lab_open(NULL);
  for (int op = 0; op < MDL_OP_COUNT; op++) {
    const MdlOpInfo *row = mdl_op_info((MdlOp)op);
    if (!row->elementwise) continue;
    for (int rank = 0; rank < 2; rank++) {
      MdlType type[3];
      for (int i = 0; i < row->operands; i++) {
        type[i] = mdl_type_scalar(dtype_of(row->sig[i], rank));
        type[i].rank = rank;
        type[i].dim[0] = mdl_size_const(lab.ir->sizes, 3);
      }
      build_func(&lab, (MdlOp)op, row->operands, type, "", NULL);
      all_choices(&lab, row->operands, row->name, true);
    }
  }
  lab_close(&lab);
}
END_TEST

/* ---- control flow ------------------------------------------------------------------------ */

#define CONST(name, value, type) \
  "%" name " = \"mdl.const\"() {value = " value " : " type "} : () -> " type "\n"
#define OP2(name, op, a, b, in, out) \
  "%" name " = \"mdl." op "\"(%" a ", %" b ") : (" in ", " in ") -> " out "\n"
#define CHECK(c) "\"mdl.check\"(%" c ") {code = 3 : i64, text = \"t\"} : (i1) -> ()\n"

typedef struct Flow {
  const char *name, *text;
} Flow;

static const Flow flows[] = {
    {"branch",
     "func.func @f(%x: f32, %y: f32) -> (f32, f32) {\n" CONST("z", "0.0", "f32")
         OP2("c", "lt", "x", "z", "f32", "i1") "%r:2 = scf.if %c -> (f32, f32) {\n" OP2(
             "a", "mul", "x", "y", "f32",
             "f32") "scf.yield %a, %y : f32, f32\n"
                    "} else {\n" OP2("k", "le", "y", "x", "f32", "i1") CHECK("k")
                        OP2("b", "sub", "x", "y", "f32", "f32") "scf.yield %b, %y : f32, f32\n"
                                                                "}\n"
                                                                "return %r#0, %r#1 : f32, f32\n"
                                                                "}\n"},
    {"branch without else",
     "func.func @f(%x: f32, %y: f32) -> f32 {\n" OP2("c", "lt", "x", "y", "f32", "i1")
         OP2("d", "eq", "x", "y", "f32", "i1") "scf.if %c {\n" CHECK("d") "}\n"
                                                                          "return %x : f32\n"
                                                                          "}\n"},
    {"branch in branch",
     "func.func @f(%x: tensor<3xf32>, %p: i1, %q: i1) -> tensor<3xf32> {\n"
     "%r = scf.if %p -> (tensor<3xf32>) {\n" CHECK("q") "%s = scf.if %q -> (tensor<3xf32>) {\n" OP2(
         "a", "mul", "x", "x", "tensor<3xf32>",
         "tensor<3xf32>") "scf.yield %a : tensor<3xf32>\n"
                          "} else {\n"
                          "scf.yield %x : tensor<3xf32>\n"
                          "}\n"
                          "scf.yield %s : tensor<3xf32>\n"
                          "} else {\n" OP2("a", "add", "x", "x", "tensor<3xf32>",
                                           "tensor<3xf32>") "scf.yield %a : tensor<3xf32>\n"
                                                            "}\n"
                                                            "return %r : tensor<3xf32>\n"
                                                            "}\n"},
    {"loop", "func.func @f(%x: f32, %y: f32) -> (f32, f32, f32) {\n" CONST("lo", "0", "index")
                 CONST("hi", "4", "index") CONST(
                     "one", "1", "index") "%r:3 = scf.for %i = %lo to %hi step %one iter_args(%a = "
                                          "%x, %b = %y, %c = %y) -> (f32, f32, "
                                          "f32) {\n"
                                          "%j = \"mdl.convert\"(%i) : (index) -> f32\n" OP2(
                                              "d", "add", "a", "j", "f32", "f32")
                                              OP2("e", "mul", "b", "j", "f32",
                                                  "f32") "scf.yield %d, %e, %a : f32, f32, f32\n"
                                                         "}\n"
                                                         "return %r#0, %r#1, %r#2 : f32, f32, f32\n"
                                                         "}\n"},
    {"loop between values",
     "func.func @f(%n: i32, %m: i32, %x: f32) -> (f32, i32) {\n" CONST(
         "one", "1", "index") "%lo = \"mdl.convert\"(%n) : (i32) -> index\n"
                              "%hi = \"mdl.convert\"(%m) : (i32) -> index\n"
                              "%r:2 = scf.for %i = %lo to %hi step %one iter_args(%a = %x, %k = "
                              "%n) -> (f32, i32) {\n"
                              "%j = \"mdl.convert\"(%i) : (index) -> f32\n" OP2("c", "lt", "i",
                                                                                "hi", "index", "i1")
                                  CHECK("c") OP2("d", "add", "a", "j", "f32", "f32")
                                      OP2("l", "add", "k", "k", "i32",
                                          "i32") "scf.yield %d, %l : f32, i32\n"
                                                 "}\n"
                                                 "return %r#0, %r#1 : f32, i32\n"
                                                 "}\n"},
    {"while",
     "func.func @f(%x: i32, %y: i32) -> (i32, i32) {\n" CONST("two", "2", "i32")
         CONST("top", "20", "i32") CONST(
             "no", "-3", "i32") "%r:2 = scf.while (%a = %x, %b = %y) : (i32, i32) -> (i32, i32) "
                                "{\n" OP2("c", "lt", "a", "top", "i32",
                                          "i1") "scf.condition(%c) %a, %b : i32, i32\n"
                                                "} do {\n"
                                                "^bb0(%a: i32, %b: i32):\n" OP2(
                                                    "k", "gt", "a", "no", "i32", "i1") CHECK("k")
                                                    OP2("d", "add", "a", "two", "i32", "i32")
                                                        OP2("e", "add", "b", "a", "i32",
                                                            "i32") "scf.yield %d, %e : i32, i32\n"
                                                                   "}\n"
                                                                   "return %r#0, %r#1 : i32, i32\n"
                                                                   "}\n"},
    {"while that hands on something else",
     "func.func @f(%x: i32, %y: i32) -> (i32, i32) {\n" CONST("two", "2", "i32") CONST(
         "top", "20",
         "i32") "%r:2 = scf.while (%a = %x, %b = %y) : (i32, i32) -> (i32, i32) {\n" OP2("c", "lt",
                                                                                         "a", "top",
                                                                                         "i32",
                                                                                         "i1")
         OP2("s", "add", "a", "b", "i32",
             "i32") "scf.condition(%c) %s, %b : i32, i32\n"
                    "} do {\n"
                    "^bb0(%a: i32, %b: i32):\n" OP2("q", "sub", "a", "b", "i32",
                                                    "i32") OP2("d", "add", "q", "two", "i32", "i32")
                        OP2("e", "mul", "b", "two", "i32", "i32") "scf.yield %d, %e : i32, i32\n"
                                                                  "}\n"
                                                                  "return %r#0, %r#1 : i32, i32\n"
                                                                  "}\n"},
    {"while with a limit, some lanes beyond it",
     "func.func @f(%x: i32, %y: i32) -> (i32, index) {\n" CONST("lo", "0", "index")
         CONST("max", "6", "index") CONST("one", "1", "index") CONST(
             "top", "9",
             "i32") "%r:2 = scf.while (%n = %lo, %a = %x) : (index, i32) -> (index, i32) "
                    "{\n" OP2("c", "lt", "a", "top", "i32", "i1") OP2("l", "lt", "n", "max",
                                                                      "index", "i1")
                        OP2("d", "bitand", "c", "l", "i1",
                            "i1") "scf.condition(%d) %n, %a : index, i32\n"
                                  "} do {\n"
                                  "^bb0(%n: index, %a: i32):\n" OP2("m", "add", "n", "one", "index",
                                                                    "index")
                                      OP2("b", "add", "a", "y", "i32",
                                          "i32") "scf.yield %m, %b : index, i32\n"
                                                 "} attributes {mdl.limit = \"6\"}\n" OP2(
                                                     "e", "ge", "r#1", "top", "i32", "i1")
                                                     CHECK("e") "return %r#1, %r#0 : i32, index\n"
                                                                "}\n"},
    {"endless for the lanes that do not take the branch",
     "func.func @f(%x: i32, %y: i32) -> i32 {\n" CONST("zero", "0", "i32")
         OP2("c", "gt", "x", "zero", "i32", "i1") OP2("p", "gt", "y", "zero", "i32", "i1")
             OP2("q", "bitand", "c", "p", "i1",
                 "i1") "%r = scf.if %q -> (i32) {\n"
                       "%s = scf.while (%a = %x) : (i32) -> (i32) {\n" OP2(
                           "d", "ne", "a", "zero", "i32",
                           "i1") "scf.condition(%d) %a : i32\n"
                                 "} do {\n"
                                 "^bb0(%a: i32):\n" OP2("e", "sub", "a", "y", "i32", "i32") OP2(
                                     "m", "max", "e", "zero", "i32", "i32") "scf.yield %m : i32\n"
                                                                            "}\n"
                                                                            "scf.yield %s : i32\n"
                                                                            "} else {\n"
                                                                            "scf.yield %y : i32\n"
                                                                            "}\n"
                                                                            "return %r : i32\n"
                                                                            "}\n"},
    {"calls, with a rule and without",
     "func.func @f(%x: f32, %y: f32) -> (f32, f32) {\n"
     "%a = func.call @g(%x, %y) : (f32, f32) -> f32\n"
     "%b = func.call @g(%a, %x) : (f32, f32) -> f32\n"
     "%c = func.call @s(%y, %b) : (f32, f32) -> f32\n"
     "return %b, %c : f32, f32\n"
     "}\n"
     "func.func private @g(%x: f32, %y: f32) -> f32 {\n" OP2(
         "z", "mul", "x", "y", "f32",
         "f32") "return %z : f32\n"
                "}\n"
                "func.func private @s(%x: f32, %y: f32) -> f32 attributes {mdl.jvp = @r, mdl.vjp = "
                "@t} {\n" OP2(
                    "z", "div", "x", "y", "f32",
                    "f32") "return %z : f32\n"
                           "}\n"
                           "func.func private @r(%x: f32, %y: f32, %dx: f32, %dy: f32) -> f32 {\n"
                           "return %dx : f32\n"
                           "}\n"
                           "func.func private @t(%x: f32, %y: f32, %g: f32) -> (f32, f32) {\n"
                           "return %g, %x : f32, f32\n"
                           "}\n"},
};
enum { FLOWS = sizeof flows / sizeof *flows };

START_TEST(control_flow)
{
  const Flow *flow = &flows[_i];
  Lab lab = lab_open(flow->text);
  int count = mdl_func_args(lab_func(&lab, "f"));
  all_choices(&lab, count, flow->name, false);
  lab_close(&lab);
}
END_TEST

/* f.vmap.vmap against f, through a function in between. */
START_TEST(vmap_of_vmap)
{
  for (int i = 0; i < FLOWS; i++) {
    Lab lab = lab_open(flows[i].text);
    bool first[3] = {true, false, true}, second[3] = {true, true, false};
    check_vmap(&lab, "f", flows[i].name, first, "4", false);
    check_vmap(&lab, "f.vmap", flows[i].name, second, "B", false);
    lab_close(&lab);
  }
}
END_TEST

START_TEST(values_without_lanes_are_computed_once)
{
  Lab lab =
      lab_open("func.func @f(%x: f32, %w: tensor<3x5xf32>, %v: tensor<3xf32>) -> tensor<5xf32> {\n"
               "%a = \"mdl.exp\"(%w) : (tensor<3x5xf32>) -> tensor<3x5xf32>\n"
               "%b = \"mdl.dot\"(%v, %a) {contract = [array<i64: 0>, array<i64: 0>], batch = "
               "[array<i64>, array<i64>]} : (tensor<3xf32>, tensor<3x5xf32>) -> tensor<5xf32>\n"
               "return %b : tensor<5xf32>\n"
               "}\n");
  check_vmap(&lab, "f", "once", (bool[]){false, false, true}, "B", false);
  const char *text = lab_run(&lab, "simplify,dce");
  lab_contains(text, "@f.vmap", "\"mdl.exp\"(%arg1) : (tensor<3x5xf32>)", "mdl.dot", "return",
               NULL);
  ck_assert_ptr_null(strstr(strstr(text, "@f.vmap"), "mdl.broadcast"));
  lab_close(&lab);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("vmap");
  tcase_set_timeout(t, 60);
  tcase_add_loop_test(t, structural_ops, 0, CASES);
  tcase_add_test(t, every_structural_op_has_a_case);
  tcase_add_test(t, elementwise_rows);
  tcase_add_loop_test(t, control_flow, 0, FLOWS);
  tcase_add_test(t, vmap_of_vmap);
  tcase_add_test(t, values_without_lanes_are_computed_once);
  return t;
}
