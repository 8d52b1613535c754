/* For tests of diagnostics: sources, spans by their text, and what was printed. */
#ifndef MDL_TESTS_UNIT_REPORTS_H
#define MDL_TESTS_UNIT_REPORTS_H

#include "ir/diag.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The n-th (from 1) place of `text` in a file. */
static inline MdlSpan nth(MdlSession *session, int file, const char *text, int n) {
  const char *bytes = session->files[file].bytes, *at = bytes;
  for (at = strstr(at, text); at && n > 1; n--) at = strstr(at + 1, text);
  ck_assert_msg(at != NULL, "the source has no `%s`", text);
  return (MdlSpan){file, (uint32_t)(at - bytes), (uint32_t)(at - bytes + (long)strlen(text))};
}

static inline int source(MdlSession *session, const char *path, const char *text) {
  return mdl_file_add(session, path, text, strlen(text), false);
}

static inline void keep(void *file, const char *bytes, size_t length) {
  fwrite(bytes, 1, length, file);
}

/* What a flush prints, in the arena. */
static inline const char *printed(MdlSession *session, bool last) {
  char *text = NULL;
  size_t length = 0;
  FILE *file = open_memstream(&text, &length);
  mdl_diag_flush(session, keep, file, last, mdl_error_count(session) > 0);
  fclose(file);
  const char *copy = mdl_text_copy(session->arena, text, length);
  free(text);
  return copy;
}

#endif
