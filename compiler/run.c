#include "compiler/run.h"

#include "codegen/llvm/llvm.h"
#include "compiler/args.h"
#include "compiler/call.h"
#include "compiler/entry.h"
#include "compiler/show.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- which entry ------------------------------------------------------------------------- */

static bool is_name(const char *word)
{
  if (!isalpha((unsigned char)*word) && *word != '_') return false;
  for (; *word; word++)
    if (!isalnum((unsigned char)*word) && *word != '_') return false;
  return true;
}

static bool is_value(const char *word)
{
  static const char *const words[] = {"true", "false", "nan", "inf"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strcmp(word, words[i])) return true;
  return !is_name(word);
}

static bool is_entry(MdlJob *job, const char *word)
{
  MlirOperation *entries;
  int count = mdl_entries(job->ir, job->module, &entries);
  for (int i = 0; i < count; i++)
    if (!strcmp(mdl_signature_read(job->ir, entries[i])->entry, word)) return true;
  return false;
}

/* The entry that the first word names, or the only one. Steps over the word. */
static bool choose_entry(MdlJob *job, int *words, const char ***word, MlirOperation *entry)
{
  bool named = *words && (is_entry(job, **word) || !is_value(**word));
  if (!mdl_entry_named(job, named ? **word : NULL, entry)) return false;
  *word += named, *words -= named;
  return true;
}

/* ---- running ----------------------------------------------------------------------------- */

static MdlExit check_failed(MdlJob *job, const char *failure)
{
  if (mdl_option_on(job->line, "json")) fputs(failure, stdout);
  return MDL_EXIT_check;
}

static MdlExit run_entry(MdlJob *job, const char *name, MdlArgs *args)
{
  MdlCall call = {0};
  MlirOperation entry;
  mdl_call_find(job, name, &entry);
  if (!mdl_args_bind(args))
    return args->failure ? check_failed(job, args->failure) : MDL_EXIT_program;
  if (!mdl_guards_hold(args, &call)) return check_failed(job, mdl_call_report(args, &call));
  if (!mdl_args_fill(args) || !mdl_args_init(args, job)) return MDL_EXIT_program;
  bool called = job->target == MDL_TARGET_hlo ? mdl_call_hlo(job, entry, args, &call)
                                              : mdl_call(job, entry, args, &call);
  if (!called) return MDL_EXIT_program;
  if (call.status) return check_failed(job, mdl_call_report(args, &call));
  bool json = mdl_option_on(job->line, "json");
  fputs(json ? mdl_show_json(args) : mdl_show_text(args), stdout);
  return MDL_EXIT_ok;
}

static MdlExit run_file(MdlJob *job, int words, const char **word)
{
  MlirOperation entry = {NULL};
  MdlArgs args;
  if (!mdl_job_front(job) || mdl_error_count(job->session)) return MDL_EXIT_program;
  if (!choose_entry(job, &words, &word, &entry)) return MDL_EXIT_program;
  const MdlSignature *signature = mdl_signature_read(job->ir, entry);
  MdlExit code = MDL_EXIT_program;
  if (mdl_args_read(&args, job->session, signature, mdl_option(job->line, "args"), words, word) &&
      mdl_job_passes(job, job->target == MDL_TARGET_hlo ? MDL_FORM_mdl : MDL_FORM_loops))
    code = run_entry(job, signature->entry, &args);
  mdl_args_close(&args);
  return code;
}

MdlExit mdl_run(MdlSession *session, const MdlCommandLine *line)
{
  MdlJob job;
  if (!line->input_count) {
    mdl_error(session, MDL_E0812, MDL_NO_SPAN, "0");
    return MDL_EXIT_usage;
  }
  if (!mdl_job_open(&job, session, line, false)) return MDL_EXIT_usage;
  MdlExit code = MDL_EXIT_program;
  if (mdl_job_read(&job, line->input[0]))
    code = run_file(&job, line->input_count - 1, line->input + 1);
  mdl_job_close(&job);
  return code;
}
