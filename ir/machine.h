/* What a target can do and what it costs: one row of ir/machines.def. Schedules, loop form, the C
 * printer and LLVM's feature string all read it; nothing looks at the host. */
#ifndef MDL_IR_MACHINE_H
#define MDL_IR_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct MdlMachine {
  const char *name;     /* "x86_64_v3" */
  const char *arch;     /* "x86_64": the triple's first part must match */
  const char *cpu;      /* the -mcpu name users write: "x86-64-v3", "cortex-m4", "generic" */
  const char *llvm_cpu; /* what LLVM's target machine is given */
  const char *features; /* LLVM feature string */
  int vector_bytes;     /* 0: no vectors; else 16, 32 or 64 */
  int warp;         /* threads that run together on a GPU; 0: a CPU */
  int vector_registers;
  bool fma;       /* an instruction that pays */
  bool sqrt;      /* instruction for f32 (and f64 where f64 is hard) */
  bool round;     /* floor, ceil, trunc, roundeven instructions */
  bool half;      /* f16 <-> f32 conversion instructions */
  int index_bits; /* of a pointer: 32 or 64 */
  int fma_ports, loads;
  int64_t l1_bytes, l2_bytes, l3_bytes;
  int bytes_per_cycle; /* from memory */
  int fork_ns;         /* to start a parallel loop */
  const char *header;  /* C header of its intrinsics, or NULL */
  const char *doc;
} MdlMachine;

/* Plain C99 for any target: no vectors, no fma, 64-bit sizes. What --emit=c uses without -mcpu. */
const MdlMachine *mdl_machine_plain(void);
/* For a triple's first part and a -mcpu name (NULL: the arch's baseline). NULL if there is none: the
 * caller reports E0809 with what mdl_machines lists. */
const MdlMachine *mdl_machine_find(const char *arch, const char *cpu);
const MdlMachine *mdl_machines(int *count);
/* The best row that the processor under mdlc keeps, by its feature bits: for -march=native alone. */
const MdlMachine *mdl_machine_native(void);

/* Bytes to which buffers in the work area are aligned. The same for every 64-bit machine, so that one
 * header serves objects and C for all of them. */
static inline int mdl_work_align(const MdlMachine *machine)
{
  return machine->index_bits == 32 ? 8 : 64;
}

#endif
