/* The runtime's printer. */
#include "tests/unit/unit.h"

#include "runtime/mdl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char said[16384];

/* What the call writes on stderr. */
static const char *line(const char *text, mdl_element element, int rank, const int64_t *shape,
                        const void *data)
{
  int into[2], before = dup(2);
  ck_assert(before >= 0 && !pipe(into) && dup2(into[1], 2) == 2);
  mdl_print(text, element, rank, shape, data);
  fflush(stderr);
  dup2(before, 2);
  close(before);
  close(into[1]);
  size_t length = 0;
  for (ssize_t got; (got = read(into[0], said + length, sizeof said - 1 - length)) > 0;)
    length += (size_t)got;
  close(into[0]);
  said[length] = '\0';
  return said;
}

START_TEST(nothing_is_printed_unless_asked)
{
  const float x = 1;
  ck_assert_str_eq(line("x", MDL_F32, 0, NULL, &x), "");
  mdl_print_use(mdl_print_stderr);
  ck_assert_str_eq(line("x", MDL_F32, 0, NULL, &x), "x = 1\n");
  mdl_print_use(NULL);
  ck_assert_str_eq(line("x", MDL_F32, 0, NULL, &x), "");
}
END_TEST

START_TEST(every_element_type)
{
  static const struct {
    mdl_element element;
    const char *bytes, *text;
  } rows[] = {{MDL_BOOL, "\1", "true"},
              {MDL_I8, "\377", "-1"},
              {MDL_U8, "\377", "255"},
              {MDL_I16, "\0\200", "-32768"},
              {MDL_U16, "\377\377", "65535"},
              {MDL_I32, "\0\0\0\200", "-2147483648"},
              {MDL_U32, "\377\377\377\377", "4294967295"},
              {MDL_I64, "\0\0\0\0\0\0\0\200", "-9223372036854775808"},
              {MDL_U64, "\377\377\377\377\377\377\377\377", "18446744073709551615"},
              {MDL_F16, "\0\76", "1.5"},
              {MDL_F16, "\1\200", "-5.9604645e-08"}, /* the smallest of all */
              {MDL_F16, "\0\174", "inf"},
              {MDL_F16, "\1\176", "nan"},
              {MDL_BF16, "\200\77", "1"},
              {MDL_F32, "\315\314\314\75", "0.1"},
              {MDL_F32, "\253\252\252\76", "0.33333334"},
              {MDL_F32, "\0\0\200\377", "-inf"},
              {MDL_F64, "\232\231\231\231\231\231\271\77", "0.1"},
              {MDL_F64, "\125\125\125\125\125\125\325\77", "0.3333333333333333"}};
  mdl_print_use(mdl_print_stderr);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char wanted[64];
    snprintf(wanted, sizeof wanted, "v = %s\n", rows[i].text);
    ck_assert_str_eq(line("v", rows[i].element, 0, NULL, rows[i].bytes), wanted);
  }
  mdl_print_use(NULL);
}
END_TEST

START_TEST(tensors_are_nested_lists)
{
  const int64_t shape[] = {2, 1, 3}, none[] = {2, 0}, many[] = {2, 1000};
  int32_t data[2000];
  for (int i = 0; i < 2000; i++) data[i] = i;
  mdl_print_use(mdl_print_stderr);
  ck_assert_str_eq(line("t", MDL_I32, 3, shape, data), "t = [[[0, 1, 2]], [[3, 4, 5]]]\n");
  ck_assert_str_eq(line("t", MDL_I32, 2, none, data), "t = [[], []]\n");
  ck_assert_str_eq(line("t", MDL_I32, 2, many, data),
                   "t = [[0, 1, 2, ..., 997, 998, 999], [1000, 1001, 1002, ..., 1997, 1998, 1999]]\n");
  ck_assert_int_eq((int)strlen(line("t", MDL_I32, 1, many + 1, data)), 4895);
  mdl_print_use(NULL);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("print");
  tcase_add_test(t, nothing_is_printed_unless_asked);
  tcase_add_test(t, every_element_type);
  tcase_add_test(t, tensors_are_nested_lists);
  return t;
}
