/* The C backend: one .c that compiles alone, its .h, and the JSON manifest, all from loop form and
 * the signatures. design: names from the source, no malloc, no globals, no libm. */
#ifndef MDL_CODEGEN_C_C_H
#define MDL_CODEGEN_C_C_H

#include "ir/ir.h"
#include "ir/machine.h"
#include "ir/signature.h"

typedef struct MdlCOptions {
  const MdlMachine *machine;
  const char *module;  /* "logreg": file names and include guard */
  const char *source;  /* "logreg.mdl", as given */
  const char *options; /* of the command line that change the output, for the manifest: "" */
  const char *sha256;  /* of the source, hexadecimal */
  bool debug;          /* -g: #line */
} MdlCOptions;

/* `module` is in loop form. Texts are in the arena, ended by a newline. */
char *mdl_c_header(MdlIr *ir, MlirOperation module, const MdlCOptions *options);
char *mdl_c_source(MdlIr *ir, MlirOperation module, const MdlCOptions *options);
char *mdl_c_manifest(MdlIr *ir, MlirOperation module, const MdlCOptions *options);

#endif
