#include "tests/unit/unit.h"

#include "compiler/json.h"
#include "compiler/number.h"

#include <string.h>

START_TEST(json_reads_what_it_should)
{
  MdlArena *arena = mdl_arena_create();
  const char *text = " {\"w\": [1, -2.5e+3, nan, -inf], \"b\\n\": {\"c\": [true, null, []]}, "
                     "\"\\u00e9\\ud83d\\ude00\": \"x\"} ",
             *why;
  MdlJson *v = mdl_json_read(arena, text, strlen(text), &why);
  ck_assert_msg(v != NULL, "%s", why);
  ck_assert_int_eq(v->count, 3);
  ck_assert_str_eq(v->key[1], "b\n");
  ck_assert_str_eq(v->key[2], "\xc3\xa9\xf0\x9f\x98\x80");
  ck_assert_str_eq(v->item[0].item[1].text, "-2.5e+3");
  ck_assert_str_eq(v->item[0].item[3].text, "-inf");
  ck_assert_int_eq(v->item[1].item[0].item[2].kind, MDL_JSON_list);
  mdl_arena_destroy(arena);
}
END_TEST

START_TEST(json_refuses_what_it_should)
{
  static const char *const bad[] = {"",
                                    "[",
                                    "[1,",
                                    "[1,]",
                                    "{\"a\"}",
                                    "{\"a\":1,}",
                                    "{a:1}",
                                    "01",
                                    "1.",
                                    ".5",
                                    "+1",
                                    "1e",
                                    "\"",
                                    "\"\\x\"",
                                    "\"\\u12\"",
                                    "\"\\ud800\"",
                                    "\"\\u0000\"",
                                    "1 2",
                                    "tru",
                                    "{\"a\":1,\"a\":2}",
                                    "[1}",
                                    "\"\n\"",
                                    "nanx",
                                    "--1",
                                    "\"\\",
                                    "-"};
  MdlArena *arena = mdl_arena_create();
  const char *why;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    why = NULL;
    ck_assert_msg(!mdl_json_read(arena, bad[i], strlen(bad[i]), &why), "read %s", bad[i]);
    ck_assert_ptr_nonnull(why);
  }
  mdl_arena_destroy(arena);
}
END_TEST

START_TEST(json_depth_is_bounded)
{
  MdlArena *arena = mdl_arena_create();
  static char deep[2][100000];
  const char *why = NULL;
  memset(deep[0], '[', sizeof deep[0]);
  for (size_t i = 0; i + 5 < sizeof deep[1]; i += 5) memcpy(deep[1] + i, "{\"a\":", 5);
  for (int i = 0; i < 2; i++) {
    ck_assert_ptr_null(mdl_json_read(arena, deep[i], sizeof deep[i] - 5, &why));
    ck_assert_msg(strstr(why, "256") != NULL, "%s", why);
  }
  mdl_arena_destroy(arena);
}
END_TEST

START_TEST(numbers_are_written_as_people_write_them)
{
  static const struct {
    MdlDtype dtype;
    const char *in, *out;
  } cases[] = {{MDL_f32, "15", "15"},
               {MDL_f32, "0.1", "0.1"},
               {MDL_f64, "0.1", "0.1"},
               {MDL_f32, "1e-7", "1e-7"},
               {MDL_f32, "-0", "-0"},
               {MDL_f32, "123456789", "123456790"},
               {MDL_f64, "1e15", "1000000000000000"},
               {MDL_f64, "1e16", "1e16"},
               {MDL_f64, "0.0001", "0.0001"},
               {MDL_f64, "1.25e-5", "1.25e-5"},
               {MDL_f16, "65504", "65500"},
               {MDL_bf16, "3.14159", "3.14"},
               {MDL_f64, "nan", "nan"},
               {MDL_f16, "-inf", "-inf"},
               {MDL_i8, "-128", "-128"},
               {MDL_u8, "2.0", "2"},
               {MDL_u64, "18446744073709551615", "18446744073709551615"},
               {MDL_i64, "-9223372036854775808", "-9223372036854775808"},
               {MDL_bool, "true", "true"}};
  MdlArena *arena = mdl_arena_create();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned char cell[8];
    ck_assert_msg(mdl_number_read(cases[i].dtype, cases[i].in, cell), "%s", cases[i].in);
    ck_assert_str_eq(mdl_number_text(arena, cases[i].dtype, cell), cases[i].out);
  }
  mdl_arena_destroy(arena);
}
END_TEST

START_TEST(numbers_that_do_not_fit_are_refused)
{
  static const struct {
    MdlDtype dtype;
    const char *in;
  } cases[] = {{MDL_i8, "128"},
               {MDL_i8, "-129"},
               {MDL_u8, "-1"},
               {MDL_u8, "300"},
               {MDL_i32, "0.5"},
               {MDL_i32, "nan"},
               {MDL_f32, "1e39"},
               {MDL_f16, "65520"},
               {MDL_bool, "1"},
               {MDL_f32, "true"},
               {MDL_u64, "18446744073709551616"},
               {MDL_i64, "9223372036854775808"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned char cell[8];
    ck_assert_msg(!mdl_number_read(cases[i].dtype, cases[i].in, cell), "%s", cases[i].in);
  }
}
END_TEST

/* Every f16 and bf16, and f32 from everywhere. */
START_TEST(shortest_digits_read_back)
{
  MdlArena *arena = mdl_arena_create();
  uint32_t state = 1;
  for (uint32_t i = 0; i < 65536; i++) {
    for (MdlDtype dtype = MDL_f16; dtype <= MDL_f32; dtype++) {
      uint32_t bits = i, back = 0;
      if (dtype == MDL_f32) bits = state = state * 1664525u + 1013904223u;
      const char *text = mdl_number_text(arena, dtype, &bits);
      if (!strcmp(text, "nan")) continue;
      ck_assert_msg(mdl_number_read(dtype, text, &back), "%s", text);
      ck_assert_msg(back == bits, "%s %x", text, bits);
    }
  }
  mdl_arena_destroy(arena);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("json");
  tcase_add_test(t, json_reads_what_it_should);
  tcase_add_test(t, json_refuses_what_it_should);
  tcase_add_test(t, json_depth_is_bounded);
  tcase_add_test(t, numbers_are_written_as_people_write_them);
  tcase_add_test(t, numbers_that_do_not_fit_are_refused);
  tcase_add_test(t, shortest_digits_read_back);
  return t;
}
