/* The op table through the backends: every row on random draws of one element type in one module.
 *
 *   backend_ops DTYPE [--machine=NAME] [--draws=N] [--seed=N] [--op=NAME] [--all] [--keep]
 *               [--xla=stablehlo|text|jax|jax-text|tpu] */
#include "tests/backend/trial.h"
#include "tests/cases/draw.h"

#include "passes/pass.h"

#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RUNS = 3 };

typedef struct Settings {
  MdlDtype dtype;
  const MdlMachine *machine;
  int draws;
  uint64_t seed;
  const char *op;
  bool all, keeps;
  MdlXla xla;
} Settings;

static void say(void *file, const char *bytes, size_t n) { fwrite(bytes, 1, n, file); }

/* The draw number i of a row: the same whether it stands alone or among others. */
static bool draw(MdlIr *ir, const Settings *s, MdlOp op, int i, MdlCase *c, MdlRandom *random)
{
  random->state = ((s->seed * MDL_OP_COUNT + op) * MDL_DTYPE_COUNT + s->dtype) * 64 + (uint64_t)i;
  return mdl_case_draw(ir, random, op, s->dtype, i % 2, c);
}

/* For XLA: no subnormals; and in f64 its CPU client computes all groups of a convolution as one
 * with zeros between, which makes NaN of an infinity in another group. */
static void spare_xla(const MdlCase *c, MdlTensor *t)
{
  mdl_trial_flush(t);
  for (int64_t i = 0; i < t->count && c->op == MDL_OP_conv && t->dtype == MDL_f64; i++)
    if (!isfinite(t->real[i])) t->real[i] = 1;
}

static void add_entry(MdlTrial *trial, const MdlCase *drawn, MdlRandom *random, int i)
{
  MdlIr *ir = trial->ir;
  MdlCase *c = MDL_NEW(ir->arena, MdlCase, 1);
  *c = *drawn;
  MdlTrialEntry *e = &trial->entry[trial->entries++];
  const char *name = mdl_text(ir->arena, "%s_%d", mdl_op_info(c->op)->name, i);
  e->func = mdl_case_build(c, trial->module, mdl_text(ir->arena, "t_%s", name));
  mdl_trial_sign(ir, e->func, name, c->sizes, c->size);
  e->name = name;
  e->text = mdl_case_text(c);
  e->bar = mdl_case_is_exact(c)                                         ? MDL_BAR_exact
           : mdl_op_info(c->op)->elementwise || c->op == MDL_OP_convert ? MDL_BAR_ulps
                                                                        : MDL_BAR_absolute;
  e->args = c->operands;
  e->sizes = c->sizes;
  e->size = c->size;
  e->extent = c->extent;
  e->runs = RUNS;
  e->run = MDL_NEW(ir->arena, MdlTrialRun, RUNS);
  for (int k = 0; k < RUNS; k++) {
    e->run[k].arg = MDL_NEW(ir->arena, MdlTensor, MDL_MAX_OPERANDS);
    for (int j = 0; j < c->operands; j++) {
      e->run[k].arg[j] = mdl_case_draw_values(random, c, j);
      if (trial->xla) spare_xla(c, &e->run[k].arg[j]);
    }
  }
}

/* Rows whose effect is no result. */
static bool is_left_out(MdlOp op) { return op == MDL_OP_print; }

/* Does the pipeline take this draw alone? Says so if not. */
static bool is_lowered(const Settings *s, MdlOp op, int i)
{
  MdlSession *session = mdl_session_create();
  MdlCase c;
  MdlRandom random;
  jmp_buf bug;
  volatile bool well = false;
  session->on_bug = &bug;
  if (!setjmp(bug)) {
    MdlIr *ir = mdl_ir_create(session);
    MdlTrial trial = {.ir = ir, .module = mdl_module_create(ir, "t.mdl")};
    trial.entry = MDL_NEW(ir->arena, MdlTrialEntry, 1);
    const MdlPassOptions options = {.machine = s->machine, .opt = 2};
    draw(ir, s, op, i, &c, &random);
    add_entry(&trial, &c, &random, i);
    well = mdl_pipeline_run(ir, trial.module, &options, MDL_FORM_loops, NULL, NULL);
    if (!well) fprintf(stderr, "not lowered: %s\n", mdl_case_text(&c));
    mdl_module_destroy(trial.module);
    mdl_ir_destroy(ir);
  } else {
    fprintf(stderr, "not lowered: %s (draw %d of %s)\n", mdl_case_text(&c), i,
            mdl_op_info(op)->name);
    mdl_diag_flush(session, say, stderr, false, 0);
  }
  if (well) mdl_session_destroy(session);
  return well;
}

