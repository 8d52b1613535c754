/* sorts.mdl against std::sort by value, then by place: values bit by bit, and places. */
#include "sorts.h"

#include <algorithm>
#include <math.h>
#include <numeric>
#include <stdio.h>
#include <string.h>
#include <vector>

static int wrong;

static void fail(const char *what, int64_t n, int64_t at)
{
  if (wrong++ < 10) printf("%s of %d: wrong at %d\n", what, (int)n, (int)at);
}

static unsigned seed = 1;

static unsigned draw(unsigned below)
{
  return ((seed = seed * 1664525u + 1013904223u) >> 8) % below;
}

/* The cells of a dtype: what they hold, as far as their order goes, and where they come from. */
struct F16 {
  uint16_t bits;
};
struct BF16 {
  uint16_t bits;
};
static double number(F16 x)
{
  const int e = x.bits >> 10 & 31, m = x.bits & 1023;
  const double y = e == 31 ? (m ? NAN : INFINITY) : e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
  return x.bits & 0x8000 ? -y : y;
}
static double number(BF16 x)
{
  const uint32_t bits = (uint32_t)x.bits << 16;
  float y;
  memcpy(&y, &bits, sizeof y);
  return y;
}
template <class T> static T number(T x) { return x; }

template <class T> static bool is_nan(T x) { return x != x; }

template <class T> static bool before(T x, T y)
{
  return number(x) < number(y) || (!is_nan(number(x)) && is_nan(number(y)));
}

/* Few different ones, so that many are equal; the extremes; of floats both zeros, NaN. */
template <class T> static T drawn(void)
{
  if (draw(2)) return (T)draw(7);
  if ((T)0.5 != 0) {
    static const double special[] = {NAN, -NAN, 0.0, -0.0, INFINITY, -INFINITY, 1e-30, -2.5};
    return (T)special[draw(8)];
  }
  const uint64_t bits =
      (uint64_t)draw(1 << 20) << 44 ^ (uint64_t)draw(1 << 20) << 20 ^ draw(1 << 20);
  return (T)bits;
}
template <> F16 drawn<F16>(void) { return {(uint16_t)(draw(2) ? 0x3c00 + draw(3) : draw(65536))}; }
template <> BF16 drawn<BF16>(void) { return {(uint16_t)(draw(2) ? draw(2) << 15 : draw(65536))}; }

template <class T> static std::vector<T> all_drawn(int64_t count)
{
  std::vector<T> v((size_t)count);
  for (T &x : v) x = drawn<T>();
  return v;
}

template <class Entry, class... Args>
static void run(const char *what, int64_t work, Entry *entry, Args... args)
{
  void *memory;
  cudaMalloc(&memory, (size_t)work);
  if (entry(args..., memory, nullptr)) fail(what, -1, 0);
  cudaFree(memory);
}

/* Where the sorted elements come from: of equal ones the earlier first. */
template <class T> static std::vector<int32_t> order_of(const T *from, int64_t count, int64_t step)
{
  std::vector<int32_t> order((size_t)count);
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    const T x = from[a * step], y = from[b * step];
    return before(x, y) || (!before(y, x) && a < b);
  });
  return order;
}

/* Lines of `count` elements, `step` apart. */
template <class T>
static void check(const char *what, const std::vector<T> &x, const std::vector<T> &got,
                  const std::vector<int32_t> &place, int64_t count, int64_t step)
{
  for (int64_t line = 0; count && line < (int64_t)x.size() / count; line++) {
    const int64_t start = line / step * step * count + line % step;
    const T *from = x.data() + start;
    const std::vector<int32_t> order = order_of(from, count, step);
    for (int64_t i = 0; i < count; i++) {
      const size_t at = (size_t)(start + i * step);
      const T &wanted = from[order[(size_t)i] * step];
      const bool same = !memcmp(&wanted, &got[at], sizeof(T)) ||
                        (is_nan(number(wanted)) && is_nan(number(got[at])));
      if (!same || place[at] != order[(size_t)i]) fail(what, count, i);
    }
  }
}

