/* mdl form to C and to machine code: the same results, from text fed in as MLIR. */
#include "tests/unit/unit.h"

#include "codegen/c/c.h"
#include "codegen/llvm/llvm.h"
#include "ir/form.h"
#include "ir/signature.h"
#include "passes/pass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- an entry out of a body -------------------------------------------------------------- */

typedef struct Program {
  MdlSession *session;
  MdlIr *ir;
  MlirOperation module, entry;
} Program;

/* Arguments x0, x1, ... and results out0, ... of the function, all in or out. */
static void sign(Program *p, const char *name, int sizes, const char **size)
{
  MdlIr *ir = p->ir;
  int args = mdl_func_args(p->entry), results = mdl_func_results(p->entry);
  MdlSignature s = {.module = "t", .prefix = "t_", .source = "t.mdl", .entry = name};
  s.text = "entry fn";
  s.line = 1;
  s.has_work = true;
  s.sizes = sizes;
  s.size = size;
  s.params = s.leaves = args + results;
  s.param = MDL_NEW(ir->arena, MdlParam, (size_t)s.params);
  s.leaf = MDL_NEW(ir->arena, MdlLeaf, (size_t)s.params);
  for (int i = 0; i < s.params; i++) {
    MlirType type =
        i < args ? mdl_func_arg_type(p->entry, i) : mdl_func_result_type(p->entry, i - args);
    const char *base = i < args ? "x" : "out";
    s.param[i] = (MdlParam){.name = mdl_text(ir->arena, "%s%d", base, i < args ? i : i - args),
                            .role = i < args ? MDL_ROLE_in : MDL_ROLE_out,
                            .leaf = i,
                            .leaves = 1};
    s.leaf[i] = (MdlLeaf){"", *mdl_type_read(ir, type)};
  }
  mdl_signature_write(ir, p->entry, &s);
}

static Program parse(const char *text, int sizes, const char **size)
{
  Program p = {.session = mdl_session_create()};
  p.ir = mdl_ir_create(p.session);
  p.module = mdl_parse_mlir(p.ir, text, strlen(text));
  if (mdl_is_null(p.module)) ck_abort_msg("%s", mdl_ir_said(p.ir));
  p.entry = mdl_first(mdl_module_body(p.module));
  sign(&p, mdl_op_text(p.ir, p.entry, "sym_name"), sizes, size);
  return p;
}

static void lower(Program *p, const MdlMachine *machine)
{
  MdlPassOptions options = {.machine = machine, .opt = 2};
  const char *why = mdl_verify(p->ir, p->module);
  ck_assert_msg(!why, "%s", why);
  ck_assert(mdl_pipeline_run(p->ir, p->module, &options, MDL_FORM_loops, NULL, NULL));
}

static void finish(Program *p)
{
  mdl_module_destroy(p->module);
  mdl_ir_destroy(p->ir);
  mdl_session_destroy(p->session);
}

static MdlPackedFn *jit(Program *p, const MdlMachine *machine, MdlJit **made)
{
  MdlLlvmOptions options = {.machine = machine, .source = "t.mdl", .opt = 2};
  *made = mdl_jit_create(p->ir, p->module, &options);
  ck_assert_ptr_nonnull(*made);
  MlirOperation *entry;
  mdl_entries(p->ir, p->module, &entry);
  return mdl_jit_packed(*made, mdl_op_text(p->ir, entry[0], "sym_name"));
}

/* The emitted C passes the strict flags. */
static void compile_c(Program *p, const MdlMachine *machine)
{
  MdlCOptions options = {.machine = machine, .module = "t", .source = "t.mdl"};
  options.options = options.sha256 = "";
  char *text = mdl_c_source(p->ir, p->module, &options);
  if (getenv("SHOW")) fputs(text, stderr);
  char path[] = "/tmp/mdlc_loops_XXXXXX.c";
  int fd = mkstemps(path, 2);
  FILE *file = fdopen(fd, "w");
  fputs(text, file);
  fclose(file);
  const char *command = mdl_text(
      p->ir->arena,
      "gcc -std=c99 -O1 -Wall -Wextra -Wconversion -pedantic -Werror %s%s -c %s -o /dev/null",
      machine->vector_bytes ? "-march=" : "", machine->vector_bytes ? machine->cpu : "", path);
  int status = system(command);
  remove(path);
  ck_assert_int_eq(status, 0);
}

