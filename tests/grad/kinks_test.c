/* Documented values where a derivative is a choice, branches not taken, and what has none. */
#include "tests/grad/check.h"

#include "tests/unit/unit.h"

#include "passes/pass.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The gradient of the result's sum by reverse mode, and the same by forward mode. */
static void gradient(Bench *b, const char *body, int count, const double *x, double *by_vjp,
                     double *by_jvp)
{
  MdlArena *arena = b->ir->arena;
  bench_parse(b, mdl_text(arena,
                          "module { func.func private @f(%%x: tensor<%dxf64>) -> f64 {\n"
                          "%%zero = \"mdl.const\"() {value = 0.0 : f64} : () -> f64\n"
                          "%%zeros = \"mdl.const\"() {value = 0.0 : f64} : () -> tensor<%dxf64>\n"
                          "%s\n return %%y : f64 } }",
                          count, count, body));
  MlirOperation vjp = bench_derive(b, "f", "vjp"), jvp = bench_derive(b, "f", "jvp");
  const int64_t dim[] = {count};
  MdlWideTensor arg[2] = {mdl_wide_create(arena, MDL_f64, 1, dim),
                          mdl_wide_create(arena, MDL_f64, 0, NULL)};
  for (int i = 0; i < count; i++) arg[0].real[i] = (long double)x[i];
  arg[1].real[0] = 1;
  vjp = mdl_symbol(b->ir, mdl_symbols(b->ir, b->module), "f.vjp");
  MdlWideResult r = mdl_wide_eval(b->ir, b->module, vjp, arg, MDL_WIDE_rounded, NULL, NULL, arena);
  for (int i = 0; i < count; i++) by_vjp[i] = (double)r.result[1].real[i];
  arg[1] = mdl_wide_create(arena, MDL_f64, 1, dim);
  for (int i = 0; i < count; i++) {
    for (int k = 0; k < count; k++) arg[1].real[k] = k == i;
    r = mdl_wide_eval(b->ir, b->module, jvp, arg, MDL_WIDE_rounded, NULL, NULL, arena);
    by_jvp[i] = (double)r.result[1].real[0];
  }
}

#define SUM(in) "%y = \"mdl.reduce_sum\"(%" in ") {axes = array<i64: 0>} : (T) -> f64"

