/* What ptxas says of an emitted .cu, by nvcc where it is installed. */
#ifndef MDL_COMPILER_PTXAS_H
#define MDL_COMPILER_PTXAS_H

#include "codegen/cuda/report.h"
#include "ir/session.h"

typedef struct MdlPtxas {
  int count, capacity;
  MdlKernelUse *use;
  const char *missing; /* NULL, or why there is nothing */
} MdlPtxas;

/* Compiles `source`, which includes `name`.h, for the architectures of the GPU table. */
MdlPtxas mdl_ptxas(MdlSession *session, const char *name, const char *source, const char *header);
/* Takes what ptxas printed (-Xptxas -v). */
void mdl_ptxas_read(MdlArena *arena, const char *log, MdlPtxas *into);

#endif
