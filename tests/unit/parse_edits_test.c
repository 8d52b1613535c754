/* The parser on damaged programs: every prefix of the library's files, and one-token edits. There
 * is always a tree or a report, and nearly always just one. */
#include "tests/unit/unit.h"

#include "frontend/std.h"
#include "frontend/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Errors of a text; -1 when it has none but is not whole. */
static int errors_of(const char *text, size_t length)
{
  MdlSession *session = mdl_session_create();
  int file = mdl_file_add(session, "t.mdl", text, length, false);
  const MdlTree *tree = mdl_parse(session, file);
  int errors = mdl_error_count(session);
  if (tree->ok != (errors == 0)) errors = -1;
  mdl_session_destroy(session);
  return errors;
}

START_TEST(every_prefix_ends_in_a_tree_or_a_report)
{
  for (int i = 0; i < mdl_std_count; i++)
    for (size_t n = 0; n <= mdl_std_files[i].length; n += 1 + n / 400) {
      int errors = errors_of(mdl_std_files[i].bytes, n);
      ck_assert_msg(errors >= 0 && errors <= 2, "%s: %zu bytes: %d", mdl_std_files[i].path, n,
                    errors);
    }
}
END_TEST

static bool is_bracket(char c) { return strchr("()[]{}", c) != NULL; }

/* Deletes, doubles and replaces single tokens; counts outcomes. */
START_TEST(one_slip_gives_one_report)
{
  static const char *const other[] = {"x", "3", "+", "=", ",", "fn", "let", ":", "->", "..", "if"};
  int whole = 0, one = 0, more = 0;
  for (int i = 0; i < mdl_std_count; i++) {
    MdlSession *session = mdl_session_create();
    const MdlStdFile *std = &mdl_std_files[i];
    MdlTokens tokens = {.session = session};
    tokens.file = mdl_file_add(session, std->path, std->bytes, std->length, true);
    mdl_scan(&tokens);
    char *edited = malloc(2 * std->length + 64);
    for (int k = i; k < tokens.count; k += 3) {
      const MdlToken *t = &tokens.token[k];
      if (is_bracket(std->bytes[t->start])) continue;
      const char *const with[] = {
          "", mdl_text_copy(session->arena, std->bytes + t->start, t->end - t->start),
          other[k % (int)(sizeof other / sizeof *other)]};
      for (int kind = 0; kind < 3; kind++) {
        size_t length = t->start;
        memcpy(edited, std->bytes, length);
        if (kind == 1) length += (size_t)sprintf(edited + length, "%s ", with[1]);
        length += (size_t)sprintf(edited + length, "%s", with[kind]);
        memcpy(edited + length, std->bytes + t->end, std->length - t->end);
        length += std->length - t->end;
        int errors = errors_of(edited, length);
        ck_assert_int_ge(errors, 0);
        whole += errors == 0, one += errors == 1, more += errors > 1;
      }
    }
    free(edited);
    free(tokens.token);
    mdl_session_destroy(session);
  }
  ck_assert_msg(more * 100 <= one + more, "%d parse, %d give one error, %d more", whole, one, more);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("parse edits");
  tcase_set_timeout(t, 100);
  tcase_add_test(t, every_prefix_ends_in_a_tree_or_a_report);
  tcase_add_test(t, one_slip_gives_one_report);
  return t;
}