/* All rows in one module; `lowered` leaves out what the pipeline refuses. */
static bool run_all(const Settings *s, const bool (*lowered)[64], int *mismatches, int *entries)
{
  MdlSession *session = mdl_session_create();
  jmp_buf bug;
  volatile bool well = false;
  char folder[] = "/tmp/mdlc_ops_XXXXXX";
  session->on_bug = &bug;
  if (!mkdtemp(folder)) abort();
  if (!setjmp(bug)) {
    MdlIr *ir = mdl_ir_create(session);
    MdlTrial trial = {.ir = ir,
                      .module = mdl_module_create(ir, "t.mdl"),
                      .machine = s->machine,
                      .folder = folder,
                      .compilers = s->all ? MDL_ALL : MDL_ENDS,
                      .xla = s->xla,
                      .keeps = s->keeps};
    trial.entry = MDL_NEW(ir->arena, MdlTrialEntry, (size_t)(MDL_OP_COUNT * s->draws));
    for (int op = 0; op < MDL_OP_COUNT; op++)
      for (int i = 0; i < s->draws && !is_left_out((MdlOp)op); i++) {
        MdlCase c;
        MdlRandom random;
        bool wanted = !s->op || !strcmp(s->op, mdl_op_info((MdlOp)op)->name);
        if (!wanted || (lowered && !lowered[op][i])) continue;
        if (draw(ir, s, (MdlOp)op, i, &c, &random)) add_entry(&trial, &c, &random, i);
      }
    mdl_trial_evaluate(&trial, trial.module, false);
    well = mdl_trial_run(&trial);
    *mismatches = trial.mismatches;
    *entries = trial.entries;
    mdl_module_destroy(trial.module);
    mdl_ir_destroy(ir);
  } else if (lowered || s->xla) {
    mdl_diag_flush(session, say, stderr, false, 0);
  }
  if (well) mdl_session_destroy(session);
  if (!s->keeps) rmdir(folder);
  return well;
}

/* One by one after all together failed. Returns how many the pipeline refuses. */
static int find_refused(const Settings *s, bool (*lowered)[64])
{
  int refused = 0;
  for (int op = 0; op < MDL_OP_COUNT; op++)
    for (int i = 0; i < s->draws; i++) {
      MdlSession *session = mdl_session_create();
      MdlIr *ir = mdl_ir_create(session);
      MdlCase c;
      MdlRandom random;
      bool wanted = !s->op || !strcmp(s->op, mdl_op_info((MdlOp)op)->name);
      bool takes = wanted && !is_left_out((MdlOp)op) && draw(ir, s, (MdlOp)op, i, &c, &random);
      mdl_ir_destroy(ir);
      mdl_session_destroy(session);
      if (!takes) break;
      lowered[op][i] = is_lowered(s, (MdlOp)op, i);
      refused += !lowered[op][i];
    }
  return refused;
}

static bool read_settings(int argc, char **argv, Settings *s)
{
  *s = (Settings){.dtype = MDL_DTYPE_COUNT, .draws = 2, .machine = mdl_machine_native()};
  for (int i = 1; i < argc; i++) {
    const char *word = argv[i];
    if (!strncmp(word, "--draws=", 8))
      s->draws = atoi(word + 8);
    else if (!strncmp(word, "--seed=", 7))
      s->seed = strtoull(word + 7, NULL, 10);
    else if (!strncmp(word, "--op=", 5))
      s->op = word + 5;
    else if (!strncmp(word, "--machine=", 10))
      s->machine = mdl_trial_machine(word + 10);
    else if (!strcmp(word, "--all"))
      s->all = true;
    else if (!strcmp(word, "--keep"))
      s->keeps = true;
    else if (!strncmp(word, "--xla=", 6))
      s->xla = mdl_xla_find(word + 6);
    else
      s->dtype = mdl_dtype_find(word, strlen(word));
  }
  return s->dtype != MDL_DTYPE_COUNT && s->draws > 0 && s->draws <= 64 && s->machine;
}

int main(int argc, char **argv)
{
  Settings s;
  int mismatches = 0, entries = 0, refused = 0;
  static bool lowered[MDL_OP_COUNT][64];
  if (!read_settings(argc, argv, &s)) {
    fprintf(stderr, "backend_ops DTYPE [--machine=NAME] [--draws=N] [--seed=N] [--op=NAME] "
                    "[--all] [--keep]\n");
    return 2;
  }
  bool well = run_all(&s, NULL, &mismatches, &entries);
  if (!well && (refused = find_refused(&s, lowered)))
    well = run_all(&s, (const bool(*)[64])lowered, &mismatches, &entries);
  printf("%s on %s, seed %llu: %d entries, %d refused, %d mismatches%s\n", mdl_dtypes[s.dtype].name,
         s.machine->name, (unsigned long long)s.seed, entries, refused, mismatches,
         well ? "" : ", a compiler or the pipeline failed");
  return !well || refused || mismatches;
}
