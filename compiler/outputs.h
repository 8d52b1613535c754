/* What one run of the compiler is to write: which outputs, their bytes, and where they go. */
#ifndef MDL_COMPILER_OUTPUTS_H
#define MDL_COMPILER_OUTPUTS_H

#include "compiler/job.h"

enum { MDL_MAX_OUTPUTS = 2 * MDL_EMIT_COUNT };

typedef struct MdlOutput {
  MdlEmit emit;
  const char *path; /* "-": standard output */
  const char *bytes;
  size_t length;
} MdlOutput;

typedef struct MdlOutputs {
  int count;
  MdlOutput item[MDL_MAX_OUTPUTS];
} MdlOutputs;

/* Chosen by -c, -S, -shared, -emit-llvm, --emit= and --passes=; the one that -o names comes first.
 * False: reported, a usage error. */
bool mdl_outputs_choose(MdlSession *session, const MdlCommandLine *line, MdlOutputs *outputs);
/* Every output is a C file. */
bool mdl_outputs_are_c(const MdlOutputs *outputs);
/* Compiles the job's source and fills in the bytes; none with -fsyntax-only. False: reported. */
bool mdl_outputs_make(MdlJob *job, MdlOutputs *outputs);
/* Names every output and writes all of them, or none; -MD's file too. False: reported. */
bool mdl_outputs_write(MdlJob *job, MdlOutputs *outputs);

#endif
