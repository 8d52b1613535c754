#include "tests/unit/unit.h"

#include "ir/diag.h"

#include <string.h>

static const char *best[3];

static int similar(const char *name, int count, const char *const *names) {
  return mdl_did_you_mean(NULL, name, names, count, best, 3);
}

START_TEST(nearest_first_ties_by_name) {
  const char *names[] = {"sofsign", "softplus", "softsing", "softsinh", "softsinj", "softmax"};
  ck_assert_int_eq(similar("softsign", 6, names), 3);
  ck_assert_str_eq(best[0], "sofsign");
  ck_assert_str_eq(best[1], "softsing");
  ck_assert_str_eq(best[2], "softsinh");
}
END_TEST

START_TEST(a_swap_is_one_edit) {
  ck_assert_int_eq(similar("gleu", 1, (const char *const[]){"gelu"}), 1);
  ck_assert_int_eq(similar("gleu", 1, (const char *const[]){"lgue"}), 0);
}
END_TEST

START_TEST(short_names_need_one_letter_in_common) {
  ck_assert_int_eq(similar("a", 1, (const char *const[]){"b"}), 0);
  ck_assert_int_eq(similar("ab", 1, (const char *const[]){"ac"}), 1);
}
END_TEST

START_TEST(the_same_name_twice_is_one) {
  ck_assert_int_eq(similar("lerp_", 2, (const char *const[]){"lerp", "lerp"}), 1);
}
END_TEST

START_TEST(words_of_others) {
  ck_assert_str_eq(mdl_foreign("keepdims"), "keep");
  ck_assert_str_eq(mdl_foreign("^"), "**");
  ck_assert_ptr_null(mdl_foreign("return")); /* advice, no word */
  ck_assert_ptr_null(mdl_foreign("loss"));
}
END_TEST

TCase *tests(void) {
  TCase *t = tcase_create("suggest");
  tcase_add_test(t, nearest_first_ties_by_name);
  tcase_add_test(t, a_swap_is_one_edit);
  tcase_add_test(t, short_names_need_one_letter_in_common);
  tcase_add_test(t, the_same_name_twice_is_one);
  tcase_add_test(t, words_of_others);
  return t;
}
