/* Shared memory. Under -femulated-tls an access to a `thread_local` variable asks
 * __emutls_get_address for it, which is defined here: each variable is placed at its first use in
 * a block, in the block's arena below 4 GiB where there is room, with gaps that ASan guards. A
 * block finds NaN in it (bytes of 0xff), as it would find anything on a GPU. */
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

/* What one block has; `address` is what its variables have while it runs. */
struct EmuShared {
  char *arena;
  size_t used, dynamic_bytes;
  EmuVariable *placed[MAX_VARIABLES];
  void *address[MAX_VARIABLES];
  int placed_count;
};

static EmuShared all[EMU_RESIDENT], *now = all;

/* The one name of dynamic shared memory; its size is the launch's. */
extern "C" {
extern EmuVariable emu_dynamic __asm__("__emutls_v.mdl_smem");
EmuVariable emu_dynamic = {1, 1024, nullptr, nullptr};
}

static void open_arenas(void)
{
  void *const low = (void *)0x10000000;
  const size_t bytes = (size_t)ARENA_BYTES * EMU_RESIDENT;
  void *p = mmap(low, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) emu_fault("out of memory", "no room for shared memory");
  memset(p, 0xff, bytes);
  for (int i = 0; i < EMU_RESIDENT; i++) all[i].arena = (char *)p + (size_t)ARENA_BYTES * i;
#if EMU_ASAN
  __asan_poison_memory_region(p, bytes);
#endif
}

void emu_shared_enter(int place)
{
  for (int i = 0; i < now->placed_count; i++) now->placed[i]->address = nullptr;
  now = &all[place];
  for (int i = 0; i < now->placed_count; i++) now->placed[i]->address = now->address[i];
}

void emu_shared_reset(int place, size_t bytes)
{
  if (!all->arena) open_arenas();
  emu_shared_enter(place);
#if EMU_ASAN
  __asan_unpoison_memory_region(now->arena, now->used);
#endif
  while (now->placed_count) now->placed[--now->placed_count]->address = nullptr;
  memset(now->arena, 0xff, now->used);
#if EMU_ASAN
  __asan_poison_memory_region(now->arena, now->used);
#endif
  now->used = 0;
  now->dynamic_bytes = bytes;
}

bool emu_shared_has(const void *p)
{
  const char *const from = now->arena;
  return from && (const char *)p >= from && (const char *)p < from + ARENA_BYTES;
}

extern "C" void *__emutls_get_address(EmuVariable *v)
{
  if (v->address) return v->address;
  const size_t size = v == &emu_dynamic ? now->dynamic_bytes : v->size;
  const size_t align = v->align < 16 ? 16 : v->align;
  const size_t at = (now->used + align - 1) / align * align;
  if (at + size > ARENA_BYTES - GAP_BYTES || now->placed_count == MAX_VARIABLES)
    emu_fault("too much shared memory", "%zu bytes in %d variables", at + size,
              now->placed_count + 1);
  v->address = now->arena + at;
  now->used = at + size + GAP_BYTES;
  now->address[now->placed_count] = v->address;
  now->placed[now->placed_count++] = v;
#if EMU_ASAN
  __asan_unpoison_memory_region(v->address, size);
#endif
  return v->address;
}

extern "C" uint32_t emu_shared_address(const void *p)
{
  if (!emu_shared_has(p)) emu_fault("not shared memory", "%p is taken for an address of it", p);
  return (uint32_t)((const char *)p - now->arena);
}

extern "C" void *emu_shared_pointer(uint32_t address) { return now->arena + address; }
