/* The reading view of modules written as MLIR text. */
#include "tests/unit/unit.h"

#include "ir/signature.h"
#include "ir/view.h"

#include <string.h>

static MdlSession *s;
static MdlIr *ir;

static void setup(void)
{
  s = mdl_session_create();
  ir = mdl_ir_create(s);
}

static void teardown(void)
{
  mdl_ir_destroy(ir);
  mdl_session_destroy(s);
}

/* The only function of a module as an entry: its arguments and results are tensors or scalars. */
static void sign(MlirOperation func, int sizes, const char **size, int inouts)
{
  static const char *const names[] = {"x", "y", "z", "u"};
  MdlParam param[8];
  MdlLeaf leaf[8];
  int args = mdl_func_args(func), outs = mdl_func_results(func) - inouts;
  MdlSignature signature = {.module = "m",
                            .prefix = "m_",
                            .source = "m.mdl",
                            .entry = "f",
                            .text = "",
                            .line = 1,
                            .sizes = sizes,
                            .size = size,
                            .param = param,
                            .leaf = leaf,
                            .params = args + outs,
                            .leaves = args + outs};
  for (int i = 0; i < args + outs; i++) {
    bool is_out = i >= args;
    param[i] = (MdlParam){.name = is_out ? "out" : names[i], .leaf = i, .leaves = 1};
    param[i].role = is_out ? MDL_ROLE_out : i < inouts ? MDL_ROLE_inout : MDL_ROLE_in;
    MlirType type = is_out ? mdl_func_result_type(func, i - args) : mdl_func_arg_type(func, i);
    leaf[i] = (MdlLeaf){"", *mdl_type_read(ir, type)};
  }
  mdl_signature_write(ir, func, &signature);
}

static void expect(const char *mlir, int sizes, const char **size, int inouts, const char *view)
{
  MlirOperation module = mdl_parse_mlir(ir, mlir, strlen(mlir));
  ck_assert_msg(!mdl_is_null(module), "%s", mdl_ir_said(ir));
  sign(mdl_first(mdl_module_body(module)), sizes, size, inouts);
  ck_assert_str_eq(mdl_view(ir, module), view);
  mdl_module_destroy(module);
}

START_TEST(the_quadratic)
{
  expect("func.func @f(%x: f32) -> f32 {\n"
         "  %two = \"mdl.const\"() {value = 2.0 : f32} : () -> f32\n"
         "  %three = \"mdl.const\"() {value = 3.0 : f32} : () -> f32\n"
         "  %a = \"mdl.mul\"(%two, %x) : (f32, f32) -> f32\n"
         "  %b = \"mdl.add\"(%a, %three) : (f32, f32) -> f32\n"
         "  return %b : f32\n}\n",
         0, NULL, 0, "entry fn f(x: f32) -> f32 = 2*x + 3  //    5  f32\n");
}
END_TEST

START_TEST(precedence_and_shared_values)
{
  expect("func.func @f(%x: f32, %y: f32) -> f32 {\n"
         "  %a = \"mdl.add\"(%x, %y) : (f32, f32) -> f32\n"
         "  %n = \"mdl.neg\"(%a) : (f32) -> f32\n"
         "  %c = \"mdl.const\"() {value = -2.0 : f32} : () -> f32\n"
         "  %p = \"mdl.pow\"(%n, %c) : (f32, f32) -> f32\n"
         "  %d = \"mdl.sub\"(%y, %p) : (f32, f32) -> f32\n"
         "  %e = \"mdl.sub\"(%x, %d) : (f32, f32) -> f32\n"
         "  %g = \"mdl.exp\"(%e) : (f32) -> f32\n"
         "  %h = \"mdl.mul\"(%g, %g) : (f32, f32) -> f32\n"
         "  %i = \"mdl.div\"(%h, %a) : (f32, f32) -> f32\n"
         "  return %i : f32\n}\n",
         0, NULL, 0,
         "entry fn f(x: f32, y: f32) -> f32 {\n"
         "  let t1 = x + y                       //    2  f32\n"
         "  let t2 = exp(x - (y - (-t1)**(-2)))  //    8  f32\n"
         "  t2*t2/t1                             //   10  f32\n"
         "}\n");
}
END_TEST

