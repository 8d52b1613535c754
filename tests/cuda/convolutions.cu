/* convolutions.mdl against sums in double. */
#include "convolutions.h"

#include <math.h>
#include <stdio.h>
#include <vector>

static int wrong;

static unsigned seed;
template <class T> static std::vector<T> drawn(int64_t count)
{
  std::vector<T> v((size_t)count);
  for (T &x : v) x = (T)((int)((seed = seed * 1664525u + 1013904223u) >> 20) - 2048) / (T)1024;
  return v;
}

struct Work {
  void *memory;
  explicit Work(int64_t bytes) { cudaMalloc(&memory, (size_t)bytes); }
  ~Work() { cudaFree(memory); }
};

/* x [N, C, H, W], w [O, C/groups, h, v], y [N, O, ..] */
struct Conv {
  const char *name;
  int64_t N, C, H, W, O, h, v, groups;
  int64_t stride[2], pad[2], dilation;
  int64_t more[2] = {0, 0}; /* ... padding behind the end than before the start */
  int64_t out(int axis) const
  {
    const int64_t extent = axis ? W : H, taps = axis ? v : h;
    return (extent + 2 * pad[axis] + more[axis] - (taps - 1) * dilation - 1) / stride[axis] + 1;
  }
  int64_t ys() const { return N * O * out(0) * out(1); }
  int64_t xs() const { return N * C * H * W; }
  int64_t ws() const { return O * (C / groups) * h * v; }
};

/* each(y, x, w): the elements that meet, by their numbers. */
template <class Each> static void for_each_product(const Conv &c, Each each)
{
  const int64_t I = c.C / c.groups, P = c.out(0), Q = c.out(1);
  for (int64_t y = 0; y < c.ys(); y++) {
    const int64_t q = y % Q, p = y / Q % P, o = y / Q / P % c.O, n = y / Q / P / c.O;
    for (int64_t w = o * I * c.h * c.v; w < (o + 1) * I * c.h * c.v; w++) {
      const int64_t row = p * c.stride[0] + w / c.v % c.h * c.dilation - c.pad[0];
      const int64_t column = q * c.stride[1] + w % c.v * c.dilation - c.pad[1];
      const int64_t i = o / (c.O / c.groups) * I + w / c.v / c.h % I;
      if (row < 0 || row >= c.H || column < 0 || column >= c.W) continue;
      each((size_t)y, (size_t)(((n * c.C + i) * c.H + row) * c.W + column), (size_t)w);
    }
  }
}

template <class T>
static void compare(const Conv &c, const char *what, const std::vector<T> &got,
                    const std::vector<double> &wanted)
{
  for (size_t i = 0; i < got.size(); i++) {
    if (fabs((double)got[i] - wanted[i]) <= 1e-5 * (40 + fabs(wanted[i]))) continue;
    printf("%s, %s: element %d of %d is %g, not %g\n", c.name, what, (int)i, (int)got.size(),
           (double)got[i], wanted[i]);
    wrong = 1;
    return;
  }
}

/* forward(x, w, y) and back(x, w, g, gx, gw) call the entries. */
template <class T, class Forward, class Back>
static void test(const Conv &c, Forward forward, Back back)
{
  const std::vector<T> x = drawn<T>(c.xs()), w = drawn<T>(c.ws()), g = drawn<T>(c.ys());
  std::vector<T> y((size_t)c.ys(), (T)NAN), gx((size_t)c.xs(), (T)NAN), gw((size_t)c.ws(), (T)NAN);
  std::vector<double> sum(y.size()), sum_x(x.size()), sum_w(w.size());
  wrong |= forward(x.data(), w.data(), y.data()) != MDL_OK;
  for_each_product(c, [&](size_t i, size_t j, size_t k) { sum[i] += (double)x[j] * (double)w[k]; });
  compare(c, "y", y, sum);
  if (!back(x.data(), w.data(), g.data(), gx.data(), gw.data())) return;
  for_each_product(c, [&](size_t i, size_t j, size_t k) {
    sum_x[j] += (double)g[i] * (double)w[k];
    sum_w[k] += (double)g[i] * (double)x[j];
  });
  compare(c, "gx", gx, sum_x);
  compare(c, "gw", gw, sum_w);
}

static void test_plain(int64_t N, int64_t H, int64_t W)
{
  test<float>(
      {"plain", N, 16, H, W, 20, 3, 3, 1, {1, 1}, {1, 1}, 1},
      [=](const float *x, const float *w, float *y) {
        return convolutions_plain(N, H, W, x, w, y,
                                  Work(CONVOLUTIONS_PLAIN_WORK_BYTES(N, H, W)).memory, nullptr);
      },
      [=](const float *x, const float *w, const float *g, float *gx, float *gw) {
        wrong |= convolutions_plain_back(N, H, W, x, w, g, gx, gw,
                                         Work(CONVOLUTIONS_PLAIN_BACK_WORK_BYTES(N, H, W)).memory,
                                         nullptr);
        return true;
      });
}

