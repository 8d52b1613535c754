/* Inside a trial through XLA: modules, and files between this process and Python's XLA. */
#ifndef MDL_TESTS_BACKEND_XLA_H
#define MDL_TESTS_BACKEND_XLA_H

#include "tests/backend/trial.h"

typedef struct MdlXlaModule {
  const char *name, *text, *manifest;
  size_t length; /* of the text, or of the proto in its place */
} MdlXlaModule;

static inline bool mdl_xla_is_text(MdlXla xla)
{
  return xla == MDL_XLA_text || xla == MDL_XLA_jax_text;
}

/* Every module as a file of the trial's folder, for a person and for jaxlib. False: said. */
bool mdl_xla_write(const MdlTrial *trial, const MdlXlaModule *modules);
void mdl_xla_remove(const MdlTrial *trial, const MdlXlaModule *modules);

/* Protos in place of HloModule texts, by XLA's own parser. False: it refuses one, said. */
bool mdl_xla_read_protos(const MdlTrial *trial, MdlXlaModule *modules);

/* Runs all by jaxlib; results go to their places in memory. False: said. */
bool mdl_xla_run_jax(const MdlTrial *trial, const MdlXlaModule *modules, unsigned char *memory);

#endif
