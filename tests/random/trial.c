#include "tests/random/trial.h"

#include "frontend/frontend.h"
#include "ir/recipe.h"
#include "passes/pass.h"
#include "tests/cases/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

const char *mdl_outcome_name(MdlOutcome outcome)
{
  static const char *const names[] = {"well",     "refused",  "internal error", "changed by passes",
                                      "compiler", "mismatch", "crash"};
  return names[outcome];
}

/* Of one line: without names, numbers and places. */
static uint32_t hash_of(const char *line, const char *end)
{
  uint32_t hash = 2166136261u;
  bool named = false;
  for (; line < end && *line != '\n' && *line != '('; line++) {
    named ^= *line == '`';
    if (!named && (*line < '0' || *line > '9')) hash = (hash ^ (unsigned char)*line) * 16777619u;
  }
  return hash;
}

/* `user`: the mark. Of an internal error the note tells what it is. */
static void say(void *user, const char *bytes, size_t n)
{
  uint32_t *mark = user;
  const char *internal = memmem(bytes, n, "[E0999]", 7), *error = memmem(bytes, n, "error[", 6);
  const char *line = internal ? memmem(bytes, n, "note: ", 6) : error;
  if (!*mark && line) *mark = hash_of(line, bytes + n);
  fwrite(bytes, 1, n, stderr);
}

/* ---- a text as a module ------------------------------------------------------------------ */

static bool compile(MdlSession *session, MdlIr **ir, const char *text, MlirOperation *module)
{
  const MdlFrontendOptions options = {.module = "t", .prefix = "t_", .source = "t.mdl"};
  int file = mdl_file_add(session, "t.mdl", text, strlen(text), false);
  mdl_diag_options(session)->no_warnings = true;
  MdlProgram *program = mdl_frontend_check(session, file, &options);
  if (!program) return false;
  if (!*ir) *ir = mdl_ir_create(session);
  *module = mdl_frontend_lower(*ir, program);
  return !mdl_is_null(*module);
}

/* ---- arguments --------------------------------------------------------------------------- */

static MdlTensor draw_argument(MdlIr *ir, MdlRandom *random, MdlTrialEntry *e, const MdlType *type)
{
  int64_t dim[MDL_MAX_RANK];
  const MdlDtypeInfo *info = &mdl_dtypes[type->dtype];
  for (int i = 0; i < type->rank; i++)
    if (!mdl_size_eval(type->dim[i], mdl_trial_size, e, &dim[i]))
      MDL_BUG(ir->session, "an argument's size has no value");
  MdlTensor t = mdl_tensor_create(ir->arena, type->dtype, type->rank, dim);
  for (int64_t i = 0; i < t.count; i++)
    if (t.real)
      t.real[i] = mdl_round_to(type->dtype, mdl_random_normal(random));
    else
      t.integer[i] =
          mdl_int_cut((uint64_t)(mdl_random_below(random, 9) - 2), info->bits, info->kind == 's');
  return t;
}

static void draw_entry(MdlIr *ir, MdlRandom *random, MlirOperation func, MdlTrialEntry *e)
{
  enum { RUNS = 4 };
  static const int64_t extents[] = {1, 2, 3, 5, 8, 9, 17, 4, 7, 0};
  const MdlSignature *s = mdl_signature_read(ir, func);
  int64_t *extent = MDL_NEW(ir->arena, int64_t, (size_t)s->sizes);
  for (int i = 0; i < s->sizes; i++) extent[i] = extents[mdl_random_below(random, 10)];
  *e = (MdlTrialEntry){.name = s->entry, .text = s->text, .bar = MDL_BAR_absolute, .func = func};
  e->args = mdl_func_args(func);
  e->sizes = s->sizes;
  e->size = s->size;
  e->extent = extent;
  e->runs = RUNS;
  e->run = MDL_NEW(ir->arena, MdlTrialRun, RUNS);
  for (int k = 0; k < RUNS; k++) {
    e->run[k].arg = MDL_NEW(ir->arena, MdlTensor, (size_t)e->args);
    for (int i = 0; i < e->args; i++)
      e->run[k].arg[i] =
          draw_argument(ir, random, e, mdl_type_read(ir, mdl_func_arg_type(func, i)));
  }
}

static void draw_entries(MdlTrial *trial, MlirOperation module, uint64_t seed)
{
  MlirOperation *entries;
  MdlRandom random = {seed};
  trial->entries = mdl_entries(trial->ir, module, &entries);
  trial->entry = MDL_NEW(trial->ir->arena, MdlTrialEntry, (size_t)trial->entries);
  for (int i = 0; i < trial->entries; i++)
    draw_entry(trial->ir, &random, entries[i], &trial->entry[i]);
}

/* ---- the passes keep every bit ----------------------------------------------------------- */

