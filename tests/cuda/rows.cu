/* rows.mdl with rows of LENGTH elements against sums in double; built for AddressSanitizer too. */
#include "rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int wrong;

/* As much memory as the entry says, and not a byte more. */
static float *drawn(int64_t count, unsigned seed)
{
  float *v = (float *)malloc((size_t)count * sizeof *v);
  for (int64_t i = 0; i < count; i++)
    v[i] = (float)((int)((seed = seed * 1664525u + 1013904223u) >> 20) - 2048) / 512.0f;
  return v;
}

static void compare(const char *name, int64_t rows, const float *got, const double *wanted,
                    int64_t count)
{
  for (int64_t i = 0; i < count; i++) {
    const bool same = isnan(wanted[i]) ? isnan(got[i])
                                       : fabs(got[i] - wanted[i]) <= 2e-6 * (1 + fabs(wanted[i]));
    if (same) continue;
    printf("%s, %d rows: [%d] is %g, not %g\n", name, (int)rows, (int)i, (double)got[i], wanted[i]);
    wrong = 1;
    return;
  }
}

/* Row 0 is all -inf, row 1 has a NaN. `shift`: floats behind what malloc aligned. */
static void test(int64_t N, int64_t shift)
{
  const int64_t count = N * LENGTH;
  float *x = drawn(count + shift, 1) + shift, *soft = drawn(count + shift, 2) + shift;
  float *gz = drawn(count + shift, 3) + shift, loss;
  double *p = (double *)malloc((size_t)count * sizeof *p);
  double *g = (double *)malloc((size_t)count * sizeof *g), mean = 0;
  int32_t *y = (int32_t *)malloc((size_t)N * sizeof *y);
  for (int64_t i = 0; i < LENGTH && N > 2; i++) x[i] = -INFINITY;
  if (N > 2 && LENGTH) x[LENGTH] = NAN;
  for (int64_t n = 0; n < N; n++) {
    const float *row = x + n * LENGTH;
    double most = -INFINITY, sum = 0;
    y[n] = (int32_t)(n * 7 % (LENGTH ? LENGTH : 1));
    for (int64_t i = 0; i < LENGTH; i++) most = row[i] > most ? row[i] : most;
    if (most == -INFINITY) most = 0;
    for (int64_t i = 0; i < LENGTH; i++) sum += exp(row[i] - most);
    for (int64_t i = 0; i < LENGTH; i++)
      p[n * LENGTH + i] = sum == 0 ? 0 : exp(row[i] - most) / sum;
    if (N > 2) continue;
    mean -= (row[y[n]] - most - log(sum)) / (double)N;
    for (int64_t i = 0; i < LENGTH; i++)
      g[n * LENGTH + i] = (p[n * LENGTH + i] - (i == y[n])) / (double)N;
  }
  void *work = malloc((size_t)ROWS_SOFT_WORK_BYTES(N) + (size_t)ROWS_NLL_GRAD_WORK_BYTES(N));
  wrong |= rows_soft(N, x, soft, work, nullptr) != MDL_OK;
  compare("softmax", N, soft, p, count);
  if (N <= 2) {
    wrong |= rows_nll_grad(N, x, y, &loss, gz, work, nullptr) != MDL_OK;
    if (N) compare("loss", N, &loss, &mean, 1);
    compare("gradient", N, gz, g, count);
  }
  free(x - shift), free(soft - shift), free(gz - shift), free(p), free(g), free(y), free(work);
}

int main()
{
  for (int64_t N : {0, 1, 2, 3, 8, 35})
    for (int64_t shift : {0, 1, 4}) test(N, shift);
  puts(wrong ? "wrong" : "right");
  return wrong;
}
