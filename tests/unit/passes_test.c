/* inline, cse, dce, prune and the driver, on modules written as text. */
#include "tests/unit/lab.h"
#include "tests/unit/unit.h"

#include <string.h>

static const char calls[] =
    "func.func @f(%x: f32, %n: index) -> f32 {\n"
    "  %c = \"mdl.const\"() {value = 1.0 : f32} : () -> f32\n"
    "  %lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "  %one = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "  %r = scf.for %i = %lo to %n step %one iter_args(%a = %x) -> (f32) {\n"
    "    %b = func.call @g(%a) : (f32) -> f32\n"
    "    scf.yield %b : f32\n"
    "  }\n"
    "  return %r : f32\n"
    "}\n"
    "func.func private @g(%y: f32) -> f32 {\n"
    "  %z = func.call @h(%y) : (f32) -> f32\n"
    "  %w = \"mdl.mul\"(%z, %y) : (f32, f32) -> f32\n"
    "  return %w : f32\n"
    "}\n"
    "func.func private @h(%y: f32) -> f32 {\n"
    "  %z = \"mdl.exp\"(%y) : (f32) -> f32\n"
    "  return %z : f32\n"
    "}\n";

START_TEST(calls_are_inlined_inside_regions_and_functions_pruned)
{
  Lab lab = lab_open(calls);
  const char *text = lab_run(&lab, "inline,prune,dce");
  lab_contains(text, "@f", "scf.for", "mdl.exp", "mdl.mul", "scf.yield", NULL);
  ck_assert_ptr_null(strstr(text, "call"));
  ck_assert_ptr_null(strstr(text, "@g"));
  ck_assert_ptr_null(strstr(text, "@h"));
  lab_close(&lab);
  lab_keeps(calls, "f", "inline,prune,dce");
}
END_TEST

static const char waiting[] =
    "func.func @f(%x: f32) -> f32 {\n"
    "  %a = func.call @g.vjp(%x, %x) : (f32, f32) -> f32\n"
    "  %b = func.call @s(%a) : (f32) -> f32\n"
    "  return %b : f32\n"
    "}\n"
    "func.func private @g.vjp(f32, f32) -> f32 attributes {mdl.derive = \"vjp\", mdl.of = @g, "
    "mdl.wrt = array<i64: 0>, mdl.out = array<i64: 0>}\n"
    "func.func private @g(%x: f32) -> f32 {\n"
    "  %a = func.call @s(%x) : (f32) -> f32\n"
    "  %b = func.call @t(%a) : (f32) -> f32\n"
    "  return %b : f32\n"
    "}\n"
    "func.func private @s(%x: f32) -> f32 attributes {mdl.jvp = @r} {\n"
    "  %a = \"mdl.exp\"(%x) : (f32) -> f32\n"
    "  return %a : f32\n"
    "}\n"
    "func.func private @t(%x: f32) -> f32 {\n"
    "  %a = \"mdl.tanh\"(%x) : (f32) -> f32\n"
    "  return %a : f32\n"
    "}\n"
    "func.func private @r(%x: f32, %d: f32) -> f32 {\n"
    "  return %d : f32\n"
    "}\n";

START_TEST(functions_with_a_rule_wait_for_the_recipe_that_reaches_them)
{
  Lab lab = lab_open(waiting);
  const char *text = lab_run(&lab, "inline,prune");
  lab_contains(text, "@f(", "@g.vjp(", "mdl.exp", "return", NULL);
  lab_contains(text, "@g(", "call @s", "mdl.tanh", "return", "@s", "@r", NULL);
  ck_assert_ptr_null(strstr(text, "@t("));
  lab_close(&lab);
}
END_TEST

static const char twice[] = "func.func @f(%x: f32, %p: i1) -> (f32, f32) {\n"
                            "  %a = \"mdl.exp\"(%x) : (f32) -> f32\n"
                            "  %b = \"mdl.exp\"(%x) : (f32) -> f32\n"
                            "  %c = scf.if %p -> (f32) {\n"
                            "    %d = \"mdl.exp\"(%x) : (f32) -> f32\n"
                            "    %e = \"mdl.sin\"(%d) : (f32) -> f32\n"
                            "    scf.yield %e : f32\n"
                            "  } else {\n"
                            "    %d = \"mdl.sin\"(%a) : (f32) -> f32\n"
                            "    %e = \"mdl.cos\"(%d) : (f32) -> f32\n"
                            "    scf.yield %e : f32\n"
                            "  }\n"
                            "  %g = scf.if %p -> (f32) {\n"
                            "    %d = \"mdl.sin\"(%b) : (f32) -> f32\n"
                            "    scf.yield %d : f32\n"
                            "  } else {\n"
                            "    %d = \"mdl.sin\"(%a) : (f32) -> f32\n"
                            "    %e = \"mdl.cos\"(%d) : (f32) -> f32\n"
                            "    scf.yield %e : f32\n"
                            "  }\n"
                            "  return %c, %g : f32, f32\n"
                            "}\n";

