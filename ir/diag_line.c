/* Lines, columns and characters of source texts. */
#include "ir/diag_report.h"

#include <string.h>

MdlSpan mdl_span_join(MdlSpan a, MdlSpan b) {
  if (a.file < 0) return b;
  if (b.file != a.file) return a;
  return (MdlSpan){a.file, a.start < b.start ? a.start : b.start, a.end > b.end ? a.end : b.end};
}

const MdlLines *mdl_lines(const MdlSession *session, int file) {
  MdlReports *reports = session->reports;
  if (file >= reports->files) {
    reports->lines = mdl_realloc_array(reports->arena, reports->lines, (size_t)reports->files,
                                       (size_t)session->file_count, sizeof *reports->lines);
    reports->files = session->file_count;
  }
  MdlLines *lines = &reports->lines[file];
  if (lines->count) return lines;
  const MdlFile *f = &session->files[file];
  size_t count = 1;
  for (size_t i = 0; i < f->length; i++) count += f->bytes[i] == '\n';
  lines->start = MDL_NEW(reports->arena, uint32_t, count);
  for (size_t i = 0; i < f->length; i++)
    if (f->bytes[i] == '\n') lines->start[++lines->count] = (uint32_t)i + 1;
  lines->count++;
  return lines;
}

void mdl_line_bounds(const MdlSession *session, int file, int line, uint32_t *start,
                     uint32_t *end) {
  const MdlLines *lines = mdl_lines(session, file);
  *start = lines->start[line - 1];
  *end = line < lines->count ? lines->start[line] - 1 : (uint32_t)session->files[file].length;
}

int mdl_decode(const char *at, const char *end, uint32_t *point) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  unsigned char lead = (unsigned char)*at;
  *point = lead;
  if (lead < 0x80) return 1;
  int bytes = lead >= 0xf0 && lead < 0xf8 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 0;
  uint32_t value = bytes ? lead & (0x7fu >> bytes) : 0;
  bool good = bytes && lead < 0xf8 && end - at >= bytes;
  for (int i = 1; good && i < bytes; i++) {
    unsigned char next = (unsigned char)at[i];
    good = (next & 0xc0) == 0x80;
    value = value << 6 | (next & 0x3f);
  }
  good = good && value >= least[bytes] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  *point = good ? value : 0xfffd;
  return good ? bytes : 1;
}

/* A byte order mark is no column. */
static uint32_t line_begin(const MdlFile *f, uint32_t start) {
  return start == 0 && f->length >= 3 && !memcmp(f->bytes, "\xef\xbb\xbf", 3) ? 3 : start;
}

MdlPosition mdl_position(const MdlSession *session, int file, uint32_t byte) {
  const MdlLines *lines = mdl_lines(session, file);
  int low = 0, high = lines->count; /* the line is low: start[low] <= byte < start[high] */
  while (high - low > 1) {
    int middle = (low + high) / 2;
    if (lines->start[middle] <= byte)
      low = middle;
    else
      high = middle;
  }
  const MdlFile *f = &session->files[file];
  const char *end = f->bytes + f->length;
  MdlPosition position = {low + 1, 1};
  if (byte > f->length) byte = (uint32_t)f->length;
  for (uint32_t i = line_begin(f, lines->start[low]), point; i < byte; position.column++)
    i += (uint32_t)mdl_decode(f->bytes + i, end, &point);
  return position;
}

uint32_t mdl_byte_of(const MdlSession *session, int file, int line, int column) {
  const MdlLines *lines = mdl_lines(session, file);
  const MdlFile *f = &session->files[file];
  if (line < 1) return 0;
  if (line > lines->count) return (uint32_t)f->length;
  uint32_t start, end, point;
  mdl_line_bounds(session, file, line, &start, &end);
  uint32_t byte = line_begin(f, start);
  for (int c = 1; c < column && byte < end; c++)
    byte += (uint32_t)mdl_decode(f->bytes + byte, f->bytes + end, &point);
  return byte;
}

static bool is_control(uint32_t point) { return point < 0x20 || (point >= 0x7f && point < 0xa0); }

const char *mdl_clean(MdlArena *arena, const char *text, int most) {
  size_t length = strlen(text), at = 0;
  const char *end = text + length;
  char *clean = mdl_alloc(arena, 3 * length + 4);
  for (int points = 0; text < end; points++) {
    uint32_t point;
    int bytes = mdl_decode(text, end, &point);
    bool bad = is_control(point) || (point == 0xfffd && bytes == 1);
    if (points == most) {
      memcpy(clean + at, "…", 3);
      break;
    }
    memcpy(clean + at, bad ? "\xef\xbf\xbd" : text, bad ? 3 : (size_t)bytes);
    at += bad ? 3 : (size_t)bytes;
    text += bytes;
  }
  return clean;
}
