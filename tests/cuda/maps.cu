/* maps.mdl: on aligned memory, where a thread makes several elements at once, and with every pointer
 * one element further, where it cannot: the same bits, and the right ones. */
#include "maps.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <vector>

static int wrong;
static int64_t N, D;

/* A tensor at a multiple of 64 bytes and `past` elements; what lies around it stays as it is. */
template <class T> struct Tensor {
  enum { ALIGN = 64, AROUND = 256 };
  std::vector<unsigned char> memory;
  T *at;
  int64_t count;
  Tensor(int64_t n, int past) : memory((size_t)n * sizeof(T) + 2 * AROUND, 0xa5), count(n)
  {
    unsigned char *from = memory.data() + ALIGN;
    from += (ALIGN - (uintptr_t)from % ALIGN) % ALIGN;
    at = (T *)from + past;
  }
  Tensor(Tensor &&) = default;
  bool is_whole() const
  {
    const unsigned char *const first = (const unsigned char *)at, *const end = first + count * sizeof(T);
    for (const unsigned char &c : memory)
      if ((&c < first || &c >= end) && c != 0xa5) return false;
    return true;
  }
};

template <class T> static Tensor<T> drawn(int64_t n, int past, unsigned seed)
{
  Tensor<T> t(n, past);
  for (int64_t i = 0; i < n; i++)
    t.at[i] = (T)((int)((seed = seed * 1664525u + 1013904223u) >> 20) % 1000 - 500) / (T)(T(0.5) ? 64 : 1);
  return t;
}

/* Halves between 1 and 2, and their bits. */
static Tensor<uint16_t> drawn_bits(int64_t n, int past, unsigned seed, uint16_t one)
{
  Tensor<uint16_t> t(n, past);
  for (int64_t i = 0; i < n; i++)
    t.at[i] = (uint16_t)(one + ((seed = seed * 1664525u + 1013904223u) >> 26));
  return t;
}

template <class T> static void same(const char *name, const Tensor<T> &a, const Tensor<T> &b)
{
  if (memcmp(a.at, b.at, (size_t)a.count * sizeof(T))) {
    printf("%s %d %d: other bits where nothing is aligned\n", name, (int)N, (int)D);
    wrong = 1;
  }
  if (a.is_whole() && b.is_whole()) return;
  printf("%s %d %d: stores beside its result\n", name, (int)N, (int)D);
  wrong = 1;
}

template <class T, class Want> static void is(const char *name, const Tensor<T> &got, Want want)
{
  for (int64_t i = 0; i < got.count; i++) {
    if (fabs((double)got.at[i] - (double)want(i)) <= 1e-6 * fabs((double)want(i))) continue;
    printf("%s %d %d: [%d] is %g, not %g\n", name, (int)N, (int)D, (int)i, (double)got.at[i],
           (double)want(i));
    wrong = 1;
    return;
  }
}

static void check(mdl_status status) { wrong |= status != MDL_OK; }

static void flat()
{
  Tensor<float> out[2] = {Tensor<float>(N, 0), Tensor<float>(N, 1)};
  Tensor<float> x = drawn<float>(N, 0, 1), y = drawn<float>(N, 0, 2);
  Tensor<float> x1 = drawn<float>(N, 1, 1), y1 = drawn<float>(N, 1, 2);
  check(maps_flat(N, x.at, y.at, out[0].at, nullptr, nullptr));
  check(maps_flat(N, x1.at, y1.at, out[1].at, nullptr, nullptr));
  same("flat", out[0], out[1]);
  is("flat", out[0], [&](int64_t i) { return expf(x.at[i]) * y.at[i] + 2.0f; });
  check(maps_places(N, x.at, out[0].at, nullptr, nullptr));
  check(maps_places(N, x1.at, out[1].at, nullptr, nullptr));
  same("places", out[0], out[1]);
  is("places", out[0], [&](int64_t i) { return x.at[i] + (float)i; });
}

static void rows()
{
  Tensor<float> out[2] = {Tensor<float>(N * D, 0), Tensor<float>(N * D, 1)};
  Tensor<float> x = drawn<float>(N * D, 0, 1), b = drawn<float>(D, 0, 2), s = drawn<float>(N, 1, 3);
  Tensor<float> x1 = drawn<float>(N * D, 1, 1);
  Tensor<int32_t> at = drawn<int32_t>(N, 1, 4);
  check(maps_rows(N, D, x.at, b.at, s.at, out[0].at, nullptr, nullptr));
  check(maps_rows(N, D, x1.at, b.at, s.at, out[1].at, nullptr, nullptr));
  same("rows", out[0], out[1]);
  is("rows", out[0], [&](int64_t i) { return x.at[i] * b.at[i % D] + s.at[i / D]; });
  check(maps_rows_of(N, D, x.at, at.at, out[0].at, nullptr, nullptr));
  check(maps_rows_of(N, D, x1.at, at.at, out[1].at, nullptr, nullptr));
  same("rows_of", out[0], out[1]);
  is("rows_of", out[0], [&](int64_t i) {
    const int64_t k = at.at[i / D], row = k < 0 ? 0 : k >= N ? N - 1 : k;
    return 2.0f * x.at[row * D + i % D];
  });
}

