/* halves.mdl against sums in double. All values are sixteenths, and few enough are added that every
 * sum is exact in f32: what comes out must be the exact result rounded once, bit for bit. KIND is
 * f16, bf16 or tf32. For tf32 values are floats a little off sixteenths, to which they are rounded:
 * products of operands as they are, or cut off, give other results. */
#include "halves.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <type_traits>
#include <vector>

enum Kind { f16, bf16, tf32 };
static const Kind kind = KIND;
typedef std::conditional<kind == tf32, float, uint16_t>::type Cell;
typedef std::vector<Cell> Halves;

static int wrong;

/* ---- halves ------------------------------------------------------------------------------ */

[[maybe_unused]] static double value_of(uint16_t h)
{
  if (kind == bf16) {
    const uint32_t bits = (uint32_t)h << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
  }
  _Float16 f;
  memcpy(&f, &h, sizeof f);
  return (double)f;
}

[[maybe_unused]] static double value_of(float x) { return (double)x; }

/* What a product sees of it. */
static double operand_of(Cell x)
{
  if (kind != tf32) return value_of(x);
  const float f = (float)value_of(x);
  uint32_t bits;
  float rounded;
  memcpy(&bits, &f, sizeof bits);
  bits = (bits + 0x1000) & 0xffffe000; /* to the nearest of 10 bits of mantissa */
  memcpy(&rounded, &bits, sizeof rounded);
  return (double)rounded;
}

[[maybe_unused]] static uint16_t bits_of(float f)
{
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  if (kind == bf16) return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  const _Float16 h = (_Float16)f;
  uint16_t half;
  memcpy(&half, &h, sizeof half);
  return half;
}

static Cell half_of(double x)
{
  const float f = (float)x;
  return kind == tf32 ? (Cell)f : (Cell)bits_of(f);
}

static Halves drawn(int64_t count, unsigned seed)
{
  Halves v((size_t)count);
  for (Cell &x : v) {
    seed = seed * 1664525u + 1013904223u;
    const double off = kind == tf32 ? ((int)(seed >> 8 & 0xff) - 128) * 0x1p-20 : 0;
    x = half_of(((int)(seed >> 27) - 16) / 16.0 * (1 + off));
  }
  return v;
}

/* ---- checks ------------------------------------------------------------------------------ */

struct Work {
  void *memory;
  explicit Work(int64_t bytes) { cudaMalloc(&memory, (size_t)bytes); }
  ~Work() { cudaFree(memory); }
};

static void expect(const char *name, int64_t at, Cell got, double want)
{
  if (got == half_of(want) || (want == 0 && value_of(got) == 0)) return;
  if (wrong++ < 20) printf("%s: [%d] is %g, not %g\n", name, (int)at, value_of(got), want);
}

/* a(n, i, k) and b(n, k, j), dense, each of its last two axes turned or not. */
struct Product {
  const char *name;
  int64_t N, K, M;
  bool a_turned, b_turned;
  int64_t batch;
  int off = 0; /* elements from where memory is aligned to where operands start */
};

static Halves moved(const Halves &v, int off)
{
  Halves all((size_t)off, 0);
  all.insert(all.end(), v.begin(), v.end());
  return all;
}

template <class Run, class After>
static void test(const Product &p, int64_t work, Run run, After after)
{
  const Halves a = drawn(p.batch * p.N * p.K, 1), b = drawn(p.batch * p.K * p.M, 2);
  Halves out((size_t)(p.batch * p.N * p.M), 0x7fff);
  const Work memory(work);
  const Halves left = moved(a, p.off), right = moved(b, p.off);
  if (run(left.data() + p.off, right.data() + p.off, out.data(), memory.memory) != MDL_OK) wrong++;
  std::vector<double> x(a.size()), y(b.size());
  for (size_t i = 0; i < a.size(); i++) x[i] = operand_of(a[i]);
  for (size_t i = 0; i < b.size(); i++) y[i] = operand_of(b[i]);
  for (int64_t n = 0; n < p.batch; n++)
    for (int64_t i = 0; i < p.N; i++)
      for (int64_t j = 0; j < p.M; j++) {
        double sum = 0;
        for (int64_t k = 0; k < p.K; k++)
          sum += x[(size_t)(n * p.N * p.K + (p.a_turned ? k * p.N + i : i * p.K + k))] *
                 y[(size_t)(n * p.K * p.M + (p.b_turned ? j * p.K + k : k * p.M + j))];
        const int64_t at = (n * p.N + i) * p.M + j;
        expect(p.name, at, out[(size_t)at], after(sum, j));
      }
}

static double same(double sum, int64_t) { return sum; }

