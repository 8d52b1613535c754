/* mdlc: the command. The only file that ends the process. */
#include "compiler/command.h"

#include <setjmp.h>
#include <stdio.h>

static void to_stderr(void *user, const char *bytes, size_t length)
{
  (void)user;
  fwrite(bytes, 1, length, stderr);
}

int main(int argc, char **argv)
{
  jmp_buf bug;
  MdlSession *session = mdl_session_create();
  int code;
  session->on_bug = &bug;
  if (setjmp(bug))
    code = mdl_bug_status(session);
  else
    code = mdl_command(session, argc, argv);
  fflush(stdout);
  mdl_diag_flush(session, to_stderr, NULL, true, code);
  mdl_session_destroy(session);
  return code;
}
