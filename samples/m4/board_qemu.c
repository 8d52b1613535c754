/* A Cortex-M4 of QEMU (-M mps2-an386 -icount shift=0 -semihosting): vectors, start, text through
 * the debugger's channel, a clock. With -icount shift=0 an instruction is a nanosecond, and SysTick
 * runs at 25 MHz: a tick is 40 instructions. */
#include "board.h"

extern uint32_t stack_top;
int main(void);

#define REGISTER(address) (*(volatile uint32_t *)(address))
enum { WRITE = 4, EXIT = 0x18, EXIT_GOOD = 0x20026, EXIT_BAD = 0x20023 };

static volatile uint32_t wraps;

static __attribute__((noinline)) void semihost(int operation, const void *argument)
{
  register int r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void board_print(const char *text) { semihost(WRITE, text); }

static void tick(void) { wraps++; }

uint32_t board_clock(void)
{
  uint32_t before, count;
  do before = wraps, count = REGISTER(0xE000E018);
  while (before != wraps);
  return 40 * (before * 0x1000000u + (0xffffffu - count));
}

static void reset(void)
{
  REGISTER(0xE000ED88) |= 0xfu << 20; /* floats on */
  REGISTER(0xE000E014) = 0xffffff;
  REGISTER(0xE000E018) = 0;
  REGISTER(0xE000E010) = 7;
  semihost(EXIT, (void *)(main() ? EXIT_BAD : EXIT_GOOD));
}

static void fault(void)
{
  board_print("FAULT\n");
  semihost(EXIT, (void *)EXIT_BAD);
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {&stack_top,
                                                                             (void *)reset,
                                                                             (void *)fault,
                                                                             (void *)fault,
                                                                             (void *)fault,
                                                                             (void *)fault,
                                                                             (void *)fault,
                                                                             0,
                                                                             0,
                                                                             0,
                                                                             0,
                                                                             (void *)fault,
                                                                             0,
                                                                             0,
                                                                             (void *)fault,
                                                                             (void *)tick};
