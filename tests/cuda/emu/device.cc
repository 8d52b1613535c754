/* The one device there is, and its clock, for programs that measure. */
#include "cuda_runtime.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

struct emu_event {
  std::chrono::steady_clock::time_point at;
};

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
  *event = new emu_event();
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
  return emu_enqueue(stream, [=] {
    event->at = std::chrono::steady_clock::now();
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t stop)
{
  *ms = std::chrono::duration<float, std::milli>(stop->at - start->at).count();
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device) { return *device = 0, cudaSuccess; }
cudaError_t cudaSetDevice(int device) { return device ? cudaErrorInvalidValue : cudaSuccess; }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device)
{
  snprintf(properties->name, sizeof properties->name, "the emulator");
  return cudaSetDevice(device);
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device)
{
  switch (attribute) {
  case cudaDevAttrClockRate:
    *value = 1000000;
    break;
  case cudaDevAttrMultiProcessorCount:
    *value = 1;
    break;
  case cudaDevAttrL2CacheSize:
    *value = 1 << 14;
    break;
  case cudaDevAttrComputeCapabilityMajor:
    *value = 8;
    break;
  case cudaDevAttrComputeCapabilityMinor:
    *value = 0;
    break;
  }
  return cudaSetDevice(device);
}

int emu_resident_blocks()
{
  const char *given = getenv("EMU_BLOCKS");
  const int blocks = given ? atoi(given) : EMU_RESIDENT;
  return blocks < 1 || blocks > EMU_RESIDENT ? EMU_RESIDENT : blocks;
}

cudaError_t cudaDeviceGetPCIBusId(char *id, int length, int device)
{
  snprintf(id, (size_t)length, "0000:00:00.0");
  return cudaSetDevice(device);
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *all_bytes)
{
  *free_bytes = *all_bytes = (size_t)1 << 32;
  return cudaSuccess;
}
