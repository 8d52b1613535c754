#include "tests/grad/check.h"

#include "ir/form.h"
#include "ir/recipe.h"
#include "passes/pass.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 16 };
static const long double BAR = 1e-12L;

static void print_out(void *user, const char *bytes, size_t n)
{
  (void)user;
  fwrite(bytes, 1, n, stderr);
}

Bench bench_create(void)
{
  Bench b = {.session = mdl_session_create(), .seed = 20, .passes = "derive,cse,dce"};
  b.ir = mdl_ir_create(b.session);
  return b;
}

void bench_destroy(Bench *b)
{
  mdl_module_destroy(b->module);
  mdl_ir_destroy(b->ir);
  mdl_session_destroy(b->session);
}

void bench_parse(Bench *b, const char *text)
{
  mdl_module_destroy(b->module);
  b->module = mdl_parse_mlir(b->ir, text, strlen(text));
  ck_assert_msg(!mdl_is_null(b->module), "%s", mdl_ir_said(b->ir));
  const char *why = mdl_verify(b->ir, b->module);
  ck_assert_msg(!why, "%s", why);
}

double bench_draw(Bench *b)
{
  b->seed = b->seed * 6364136223846793005u + 1442695040888963407u;
  return (double)(b->seed >> 33) / (double)(1u << 31);
}

/* ---- recipes ----------------------------------------------------------------------------- */

static bool is_float(Bench *b, MlirType type)
{
  return mdl_is_float(mdl_type_read(b->ir, type)->dtype);
}

static char trying[256];

void bench_say(const char *format, ...)
{
  va_list values;
  va_start(values, format);
  vsnprintf(trying, sizeof trying, format, values);
  va_end(values);
}

static void run_passes(Bench *b, const char *wanted)
{
  const MdlPassOptions options = {.opt = 2};
  bool ok = mdl_passes_run(b->ir, b->module, &options, b->passes, NULL);
  if (!ok) mdl_diag_flush(b->session, print_out, NULL, true, 1);
  ck_assert_msg(ok, "%s %s was not derived", trying, wanted);
}

MlirOperation bench_fill(Bench *b, const char *name)
{
  MlirOperation made = mdl_symbol(b->ir, mdl_symbols(b->ir, b->module), name);
  for (int round = 0; mdl_is_recipe(made); round++) {
    ck_assert_msg(round < 9, "%s %s was never ready", trying, name);
    run_passes(b, name);
    made = mdl_symbol(b->ir, mdl_symbols(b->ir, b->module), name);
  }
  return made;
}

void bench_settle(Bench *b)
{
  MlirOperation *op = NULL;
  int recipes = 1;
  for (int round = 0; recipes; round++) {
    ck_assert_msg(round < 9, "%s: recipes are left", trying);
    run_passes(b, "a recipe");
    int count = mdl_list(b->ir, mdl_module_body(b->module), &op);
    recipes = 0;
    for (int i = 0; i < count; i++) recipes += mdl_is_recipe(op[i]);
  }
}

/* The symbol of a recipe of the function that still wants its body. */
static const char *declare(Bench *b, const char *of, const char *kind)
{
  MdlMap *symbols = mdl_symbols(b->ir, b->module);
  MlirOperation func = mdl_symbol(b->ir, symbols, of);
  int64_t wrt[MOST], out[MOST];
  MdlRecipe recipe = {.of = of, .wrt = wrt, .out = out};
  recipe.kind = strcmp(kind, "vjp") ? MDL_RECIPE_jvp : MDL_RECIPE_vjp;
  for (int i = 0; i < mdl_func_args(func); i++)
    if (is_float(b, mdl_func_arg_type(func, i))) wrt[recipe.wrts++] = i;
  for (int i = 0; i < mdl_func_results(func); i++)
    if (is_float(b, mdl_func_result_type(func, i))) out[recipe.outs++] = i;
  MlirOperation made =
      mdl_recipe_declare(b->ir, b->module, symbols, &recipe, mdl_location_of(func));
  return mdl_op_text(b->ir, made, "sym_name");
}

MlirOperation bench_derive(Bench *b, const char *of, const char *kind)
{
  return bench_fill(b, declare(b, of, kind));
}

/* ---- points ------------------------------------------------------------------------------ */

