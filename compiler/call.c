#include "compiler/call.h"

#include "codegen/llvm/llvm.h"

#include <string.h>

void mdl_call_find(MdlJob *job, const char *entry, MlirOperation *function)
{
  MlirOperation *entries;
  int count = mdl_entries(job->ir, job->module, &entries);
  for (int i = 0; i < count; i++)
    if (!strcmp(mdl_signature_read(job->ir, entries[i])->entry, entry))
      return (void)(*function = entries[i]);
  MDL_BUG(job->session, "the entry %s was lost by a pass", entry);
}

/* ---- the call ---------------------------------------------------------------------------- */

/* The arena as the entry states it; NULL when it takes none. */
static bool make_work(MdlJob *job, MlirOperation entry, const MdlArgs *args, void **work,
                      int64_t *bytes)
{
  const char *text = mdl_op_text(job->ir, entry, "mdl.work_bytes");
  const MdlSize *size =
      mdl_size_parse(job->session->sizes, text ? text : "0", strlen(text ? text : "0"));
  if (!size || !mdl_args_size(args, size, bytes) || *bytes < 0) {
    mdl_error(job->session, MDL_E0902, MDL_NO_SPAN,
              mdl_text(args->arena, "the work memory of `%s`", args->signature->entry));
    return false;
  }
  *work = mdl_alloc(args->arena, (size_t)*bytes + 8);
  return true;
}

/* Sizes, leaves of in and inout parameters, leaves of results, work: ir/loop.h. */
static void **pack(const MdlArgs *args, void *work)
{
  static const bool second[] = {
      [MDL_ROLE_in] = false, [MDL_ROLE_inout] = false, [MDL_ROLE_out] = true};
  const MdlSignature *s = args->signature;
  void **packed = MDL_NEW(args->arena, void *, (size_t)(s->sizes + s->leaves) + 1);
  int count = 0;
  for (int i = 0; i < s->sizes; i++) packed[count++] = &args->size[i];
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < s->params; i++)
      for (int k = 0; second[s->param[i].role] == round && k < s->param[i].leaves; k++)
        packed[count++] = args->slot[s->param[i].leaf + k].data;
  packed[count] = work;
  return packed;
}

bool mdl_call(MdlJob *job, MlirOperation entry, MdlArgs *args, MdlCall *call)
{
  void *work;
  int64_t bytes;
  if (!make_work(job, entry, args, &work, &bytes)) return false;
  MdlLlvmOptions options = {.machine = job->options.machine, .source = job->path};
  options.opt = job->options.opt;
  options.size = job->options.size;
  MdlJit *jit = mdl_jit_create(job->ir, job->module, &options);
  if (!jit) return false;
  const char *symbol = mdl_op_text(job->ir, entry, "sym_name");
  MdlPackedFn *function = mdl_jit_packed(jit, symbol);
  if (!function) MDL_BUG(job->session, "no code for %s", symbol);
  call->status = function(pack(args, work));
  memcpy(&call->value, work, sizeof call->value);
  mdl_jit_destroy(jit);
  return true;
}

/* ---- what a failed check says ------------------------------------------------------------ */

static const MdlCheck *check_of(const MdlSignature *s, int32_t status)
{
  for (int i = 0; i < s->checks; i++)
    if (s->check[i].code == MDL_STATUS_CODE(status) && s->check[i].line == MDL_STATUS_LINE(status))
      return &s->check[i];
  return NULL;
}

/* The line without its blanks; the entry's own line for a check of the whole entry. */
static MdlSpan span_of(MdlSession *session, const MdlSignature *s, const MdlCheck *check)
{
  const char *path = check && check->file && *check->file ? check->file : s->source;
  int line = check && check->line ? check->line : s->line;
  for (int i = 0; i < session->file_count; i++) {
    const MdlFile *file = &session->files[i];
    if (strcmp(file->path, path) || line < 1) continue;
    uint32_t start = mdl_byte_of(session, i, line, 1), end;
    while (file->bytes[start] == ' ' || file->bytes[start] == '\t') start++;
    for (end = start; end < file->length && file->bytes[end] != '\n';) end++;
    const char *comment = strstr(file->bytes + start, "//");
    if (comment && comment < file->bytes + end) end = (uint32_t)(comment - file->bytes);
    while (end > start && strchr(" \t\r{", file->bytes[end - 1])) end--;
    return (MdlSpan){i, start, end};
  }
  return MDL_NO_SPAN;
}

/* The message of a code with its {} filled in. */
static const char *filled(MdlArena *arena, const char *message, const char *const *argument)
{
  const char *text = "", *hole;
  for (; (hole = strstr(message, "{}")); message = hole + 2)
    text = mdl_text(arena, "%s%.*s%s", text, (int)(hole - message), message, *argument++);
  return mdl_text(arena, "%s%s", text, message);
}

/* What a check's text says about an index: "index of y in 0..10" is y and 10. */
static void split_index(MdlArena *arena, const char *text, const char **argument)
{
  static const char before[] = "index of ", between[] = " in 0..";
  const char *in = strstr(text, between);
  if (strncmp(text, before, strlen(before)) || !in) return;
  const char *index = text + strlen(before);
  argument[0] = mdl_text(arena, "`%.*s`", (int)(in - index), index);
  argument[1] = in + strlen(between);
}

static MdlCode code_of(int32_t status)
{
  switch (MDL_STATUS_CODE(status)) {
  case MDL_BAD_INDEX:
    return MDL_E0852;
  case MDL_BAD_ASSERT:
    return MDL_E0854;
  case MDL_OVER_LIMIT:
    return MDL_E0853;
  default:
    return MDL_E0851;
  }
}

static const char *place_of(MdlSession *session, const MdlSignature *s, MdlSpan at, int32_t status)
{
  if (at.file < 0)
    return mdl_text(session->arena, "%s:%d", s->source, (int)MDL_STATUS_LINE(status));
  MdlPosition p = mdl_position(session, at.file, at.start);
  return mdl_text(session->arena, "%s:%d:%d", session->files[at.file].path, p.line, p.column);
}

const char *mdl_call_report(MdlSession *session, const MdlSignature *s, const MdlCall *call)
{
  MdlArena *arena = session->arena;
  const MdlCheck *check = check_of(s, call->status);
  MdlSpan at = span_of(session, s, check);
  MdlCode code = code_of(call->status);
  const char *text = check && check->text ? check->text : mdl_status_text(call->status);
  const char *argument[] = {text, "?"};
  if (code == MDL_E0852) split_index(arena, text, argument);
  mdl_note(mdl_error(session, code, at, argument[0], argument[1]), "at run time, in entry `%s`",
           s->entry);
  const char *message = filled(arena, mdl_codes[code].message, argument);
  const char *place = place_of(session, s, at, call->status);
  return mdl_text(
      arena, "{\"status\": \"error\", \"code\": \"%s\", \"message\": %s, \"place\": %s}\n",
      mdl_codes[code].name, mdl_json_quoted(arena, message), mdl_json_quoted(arena, place));
}
