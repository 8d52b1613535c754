/* References of maths_sweep: want[i] = f(x[i]). In a file of their own, for compilers that make vectors
 * of such loops. */
#ifndef MDL_TESTS_MATHS_SWEEP_H
#define MDL_TESTS_MATHS_SWEEP_H

typedef void Want(int n, const float *x, double *want);

Want want_exp, want_exp2, want_expm1, want_log, want_log2, want_log1p, want_tanh, want_sinh,
    want_cosh, want_sin, want_cos, want_tan, want_atan, want_asin, want_acos, want_erf,
    want_cbrt, want_sqrt, want_trunc, want_floor, want_ceil, want_rint, want_rsqrt;

#endif
