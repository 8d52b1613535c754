/* One line of source as it is shown: what a terminal makes of each byte. */
#ifndef MDL_IR_DIAG_ROW_H
#define MDL_IR_DIAG_ROW_H

#include "ir/diag_report.h"

/* Wider lines show a window. */
enum { MDL_ROW_CELLS = 120 };

typedef struct MdlRow {
  const char *begin, *end; /* without newline and blanks at the end */
  int cells;
  int from, to; /* the cells shown; one end or both are a `…` when something is cut */
} MdlRow;

MdlRow mdl_row(const char *begin, const char *end);
/* Cells before `at`. */
int mdl_row_cell(const MdlRow *row, const char *at);
/* Moves the window over the cells [low, high), the more important ones first. */
void mdl_row_focus(MdlRow *row, int low, int high);
void mdl_row_print(FILE *out, const MdlRow *row);

#endif