static int count_of(const char *text, const char *piece)
{
  int count = 0;
  for (const char *at = text; (at = strstr(at, piece)); at += strlen(piece)) count++;
  return count;
}

START_TEST(equal_ops_become_one_where_one_dominates)
{
  Lab lab = lab_open(twice);
  const char *text = lab_run(&lab, "cse,dce");
  ck_assert_int_eq(count_of(text, "mdl.exp"), 1);
  ck_assert_int_eq(count_of(text, "mdl.sin"), 2); /* the branches do not see each other */
  ck_assert_int_eq(count_of(text, "scf.if"), 1);
  lab_close(&lab);
  lab_keeps(twice, "f", "cse,dce");
}
END_TEST

START_TEST(sums_and_products_are_equal_either_way_round)
{
  static const char text[] = "func.func @f(%x: f32, %y: f32) -> (f32, f32, f32, f32) {\n"
                             "  %a = \"mdl.mul\"(%x, %y) : (f32, f32) -> f32\n"
                             "  %b = \"mdl.mul\"(%y, %x) : (f32, f32) -> f32\n"
                             "  %c = \"mdl.sub\"(%x, %y) : (f32, f32) -> f32\n"
                             "  %d = \"mdl.sub\"(%y, %x) : (f32, f32) -> f32\n"
                             "  return %a, %b, %c, %d : f32, f32, f32, f32\n"
                             "}\n";
  Lab lab = lab_open(text);
  const char *after = lab_run(&lab, "cse");
  ck_assert_int_eq(count_of(after, "mdl.mul"), 1);
  ck_assert_int_eq(count_of(after, "mdl.sub"), 2);
  lab_close(&lab);
  lab_keeps(text, "f", "cse");
}
END_TEST

static const char carried[] =
    "func.func @f(%x: f32, %y: f32, %n: index) -> f32 {\n"
    "  %lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "  %one = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "  %r:3 = scf.for %i = %lo to %n step %one iter_args(%a = %x, %b = %y, %c = %x)\n"
    "      -> (f32, f32, f32) {\n"
    "    %d = \"mdl.add\"(%a, %x) : (f32, f32) -> f32\n"
    "    %e = \"mdl.sin\"(%b) : (f32) -> f32\n"
    "    %q = \"mdl.lt\"(%c, %d) : (f32, f32) -> i1\n"
    "    %s:2 = scf.if %q -> (f32, f32) {\n"
    "      %t = \"mdl.cos\"(%e) : (f32) -> f32\n"
    "      scf.yield %t, %d : f32, f32\n"
    "    } else {\n"
    "      scf.yield %e, %a : f32, f32\n"
    "    }\n"
    "    scf.yield %s#1, %s#0, %c : f32, f32, f32\n"
    "  }\n"
    "  return %r#0 : f32\n"
    "}\n";

START_TEST(values_carried_for_nobody_go)
{
  Lab lab = lab_open(carried);
  const char *text = lab_run(&lab, "dce");
  ck_assert_ptr_null(strstr(text, "mdl.sin"));
  ck_assert_ptr_null(strstr(text, "mdl.cos"));
  lab_contains(text, "scf.for", "-> (f32, f32)", "mdl.lt", "-> (f32)", NULL);
  lab_close(&lab);
  lab_keeps(carried, "f", "dce");
}
END_TEST

static const char effects[] = "func.func @f(%x: f32, %p: i1) -> f32 {\n"
                              "  %a = \"mdl.exp\"(%x) : (f32) -> f32\n"
                              "  %b = \"mdl.sin\"(%a) : (f32) -> f32\n"
                              "  %c = scf.if %p -> (f32) {\n"
                              "    \"mdl.print\"(%a) {text = \"a\"} : (f32) -> ()\n"
                              "    scf.yield %b : f32\n"
                              "  } else {\n"
                              "    scf.yield %x : f32\n"
                              "  }\n"
                              "  \"mdl.check\"(%p) {code = 3 : i64, text = \"p\"} : (i1) -> ()\n"
                              "  return %x : f32\n"
                              "}\n";

START_TEST(checks_and_prints_stay_with_what_they_need)
{
  Lab lab = lab_open(effects);
  const char *text = lab_run(&lab, "cse,dce,cse,dce");
  lab_contains(text, "mdl.exp", "scf.if", "mdl.print", "mdl.check", "return", NULL);
  ck_assert_ptr_null(strstr(text, "mdl.sin"));
  lab_close(&lab);
}
END_TEST

