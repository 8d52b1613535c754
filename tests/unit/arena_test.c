#include "tests/unit/unit.h"

#include "ir/arena.h"

#include <string.h>

START_TEST(equal_texts_are_one_pointer)
{
  MdlArena *arena = mdl_arena_create();
  char word[] = "logits";
  const char *a = mdl_intern_text(arena, word);
  word[0] = 'L';
  ck_assert_ptr_eq(a, mdl_intern(arena, "logits and more", 6));
  ck_assert_ptr_ne(a, mdl_intern_text(arena, word));
  mdl_arena_destroy(arena);
}
END_TEST

START_TEST(growing_keeps_what_was_there)
{
  MdlArena *arena = mdl_arena_create();
  int count = 0, capacity = 0, *list = NULL;
  for (; count < 1000; count++) {
    MDL_GROW(arena, list, count, capacity);
    list[count] = count * count;
  }
  for (int i = 0; i < 1000; i++) ck_assert_int_eq(list[i], i * i);
  mdl_arena_destroy(arena);
}
END_TEST

START_TEST(memory_is_zero_and_aligned)
{
  MdlArena *arena = mdl_arena_create();
  for (size_t bytes = 0; bytes < 300; bytes++) {
    char *p = mdl_alloc(arena, bytes);
    ck_assert_uint_eq((uintptr_t)p % sizeof(long double), 0);
    for (size_t i = 0; i < bytes; i++) ck_assert_int_eq(p[i], 0);
    memset(p, 0xff, bytes);
  }
  mdl_arena_destroy(arena);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("arena");
  tcase_add_test(t, equal_texts_are_one_pointer);
  tcase_add_test(t, growing_keeps_what_was_there);
  tcase_add_test(t, memory_is_zero_and_aligned);
  return t;
}
