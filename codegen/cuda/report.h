/* What the kernels of a module cost and need: --kernel-report, and the table at the top of a .cu.
 */
#ifndef MDL_CODEGEN_CUDA_REPORT_H
#define MDL_CODEGEN_CUDA_REPORT_H

#include "ir/ir.h"

#include <stdio.h>

/* What ptxas says of one kernel for one architecture. */
typedef struct MdlKernelUse {
  const char *kernel;
  int arch; /* 80 */
  int registers, shared, stack, spilled;
} MdlKernelUse;

/* A table an entry, in the arena. `missing`: why there are no uses, or NULL. */
const char *mdl_cuda_report(MdlIr *ir, MlirOperation module, int uses, const MdlKernelUse *use,
                            const char *missing);
/* Lines of a comment: " *   kernel ...". */
void mdl_cuda_summary(MdlIr *ir, MlirOperation module, FILE *out);

#endif
