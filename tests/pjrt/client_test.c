/* The client on XLA's CPU plugin. The programs are written by hand: what mdlc writes is tested in
 * tests/hlo. */
#include "runtime/pjrt.h"
#include "tests/pjrt/write_proto.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef CPU_PLUGIN
#define CPU_PLUGIN ""
#endif

static mdl_pjrt *pjrt;
static mdl_pjrt_program *program;
static mdl_pjrt_interface io;
static mdl_pjrt_leaf argument[8], result[8];

static void must(mdl_pjrt_status status) { ck_assert_msg(!status, "%s", mdl_pjrt_error(pjrt)); }

static void setup(void)
{
  pjrt = mdl_pjrt_create();
  program = NULL;
  io = (mdl_pjrt_interface){0, 0, argument, result, -1};
  must(mdl_pjrt_load(pjrt, CPU_PLUGIN));
  must(mdl_pjrt_start(pjrt));
}

static void teardown(void)
{
  mdl_pjrt_program_destroy(program);
  mdl_pjrt_destroy(pjrt);
}

static mdl_pjrt_leaf leaf(const char *name, mdl_element element, int rank, int64_t a, int64_t b)
{
  mdl_pjrt_leaf l = {(char *)(uintptr_t)name, element, rank, {a, b}, -1};
  return l;
}

static mdl_pjrt_status compile(const char *code)
{
  mdl_pjrt_source source = {code, strlen(code), "mlir", &io, 0};
  return mdl_pjrt_compile(pjrt, &source, &program);
}

static mdl_pjrt_buffer *put(const mdl_pjrt_leaf *l, const void *data)
{
  mdl_array array = {.element = l->element, .rank = l->rank, .data = data};
  mdl_pjrt_buffer *buffer;
  memcpy(array.shape, l->shape, sizeof array.shape);
  must(mdl_pjrt_put(pjrt, &array, &buffer));
  return buffer;
}

#define MAIN(in, out, body) \
  "module @m {\n  func.func public @main(" in ") -> (" out ") {\n" body "  }\n}\n"
/* a + b of that type. */
static const char *add_of(const char *type)
{
  static char code[2048];
  snprintf(code, sizeof code,
           MAIN("%%a: %s, %%b: %s", "%s",
                "    %%r = \"stablehlo.add\"(%%a, %%b) : (%s, %s) -> %s\n"
                "    \"func.return\"(%%r) : (%s) -> ()\n"),
           type, type, type, type, type, type, type);
  return code;
}

/* a + b of 2x3 in every dtype: 1 + 1 everywhere, as bytes. */
static const struct {
  const char *type;
  unsigned char one[8], two[8];
} dtypes[MDL_ELEMENTS] = {
    [MDL_BOOL] = {"tensor<2x3xi1>", {1}, {1}},
    [MDL_I8] = {"tensor<2x3xi8>", {1}, {2}},
    [MDL_I16] = {"tensor<2x3xi16>", {1}, {2}},
    [MDL_I32] = {"tensor<2x3xi32>", {1}, {2}},
    [MDL_I64] = {"tensor<2x3xi64>", {1}, {2}},
    [MDL_U8] = {"tensor<2x3xui8>", {1}, {2}},
    [MDL_U16] = {"tensor<2x3xui16>", {1}, {2}},
    [MDL_U32] = {"tensor<2x3xui32>", {1}, {2}},
    [MDL_U64] = {"tensor<2x3xui64>", {1}, {2}},
    [MDL_F16] = {"tensor<2x3xf16>", {0, 0x3c}, {0, 0x40}},
    [MDL_BF16] = {"tensor<2x3xbf16>", {0x80, 0x3f}, {0, 0x40}},
    [MDL_F32] = {"tensor<2x3xf32>", {0, 0, 0x80, 0x3f}, {0, 0, 0, 0x40}},
    [MDL_F64] = {"tensor<2x3xf64>", {0, 0, 0, 0, 0, 0, 0xf0, 0x3f}, {0, 0, 0, 0, 0, 0, 0, 0x40}},
};