#define KNOWN(NAME, UPPER, N, K, M, A, B)                                                        \
  test({#NAME, N, K, M, A, B, 1}, HALVES_##UPPER##_WORK_BYTES,                                   \
       [](const Cell *a, const Cell *b, Cell *out, void *work) {                                 \
         return halves_##NAME(a, b, out, work, nullptr);                                         \
       },                                                                                        \
       same)
#define FREE(NAME, UPPER, A, B)                                                                  \
  test({#NAME, N, K, M, A, B, 1}, HALVES_##UPPER##_WORK_BYTES(N, K, M),                          \
       [=](const Cell *a, const Cell *b, Cell *out, void *work) {                                \
         return halves_##NAME(N, K, M, a, b, out, work, nullptr);                                \
       },                                                                                        \
       same)

static void test_free()
{
  static const int64_t sizes[][3] = {{70, 50, 90}, {64, 32, 64}, {1, 1, 1},   {65, 33, 129},
                                     {0, 3, 4},    {5, 0, 6},    {72, 80, 8}, {128, 136, 64}};
  for (const int64_t *s : sizes) {
    const int64_t N = s[0], K = s[1], M = s[2];
    FREE(plain, PLAIN, false, false);
    FREE(left, LEFT, true, false);
    FREE(right, RIGHT, false, true);
    FREE(both, BOTH, true, true);
  }
}

static void test_known()
{
  KNOWN(known_plain, KNOWN_PLAIN, 200, 72, 136, false, false);
  KNOWN(known_left, KNOWN_LEFT, 200, 72, 136, true, false);
  KNOWN(known_right, KNOWN_RIGHT, 200, 72, 136, false, true);
  KNOWN(known_both, KNOWN_BOTH, 200, 72, 136, true, true);
  KNOWN(odd, ODD, 70, 50, 90, false, false);
  KNOWN(half_odd, HALF_ODD, 70, 40, 90, false, false);
  KNOWN(twice, TWICE, 40, 64, 56, false, false);
  KNOWN(parted, PARTED, 40, 4100, 48, false, false);
  KNOWN(parted_left, PARTED_LEFT, 40, 4100, 48, true, false);
  for (int64_t N : {1, 63, 64, 65, 200})
    test({"rows", N, 64, 128, false, false, 1}, HALVES_ROWS_WORK_BYTES(N),
         [=](const Cell *a, const Cell *b, Cell *out, void *work) {
           return halves_rows(N, a, b, out, work, nullptr);
         },
         same);
}

/* Memory that no copy of 16 bytes can bring. */
static void test_odd_addresses()
{
  const auto plain = [](const Cell *a, const Cell *b, Cell *out, void *work) {
    return halves_known_plain(a, b, out, work, nullptr);
  };
  const auto right = [](const Cell *a, const Cell *b, Cell *out, void *work) {
    return halves_known_right(a, b, out, work, nullptr);
  };
  test({"odd, plain", 200, 72, 136, false, false, 1, 1}, HALVES_KNOWN_PLAIN_WORK_BYTES, plain,
       same);
  test({"odd, right", 200, 72, 136, false, true, 1, 1}, HALVES_KNOWN_RIGHT_WORK_BYTES, right,
       same);
}

/* f32 of all mantissas. Each of the 72 additions may be off by half a unit in the last place of
 * what there is by then, or by a whole one where a tensor core cuts off. */
static void test_mantissas()
{
  enum { N = 200, K = 72, M = 136 };
  unsigned seed = 11;
  Halves a(N * K), b(K * M), out(N * M, (Cell)0x7fff);
  for (Halves *v : {&a, &b})
    for (Cell &x : *v) x = half_of((int)(seed = seed * 1664525u + 1013904223u) * 0x1p-31);
  const Work memory(HALVES_KNOWN_PLAIN_WORK_BYTES);
  wrong += halves_known_plain(a.data(), b.data(), out.data(), memory.memory, nullptr) != MDL_OK;
  for (size_t at = 0; at < out.size(); at++) {
    double sum = 0, all = 0;
    for (size_t k = 0; k < K; k++) {
      const double term = operand_of(a[at / M * K + k]) * operand_of(b[k * M + at % M]);
      sum += term;
      all += fabs(term);
    }
    if (fabs(value_of(out[at]) - sum) <= K * 0x1p-23 * all || wrong++ > 20) continue;
    printf("mantissas: [%d] is %g, not %g\n", (int)at, value_of(out[at]), sum);
  }
}

static void test_large()
{
  KNOWN(large, LARGE, 2048, 40, 1536, false, true);
  KNOWN(wide, WIDE, 40, 40, 27648, true, false);
  KNOWN(tall, TALL, 27648, 40, 40, false, false);
}

/* ---- arithmetic around products ---------------------------------------------------------- */

static void test_around()
{
  const Halves c = drawn(80, 3);
  test({"batched", 70, 48, 80, false, false, 3}, HALVES_BATCHED_WORK_BYTES,
       [&](const Cell *a, const Cell *b, Cell *out, void *work) {
         return halves_batched(a, b, c.data(), out, work, nullptr);
       },
       [&](double sum, int64_t j) { return fmax(sum + value_of(c[(size_t)j]), 0); });
}

/* b swaps columns, and swaps them back. */
static void test_loop()
{
  const Halves a = drawn(72 * 64, 9);
  Halves b(64 * 64, 0), out(a.size(), 0x7fff);
  const float s[4] = {0.0f, 1.0f, 2.0f, 3.0f};
  const Work memory(HALVES_LOOPED_WORK_BYTES);
  for (size_t i = 0; i < 64; i++) b[i * 64 + (i * 5 + 3) % 64] = half_of(1);
  wrong += halves_looped(a.data(), b.data(), s, out.data(), memory.memory, nullptr) != MDL_OK;
  for (size_t i = 0; i < a.size(); i++) expect("looped", (int64_t)i, out[i], operand_of(a[i]));
}

/* ---- convolutions ------------------------------------------------------------------------ */

enum { B = 2, C = 16, O = 24, H = 9, W = 10, TAPS = 9 };

static size_t image(int n, int c, int channels, int i, int j)
{
  return (size_t)(((n * channels + c) * H + i) * W + j);
}

/* Every product of an element of x, one of w and the place in y where it belongs. */
template <class Use> static void each_product(Use use)
{
  for (int n = 0; n < B; n++)
    for (int o = 0; o < O; o++)
      for (int i = 0; i < H; i++)
        for (int j = 0; j < W; j++)
          for (int c = 0; c < C; c++)
            for (int tap = 0; tap < TAPS; tap++) {
              const int row = i + tap / 3 - 1, column = j + tap % 3 - 1;
              if (row < 0 || row >= H || column < 0 || column >= W) continue;
              use(image(n, c, C, row, column), (size_t)((o * C + c) * TAPS + tap),
                  image(n, o, O, i, j));
            }
}

static void expect_all(const char *name, const Halves &got, const std::vector<double> &want)
{
  for (size_t i = 0; i < want.size(); i++) expect(name, (int64_t)i, got[i], want[i]);
}

static void test_convolutions()
{
  const Halves x = drawn(B * C * H * W, 4), w = drawn(O * C * TAPS, 5), g = drawn(B * O * H * W, 6);
  Halves y(g.size(), 0x7fff), gx(x.size(), 0x7fff), gw(w.size(), 0x7fff);
  std::vector<double> wanted(g.size()), of_x(x.size()), of_w(w.size());
  each_product([&](size_t in, size_t weight, size_t out) {
    wanted[out] += operand_of(x[in]) * operand_of(w[weight]);
    of_x[in] += operand_of(w[weight]) * operand_of(g[out]);
    of_w[weight] += operand_of(x[in]) * operand_of(g[out]);
  });
  const Work memory(HALVES_OF_X_WORK_BYTES + HALVES_OF_W_WORK_BYTES + HALVES_CONVOLVED_WORK_BYTES);
  void *work = memory.memory;
  wrong += halves_convolved(x.data(), w.data(), y.data(), work, nullptr) != MDL_OK;
  expect_all("convolved", y, wanted);
  wrong += halves_of_x(x.data(), w.data(), g.data(), gx.data(), work, nullptr) != MDL_OK;
  expect_all("of_x", gx, of_x);
  wrong += halves_of_w(x.data(), w.data(), g.data(), gw.data(), work, nullptr) != MDL_OK;
  expect_all("of_w", gw, of_w);
}

static void test_pointwise()
{
  const Halves x = drawn(2 * 32 * 64, 7), w = drawn(24 * 32, 8);
  Halves y(2 * 24 * 64, 0x7fff);
  const Work memory(HALVES_POINTWISE_WORK_BYTES);
  wrong += halves_pointwise(x.data(), w.data(), y.data(), memory.memory, nullptr) != MDL_OK;
  for (size_t i = 0; i < y.size(); i++) {
    double sum = 0;
    for (size_t c = 0; c < 32; c++)
      sum += operand_of(x[(i / (24 * 64) * 32 + c) * 64 + i % 64]) *
             operand_of(w[i / 64 % 24 * 32 + c]);
    expect("pointwise", (int64_t)i, y[i], sum);
  }
}

/* `halves large`: the large ones too. */
int main(int argc, char **)
{
  test_free();
  test_known();
  test_odd_addresses();
  if (kind == tf32) test_mantissas();
  if (argc > 1) test_large();
  test_around();
  test_loop();
  test_convolutions();
  test_pointwise();
  puts(wrong ? "wrong" : "right");
  return wrong != 0;
}
