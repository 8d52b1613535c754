/* Every entry of mutants.mdl on exact buffers, so that ASan sees a step beside them; what they give
 * is held against plain loops. EMU_MUTANT says which fault is switched on. */
#include "mutants.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <vector>

extern "C" int mutant;
int mutant;

typedef std::vector<float> Floats;

static Floats drawn(size_t count, unsigned seed)
{
  Floats v(count);
  for (float &x : v)
    x = (float)((int)((seed = seed * 1664525u + 1013904223u) >> 20) - 2048) / 1024.0f;
  return v;
}

static int check(const char *name, size_t i, double got, double wanted)
{
  if (fabs(got - wanted) <= 1e-3 * (1 + fabs(wanted))) return 0;
  printf("%s[%zu] is %g, not %g\n", name, i, got, wanted);
  return 1;
}

static int test_scale()
{
  const int64_t N = 3001;
  const Floats x = drawn(N, 1);
  Floats y(N);
  int wrong = mutants_scale(N, x.data(), 3.0f, y.data(), nullptr, nullptr);
  for (size_t i = 0; i < N && !wrong; i++) wrong = check("scale", i, y[i], 3.0 * x[i] + 1.0);
  return wrong;
}

static int test_total()
{
  const int64_t N = 7;
  const Floats x = drawn(N * 3000, 2);
  Floats y(N), work(1024);
  int wrong = mutants_total(N, x.data(), y.data(), work.data(), nullptr);
  for (size_t i = 0; i < N && !wrong; i++) {
    double sum = 0;
    for (size_t j = 0; j < 3000; j++) sum += (double)x[i * 3000 + j] * x[i * 3000 + j];
    wrong = check("total", i, y[i], sum);
  }
  return wrong;
}

static int test_spread()
{
  const int64_t N = 19;
  const Floats x = drawn(N * 40, 5);
  Floats y(N);
  int wrong = mutants_spread(N, x.data(), y.data(), nullptr, nullptr);
  for (size_t i = 0; i < N && !wrong; i++) {
    float most = -INFINITY, least = INFINITY;
    for (size_t j = 0; j < 40; j++)
      most = fmaxf(most, x[i * 40 + j]), least = fminf(least, x[i * 40 + j]);
    wrong = check("spread", i, y[i], (double)most - least);
  }
  return wrong;
}

static int test_running()
{
  const int64_t N = 7;
  const Floats x = drawn(N * 3000, 6);
  Floats y(N * 3000);
  int wrong = mutants_running(N, x.data(), y.data(), nullptr, nullptr);
  double sum = 0;
  for (size_t i = 0; i < N * 3000 && !wrong; i++) {
    sum = i % 3000 ? sum + x[i] : x[i];
    wrong = check("running", i, y[i], sum);
  }
  return wrong;
}

static int test_product()
{
  const int64_t M = 150, N = 70, K = 50;
  const Floats a = drawn(M * K, 3), b = drawn(K * N, 4);
  Floats y(M * N), work((MUTANTS_PRODUCT_WORK_BYTES(M, N, K) + 3) / 4);
  int wrong = mutants_product(M, N, K, a.data(), b.data(), y.data(), work.data(), nullptr);
  for (size_t i = 0; i < M * N && !wrong; i++) {
    double sum = 0;
    for (size_t k = 0; k < K; k++) sum += (double)a[i / N * K + k] * b[k * N + i % N];
    wrong = check("product", i, y[i], sum);
  }
  return wrong;
}

static int test_settle()
{
  enum { N = 600, K = 80 };
  const Floats a = drawn(N * K, 6);
  Floats x = drawn(K, 7), work((MUTANTS_SETTLE_WORK_BYTES(N) + 3) / 4);
  std::vector<double> wanted(x.begin(), x.end());
  int32_t rounds = -1;
  mutants_settle(N, a.data(), x.data(), &rounds, work.data(), nullptr); /* 4 rounds do not settle it */
  for (int round = 0; round < 4; round++) {
    double y[N], next[K] = {};
    for (size_t i = 0; i < N; i++) {
      y[i] = 0;
      for (size_t k = 0; k < K; k++) y[i] += wanted[k] * a[i * K + k];
      for (size_t k = 0; k < K; k++) next[k] += 0.01 * y[i] * a[i * K + k];
    }
    wanted.assign(next, next + K);
  }
  int wrong = check("rounds", 0, rounds, 4);
  for (size_t k = 0; k < K && !wrong; k++) wrong = check("settle", k, x[k], wanted[k]);
  return wrong;
}

int main()
{
  const char *which = getenv("EMU_MUTANT");
  mutant = which ? atoi(which) : 0;
  const int wrong = test_scale() || test_total() || test_spread() || test_running() ||
                    test_product() || test_settle();
  puts(wrong ? "wrong" : "right");
  return wrong;
}
