/* One compilation: from a source text to any of its outputs. The driver and libmdlc both sit on
 * this; it keeps no state of its own and never ends the process. */
#ifndef MDL_COMPILER_JOB_H
#define MDL_COMPILER_JOB_H

#include "compiler/options.h"
#include "frontend/frontend.h"
#include "ir/form.h"
#include "ir/machine.h"
#include "passes/pass.h"

typedef enum MdlExit {
  MDL_EXIT_ok = 0,
  MDL_EXIT_program = 1, /* the program has errors, or a file cannot be read or written */
  MDL_EXIT_usage = 2,   /* the command line is wrong */
  MDL_EXIT_check = 3,   /* a run-time check failed in `mdlc run` */
  MDL_EXIT_internal = 70
} MdlExit;

typedef enum MdlEmit {
#define EMIT(name, ...) MDL_EMIT_##name,
#include "compiler/emit.def"
  MDL_EMIT_COUNT
} MdlEmit;

typedef struct MdlEmitInfo {
  const char *name, *extension, *doc;
  int form; /* MdlForm, or -1 for none */
  bool is_text;
} MdlEmitInfo;
const MdlEmitInfo *mdl_emit_info(MdlEmit emit);
bool mdl_emit_find(const char *name, size_t length, MdlEmit *emit);

/* What --target= names: a machine by its triple, XLA for `run`, or a TPU for `compile-check`. */
typedef enum MdlTargetKind { MDL_TARGET_machine, MDL_TARGET_hlo, MDL_TARGET_tpu } MdlTargetKind;

typedef struct MdlJob {
  MdlSession *session;
  MdlIr *ir; /* NULL until the program is known to be right */
  MlirOperation module;
  const MdlCommandLine *line;
  const char *path;     /* as given */
  const char *name;     /* "logreg" */
  const char *prefix;   /* "logreg_" */
  const char *triple;   /* NULL: the host */
  const char *topology; /* of MDL_TARGET_tpu: "v5e:2x2" */
  MdlTargetKind target;
  const char *language; /* "mdl" or "mlir" */
  char sha256[65];
  int file; /* index in the session */
  MdlPassOptions options;
  double seconds;                                                 /* in passes so far */
  int (*load)(void *user, MdlSession *session, const char *path); /* NULL: imports from disk */
  void *load_user;
  int passes; /* run so far */
} MdlJob;

/* Reads the options, without the source. False: reported, a usage error. `any_c`: every output is
 * C for whatever compiler, so without -mcpu or --target the plain machine is meant. */
bool mdl_job_open(MdlJob *job, MdlSession *session, const MdlCommandLine *line, bool any_c);
/* The source as a file of the session. `path` names it in messages and gives the module its name.
 */
void mdl_job_source(MdlJob *job, const char *path, const char *bytes, size_t length);
/* The same from disk. False: reported. */
bool mdl_job_read(MdlJob *job, const char *path);
/* Parses, checks and, unless -fsyntax-only, lowers (or reads MLIR). False: reported. */
bool mdl_job_front(MdlJob *job);
/* Runs passes up to `form`, with what the user asked to see of them. False: reported. */
bool mdl_job_passes(MdlJob *job, MdlForm form);
/* The bytes of one output, in the arena. False: reported. */
bool mdl_job_emit(MdlJob *job, MdlEmit emit, const char **bytes, size_t *length);
/* StableHLO, HloModule text or their manifest: of --entry=, or of all. NULL: reported. */
const char *mdl_job_emit_hlo(MdlJob *job, MdlEmit emit);
/* Also after a failure of any of the above, and after MDL_BUG. */
void mdl_job_close(MdlJob *job);

#endif
