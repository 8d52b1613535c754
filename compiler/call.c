#include "compiler/call.h"

#include "codegen/llvm/llvm.h"
#include "runtime/mdl.h"

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

bool mdl_guards_hold(const MdlArgs *args, MdlCall *call)
{
  const MdlSignature *s = args->signature;
  for (int i = 0; i < s->guards; i++) {
    const MdlGuard *guard = &s->guard[i];
    int64_t left, right = 0;
    if (!mdl_args_size(args, guard->left, &left) ||
        (guard->right && !mdl_args_size(args, guard->right, &right)))
      continue;
    if (guard->right ? left == right : left >= 0) continue;
    const MdlCheck *check = &s->check[guard->check];
    call->status = check->code + 256 * check->line;
    return false;
  }
  return true;
}

/* ---- the call ---------------------------------------------------------------------------- */

/* The arena as the entry states it; NULL when it takes none. */
static bool make_work(MdlJob *job, MlirOperation entry, const MdlArgs *args, void **work,
                      int64_t *bytes)
{
  const MdlSize *size = mdl_op_size(job->ir, entry, "mdl.work_bytes");
  if (!size) size = mdl_size_const(job->session->sizes, 0);
  if (!mdl_args_size(args, size, bytes) || *bytes < 0) {
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
  const MdlHostFunction host[] = {{"mdl_print", (void (*)(void))mdl_print_stderr}};
  options.host = host;
  options.hosts = sizeof host / sizeof *host;
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
