#include "compiler/outputs.h"

#include "compiler/link.h"
#include "compiler/output.h"

#include <string.h>

/* ---- which ------------------------------------------------------------------------------- */

static void add(MdlOutputs *outputs, MdlEmit emit)
{
  for (int i = 0; i < outputs->count; i++)
    if (outputs->item[i].emit == emit) return;
  outputs->item[outputs->count++] = (MdlOutput){.emit = emit};
}

static const char *kinds(MdlArena *arena)
{
  const char *list = "";
  for (int i = 0; i < MDL_EMIT_COUNT; i++)
    list = mdl_text(arena, "%s%s%s", list, i ? ", " : "", mdl_emit_info((MdlEmit)i)->name);
  return list;
}

/* --emit=ir,c */
static bool add_named(MdlSession *session, const char *names, MdlOutputs *outputs)
{
  for (const char *at = names;; at++) {
    size_t length = strcspn(at, ",");
    MdlEmit emit;
    if (!mdl_emit_find(at, length, &emit)) {
      mdl_help(mdl_error(session, MDL_E0810, MDL_NO_SPAN,
                         mdl_text(session->arena, "--emit=%.*s", (int)length, at)),
               "one of %s", kinds(session->arena));
      return false;
    }
    add(outputs, emit);
    at += length;
    if (!*at) return true;
  }
}

bool mdl_outputs_choose(MdlSession *session, const MdlCommandLine *line, MdlOutputs *outputs)
{
  bool llvm = mdl_option_on(line, "emit_llvm");
  outputs->count = 0;
  if (mdl_option_on(line, "shared")) add(outputs, MDL_EMIT_shared);
  if (mdl_option_on(line, "assembly")) add(outputs, llvm ? MDL_EMIT_llvm : MDL_EMIT_asm);
  if (mdl_option_on(line, "object")) add(outputs, llvm ? MDL_EMIT_bitcode : MDL_EMIT_obj);
  for (int i = 0; i < line->given_count; i++)
    if (!strcmp(line->given[i].row->name, "emit") &&
        !add_named(session, line->given[i].value, outputs))
      return false;
  bool stops = mdl_option_on(line, "passes") || mdl_option_on(line, "stop_after");
  if (!outputs->count) add(outputs, stops ? MDL_EMIT_mlir : llvm ? MDL_EMIT_bitcode : MDL_EMIT_obj);
  return true;
}

bool mdl_outputs_are_c(const MdlOutputs *outputs)
{
  for (int i = 0; i < outputs->count; i++) {
    MdlEmit emit = outputs->item[i].emit;
    if (emit != MDL_EMIT_c && emit != MDL_EMIT_header && emit != MDL_EMIT_manifest) return false;
  }
  return true;
}

/* ---- bytes ------------------------------------------------------------------------------- */

static bool make_form(MdlJob *job, MdlOutputs *outputs, int form)
{
  for (int i = 0; i < outputs->count; i++) {
    MdlOutput *o = &outputs->item[i];
    if (mdl_emit_info(o->emit)->form == form && !mdl_job_emit(job, o->emit, &o->bytes, &o->length))
      return false;
  }
  return true;
}

static bool any_of(const MdlOutputs *outputs, int form)
{
  for (int i = 0; i < outputs->count; i++)
    if (mdl_emit_info(outputs->item[i].emit)->form == form) return true;
  return false;
}

/* --passes= and --stop-after= print the module wherever it stopped. */
static bool make_stopped(MdlJob *job, MdlOutputs *outputs)
{
  if (!mdl_job_passes(job, MDL_FORM_loops)) return false;
  for (int i = 0; i < outputs->count; i++) {
    MdlOutput *o = &outputs->item[i];
    if (!mdl_job_emit(job, o->emit, &o->bytes, &o->length)) return false;
  }
  return true;
}

bool mdl_outputs_make(MdlJob *job, MdlOutputs *outputs)
{
  if (!make_form(job, outputs, -1)) return false;
  if (outputs->count == 1 && outputs->item[0].emit == MDL_EMIT_ast) return true;
  if (!mdl_job_front(job) || mdl_error_count(job->session)) return false;
  if (mdl_option_on(job->line, "syntax_only")) { /* derivatives report too */
    outputs->count = 0;
    if (job->ir && !mdl_job_passes(job, MDL_FORM_mdl)) return false;
    return !mdl_error_count(job->session);
  }
  if (mdl_option_on(job->line, "passes") || mdl_option_on(job->line, "stop_after"))
    return make_stopped(job, outputs);
  /* A module only ever moves down: outputs in the order of their forms. */
  for (int form = 0; form <= MDL_FORM_loops; form++)
    if (any_of(outputs, form) &&
        (!mdl_job_passes(job, (MdlForm)form) || !make_form(job, outputs, form)))
      return false;
  return !mdl_error_count(job->session);
}

