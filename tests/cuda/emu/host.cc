/* The host's side of the stand-in runtime. "Device" memory is the heap's, so that ASan guards its
 * ends, filled with 0xff: what a kernel reads before anyone wrote it is NaN. */
#include "cuda_runtime.h"

#include <cstdlib>
#include <cstring>
#include <vector>

struct emu_graph {
  std::vector<std::function<cudaError_t()>> nodes;
};

struct emu_stream {
  emu_graph *capture; /* NULL when it runs what it is given */
};

static cudaError_t last_error;

static cudaError_t note(cudaError_t error)
{
  if (error != cudaSuccess) last_error = error;
  return error;
}

cudaError_t emu_enqueue(cudaStream_t stream, std::function<cudaError_t()> work)
{
  if (!stream || !stream->capture) return note(work());
  stream->capture->nodes.push_back(std::move(work));
  return cudaSuccess;
}

/* Not while capturing: what waits for a stream, or allocates, cannot be in a graph. */
static cudaError_t unless_captured(cudaStream_t stream)
{
  return note(stream && stream->capture ? cudaErrorStreamCaptureUnsupported : cudaSuccess);
}

const char *cudaGetErrorString(cudaError_t error)
{
  switch (error) {
  case cudaSuccess:
    return "no error";
  case cudaErrorInvalidValue:
    return "invalid argument";
  case cudaErrorMemoryAllocation:
    return "out of memory";
  case cudaErrorInvalidConfiguration:
    return "invalid configuration argument";
  case cudaErrorCooperativeLaunchTooLarge:
    return "too many blocks in cooperative launch";
  case cudaErrorStreamCaptureUnsupported:
    return "operation not permitted when stream is capturing";
  case cudaErrorStreamCaptureInvalidated:
    return "the stream is not being captured";
  }
  return "unrecognized error code";
}

cudaError_t cudaGetLastError()
{
  const cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaMalloc(void **p, size_t bytes)
{
  *p = aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (!*p) return note(cudaErrorMemoryAllocation);
  memset(*p, 0xff, bytes);
  return cudaSuccess;
}

cudaError_t cudaFree(void *p)
{
  free(p);
  return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind)
{
  memcpy(to, from, bytes);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream)
{
  return emu_enqueue(stream, [=] { return memcpy(to, from, bytes), cudaSuccess; });
}

cudaError_t cudaMemsetAsync(void *p, int value, size_t bytes, cudaStream_t stream)
{
  return emu_enqueue(stream, [=] { return memset(p, value, bytes), cudaSuccess; });
}

/* ---- streams and graphs ---- */

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
  *stream = new emu_stream();
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
  if (stream) delete stream->capture;
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) { return unless_captured(stream); }
cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode)
{
  if (!stream || stream->capture) return note(cudaErrorStreamCaptureUnsupported);
  stream->capture = new emu_graph();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
  if (!stream || !stream->capture) return note(cudaErrorStreamCaptureInvalidated);
  *graph = stream->capture;
  stream->capture = nullptr;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long)
{
  if (!graph) return note(cudaErrorInvalidValue);
  *exec = new emu_graph(*graph);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
  if (!exec) return note(cudaErrorInvalidValue);
  for (const std::function<cudaError_t()> &node : exec->nodes) {
    const cudaError_t error = emu_enqueue(stream, node);
    if (error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
  delete exec;
  return cudaSuccess;
}
