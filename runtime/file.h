/* Inside the runtime: whole files out. */
#ifndef MDL_RUNTIME_FILE_H
#define MDL_RUNTIME_FILE_H

#include <stddef.h>

typedef struct {
  const void *bytes;
  size_t length;
} mdl_part;

/* The parts one after the other, to PATH.part, which is then renamed. */
const char *mdl_write_parts(const char *path, const mdl_part *parts, int count);

#endif
