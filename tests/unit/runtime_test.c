#include "tests/unit/unit.h"

#include "runtime/mdl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A fresh folder's file; the caller removes both. */
static char *temporary(char path[64], const char *name) {
  strcpy(path, "/tmp/mdl_runtime.XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(path));
  strcat(path, "/");
  return strcat(path, name);
}

static void remove_with_folder(char *path) {
  unlink(path);
  *strrchr(path, '/') = 0;
  rmdir(path);
}

static mdl_array array_of(mdl_element element, int rank, const int64_t *shape, const void *data) {
  mdl_array a = {.element = element, .rank = rank, .data = data};
  a.bytes = mdl_element_bytes(element);
  for (int i = 0; i < rank; i++) a.shape[i] = shape[i], a.bytes *= (size_t)shape[i];
  return a;
}

/* A copy of exactly that length, so that a sanitizer sees a read past it. */
static unsigned char *copy(const void *bytes, size_t length) {
  unsigned char *p = malloc(length ? length : 1);
  memcpy(p, bytes, length);
  return p;
}

START_TEST(npy_reads_what_it_wrote) {
  char path[64];
  double data[6] = {1, 2, 3, 4, 5, 6.5};
  mdl_array back, a = array_of(MDL_F64, 2, (int64_t[]){2, 3}, data);
  mdl_mapping map;
  ck_assert_ptr_null(mdl_npy_write(temporary(path, "x.npy"), &a));
  ck_assert_ptr_null(mdl_map_file(path, &map));
  ck_assert_ptr_null(mdl_npy_read(map.bytes, map.length, &back));
  ck_assert_int_eq(back.element, MDL_F64);
  ck_assert_int_eq(back.rank, 2);
  ck_assert_int_eq(back.shape[1], 3);
  ck_assert_int_eq(back.aligned, 1);
  ck_assert_mem_eq(back.data, data, sizeof data);
  mdl_unmap_file(&map);
  remove_with_folder(path);
}
END_TEST

static size_t npy_of(unsigned char *out, int version, const char *header, size_t data) {
  size_t n = strlen(header), start = version == 1 ? 10 : 12;
  memcpy(out, "\x93NUMPY", 6);
  out[6] = (unsigned char)version, out[7] = 0;
  out[8] = (unsigned char)(n & 255), out[9] = (unsigned char)(n >> 8), out[10] = out[11] = 0;
  memcpy(out + start, header, n);
  memset(out + start + n, 1, data);
  return start + n + data;
}

START_TEST(npy_says_what_is_wrong) {
  static const struct {
    const char *header;
    size_t data;
    const char *why; /* NULL: good */
  } cases[] = {
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", 8, NULL},
      {"{'shape': (), 'descr': '|b1', 'fortran_order': False}", 1, NULL},
      {"{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }", 8, NULL},
      {"{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }", 8, "Fortran"},
      {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", 8, "big-endian"},
      {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", 8, "dtype"},
      {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", 4, "records"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 7, "shorter"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", 9, "longer"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2)}", 8, "shape"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", 8, "shape"},
      {"{'descr': '<f4', 'fortran_order': False}", 8, "header"},
      {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 8, "header"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", 8, "memory"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 8, "shape"},
      {"{'descr': '<f4', 'fortran_order': False, "
       "'shape': (1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)}",
       4, "axes"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", 8, "header"},
      {"", 0, "header"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    unsigned char bytes[256];
    mdl_array a;
    size_t length = npy_of(bytes, 1 + (int)i % 3, cases[i].header, cases[i].data);
    unsigned char *exact = copy(bytes, length);
    const char *why = mdl_npy_read(exact, length, &a);
    if (!cases[i].why)
      ck_assert_msg(!why, "case %zu: %s", i, why);
    else
      ck_assert_msg(why && strstr(why, cases[i].why), "case %zu: %s", i, why ? why : "fine");
    free(exact);
  }
}
END_TEST

static const char weights_header[] =
    "{\"__metadata__\":{\"made\":\"by hand\"},"
    "\"fc1.w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
    " \"b\\u00e9\" : {\"data_offsets\":[24,26],\"dtype\":\"U8\",\"shape\":[2]} }  ";

static size_t weights_of(unsigned char *out, const char *header, size_t data) {
  size_t n = strlen(header);
  for (int i = 0; i < 8; i++) out[i] = (unsigned char)(n >> 8 * i & 255);
  memcpy(out + 8, header, n);
  for (size_t i = 0; i < data; i++) out[8 + n + i] = (unsigned char)i;
  return 8 + n + data;
}

START_TEST(weights_are_found_by_name) {
  unsigned char bytes[512];
  size_t at = 0, length = weights_of(bytes, weights_header, 26);
  mdl_weights w;
  mdl_array a;
  char name[32];
  ck_assert_ptr_null(mdl_weights_read(bytes, length, &w));
  ck_assert_int_eq(w.count, 2);
  ck_assert_ptr_null(mdl_weights_find(&w, "fc1.w", &a));
  ck_assert_int_eq(a.shape[0] * 10 + a.shape[1], 23);
  ck_assert_ptr_null(mdl_weights_find(&w, "b\xc3\xa9", &a));
  ck_assert_int_eq(((const unsigned char *)a.data)[0], 24);
  ck_assert_ptr_nonnull(mdl_weights_find(&w, "fc1", &a));
  ck_assert_int_eq(mdl_weights_next(&w, &at, name, sizeof name, &a), 1);
  ck_assert_str_eq(name, "fc1.w");
  ck_assert_int_eq(mdl_weights_next(&w, &at, name, sizeof name, &a), 1);
  ck_assert_str_eq(name, "b\xc3\xa9");
  ck_assert_int_eq(mdl_weights_next(&w, &at, name, sizeof name, &a), 0);
}
END_TEST

START_TEST(weights_read_what_they_wrote) {
  char path[64];
  float w[6] = {1, 2, 3, 4, 5, 6};
  uint32_t key[2] = {7, 9};
  mdl_array a[2] = {array_of(MDL_F32, 2, (int64_t[]){3, 2}, w),
                    array_of(MDL_U32, 1, (int64_t[]){2}, key)};
  const char *names[2] = {"m.w", "odd \"name\"\n\\"};
  mdl_mapping map;
  mdl_weights back;
  mdl_array found;
  ck_assert_ptr_null(mdl_weights_write(temporary(path, "m.safetensors"), 2, names, a));
  ck_assert_ptr_null(mdl_map_file(path, &map));
  ck_assert_ptr_null(mdl_weights_read(map.bytes, map.length, &back));
  for (int i = 0; i < 2; i++) {
    ck_assert_ptr_null(mdl_weights_find(&back, names[i], &found));
    ck_assert_uint_eq(found.bytes, a[i].bytes);
    ck_assert_int_eq(found.aligned, 1);
    ck_assert_mem_eq(found.data, a[i].data, a[i].bytes);
  }
  mdl_unmap_file(&map);
  remove_with_folder(path);
}
END_TEST

/* Every array that a reader accepts lies inside the bytes it was given. */
static void check_inside(const mdl_array *a, const unsigned char *bytes, size_t length) {
  const unsigned char *data = a->data;
  ck_assert(data >= bytes && data <= bytes + length && a->bytes <= length);
  ck_assert(data + a->bytes <= bytes + length);
  ck_assert(a->rank >= 0 && a->rank <= MDL_MAX_DIMS);
}

static void read_both(const unsigned char *bytes, size_t length) {
  mdl_array a;
  mdl_weights w;
  char name[16];
  size_t at = 0;
  if (!mdl_npy_read(bytes, length, &a)) check_inside(&a, bytes, length);
  if (mdl_weights_read(bytes, length, &w)) return;
  int count = 0;
  while (mdl_weights_next(&w, &at, name, sizeof name, &a)) check_inside(&a, bytes, length), count++;
  ck_assert_int_eq(count, w.count);
}

START_TEST(cut_and_flipped_files_are_refused_or_read) {
  unsigned char seed[2][512];
  size_t length[2] = {
      npy_of(seed[0], 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", 24),
      weights_of(seed[1], weights_header, 26)};
  for (int file = 0; file < 2; file++) {
    for (size_t cut = 0; cut < length[file]; cut++) {
      unsigned char *p = copy(seed[file], cut);
      mdl_array a;
      mdl_weights w;
      ck_assert_ptr_nonnull(mdl_npy_read(p, cut, &a));
      ck_assert_ptr_nonnull(mdl_weights_read(p, cut, &w));
      free(p);
    }
    for (size_t bit = 0; bit < 8 * length[file]; bit++) {
      unsigned char *p = copy(seed[file], length[file]);
      p[bit / 8] ^= (unsigned char)(1u << bit % 8);
      read_both(p, length[file]);
      free(p);
    }
  }
}
END_TEST

START_TEST(random_damage_is_refused_or_read) {
  unsigned char seed[512];
  uint32_t state = 1;
  size_t length = weights_of(seed, weights_header, 26);
  for (int round = 0; round < 20000; round++) {
    unsigned char *p = copy(seed, length);
    for (int k = 0; k < 4; k++) {
      state = state * 1664525u + 1013904223u;
      p[(state >> 8) % length] = "{}[]\",:\\u0189eF\0 "[(state >> 24) % 17];
    }
    read_both(p, length);
    free(p);
  }
}
END_TEST

static void add_range(void *context, int64_t begin, int64_t end) {
  int64_t *seen = context;
  for (int64_t i = begin; i < end; i++) seen[i]++;
}

START_TEST(ranges_cover_everything_once) {
  mdl_share *ways[] = {NULL, mdl_share_threads};
  for (int way = 0; way < 2; way++) {
    mdl_parallel_for_use(ways[way]);
    for (int64_t count = 0; count < 40; count++) {
      int64_t seen[40] = {0};
      mdl_parallel_for(count, add_range, seen);
      for (int64_t i = 0; i < 40; i++) ck_assert_int_eq(seen[i], i < count);
    }
  }
  mdl_parallel_for_use(NULL);
}
END_TEST

START_TEST(a_status_has_a_text) {
  ck_assert_str_eq(mdl_status_text(MDL_BAD_INDEX + 256 * 12), "an index is out of range");
  ck_assert_str_eq(mdl_status_text(255), "a status that no module returns");
}
END_TEST

TCase *tests(void) {
  TCase *t = tcase_create("runtime");
  tcase_add_test(t, npy_reads_what_it_wrote);
  tcase_add_test(t, npy_says_what_is_wrong);
  tcase_add_test(t, weights_are_found_by_name);
  tcase_add_test(t, weights_read_what_they_wrote);
  tcase_add_test(t, cut_and_flipped_files_are_refused_or_read);
  tcase_add_test(t, random_damage_is_refused_or_read);
  tcase_add_test(t, ranges_cover_everything_once);
  tcase_add_test(t, a_status_has_a_text);
  return t;
}
