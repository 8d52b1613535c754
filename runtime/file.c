#include "runtime/file.h"

#include "runtime/mdl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__unix__) || defined(__APPLE__)
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const char *mdl_map_file(const char *path, mdl_mapping *mapping) {
  struct stat status;
  void *bytes;
  int file = open(path, O_RDONLY | O_CLOEXEC);
  mapping->bytes = NULL;
  mapping->length = 0;
  if (file < 0) return errno == ENOENT ? "there is no such file" : "the file cannot be opened";
  if (fstat(file, &status) || !S_ISREG(status.st_mode)) {
    close(file);
    return "it is no regular file";
  }
  if (!status.st_size) {
    close(file);
    return "the file is empty";
  }
  bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
  close(file);
  if (bytes == MAP_FAILED) return "the file cannot be mapped";
  mapping->bytes = bytes;
  mapping->length = (size_t)status.st_size;
  return NULL;
}

void mdl_unmap_file(mdl_mapping *mapping) {
  if (mapping->bytes) munmap((void *)(uintptr_t)mapping->bytes, mapping->length);
  mapping->bytes = NULL;
}
#else
const char *mdl_map_file(const char *path, mdl_mapping *mapping) {
  FILE *file = fopen(path, "rb");
  void *bytes = NULL;
  long length = -1;
  mapping->bytes = NULL;
  mapping->length = 0;
  if (!file) return "the file cannot be opened";
  if (!fseek(file, 0, SEEK_END)) length = ftell(file);
  if (length > 0 && !fseek(file, 0, SEEK_SET)) bytes = malloc((size_t)length);
  if (bytes && fread(bytes, 1, (size_t)length, file) != (size_t)length) free(bytes), bytes = NULL;
  fclose(file);
  if (!bytes) return "the file cannot be read";
  mapping->bytes = bytes;
  mapping->length = (size_t)length;
  return NULL;
}

void mdl_unmap_file(mdl_mapping *mapping) {
  free((void *)(uintptr_t)mapping->bytes);
  mapping->bytes = NULL;
}
#endif

static int write_into(FILE *file, const mdl_part *parts, int count) {
  int i;
  for (i = 0; i < count; i++)
    if (parts[i].length && fwrite(parts[i].bytes, 1, parts[i].length, file) != parts[i].length)
      return 0;
  return 1;
}

const char *mdl_write_parts(const char *path, const mdl_part *parts, int count) {
  size_t length = strlen(path);
  char *beside = (char *)malloc(length + sizeof ".part");
  FILE *file;
  int good;
  if (!beside) return "there is no memory left";
  memcpy(beside, path, length);
  memcpy(beside + length, ".part", sizeof ".part");
  file = fopen(beside, "wb");
  if (!file) {
    free(beside);
    return "the file cannot be created";
  }
  good = write_into(file, parts, count);
  if (fclose(file)) good = 0;
  if (good && rename(beside, path)) good = 0;
  if (!good) remove(beside);
  free(beside);
  return good ? NULL : "the file cannot be written";
}
