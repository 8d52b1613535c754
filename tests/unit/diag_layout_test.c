/* What the layout does with strange sources, and the order and number of reports. */
#include "tests/unit/reports.h"
#include "tests/unit/unit.h"

static void expect(MdlSession *s, const char *text)
{
  ck_assert_str_eq(printed(s, false), text);
  mdl_session_destroy(s);
}

START_TEST(tabs_run_to_the_next_fourth_cell)
{
  MdlSession *s = mdl_session_create();
  int f = source(s, "t.mdl", "\tlet\ta = gleu\n");
  mdl_error(s, MDL_E0201, nth(s, f, "gleu", 1), "name", "gleu");
  expect(s, "t.mdl:1:10: error[E0201]: unknown name `gleu`\n"
            "1 |     let a = gleu\n"
            "  |             ^^^^\n\n");
}
END_TEST

START_TEST(wide_and_combining_characters)
{
  MdlSession *s = mdl_session_create();
  int f = source(s, "t.mdl", "漢字 e\u0301 gleu\n");
  MdlReport *r = mdl_error(s, MDL_E0201, nth(s, f, "gleu", 1), "name", "gleu");
  mdl_also(r, nth(s, f, "字", 1), "two cells");
  expect(s, "t.mdl:1:7: error[E0201]: unknown name `gleu`\n"
            "1 | 漢字 e\u0301 gleu\n"
            "  |   -- two cells\n"
            "  |        ^^^^\n\n");
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
  MdlSession *s = mdl_session_create();
  int f = source(s, "t.mdl", "\xef\xbb\xbf\x01\xff gleu\r\n");
  mdl_error(s, MDL_E0201, nth(s, f, "gleu", 1), "name", "g\xff\nu");
  expect(s, "t.mdl:1:4: error[E0201]: unknown name `g\ufffd\ufffdu`\n"
            "1 | \ufffd\ufffd gleu\n"
            "  |    ^^^^\n\n");
}
END_TEST

START_TEST(long_lines_show_a_window)
{
  MdlSession *s = mdl_session_create();
  char line[400];
  memset(line, 'a', sizeof line);
  memcpy(line + 200, " gleu ", 6);
  line[399] = 0;
  int f = source(s, "t.mdl", line);
  mdl_error(s, MDL_E0201, nth(s, f, "gleu", 1), "name", "gleu");
  const char *text = printed(s, false);
  ck_assert_ptr_nonnull(strstr(text, "1 | …aaa"));
  ck_assert_ptr_nonnull(strstr(text, "aaa…\n  | "));
  const char *source_row = strstr(text, "1 | "), *mark_row = strstr(text, "  | ");
  /* The two `…` take 3 bytes and one cell each; one stands before the mark. */
  ck_assert_int_eq(strstr(source_row, "gleu") - source_row - 2,
                   strstr(mark_row, "^^^^") - mark_row);
  ck_assert_int_eq(mark_row - source_row, 4 + 120 + 4 + 1);
  mdl_session_destroy(s);
}
END_TEST

START_TEST(a_long_span_marks_its_first_line)
{
  MdlSession *s = mdl_session_create();
  int f = source(s, "t.mdl", "fn f() {\n  1\n}\n");
  mdl_error(s, MDL_E0202, nth(s, f, "fn f() {\n  1\n}", 1), "f");
  expect(s, "t.mdl:1:1: error[E0202]: `f` is defined twice\n"
            "1 | fn f() {\n"
            "  | ^^^^^^^^\n\n");
}
END_TEST

START_TEST(the_end_of_a_file_has_a_place)
{
  MdlSession *s = mdl_session_create();
  int f = source(s, "t.mdl", "fn f(");
  mdl_error(s, MDL_E0104, (MdlSpan){f, 5, 5}, "(", "is never closed");
  expect(s, "t.mdl:1:6: error[E0104]: `(` is never closed\n"
            "1 | fn f(\n"
            "  |      ^\n\n");
}
END_TEST

