/* Errors in the body of an instance say which one it is and who asked for it. */
#include "frontend/sema.h"

const MdlInstance *mdl_instance_current(const MdlSema *s)
{
  const MdlFrame *frame = s->frame;
  while (frame && !frame->instance && !frame->decl) frame = frame->parent;
  return frame ? frame->instance : NULL;
}

/* "half[T = f64, N = 3]", "twice[f = sin]"; NULL for one that is like any other. */
static const char *instance_text(MdlSema *s, const MdlInstance *in)
{
  const MdlDecl *d = in->decl;
  const char *text = "";
  for (int i = 0; i < in->bindings; i++)
    text = mdl_text(s->arena, "%s%s%s = %s", text, *text ? ", " : "", in->binding[i].name,
                    mdl_bindings_text(s, 1, &in->binding[i]));
  for (int i = 0; i < in->params; i++)
    if (in->known[i] && mdl_is_kind(in->known[i], MDL_KIND_fn))
      text = mdl_text(s->arena, "%s%s%s = %s", text, *text ? ", " : "", d->fn->param[i].name.text,
                      mdl_fn_name(s, in->known[i]->fn));
  if (!*text) return NULL;
  return mdl_text(s->arena, "%s%s%s[%s]", d->owner ? d->owner->name.text : "", d->owner ? "." : "",
                  d->name.text, text);
}

/* A function checked by itself was asked for by nobody. */
static bool is_asked_for(const MdlInstance *in)
{
  MdlSpan a = in->asked_at, b = in->decl->name.at;
  return a.file != b.file || a.start != b.start;
}

static bool is_in_std(const MdlSema *s, MdlSpan at)
{
  return at.file >= 0 && s->session->files[at.file].is_std;
}

/* The instances around the current body that were asked for by calls, innermost first. */
static int instance_chain(MdlSema *s, const MdlInstance **chain, int most)
{
  const MdlInstance *in = s->frame ? mdl_instance_current(s) : NULL;
  int n = 0;
  for (; in && n < most && is_asked_for(in) && instance_text(s, in); in = in->asked_in)
    chain[n++] = in;
  return n;
}

void mdl_instance_origins(void *user, MdlReport *report)
{
  enum { MOST = 64, SHOWN = 3 };
  MdlSema *s = user;
  MdlSpan at = mdl_report_at(report);
  const MdlInstance *chain[MOST];
  int n = at.file >= 0 ? instance_chain(s, chain, MOST) : 0, first = 0;
  if (n && is_in_std(s, at)) { /* nobody can edit std: the call that led there */
    while (first < n - 1 && is_in_std(s, chain[first]->asked_at)) first++;
    mdl_report_move(report, chain[first++]->asked_at,
                    mdl_text(s->arena, "in the instance %s", instance_text(s, chain[0])));
  }
  for (int i = first; i < n; i++) {
    int left_out = n - first - SHOWN;
    bool skips = left_out > 0 && i == first + SHOWN - 2;
    const char *more = skips ? mdl_text(s->arena, ", and %d more outside", left_out) : "";
    mdl_origin(report, chain[i]->asked_at, "in the instance %s made here%s",
               instance_text(s, chain[i]), more);
    if (skips) i += left_out;
  }
}
