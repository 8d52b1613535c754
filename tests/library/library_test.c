/* libmdlc through nothing but mdlc.h and the shared library: outputs in memory, reports by
 * callback, many threads at once. */
#include "compiler/mdlc.h"

#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char quadratic[] = "entry fn f(x: f32) -> f32 = x**2 + 3*x + 5\n"
                                "entry df = grad(f)\nentry dfs = vmap(grad(f))\n";

typedef struct Heard {
  char text[4096];
  int count;
} Heard;

static void hear(void *user, const char *text, size_t length)
{
  Heard *heard = user;
  heard->count++;
  strncat(heard->text, text, length < 1000 ? length : 1000);
}

static mdlc_request request_of(const char *name, const char *source, int count,
                               const char *const *options)
{
  mdlc_request r = {.name = name, .source = source, .length = strlen(source)};
  r.options = options;
  r.option_count = count;
  return r;
}

START_TEST(outputs_come_in_memory)
{
  const char *options[] = {"--emit=c,header,ir", "-O2"};
  mdlc_request r = request_of("quadratic.mdl", quadratic, 2, options);
  mdlc_result *result = mdlc_compile(&r);
  size_t length;
  ck_assert_int_eq(mdlc_status(result), MDLC_OK);
  ck_assert_int_eq(mdlc_output_count(result), 3);
  ck_assert_str_eq(mdlc_output_kind(result, 1), "header");
  const char *header = mdlc_output(result, 1, &length);
  ck_assert_uint_eq(strlen(header), length);
  ck_assert_ptr_nonnull(strstr(header, "mdl_status quadratic_df(float x,"));
  ck_assert_ptr_nonnull(strstr(mdlc_output(result, 2, &length), "2*x + 3"));
  mdlc_free(result);
}
END_TEST

START_TEST(an_object_is_the_default)
{
  mdlc_request r = request_of("quadratic.mdl", quadratic, 0, NULL);
  mdlc_result *result = mdlc_compile(&r);
  size_t length;
  ck_assert_int_eq(mdlc_status(result), MDLC_OK);
  ck_assert_mem_eq(mdlc_output(result, 0, &length), "\177ELF", 4);
  mdlc_free(result);
}
END_TEST

START_TEST(mistakes_are_told_by_callback)
{
  Heard heard = {0};
  mdlc_request r = request_of("bad.mdl", "entry fn f(x: f32) -> f32 = y\n", 0, NULL);
  r.report = hear;
  r.user = &heard;
  mdlc_result *result = mdlc_compile(&r);
  ck_assert_int_eq(mdlc_status(result), MDLC_PROGRAM);
  ck_assert_int_eq(mdlc_output_count(result), 0);
  ck_assert_ptr_nonnull(strstr(heard.text, "bad.mdl:1:29: error[E0201]: unknown name `y`"));
  mdlc_free(result);
}
END_TEST

START_TEST(options_are_checked)
{
  const char *bad[] = {"--emti=c", "-O9", "run", "other.mdl", "--emit=nothing", "-Wnothing"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    Heard heard = {0};
    mdlc_request r = request_of("quadratic.mdl", quadratic, 1, &bad[i]);
    r.report = hear;
    r.user = &heard;
    mdlc_result *result = mdlc_compile(&r);
    ck_assert_msg(mdlc_status(result) == MDLC_USAGE, "%s", bad[i]);
    ck_assert_ptr_nonnull(strstr(heard.text, "error[E0810]"));
    mdlc_free(result);
  }
}
END_TEST

static const char *give(void *user, const char *path, size_t *length)
{
  static const char text[] = "fn twice(x: f32) -> f32 = 2*x\n";
  (void)user;
  if (strcmp(path, "parts/numbers.mdl")) return NULL;
  *length = sizeof text - 1;
  return text;
}

START_TEST(imports_come_from_the_caller)
{
  const char *source = "import parts.numbers: twice\nentry fn f(x: f32) -> f32 = twice(x)\n";
  mdlc_request r = request_of("f.mdl", source, 0, NULL);
  mdlc_result *result = mdlc_compile(&r);
  ck_assert_int_eq(mdlc_status(result), MDLC_PROGRAM);
  mdlc_free(result);
  r.load = give;
  result = mdlc_compile(&r);
  ck_assert_int_eq(mdlc_status(result), MDLC_OK);
  mdlc_free(result);
}
END_TEST

static void hear_error(void *user, const char *text, size_t length)
{
  (void)user;
  fwrite(text, 1, length, stderr);
}

/* Each thread compiles for its own target; all results are those of one thread alone. */
static const char *const targets[] = {"-mcpu=x86-64", "-mcpu=x86-64-v3",
                                      "--target=aarch64-linux-gnu",
                                      "--target=thumbv7em-none-eabihf"};

static mdlc_result *compile_for(int i)
{
  const char *options[] = {"-c", targets[i % 4]};
  mdlc_request r = request_of("quadratic.mdl", quadratic, 2, options);
  r.report = hear_error;
  return mdlc_compile(&r);
}

static void *compile_some(void *user)
{
  const int first = *(int *)user;
  for (int i = 0; i < 2; i++) {
    size_t length[2];
    mdlc_result *a = compile_for(first + i), *b = compile_for(first + i);
    const void *one = mdlc_output(a, 0, &length[0]), *two = mdlc_output(b, 0, &length[1]);
    if (mdlc_status(a) || mdlc_status(b)) return (void *)"an error";
    if (length[0] != length[1] || memcmp(one, two, length[0])) return (void *)"other bytes";
    mdlc_free(a);
    mdlc_free(b);
  }
  return NULL;
}

START_TEST(threads_compile_at_the_same_time)
{
  pthread_t thread[8];
  int first[8];
  for (int i = 0; i < 8; i++) {
    first[i] = i;
    ck_assert_int_eq(pthread_create(&thread[i], NULL, compile_some, &first[i]), 0);
  }
  for (int i = 0; i < 8; i++) {
    void *failed;
    pthread_join(thread[i], &failed);
    ck_assert_msg(!failed, "%s", (char *)failed);
  }
}
END_TEST

int main(void)
{
  Suite *suite = suite_create("libmdlc");
  TCase *t = tcase_create("library");
  tcase_add_test(t, outputs_come_in_memory);
  tcase_add_test(t, an_object_is_the_default);
  tcase_add_test(t, mistakes_are_told_by_callback);
  tcase_add_test(t, options_are_checked);
  tcase_add_test(t, imports_come_from_the_caller);
  tcase_add_test(t, threads_compile_at_the_same_time);
  suite_add_tcase(suite, t);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed != 0;
}
