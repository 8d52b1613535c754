/* The pass driver: rows of passes/passes.def in order, each verified. */
#include "passes/pass.h"

#include <string.h>
#include <time.h>

static const MdlPassInfo rows[] = {
#define PASS(name_, from_, to_, scope_, opt_, repeats_, doc_)      \
  {#name_, MDL_FORM_##from_, MDL_FORM_##to_,   MDL_SCOPE_##scope_, \
   opt_,   repeats_,         mdl_pass_##name_, doc_},
#include "passes/passes.def"
};
enum { ROWS = sizeof rows / sizeof *rows, MOST_ROUNDS = 300 /* above the nesting limit */ };

const MdlPassInfo *mdl_passes(int *count)
{
  *count = ROWS;
  return rows;
}

const MdlPassInfo *mdl_pass_find(const char *name)
{
  for (int i = 0; i < ROWS; i++)
    if (!strcmp(rows[i].name, name)) return &rows[i];
  return NULL;
}

typedef struct Run {
  MdlIr *ir;
  MlirOperation module;
  const MdlPassOptions *options;
  const MdlPassObserver *observer;
  MdlMap *print;      /* function -> its fingerprint, for those that no pass has changed since */
  uint64_t whole;     /* the module's, or 0: not known */
  MdlMap *done[ROWS]; /* function -> its fingerprint after the row last ran on it */
} Run;

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- what changed: fingerprints are a walk each, so they are kept ------------------------- */

static uint64_t take_print(MlirOperation op) { return mdl_fingerprint(op) | 1; }

static void *take_function(Run *run, MlirOperation func)
{
  void *print = (void *)(uintptr_t)take_print(func);
  mdl_map_set(run->print, func.ptr, print);
  return print;
}

static void *function_print(Run *run, MlirOperation func)
{
  void *print = mdl_map_get(run->print, func.ptr);
  return print ? print : take_function(run, func);
}

static uint64_t module_print(Run *run)
{
  if (!run->whole) run->whole = take_print(run->module);
  return run->whole;
}

/* One function, unless nothing changed in it since the row's last time. */
static bool run_on(Run *run, int row, MdlPass *pass, MlirOperation func)
{
  void *before = function_print(run, func);
  if (mdl_map_get(run->done[row], func.ptr) == before) return true;
  bool changed = pass->changed;
  pass->changed = false;
  if (!rows[row].run(pass, func)) return false;
  void *after = take_function(run, func);
  mdl_map_set(run->done[row], func.ptr, after);
  pass->changed = changed || after != before;
  return true;
}

/* A function pass changes no other function than the one it runs on. */
static bool run_on_functions(Run *run, int row, MdlPass *pass)
{
  MlirOperation *op = NULL;
  int count = mdl_list(run->ir, mdl_module_body(run->module), &op);
  for (int i = 0; i < count; i++) {
    bool is_defined = mdl_op(run->ir, op[i]) == MDL_OP_func && mdl_body(op[i], 0).ptr;
    if (is_defined && !run_on(run, row, pass, op[i])) return false;
  }
  if (pass->changed) run->whole = 0;
  return true;
}

static bool run_on_module(Run *run, int row, MdlPass *pass)
{
  uint64_t before = module_print(run);
  if (!rows[row].run(pass, (MlirOperation){NULL})) return false;
  run->whole = take_print(run->module);
  pass->changed = run->whole != before;
  if (pass->changed) mdl_map_clear(run->print);
  return true;
}

static void verify(const Run *run, const MdlPassInfo *row)
{
  const char *why = mdl_verify(run->ir, run->module);
  if (why) MDL_BUG(run->ir->session, "pass `%s` leaves broken IR: %s", row->name, why);
}

/* False: an error was reported. */
static bool run_row(Run *run, int i, bool *changed)
{
  const MdlPassInfo *row = &rows[i];
  MdlSession *session = run->ir->session;
  double start = now();
  session->pass = row->name;
  if (mdl_form_of(run->ir, run->module) != row->from)
    MDL_BUG(session, "pass `%s` reads %s form, not %s form", row->name, mdl_form_name(row->from),
            mdl_form_name(mdl_form_of(run->ir, run->module)));
  MdlPass pass = {run->ir, run->module, mdl_symbols(run->ir, run->module), run->options, false};
  bool is_module = row->scope == MDL_SCOPE_module;
  if (!(is_module ? run_on_module : run_on_functions)(run, i, &pass)) return false;
  if (row->to != row->from) mdl_form_set(run->ir, run->module, row->to), run->whole = 0;
  if (pass.changed || row->to != row->from) verify(run, row);
  session->pass = NULL;
  *changed |= pass.changed;
  if (run->observer && run->observer->after)
    run->observer->after(run->observer->user, row->name, run->ir, run->module, now() - start);
  return true;
}

static Run run_make(MdlIr *ir, MlirOperation module, const MdlPassOptions *options,
                    const MdlPassObserver *observer)
{
  Run run = {.ir = ir, .module = module, .options = options, .observer = observer};
  run.print = mdl_map_create(ir->arena);
  for (int i = 0; i < ROWS; i++) run.done[i] = mdl_map_create(ir->arena);
  return run;
}

typedef struct Until {
  MdlForm form;
  const char *pass; /* or NULL */
} Until;

/* What a module has behind it (an input in loop form, say) is not run again. */
static bool runs_in(const Run *run, int i, const Until *until)
{
  return rows[i].to <= until->form && rows[i].opt <= run->options->opt &&
         rows[i].from >= mdl_form_of(run->ir, run->module);
}

/* Rows [from, to) once. *stop: the pass to stop after has run. */
static bool run_rows(Run *run, int from, int to, const Until *until, bool *changed, bool *stop)
{
  for (int i = from; i < to && !*stop; i++) {
    if (!runs_in(run, i, until)) continue;
    if (!run_row(run, i, changed)) return false;
    *stop = until->pass && !strcmp(until->pass, rows[i].name);
  }
  return true;
}

static bool repeat_rows(Run *run, int from, int to, const Until *until, bool *stop)
{
  for (int round = 0; round < MOST_ROUNDS; round++) {
    bool changed = false;
    if (!run_rows(run, from, to, until, &changed, stop)) return false;
    if (!changed || *stop) return true;
  }
  MDL_BUG(run->ir->session, "passes %s to %s never settle", rows[from].name, rows[to - 1].name);
}

bool mdl_pipeline_run(MdlIr *ir, MlirOperation module, const MdlPassOptions *options, MdlForm until,
                      const char *stop_after, const MdlPassObserver *observer)
{
  Run run = run_make(ir, module, options, observer);
  const Until end = {until, stop_after};
  bool changed = false, stop = false;
  int first = 0, last = ROWS; /* the repeated rows: [first, last) */
  while (first < ROWS && !rows[first].repeats) first++;
  while (last > first && !rows[last - 1].repeats) last--;
  if (!run_rows(&run, 0, first, &end, &changed, &stop)) return false;
  if (!stop && first < last && !repeat_rows(&run, first, last, &end, &stop)) return false;
  return run_rows(&run, last, ROWS, &end, &changed, &stop);
}

/* ---- by name ----------------------------------------------------------------------------- */

static bool no_such_pass(MdlIr *ir, const char *name)
{
  const char *known[ROWS], *best[3];
  for (int i = 0; i < ROWS; i++) known[i] = rows[i].name;
  MdlReport *report = mdl_error(ir->session, MDL_E0809, MDL_NO_SPAN, "pass", name);
  if (mdl_did_you_mean(ir->session, name, known, ROWS, best, 3))
    mdl_help(report, "did you mean `%s`?", best[0]);
  return false;
}

static bool run_named(Run *run, const char *name)
{
  const MdlPassInfo *row = mdl_pass_find(name);
  if (!row) return no_such_pass(run->ir, name);
  MdlForm form = mdl_form_of(run->ir, run->module);
  if (row->from != form) {
    mdl_error(run->ir->session, MDL_E0808, MDL_NO_SPAN, "run pass", row->name,
              mdl_text(run->ir->arena, "it reads %s form, the module is in %s form",
                       mdl_form_name(row->from), mdl_form_name(form)));
    return false;
  }
  bool changed = false;
  return run_row(run, (int)(row - rows), &changed);
}

bool mdl_passes_run(MdlIr *ir, MlirOperation module, const MdlPassOptions *options,
                    const char *names, const MdlPassObserver *observer)
{
  Run run = run_make(ir, module, options, observer);
  while (*names) {
    size_t length = strcspn(names, ",");
    const char *name = mdl_text_copy(ir->arena, names, length);
    if (length && !run_named(&run, name)) return false;
    names += length + (names[length] == ',');
  }
  return true;
}
