/* scans.mdl with lengths known at run time alone, against the same one element after another. */
#include "scans.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vector>

static int wrong;

static void check(const char *what, int64_t length, size_t i, double got, double wanted,
                  double tolerance)
{
  if (isnan(got) && isnan(wanted)) return;
  if (got == wanted || fabs(got - wanted) <= tolerance) return;
  if (wrong++ < 10) printf("%s %d [%d]: %.9g, not %.9g\n", what, (int)length, (int)i, got, wanted);
}

static unsigned seed = 1;

/* In -2 .. 2, steps of 1/1024: equals are many. */
static float draw(void)
{
  return (float)((int)((seed = seed * 1664525u + 1013904223u) >> 20) - 2048) / 1024.0f;
}

template <class T> static std::vector<T> drawn(int64_t count)
{
  std::vector<T> v((size_t)count);
  for (T &x : v) x = sizeof(T) > 2 && (T)0.5 != 0 ? (T)draw() : (T)(int)(1024 * draw());
  return v;
}

template <class Entry, class... Args>
static void run(const char *what, int64_t work, Entry *entry, Args... args)
{
  void *memory;
  cudaMalloc(&memory, (size_t)work);
  if (entry(args..., memory, nullptr)) check(what, 0, 0, 1, 0, 0);
  cudaFree(memory);
}

/* NaN if either is. */
template <class T> static T most(T a, T b) { return b > a || b != b ? b : a; }
template <class T> static T plus(T a, T b) { return (T)(a + b); }

/* Lines along the middle of [before, length, after], each number as `As`. */
template <class As, class T>
static std::vector<As> scanned(const std::vector<T> &x, int64_t length, int64_t after, bool back,
                               As start, As (*combine)(As, As))
{
  const size_t n = (size_t)length, step = (size_t)after;
  std::vector<As> y(x.size());
  for (size_t line = 0; n && line < x.size() / n; line++) {
    const size_t first = line / step * n * step + line % step;
    As so_far = start;
    for (size_t k = 0; k < n; k++) {
      const size_t at = first + (back ? n - 1 - k : k) * step;
      y[at] = so_far = combine(so_far, (As)x[at]);
    }
  }
  return y;
}

template <class T, class As>
static void same(const char *what, int64_t length, const std::vector<T> &got,
                 const std::vector<As> &wanted, double tolerance)
{
  for (size_t i = 0; i < got.size(); i++)
    check(what, length, i, (double)got[i], (double)wanted[i], tolerance);
}

static void test_sums(int64_t K)
{
  const double fine = 1e-5 * (1 + (double)K);
  std::vector<float> x = drawn<float>(K), y((size_t)K);
  run("total", SCANS_TOTAL_WORK_BYTES(K), scans_total, K, x.data(), y.data());
  same("total", K, y, scanned<double>(x, K, 1, false, 0, plus<double>), fine);
  const std::vector<float> first = y;
  run("total", SCANS_TOTAL_WORK_BYTES(K), scans_total, K, x.data(), y.data());
  if (K && memcmp(first.data(), y.data(), first.size() * sizeof(float)))
    check("total, twice", K, 0, 1, 0, 0);
  std::vector<double> wide(x.begin(), x.end()), back((size_t)K);
  run("total_back", SCANS_TOTAL_BACK_WORK_BYTES(K), scans_total_back, K, wide.data(), back.data());
  same("total_back", K, back, scanned<double>(wide, K, 1, true, 0, plus<double>), 1e-9);
  const std::vector<uint8_t> small = drawn<uint8_t>(K);
  std::vector<uint8_t> sums((size_t)K);
  run("total_u8", SCANS_TOTAL_U8_WORK_BYTES(K), scans_total_u8, K, small.data(), sums.data());
  same("total_u8", K, sums, scanned<uint8_t>(small, K, 1, false, 0, plus<uint8_t>), 0);
  const std::vector<int64_t> many = drawn<int64_t>(3 * K);
  std::vector<int64_t> made((size_t)K * 3);
  run("total_i64_back", SCANS_TOTAL_I64_BACK_WORK_BYTES(K), scans_total_i64_back, K, many.data(),
      made.data());
  same("total_i64_back", K, made, scanned<int64_t>(many, K, 1, true, 0, plus<int64_t>), 0);
}

static void test_columns(int64_t K)
{
  std::vector<float> x = drawn<float>(3 * K), y(x.size());
  run("columns", SCANS_COLUMNS_WORK_BYTES(K), scans_columns, K, x.data(), y.data());
  same("columns", K, y, scanned<double>(x, K, 3, false, 0, plus<double>), 1e-5 * (1 + (double)K));
  std::vector<uint16_t> a = drawn<uint16_t>(70 * K), b(a.size());
  run("columns_back", SCANS_COLUMNS_BACK_WORK_BYTES(K), scans_columns_back, K, a.data(), b.data());
  for (uint16_t &v : a) v = (uint16_t)(3 * v);
  same("columns_back", K, b, scanned<uint16_t>(a, K, 70, true, 0, plus<uint16_t>), 0);
  x = drawn<float>(10 * K), y.resize(x.size());
  if (K) x[(size_t)K * 10 / 3] = NAN;
  run("middle", SCANS_MIDDLE_WORK_BYTES(K), scans_middle, K, x.data(), y.data());
  for (float &v : y) v = -v;
  same("middle", K, y, scanned<float>(x, K, 5, false, -INFINITY, most<float>), 0);
}

