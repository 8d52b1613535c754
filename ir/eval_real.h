/* The maths of the op table's eval column in REAL: libm, and what it lacks. */
#ifndef MDL_IR_EVAL_REAL_H
#define MDL_IR_EVAL_REAL_H

#include "ir/eval_run.h"

#include <tgmath.h>

#define real_fabs(a) fabs(a)
#define real_exp(a) exp(a)
#define real_exp2(a) exp2(a)
#define real_expm1(a) expm1(a)
#define real_log(a) log(a)
#define real_log1p(a) log1p(a)
#define real_log2(a) log2(a)
#define real_sqrt(a) sqrt(a)
#define real_cbrt(a) cbrt(a)
#define real_sin(a) sin(a)
#define real_cos(a) cos(a)
#define real_tan(a) tan(a)
#define real_asin(a) asin(a)
#define real_acos(a) acos(a)
#define real_atan(a) atan(a)
#define real_atan2(a, b) atan2(a, b)
#define real_sinh(a) sinh(a)
#define real_cosh(a) cosh(a)
#define real_tanh(a) tanh(a)
#define real_erf(a) erf(a)
#define real_floor(a) floor(a)
#define real_ceil(a) ceil(a)
#define real_rint(a) rint(a)
#define real_trunc(a) trunc(a)
#define real_pow(a, b) pow(a, b)

/* Python's %: exact but for the last addition; the result has b's sign. */
static inline REAL real_rem(REAL a, REAL b)
{
  REAL r = fmod(a, b);
  if (r == 0) return copysign(r, b);
  return (r < 0) != (b < 0) ? r + b : r;
}

/* Giles, "Approximating the erfinv function" (2010), then Halley's steps on erf, or on erfc in the
 * tails, where erf(y) - a cancels. */
static inline REAL real_erfinv(REAL a)
{
  REAL x = fabs(a), w, y;
  if (!(x < 1)) return x == 1 ? a * (REAL)INFINITY : (REAL)NAN;
  w = -log1p(-x * x);
  if (w < 5) {
    w -= (REAL)2.5;
    y = x * ((REAL)1.50140941 + w * ((REAL)0.246640727 - w * (REAL)0.00417768164));
  } else {
    w = sqrt(w) - 3;
    y = x * ((REAL)2.83297682 + w * ((REAL)1.00167406 + w * (REAL)0.00943887047));
  }
  for (int i = 0; i < 4; i++) {
    REAL error = x < (REAL)0.5 ? erf(y) - x : (1 - x) - erfc(y);
    REAL u = error * (REAL)0.886226925452758013649L * exp(y * y);
    y -= u / (1 + y * u);
  }
  return copysign(y, a);
}

/* a*b + c rounded once to a type narrower than REAL: the product is exact there, the sum is rounded
 * to odd first (Boldo and Melquiond 2008), so that rounding again does no harm. */
static inline REAL real_fma_narrow(REAL a, REAL b, REAL c)
{
  volatile REAL product = a * b, sum = product + c;
  volatile REAL rest = sum - product;
  volatile REAL error = (product - (sum - rest)) + (c - rest);
  int exponent = 0;
  if (!(fabs(sum) < (REAL)INFINITY) || error == 0) return sum;
  REAL mantissa =
      frexp((REAL)sum, &exponent) * (sizeof(REAL) == sizeof(double) ? 0x1p53L : 0x1p64L);
  if (fmod(mantissa, (REAL)2) != 0) return sum;
  return nextafter((REAL)sum, error > 0 ? (REAL)INFINITY : -(REAL)INFINITY);
}

#endif
