/* Every row of the op table on random draws, through groups, places, loops and machine code,
 * against the evaluator. SEED and DRAWS change what is drawn, ONLY names one row. */
#include "tests/cases/draw.h"
#include "tests/unit/unit.h"

#include "codegen/llvm/llvm.h"
#include "ir/form.h"
#include "ir/signature.h"
#include "passes/pass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 400 };

static MdlSession *session;
static MdlIr *ir;

typedef struct Try {
  MdlCase c;
  MdlTensor in[MDL_MAX_OPERANDS];
  MdlEvalResult wants;
  const char *name;
} Try;

static void setup(void)
{
  session = mdl_session_create();
  ir = mdl_ir_create(session);
}

static void teardown(void)
{
  mdl_ir_destroy(ir);
  mdl_session_destroy(session);
}

static void sign(const Try *t, MlirOperation func)
{
  int args = mdl_func_args(func), results = mdl_func_results(func);
  MdlSignature s = {.module = "t", .prefix = "t_", .source = "t.mdl", .entry = t->name, .line = 1};
  s.text = "entry fn";
  s.has_work = true;
  s.sizes = t->c.sizes;
  s.size = (const char **)t->c.size;
  s.params = s.leaves = args + results;
  s.param = MDL_NEW(ir->arena, MdlParam, (size_t)s.params);
  s.leaf = MDL_NEW(ir->arena, MdlLeaf, (size_t)s.params);
  for (int i = 0; i < s.params; i++) {
    MlirType type = i < args ? mdl_func_arg_type(func, i) : mdl_func_result_type(func, i - args);
    s.param[i] = (MdlParam){.name = mdl_text(ir->arena, "%c%d", i < args ? 'x' : 'r', i),
                            .role = i < args ? MDL_ROLE_in : MDL_ROLE_out,
                            .leaf = i,
                            .leaves = 1};
    s.leaf[i] = (MdlLeaf){"", *mdl_type_read(ir, type)};
  }
  mdl_signature_write(ir, func, &s);
}

static double unit(MdlDtype dtype, double x)
{
  static const int digits[] = {[MDL_f16] = 11, [MDL_bf16] = 8, [MDL_f32] = 24, [MDL_f64] = 53};
  return ldexp(1, (x == 0 || !isfinite(x) ? -126 : ilogb(x)) - digits[dtype] + 1);
}

/* The order of sums is the schedule's, so sums agree to the size of what was summed. */
static bool agrees(const MdlCase *c, MdlDtype dtype, double got, double wants, double scale)
{
  if (isnan(got) || isnan(wants)) return isnan(got) && isnan(wants);
  if (got == wants) return true;
  if (isinf(got) || isinf(wants)) return !mdl_case_is_exact(c) && fabs(got - wants) < 0;
  double allowed = 8 * unit(dtype, wants) + 1e-300;
  if (!mdl_case_is_exact(c)) allowed += 200 * unit(dtype == MDL_f64 ? MDL_f64 : MDL_f32, scale);
  return fabs(got - wants) <= allowed;
}

static bool same(const Try *t, int result, const MdlTensor *got)
{
  const MdlTensor *wants = &t->wants.result[result];
  double scale = 1;
  for (int64_t i = 0; i < wants->count && wants->real; i++)
    if (isfinite(wants->real[i]) && fabs((double)wants->real[i]) > scale)
      scale = fabs((double)wants->real[i]);
  for (int64_t i = 0; i < wants->count; i++) {
    bool ok = wants->real
                  ? agrees(&t->c, wants->dtype, (double)got->real[i], (double)wants->real[i], scale)
                  : got->integer[i] == wants->integer[i];
    if (ok) continue;
    if (wants->real)
      printf("%s: element %d is %.9g, not %.9g\n", mdl_case_text(&t->c), (int)i,
             (double)got->real[i], (double)wants->real[i]);
    else
      printf("%s: element %d is %lld, not %lld\n", mdl_case_text(&t->c), (int)i,
             (long long)got->integer[i], (long long)wants->integer[i]);
    return false;
  }
  return true;
}

/* Room for a tensor, with a canary behind it. */
static char *room(const MdlTensor *t, size_t *bytes)
{
  *bytes = (size_t)t->count * (size_t)mdl_dtypes[t->dtype].bytes;
  char *memory = mdl_alloc(ir->arena, *bytes + 64);
  memset(memory + *bytes, 0x5a, 64);
  return memory;
}

static bool canary(const char *end)
{
  for (int i = 0; i < 64; i++)
    if (end[i] != 0x5a) return false;
  return true;
}

