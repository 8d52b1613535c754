#include "compiler/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *mdl_file_read(MdlArena *arena, const char *path, size_t most, size_t *length,
                    const char **why)
{
  struct stat status;
  FILE *file = fopen(path, "rb");
  if (!file || fstat(fileno(file), &status)) {
    *why = strerror(errno);
    if (file) fclose(file);
    return NULL;
  }
  if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size > most) {
    *why = S_ISREG(status.st_mode) ? "it is too large" : "it is no regular file";
    fclose(file);
    return NULL;
  }
  char *bytes = mdl_alloc(arena, (size_t)status.st_size + 1);
  *length = fread(bytes, 1, (size_t)status.st_size, file);
  bool failed = ferror(file);
  fclose(file);
  if (failed) *why = "it cannot be read";
  return failed ? NULL : bytes;
}

static bool write_all(int file, const char *bytes, size_t length)
{
  while (length) {
    ssize_t wrote = write(file, bytes, length);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes += wrote, length -= (size_t)wrote;
  }
  return true;
}

/* What the umask leaves of rw-rw-rw-: mkstemp makes files that only the owner can read. */
static mode_t usual_mode(void)
{
  mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

bool mdl_file_write(MdlArena *arena, const char *path, const char *bytes, size_t length,
                    const char **why)
{
  if (!strcmp(path, "-")) {
    fflush(stdout);
    if (write_all(STDOUT_FILENO, bytes, length)) return true;
    *why = strerror(errno);
    return false;
  }
  char *temporary = mdl_text(arena, "%s.XXXXXX", path);
  int file = mkstemp(temporary);
  if (file < 0) {
    *why = strerror(errno);
    return false;
  }
  bool good = write_all(file, bytes, length) && !fchmod(file, usual_mode()) && !fsync(file);
  if (close(file)) good = false;
  if (good && !rename(temporary, path)) return true;
  *why = strerror(errno);
  unlink(temporary);
  return false;
}
