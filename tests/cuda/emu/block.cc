/* Runs the blocks of a launch, one after another, or in turns where they wait for each other: their
 * threads, barriers, warp operations and asynchronous copies. EMU_SEED=n in the environment
 * shuffles the order of threads for each block, and that of blocks. */
#include "emu.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace
{

enum State { RUNS, AT_BARRIER, IN_WARP, AT_GRID, RETURNED };
enum { MAX_COPIES = 64, WARP_BYTES = 64 };

struct Copy {
  void *to;
  const void *from;
  size_t bytes, given; /* the rest is zeros */
  int group;
  void *pc;
};

struct Thread {
  EmuFiber *fiber;
  State state;
  int line;
  uint3 index;
  /* Warp operations. A lane publishes in its two slots in turn: who was released with it reads one
   * while it may already fill the other. Which lanes took part, and which slot each of them used,
   * are kept by lane, since parts of a warp may be at different operations. */
  unsigned mask, lanes, slots;
  int slot;
  unsigned char published[2][WARP_BYTES];
  /* Asynchronous copies, by groups. */
  int group, copies;
  Copy copy[MAX_COPIES];
};

/* One of those that are there at once. */
struct Block {
  Thread thread[EMU_MAX_THREADS];
  uint3 index;
  bool done;
  unsigned number, barrier_number, warp_number[EMU_MAX_THREADS / 32];
  int order[EMU_MAX_THREADS];
};

Block resident[EMU_RESIDENT], *block = resident;
Thread *threads = resident->thread; /* of the block that runs */
int thread_count, current;
bool in_kernel, is_together;
void (*kernel_body)(void *);
void *kernel_context;
unsigned launch_number, block_number, barrier_number, grid_number;

/* ---- order ---- */

uint64_t random_state;

unsigned random_next()
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (unsigned)(random_state >> 11);
}

void seed_once()
{
  static bool done;
  if (done) return;
  done = true;
  const char *seed = getenv("EMU_SEED");
  if (seed) random_state = 88172645463325252u ^ (strtoull(seed, nullptr, 10) * 0x9E3779B97F4A7C15u);
}

void put_in_order(int count, int *order)
{
  for (int t = 0; t < count; t++) order[t] = t;
  if (!random_state) return;
  for (int t = count; t-- > 1;) std::swap(order[t], order[random_next() % (unsigned)(t + 1)]);
}

/* ---- faults ---- */

/* Which threads wait where, in runs of neighbours that do the same. */
[[noreturn]] void cannot_go_on()
{
  static const char *const doing[] = {"run", "wait in __syncthreads, line",
                                      "wait in a warp operation, line", "wait for the grid, line",
                                      "have returned"};
  fprintf(stderr, "divergent barrier: block (%u,%u,%u) cannot go on:\n", blockIdx.x, blockIdx.y,
          blockIdx.z);
  for (int from = 0, to; from < thread_count; from = to) {
    const Thread &a = threads[from];
    for (to = from + 1; to < thread_count; to++) {
      const Thread &b = threads[to];
      if (b.state != a.state || (a.state != RETURNED && b.line != a.line)) break;
    }
    fprintf(stderr, "  threads %d..%d %s", from, to - 1, doing[a.state]);
    if (a.state != RETURNED) fprintf(stderr, " %d", a.line);
    fputc('\n', stderr);
  }
  _Exit(3);
}

/* Some blocks wait for others that have returned. */
[[noreturn]] void grid_cannot_go_on(int blocks)
{
  fprintf(stderr, "divergent grid barrier: the grid cannot go on:\n");
  for (int i = 0; i < blocks; i++) {
    const Block &b = resident[i];
    fprintf(stderr, "  block (%u,%u,%u) ", b.index.x, b.index.y, b.index.z);
    if (b.done)
      fprintf(stderr, "has returned\n");
    else
      fprintf(stderr, "waits for the grid, line %d\n", b.thread[0].line);
  }
  _Exit(3);
}

