/* A report as text. The layout, ends in blanks removed:
 *
 *   diag  = place ": " level "[" code "]: " text [ " [-W" flag "]" ] "\n" { frame } { tail }
 *   frame = [ gap "--> " place "\n" ] { row | "...\n" }   one a file, the primary's first
 *   row   = num " | " source "\n" { gap " | " blanks ( "^"+ | "-"+ ) [ " " label ] "\n" }
 *   tail  = gap " = " ( "note" | "help" ) ": " text "\n" | num " ~ " newsource "\n" */
#include "ir/diag_report.h"
#include "ir/diag_row.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_MARKS = 1 + MDL_MAX_ALSO + MDL_MAX_ORIGINS };

typedef enum Paint { PAINT_error, PAINT_warning, PAINT_bold, PAINT_gutter, PAINT_fix } Paint;

static const char *const paint_codes[] = {
    [PAINT_error] = "\x1b[1;31m",  [PAINT_warning] = "\x1b[1;35m", [PAINT_bold] = "\x1b[1m",
    [PAINT_gutter] = "\x1b[1;34m", [PAINT_fix] = "\x1b[32m",
};

typedef struct Mark {
  MdlSpan span;
  const char *label;
  bool is_primary;
  MdlPosition at;
} Mark;

typedef struct Text {
  FILE *out;
  const MdlReport *report;
  const MdlSession *session;
  bool colour;
  int gap; /* digits of the largest line number */
  int marks;
  Mark mark[MAX_MARKS];
} Text;

static void paint(const Text *t, Paint p) {
  if (t->colour) fputs(paint_codes[p], t->out);
}

static void paint_off(const Text *t) {
  if (t->colour) fputs("\x1b[0m", t->out);
}

static Paint level_paint(const Text *t) {
  return t->report->level == MDL_LEVEL_error ? PAINT_error : PAINT_warning;
}

static const char *path_of(const Text *t, int file) {
  return mdl_clean(t->session->arena, t->session->files[file].path, 4096);
}

static void add_mark(Text *t, MdlSpan span, const char *label, bool is_primary) {
  if (span.file < 0) return;
  MdlPosition at = mdl_position(t->session, span.file, span.start);
  t->mark[t->marks++] = (Mark){span, label, is_primary, at};
}

/* Files in order of their first mark (the primary's is added first), then by line and column. */
static void sort_marks(Text *t) {
  int rank[MAX_MARKS];
  for (int i = 0; i < t->marks; i++) {
    rank[i] = i;
    for (int j = i - 1; j >= 0; j--)
      if (t->mark[j].span.file == t->mark[i].span.file) rank[i] = rank[j];
  }
  for (int i = 1; i < t->marks; i++)
    for (int j = i; j > 0; j--) {
      Mark a = t->mark[j - 1], b = t->mark[j];
      if (rank[j - 1] < rank[j] || (rank[j - 1] == rank[j] && a.span.start <= b.span.start)) break;
      t->mark[j - 1] = b;
      t->mark[j] = a;
      int r = rank[j];
      rank[j] = rank[j - 1];
      rank[j - 1] = r;
    }
}

static void print_place(const Text *t, MdlSpan span) {
  if (span.file < 0) {
    fputs("mdlc", t->out);
    return;
  }
  MdlPosition at = mdl_position(t->session, span.file, span.start);
  fprintf(t->out, "%s:%d:%d", path_of(t, span.file), at.line, at.column);
}

static void print_head(const Text *t) {
  const MdlReport *r = t->report;
  const MdlCodeInfo *info = &mdl_codes[r->code];
  paint(t, PAINT_bold);
  print_place(t, r->at);
  fputs(": ", t->out);
  paint_off(t);
  paint(t, level_paint(t));
  fprintf(t->out, "%s[%s]", r->level == MDL_LEVEL_error ? "error" : "warning", info->name);
  paint_off(t);
  paint(t, PAINT_bold);
  fprintf(t->out, ": %s", r->message);
  if (info->flag) fprintf(t->out, " [-W%s]", info->flag);
  paint_off(t);
  fputc('\n', t->out);
}

/* "12 | ", or blanks for the number when line is 0. */
static void print_gutter(const Text *t, int line, char bar, bool blank_after) {
  paint(t, PAINT_gutter);
  if (line)
    fprintf(t->out, "%*d %c", t->gap, line, bar);
  else
    fprintf(t->out, "%*s %c", t->gap, "", bar);
  paint_off(t);
  if (blank_after) fputc(' ', t->out);
}

static void print_source(const Text *t, int line, char bar, const MdlRow *row) {
  print_gutter(t, line, bar, row->cells > 0);
  if (bar == '~') paint(t, PAINT_fix);
  mdl_row_print(t->out, row);
  if (bar == '~') paint_off(t);
  fputc('\n', t->out);
}

static MdlRow row_of(const Text *t, int file, int line) {
  uint32_t start, end;
  mdl_line_bounds(t->session, file, line, &start, &end);
  const char *bytes = t->session->files[file].bytes;
  return mdl_row(bytes + start, bytes + end);
}

