/* Trains mlp.mdl through XLA, from C: the training step is the StableHLO that `mdlc
 * --emit=stablehlo` wrote, run by whatever PJRT plugin is named; the weights stay on the device.
 * For the first epoch the C backend trains beside it, from the same weights on the same images, and
 * the losses must agree.
 *   ./train_mlp_pjrt xla_cpu_pjrt.so train.mlir train.json data/digits.bin [seed] */
#include "mlp.h"
#include "runtime/pjrt.h"

#include "digits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCHS = 40, STEPS = TRAIN / BATCH };
enum { FC1_W, FC1_B, FC2_W, FC2_B, X, Y, RATE, ARGUMENTS }; /* as the manifest lists them */

static mlp_Mlp model;

/* ---- XLA ---- */

typedef struct {
  mdl_pjrt *pjrt;
  mdl_pjrt_interface io;
  mdl_pjrt_program *step;
  mdl_pjrt_buffer *in[ARGUMENTS];
} trainer;

static void must(const trainer *t, mdl_pjrt_status status)
{
  if (!status) return;
  fprintf(stderr, "%s\n%s\n", mdl_pjrt_error(t->pjrt), mdl_pjrt_help(t->pjrt));
  exit(1);
}

/* A text file that is used as it lies; the program ends before it would be unmapped. */
static mdl_mapping map(const char *path)
{
  mdl_mapping mapping;
  const char *why = mdl_map_file(path, &mapping);
  if (!why) return mapping;
  fprintf(stderr, "%s: %s\n", path, why);
  exit(1);
}

/* Puts what the argument's leaf says. */
static void put(trainer *t, int argument, const void *data)
{
  const mdl_pjrt_leaf *leaf = &t->io.argument[argument];
  mdl_array array;
  memset(&array, 0, sizeof array);
  array.element = leaf->element;
  array.rank = leaf->rank;
  memcpy(array.shape, leaf->shape, sizeof array.shape);
  array.data = data;
  mdl_pjrt_buffer_destroy(t->in[argument]);
  must(t, mdl_pjrt_put(t->pjrt, &array, &t->in[argument]));
}

static void open_trainer(trainer *t, char **argv)
{
  mdl_mapping code = map(argv[2]), manifest = map(argv[3]);
  mdl_pjrt_source source;
  const char *why;
  memset(t, 0, sizeof *t);
  t->pjrt = mdl_pjrt_create();
  why = mdl_pjrt_manifest_read(manifest.bytes, manifest.length, "train", &t->io);
  if (!why && t->io.arguments != ARGUMENTS) why = "it is not the manifest of mlp.mdl";
  if (why) {
    fprintf(stderr, "%s: %s\n", argv[3], why);
    exit(1);
  }
  memset(&source, 0, sizeof source);
  source.code = code.bytes;
  source.length = code.length;
  source.format = "mlir";
  source.io = &t->io;
  must(t, mdl_pjrt_load(t->pjrt, argv[1]));
  must(t, mdl_pjrt_start(t->pjrt));
  must(t, mdl_pjrt_compile(t->pjrt, &source, &t->step));
  put(t, FC1_W, model.fc1.w);
  put(t, FC1_B, model.fc1.b);
  put(t, FC2_W, model.fc2.w);
  put(t, FC2_B, model.fc2.b);
}

static float train_step(trainer *t, float rate)
{
  mdl_pjrt_buffer *loss_at;
  mdl_status status;
  float loss;
  put(t, X, batch_x);
  put(t, Y, batch_y);
  put(t, RATE, &rate);
  must(t, mdl_pjrt_run(t->step, t->in, &loss_at, &status)); /* updates the weights on the device */
  must(t, mdl_pjrt_get(loss_at, &loss, sizeof loss));
  mdl_pjrt_buffer_destroy(loss_at);
  return status ? NAN : loss;
}

static void close_trainer(trainer *t)
{
  int i;
  must(t, mdl_pjrt_get(t->in[FC1_W], model.fc1.w, sizeof model.fc1.w));
  must(t, mdl_pjrt_get(t->in[FC1_B], model.fc1.b, sizeof model.fc1.b));
  must(t, mdl_pjrt_get(t->in[FC2_W], model.fc2.w, sizeof model.fc2.w));
  must(t, mdl_pjrt_get(t->in[FC2_B], model.fc2.b, sizeof model.fc2.b));
  for (i = 0; i < ARGUMENTS; i++) mdl_pjrt_buffer_destroy(t->in[i]);
  mdl_pjrt_program_destroy(t->step);
  mdl_pjrt_interface_free(&t->io);
  mdl_pjrt_destroy(t->pjrt);
}

/* ---- training ---- */

/* The mean loss; *apart grows to the largest relative difference from the C backend's, which trains
 * `model` meanwhile, if work is not NULL. */
static double epoch(trainer *t, uint32_t *state, float rate, void *work, double *apart)
{
  double sum = 0;
  int step;
  for (step = 0; step < STEPS; step++) {
    float loss, wanted;
    draw_batch(state);
    loss = train_step(t, rate);
    sum += loss;
    if (!work) continue;
    if (mlp_train(BATCH, &model, &batch_x[0][0], batch_y, rate, &wanted, work)) return NAN;
    *apart = fmax(*apart, fabs((double)loss - wanted) / fabs((double)wanted));
  }
  return sum / STEPS;
}

int main(int argc, char **argv)
{
  uint32_t key[2] = {0, argc > 5 ? (uint32_t)strtoul(argv[5], NULL, 10) : 1}, state = key[1];
  void *work =
      malloc(MLP_TRAIN_WORK_BYTES(BATCH) + MLP_PREDICT_WORK_BYTES(TEST) + MLP_INIT_WORK_BYTES);
  double apart = 0;
  trainer t;
  int i;
  if (argc < 5 || !work || !read_digits(argv[4]) || mlp_init(key, &model, work)) return 1;
  open_trainer(&t, argv);
  for (i = 1; i <= EPOCHS; i++) {
    float rate = i <= 2 * EPOCHS / 3 ? 0.8f : 0.1f;
    double loss = epoch(&t, &state, rate, i == 1 ? work : NULL, &apart);
    printf("epoch %2d  loss %.4f\n", i, loss);
    if (i == 1) printf("the C backend's losses: at most %.1e apart\n", apart);
  }
  printf("trained on %s\n", mdl_pjrt_platform(t.pjrt));
  close_trainer(&t);
  if (mlp_predict(TEST, &model, &test_x[0][0], guess, work)) return 1;
  printf("test accuracy %.1f %%\n", accuracy());
  free(work);
  return apart <= 1e-5 ? 0 : 1;
}
