#include "compiler/compile_check.h"

#include "codegen/llvm/llvm.h"
#include "compiler/child.h"
#include "compiler/entry.h"
#include "compiler/output.h"
#include "compiler/plugin.h"
#include "compiler/tpu_limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- in the child ------------------------------------------------------------------------ */

typedef struct Task {
  const char *plugin, *topology;
  bool want_hlo;
  int count;
  MdlXlaProgram *program; /* one an entry */
} Task;

/* What the child sends: this, then the texts. It is the same program on both ends. */
typedef struct Answer {
  mdl_pjrt_status status;
  mdl_pjrt_report report;
  double seconds, cpu_seconds; /* the latter of all threads */
  size_t error, help, hlo;     /* lengths of the texts */
} Answer;

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* libtpu asks a server for the machine that it runs on, for minutes, unless it is told not to; and
 * takes a lock for a machine that is not there. */
static void set_environment(void)
{
  static const char *const settings[][2] = {{"TPU_SKIP_MDS_QUERY", "1"},
                                            {"TPU_WORKER_HOSTNAMES", "localhost"},
                                            {"ALLOW_MULTIPLE_LIBTPU_LOAD", "1"},
                                            {"TF_CPP_MIN_LOG_LEVEL", "3"}};
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    setenv(settings[i][0], settings[i][1], 0);
}

static void check_one(const Task *task, mdl_pjrt *pjrt, mdl_pjrt_status status, int i, FILE *out)
{
  Answer answer = {.status = status};
  const mdl_pjrt_source source = mdl_xla_source(&task->program[i]);
  double start = now();
  clock_t cpu = clock();
  if (!status)
    answer.status = mdl_pjrt_check(pjrt, &source, task->topology, task->want_hlo, &answer.report);
  answer.seconds = now() - start;
  answer.cpu_seconds = (double)(clock() - cpu) / CLOCKS_PER_SEC;
  const char *error = answer.status ? mdl_pjrt_error(pjrt) : "";
  const char *help = answer.status ? mdl_pjrt_help(pjrt) : "";
  const char *hlo = answer.report.hlo ? answer.report.hlo : "";
  answer.error = strlen(error), answer.help = strlen(help), answer.hlo = strlen(hlo);
  fwrite(&answer, sizeof answer, 1, out);
  fprintf(out, "%s%s%s", error, help, hlo);
  fflush(out);
  mdl_pjrt_report_free(&answer.report);
}

static void check(void *user, FILE *out)
{
  const Task *task = user;
  mdl_pjrt *pjrt = mdl_pjrt_create();
  set_environment();
  mdl_pjrt_status status = pjrt ? mdl_pjrt_load(pjrt, task->plugin) : MDL_PJRT_MEMORY;
  for (int i = 0; i < (status ? 1 : task->count); i++) check_one(task, pjrt, status, i, out);
}

/* ---- what came of it --------------------------------------------------------------------- */

typedef struct Checked {
  bool done;
  const char *entry, *hlo;
  double seconds, cpu_seconds;
  mdl_pjrt_report report;
} Checked;

static void ended_badly(MdlJob *job, const char *entry, const MdlChild *child, double limit)
{
  MdlArena *arena = job->session->arena;
  MdlReport *report;
  if (child->late) {
    report = mdl_error(job->session, MDL_E0826, MDL_NO_SPAN, mdl_text(arena, "%g", limit));
    mdl_help(report, "`--time-limit=%g`", 10 * limit);
  } else {
    const char *how = child->signal ? mdl_text(arena, "signal %d", child->signal) : "no answer";
    report = mdl_error(job->session, MDL_E0823, MDL_NO_SPAN,
                       mdl_text(arena, "its process ended with %s", how));
  }
  mdl_note(report, "in entry `%s`", entry);
  if (*child->log) mdl_note(report, "it wrote: %s", child->log);
}

