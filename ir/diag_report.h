/* Inside of the diagnostics, shared by the files ir/diag*.c. */
#ifndef MDL_IR_DIAG_REPORT_H
#define MDL_IR_DIAG_REPORT_H

#include "ir/diag.h"

#include <stdio.h>

enum { MDL_MAX_ALSO = 4, MDL_MAX_ORIGINS = 3, MDL_MAX_NOTES = 2 };

typedef struct MdlEdit {
  MdlSpan span;
  const char *text;
} MdlEdit;

typedef struct MdlAlso {
  MdlSpan at;
  const char *label;
} MdlAlso;

struct MdlReport {
  MdlSession *session;
  MdlCode code;
  MdlLevel level;
  int phase, serial;
  MdlSpan at;
  const char *message, *label;
  int alsos, origins, notes, helps, edits, edit_capacity;
  MdlAlso also[MDL_MAX_ALSO], origin[MDL_MAX_ORIGINS];
  const char *note[MDL_MAX_NOTES], *help[MDL_MAX_NOTES];
  bool inexact; /* one of the edits is a guess */
  MdlEdit *edit;
};

/* Where the lines of a file begin. */
typedef struct MdlLines {
  int count;
  uint32_t *start;
} MdlLines;

struct MdlReports {
  MdlArena *arena;
  MdlDiagOptions options;
  bool off[MDL_CODE_COUNT], as_error[MDL_CODE_COUNT];
  MdlReport **list;
  int count, capacity;
  int printed; /* of the list */
  int phase;
  int errors, warnings;             /* reported */
  int errors_shown, warnings_shown; /* printed */
  bool cut;                         /* E0905 was printed */
  MdlReportFn *context;             /* called for every report */
  void *context_user;
  const char *more;                 /* the first error's code, or the first warning's */
  int files;                        /* room in `lines` */
  MdlLines *lines;
};

MdlReports *mdl_reports_create(MdlArena *arena);

/* The lines of a file, counted once. */
const MdlLines *mdl_lines(const MdlSession *session, int file);
/* Bytes of a line (from 1) without its newline. */
void mdl_line_bounds(const MdlSession *session, int file, int line, uint32_t *start, uint32_t *end);

/* One code point at `at` (at < end); returns its bytes. A bad byte gives U+FFFD and takes one. */
int mdl_decode(const char *at, const char *end, uint32_t *point);
/* Cells on a terminal: 0, 1 or 2. */
int mdl_point_cells(uint32_t point);

/* Text that may come from anywhere: one line of printable UTF-8, cut after `most` code points. */
const char *mdl_clean(MdlArena *arena, const char *text, int most);

/* Each line that the report's edits change in the primary's file, as it reads after them: its new
 * number, its bytes, and the changed part [from, to) of it. */
typedef void MdlFixLineFn(void *user, int line, const char *begin, const char *end,
                          const char *from, const char *to);
void mdl_fix_lines(const MdlReport *report, MdlFixLineFn *fn, void *user);

void mdl_render_text(FILE *out, const MdlReport *report, bool colour);
void mdl_render_json(FILE *out, const MdlReport *report);

#endif