static bool size_of(void *user, const char *name, int64_t *value)
{
  (void)user;
  static const struct {
    const char *name;
    int64_t value;
  } known[] = {{"N", 4}, {"M", 3}, {"K", 2}, {"T", 5}, {"Z", 0}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (!strcmp(known[i].name, name)) return *value = known[i].value, true;
  return false;
}

static MdlWideTensor blank(Bench *b, MlirType mlir)
{
  const MdlType *type = mdl_type_read(b->ir, mlir);
  int64_t dim[MDL_MAX_RANK];
  for (int i = 0; i < type->rank; i++)
    ck_assert(mdl_size_eval(type->dim[i], size_of, NULL, &dim[i]));
  return mdl_wide_create(b->ir->arena, type->dtype, type->rank, dim);
}

static MdlWideTensor drawn(Bench *b, MlirType mlir, Range range)
{
  MdlWideTensor t = blank(b, mlir);
  for (int64_t i = 0; i < t.count; i++) {
    double x = bench_draw(b);
    if (mdl_is_float(t.dtype) && range.whole)
      t.real[i] = (long double)floor(range.lo + x * (range.hi + 1 - range.lo));
    else if (mdl_is_float(t.dtype))
      t.real[i] = (long double)(range.lo + x * (range.hi - range.lo));
    else if (t.dtype == MDL_bool)
      t.integer[i] = x < 0.5;
    else if (mdl_is_unsigned(t.dtype))
      t.integer[i] = (uint64_t)(6 * x);
    else
      t.integer[i] = (uint64_t)(int64_t)floor(6 * x - 1); /* -1..4: out of range too */
  }
  return t;
}

static int draw_args(Bench *b, MlirOperation func, Range range, MdlWideTensor *arg)
{
  int count = mdl_func_args(func);
  ck_assert_int_le(count, MOST);
  for (int i = 0; i < count; i++) arg[i] = drawn(b, mdl_func_arg_type(func, i), range);
  return count;
}

/* x + step*v in every float argument */
static void moved(Bench *b, int count, const MdlWideTensor *x, const MdlWideTensor *v,
                  long double step, MdlWideTensor *out)
{
  for (int i = 0; i < count; i++) {
    out[i] = x[i];
    if (!mdl_is_float(x[i].dtype)) continue;
    out[i].real = MDL_NEW(b->ir->arena, long double, (size_t)x[i].count);
    for (int64_t k = 0; k < x[i].count; k++) out[i].real[k] = x[i].real[k] + step * v[i].real[k];
  }
}

static MdlWideResult run(Bench *b, MlirOperation func, const MdlWideTensor *arg)
{
  return mdl_wide_eval(b->ir, b->module, func, arg, MDL_WIDE_full, size_of, NULL, b->ir->arena);
}

/* The derivative along v by six points, error of order h**6. */
static void differences(Bench *b, MlirOperation func, int count, const MdlWideTensor *x,
                        const MdlWideTensor *v, long double h, MdlWideResult *sum)
{
  static const long double weight[] = {45.0L / 60, -9.0L / 60, 1.0L / 60};
  MdlWideTensor at[MOST];
  *sum = run(b, func, x);
  for (int i = 0; i < sum->results; i++)
    for (int64_t k = 0; k < sum->result[i].count && sum->result[i].real; k++)
      sum->result[i].real[k] = 0;
  for (int side = -1; side <= 1; side += 2)
    for (int j = 1; j <= 3; j++) {
      moved(b, count, x, v, (long double)(side * j) * h, at);
      MdlWideResult y = run(b, func, at);
      for (int i = 0; i < y.results; i++)
        for (int64_t k = 0; k < y.result[i].count && y.result[i].real; k++)
          sum->result[i].real[k] += (long double)side * weight[j - 1] * y.result[i].real[k] / h;
    }
}

/* Largest |a - b| of the float results against the largest magnitude among them; those of b stand
 * from b_first on without others between, or, with 0, where a's stand. Negative: not finite. */
static long double distance(const MdlWideResult *a, const MdlWideResult *b, int b_first)
{
  long double worst = 0, scale = 1;
  for (int i = 0, j = b_first; i < a->results; i++) {
    if (!mdl_is_float(a->result[i].dtype)) continue;
    const MdlWideTensor *p = &a->result[i], *q = &b->result[b_first ? j++ : i];
    for (int64_t k = 0; k < p->count; k++) {
      if (!isfinite(p->real[k]) || !isfinite(q->real[k])) return -1;
      scale = fmaxl(scale, fmaxl(fabsl(p->real[k]), fabsl(q->real[k])));
      worst = fmaxl(worst, fabsl(p->real[k] - q->real[k]));
    }
  }
  return worst / scale;
}

static bool is_finite_result(const MdlWideResult *r)
{
  for (int i = 0; i < r->results; i++)
    for (int64_t k = 0; k < r->result[i].count && r->result[i].real; k++)
      if (!isfinite(r->result[i].real[k])) return false;
  return true;
}

/* ---- the checks -------------------------------------------------------------------------- */

typedef struct Pair {
  MlirOperation func, jvp, vjp; /* jvp null: reverse mode alone */
  int args, results;
} Pair;

static Pair pair_filled(Bench *b, const char *of, const char *jvp, const char *vjp)
{
  if (jvp) bench_fill(b, jvp);
  bench_fill(b, vjp);
  MdlMap *symbols = mdl_symbols(b->ir, b->module);
  Pair p = {.func = mdl_symbol(b->ir, symbols, of),
            .vjp = mdl_symbol(b->ir, symbols, vjp)};
  if (jvp) p.jvp = mdl_symbol(b->ir, symbols, jvp);
  p.args = mdl_func_args(p.func), p.results = mdl_func_results(p.func);
  return p;
}

static int floats_after(MdlWideTensor *arg, int at, int count, const MdlWideTensor *of)
{
  for (int i = 0; i < count; i++)
    if (mdl_is_float(of[i].dtype)) arg[at++] = of[i];
  return at;
}

/* What jvp gives, by differences: no primal results stand before the tangents. */
static void jvp_by_differences(Bench *b, const Pair *p, const MdlWideResult *d, MdlWideResult *jvp)
{
  *jvp = (MdlWideResult){.result = MDL_NEW(b->ir->arena, MdlWideTensor, (size_t)(2 * p->results))};
  jvp->results = floats_after(jvp->result, p->results, p->results, d->result);
}

/* jvp against differences. False: the point straddles a kink or is outside the domain. */
static bool check_jvp(Bench *b, const Pair *p, const MdlWideTensor *x, const MdlWideTensor *v,
                      MdlWideResult *jvp)
{
  static const long double steps[] = {1.0L / 512, 1.0L / 768};
  MdlWideResult d[2];
  for (int i = 0; i < 2; i++) differences(b, p->func, p->args, x, v, steps[i], &d[i]);
  long double kink = distance(&d[0], &d[1], 0);
  MdlWideResult y = run(b, p->func, x);
  if (!is_finite_result(&y) || kink < 0 || kink > BAR / 4) return false;
  if (mdl_is_null(p->jvp)) {
    jvp_by_differences(b, p, &d[1], jvp);
    return true;
  }
  MdlWideTensor arg[2 * MOST];
  memcpy(arg, x, (size_t)p->args * sizeof *arg);
  floats_after(arg, p->args, p->args, v);
  *jvp = run(b, p->jvp, arg);
  long double error = distance(&d[1], jvp, p->results);
  ck_assert_msg(error >= 0 && error <= BAR, "%s %s: jvp is off by %Lg", trying,
                mdl_op_text(b->ir, p->func, "sym_name"), error);
  return true;
}

static long double inner(int count, const MdlWideTensor *a, const MdlWideTensor *b)
{
  long double sum = 0;
  for (int i = 0; i < count; i++)
    for (int64_t k = 0; k < a[i].count; k++) sum += a[i].real[k] * b[i].real[k];
  return sum;
}

/* <w, J v> = <J^T w, v> */
static void check_dot(Bench *b, const Pair *p, const MdlWideTensor *x, const MdlWideTensor *v,
                      const MdlWideResult *jvp)
{
  MdlWideTensor arg[2 * MOST], direction[MOST];
  memcpy(arg, x, (size_t)p->args * sizeof *arg);
  int outs = jvp->results - p->results;
  const Range unit = {-1, 1, false};
  MdlWideTensor w[MOST];
  for (int i = 0, k = 0; i < p->results; i++)
    if (is_float(b, mdl_func_result_type(p->func, i)))
      w[k++] = drawn(b, mdl_func_result_type(p->func, i), unit);
  memcpy(arg + p->args, w, (size_t)outs * sizeof *arg);
  MdlWideResult vjp = run(b, p->vjp, arg);
  int wrts = floats_after(direction, 0, p->args, v);
  ck_assert_int_eq(wrts, vjp.results - p->results);
  long double left = inner(outs, w, jvp->result + p->results);
  long double right = inner(wrts, direction, vjp.result + p->results);
  long double error = fabsl(left - right) / fmaxl(1, fmaxl(fabsl(left), fabsl(right)));
  ck_assert_msg(isfinite(left) && error <= BAR, "%s %s: <w, J v> is %.20Lg, <J^T w, v> is %.20Lg",
                trying, mdl_op_text(b->ir, p->func, "sym_name"), left, right);
}

static int check_pair(Bench *b, const Pair *p, Range range, int draws)
{
  int good = 0;
  for (int i = 0; i < 20 * draws && good < draws; i++) {
    MdlWideTensor x[MOST], v[MOST];
    MdlWideResult jvp;
    draw_args(b, p->func, range, x);
    draw_args(b, p->func, (Range){-1, 1, false}, v);
    if (!check_jvp(b, p, x, v, &jvp)) continue;
    check_dot(b, p, x, v, &jvp);
    good++;
  }
  return good;
}

/* All are declared before the first has its body: functions with a rule stay until then. */
int check_derivatives(Bench *b, const char *func, Range range, int draws)
{
  const char *jvp = declare(b, func, "jvp"), *vjp = declare(b, func, "vjp");
  const char *jvp_jvp = declare(b, jvp, "jvp"), *jvp_vjp = declare(b, jvp, "vjp");
  const char *vjp_jvp = declare(b, vjp, "jvp"), *vjp_vjp = declare(b, vjp, "vjp");
  Pair first = pair_filled(b, func, jvp, vjp);
  Pair of_jvp = pair_filled(b, jvp, jvp_jvp, jvp_vjp);
  Pair of_vjp = pair_filled(b, vjp, vjp_jvp, vjp_vjp);
  int good = check_pair(b, &first, range, draws);
  if (!good) return 0;
  int more = range.whole ? draws : 1;
  int second = check_pair(b, &of_jvp, range, more), third = check_pair(b, &of_vjp, range, more);
  return second && third ? good : 0;
}

int check_reverse(Bench *b, const char *func, Range range, int draws)
{
  const char *vjp = declare(b, func, "vjp"), *vjp_vjp = declare(b, vjp, "vjp");
  Pair first = pair_filled(b, func, NULL, vjp), second = pair_filled(b, vjp, NULL, vjp_vjp);
  int good = check_pair(b, &first, range, draws);
  return good && check_pair(b, &second, range, 1) ? good : 0;
}

bool bench_agree(Bench *b, const char *one, const char *other, Range range)
{
  MdlMap *symbols = mdl_symbols(b->ir, b->module);
  MlirOperation f = mdl_symbol(b->ir, symbols, one), g = mdl_symbol(b->ir, symbols, other);
  MdlWideTensor x[MOST];
  draw_args(b, f, range, x);
  MdlWideResult p = run(b, f, x), q = run(b, g, x);
  for (int i = 0; i < p.results; i++)
    for (int64_t k = 0; k < p.result[i].count && p.result[i].real; k++) {
      long double u = p.result[i].real[k], v = q.result[i].real[k];
      if (isnan(u) != isnan(v) || (isfinite(u) && fabsl(u - v) > BAR * fmaxl(1, fabsl(u))))
        return false;
    }
  return true;
}

bool bench_same_bits(Bench *b, const char *one, const char *other, Range range)
{
  MdlMap *symbols = mdl_symbols(b->ir, b->module);
  MlirOperation f = mdl_symbol(b->ir, symbols, one), g = mdl_symbol(b->ir, symbols, other);
  MdlWideTensor x[MOST];
  draw_args(b, f, range, x);
  MdlWideResult p =
      mdl_wide_eval(b->ir, b->module, f, x, MDL_WIDE_rounded, size_of, NULL, b->ir->arena);
  MdlWideResult q =
      mdl_wide_eval(b->ir, b->module, g, x, MDL_WIDE_rounded, size_of, NULL, b->ir->arena);
  for (int i = 0; i < p.results; i++)
    for (int64_t k = 0; k < p.result[i].count && p.result[i].real; k++) {
      long double u = p.result[i].real[k], v = q.result[i].real[k];
      if (u == u || v == v ? u != v || signbit(u) != signbit(v) : false) return false;
    }
  return true;
}