/* One entry's answer, and steps over it; false if it did not come whole. */
static bool take(MdlJob *job, const char **at, const char *end, Checked *checked)
{
  MdlArena *arena = job->session->arena;
  Answer answer;
  if ((size_t)(end - *at) < sizeof answer) return false;
  memcpy(&answer, *at, sizeof answer);
  const char *text = *at + sizeof answer;
  if ((size_t)(end - text) < answer.error + answer.help + answer.hlo) return false;
  const char *error = mdl_text_copy(arena, text, answer.error);
  const char *help = mdl_text_copy(arena, text + answer.error, answer.help);
  *at = text + answer.error + answer.help + answer.hlo;
  checked->hlo = mdl_text_copy(arena, *at - answer.hlo, answer.hlo);
  checked->report = answer.report;
  checked->seconds = answer.seconds;
  checked->cpu_seconds = answer.cpu_seconds;
  checked->done = !answer.status;
  if (answer.status == MDL_PJRT_PROGRAM)
    mdl_note(mdl_plugin_report(job, answer.status, error, help), "in entry `%s`", checked->entry);
  else if (answer.status)
    mdl_plugin_report(job, answer.status, error, help);
  return true;
}

/* All of them in one child: the plugin takes longer to load than a program to compile. */
static void check_all(MdlJob *job, const Task *task, double limit, Checked *checked)
{
  MdlChild child;
  if (!mdl_child_run(job->session->arena, check, (void *)(uintptr_t)task, limit * task->count,
                     &child)) {
    mdl_error(job->session, MDL_E0808, MDL_NO_SPAN, "start", "a process", strerror(errno));
    return;
  }
  const char *at = child.bytes, *end = at + child.length;
  for (int i = 0; i < task->count; i++) {
    bool whole = take(job, &at, end, &checked[i]);
    if (!whole && !mdl_error_count(job->session))
      ended_badly(job, checked[i].entry, &child, limit * task->count);
    if (!whole) return;
  }
}

/* ---- printing ---------------------------------------------------------------------------- */

