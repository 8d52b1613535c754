/* The handwritten digits of data/digits.bin for the programs that train on them: 1,438 images to
 * learn from, every fifth of all kept for testing. */
#ifndef DIGITS_H
#define DIGITS_H

#include <stdint.h>
#include <stdio.h>

enum { TRAIN = 1438, TEST = 359, PIXELS = 64, BATCH = 32 };

static float train_x[TRAIN][PIXELS], test_x[TEST][PIXELS], batch_x[BATCH][PIXELS];
static int32_t train_y[TRAIN], test_y[TEST], batch_y[BATCH], guess[TEST];

/* Images are 64 bytes 0..16, then the digit. */
static int read_digits(const char *path)
{
  unsigned char image[PIXELS + 1];
  int train = 0, test = 0, i, k;
  FILE *file = fopen(path, "rb");
  for (i = 0; i < TRAIN + TEST && file && fread(image, sizeof image, 1, file); i++) {
    float *x = i % 5 == 4 ? test_x[test] : train_x[train];
    for (k = 0; k < PIXELS; k++) x[k] = (float)image[k] / 16.0f;
    if (i % 5 == 4)
      test_y[test++] = image[PIXELS];
    else
      train_y[train++] = image[PIXELS];
  }
  if (file) fclose(file);
  return train == TRAIN && test == TEST;
}

/* Fills the batch with images drawn by a linear congruential generator. */
static void draw_batch(uint32_t *state)
{
  int i, k;
  for (i = 0; i < BATCH; i++) {
    int at = (int)(((uint64_t)(*state = *state * 1664525u + 1013904223u) * TRAIN) >> 32);
    for (k = 0; k < PIXELS; k++) batch_x[i][k] = train_x[at][k];
    batch_y[i] = train_y[at];
  }
}

/* Percent of the guesses that are right. */
static double accuracy(void)
{
  int right = 0, i;
  for (i = 0; i < TEST; i++) right += guess[i] == test_y[i];
  return 100.0 * right / (double)TEST;
}

#endif
