/* Sizes at and beyond their limits. No memory is behind the pointers where a call must be refused:
 * refusing comes first. */
#include "sizes.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

static int failed;

static void expect(const char *what, int64_t got, int64_t wanted)
{
  if (got == wanted) return;
  failed++;
  printf("%s: got %lld, wanted %lld\n", what, (long long)got, (long long)wanted);
}

static int refused(mdl_status status) { return MDL_STATUS_CODE(status) == MDL_BAD_SIZE; }

static void hostile(void)
{
  static const int64_t bad[] = {-1, INT64_MIN, INT64_MAX, INT64_C(1) << 62};
  float out;
  int32_t place;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    expect("sum2(bad, 1)", refused(sizes_sum2(bad[i], 1, NULL, &out, NULL)), 1);
    expect("sum2(1, bad)", refused(sizes_sum2(1, bad[i], NULL, &out, NULL)), 1);
    expect("pairs(bad)", refused(sizes_pairs(bad[i], NULL, NULL, NULL)), 1);
    expect("most(bad)", refused(sizes_most(bad[i], NULL, &place, NULL)), 1);
    expect("odd(bad)", refused(sizes_odd(bad[i], NULL, &out, NULL)), 1);
    expect("corner(bad)", refused(sizes_corner(bad[i], NULL, &out, NULL)), 1);
  }
  /* bytes that wrap around: 2^32 * 2^30 * 4 is 2^64; the work buffer of pairs is 4*N*N and more */
  expect("sum2(2^32, 2^30)",
         refused(sizes_sum2(INT64_C(1) << 32, INT64_C(1) << 30, NULL, &out, NULL)), 1);
  expect("pairs(2^31)", refused(sizes_pairs(INT64_C(1) << 31, NULL, NULL, NULL)), 1);
  expect("corner(2^32)", refused(sizes_corner(INT64_C(1) << 32, NULL, &out, NULL)), 1);
  /* argmax counts in i32 */
  expect("most(2^31)", refused(sizes_most(INT64_C(1) << 31, NULL, &place, NULL)), 1);
}

static void empty(void)
{
  float out = 7;
  expect("sum2(0, 2^40)", sizes_sum2(0, INT64_C(1) << 40, NULL, &out, NULL), MDL_OK);
  expect("its sum", (int64_t)out, 0);
  expect("pairs(0)", sizes_pairs(0, NULL, NULL, malloc(SIZES_PAIRS_WORK_BYTES(0))), MDL_OK);
}

/* Beyond 2^31 elements. Only the pages that are written take memory. */
static void large(void)
{
  const int64_t n = (INT64_C(1) << 31) + 16;
  int8_t *x = calloc((size_t)n, 1), got = 0;
  if (!x) {
    printf("skipped: no %lld bytes\n", (long long)n);
    return;
  }
  expect("put", sizes_put(n, x, n - 3, 7, NULL), MDL_OK);
  expect("the place", x[n - 3], 7);
  expect("at", sizes_at(n, x, n - 3, &got, NULL), MDL_OK);
  expect("the value", got, 7);
  x[5] = 9;
  expect("near", sizes_near(n, x, 5, &got, NULL), MDL_OK);
  expect("its value", got, 9);
  expect("put beyond", MDL_STATUS_CODE(sizes_put(n, x, n, 7, NULL)), MDL_BAD_INDEX);
  free(x);
}

int main(void)
{
  if (sizeof(void *) < 8) return 0;
  hostile();
  empty();
  large();
  printf(failed ? "%d failed\n" : "ok\n", failed);
  return failed != 0;
}