/* ---- tests ------------------------------------------------------------------------------- */

START_TEST(a_polynomial_of_a_scalar)
{
  Program p = parse("func.func @f(%x: f32) -> f32 {\n"
                    "  %c = \"mdl.const\"() {value = 3.0 : f32} : () -> f32\n"
                    "  %d = \"mdl.const\"() {value = 5.0 : f32} : () -> f32\n"
                    "  %a = \"mdl.mul\"(%x, %x) : (f32, f32) -> f32\n"
                    "  %b = \"mdl.mul\"(%c, %x) : (f32, f32) -> f32\n"
                    "  %e = \"mdl.add\"(%a, %b) : (f32, f32) -> f32\n"
                    "  %f = \"mdl.add\"(%e, %d) : (f32, f32) -> f32\n"
                    "  return %f : f32\n}\n",
                    0, NULL);
  const MdlMachine *machine = mdl_machine_find("x86_64", NULL);
  lower(&p, machine);
  compile_c(&p, machine);
  MdlJit *made;
  MdlPackedFn *call = jit(&p, machine, &made);
  float x = 2, out = 0;
  ck_assert_int_eq(call((void *[]){&x, &out, NULL}), 0);
  ck_assert_float_eq(out, 15);
  mdl_jit_destroy(made);
  finish(&p);
}
END_TEST

/* ---- control flow over places ------------------------------------------------------------ */

typedef struct Run {
  Program p;
  MdlJit *jit;
  MdlPackedFn *call;
} Run;

static Run make(const char *text)
{
  const MdlMachine *machine = mdl_machine_find("x86_64", "x86-64-v3");
  Run r = {.p = parse(text, 0, NULL)};
  lower(&r.p, machine);
  compile_c(&r.p, machine);
  r.call = jit(&r.p, machine, &r.jit);
  ck_assert_ptr_nonnull(r.call);
  return r;
}

static void end(Run *r)
{
  mdl_jit_destroy(r->jit);
  finish(&r->p);
}

static char work[4096];

/* (a, b) becomes (b, a + b): each yield needs what the other overwrites. */
START_TEST(a_loop_that_swaps)
{
  Run r = make("func.func @f(%a: tensor<4xf32>, %b: tensor<4xf32>, %n: i32)"
               " -> (tensor<4xf32>, tensor<4xf32>) {\n"
               "  %lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
               "  %st = \"mdl.const\"() {value = 1 : index} : () -> index\n"
               "  %hi = \"mdl.convert\"(%n) : (i32) -> index\n"
               "  %r:2 = scf.for %i = %lo to %hi step %st iter_args(%x = %a, %y = %b)"
               " -> (tensor<4xf32>, tensor<4xf32>) {\n"
               "    %s = \"mdl.add\"(%x, %y) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>\n"
               "    scf.yield %y, %s : tensor<4xf32>, tensor<4xf32>\n"
               "  }\n"
               "  return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>\n}\n");
  float a[4] = {0, 0, 1, 2}, b[4] = {1, 2, 1, -1}, x[4], y[4];
  int32_t n = 10;
  ck_assert_int_eq(r.call((void *[]){a, b, &n, x, y, work}), 0);
  for (int i = 0; i < 4; i++) {
    float p = a[i], q = b[i];
    for (int k = 0; k < n; k++) {
      float s = p + q;
      p = q;
      q = s;
    }
    ck_assert_float_eq(x[i], p);
    ck_assert_float_eq(y[i], q);
  }
  n = 0; /* no round: the results are the arguments */
  ck_assert_int_eq(r.call((void *[]){a, b, &n, x, y, work}), 0);
  ck_assert_mem_eq(x, a, sizeof a);
  ck_assert_mem_eq(y, b, sizeof b);
  end(&r);
}
END_TEST