START_TEST(tensors_broadcast_by_themselves)
{
  const char *size[] = {"N", "D"};
  expect("!m = tensor<?x?xf32, [\"N\", \"D\"]>\n!v = tensor<?xf32, [\"N\"]>\n"
         "func.func @f(%x: !m, %y: !v, %z: f32) -> !v {\n"
         "  %c = \"mdl.const\"() {value = 1.0 : f32} : () -> !m\n"
         "  %b = \"mdl.broadcast\"(%y) {dims = array<i64: 0>} : (!v) -> !m\n"
         "  %d = \"mdl.add\"(%x, %c) : (!m, !m) -> !m\n"
         "  %e = \"mdl.mul\"(%d, %b) : (!m, !m) -> !m\n"
         "  %g = \"mdl.broadcast\"(%z) {dims = array<i64>} : (f32) -> !m\n"
         "  %h = \"mdl.max\"(%g, %e) : (!m, !m) -> !m\n"
         "  %i = \"mdl.broadcast\"(%y) {dims = array<i64: 0>} : (!v) -> !m\n"
         "  %j = \"mdl.reverse\"(%i) {axes = array<i64: 1>} : (!m) -> !m\n"
         "  %k = \"mdl.add\"(%h, %j) : (!m, !m) -> !m\n"
         "  %l = \"mdl.reduce_sum\"(%k) {axes = array<i64: 1>} : (!m) -> !v\n"
         "  %n = \"mdl.size\"() {of = \"D\"} : () -> f32\n"
         "  %o = \"mdl.broadcast\"(%n) {dims = array<i64>} : (f32) -> !v\n"
         "  %p = \"mdl.div\"(%l, %o) : (!v, !v) -> !v\n"
         "  return %p : !v\n}\n",
         2, size, 0,
         "entry fn f[N, D](x: f32[N, D], y: f32[N], z: f32) -> f32[N] {\n"
         "  let t1: f32[N, D] = mdl.broadcast(y, dims=[0])                  //   10  f32[N, D]\n"
         "  let t2 = max(z, (x + 1)*y[:, new]) + mdl.reverse(t1, axes=[1])  //   12  f32[N, D]\n"
         "  sum(t2, axis=1)/f32(D)                                          //   16  f32[N]\n"
         "}\n");
}
END_TEST

START_TEST(loops_and_branches)
{
  const char *size[] = {"N"};
  expect(
      "!v = tensor<?xf32, [\"N\"]>\n"
      "func.func @f(%x: !v, %y: f32) -> (f32, i1) {\n"
      "  %lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
      "  %one = \"mdl.const\"() {value = 1 : index} : () -> index\n"
      "  %hi = \"mdl.size\"() {of = \"N\"} : () -> index\n"
      "  %zero = \"mdl.const\"() {value = 0.0 : f32} : () -> f32\n"
      "  %r:2 = scf.for %i = %lo to %hi step %one iter_args(%a = %zero, %b = %y) -> (f32, f32) {\n"
      "    %k = \"mdl.convert\"(%i) : (index) -> f32\n"
      "    %s = \"mdl.add\"(%a, %k) : (f32, f32) -> f32\n"
      "    %t = \"mdl.mul\"(%a, %b) : (f32, f32) -> f32\n"
      "    scf.yield %s, %t : f32, f32\n  }\n"
      "  %c = \"mdl.gt\"(%r#0, %r#1) : (f32, f32) -> i1\n"
      "  %q = scf.if %c -> f32 {\n"
      "    scf.yield %zero : f32\n  } else {\n"
      "    %u = \"mdl.sqrt\"(%r#0) : (f32) -> f32\n"
      "    scf.yield %u : f32\n  }\n"
      "  %w = scf.while (%m = %q) : (f32) -> f32 {\n"
      "    %n = \"mdl.mul\"(%m, %m) : (f32, f32) -> f32\n"
      "    %o = \"mdl.lt\"(%n, %y) : (f32, f32) -> i1\n"
      "    scf.condition(%o) %m : f32\n  } do {\n  ^bb0(%p: f32):\n"
      "    %v = \"mdl.add\"(%p, %y) : (f32, f32) -> f32\n"
      "    scf.yield %v : f32\n  }\n"
      "  \"mdl.check\"(%c) {code = 3 : i64, text = \"no\"} : (i1) -> ()\n"
      "  return %w, %c : f32, i1\n}\n",
      1, size, 0,
      "entry fn f[N](x: f32[N], y: f32) -> (f32, bool) {\n"
      "  var v1: f32 = 0        //    7  f32\n"
      "  var v2 = y             //    7  f32\n"
      "  for i in 0..N {        //    7\n"
      "    v2 = v1*v2           //   11  f32\n"
      "    v1 = v1 + f32(i)     //   11  f32\n"
      "  }\n"
      "  let t1 = v1 > v2       //   13  bool\n"
      "  let t2: f32 = if t1 {  //   14  f32\n"
      "    0\n"
      "  } else {\n"
      "    sqrt(v1)\n"
      "  }\n"
      "  var v3 = t2            //   20  f32\n"
      "  while v3*v3 < y {      //   20\n"
      "    v3 = v3 + y          //   27  f32\n"
      "  }\n"
      "  assert(t1, \"no\")       //   29\n"
      "  (v3, t1)               //   30\n"
      "}\n");
}
END_TEST

