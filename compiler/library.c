/* libmdlc: see mdlc.h. */
#include "compiler/command.h"
#include "compiler/link.h"
#include "compiler/mdlc.h"
#include "compiler/outputs.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

struct mdlc_result {
  int status;
  MdlSession *session; /* owns the bytes */
  MdlOutputs outputs;
};

static void report(void *user, const char *bytes, size_t length)
{
  const mdlc_request *request = user;
  if (request->report) request->report(request->user, bytes, length);
}

static int load(void *user, MdlSession *session, const char *path)
{
  const mdlc_request *request = user;
  size_t length = 0;
  const char *text = request->load ? request->load(request->user, path, &length) : NULL;
  return text ? mdl_file_add(session, path, text, length, false) : -1;
}

static bool read_line(const mdlc_request *request, MdlSession *session, MdlCommandLine *line)
{
  char **words = MDL_NEW(session->arena, char *, (size_t)request->option_count + 2);
  words[0] = mdl_text(session->arena, "mdlc");
  for (int i = 0; i < request->option_count; i++)
    words[i + 1] = mdl_text(session->arena, "%s", request->options[i]);
  if (!mdl_command_line_read(session, request->option_count + 1, words, line)) return false;
  if (!line->verb && !line->input_count) return mdl_command_diagnostics(session, line);
  mdl_help(mdl_error(session, MDL_E0810, MDL_NO_SPAN, line->verb ? line->verb : line->input[0]),
           "the source is given in memory");
  return false;
}

static int make(const mdlc_request *request, mdlc_result *result, MdlJob *job)
{
  MdlSession *session = result->session;
  MdlOutputs *outputs = &result->outputs;
  MdlCommandLine line;
  if (!read_line(request, session, &line)) return MDLC_USAGE;
  if (!mdl_outputs_choose(session, &line, outputs)) return MDLC_USAGE;
  if (!mdl_job_open(job, session, &line, mdl_outputs_are_c(outputs))) return MDLC_USAGE;
  job->load = load;
  job->load_user = (void *)(uintptr_t)request;
  if (request->length > session->limits.source) {
    mdl_error(session, MDL_E0808, MDL_NO_SPAN, "read", request->name, "it is too large");
    return MDLC_PROGRAM;
  }
  mdl_job_source(job, request->name, request->source, request->length);
  bool good = mdl_outputs_make(job, outputs);
  for (int i = 0; good && i < outputs->count; i++)
    if (outputs->item[i].emit == MDL_EMIT_shared)
      good = mdl_link_shared(session, &outputs->item[i].bytes, &outputs->item[i].length);
  mdl_job_close(job);
  return good && !mdl_error_count(session) ? MDLC_OK : MDLC_PROGRAM;
}

/* A mistake of ours comes back here; its IR is in an unknown state, and left alone. */
static int make_safely(const mdlc_request *request, mdlc_result *result)
{
  jmp_buf bug;
  MdlJob job;
  result->session->on_bug = &bug;
  if (!setjmp(bug)) return make(request, result, &job);
  return mdl_bug_status(result->session);
}

mdlc_result *mdlc_compile(const mdlc_request *request)
{
  mdlc_result *result = calloc(1, sizeof *result);
  if (!result) return NULL;
  result->session = mdl_session_create();
  result->status = make_safely(request, result);
  if (result->status) result->outputs.count = 0;
  result->session->on_bug = NULL;
  mdl_diag_flush(result->session, report, (void *)(uintptr_t)request,
                 mdl_diag_options(result->session)->format == MDL_DIAG_json, result->status);
  return result;
}

int mdlc_status(const mdlc_result *result) { return result->status; }
int mdlc_output_count(const mdlc_result *result) { return result->outputs.count; }

const char *mdlc_output_kind(const mdlc_result *result, int i)
{
  return mdl_emit_info(result->outputs.item[i].emit)->name;
}

const void *mdlc_output(const mdlc_result *result, int i, size_t *length)
{
  *length = result->outputs.item[i].length;
  return result->outputs.item[i].bytes;
}

void mdlc_free(mdlc_result *result)
{
  if (!result) return;
  mdl_session_destroy(result->session);
  free(result);
}

const char *mdlc_version(void) { return MDLC_VERSION; }
