/* What in_cublas.cu and in_cudnn.cu share. A peer has the type of driver.cu's Call: sizes as the row
 * lists them, arguments as the entry of mdlc has them. */
#ifndef MDL_BENCH_PEERS_H
#define MDL_BENCH_PEERS_H

#include <cuda_runtime.h>

#include <stddef.h>
#include <stdint.h>

#define PEER(name) \
  extern "C" int name([[maybe_unused]] const int64_t *sizes, void *const *args, void *, \
                      cudaStream_t stream)

extern int library_tf32; /* whether f32 products may round their operands to TF32 */

/* Device memory of at least so many bytes, the same for every call that runs; NULL: there is none. The
 * first call of a peer, outside any graph, makes it large enough. */
void *library_memory(size_t bytes);

#endif
