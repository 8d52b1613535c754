#include "compiler/command.h"

#include "compiler/compile_check.h"
#include "compiler/output.h"
#include "compiler/outputs.h"
#include "compiler/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- reports ----------------------------------------------------------------------------- */

static bool wants_colour(const MdlCommandLine *line)
{
  const char *when = mdl_option(line, "colour"), *no = getenv("NO_COLOR");
  if (when && strcmp(when, "auto")) return !strcmp(when, "always");
  return isatty(STDERR_FILENO) && !(no && *no);
}

static bool set_warnings(MdlSession *session, const MdlCommandLine *line)
{
  bool good = true;
  for (int i = 0; i < line->given_count; i++) {
    const char *flag = line->given[i].value, *option = line->given[i].row->name;
    bool error = !strcmp(option, "werror_one");
    if (strcmp(option, "warning") && !error) continue;
    bool off = !error && !strncmp(flag, "no-", 3);
    if (mdl_warning_set(session, flag + (off ? 3 : 0), !off, error)) continue;
    mdl_help(mdl_error(session, MDL_E0810, MDL_NO_SPAN,
                       mdl_text(session->arena, "%s%s", line->given[i].row->text, flag)),
             "`mdlc --list-errors` lists the warnings");
    good = false;
  }
  return good;
}

bool mdl_command_diagnostics(MdlSession *session, const MdlCommandLine *line)
{
  MdlDiagOptions *o = mdl_diag_options(session);
  const char *format = mdl_option(line, "diagnostics"), *limit = mdl_option(line, "error_limit");
  o->format = format && !strcmp(format, "json") ? MDL_DIAG_json : MDL_DIAG_text;
  o->colour = wants_colour(line);
  o->no_warnings = mdl_option_on(line, "no_warnings");
  o->warnings_are_errors = mdl_option_on(line, "werror");
  if (limit && (atoi(limit) > 0 || !strcmp(limit, "0"))) session->limits.errors = atoi(limit);
  if (!format || o->format == MDL_DIAG_json || !strcmp(format, "text"))
    return set_warnings(session, line);
  mdl_help(mdl_error(session, MDL_E0810, MDL_NO_SPAN,
                     mdl_text(session->arena, "--diagnostics=%s", format)),
           "one of `text`, `json`");
  return false;
}

/* ---- compiling --------------------------------------------------------------------------- */

/* --fix: the input again, with every exact fix in it. */
static void write_fixes(MdlJob *job)
{
  size_t length;
  const char *why, *text = mdl_fixed_text(job->session, job->file, &length);
  if (text && !mdl_file_write(job->session->arena, job->path, text, length, &why))
    mdl_error(job->session, MDL_E0808, MDL_NO_SPAN, "write", job->path, why);
}

static MdlExit compile(MdlSession *session, const MdlCommandLine *line)
{
  MdlJob job;
  MdlOutputs outputs;
  if (line->input_count != 1) {
    mdl_error(session, MDL_E0812, MDL_NO_SPAN, mdl_text(session->arena, "%d", line->input_count));
    return MDL_EXIT_usage;
  }
  if (!mdl_outputs_choose(session, line, &outputs)) return MDL_EXIT_usage;
  if (!mdl_job_open(&job, session, line, mdl_outputs_are_c(&outputs))) return MDL_EXIT_usage;
  bool good = mdl_job_read(&job, line->input[0]) && mdl_outputs_make(&job, &outputs) &&
              mdl_outputs_write(&job, &outputs);
  if (job.file >= 0 && mdl_option_on(line, "fix")) write_fixes(&job);
  mdl_job_close(&job);
  return good && !mdl_error_count(session) ? MDL_EXIT_ok : MDL_EXIT_program;
}

/* So that a mistake on the command line itself comes in the format that it asks for. */
static void set_format(MdlSession *session, int argc, char **argv)
{
  for (int i = 1; i < argc; i++)
    if (!strcmp(argv[i], "--diagnostics=json")) mdl_diag_options(session)->format = MDL_DIAG_json;
}

MdlExit mdl_command(MdlSession *session, int argc, char **argv)
{
  MdlCommandLine line;
  set_format(session, argc, argv);
  if (!mdl_command_line_read(session, argc, argv, &line)) return MDL_EXIT_usage;
  if (!mdl_command_diagnostics(session, &line)) return MDL_EXIT_usage;
  const char *text = mdl_answer(session, &line);
  if (mdl_error_count(session)) return MDL_EXIT_usage;
  if (!text)
    return !line.verb                  ? compile(session, &line)
           : !strcmp(line.verb, "run") ? mdl_run(session, &line)
                                       : mdl_compile_check(session, &line);
  fputs(text, stdout);
  return fflush(stdout) ? MDL_EXIT_program : MDL_EXIT_ok;
}
