/* What the lines of the primary's file read after a report's edits, and what a whole file does
 * after the exact ones of all reports. */
#include "ir/diag_report.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 8 };

typedef struct Changed {
  size_t from, to; /* in the new text */
} Changed;

/* Into its place; after those that start where it starts. */
static void insert(MdlEdit *edits, int at, MdlEdit edit)
{
  for (; at > 0 && edits[at - 1].span.start > edit.span.start; at--) edits[at] = edits[at - 1];
  edits[at] = edit;
}

/* The edits of the primary's file in order, without those that overlap the one before. */
static int in_order(const MdlReport *report, MdlEdit *edits)
{
  int count = 0;
  for (int i = 0; i < report->edits; i++) {
    if (report->edit[i].span.file != report->at.file) continue;
    insert(edits, count++, report->edit[i]);
  }
  int kept = 0;
  for (int i = 0; i < count; i++)
    if (!kept || edits[i].span.start >= edits[kept - 1].span.end) edits[kept++] = edits[i];
  return kept;
}

static bool touches(Changed c, size_t begin, size_t end)
{
  return c.from == c.to ? begin <= c.from && c.from <= end : c.from <= end && c.to > begin;
}

void mdl_fix_lines(const MdlReport *report, MdlFixLineFn *fn, void *user)
{
  if (!report->edits || report->at.file < 0) return;
  MdlArena *arena = report->session->arena;
  MdlEdit *edits = MDL_NEW(arena, MdlEdit, (size_t)report->edits);
  int count = in_order(report, edits);
  if (!count) return;
  int file = report->at.file;
  const char *bytes = report->session->files[file].bytes;
  int line = mdl_position(report->session, file, edits[0].span.start).line;
  int last = mdl_position(report->session, file, edits[count - 1].span.end).line;
  uint32_t begin, end, unused;
  mdl_line_bounds(report->session, file, line, &begin, &unused);
  mdl_line_bounds(report->session, file, last, &unused, &end);

  size_t room = end - begin + 1;
  for (int i = 0; i < count; i++) room += strlen(edits[i].text);
  char *text = mdl_alloc(arena, room);
  Changed *changed = MDL_NEW(arena, Changed, (size_t)count);
  size_t length = 0;
  for (int i = 0; i < count; i++) {
    memcpy(text + length, bytes + begin, edits[i].span.start - begin);
    changed[i].from = length += edits[i].span.start - begin;
    memcpy(text + length, edits[i].text, strlen(edits[i].text));
    changed[i].to = length += strlen(edits[i].text);
    begin = edits[i].span.end;
  }
  memcpy(text + length, bytes + begin, end - begin);
  length += end - begin;

  int shown = 0;
  for (size_t at = 0, stop; at <= length && shown < MOST_LINES; at = stop + 1, line++) {
    const char *newline = memchr(text + at, '\n', length - at);
    stop = newline ? (size_t)(newline - text) : length;
    int i = 0;
    while (i < count && !touches(changed[i], at, stop)) i++;
    if (i == count) continue;
    size_t from = changed[i].from > at ? changed[i].from : at;
    size_t to = changed[i].to < stop ? changed[i].to : stop;
    fn(user, line, text + at, text + stop, text + from, text + to);
    shown++;
  }
}

/* ---- a whole file ------------------------------------------------------------------------ */

static bool overlaps(const MdlEdit *edits, int count, MdlSpan span)
{
  for (int i = 0; i < count; i++)
    if (span.start < edits[i].span.end && edits[i].span.start < span.end) return true;
  return false;
}

/* Edits of exact fixes in the file; a fix that meets another one stays out as a whole. */
static int exact_edits(const MdlSession *session, int file, MdlEdit **edits)
{
  const MdlReports *reports = session->reports;
  int count = 0, capacity = 0;
  *edits = NULL;
  for (int i = 0; i < reports->count; i++) {
    const MdlReport *r = reports->list[i];
    bool usable = r->edits > 0 && !r->inexact;
    for (int j = 0; j < r->edits; j++)
      usable &= r->edit[j].span.file == file && !overlaps(*edits, count, r->edit[j].span);
    for (int j = 0; usable && j < r->edits; j++) {
      MDL_GROW(session->arena, *edits, count, capacity);
      insert(*edits, count++, r->edit[j]);
    }
  }
  return count;
}

const char *mdl_fixed_text(const MdlSession *session, int file, size_t *length)
{
  MdlEdit *edits;
  int count = exact_edits(session, file, &edits);
  if (!count) return NULL;
  const MdlFile *f = &session->files[file];
  size_t room = f->length + 1, at = 0;
  for (int i = 0; i < count; i++) room += strlen(edits[i].text);
  char *text = mdl_alloc(session->arena, room);
  *length = 0;
  for (int i = 0; i <= count; i++) {
    size_t stop = i < count ? edits[i].span.start : f->length;
    memcpy(text + *length, f->bytes + at, stop - at);
    *length += stop - at;
    if (i == count) break;
    memcpy(text + *length, edits[i].text, strlen(edits[i].text));
    *length += strlen(edits[i].text);
    at = edits[i].span.end;
  }
  return text;
}
