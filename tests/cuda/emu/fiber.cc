/* Fibers: a stack each, and a switch that saves what the ABI says a call keeps. */
#include "emu.h"

#include <cstdlib>
#include <sys/mman.h>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#if EMU_ASAN
extern "C" {
void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *save, const void **bottom, size_t *size);
}
#endif

struct EmuFiber {
  char *stack;
  void (*body)(void *);
  void *context;
#if defined(__x86_64__)
  void *sp;
#else
  ucontext_t registers;
#endif
};

static EmuFiber *running;
#if EMU_ASAN
static const void *scheduler_stack;
static size_t scheduler_bytes;
#endif

/* ---- the switch ---- */

#if defined(__x86_64__)
static void *scheduler_sp;

extern "C" void emu_switch(void **save, void *load);
asm(".text\n"
    ".globl emu_switch\n"
    "emu_switch:\n"
    "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
    "  movq %rsp, (%rdi)\n"
    "  movq %rsi, %rsp\n"
    "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n"
    "  ret\n");

static void to_scheduler(EmuFiber *f) { emu_switch(&f->sp, scheduler_sp); }
static void to_fiber(EmuFiber *f) { emu_switch(&scheduler_sp, f->sp); }

/* The stack as emu_switch leaves one: six registers, then where to go on. */
static void prepare(EmuFiber *f, void (*entry)(void))
{
  void **top = (void **)(f->stack + EMU_STACK_BYTES - 64);
  top[1] = nullptr;
  top[0] = (void *)entry;
  for (int i = 1; i <= 6; i++) top[-i] = nullptr;
  f->sp = top - 6;
}
#else
static ucontext_t scheduler_registers;

static void to_scheduler(EmuFiber *f) { swapcontext(&f->registers, &scheduler_registers); }
static void to_fiber(EmuFiber *f) { swapcontext(&scheduler_registers, &f->registers); }

static void prepare(EmuFiber *f, void (*entry)(void))
{
  getcontext(&f->registers);
  f->registers.uc_stack.ss_sp = f->stack;
  f->registers.uc_stack.ss_size = EMU_STACK_BYTES;
  f->registers.uc_link = nullptr;
  makecontext(&f->registers, entry, 0);
}
#endif

/* ---- what the scheduler calls ---- */

static void entry(void)
{
#if EMU_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_bytes);
#endif
  running->body(running->context);
  abort();
}

EmuFiber *emu_fiber_create(void)
{
  EmuFiber *f = (EmuFiber *)calloc(1, sizeof *f);
  void *stack =
      mmap(nullptr, EMU_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (!f || stack == MAP_FAILED) emu_fault("out of memory", "no stack for another thread");
  f->stack = (char *)stack;
  return f;
}

void emu_fiber_start(EmuFiber *f, void (*body)(void *), void *context)
{
  f->body = body;
  f->context = context;
  prepare(f, entry);
}

void emu_fiber_enter(EmuFiber *f)
{
  running = f;
#if EMU_ASAN
  void *fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, f->stack, EMU_STACK_BYTES);
#endif
  to_fiber(f);
#if EMU_ASAN
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void emu_fiber_leave(EmuFiber *f, bool last)
{
  (void)last;
#if EMU_ASAN
  void *fake = nullptr;
  __sanitizer_start_switch_fiber(last ? nullptr : &fake, scheduler_stack, scheduler_bytes);
#endif
  to_scheduler(f);
#if EMU_ASAN
  __sanitizer_finish_switch_fiber(fake, &scheduler_stack, &scheduler_bytes);
#endif
}

bool emu_fiber_owns(const EmuFiber *f, const void *p)
{
  const char *q = (const char *)p;
  return q >= f->stack && q < f->stack + EMU_STACK_BYTES;
}
