/* Models by the paths of their leaves. */
#include "tests/unit/unit.h"

#include "runtime/mdl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  float w[6];
  uint8_t flag;
  double b;
} Value;
static const char *const value_leaves[] = {"", "fc.w f32[2, 3] @ 0", "flag bool[] @ 24",
                                           "b f64[] @ 32", NULL};

static char path[64];

static void folder(void)
{
  strcpy(path, "/tmp/mdl_model.XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(path));
  strcat(path, "/m.safetensors");
}

static void clean(void)
{
  unlink(path);
  *strrchr(path, '/') = '\0';
  rmdir(path);
}

START_TEST(what_was_saved_is_loaded)
{
  Value a = {{1, 2, 3, 4, 5, 6.5f}, 1, -0.25}, b = {{0}, 0, 0};
  mdl_model from = {value_leaves, &a, NULL, 0}, to = {value_leaves, &b, NULL, 0};
  int missing = -1;
  folder();
  ck_assert_ptr_null(mdl_model_save(&from, path));
  ck_assert_ptr_null(mdl_model_load(&to, path, &missing));
  ck_assert_int_eq(missing, 0);
  ck_assert(!memcmp(a.w, b.w, sizeof a.w) && b.flag == 1 && b.b == -0.25);
  clean();
}
END_TEST

START_TEST(views_and_their_sizes)
{
  static const char *const leaves[] = {"N, D", "x f32[2*N + 1, floor((D + 1)/2)]", "y i64[N**2 - D]",
                                       "z u8[D*(D + 1)/2]", NULL};
  float x[7 * 2];
  int64_t y[6], sizes[] = {3, 3};
  uint8_t z[6];
  struct {
    float *x;
    int64_t *y;
    uint8_t *z;
  } view = {x, y, z};
  mdl_model model = {leaves, &view, sizes, 0};
  mdl_array array;
  char name[2];
  ck_assert_ptr_null(mdl_model_leaf(&model, 0, name, sizeof name, &array));
  ck_assert_str_eq(name, "x");
  ck_assert(array.data == x && array.rank == 2 && array.shape[0] == 7 && array.shape[1] == 2);
  ck_assert_ptr_null(mdl_model_leaf(&model, 1, NULL, 0, &array));
  ck_assert(array.data == y && array.element == MDL_I64 && array.bytes == 48);
  ck_assert_ptr_null(mdl_model_leaf(&model, 2, NULL, 0, &array));
  ck_assert(array.data == z && array.shape[0] == 6);
  ck_assert_str_eq(mdl_model_leaf(&model, 3, NULL, 0, &array), "no such leaf");
  view.y = NULL;
  ck_assert_str_eq(mdl_model_leaf(&model, 1, NULL, 0, &array), "its pointer is null");
  sizes[1] = 10; /* N*N - D < 0 */
  ck_assert_str_eq(mdl_model_leaf(&model, 1, NULL, 0, &array), "a size is wrong, or has no value");
  sizes[0] = INT64_MAX;
  ck_assert_str_eq(mdl_model_leaf(&model, 0, NULL, 0, &array), "a size is wrong, or has no value");
  sizes[0] = INT64_C(1) << 61;
  ck_assert_str_eq(mdl_model_leaf(&model, 0, NULL, 0, &array), "its shape does not fit in memory");
}
END_TEST

/* Nothing is written unless everything fits. */
START_TEST(a_file_that_does_not_fit_changes_nothing)
{
  static const float w[] = {1, 2, 3, 4, 5, 6};
  static const double b = 2;
  static const uint8_t flag = 1;
  static const struct {
    const char *name;
    mdl_element element;
    int rank;
    int64_t shape[2];
    const char *says;
    int at;
  } rows[] = {{"fc.w", MDL_F32, 2, {3, 2}, "the file's array has another shape", 1},
              {"fc.w", MDL_F32, 1, {6, 0}, "the file's array has another shape", 1},
              {"fc.w", MDL_I32, 2, {2, 3}, "the file's array has another element type", 1},
              {"fc.W", MDL_F32, 2, {2, 3}, "there is no array of that name", 1}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    Value v = {{9}, 9, 9}, before = v;
    mdl_model model = {value_leaves, &v, NULL, 0};
    const char *names[] = {"b", "flag", rows[i].name};
    mdl_array arrays[] = {{.element = MDL_F64, .data = &b, .bytes = 8},
                          {.element = MDL_BOOL, .data = &flag, .bytes = 1},
                          {.element = rows[i].element, .data = w, .bytes = sizeof w}};
    arrays[2].rank = rows[i].rank;
    memcpy(arrays[2].shape, rows[i].shape, sizeof rows[i].shape);
    folder();
    ck_assert_ptr_null(mdl_weights_write(path, 3, names, arrays));
    const char *why = mdl_model_load(&model, path, NULL);
    ck_assert_ptr_nonnull(why);
    if (i < 3) ck_assert_str_eq(why, rows[i].says);
    ck_assert_int_eq(model.at, rows[i].at);
    ck_assert(!memcmp(&v, &before, sizeof v));
    int missing;
    if (i == 3) {
      ck_assert_ptr_null(mdl_model_load(&model, path, &missing));
      ck_assert(missing == 1 && v.b == 2 && v.flag == 1 && v.w[0] == 9);
    }
    clean();
  }
}
END_TEST

/* Every cut and every flipped byte of a file: words, or a model as the file has it. */
START_TEST(damaged_files_are_refused_or_read)
{
  Value a = {{1, 2, 3, 4, 5, 6}, 1, 7}, v;
  mdl_model from = {value_leaves, &a, NULL, 0}, model = {value_leaves, &v, NULL, 0};
  mdl_weights weights;
  mdl_mapping file;
  folder();
  ck_assert_ptr_null(mdl_model_save(&from, path));
  ck_assert_ptr_null(mdl_map_file(path, &file));
  for (size_t i = 0; i < file.length; i++)
    for (int way = 0; way < 3; way++) {
      size_t length = way ? file.length : i;
      unsigned char *bytes = malloc(length + 1);
      memcpy(bytes, file.bytes, length);
      if (way) bytes[i] ^= way == 1 ? 1 : 0x80;
      if (!mdl_weights_read(bytes, length, &weights)) mdl_model_read(&model, &weights, NULL);
      free(bytes);
    }
  mdl_unmap_file(&file);
  clean();
}
END_TEST

START_TEST(texts_that_no_header_has)
{
  static const char *const texts[] = {"w", "w f32", "w f99[2]", "w f32[", "w f32[2", "w f32[2,]",
                                      "w f32[N]", "w f32[2] @", "w f32[1/0]", "w f32[2**99]", "",
                                      "w f32[((2]", "w f32[99999999999999999999]"};
  Value v;
  mdl_array array;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const char *const leaves[] = {"", texts[i], NULL};
    mdl_model model = {leaves, &v, NULL, 0};
    ck_assert_msg(mdl_model_leaf(&model, 0, NULL, 0, &array) != NULL, "%s", texts[i]);
  }
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("model");
  tcase_add_test(t, what_was_saved_is_loaded);
  tcase_add_test(t, views_and_their_sizes);
  tcase_add_test(t, a_file_that_does_not_fit_changes_nothing);
  tcase_add_test(t, damaged_files_are_refused_or_read);
  tcase_add_test(t, texts_that_no_header_has);
  return t;
}
