/* The client where the header of PJRT's C API was not found: it says so. */
#include "runtime/pjrt.h"

#include <stdlib.h>

struct mdl_pjrt {
  char unused;
};

mdl_pjrt *mdl_pjrt_create(void) { return calloc(1, sizeof(mdl_pjrt)); }
void mdl_pjrt_destroy(mdl_pjrt *pjrt) { free(pjrt); }

const char *mdl_pjrt_error(const mdl_pjrt *pjrt)
{
  return pjrt ? "this build has no PJRT client" : "out of memory";
}

const char *mdl_pjrt_help(const mdl_pjrt *pjrt)
{
  (void)pjrt;
  return "build where pjrt_c_api.h is found: `sh tests/install.sh` fetches it, or "
         "-DMDLC_PJRT_INCLUDE=FOLDER names it";
}

mdl_pjrt_status mdl_pjrt_load(mdl_pjrt *pjrt, const char *path)
{
  return (void)pjrt, (void)path, MDL_PJRT_ABSENT;
}

mdl_pjrt_status mdl_pjrt_start(mdl_pjrt *pjrt) { return (void)pjrt, MDL_PJRT_ABSENT; }
const char *mdl_pjrt_platform(const mdl_pjrt *pjrt) { return (void)pjrt, (const char *)NULL; }
const char *mdl_pjrt_version(const mdl_pjrt *pjrt) { return (void)pjrt, ""; }

mdl_pjrt_status mdl_pjrt_compile(mdl_pjrt *pjrt, const mdl_pjrt_source *source,
                                 mdl_pjrt_program **program)
{
  (void)pjrt, (void)source, *program = NULL;
  return MDL_PJRT_ABSENT;
}

void mdl_pjrt_program_destroy(mdl_pjrt_program *program) { (void)program; }

mdl_pjrt_status mdl_pjrt_put(mdl_pjrt *pjrt, const mdl_array *array, mdl_pjrt_buffer **buffer)
{
  (void)pjrt, (void)array, *buffer = NULL;
  return MDL_PJRT_ABSENT;
}

mdl_pjrt_status mdl_pjrt_get(mdl_pjrt_buffer *buffer, void *data, size_t bytes)
{
  return (void)buffer, (void)data, (void)bytes, MDL_PJRT_ABSENT;
}

void mdl_pjrt_buffer_destroy(mdl_pjrt_buffer *buffer) { (void)buffer; }

mdl_pjrt_status mdl_pjrt_run(mdl_pjrt_program *program, mdl_pjrt_buffer *const *arguments,
                             mdl_pjrt_buffer **results, mdl_status *status)
{
  (void)program, (void)arguments, (void)results, *status = MDL_OK;
  return MDL_PJRT_ABSENT;
}

mdl_pjrt_status mdl_pjrt_check(mdl_pjrt *pjrt, const mdl_pjrt_source *source, const char *topology,
                               int want_hlo, mdl_pjrt_report *report)
{
  static const mdl_pjrt_report none;
  (void)pjrt, (void)source, (void)topology, (void)want_hlo, *report = none;
  return MDL_PJRT_ABSENT;
}

void mdl_pjrt_report_free(mdl_pjrt_report *report) { (void)report; }
