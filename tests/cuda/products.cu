/* products.mdl against sums in double, or in integers that wrap. */
#include "products.h"

#include <math.h>
#include <stdio.h>
#include <type_traits>
#include <vector>

static int wrong;

static unsigned seed;
static int draw() { return (int)((seed = seed * 1664525u + 1013904223u) >> 20) - 2048; }

template <class T> static std::vector<T> drawn(int64_t count)
{
  std::vector<T> v((size_t)count);
  for (T &x : v) x = std::is_integral<T>::value ? (T)draw() : (T)draw() / (T)1024;
  return v;
}

/* Work memory for the time of a call. */
struct Work {
  void *memory;
  explicit Work(int64_t bytes) { cudaMalloc(&memory, (size_t)bytes); }
  ~Work() { cudaFree(memory); }
};

/* What the sum of `steps` products has to be near. */
static bool near(double got, double wanted, int64_t steps)
{
  return fabs(got - wanted) <= 1e-5 * (1 + sqrt((double)steps));
}
static bool near(int32_t got, int64_t wanted, int64_t) { return got == (int32_t)wanted; }
static bool near(uint8_t got, int64_t wanted, int64_t) { return got == (uint8_t)wanted; }

/* Element `at` of out is the sum over k < steps of a[a_at(at, k)] * b[b_at(at, k)], then end(sum,
 * at). */
template <class T, class A, class B, class End>
static void check(const char *name, const std::vector<T> &a, const std::vector<T> &b,
                  const std::vector<T> &out, int64_t steps, A a_at, B b_at, End end)
{
  typedef typename std::conditional<std::is_integral<T>::value, int64_t, double>::type Sum;
  for (int64_t at = 0; at < (int64_t)out.size(); at++) {
    Sum sum = 0;
    for (int64_t k = 0; k < steps; k++)
      sum += (Sum)a[(size_t)a_at(at, k)] * (Sum)b[(size_t)b_at(at, k)];
    sum = end(sum, at);
    if (near(out[(size_t)at], sum, steps)) continue;
    printf("%s: element %d of %d is %g, not %g\n", name, (int)at, (int)out.size(),
           (double)out[(size_t)at], (double)sum);
    wrong = 1;
    return;
  }
}

static double same(double sum, int64_t) { return sum; }
static double positive(double sum, int64_t) { return sum < 0 ? 0 : sum; }

template <class T>
using Entry = mdl_status(int64_t, int64_t, int64_t, const T *, const T *, T *, void *,
                         cudaStream_t);

/* `batch` products one behind the other, sizes known at run time. */
template <class T, class End>
static void test(const char *name, Entry<T> *entry, int64_t work, int64_t batch,
                 const int64_t *size, int64_t steps, bool a_turned, bool b_turned, End end)
{
  const int64_t N = size[0], K = size[1], M = size[2];
  const std::vector<T> a = drawn<T>(batch * N * steps), b = drawn<T>(batch * steps * M);
  std::vector<T> out((size_t)(batch * N * M), (T)77);
  if (entry(N, K, M, a.data(), b.data(), out.data(), Work(work).memory, nullptr)) wrong = 1;
  check(
      name, a, b, out, steps,
      [=](int64_t at, int64_t k) {
        const int64_t n = at / M / N, i = at / M % N;
        return n * N * steps + (a_turned ? k * N + i : i * steps + k);
      },
      [=](int64_t at, int64_t k) {
        const int64_t n = at / M / N, j = at % M;
        return n * steps * M + (b_turned ? j * steps + k : k * M + j);
      },
      end);
}