static const char *amount(MdlArena *arena, int64_t bytes)
{
  static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
  double value = (double)bytes;
  int unit = 0;
  for (; unit < 3 && value >= 1024; unit++) value /= 1024;
  return mdl_text(arena, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void print_text(const MdlJob *job, const Checked *checked)
{
  MdlArena *arena = job->session->arena;
  const mdl_pjrt_report *r = &checked->report;
  printf("%s for %s\n", checked->entry, job->topology);
  printf("  code         %s\n", amount(arena, r->code_bytes));
  printf("  peak memory  %s\n", amount(arena, r->peak_bytes));
  printf("               arguments %s, results %s (%s of them in arguments), temporaries %s\n",
         amount(arena, r->argument_bytes), amount(arena, r->result_bytes),
         amount(arena, r->alias_bytes), amount(arena, r->temporary_bytes));
  if (r->flops >= 0) printf("  work         %.4g FLOPs\n", r->flops);
  if (r->fusions >= 0) printf("  fusions      %lld\n", (long long)r->fusions);
  printf("  compiled in  %.2f s\n", checked->seconds);
}

static void print_json(const MdlJob *job, const Checked *checked)
{
  const mdl_pjrt_report *r = &checked->report;
  printf("{\"entry\": \"%s\", \"topology\": \"%s\", \"code_bytes\": %lld, \"peak_bytes\": %lld, "
         "\"argument_bytes\": %lld, \"result_bytes\": %lld, \"alias_bytes\": %lld, "
         "\"temporary_bytes\": %lld, \"flops\": %.17g, \"fusions\": %lld, \"seconds\": %.3f, "
         "\"cpu_seconds\": %.3f}\n",
         checked->entry, job->topology, (long long)r->code_bytes, (long long)r->peak_bytes,
         (long long)r->argument_bytes, (long long)r->result_bytes, (long long)r->alias_bytes,
         (long long)r->temporary_bytes, r->flops, (long long)r->fusions, checked->seconds,
         checked->cpu_seconds);
}

/* -o: the optimised programs, one after the other. */
static void write_hlo(const MdlJob *job, const char *text)
{
  const char *path = mdl_option(job->line, "output"), *why;
  if (path && !mdl_file_write(job->session->arena, path, text, strlen(text), &why))
    mdl_error(job->session, MDL_E0808, MDL_NO_SPAN, "write", path, why);
}

static void print_all(MdlJob *job, int count, const Checked *checked)
{
  const char *hlo = "";
  for (int i = 0; i < count; i++) {
    if (!checked[i].done) continue;
    hlo = mdl_text(job->session->arena, "%s%s%s", hlo, *hlo ? "\n" : "", checked[i].hlo);
    if (mdl_option_on(job->line, "json"))
      print_json(job, &checked[i]);
    else
      print_text(job, &checked[i]);
  }
  if (!mdl_error_count(job->session)) write_hlo(job, hlo);
}

static bool check_file(MdlJob *job, const char *name, double limit)
{
  MdlArena *arena = job->session->arena;
  MlirOperation *entry;
  Task task = {.topology = job->topology, .want_hlo = mdl_option_on(job->line, "output")};
  if (!mdl_job_front(job) || mdl_error_count(job->session) || !mdl_job_passes(job, MDL_FORM_mdl) ||
      !mdl_entries_named(job, name, &entry, &task.count))
    return false;
  task.plugin = mdl_plugin_path(job, "TPU_LIBRARY_PATH", "libtpu.so");
  task.program = MDL_NEW(arena, MdlXlaProgram, (size_t)task.count);
  Checked *checked = MDL_NEW(arena, Checked, (size_t)task.count);
  bool made = true;
  for (int i = 0; i < task.count; i++) {
    mdl_tpu_limits(job, entry[i]);
    checked[i].entry = mdl_signature_read(job->ir, entry[i])->entry;
    made = mdl_xla_program(job, entry[i], NULL, NULL, &task.program[i]) && made;
  }
  if (made) check_all(job, &task, limit, checked);
  for (int i = 0; i < task.count; i++) mdl_xla_close(&task.program[i]);
  print_all(job, task.count, checked);
  return !mdl_error_count(job->session);
}

/* ---- the command ------------------------------------------------------------------------- */

static bool read_limit(MdlJob *job, double *limit)
{
  const char *text = mdl_option(job->line, "time_limit");
  char *end = NULL;
  *limit = text ? strtod(text, &end) : 300;
  if (*limit > 0 && *limit <= 1e6 && (!end || (end != text && !*end))) return true;
  mdl_help(mdl_error(job->session, MDL_E0810, MDL_NO_SPAN,
                     mdl_text(job->session->arena, "--time-limit=%s", text)),
           "seconds, such as `--time-limit=300`");
  return false;
}

static bool read_line(MdlJob *job, double *limit)
{
  int count = job->line->input_count;
  if (count < 1 || count > 2) {
    mdl_error(job->session, MDL_E0812, MDL_NO_SPAN, mdl_text(job->session->arena, "%d", count));
    return false;
  }
  if (job->target == MDL_TARGET_tpu && *job->topology) return read_limit(job, limit);
  const char *target = mdl_option(job->line, "target");
  mdl_help(mdl_error(job->session, MDL_E0809, MDL_NO_SPAN, "target",
                     target ? target : mdl_host_triple(job->session->arena)),
           "`--target=tpu:v5e:2x2`: a generation (v4, v5e, v5p, v6e, tpu7x), and the chips along "
           "each axis");
  return false;
}

MdlExit mdl_compile_check(MdlSession *session, const MdlCommandLine *line)
{
  MdlJob job;
  double limit;
  if (!mdl_job_open(&job, session, line, false) || !read_line(&job, &limit)) return MDL_EXIT_usage;
  const char *name = line->input_count > 1 ? line->input[1] : NULL;
  bool good = mdl_job_read(&job, line->input[0]) && check_file(&job, name, limit);
  mdl_job_close(&job);
  return good && !mdl_error_count(session) ? MDL_EXIT_ok : MDL_EXIT_program;
}
