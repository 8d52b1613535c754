/* a*b + c rounded once, where the machine has no instruction for it. */
#include "passes/arith.h"

/* f32: the product is exact in f64; the sum is rounded to odd there, so that the second rounding to
 * f32 is as good as the first (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums:
 * proved algorithms using rounding to odd", 2008). */
static const char in_f64[] =
    "let p = a*b; let s = p + c; let t = s - p; let e = (p - (s - t)) + (c - t); let i = as_i64(s);"
    "let odd = as_f64(i + where((e > 0.0) == (s > 0.0), 1, -1));"
    "where(e - e == 0.0 && e != 0.0 && bitand(i, 1) == 0, odd, s)";

/* f64: the same in pairs. Significands in [1, 2), c's at its distance d from the product, no further
 * off than where it counts as a mere direction; u + l is the product, v + z the sum with z rounded to
 * odd. Results below the normal numbers are rounded at their last place, by adding 2^52 of it. */
static const char in_pairs[] =
    "let sign = 0x8000000000000000; let digits = 0x800fffffffffffff; let one = 0x3ff0000000000000;"
    "let at = abs(a) < 2.2250738585072014e-308; let bt = abs(b) < 2.2250738585072014e-308;"
    "let ct = abs(c) < 2.2250738585072014e-308;"
    "let ai = as_i64(where(at, a*18014398509481984.0, a));"
    "let bi = as_i64(where(bt, b*18014398509481984.0, b));"
    "let ci = as_i64(where(ct, c*18014398509481984.0, c));"
    "let ae = bitand(shr(ai, 52), 2047) - where(at, 1077, 1023);"
    "let be = bitand(shr(bi, 52), 2047) - where(bt, 1077, 1023);"
    "let ce = bitand(shr(ci, 52), 2047) - where(ct, 1077, 1023); let far = ce - ae - be;"
    "let d = where(far > 115, 115, where(far < -115, -115, far)); let e = where(far < -115, ae + be, ce - d);"
    "let x = as_f64(bitor(bitand(ai, digits), one)); let y = as_f64(bitor(bitand(bi, digits), one));"
    "let w = as_f64(bitor(bitand(ci, digits), shl(d + 1023, 52)));"
    "let xh = as_f64(bitand(as_i64(x) + 67108864, -134217728)); let xl = x - xh;"
    "let yh = as_f64(bitand(as_i64(y) + 67108864, -134217728)); let yl = y - yh;"
    "let u = x*y; let l = ((xh*yh - u) + xh*yl + xl*yh) + xl*yl;"
    "let t = w + l; let tt = t - w; let tl = (w - (t - tt)) + (l - tt);"
    "let v = u + t; let vv = v - u; let vl = (u - (v - vv)) + (t - vv);"
    "let s = tl + vl; let ss = s - tl; let r = (tl - (s - ss)) + (vl - ss); let si = as_i64(s);"
    "let z = where(r != 0.0 && bitand(si, 1) == 0, as_f64(si + where((r > 0.0) == (s > 0.0), 1, -1)), s);"
    "let ee = where(e < -1200, -1200, e); let half = shr(ee, 1);"
    "let p = as_f64(shl(half + 1023, 52)); let q = as_f64(shl(ee - half + 1023, 52));"
    "let sum = v + z; let normal = sum*p*q;"
    "let unit = as_f64(shl(-51 - ee, 52)); let big = unit*where(sum < 0.0, -4503599627370496.0, 4503599627370496.0);"
    "let g = big + v; let gg = g - big; let gl = (big - (g - gg)) + (v - gg);"
    "let h = gl + z; let hh = h - gl; let hr = (gl - (h - hh)) + (z - hh); let hi = as_i64(h);"
    "let k = where(hr != 0.0 && bitand(hi, 1) == 0, as_f64(hi + where((hr > 0.0) == (h > 0.0), 1, -1)), h);"
    "let low = ((g + k) - big)*p*q;"
    "let small = as_f64(bitor(bitand(as_i64(low), 0x7fffffffffffffff), bitand(as_i64(sum), sign)));"
    "let exact = where(abs(normal) < 2.2250738585072014e-308 && sum != 0.0, small, normal);"
    "let plain = a == 0.0 || b == 0.0 || a - a != 0.0 || b - b != 0.0;"
    "where(plain, a*b + c, where(c == 0.0, a*b, where(c - c == 0.0, exact, c)))";

static MlirValue by_f64(MdlArith *a, const MlirValue *operand)
{
  MdlTyped wide[3];
  for (int i = 0; i < 3; i++)
    wide[i] = (MdlTyped){mdl_loop_cast(a->b, MDL_LOOP_extf, operand[i], MDL_f64), MDL_f64};
  MlirValue sum = mdl_arith_formula(a, in_f64, MDL_f64, wide, true).value;
  return mdl_loop_cast(a->b, MDL_LOOP_truncf, sum, MDL_f32);
}

MlirValue mdl_arith_fma(MdlArith *a, MdlDtype dtype, const MlirValue *operand)
{
  static const MdlMaths pairs = {.name = "exact_fma", .f64 = in_pairs,
                                 .doc = "a*b + c rounded once"};
  return dtype == MDL_f64 ? mdl_arith_maths(a, &pairs, dtype, 3, operand) : by_f64(a, operand);
}
