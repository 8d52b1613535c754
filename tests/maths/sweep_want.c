/* What the C library says, in double. */
#include "tests/maths/sweep.h"

#include <math.h>

#define OF(name)                                           \
  void want_##name(int n, const float *x, double *want)    \
  {                                                        \
    for (int i = 0; i < n; i++) want[i] = name((double)x[i]); \
  }
OF(exp)
OF(exp2)
OF(expm1)
OF(log)
OF(log2)
OF(log1p)
OF(tanh)
OF(sinh)
OF(cosh)
OF(sin)
OF(cos)
OF(tan)
OF(atan)
OF(asin)
OF(acos)
OF(erf)
OF(cbrt)
OF(sqrt)
OF(trunc)
OF(floor)
OF(ceil)
OF(rint)

void want_rsqrt(int n, const float *x, double *want)
{
  for (int i = 0; i < n; i++) want[i] = 1 / sqrt((double)x[i]);
}
