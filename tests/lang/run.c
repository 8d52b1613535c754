/* Runs the programs of tests/lang, in the reference evaluator and then compiled in memory: every
 * entry takes nothing and stands below `//= VALUE`, what it must give. Brackets in VALUE are for
 * the reader; numbers must agree to 2e-5 relative (a line `//~ 1e-3` above changes that), the rest
 * exactly. What it prints stands in lines `//> TEXT[SHAPE]: NUMBERS`, in order.
 *
 *     run FILE.mdl... */
#include "codegen/llvm/llvm.h"
#include "frontend/frontend.h"
#include "ir/eval.h"
#include "ir/signature.h"
#include "passes/pass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Program {
  MdlSession *session;
  int file;
  MdlIr *ir;
  MlirOperation module;
  int failed, ran;
} Program;

static void write_out(void *user, const char *bytes, size_t length)
{
  (void)user;
  fwrite(bytes, 1, length, stdout);
}

static char *read_file(const char *path, size_t *length)
{
  FILE *in = fopen(path, "rb");
  char *bytes = NULL;
  *length = 0;
  if (!in) return NULL;
  for (size_t got = 1; got; *length += got) {
    bytes = realloc(bytes, *length + 65536);
    got = fread(bytes + *length, 1, 65536, in);
  }
  fclose(in);
  return bytes;
}

/* The line `//= …` above `entry fn NAME(` or `entry NAME `, and the tolerance. NULL if none. */
static const char *expected(const char *text, const char *name, double *tolerance)
{
  size_t length = strlen(name);
  const char *value = NULL;
  *tolerance = 2e-5;
  for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
    if (!strncmp(line, "//= ", 4)) value = line + 4;
    if (!strncmp(line, "//~ ", 4)) *tolerance = strtod(line + 4, NULL);
    if (strncmp(line, "entry ", 6) != 0) continue;
    const char *at = line + (strncmp(line + 6, "fn ", 3) ? 6 : 9);
    if (!strncmp(at, name, length) && (at[length] == '(' || at[length] == ' ')) return value;
    value = NULL;
    *tolerance = 2e-5;
  }
  return NULL;
}

static double element(const MdlTensor *t, int64_t i)
{
  if (t->real) return t->real[i];
  bool is_signed = mdl_dtypes[t->dtype].kind == 's';
  return is_signed ? (double)(int64_t)t->integer[i] : (double)t->integer[i];
}

/* ---- what is printed --------------------------------------------------------------------- */

static char printed[4096]; /* the hook of compiled code takes no state */

static void note(const char *text)
{
  if (strlen(printed) + strlen(text) < sizeof printed) strcat(printed, text);
}

static void note_value(const char *text, const MdlTensor *value)
{
  char number[64];
  note(text);
  for (int i = 0; i < value->rank; i++) {
    snprintf(number, sizeof number, "%s%d", i ? "," : "[", (int)value->dim[i]);
    note(number);
  }
  note(value->rank ? "]:" : ":");
  for (int64_t i = 0; i < value->count; i++) {
    snprintf(number, sizeof number, " %g", element(value, i));
    note(number);
  }
  note("\n");
}

static void evaluator_prints(void *user, const char *text, const MdlTensor *value)
{
  (void)user;
  note_value(text, value);
}

static MdlArena *values; /* of what compiled code prints */

static void code_prints(const char *text, int element, int rank, const int64_t *shape,
                        const void *data)
{
  MdlTensor value = mdl_tensor_create(values, (MdlDtype)element, rank, shape);
  mdl_tensor_load(&value, data);
  note_value(text, &value);
}

/* The lines `//> …` between the entry before and this one, without their first characters. */
static void wanted_prints(const char *text, const char *name, char *out, size_t room)
{
  size_t length = strlen(name);
  *out = '\0';
  for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
    size_t all = strcspn(line, "\n") + 1;
    if (!strncmp(line, "//> ", 4) && strlen(out) + all < room) strncat(out, line + 4, all - 4);
    if (strncmp(line, "entry ", 6) != 0) continue;
    const char *at = line + (strncmp(line + 6, "fn ", 3) ? 6 : 9);
    if (!strncmp(at, name, length) && (at[length] == '(' || at[length] == ' ')) return;
    *out = '\0';
  }
}

/* The next number of a line of text; false at its end. */
static bool next_number(const char **text, double *value)
{
  const char *c = *text;
  while (*c && *c != '\n' && strchr("[](), ", *c)) c++;
  if (!*c || *c == '\n') return false;
  char *end;
  if (!strncmp(c, "true", 4))
    *value = 1, *text = c + 4;
  else if (!strncmp(c, "false", 5))
    *value = 0, *text = c + 5;
  else
    *value = strtod(c, &end), *text = end == c ? c + strlen(c) : end;
  return true;
}

static bool agrees(double got, double wanted, double tolerance)
{
  if (isnan(wanted) || isnan(got)) return isnan(wanted) && isnan(got);
  if (isinf(wanted) || isinf(got)) return wanted == got;
  return fabs(got - wanted) <= tolerance * (fabs(wanted) > 1e-3 ? fabs(wanted) : 1e-3);
}

static void show(const MdlEvalResult *result)
{
  printf("  got");
  for (int r = 0; r < result->results; r++)
    for (int64_t i = 0; i < result->result[r].count; i++)
      printf(" %.8g", element(&result->result[r], i));
  printf("%s\n", result->results ? "" : " nothing");
}