#define CHECK_DTYPE(name, NAME, type, cell)                                                 \
  do {                                                                                      \
    const std::vector<type> x = all_drawn<type>(N);                                         \
    std::vector<type> got((size_t)N);                                                       \
    std::vector<int32_t> place((size_t)N);                                                  \
    run(#name, SORTS_OF_##NAME##_WORK_BYTES(N), sorts_of_##name, N, (const cell *)x.data(), \
        (cell *)got.data(), place.data());                                                  \
    check(#name, x, got, place, N, 1);                                                      \
  } while (0)

static void test_dtypes(int64_t N)
{
  CHECK_DTYPE(i8, I8, int8_t, int8_t);
  CHECK_DTYPE(u8, U8, uint8_t, uint8_t);
  CHECK_DTYPE(i16, I16, int16_t, int16_t);
  CHECK_DTYPE(u16, U16, uint16_t, uint16_t);
  CHECK_DTYPE(i32, I32, int32_t, int32_t);
  CHECK_DTYPE(u32, U32, uint32_t, uint32_t);
  CHECK_DTYPE(i64, I64, int64_t, int64_t);
  CHECK_DTYPE(u64, U64, uint64_t, uint64_t);
  CHECK_DTYPE(f16, F16, F16, uint16_t);
  CHECK_DTYPE(bf16, BF16, BF16, uint16_t);
  CHECK_DTYPE(f32, F32, float, float);
  CHECK_DTYPE(f64, F64, double, double);
}

/* An entry of `lines` lines of `count`, `step` apart. */
#define CHECK_LINES(name, lines, count, step, bytes, ...)                            \
  do {                                                                               \
    const std::vector<float> x = all_drawn<float>((lines) * (count));                \
    std::vector<float> got(x.size());                                                \
    std::vector<int32_t> place(x.size());                                            \
    run(#name, bytes, sorts_##name, __VA_ARGS__ x.data(), got.data(), place.data()); \
    check(#name, x, got, place, count, step);                                        \
  } while (0)
#define COMMA ,

static void test_lines(int64_t M, int64_t N)
{
  CHECK_LINES(rows, M, N, 1, SORTS_ROWS_WORK_BYTES(M, N), M COMMA N COMMA);
  CHECK_LINES(columns, M, N, M, SORTS_COLUMNS_WORK_BYTES(M, N), M COMMA N COMMA);
}

static void test_known(void)
{
  CHECK_LINES(tiny, 700, 9, 1, SORTS_TINY_WORK_BYTES, );
  CHECK_LINES(short, 7, 300, 1, SORTS_SHORT_WORK_BYTES, );
  CHECK_LINES(whole, 2, 4096, 1, SORTS_WHOLE_WORK_BYTES, );
  CHECK_LINES(odd, 1, 5000, 1, SORTS_ODD_WORK_BYTES, );
}

/* What stands before and behind a sort; its gradient, which is a gather by the places. */
static void test_uses(int64_t N)
{
  std::vector<float> x((size_t)N), w((size_t)N), got((size_t)N);
  for (float &a : x) a = (float)draw(1 << 20) / (1 << 20) - 0.25f;
  for (float &a : w) a = (float)draw(1000);
  const std::vector<int32_t> order = order_of(x.data(), N, 1);
  run("slope", SORTS_SLOPE_WORK_BYTES(N), sorts_slope, N, x.data(), w.data(), got.data());
  for (size_t i = 0; i < order.size(); i++)
    if (got[(size_t)order[i]] != w[i]) fail("slope", N, (int64_t)i);
  run("fused", SORTS_FUSED_WORK_BYTES(N), sorts_fused, N, x.data(), w.data(), got.data());
  std::vector<float> wanted((size_t)N);
  for (size_t i = 0; i < wanted.size(); i++) wanted[i] = x[i] * w[i];
  std::sort(wanted.begin(), wanted.end());
  for (size_t i = 0; i < wanted.size(); i++)
    if (got[i] != 2 * wanted[i] + 1) fail("fused", N, (int64_t)i);
  run("twice", SORTS_TWICE_WORK_BYTES(N), sorts_twice, N, x.data(), got.data());
  for (size_t i = 0; i < wanted.size(); i++)
    if (got[i] != x[(size_t)order[i]]) fail("twice", N, (int64_t)i);
  run("again", SORTS_AGAIN_WORK_BYTES(N), sorts_again, N, x.data(), got.data());
  double sum = 0;
  for (float a : x) sum += a;
  if (sum < 1) return; /* it may not have sorted once */
  for (size_t i = 1; i < got.size(); i++)
    if (!(got[i - 1] <= got[i])) fail("again", N, (int64_t)i);
}

int main(int count, char **)
{
  const bool is_short = count > 1; /* the checkers take their time */
  static const int64_t sizes[] = {0, 1, 33, 2050, 2, 3, 31, 32, 1000, 2047, 2048, 5003, 20001};
  for (int64_t N : sizes) {
    if (is_short && N == 2) break;
    test_uses(N);
    if (!is_short || N == 2050) test_dtypes(N);
    test_lines(3, N);
  }
  test_lines(0, 5);
  if (!is_short) test_lines(300, 70);
  test_known();
  puts(wrong ? "wrong" : "right");
  return wrong != 0;
}