/* The loop starts from a value that is still needed afterwards. */
START_TEST(a_loop_keeps_what_it_starts_from)
{
  Run r = make("func.func @f(%a: tensor<4xf32>, %n: i32) -> tensor<4xf32> {\n"
               "  %lo = \"mdl.const\"() {value = 0 : index} : () -> index\n"
               "  %st = \"mdl.const\"() {value = 1 : index} : () -> index\n"
               "  %hi = \"mdl.convert\"(%n) : (i32) -> index\n"
               "  %b = \"mdl.exp\"(%a) : (tensor<4xf32>) -> tensor<4xf32>\n"
               "  %r = scf.for %i = %lo to %hi step %st iter_args(%x = %b)"
               " -> (tensor<4xf32>) {\n"
               "    %s = \"mdl.mul\"(%x, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>\n"
               "    scf.yield %s : tensor<4xf32>\n"
               "  }\n"
               "  %d = \"mdl.sub\"(%r, %b) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>\n"
               "  return %d : tensor<4xf32>\n}\n");
  float a[4] = {0, 0.5f, -1, 0.25f}, out[4];
  int32_t n = 3;
  ck_assert_int_eq(r.call((void *[]){a, &n, out, work}), 0);
  for (int i = 0; i < 4; i++) ck_assert_float_eq_tol(out[i], expf(4 * a[i]) - expf(a[i]), 1e-4f);
  end(&r);
}
END_TEST

/* Branches leave their results in one place; a result that is an argument is copied there. */
START_TEST(branches_meet_in_one_place)
{
  Run r = make("func.func @f(%c: i1, %a: tensor<4xf32>) -> tensor<4xf32> {\n"
               "  %r = scf.if %c -> (tensor<4xf32>) {\n"
               "    %s = \"mdl.neg\"(%a) : (tensor<4xf32>) -> tensor<4xf32>\n"
               "    scf.yield %s : tensor<4xf32>\n"
               "  } else {\n"
               "    scf.yield %a : tensor<4xf32>\n"
               "  }\n"
               "  return %r : tensor<4xf32>\n}\n");
  float a[4] = {1, 2, 3, 4}, out[4];
  bool c = true;
  ck_assert_int_eq(r.call((void *[]){&c, a, out, work}), 0);
  for (int i = 0; i < 4; i++) ck_assert_float_eq(out[i], -a[i]);
  c = false;
  ck_assert_int_eq(r.call((void *[]){&c, a, out, work}), 0);
  ck_assert_mem_eq(out, a, sizeof a);
  end(&r);
}
END_TEST

/* The first failed check is reported, the others are not. */
START_TEST(the_first_failed_check_wins)
{
  Run r =
      make("func.func @f(%a: f32, %b: f32) -> f32 {\n"
           "  %z = \"mdl.const\"() {value = 0.0 : f32} : () -> f32\n"
           "  %p = \"mdl.gt\"(%a, %z) : (f32, f32) -> i1\n"
           "  \"mdl.check\"(%p) {code = 3 : i64, text = \"a\"} : (i1) -> () loc(\"t.mdl\":7:1)\n"
           "  %q = \"mdl.gt\"(%b, %z) : (f32, f32) -> i1\n"
           "  \"mdl.check\"(%q) {code = 3 : i64, text = \"b\"} : (i1) -> () loc(\"t.mdl\":9:1)\n"
           "  return %a : f32\n}\n");
  float a = 1, b = 1, out = 0;
  ck_assert_int_eq(r.call((void *[]){&a, &b, &out, work}), 0);
  b = -1;
  ck_assert_int_eq(r.call((void *[]){&a, &b, &out, work}), 3 + 256 * 9);
  a = -1;
  ck_assert_int_eq(r.call((void *[]){&a, &b, &out, work}), 3 + 256 * 7);
  end(&r);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("loops");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, a_polynomial_of_a_scalar);
  tcase_add_test(t, a_loop_that_swaps);
  tcase_add_test(t, a_loop_keeps_what_it_starts_from);
  tcase_add_test(t, branches_meet_in_one_place);
  tcase_add_test(t, the_first_failed_check_wins);
  return t;
}