static bool same(const MdlEvalResult *result, const char *wanted, double tolerance)
{
  double number;
  for (int r = 0; r < result->results; r++)
    for (int64_t i = 0; i < result->result[r].count; i++)
      if (!next_number(&wanted, &number) ||
          !agrees(element(&result->result[r], i), number, tolerance))
        return false;
  return !next_number(&wanted, &number);
}

/* Every result, from the function compiled in memory. */
static MdlEvalResult call(Program *p, const MdlSignature *signature, MdlPackedFn *packed)
{
  enum { MOST = 32, WORK = 1 << 24 };
  MdlArena *arena = p->session->arena;
  MdlEvalResult r = {.result = MDL_NEW(arena, MdlTensor, MOST)};
  void *args[MOST + 1] = {NULL};
  for (int i = 0; i < signature->leaves && i < MOST; i++) {
    const MdlType *type = &signature->leaf[i].type;
    int64_t dim[MDL_MAX_RANK] = {0};
    for (int k = 0; k < type->rank; k++) mdl_size_is_const(type->dim[k], &dim[k]);
    r.result[i] = mdl_tensor_create(arena, type->dtype, type->rank, dim);
    args[i] = mdl_alloc(arena, 8 * (size_t)r.result[i].count + 8);
    r.results++;
  }
  char *work = mdl_alloc(arena, WORK + 64);
  args[r.results] = work + 64 - (uintptr_t)work % 64;
  r.status = packed(args);
  for (int i = 0; i < r.results; i++) mdl_tensor_load(&r.result[i], args[i]);
  return r;
}

/* `jit` NULL: in the evaluator. */
static void run_entry(Program *p, MlirOperation func, const char *path, MdlJit *jit)
{
  double tolerance;
  const MdlSignature *signature = mdl_signature_read(p->ir, func);
  const char *wanted = expected(p->session->files[p->file].bytes, signature->entry, &tolerance);
  if (!wanted) return;
  p->ran++;
  char prints[sizeof printed];
  MdlEvalOptions options = {.print = evaluator_prints};
  MdlEvalResult result;
  *printed = '\0';
  values = p->session->arena;
  wanted_prints(p->session->files[p->file].bytes, signature->entry, prints, sizeof prints);
  if (jit)
    result = call(p, signature, mdl_jit_packed(jit, mdl_op_text(p->ir, func, "sym_name")));
  else
    result = mdl_eval(p->ir, p->module, func, NULL, &options, p->session->arena);
  bool prints_same = !strcmp(printed, prints);
  if (result.status == 0 && same(&result, wanted, tolerance) && prints_same) return;
  p->failed++;
  printf("%s: %s, %s\n  wanted %.*s\n", path, signature->entry, jit ? "compiled" : "evaluated",
         (int)strcspn(wanted, "\n"), wanted);
  if (result.status)
    printf("  status %d\n", (int)result.status);
  else
    show(&result);
  if (!prints_same) printf("  wanted prints\n%s  got\n%s", prints, printed);
}

static void run_entries(Program *p, const char *path, MdlJit *jit)
{
  MlirOperation *entry;
  int count = mdl_entries(p->ir, p->module, &entry);
  for (int i = 0; i < count; i++) run_entry(p, entry[i], path, jit);
}

static bool run_compiled(Program *p, const char *path)
{
  const MdlMachine *machine = mdl_machine_find("x86_64", NULL);
  MdlPassOptions passes = {.machine = machine, .opt = 2};
  const MdlHostFunction host = {"mdl_print", (void (*)(void))code_prints};
  MdlLlvmOptions llvm = {.machine = machine, .source = path, .opt = 1, .hosts = 1, .host = &host};
  if (!mdl_pipeline_run(p->ir, p->module, &passes, MDL_FORM_loops, NULL, NULL)) return false;
  MdlJit *jit = mdl_jit_create(p->ir, p->module, &llvm);
  if (!jit) return false;
  run_entries(p, path, jit);
  mdl_jit_destroy(jit);
  return true;
}

/* False when the program does not compile. */
static bool compile(Program *p, const char *path)
{
  MdlFrontendOptions options = {.module = "test", .prefix = "", .source = path};
  MdlPassOptions passes = {.machine = mdl_machine_plain(), .opt = 1};
  MdlProgram *program = mdl_frontend_check(p->session, p->file, &options);
  if (!program) return false;
  p->ir = mdl_ir_create(p->session);
  p->module = mdl_frontend_lower(p->ir, program);
  return !mdl_is_null(p->module) &&
         mdl_pipeline_run(p->ir, p->module, &passes, MDL_FORM_mdl, NULL, NULL);
}

static int run(const char *path)
{
  size_t length;
  char *bytes = read_file(path, &length);
  if (!bytes) return printf("cannot read %s\n", path), 1;
  Program p = {.session = mdl_session_create()};
  p.file = mdl_file_add(p.session, path, bytes, length, false);
  mdl_diag_options(p.session)->no_warnings = true;
  bool ok = compile(&p, path);
  if (!ok) mdl_diag_flush(p.session, write_out, NULL, true, 1);
  if (ok) {
    run_entries(&p, path, NULL);
    if (!run_compiled(&p, path)) p.failed++;
    mdl_diag_flush(p.session, write_out, NULL, true, 0);
    printf("%s: %d of %d\n", path, p.ran - p.failed, p.ran);
  }
  int failed = ok ? p.failed + (p.ran == 0) : 1;
  mdl_module_destroy(p.module);
  if (p.ir) mdl_ir_destroy(p.ir);
  mdl_session_destroy(p.session);
  free(bytes);
  return failed;
}

int main(int count, char **argument)
{
  int failed = 0;
  for (int i = 1; i < count; i++) failed += run(argument[i]);
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
