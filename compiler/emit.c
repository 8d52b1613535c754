/* The outputs of a job, as bytes. */
#include "compiler/job.h"

#include "codegen/c/c.h"
#include "codegen/cuda/cuda.h"
#include "codegen/llvm/llvm.h"
#include "compiler/ptxas.h"
#include "ir/view.h"
#include "passes/schedule.h"

#include <string.h>

enum { MDL_FORM_none = -1 };

static const MdlEmitInfo emits[] = {
#define EMIT(name, form, extension, text, doc) {#name, extension, doc, MDL_FORM_##form, text},
#include "compiler/emit.def"
};

const MdlEmitInfo *mdl_emit_info(MdlEmit emit) { return &emits[emit]; }

bool mdl_emit_find(const char *name, size_t length, MdlEmit *emit)
{
  for (int i = 0; i < MDL_EMIT_COUNT; i++)
    if (strlen(emits[i].name) == length && !memcmp(emits[i].name, name, length))
      return *emit = (MdlEmit)i, true;
  return false;
}

static bool emit_llvm(MdlJob *job, MdlLlvmOutput output, const char **bytes, size_t *length)
{
  MdlBytes made = {0};
  MdlLlvmOptions o = {.triple = job->triple, .machine = job->options.machine, .source = job->path};
  o.opt = job->options.opt;
  o.size = job->options.size;
  o.debug = job->options.debug;
  /* As on the host's own compilers; other targets are asked by -fPIC. */
  o.position_independent =
      mdl_option_on(job->line, "pic") || mdl_option_on(job->line, "shared") || !job->triple;
  if (!mdl_llvm_emit(job->ir, job->module, &o, output, &made)) return false;
  *bytes = made.data;
  *length = made.length;
  return true;
}

/* Options that change the emitted C, for the manifest. */
static const char *options_text(const MdlJob *job)
{
  static const char *const names[] = {"cpu",     "target",    "define",          "checks",
                                      "threads", "fast_math", "matmul_precision"};
  const char *text = "";
  for (int i = 0; i < job->line->given_count; i++) {
    const MdlGiven *given = &job->line->given[i];
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
      if (!strcmp(given->row->name, names[k]))
        text = mdl_text(job->session->arena, "%s%s%s%s", text, *text ? " " : "", given->row->text,
                        given->value);
  }
  return text;
}

static const char *emit_c(MdlJob *job, MdlEmit emit)
{
  MdlCOptions o = {.machine = job->options.machine, .module = job->name, .source = job->path};
  const char *slash = strrchr(job->path, '/');
  /* From another folder the same bytes; -g needs the path that a debugger can open. */
  if (slash && !job->options.debug) o.source = slash + 1;
  o.options = options_text(job);
  o.sha256 = job->sha256;
  o.debug = job->options.debug;
  return emit == MDL_EMIT_cuda     ? mdl_cuda_source(job->ir, job->module, &o)
         : emit == MDL_EMIT_c      ? mdl_c_source(job->ir, job->module, &o)
         : emit == MDL_EMIT_header ? mdl_c_header(job->ir, job->module, &o)
                                   : mdl_c_manifest(job->ir, job->module, &o);
}

/* To standard error, as the other reports. */
static void report_kernels(MdlJob *job, const char *source)
{
  MdlPtxas said = mdl_ptxas(job->session, job->name, source, emit_c(job, MDL_EMIT_header));
  fputs(mdl_cuda_report(job->ir, job->module, said.count, said.use, said.missing), stderr);
}

/* A GPU's loop form prints as CUDA and as nothing else; a processor's never does. */
static bool fits_machine(MdlJob *job, MdlEmit emit)
{
  const MdlMachine *machine = job->options.machine;
  bool cuda = emit == MDL_EMIT_cuda;
  bool any = emits[emit].form != MDL_FORM_loops || emit == MDL_EMIT_loops ||
             emit == MDL_EMIT_header || emit == MDL_EMIT_manifest;
  if (any || cuda == (machine->warp > 0)) return true;
  MdlReport *report = mdl_error(job->session, MDL_E0810, MDL_NO_SPAN,
                                mdl_text(job->session->arena, "--emit=%s", emits[emit].name));
  if (cuda)
    mdl_help(report, "`--target=%s` is no GPU: leave it out", machine->arch);
  else
    mdl_help(report, "`--target=%s` is a GPU: it takes `--emit=cuda`", machine->arch);
  return false;
}

bool mdl_job_emit(MdlJob *job, MdlEmit emit, const char **bytes, size_t *length)
{
  *bytes = NULL;
  if (!fits_machine(job, emit)) return false;
  switch (emit) {
  case MDL_EMIT_ast:
    *bytes = mdl_frontend_ast(job->session, job->file);
    break;
  case MDL_EMIT_ir:
    *bytes = mdl_view(job->ir, job->module);
    break;
  case MDL_EMIT_mlir:
  case MDL_EMIT_groups:
  case MDL_EMIT_loops:
    *bytes = mdl_ir_text(job->ir, job->module, job->options.debug);
    break;
  case MDL_EMIT_stablehlo:
  case MDL_EMIT_hlo:
  case MDL_EMIT_hlo_manifest:
    *bytes = mdl_job_emit_hlo(job, emit);
    break;
  case MDL_EMIT_schedule:
    *bytes = mdl_schedule_print(job->ir, job->module, job->options.machine);
    break;
  case MDL_EMIT_c:
  case MDL_EMIT_cuda:
  case MDL_EMIT_header:
  case MDL_EMIT_manifest:
    *bytes = emit_c(job, emit);
    if (emit == MDL_EMIT_cuda && mdl_option_on(job->line, "kernel_report"))
      report_kernels(job, *bytes);
    break;
  case MDL_EMIT_llvm:
    return emit_llvm(job, MDL_LLVM_text, bytes, length);
  case MDL_EMIT_bitcode:
    return emit_llvm(job, MDL_LLVM_bitcode, bytes, length);
  case MDL_EMIT_shared: /* the object; the driver links it */
  case MDL_EMIT_obj:
    return emit_llvm(job, MDL_LLVM_object, bytes, length);
  case MDL_EMIT_asm:
    return emit_llvm(job, MDL_LLVM_assembly, bytes, length);
  case MDL_EMIT_COUNT:
    break;
  }
  if (*bytes) *length = strlen(*bytes);
  return *bytes != NULL;
}