static void test_run_time_sizes(const int64_t *s)
{
  const int64_t N = s[0], K = s[1], M = s[2];
  const auto whole = [](int64_t sum, int64_t) { return sum; };
  test<float>("plain", products_plain, PRODUCTS_PLAIN_WORK_BYTES(N, K, M), 1, s, K, false, false,
              same);
  test<float>("left", products_left, PRODUCTS_LEFT_WORK_BYTES(N, K, M), 1, s, K, true, false, same);
  test<float>("right", products_right, PRODUCTS_RIGHT_WORK_BYTES(N, K, M), 1, s, K, false, true,
              same);
  test<float>("batched", products_batched, PRODUCTS_BATCHED_WORK_BYTES(N, K, M), 3, s, K, false,
              false, positive);
  test<float>("twice", products_twice, PRODUCTS_TWICE_WORK_BYTES(N, K, M), 1, s, 2 * K, false,
              false, same);
  test<double>("double", products_double, PRODUCTS_DOUBLE_WORK_BYTES(N, K, M), 1, s, K, false, true,
               same);
  test<int32_t>("whole", products_whole, PRODUCTS_WHOLE_WORK_BYTES(N, K, M), 1, s, K, true, false,
                whole);
  test<uint8_t>("bytes", products_bytes, PRODUCTS_BYTES_WORK_BYTES(N, K, M), 1, s, K, false, false,
                whole);
  const std::vector<float> a = drawn<float>(N * K), b = drawn<float>(K * M),
                           c = drawn<float>(N * M);
  std::vector<float> out((size_t)(N * M), NAN), more = out;
  wrong |= products_fused(N, K, M, a.data(), b.data(), out.data(),
                          Work(PRODUCTS_FUSED_WORK_BYTES(N, K, M)).memory, nullptr);
  const auto a_back = [=](int64_t at, int64_t k) { return at / M * K + K - 1 - k; };
  const auto b_back = [=](int64_t at, int64_t k) { return (K - 1 - k) * M + at % M; };
  check("fused", a, b, out, K, a_back, b_back, same);
  wrong |= products_loss(N, K, M, a.data(), b.data(), c.data(), out.data(), more.data(),
                         Work(PRODUCTS_LOSS_WORK_BYTES(N, K, M)).memory, nullptr);
  check("loss", a, b, out, K, a_back, b_back,
        [&](double sum, int64_t at) { return sum - (double)c[(size_t)at]; });
  check("loss", a, b, more, K, a_back, b_back, [&](double sum, int64_t at) {
    return 2 * (sum - (double)c[(size_t)at]) * (double)c[(size_t)at];
  });
}

/* A graph of an entry, launched twice: the second launch sees other data in the same places. */
static void test_graph()
{
  const int64_t N = 65, K = 20, M = 40;
  std::vector<float> a = drawn<float>(N * K), b = drawn<float>(K * M);
  std::vector<float> out((size_t)(N * M)), again((size_t)(N * M));
  cudaStream_t stream;
  cudaGraphExec_t graph;
  Work work(PRODUCTS_PLAIN_WORK_BYTES(N, K, M));
  cudaStreamCreate(&stream);
  wrong |= products_plain_graph_create(&graph, N, K, M, a.data(), b.data(), out.data(), work.memory,
                                       stream) != MDL_OK;
  for (int round = 0; round < 2; round++) {
    a[0] += 1;
    wrong |= cudaGraphLaunch(graph, stream) != cudaSuccess;
    wrong |=
        products_plain(N, K, M, a.data(), b.data(), again.data(), work.memory, stream) != MDL_OK;
    if (out != again) wrong = 1, printf("graph: other results\n");
  }
  cudaGraphExecDestroy(graph);
  wrong |= products_plain_graph_create(&graph, -1, K, M, a.data(), b.data(), out.data(),
                                       work.memory, stream) != MDL_BAD_SIZE;
  cudaStreamDestroy(stream);
}

/* ---- known sizes ------------------------------------------------------------------------- */

template <class T>
using Batch = mdl_status(int64_t, const T *, const T *, T *, void *, cudaStream_t);

/* a is [batch, N, K] or turned [batch, K, N], b [batch, K, M] or [batch, M, K]; all three start
 * `shift` elements behind a multiple of 16 bytes. */
template <class T, class End>
static void test_known(const char *name, Batch<T> *entry, int64_t given, int64_t shift,
                       int64_t batch, int64_t N, int64_t K, int64_t M, bool a_turned, bool b_turned,
                       End end)
{
  const std::vector<T> a = drawn<T>(shift + batch * N * K), b = drawn<T>(shift + batch * K * M);
  std::vector<T> there((size_t)(shift + batch * N * M), (T)77);
  if (entry(given, a.data() + shift, b.data() + shift, there.data() + shift, Work(4096).memory,
            nullptr))
    wrong = 1;
  const std::vector<T> out(there.begin() + shift, there.end());
  check(
      name, a, b, out, K,
      [=](int64_t at, int64_t k) {
        const int64_t n = at / M / N, i = at / M % N;
        return shift + n * N * K + (a_turned ? k * N + i : i * K + k);
      },
      [=](int64_t at, int64_t k) {
        const int64_t n = at / M / N, j = at % M;
        return shift + n * K * M + (b_turned ? j * K + k : k * M + j);
      },
      end);
}

