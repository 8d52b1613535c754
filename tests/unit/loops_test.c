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

TCase *tests(void)
{
  TCase *t = tcase_create("loops");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, a_polynomial_of_a_scalar);
  return t;
}
