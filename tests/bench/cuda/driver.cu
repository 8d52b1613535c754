/* Runs and times one row of the benchmark: an entry of mdlc's or of a library's, behind one type of
 * function. run.py's workers call the functions at the end; the same file serves a GPU and the
 * emulator of tests/cuda.
 *
 * A case has its arguments in several copies ("sets"), and calls go round them: where the sets
 * together are larger than the second-level cache, every call finds it cold, in a graph too. */
#include <cuda_runtime.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <vector>

typedef int Call(const int64_t *sizes, void *const *args, void *work, cudaStream_t stream);

struct Argument {
  int64_t bytes;
  const void *start; /* what it holds at first; NULL: of a result, nothing */
  int32_t scalar;    /* `start` itself is handed over */
  int32_t result;
};

struct Case {
  Call *call;
  std::vector<int64_t> sizes;
  std::vector<Argument> arguments;
  std::vector<std::vector<void *>> sets;
  void *work;
  cudaStream_t stream;
  cudaEvent_t start, stop;
  cudaGraphExec_t graph;
  int64_t graph_calls;
};

static char message[400];

static int failed(const char *what, int code, const char *text)
{
  snprintf(message, sizeof message, "%s: %d, %s", what, code, text);
  return 1;
}

static int check(cudaError_t error, const char *what)
{
  return error == cudaSuccess ? 0 : failed(what, (int)error, cudaGetErrorString(error));
}

