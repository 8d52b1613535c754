#include "compiler/compile_check.h"

#include "codegen/llvm/llvm.h"
#include "compiler/child.h"
#include "compiler/entry.h"
#include "compiler/output.h"
#include "compiler/plugin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- in the child ------------------------------------------------------------------------ */

typedef struct Task {
  const char *plugin, *topology;
  mdl_pjrt_source source;
  bool want_hlo;
} Task;

/* What the child sends: this, then the texts. It is the same program on both ends. */
typedef struct Answer {
  mdl_pjrt_status status;
  mdl_pjrt_report report;
  double seconds;
  size_t error, help, hlo; /* lengths of the texts */
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

static void check(void *user, FILE *out)
{
  const Task *task = user;
  Answer answer = {0};
  mdl_pjrt *pjrt = mdl_pjrt_create();
  set_environment();
  answer.status = pjrt ? mdl_pjrt_load(pjrt, task->plugin) : MDL_PJRT_MEMORY;
  double start = now();
  if (!answer.status)
    answer.status =
        mdl_pjrt_check(pjrt, &task->source, task->topology, task->want_hlo, &answer.report);
  answer.seconds = now() - start;
  const char *error = answer.status ? mdl_pjrt_error(pjrt) : "";
  const char *help = answer.status ? mdl_pjrt_help(pjrt) : "";
  const char *hlo = answer.report.hlo ? answer.report.hlo : "";
  answer.error = strlen(error), answer.help = strlen(help), answer.hlo = strlen(hlo);
  fwrite(&answer, sizeof answer, 1, out);
  fprintf(out, "%s%s%s", error, help, hlo);
}

/* ---- what came of it --------------------------------------------------------------------- */

typedef struct Checked {
  const char *entry, *hlo;
  double seconds;
  mdl_pjrt_report report;
} Checked;

static bool ended_badly(MdlJob *job, const MdlChild *child, double limit)
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
  if (*child->log) mdl_note(report, "it wrote: %s", child->log);
  return false;
}

static bool take(MdlJob *job, const MdlChild *child, double limit, Checked *checked)
{
  MdlArena *arena = job->session->arena;
  Answer answer;
  if (child->late || child->length < sizeof answer) return ended_badly(job, child, limit);
  memcpy(&answer, child->bytes, sizeof answer);
  const char *at = child->bytes + sizeof answer;
  if (child->length != sizeof answer + answer.error + answer.help + answer.hlo)
    return ended_badly(job, child, limit);
  const char *error = mdl_text_copy(arena, at, answer.error);
  const char *help = mdl_text_copy(arena, at + answer.error, answer.help);
  checked->hlo = mdl_text_copy(arena, at + answer.error + answer.help, answer.hlo);
  checked->report = answer.report;
  checked->seconds = answer.seconds;
  if (answer.status) mdl_plugin_report(job, answer.status, error, help);
  return !answer.status;
}

static bool check_entry(MdlJob *job, MlirOperation entry, double limit, Checked *checked)
{
  MdlXlaProgram program;
  MdlChild child;
  checked->entry = mdl_signature_read(job->ir, entry)->entry;
  if (!mdl_xla_program(job, entry, NULL, NULL, &program)) return false;
  Task task = {.plugin = mdl_plugin_path(job, "TPU_LIBRARY_PATH", "libtpu.so"),
               .topology = job->topology,
               .source = mdl_xla_source(&program),
               .want_hlo = mdl_option_on(job->line, "output")};
  bool made = mdl_child_run(job->session->arena, check, &task, limit, &child);
  if (!made) mdl_error(job->session, MDL_E0808, MDL_NO_SPAN, "start", "a process", strerror(errno));
  mdl_xla_close(&program);
  return made && take(job, &child, limit, checked);
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
         "\"temporary_bytes\": %lld, \"flops\": %.17g, \"fusions\": %lld, \"seconds\": %.3f}\n",
         checked->entry, job->topology, (long long)r->code_bytes, (long long)r->peak_bytes,
         (long long)r->argument_bytes, (long long)r->result_bytes, (long long)r->alias_bytes,
         (long long)r->temporary_bytes, r->flops, (long long)r->fusions, checked->seconds);
}

/* -o: the optimised programs, one after the other. */
static bool write_hlo(const MdlJob *job, const char *text)
{
  const char *path = mdl_option(job->line, "output"), *why;
  if (!path) return true;
  if (mdl_file_write(job->session->arena, path, text, strlen(text), &why)) return true;
  return mdl_error(job->session, MDL_E0808, MDL_NO_SPAN, "write", path, why), false;
}

static bool check_file(MdlJob *job, const char *name, double limit)
{
  MlirOperation *entry;
  int count;
  const char *hlo = "";
  if (!mdl_job_front(job) || mdl_error_count(job->session)) return false;
  if (!mdl_entries_named(job, name, &entry, &count) || !mdl_job_passes(job, MDL_FORM_mdl))
    return false;
  for (int i = 0; i < count; i++) {
    Checked checked = {0};
    if (!check_entry(job, entry[i], limit, &checked)) return false;
    hlo = mdl_text(job->session->arena, "%s%s", hlo, checked.hlo);
    mdl_option_on(job->line, "json") ? print_json(job, &checked) : print_text(job, &checked);
  }
  return write_hlo(job, hlo);
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
