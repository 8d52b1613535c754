/* HLO outputs: one module an entry. */
#include "compiler/job.h"

#include "codegen/hlo/hlo.h"
#include "compiler/entry.h"

/* Modules one after the other; mlir-opt --split-input-file takes them apart at the same line. */
const char *mdl_job_emit_hlo(MdlJob *job, MdlEmit emit)
{
  MlirOperation *entry;
  int count;
  const char *text = "";
  const MdlHloOptions o = {.form = emit == MDL_EMIT_hlo ? MDL_HLO_text : MDL_HLO_stablehlo};
  if (!mdl_entries_named(job, mdl_option(job->line, "entry"), &entry, &count)) return NULL;
  if (emit == MDL_EMIT_hlo_manifest)
    return mdl_hlo_manifest(job->ir, job->module, count, entry, &o);
  for (int i = 0; i < count; i++) {
    const char *module = mdl_hlo_entry(job->ir, job->module, entry[i], &o);
    if (!module) return NULL;
    text = mdl_text(job->session->arena, "%s%s%s", text, i ? "\n// -----\n\n" : "", module);
  }
  return text;
}
