/* Loop form to machine code, in this process: objects, assembly, bitcode for any triple, and a JIT
 * for `mdlc run` that runs the very object -c would write. */
#ifndef MDL_CODEGEN_LLVM_H
#define MDL_CODEGEN_LLVM_H

#include "ir/ir.h"
#include "ir/machine.h"

typedef enum MdlLlvmOutput {
  MDL_LLVM_object,
  MDL_LLVM_assembly,
  MDL_LLVM_bitcode,
  MDL_LLVM_text /* LLVM IR, after optimisation */
} MdlLlvmOutput;

/* A function of the host that compiled code calls, for the JIT. */
typedef struct MdlHostFunction {
  const char *name;
  void (*address)(void);
} MdlHostFunction;

typedef struct MdlLlvmOptions {
  const char *triple;       /* NULL: the host's, without its version parts */
  const MdlMachine *machine;
  const char *source;       /* name in the module: the .mdl as given */
  int opt;                  /* 0 to 3 */
  bool size;                /* -Os */
  bool position_independent;
  bool debug;               /* line tables */
  bool packed;              /* also NAME.packed(void **) for mdl_jit_call */
  int hosts;                /* what the JIT's code may call; a hook that is not there does nothing */
  const MdlHostFunction *host;
} MdlLlvmOptions;

typedef struct MdlBytes {
  char *data; /* in the arena */
  size_t length;
} MdlBytes;

/* `module` is in loop form and stays as it is. False: reported (E0809 for a triple LLVM lacks). */
bool mdl_llvm_emit(MdlIr *ir, MlirOperation module, const MdlLlvmOptions *options,
                   MdlLlvmOutput output, MdlBytes *bytes);

/* "x86_64-unknown-linux-gnu" of the machine that mdlc runs on. */
const char *mdl_host_triple(MdlArena *arena);

/* Code in memory. Its functions live until it is destroyed. */
typedef struct MdlJit MdlJit;
MdlJit *mdl_jit_create(MdlIr *ir, MlirOperation module, const MdlLlvmOptions *options);
void mdl_jit_destroy(MdlJit *jit);
/* The packed entry of a loop-form function: args[i] points to the i-th argument's value for sizes
 * and scalars, and is the buffer itself for tensors and work. NULL if there is no such symbol. */
typedef int32_t MdlPackedFn(void **args);
MdlPackedFn *mdl_jit_packed(MdlJit *jit, const char *symbol);

#endif
