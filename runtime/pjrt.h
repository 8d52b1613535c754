/* mdl_pjrt.h, runtime/pjrt.h in the source: runs what `mdlc --emit=stablehlo` writes, on any PJRT
 * plugin: XLA's CPU client, a TPU's libtpu, a GPU's. No Python and no protobuf; the plugin is one
 * shared library, found by its path.
 *
 *   mdl_pjrt *pjrt = mdl_pjrt_create();
 *   mdl_pjrt_interface io;                                   what the program takes and gives
 *   why = mdl_pjrt_manifest_read(manifest, manifest_length, NULL, &io);
 *   mdl_pjrt_source source = {text, text_length, "mlir", &io};
 *   if (mdl_pjrt_load(pjrt, "xla_cpu_pjrt.so") || mdl_pjrt_start(pjrt) ||
 *       mdl_pjrt_compile(pjrt, &source, &program) || mdl_pjrt_put(pjrt, &x, &in[0]) ||
 *       mdl_pjrt_run(program, in, out, &status) || mdl_pjrt_get(out[0], data, bytes))
 *     puts(mdl_pjrt_error(pjrt));
 *
 * A function that can fail returns a mdl_pjrt_status that is not 0, and leaves the words to
 * mdl_pjrt_error and mdl_pjrt_help. Nothing is printed here, but plugins write logs of their own
 * (TF_CPP_MIN_LOG_LEVEL=3 in the environment keeps XLA quiet). One thread at a time uses one
 * mdl_pjrt and what was made with it. A plugin is never unloaded: its threads would go on. */
#ifndef MDL_PJRT_H
#define MDL_PJRT_H

#include "mdl.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  MDL_PJRT_OK = 0,
  MDL_PJRT_ABSENT,    /* this runtime was built without the header of PJRT's C API */
  MDL_PJRT_NO_FILE,   /* the plugin cannot be loaded */
  MDL_PJRT_NO_PLUGIN, /* what was loaded is no PJRT plugin */
  MDL_PJRT_VERSION,   /* it speaks another version of the API, or lacks functions that are needed */
  MDL_PJRT_START,     /* it cannot be set up, or has no device */
  MDL_PJRT_PROGRAM,   /* it does not take the program */
  MDL_PJRT_MISMATCH,  /* arguments, results or the program are not what the interface says */
  MDL_PJRT_TOPOLOGY,  /* it knows no such topology */
  MDL_PJRT_RUN,       /* it failed while running or moving data */
  MDL_PJRT_MEMORY
} mdl_pjrt_status;

typedef struct mdl_pjrt mdl_pjrt;
typedef struct mdl_pjrt_program mdl_pjrt_program;
typedef struct mdl_pjrt_buffer mdl_pjrt_buffer; /* an array in the memory of the device */

/* ---- a plugin ---- */

/* NULL only for want of memory. */
mdl_pjrt *mdl_pjrt_create(void);
/* After its programs and buffers. */
void mdl_pjrt_destroy(mdl_pjrt *pjrt);
/* What the last call that failed says, without an end of line, or ""; and the next step to take, or
 * "". For NULL that there is no memory. */
const char *mdl_pjrt_error(const mdl_pjrt *pjrt);
const char *mdl_pjrt_help(const mdl_pjrt *pjrt);

/* Loads the plugin and checks that it speaks our version of the API. Once for each mdl_pjrt. */
mdl_pjrt_status mdl_pjrt_load(mdl_pjrt *pjrt, const char *path);
/* Takes its first device, which is what programs run on. */
mdl_pjrt_status mdl_pjrt_start(mdl_pjrt *pjrt);
/* "cpu", "tpu"; NULL before mdl_pjrt_start. */
const char *mdl_pjrt_platform(const mdl_pjrt *pjrt);
/* "0.81": the API's version of the loaded plugin. */
const char *mdl_pjrt_version(const mdl_pjrt *pjrt);

/* ---- what a program takes and gives ---- */

typedef struct {
  char *name; /* "m.fc1.w" */
  mdl_element element;
  int rank;
  int64_t shape[MDL_MAX_DIMS];
  int alias; /* of an argument: the result that takes its place, or -1 */
} mdl_pjrt_leaf;

typedef struct {
  int arguments, results;
  mdl_pjrt_leaf *argument, *result;
  int status; /* the result that holds a mdl_status, or -1 */
} mdl_pjrt_interface;

/* From the JSON that `mdlc --emit=hlo_manifest` writes: that entry, or the only one for NULL. Any
 * bytes may be handed to it. NULL, or what is wrong; the interface is then empty. */
const char *mdl_pjrt_manifest_read(const char *json, size_t length, const char *entry,
                                   mdl_pjrt_interface *io);
void mdl_pjrt_interface_free(mdl_pjrt_interface *io);

/* ---- programs ---- */

typedef struct {
  const char *code;
  size_t length;
  const char
      *format; /* "mlir": StableHLO as text or bytecode; "hlo": a serialised HloModuleProto */
  const mdl_pjrt_interface *io;
  int plugin_min_max; /* leave max and min to the plugin: XLA's CPU client then loses NaN */
} mdl_pjrt_source;

/* Compiles it for the device; MDL_PJRT_MISMATCH if it takes or gives other shapes than `io` says.
 * `source` is not needed afterwards. */
mdl_pjrt_status mdl_pjrt_compile(mdl_pjrt *pjrt, const mdl_pjrt_source *source,
                                 mdl_pjrt_program **program);
void mdl_pjrt_program_destroy(mdl_pjrt_program *program);

/* Copies an array to the device; the array is not needed afterwards. */
mdl_pjrt_status mdl_pjrt_put(mdl_pjrt *pjrt, const mdl_array *array, mdl_pjrt_buffer **buffer);
/* Copies it back, row-major: exactly `bytes`, which must be its size. */
mdl_pjrt_status mdl_pjrt_get(mdl_pjrt_buffer *buffer, void *data, size_t bytes);
void mdl_pjrt_buffer_destroy(mdl_pjrt_buffer *buffer);

/* Runs the program on arguments in the order of the interface. An argument with an alias is
 * updated, in its own memory: the buffer holds the new value afterwards. The other results, but
 * for the status, come as new buffers, in order. *status is what the entry returns in C. */
mdl_pjrt_status mdl_pjrt_run(mdl_pjrt_program *program, mdl_pjrt_buffer *const *arguments,
                             mdl_pjrt_buffer **results, mdl_status *status);
/* How many buffers that is. */
int mdl_pjrt_result_count(const mdl_pjrt_interface *io);

/* ---- compiling for a machine that is not there ---- */

typedef struct {
  int64_t code_bytes, argument_bytes, result_bytes, alias_bytes, temporary_bytes;
  int64_t peak_bytes; /* of device memory, 0 where the plugin does not say */
  double flops;       /* as the compiler counts them; -1 where it does not say */
  int64_t fusions;    /* fused computations of the optimised program; -1 where it gives none */
  char *hlo;          /* the optimised program as text, if asked for; else NULL */
} mdl_pjrt_report;

/* Compiles for a topology such as "v5e:2x2"; needs mdl_pjrt_load only. */
mdl_pjrt_status mdl_pjrt_check(mdl_pjrt *pjrt, const mdl_pjrt_source *source, const char *topology,
                               int want_hlo, mdl_pjrt_report *report);
void mdl_pjrt_report_free(mdl_pjrt_report *report);

#ifdef __cplusplus
}
#endif
#endif
