/* Sines of large numbers and remainders of large quotients, as compiled: scalars and vectors against
 * the C library in long double, and against each other to the bit. */
#include "tests/unit/unit.h"

#include "codegen/llvm/llvm.h"
#include "frontend/frontend.h"
#include "passes/pass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 4003 }; /* not a multiple of any vector */

static long double remainder_of(long double a, long double b)
{
  long double r = fmodl(a, b);
  if (r != 0 && (r < 0) != (b < 0)) r += b;
  return r == 0 ? copysignl(0, b) : r;
}
static long double sin_of(long double a, long double b) { return (void)b, sinl(a); }
static long double cos_of(long double a, long double b) { return (void)b, cosl(a); }
static long double tan_of(long double a, long double b) { return (void)b, tanl(a); }

static const struct {
  const char *name, *text;
  long double (*fn)(long double, long double);
  double bar; /* in units of the last place */
} functions[] = {{"sin", "sin(x)", sin_of, 2},
                 {"cos", "cos(x)", cos_of, 2},
                 {"tan", "tan(x)", tan_of, 4},
                 {"rem", "x % y", remainder_of, 0.5}};

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
                              "entry fn all(x: %s[%d], y: %s[%d]) -> %s[%d] = %s\n"
                              "entry fn one(x: %s, y: %s) -> %s = %s\n",
                              type, COUNT, type, COUNT, type, COUNT, expression, type, type, type,
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
  if (got == (double)want && signbit(got) == signbit(want)) return 0;
  int e;
  frexpl(want, &e);
  int least = wide ? -1021 : -125;
  return (double)(fabsl(got - want) / ldexpl(1, (e < least ? least : e) - (wide ? 53 : 24)));
}

/* Known to be close to multiples of pi/2, and what bounds the ways. */
static const double hard[] = {16367173.0 * 0x1p72, 5.319372648326541e255, 6381956970095103.0,
                              823000, 210828714.0, 1e22, 1.7e308, 3.4e38, 16777216, 0x1p53};

static void check(size_t k, bool wide, const MdlMachine *machine)
{
  static double x[COUNT], y[COUNT], out[COUNT];
  static float xf[COUNT], yf[COUNT], outf[COUNT];
  static _Alignas(64) char work[1 << 16];
  Code code = compile(functions[k].text, wide ? "f64" : "f32", machine);
  MdlPackedFn *all = mdl_jit_packed(code.jit, "all"), *one = mdl_jit_packed(code.jit, "one");
  state = 20 + k;
  for (int i = 0; i < COUNT; i++) {
    x[i] = i < 10 ? hard[i] : drawn(wide), y[i] = drawn(wide);
    xf[i] = (float)x[i], yf[i] = (float)y[i];
    if (!wide) x[i] = xf[i], y[i] = yf[i];
  }
  all(wide ? (void *[]){x, y, out, work} : (void *[]){xf, yf, outf, work});
  for (int i = 0; i < COUNT; i++) {
    double a = wide ? x[i] : xf[i], b = wide ? y[i] : yf[i], got = wide ? out[i] : outf[i];
    double scalar;
    float narrow;
    one(wide ? (void *[]){&x[i], &y[i], &scalar, work}
             : (void *[]){&xf[i], &yf[i], &narrow, work});
    if (!wide) scalar = narrow;
    ck_assert_msg(!memcmp(&got, &scalar, sizeof got), "%s of %a, %a: %a in a vector, %a alone",
                  functions[k].name, a, b, got, scalar);
    double error = distance(got, functions[k].fn(a, b), wide);
    ck_assert_msg(error <= functions[k].bar, "%s of %a, %a is %a, %g ulp off", functions[k].name, a,
                  b, got, error);
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
