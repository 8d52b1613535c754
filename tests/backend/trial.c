#include "tests/backend/trial.h"

#include "ir/form.h"
#include "ir/signature.h"
#include "passes/pass.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const MdlMachine *mdl_trial_machine(const char *name)
{
  if (!strcmp(name, "plain")) return mdl_machine_plain();
  if (!strcmp(name, "native")) return mdl_machine_native();
  if (!strcmp(name, "sm_80")) return mdl_machine_find("nvptx64", NULL);
  return mdl_machine_find("x86_64", strcmp(name, "x86-64") ? name : NULL);
}

void mdl_trial_sign(MdlIr *ir, MlirOperation func, const char *name, int sizes,
                    const char *const *size)
{
  int args = mdl_func_args(func), results = mdl_func_results(func);
  MdlSignature s = {.module = "t", .prefix = "t_", .source = "t.mdl", .entry = name};
  s.text = mdl_text(ir->arena, "entry fn %s", name);
  s.line = 1;
  s.has_work = true;
  s.sizes = sizes;
  s.size = (const char **)size;
  s.params = s.leaves = args + results;
  s.param = MDL_NEW(ir->arena, MdlParam, (size_t)s.params);
  s.leaf = MDL_NEW(ir->arena, MdlLeaf, (size_t)s.params);
  for (int i = 0; i < s.params; i++) {
    bool in = i < args;
    MlirType type = in ? mdl_func_arg_type(func, i) : mdl_func_result_type(func, i - args);
    s.param[i] = (MdlParam){.role = in ? MDL_ROLE_in : MDL_ROLE_out, .leaf = i, .leaves = 1};
    s.param[i].name = in ? mdl_text(ir->arena, "x%d", i) : mdl_text(ir->arena, "out%d", i - args);
    s.leaf[i] = (MdlLeaf){"", *mdl_type_read(ir, type)};
  }
  mdl_signature_write(ir, func, &s);
}

/* ---- the reference ----------------------------------------------------------------------- */

bool mdl_trial_size(void *user, const char *name, int64_t *value)
{
  const MdlTrialEntry *e = user;
  for (int i = 0; i < e->sizes; i++)
    if (!strcmp(e->size[i], name)) return *value = e->extent[i], true;
  return false;
}

static bool is_negative(const MdlTrialEntry *e, const MdlSize *size)
{
  int64_t value;
  return !mdl_size_eval(size, mdl_trial_size, (void *)e, &value) || value < 0;
}

static bool are_equal(const MdlTrialEntry *e, const MdlSize *a, const MdlSize *b)
{
  int64_t left, right;
  return mdl_size_eval(a, mdl_trial_size, (void *)e, &left) &&
         mdl_size_eval(b, mdl_trial_size, (void *)e, &right) && left == right;
}

bool mdl_trial_refuses(MdlIr *ir, const MdlTrialEntry *e)
{
  if (!mdl_is_entry(e->func)) return false;
  const MdlSignature *s = mdl_signature_read(ir, e->func);
  for (int i = 0; i < s->leaves; i++)
    for (int k = 0; k < s->leaf[i].type.rank; k++)
      if (is_negative(e, s->leaf[i].type.dim[k])) return true;
  for (int i = 0; i < s->guards; i++) {
    const MdlGuard *g = &s->guard[i];
    if (g->right ? !are_equal(e, g->left, g->right) : is_negative(e, g->left)) return true;
  }
  return false;
}

static MdlWideTensor widened(MdlArena *arena, const MdlTensor *t)
{
  MdlWideTensor w = mdl_wide_create(arena, t->dtype, t->rank, t->dim);
  for (int64_t i = 0; i < t->count; i++)
    if (t->real)
      w.real[i] = t->real[i];
    else
      w.integer[i] = t->integer[i];
  return w;
}

enum { BAD_SIZE = 1 /* as the emitted headers define MDL_BAD_SIZE */ };

static void evaluate(MdlTrial *trial, MlirOperation module, MdlTrialEntry *e, bool shakes)
{
  MdlIr *ir = trial->ir;
  const MdlEvalOptions options = {.size_of = mdl_trial_size, .user = e};
  const bool refused = mdl_trial_refuses(ir, e);
  MdlWideTensor *wide = MDL_NEW(ir->arena, MdlWideTensor, (size_t)e->args);
  for (int k = 0; k < e->runs; k++) {
    MdlTrialRun *run = &e->run[k];
    for (int i = 0; i < e->args; i++) wide[i] = widened(ir->arena, &run->arg[i]);
    run->rounded = mdl_eval(ir, module, e->func, run->arg, &options, ir->arena);
    run->truth = run->shaken =
        mdl_wide_eval(ir, module, e->func, wide, MDL_WIDE_full, mdl_trial_size, e, ir->arena);
    if (shakes)
      run->shaken =
          mdl_wide_eval(ir, module, e->func, wide, MDL_WIDE_shaken, mdl_trial_size, e, ir->arena);
    for (int i = 0; trial->xla && i < run->rounded.results; i++)
      mdl_trial_flush(&run->rounded.result[i]);
    if (refused) run->rounded.status = run->truth.status = run->shaken.status = BAD_SIZE;
  }
  e->results = mdl_func_results(e->func);
}

void mdl_trial_evaluate(MdlTrial *trial, MlirOperation module, bool shakes)
{
  for (int i = 0; i < trial->entries; i++) evaluate(trial, module, &trial->entry[i], shakes);
}

/* ---- running ----------------------------------------------------------------------------- */

bool mdl_trial_run(MdlTrial *trial)
{
  if (trial->xla) return mdl_trial_run_xla(trial);
  enum { MOST = 12 };
  MdlTrialOutput outputs[MOST] = {{0}};
  const MdlPassOptions options = {.machine = trial->machine, .opt = 2};
  bool well = true;
  const char *why = mdl_verify(trial->ir, trial->module);
  if (why) return fprintf(stderr, "the module is wrong: %s\n", why), false;
  if (!mdl_pipeline_run(trial->ir, trial->module, &options, MDL_FORM_loops, NULL, NULL))
    return fprintf(stderr, "the pipeline refuses the module\n"), false;
  if (trial->machine->warp) {
    int emulated = mdl_trial_cuda(trial, outputs, MOST, &well);
    trial->mismatches = mdl_trial_compare(trial, outputs, emulated);
    return well;
  }
  int count = mdl_trial_compile(trial, outputs, MOST, &well);
  trial->mismatches = mdl_trial_compare(trial, outputs, count);
  return well;
}
