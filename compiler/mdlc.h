/* libmdlc: the compiler as a library, from memory to memory.
 *
 *   mdlc_request request = {0};
 *   const char *options[] = {"--emit=c,header", "-DB=32"};
 *   request.name = "mlp.mdl", request.source = text, request.length = strlen(text);
 *   request.options = options, request.option_count = 2;
 *   mdlc_result *result = mdlc_compile(&request);
 *   if (mdlc_status(result) == MDLC_OK) use(mdlc_output(result, 0, &length));
 *   mdlc_free(result);
 *
 * Any number of threads may compile at the same time. Nothing is printed and no file is read or
 * written, but that options which name files or folders (--print-ir-dir=) do what they say. The
 * process is never ended, except by LLVM's own fatal errors and for want of memory. */
#ifndef MDLC_H
#define MDLC_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *name;   /* of the source in messages, and for names of symbols: "mlp.mdl" */
  const char *source; /* need not end with a 0 */
  size_t length;
  /* As on the command line, those of `mdlc --help` that concern compiling: "-O2",
   * "--emit=c,header",
   * "--target=thumbv7em-none-eabihf", "--diagnostics=json". Without an output among them an object
   * is made. */
  const char *const *options;
  int option_count;
  /* Called once a report, in order, with text that ends in a newline. May be NULL. */
  void (*report)(void *user, const char *text, size_t length);
  /* The text of an imported module ("layers/dense.mdl"), which the caller keeps until mdlc_compile
   * returns; NULL for none. Without it only the standard library can be imported. */
  const char *(*load)(void *user, const char *path, size_t *length);
  void *user; /* for both */
} mdlc_request;

enum {
  MDLC_OK = 0,
  MDLC_PROGRAM = 1,  /* the program has errors */
  MDLC_USAGE = 2,    /* an option is wrong */
  MDLC_INTERNAL = 70 /* a mistake of the compiler: reported, with what to send where */
};

typedef struct mdlc_result mdlc_result;

/* Never NULL but for want of memory. */
mdlc_result *mdlc_compile(const mdlc_request *request);
int mdlc_status(const mdlc_result *result);
/* Outputs in the order of the options; none unless the status is MDLC_OK. */
int mdlc_output_count(const mdlc_result *result);
const char *mdlc_output_kind(const mdlc_result *result, int i); /* "obj", "c", "header" */
/* Owned by the result; texts are ended by a 0 that is not counted. */
const void *mdlc_output(const mdlc_result *result, int i, size_t *length);
void mdlc_free(mdlc_result *result);

const char *mdlc_version(void);

#ifdef __cplusplus
}
#endif
#endif
