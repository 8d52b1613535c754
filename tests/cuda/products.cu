/* products.mdl against sums in double. */
#include "products.h"

#include <math.h>
#include <stdio.h>
#include <vector>

static int wrong;

static std::vector<float> drawn(size_t count, unsigned seed)
{
  std::vector<float> v(count);
  for (float &x : v)
    x = (float)((int)((seed = seed * 1664525u + 1013904223u) >> 20) - 2048) / 1024.0f;
  return v;
}

typedef mdl_status Entry(int64_t, int64_t, int64_t, const float *, const float *, float *, void *,
                         cudaStream_t);

/* a(i, k), b(k, j) by strides; `batch` products one behind the other; relu: of the result. */
static void test(const char *name, Entry *entry, int64_t work, int64_t batch, int64_t N, int64_t K,
                 int64_t M, int64_t steps, bool a_turned, bool b_turned, bool relu)
{
  const std::vector<float> a = drawn((size_t)(batch * N * steps), 1),
                           b = drawn((size_t)(batch * steps * M), 2);
  std::vector<float> out((size_t)(batch * N * M), NAN);
  void *memory;
  cudaMalloc(&memory, (size_t)work);
  if (entry(N, K, M, a.data(), b.data(), out.data(), memory, nullptr)) wrong = 1;
  cudaFree(memory);
  for (int64_t n = 0; n < batch; n++)
    for (int64_t i = 0; i < N; i++)
      for (int64_t j = 0; j < M; j++) {
        double sum = 0;
        for (int64_t k = 0; k < steps; k++)
          sum += (double)a[(size_t)(n * N * steps + (a_turned ? k * N + i : i * steps + k))] *
                 b[(size_t)(n * steps * M + (b_turned ? j * steps + k : k * M + j))];
        if (relu && sum < 0) sum = 0;
        const float got = out[(size_t)((n * N + i) * M + j)];
        if (fabs(got - sum) <= 1e-5 * (1 + sqrt((double)steps))) continue;
        if (!wrong)
          printf("%s %d %d %d: [%d, %d] is %g, not %g\n", name, (int)N, (int)K, (int)M, (int)i,
                 (int)j, (double)got, sum);
        wrong = 1;
      }
}

/* A graph of an entry, launched twice: the second launch sees other data in the same places. */
static void test_graph()
{
  const int64_t N = 65, K = 20, M = 40;
  std::vector<float> a = drawn((size_t)(N * K), 3), b = drawn((size_t)(K * M), 4);
  std::vector<float> out((size_t)(N * M)), again((size_t)(N * M));
  void *memory;
  cudaStream_t stream;
  cudaGraphExec_t graph;
  cudaMalloc(&memory, (size_t)PRODUCTS_PLAIN_WORK_BYTES(N, K, M));
  cudaStreamCreate(&stream);
  wrong |= products_plain_graph_create(&graph, N, K, M, a.data(), b.data(), out.data(), memory,
                                       stream) != MDL_OK;
  for (int round = 0; round < 2; round++) {
    a[0] += 1;
    wrong |= cudaGraphLaunch(graph, stream) != cudaSuccess;
    wrong |= products_plain(N, K, M, a.data(), b.data(), again.data(), memory, stream) != MDL_OK;
    if (out != again) wrong = 1, printf("graph: other results\n");
  }
  wrong |= products_plain_graph_create(&graph, -1, K, M, a.data(), b.data(), out.data(), memory,
                                       stream) != MDL_BAD_SIZE;
  cudaStreamDestroy(stream);
  cudaFree(memory);
}

int main()
{
  test_graph();
  static const int64_t sizes[][3] = {{70, 50, 90}, {64, 16, 64}, {1, 1, 1},   {65, 17, 129},
                                     {0, 3, 4},    {5, 0, 6},    {128, 33, 3}};
  for (const int64_t *s : sizes) {
    const int64_t N = s[0], K = s[1], M = s[2];
    test("plain", products_plain, PRODUCTS_PLAIN_WORK_BYTES(N, K, M), 1, N, K, M, K, false, false,
         false);
    test("left", products_left, PRODUCTS_LEFT_WORK_BYTES(N, K, M), 1, N, K, M, K, true, false,
         false);
    test("right", products_right, PRODUCTS_RIGHT_WORK_BYTES(N, K, M), 1, N, K, M, K, false, true,
         false);
    test("batched", products_batched, PRODUCTS_BATCHED_WORK_BYTES(N, K, M), 3, N, K, M, K, false,
         false, true);
    test("twice", products_twice, PRODUCTS_TWICE_WORK_BYTES(N, K, M), 1, N, K, M, 2 * K, false,
         false, false);
  }
  puts(wrong ? "wrong" : "right");
  return wrong;
}
