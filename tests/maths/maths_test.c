/* Every row of ir/maths.def against the C library in long double: the largest error in units of
 * the last place must stay under the row's bar, fused and not, and special values must agree.
 * maths_test [DRAWS]: f32 inputs are spread over all bit patterns; 0 means each of them. */
#include "tests/maths/tape.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long double erfinvl(long double x)
{
  if (!(fabsl(x) < 1)) return fabsl(x) == 1 ? x * INFINITY : NAN;
  long double w = -logl((1 - x) * (1 + x)), y = x * sqrtl(w < 1 ? 0.785398L : 1.0L);
  long double a = 0.147L, t = 2 / (3.14159265358979323846L * a) - w / 2; /* Winitzki's start */
  if (x != 0) y = copysignl(sqrtl(sqrtl(t * t + w / a) - t), x);
  for (int i = 0; i < 6; i++) {
    long double gap = fabsl(x) < 0.5L ? erfl(y) - x
                      : x > 0         ? (1 - x) - erfcl(y)
                                      : erfcl(-y) - (1 + x);
    long double e = gap * 0.886226925452758013649L * expl(y * y);
    y -= e / (1 + y * e);
  }
  return y;
}

static long double reml(long double a, long double b)
{
  long double r = fmodl(a, b);
  if (r != 0 && (r < 0) != (b < 0)) r += b;
  return r == 0 ? copysignl(0, b) : r;
}

static long double signl(long double a, long double b)
{
  (void)b;
  return a != a ? a : (a > 0) - (a < 0);
}

#define UNARY(name, fn)                                 \
  static long double name(long double a, long double b) \
  {                                                     \
    (void)b;                                            \
    return fn(a);                                       \
  }
UNARY(one_exp, expl)
UNARY(one_exp2, exp2l) UNARY(one_expm1, expm1l) UNARY(one_log, logl) UNARY(one_log2, log2l)
    UNARY(one_log1p, log1pl) UNARY(one_tanh, tanhl) UNARY(one_sinh, sinhl) UNARY(one_cosh, coshl)
        UNARY(one_sin, sinl) UNARY(one_cos, cosl) UNARY(one_tan, tanl) UNARY(one_atan, atanl)
            UNARY(one_asin, asinl) UNARY(one_acos, acosl) UNARY(one_erf, erfl)
                UNARY(one_erfinv, erfinvl) UNARY(one_cbrt, cbrtl) UNARY(one_trunc, truncl)
                    UNARY(one_floor, floorl) UNARY(one_ceil, ceill) UNARY(one_round, rintl)

                        static const struct Reference {
  const char *name;
  long double (*fn)(long double a, long double b);
  bool two;
} references[] = {
    {"exp", one_exp, 0},
    {"exp2", one_exp2, 0},
    {"expm1", one_expm1, 0},
    {"log", one_log, 0},
    {"log2", one_log2, 0},
    {"log1p", one_log1p, 0},
    {"tanh", one_tanh, 0},
    {"sinh", one_sinh, 0},
    {"cosh", one_cosh, 0},
    {"sin", one_sin, 0},
    {"cos", one_cos, 0},
    {"tan", one_tan, 0},
    {"atan", one_atan, 0},
    {"atan2", atan2l, 1},
    {"asin", one_asin, 0},
    {"acos", one_acos, 0},
    {"erf", one_erf, 0},
    {"erfinv", one_erfinv, 0},
    {"cbrt", one_cbrt, 0},
    {"pow", powl, 1},
    {"trunc", one_trunc, 0},
    {"floor", one_floor, 0},
    {"ceil", one_ceil, 0},
    {"round", one_round, 0},
    {"fsign", signl, 0},
    {"frem", reml, 1},
};
enum { REFERENCES = sizeof references / sizeof *references };

/* Distance in units of the last place of a float with `digits` bits and this least exponent. */
static double ulps(long double got, long double want, int digits, int least, long double largest)
{
  if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
  if (got == want) return signbit(got) == signbit(want) || got != 0 ? 0 : INFINITY;
  long double infinite = largest * (1 + ldexpl(1, -digits)); /* where rounding gives infinity */
  if (isinf(got)) got = copysignl(infinite, got);
  if (fabsl(want) > infinite) want = copysignl(infinite, want);
  if (got == want) return 0;
  int e;
  frexpl(want, &e);
  return (double)(fabsl(got - want) / ldexpl(1, (e < least ? least : e) - digits));
}

