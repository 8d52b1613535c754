#include "ir/session.h"

#include "ir/diag.h"
#include "ir/diag_report.h"
#include "ir/size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const MdlLimits default_limits = {
    .nesting = 256,
    .rank = 16,
    .ops = 1000000,
    .elements = (int64_t)1 << 62,
    .source = (size_t)16 << 20,
    .errors = 20,
};

MdlSession *mdl_session_create(void) {
  MdlArena *arena = mdl_arena_create();
  MdlSession *session = MDL_NEW(arena, MdlSession, 1);
  session->arena = arena;
  session->reports = mdl_reports_create(arena);
  session->sizes = mdl_sizes_create(arena);
  session->limits = default_limits;
  return session;
}

void mdl_session_destroy(MdlSession *session) {
  if (session) mdl_arena_destroy(session->arena);
}

int mdl_file_add(MdlSession *session, const char *path, const char *bytes, size_t length,
                 bool is_std) {
  MDL_GROW(session->arena, session->files, session->file_count, session->file_capacity);
  session->files[session->file_count] = (MdlFile){
      .path = mdl_text_copy(session->arena, path, strlen(path)),
      .bytes = mdl_text_copy(session->arena, bytes, length),
      .length = length,
      .is_std = is_std,
  };
  return session->file_count++;
}

/* The last two parts of a path: where our sources lie on the builder's machine is nobody's
 * business. */
static const char *short_path(const char *path) {
  const char *end = strrchr(path, '/');
  while (end && end > path && end[-1] != '/') end--;
  return end ? end : path;
}

static void to_stderr(void *user, const char *bytes, size_t length) {
  (void)user;
  fwrite(bytes, 1, length, stderr);
}

static void report_foreign(MdlSession *session, const char *what) {
  const char *pass = session->pass;
  const char *why = pass ? mdl_text(session->arena, "pass `%s` cannot take its IR", pass)
                         : "it is no IR that mdlc writes";
  mdl_note(mdl_error(session, MDL_E0808, MDL_NO_SPAN, "read", session->foreign, why), "%s", what);
}

_Noreturn void mdl_bug(MdlSession *session, const char *file, int line, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  const char *what = mdl_text_v(session->arena, format, arguments);
  va_end(arguments);
  if (session->foreign)
    report_foreign(session, what);
  else
    mdl_note(mdl_error(session, MDL_E0999, MDL_NO_SPAN, session->pass ? session->pass : "none"),
             "%s (%s:%d)", what, short_path(file), line);
  if (session->on_bug) longjmp(*session->on_bug, 1);
  mdl_diag_flush(session, to_stderr, NULL, true, mdl_bug_status(session));
  exit(mdl_bug_status(session));
}

int mdl_bug_status(const MdlSession *session) { return session->foreign ? 1 : 70; }
