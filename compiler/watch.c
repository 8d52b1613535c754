/* Running passes, and what the user asked to see of them: dumps and times. */
#include "compiler/job.h"
#include "compiler/output.h"
#include "passes/mem_report.h"

#include <stdio.h>
#include <string.h>

static void dump(MdlJob *job, const char *pass, MlirOperation module)
{
  const char *after = mdl_option(job->line, "print_after");
  const char *dir = mdl_option(job->line, "print_dir"), *why;
  bool here = after && (!strcmp(after, "all") || !strcmp(after, pass));
  if (!here && !dir) return;
  const char *text = mdl_ir_text(job->ir, module, job->options.debug);
  if (here) fprintf(stderr, "// ---- after %s\n%s\n", pass, text);
  if (!dir) return;
  const char *path = mdl_text(job->session->arena, "%s/%02d-%s.mlir", dir, job->passes, pass);
  if (!mdl_file_write(job->session->arena, path, text, strlen(text), &why))
    mdl_error(job->session, MDL_E0808, MDL_NO_SPAN, "write", path, why);
}

static void after_pass(void *user, const char *pass, MdlIr *ir, MlirOperation module,
                       double seconds)
{
  MdlJob *job = user;
  job->passes++;
  job->seconds += seconds;
  if (mdl_option_on(job->line, "time_passes"))
    fprintf(stderr, "%9.3f ms  %s\n", 1e3 * seconds, pass);
  if (mdl_option_on(job->line, "mem_report") && !strcmp(pass, "places"))
    fputs(mdl_mem_report(ir, module), stderr);
  dump(job, pass, module);
}

bool mdl_job_passes(MdlJob *job, MdlForm form)
{
  MdlPassObserver observer = {after_pass, job};
  const char *passes = mdl_option(job->line, "passes");
  const char *stop = mdl_option(job->line, "stop_after");
  bool done = passes ? mdl_passes_run(job->ir, job->module, &job->options, passes, &observer)
                     : mdl_pipeline_run(job->ir, job->module, &job->options, form, stop, &observer);
  return done && !mdl_error_count(job->session);
}