/* ---- threads ---- */

void thread_body(void *)
{
  kernel_body(kernel_context);
  Thread &t = threads[current];
  t.state = RETURNED;
  emu_fiber_leave(t.fiber, true);
}

void wait_as(State state, int line)
{
  Thread &t = threads[current];
  t.state = state;
  t.line = line;
  emu_fiber_leave(t.fiber, false);
}

void start_threads()
{
  const unsigned x = blockDim.x, y = blockDim.y;
  for (int i = 0; i < thread_count; i++) {
    Thread &t = threads[i];
    if (!t.fiber) t.fiber = emu_fiber_create();
    emu_fiber_start(t.fiber, thread_body, nullptr);
    t.state = RUNS;
    t.slot = t.group = t.copies = 0;
    t.index = {(unsigned)i % x, (unsigned)i / x % y, (unsigned)i / x / y};
  }
}

void enter(int t)
{
  current = t;
  threadIdx = threads[t].index;
  in_kernel = true;
  emu_fiber_enter(threads[t].fiber);
  in_kernel = false;
}

/* ---- what releases those who wait ---- */

/* The lanes of an operation's mask are complete once all that have not returned wait with it. */
bool release_warp(int first)
{
  const int count = thread_count - first < 32 ? thread_count - first : 32;
  bool released = false;
  for (int lane = 0; lane < count; lane++) {
    const Thread &t = threads[first + lane];
    if (t.state != IN_WARP) continue;
    unsigned lanes = 0, slots = 0;
    bool complete = true;
    for (int k = 0; k < count; k++) {
      const Thread &o = threads[first + k];
      if (!(t.mask >> k & 1) || o.state == RETURNED) continue;
      if (o.state != IN_WARP || o.mask != t.mask) complete = false;
      lanes |= 1u << k;
      slots |= (unsigned)o.slot << k;
    }
    if (!complete) continue;
    released = true;
    block->warp_number[first / 32]++;
    for (int k = 0; k < count; k++) {
      if (!(lanes >> k & 1)) continue;
      Thread &o = threads[first + k];
      o.lanes = lanes;
      o.slots = slots;
      o.state = RUNS;
    }
  }
  return released;
}

bool release_warps()
{
  bool released = false;
  for (int first = 0; first < thread_count; first += 32) released |= release_warp(first);
  return released;
}

/* All live threads wait at one barrier of the source. */
bool release_barrier()
{
  int line = -1;
  for (int i = 0; i < thread_count; i++) {
    const Thread &t = threads[i];
    if (t.state == RETURNED) continue;
    if (t.state != AT_BARRIER || (line >= 0 && t.line != line)) return false;
    line = t.line;
  }
  for (int i = 0; i < thread_count; i++)
    if (threads[i].state == AT_BARRIER) threads[i].state = RUNS;
  block->barrier_number = ++barrier_number;
  return true;
}

bool all_wait_for_grid()
{
  for (int i = 0; i < thread_count; i++)
    if (threads[i].state != AT_GRID) return false;
  return true;
}

/* ---- blocks ---- */

void enter_block(int place)
{
  block = &resident[place];
  threads = block->thread;
  blockIdx = block->index;
  emu_shared_enter(place);
}

void start_block(int place, uint3 index, size_t dynamic_shared)
{
  emu_shared_reset(place, dynamic_shared);
  resident[place].index = index;
  enter_block(place);
  block->done = false;
  block->number = ++block_number;
  block->barrier_number = ++barrier_number;
  start_threads();
  put_in_order(thread_count, block->order);
}

/* Until all threads have returned or wait for the grid. Nobody is released before all who can run
 * have run: what one publishes stays until then. */
