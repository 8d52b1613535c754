/* Finds races, and reads of shared memory that nobody wrote. Kernels are compiled with
 * -fsanitize=thread, whose instrumentation calls the functions below; TSan's own runtime is not
 * linked (it loses races among hundreds of fibers).
 *
 * Two accesses to a byte race if one writes, they come from different threads, not both are
 * atomic, and nothing orders them: within a block a __syncthreads between them, within a warp an
 * operation of the warp; blocks of a launch are ordered by a barrier of the grid alone. An
 * operation of a warp is taken to order all of its lanes. Any finding makes the process end with
 * status 66. */
#include "emu.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace
{

/* ---- the last accesses to each byte of memory, found by words ---- */

enum Readers { ONE, OF_A_WARP, OF_SEVERAL_WARPS, OF_SEVERAL_BLOCKS };

struct Access {
  EmuWho who;
  bool atomic;
  Readers readers; /* reads of one interval are one record */
  void *pc;
};

struct Word {
  uintptr_t key;            /* address / 4, 0 when free */
  Access write[4], read[4]; /* by byte: threads may have a byte of a word each */
};

enum { TABLE_BITS = 20, PROBES = 16 };
Word *table;

/* A full neighbourhood forgets an entry: a race can then be missed, never invented. */
Word *word_of(uintptr_t key)
{
  if (!table) {
    void *p = mmap(nullptr, sizeof(Word) << TABLE_BITS, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) emu_fault("out of memory", "no room for the checker's table");
    table = (Word *)p;
  }
  const uintptr_t size = (uintptr_t)1 << TABLE_BITS;
  uintptr_t at = (key * 0x9E3779B97F4A7C15u) >> (64 - TABLE_BITS);
  for (int n = 0; n < PROBES; n++, at = (at + 1) & (size - 1)) {
    if (table[at].key == key) return &table[at];
    if (table[at].key) continue;
    table[at].key = key;
    return &table[at];
  }
  memset(&table[at], 0, sizeof table[at]);
  table[at].key = key;
  return &table[at];
}

/* ---- reports: each pair of places once ---- */

enum { MAX_REPORTS = 32 };
void *reported[MAX_REPORTS][2];
int report_count, finding_count;

bool is_new(void *a, void *b)
{
  finding_count++;
  for (int i = 0; i < report_count; i++)
    if (reported[i][0] == a && reported[i][1] == b) return false;
  if (report_count == MAX_REPORTS) return false;
  reported[report_count][0] = a;
  reported[report_count++][1] = b;
  return true;
}

/* The line of the source, by addr2line; the call is the instruction before the return address. */
void print_place(void *pc)
{
  char command[120];
  fflush(stdout);
  fflush(stderr);
  snprintf(command, sizeof command, "addr2line -p -s -f -i -e /proc/%d/exe %p 1>&2", (int)getpid(),
           (void *)((char *)pc - 1));
  if (system(command)) fprintf(stderr, "(addr2line is not installed)\n");
}

void report_race(const char *name, const Access &old, bool old_writes, const Access &now,
                 bool writes)
{
  if (!is_new(old.pc, now.pc)) return;
  fprintf(stderr, "%s: %s by thread %d, %s by %s, and nothing orders them:\n", name,
          old_writes ? "write" : "read", old.who.thread, writes ? "write" : "read", emu_place());
  print_place(old.pc);
  print_place(now.pc);
}

/* ---- races ---- */

void check(const Access &old, bool old_writes, const Access &now, bool writes, bool shared)
{
  if (old.who.launch != now.who.launch || (old.atomic && now.atomic)) return;
  if (old.who.grid != now.who.grid) return;
  if (old.who.block != now.who.block || old.readers == OF_SEVERAL_BLOCKS) {
    if (!shared) report_race("race between blocks", old, old_writes, now, writes);
    return;
  }
  if (old.who.barriers != now.who.barriers) return;
  if (old.who.thread == now.who.thread && old.readers == ONE) return;
  const bool same_warp =
      old.who.thread / 32 == now.who.thread / 32 && old.readers != OF_SEVERAL_WARPS;
  if (same_warp && old.who.warp != now.who.warp) return;
  report_race("race in a block", old, old_writes, now, writes);
}

/* Several readers since the last barrier: the record says from how far apart they came. */
void record_read(Access &last, Access now, bool shared)
{
  const bool grid = last.who.launch == now.who.launch && last.who.grid == now.who.grid;
  const bool same = last.who.block == now.who.block && last.who.barriers == now.who.barriers;
  if (grid && !shared && (last.readers == OF_SEVERAL_BLOCKS || last.who.block != now.who.block)) {
    now.readers = OF_SEVERAL_BLOCKS;
  } else if (grid && same) {
    now.readers = last.readers;
    if (last.who.thread / 32 != now.who.thread / 32)
      now.readers = OF_SEVERAL_WARPS;
    else if (last.who.thread != now.who.thread && now.readers == ONE)
      now.readers = OF_A_WARP;
  }
  last = now;
}

/* ---- shared memory that was written in this block ---- */

enum { SHARED_WORDS = 1 << 18 };   /* more than all blocks that are there at once have */
unsigned written_in[SHARED_WORDS]; /* by address / 4 modulo the size: the block's number */
unsigned char written_bytes[SHARED_WORDS];

void check_written(uintptr_t address, const Access &now, bool writes)
{
  const uintptr_t at = address / 4 % SHARED_WORDS;
  const unsigned char byte = (unsigned char)(1u << address % 4);
  if (written_in[at] != now.who.block) written_in[at] = now.who.block, written_bytes[at] = 0;
  if (writes)
    written_bytes[at] |= byte;
  else if (!(written_bytes[at] & byte) && is_new(now.pc, nullptr)) {
    fprintf(stderr, "uninitialised shared memory: read by %s:\n", emu_place());
    print_place(now.pc);
  }
}

void access_byte(Word *w, uintptr_t address, const Access &now, bool writes, bool shared)
{
  Access &write = w->write[address % 4], &read = w->read[address % 4];
  if (shared) check_written(address, now, writes);
  check(write, true, now, writes, shared);
  if (!writes) {
    record_read(read, now, shared);
    return;
  }
  check(read, false, now, writes, shared);
  write = now;
}

void access(const void *p, size_t size, bool writes, bool atomic, void *pc)
{
  Access now = {};
  if (!emu_who(p, &now.who)) return;
  const bool shared = emu_shared_has(p);
  now.atomic = atomic;
  now.pc = pc;
  Word *w = nullptr;
  for (uintptr_t at = (uintptr_t)p, end = at + size; at < end; at++) {
    if (!w || at % 4 == 0) w = word_of(at / 4);
    access_byte(w, at, now, writes, shared);
  }
}

__attribute__((destructor)) void at_end()
{
  if (!finding_count) return;
  fflush(stdout);
  _exit(66);
}

} // namespace