#define TRY(call) \
  do { \
    if (check(call, #call)) return 1; \
  } while (0)

static int call_once(Case *c, int64_t number)
{
  void *const *args = c->sets[(size_t)number % c->sets.size()].data();
  const int status = c->call(c->sizes.data(), args, c->work, c->stream);
  return status ? failed("the entry's status", status & 255, "see its header") : 0;
}

static int fill(Case *c)
{
  for (std::vector<void *> &set : c->sets)
    for (size_t i = 0; i < set.size(); i++) {
      const Argument *a = &c->arguments[i];
      if (a->scalar) continue;
      TRY(a->start
              ? cudaMemcpyAsync(set[i], a->start, (size_t)a->bytes, cudaMemcpyDefault, c->stream)
              : cudaMemsetAsync(set[i], 0xff, (size_t)a->bytes, c->stream));
    }
  TRY(cudaStreamSynchronize(c->stream));
  return 0;
}

static int allocate(Case *c, int sets, int64_t work_bytes)
{
  TRY(cudaStreamCreate(&c->stream));
  TRY(cudaEventCreate(&c->start));
  TRY(cudaEventCreate(&c->stop));
  TRY(cudaMalloc(&c->work, (size_t)(work_bytes ? work_bytes : 64)));
  for (int s = 0; s < sets; s++) {
    c->sets.push_back(std::vector<void *>(c->arguments.size()));
    for (size_t i = 0; i < c->arguments.size(); i++) {
      const Argument *a = &c->arguments[i];
      void **at = &c->sets.back()[i];
      if (a->scalar)
        *at = (void *)(uintptr_t)a->start;
      else
        TRY(cudaMalloc(at, (size_t)(a->bytes ? a->bytes : 1)));
    }
  }
  return fill(c);
}

static int make_graph(Case *c, int64_t calls)
{
  cudaGraph_t captured;
  if (c->graph) TRY(cudaGraphExecDestroy(c->graph));
  c->graph = nullptr;
  TRY(cudaStreamBeginCapture(c->stream, cudaStreamCaptureModeThreadLocal));
  int bad = 0;
  for (int64_t i = 0; i < calls && !bad; i++) bad = call_once(c, i);
  TRY(cudaStreamEndCapture(c->stream, &captured));
  if (bad) return 1;
  TRY(cudaGraphInstantiate(&c->graph, captured, 0));
  TRY(cudaGraphDestroy(captured));
  c->graph_calls = calls;
  return 0;
}

/* What the results of every set hold, one behind the other. */
static int results(Case *c, std::vector<char> *all)
{
  all->clear();
  for (std::vector<void *> &set : c->sets)
    for (size_t i = 0; i < set.size(); i++) {
      const Argument *a = &c->arguments[i];
      if (!a->result) continue;
      const size_t at = all->size();
      all->resize(at + (size_t)a->bytes);
      TRY(cudaMemcpyAsync(all->data() + at, set[i], (size_t)a->bytes, cudaMemcpyDefault,
                          c->stream));
      TRY(cudaStreamSynchronize(c->stream));
    }
  return 0;
}

/* ---- peaks ---------------------------------------------------------------------------------- */

enum { CHAINS = 8 };

/* CHAINS independent chains of fused multiply-adds a thread. */
static __global__ void multiply_add(int64_t rounds, float by, float *out)
{
  float s[CHAINS];
  for (int k = 0; k < CHAINS; k++) s[k] = (float)(threadIdx.x + (unsigned)k);
#pragma unroll 4
  for (int64_t n = 0; n < rounds; n++)
    for (int k = 0; k < CHAINS; k++) s[k] = fmaf(s[k], by, 0.5f);
  float sum = 0;
  for (int k = 0; k < CHAINS; k++) sum += s[k];
  out[blockIdx.x * blockDim.x + threadIdx.x] = sum;
}

static __global__ void nothing() {}

template <class... Wanted, class... Given>
static cudaError_t launch(void (*kernel)(Wanted...), unsigned blocks, unsigned threads,
                          cudaStream_t stream, Given... given)
{
  cudaLaunchConfig_t config = {};
  config.gridDim = dim3(blocks);
  config.blockDim = dim3(threads);
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, given...);
}

extern "C" {

const char *bench_message() { return message; }

struct Device {
  char name[256], bus[32];
  int32_t major, minor, multiprocessors, clock_khz;
  int64_t cache_bytes, memory_bytes;
};

/* 1: there is none, or it does not work. */
int bench_device(Device *d)
{
  cudaDeviceProp properties;
  int cache = 0;
  size_t free_bytes, bytes;
  TRY(cudaSetDevice(0));
  TRY(cudaGetDeviceProperties(&properties, 0));
  TRY(cudaDeviceGetPCIBusId(d->bus, sizeof d->bus, 0));
  TRY(cudaDeviceGetAttribute(&d->major, cudaDevAttrComputeCapabilityMajor, 0));
  TRY(cudaDeviceGetAttribute(&d->minor, cudaDevAttrComputeCapabilityMinor, 0));
  TRY(cudaDeviceGetAttribute(&d->multiprocessors, cudaDevAttrMultiProcessorCount, 0));
  TRY(cudaDeviceGetAttribute(&d->clock_khz, cudaDevAttrClockRate, 0));
  TRY(cudaDeviceGetAttribute(&cache, cudaDevAttrL2CacheSize, 0));
  TRY(cudaMemGetInfo(&free_bytes, &bytes));
  snprintf(d->name, sizeof d->name, "%s", properties.name);
  d->cache_bytes = cache;
  d->memory_bytes = (int64_t)bytes;
  return 0;
}

void bench_close(Case *c)
{
  for (std::vector<void *> &set : c->sets)
    for (size_t i = 0; i < set.size(); i++)
      if (!c->arguments[i].scalar) cudaFree(set[i]);
  cudaFree(c->work);
  if (c->graph) cudaGraphExecDestroy(c->graph);
  if (c->start) cudaEventDestroy(c->start);
  if (c->stop) cudaEventDestroy(c->stop);
  if (c->stream) cudaStreamDestroy(c->stream);
  delete c;
}

/* What the arguments start with must live as long as the case; NULL: bench_message says why. */
Case *bench_open(Call *call, const int64_t *sizes, int size_count, const Argument *arguments,
                 int argument_count, int sets, int64_t work_bytes)
{
  Case *c = new Case();
  c->call = call;
  c->sizes.assign(sizes, sizes + size_count);
  c->arguments.assign(arguments, arguments + argument_count);
  if (!allocate(c, sets, work_bytes)) return c;
  bench_close(c);
  return nullptr;
}

/* One call on fresh arguments. */
int bench_run(Case *c)
{
  if (fill(c) || call_once(c, 0)) return 1;
  TRY(cudaStreamSynchronize(c->stream));
  TRY(cudaGetLastError());
  return 0;
}

int bench_read(Case *c, int argument, void *to)
{
  const size_t bytes = (size_t)c->arguments[(size_t)argument].bytes;
  TRY(cudaMemcpyAsync(to, c->sets[0][(size_t)argument], bytes, cudaMemcpyDefault, c->stream));
  TRY(cudaStreamSynchronize(c->stream));
  return 0;
}

/* Whether calls one by one, and a graph of them, leave the same bits in every set. */
int bench_same_bits(Case *c, int32_t *same)
{
  std::vector<char> plain, graph, part;
  if (fill(c)) return 1;
  for (size_t i = 0; i < c->sets.size(); i++)
    if (call_once(c, (int64_t)i)) return 1;
  TRY(cudaStreamSynchronize(c->stream));
  if (results(c, &plain)) return 1;
  if (fill(c) || make_graph(c, (int64_t)c->sets.size())) return 1;
  TRY(cudaGraphLaunch(c->graph, c->stream));
  TRY(cudaStreamSynchronize(c->stream));
  if (results(c, &graph)) return 1;
  const size_t one = plain.size() / c->sets.size();
  *same = plain == graph;
  for (size_t i = 1; i < c->sets.size(); i++)
    *same = *same && !memcmp(plain.data(), plain.data() + i * one, one);
  return 0;
}

/* A graph of so many calls, for bench_time_graph. */
int bench_graph(Case *c, int64_t calls) { return make_graph(c, calls); }

/* Microseconds a call, by events around one launch of the graph. */
int bench_time_graph(Case *c, double *us)
{
  float ms = 0;
  TRY(cudaEventRecord(c->start, c->stream));
  TRY(cudaGraphLaunch(c->graph, c->stream));
  TRY(cudaEventRecord(c->stop, c->stream));
  TRY(cudaEventSynchronize(c->stop));
  TRY(cudaEventElapsedTime(&ms, c->start, c->stop));
  *us = 1e3 * (double)ms / (double)c->graph_calls;
  return 0;
}

/* Microseconds a call, by events around so many plain calls. */
int bench_time_stream(Case *c, int64_t calls, double *us)
{
  float ms = 0;
  TRY(cudaEventRecord(c->start, c->stream));
  for (int64_t i = 0; i < calls; i++)
    if (call_once(c, i)) return 1;
  TRY(cudaEventRecord(c->stop, c->stream));
  TRY(cudaEventSynchronize(c->stop));
  TRY(cudaEventElapsedTime(&ms, c->start, c->stop));
  *us = 1e3 * (double)ms / (double)calls;
  return 0;
}

/* Calls for cases of their own, whose times are the machine's: a launch, and what can be had. */
int bench_launch_call(const int64_t *, void *const *, void *, cudaStream_t stream)
{
  return launch(nothing, 1, 32, stream) != cudaSuccess;
}

/* sizes: bytes. args: from, to. */
int bench_copy_call(const int64_t *sizes, void *const *args, void *, cudaStream_t stream)
{
  return cudaMemcpyAsync(args[1], args[0], (size_t)sizes[0], cudaMemcpyDeviceToDevice, stream) !=
         cudaSuccess;
}

/* sizes: blocks of 256 threads, rounds; 2*CHAINS flops a thread and round. args: a float a thread. */
int bench_multiply_add_call(const int64_t *sizes, void *const *args, void *, cudaStream_t stream)
{
  return launch(multiply_add, (unsigned)sizes[0], 256, stream, sizes[1], 0.999f,
                (float *)args[0]) != cudaSuccess;
}

} /* extern "C" */