START_TEST(inout_is_assigned)
{
  const char *size[] = {"N"};
  expect("!v = tensor<?xf32, [\"N\"]>\n"
         "func.func @f(%x: !v, %y: !v) -> (!v, !v, !v) {\n"
         "  %a = \"mdl.add\"(%x, %y) : (!v, !v) -> !v\n"
         "  %b = \"mdl.sub\"(%x, %y) : (!v, !v) -> !v\n"
         "  return %x, %a, %b : !v, !v, !v\n}\n",
         1, size, 2,
         "entry fn f[N](inout x: f32[N], inout y: f32[N]) -> f32[N] {\n"
         "  let t1 = x      //    5\n"
         "  let t2 = x + y  //    5\n"
         "  y = x - y       //    5  f32[N]\n"
         "  x = t2          //    5  f32[N]\n"
         "  t1              //    5\n"
         "}\n");
}
END_TEST

/* struct Dense { w: f32[N] }, struct Net { b: f32, layer: Dense }: leaves m.b and m.layer.w. */
START_TEST(structs_are_items)
{
  const char *mlir = "!v = tensor<?xf32, [\"N\"]>\n"
                     "func.func @f(%b: f32, %w: !v, %y: f32) -> (f32, !v, f32, !v) {\n"
                     "  %c = \"mdl.add\"(%b, %y) : (f32, f32) -> f32\n"
                     "  %s = \"mdl.broadcast\"(%b) {dims = array<i64>} : (f32) -> !v\n"
                     "  %d = \"mdl.mul\"(%s, %w) : (!v, !v) -> !v\n"
                     "  return %b, %w, %c, %d : f32, !v, f32, !v\n}\n";
  MlirOperation module = mdl_parse_mlir(ir, mlir, strlen(mlir));
  ck_assert_msg(!mdl_is_null(module), "%s", mdl_ir_said(ir));
  MdlType scalar = mdl_type_scalar(MDL_f32), vector = scalar;
  vector.rank = 1;
  vector.dim[0] = mdl_size_name(ir->sizes, "N");
  const char *size[] = {"N"};
  MdlLeaf leaf[] = {
      {"b", scalar}, {"layer.w", vector}, {"", scalar}, {"b", scalar}, {"layer.w", vector}};
  MdlField dense[] = {{.name = "w", .type = vector}};
  MdlField net[] = {{.name = "b", .type = scalar}, {.name = "layer", .struct_type = "Dense"}};
  MdlStruct structs[] = {{"Dense", "Dense[N]", 3, 1, dense}, {"Net", "Net[N]", 7, 2, net}};
  MdlParam param[] = {
      {.name = "m", .struct_type = "Net", .role = MDL_ROLE_inout, .leaf = 0, .leaves = 2},
      {.name = "y", .preset = "1", .role = MDL_ROLE_in, .leaf = 2, .leaves = 1},
      {.name = "out", .struct_type = "Net", .role = MDL_ROLE_out, .leaf = 3, .leaves = 2}};
  MdlSignature signature = {.module = "m",
                            .prefix = "m_",
                            .source = "m.mdl",
                            .entry = "f",
                            .text = "",
                            .line = 9,
                            .sizes = 1,
                            .params = 3,
                            .leaves = 5,
                            .structs = 2,
                            .size = size,
                            .param = param,
                            .leaf = leaf,
                            .struct_type = structs};
  mdl_signature_write(ir, mdl_first(mdl_module_body(module)), &signature);
  ck_assert_str_eq(mdl_view(ir, module), "struct Dense[N] {  //    3  Dense[N]\n"
                                         "  w: f32[N]\n"
                                         "}\n"
                                         "\n"
                                         "struct Net[N] {  //    7  Net[N]\n"
                                         "  b: f32\n"
                                         "  layer: Dense[N]\n"
                                         "}\n"
                                         "\n"
                                         "entry fn f[N](inout m: Net[N], y: f32 = 1) -> Net[N] {\n"
                                         "  let t1 = m.b                        //    6\n"
                                         "  let t2 = m.layer.w                  //    6\n"
                                         "  m.layer.w = m.b*m.layer.w           //    6  f32[N]\n"
                                         "  m.b = m.b + y                       //    6  f32\n"
                                         "  Net[N](b=t1, layer=Dense[N](w=t2))  //    6\n"
                                         "}\n");
  mdl_module_destroy(module);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("view");
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_test(t, the_quadratic);
  tcase_add_test(t, precedence_and_shared_values);
  tcase_add_test(t, tensors_broadcast_by_themselves);
  tcase_add_test(t, loops_and_branches);
  tcase_add_test(t, inout_is_assigned);
  tcase_add_test(t, structs_are_items);
  return t;
}
