/* What one compilation owns besides its IR: memory, source files, reports, limits. Everything in
 * the compiler is reached from a session; there is no other state. */
#ifndef MDL_IR_SESSION_H
#define MDL_IR_SESSION_H

#include "ir/arena.h"

#include <setjmp.h>

typedef struct MdlReports MdlReports; /* ir/diag.h */
typedef struct MdlSizes MdlSizes;     /* ir/size.h */

/* A source text as the user gave it. Kept until the session ends, so spans stay printable. */
typedef struct MdlFile {
  const char *path;  /* as given on the command line, or std/nn.mdl */
  const char *bytes; /* ended by a 0 that is not counted */
  size_t length;
  bool is_std; /* shipped inside the compiler: never where an error asks to edit */
} MdlFile;

/* Beyond these an error with a code (E090x), before any IR is built. */
typedef struct MdlLimits {
  int nesting;        /* of brackets, blocks and calls: 256 */
  int rank;           /* of a tensor: 16 */
  int64_t ops;        /* after instantiation: 1,000,000 */
  int64_t elements;   /* of one tensor: 2^62 */
  size_t source;      /* bytes of source: 16 MiB */
  int errors;         /* then E0905: 20 */
} MdlLimits;

typedef struct MdlSession {
  MdlArena *arena;
  MdlReports *reports;
  MdlSizes *sizes; /* one interning table from the parser to the header */
  MdlFile *files;
  int file_count, file_capacity;
  MdlLimits limits;
  /* Our mistakes end here: MDL_BUG longjmps with the report already made. */
  jmp_buf *on_bug;
  const char *pass;    /* running now, for the report */
  const char *foreign; /* file of IR that another hand wrote: what no pass takes is its mistake */
} MdlSession;

MdlSession *mdl_session_create(void);
void mdl_session_destroy(MdlSession *session);

/* Copies the text. Returns the file's index for spans. */
int mdl_file_add(MdlSession *session, const char *path, const char *bytes, size_t length,
                 bool is_std);

/* A mistake of ours, never of the user's: reports E0999 with the running pass and leaves through
 * session->on_bug (or ends the process with mdl_bug_status when there is none). */
#define MDL_BUG(session, ...) mdl_bug(session, __FILE__, __LINE__, __VA_ARGS__)
_Noreturn void mdl_bug(MdlSession *session, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
int mdl_bug_status(const MdlSession *session); /* 70; of foreign IR 1 */

#endif
