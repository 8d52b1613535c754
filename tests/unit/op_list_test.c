#include "tests/unit/unit.h"

#include "ir/op.h"
#include "ir/op_list.h"

#include <string.h>

static int count(const char *text, char c) {
  int n = 0;
  for (; *text; text++) n += *text == c;
  return n;
}

START_TEST(a_line_an_op) {
  MdlArena *arena = mdl_arena_create();
  const char *list = mdl_ops_list(arena);
  ck_assert_int_eq(count(list, '\n'), MDL_OP_COUNT);
  ck_assert_ptr_nonnull(strstr(list, "\nsub             -    (number, number) -> number "));
  ck_assert_ptr_nonnull(strstr(list, " {axis: axis, reverse: flag}\n"));
  mdl_arena_destroy(arena);
}
END_TEST

START_TEST(cells_of_the_table_are_closed) {
  MdlArena *arena = mdl_arena_create();
  const char *page = mdl_ops_markdown(arena);
  for (int i = 0; i < MDL_OP_COUNT; i++)
    ck_assert_ptr_nonnull(strstr(page, mdl_text(arena, "| `%s", mdl_op_info((MdlOp)i)->name)));
  ck_assert_ptr_nonnull(strstr(page, "`bitor  \\|\\|`"));
  ck_assert_ptr_nonnull(strstr(page, "| linear in a*b |"));
  ck_assert_ptr_nonnull(strstr(page, "| `g/b, -(g*y/b)` |"));
  mdl_arena_destroy(arena);
}
END_TEST

TCase *tests(void) {
  TCase *t = tcase_create("op_list");
  tcase_add_test(t, a_line_an_op);
  tcase_add_test(t, cells_of_the_table_are_closed);
  return t;
}