static bool passes_keep(MdlTrial *trial, MlirOperation module)
{
  MlirOperation *entries;
  bool well = true;
  mdl_entries(trial->ir, module, &entries);
  for (int i = 0; i < trial->entries; i++) {
    MdlTrialEntry *e = &trial->entry[i];
    if (mdl_trial_refuses(trial->ir, e)) continue;
    const MdlEvalOptions options = {.size_of = mdl_trial_size, .user = e};
    for (int k = 0; k < e->runs; k++) {
      MdlEvalResult now =
          mdl_eval(trial->ir, module, entries[i], e->run[k].arg, &options, trial->ir->arena);
      if (mdl_trial_same(&now, &e->run[k].rounded)) continue;
      fprintf(stderr, "%s: passes change run %d\n", e->name, k);
      well = false;
      break;
    }
  }
  return well;
}

/* ---- one text ---------------------------------------------------------------------------- */

static bool run_passes(MdlIr *ir, MlirOperation module, const MdlMachine *machine, int opt)
{
  const MdlPassOptions options = {.machine = machine, .opt = opt};
  return mdl_pipeline_run(ir, module, &options, MDL_FORM_mdl, NULL, NULL);
}

static bool has_recipes(MdlIr *ir, MlirOperation module)
{
  MlirOperation *op = NULL;
  int count = mdl_list(ir, mdl_module_body(module), &op);
  for (int i = 0; i < count; i++)
    if (mdl_is_recipe(op[i])) return true;
  return false;
}

/* As far as the evaluator needs it: recipes have their bodies, which nothing has touched since.
 * What they are of goes through the passes that the pipeline runs before derive: the order in which
 * cotangents add up follows from it. */
static bool lower_barely(MdlIr *ir, MlirOperation module, const MdlMachine *machine)
{
  const MdlPassOptions options = {.machine = machine, .opt = 2};
  bool well = mdl_passes_run(ir, module, &options, "inline", NULL);
  while (well && has_recipes(ir, module)) {
    well = mdl_passes_run(ir, module, &options, "simplify,cse,hoist,derive", NULL);
    if (well && has_recipes(ir, module))
      well = mdl_passes_run(ir, module, &options, "stops,dce,prune,inline", NULL);
  }
  return well && mdl_passes_run(ir, module, &options, "inline,prune", NULL);
}

/* Three modules out of one text: barely lowered, through all passes of mdl form, and to be compiled
 * all the way. */
static MdlOutcome run_text(MdlSession *session, const char *text, const MdlRandomSettings *s)
{
  MdlIr *ir = NULL;
  MlirOperation plain, passed, compiled;
  char folder[] = "/tmp/mdlc_random_XXXXXX";
  if (!compile(session, &ir, text, &plain)) return MDL_OUTCOME_refused;
  compile(session, &ir, text, &passed);
  compile(session, &ir, text, &compiled);
  if (!mkdtemp(folder)) return MDL_OUTCOME_crash;
  MdlTrial trial = {.ir = ir,
                    .module = compiled,
                    .machine = s->machine,
                    .folder = folder,
                    .compilers = s->all ? MDL_ALL : MDL_QUICK,
                    .xla = s->xla,
                    .keeps = s->keeps};
  if (!lower_barely(ir, plain, s->machine) || !run_passes(ir, passed, s->machine, 2))
    return MDL_OUTCOME_bug;
  draw_entries(&trial, plain, s->seed);
  mdl_trial_evaluate(&trial, plain, true);
  bool kept = passes_keep(&trial, passed);
  bool ran = mdl_trial_run(&trial);
  rmdir(folder);
  if (!ran) return MDL_OUTCOME_compiler;
  return trial.mismatches ? MDL_OUTCOME_mismatch : kept ? MDL_OUTCOME_well : MDL_OUTCOME_passes;
}

static MdlOutcome run_here(const char *text, const MdlRandomSettings *settings, uint32_t *mark)
{
  MdlSession *session = mdl_session_create();
  jmp_buf bug;
  volatile MdlOutcome outcome = MDL_OUTCOME_bug;
  session->on_bug = &bug;
  if (!setjmp(bug)) outcome = run_text(session, text, settings);
  mdl_diag_flush(session, say, mark, false, 0);
  return outcome;
}

MdlOutcome mdl_random_run(const char *text, const MdlRandomSettings *settings, uint32_t *mark)
{
  uint32_t *shared =
      mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) abort();
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    alarm((unsigned)settings->seconds);
    if (settings->quiet && !freopen("/dev/null", "w", stderr)) _exit(MDL_OUTCOME_crash);
    _exit((int)run_here(text, settings, shared));
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0) abort();
  if (mark) *mark = *shared;
  munmap(shared, sizeof *shared);
  return WIFEXITED(status) ? (MdlOutcome)WEXITSTATUS(status) : MDL_OUTCOME_crash;
}
