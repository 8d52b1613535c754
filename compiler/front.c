/* The front half of a job: source text, or MLIR text, to a module. */
#include "compiler/job.h"
#include "compiler/output.h"
#include "ir/signature.h"

#include <stdlib.h>
#include <string.h>

/* In mdl form an entry has an argument for each leaf that comes in, of the leaf's type, and a result
 * for each that goes out. */
static void check_entry(MdlJob *job, MlirOperation entry)
{
  const MdlSignature *s = mdl_signature_read(job->ir, entry);
  int args = 0, results = 0;
  for (int i = 0; i < s->params; i++) {
    args += s->param[i].role != MDL_ROLE_out ? s->param[i].leaves : 0;
    results += s->param[i].role != MDL_ROLE_in ? s->param[i].leaves : 0;
  }
  if (mdl_func_args(entry) != args || mdl_func_results(entry) != results)
    MDL_BUG(job->session, "entry `%s` is not as its signature says", s->entry);
}

static bool read_mlir(MdlJob *job)
{
  const MdlFile *file = &job->session->files[job->file];
  job->session->foreign = job->path;
  job->ir = mdl_ir_create(job->session);
  job->module = mdl_parse_mlir(job->ir, file->bytes, file->length);
  const char *why =
      mdl_is_null(job->module) ? mdl_ir_said(job->ir) : mdl_verify(job->ir, job->module);
  MlirOperation *entry;
  int entries = why || mdl_op_has(job->module, "mdl.form")
                    ? 0
                    : mdl_entries(job->ir, job->module, &entry);
  for (int i = 0; i < entries; i++) check_entry(job, entry[i]);
  if (!why) return true;
  mdl_note(mdl_error(job->session, MDL_E0808, MDL_NO_SPAN, "read", job->path,
                     "it is no MLIR that mdlc knows"),
           "%s", why);
  return false;
}

/* -DNAME=N: the sizes that are set from outside. */
static bool read_sizes(MdlJob *job, MdlFrontendOptions *options)
{
  const MdlCommandLine *line = job->line;
  options->define = MDL_NEW(job->session->arena, MdlDefine, (size_t)line->given_count + 1);
  for (int i = 0; i < line->given_count; i++) {
    if (strcmp(line->given[i].row->name, "define")) continue;
    const char *text = line->given[i].value, *equal = strchr(text, '=');
    char *end = NULL;
    long long value = equal ? strtoll(equal + 1, &end, 10) : -1;
    if (!equal || end == equal + 1 || *end || value < 0) {
      mdl_help(mdl_error(job->session, MDL_E0805, MDL_NO_SPAN, text, "no size"),
               "a size is a whole number: `-DN=4`");
      return false;
    }
    MdlDefine *define = &options->define[options->defines++];
    define->name = mdl_intern(job->session->arena, text, (size_t)(equal - text));
    define->value = value;
  }
  return true;
}

/* An imported module: beside the importing program, then in each -I. */
static int load_module(void *user, MdlSession *session, const char *path)
{
  const MdlJob *job = user;
  MdlArena *arena = session->arena;
  if (job->load) return job->load(job->load_user, session, path);
  const char *slash = strrchr(job->path, '/'), *why;
  size_t length;
  const char *found =
      slash ? mdl_text(arena, "%.*s/%s", (int)(slash - job->path), job->path, path) : path;
  char *bytes = mdl_file_read(arena, found, session->limits.source, &length, &why);
  for (int i = 0; !bytes && i < job->line->given_count; i++) {
    if (strcmp(job->line->given[i].row->name, "include")) continue;
    found = mdl_text(arena, "%s/%s", job->line->given[i].value, path);
    bytes = mdl_file_read(arena, found, session->limits.source, &length, &why);
  }
  return bytes ? mdl_file_add(session, found, bytes, length, false) : -1;
}

bool mdl_job_front(MdlJob *job)
{
  if (!strcmp(job->language, "mlir")) return read_mlir(job);
  MdlFrontendOptions options = {.module = job->name, .prefix = job->prefix, .source = job->path};
  options.load = load_module;
  options.user = job;
  options.trap = job->options.trap;
  if (!read_sizes(job, &options)) return false;
  MdlProgram *program = mdl_frontend_check(job->session, job->file, &options);
  if (!program) return false;
  if (mdl_option_on(job->line, "syntax_only") && !mdl_program_entries(program)) return true;
  job->ir = mdl_ir_create(job->session);
  job->module = mdl_frontend_lower(job->ir, program);
  if (mdl_is_null(job->module)) return false;
  const char *why = mdl_verify(job->ir, job->module);
  if (why) MDL_BUG(job->session, "the front end made wrong IR: %s", why);
  return true;
}
