/* The manifest of an HLO program: any bytes may be handed to its reader. */
#include "runtime/pjrt.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static const char good[] =
    "{\"entries\": [{\"name\": \"init\", \"args\": [], \"results\": []},"
    " {\"name\": \"train\", \"line\": 26, \"args\": ["
    "{\"name\": \"m.w\", \"dtype\": \"f32\", \"shape\": [64, 10], \"alias\": 1},"
    " {\"name\": \"y\", \"dtype\": \"i32\", \"shape\": []}],"
    " \"results\": [{\"name\": \"out\", \"dtype\": \"f64\", \"shape\": [0]},"
    " {\"shape\": [64,10], \"name\": \"m.w\", \"dtype\": \"f32\"},"
    " {\"name\": \"status\", \"dtype\": \"i32\", \"shape\": []}],"
    " \"status\": 2, \"checks\": [{\"code\": \"a]}\", \"line\": 3, \"what\": [1, {\"x\": "
    "null}]}]}]}\n";

START_TEST(a_manifest_is_read)
{
  mdl_pjrt_interface io;
  const char *why = mdl_pjrt_manifest_read(good, strlen(good), "train", &io);
  ck_assert_msg(!why, "%s", why);
  ck_assert_int_eq(io.arguments, 2);
  ck_assert_str_eq(io.argument[0].name, "m.w");
  ck_assert_int_eq(io.argument[0].element, MDL_F32);
  ck_assert_int_eq(io.argument[0].rank, 2);
  ck_assert_int_eq(io.argument[0].shape[0], 64);
  ck_assert_int_eq(io.argument[0].shape[1], 10);
  ck_assert_int_eq(io.argument[0].alias, 1);
  ck_assert_int_eq(io.argument[1].element, MDL_I32);
  ck_assert_int_eq(io.argument[1].rank, 0);
  ck_assert_int_eq(io.argument[1].alias, -1);
  ck_assert_int_eq(io.results, 3);
  ck_assert_int_eq(io.result[0].element, MDL_F64);
  ck_assert_int_eq(io.result[0].shape[0], 0);
  ck_assert_int_eq(io.status, 2);
  ck_assert_int_eq(mdl_pjrt_result_count(&io), 1);
  mdl_pjrt_interface_free(&io);
}
END_TEST

/* In a copy of exactly that length, so that a sanitizer sees a read past it. */
static const char *read_exactly(const char *text, size_t length, const char *entry)
{
  char *copy = malloc(length ? length : 1);
  mdl_pjrt_interface io;
  memcpy(copy, text, length);
  const char *why = mdl_pjrt_manifest_read(copy, length, entry, &io);
  ck_assert(!why || (!io.arguments && !io.results && io.status == -1));
  mdl_pjrt_interface_free(&io);
  free(copy);
  return why;
}

START_TEST(a_part_of_a_manifest_is_refused)
{
  for (size_t length = 0; length + 1 < sizeof good - 1; length++)
    ck_assert_msg(read_exactly(good, length, "train"), "%zu bytes", length);
}
END_TEST

START_TEST(one_wrong_byte_does_no_harm)
{
  static const char bytes[] = {0,   '"', '{', '}',  '[', ']',       ',',
                               ':', '9', '-', '\\', 'u', (char)0xff};
  char text[sizeof good];
  for (size_t i = 0; i < sizeof good - 1; i++)
    for (size_t k = 0; k < sizeof bytes; k++) {
      memcpy(text, good, sizeof good);
      text[i] = bytes[k];
      read_exactly(text, sizeof good - 1, k & 1 ? "train" : NULL);
    }
}
END_TEST

#define ENTRY(args, results, rest) \
  "{\"entries\": [{\"name\": \"f\", \"args\": [" args "], \"results\": [" results "]" rest "}]}"
#define X(rest) "{\"name\": \"x\", \"dtype\": \"f32\", \"shape\": [2]" rest "}"
#define S "{\"name\": \"s\", \"dtype\": \"i32\", \"shape\": []}"

START_TEST(what_is_wrong_is_said)
{
  static const struct {
    const char *text, *entry, *why; /* NULL: good */
  } cases[] = {
      {ENTRY(X(""), X(""), ""), NULL, NULL},
      {ENTRY(X(", \"alias\": null"), X(""), ", \"status\": null"), "f", NULL},
      {ENTRY(X(", \"alias\": 0"), X(""), ""), NULL, NULL},
      {ENTRY(X(""), S, ", \"status\": 0"), NULL, NULL},
      {ENTRY(X(""), X(""), ""), "g", "no entry of that name"},
      {"{\"entries\": []}", NULL, "no entry"},
      {"{}", NULL, "no manifest"},
      {"", NULL, "no manifest"},
      {"[]", NULL, "no manifest"},
      {"null", NULL, "no manifest"},
      {good, NULL, "several entries"},
      {ENTRY(X(", \"alias\": 1"), X(""), ""), NULL, "alias"},
      {ENTRY(X(", \"alias\": 0"), S, ""), NULL, "alias"},
      {ENTRY(X(", \"alias\": 0"), S ", " X(""), ", \"status\": 0"), NULL, "alias"},
      {ENTRY(X(", \"alias\": 0") ", " X(", \"alias\": 0"), X(""), ""), NULL, "one alias"},
      {ENTRY(X(""), X(""), ", \"status\": 0"), NULL, "status"},
      {ENTRY(X(""), S, ", \"status\": 1"), NULL, "status"},
      {ENTRY("{\"name\": \"x\", \"dtype\": \"f8\", \"shape\": []}", "", ""), NULL, "dtype"},
      {ENTRY("{\"name\": \"x\", \"dtype\": \"f32\"}", "", ""), NULL, "no manifest"},
      {ENTRY("{\"name\": \"x\", \"dtype\": \"f32\", \"shape\": [-1]}", "", ""), NULL,
       "no manifest"},
      {ENTRY("{\"name\": \"x\", \"dtype\": \"f32\", \"shape\": [4294967296, 4294967296]}", "", ""),
       NULL, "memory"},
      {ENTRY(
           "{\"name\": \"x\", \"dtype\": \"f32\", \"shape\": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}",
           "", ""),
       NULL, "no manifest"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *why = read_exactly(cases[i].text, strlen(cases[i].text), cases[i].entry);
    if (!cases[i].why)
      ck_assert_msg(!why, "case %zu: %s", i, why);
    else
      ck_assert_msg(why && strstr(why, cases[i].why), "case %zu: %s", i, why ? why : "fine");
  }
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("manifest");
  tcase_add_test(t, a_manifest_is_read);
  tcase_add_test(t, a_part_of_a_manifest_is_refused);
  tcase_add_test(t, one_wrong_byte_does_no_harm);
  tcase_add_test(t, what_is_wrong_is_said);
  return t;
}
