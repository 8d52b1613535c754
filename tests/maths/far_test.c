/* Sines of large numbers, remainders of large quotients, and fma with and without the instruction, as
 * compiled: scalars and vectors against the C library in long double, and against each other to the
 * bit. */
#include "tests/unit/unit.h"

#include "codegen/llvm/llvm.h"
#include "frontend/frontend.h"
#include "passes/pass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 4003 }; /* not a multiple of any vector */

typedef struct Point {
  double x, y, z;
  bool wide;
} Point;

static long double remainder_of(Point p)
{
  long double r = fmodl(p.x, p.y);
  if (r != 0 && (r < 0) != (p.y < 0)) r += p.y;
  return r == 0 ? copysignl(0, p.y) : r;
}
static long double sin_of(Point p) { return sinl(p.x); }
static long double cos_of(Point p) { return cosl(p.x); }
static long double tan_of(Point p) { return tanl(p.x); }
static long double fma_of(Point p)
{
  return p.wide ? fma(p.x, p.y, p.z) : fmaf((float)p.x, (float)p.y, (float)p.z);
}

static const struct {
  const char *name, *text;
  long double (*fn)(Point p);
  double bar; /* in units of the last place */
} functions[] = {{"sin", "sin(x)", sin_of, 2},
                 {"cos", "cos(x)", cos_of, 2},
                 {"tan", "tan(x)", tan_of, 4},
                 {"rem", "x % y", remainder_of, 0.5},
                 {"fma", "fma(x, y, z)", fma_of, 0}};

/* ---- compiling --------------------------------------------------------------------------- */

typedef struct Code {
  MdlSession *session;
  MdlIr *ir;
  MlirOperation module;
  MdlJit *jit;
} Code;

static Code compile(const char *expression, const char *type, const MdlMachine *machine)
{
  Code c = {.session = mdl_session_create()};
  const char *text = mdl_text(c.session->arena,
                              "const N = %d\n"
                              "entry fn all(x: %s[N], y: %s[N], z: %s[N]) -> %s[N] = %s\n"
                              "entry fn one(x: %s, y: %s, z: %s) -> %s = %s\n",
                              COUNT, type, type, type, type, expression, type, type, type, type,
                              expression);
  int file = mdl_file_add(c.session, "far.mdl", text, strlen(text), false);
  mdl_diag_options(c.session)->no_warnings = true;
  MdlFrontendOptions options = {.module = "far", .prefix = "", .source = "far.mdl"};
  MdlPassOptions passes = {.machine = machine, .opt = 2};
  MdlLlvmOptions llvm = {.machine = machine, .source = "far.mdl", .opt = 2, .packed = true};
  MdlProgram *program = mdl_frontend_check(c.session, file, &options);
  ck_assert(program != NULL);
  c.ir = mdl_ir_create(c.session);
  c.module = mdl_frontend_lower(c.ir, program);
  ck_assert(mdl_pipeline_run(c.ir, c.module, &passes, MDL_FORM_loops, NULL, NULL));
  c.jit = mdl_jit_create(c.ir, c.module, &llvm);
  ck_assert(c.jit != NULL);
  return c;
}

static void discard(Code *c)
{
  mdl_jit_destroy(c->jit);
  mdl_module_destroy(c->module);
  mdl_ir_destroy(c->ir);
  mdl_session_destroy(c->session);
}

/* ---- drawing and comparing --------------------------------------------------------------- */

static uint64_t state;
static uint64_t draw(void)
{
  state = state * 6364136223846793005u + 1442695040888963407u;
  return state >> 11;
}

/* Any sign, digits and exponent. */
static double drawn(bool wide)
{
  double x = ldexp(1 + (double)draw() / 9007199254740992.0, 0);
  int least = wide ? -1074 : -149, largest = wide ? 1023 : 127;
  x = ldexp(x, least + (int)(draw() % (uint64_t)(largest - least + 1)));
  return draw() & 1 ? -x : x;
}

static double distance(double got, long double want, bool wide)
{
  if (isnan(got) || isnan(want)) return isnan(got) && isnan(want) ? 0 : INFINITY;
  if (isinf(got) || isinf(want)) return got == (wide ? (double)want : (float)want) ? 0 : INFINITY;
  if (got == (double)want && signbit(got) == signbit(want)) return 0;
  int e;
  frexpl(want, &e);
  int least = wide ? -1021 : -125;
  return (double)(fabsl(got - want) / ldexpl(1, (e < least ? least : e) - (wide ? 53 : 24)));
}

