/* The CUDA backend: one .cu out of loop form with kernels (passes/kernels.c). Its header is that of
 * the C backend, whose signatures say that everything is in a GPU's memory; so is its manifest. */
#ifndef MDL_CODEGEN_CUDA_CUDA_H
#define MDL_CODEGEN_CUDA_CUDA_H

#include "codegen/c/c.h"
#include "codegen/cfamily.h"

/* `module` is in loop form for a machine with a warp. Text in the arena, ended by a newline. */
char *mdl_cuda_source(MdlIr *ir, MlirOperation module, const MdlCOptions *options);

/* The device functions that the printed code needs, in one fixed order. */
void mdl_cuda_prelude(MdlPrinter *p, FILE *out);
/* ... and the vectors (vectors.c). */
void mdl_cuda_vectors(MdlPrinter *p, FILE *out);
/* ... and the PTX (ptx.c); all that there is, for tests. */
void mdl_cuda_ptx(MdlPrinter *p, FILE *out);
void mdl_cuda_ptx_all(FILE *out);

/* The blocks of the next part of a launch, of "16; floor((B + 255)/256)" (`mdl.blocks`); NULL behind
 * the last. */
const MdlSize *mdl_cuda_next_blocks(MdlIr *ir, const char **list);

/* Before printing: says of the shared memory of device functions where in a kernel's it lies
 * (`mdl.slice`, `mdl.slice_of`). */
void mdl_cuda_share(MdlIr *ir, MlirOperation module, const MdlMap *symbols);

#endif