START_TEST(every_dtype_goes_there_and_back)
{
  mdl_element e = (mdl_element)_i;
  size_t bytes = mdl_element_bytes(e);
  unsigned char data[48], back[48];
  mdl_pjrt_buffer *in[2], *out[1];
  mdl_status status;
  for (size_t i = 0; i < 6; i++) memcpy(data + i * bytes, dtypes[e].one, bytes);
  io.arguments = 2, io.results = 1;
  argument[0] = leaf("a", e, 2, 2, 3), argument[1] = leaf("b", e, 2, 2, 3);
  result[0] = leaf("out", e, 2, 2, 3);
  must(compile(add_of(dtypes[e].type)));
  in[0] = put(&argument[0], data), in[1] = put(&argument[1], data);
  must(mdl_pjrt_run(program, in, out, &status));
  must(mdl_pjrt_get(out[0], back, 6 * bytes));
  for (size_t i = 0; i < 6; i++) ck_assert_mem_eq(back + i * bytes, dtypes[e].two, bytes);
  ck_assert_int_eq(status, MDL_OK);
  mdl_pjrt_buffer_destroy(in[0]), mdl_pjrt_buffer_destroy(in[1]), mdl_pjrt_buffer_destroy(out[0]);
}
END_TEST

static void two_floats(void)
{
  io.arguments = 2, io.results = 1;
  argument[0] = leaf("a", MDL_F32, 1, 4, 0), argument[1] = leaf("b", MDL_F32, 1, 4, 0);
  result[0] = leaf("out", MDL_F32, 1, 4, 0);
}

START_TEST(an_argument_must_be_what_the_manifest_says)
{
  static const mdl_pjrt_leaf none;
  static const char zeros[64];
  mdl_pjrt_leaf wrong[] = {leaf("", MDL_I32, 1, 4, 0), leaf("", MDL_F32, 2, 2, 2),
                           leaf("", MDL_F32, 1, 3, 0), leaf("", MDL_F64, 1, 4, 0), none};
  static const char *const words[] = {"argument 1, `b`, is f32[4]; got i32[4]", "got f32[2, 2]",
                                      "got f32[3]", "got f64[4]", "got bool"};
  mdl_pjrt_buffer *in[2], *out[1];
  mdl_status status;
  two_floats();
  must(compile(add_of("tensor<4xf32>")));
  in[0] = put(&argument[0], zeros);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    in[1] = put(&wrong[i], zeros);
    ck_assert_int_eq(mdl_pjrt_run(program, in, out, &status), MDL_PJRT_MISMATCH);
    ck_assert_msg(strstr(mdl_pjrt_error(pjrt), words[i]), "%s", mdl_pjrt_error(pjrt));
    ck_assert_ptr_null(out[0]);
    mdl_pjrt_buffer_destroy(in[1]);
  }
  in[1] = NULL;
  ck_assert_int_eq(mdl_pjrt_run(program, in, out, &status), MDL_PJRT_MISMATCH);
  ck_assert_ptr_nonnull(strstr(mdl_pjrt_error(pjrt), "is missing"));
  mdl_pjrt_buffer_destroy(in[0]);
}
END_TEST

START_TEST(a_program_must_be_what_the_manifest_says)
{
  static const char *const words[] = {
      "argument 1, `b`: the manifest says i32[4], the program has f32[4]",
      "argument 0, `a`: the manifest says f32[5], the program has f32[4]",
      "says 1 arguments, the program has 2",
      "says 3 arguments, the program has 2",
      "says 2 results, the program has 1",
      "result 0, `out`: the manifest says f64[4]"};
  for (int i = 0; i < 6; i++) {
    two_floats();
    if (i == 0) argument[1].element = MDL_I32;
    if (i == 1) argument[0].shape[0] = 5;
    if (i == 2) io.arguments = 1;
    if (i == 3) io.arguments = 3, argument[2] = argument[1];
    if (i == 4) io.results = 2, result[1] = result[0];
    if (i == 5) result[0].element = MDL_F64;
    ck_assert_int_eq(compile(add_of("tensor<4xf32>")), MDL_PJRT_MISMATCH);
    ck_assert_ptr_null(program);
    ck_assert_msg(strstr(mdl_pjrt_error(pjrt), words[i]), "%s", mdl_pjrt_error(pjrt));
    ck_assert_str_eq(mdl_pjrt_help(pjrt), "program and manifest come from one run of mdlc");
  }
}
END_TEST

#define MAX                                                                                        \
  MAIN(                                                                                            \
      "%a: tensor<4xf32>, %b: tensor<4xf32>", "tensor<4xf32>",                                     \
      "    %r = \"stablehlo.maximum\"(%a, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>\n" \
      "    \"func.return\"(%r) : (tensor<4xf32>) -> ()\n")

