/* init:SEED: first values of a model as its own defaults say. The program is compiled once more
 * with one entry added, `Mlp.init`, and that is called with the key of the seed. */
#include "compiler/call.h"

#include <stdlib.h>
#include <string.h>

/* "Logistic[D]" with the sizes of this call: "Logistic[4]". What is no size stays as it is. */
static const char *sized(const MdlArgs *args, const char *source)
{
  const char *open = strchr(source, '['), *text;
  if (!open) return source;
  text = mdl_text(args->arena, "%.*s", (int)(open - source) + 1, source);
  for (const char *at = open + 1; *at && *at != ']';) {
    size_t length = strcspn(at, ",]");
    int64_t value;
    const MdlSize *size = mdl_size_parse(args->session->sizes, at, length);
    text = size && mdl_args_size(args, size, &value)
               ? mdl_text(args->arena, "%s%lld", text, (long long)value)
               : mdl_text(args->arena, "%s%.*s", text, (int)length, at);
    at += length;
    if (*at == ',') text = mdl_text(args->arena, "%s, ", text), at += 1 + strspn(at + 1, " ");
  }
  return mdl_text(args->arena, "%s]", text);
}

static const char *source_of(const MdlSignature *s, const char *struct_type)
{
  for (int i = 0; i < s->structs; i++)
    if (!strcmp(s->struct_type[i].name, struct_type)) return s->struct_type[i].source;
  return struct_type;
}

/* The model's leaves by path out of the result's. */
static void take_leaves(MdlArgs *args, const MdlParam *param, const MdlArgs *made)
{
  for (int i = 0; i < param->leaves; i++) {
    MdlSlot *slot = &args->slot[param->leaf + i];
    if (slot->source != MDL_SOURCE_init) continue;
    for (int k = 0; k < made->slots; k++) {
      const MdlSlot *from = &made->slot[k];
      if (from->param->role != MDL_ROLE_out || strcmp(from->leaf->path, slot->leaf->path)) continue;
      if (from->elements == slot->elements && from->leaf->type.dtype == slot->leaf->type.dtype)
        slot->data = from->data;
    }
  }
}

static bool call_init(MdlArgs *args, MdlJob *job, const MdlParam *param, uint64_t seed)
{
  const char *key = mdl_text(args->arena, "[%u, %u]", (unsigned)(seed >> 32), (unsigned)seed);
  MdlArgs made;
  MlirOperation entry;
  MdlCall call = {0};
  if (!mdl_job_front(job) || mdl_error_count(job->session)) return false;
  mdl_call_find(job, "mdlc_init", &entry);
  const MdlSignature *s = mdl_signature_read(job->ir, entry);
  if (!mdl_args_read(&made, job->session, s, NULL, 1, &key) || !mdl_args_bind(&made) ||
      !mdl_args_fill(&made) || !mdl_job_passes(job, MDL_FORM_loops))
    return false;
  mdl_call_find(job, "mdlc_init", &entry);
  if (!mdl_call(job, entry, &made, &call)) return false;
  if (call.status) return mdl_call_report(&made, &call), false;
  take_leaves(args, param, &made);
  return true;
}

static bool init_param(MdlArgs *args, const MdlJob *job, const MdlParam *param, uint64_t seed)
{
  MdlArena *arena = args->arena;
  MdlDiagOptions *diag = mdl_diag_options(job->session);
  const char *type = sized(args, source_of(args->signature, param->struct_type));
  const char *text = mdl_text(arena, "%s\nentry mdlc_init = %s.init\n",
                              job->session->files[job->file].bytes, type);
  bool silent = diag->no_warnings; /* they were printed for the program itself */
  MdlJob again;
  if (!mdl_job_open(&again, job->session, job->line, false)) return false;
  diag->no_warnings = true;
  mdl_job_source(&again, job->path, text, strlen(text));
  bool good = call_init(args, &again, param, seed);
  diag->no_warnings = silent;
  mdl_job_close(&again);
  return good;
}

bool mdl_args_init(MdlArgs *args, const MdlJob *job)
{
  const MdlSignature *s = args->signature;
  for (int i = 0; i < s->params; i++) {
    const MdlParam *param = &s->param[i];
    for (int k = 0; k < param->leaves; k++) {
      const MdlSlot *slot = &args->slot[param->leaf + k];
      if (slot->source != MDL_SOURCE_init) continue;
      if (!init_param(args, job, param, slot->seed)) return false;
      break;
    }
  }
  return true;
}
