/* What an entry looks like to the outside: names, structs, roles, sizes, checks. Written by the
 * frontend's lowering as the attribute `mdl.signature` of the entry function, kept by every pass,
 * read by all backends, the manifest, `mdlc run` and the reading view.
 *
 * The entry function in mdl form has one argument per leaf of its in and inout parameters, in
 * order; one result per leaf of its out parameters and then of its inout parameters. Sizes are
 * mdl.size ops inside; they are arguments only in loop form and in C. */
#ifndef MDL_IR_SIGNATURE_H
#define MDL_IR_SIGNATURE_H

#include "ir/ir.h"

typedef struct MdlLeaf {
  const char *path; /* "" for a plain tensor, "fc1.w" inside a struct */
  MdlType type;
} MdlLeaf;

typedef enum MdlRole { MDL_ROLE_in, MDL_ROLE_inout, MDL_ROLE_out } MdlRole;

typedef struct MdlParam {
  const char *name;        /* in C too, after escaping: "x", "out", "out0" */
  const char *struct_type; /* index into `structs` by C name ("Mlp", "Dense_64_10"), or NULL */
  const char *preset;      /* text of the default value, or NULL */
  MdlRole role;
  int leaf, leaves; /* first leaf, count */
} MdlParam;

/* A struct type as the source nests it; sizes filled in. */
typedef struct MdlField {
  const char *name;
  const char *struct_type; /* nested struct's C name, or NULL for a tensor */
  MdlType type;            /* of a tensor field; stack axes of a nested struct are in `stack` */
  int stack;               /* leading axes that a stacked field adds to every leaf below */
  const MdlSize *stack_dim[4];
} MdlField;

typedef struct MdlStruct {
  const char *name; /* C name without prefix: "Dense_64_10" */
  const char *source; /* "Dense[64, 10]" */
  int line, fields;
  MdlField *field;
} MdlStruct;

/* One place that can set the status. */
typedef struct MdlCheck {
  int code;         /* MDL_BAD_SIZE ... */
  int line;         /* of the .mdl; 0 for the entry itself */
  const char *file; /* the .mdl it stands in */
  const char *text; /* "N = M", "index of y in 0..10", the assert's text */
} MdlCheck;

/* Equalities that unification could not decide: one guard at the entry each. */
typedef struct MdlGuard {
  const MdlSize *left, *right; /* left == right, or left >= 0 when right is NULL */
  int check;
} MdlGuard;

typedef struct MdlSignature {
  const char *module; /* "logreg" */
  const char *prefix; /* "logreg_" */
  const char *source; /* "logreg.mdl" as given on the command line */
  const char *entry;  /* "step" */
  const char *text;   /* the declaration as the user reads it, for the header's comment */
  int line;
  bool has_work; /* false only for entries over scalars without loops: decided by the source */
  bool on_gpu;   /* leaves are in a GPU's memory, structs views of it; there is always work */
  int sizes, params, leaves, structs, checks, guards;
  const char **size; /* free sizes, in order of the C arguments */
  MdlParam *param;   /* in source order, then results */
  MdlLeaf *leaf;
  MdlStruct *struct_type; /* inner before outer */
  MdlCheck *check;
  MdlGuard *guard;
} MdlSignature;

void mdl_signature_write(MdlIr *ir, MlirOperation entry, const MdlSignature *signature);
/* Never NULL for a function with `mdl.signature`; MDL_BUG otherwise. In the arena. */
const MdlSignature *mdl_signature_read(MdlIr *ir, MlirOperation entry);
/* Has it checks that a run decides, beside those of guards? */
bool mdl_signature_runs_checks(const MdlSignature *signature);
bool mdl_is_entry(MlirOperation func); /* has `mdl.signature` */
/* Every entry of the module in order. */
int mdl_entries(MdlIr *ir, MlirOperation module, MlirOperation **entries);

/* A struct is a value in C when every size of its leaves is a number, else (and on a GPU) a view of
 * pointers. */
bool mdl_struct_is_view(const MdlSignature *signature, const char *struct_type);

/* Elements that a member of a value struct has room for: its type's, or one, since C has no array
 * of none. */
int64_t mdl_struct_room(MdlIr *ir, const MdlType *type);
/* Where C puts the leaves of a value struct, in bytes, one offset for each in order; returns its
 * size. What is inside another struct starts and ends at a multiple of its strictest member. */
int64_t mdl_struct_layout(MdlIr *ir, const MdlSignature *signature, const char *struct_type,
                          int64_t *offset);

#endif