START_TEST(max_keeps_nan)
{
  static const float a[4] = {1, NAN, 3, -1}, b[4] = {NAN, 2, 2, -2};
  float got[4];
  mdl_pjrt_buffer *in[2], *out[1];
  mdl_status status;
  two_floats();
  must(compile(MAX));
  in[0] = put(&argument[0], a), in[1] = put(&argument[1], b);
  must(mdl_pjrt_run(program, in, out, &status));
  must(mdl_pjrt_get(out[0], got, sizeof got));
  ck_assert(isnan(got[0]) && isnan(got[1]) && got[2] == 3 && got[3] == -1);
  mdl_pjrt_buffer_destroy(in[0]), mdl_pjrt_buffer_destroy(in[1]), mdl_pjrt_buffer_destroy(out[0]);
}
END_TEST

/* m += x, and returns m's old value and a status of x[0]. */
#define STEP                                                                                    \
  MAIN("%m: tensor<4xf32> {tf.aliasing_output = 1 : i32}, %x: tensor<4xf32>",                   \
       "tensor<4xf32>, tensor<4xf32>, tensor<i32>",                                             \
       "    %n = \"stablehlo.add\"(%m, %x) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>\n" \
       "    %d = \"stablehlo.subtract\"(%n, %x) : (tensor<4xf32>, tensor<4xf32>) -> "           \
       "tensor<4xf32>\n"                                                                        \
       "    %f = \"stablehlo.slice\"(%x) <{start_indices = array<i64: 0>, limit_indices = "     \
       "array<i64: 1>, strides = array<i64: 1>}> : (tensor<4xf32>) -> tensor<1xf32>\n"          \
       "    %s = \"stablehlo.reshape\"(%f) : (tensor<1xf32>) -> tensor<f32>\n"                  \
       "    %i = \"stablehlo.convert\"(%s) : (tensor<f32>) -> tensor<i32>\n"                    \
       "    \"func.return\"(%d, %n, %i) : (tensor<4xf32>, tensor<4xf32>, tensor<i32>) -> ()\n")

START_TEST(inout_is_updated_in_its_memory)
{
  static const float m[4] = {1, 2, 3, 4}, x[4] = {515, 1, 1, 1};
  float got[4];
  mdl_pjrt_buffer *in[2], *out[1];
  mdl_status status;
  io.arguments = 2, io.results = 3, io.status = 2;
  argument[0] = leaf("m", MDL_F32, 1, 4, 0), argument[1] = leaf("x", MDL_F32, 1, 4, 0);
  argument[0].alias = 1;
  result[0] = leaf("out", MDL_F32, 1, 4, 0), result[1] = leaf("m", MDL_F32, 1, 4, 0);
  result[2] = leaf("status", MDL_I32, 0, 0, 0);
  ck_assert_int_eq(mdl_pjrt_result_count(&io), 1);
  must(compile(STEP));
  in[0] = put(&argument[0], m), in[1] = put(&argument[1], x);
  for (int round = 1; round <= 3; round++) {
    must(mdl_pjrt_run(program, in, out, &status));
    ck_assert_int_eq(MDL_STATUS_CODE(status), MDL_BAD_ASSERT);
    ck_assert_int_eq(MDL_STATUS_LINE(status), 2);
    must(mdl_pjrt_get(in[0], got, sizeof got));
    ck_assert(got[0] == 1 + 515 * (float)round && got[3] == 4 + (float)round);
    must(mdl_pjrt_get(out[0], got, sizeof got));
    ck_assert(got[0] == 1 + 515 * (float)(round - 1) && got[1] == 2 + (float)(round - 1));
    mdl_pjrt_buffer_destroy(out[0]);
  }
  ck_assert_int_eq(mdl_pjrt_get(in[1], got, 12), MDL_PJRT_MISMATCH);
  ck_assert_ptr_nonnull(strstr(mdl_pjrt_error(pjrt), "f32[4], which is 16 bytes; wanted are 12"));
  in[0] = in[1] = (mdl_pjrt_buffer_destroy(in[0]), in[1]); /* given away and read at once */
  ck_assert_int_eq(mdl_pjrt_run(program, in, out, &status), MDL_PJRT_RUN);
  ck_assert_int_eq(mdl_pjrt_get(in[0], got, sizeof got), MDL_PJRT_RUN);
  ck_assert_ptr_nonnull(strstr(mdl_pjrt_error(pjrt), "went into a call that failed"));
  mdl_pjrt_buffer_destroy(in[0]);
}
END_TEST

