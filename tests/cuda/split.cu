/* split.mdl against the same in double, one element after another. */
#include "split.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vector>

static int wrong;

static void fail(const char *what, int64_t n, double got, double wanted)
{
  if (wrong++ < 10) printf("%s %d: %.9g, not %.9g\n", what, (int)n, got, wanted);
}

static void check(const char *what, int64_t n, double got, double wanted, double tolerance)
{
  if (isnan(got) && isnan(wanted)) return;
  if (got != wanted && !(fabs(got - wanted) <= tolerance)) fail(what, n, got, wanted);
}

static unsigned seed = 1;

/* In -2 .. 2, steps of 1/1024. */
static float draw(void)
{
  return (float)((int)((seed = seed * 1664525u + 1013904223u) >> 20) - 2048) / 1024.0f;
}

static std::vector<float> drawn(int64_t count)
{
  std::vector<float> v((size_t)count);
  for (float &x : v) x = draw();
  return v;
}

template <class Entry, class... Args>
static void run(const char *what, int64_t work, Entry *entry, Args... args)
{
  void *memory;
  cudaMalloc(&memory, (size_t)work);
  if (entry(args..., memory, nullptr)) fail(what, 0, 1, 0);
  cudaFree(memory);
}

/* Half of each number that is drawn is a half float: 1/1024 steps below 2. */
static uint16_t half_of(float x)
{
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (x == 0) return 0;
  return (uint16_t)((bits >> 16 & 0x8000) | ((bits & 0x7fffffff) - 0x38000000) >> 13);
}

static double of_half(uint16_t h)
{
  const int e = h >> 10 & 31, m = h & 1023;
  const double x = e == 31 ? (m ? NAN : INFINITY) : e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
  return h & 0x8000 ? -x : x;
}

static void test_floats(int64_t N)
{
  std::vector<float> x = drawn(N);
  std::vector<double> wide(x.begin(), x.end());
  std::vector<uint16_t> half((size_t)N);
  double squares = 0, sum = 0, halves = 0, most = -INFINITY;
  for (size_t i = 0; i < x.size(); i++) {
    half[i] = half_of(x[i]);
    squares += (double)x[i] * x[i], sum += x[i], halves += of_half(half[i]);
    most = fmax(most, x[i]);
  }
  const double fine = 1e-5 * (1 + sqrt((double)N));
  float got = NAN;
  double got_wide = NAN;
  uint16_t got_half = 0x7e00;
  run("total", SPLIT_TOTAL_WORK_BYTES(N), split_total, N, x.data(), &got);
  check("total", N, got, squares, fine + 1e-6 * squares);
  run("total_f64", SPLIT_TOTAL_F64_WORK_BYTES(N), split_total_f64, N, wide.data(), &got_wide);
  check("total_f64", N, got_wide, sum, 1e-10);
  run("total_f16", SPLIT_TOTAL_F16_WORK_BYTES(N), split_total_f16, N, half.data(), &got_half);
  check("total_f16", N, of_half(got_half), halves, fabs(halves) / 1024 + fine);
  run("largest", SPLIT_LARGEST_WORK_BYTES(N), split_largest, N, x.data(), &got);
  check("largest", N, got, most, 0);
  if (!N) return;
  std::vector<float> slope((size_t)N);
  x[(size_t)(N / 2)] = x[(size_t)(N - 1)] = 7; /* ties share the gradient */
  run("slope", SPLIT_SLOPE_WORK_BYTES(N), split_slope, N, x.data(), slope.data());
  const double share = N / 2 == N - 1 ? 1 : 0.5;
  for (int64_t i = 0; i < N; i++)
    check("slope", N, slope[(size_t)i], i == N / 2 || i == N - 1 ? share : 0, 0);
  x[(size_t)(N / 3)] = NAN;
  run("largest", SPLIT_LARGEST_WORK_BYTES(N), split_largest, N, x.data(), &got);
  check("largest of NaN", N, got, NAN, 0);
  x[(size_t)(N / 3)] = INFINITY;
  run("total", SPLIT_TOTAL_WORK_BYTES(N), split_total, N, x.data(), &got);
  check("total of infinity", N, got, INFINITY, 0);
}