/* clang-format off */
static const struct {
  const char *what, *body; /* T is the tensor's type, B a tensor of bools */
  int count;
  double x[4], want[4];
} kinks[] = {
  {"abs has slope 0 at 0", "%a = \"mdl.abs\"(%x) : (T) -> T\n" SUM("a"), 3, {-2, 0, 3}, {-1, 0, 1}},
  {"max with 0: half at 0", "%a = \"mdl.max\"(%x, %zeros) : (T, T) -> T\n" SUM("a"), 3, {-2, 0, 3}, {0, 0.5, 1}},
  {"max of equals, both sides", "%a = \"mdl.max\"(%x, %x) : (T, T) -> T\n" SUM("a"), 2, {1, 2}, {1, 1}},
  {"ties of a reduction share", "%y = \"mdl.reduce_max\"(%x) {axes = array<i64: 0>} : (T) -> f64", 4, {1, 3, 3, 2}, {0, 0.5, 0.5, 0}},
  {"the smallest too", "%y = \"mdl.reduce_min\"(%x) {axes = array<i64: 0>} : (T) -> f64", 4, {1, 3, 1, 1}, {1./3, 0, 1./3, 1./3}},
  {"a running maximum takes the first", "%a = \"mdl.cummax\"(%x) {axis = 0 : i64, reverse = false} : (T) -> T\n" SUM("a"), 4, {2, 1, 2, 3}, {3, 0, 0, 1}},
  {"a product without zeros", "%y = \"mdl.reduce_prod\"(%x) {axes = array<i64: 0>} : (T) -> f64", 3, {2, 3, 4}, {12, 8, 6}},
  {"a product with one zero", "%y = \"mdl.reduce_prod\"(%x) {axes = array<i64: 0>} : (T) -> f64", 3, {2, 0, 4}, {0, 8, 0}},
  {"a product with two", "%y = \"mdl.reduce_prod\"(%x) {axes = array<i64: 0>} : (T) -> f64", 3, {0, 0, 4}, {0, 0, 0}},
  {"floor, sign: slope 0", "%a = \"mdl.floor\"(%x) : (T) -> T\n%b = \"mdl.sign\"(%a) : (T) -> T\n" SUM("b"), 2, {0.5, -2}, {0, 0}},
  {"x**2 at 0", "%two = \"mdl.const\"() {value = 2.0 : f64} : () -> T\n%a = \"mdl.pow\"(%x, %two) : (T, T) -> T\n" SUM("a"), 2, {0, 3}, {0, 6}},
  {"x**0 at 0", "%a = \"mdl.pow\"(%x, %zeros) : (T, T) -> T\n" SUM("a"), 2, {0, 3}, {0, 0}},
  {"0**y", "%a = \"mdl.pow\"(%zeros, %x) : (T, T) -> T\n" SUM("a"), 2, {1, 3}, {0, 0}},
  {"the branch not taken gives no NaN", "%p = \"mdl.gt\"(%x, %zeros) : (T, T) -> B\n%l = \"mdl.log\"(%x) : (T) -> T\n"
     "%a = \"mdl.where\"(%p, %l, %zeros) : (B, T, T) -> T\n" SUM("a"), 3, {-1, 0, 2}, {0, 0, 0.5}},
  {"nor where a value is used twice in it", "%p = \"mdl.gt\"(%x, %zeros) : (T, T) -> B\n%l = \"mdl.log\"(%x) : (T) -> T\n"
     "%m = \"mdl.mul\"(%l, %l) : (T, T) -> T\n%q = \"mdl.add\"(%m, %l) : (T, T) -> T\n"
     "%a = \"mdl.where\"(%p, %q, %zeros) : (B, T, T) -> T\n" SUM("a"), 3, {-1, 0, 1}, {0, 0, 1}},
  {"nor one choice in another", "%p = \"mdl.gt\"(%x, %zeros) : (T, T) -> B\n%l = \"mdl.sqrt\"(%x) : (T) -> T\n"
     "%one = \"mdl.const\"() {value = 1.0 : f64} : () -> T\n%big = \"mdl.lt\"(%x, %one) : (T, T) -> B\n"
     "%i = \"mdl.where\"(%big, %l, %x) : (B, T, T) -> T\n%a = \"mdl.where\"(%p, %i, %zeros) : (B, T, T) -> T\n" SUM("a"), 3, {0, 0.25, 4}, {0, 1, 1}},
  {"a value used inside and outside", "%p = \"mdl.gt\"(%x, %zeros) : (T, T) -> B\n%l = \"mdl.log\"(%x) : (T) -> T\n"
     "%a = \"mdl.where\"(%p, %l, %zeros) : (B, T, T) -> T\n%c = \"mdl.mul\"(%a, %x) : (T, T) -> T\n" SUM("c"), 2, {0, 1}, {0, 1}},
  {"what is stopped stays stopped", "%s = \"mdl.stop_grad\"(%x) : (T) -> T\n%a = \"mdl.mul\"(%s, %x) : (T, T) -> T\n" SUM("a"), 2, {3, -2}, {3, -2}},
  {"sort sends it along the permutation", "%a:2 = \"mdl.sort\"(%x) {axis = 0 : i64} : (T) -> (T, tensor<3xi32>)\n"
     "%w = \"mdl.iota\"() {axis = 0 : i64} : () -> T\n%c = \"mdl.mul\"(%a#0, %w) : (T, T) -> T\n" SUM("c"), 3, {5, 1, 3}, {2, 0, 1}},
  {"a read out of range clamps, and so does its derivative", "%i = \"mdl.table\"() {values = dense<[-1, 9, 1]> : tensor<3xi32>} : () -> tensor<3xi32>\n"
     "%a = \"mdl.gather\"(%x, %i) {axis = 0 : i64, batch = 0 : i64} : (T, tensor<3xi32>) -> tensor<3xf64>\n"
     "%y = \"mdl.reduce_sum\"(%a) {axes = array<i64: 0>} : (tensor<3xf64>) -> f64", 2, {3, 4}, {1, 2}},
  {"of writes to one place the last counts", "%i = \"mdl.table\"() {values = dense<[0, 0, 7]> : tensor<3xi32>} : () -> tensor<3xi32>\n"
     "%z2 = \"mdl.const\"() {value = 0.0 : f64} : () -> tensor<2xf64>\n"
     "%a = \"mdl.scatter\"(%z2, %i, %x) {axis = 0 : i64, batch = 0 : i64} : (tensor<2xf64>, tensor<3xi32>, T) -> tensor<2xf64>\n"
     "%y = \"mdl.reduce_sum\"(%a) {axes = array<i64: 0>} : (tensor<2xf64>) -> f64", 3, {1, 2, 3}, {0, 1, 0}},
  {"an input that nothing uses", "%y = \"mdl.exp\"(%zero) : (f64) -> f64", 2, {1, 2}, {0, 0}},
  {"the norm at 0 is NaN, as IEEE says", "%s = \"mdl.mul\"(%x, %x) : (T, T) -> T\n"
     "%t = \"mdl.reduce_sum\"(%s) {axes = array<i64: 0>} : (T) -> f64\n%y = \"mdl.sqrt\"(%t) : (f64) -> f64", 1, {0}, {NAN}},
};
/* clang-format on */