extern "C" void emu_race_access(const void *p, size_t bytes, bool write, void *pc)
{
  access(p, bytes, write, false, pc);
}

extern "C" void emu_race_begins(const void *p, size_t bytes, void *pc)
{
  Access now = {};
  if (!emu_who(p, &now.who)) return;
  now.pc = pc;
  for (uintptr_t at = (uintptr_t)p, end = at + bytes; at < end; at++) {
    Word *const w = word_of(at / 4);
    check(w->write[at % 4], true, now, true, emu_shared_has(p));
    check(w->read[at % 4], false, now, true, emu_shared_has(p));
  }
}

extern "C" int emu_race_findings(void) { return finding_count; }

/* ---- what the instrumentation calls ---- */

#define CALLER __builtin_return_address(0)

#define EMU_ACCESSES(N)                                                                     \
  extern "C" void __tsan_read##N(void *p) { access(p, N, false, false, CALLER); }           \
  extern "C" void __tsan_write##N(void *p) { access(p, N, true, false, CALLER); }           \
  extern "C" void __tsan_unaligned_read##N(void *p) { access(p, N, false, false, CALLER); } \
  extern "C" void __tsan_unaligned_write##N(void *p) { access(p, N, true, false, CALLER); }

EMU_ACCESSES(1)
EMU_ACCESSES(2)
EMU_ACCESSES(4)
EMU_ACCESSES(8)
EMU_ACCESSES(16)

#define EMU_ATOMICS(BITS, T)                                                                    \
  extern "C" T __tsan_atomic##BITS##_load(const volatile T *p, int)                             \
  {                                                                                             \
    access((const void *)p, BITS / 8, false, true, CALLER);                                     \
    return *p;                                                                                  \
  }                                                                                             \
  extern "C" void __tsan_atomic##BITS##_store(volatile T *p, T v, int)                          \
  {                                                                                             \
    access((const void *)p, BITS / 8, true, true, CALLER);                                      \
    *p = v;                                                                                     \
  }                                                                                             \
  extern "C" int __tsan_atomic##BITS##_compare_exchange_strong(volatile T *p, T *was, T v, int, \
                                                               int)                             \
  {                                                                                             \
    access((const void *)p, BITS / 8, true, true, CALLER);                                      \
    if (*p == *was) return *p = v, 1;                                                           \
    *was = *p;                                                                                  \
    return 0;                                                                                   \
  }                                                                                             \
  extern "C" T __tsan_atomic##BITS##_compare_exchange_val(volatile T *p, T was, T v, int, int)  \
  {                                                                                             \
    access((const void *)p, BITS / 8, true, true, CALLER);                                      \
    const T old = *p;                                                                           \
    if (old == was) *p = v;                                                                     \
    return old;                                                                                 \
  }

EMU_ATOMICS(8, uint8_t)
EMU_ATOMICS(16, uint16_t)
EMU_ATOMICS(32, uint32_t)
EMU_ATOMICS(64, uint64_t)

extern "C" {
void __tsan_init(void) {}
void __tsan_func_entry(void *) {}
void __tsan_func_exit(void) {}
void __tsan_atomic_thread_fence(int) {}
void __tsan_vptr_update(void **, void *) {}
void __tsan_vptr_read(void **) {}

void *__tsan_memcpy(void *to, const void *from, size_t bytes)
{
  access(from, bytes, false, false, CALLER);
  access(to, bytes, true, false, CALLER);
  return memcpy(to, from, bytes);
}

void *__tsan_memmove(void *to, const void *from, size_t bytes)
{
  access(from, bytes, false, false, CALLER);
  access(to, bytes, true, false, CALLER);
  return memmove(to, from, bytes);
}

void *__tsan_memset(void *p, int value, size_t bytes)
{
  access(p, bytes, true, false, CALLER);
  return memset(p, value, bytes);
}
}
