/* HLO outputs: one module an entry. */
#include "compiler/job.h"

#include "codegen/hlo/hlo.h"

#include <string.h>

/* The entries of --entry=, or all. False: reported. */
static bool chosen(MdlJob *job, MlirOperation **entry, int *count)
{
  const char *wanted = mdl_option(job->line, "entry");
  MlirOperation *entries;
  int all = mdl_entries(job->ir, job->module, &entries);
  *entry = entries;
  *count = all;
  if (!wanted) return true;
  const char **names = MDL_NEW(job->session->arena, const char *, (size_t)all);
  for (int i = 0; i < all; i++) {
    names[i] = mdl_signature_read(job->ir, entries[i])->entry;
    if (strcmp(names[i], wanted)) continue;
    *entry = &entries[i];
    *count = 1;
    return true;
  }
  return mdl_job_unknown_entry(job, wanted, all, names);
}

/* Modules one after the other; mlir-opt --split-input-file takes them apart at the same line. */
const char *mdl_job_emit_hlo(MdlJob *job, MdlEmit emit)
{
  MlirOperation *entry;
  int count;
  const char *text = "";
  const MdlHloOptions o = {
      .form = emit == MDL_EMIT_hlo ? MDL_HLO_text : MDL_HLO_stablehlo};
  if (!chosen(job, &entry, &count)) return NULL;
  if (emit == MDL_EMIT_hlo_manifest)
    return mdl_hlo_manifest(job->ir, job->module, count, entry, &o);
  for (int i = 0; i < count; i++) {
    const char *module = mdl_hlo_entry(job->ir, job->module, entry[i], &o);
    if (!module) return NULL;
    text = mdl_text(job->session->arena, "%s%s%s", text, i ? "\n// -----\n\n" : "", module);
  }
  return text;
}
