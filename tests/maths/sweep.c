/* Every float function of one argument at every f32 there is, as compiled: the largest error against
 * the C library in double, in units of the last place, with fused products and without. Odd and even
 * functions are compared with themselves on the other side. Takes a minute or two a function;
 * ir/maths.def records what it said.
 *
 *     maths_sweep [NAME...] */
#include "codegen/llvm/llvm.h"
#include "frontend/frontend.h"
#include "ir/maths.h"
#include "passes/pass.h"
#include "tests/maths/sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 16 };

/* Newton's steps from what is to be checked: they end where erf says so, wherever they begin. */
static double erfinv_near(double x, double y)
{
  if (!(fabs(x) < 1)) return fabs(x) == 1 ? x * INFINITY : NAN;
  if (!isfinite(y)) return NAN;
  for (int i = 0; i < 2; i++) {
    double gap = fabs(x) < 0.5 ? erf(y) - x : x > 0 ? (1 - x) - erfc(y) : erfc(-y) - (1 + x);
    double e = gap * 0.88622692545275801365 * exp(y * y);
    y -= e / (1 + y * e);
  }
  return y;
}

typedef enum Parity { PLAIN, ODD, EVEN } Parity;

static const struct {
  const char *name;
  Want *want; /* NULL: erfinv_near */
  Parity parity;
  bool exact;
} functions[] = {
    {"exp", want_exp, PLAIN, 0},     {"exp2", want_exp2, PLAIN, 0},   {"expm1", want_expm1, PLAIN, 0},
    {"log", want_log, PLAIN, 0},     {"log2", want_log2, PLAIN, 0},   {"log1p", want_log1p, PLAIN, 0},
    {"tanh", want_tanh, ODD, 0},     {"sinh", want_sinh, ODD, 0},     {"cosh", want_cosh, EVEN, 0},
    {"sin", want_sin, ODD, 0},       {"cos", want_cos, EVEN, 0},      {"tan", want_tan, ODD, 0},
    {"atan", want_atan, ODD, 0},     {"asin", want_asin, ODD, 0},     {"acos", want_acos, PLAIN, 0},
    {"erf", want_erf, ODD, 0},       {"erfinv", NULL, ODD, 0},        {"cbrt", want_cbrt, ODD, 0},
    {"rsqrt", want_rsqrt, PLAIN, 0}, {"sqrt", want_sqrt, PLAIN, 1},   {"trunc", want_trunc, ODD, 1},
    {"floor", want_floor, PLAIN, 1}, {"ceil", want_ceil, PLAIN, 1},   {"round", want_rint, ODD, 1},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static const char *const machines[] = {"x86-64", "x86-64-v3"};
enum { MACHINES = 2 };

/* ---- code -------------------------------------------------------------------------------- */

typedef struct Code {
  MdlSession *session;
  MdlIr *ir;
  MlirOperation module;
  MdlJit *jit;
  MdlPackedFn *call;
} Code;

static void print_out(void *user, const char *bytes, size_t n)
{
  (void)user;
  fwrite(bytes, 1, n, stderr);
}

static Code compile(const char *function, const char *cpu)
{
  Code c = {.session = mdl_session_create()};
  const char *text =
      mdl_text(c.session->arena, "entry fn f(x: f32[%d]) -> f32[%d] = %s(x)\n", CHUNK, CHUNK, function);
  int file = mdl_file_add(c.session, "sweep.mdl", text, strlen(text), false);
  const MdlMachine *machine = mdl_machine_find("x86_64", cpu);
  MdlFrontendOptions options = {.module = "sweep", .prefix = "", .source = "sweep.mdl"};
  MdlPassOptions passes = {.machine = machine, .opt = 2};
  MdlLlvmOptions llvm = {.machine = machine, .source = "sweep.mdl", .opt = 2, .packed = true};
  MdlProgram *program = mdl_frontend_check(c.session, file, &options);
  c.ir = mdl_ir_create(c.session);
  if (program) c.module = mdl_frontend_lower(c.ir, program);
  if (program && mdl_pipeline_run(c.ir, c.module, &passes, MDL_FORM_loops, NULL, NULL))
    c.jit = mdl_jit_create(c.ir, c.module, &llvm);
  if (c.jit) c.call = mdl_jit_packed(c.jit, "f");
  mdl_diag_flush(c.session, print_out, NULL, true, 1);
  if (!c.call) exit(2);
  return c;
}

static void discard(Code *c)
{
  mdl_jit_destroy(c->jit);
  mdl_module_destroy(c->module);
  mdl_ir_destroy(c->ir);
  mdl_session_destroy(c->session);
}

/* ---- errors ------------------------------------------------------------------------------ */

/* In units of the last place of f32 at `want`; beyond the largest f32 that of the last binade. */
static double ulps(float got, double want)
{
  if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
  double value = isinf(got) ? copysign(0x1p128, got) : got;
  if (fabs(want) > 0x1p128) want = copysign(0x1p128, want);
  if (value == want) return signbit(got) == signbit(want) ? 0 : INFINITY;
  int e;
  frexp(want, &e);
  return fabs(value - want) / ldexp(1, (e < -125 ? -125 : e > 128 ? 128 : e) - 24);
}

typedef struct Worst {
  double error;
  float at, got;
  uint64_t rounded; /* not to the nearest */
} Worst;

static void compare(int count, const float *x, const float *y, const double *want, Worst *worst)
{
  for (int i = 0; i < count; i++) {
    float nearest = (float)want[i];
    if (y[i] == nearest && signbit(y[i]) == signbit(nearest)) continue;
    double error = ulps(y[i], want[i]);
    worst->rounded += error > 0;
    if (error > worst->error) *worst = (Worst){error, x[i], y[i], worst->rounded};
  }
}

static bool report(int k, const char *machine, const Worst *worst, double count)
{
  const MdlMaths *maths = mdl_maths_find(functions[k].name);
  double bar = functions[k].exact ? 0 : maths ? maths->ulp32 : 2;
  bool good = worst->error <= bar;
  printf("%-7s %-10s %7.4f ulp at %.9g (%a), %.4f %% not to the nearest%s\n", functions[k].name,
         machine, worst->error, (double)worst->at, (double)worst->at,
         100.0 * (double)worst->rounded / count, good ? "" : "  FAILED");
  fflush(stdout);
  return good;
}

/* Is f(-x) to the bit what f(x) says it must be? Then one reference serves both. */
static void mirror(int k, float *x, const float *y, MdlPackedFn *call, char *work, Worst *worst)
{
  static float other[CHUNK];
  for (int i = 0; i < CHUNK; i++) x[i] = -x[i];
  call((void *[]){x, other, work});
  for (int i = 0; i < CHUNK; i++) {
    float wanted = functions[k].parity == ODD ? -y[i] : y[i];
    bool same = !memcmp(&other[i], &wanted, sizeof wanted) || (isnan(wanted) && isnan(other[i]));
    if (!same) *worst = (Worst){INFINITY, x[i], other[i], worst->rounded};
    x[i] = -x[i];
  }
}

static void try_chunk(int k, uint32_t from, const Code *code, Worst *worst)
{
  static float x[CHUNK], y[MACHINES][CHUNK];
  static double want[CHUNK];
  static _Alignas(64) char work[1 << 20];
  for (uint32_t i = 0; i < CHUNK; i++) memcpy(&x[i], &(uint32_t){from + i}, sizeof *x);
  for (int m = 0; m < MACHINES; m++) code[m].call((void *[]){x, y[m], work});
  if (functions[k].want) functions[k].want(CHUNK, x, want);
  for (int i = 0; i < CHUNK && !functions[k].want; i++) want[i] = erfinv_near(x[i], y[0][i]);
  for (int m = 0; m < MACHINES; m++) {
    compare(CHUNK, x, y[m], want, &worst[m]);
    if (functions[k].parity) mirror(k, x, y[m], code[m].call, work, &worst[m]);
  }
}

/* Whether every value is within the row's bar, on each machine. */
static bool sweep(int k)
{
  Worst worst[MACHINES] = {{0}};
  Code code[MACHINES];
  bool good = true;
  uint64_t count = functions[k].parity ? UINT64_C(1) << 31 : UINT64_C(1) << 32;
  for (int m = 0; m < MACHINES; m++) code[m] = compile(functions[k].name, machines[m]);
  for (uint64_t at = 0; at < count; at += CHUNK) try_chunk(k, (uint32_t)at, code, worst);
  for (int m = 0; m < MACHINES; m++) {
    good &= report(k, machines[m], &worst[m], (double)count);
    discard(&code[m]);
  }
  return good;
}

int main(int argc, char **argv)
{
  bool good = true;
  for (int k = 0; k < FUNCTIONS; k++) {
    bool wanted = argc < 2;
    for (int i = 1; i < argc; i++) wanted |= !strcmp(argv[i], functions[k].name);
    if (wanted) good &= sweep(k);
  }
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