START_TEST(evidence_in_another_file)
{
  MdlSession *s = mdl_session_create();
  char text[400] = "";
  for (int i = 0; i < 99; i++) strcat(text, "\n");
  strcat(text, "fn f() = 1\n");
  int f = source(s, "a.mdl", "import b: f\nfn f() = 2\n"), other = source(s, "b.mdl", text);
  MdlReport *r = mdl_error(s, MDL_E0202, nth(s, f, "f()", 1), "f");
  mdl_also(r, nth(s, other, "f()", 1), "first here");
  mdl_also(r, nth(s, f, "f", 1), "imported");
  expect(s, "a.mdl:2:4: error[E0202]: `f` is defined twice\n"
            "  1 | import b: f\n"
            "    |           - imported\n"
            "  2 | fn f() = 2\n"
            "    |    ^^^\n"
            "   --> b.mdl:100:4\n"
            "100 | fn f() = 1\n"
            "    |    --- first here\n\n");
}
END_TEST

START_TEST(a_fix_may_add_a_line)
{
  MdlSession *s = mdl_session_create();
  int f = source(s, "t.mdl", "fn f(x: f32) -> f32 = relu(x)\n");
  MdlReport *r = mdl_error(s, MDL_E0201, nth(s, f, "relu", 1), "name", "relu");
  mdl_fix(r, true, (MdlSpan){f, 0, 0}, "import std.nn: relu\n");
  expect(s, "t.mdl:1:23: error[E0201]: unknown name `relu`\n"
            "1 | fn f(x: f32) -> f32 = relu(x)\n"
            "  |                       ^^^^\n"
            "1 ~ import std.nn: relu\n\n");
}
END_TEST

START_TEST(exact_fixes_go_into_the_file)
{
  MdlSession *s = mdl_session_create();
  int f = source(s, "t.mdl", "def f(x: f32) -> f32 = x^2\n");
  mdl_fix(mdl_error(s, MDL_E0106, nth(s, f, "^", 1), "^"), true, nth(s, f, "^", 1), "**");
  mdl_fix(mdl_error(s, MDL_E0106, nth(s, f, "def", 1), "def"), true, nth(s, f, "def", 1), "fn");
  mdl_fix(mdl_error(s, MDL_E0201, nth(s, f, "2", 1), "name", "2"), false, nth(s, f, "2", 1), "3");
  size_t length;
  const char *text = mdl_fixed_text(s, f, &length);
  ck_assert_str_eq(text, "fn f(x: f32) -> f32 = x**2\n");
  ck_assert_uint_eq(length, strlen(text));
  mdl_session_destroy(s);
}
END_TEST

static int lines_with(const char *text, const char *word)
{
  int count = 0;
  for (; (text = strstr(text, word)); text++) count++;
  return count;
}

START_TEST(sorted_by_phase_file_and_byte)
{
  MdlSession *s = mdl_session_create();
  int a = source(s, "a.mdl", "p q r\n"), b = source(s, "b.mdl", "p q r\n");
  mdl_error(s, MDL_E0201, nth(s, b, "p", 1), "name", "4");
  mdl_error(s, MDL_E0201, nth(s, a, "r", 1), "name", "3");
  mdl_error(s, MDL_E0201, nth(s, a, "q", 1), "name", "2");
  mdl_error(s, MDL_E0201, nth(s, a, "q", 1), "name", "again");
  mdl_error(s, MDL_E0202, nth(s, a, "q", 1), "2b");
  mdl_phase_next(s);
  mdl_error(s, MDL_E0201, nth(s, a, "p", 1), "name", "5");
  ck_assert_int_eq(mdl_error_count(s), 5);
  const char *text = printed(s, true), *last = text;
  static const char *const order[] = {"`2`", "`2b`", "`3`", "`4`", "`5`"};
  for (int i = 0; i < 5; i++) {
    const char *here = strstr(text, order[i]);
    ck_assert_msg(here && here >= last, "%s is out of order", order[i]);
    last = here;
  }
  ck_assert_ptr_null(strstr(text, "again"));
  ck_assert_ptr_nonnull(strstr(text, "\n\nmdlc: 5 errors"));
  mdl_session_destroy(s);
}
END_TEST

