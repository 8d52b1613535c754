/* The arguments of one call in `mdlc run`: which value each leaf gets, the sizes that follow from
 * them, and the memory they lie in. */
#ifndef MDL_COMPILER_ARGS_H
#define MDL_COMPILER_ARGS_H

#include "compiler/json.h"
#include "ir/signature.h"
#include "runtime/mdl.h"

typedef enum MdlSource {
  MDL_SOURCE_none,
  MDL_SOURCE_json,   /* [[1, 2], [3, 4]] */
  MDL_SOURCE_array,  /* @x.npy, @model.safetensors */
  MDL_SOURCE_random, /* random:SEED */
  MDL_SOURCE_init    /* init:SEED: filled in by mdl_args_init */
} MdlSource;

/* One leaf of one parameter. */
typedef struct MdlSlot {
  const MdlParam *param;
  const MdlLeaf *leaf;
  const char *name;    /* "m.fc1.w", "x" */
  const char *spelled; /* what gave the value, for messages: "@x.npy", "[1, 2]" */
  MdlSource source;
  const MdlJson *json;
  mdl_array array;
  uint64_t seed;
  int rank; /* of the value given; -1: it has no shape of its own */
  int64_t shape[MDL_MAX_RANK];
  int64_t dim[MDL_MAX_RANK]; /* as the leaf's type says, once sizes are known */
  int64_t elements;
  void *data;
} MdlSlot;

typedef struct MdlArgs {
  MdlSession *session;
  MdlArena *arena;
  const MdlSignature *signature;
  int slots;
  MdlSlot *slot;       /* by leaf */
  int64_t *size;       /* by signature->size; -1: not known yet */
  const char **origin; /* what told it, for messages */
  int mappings;
  mdl_mapping mapping[64];
  const char *failure; /* the JSON object of a guard that failed in mdl_args_bind; else NULL */
} MdlArgs;

/* Reads VALUE and NAME=VALUE words, the JSON file of --args (or NULL) and defaults. False:
 * reported. */
bool mdl_args_read(MdlArgs *args, MdlSession *session, const MdlSignature *signature,
                   const char *file, int words, const char *const *word);
/* Sizes from shapes, then memory for every leaf, filled with its value. False: reported. */
bool mdl_args_bind(MdlArgs *args);
bool mdl_args_fill(MdlArgs *args);
/* No size makes the axis of the value: E0851, as the entry itself would find. Returns the JSON
 * object. */
const char *mdl_guard_report(const MdlArgs *args, const MdlSlot *slot, int axis);
/* The value of a size; false if a name in it is not known. */
bool mdl_args_size(const MdlArgs *args, const MdlSize *size, int64_t *value);
bool mdl_args_named_size(const MdlArgs *args, const char *name, int64_t *value);
/* Unmaps files. */
void mdl_args_close(MdlArgs *args);

#endif