static void test_most(int64_t K)
{
  std::vector<float> x = drawn<float>(K), y((size_t)K);
  for (int nan = 0; nan < 2; nan++) {
    if (nan && K) x[(size_t)K / 2] = NAN;
    run("most", SCANS_MOST_WORK_BYTES(K), scans_most, K, x.data(), y.data());
    same("most", K, y, scanned<float>(x, K, 1, false, -INFINITY, most<float>), 0);
  }
  const std::vector<uint32_t> a = drawn<uint32_t>(2 * K);
  std::vector<uint32_t> b(a.size());
  run("most_u32", SCANS_MOST_U32_WORK_BYTES(K), scans_most_u32, K, a.data(), b.data());
  same("most_u32", K, b, scanned<uint32_t>(a, K, 1, false, 0, most<uint32_t>), 0);
  const std::vector<int8_t> c = drawn<int8_t>(K);
  std::vector<int8_t> d(c.size());
  run("most_i8_back", SCANS_MOST_I8_BACK_WORK_BYTES(K), scans_most_i8_back, K, c.data(), d.data());
  same("most_i8_back", K, d, scanned<int8_t>(c, K, 1, true, -128, most<int8_t>), 0);
}

/* The first of equals, the first NaN before all; 0 of nothing. */
template <class T>
static double place(const std::vector<T> &x, int64_t length, int64_t after, size_t line,
                    double sign)
{
  const size_t n = (size_t)length, step = (size_t)after;
  const size_t first = line / step * n * step + line % step;
  size_t best = 0;
  for (size_t k = 1; k < n; k++) {
    const double old = sign * (double)x[first + best * step],
                 next = sign * (double)x[first + k * step];
    if (next > old || (next != next && old == old)) best = k;
  }
  return (double)best;
}

static void check_largest(const char *what, int64_t K, const std::vector<float> &x)
{
  int32_t got = -1;
  run(what, SCANS_LARGEST_WORK_BYTES(K), scans_largest, K, x.data(), &got);
  check(what, K, 0, got, place(x, K, 1, 0, 1), 0);
}

static void test_places(int64_t K)
{
  const size_t n = (size_t)K;
  std::vector<float> x = drawn<float>(K);
  check_largest("largest", K, x);
  check_largest("largest of equals", K, std::vector<float>(n, -INFINITY));
  for (size_t i = 0; i < n; i++) x[i] = i % 2 ? 0.0f : -0.0f;
  check_largest("largest of zeros", K, x);
  if (n) x[n - 1] = 1;
  check_largest("largest at the end", K, x);
  if (n) x[n / 2] = x[n - 1] = NAN;
  check_largest("largest of NaN", K, x);
  std::vector<double> wide(x.begin(), x.end());
  int32_t got[3] = {-1, -1, -1};
  run("least", SCANS_LEAST_WORK_BYTES(K), scans_least, K, wide.data(), got);
  check("least", K, 0, got[0], place(wide, K, 1, 0, 1), 0);
  const std::vector<uint8_t> small = drawn<uint8_t>(K);
  run("largest_u8", SCANS_LARGEST_U8_WORK_BYTES(K), scans_largest_u8, K, small.data(), got);
  check("largest_u8", K, 0, got[0], place(small, K, 1, 0, 1), 0);
  std::vector<int32_t> a = drawn<int32_t>(3 * K);
  run("least_i32", SCANS_LEAST_I32_WORK_BYTES(K), scans_least_i32, K, a.data(), got);
  for (int32_t &v : a) v = v < 0 ? -((2 - v) / 3) : v / 3; /* towards minus infinity */
  for (size_t i = 0; i < 3; i++) check("least_i32", K, i, got[i], place(a, K, 1, i, -1), 0);
  x = drawn<float>(3 * K);
  if (n) x[n / 2 * 3 + 1] = x[(n - 1) * 3 + 1] = NAN;
  run("largest_columns", SCANS_LARGEST_COLUMNS_WORK_BYTES(K), scans_largest_columns, K, x.data(),
      got);
  for (size_t i = 0; i < 3; i++) check("largest_columns", K, i, got[i], place(x, K, 3, i, 1), 0);
}

int main(int count, char **)
{
  static const int64_t sizes[] = {0, 1, 31, 33, 127, 1000, 8191, 8192, 16385, 100003};
  for (int64_t K : sizes) {
    if (K > 20000 && count > 1) break; /* the checkers take their time */
    test_sums(K);
    test_most(K);
    test_places(K);
    if (K < 10000) test_columns(K);
  }
  puts(wrong ? "wrong" : "right");
  return wrong != 0;
}
