/* Element types of tensors, from ir/dtype.def. */
#ifndef MDL_IR_DTYPE_H
#define MDL_IR_DTYPE_H

#include <stdbool.h>
#include <stddef.h>

typedef enum MdlDtype {
#define DT(name, ...) MDL_##name,
#include "ir/dtype.def"
  MDL_DTYPE_COUNT,
  MDL_index = MDL_DTYPE_COUNT /* sizes and loop counters inside the IR; no user type */
} MdlDtype;

typedef struct MdlDtypeInfo {
  const char *name;
  char kind; /* 'b' bool, 's' signed, 'u' unsigned, 'f' float */
  int bits, bytes;
  const char *mlir, *c, *npy, *safetensors, *loop;
} MdlDtypeInfo;
extern const MdlDtypeInfo mdl_dtypes[MDL_DTYPE_COUNT + 1]; /* the last is index */

static inline bool mdl_is_float(MdlDtype t) { return mdl_dtypes[t].kind == 'f'; }
/* 16 bits: arithmetic on them is done in f32, and rounds each result. */
static inline bool mdl_is_half(MdlDtype t) { return t == MDL_f16 || t == MDL_bf16; }
static inline bool mdl_is_bool(MdlDtype t) { return t == MDL_bool; }
static inline bool mdl_is_unsigned(MdlDtype t) { return mdl_dtypes[t].kind == 'u'; }
static inline bool mdl_is_integer(MdlDtype t)
{
  return mdl_dtypes[t].kind == 's' || mdl_dtypes[t].kind == 'u';
}

/* By the language's name; MDL_DTYPE_COUNT if there is none. */
MdlDtype mdl_dtype_find(const char *name, size_t length);

#endif