static void parts()
{
  Tensor<float> out[2] = {Tensor<float>(2 * N * D, 0), Tensor<float>(2 * N * D, 1)};
  Tensor<float> x = drawn<float>(N * D, 0, 1), y = drawn<float>(N * D, 0, 2);
  check(maps_parts(N, D, x.at, y.at, out[0].at, nullptr, nullptr));
  check(maps_parts(N, D, x.at, y.at, out[1].at, nullptr, nullptr));
  same("parts", out[0], out[1]);
  is("parts", out[0], [&](int64_t i) { return i < N * D ? -x.at[i] : -y.at[i - N * D]; });
}

static void turned()
{
  const int64_t all = N * D;
  Tensor<float> x = drawn<float>(all, 0, 1), b = drawn<float>(N, 0, 2), out(all, 1);
  check(maps_turned(N, D, x.at, b.at, out.at, nullptr, nullptr));
  is("turned", out, [&](int64_t i) { return 2.0f * x.at[i % N * D + i / N] + b.at[i % N]; });
  Tensor<uint16_t> z = drawn_bits(3 * all, 1, 3, 0x3c00), y = drawn_bits(3 * all, 0, 4, 0x3c00);
  Tensor<uint16_t> plain(3 * all, 0), sum(3 * all, 1);
  const auto from = [&](int64_t i) { return z.at[i / all * all + i % N * D + i % all / N]; };
  check(maps_batches(N, D, z.at, y.at, plain.at, sum.at, nullptr, nullptr));
  is("batches", plain, from);
  is("batches", sum, [&](int64_t i) { /* of 2048ths: from 2 on of 512ths, ties to even */
    const int64_t ticks = (int64_t)(from(i) - 0x3c00) + (y.at[i] - 0x3c00);
    return 0x4000 + ticks / 2 + (ticks % 2 && ticks / 2 % 2);
  });
  same("turned", out, out);
  same("batches", sum, sum);
}

static void halves()
{
  Tensor<uint16_t> out[2] = {Tensor<uint16_t>(N, 0), Tensor<uint16_t>(N, 1)};
  Tensor<float> mixed[2] = {Tensor<float>(N, 0), Tensor<float>(N, 1)};
  for (int past = 0; past < 2; past++) {
    Tensor<uint16_t> x = drawn_bits(N, past, 1, 0x3c00), y = drawn_bits(N, past, 2, 0x3f80);
    Tensor<float> z = drawn<float>(N, past, 3);
    check(maps_halves(N, x.at, y.at, out[past].at, nullptr, nullptr));
    check(maps_mixed(N, x.at, z.at, mixed[past].at, nullptr, nullptr));
    is("mixed", mixed[past], [&](int64_t i) {
      const float half = 1.0f + (float)(x.at[i] - 0x3c00) / 1024.0f;
      return z.at[i] > 0.0f ? half * z.at[i] : sinf(z.at[i]);
    });
  }
  same("halves", out[0], out[1]);
  same("mixed", mixed[0], mixed[1]);
}

static void wide()
{
  Tensor<double> logs[2] = {Tensor<double>(N, 0), Tensor<double>(N, 1)};
  Tensor<int64_t> tripled[2] = {Tensor<int64_t>(N, 0), Tensor<int64_t>(N, 1)};
  for (int past = 0; past < 2; past++) {
    Tensor<double> x = drawn<double>(N, past, 1);
    Tensor<int64_t> k = drawn<int64_t>(N, past, 2);
    check(maps_wide(N, x.at, k.at, logs[past].at, tripled[past].at, nullptr, nullptr));
    is("wide", tripled[past], [&](int64_t i) { return -3 * k.at[i]; });
    is("wide", logs[past], [&](int64_t i) { return log(x.at[i] * x.at[i] + 1.0) * (double)k.at[i]; });
  }
  same("wide", logs[0], logs[1]);
  same("wide", tripled[0], tripled[1]);
}

static void masks()
{
  Tensor<bool> out[2] = {Tensor<bool>(N, 0), Tensor<bool>(N, 1)};
  for (int past = 0; past < 2; past++) {
    Tensor<float> x = drawn<float>(N, past, 1);
    Tensor<int32_t> k = drawn<int32_t>(N, past, 2);
    check(maps_masks(N, x.at, k.at, out[past].at, nullptr, nullptr));
    is("masks", out[past], [&](int64_t i) { return !(x.at[i] < 0.5f) && k.at[i] > 3; });
  }
  same("masks", out[0], out[1]);
}

int main()
{
  static const int64_t sizes[][2] = {{0, 4}, {1, 1}, {3, 7}, {4, 4}, {5, 8}, {37, 12}, {33, 65}, {300, 64}, {515, 6}};
  for (const int64_t *size : sizes) {
    N = size[0], D = size[1];
    flat();
    rows();
    parts();
    turned();
    halves();
    wide();
    masks();
  }
  puts(wrong ? "wrong" : "right");
  return wrong;
}
