/* The library from many threads at once: each compiles every file, and all get the bytes that one
 * alone got. ThreadSanitizer watches in the preset tsan.
 *
 *   threads FILE.mdl... */
#include "compiler/mdlc.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS = 8, MOST = 32, KINDS = 4 };

static struct {
  const char *path;
  char *text;
  size_t length;
  mdlc_result *alone;
} files[MOST];
static int count;

static char *read_file(const char *path, size_t *length)
{
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  *length = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(*length + 1);
  *length = fread(text, 1, *length, file);
  fclose(file);
  return text;
}

static mdlc_result *compile(int i)
{
  static const char *const options[] = {"--emit=ir,c,header,obj", "-O2", "-w"};
  const char *slash = strrchr(files[i].path, '/');
  mdlc_request r = {.name = slash ? slash + 1 : files[i].path};
  r.source = files[i].text;
  r.length = files[i].length;
  r.options = options;
  r.option_count = 3;
  return mdlc_compile(&r);
}

static int differs(int i, const mdlc_result *made)
{
  if (mdlc_status(made) || mdlc_output_count(made) != KINDS) return 1;
  for (int k = 0; k < KINDS; k++) {
    size_t length, wanted_length;
    const void *bytes = mdlc_output(made, k, &length);
    const void *wanted = mdlc_output(files[i].alone, k, &wanted_length);
    if (length != wanted_length || memcmp(bytes, wanted, length)) return 1;
  }
  return 0;
}

/* Starts at another file each, so that different programs are compiled at the same time. */
static void *work(void *user)
{
  int start = *(int *)user, failed = 0;
  for (int k = 0; k < count; k++) {
    int i = (start + k) % count;
    mdlc_result *made = compile(i);
    if (differs(i, made)) failed++, printf("%s differs in thread %d\n", files[i].path, start);
    mdlc_free(made);
  }
  return failed ? user : NULL;
}

int main(int argc, char **argv)
{
  pthread_t thread[THREADS];
  int start[THREADS], failed = 0;
  for (count = 0; count + 1 < argc && count < MOST; count++) {
    files[count].path = argv[count + 1];
    files[count].text = read_file(argv[count + 1], &files[count].length);
    if (!files[count].text) return perror(argv[count + 1]), 2;
    files[count].alone = compile(count);
    if (mdlc_status(files[count].alone)) return printf("%s does not compile\n", argv[count + 1]), 1;
  }
  for (int i = 0; i < THREADS; i++) {
    start[i] = i;
    if (pthread_create(&thread[i], NULL, work, &start[i])) return perror("threads"), 2;
  }
  for (int i = 0; i < THREADS; i++) {
    void *wrong;
    pthread_join(thread[i], &wrong);
    failed += wrong != NULL;
  }
  for (int i = 0; i < count; i++) {
    mdlc_free(files[i].alone);
    free(files[i].text);
  }
  printf("%d threads, %d files each, %d threads with differences\n", THREADS, count, failed);
  return failed != 0;
}