static const char invariant[] =
    "func.func @f(%x: tensor<4xf32>, %y: f32, %p: i1, %n: index) -> tensor<4xf32> {\n"
    "  %lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "  %one = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "  %r = scf.for %i = %lo to %n step %one iter_args(%a = %x) -> (tensor<4xf32>) {\n"
    "    %s = scf.for %j = %lo to %n step %one iter_args(%b = %a) -> (tensor<4xf32>) {\n"
    "      %w = \"mdl.mul\"(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>\n"
    "      %e = \"mdl.exp\"(%w) : (tensor<4xf32>) -> tensor<4xf32>\n"
    "      %c = \"mdl.add\"(%x, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>\n"
    "      %t = \"mdl.sin\"(%a) : (tensor<4xf32>) -> tensor<4xf32>\n"
    "      %q = scf.if %p -> (tensor<4xf32>) {\n"
    "        %z = \"mdl.cos\"(%c) : (tensor<4xf32>) -> tensor<4xf32>\n"
    "        %v = \"mdl.add\"(%z, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>\n"
    "        scf.yield %v : tensor<4xf32>\n"
    "      } else {\n"
    "        scf.yield %t : tensor<4xf32>\n"
    "      }\n"
    "      %u = \"mdl.add\"(%q, %e) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>\n"
    "      \"mdl.print\"(%y) {text = \"y\"} : (f32) -> ()\n"
    "      scf.yield %u : tensor<4xf32>\n"
    "    }\n"
    "    scf.yield %s : tensor<4xf32>\n"
    "  }\n"
    "  return %r : tensor<4xf32>\n"
    "}\n";

START_TEST(what_is_the_same_in_every_round_leaves_the_loop)
{
  Lab lab = lab_open(invariant);
  const char *text = lab_run(&lab, "hoist");
  lab_contains(text, "mdl.mul", "mdl.exp", "scf.for", "mdl.sin", "scf.for", "mdl.add", "scf.if",
               "mdl.cos", "mdl.print", NULL);
  uint64_t print = mdl_fingerprint(lab.module);
  lab_run(&lab, "hoist");
  ck_assert(print == mdl_fingerprint(lab.module));
  lab_close(&lab);
  lab_keeps(invariant, "f", "hoist");
}
END_TEST

START_TEST(stop_grad_stays_only_for_recipes)
{
  static const char text[] =
      "func.func @f(%x: f32) -> f32 {\n"
      "  %a = \"mdl.stop_grad\"(%x) : (f32) -> f32\n"
      "  return %a : f32\n"
      "}\n"
      "func.func @g(%x: f32) -> f32 {\n"
      "  %a = \"mdl.stop_grad\"(%x) : (f32) -> f32\n"
      "  return %a : f32\n"
      "}\n"
      "func.func private @g.vjp(f32, f32) -> (f32, f32) attributes {mdl.derive = \"vjp\", mdl.of = "
      "@g, mdl.wrt = array<i64: 0>, mdl.out = array<i64: 0>}\n";
  Lab lab = lab_open(text);
  const char *after = lab_run(&lab, "stops");
  ck_assert_int_eq(count_of(after, "mdl.stop_grad"), 1);
  lab_contains(after, "@g(", "mdl.stop_grad", NULL);
  lab_close(&lab);
}
END_TEST

START_TEST(passes_run_by_name_and_wrong_names_are_errors)
{
  Lab lab = lab_open(twice);
  ck_assert(mdl_passes_run(lab.ir, lab.module, &lab.options, "", NULL));
  ck_assert(!mdl_passes_run(lab.ir, lab.module, &lab.options, "cse,dcee", NULL));
  ck_assert_int_eq(mdl_error_count(lab.session), 1);
  lab_close(&lab);
}
END_TEST

static void count_run(void *user, const char *pass, MdlIr *ir, MlirOperation module, double seconds)
{
  (void)pass, (void)ir, (void)module, (void)seconds;
  ++*(int *)user;
}

START_TEST(the_pipeline_repeats_until_nothing_changes)
{
  Lab lab = lab_open(calls);
  int runs = 0;
  MdlPassObserver observer = {count_run, &runs};
  ck_assert(mdl_pipeline_run(lab.ir, lab.module, &lab.options, MDL_FORM_mdl, NULL, &observer));
  int first = runs;
  ck_assert(mdl_pipeline_run(lab.ir, lab.module, &lab.options, MDL_FORM_mdl, NULL, &observer));
  ck_assert_int_lt(runs - first, first); /* a second time finds nothing to do */
  lab_close(&lab);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("passes");
  tcase_add_test(t, calls_are_inlined_inside_regions_and_functions_pruned);
  tcase_add_test(t, functions_with_a_rule_wait_for_the_recipe_that_reaches_them);
  tcase_add_test(t, equal_ops_become_one_where_one_dominates);
  tcase_add_test(t, sums_and_products_are_equal_either_way_round);
  tcase_add_test(t, values_carried_for_nobody_go);
  tcase_add_test(t, checks_and_prints_stay_with_what_they_need);
  tcase_add_test(t, what_is_the_same_in_every_round_leaves_the_loop);
  tcase_add_test(t, stop_grad_stays_only_for_recipes);
  tcase_add_test(t, passes_run_by_name_and_wrong_names_are_errors);
  tcase_add_test(t, the_pipeline_repeats_until_nothing_changes);
  return t;
}
