#include "compiler/job.h"

#include "codegen/llvm/llvm.h"
#include "compiler/output.h"
#include "compiler/sha256.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "logreg" out of "models/logreg.mdl"; other characters than letters and digits become `_`. */
static const char *name_of(MdlArena *arena, const char *path)
{
  const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
  const char *dot = strrchr(base, '.');
  char *name = mdl_text_copy(arena, base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
  for (char *c = name; *c; c++)
    if (!isalnum((unsigned char)*c)) *c = '_';
  return isdigit((unsigned char)*name) ? mdl_text(arena, "m%s", name) : name;
}

/* "x86_64" out of "x86_64-unknown-linux-gnu". */
static const char *arch_of(MdlArena *arena, const char *triple)
{
  return mdl_text_copy(arena, triple, strcspn(triple, "-"));
}

static bool is_arch(const char *arch)
{
  int count;
  const MdlMachine *machines = mdl_machines(&count);
  for (int i = 0; i < count; i++)
    if (!strcmp(machines[i].arch, arch)) return true;
  return false;
}

/* Every arch, or the processors of one arch. */
static const char *names_of(MdlArena *arena, const char *arch)
{
  int count;
  const MdlMachine *machines = mdl_machines(&count);
  const char *names = "";
  for (int i = 0; i < count; i++) {
    bool again = !arch && i && !strcmp(machines[i].arch, machines[i - 1].arch);
    if (again || (arch && strcmp(arch, machines[i].arch))) continue;
    names = mdl_text(arena, "%s%s%s", names, *names ? ", " : "",
                     arch ? machines[i].cpu : machines[i].arch);
  }
  return names;
}

/* Which verb each kind of target is for. */
static const struct {
  const char *verb, *help;
} xla_targets[] = {
    [MDL_TARGET_hlo] = {"run", "`--emit=stablehlo` writes it, `mdlc run --target=hlo` runs it"},
    [MDL_TARGET_tpu] = {"compile-check",
                        "`mdlc compile-check --target=tpu:v5e:2x2` compiles for a TPU"},
};

/* hlo or tpu:TOPOLOGY. XLA needs no machine of ours; first values of parameters are made here. */
static bool xla_target(MdlJob *job, const char *target)
{
  const char *colon = strchr(target, ':');
  job->target = colon ? MDL_TARGET_tpu : MDL_TARGET_hlo;
  job->topology = colon ? colon + 1 : NULL;
  const char *verb = xla_targets[job->target].verb;
  if (job->line->verb && !strcmp(job->line->verb, verb)) return true;
  mdl_help(mdl_error(job->session, MDL_E0809, MDL_NO_SPAN, "target", target), "%s",
           xla_targets[job->target].help);
  return false;
}

/* --emit=cuda names its target itself. */
static bool wants_cuda(const MdlCommandLine *line)
{
  for (int i = 0; i < line->given_count; i++)
    if (!strcmp(line->given[i].row->name, "emit") && !strcmp(line->given[i].value, "cuda"))
      return true;
  return false;
}

static bool choose_machine(MdlJob *job)
{
  MdlArena *arena = job->session->arena;
  const char *cpu = mdl_option(job->line, "cpu"), *target = mdl_option(job->line, "target");
  if (target && (!strcmp(target, "hlo") || !strncmp(target, "tpu:", 4))) {
    if (!xla_target(job, target)) return false;
    target = NULL;
  }
  if (!target && wants_cuda(job->line)) target = "nvptx64";
  const char *triple = target ? target : mdl_host_triple(arena);
  const char *arch = arch_of(arena, triple);
  bool native = cpu && !strcmp(cpu, "native") && !target;
  job->triple = target;
  job->options.machine = native ? mdl_machine_native() : mdl_machine_find(arch, cpu);
  if (job->options.machine) return true;
  bool known = is_arch(arch);
  MdlReport *report = mdl_error(job->session, MDL_E0809, MDL_NO_SPAN, known ? "cpu" : "target",
                                known ? cpu : triple);
  mdl_note(report, "%s: %s", known ? "processors" : "targets",
           names_of(arena, known ? arch : NULL));
  if (!known) mdl_help(report, "`--emit=c` needs none");
  return false;
}

/* A usage error unless the value is among the words of `allowed`. */
static bool one_of(MdlJob *job, const char *name, const char *spelled, const char *const *allowed)
{
  const char *value = mdl_option(job->line, name), *list = "";
  for (int i = 0; value && allowed[i]; i++) {
    if (!strcmp(value, allowed[i])) return true;
    if (*allowed[i])
      list = mdl_text(job->session->arena, "%s%s`%s`", list, *list ? ", " : "", allowed[i]);
  }
  if (!value) return true;
  mdl_help(mdl_error(job->session, MDL_E0810, MDL_NO_SPAN,
                     mdl_text(job->session->arena, "%s%s", spelled, value)),
           "one of %s", list);
  return false;
}

static bool read_level(MdlJob *job)
{
  static const char *const levels[] = {"", "0", "1", "2", "3", "s", NULL};
  const char *opt = mdl_option(job->line, "opt");
  if (!one_of(job, "opt", "-O", levels)) return false;
  job->options.size = opt && *opt == 's';
  job->options.opt = !opt || *opt == 's' ? 2 : *opt ? *opt - '0' : 1;
  return true;
}

static bool read_threads(MdlJob *job)
{
  const char *threads = mdl_option(job->line, "threads");
  char *end = NULL;
  long count = threads ? strtol(threads, &end, 10) : 1;
  job->options.threads = (int)count;
  if (count >= 1 && count <= 4096 && (!end || (!*end && end != threads))) return true;
  mdl_help(mdl_error(job->session, MDL_E0810, MDL_NO_SPAN,
                     mdl_text(job->session->arena, "--threads=%s", threads)),
           "a number from 1 to 4096");
  return false;
}

static bool read_max_arena(MdlJob *job)
{
  const char *text = mdl_option(job->line, "max_arena");
  char *end = NULL;
  if (!text) return true;
  errno = 0;
  job->options.max_arena = strtoll(text, &end, 10);
  if (!errno && !*end && job->options.max_arena > 0) return true;
  mdl_help(mdl_error(job->session, MDL_E0810, MDL_NO_SPAN,
                     mdl_text(job->session->arena, "-fmax-arena=%s", text)),
           "a number of bytes");
  return false;
}

/* --schedule=: a file of the session, for spans in it. */
static bool read_schedule(MdlJob *job)
{
  MdlSession *session = job->session;
  const char *path = mdl_option(job->line, "schedule"), *why = NULL;
  size_t length = 0;
  if (!path) return true;
  char *bytes = mdl_file_read(session->arena, path, session->limits.source, &length, &why);
  if (!bytes) return mdl_error(session, MDL_E0808, MDL_NO_SPAN, "read", path, why), false;
  job->options.schedule = 1 + mdl_file_add(session, path, bytes, length, false);
  return true;
}

bool mdl_job_open(MdlJob *job, MdlSession *session, const MdlCommandLine *line, bool any_c)
{
  static const char *const modes[] = {"clamp", "trap", NULL}, *const languages[] = {"mdl", "mlir",
                                                                                    NULL};
  static const char *const precisions[] = {"highest", "tf32", NULL};
  const char *precision = mdl_option(line, "matmul_precision");
  const char *checks = mdl_option(line, "checks"), *language = mdl_option(line, "language");
  *job = (MdlJob){.session = session, .line = line, .file = -1};
  job->language = language ? language : "mdl";
  if (!read_level(job) || !read_threads(job) || !read_max_arena(job)) return false;
  if (!read_schedule(job)) return false;
  if (!one_of(job, "checks", "--checks=", modes)) return false;
  if (!one_of(job, "matmul_precision", "--matmul-precision=", precisions)) return false;
  if (!one_of(job, "language", "-x ", languages)) return false;
  job->options.trap = checks ? !strcmp(checks, "trap") : line->verb && !strcmp(line->verb, "run");
  job->options.fast_math = mdl_option_on(line, "fast_math");
  job->options.tf32 = precision && !strcmp(precision, "tf32");
  job->options.debug = mdl_option_on(line, "debug");
  if (!any_c || mdl_option_on(line, "cpu") || mdl_option_on(line, "target"))
    return choose_machine(job);
  job->options.machine = mdl_machine_plain();
  return true;
}

void mdl_job_source(MdlJob *job, const char *path, const char *bytes, size_t length)
{
  MdlArena *arena = job->session->arena;
  const char *prefix = mdl_option(job->line, "prefix");
  mdl_sha256(bytes, length, job->sha256);
  job->path = path;
  job->name = name_of(arena, path);
  job->prefix = mdl_text(arena, "%s_", prefix ? prefix : job->name);
  job->file = mdl_file_add(job->session, path, bytes, length, false);
}

bool mdl_job_read(MdlJob *job, const char *path)
{
  size_t length = 0;
  const char *why = NULL;
  char *bytes =
      mdl_file_read(job->session->arena, path, job->session->limits.source, &length, &why);
  if (!bytes) return mdl_error(job->session, MDL_E0808, MDL_NO_SPAN, "read", path, why), false;
  mdl_job_source(job, strcmp(path, "-") ? path : "stdin", bytes, length);
  return true;
}

void mdl_job_close(MdlJob *job)
{
  if (!job->ir) return;
  if (!mdl_is_null(job->module)) mdl_module_destroy(job->module);
  mdl_ir_destroy(job->ir);
  job->ir = NULL;
}
