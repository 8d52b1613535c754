/* -march=native: chosen by instructions, not by the processor's name, which a virtual machine may
 * hide. */
#include "compiler/job.h"

const char *mdl_host_cpu(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
            __builtin_cpu_supports("bmi2");
  bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (v4 && mdl_machine_find("x86_64", "x86-64-v4")) return "x86-64-v4";
  if (v3 && mdl_machine_find("x86_64", "x86-64-v3")) return "x86-64-v3";
#endif
  return NULL;
}