static void test_known_sizes(int64_t shift)
{
  const auto whole = [](int64_t sum, int64_t) { return sum; };
  test_known<float>("large", products_large, 2, shift, 2, 128, 32, 256, false, false, same);
  test_known<float>("large_edge", products_large_edge, 2, shift, 2, 132, 24, 140, true, true, same);
  test_known<double>("large_double", products_large_double, 2, shift, 2, 72, 20, 68, false, false,
                     same);
  test_known<int32_t>("large_whole", products_large_whole, 2, shift, 2, 132, 20, 128, false, false,
                      whole);
  test_known<float>("low", products_low, 3, shift, 3, 24, 20, 300, false, false, same);
  for (int64_t n : {1, 63, 300}) {
    test_known<float>("thin", products_thin, n, shift, 1, n, 36, 16, false, false, same);
    test_known<float>("flat", products_flat, n, shift, 1, 20, 36, n, false, true, same);
  }
}

/* A function of the same type as those with a free size. */
static mdl_status bands(int64_t, const float *a, const float *b, float *out, void *work,
                        cudaStream_t stream)
{
  return products_bands(a, b, out, work, stream);
}

/* The same bits, however the operands are aligned. */
static void test_halves()
{
  std::vector<uint16_t> a(72 * 40 + 1), b(40 * 64 + 1), out(72 * 64), again = out;
  for (uint16_t &x : a) x = (uint16_t)(0x3f80 + draw() % 64);
  for (uint16_t &x : b) x = (uint16_t)(0xbf80 + draw() % 64);
  Work work(PRODUCTS_HALVES_WORK_BYTES);
  wrong |= products_halves(a.data(), b.data(), out.data(), work.memory, nullptr) != MDL_OK;
  a.insert(a.begin(), 0), b.insert(b.begin(), 0);
  wrong |= products_halves(&a[1], &b[1], again.data(), work.memory, nullptr) != MDL_OK;
  if (out != again || !out[0]) wrong = 1, printf("halves: other results\n");
}

/* btkc, kcpq -> btpq, and kbct, cmk -> btm */
static void test_axes(int64_t B, int64_t T)
{
  const std::vector<float> a = drawn<float>(B * T * 40), b = drawn<float>(40 * 60);
  const std::vector<float> c = drawn<float>(60);
  std::vector<float> out((size_t)(B * T * 60), NAN);
  wrong |= products_axes(B, T, a.data(), b.data(), c.data(), out.data(),
                         Work(PRODUCTS_AXES_WORK_BYTES(B, T)).memory, nullptr);
  check(
      "axes", a, b, out, 40, [](int64_t at, int64_t k) { return at / 60 * 40 + k; },
      [](int64_t at, int64_t k) { return k * 60 + at % 60; },
      [&](double sum, int64_t at) { return fmax(0, sum + (double)c[(size_t)(at % 60)]); });
  const std::vector<float> d = drawn<float>(20 * B * 7 * T), e = drawn<float>(7 * 33 * 20);
  std::vector<float> mixed((size_t)(B * T * 33), NAN);
  wrong |= products_apart(B, T, d.data(), e.data(), mixed.data(),
                          Work(PRODUCTS_APART_WORK_BYTES(B, T)).memory, nullptr);
  check(
      "apart", d, e, mixed, 140,
      [=](int64_t at, int64_t k) {
        const int64_t i = at / 33 / T, t = at / 33 % T;
        return ((k / 7 * B + i) * 7 + k % 7) * T + t;
      },
      [](int64_t at, int64_t k) { return (k % 7 * 33 + at % 33) * 20 + k / 7; }, same);
}

int main()
{
  static const int64_t sizes[][3] = {{70, 50, 90}, {64, 16, 64}, {1, 1, 1},   {65, 17, 129},
                                     {0, 3, 4},    {5, 0, 6},    {128, 33, 3}};
  test_graph();
  for (const int64_t *s : sizes) test_run_time_sizes(s);
  for (int64_t shift : {0, 1}) test_known_sizes(shift);
  test_known<float>("bands", bands, 0, 0, 1, 2090, 16, 1040, false, false, same);
  test_halves();
  test_axes(3, 50);
  test_axes(1, 1);
  puts(wrong ? "wrong" : "right");
  return wrong;
}