static bool run(const Try *t, MdlJit *jit, const MdlSize *work)
{
  MdlPackedFn *call = mdl_jit_packed(jit, mdl_text(ir->arena, "t_%s", t->name));
  void *args[64];
  int count = 0;
  int64_t work_bytes = 0;
  size_t bytes;
  for (int i = 0; i < t->c.sizes; i++) args[count++] = (void *)&t->c.extent[i];
  for (int i = 0; i < t->c.operands; i++) {
    char *memory = room(&t->in[i], &bytes);
    mdl_tensor_store(&t->in[i], memory);
    args[count++] = memory;
  }
  char *out[MDL_MAX_RESULTS];
  for (int i = 0; i < t->wants.results; i++)
    args[count++] = out[i] = room(&t->wants.result[i], &bytes);
  ck_assert(mdl_size_eval(work, mdl_case_size_of, (void *)&t->c, &work_bytes));
  char *arena = mdl_alloc(ir->arena, (size_t)work_bytes + 65);
  memset(arena + 1 + work_bytes, 0x5a, 64);
  args[count++] = arena + 1;
  ck_assert_ptr_nonnull(call);
  if (getenv("TRACE")) fprintf(stderr, "%s\n", mdl_case_text(&t->c));
  int32_t status = call(args);
  bool ok = status == t->wants.status && canary(arena + 1 + work_bytes);
  if (!ok) printf("%s: status %d or the work buffer\n", mdl_case_text(&t->c), (int)status);
  for (int i = 0; i < t->wants.results; i++) {
    MdlTensor got = mdl_tensor_create(ir->arena, t->wants.result[i].dtype, t->wants.result[i].rank,
                                      t->wants.result[i].dim);
    bytes = (size_t)got.count * (size_t)mdl_dtypes[got.dtype].bytes;
    mdl_tensor_load(&got, out[i]);
    bool kept = canary(out[i] + bytes);
    if (!kept) printf("%s: result %d is overrun\n", mdl_case_text(&t->c), i);
    ok &= kept && same(t, i, &got);
  }
  return ok;
}

/* maths.def says how far remainders reach. */
static bool is_ready(MdlOp op, MdlDtype dtype)
{
  const char *only = getenv("ONLY");
  if (only) return !strcmp(mdl_op_info(op)->name, only);
  if (op == MDL_OP_rem && mdl_is_float(dtype)) return false;
  switch (mdl_op_info(op)->class) {
  case MDL_CLASS_map: {
    const char *loop = mdl_op_info(op)->loop;
    return !loop || !strchr(loop, '@') || strchr(loop, '|');
  }
  case MDL_CLASS_effect:
    return false;
  default:
    return true;
  }
}

static int draw_batch(MdlRandom *random, MlirOperation module, MdlDtype dtype, Try *tries,
                      int draws)
{
  int count = 0;
  for (int op = 0; op < MDL_OP_COUNT; op++)
    for (int i = 0; i < draws && count < MOST && is_ready((MdlOp)op, dtype); i++) {
      Try *t = &tries[count];
      if (!mdl_case_draw(ir, random, (MdlOp)op, dtype, mdl_random_chance(random, 50), &t->c))
        continue;
      t->name = mdl_text(ir->arena, "f%d", count);
      MlirOperation func = mdl_case_build(&t->c, module, t->name);
      for (int j = 0; j < t->c.operands; j++) t->in[j] = mdl_case_draw_values(random, &t->c, j);
      MdlEvalOptions options = {.size_of = mdl_case_size_of, .user = &t->c};
      t->wants = mdl_eval(ir, module, func, t->in, &options, ir->arena);
      if (!t->wants.results) continue;
      sign(t, func);
      count++;
    }
  return count;
}

static const MdlMachine *machine_of(int i)
{
  return i == 0 ? mdl_machine_plain() : mdl_machine_find("x86_64", i == 1 ? NULL : "x86-64-v3");
}

static int number(const char *name, int fallback)
{
  return getenv(name) ? atoi(getenv(name)) : fallback;
}

START_TEST(rows_equal_the_evaluator)
{
  MdlDtype dtype = (MdlDtype)_i;
  MdlRandom random = {(uint64_t)(number("SEED", 1) * 100 + _i)};
  MlirOperation module = mdl_module_create(ir, "t.mdl");
  Try *tries = MDL_NEW(ir->arena, Try, MOST);
  int count = draw_batch(&random, module, dtype, tries, number("DRAWS", 1)), wrong = 0;
  const MdlMachine *machine = machine_of(number("MACHINE", _i % 3));
  MdlPassOptions options = {.machine = machine, .opt = 0};
  ck_assert(mdl_pipeline_run(ir, module, &options, MDL_FORM_loops, NULL, NULL));
  if (getenv("SHOW")) puts(mdl_ir_text(ir, module, false));
  MdlMap *symbols = mdl_symbols(ir, module);
  MdlLlvmOptions llvm = {.machine = machine, .source = "t.mdl", .opt = 1};
  MdlJit *jit = mdl_jit_create(ir, module, &llvm);
  ck_assert_ptr_nonnull(jit);
  for (int i = 0; i < count; i++) {
    MlirOperation entry = mdl_symbol(ir, symbols, mdl_text(ir->arena, "t_%s", tries[i].name));
    const char *text = mdl_op_text(ir, entry, "mdl.work_bytes");
    wrong += !run(&tries[i], jit, mdl_size_parse(ir->sizes, text, strlen(text)));
  }
  ck_assert_msg(!wrong, "%d of %d are wrong", wrong, count);
  mdl_jit_destroy(jit);
  mdl_module_destroy(module);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("loops table");
  tcase_set_timeout(t, 120);
  tcase_add_checked_fixture(t, setup, teardown);
  tcase_add_loop_test(t, rows_equal_the_evaluator, 0, MDL_DTYPE_COUNT);
  return t;
}
