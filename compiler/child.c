#include "compiler/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { END_OF_LOG = 600 };

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Never returns. Nothing of the parent's is flushed or run at exit. */
static void be_child(void (*work)(void *user, FILE *out), void *user, int out, FILE *log)
{
  FILE *file = fdopen(out, "wb");
  if (log) dup2(fileno(log), STDERR_FILENO);
  if (file) {
    work(user, file);
    fflush(file);
  }
  _exit(0);
}

/* Everything up to the end; false once the time is over. */
static bool read_all(int from, double until, FILE *into)
{
  char part[65536];
  for (;;) {
    double left = until - now();
    struct pollfd ready = {.fd = from, .events = POLLIN};
    if (left <= 0) return false;
    int count = poll(&ready, 1, left > 60 ? 60000 : (int)(1e3 * left) + 1);
    if (count == 0 || (count < 0 && errno == EINTR)) continue;
    ssize_t got = read(from, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    fwrite(part, 1, (size_t)got, into);
  }
}

static const char *end_of(MdlArena *arena, FILE *log)
{
  char text[END_OF_LOG + 1];
  if (!log) return "";
  fflush(log);
  fseek(log, 0, SEEK_END);
  long length = ftell(log);
  fseek(log, length > END_OF_LOG ? length - END_OF_LOG : 0, SEEK_SET);
  size_t got = fread(text, 1, END_OF_LOG, log);
  while (got && (text[got - 1] == '\n' || text[got - 1] == ' ')) got--;
  return mdl_text_copy(arena, text, got);
}

static void watch(MdlArena *arena, pid_t process, int from, double seconds, MdlChild *child)
{
  char *bytes = NULL;
  int status = 0;
  FILE *into = open_memstream(&bytes, &child->length);
  child->late = into && !read_all(from, now() + seconds, into);
  if (child->late || !into) kill(process, SIGKILL);
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) continue;
  child->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  if (into) fclose(into);
  child->bytes = mdl_text_copy(arena, bytes ? bytes : "", child->length);
  free(bytes);
}

bool mdl_child_run(MdlArena *arena, void (*work)(void *user, FILE *out), void *user, double seconds,
                   MdlChild *child)
{
  int ends[2];
  FILE *log = tmpfile();
  *child = (MdlChild){.bytes = "", .log = ""};
  if (pipe(ends)) return false;
  fflush(NULL); /* or the child would hold a copy of what is not yet written */
  pid_t process = fork();
  if (!process) {
    close(ends[0]);
    be_child(work, user, ends[1], log);
  }
  close(ends[1]);
  if (process > 0) watch(arena, process, ends[0], seconds, child);
  close(ends[0]);
  child->log = end_of(arena, log);
  if (log) fclose(log);
  return process > 0;
}
