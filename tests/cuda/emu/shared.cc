/* Shared memory. Under -femulated-tls an access to a `thread_local` variable asks
 * __emutls_get_address for it, which is defined here: each variable is placed at its first use in
 * a block, in one arena below 4 GiB where there is room, with gaps that ASan guards. A block finds
 * NaN in it (bytes of 0xff), as it would find anything on a GPU. */
#include "emu.h"

#include <cstring>
#include <sys/mman.h>

#if EMU_ASAN
extern "C" {
void __asan_poison_memory_region(const volatile void *p, size_t bytes);
void __asan_unpoison_memory_region(const volatile void *p, size_t bytes);
}
#endif

/* The layout that the compiler emits for each variable. */
struct EmuVariable {
  size_t size, align;
  void *address;
  void *initial;
};

enum { ARENA_BYTES = 232 << 10, GAP_BYTES = 64, MAX_VARIABLES = 256 };

static char *arena;
static size_t used, dynamic_bytes;
static EmuVariable *placed[MAX_VARIABLES];
static int placed_count;

/* The one name of dynamic shared memory; its size is the launch's. */
extern "C" {
extern EmuVariable emu_dynamic __asm__("__emutls_v.mdl_smem");
EmuVariable emu_dynamic = {1, 1024, nullptr, nullptr};
}

static void open_arena(void)
{
  void *const low = (void *)0x10000000;
  void *p = mmap(low, ARENA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) emu_fault("out of memory", "no room for shared memory");
  arena = (char *)p;
  memset(arena, 0xff, ARENA_BYTES);
#if EMU_ASAN
  __asan_poison_memory_region(arena, ARENA_BYTES);
#endif
}

void emu_shared_reset(size_t bytes)
{
  if (!arena) open_arena();
#if EMU_ASAN
  __asan_unpoison_memory_region(arena, used);
#endif
  while (placed_count) placed[--placed_count]->address = nullptr;
  memset(arena, 0xff, used);
#if EMU_ASAN
  __asan_poison_memory_region(arena, used);
#endif
  used = 0;
  dynamic_bytes = bytes;
}

bool emu_shared_has(const void *p)
{
  return arena && (const char *)p >= arena && (const char *)p < arena + ARENA_BYTES;
}

extern "C" void *__emutls_get_address(EmuVariable *v)
{
  if (v->address) return v->address;
  const size_t size = v == &emu_dynamic ? dynamic_bytes : v->size;
  const size_t align = v->align < 16 ? 16 : v->align;
  const size_t at = (used + align - 1) / align * align;
  if (at + size > ARENA_BYTES - GAP_BYTES || placed_count == MAX_VARIABLES)
    emu_fault("too much shared memory", "%zu bytes in %d variables", at + size, placed_count + 1);
  v->address = arena + at;
  used = at + size + GAP_BYTES;
  placed[placed_count++] = v;
#if EMU_ASAN
  __asan_unpoison_memory_region(v->address, size);
#endif
  return v->address;
}

extern "C" uint32_t emu_shared_address(const void *p)
{
  if (!emu_shared_has(p)) emu_fault("not shared memory", "%p is taken for an address of it", p);
  return (uint32_t)((const char *)p - arena);
}

extern "C" void *emu_shared_pointer(uint32_t address) { return arena + address; }