START_TEST(at_most_twenty_errors)
{
  MdlSession *s = mdl_session_create();
  char text[101];
  memset(text, 'x', 100);
  text[100] = 0;
  int f = source(s, "t.mdl", text);
  for (uint32_t i = 100; i-- > 0;) mdl_error(s, MDL_E0201, (MdlSpan){f, i, i + 1}, "name", "x");
  const char *out = printed(s, true);
  ck_assert_int_eq(lines_with(out, "error[E0201]"), 20);
  ck_assert_ptr_nonnull(strstr(out, "t.mdl:1:20: "));
  ck_assert_ptr_nonnull(
      strstr(out, "\n\nmdlc: error[E0905]: 20 errors; the rest is not shown\n\n"));
  ck_assert_ptr_nonnull(strstr(out, "\n\nmdlc: 20 errors"));
  mdl_session_destroy(s);
}
END_TEST

START_TEST(warnings_are_switched_by_name)
{
  MdlSession *s = mdl_session_create();
  int f = source(s, "t.mdl", "abcdef\n");
  ck_assert(!mdl_warning_set(s, "nothing", true, false));
  ck_assert(mdl_warning_set(s, "guard", true, false));
  ck_assert(mdl_warning_set(s, "shadow", false, false));
  ck_assert(mdl_warning_set(s, "var", true, true));
  mdl_warning(s, MDL_W105, nth(s, f, "a", 1), "a");
  mdl_warning(s, MDL_W103, nth(s, f, "b", 1), "b", "c");
  mdl_warning(s, MDL_W104, nth(s, f, "c", 1), "c");
  mdl_warning(s, MDL_W108, nth(s, f, "d", 1));
  ck_assert_int_eq(mdl_error_count(s), 1);
  ck_assert_int_eq(mdl_warning_count(s), 2);
  const char *out = printed(s, true);
  ck_assert_ptr_nonnull(
      strstr(out, "t.mdl:1:1: warning[W105]: key `a` is used twice [-Wkey-reuse]\n"));
  ck_assert_ptr_null(strstr(out, "W103"));
  ck_assert_ptr_nonnull(strstr(out, "t.mdl:1:3: error[W104]: `var c` is never assigned [-Wvar]\n"));
  ck_assert_ptr_nonnull(strstr(out, "warning[W108]"));
  ck_assert_ptr_nonnull(strstr(out, "\n\nmdlc: 1 error, 2 warnings"));
  mdl_session_destroy(s);
}
END_TEST

START_TEST(what_is_unused_waits_for_a_program_without_errors)
{
  for (int errors = 0; errors < 2; errors++) {
    MdlSession *s = mdl_session_create();
    int f = source(s, "t.mdl", "abc\n");
    mdl_warning(s, MDL_W101, nth(s, f, "a", 1), "a");
    if (errors) mdl_error(s, MDL_E0201, nth(s, f, "b", 1), "name", "b");
    ck_assert_int_eq(strstr(printed(s, true), "W101") != NULL, !errors);
    mdl_session_destroy(s);
  }
}
END_TEST

START_TEST(a_forgotten_argument_is_seen)
{
  MdlSession *s = mdl_session_create();
  mdl_error(s, MDL_E0302, MDL_NO_SPAN, "+", "f32");
  ck_assert_ptr_nonnull(strstr(printed(s, false), ": `+` of f32 and ?: dtypes"));
  mdl_session_destroy(s);
}
END_TEST

START_TEST(no_warnings_at_all)
{
  MdlSession *s = mdl_session_create();
  mdl_diag_options(s)->no_warnings = true;
  mdl_note(mdl_warning(s, MDL_W101, MDL_NO_SPAN, "a"), "still safe to add to");
  ck_assert_str_eq(printed(s, true), "");
  mdl_session_destroy(s);
}
END_TEST

