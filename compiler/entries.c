/* Entries of a job by name. */
#include "compiler/job.h"

bool mdl_job_unknown_entry(MdlJob *job, const char *word, int count, const char **names)
{
  const char *best[3], *list = "";
  for (int i = 0; i < count; i++)
    list = mdl_text(job->session->arena, "%s%s%s", list, i ? ", " : "", names[i]);
  if (!word) return mdl_error(job->session, MDL_E0813, MDL_NO_SPAN, list), false;
  MdlReport *report = mdl_error(job->session, MDL_E0201, MDL_NO_SPAN, "entry", word);
  int found = mdl_did_you_mean(job->session, word, names, count, best, 3);
  if (found) mdl_help_similar(report, MDL_NO_SPAN, best, found);
  mdl_note(report, "entries: %s", list);
  return false;
}