static const char *with_types(MdlArena *arena, const char *body, int count)
{
  char *out = mdl_alloc(arena, strlen(body) * 16 + 1);
  size_t n = 0;
  for (const char *p = body; *p; p++) {
    bool alone = (p == body || strchr(" (,>", p[-1])) && strchr(" ),\n", p[1] ? p[1] : '\n');
    if (alone && (*p == 'T' || *p == 'B'))
      n += (size_t)sprintf(out + n, "tensor<%dx%s>", count, *p == 'T' ? "f64" : "i1");
    else
      out[n++] = *p;
  }
  return out;
}

START_TEST(documented_values)
{
  Bench b = bench_create();
  if (_i % 2) b.passes = "inline,simplify,cse,derive,dce,simplify,dce";
  size_t i = (size_t)_i / 2;
  double vjp[4], jvp[4];
  gradient(&b, with_types(b.ir->arena, kinks[i].body, kinks[i].count), kinks[i].count, kinks[i].x,
           vjp, jvp);
  for (int k = 0; k < kinks[i].count; k++) {
    double want = kinks[i].want[k];
    bool same = isnan(want) ? isnan(vjp[k]) && isnan(jvp[k])
                            : fabs(vjp[k] - want) < 1e-15 && fabs(jvp[k] - want) < 1e-15;
    ck_assert_msg(same, "%s: at %d wanted %g, got %g in reverse, %g forward", kinks[i].what, k,
                  want, vjp[k], jvp[k]);
  }
  bench_destroy(&b);
}
END_TEST

/* ---- errors ------------------------------------------------------------------------------ */

typedef struct Text {
  char bytes[4096];
  size_t length;
} Text;

static void collect(void *user, const char *bytes, size_t n)
{
  Text *text = user;
  if (n > sizeof text->bytes - 1 - text->length) n = sizeof text->bytes - 1 - text->length;
  memcpy(text->bytes + text->length, bytes, n);
  text->length += n;
}

static void expect_error(const char *text, const char *kind, const char *wanted)
{
  Bench b = bench_create();
  char *module = mdl_text(b.ir->arena,
                          "module {\n%s\nfunc.func private @d(f64, f64) -> (f64, f64) attributes "
                          "{mdl.derive = \"%s\", mdl.of = @f, mdl.wrt = array<i64: 0>, "
                          "mdl.out = array<i64: 0>}\n}",
                          text, kind);
  bench_parse(&b, module);
  const MdlPassOptions options = {.opt = 2};
  bool ok = mdl_passes_run(b.ir, b.module, &options, "derive", NULL);
  Text said = {.length = 0};
  mdl_diag_flush(b.session, collect, &said, true, 1);
  ck_assert_msg(!ok && strstr(said.bytes, wanted), "wanted %s, got: %s", wanted, said.bytes);
  bench_destroy(&b);
}

START_TEST(a_while_without_limit)
{
  expect_error("func.func private @f(%x: f64) -> f64 {\n"
               "%r = scf.while (%a = %x) : (f64) -> f64 {\n"
               "  %p = \"mdl.is_finite\"(%a) : (f64) -> i1\n"
               "  scf.condition(%p) %a : f64\n"
               "} do {\n^bb0(%a: f64):\n"
               "  %n = \"mdl.exp\"(%a) : (f64) -> f64\n"
               "  scf.yield %n : f64 }\n"
               "return %r : f64 }",
               "vjp", "E0701");
}
END_TEST

