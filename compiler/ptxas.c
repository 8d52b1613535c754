#include "compiler/ptxas.h"

#include "compiler/output.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- its words --------------------------------------------------------------------------- */

/* "Compiling entry function 'NAME' for 'sm_80'" */
static bool read_kernel(MdlArena *arena, const char *line, MdlKernelUse *use)
{
  const char *name = strstr(line, "entry function '"), *arch;
  if (!name) return false;
  name += strlen("entry function '");
  size_t length = strcspn(name, "'");
  arch = strstr(name, "'sm_");
  *use = (MdlKernelUse){.kernel = mdl_text_copy(arena, name, length)};
  if (arch) use->arch = atoi(arch + strlen("'sm_"));
  return true;
}

/* The number before a word: 40 of "Used 40 registers, used 1 barriers, 12480 bytes smem". */
static int before(const char *line, const char *word)
{
  const char *at = strstr(line, word);
  if (!at) return 0;
  while (at > line && at[-1] >= '0' && at[-1] <= '9') at--;
  return atoi(at);
}

static void read_line(MdlArena *arena, const char *line, MdlKernelUse *use, MdlPtxas *into)
{
  if (read_kernel(arena, line, use) || !use->kernel) return;
  if (strstr(line, " bytes stack frame")) {
    use->stack = before(line, " bytes stack frame");
    use->spilled = before(line, " bytes spill stores");
  }
  if (!strstr(line, ": Used ")) return;
  use->registers = before(line, " registers");
  use->shared = before(line, " bytes smem");
  MDL_GROW(arena, into->use, into->count, into->capacity);
  into->use[into->count++] = *use;
  use->kernel = NULL;
}

void mdl_ptxas_read(MdlArena *arena, const char *log, MdlPtxas *into)
{
  MdlKernelUse use = {NULL, 0, 0, 0, 0, 0};
  for (size_t length; *log; log += length + (log[length] == '\n')) {
    length = strcspn(log, "\n");
    read_line(arena, mdl_text_copy(arena, log, length), &use, into);
  }
}

/* ---- its run ----------------------------------------------------------------------------- */

enum { MOST_LOG = 1 << 26 };

/* NULL, or what went wrong; what it prints goes to `log`. */
static const char *run(char *const *arguments, const char *log)
{
  pid_t child;
  int status = 0;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  int code = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (code == ENOENT) return "nvcc is not on PATH";
  if (code) return strerror(code);
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return strerror(errno);
  return WIFEXITED(status) && !WEXITSTATUS(status) ? NULL : "nvcc refuses the file";
}

static const char *compile(MdlSession *session, const char *folder, const char *cu, MdlPtxas *into)
{
  MdlArena *arena = session->arena;
  char *log = mdl_text(arena, "%s/log", folder), *out = mdl_text(arena, "%s/out", folder);
  const char *const words[] = {"nvcc",
                               "-fmad=false",
                               "-gencode=arch=compute_80,code=sm_80",
                               "-gencode=arch=compute_90,code=sm_90",
                               "-fatbin",
                               "-Xptxas",
                               "-v",
                               "-o",
                               out,
                               cu};
  enum { WORDS = sizeof words / sizeof *words };
  char *arguments[WORDS + 1] = {NULL};
  for (int i = 0; i < WORDS; i++) arguments[i] = mdl_text(arena, "%s", words[i]);
  const char *why = run(arguments, log), *read_why;
  size_t length;
  char *text = why ? NULL : mdl_file_read(arena, log, MOST_LOG, &length, &read_why);
  if (!why && !text) why = read_why;
  if (text) mdl_ptxas_read(arena, text, into);
  unlink(log);
  unlink(out);
  return why;
}

MdlPtxas mdl_ptxas(MdlSession *session, const char *name, const char *source, const char *header)
{
  MdlPtxas made = {0, 0, NULL, NULL};
  MdlArena *arena = session->arena;
  const char *top = getenv("TMPDIR");
  char *folder = mdl_text(arena, "%s/mdlc.XXXXXX", top && *top ? top : "/tmp");
  if (!mkdtemp(folder)) {
    made.missing = strerror(errno);
    return made;
  }
  const char *cu = mdl_text(arena, "%s/%s.cu", folder, name);
  const char *h = mdl_text(arena, "%s/%s.h", folder, name);
  if (mdl_file_write(arena, cu, source, strlen(source), &made.missing) &&
      mdl_file_write(arena, h, header, strlen(header), &made.missing))
    made.missing = compile(session, folder, cu, &made);
  unlink(cu);
  unlink(h);
  rmdir(folder);
  return made;
}
