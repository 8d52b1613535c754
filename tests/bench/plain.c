/* The peers: what one writes in C, and gcc -O3 -march vectorises where it can. */
#include <math.h>
#include <stdint.h>
#include <string.h>

void plain_nn(int64_t M, int64_t K, int64_t N, const float *restrict a, const float *restrict b,
              float *restrict c)
{
  memset(c, 0, (size_t)(M * N) * sizeof *c);
  for (int64_t i = 0; i < M; i++)
    for (int64_t k = 0; k < K; k++)
      for (int64_t j = 0; j < N; j++) c[i * N + j] += a[i * K + k] * b[k * N + j];
}

void plain_nt(int64_t M, int64_t K, int64_t N, const float *restrict a, const float *restrict b,
              float *restrict c)
{
  for (int64_t i = 0; i < M; i++)
    for (int64_t j = 0; j < N; j++) {
      float s = 0;
      for (int64_t k = 0; k < K; k++) s += a[i * K + k] * b[j * K + k];
      c[i * N + j] = s;
    }
}

void plain_tn(int64_t M, int64_t K, int64_t N, const float *restrict a, const float *restrict b,
              float *restrict c)
{
  memset(c, 0, (size_t)(M * N) * sizeof *c);
  for (int64_t k = 0; k < K; k++)
    for (int64_t i = 0; i < M; i++)
      for (int64_t j = 0; j < N; j++) c[i * N + j] += a[k * M + i] * b[k * N + j];
}

void plain_gelu(int64_t N, const float *restrict x, float *restrict y)
{
  for (int64_t i = 0; i < N; i++)
    y[i] = 0.5f * x[i] * (1 + tanhf(0.79788456f * (x[i] + 0.044715f * x[i] * x[i] * x[i])));
}

void plain_total(int64_t N, const float *restrict x, float *restrict y)
{
  float s = 0;
  for (int64_t i = 0; i < N; i++) s += x[i];
  *y = s;
}

void plain_softmax(int64_t R, int64_t C, const float *restrict x, float *restrict y)
{
  for (int64_t r = 0; r < R; r++, x += C, y += C) {
    float m = x[0], s = 0;
    for (int64_t i = 1; i < C; i++) m = x[i] > m ? x[i] : m;
    for (int64_t i = 0; i < C; i++) s += y[i] = expf(x[i] - m);
    for (int64_t i = 0; i < C; i++) y[i] /= s;
  }
}

void plain_normed(int64_t R, int64_t C, const float *restrict x, float *restrict y)
{
  for (int64_t r = 0; r < R; r++, x += C, y += C) {
    float m = 0, v = 0;
    for (int64_t i = 0; i < C; i++) m += x[i];
    m /= (float)C;
    for (int64_t i = 0; i < C; i++) v += (x[i] - m) * (x[i] - m);
    const float d = sqrtf(v / (float)C + 1e-5f);
    for (int64_t i = 0; i < C; i++) y[i] = (x[i] - m) / d;
  }
}

void plain_columns(int64_t R, int64_t C, const float *restrict x, float *restrict y)
{
  memset(y, 0, (size_t)C * sizeof *y);
  for (int64_t r = 0; r < R; r++)
    for (int64_t i = 0; i < C; i++) y[i] += x[r * C + i];
}

/* One step of SGD on the digits MLP: w1 [64, 64], b1 [64], w2 [64, 10], b2 [10] in m. */
void plain_mlp(int64_t B, float *restrict m, const float *restrict x, const int32_t *restrict y,
               float lr, float *restrict loss, float *restrict work)
{
  float *w1 = m, *b1 = m + 4096, *w2 = m + 4160, *b2 = m + 4800;
  float *h = work, *z = h + B * 64, *gh = z + B * 10, *g = gh + B * 64;
  double sum = 0;
  plain_nn(B, 64, 64, x, w1, h);
  for (int64_t i = 0; i < B * 64; i++) h[i] = h[i] + b1[i % 64] > 0 ? h[i] + b1[i % 64] : 0;
  plain_nn(B, 64, 10, h, w2, z);
  for (int64_t n = 0; n < B; n++) {
    float *row = z + n * 10, most = -INFINITY, s = 0;
    for (int j = 0; j < 10; j++) row[j] += b2[j], most = row[j] > most ? row[j] : most;
    const float wanted = row[y[n]] - most;
    for (int j = 0; j < 10; j++) s += row[j] = expf(row[j] - most);
    for (int j = 0; j < 10; j++) row[j] = (row[j] / s - (float)(j == y[n])) / (float)B;
    sum -= wanted - logf(s);
  }
  plain_nt(B, 10, 64, z, w2, gh);
  for (int64_t i = 0; i < B * 64; i++) gh[i] = h[i] > 0 ? gh[i] : 0;
  plain_tn(64, B, 64, x, gh, g);
  for (int i = 0; i < 4096; i++) w1[i] -= lr * g[i];
  plain_columns(B, 64, gh, g);
  for (int i = 0; i < 64; i++) b1[i] -= lr * g[i];
  plain_tn(64, B, 10, h, z, g);
  for (int i = 0; i < 640; i++) w2[i] -= lr * g[i];
  plain_columns(B, 10, z, g);
  for (int i = 0; i < 10; i++) b2[i] -= lr * g[i];
  *loss = (float)(sum / (double)B);
}