START_TEST(an_op_without_derivative)
{
  const char *text = "func.func private @f(%x: f64) -> f64 {\n"
                     "%i = \"mdl.convert\"(%x) : (f64) -> f16\n"
                     "%b = \"mdl.bitcast\"(%i) : (f16) -> bf16\n"
                     "%r = \"mdl.convert\"(%b) : (bf16) -> f64\n"
                     "return %r : f64 }";
  expect_error(text, "vjp", "E0707");
  expect_error(text, "jvp", "E0707");
}
END_TEST

START_TEST(a_rule_that_is_not_linear)
{
  static const char *const bad[] = {
      "%a = \"mdl.abs\"(%dt) : (f64) -> f64\nreturn %a : f64",
      "%a = \"mdl.mul\"(%dt, %dt) : (f64, f64) -> f64\nreturn %a : f64",
      "%a = \"mdl.add\"(%t, %dt) : (f64, f64) -> f64\nreturn %a : f64",
      "%a = \"mdl.div\"(%t, %dt) : (f64, f64) -> f64\nreturn %a : f64",
      "%a = \"mdl.floor\"(%dt) : (f64) -> f64\nreturn %a : f64",
      ("%p = \"mdl.gt\"(%dt, %t) : (f64, f64) -> i1\n"
       "%a = \"mdl.where\"(%p, %dt, %dt) : (i1, f64, f64) -> f64\nreturn %a : f64"),
      "return %t : f64",
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    char text[1024];
    snprintf(text, sizeof text,
             "func.func private @f(%%x: f64) -> f64 attributes {mdl.jvp = @rule} { return %%x : f64 }\n"
             "func.func private @rule(%%t: f64, %%dt: f64) -> f64 {\n%s }",
             bad[i]);
    expect_error(text, "vjp", "E0708");
  }
}
END_TEST

START_TEST(forward_mode_through_a_reverse_rule)
{
  expect_error("func.func private @f(%x: f64) -> f64 attributes {mdl.vjp = @rule} {\n"
               "  return %x : f64 }\n"
               "func.func private @rule(%t: f64, %g: f64) -> f64 { return %g : f64 }",
               "jvp", "E0711");
}
END_TEST

START_TEST(a_reverse_rule_is_used)
{
  Bench b = bench_create();
  bench_parse(&b, "module { func.func private @g(%x: f64) -> f64 attributes {mdl.vjp = @rule} {\n"
                  "  %y = \"mdl.sin\"(%x) : (f64) -> f64\n return %y : f64 }\n"
                  "func.func private @rule(%t: f64, %g: f64) -> f64 {\n"
                  "  %seven = \"mdl.const\"() {value = 7.0 : f64} : () -> f64\n"
                  "  %a = \"mdl.mul\"(%seven, %g) : (f64, f64) -> f64\n return %a : f64 }\n"
                  "func.func private @f(%x: f64) -> f64 {\n"
                  "  %y = func.call @g(%x) : (f64) -> f64\n"
                  "  %z = \"mdl.mul\"(%y, %x) : (f64, f64) -> f64\n return %z : f64 } }");
  bench_derive(&b, "f", "vjp");
  MlirOperation vjp = mdl_symbol(b.ir, mdl_symbols(b.ir, b.module), "f.vjp");
  MdlWideTensor arg[] = {mdl_wide_create(b.ir->arena, MDL_f64, 0, NULL),
                         mdl_wide_create(b.ir->arena, MDL_f64, 0, NULL)};
  arg[0].real[0] = 0.5L, arg[1].real[0] = 2;
  MdlWideResult r = mdl_wide_eval(b.ir, b.module, vjp, arg, MDL_WIDE_full, NULL, NULL, b.ir->arena);
  ck_assert_double_eq_tol((double)r.result[1].real[0], 2 * (sin(0.5) + 7 * 0.5), 1e-15);
  bench_destroy(&b);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("kinks");
  tcase_add_loop_test(t, documented_values, 0, 2 * (int)(sizeof kinks / sizeof *kinks));
  tcase_add_test(t, a_while_without_limit);
  tcase_add_test(t, an_op_without_derivative);
  tcase_add_test(t, a_rule_that_is_not_linear);
  tcase_add_test(t, forward_mode_through_a_reverse_rule);
  tcase_add_test(t, a_reverse_rule_is_used);
  return t;
}
