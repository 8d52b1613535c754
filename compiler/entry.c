#include "compiler/entry.h"

#include "ir/signature.h"

#include <string.h>

typedef struct Names {
  int count;
  MlirOperation *entry;
  const char **name;
} Names;

static bool list(MdlJob *job, Names *names)
{
  names->count = mdl_entries(job->ir, job->module, &names->entry);
  names->name = MDL_NEW(job->session->arena, const char *, (size_t)names->count + 1);
  for (int i = 0; i < names->count; i++)
    names->name[i] = mdl_signature_read(job->ir, names->entry[i])->entry;
  if (!names->count) mdl_error(job->session, MDL_E0802, MDL_NO_SPAN);
  return names->count > 0;
}

static bool unknown(MdlJob *job, const char *word, const Names *names)
{
  const char *best[3], *text = "";
  for (int i = 0; i < names->count; i++)
    text = mdl_text(job->session->arena, "%s%s%s", text, i ? ", " : "", names->name[i]);
  if (!word) return mdl_error(job->session, MDL_E0813, MDL_NO_SPAN, text), false;
  MdlReport *report = mdl_error(job->session, MDL_E0201, MDL_NO_SPAN, "entry", word);
  int found = mdl_did_you_mean(job->session, word, names->name, names->count, best, 3);
  if (found) mdl_help_similar(report, MDL_NO_SPAN, best, found);
  mdl_note(report, "entries: %s", text);
  return false;
}

bool mdl_entries_named(MdlJob *job, const char *name, MlirOperation **entries, int *count)
{
  Names names;
  if (!list(job, &names)) return false;
  *entries = names.entry;
  *count = names.count;
  for (int i = 0; name && i < names.count; i++) {
    if (strcmp(names.name[i], name)) continue;
    *entries = &names.entry[i];
    *count = 1;
    return true;
  }
  return !name || unknown(job, name, &names);
}

bool mdl_entry_named(MdlJob *job, const char *name, MlirOperation *entry)
{
  MlirOperation *entries;
  int count;
  if (!mdl_entries_named(job, name, &entries, &count)) return false;
  *entry = entries[0];
  if (count == 1) return true;
  Names names;
  return list(job, &names) && unknown(job, NULL, &names);
}
