#include "ir/machine.h"

#include <stddef.h>
#include <string.h>

#define KIB 1024
#define MIB (1024 * 1024)

static const MdlMachine machines[] = {
#define MACHINE(id, arch_, cpu_, llvm_, features_, vector, warp_, registers_, fma_, sqrt_, round_, half_, \
                index, ports, loads_, l1, l2, l3, memory, fork, header_, doc_)                     \
  {.name = #id,                                                                                    \
   .arch = arch_,                                                                                  \
   .cpu = cpu_,                                                                                    \
   .llvm_cpu = llvm_,                                                                              \
   .features = features_,                                                                          \
   .vector_bytes = vector,                                                                         \
   .warp = warp_,                                                                                  \
   .vector_registers = registers_,                                                                 \
   .fma = fma_,                                                                                    \
   .sqrt = sqrt_,                                                                                  \
   .round = round_,                                                                                \
   .half = half_,                                                                                  \
   .index_bits = index,                                                                            \
   .fma_ports = ports,                                                                             \
   .loads = loads_,                                                                                \
   .l1_bytes = l1,                                                                                 \
   .l2_bytes = l2,                                                                                 \
   .l3_bytes = l3,                                                                                 \
   .bytes_per_cycle = memory,                                                                      \
   .fork_ns = fork,                                                                                \
   .header = header_,                                                                              \
   .doc = doc_},
#include "ir/machines.def"
};
enum { MACHINES = sizeof machines / sizeof *machines };

/* Other spellings of an arch in triples. */
static const struct {
  const char *spelling, *arch;
} spellings[] = {{"arm64", "aarch64"},
                 {"amd64", "x86_64"},
                 {"armv7", "armv7a"},
                 {"armv7l", "armv7a"},
                 {"thumbv7a", "armv7a"}};

const MdlMachine *mdl_machine_plain(void) { return &machines[0]; }

const MdlMachine *mdl_machine_find(const char *arch, const char *cpu)
{
  for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++)
    if (!strcmp(arch, spellings[i].spelling)) arch = spellings[i].arch;
  for (int i = 1; i < MACHINES; i++)
    if (!strcmp(machines[i].arch, arch) && (!cpu || !strcmp(machines[i].cpu, cpu)))
      return &machines[i];
  return NULL;
}

const MdlMachine *mdl_machines(int *count)
{
  *count = MACHINES;
  return machines;
}

const MdlMachine *mdl_machine_native(void)
{
#ifdef __x86_64__
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
    return mdl_machine_find("x86_64", "x86-64-v4");
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("f16c"))
    return mdl_machine_find("x86_64", "x86-64-v3");
  return mdl_machine_find("x86_64", NULL);
#elif defined(__aarch64__)
  return mdl_machine_find("aarch64", NULL);
#else
  return mdl_machine_plain();
#endif
}
