/* Inside the PJRT client: what its files share. */
#ifndef MDL_RUNTIME_PJRT_CLIENT_H
#define MDL_RUNTIME_PJRT_CLIENT_H

#include "runtime/pjrt.h"

#include <pjrt_c_api.h>
#include <string.h>

struct mdl_pjrt {
  const PJRT_Api *api; /* NULL before mdl_pjrt_load */
  PJRT_Client *client; /* NULL before mdl_pjrt_start */
  PJRT_Device *device;
  char *path, *platform;
  char version[32];
  int failed;       /* once */
  char *error;      /* NULL: no memory for it */
  const char *help; /* lives for ever */
};

struct mdl_pjrt_program {
  mdl_pjrt *pjrt;
  PJRT_LoadedExecutable *loaded;
  mdl_pjrt_interface io;   /* a copy */
  PJRT_Buffer **in, **out; /* room for one call */
};

struct mdl_pjrt_buffer {
  mdl_pjrt *pjrt;
  PJRT_Buffer *handle; /* NULL once it was given away and did not come back */
  mdl_pjrt_leaf leaf;  /* without a name */
};

/* The argument struct of a call, all zero but for its size. */
#define MDL_PJRT_ARGS(call, args) \
  PJRT_##call##_Args args;        \
  memset(&args, 0, sizeof args);  \
  args.struct_size = PJRT_##call##_Args_STRUCT_SIZE

/* ---- failing ---- */

/* Keeps the words, and returns the status. `help` is a text that lives for ever, or NULL. */
mdl_pjrt_status mdl_pjrt_fail(mdl_pjrt *pjrt, mdl_pjrt_status status, const char *help,
                              const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 4, 5)))
#endif
    ;
mdl_pjrt_status mdl_pjrt_no_memory(mdl_pjrt *pjrt);
/* MDL_PJRT_OK for NULL; else takes the plugin's error and keeps "WHAT: its words". */
mdl_pjrt_status mdl_pjrt_took(mdl_pjrt *pjrt, PJRT_Error *error, mdl_pjrt_status status,
                              const char *what);
/* Waits for the event, if any, and destroys it. */
mdl_pjrt_status mdl_pjrt_await(mdl_pjrt *pjrt, PJRT_Event *event, const char *what);

/* ---- interfaces ---- */

/* "f32[4, 64]" into `text`. */
const char *mdl_pjrt_leaf_text(const mdl_pjrt_leaf *leaf, char text[256]);
int mdl_pjrt_leaf_same(const mdl_pjrt_leaf *a, const mdl_pjrt_leaf *b);
size_t mdl_pjrt_leaf_bytes(const mdl_pjrt_leaf *leaf);
PJRT_Buffer_Type mdl_pjrt_type(mdl_element element);
/* 0 for want of memory. */
int mdl_pjrt_interface_copy(mdl_pjrt_interface *to, const mdl_pjrt_interface *from);
/* That the program takes and gives what the interface says. */
mdl_pjrt_status mdl_pjrt_interface_check(mdl_pjrt *pjrt, PJRT_Executable *executable,
                                         const mdl_pjrt_interface *io);

/* ---- compiling ---- */

typedef enum {
#define CALL(name, need) MDL_PJRT_CALL_##name,
#include "runtime/pjrt/calls.def"
  MDL_PJRT_CALLS
} mdl_pjrt_call;
/* Whether the plugin has the function. */
int mdl_pjrt_can(const mdl_pjrt *pjrt, mdl_pjrt_call call);
/* That it has those which mdl_pjrt_check needs. */
mdl_pjrt_status mdl_pjrt_can_check(mdl_pjrt *pjrt);

void mdl_pjrt_program_of(const mdl_pjrt_source *source, PJRT_Program *program);
void mdl_pjrt_executable_destroy(mdl_pjrt *pjrt, PJRT_Executable *executable);

typedef struct {
  unsigned char bytes[128];
  size_t length;
} mdl_pjrt_options;
/* A serialised CompileOptionsProto for one device. `exact_min_max` asks XLA's CPU client to keep
 * NaN in max and min, by an option of debugging that others may not know. */
void mdl_pjrt_options_make(mdl_pjrt_options *options, int exact_min_max);

/* The optimised program, a serialised HloModuleProtoWithConfig or HloModuleProto, in *bytes, which
 * the caller frees; *bytes is NULL where the plugin keeps it to itself. */
mdl_pjrt_status mdl_pjrt_optimised(mdl_pjrt *pjrt, PJRT_Executable *executable, char **bytes,
                                   size_t *length);

#endif
