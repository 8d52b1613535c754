/* A report as one JSON object on one line, with the text in it. Ends of spans are exclusive. */
#include "ir/diag_report.h"

#include <stdlib.h>
#include <string.h>

static void put_text(FILE *out, const char *text) {
  fputc('"', out);
  for (const char *end = text + strlen(text); text < end;) {
    uint32_t point;
    int bytes = mdl_decode(text, end, &point);
    if (point == '"' || point == '\\')
      fprintf(out, "\\%c", (char)point);
    else if (point == '\n')
      fputs("\\n", out);
    else if (point == '\t')
      fputs("\\t", out);
    else if (point < 0x20 || point == 0x7f)
      fprintf(out, "\\u%04x", point);
    else if (point == 0xfffd)
      fputs("\xef\xbf\xbd", out);
    else
      fwrite(text, 1, (size_t)bytes, out);
    text += bytes;
  }
  fputc('"', out);
}

static void put_field(FILE *out, const char *before, const char *text) {
  fputs(before, out);
  put_text(out, text);
}

static void put_span(FILE *out, const MdlReport *report, MdlSpan span, const char *label,
                     bool is_primary) {
  MdlSession *session = report->session;
  MdlPosition from = mdl_position(session, span.file, span.start);
  MdlPosition to = mdl_position(session, span.file, span.end);
  put_field(out, "{\"file\":", session->files[span.file].path);
  fprintf(out,
          ",\"byte\":%u,\"end_byte\":%u,\"line\":%d,\"col\":%d,\"end_line\":%d,\"end_col\":%d,"
          "\"primary\":%s",
          span.start, span.end, from.line, from.column, to.line, to.column,
          is_primary ? "true" : "false");
  put_field(out, ",\"label\":", label);
  fputc('}', out);
}

static void put_spans(FILE *out, const MdlReport *report) {
  fputs(",\"spans\":[", out);
  if (report->at.file >= 0) put_span(out, report, report->at, report->label, true);
  for (int i = 0; i < report->alsos + report->origins; i++) {
    const MdlAlso *a = i < report->alsos ? &report->also[i] : &report->origin[i - report->alsos];
    if (i || report->at.file >= 0) fputc(',', out);
    put_span(out, report, a->at, a->label, false);
  }
  fputc(']', out);
}

static void put_notes(FILE *out, const MdlReport *report) {
  fputs(",\"notes\":[", out);
  for (int i = 0; i < report->notes + report->helps; i++) {
    bool is_note = i < report->notes;
    fprintf(out, "%s{\"kind\":\"%s\"", i ? "," : "", is_note ? "note" : "help");
    put_field(out, ",\"text\":", is_note ? report->note[i] : report->help[i - report->notes]);
    fputc('}', out);
  }
  fputc(']', out);
}

static void put_fixes(FILE *out, const MdlReport *report) {
  fputs(",\"fixes\":[", out);
  for (int i = 0; i < report->edits; i++) {
    const MdlEdit *edit = &report->edit[i];
    if (i)
      fputc(',', out);
    else
      fprintf(out, "{\"exact\":%s,\"edits\":[", report->inexact ? "false" : "true");
    put_field(out, "{\"file\":", report->session->files[edit->span.file].path);
    fprintf(out, ",\"byte\":%u,\"end_byte\":%u", edit->span.start, edit->span.end);
    put_field(out, ",\"text\":", edit->text);
    fputc('}', out);
  }
  fputs(report->edits ? "]}]" : "]", out);
}

static void put_rendered(FILE *out, const MdlReport *report) {
  char *text = NULL;
  size_t length = 0;
  FILE *memory = open_memstream(&text, &length);
  if (!memory) return;
  mdl_render_text(memory, report, false);
  fclose(memory);
  put_field(out, ",\"rendered\":", text);
  free(text);
}

void mdl_render_json(FILE *out, const MdlReport *report) {
  const MdlCodeInfo *info = &mdl_codes[report->code];
  fprintf(out, "{\"v\":1,\"level\":\"%s\",\"code\":\"%s\",\"flag\":",
          report->level == MDL_LEVEL_error ? "error" : "warning", info->name);
  if (info->flag)
    put_text(out, info->flag);
  else
    fputs("null", out);
  put_field(out, ",\"message\":", report->message);
  put_spans(out, report);
  put_notes(out, report);
  put_fixes(out, report);
  put_rendered(out, report);
  fputs("}\n", out);
}
