/* Trains logreg.mdl on a real table: 30 measurements of each of 569 tumours, and whether it is
 * benign. Every fifth row is kept for testing. One object serves any number of rows and columns.
 *   ./train_logreg data/wdbc.csv */
#include "logreg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 569, COLUMNS = 30, TEST = ROWS / 5, TRAIN = ROWS - TEST, STEPS = 200 };

static float train_x[TRAIN][COLUMNS], test_x[TEST][COLUMNS], train_y[TRAIN], test_y[TEST];
static float weights[COLUMNS + 1], probability[TEST];

/* A line of names, then 30 numbers and the class a row. */
static int read_table(const char *path)
{
  int train = 0, test = 0, i, k, good;
  FILE *file = fopen(path, "r");
  good = file && fscanf(file, "%*[^\n]") != EOF;
  for (i = 0; good && i < ROWS; i++) {
    float *x = i % 5 == 4 ? test_x[test] : train_x[train];
    float *y = i % 5 == 4 ? &test_y[test++] : &train_y[train++];
    for (k = 0; k < COLUMNS; k++) good &= fscanf(file, "%f,", &x[k]) == 1;
    good &= fscanf(file, "%f", y) == 1;
  }
  if (file) fclose(file);
  return good;
}

/* Every column to mean 0 and deviation 1 over the rows for training. */
static void standardise(void)
{
  int i, k;
  for (k = 0; k < COLUMNS; k++) {
    double mean = 0, square = 0, deviation;
    for (i = 0; i < TRAIN; i++) mean += train_x[i][k] / TRAIN;
    for (i = 0; i < TRAIN; i++) square += (train_x[i][k] - mean) * (train_x[i][k] - mean) / TRAIN;
    deviation = sqrt(square);
    for (i = 0; i < TRAIN; i++) train_x[i][k] = (float)((train_x[i][k] - mean) / deviation);
    for (i = 0; i < TEST; i++) test_x[i][k] = (float)((test_x[i][k] - mean) / deviation);
  }
}

static double test_accuracy(const logreg_Logistic_view *model, void *work)
{
  int right = 0, i;
  if (logreg_predict(TEST, COLUMNS, model, &test_x[0][0], probability, work)) return -1;
  for (i = 0; i < TEST; i++) right += (probability[i] > 0.5f) == (test_y[i] > 0.5f);
  return 100.0 * right / (double)TEST;
}

int main(int argc, char **argv)
{
  logreg_Logistic_view model = logreg_Logistic_at(weights, COLUMNS); /* starts at zero */
  size_t step = LOGREG_STEP_WORK_BYTES(TRAIN, COLUMNS);
  size_t predict = LOGREG_PREDICT_WORK_BYTES(TEST, COLUMNS);
  void *work = malloc((step > predict ? step : predict) + 1);
  int i;
  if (!work || !read_table(argc > 1 ? argv[1] : "data/wdbc.csv")) return 1;
  standardise();
  for (i = 1; i <= STEPS; i++) {
    float loss;
    if (logreg_step(TRAIN, COLUMNS, &model, &train_x[0][0], train_y, 0.5f, &loss, work)) return 1;
    if (i % 10 == 0)
      printf("step %3d  loss %.4f  test %.1f %%\n", i, loss, test_accuracy(&model, work));
  }
  printf("test accuracy %.1f %%\n", test_accuracy(&model, work));
  free(work);
  return 0;
}
