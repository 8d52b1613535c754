#include "compiler/link.h"

#include "compiler/output.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { MAX_LIBRARY = 1 << 30 };

/* NULL, or what went wrong. */
static const char *run_cc(char *cc, char *object, char *library)
{
  char shared[] = "-shared", output[] = "-o";
  char *const arguments[] = {cc, shared, output, library, object, NULL};
  pid_t child;
  int status = 0, code = posix_spawnp(&child, cc, NULL, NULL, arguments, environ);
  if (code) return strerror(code);
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return strerror(errno);
  return WIFEXITED(status) && !WEXITSTATUS(status) ? NULL : "the linker said no, see above";
}

static const char *link_in(MdlSession *session, const char *folder, const char **bytes,
                           size_t *length)
{
  const char *given = getenv("CC"), *why = NULL;
  char *cc = mdl_text(session->arena, "%s", given && *given ? given : "cc");
  char *object = mdl_text(session->arena, "%s/module.o", folder);
  char *library = mdl_text(session->arena, "%s/module.so", folder);
  if (mdl_file_write(session->arena, object, *bytes, *length, &why))
    why = run_cc(cc, object, library);
  if (!why) *bytes = mdl_file_read(session->arena, library, MAX_LIBRARY, length, &why);
  unlink(object);
  unlink(library);
  return why;
}

bool mdl_link_shared(MdlSession *session, const char **bytes, size_t *length)
{
  const char *top = getenv("TMPDIR");
  char *folder = mdl_text(session->arena, "%s/mdlc.XXXXXX", top && *top ? top : "/tmp");
  const char *why = mkdtemp(folder) ? NULL : strerror(errno);
  if (!why) {
    why = link_in(session, folder, bytes, length);
    rmdir(folder);
  }
  if (!why) return true;
  mdl_help(mdl_error(session, MDL_E0808, MDL_NO_SPAN, "link", "a shared library", why),
           "`-c` writes the object, to be linked by hand");
  return false;
}
