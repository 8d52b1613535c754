#include "ir/dtype.h"

#include <string.h>

#define KIND_b 'b'
#define KIND_s 's'
#define KIND_u 'u'
#define KIND_f 'f'

const MdlDtypeInfo mdl_dtypes[MDL_DTYPE_COUNT + 1] = {
#define DT(name, kind, bits, bytes, mlir, c, npy, safetensors, loop)                               \
  {#name, KIND_##kind, bits, bytes, mlir, c, npy, safetensors, loop},
#include "ir/dtype.def"
    {"index", 's', 64, 8, "index", "int64_t", "<i8", "I64", "index"},
};

MdlDtype mdl_dtype_find(const char *name, size_t length)
{
  for (int i = 0; i < MDL_DTYPE_COUNT; i++)
    if (strlen(mdl_dtypes[i].name) == length && !memcmp(mdl_dtypes[i].name, name, length))
      return (MdlDtype)i;
  return MDL_DTYPE_COUNT;
}
