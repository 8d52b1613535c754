/* Diagnostics: one table of codes, one report, one printer (text, colour, JSON).
 *
 *   MdlReport *r = mdl_error(session, MDL_E0302, span_of_op, "/", "f32", "i32");
 *   mdl_also(r, left, "f32");                        a secondary span: the evidence
 *   mdl_help(r, "convert one side");                 an action
 *   mdl_fix(r, false, right, "f32(epoch)");          a changed line
 *
 * The message comes from the table; its {} are filled by the arguments, in order, all of them
 * `const char *`. The report is printed when the session flushes: sorted by phase, file and byte,
 * one per code and span. */
#ifndef MDL_IR_DIAG_H
#define MDL_IR_DIAG_H

#include "ir/session.h"

/* Bytes [start, end) of a file of the session; file < 0 is no place ("mdlc:"). */
typedef struct MdlSpan {
  int file;
  uint32_t start, end;
} MdlSpan;

#define MDL_NO_SPAN ((MdlSpan){-1, 0, 0})

/* From the first byte of a to the last byte of b. */
MdlSpan mdl_span_join(MdlSpan a, MdlSpan b);

/* Line and column from 1; columns count code points. */
typedef struct MdlPosition {
  int line, column;
} MdlPosition;
MdlPosition mdl_position(const MdlSession *session, int file, uint32_t byte);
uint32_t mdl_byte_of(const MdlSession *session, int file, int line, int column);

typedef enum MdlCode {
#define E(number, ...) MDL_E##number,
#define W(number, ...) MDL_W##number,
#include "ir/diag.def"
  MDL_CODE_COUNT
} MdlCode;

typedef enum MdlLevel { MDL_LEVEL_error, MDL_LEVEL_warning } MdlLevel;

/* A row of ir/diag.def. */
typedef struct MdlCodeInfo {
  const char *name;    /* "E0302", "W101" */
  MdlLevel level;
  const char *flag;    /* warnings: the NAME of -WNAME; NULL for errors */
  bool on;             /* warnings: reported without being asked for */
  const char *message; /* with {} for each argument */
  const char *help;    /* the usual next step, or NULL; mdl_help replaces it */
  const char *explain; /* text of `mdlc --explain`: wrong, right, why */
} MdlCodeInfo;
extern const MdlCodeInfo mdl_codes[MDL_CODE_COUNT];

typedef struct MdlReport MdlReport;

/* Never NULL: a suppressed report (duplicate, over the limit, flag off) is still safe to add to. */
MdlReport *mdl_error(MdlSession *session, MdlCode code, MdlSpan at, ...);
MdlReport *mdl_warning(MdlSession *session, MdlCode code, MdlSpan at, ...);
/* A NULL after the last argument: one that the table wants and the caller forgot prints as `?`. */
#define mdl_error(...) mdl_error(__VA_ARGS__, (const char *)NULL)
#define mdl_warning(...) mdl_warning(__VA_ARGS__, (const char *)NULL)

void mdl_label(MdlReport *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mdl_also(MdlReport *report, MdlSpan at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void mdl_note(MdlReport *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mdl_help(MdlReport *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An edit shown as a changed line; `exact` ones are applied by --fix. Several make one fix. */
void mdl_fix(MdlReport *report, bool exact, MdlSpan replace, const char *with);

/* Up to `max` (at most 3) of the candidates nearest to `name` by Damerau distance <= max(1, len/3),
 * nearest first, ties by name. Returns how many. */
int mdl_did_you_mean(MdlSession *session, const char *name, const char *const *candidates,
                     int count, const char **best, int max);
/* "did you mean `a`, `b` or `c`?" and the first as a changed line; nothing for count 0. */
void mdl_help_similar(MdlReport *report, MdlSpan at, const char *const *names, int count);
/* The word here for a word of another system (ir/foreign.def), or NULL: `keepdims` is `keep`. */
const char *mdl_foreign(const char *word);
/* "NumPy's `keepdims` is `keep` here", with the fix at `at` where it is one word for another. False,
 * and nothing added, for a word that is not in the table. */
bool mdl_help_foreign(MdlReport *report, MdlSpan at, const char *word, bool exact);

/* Why a line was looked at: "in the instance f[T = f32] made here", innermost first, at most 3. */
void mdl_origin(MdlReport *report, MdlSpan at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Called for every report of the session when it is made, to say so. NULL: nobody. */
typedef void MdlReportFn(void *user, MdlReport *report);
void mdl_report_context(MdlSession *session, MdlReportFn *fn, void *user);
MdlSpan mdl_report_at(const MdlReport *report);
/* Another place to edit; the one that was is shown with this label. */
void mdl_report_move(MdlReport *report, MdlSpan at, const char *label);

int mdl_error_count(const MdlSession *session);
int mdl_warning_count(const MdlSession *session);

/* Order of printing: each phase's reports come after those of the phases before. */
void mdl_phase_next(MdlSession *session);

typedef enum MdlDiagFormat { MDL_DIAG_text, MDL_DIAG_json } MdlDiagFormat;
typedef struct MdlDiagOptions {
  MdlDiagFormat format;
  bool colour, no_warnings, warnings_are_errors;
} MdlDiagOptions;
MdlDiagOptions *mdl_diag_options(MdlSession *session);
/* `flag` is the NAME of -WNAME. False if no warning has it. */
bool mdl_warning_set(MdlSession *session, const char *flag, bool on, bool as_error);

/* Prints what was reported since the last flush, and with `last` the closing count line. The
 * callback form is for libmdlc: one call a report, with the rendered text. */
void mdl_diag_flush(MdlSession *session, void (*write)(void *user, const char *bytes, size_t n),
                    void *user, bool last, int exit_code);
/* The file's text after all exact fixes that were reported for it, for --fix; NULL for none. */
const char *mdl_fixed_text(const MdlSession *session, int file, size_t *length);
/* Text of --explain; NULL if there is no such code. */
const char *mdl_explain(MdlArena *arena, const char *code);

#endif