static void test_integers(int64_t N)
{
  std::vector<int32_t> x((size_t)N);
  std::vector<uint8_t> small((size_t)N);
  int32_t least = INT32_MAX;
  uint32_t product = 1;
  uint8_t sum = 0;
  for (size_t i = 0; i < x.size(); i++) {
    x[i] = (int32_t)(1024 * draw()) | 1;
    small[i] = (uint8_t)x[i];
    least = x[i] < least ? x[i] : least, product *= (uint32_t)x[i];
    sum = (uint8_t)(sum + small[i]);
  }
  int32_t got = 0, got_product = 0;
  uint8_t got_sum = 0;
  run("least", SPLIT_LEAST_WORK_BYTES(N), split_least, N, x.data(), &got);
  check("least", N, got, least, 0);
  run("product", SPLIT_PRODUCT_I32_WORK_BYTES(N), split_product_i32, N, x.data(), &got_product);
  check("product", N, got_product, (int32_t)product, 0);
  run("total_u8", SPLIT_TOTAL_U8_WORK_BYTES(N), split_total_u8, N, small.data(), &got_sum);
  check("total_u8", N, got_sum, sum, 0);
}

static void test_bools(int64_t N)
{
  std::vector<float> x = drawn(N);
  for (int last = 0; last < 2; last++) {
    if (last && N) x[(size_t)(N - 1)] = 4;
    bool some = false, every = false;
    run("some", SPLIT_SOME_WORK_BYTES(N), split_some, N, x.data(), &some);
    check("some", N, some, last && N, 0);
    run("every", SPLIT_EVERY_WORK_BYTES(N), split_every, N, x.data(), &every);
    check("every", N, every, !(last && N), 0);
  }
}

static void test_columns(int64_t N)
{
  const int64_t D = 37;
  const std::vector<float> x = drawn(N * 75), y = drawn(N * 10), b = drawn(10);
  const double fine = 1e-5 * (1 + sqrt((double)N));
  float got[D], whole;
  double sum = 0;
  for (size_t i = 0; i < (size_t)N * 7; i++) sum += pow((double)x[i] - b[i % 7], 2);
  run("table", SPLIT_TABLE_WORK_BYTES(N), split_table, N, x.data(), b.data(), &whole);
  check("table", N, whole, sum, fine + 1e-6 * sum);
  run("column", SPLIT_COLUMN_WORK_BYTES(N), split_column, N, x.data(), got);
  sum = 0;
  for (size_t i = 0; i < (size_t)N; i++) sum += x[i];
  check("column", N, got[0], sum, fine);
  run("columns", SPLIT_COLUMNS_WORK_BYTES(N), split_columns, N, x.data(), got);
  for (size_t c = 0; c < 10; c++) {
    sum = 0;
    for (size_t i = 0; i < (size_t)N; i++) sum += x[i * 10 + c];
    check("columns", N, got[c], sum, fine);
  }
  run("bias", SPLIT_BIAS_WORK_BYTES(N), split_bias, N, x.data(), y.data(), b.data(), got);
  for (size_t c = 0; c < 10; c++) {
    sum = 0;
    for (size_t i = 0; i < (size_t)N; i++)
      sum += (1 - pow(tanh((double)x[i * 10 + c] + b[c]), 2)) * y[i * 10 + c];
    check("bias", N, got[c], sum, fine);
  }
  run("wide", SPLIT_WIDE_WORK_BYTES(N, D), split_wide, N, D, x.data(), got);
  for (size_t c = 0; c < (size_t)D; c++) {
    sum = -INFINITY;
    for (size_t i = 0; i < (size_t)N; i++) sum = fmax(sum, 2 * x[i * D + c]);
    check("wide", N, got[c], sum, 0);
  }
  run("channels", SPLIT_CHANNELS_WORK_BYTES(N), split_channels, N, x.data(), got);
  for (size_t c = 0; c < 3; c++) {
    sum = 0;
    for (size_t i = 0; i < (size_t)N * 25; i++) sum += x[(i / 25 * 3 + c) * 25 + i % 25];
    check("channels", N, got[c], sum, 5 * fine);
  }
  run("few_rows", SPLIT_FEW_ROWS_WORK_BYTES(N), split_few_rows, N, x.data(), got);
  for (size_t c = 0; c < 3; c++) {
    sum = 0;
    for (size_t i = 0; i < (size_t)N; i++) sum += x[c * (size_t)N + i];
    check("few_rows", N, got[c], sum, fine);
  }
}