/* ---- where ------------------------------------------------------------------------------- */

static const char *with_extension(MdlArena *arena, const char *path, const char *extension)
{
  const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
  return mdl_text(arena, "%.*s%s", dot ? (int)(dot - path) : (int)strlen(path), path, extension);
}

/* As compilers do: NAME.EXT in this folder, not beside the source. -o names the first output, and
 * the others by their extensions. */
static const char *path_of(const MdlJob *job, MdlEmit emit, bool first)
{
  const MdlEmitInfo *info = mdl_emit_info(emit);
  const char *given = mdl_option(job->line, "output");
  MdlArena *arena = job->session->arena;
  if (given && (first || !strcmp(given, "-"))) return given;
  if (given) return with_extension(arena, given, info->extension);
  if (info->is_text) return "-";
  const char *slash = strrchr(job->path, '/');
  return with_extension(arena, slash ? slash + 1 : job->path, info->extension);
}

/* --emit=c and --emit=cuda into a file also leave the header and the manifest beside it. */
static bool add_companions(MdlJob *job, MdlOutputs *outputs)
{
  for (int i = 0; i < outputs->count; i++) {
    bool source = outputs->item[i].emit == MDL_EMIT_c || outputs->item[i].emit == MDL_EMIT_cuda;
    if (!source || !strcmp(outputs->item[i].path, "-")) continue;
    const char *c = outputs->item[i].path;
    for (MdlEmit emit = MDL_EMIT_header; emit <= MDL_EMIT_manifest; emit++) {
      int before = outputs->count;
      add(outputs, emit);
      if (outputs->count == before) continue;
      MdlOutput *o = &outputs->item[before];
      o->path = with_extension(job->session->arena, c, mdl_emit_info(emit)->extension);
      if (!mdl_job_emit(job, emit, &o->bytes, &o->length)) return false;
    }
  }
  return true;
}

/* A path as make reads it. */
static const char *for_make(MdlArena *arena, const char *path)
{
  char *out = mdl_alloc(arena, 2 * strlen(path) + 1), *at = out;
  for (; *path; path++) {
    if (*path == ' ' || *path == '#' || *path == '\\') *at++ = '\\';
    if (*path == '$') *at++ = '$';
    *at++ = *path;
  }
  return out;
}

static bool wants_deps(const MdlJob *job, const MdlOutputs *outputs, const char **path)
{
  *path = mdl_option(job->line, "deps_file");
  if (!outputs->count || (!*path && !mdl_option_on(job->line, "deps"))) return false;
  const char *first = outputs->item[0].path;
  if (!*path)
    *path = with_extension(job->session->arena, strcmp(first, "-") ? first : job->name, ".d");
  return true;
}

static const char *deps_text(const MdlJob *job, const MdlOutputs *outputs)
{
  MdlSession *session = job->session;
  const char *text = "";
  for (int i = 0; i < outputs->count; i++)
    text = mdl_text(session->arena, "%s%s%s", text, i ? " " : "",
                    for_make(session->arena, outputs->item[i].path));
  text = mdl_text(session->arena, "%s:", text);
  for (int i = 0; i < session->file_count; i++)
    if (!session->files[i].is_std)
      text =
          mdl_text(session->arena, "%s %s", text, for_make(session->arena, session->files[i].path));
  return mdl_text(session->arena, "%s\n", text);
}

bool mdl_outputs_write(MdlJob *job, MdlOutputs *outputs)
{
  MdlSession *session = job->session;
  MdlFileOut files[MDL_MAX_OUTPUTS + 1];
  const char *deps, *why;
  int count = 0, failed;
  for (int i = 0; i < outputs->count; i++)
    outputs->item[i].path = path_of(job, outputs->item[i].emit, i == 0);
  if (!add_companions(job, outputs)) return false;
  for (int i = 0; i < outputs->count; i++) {
    MdlOutput *o = &outputs->item[i];
    if (o->emit == MDL_EMIT_shared && !mdl_link_shared(session, &o->bytes, &o->length))
      return false;
    files[count++] = (MdlFileOut){o->path, o->bytes, o->length, o->emit == MDL_EMIT_shared};
  }
  if (wants_deps(job, outputs, &deps)) {
    const char *text = deps_text(job, outputs);
    files[count++] = (MdlFileOut){deps, text, strlen(text), false};
  }
  if (mdl_files_write(session->arena, files, count, &failed, &why)) return true;
  mdl_error(session, MDL_E0808, MDL_NO_SPAN, "write", files[failed].path, why);
  return false;
}