void run_block()
{
  for (;;) {
    int live = 0;
    for (int i = 0; i < thread_count; i++) {
      const int t = block->order[i];
      if (threads[t].state == RUNS) enter(t);
      live += threads[t].state != RETURNED;
    }
    block->done = !live;
    if (!live || all_wait_for_grid()) return;
    if (!release_warps() && !release_barrier()) cannot_go_on();
  }
}

/* All blocks wait at a barrier of the grid, or have returned. */
bool release_grid(int blocks)
{
  int done = 0;
  for (int i = 0; i < blocks; i++) done += resident[i].done;
  if (done == blocks) return false;
  if (done) grid_cannot_go_on(blocks);
  grid_number++;
  for (int i = 0; i < blocks; i++) {
    resident[i].barrier_number = ++barrier_number;
    for (int t = 0; t < thread_count; t++) resident[i].thread[t].state = RUNS;
  }
  return true;
}

uint3 block_index(unsigned number)
{
  return {number % gridDim.x, number / gridDim.x % gridDim.y, number / gridDim.x / gridDim.y};
}

void run_together(int blocks, size_t dynamic_shared)
{
  int order[EMU_RESIDENT];
  for (int i = 0; i < blocks; i++) start_block(i, block_index((unsigned)i), dynamic_shared);
  do {
    put_in_order(blocks, order);
    for (int i = 0; i < blocks; i++) {
      enter_block(order[i]);
      run_block();
    }
  } while (release_grid(blocks));
}

} // namespace

/* ---- for kernels ---- */

extern "C" void emu_barrier(int line) { wait_as(AT_BARRIER, line); }

extern "C" void emu_grid_barrier(int line)
{
  if (!is_together)
    emu_fault("not a cooperative launch", "line %d: blocks are not all there", line);
  wait_as(AT_GRID, line);
}

extern "C" int emu_lane_id(void) { return current % 32; }

extern "C" void emu_warp(unsigned mask, const void *bytes, size_t count, int line)
{
  Thread &t = threads[current];
  if (!(mask >> (current % 32) & 1))
    emu_fault("wrong warp mask", "line %d: its lane %d is not in the mask %08x", line, current % 32,
              mask);
  if (count > WARP_BYTES) emu_fault("wide warp operation", "line %d: %zu bytes", line, count);
  t.slot ^= 1;
  if (count) memcpy(t.published[t.slot], bytes, count);
  t.mask = mask;
  wait_as(IN_WARP, line);
}

extern "C" void emu_whole_warp(const void *bytes, size_t count, int line)
{
  emu_warp(~0u, bytes, count, line);
  if (threads[current].lanes != ~0u)
    emu_fault("wrong warp mask", "line %d: only the lanes %08x take part", line,
              threads[current].lanes);
}

extern "C" const void *emu_lane(int lane)
{
  const Thread &t = threads[current / 32 * 32 + lane];
  return t.published[threads[current].slots >> lane & 1];
}

extern "C" unsigned emu_lanes(void) { return threads[current].lanes; }

/* Bytes may come from now on until the wait: what others do there meanwhile races with them. */
static void copy_async(void *to, const void *from, size_t bytes, int given, int line, void *pc)
{
  Thread &t = threads[current];
  if (((uintptr_t)to | (uintptr_t)from) % bytes)
    emu_fault("misaligned access", "line %d: cp.async of %zu bytes from %p to %p", line, bytes,
              from, to);
  if (given < 0 || (size_t)given > bytes)
    emu_fault("wrong cp.async", "line %d: %d of %zu bytes are given", line, given, bytes);
  emu_shared_address(to);
  if (emu_race_begins) emu_race_begins(to, bytes, pc);
  if (t.copies == MAX_COPIES)
    emu_fault("too many cp.async", "line %d: %d are in flight", line, MAX_COPIES);
  t.copy[t.copies++] = {to, from, bytes, (size_t)given, t.group, pc};
}

extern "C" void emu_copy_async(void *to, const void *from, size_t bytes, int line)
{
  copy_async(to, from, bytes, (int)bytes, line, __builtin_return_address(0));
}