/* rows x steps by steps x columns; turned: the first operand is steps x rows. */
template <class T>
static void check_product(const char *what, const std::vector<T> &x, const std::vector<T> &y,
                          const T *got, int64_t rows, int64_t steps, int64_t columns, bool turned,
                          double scale)
{
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < columns; j++) {
      double sum = 0;
      for (int64_t k = 0; k < steps; k++)
        sum += (double)x[(size_t)(turned ? k * rows + i : i * steps + k)] *
               y[(size_t)(k * columns + j)];
      check(what, steps, got[i * columns + j], scale * sum, 1e-5 * (1 + sqrt((double)steps)));
    }
}

static void test_products(int64_t N)
{
  const int64_t D = 37;
  const std::vector<float> x = drawn(N * D), y = drawn(N * 36);
  std::vector<int32_t> a((size_t)N * 20), b((size_t)N * 36);
  for (int32_t &v : a) v = (int32_t)(8 * draw());
  for (int32_t &v : b) v = (int32_t)(8 * draw());
  std::vector<float> got((size_t)N + 720);
  std::vector<int32_t> got_i32(720);
  float *out = got.data();
  run("inner", SPLIT_INNER_WORK_BYTES(N), split_inner, N, x.data(), y.data(), out);
  check_product("inner", x, y, out, 1, N, 1, true, 1);
  run("outer_by_vector", SPLIT_OUTER_BY_VECTOR_WORK_BYTES(N, D), split_outer_by_vector, N, D,
      x.data(), y.data(), out);
  check_product("outer_by_vector", x, y, out, D, N, 1, true, 1);
  if (N >= 2 && N < 100) { /* a block a row */
    run("by_vector", SPLIT_BY_VECTOR_WORK_BYTES(N, D), split_by_vector, N, D, x.data(), y.data(),
        out);
    check_product("by_vector", x, y, out, N, D, 1, false, 1);
  }
  run("narrow", SPLIT_NARROW_WORK_BYTES(N), split_narrow, N, x.data(), y.data(), out);
  check_product("narrow", x, y, out, 20, N, 5, true, 1);
  run("weights", SPLIT_WEIGHTS_WORK_BYTES(N), split_weights, N, x.data(), y.data(), out);
  check_product("weights", x, y, out, 20, N, 36, true, 0.5);
  run("weights_last", SPLIT_WEIGHTS_LAST_WORK_BYTES(N), split_weights_last, N, x.data(), y.data(),
      out);
  check_product("weights_last", x, y, out, 20, N, 36, false, 1);
  run("weights_i32", SPLIT_WEIGHTS_I32_WORK_BYTES(N), split_weights_i32, N, a.data(), b.data(),
      got_i32.data());
  check_product("weights_i32", a, b, got_i32.data(), 20, N, 36, true, 1);
  if (N < 1100) return;
  run("weights_fixed", SPLIT_WEIGHTS_FIXED_WORK_BYTES, split_weights_fixed, x.data(), y.data(),
      out);
  check_product("weights_fixed", x, y, out, 20, 1100, 36, true, 1);
}

/* In order, as one thread would; some indices are out of range. */
static void test_updates(int64_t N)
{
  const std::vector<float> x = drawn(N), g = drawn(N * 20), t = drawn(1000);
  std::vector<int32_t> i((size_t)N);
  std::vector<uint8_t> small((size_t)N);
  for (size_t k = 0; k < i.size(); k++) {
    i[k] = (int32_t)(25 * draw()) + 24;
    small[k] = (uint8_t)(8 + 4 * draw());
  }
  std::vector<float> wanted(1000), got(1000), high = drawn(70), last = high;
  std::vector<float> got_high = high, got_last = last;
  std::vector<int32_t> count(10), got_count(10);
  for (size_t k = 0; k < i.size(); k++) {
    const int row = i[k] < 0 ? 0 : i[k] > 49 ? 49 : i[k];
    for (size_t d = 0; d < 20; d++) wanted[(size_t)row * 20 + d] += g[k * 20 + d];
    if (small[k] < 10) count[small[k]]++;
    if (i[k] < 0 || i[k] >= 70) continue;
    high[(size_t)i[k]] = fmaxf(high[(size_t)i[k]], x[k]);
    last[(size_t)i[k]] = 2 * x[k];
  }
  run("embed", SPLIT_EMBED_WORK_BYTES(N), split_embed, N, t.data(), i.data(), g.data(), got.data());
  run("count", SPLIT_COUNT_WORK_BYTES(N), split_count, N, small.data(), got_count.data());
  run("highest", SPLIT_HIGHEST_WORK_BYTES(N), split_highest, N, i.data(), x.data(),
      got_high.data());
  run("last", SPLIT_LAST_WORK_BYTES(N), split_last, N, i.data(), x.data(), got_last.data());
  for (size_t k = 0; k < 1000; k++) check("embed", N, got[k], wanted[k], 0);
  for (size_t k = 0; k < 10; k++) check("count", N, got_count[k], count[k], 0);
  for (size_t k = 0; k < 70; k++) {
    check("highest", N, got_high[k], high[k], 0);
    check("last", N, got_last[k], last[k], 0);
  }
}

