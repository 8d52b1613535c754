/* Inside the emulator. A launch runs its blocks one after another, a cooperative one all of them in
 * turns; a block's threads are fibers, switched at barriers and warp operations only. */
#ifndef EMU_EMU_H
#define EMU_EMU_H

#include "emu_calls.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EMU_ASAN 1
#endif
#endif

/* ---- fibers (fiber.cc): stacks and the switch between them ---- */

enum {
  EMU_STACK_BYTES = 128 << 10,
  EMU_MAX_THREADS = 1024 /* of a block */
};

struct EmuFiber;
typedef struct EmuFiber EmuFiber;

/* A fiber made once and started again for every thread that it plays. `body` may not return to
 * the fiber after its last switch. */
EmuFiber *emu_fiber_create(void);
void emu_fiber_start(EmuFiber *fiber, void (*body)(void *), void *context);
/* From the scheduler into the fiber, until it leaves. */
void emu_fiber_enter(EmuFiber *fiber);
/* From the fiber that runs back to the scheduler; `last`: it will not be entered again. */
void emu_fiber_leave(EmuFiber *fiber, bool last);
bool emu_fiber_owns(const EmuFiber *fiber, const void *p);

/* ---- the blocks that run (block.cc) ---- */

/* Who is running, for the checkers. */
struct EmuWho {
  unsigned launch, block; /* block: its number since the process began */
  int thread;
  unsigned barriers; /* changes at each barrier of the block, and with the block */
  unsigned warp;     /* counts operations of the thread's warp */
  unsigned grid;     /* changes at each barrier of the grid */
};
/* False outside kernels, and for memory that no other thread can know: the own stack. */
bool emu_who(const void *p, EmuWho *who);
const char *emu_place(void); /* "block (1,0,0) thread 37" */

/* "FAULT: KERNEL'S PLACE: …" on stderr, and the process ends with status 3. */
[[noreturn]] void emu_fault(const char *name, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- shared memory (shared.cc) ---- */

/* Each block that is there at once has its own, by its place among them. Before each block: forgets
 * all variables; their next contents are NaN. */
void emu_shared_reset(int place, size_t dynamic_bytes);
/* Before threads of the block at that place run. */
void emu_shared_enter(int place);
bool emu_shared_has(const void *p);

/* ---- the checker of races (race.cc): linked in, it is told of accesses that instrumentation
 * does not see ---- */
extern "C" void emu_race_access(const void *p, size_t bytes, bool write, void *pc)
    __attribute__((weak));
/* A write begins that ends later: it is checked against what came before, and not yet recorded. */
extern "C" void emu_race_begins(const void *p, size_t bytes, void *pc) __attribute__((weak));
/* Accesses found wrong so far. */
extern "C" int emu_race_findings(void) __attribute__((weak));

#endif
