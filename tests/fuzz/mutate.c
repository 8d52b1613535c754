/* Feeds the front end what nobody meant: every prefix of each file, and seeded mutations of its
 * tokens and bytes. Each input must be accepted, or rejected with an error that has a code and a
 * place, within a second. The input at hand is written to `fuzz-failed.mdl` when something breaks.
 *
 *   mutate [--syntax] SEED MUTATIONS STEP FILE...      every STEP-th prefix */
#include "frontend/frontend.h"
#include "ir/form.h"
#include "tests/fuzz/edit.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
  const char *name;
  const char *bytes;
  size_t length;
} input;

static bool syntax_only;
static long inputs, accepted, one_error, token_edits;

static void save_input(void)
{
  FILE *file = fopen("fuzz-failed.mdl", "wb");
  if (!file) return;
  fwrite(input.bytes, 1, input.length, file);
  fclose(file);
}

static void on_signal(int number)
{
  save_input();
  fprintf(stderr, "mutate: signal %d on a mutation of %s, kept as fuzz-failed.mdl\n", number,
          input.name);
  _exit(1);
}

/* Sanitizers call it before they end the process; without them nobody does. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static _Noreturn void fail(const char *why, const char *text)
{
  save_input();
  fprintf(stderr, "mutate: %s on a mutation of %s, kept as fuzz-failed.mdl\n%s\n", why, input.name,
          text);
  exit(1);
}

static void keep(void *file, const char *bytes, size_t length) { fwrite(bytes, 1, length, file); }

static char *printed(MdlSession *session)
{
  char *text = NULL;
  size_t length = 0;
  FILE *file = open_memstream(&text, &length);
  mdl_diag_flush(session, keep, file, true, 1);
  fclose(file);
  return text;
}

/* Every report starts a line `FILE:LINE:COLUMN: LEVEL[CODE]: `. What concerns the whole program has
 * no place. */
static void check_text(const char *text)
{
  if (strstr(text, "[E0999]")) fail("an internal error", text);
  for (const char *at = text; (at = strstr(at, ": error[")); at++) {
    const char *line = at, *code = at + strlen(": error[");
    while (line > text && line[-1] != '\n') line--;
    bool whole = !strncmp(code, "E0802", 5) || !strncmp(code, "E0905", 5);
    if (code[0] != 'E' || !isdigit((unsigned char)code[1]) || code[5] != ']')
      fail("an error without a code", text);
    if (!whole && !strncmp(line, "mdlc:", 5)) fail("an error without a place", text);
  }
}

static double seconds(void)
{
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Checks one input; lowers it if it is a program. Returns its number of errors. */
static int compile(MdlSession *session, int file)
{
  if (syntax_only) return mdl_frontend_ast(session, file), mdl_error_count(session);
  MdlFrontendOptions options = {.module = "fuzz", .prefix = "fuzz_", .source = "fuzz.mdl"};
  MdlProgram *program = mdl_frontend_check(session, file, &options);
  int errors = mdl_error_count(session);
  if (!program && !errors) fail("rejected without an error", "");
  if (program && errors) fail("accepted with errors", printed(session));
  if (!program) return errors;
  MdlIr *ir = mdl_ir_create(session);
  MlirOperation module = mdl_frontend_lower(ir, program);
  errors = mdl_error_count(session);
  if (mdl_is_null(module) && !errors) fail("not lowered, without an error", "");
  const char *why = mdl_is_null(module) ? NULL : mdl_verify(ir, module);
  if (why) fail("wrong IR", why);
  mdl_module_destroy(module);
  mdl_ir_destroy(ir);
  return errors;
}

static int try_bytes(const char *bytes, size_t length)
{
  input.bytes = bytes;
  input.length = length;
  inputs++;
  alarm(60);
  double start = seconds();
  MdlSession *session = mdl_session_create();
  int file = mdl_file_add(session, "fuzz.mdl", bytes, length, false);
  jmp_buf door;
  session->on_bug = &door;
  if (setjmp(door)) fail("an internal error", printed(session));
  int errors = compile(session, file);
  char *text = printed(session);
  check_text(text);
  free(text);
  mdl_session_destroy(session);
  if (seconds() - start > 1) fail("more than a second", "");
  accepted += !errors;
  return errors;
}

static void try_prefixes(const MdlText *text, size_t step)
{
  for (size_t length = 0; length <= text->length; length += step) try_bytes(text->bytes, length);
}

static void try_mutations(const MdlText *text, uint64_t seed, int count)
{
  MdlRandom random = {seed};
  for (int i = 0; i < count; i++) {
    bool whole_token = false;
    MdlText changed = mdl_edit(text, &random, &whole_token);
    int errors = try_bytes(changed.bytes, changed.length);
    if (whole_token && errors) token_edits++, one_error += errors == 1;
    free(changed.bytes);
  }
}

int main(int argc, char **argv)
{
  int next = 1;
  if (next < argc && !strcmp(argv[next], "--syntax")) syntax_only = true, next++;
  if (argc - next < 4 || atoi(argv[next + 2]) < 1) {
    fprintf(stderr, "usage: mutate [--syntax] SEED MUTATIONS STEP FILE...\n");
    return 2;
  }
  uint64_t seed = strtoull(argv[next], NULL, 10);
  int count = atoi(argv[next + 1]);
  static const int signals[] = {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGILL, SIGALRM};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], on_signal);
  if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(save_input);
  for (int i = next + 3; i < argc; i++) {
    MdlText text;
    if (!mdl_text_read(argv[i], &text)) {
      fprintf(stderr, "mutate: cannot read %s\n", argv[i]);
      return 1;
    }
    input.name = argv[i];
    try_prefixes(&text, (size_t)atoi(argv[next + 2]));
    try_mutations(&text, seed + (uint64_t)i, count);
    free(text.bytes);
  }
  printf("%ld inputs, %ld of them programs; of %ld wrong edits of a token %ld gave one error\n",
         inputs, accepted, token_edits, one_error);
  return 0;
}
