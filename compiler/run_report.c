/* What a failed check says: a report at its place, and the same as JSON. */
#include "compiler/call.h"

#include "compiler/number.h"

#include <string.h>

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

/* "t: f32[2*K]" in the entry's declaration, which is where a size comes from. */
static MdlSpan span_of_param(MdlSession *session, const MdlSignature *s, const char *name)
{
  MdlSpan line = span_of(session, s, NULL);
  const char *text = line.file < 0 ? "" : session->files[line.file].bytes + line.start;
  const char *wanted = mdl_text(session->arena, "%s: ", name), *at = strstr(text, wanted);
  if (line.file < 0 || !at || at >= text + (line.end - line.start)) return line;
  uint32_t start = line.start + (uint32_t)(at - text), end = start;
  for (int depth = 0; session->files[line.file].bytes[end]; end++) {
    char c = session->files[line.file].bytes[end];
    if (!depth && strchr(",)=\n", c)) break;
    depth += (c == '[') - (c == ']');
  }
  return (MdlSpan){line.file, start, end};
}

/* The message of a code with its {} filled in. */
static const char *filled(MdlArena *arena, const char *message, const char *const *argument)
{
  const char *text = "", *hole;
  for (; (hole = strstr(message, "{}")); message = hole + 2)
    text = mdl_text(arena, "%s%.*s%s", text, (int)(hole - message), message, *argument++);
  return mdl_text(arena, "%s%s", text, message);
}

/* The value of a scalar argument by its name; NULL for anything else. */
static const char *value_of(const MdlArgs *args, const char *name)
{
  for (int i = 0; i < args->slots; i++) {
    const MdlSlot *slot = &args->slot[i];
    if (slot->param->role == MDL_ROLE_in && !slot->leaf->type.rank && !strcmp(slot->name, name))
      return mdl_number_text(args->arena, slot->leaf->type.dtype, slot->data);
  }
  return NULL;
}

typedef struct Said {
  const char *argument[2];
  const char *label; /* at the place, or NULL */
  MdlSpan origin; /* the parameter whose size it is */
  const char *size; /* "`N` is 5" */
} Said;

/* The first parameter that has the size. */
static MdlSpan span_of_size(const MdlArgs *args, const MdlSize *size)
{
  const MdlSignature *s = args->signature;
  for (int i = 0; i < s->params; i++)
    for (int j = 0; j < s->param[i].leaves; j++) {
      const MdlType *type = &s->leaf[s->param[i].leaf + j].type;
      for (int k = 0; k < type->rank && s->param[i].role != MDL_ROLE_out; k++)
        if (type->dim[k] == size) return span_of_param(args->session, s, s->param[i].name);
    }
  return MDL_NO_SPAN;
}

/* A check says "index of y in 0..10"; the message wants the index and the size. */
static void split_index(const MdlArgs *args, const char *text, Said *said)
{
  static const char before[] = "index of ", between[] = " in 0..";
  const char *in = strstr(text, between), *most = in ? in + strlen(between) : NULL;
  if (strncmp(text, before, strlen(before)) || !in) return;
  const char *name =
      mdl_text_copy(args->arena, text + strlen(before), (size_t)(in - text) - strlen(before));
  const MdlSize *size = mdl_size_parse(args->session->sizes, most, strlen(most));
  int64_t count;
  const char *value = value_of(args, name);
  said->argument[0] = value ? value : mdl_text(args->arena, "`%s`", name);
  said->argument[1] = size && mdl_args_size(args, size, &count)
                          ? mdl_text(args->arena, "%lld", (long long)count)
                          : most;
  if (value) said->label = mdl_text(args->arena, "`%s` is %s", name, value);
  if (!size || !mdl_size_is_name(size) || !mdl_args_size(args, size, &count)) return;
  said->origin = span_of_size(args, size);
  said->size = mdl_text(args->arena, "`%s` is %lld", mdl_size_text(size), (long long)count);
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

/* Reports it and returns the JSON object. */
static const char *report(const MdlArgs *args, MdlCode code, MdlSpan at, const Said *said)
{
  MdlSession *session = args->session;
  MdlArena *arena = session->arena;
  MdlReport *report = mdl_error(session, code, at, said->argument[0], said->argument[1]);
  if (said->label) mdl_label(report, "%s", said->label);
  if (said->size && said->origin.file >= 0) mdl_also(report, said->origin, "%s", said->size);
  mdl_note(report, "at run time, in entry `%s`", args->signature->entry);
  const char *place = args->signature->source;
  if (at.file >= 0) {
    MdlPosition p = mdl_position(session, at.file, at.start);
    place = mdl_text(arena, "%s:%d:%d", session->files[at.file].path, p.line, p.column);
  }
  return mdl_text(arena,
                  "{\"status\": \"error\", \"code\": \"%s\", \"message\": %s, \"place\": %s}\n",
                  mdl_codes[code].name,
                  mdl_json_quoted(arena, filled(arena, mdl_codes[code].message, said->argument)),
                  mdl_json_quoted(arena, place));
}

const char *mdl_call_report(const MdlArgs *args, const MdlCall *call)
{
  const MdlCheck *check = check_of(args->signature, call->status);
  MdlCode code = code_of(call->status);
  const char *text = check && check->text ? check->text : mdl_status_text(call->status);
  if (code == MDL_E0853 && !strncmp(text, "limit ", 6)) text += 6;
  Said said = {.argument = {text, "?"}};
  if (code == MDL_E0852) split_index(args, text, &said);
  return report(args, code, span_of(args->session, args->signature, check), &said);
}

const char *mdl_guard_report(const MdlArgs *args, const MdlSlot *slot, int axis)
{
  const char *size = mdl_size_text(slot->leaf->type.dim[axis]);
  const char *what = slot->rank == 1 ? "elements" : "along an axis";
  bool even = !strncmp(size, "2*", 2) && !strpbrk(size + 2, "+-*/( ");
  Said said = {.argument = {NULL, "?"}};
  said.argument[0] =
      mdl_text(args->arena, "`%s` has %lld %s, `%s` is %s", slot->name,
               (long long)slot->shape[axis], what, size, even ? "even" : "never that");
  return report(args, MDL_E0851, span_of_param(args->session, args->signature, slot->param->name),
                &said);
}
