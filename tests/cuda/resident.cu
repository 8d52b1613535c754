/* Entries of resident.mdl as graphs, launched twice; what they give is held against plain loops, and
 * its bits are printed, which no number of blocks may change. */
#include "resident.h"

#include <cuda_runtime.h>

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vector>

typedef std::vector<float> Floats;

static unsigned long long bits = 14695981039346656037u;

static void add_bits(const void *p, size_t bytes)
{
  for (size_t i = 0; i < bytes; i++) bits = (bits ^ ((const unsigned char *)p)[i]) * 1099511628211u;
}

static Floats drawn(size_t count, unsigned seed)
{
  Floats v(count);
  for (float &x : v) x = (float)((int)((seed = seed * 1664525u + 1013904223u) >> 20) - 2048) / 1024.0f;
  return v;
}

static int check(const char *name, size_t i, double got, double wanted)
{
  if (fabs(got - wanted) <= 1e-3 * (1 + fabs(wanted))) return 0;
  printf("%s[%zu] is %g, not %g\n", name, i, got, wanted);
  return 1;
}

static cudaStream_t stream;

/* Runs a graph and gives it back. */
static int run(cudaGraphExec_t graph)
{
  const int failed = cudaGraphLaunch(graph, stream) != cudaSuccess;
  cudaGraphExecDestroy(graph);
  return failed;
}

/* Does x solve it? 4*x + (a + transpose(a))*x/100 = b. */
static int test_solve()
{
  enum { N = 300 };
  const Floats a = drawn(N * N, 1), b = drawn(N, 2);
  Floats x(N), work(RESIDENT_SOLVE_WORK_BYTES / 4 + 1);
  int32_t steps = -1;
  cudaGraphExec_t graph;
  int wrong = resident_solve_graph_create(&graph, a.data(), b.data(), 0.05f, x.data(), &steps,
                                          work.data(), stream);
  wrong = wrong || cudaGraphLaunch(graph, stream) || run(graph);
  wrong = wrong || resident_solve_status(work.data(), nullptr);
  for (size_t i = 0; i < N && !wrong; i++) {
    double sum = 4.0 * x[i];
    for (size_t j = 0; j < N; j++) sum += 0.01 * ((double)a[i * N + j] + a[j * N + i]) * x[j];
    wrong = fabs(sum - b[i]) > 0.01 ? check("solve", i, sum, b[i]) : 0;
  }
  if (!wrong && (steps < 2 || steps > 29)) wrong = check("steps", 0, steps, 9);
  add_bits(x.data(), N * sizeof(float));
  add_bits(&steps, sizeof steps);
  return wrong;
}

static int test_halve(int64_t N, int64_t M)
{
  const size_t all = (size_t)(N * M);
  const Floats before = drawn(all, 3);
  Floats x = before, work((size_t)RESIDENT_HALVE_WORK_BYTES(N, M) / 4 + 1);
  int32_t rounds = -1, wanted = 0;
  cudaGraphExec_t graph;
  int wrong = resident_halve_graph_create(&graph, N, M, x.data(), 3.0f, &rounds, work.data(), stream);
  wrong = wrong || run(graph);
  double most = 0;
  for (size_t j = 0; j < (size_t)M; j++) {
    double sum = 0;
    for (size_t i = 0; i < (size_t)N; i++) sum += (double)before[i * M + j] * before[i * M + j];
    most = fmax(most, sum);
  }
  while (most > 3.0 && wanted < 9) most /= 4, wanted++;
  wrong = wrong || check("halve", 0, rounds, wanted);
  for (size_t i = 0; i < all && !wrong; i++) wrong = check("halve", i, x[i], ldexp(before[i], -wanted));
  add_bits(x.data(), all * sizeof(float));
  return wrong;
}

static int test_total()
{
  enum { N = 70000, ROUNDS = 2 };
  const Floats before = drawn(N, 4);
  std::vector<double> wanted(before.begin(), before.end());
  Floats x = before, work(RESIDENT_TOTAL_WORK_BYTES / 4 + 1);
  double sum = 0;
  float got = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (double v : wanted) sum += v * v;
    for (double &v : wanted) v = 0.5 * v + 0.001 * sum;
  }
  int wrong = resident_total(x.data(), ROUNDS, &got, work.data(), stream) != MDL_OK;
  wrong = wrong || check("total", 0, got, sum);
  for (size_t i = 0; i < N && !wrong; i++) wrong = check("total", i, x[i], wanted[i]);
  add_bits(x.data(), N * sizeof(float));
  add_bits(&got, sizeof got);
  return wrong;
}

static int test_branch(float shift)
{
  enum { N = 133, M = 64 };
  Floats before = drawn(N * M, 5);
  const Floats w = drawn(M * M, 6);
  for (float &v : before) v += shift;
  Floats x = before, work((size_t)RESIDENT_BRANCH_WORK_BYTES(N) / 4 + 1);
  float total = 0;
  cudaGraphExec_t graph;
  int wrong = resident_branch_graph_create(&graph, N, x.data(), w.data(), &total, work.data(), stream);
  wrong = wrong || run(graph);
  for (size_t i = 0; i < N * M && !wrong; i++) {
    double wanted = 0.5 * before[i] + 1;
    if (shift > 0) {
      double sum = 0;
      for (size_t k = 0; k < M; k++) sum += (double)before[i / M * M + k] * w[k * M + i % M];
      wanted = tanh(sum);
    }
    wrong = check("branch", i, x[i], wanted);
  }
  add_bits(x.data(), N * M * sizeof(float));
  add_bits(&total, sizeof total);
  return wrong;
}

int main()
{
  cudaStreamCreate(&stream);
  const int wrong = test_solve() || test_halve(70, 90) || test_halve(3, 2000) || test_halve(0, 5) ||
                    test_total() || test_branch(1.0f) || test_branch(-1.0f);
  cudaStreamDestroy(stream);
  printf("%s %016llx\n", wrong ? "wrong" : "right", bits);
  return wrong;
}
