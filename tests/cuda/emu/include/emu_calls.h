/* What the stand-in headers ask of the emulator (emu/ beside this folder). `line` is the line of
 * the kernel's source, for messages. Every call that finds a fault says its name and ends the
 * process with status 3. */
#ifndef EMU_CALLS_H
#define EMU_CALLS_H

#include <cstddef>
#include <cstdint>

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};
struct uint3 {
  unsigned x, y, z;
};

/* Set by the scheduler at every switch of fiber. */
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

enum { EMU_RESIDENT = 3 /* blocks that are there at once, at most */ };

extern "C" {
/* __syncthreads: waits for all threads of the block that have not returned, at the same line. */
void emu_barrier(int line);
/* Publishes up to 64 bytes and waits for every live lane of `mask` at an operation with that mask.
 * emu_lane then gives what a lane published, emu_lanes which lanes took part. */
void emu_warp(unsigned mask, const void *bytes, size_t count, int line);
const void *emu_lane(int lane);
unsigned emu_lanes(void);
int emu_lane_id(void);

/* cp.async: the copy is made at the wait, so that a missing wait leaves what was there before. */
void emu_copy_async(void *shared, const void *global, size_t bytes, int line);
/* The same of the first `given` bytes of `global`, and zeros behind them. */
void emu_copy_async_part(void *shared, const void *global, size_t bytes, int given, int line);
void emu_copy_commit(void);
void emu_copy_wait(int groups_left);

/* A pointer into shared memory as 32 bits, and back. */
uint32_t emu_shared_address(const void *p);
void *emu_shared_pointer(uint32_t address);
/* As emu_warp for an operation that all 32 lanes must take part in. */
void emu_whole_warp(const void *bytes, size_t count, int line);
/* The fault of ldmatrix. */
[[noreturn]] void emu_misaligned_row(const void *row, int line);

/* A vector of `bytes` is read or written at p: p must be a multiple of it, but for locals. */
void emu_check_aligned(const void *p, size_t bytes);

/* All threads of a cooperative launch wait here for each other. */
void emu_grid_barrier(int line);

/* Runs a kernel: body(context) once a thread; `together`: all blocks at once. 0, or an error of
 * cudaError_t. */
int emu_launch(dim3 grid, dim3 block, size_t dynamic_shared, bool together, void (*body)(void *),
               void *context);
}

#endif