START_TEST(colour_only_wraps_the_text)
{
  const char *out[2];
  MdlSession *s[2];
  for (int colour = 0; colour < 2; colour++) {
    s[colour] = mdl_session_create();
    mdl_diag_options(s[colour])->colour = colour;
    int f = source(s[colour], "t.mdl", "a\nb\nc d\n");
    MdlReport *r = mdl_error(s[colour], MDL_E0201, nth(s[colour], f, "c", 1), "name", "c");
    mdl_label(r, "here");
    mdl_also(r, nth(s[colour], f, "a", 1), "there");
    mdl_note(r, "a fact");
    mdl_fix(r, true, nth(s[colour], f, "d", 1), "e");
    out[colour] = printed(s[colour], true);
  }
  char plain[1000], *to = plain;
  for (const char *p = out[1]; *p;) {
    if (*p == '\x1b')
      p = strchr(p, 'm') + 1;
    else
      *to++ = *p++;
  }
  *to = 0;
  ck_assert_str_eq(plain, out[0]);
  ck_assert_int_gt((int)strlen(out[1]), (int)strlen(out[0]));
  for (int i = 0; i < 2; i++) mdl_session_destroy(s[i]);
}
END_TEST

START_TEST(a_mistake_of_ours_leaves_by_the_door)
{
  MdlSession *s = mdl_session_create();
  jmp_buf door;
  s->on_bug = &door;
  s->pass = "fuse";
  if (!setjmp(door)) MDL_BUG(s, "planted %d", 7);
  const char *out = printed(s, true);
  ck_assert_ptr_nonnull(strstr(out, "mdlc: error[E0999]: internal error in pass `fuse`\n"));
  ck_assert_ptr_nonnull(strstr(out, " = note: planted 7 (unit/diag_layout_test.c:"));
  ck_assert_int_eq(mdl_error_count(s), 1);
  mdl_session_destroy(s);
}
END_TEST

START_TEST(columns_and_bytes_are_inverse)
{
  MdlSession *s = mdl_session_create();
  const char *text = "aé漢\n\n\tb\xff\n";
  int f = source(s, "t.mdl", text);
  uint32_t point_starts[] = {0, 1, 3, 6, 7, 8, 9, 10, 11, 12};
  for (size_t i = 0; i < sizeof point_starts / sizeof *point_starts; i++) {
    MdlPosition p = mdl_position(s, f, point_starts[i]);
    ck_assert_uint_eq(mdl_byte_of(s, f, p.line, p.column), point_starts[i]);
  }
  ck_assert_int_eq(mdl_position(s, f, 6).column, 4);
  ck_assert_int_eq(mdl_position(s, f, 12).line, 4);
  mdl_session_destroy(s);
}
END_TEST

START_TEST(every_flag_and_code_is_its_own)
{
  for (int i = 0; i < MDL_CODE_COUNT; i++)
    for (int j = 0; j < i; j++) {
      ck_assert_str_ne(mdl_codes[i].name, mdl_codes[j].name);
      if (mdl_codes[i].flag && mdl_codes[j].flag)
        ck_assert_str_ne(mdl_codes[i].flag, mdl_codes[j].flag);
    }
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("diag_layout");
  tcase_add_test(t, tabs_run_to_the_next_fourth_cell);
  tcase_add_test(t, wide_and_combining_characters);
  tcase_add_test(t, bytes_that_are_no_text);
  tcase_add_test(t, long_lines_show_a_window);
  tcase_add_test(t, a_long_span_marks_its_first_line);
  tcase_add_test(t, the_end_of_a_file_has_a_place);
  tcase_add_test(t, evidence_in_another_file);
  tcase_add_test(t, a_fix_may_add_a_line);
  tcase_add_test(t, exact_fixes_go_into_the_file);
  tcase_add_test(t, sorted_by_phase_file_and_byte);
  tcase_add_test(t, at_most_twenty_errors);
  tcase_add_test(t, warnings_are_switched_by_name);
  tcase_add_test(t, what_is_unused_waits_for_a_program_without_errors);
  tcase_add_test(t, a_forgotten_argument_is_seen);
  tcase_add_test(t, no_warnings_at_all);
  tcase_add_test(t, colour_only_wraps_the_text);
  tcase_add_test(t, a_mistake_of_ours_leaves_by_the_door);
  tcase_add_test(t, columns_and_bytes_are_inverse);
  tcase_add_test(t, every_flag_and_code_is_its_own);
  return t;
}