static uint64_t state = 88172645463325252u;
static uint64_t draw(void)
{
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static float float_of(uint32_t bits)
{
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static double double_of(uint64_t bits)
{
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static const double special[] = {0.0,       -0.0, 1,     -1,       2,      -2,     0.5,
                                 -0.5,      3,    -3,    1e-45,    -1e-45, 1e-300, INFINITY,
                                 -INFINITY, NAN,  88.7,  -103.9,   1e30,   -1e30,  2.5,
                                 -2.5,      709,  0.875, 16777217, 1.5,    -1.5};
enum { SPECIALS = sizeof special / sizeof *special };

typedef struct Worst {
  double error, a, b;
} Worst;

static void note(Worst *worst, double error, double a, double b)
{
  if (error > worst->error) *worst = (Worst){error, a, b};
}

static void try32(const struct Reference *r, const Tape *tape, Worst *worst, float a, float b)
{
  if (!strcmp(r->name, "frem") && fabs((double)a / b) >= 16777215) return;
  float got = tape_run32(tape, a, b);
  note(worst, ulps(got, r->fn(a, b), 24, -125, 0x1.fffffep127L), a, b);
}

static void try64(const struct Reference *r, const Tape *tape, Worst *worst, double a, double b)
{
  if (!strcmp(r->name, "frem") && fabs(a / b) >= 9007199254740991) return;
  double got = tape_run64(tape, a, b);
  note(worst, ulps(got, r->fn(a, b), 53, -1021, 0x1.fffffffffffffp1023L), a, b);
}

static void sweep(const struct Reference *r, const Tape *tape, uint64_t draws, Worst *worst)
{
  bool wide = tape->dtype == MDL_f64;
  for (int i = 0; i < SPECIALS; i++)
    for (int j = 0; j < (r->two ? SPECIALS : 1); j++)
      if (wide)
        try64(r, tape, worst, special[i], special[j]);
      else
        try32(r, tape, worst, (float)special[i], (float)special[j]);
  uint64_t every = draws ? (UINT64_C(1) << 32) / draws : 1,
           count = draws ? draws : UINT64_C(1) << 32;
  for (uint64_t i = 0; i < count; i++) {
    uint64_t bits = draw(), more = draw();
    /* half of the f64 draws and second operands come from where functions live */
    double near = ldexp((double)(int64_t)bits, -63 + (int)(more % 12));
    if (wide)
      try64(r, tape, worst, i & 1 ? double_of(bits) : near,
            i & 2 ? double_of(draw()) : ldexp((double)(int64_t)draw(), -63 + (int)(draw() % 12)));
    else
      try32(r, tape, worst, i & 1 || !r->two ? float_of((uint32_t)(i * every)) : (float)near,
            i & 2 ? float_of((uint32_t)more)
                  : (float)ldexp((double)(int64_t)draw(), -63 + (int)(draw() % 9)));
  }
}

int main(int argc, char **argv)
{
  uint64_t draws = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
  int failed = 0, count;
  mdl_maths(&count);
  if (count != REFERENCES) return printf("a row has no reference here\n"), 1;
  printf("largest error in ulp (fused, not fused), %llu draws each\n", (unsigned long long)draws);
  for (int i = 0; i < REFERENCES; i++) {
    const struct Reference *r = &references[i];
    if (argc > 2 && strcmp(argv[2], r->name)) continue;
    const MdlMaths *maths = mdl_maths_find(r->name);
    MdlArena *arena = mdl_arena_create();
    for (int wide = 0; wide < 2; wide++) {
      Worst worst[2] = {{0}};
      for (int plain = 0; plain < 2; plain++)
        sweep(r, tape_create(arena, maths, wide ? MDL_f64 : MDL_f32, !plain), draws, &worst[plain]);
      double bar = wide ? maths->ulp64 : maths->ulp32;
      double error = fmax(worst[0].error, worst[1].error);
      Worst *at = worst[0].error > worst[1].error ? &worst[0] : &worst[1];
      bool bad = !(error <= (bar ? bar : 0)); /* bar 0: exact */
      failed += bad;
      printf("%-7s %s %6.2f %6.2f  bar %g%s", r->name, wide ? "f64" : "f32", worst[0].error,
             worst[1].error, bar, bad ? "  FAILED" : "\n");
      if (bad) printf(" at %.17g, %.17g: %.17g\n", at->a, at->b, (double)r->fn(at->a, at->b));
    }
    mdl_arena_destroy(arena);
  }
  return failed != 0;
}
