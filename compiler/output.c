#include "compiler/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ----------------------------------------------------------------------------- */

/* A pipe or a file, up to `most` bytes. */
static char *read_stream(MdlArena *arena, FILE *file, size_t most, size_t *length, const char **why)
{
  size_t capacity = 1 << 16;
  char *bytes = mdl_alloc(arena, capacity + 1);
  for (*length = 0;;) {
    *length += fread(bytes + *length, 1, capacity - *length, file);
    if (*length < capacity) break;
    bytes = mdl_realloc_array(arena, bytes, capacity, 2 * capacity + 1, 1);
    capacity *= 2;
    if (*length <= most) continue;
    *why = "it is too large";
    return NULL;
  }
  bytes[*length] = 0;
  if (!ferror(file) && *length <= most) return bytes;
  *why = ferror(file) ? strerror(errno) : "it is too large";
  return NULL;
}

static char *read_regular(MdlArena *arena, FILE *file, size_t most, size_t *length,
                          const char **why)
{
  struct stat status;
  if (fstat(fileno(file), &status)) return *why = strerror(errno), NULL;
  if (S_ISDIR(status.st_mode)) return *why = "it is a directory", NULL;
  if (!S_ISREG(status.st_mode)) return read_stream(arena, file, most, length, why);
  if ((uint64_t)status.st_size > most) return *why = "it is too large", NULL;
  char *bytes = mdl_alloc(arena, (size_t)status.st_size + 1);
  *length = fread(bytes, 1, (size_t)status.st_size, file);
  if (ferror(file)) return *why = strerror(errno), NULL;
  return bytes;
}

char *mdl_file_read(MdlArena *arena, const char *path, size_t most, size_t *length,
                    const char **why)
{
  if (!strcmp(path, "-")) return read_stream(arena, stdin, most, length, why);
  FILE *file = fopen(path, "rb");
  if (!file) return *why = strerror(errno), NULL;
  char *bytes = read_regular(arena, file, most, length, why);
  fclose(file);
  return bytes;
}

/* ---- writing ----------------------------------------------------------------------------- */

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

/* What the umask leaves: mkstemp makes files that only the owner can read. */
static mode_t usual_mode(bool executable)
{
  mode_t mask = umask(0);
  umask(mask);
  return (executable ? 0777 : 0666) & ~mask;
}

static bool is_place(const char *path) /* written to as it is */
{
  struct stat status;
  return !strcmp(path, "-") || (!stat(path, &status) && !S_ISREG(status.st_mode));
}

static bool write_place(const MdlFileOut *out)
{
  if (!strcmp(out->path, "-")) {
    fflush(stdout);
    return write_all(STDOUT_FILENO, out->bytes, out->length);
  }
  int file = open(out->path, O_WRONLY | O_CLOEXEC);
  bool good = file >= 0 && write_all(file, out->bytes, out->length);
  if (file >= 0 && close(file)) good = false;
  return good;
}

/* The temporary file's path, or NULL with errno set. */
static char *write_beside(MdlArena *arena, const MdlFileOut *out, const char *target)
{
  char *temporary = mdl_text(arena, "%s.XXXXXX", target);
  int file = mkostemp(temporary, O_CLOEXEC);
  if (file < 0) return NULL;
  bool good = write_all(file, out->bytes, out->length) &&
              !fchmod(file, usual_mode(out->executable)) && !fsync(file);
  int code = errno;
  if (close(file)) good = false, code = errno;
  if (good) return temporary;
  unlink(temporary);
  errno = code;
  return NULL;
}

/* Through symbolic links, so that the link stays one. */
static const char *target_of(MdlArena *arena, const char *path)
{
  char real[PATH_MAX];
  return realpath(path, real) ? mdl_text(arena, "%s", real) : path;
}

bool mdl_files_write(MdlArena *arena, const MdlFileOut *files, int count, int *failed,
                     const char **why)
{
  char **temporary = MDL_NEW(arena, char *, (size_t)count + 1);
  const char **target = MDL_NEW(arena, const char *, (size_t)count + 1);
  bool good = true;
  int i = 0;
  for (; i < count && good; i++) {
    if (is_place(files[i].path)) continue;
    target[i] = target_of(arena, files[i].path);
    temporary[i] = write_beside(arena, &files[i], target[i]);
    good = temporary[i] != NULL;
  }
  for (int k = 0; k < count && good; k++) {
    good = temporary[k] ? !rename(temporary[k], target[k]) : write_place(&files[k]);
    if (good) temporary[k] = NULL;
    i = k + 1;
  }
  if (good) return true;
  *failed = i - 1;
  *why = strerror(errno);
  for (int k = 0; k < count; k++)
    if (temporary[k]) unlink(temporary[k]);
  return false;
}

bool mdl_file_write(MdlArena *arena, const char *path, const char *bytes, size_t length,
                    const char **why)
{
  MdlFileOut file = {path, bytes, length, false};
  int failed;
  return mdl_files_write(arena, &file, 1, &failed, why);
}
