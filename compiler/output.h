/* Files as the driver reads and writes them: whole, or not at all. */
#ifndef MDL_COMPILER_OUTPUT_H
#define MDL_COMPILER_OUTPUT_H

#include "ir/session.h"

/* The whole file, ended by a 0; NULL with *why set. At most `most` bytes. "-" is standard input. */
char *mdl_file_read(MdlArena *arena, const char *path, size_t most, size_t *length,
                    const char **why);

typedef struct MdlFileOut {
  const char *path; /* "-": standard output */
  const char *bytes;
  size_t length;
  bool executable;
} MdlFileOut;

/* Each to a temporary file beside it, synced; when all are there, renamed over: nobody ever sees
 * half a file, nor some of the files. A device or pipe is written to as it is. False with *failed
 * and *why set, and no file left. */
bool mdl_files_write(MdlArena *arena, const MdlFileOut *files, int count, int *failed,
                     const char **why);
/* The same for one. */
bool mdl_file_write(MdlArena *arena, const char *path, const char *bytes, size_t length,
                    const char **why);

#endif
