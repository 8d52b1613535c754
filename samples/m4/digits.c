/* Classifies digits on a bare Cortex-M4: no operating system, no library but memcpy and memset. The
 * model and the images are linked in. The host builds the same file to compare. */
#include "mlp.h"

#include "board.h"

#include <string.h>

enum { IMAGE = 65, PIXELS = 64, BATCH = 8 };

extern const unsigned char _binary_weights_bin_start[];
extern const unsigned char _binary_digits_bin_start[], _binary_digits_bin_end[];

static mlp_Mlp model;
static float x[BATCH][PIXELS];
static int32_t guess[BATCH];
static char work[MLP_PREDICT_WORK_BYTES(BATCH)];

static void number(const char *before, uint32_t value, const char *after)
{
  char digits[12];
  int i = 11;
  digits[i] = 0;
  do digits[--i] = (char)('0' + value % 10);
  while (value /= 10);
  board_print(before);
  board_print(digits + i);
  board_print(after);
}

int main(void)
{
  const unsigned char *image = _binary_digits_bin_start;
  uint32_t images = (uint32_t)(_binary_digits_bin_end - image) / IMAGE, i, right = 0, total = 0;
  uint32_t hash = 2166136261u, spent = 0;
  memcpy(&model, _binary_weights_bin_start, sizeof model);
  for (i = 4; i < images; i += 5 * BATCH) { /* the images kept for testing */
    uint32_t count = 0, k, start;
    for (; count < BATCH && i + 5 * count < images; count++)
      for (k = 0; k < PIXELS; k++) x[count][k] = (float)image[(i + 5 * count) * IMAGE + k] / 16.0f;
    start = board_clock();
    if (mlp_predict(count, &model, &x[0][0], guess, work)) return 1;
    spent += board_clock() - start;
    for (k = 0; k < count; k++) {
      right += guess[k] == image[(i + 5 * k) * IMAGE + PIXELS];
      hash = (hash ^ (uint32_t)guess[k]) * 16777619u;
    }
    total += count;
  }
  number("", right, " of ");
  number("", total, " right");
  number(", guesses hash to ", hash, "\n");
  if (spent) number("instructions a digit: ", spent / total, "\n");
  board_print("PASS\n");
  return 0;
}
