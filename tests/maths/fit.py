#!/usr/bin/env python3
"""Minimax polynomials for ir/maths.def.

Prints, for every polynomial named there, coefficients in Horner order (highest first) and the
largest weighted error. Remez exchange in 60 digits; coefficients are rounded to the element type
from the lowest on, the rest fitted again after each, so that rounding costs almost nothing.
Needs mpmath. Usage: fit.py [NAME]...
"""
import sys
import mpmath as mp

mp.mp.dps = 60


def grid(lo, hi, n):
    return [(lo + hi) / 2 + (hi - lo) / 2 * mp.cos(mp.pi * (2 * i + 1) / (2 * n)) for i in range(n)][::-1]


def remez(f, weight, lo, hi, powers, n=400):
    """c with sum c[k] x**powers[k] ~ f, least largest abs(weight*(p - f))."""
    xs = grid(mp.mpf(lo), mp.mpf(hi), n)
    fs, ws = [f(x) for x in xs], [weight(x) for x in xs]
    m = len(powers)
    at = [int(mp.nint((i + mp.mpf("0.13")) * (n - 1) / (m + mp.mpf("0.3")))) for i in range(m + 1)]
    for _ in range(30):
        a = mp.matrix(m + 1, m + 1)
        b = mp.matrix(m + 1, 1)
        for r, i in enumerate(at):
            for k, p in enumerate(powers):
                a[r, k] = xs[i] ** p
            a[r, m] = (-1) ** r / ws[i]
            b[r] = fs[i]
        c = mp.lu_solve(a, b)
        err = [ws[i] * (sum(c[k] * x ** p for k, p in enumerate(powers)) - fs[i]) for i, x in enumerate(xs)]
        # extremes of the alternating runs
        best, runs = None, []
        for i, e in enumerate(err):
            if runs and (e > 0) == (err[runs[-1]] > 0):
                if abs(e) > abs(err[runs[-1]]):
                    runs[-1] = i
            else:
                runs.append(i)
        while len(runs) > m + 1:
            runs.pop(0 if abs(err[runs[0]]) < abs(err[runs[-1]]) else -1)
        if len(runs) < m + 1 or runs == at:
            break
        at = runs
    return [c[k] for k in range(m)], max(abs(e) for e in err)


def squares(f, weight, lo, hi, powers, n=200):
    """The least-squares fit, for the few cases where the exchange finds no alternation."""
    xs = grid(mp.mpf(lo), mp.mpf(hi), n)
    a = mp.matrix([[weight(x) * x ** p for p in powers] for x in xs])
    c = mp.qr_solve(a, mp.matrix([weight(x) * f(x) for x in xs]))[0]
    return [c[k] for k in range(len(powers))], worst_of(f, weight, powers, list(c), xs)


def worst_of(f, weight, powers, c, xs):
    return max(abs(weight(x) * (sum(c[k] * x ** p for k, p in enumerate(powers)) - f(x))) for x in xs)


def rounded(value, bits):
    """The nearest float of so many bits of mantissa, as mpf."""
    if value == 0:
        return mp.mpf(0)
    e = mp.floor(mp.log(abs(value), 2))
    scale = mp.mpf(2) ** (bits - 1 - e)
    return mp.nint(value * scale) / scale


def interpolate(f, lo, hi, degree):
    """Through the Chebyshev points: within a few times of minimax, and safe at high degree."""
    xs = grid(mp.mpf(lo), mp.mpf(hi), degree + 1)
    a = mp.matrix([[x ** p for p in range(degree + 1)] for x in xs])
    c = mp.lu_solve(a, mp.matrix([f(x) for x in xs]))
    fixed = {p: rounded(c[p], 53) for p in range(degree + 1)}
    return fixed, worst_of(f, lambda x: 1 / f(x), list(fixed), list(fixed.values()), grid(mp.mpf(lo), mp.mpf(hi), 200))


def fit(f, weight, lo, hi, powers, bits):
    fixed, rest = {}, list(powers)
    while rest:
        g = lambda x: f(x) - sum(c * x ** p for p, c in fixed.items())
        c, e = remez(g, weight, lo, hi, rest)
        xs = grid(mp.mpf(lo), mp.mpf(hi), 200)
        if len(rest) <= 2 or worst_of(g, weight, rest, c, xs) > 4 * e:
            c, _ = squares(g, weight, lo, hi, rest)
        fixed[rest[0]] = rounded(c[0], bits)
        rest.pop(0)
    xs = grid(mp.mpf(lo), mp.mpf(hi), 1000)
    worst = max(abs(weight(x) * (sum(c * x ** p for p, c in fixed.items()) - f(x))) for x in xs)
    return fixed, worst


def show(name, bits, fixed, worst):
    text = [("%.9g" if bits == 24 else "%.17g") % float(fixed[p]) for p in sorted(fixed, reverse=True)]
    print("%s %s error %s = 2^%.1f" % (name, "f32" if bits == 24 else "f64", mp.nstr(worst, 3),
                                       float(mp.log(worst, 2))))
    print("   " + " ".join(text), flush=True)


LN2 = mp.log(2)
TINY = mp.mpf(10) ** -30


