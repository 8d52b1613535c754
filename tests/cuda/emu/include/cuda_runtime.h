/* Stand-in for CUDA's header of this name: lets a .cu file be compiled, unchanged, as plain C++ by
 * clang and run on fibers, without a CUDA toolkit. The rules a file keeps for that:
 * kernels are launched by cudaLaunchKernelEx; PTX stands only under #ifdef __CUDACC__; dynamic
 * shared memory is `extern __shared__ __align__(1024) unsigned char mdl_smem[]`. */
#ifndef EMU_CUDA_RUNTIME_H
#define EMU_CUDA_RUNTIME_H

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __launch_bounds__(...)
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))
/* Legal in a function (there it implies static) and after extern. Under -femulated-tls every
 * access asks the emulator for the address (emu/shared.cc). */
#define __shared__ thread_local

#include "emu_calls.h"
#include "emu_device.h"
#include "emu_host.h"
#include "emu_vectors.h"

#endif
