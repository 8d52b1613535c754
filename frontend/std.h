/* The standard library's text, frontend/std, built into the compiler by embed.cmake. */
#ifndef MDL_FRONTEND_STD_H
#define MDL_FRONTEND_STD_H

#include <stddef.h>

typedef struct MdlStdFile {
  const char *module; /* "std.nn"; "std.prelude" is imported everywhere */
  const char *path;   /* "std/nn.mdl" */
  const char *bytes;
  size_t length;
} MdlStdFile;
extern const MdlStdFile mdl_std_files[];
extern const int mdl_std_count;

#endif
