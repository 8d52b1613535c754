#include "compiler/plugin.h"

#include "codegen/hlo/hlo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the program ------------------------------------------------------------------------- */

bool mdl_xla_program(MdlJob *job, MlirOperation entry, MdlSizeValueFn *size_of, void *user,
                     MdlXlaProgram *program)
{
  MdlHloOptions options = {.form = MDL_HLO_stablehlo, .size_of = size_of, .user = user};
  *program = (MdlXlaProgram){.io.status = -1};
  program->text = mdl_hlo_entry(job->ir, job->module, entry, &options);
  if (!program->text) return false;
  const char *manifest = mdl_hlo_manifest(job->ir, job->module, 1, &entry, &options);
  if (!manifest) return false;
  const char *why = mdl_pjrt_manifest_read(manifest, strlen(manifest), NULL, &program->io);
  if (why) MDL_BUG(job->session, "our own manifest: %s", why);
  return true;
}

void mdl_xla_close(MdlXlaProgram *program) { mdl_pjrt_interface_free(&program->io); }

mdl_pjrt_source mdl_xla_source(const MdlXlaProgram *program)
{
  return (mdl_pjrt_source){
      .code = program->text, .length = strlen(program->text), .format = "mlir", .io = &program->io};
}

enum { MOST_NOTES = 4 };

/* ---- the plugin -------------------------------------------------------------------------- */

const char *mdl_plugin_path(MdlJob *job, const char *variable, const char *otherwise)
{
  const char *given = mdl_option(job->line, "pjrt"), *named = getenv(variable);
  if (given) return given;
  if (named && *named) return named;
  if (otherwise) return otherwise;
  mdl_help(mdl_error(job->session, MDL_E0821, MDL_NO_SPAN, "none is named"),
           "`--pjrt=PLUGIN.so`, or %s=PLUGIN.so in the environment; `pip install xla-cpu-pjrt` has "
           "one for CPUs",
           variable);
  return NULL;
}

static MdlCode code_of(mdl_pjrt_status status)
{
  switch (status) {
  case MDL_PJRT_ABSENT:
  case MDL_PJRT_NO_FILE:
  case MDL_PJRT_NO_PLUGIN:
    return MDL_E0821;
  case MDL_PJRT_VERSION:
    return MDL_E0822;
  case MDL_PJRT_PROGRAM:
  case MDL_PJRT_MISMATCH:
    return MDL_E0824;
  case MDL_PJRT_TOPOLOGY:
    return MDL_E0825;
  case MDL_PJRT_START:
  case MDL_PJRT_RUN:
  case MDL_PJRT_MEMORY:
  case MDL_PJRT_OK:
    break;
  }
  return MDL_E0823;
}

/* source_file="net.mdl" source_line=3: the line's place, as TPU compilers write it. */
static MdlSpan find_line(const MdlSession *session, const char *text)
{
  for (int i = 0; i < session->file_count; i++) {
    const MdlFile *file = &session->files[i];
    const char *wanted = mdl_text(session->arena, "source_file=\"%s\" source_line=", file->path);
    const char *at = strstr(text, wanted);
    if (!at) continue;
    int line = atoi(at + strlen(wanted)), column = 1;
    const char *named = strstr(at, "source_column=");
    if (named) column = atoi(named + strlen("source_column="));
    uint32_t start = mdl_byte_of(session, i, line, column);
    return (MdlSpan){i, start, start + 1};
  }
  return MDL_NO_SPAN;
}

/* "net.mdl:3:7: error: what": a place in a file of the session, and steps over it. */
static MdlSpan take_place(const MdlSession *session, const char **text)
{
  for (int i = 0; i < session->file_count; i++) {
    const MdlFile *file = &session->files[i];
    size_t length = strlen(file->path);
    int line, column, end = 0;
    const char *at = *text + length;
    if (strncmp(*text, file->path, length) ||
        sscanf(at, ":%d:%d: error: %n", &line, &column, &end) != 2 || !end)
      continue;
    *text = at + end;
    uint32_t start = mdl_byte_of(session, i, line, column);
    return (MdlSpan){i, start, start + 1};
  }
  return find_line(session, *text);
}

/* A line of the words, without blanks and commas around it; steps over it. */
static const char *take_line(MdlArena *arena, const char **words)
{
  *words += strspn(*words, " \t\n,");
  size_t length = strcspn(*words, "\n");
  const char *line = mdl_text_copy(arena, *words, length);
  *words += length;
  return line;
}

MdlReport *mdl_plugin_report(MdlJob *job, mdl_pjrt_status status, const char *error,
                             const char *help)
{
  static const char before[] = "the plugin does not take the program: ";
  const char *words = error;
  if (status == MDL_PJRT_PROGRAM && !strncmp(words, before, strlen(before)))
    words += strlen(before);
  MdlSpan at = take_place(job->session, &words);
  MdlReport *report =
      mdl_error(job->session, code_of(status), at, take_line(job->session->arena, &words));
  for (int i = 0; i < MOST_NOTES; i++) {
    const char *line = take_line(job->session->arena, &words);
    if (*line) mdl_note(report, "%s", line);
  }
  if (*help) mdl_help(report, "%s", help);
  return report;
}
