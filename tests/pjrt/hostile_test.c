/* What is no plugin, or a broken one: a status, words, a next step; never an end of the process. */
#include "runtime/pjrt.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Loads FAKES/NAME.so; the caller destroys it. */
static mdl_pjrt *load(const char *name, mdl_pjrt_status wanted)
{
  char path[4096];
  mdl_pjrt *pjrt = mdl_pjrt_create();
  snprintf(path, sizeof path, "%s/%s.so", FAKES, name);
  ck_assert_ptr_nonnull(pjrt);
  mdl_pjrt_status status = mdl_pjrt_load(pjrt, path);
  ck_assert_msg(status == wanted, "%s: status %d: %s", name, status, mdl_pjrt_error(pjrt));
  return pjrt;
}

#ifndef HAVE_CLIENT

START_TEST(a_build_without_the_header_says_so)
{
  mdl_pjrt *pjrt = load("fake_no_symbol", MDL_PJRT_ABSENT);
  ck_assert_str_eq(mdl_pjrt_error(pjrt), "this build has no PJRT client");
  ck_assert_ptr_nonnull(strstr(mdl_pjrt_help(pjrt), "pjrt_c_api.h"));
  mdl_pjrt_destroy(pjrt);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("hostile");
  tcase_add_test(t, a_build_without_the_header_says_so);
  return t;
}

#else

static const struct {
  const char *name;
  mdl_pjrt_status status;
  const char *words, *help;
} wrong[] = {
    {"no_such_file", MDL_PJRT_NO_FILE, "cannot load", "pip install"},
    {"fake_no_symbol", MDL_PJRT_NO_PLUGIN, "no GetPjrtApi", "plugin"},
    {"fake_no_table", MDL_PJRT_NO_PLUGIN, "no table of functions", "plugin"},
    {"fake_short_table", MDL_PJRT_NO_PLUGIN, "no table of functions", "plugin"},
    {"fake_wrong_major", MDL_PJRT_VERSION, "speaks PJRT 1.", "pjrt_c_api.h"},
    {"fake_old", MDL_PJRT_VERSION, "has no PJRT_Client_Compile: it speaks PJRT 0.3", "newer"},
    {"fake_hole", MDL_PJRT_VERSION, "has no PJRT_Client_Compile", "newer"},
    {"fake_no_start", MDL_PJRT_START, "the fake says no", ""},
};

START_TEST(loading_it_says_why_not)
{
  mdl_pjrt *pjrt = load(wrong[_i].name, wrong[_i].status);
  ck_assert_msg(strstr(mdl_pjrt_error(pjrt), wrong[_i].words), "%s", mdl_pjrt_error(pjrt));
  ck_assert_msg(strstr(mdl_pjrt_help(pjrt), wrong[_i].help), "%s", mdl_pjrt_help(pjrt));
  ck_assert_int_eq(mdl_pjrt_start(pjrt), MDL_PJRT_START);
  ck_assert_str_eq(mdl_pjrt_error(pjrt), "no plugin is loaded");
  mdl_pjrt_destroy(pjrt);
}
END_TEST

START_TEST(a_text_file_is_no_plugin)
{
  mdl_pjrt *pjrt = mdl_pjrt_create();
  ck_assert_str_eq(mdl_pjrt_error(pjrt), "");
  ck_assert_str_eq(mdl_pjrt_error(NULL), "out of memory");
  ck_assert_int_eq(mdl_pjrt_load(pjrt, __FILE__), MDL_PJRT_NO_FILE);
  ck_assert_ptr_nonnull(strstr(mdl_pjrt_error(pjrt), __FILE__));
  ck_assert_int_eq(mdl_pjrt_load(pjrt, "/"), MDL_PJRT_NO_FILE);
  ck_assert_int_eq(mdl_pjrt_load(pjrt, ""), MDL_PJRT_NO_FILE);
  mdl_pjrt_destroy(pjrt);
}
END_TEST

START_TEST(one_plugin_for_each_client)
{
  mdl_pjrt *pjrt = load("fake_no_device", MDL_PJRT_OK);
  ck_assert_int_eq(mdl_pjrt_load(pjrt, "another.so"), MDL_PJRT_NO_PLUGIN);
  ck_assert_ptr_nonnull(strstr(mdl_pjrt_error(pjrt), "is loaded already"));
  mdl_pjrt_destroy(pjrt);
}
END_TEST

START_TEST(starting_it_says_why_not)
{
  mdl_pjrt_interface io = {0, 0, NULL, NULL, -1};
  mdl_pjrt_source source = {"", 0, "mlir", &io, 0};
  mdl_pjrt_program *program;
  mdl_pjrt *pjrt = load("fake_no_client", MDL_PJRT_OK);
  ck_assert_int_eq(mdl_pjrt_compile(pjrt, &source, &program), MDL_PJRT_START);
  ck_assert_int_eq(mdl_pjrt_start(pjrt), MDL_PJRT_START);
  ck_assert_ptr_nonnull(strstr(mdl_pjrt_error(pjrt), "fake_no_client.so: the fake says no"));
  ck_assert_ptr_nonnull(strstr(mdl_pjrt_help(pjrt), "is the machine there"));
  mdl_pjrt_destroy(pjrt);
  pjrt = load("fake_no_device", MDL_PJRT_OK);
  ck_assert_int_eq(mdl_pjrt_start(pjrt), MDL_PJRT_START);
  ck_assert_ptr_nonnull(strstr(mdl_pjrt_error(pjrt), "finds no device"));
  mdl_pjrt_destroy(pjrt);
}
END_TEST

START_TEST(checking_says_why_not)
{
  mdl_pjrt_interface io = {0, 0, NULL, NULL, -1};
  mdl_pjrt_source source = {"", 0, "mlir", &io, 0};
  mdl_pjrt_report report;
  mdl_pjrt *pjrt = mdl_pjrt_create();
  ck_assert_int_eq(mdl_pjrt_check(pjrt, &source, "v5e:2x2", 0, &report), MDL_PJRT_START);
  mdl_pjrt_destroy(pjrt);
  pjrt = load("fake_only_runs", MDL_PJRT_OK);
  ck_assert_int_eq(mdl_pjrt_check(pjrt, &source, "v5e:2x2", 0, &report), MDL_PJRT_VERSION);
  ck_assert_ptr_nonnull(strstr(mdl_pjrt_error(pjrt), "GetCompiledMemoryStats"));
  mdl_pjrt_destroy(pjrt);
  pjrt = load("fake_no_device", MDL_PJRT_OK);
  ck_assert_int_eq(mdl_pjrt_check(pjrt, &source, "nowhere", 0, &report), MDL_PJRT_TOPOLOGY);
  ck_assert_ptr_nonnull(strstr(mdl_pjrt_help(pjrt), "v5e:2x2"));
  ck_assert_int_eq(mdl_pjrt_check(pjrt, &source, "v5e:2x2", 0, &report), MDL_PJRT_PROGRAM);
  mdl_pjrt_report_free(&report);
  mdl_pjrt_destroy(pjrt);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("hostile");
  tcase_add_loop_test(t, loading_it_says_why_not, 0, (int)(sizeof wrong / sizeof *wrong));
  tcase_add_test(t, a_text_file_is_no_plugin);
  tcase_add_test(t, one_plugin_for_each_client);
  tcase_add_test(t, starting_it_says_why_not);
  tcase_add_test(t, checking_says_why_not);
  return t;
}

#endif
