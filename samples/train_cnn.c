/* Trains cnn.mdl on handwritten digits, as train_mlp.c does: cnn.h and cnn.o come from mdlc.
 *   ./train_cnn data/digits.bin [seed] */
#include "cnn.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRAIN = 1438, TEST = 359, PIXELS = 64, BATCH = 32, EPOCHS = 20 };

static float train_x[TRAIN][PIXELS], test_x[TEST][PIXELS], batch_x[BATCH][PIXELS];
static int32_t train_y[TRAIN], test_y[TEST], batch_y[BATCH], guess[TEST];
static cnn_Cnn model;

/* Images are 64 bytes 0..16, then the digit. */
static int read_digits(const char *path)
{
  unsigned char image[PIXELS + 1];
  int train = 0, test = 0, i, k;
  FILE *file = fopen(path, "rb");
  for (i = 0; file && fread(image, sizeof image, 1, file); i++) {
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

static double test_accuracy(void *work)
{
  int right = 0, i;
  if (cnn_predict(TEST, &model, &test_x[0][0], guess, work)) return -1;
  for (i = 0; i < TEST; i++) right += guess[i] == test_y[i];
  return 100.0 * right / (double)TEST;
}

/* One pass over the images, drawn in a fresh order; the mean loss. */
static double epoch(uint32_t *state, float rate, void *work)
{
  double sum = 0;
  int i, k, step;
  for (step = 0; step < TRAIN / BATCH; step++) {
    float loss;
    for (i = 0; i < BATCH; i++) {
      int at = (int)(((uint64_t)(*state = *state * 1664525u + 1013904223u) * TRAIN) >> 32);
      for (k = 0; k < PIXELS; k++) batch_x[i][k] = train_x[at][k];
      batch_y[i] = train_y[at];
    }
    if (cnn_train(BATCH, &model, &batch_x[0][0], batch_y, rate, &loss, work)) return -1;
    sum += loss;
  }
  return sum / (TRAIN / BATCH);
}

int main(int argc, char **argv)
{
  uint32_t key[2] = {0, argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1}, state = key[1];
  size_t train = CNN_TRAIN_WORK_BYTES(BATCH), test = CNN_PREDICT_WORK_BYTES(TEST);
  size_t init = CNN_INIT_WORK_BYTES, most = train > test ? train : test;
  void *work = malloc(most > init ? most : init);
  int i;
  if (!work || !read_digits(argc > 1 ? argv[1] : "data/digits.bin")) return 1;
  if (cnn_init(key, &model, work)) return 1;
  for (i = 1; i <= EPOCHS; i++) {
    double loss = epoch(&state, i <= 2 * EPOCHS / 3 ? 0.2f : 0.05f, work);
    printf("epoch %2d  loss %.4f  test %.1f %%\n", i, loss, test_accuracy(work));
    fflush(stdout);
  }
  printf("test accuracy %.1f %%\n", test_accuracy(work));
  free(work);
  return 0;
}