/* Known to be close to multiples of pi/2, and what bounds the ways. */
static const double hard[] = {16367173.0 * 0x1p72, 5.319372648326541e255, 6381956970095103.0,
                              823000, 210828714.0, 1e22, 1.7e308, 3.4e38, 16777216, 0x1p53};

/* For fma: products near the least numbers, sums that cancel. */
static void tame(Point *p)
{
  int far = p->wide ? 1000 : 120, e = (int)(draw() % (uint64_t)far);
  p->x = ldexp(p->x < 0 ? -1.75 : 1.375, -e) * (1 + (double)(draw() % 4096) / 4096);
  p->y = ldexp(1 + (double)(draw() % 65536) / 65536, e - (draw() & 1 ? far + far / 20 : 10));
  p->z = -p->x * p->y * (1 + ldexp((double)draw(), -53 - (int)(draw() % 60)));
  if (draw() & 1) p->z = ldexp((double)(draw() % 4096), p->wide ? -1076 : -151);
}

/* Through memory: gcc 12 at -O3 drops such conversions of two neighbours. */
static double narrowed(double x)
{
  volatile float f = (float)x;
  return f;
}

static Point drawn_point(size_t k, int i, bool wide)
{
  Point p = {i < 10 ? hard[i] : drawn(wide), drawn(wide), drawn(wide), wide};
  if (functions[k].fn == fma_of && i % 2) tame(&p);
  if (!wide) p.x = narrowed(p.x), p.y = narrowed(p.y), p.z = narrowed(p.z);
  return p;
}

typedef struct Buffers {
  double x[COUNT], y[COUNT], z[COUNT], out[COUNT], one;
  float xf[COUNT], yf[COUNT], zf[COUNT], outf[COUNT], onef;
  _Alignas(64) char work[1 << 16];
} Buffers;

static void check(size_t k, bool wide, const MdlMachine *machine)
{
  static Buffers b;
  static Point p[COUNT];
  Code code = compile(functions[k].text, wide ? "f64" : "f32", machine);
  MdlPackedFn *all = mdl_jit_packed(code.jit, "all"), *one = mdl_jit_packed(code.jit, "one");
  state = 20 + k;
  for (int i = 0; i < COUNT; i++) {
    p[i] = drawn_point(k, i, wide);
    b.x[i] = p[i].x, b.y[i] = p[i].y, b.z[i] = p[i].z;
    b.xf[i] = (float)p[i].x, b.yf[i] = (float)p[i].y, b.zf[i] = (float)p[i].z;
  }
  all(wide ? (void *[]){b.x, b.y, b.z, b.out, b.work}
           : (void *[]){b.xf, b.yf, b.zf, b.outf, b.work});
  for (int i = 0; i < COUNT; i++) {
    one(wide ? (void *[]){&b.x[i], &b.y[i], &b.z[i], &b.one, b.work}
             : (void *[]){&b.xf[i], &b.yf[i], &b.zf[i], &b.onef, b.work});
    double got = wide ? b.out[i] : b.outf[i], alone = wide ? b.one : b.onef;
    ck_assert_msg(!memcmp(&got, &alone, sizeof got), "%s of %a, %a, %a: %a in a vector, %a alone",
                  functions[k].name, p[i].x, p[i].y, p[i].z, got, alone);
    double error = distance(got, functions[k].fn(p[i]), wide);
    ck_assert_msg(error <= functions[k].bar, "%s of %a, %a, %a is %a, %g ulp off",
                  functions[k].name, p[i].x, p[i].y, p[i].z, got, error);
  }
  discard(&code);
}

START_TEST(large_arguments)
{
  const MdlMachine *machine[] = {mdl_machine_plain(), mdl_machine_find("x86_64", NULL),
                                 mdl_machine_native()};
  for (int i = 0; i < 3; i++)
    if (machine[i]) check((size_t)_i / 2, _i % 2, machine[i]);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("far");
  tcase_set_timeout(t, 120);
  tcase_add_loop_test(t, large_arguments, 0, 2 * (int)(sizeof functions / sizeof *functions));
  return t;
}
