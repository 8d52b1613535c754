/* The table of codes, and the reports of a session from mdl_error to the flush. */
#include "ir/diag.h"

#include "ir/diag_report.h"

#include <stdlib.h>
#include <string.h>

#define ROW_E(number, text, next, more) \
  {.name = "E" #number, .level = MDL_LEVEL_error, .message = text, .help = next, .explain = more},
#define ROW_W(number, name_, is_on, text, next, more) \
  {.name = "W" #number,                               \
   .level = MDL_LEVEL_warning,                        \
   .flag = name_,                                     \
   .on = is_on,                                       \
   .message = text,                                   \
   .help = next,                                      \
   .explain = more},

const MdlCodeInfo mdl_codes[MDL_CODE_COUNT] = {
#define E(...) ROW_E(__VA_ARGS__)
#define W(...) ROW_W(__VA_ARGS__)
#include "ir/diag.def"
};

/* Long enough for any message we mean, short enough for a screen. */
enum { LONGEST_ARGUMENT = 160, LONGEST_TEXT = 400, MOST_KEPT = 1000 };

MdlReports *mdl_reports_create(MdlArena *arena)
{
  MdlReports *reports = MDL_NEW(arena, MdlReports, 1);
  reports->arena = arena;
  for (int i = 0; i < MDL_CODE_COUNT; i++)
    reports->off[i] = mdl_codes[i].level == MDL_LEVEL_warning && !mdl_codes[i].on;
  return reports;
}

MdlDiagOptions *mdl_diag_options(MdlSession *session) { return &session->reports->options; }

bool mdl_warning_set(MdlSession *session, const char *flag, bool on, bool as_error)
{
  for (int i = 0; i < MDL_CODE_COUNT; i++) {
    if (!mdl_codes[i].flag || strcmp(mdl_codes[i].flag, flag)) continue;
    session->reports->off[i] = !on;
    session->reports->as_error[i] = as_error;
    return true;
  }
  return false;
}

int mdl_error_count(const MdlSession *session) { return session->reports->errors; }
int mdl_warning_count(const MdlSession *session) { return session->reports->warnings; }
void mdl_phase_next(MdlSession *session) { session->reports->phase++; }

/* The message of the table with each {} replaced by the next argument, `?` after the last one. */
static const char *fill(MdlArena *arena, const char *message, va_list arguments)
{
  const char *text = "", *argument = text;
  for (const char *gap; (gap = strstr(message, "{}")); message = gap + 2) {
    if (argument) argument = va_arg(arguments, const char *);
    text = mdl_text(arena, "%s%.*s%s", text, (int)(gap - message), message,
                    argument ? mdl_clean(arena, argument, LONGEST_ARGUMENT) : "?");
  }
  return mdl_text(arena, "%s%s", text, message);
}

static bool same_span(MdlSpan a, MdlSpan b)
{
  return a.file == b.file && a.start == b.start && a.end == b.end;
}

/* One report a code and span; without a span, one a message. */
static bool is_repeated(const MdlReports *reports, const MdlReport *report)
{
  for (int i = 0; i < reports->count; i++) {
    const MdlReport *r = reports->list[i];
    if (r->code == report->code && same_span(r->at, report->at) &&
        (r->at.file >= 0 || !strcmp(r->message, report->message)))
      return true;
  }
  return false;
}

static MdlReport *report_add(MdlSession *session, MdlCode code, MdlSpan at, va_list arguments)
{
  MdlReports *reports = session->reports;
  const MdlDiagOptions *options = &reports->options;
  MdlReport *report = MDL_NEW(session->arena, MdlReport, 1);
  report->session = session;
  report->code = code;
  report->at = at;
  report->label = "";
  report->phase = reports->phase;
  report->serial = reports->count;
  report->message = fill(session->arena, mdl_codes[code].message, arguments);
  bool is_warning = mdl_codes[code].level == MDL_LEVEL_warning;
  bool raised = is_warning && (options->warnings_are_errors || reports->as_error[code]);
  report->level = is_warning && !raised ? MDL_LEVEL_warning : MDL_LEVEL_error;
  if (is_warning && (reports->off[code] || (options->no_warnings && !raised))) return report;
  if (reports->context) reports->context(reports->context_user, report);
  if (is_repeated(reports, report)) return report;
  int *counter = report->level == MDL_LEVEL_error ? &reports->errors : &reports->warnings;
  if ((*counter)++ >= session->limits.errors + MOST_KEPT && session->limits.errors) return report;
  MDL_GROW(session->arena, reports->list, reports->count, reports->capacity);
  reports->list[reports->count++] = report;
  return report;
}

MdlReport *(mdl_error)(MdlSession *session, MdlCode code, MdlSpan at, ...)
{
  va_list arguments;
  va_start(arguments, at);
  MdlReport *report = report_add(session, code, at, arguments);
  va_end(arguments);
  return report;
}

MdlReport *(mdl_warning)(MdlSession *session, MdlCode code, MdlSpan at, ...)
{
  va_list arguments;
  va_start(arguments, at);
  MdlReport *report = report_add(session, code, at, arguments);
  va_end(arguments);
  return report;
}

static const char *formatted(MdlReport *report, const char *format, va_list arguments)
{
  MdlArena *arena = report->session->arena;
  return mdl_clean(arena, mdl_text_v(arena, format, arguments), LONGEST_TEXT);
}

void mdl_label(MdlReport *report, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  report->label = formatted(report, format, arguments);
  va_end(arguments);
}

void mdl_also(MdlReport *report, MdlSpan at, const char *format, ...)
{
  if (at.file < 0 || report->alsos == MDL_MAX_ALSO) return;
  va_list arguments;
  va_start(arguments, format);
  report->also[report->alsos++] = (MdlAlso){at, formatted(report, format, arguments)};
  va_end(arguments);
}

void mdl_origin(MdlReport *report, MdlSpan at, const char *format, ...)
{
  if (at.file < 0 || report->origins == MDL_MAX_ORIGINS) return;
  va_list arguments;
  va_start(arguments, format);
  report->origin[report->origins++] = (MdlAlso){at, formatted(report, format, arguments)};
  va_end(arguments);
}

void mdl_report_context(MdlSession *session, MdlReportFn *fn, void *user)
{
  session->reports->context = fn;
  session->reports->context_user = user;
}

MdlSpan mdl_report_at(const MdlReport *report) { return report->at; }

void mdl_report_move(MdlReport *report, MdlSpan at, const char *label)
{
  mdl_also(report, report->at, "%s", label);
  report->at = at;
}

void mdl_note(MdlReport *report, const char *format, ...)
{
  if (report->notes == MDL_MAX_NOTES) return;
  va_list arguments;
  va_start(arguments, format);
  report->note[report->notes++] = formatted(report, format, arguments);
  va_end(arguments);
}

void mdl_help(MdlReport *report, const char *format, ...)
{
  if (report->helps == MDL_MAX_NOTES) return;
  va_list arguments;
  va_start(arguments, format);
  report->help[report->helps++] = formatted(report, format, arguments);
  va_end(arguments);
}

void mdl_fix(MdlReport *report, bool exact, MdlSpan replace, const char *with)
{
  if (replace.file < 0) return;
  MdlArena *arena = report->session->arena;
  MDL_GROW(arena, report->edit, report->edits, report->edit_capacity);
  report->edit[report->edits++] = (MdlEdit){replace, mdl_text_copy(arena, with, strlen(with))};
  report->inexact |= !exact;
}

/* By phase, file and byte; those without a place come first in their phase, as reported. */
static int by_place(const void *left, const void *right)
{
  const MdlReport *a = *(MdlReport *const *)left, *b = *(MdlReport *const *)right;
  if (a->phase != b->phase) return a->phase < b->phase ? -1 : 1;
  if (a->at.file != b->at.file) return a->at.file < b->at.file ? -1 : 1;
  if (a->at.start != b->at.start) return a->at.start < b->at.start ? -1 : 1;
  return a->serial < b->serial ? -1 : a->serial > b->serial;
}

typedef struct Printer {
  MdlSession *session;
  void (*write)(void *user, const char *bytes, size_t length);
  void *user;
} Printer;

static void print_report(Printer *p, MdlReport *report)
{
  MdlReports *reports = p->session->reports;
  const MdlCodeInfo *info = &mdl_codes[report->code];
  if (!report->helps && info->help) mdl_help(report, "%s", info->help);
  bool is_error = report->level == MDL_LEVEL_error;
  if (!reports->more || (is_error && !reports->errors_shown)) reports->more = info->name;
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  if (!out) return;
  if (reports->options.format == MDL_DIAG_json) {
    mdl_render_json(out, report);
  } else {
    mdl_render_text(out, report, reports->options.colour);
    fputc('\n', out);
  }
  fclose(out);
  p->write(p->user, text, length);
  free(text);
}

static const char *plural(int n) { return n == 1 ? "" : "s"; }

/* What was printed in all, and where to read more. */
static void print_counts(Printer *p, int exit_code)
{
  MdlArena *arena = p->session->arena;
  const MdlReports *r = p->session->reports;
  int errors = r->errors_shown, warnings = r->warnings_shown;
  const char *line = "";
  if (r->options.format == MDL_DIAG_json)
    line = mdl_text(arena, "{\"v\":1,\"errors\":%d,\"warnings\":%d,\"exit\":%d}\n", errors,
                    warnings, exit_code);
  else if (errors || warnings)
    line = mdl_text(arena, "mdlc: %s%s%s%s%s\n",
                    errors ? mdl_text(arena, "%d error%s", errors, plural(errors)) : "",
                    errors && warnings ? ", " : "",
                    warnings ? mdl_text(arena, "%d warning%s", warnings, plural(warnings)) : "",
                    r->more ? "; more: mdlc --explain " : "", r->more ? r->more : "");
  if (*line) p->write(p->user, line, strlen(line));
}

/* The report that says that there are more. */
static void print_cut(Printer *p)
{
  MdlSession *session = p->session;
  int limit = session->limits.errors;
  MdlReport cut = {.session = session, .code = MDL_E0905, .at = MDL_NO_SPAN, .label = ""};
  cut.message = mdl_text(session->arena, "%d error%s; the rest is not shown", limit, plural(limit));
  print_report(p, &cut);
  session->reports->cut = true;
}

/* What is unused is known when the program has no errors. */
static bool is_moot(const MdlReports *reports, const MdlReport *report)
{
  return report->level == MDL_LEVEL_warning && reports->errors &&
         (report->code == MDL_W101 || report->code == MDL_W102 || report->code == MDL_W104);
}

/* Nobody can edit std: where there is evidence in the user's file, that is where to look. */
static void leave_std(MdlReport *report)
{
  const MdlFile *files = report->session->files;
  if (report->at.file < 0 || !files[report->at.file].is_std) return;
  for (int i = 0; i < report->alsos; i++) {
    MdlAlso *also = &report->also[i];
    if (files[also->at.file].is_std) continue;
    MdlAlso was = {report->at, report->label};
    report->at = also->at, report->label = also->label;
    *also = was;
    return;
  }
}

void mdl_diag_flush(MdlSession *session, void (*write)(void *user, const char *bytes, size_t n),
                    void *user, bool last, int exit_code)
{
  Printer p = {session, write, user};
  MdlReports *reports = session->reports;
  int fresh = reports->count - reports->printed, limit = session->limits.errors;
  for (int i = reports->printed; i < reports->count; i++) leave_std(reports->list[i]);
  if (fresh)
    qsort(reports->list + reports->printed, (size_t)fresh, sizeof *reports->list, by_place);
  for (; reports->printed < reports->count; reports->printed++) {
    MdlReport *report = reports->list[reports->printed];
    bool is_error = report->level == MDL_LEVEL_error;
    if (is_moot(reports, report)) continue;
    /* Our own mistake is shown whatever came before. */
    if (is_error && limit && reports->errors_shown >= limit && report->code != MDL_E0999) {
      if (!reports->cut) print_cut(&p);
      continue;
    }
    print_report(&p, report);
    if (is_error)
      reports->errors_shown++;
    else
      reports->warnings_shown++;
  }
  if (last) print_counts(&p, exit_code);
}

const char *mdl_explain(MdlArena *arena, const char *code)
{
  for (int i = 0; i < MDL_CODE_COUNT; i++)
    if (!strcmp(mdl_codes[i].name, code))
      return mdl_text(arena, "%s: %s", code, mdl_codes[i].explain);
  return NULL;
}
