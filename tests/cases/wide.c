#include "tests/cases/wide.h"

#include "ir/eval.h"

#include <string.h>

/* This file is compiled with REAL as long double: MdlTensor is MdlWideTensor under another name. */
_Static_assert(sizeof(MdlTensor) == sizeof(MdlWideTensor), "one layout");
_Static_assert(offsetof(MdlTensor, real) == offsetof(MdlWideTensor, real), "one layout");

static void copy(void *to, const void *from, size_t count, size_t bytes)
{
  memcpy(to, from, count * bytes);
}

MdlWideResult mdl_wide_eval(MdlIr *ir, MlirOperation module, MlirOperation func,
                            const MdlWideTensor *args, MdlWidePrecision precision,
                            MdlSizeValueFn *size_of, void *user, MdlArena *arena)
{
  const MdlEvalOptions options = {.no_rounding = precision != MDL_WIDE_rounded,
                                  .shakes = precision == MDL_WIDE_shaken,
                                  .size_of = size_of,
                                  .user = user};
  size_t count = (size_t)mdl_func_args(func);
  MdlTensor *arg = MDL_NEW(arena, MdlTensor, count);
  copy(arg, args, count, sizeof *arg);
  MdlEvalResult r = mdl_eval(ir, module, func, arg, &options, arena);
  MdlWideResult wide = {.status = r.status, .results = r.results};
  wide.result = MDL_NEW(arena, MdlWideTensor, (size_t)r.results);
  copy(wide.result, r.result, (size_t)r.results, sizeof *r.result);
  return wide;
}

MdlWideTensor mdl_wide_create(MdlArena *arena, MdlDtype dtype, int rank, const int64_t *dim)
{
  MdlWideTensor wide;
  MdlTensor t = mdl_tensor_create(arena, dtype, rank, dim);
  copy(&wide, &t, 1, sizeof wide);
  return wide;
}