static void test_grid(void)
{
  const std::vector<float> x = drawn(30000);
  double sum = 0;
  for (float a : x) sum += fabs(a);
  float got = NAN;
  run("grid", SPLIT_GRID_WORK_BYTES, split_grid, x.data(), &got);
  check("grid", 30000, got, sum, 0.01);
}

/* An image's element, zero where it is padded. */
static double padded(const float *x, int64_t H, int64_t W, int64_t h, int64_t w)
{
  return h < 0 || w < 0 || h >= H || w >= W ? 0 : x[h * W + w];
}

/* Of sum(conv2d(x, w, pad)*g) by w: [20, 16, kh, kw]. */
static void check_kernel(const char *what, int64_t N, int64_t H, int64_t W, int64_t kh, int64_t kw,
                         int64_t pad, const float *x, const float *g, const float *got)
{
  const int64_t h = H + 2 * pad - kh + 1, w = W + 2 * pad - kw + 1;
  for (int64_t at = 0; at < 20 * 16 * kh * kw; at++) {
    const int64_t o = at / kw / kh / 16, c = at / kw / kh % 16, dy = at / kw % kh, dx = at % kw;
    double sum = 0;
    for (int64_t n = 0; n < N; n++)
      for (int64_t y = 0; y < h; y++)
        for (int64_t z = 0; z < w; z++)
          sum += padded(&x[(n * 16 + c) * H * W], H, W, y + dy - pad, z + dx - pad) *
                 g[((n * 20 + o) * h + y) * w + z];
    check(what, N, got[at], sum, 1e-4 * (double)(N + 1));
  }
}

static void test_kernels(int64_t N)
{
  const std::vector<float> x = drawn(N * 672), g = drawn(N * 500), w = drawn(1920);
  std::vector<float> got(1920, NAN);
  run("kernel", SPLIT_KERNEL_WORK_BYTES(N), split_kernel, N, x.data(), w.data(), g.data(),
      got.data());
  check_kernel("kernel", N, 7, 6, 3, 2, 0, x.data(), g.data(), got.data());
}

static void test_channels(void)
{
  const std::vector<float> x = drawn(67 * 400), g = drawn(67 * 500), v = drawn(2880);
  const std::vector<float> image = drawn(6000), w = drawn(64800), b = drawn(24);
  std::vector<float> kernel(2880, NAN), got(480, NAN);
  run("kernel_padded", SPLIT_KERNEL_PADDED_WORK_BYTES, split_kernel_padded, x.data(), v.data(),
      g.data(), kernel.data());
  check_kernel("kernel_padded", 67, 5, 5, 3, 3, 1, x.data(), g.data(), kernel.data());
  run("channels_conv", SPLIT_CHANNELS_CONV_WORK_BYTES, split_channels_conv, image.data(), w.data(),
      b.data(), got.data());
  for (int64_t at = 0; at < 480; at++) {
    const int64_t o = at / 20, y = at / 5 % 4, z = at % 5;
    double sum = b[(size_t)o];
    for (int64_t c = 0; c < 300; c++)
      for (int64_t k = 0; k < 9; k++)
        sum += padded(&image[(size_t)c * 20], 4, 5, y + k / 3 - 1, z + k % 3 - 1) *
               w[(size_t)((o * 300 + c) * 9 + k)];
    check("channels_conv", 1, got[(size_t)at], sum > 0 ? sum : 0, 0.01);
  }
}

int main(int count, char **)
{
  static const int64_t sizes[] = {0, 1, 31, 32, 33, 1000, 4096, 8193, 100003};
  test_grid();
  test_channels();
  test_kernels(0);
  test_kernels(1);
  test_kernels(31);
  for (int64_t N : sizes) {
    if (N > 2000 && count > 1) break; /* the checkers take their time */
    test_floats(N);
    test_integers(N);
    test_bools(N);
    if (N < 5000) test_columns(N), test_products(N), test_updates(N);
  }
  puts(wrong ? "wrong" : "right");
  return wrong != 0;
}
