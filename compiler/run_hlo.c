/* `mdlc run --target=hlo`: the entry through XLA, on the plugin that --pjrt= names. */
#include "compiler/call.h"
#include "compiler/plugin.h"

#include <stdlib.h>
#include <string.h>

static bool size_of(void *user, const char *name, int64_t *value)
{
  return mdl_args_named_size(user, name, value);
}

/* ---- one call ---------------------------------------------------------------------------- */

typedef struct Call {
  MdlJob *job;
  MdlArgs *args;
  mdl_pjrt *pjrt;
  MdlXlaProgram program;
  mdl_pjrt_program *compiled;
  mdl_pjrt_buffer **in, **out;
} Call;

static bool good(const Call *c, mdl_pjrt_status status)
{
  if (status) mdl_plugin_report(c->job, status, mdl_pjrt_error(c->pjrt), mdl_pjrt_help(c->pjrt));
  return !status;
}

static mdl_array array_of(const MdlSlot *slot)
{
  const MdlType *type = &slot->leaf->type;
  mdl_array array = {.element = (mdl_element)type->dtype, .rank = type->rank, .data = slot->data};
  memcpy(array.shape, slot->dim, sizeof slot->dim);
  array.bytes = (size_t)slot->elements * mdl_element_bytes(array.element);
  return array;
}

static bool put_arguments(Call *c)
{
  int count = 0;
  for (int i = 0; i < c->args->slots; i++) {
    const MdlSlot *slot = &c->args->slot[i];
    if (slot->param->role == MDL_ROLE_out) continue;
    mdl_array array = array_of(slot);
    if (!good(c, mdl_pjrt_put(c->pjrt, &array, &c->in[count++]))) return false;
  }
  return true;
}

/* Results, and inout parameters out of the buffers that went in. */
static bool get_results(Call *c)
{
  int in = 0, out = 0;
  for (int i = 0; i < c->args->slots; i++) {
    MdlSlot *slot = &c->args->slot[i];
    MdlRole role = slot->param->role;
    mdl_pjrt_buffer *buffer = role == MDL_ROLE_out ? c->out[out++] : c->in[in++];
    if (role == MDL_ROLE_in) continue;
    if (!good(c, mdl_pjrt_get(buffer, slot->data, array_of(slot).bytes))) return false;
  }
  return true;
}

static bool run(Call *c, MdlCall *call)
{
  const char *path = mdl_plugin_path(c->job, "MDLC_PJRT", NULL);
  mdl_pjrt_source source = mdl_xla_source(&c->program);
  if (!path) return false;
  setenv("TF_CPP_MIN_LOG_LEVEL", "3", 0); /* XLA's log is no part of our output */
  return good(c, mdl_pjrt_load(c->pjrt, path)) && good(c, mdl_pjrt_start(c->pjrt)) &&
         good(c, mdl_pjrt_compile(c->pjrt, &source, &c->compiled)) && put_arguments(c) &&
         good(c, mdl_pjrt_run(c->compiled, c->in, c->out, &call->status)) &&
         (call->status || get_results(c));
}

bool mdl_call_hlo(MdlJob *job, MlirOperation entry, MdlArgs *args, MdlCall *call)
{
  Call c = {.job = job, .args = args};
  *call = (MdlCall){0};
  if (!mdl_xla_program(job, entry, size_of, args, &c.program)) return false;
  c.in = MDL_NEW(args->arena, mdl_pjrt_buffer *, (size_t)c.program.io.arguments + 1);
  c.out = MDL_NEW(args->arena, mdl_pjrt_buffer *, (size_t)c.program.io.results + 1);
  c.pjrt = mdl_pjrt_create();
  if (!c.pjrt) MDL_BUG(job->session, "no memory");
  bool done = run(&c, call);
  for (int i = 0; i < c.program.io.arguments; i++) mdl_pjrt_buffer_destroy(c.in[i]);
  for (int i = 0; i < c.program.io.results; i++) mdl_pjrt_buffer_destroy(c.out[i]);
  mdl_pjrt_program_destroy(c.compiled);
  mdl_pjrt_destroy(c.pjrt);
  mdl_xla_close(&c.program);
  return done;
}