extern "C" void emu_copy_async_part(void *to, const void *from, size_t bytes, int given, int line)
{
  copy_async(to, from, bytes, given, line, __builtin_return_address(0));
}

extern "C" void emu_copy_commit(void) { threads[current].group++; }

extern "C" void emu_copy_wait(int groups_left)
{
  Thread &t = threads[current];
  int kept = 0;
  for (int i = 0; i < t.copies; i++) {
    const Copy c = t.copy[i];
    if (c.group >= t.group - groups_left) {
      t.copy[kept++] = c;
      continue;
    }
    memcpy(c.to, c.from, c.given);
    memset((char *)c.to + c.given, 0, c.bytes - c.given);
    if (!emu_race_access) continue;
    emu_race_access(c.from, c.given, false, c.pc);
    emu_race_access(c.to, c.bytes, true, c.pc);
  }
  t.copies = kept;
}

extern "C" void emu_misaligned_row(const void *row, int line)
{
  emu_fault("misaligned access", "line %d: ldmatrix of a row at %p", line, row);
}

extern "C" void emu_check_aligned(const void *p, size_t bytes)
{
  if ((uintptr_t)p % bytes == 0 || !in_kernel || emu_fiber_owns(threads[current].fiber, p)) return;
  emu_fault("misaligned access", "%zu bytes at %p", bytes, p);
}

/* ---- for the checkers ---- */

bool emu_who(const void *p, EmuWho *who)
{
  const bool index = p >= (const void *)&threadIdx && p < (const void *)(&threadIdx + 1);
  if (!in_kernel || index || emu_fiber_owns(threads[current].fiber, p)) return false;
  *who = {launch_number,
          block->number,
          current,
          block->barrier_number,
          block->warp_number[current / 32],
          grid_number};
  return true;
}

const char *emu_place(void)
{
  static char place[80];
  if (!in_kernel) return "host";
  snprintf(place, sizeof place, "block (%u,%u,%u) thread %d", blockIdx.x, blockIdx.y, blockIdx.z,
           current);
  return place;
}

void emu_fault(const char *name, const char *format, ...)
{
  fflush(stdout);
  fprintf(stderr, "%s: %s: ", name, emu_place());
  va_list values;
  va_start(values, format);
  vfprintf(stderr, format, values);
  va_end(values);
  fputc('\n', stderr);
  _Exit(3);
}

/* ---- launches ---- */

extern "C" int emu_launch(dim3 grid, dim3 size, size_t dynamic_shared, bool together,
                          void (*body)(void *), void *context)
{
  enum { INVALID_CONFIGURATION = 9, TOO_LARGE = 720, MAX_SHARED = 227 << 10 };
  const uint64_t per_block = (uint64_t)size.x * size.y * size.z;
  if (per_block < 1 || per_block > EMU_MAX_THREADS || dynamic_shared > MAX_SHARED)
    return INVALID_CONFIGURATION;
  if (!grid.x || !grid.y || !grid.z || grid.x > 0x7fffffff || grid.y > 65535 || grid.z > 65535)
    return INVALID_CONFIGURATION;
  const uint64_t blocks = (uint64_t)grid.x * grid.y * grid.z;
  if (together && blocks > EMU_RESIDENT) return TOO_LARGE;
  seed_once();
  launch_number++;
  grid_number++;
  blockDim = size;
  gridDim = grid;
  thread_count = (int)per_block;
  kernel_body = body;
  kernel_context = context;
  is_together = together;
  if (together) {
    run_together((int)blocks, dynamic_shared);
    return 0;
  }
  uint3 at;
  for (at.z = 0; at.z < grid.z; at.z++)
    for (at.y = 0; at.y < grid.y; at.y++)
      for (at.x = 0; at.x < grid.x; at.x++) {
        start_block(0, at, dynamic_shared);
        run_block();
      }
  return 0;
}