START_TEST(an_error_of_the_program_names_its_place)
{
  two_floats();
  ck_assert_int_eq(compile(MAIN("%a: tensor<4xf32>, %b: tensor<5xf32>", "tensor<4xf32>",
                                "    %r = \"stablehlo.add\"(%a, %b) : (tensor<4xf32>, "
                                "tensor<5xf32>) -> tensor<4xf32> loc(\"sum.mdl\":3:7)\n"
                                "    \"func.return\"(%r) : (tensor<4xf32>) -> ()\n")),
                   MDL_PJRT_PROGRAM);
  ck_assert_str_eq(mdl_pjrt_error(pjrt),
                   "the plugin does not take the program: sum.mdl:3:7: error: 'stablehlo.add' op "
                   "requires the same shape for all operands and results");
  ck_assert_int_eq(compile(""), MDL_PJRT_PROGRAM);
  ck_assert_int_eq(compile("module {"), MDL_PJRT_PROGRAM);
  ck_assert_ptr_null(strstr(mdl_pjrt_error(pjrt), "forward incompatibility"));
}
END_TEST

/* x + x as a serialised HloModuleProto. */
static proto_bytes twice(void)
{
  static const unsigned char both[] = {1, 1};
  proto_bytes module = {{0}, 0}, main = {{0}, 0}, op = {{0}, 0}, types = {{0}, 0},
              shape = shape_of(2);
  message(&types, 1, &shape), message(&types, 2, &shape), text(&types, 3, "x");
  text(&main, 1, "main");
  text(&op, 1, "x"), text(&op, 2, "parameter"), message(&op, 3, &shape);
  number(&op, 9, 0), number(&op, 35, 1);
  message(&main, 2, &op);
  op = (proto_bytes){{0}, 0};
  text(&op, 1, "twice"), text(&op, 2, "add"), message(&op, 3, &shape);
  number(&op, 35, 2), blob(&op, 36, both, sizeof both);
  message(&main, 2, &op);
  message(&main, 4, &types), number(&main, 5, 1), number(&main, 6, 2);
  text(&module, 1, "twice"), text(&module, 2, "main");
  message(&module, 3, &main), message(&module, 4, &types);
  number(&module, 5, 1), number(&module, 6, 1);
  return module;
}

START_TEST(a_serialised_module_is_compiled)
{
  static const float x[6] = {1, 2, 3, 4, 5, 6};
  proto_bytes module = twice();
  mdl_pjrt_source source = {(const char *)module.at, module.length, "hlo", &io, 0};
  mdl_pjrt_buffer *in[1], *out[1];
  mdl_status status;
  float got[6];
  io.arguments = io.results = 1;
  argument[0] = leaf("x", MDL_F32, 2, 2, 3), result[0] = leaf("out", MDL_F32, 2, 2, 3);
  must(mdl_pjrt_compile(pjrt, &source, &program));
  in[0] = put(&argument[0], x);
  must(mdl_pjrt_run(program, in, out, &status));
  must(mdl_pjrt_get(out[0], got, sizeof got));
  for (int i = 0; i < 6; i++) ck_assert(got[i] == 2 * x[i]);
  mdl_pjrt_buffer_destroy(in[0]), mdl_pjrt_buffer_destroy(out[0]);
}
END_TEST

START_TEST(the_cpu_plugin_knows_no_tpu)
{
  const char *code = add_of("tensor<4xf32>");
  mdl_pjrt_source source = {code, strlen(code), "mlir", &io, 0};
  mdl_pjrt_report report;
  two_floats();
  ck_assert_int_ne(mdl_pjrt_check(pjrt, &source, "v5e:2x2", 1, &report), MDL_PJRT_OK);
  ck_assert_ptr_null(report.hlo);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("client");
  if (!*CPU_PLUGIN) {
    puts("skipped: XLA's CPU plugin is not installed (sh tests/install.sh)");
    exit(77);
  }
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, every_dtype_goes_there_and_back, 0, MDL_ELEMENTS);
  tcase_add_test(t, an_argument_must_be_what_the_manifest_says);
  tcase_add_test(t, a_program_must_be_what_the_manifest_says);
  tcase_add_test(t, max_keeps_nan);
  tcase_add_test(t, inout_is_updated_in_its_memory);
  tcase_add_test(t, an_error_of_the_program_names_its_place);
  tcase_add_test(t, a_serialised_module_is_compiled);
  tcase_add_test(t, the_cpu_plugin_knows_no_tpu);
  return t;
}
