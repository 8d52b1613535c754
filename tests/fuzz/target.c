/* The front end as a target of libFuzzer: any bytes are a program, or rejected with an error. In the
 * preset fuzz (`build/fuzz/bin/fuzz_frontend tests/fuzz/corpus`) it looks for inputs by itself; in every
 * other build it replays the files it is given. */
#include "frontend/frontend.h"
#include "ir/form.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void to_stderr(void *user, const char *bytes, size_t length)
{
  (void)user;
  fwrite(bytes, 1, length, stderr);
}

/* What must not be ends the process; the fuzzer keeps the input. */
static _Noreturn void fail(MdlSession *session, const char *why)
{
  fprintf(stderr, "%s\n", why);
  mdl_diag_flush(session, to_stderr, NULL, true, 70);
  abort();
}

static void compile(MdlSession *session, const char *bytes, size_t length)
{
  const MdlFrontendOptions options = {.module = "fuzz", .prefix = "fuzz_", .source = "fuzz.mdl"};
  int file = mdl_file_add(session, "fuzz.mdl", bytes, length, false);
  MdlProgram *program = mdl_frontend_check(session, file, &options);
  if (!program != (mdl_error_count(session) > 0)) fail(session, "rejected without an error");
  if (!program) return;
  MdlIr *ir = mdl_ir_create(session);
  MlirOperation module = mdl_frontend_lower(ir, program);
  if (mdl_is_null(module) && !mdl_error_count(session)) fail(session, "not lowered");
  if (!mdl_is_null(module) && mdl_verify(ir, module)) fail(session, "wrong IR");
  mdl_module_destroy(module);
  mdl_ir_destroy(ir);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  MdlSession *session = mdl_session_create();
  jmp_buf door;
  session->on_bug = &door;
  if (setjmp(door)) fail(session, "an internal error");
  compile(session, (const char *)bytes, length);
  mdl_session_destroy(session);
  return 0;
}

#ifdef REPLAYS
int main(int argc, char **argv)
{
  static uint8_t bytes[1 << 20];
  for (int i = 1; i < argc; i++) {
    FILE *file = fopen(argv[i], "rb");
    if (!file) return perror(argv[i]), 1;
    size_t length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    fprintf(stderr, "%s\n", argv[i]);
    LLVMFuzzerTestOneInput(bytes, length);
  }
  return argc < 2;
}
#endif