static void mark_cells(const Text *t, const MdlRow *row, const Mark *m, int *low, int *high) {
  const char *bytes = t->session->files[m->span.file].bytes;
  *low = mdl_row_cell(row, bytes + m->span.start);
  *high = mdl_row_cell(row, bytes + m->span.end);
  if (*high <= *low) *high = *low + 1;
}

static void print_mark(const Text *t, const MdlRow *row, const Mark *m) {
  int low, high;
  mark_cells(t, row, m, &low, &high);
  /* What lies outside of the window is marked at its edge. */
  int from = row->from, last = row->from + MDL_ROW_CELLS - 1;
  low = low < from ? from : low > last ? last : low;
  high = high <= low ? low + 1 : high > last + 1 ? last + 1 : high;
  print_gutter(t, 0, '|', true);
  fprintf(t->out, "%*s", low - from, "");
  paint(t, m->is_primary ? level_paint(t) : PAINT_gutter);
  for (int i = low; i < high; i++) fputc(m->is_primary ? '^' : '-', t->out);
  if (*m->label) fprintf(t->out, " %s", m->label);
  paint_off(t);
  fputc('\n', t->out);
}

/* The marks [first, end) all start in one line. */
static void print_marked_line(const Text *t, int first, int end) {
  const Mark *m = &t->mark[first];
  MdlRow row = row_of(t, m->span.file, m->at.line);
  int low = row.cells, high = 0;
  for (int i = first; i < end; i++) {
    int a, b;
    mark_cells(t, &row, &t->mark[i], &a, &b);
    if (a < low) low = a;
    if (b > high) high = b;
  }
  /* Where not all fits, the primary mark does. */
  for (int i = first; i < end && high - low > MDL_ROW_CELLS - 2; i++)
    if (t->mark[i].is_primary || end - first == 1) mark_cells(t, &row, &t->mark[i], &low, &high);
  mdl_row_focus(&row, low, high);
  print_source(t, m->at.line, '|', &row);
  for (int i = first; i < end; i++) print_mark(t, &row, &t->mark[i]);
}

static void print_frames(const Text *t) {
  for (int i = 0, end; i < t->marks; i = end) {
    const Mark *m = &t->mark[i], *before = i ? m - 1 : NULL;
    for (end = i + 1; end < t->marks; end++)
      if (t->mark[end].span.file != m->span.file || t->mark[end].at.line != m->at.line) break;
    bool same_file = before && before->span.file == m->span.file;
    if (before && !same_file) {
      paint(t, PAINT_gutter);
      fprintf(t->out, "%*s--> ", t->gap, "");
      paint_off(t);
      print_place(t, m->span);
      fputc('\n', t->out);
    } else if (same_file && m->at.line == before->at.line + 2) {
      MdlRow hole = row_of(t, m->span.file, m->at.line - 1);
      print_source(t, m->at.line - 1, '|', &hole);
    } else if (same_file && m->at.line > before->at.line + 2) {
      fputs("...\n", t->out);
    }
    print_marked_line(t, i, end);
  }
}

static void print_words(const Text *t, const char *kind, int count, const char *const *texts) {
  for (int i = 0; i < count; i++) {
    print_gutter(t, 0, '=', true);
    paint(t, PAINT_bold);
    fprintf(t->out, "%s:", kind);
    paint_off(t);
    fprintf(t->out, " %s\n", texts[i]);
  }
}

static void print_fix_line(void *user, int line, const char *begin, const char *end,
                           const char *from, const char *to) {
  const Text *t = user;
  MdlRow row = mdl_row(begin, end);
  mdl_row_focus(&row, mdl_row_cell(&row, from), mdl_row_cell(&row, to));
  print_source(t, line, '~', &row);
}

static void widest(void *user, int line, const char *begin, const char *end, const char *from,
                   const char *to) {
  (void)begin, (void)end, (void)from, (void)to;
  int *last = user;
  if (line > *last) *last = line;
}

void mdl_render_text(FILE *out, const MdlReport *report, bool colour) {
  Text t = {.out = out, .report = report, .session = report->session, .colour = colour};
  add_mark(&t, report->at, report->label, true);
  for (int i = 0; i < report->alsos; i++)
    add_mark(&t, report->also[i].at, report->also[i].label, false);
  for (int i = 0; i < report->origins; i++)
    add_mark(&t, report->origin[i].at, report->origin[i].label, false);
  sort_marks(&t);
  int last = 0;
  for (int i = 0; i < t.marks; i++)
    if (t.mark[i].at.line > last) last = t.mark[i].at.line;
  mdl_fix_lines(report, widest, &last);
  for (; last; last /= 10) t.gap++;
  print_head(&t);
  print_frames(&t);
  print_words(&t, "note", report->notes, report->note);
  print_words(&t, "help", report->helps, report->help);
  mdl_fix_lines(report, print_fix_line, &t);
}