def near0(f, limit):
    """f away from 0, its limit at 0"""
    return lambda x: limit if abs(x) < TINY else f(x)


def exp_tail(x):  # (exp(r) - 1 - r)/r**2
    return near0(lambda r: (mp.expm1(r) - r) / r ** 2, mp.mpf(1) / 2)(x)


def log_tail(x):  # (log(1 + f) - f + f**2/2)/f**3
    return near0(lambda f: (mp.log1p(f) - f + f * f / 2) / f ** 3, mp.mpf(1) / 3)(x)


def atanh_tail(z):  # (log((1 + s)/(1 - s)) - 2 s)/(s**3), s = sqrt(z)
    return near0(lambda z: (2 * mp.atanh(mp.sqrt(z)) - 2 * mp.sqrt(z)) / mp.sqrt(z) ** 3, mp.mpf(2) / 3)(z)


def odd_tail(f, slope):  # (f(x)/x - slope)/x**2 in z = x**2
    cubic = mp.diff(f, 0, 3) / 6
    return near0(lambda z: (f(mp.sqrt(z)) / mp.sqrt(z) - slope) / z, cubic)


def cos_tail(z):  # (cos(x) - 1 + z/2)/z**2
    return near0(lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z ** 2, mp.mpf(1) / 24)(z)


def inverse_erf(w):  # erfinv(x)/x where (1 - x)*(1 + x) = exp(-w)
    if w < mp.mpf(10) ** -15:
        return mp.sqrt(mp.pi) / 2
    x = mp.sqrt(-mp.expm1(-w))
    return mp.erfinv(x) / x


R = LN2 / 2 * mp.mpf("1.01")
Q = mp.pi / 4 * mp.mpf("1.01")
F0, F1 = mp.sqrt(mp.mpf(1) / 2) - 1, mp.sqrt(2) - 1
S = (F1 / (2 + F1)) ** 2 * mp.mpf("1.01")
A = (mp.sqrt(2) - 1) ** 2 * mp.mpf("1.02")
E0 = mp.mpf("0.875")


FITS = {  # name: (f, weight, lo, hi, powers of f32, powers of f64)
    "exp": (exp_tail, lambda x: x * x, -R, R, range(5), range(11)),
    "log": (log_tail, lambda f: near0(lambda f: f ** 3 / mp.log1p(f), f * f)(f), F0, F1, range(8), None),
    "logs": (atanh_tail, lambda z: z, TINY, S, range(4), range(7)),
    "sin": (odd_tail(mp.sin, 1), lambda z: z, TINY, Q ** 2, range(3), range(6)),
    "cos": (cos_tail, lambda z: z * z, TINY, Q ** 2, range(3), range(6)),
    "atan": (odd_tail(mp.atan, 1), lambda z: z, TINY, A, range(5), range(12)),
    "asin": (odd_tail(mp.asin, 1), lambda z: z, TINY, mp.mpf(1) / 4 * mp.mpf("1.001"), range(5), range(12)),
    "erf": (odd_tail(mp.erf, 2 / mp.sqrt(mp.pi)), lambda z: z, TINY, E0 ** 2, range(5), range(11)),
    "pow": (near0(lambda z: (3 * mp.atanh(mp.sqrt(z)) / mp.sqrt(z) - 3 - z) / z ** 2, mp.mpf(3) / 5),
            lambda z: z * z / 3, mp.mpf(10) ** -12, S, range(4), range(7)),
    "erfinv_middle": (lambda t: inverse_erf(t + 2.5), lambda t: 1 / inverse_erf(t + 2.5),
                      mp.mpf("-2.5"), mp.mpf("2.5"), range(11), None),
    "erfinv_tail": (lambda t: inverse_erf((t + 3) ** 2), lambda t: 1 / inverse_erf((t + 3) ** 2),
                    mp.mpf("-0.77"), mp.mpf("1.05"), range(10), None),
    "log_erfc": (lambda t: mp.log(mp.erfc(t)), mp.erfc, E0, mp.mpf("4"), range(7), None),
    "log_erfc64": (lambda t: mp.log(mp.erfc(t)), mp.erfc, E0, mp.mpf("6"), None, range(19)),
}

INTERPOLATED = {  # f64 only: (f, lo, hi, degree)
    "erfinv_middle64": (lambda t: inverse_erf(t + 3), -3, 3, 24),
    "erfinv_tail64": (lambda t: inverse_erf((t + mp.mpf("3.25")) ** 2), mp.mpf("-0.81"), mp.mpf("0.76"), 20),
    "erfinv_far64": (lambda t: inverse_erf((t + 5) ** 2), mp.mpf("-1.01"), mp.mpf("1.1"), 18),
}

if __name__ == "__main__":
    for name in sys.argv[1:] or [*FITS, *INTERPOLATED]:
        if name in INTERPOLATED:
            show(name, 53, *interpolate(*INTERPOLATED[name]))
            continue
        f, weight, lo, hi, p32, p64 = FITS[name]
        for bits, powers in ((24, p32), (53, p64)):
            if powers is not None:
                show(name, bits, *fit(f, weight, lo, hi, list(powers), bits))
