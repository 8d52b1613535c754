/* Files as the driver reads and writes them: whole, or not at all. */
#ifndef MDL_COMPILER_OUTPUT_H
#define MDL_COMPILER_OUTPUT_H

#include "ir/session.h"

/* The whole file, ended by a 0; NULL with *why set. At most `most` bytes. */
char *mdl_file_read(MdlArena *arena, const char *path, size_t most, size_t *length,
                    const char **why);
/* To a temporary file beside it, synced, renamed over: nobody ever sees half a file. "-" is standard
 * output. False with *why set, and no file left. */
bool mdl_file_write(MdlArena *arena, const char *path, const char *bytes, size_t length,
                    const char **why);

#endif
