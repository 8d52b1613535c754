/* Derivatives through loops, branches, rules; nested; with what they must leave alone. */
#include "tests/grad/check.h"

#include "tests/unit/unit.h"

#include "ir/recipe.h"
#include "passes/pass.h"

#include <math.h>
#include <string.h>

/* clang-format off */
static const struct {
  const char *what, *text;
} programs[] = {
  {"a loop with a scalar carried", "func.func private @f(%x: f64, %c: f64) -> f64 {\n"
    "%lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "%hi = \"mdl.const\"() {value = 5 : index} : () -> index\n"
    "%st = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "%r = scf.for %i = %lo to %hi step %st iter_args(%a = %x) -> (f64) {\n"
    "  %s = \"mdl.sin\"(%a) : (f64) -> f64\n"
    "  %m = \"mdl.mul\"(%s, %c) : (f64, f64) -> f64\n"
    "  %n = \"mdl.add\"(%m, %a) : (f64, f64) -> f64\n"
    "  scf.yield %n : f64 }\n"
    "return %r : f64 }"},
  {"zero trips", "func.func private @f(%x: f64, %c: f64) -> f64 {\n"
    "%lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "%hi = \"mdl.size\"() {of = \"Z\"} : () -> index\n"
    "%st = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "%r = scf.for %i = %lo to %hi step %st iter_args(%a = %x) -> (f64) {\n"
    "  %m = \"mdl.mul\"(%a, %c) : (f64, f64) -> f64\n"
    "  scf.yield %m : f64 }\n"
    "return %r : f64 }"},
  {"a recurrent cell: products kept, rows of a captured tensor added up",
    "func.func private @f(%h: tensor<3xf64>, %w: tensor<3x3xf64>, %x: tensor<?x3xf64, [\"T\"]>) -> tensor<3xf64> {\n"
    "%lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "%hi = \"mdl.size\"() {of = \"T\"} : () -> index\n"
    "%st = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "%r = scf.for %i = %lo to %hi step %st iter_args(%a = %h) -> (tensor<3xf64>) {\n"
    "  %row = \"mdl.dynamic_slice\"(%x, %i) {axis = 0 : i64} : (tensor<?x3xf64, [\"T\"]>, index) -> tensor<1x3xf64>\n"
    "  %v = \"mdl.reshape\"(%row) : (tensor<1x3xf64>) -> tensor<3xf64>\n"
    "  %p = \"mdl.dot\"(%w, %a) {contract = [array<i64: 1>, array<i64: 0>], batch = [array<i64>, array<i64>]} : (tensor<3x3xf64>, tensor<3xf64>) -> tensor<3xf64>\n"
    "  %s = \"mdl.add\"(%p, %v) : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>\n"
    "  %t = \"mdl.tanh\"(%s) : (tensor<3xf64>) -> tensor<3xf64>\n"
    "  scf.yield %t : tensor<3xf64> }\n"
    "return %r : tensor<3xf64> }"},
  {"an update of a carried tensor that is read again",
    "func.func private @f(%x: tensor<6xf64>) -> tensor<6xf64> {\n"
    "%lo = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "%hi = \"mdl.const\"() {value = 6 : index} : () -> index\n"
    "%st = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "%r = scf.for %i = %lo to %hi step %st iter_args(%a = %x) -> (tensor<6xf64>) {\n"
    "  %j = \"mdl.sub\"(%i, %st) : (index, index) -> index\n"
    "  %p = \"mdl.dynamic_slice\"(%a, %j) {axis = 0 : i64} : (tensor<6xf64>, index) -> tensor<1xf64>\n"
    "  %q = \"mdl.dynamic_slice\"(%a, %i) {axis = 0 : i64} : (tensor<6xf64>, index) -> tensor<1xf64>\n"
    "  %s = \"mdl.sin\"(%p) : (tensor<1xf64>) -> tensor<1xf64>\n"
    "  %m = \"mdl.mul\"(%s, %q) : (tensor<1xf64>, tensor<1xf64>) -> tensor<1xf64>\n"
    "  %n = \"mdl.dynamic_update\"(%a, %i, %m) {axis = 0 : i64} : (tensor<6xf64>, index, tensor<1xf64>) -> tensor<6xf64>\n"
    "  scf.yield %n : tensor<6xf64> }\n"
    "return %r : tensor<6xf64> }"},
  {"a loop in a loop, the inner one to the outer's index",
    "func.func private @f(%x: f64, %c: f64) -> f64 {\n"
    "%lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "%hi = \"mdl.const\"() {value = 4 : index} : () -> index\n"
    "%st = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "%r = scf.for %i = %lo to %hi step %st iter_args(%a = %x) -> (f64) {\n"
    "  %u = \"mdl.mul\"(%a, %c) : (f64, f64) -> f64\n"
    "  %in = scf.for %j = %lo to %i step %st iter_args(%b = %u) -> (f64) {\n"
    "    %s = \"mdl.sin\"(%b) : (f64) -> f64\n"
    "    %m = \"mdl.mul\"(%s, %a) : (f64, f64) -> f64\n"
    "    %n = \"mdl.add\"(%m, %c) : (f64, f64) -> f64\n"
    "    scf.yield %n : f64 }\n"
    "  scf.yield %in : f64 }\n"
    "return %r : f64 }"},
  {"two values that change places, an integer carried along",
    "func.func private @f(%x: f64, %y: f64) -> (f64, f64) {\n"
    "%lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "%hi = \"mdl.const\"() {value = 3 : index} : () -> index\n"
    "%st = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "%z = \"mdl.const\"() {value = 1 : i32} : () -> i32\n"
    "%r:3 = scf.for %i = %lo to %hi step %st iter_args(%a = %x, %n = %z, %b = %y) -> (f64, i32, f64) {\n"
    "  %k = \"mdl.convert\"(%n) : (i32) -> f64\n"
    "  %p = \"mdl.mul\"(%a, %k) : (f64, f64) -> f64\n"
    "  %s = \"mdl.cos\"(%p) : (f64) -> f64\n"
    "  %t = \"mdl.add\"(%s, %b) : (f64, f64) -> f64\n"
    "  %n2 = \"mdl.add\"(%n, %n) : (i32, i32) -> i32\n"
    "  scf.yield %b, %n2, %t : f64, i32, f64 }\n"
    "return %r#0, %r#2 : f64, f64 }"},
  {"a branch on the value itself", "func.func private @f(%x: f64, %c: f64) -> f64 {\n"
    "%z = \"mdl.const\"() {value = 0.0 : f64} : () -> f64\n"
    "%p = \"mdl.gt\"(%x, %z) : (f64, f64) -> i1\n"
    "%r = scf.if %p -> (f64) {\n"
    "  %s = \"mdl.sin\"(%x) : (f64) -> f64\n"
    "  %m = \"mdl.mul\"(%s, %c) : (f64, f64) -> f64\n"
    "  scf.yield %m : f64\n"
    "} else {\n"
    "  %e = \"mdl.exp\"(%x) : (f64) -> f64\n"
    "  scf.yield %e : f64 }\n"
    "%y = \"mdl.mul\"(%r, %x) : (f64, f64) -> f64\n"
    "return %y : f64 }"},
  {"a branch that keeps products, in a loop",
    "func.func private @f(%x: tensor<2xf64>, %w: tensor<2x2xf64>) -> tensor<2xf64> {\n"
    "%lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "%hi = \"mdl.const\"() {value = 4 : index} : () -> index\n"
    "%st = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "%two = \"mdl.const\"() {value = 2 : index} : () -> index\n"
    "%r = scf.for %i = %lo to %hi step %st iter_args(%a = %x) -> (tensor<2xf64>) {\n"
    "  %o = \"mdl.rem\"(%i, %two) : (index, index) -> index\n"
    "  %c = \"mdl.eq\"(%o, %lo) : (index, index) -> i1\n"
    "  %b = scf.if %c -> (tensor<2xf64>) {\n"
    "    %p = \"mdl.dot\"(%w, %a) {contract = [array<i64: 1>, array<i64: 0>], batch = [array<i64>, array<i64>]} : (tensor<2x2xf64>, tensor<2xf64>) -> tensor<2xf64>\n"
    "    %t = \"mdl.tanh\"(%p) : (tensor<2xf64>) -> tensor<2xf64>\n"
    "    scf.yield %t : tensor<2xf64>\n"
    "  } else {\n"
    "    %s = \"mdl.sin\"(%a) : (tensor<2xf64>) -> tensor<2xf64>\n"
    "    scf.yield %s : tensor<2xf64> }\n"
    "  %n = \"mdl.mul\"(%b, %a) : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>\n"
    "  scf.yield %n : tensor<2xf64> }\n"
    "return %r : tensor<2xf64> }"},
  {"a while with a limit", "func.func private @f(%x: f64, %c: f64) -> f64 {\n"
    "%zero = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "%one = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "%most = \"mdl.const\"() {value = 9 : index} : () -> index\n"
    "%far = \"mdl.const\"() {value = 6.0 : f64} : () -> f64\n"
    "%r:2 = scf.while (%k = %zero, %a = %x) : (index, f64) -> (index, f64) {\n"
    "  %v = \"mdl.abs\"(%a) : (f64) -> f64\n"
    "  %p = \"mdl.lt\"(%v, %far) : (f64, f64) -> i1\n"
    "  %q = \"mdl.lt\"(%k, %most) : (index, index) -> i1\n"
    "  %go = \"mdl.bitand\"(%p, %q) : (i1, i1) -> i1\n"
    "  scf.condition(%go) %k, %a : index, f64\n"
    "} do {\n"
    "^bb0(%k: index, %a: f64):\n"
    "  %s = \"mdl.sin\"(%a) : (f64) -> f64\n"
    "  %m = \"mdl.mul\"(%s, %c) : (f64, f64) -> f64\n"
    "  %n = \"mdl.add\"(%a, %m) : (f64, f64) -> f64\n"
    "  %k2 = \"mdl.add\"(%k, %one) : (index, index) -> index\n"
    "  scf.yield %k2, %n : index, f64\n"
    "} attributes {mdl.limit = \"9\"}\n"
    "return %r#1 : f64 }"},
  {"a rule for forward mode serves both",
    "func.func private @cube(%t: f64) -> f64 attributes {mdl.jvp = @rule} {\n"
    "  %a = \"mdl.mul\"(%t, %t) : (f64, f64) -> f64\n"
    "  %b = \"mdl.mul\"(%a, %t) : (f64, f64) -> f64\n"
    "  return %b : f64 }\n"
    "func.func private @rule(%t: f64, %dt: f64) -> f64 {\n"
    "  %three = \"mdl.const\"() {value = 3.0 : f64} : () -> f64\n"
    "  %a = \"mdl.mul\"(%t, %t) : (f64, f64) -> f64\n"
    "  %b = \"mdl.mul\"(%three, %a) : (f64, f64) -> f64\n"
    "  %c = \"mdl.mul\"(%b, %dt) : (f64, f64) -> f64\n"
    "  return %c : f64 }\n"
    "func.func private @f(%x: f64) -> f64 {\n"
    "  %s = \"mdl.sin\"(%x) : (f64) -> f64\n"
    "  %c = func.call @cube(%s) : (f64) -> f64\n"
    "  %y = \"mdl.mul\"(%c, %x) : (f64, f64) -> f64\n"
    "  return %y : f64 }"},
  {"what is computed again gives the same",
    "func.func private @g(%t: f64, %w: f64) -> (f64, f64) attributes {mdl.remat} {\n"
    "  %a = \"mdl.sin\"(%t) : (f64) -> f64\n"
    "  %b = \"mdl.mul\"(%a, %w) : (f64, f64) -> f64\n"
    "  return %b, %a : f64, f64 }\n"
    "func.func private @f(%x: f64, %w: f64) -> f64 {\n"
    "%lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "%hi = \"mdl.const\"() {value = 3 : index} : () -> index\n"
    "%st = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "%r = scf.for %i = %lo to %hi step %st iter_args(%a = %x) -> (f64) {\n"
    "  %b:2 = func.call @g(%a, %w) : (f64, f64) -> (f64, f64)\n"
    "  %c = \"mdl.add\"(%b#0, %b#1) : (f64, f64) -> f64\n"
    "  scf.yield %c : f64 }\n"
    "return %r : f64 }"},
  {"a map over lanes of a loop",
    "func.func private @g(%x: f64, %c: f64) -> f64 {\n"
    "%lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
    "%hi = \"mdl.const\"() {value = 3 : index} : () -> index\n"
    "%st = \"mdl.const\"() {value = 1 : index} : () -> index\n"
    "%r = scf.for %i = %lo to %hi step %st iter_args(%a = %x) -> (f64) {\n"
    "  %m = \"mdl.mul\"(%a, %c) : (f64, f64) -> f64\n"
    "  %s = \"mdl.sin\"(%m) : (f64) -> f64\n"
    "  scf.yield %s : f64 }\n"
    "return %r : f64 }\n"
    "func.func private @g.vmap(tensor<?xf64, [\"N\"]>, f64) -> tensor<?xf64, [\"N\"]> attributes {mdl.derive = \"vmap\", mdl.of = @g, mdl.wrt = array<i64: 0>, mdl.size = \"N\"}\n"
    "func.func private @f(%x: tensor<?xf64, [\"N\"]>, %c: f64) -> tensor<?xf64, [\"N\"]> {\n"
    "  %y = func.call @g.vmap(%x, %c) : (tensor<?xf64, [\"N\"]>, f64) -> tensor<?xf64, [\"N\"]>\n"
    "  return %y : tensor<?xf64, [\"N\"]> }"},
  {"a map over lanes of a gradient",
    "func.func private @g(%x: tensor<2xf64>, %c: tensor<2xf64>) -> f64 {\n"
    "  %m = \"mdl.mul\"(%x, %c) : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>\n"
    "  %s = \"mdl.reduce_prod\"(%m) {axes = array<i64: 0>} : (tensor<2xf64>) -> f64\n"
    "  %t = \"mdl.sin\"(%s) : (f64) -> f64\n"
    "  return %t : f64 }\n"
    "func.func private @g.vjp(tensor<2xf64>, tensor<2xf64>, f64) -> (f64, tensor<2xf64>) attributes {mdl.derive = \"vjp\", mdl.of = @g, mdl.wrt = array<i64: 0>, mdl.out = array<i64: 0>}\n"
    "func.func private @g.vjp.vmap(tensor<?x2xf64, [\"N\"]>, tensor<2xf64>, f64) -> (tensor<?xf64, [\"N\"]>, tensor<?x2xf64, [\"N\"]>) attributes {mdl.derive = \"vmap\", mdl.of = @g.vjp, mdl.wrt = array<i64: 0>, mdl.size = \"N\"}\n"
    "func.func private @f(%x: tensor<?x2xf64, [\"N\"]>, %c: tensor<2xf64>, %g: f64) -> tensor<?x2xf64, [\"N\"]> {\n"
    "  %y:2 = func.call @g.vjp.vmap(%x, %c, %g) : (tensor<?x2xf64, [\"N\"]>, tensor<2xf64>, f64) -> (tensor<?xf64, [\"N\"]>, tensor<?x2xf64, [\"N\"]>)\n"
    "  return %y#1 : tensor<?x2xf64, [\"N\"]> }"},
  {"a map over lanes of a rule",
    "func.func private @cube(%t: f64) -> f64 attributes {mdl.jvp = @rule} {\n"
    "  %a = \"mdl.mul\"(%t, %t) : (f64, f64) -> f64\n"
    "  %b = \"mdl.mul\"(%a, %t) : (f64, f64) -> f64\n"
    "  return %b : f64 }\n"
    "func.func private @rule(%t: f64, %dt: f64) -> f64 {\n"
    "  %three = \"mdl.const\"() {value = 3.0 : f64} : () -> f64\n"
    "  %a = \"mdl.mul\"(%t, %t) : (f64, f64) -> f64\n"
    "  %b = \"mdl.mul\"(%three, %a) : (f64, f64) -> f64\n"
    "  %c = \"mdl.mul\"(%b, %dt) : (f64, f64) -> f64\n"
    "  return %c : f64 }\n"
    "func.func private @g(%x: f64) -> f64 {\n"
    "  %s = \"mdl.sin\"(%x) : (f64) -> f64\n"
    "  %c = func.call @cube(%s) : (f64) -> f64\n"
    "  return %c : f64 }\n"
    "func.func private @g.vmap(tensor<3xf64>) -> tensor<3xf64> attributes {mdl.derive = \"vmap\", mdl.of = @g, mdl.wrt = array<i64: 0>, mdl.size = \"3\"}\n"
    "func.func private @f(%x: tensor<3xf64>) -> tensor<3xf64> {\n"
    "  %y = func.call @g.vmap(%x) : (tensor<3xf64>) -> tensor<3xf64>\n"
    "  return %y : tensor<3xf64> }"},
};
/* clang-format on */

/* As derive leaves them, and with everything that the pipeline does in between. */
START_TEST(derivatives_of_programs)
{
  Bench b = bench_create();
  if (_i % 2) b.passes = "inline,simplify,cse,derive,dce,simplify,dce";
  bench_parse(&b, mdl_text(b.ir->arena, "module {\n%s\n}", programs[_i / 2].text));
  int good = check_derivatives(&b, "f", (Range){-2, 2, false}, 4);
  ck_assert_msg(good == 4, "%s: %d good draws", programs[_i / 2].what, good);
  bench_destroy(&b);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("flow");
  tcase_set_timeout(t, 120);
  tcase_add_loop_test(t, derivatives_of_programs, 0,
                          2 * (int)(sizeof programs / sizeof *programs));
  return t;
}
