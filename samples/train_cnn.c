/* Trains cnn.mdl on handwritten digits by stochastic gradient descent, with nothing but C: cnn.h
 * and cnn.o (or cnn.c) come from mdlc.
 *   ./train_cnn data/digits.bin [seed] */
#include "cnn.h"

#include "digits.h"

#include <stdlib.h>

enum { EPOCHS = 20 };
static cnn_Cnn model;

/* One pass over as many images as there are; the mean loss. */
static double epoch(uint32_t *state, float rate, void *work)
{
  double sum = 0;
  int step;
  for (step = 0; step < TRAIN / BATCH; step++) {
    float loss;
    draw_batch(state);
    if (cnn_train(BATCH, &model, &batch_x[0][0], batch_y, rate, &loss, work)) return -1;
    sum += loss;
  }
  return sum / (TRAIN / BATCH);
}

static double test_accuracy(void *work)
{
  return cnn_predict(TEST, &model, &test_x[0][0], guess, work) ? -1 : accuracy();
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
