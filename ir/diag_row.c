#include "ir/diag_row.h"

#include <string.h>

enum { TAB_CELLS = 4 };

typedef struct Glyph {
  const char *text; /* what is shown */
  int length, cells, bytes;
} Glyph;

/* The next character of a row, `cell` cells after its begin. */
static Glyph glyph(const MdlRow *row, const char *at, int cell) {
  static const char blanks[] = "    ";
  uint32_t point;
  int bytes = mdl_decode(at, row->end, &point);
  if (point == '\t') {
    int cells = TAB_CELLS - cell % TAB_CELLS;
    return (Glyph){blanks, cells, cells, bytes};
  }
  if (point == '\r' || point == 0xfeff) return (Glyph){"", 0, 0, bytes};
  if (point < 0x20 || (point >= 0x7f && point < 0xa0) || (point == 0xfffd && bytes == 1))
    return (Glyph){"\xef\xbf\xbd", 3, 1, bytes};
  return (Glyph){at, bytes, mdl_point_cells(point), bytes};
}

MdlRow mdl_row(const char *begin, const char *end) {
  while (end > begin && memchr(" \t\r\n", end[-1], 4)) end--;
  MdlRow row = {begin, end, 0, 0, 0};
  row.cells = mdl_row_cell(&row, end);
  row.to = row.cells < MDL_ROW_CELLS ? row.cells : MDL_ROW_CELLS;
  return row;
}

int mdl_row_cell(const MdlRow *row, const char *at) {
  int cell = 0;
  for (const char *p = row->begin; p < at && p < row->end;) {
    Glyph g = glyph(row, p, cell);
    cell += g.cells;
    p += g.bytes;
  }
  return cell;
}

void mdl_row_focus(MdlRow *row, int low, int high) {
  if (row->cells <= MDL_ROW_CELLS || high < MDL_ROW_CELLS) return;
  int spare = MDL_ROW_CELLS - 2 - (high - low);
  int from = low - (spare > 8 ? spare / 2 : 4);
  if (from > row->cells - MDL_ROW_CELLS) from = row->cells - MDL_ROW_CELLS;
  row->from = from > 0 ? from : 0;
  row->to = row->from + MDL_ROW_CELLS;
}

void mdl_row_print(FILE *out, const MdlRow *row) {
  bool cut_left = row->from > 0, cut_right = row->to < row->cells;
  int low = row->from + cut_left, high = row->to - cut_right;
  if (cut_left) fputs("…", out);
  int cell = 0, shown = low;
  for (const char *p = row->begin; p < row->end && cell < high;) {
    Glyph g = glyph(row, p, cell);
    cell += g.cells;
    p += g.bytes;
    if (cell > high || cell <= low) continue;
    /* A wide one cut in two leaves a blank. */
    while (shown < cell - g.cells) shown += fprintf(out, " ");
    bool whole = cell - g.cells >= low;
    if (whole)
      fwrite(g.text, 1, (size_t)g.length, out);
    else
      fprintf(out, "%*s", cell - low, "");
    shown = cell;
  }
  if (!cut_right) return;
  fprintf(out, "%*s…", high - shown, "");
}
