/* Trains mlp.mdl on handwritten digits on a GPU: mlp.h and mlp.cu come from mdlc --emit=cuda.
 *   nvcc -fmad=false -x cu train_mlp_cuda.c mlp.cu -o train_mlp_cuda
 *   ./train_mlp_cuda data/digits.bin [epochs]
 * The same images, in the same order, as train_mlp.c draws. */
#include "mlp.h"

#include "digits.h"

#include <stdlib.h>

/* `bytes` of the GPU's memory. */
static void *device(size_t bytes)
{
  void *p = NULL;
  if (cudaMalloc(&p, bytes) == cudaSuccess) return p;
  fprintf(stderr, "%s\n", cudaGetErrorString(cudaGetLastError()));
  exit(1);
}

static void check(int status)
{
  if (!status) return;
  fprintf(stderr, "status %d\n", status);
  exit(1);
}

int main(int argc, char **argv)
{
  int step, epoch, epochs = argc > 2 ? atoi(argv[2]) : 40;
  uint32_t seed[2] = {0, 1}, state = seed[1];
  size_t train = MLP_TRAIN_WORK_BYTES(BATCH), test = MLP_PREDICT_WORK_BYTES(TEST);
  mlp_Mlp_view m = {{(float *)device(sizeof(float[64][64])), (float *)device(sizeof(float[64]))},
                    {(float *)device(sizeof(float[64][10])), (float *)device(sizeof(float[10]))}};
  float *x = (float *)device(sizeof test_x), *loss = (float *)device(sizeof *loss);
  int32_t *y = (int32_t *)device(sizeof guess);
  uint32_t *key = (uint32_t *)device(sizeof seed);
  void *work = device((train > test ? train : test) + MLP_INIT_WORK_BYTES);
  cudaStream_t stream;
  cudaStreamCreate(&stream);
  if (!read_digits(argc > 1 ? argv[1] : "data/digits.bin")) return 1;
  cudaMemcpyAsync(key, seed, sizeof seed, cudaMemcpyHostToDevice, stream);
  check(mlp_init(key, &m, work, stream));
  for (epoch = 1; epoch <= epochs; epoch++) {
    double sum = 0;
    for (step = 0; step < TRAIN / BATCH; step++) {
      float last;
      draw_batch(&state);
      cudaMemcpyAsync(x, batch_x, sizeof batch_x, cudaMemcpyHostToDevice, stream);
      cudaMemcpyAsync(y, batch_y, sizeof batch_y, cudaMemcpyHostToDevice, stream);
      check(mlp_train(BATCH, &m, x, y, epoch <= 2 * epochs / 3 ? 0.8f : 0.1f, loss, work, stream));
      cudaMemcpyAsync(&last, loss, sizeof last, cudaMemcpyDeviceToHost, stream);
      cudaStreamSynchronize(stream); /* the next batch may be written */
      sum += last;
    }
    cudaMemcpyAsync(x, test_x, sizeof test_x, cudaMemcpyHostToDevice, stream);
    check(mlp_predict(TEST, &m, x, y, work, stream));
    cudaMemcpyAsync(guess, y, sizeof guess, cudaMemcpyDeviceToHost, stream);
    cudaStreamSynchronize(stream);
    printf("epoch %2d  loss %.4f  test %.1f %%\n", epoch, sum / (TRAIN / BATCH), accuracy());
  }
  printf("test accuracy %.1f %%\n", accuracy());
  return 0;
}