static void test_point(int64_t N, int64_t H, int64_t W)
{
  test<float>(
      {"point", N, 32, H, W, 64, 1, 1, 1, {1, 1}, {0, 0}, 1},
      [=](const float *x, const float *w, float *y) {
        return convolutions_point(N, H, W, x, w, y,
                                  Work(CONVOLUTIONS_POINT_WORK_BYTES(N, H, W)).memory, nullptr);
      },
      [](const float *, const float *, const float *, float *, float *) { return false; });
}

/* max(y + b, 0) */
static void test_known(int64_t N)
{
  const Conv c = {"known", N, 16, 12, 12, 24, 3, 3, 1, {1, 1}, {0, 0}, 1};
  const std::vector<float> x = drawn<float>(c.xs()), w = drawn<float>(c.ws()), b = drawn<float>(24);
  std::vector<float> y((size_t)c.ys(), NAN);
  std::vector<double> sum(y.size());
  wrong |= convolutions_known(N, x.data(), w.data(), b.data(), y.data(),
                              Work(CONVOLUTIONS_KNOWN_WORK_BYTES(N)).memory, nullptr) != MDL_OK;
  for_each_product(c, [&](size_t i, size_t j, size_t k) { sum[i] += (double)x[j] * (double)w[k]; });
  for (size_t i = 0; i < sum.size(); i++) sum[i] = fmax(0, sum[i] + (double)b[i / 100 % 24]);
  compare(c, "y", y, sum);
}

static void test_strided(int64_t N)
{
  test<float>(
      {"strided", N, 16, 13, 10, 40, 3, 2, 1, {2, 3}, {1, 1}, 1},
      [=](const float *x, const float *w, float *y) {
        return convolutions_strided(N, x, w, y, Work(CONVOLUTIONS_STRIDED_WORK_BYTES(N)).memory,
                                    nullptr);
      },
      [=](const float *x, const float *w, const float *g, float *gx, float *gw) {
        wrong |= convolutions_strided_back(
            N, x, w, g, gx, gw, Work(CONVOLUTIONS_STRIDED_BACK_WORK_BYTES(N)).memory, nullptr);
        return true;
      });
}

static void test_grouped(int64_t N)
{
  test<float>(
      {"grouped", N, 32, 9, 8, 40, 3, 3, 2, {1, 1}, {1, 1}, 2},
      [=](const float *x, const float *w, float *y) {
        return convolutions_grouped(N, x, w, y, Work(CONVOLUTIONS_GROUPED_WORK_BYTES(N)).memory,
                                    nullptr);
      },
      [=](const float *x, const float *w, const float *g, float *gx, float *gw) {
        wrong |= convolutions_grouped_back(
            N, x, w, g, gx, gw, Work(CONVOLUTIONS_GROUPED_BACK_WORK_BYTES(N)).memory, nullptr);
        return true;
      });
}

static void test_lopsided(int64_t N, int64_t H, int64_t W)
{
  test<float>(
      {"lopsided", N, 16, H + 1, W, 24, 2, 3, 1, {1, 1}, {2, 0}, 1, {-2, 3}},
      [=](const float *x, const float *w, float *y) {
        return convolutions_lopsided(N, H, W, x, w, y,
                                     Work(CONVOLUTIONS_LOPSIDED_WORK_BYTES(N, H, W)).memory,
                                     nullptr);
      },
      [=](const float *x, const float *w, const float *g, float *gx, float *gw) {
        wrong |= convolutions_lopsided_back(
            N, H, W, x, w, g, gx, gw, Work(CONVOLUTIONS_LOPSIDED_BACK_WORK_BYTES(N, H, W)).memory,
            nullptr);
        return true;
      });
}

static void test_line(int64_t N, int64_t L)
{
  test<double>(
      {"line", N, 12, 1, L, 16, 1, 5, 1, {1, 1}, {0, 2}, 1},
      [=](const double *x, const double *w, double *y) {
        return convolutions_line(N, L, x, w, y, Work(CONVOLUTIONS_LINE_WORK_BYTES(N, L)).memory,
                                 nullptr);
      },
      [=](const double *x, const double *w, const double *g, double *gx, double *gw) {
        wrong |= convolutions_line_back(
            N, L, x, w, g, gx, gw, Work(CONVOLUTIONS_LINE_BACK_WORK_BYTES(N, L)).memory, nullptr);
        return true;
      });
}

int main()
{
  test_plain(2, 7, 9);
  test_plain(1, 1, 1);
  test_plain(0, 3, 3);
  test_point(2, 9, 8);
  test_known(2);
  test_strided(3);
  test_grouped(2);
  test_lopsided(2, 6, 9);
  test_lopsided(1, 0, 1);
  test_line(3, 50);
  test_line(1, 2);
  puts(wrong ? "wrong" : "right");
  return wrong;
}
