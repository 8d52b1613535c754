/* mdl.h: what a program that uses compiled modules may want beside their headers: the text of a
 * status, arrays and weights in files, first values of parameters, threads. Nothing here is needed
 * to call an entry; link only what is used.
 *
 * No function ends the process, and none prints but mdl_print_stderr. Functions that can fail
 * return NULL, or a few words that say what is wrong and live for ever ("the file is shorter than
 * its header says"). Any bytes may be handed to the readers: they are checked before they are
 * believed.
 */
#ifndef MDL_H
#define MDL_H

#include <stddef.h>
#include <stdint.h>

#ifndef MDL_STATUS
#define MDL_STATUS
/* These lines are the same in every emitted header. A status is 0, or one of these codes plus
 * 256 times the line of the .mdl that asked for the check. */
typedef int32_t mdl_status;
enum {
  MDL_OK = 0,
  MDL_BAD_SIZE = 1,   /* a size is negative, too large, or fails a guard of the entry */
  MDL_BAD_INDEX = 2,  /* an index is out of range (--checks=trap) */
  MDL_BAD_ASSERT = 3, /* an assert of the source failed */
  MDL_OVER_LIMIT = 4, /* a `while ... limit n` wanted more than n rounds */
  MDL_BAD_VALUE = 5,  /* a NaN or infinity appeared (--checks=nan) */
  MDL_BAD_ALIGN = 6,  /* a device pointer is not aligned as the header asks */
  MDL_DEVICE = 7      /* the device runtime failed: its error stands in place of the line */
};
#define MDL_STATUS_CODE(status) ((status)&255)
#define MDL_STATUS_LINE(status) ((status) >> 8)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* "an index is out of range" */
const char *mdl_status_text(mdl_status status);

/* ---- arrays ---- */

#ifndef MDL_ELEMENT
#define MDL_ELEMENT
/* Element types, as numbers: the same in every header. */
typedef enum {
  MDL_BOOL, /* a byte, 0 or 1 */
  MDL_I8,
  MDL_I16,
  MDL_I32,
  MDL_I64,
  MDL_U8,
  MDL_U16,
  MDL_U32,
  MDL_U64,
  MDL_F16,
  MDL_BF16,
  MDL_F32,
  MDL_F64,
  MDL_ELEMENTS
} mdl_element;
#endif
size_t mdl_element_bytes(mdl_element element);
const char *mdl_element_name(mdl_element element); /* "f32" */

enum { MDL_MAX_DIMS = 16 };
typedef struct {
  mdl_element element;
  int rank; /* 0: a scalar */
  int64_t shape[MDL_MAX_DIMS];
  const void *data; /* row-major, little-endian */
  size_t bytes;
  int aligned; /* data may be used as it lies; else copy it first */
} mdl_array;

/* A file in memory, read-only and mapped where the system can. */
typedef struct {
  const void *bytes;
  size_t length;
} mdl_mapping;
const char *mdl_map_file(const char *path, mdl_mapping *mapping);
void mdl_unmap_file(mdl_mapping *mapping);

/* NumPy's .npy, versions 1 to 3, little-endian and in C order. `array` points into `bytes`. */
const char *mdl_npy_read(const void *bytes, size_t length, mdl_array *array);
/* To a file beside it, then renamed: nobody sees half an array. */
const char *mdl_npy_write(const char *path, const mdl_array *array);

/* .safetensors. Reading checks every entry of the header once; then arrays are found by name. */
typedef struct {
  const char *header;
  size_t header_length;
  const unsigned char *data;
  size_t data_length;
  int count; /* arrays in it */
} mdl_weights;
const char *mdl_weights_read(const void *bytes, size_t length, mdl_weights *weights);
/* The array of that name ("fc1.w"), pointing into the bytes. */
const char *mdl_weights_find(const mdl_weights *weights, const char *name, mdl_array *array);
/* The next array from *at (0 at first); 0 when there is none. A name that does not fit is cut. */
int mdl_weights_next(const mdl_weights *weights, size_t *at, char *name, size_t room,
                     mdl_array *array);
const char *mdl_weights_write(const char *path, int count, const char *const *names,
                              const mdl_array *arrays);

/* ---- models ---- */

/* A struct parameter by the paths of its leaves. Its header has them as text:
 *   static const char *const leaves[] = MLP_MLP_LEAVES;
 *   mlp_Mlp weights;
 *   mdl_model model = {leaves, &weights, NULL, 0};
 * First values come from the model's own `entry init = Mlp.init`, then what a file has replaces
 * them. A view's pointers must be set before (MODULE_Model_at), its sizes be given in the order in
 * which the first of the texts names them. */
typedef struct {
  const char *const *leaves;
  void *data;
  const int64_t *sizes; /* of a view; NULL for a struct by value */
  int at; /* which of `leaves` the last words were about ("fc1.w f32[64, 10] @ 0"); 0: none */
} mdl_model;

/* Leaf i, from 0 on, as an array over the model's own memory, which may be written through
 * array->data; its path goes to `path`, cut where it does not fit. "no such leaf" behind the last. */
const char *mdl_model_leaf(mdl_model *model, int i, char *path, size_t room, mdl_array *array);
/* Fills the model from the arrays of the same paths. All are checked (element type, shape) before
 * one is written. What the file lacks is an error, or, where `missing` is not NULL, keeps its values
 * and is counted. */
const char *mdl_model_read(mdl_model *model, const mdl_weights *weights, int *missing);
const char *mdl_model_load(mdl_model *model, const char *path, int *missing); /* from a file */
/* As .safetensors that mdl_model_load, `mdlc run m=@FILE` and others read. */
const char *mdl_model_save(mdl_model *model, const char *path);

/* ---- print ---- */

/* Takes what `print` of the source says: its text, and a dense, row-major value that lives as long
 * as the call. rank 0: a scalar; shape is not read then. May be called by several threads at once if
 * entries are. */
typedef void mdl_printer(const char *text, int element, int rank, const int64_t *shape,
                         const void *data);
/* What compiled code calls. Nothing is printed unless a printer is set; a program may as well define
 * mdl_print itself and leave this one out. */
mdl_printer mdl_print;
/* Set it before the first call; NULL for none. */
void mdl_print_use(mdl_printer *printer);
/* A printer: a line on stderr, "loss = 0.25", "w = [[1, 2], [3, 4]]", in the shortest digits that
 * read back; of a long axis its ends. Written at once, so that lines of threads do not mix. */
mdl_printer mdl_print_stderr;

/* ---- threads ---- */

/* Work that a module shares out: body(context, begin, end) for ranges that cover 0..count once. */
typedef void mdl_range(void *context, int64_t begin, int64_t end);
typedef void mdl_share(int64_t count, mdl_range *body, void *context);
/* What code compiled with --threads=N calls. Does all at once, in the caller, unless told else. */
void mdl_parallel_for(int64_t count, mdl_range *body, void *context);
/* How: a thread pool of the application, mdl_share_threads, or NULL for the default. Set it before
 * the first call. */
void mdl_parallel_for_use(mdl_share *share);
/* Starts a thread a range, as many as there are processors. */
void mdl_share_threads(int64_t count, mdl_range *body, void *context);

#ifdef __cplusplus
}
#endif
#endif
