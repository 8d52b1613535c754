/* The prelude's PTX, all of it, on stdout. */
#include "codegen/cuda/cuda.h"

int main(void)
{
  mdl_cuda_ptx_all(stdout);
  return 0;
}
