/* Types and values of the language, as the checker sees them. A value is its type and its leaves:
 * typed ops of the core (frontend/core.h), one per tensor inside it. What is known at compile time
 * (exact numbers, sizes, functions) has no leaves. Everything lies in the session's arena. */
#ifndef MDL_FRONTEND_TYPES_H
#define MDL_FRONTEND_TYPES_H

#include "frontend/tree.h"
#include "ir/ir.h"

typedef struct MdlVType MdlVType;
typedef struct MdlVal MdlVal;
typedef struct MdlCore MdlCore;
typedef struct MdlCoreFunc MdlCoreFunc;
typedef struct MdlSema MdlSema;
typedef struct MdlFnVal MdlFnVal;
typedef struct MdlStructOf MdlStructOf;

/* The element type of literals bound to a name: decided by the first typed use, else i32 or f32. */
typedef struct MdlCell {
  struct MdlCell *same; /* joined with another: look there */
  bool decided;
  MdlDtype dtype;
  bool is_float;   /* not whole, or met an op that takes floats only */
  bool is_integer; /* met an op or place that takes integers only */
  bool is_index;   /* a size that became a variable: i64 if nothing else is asked */
  MdlSpan at;      /* what decided it */
} MdlCell;

/* An exact number: a fraction while it fits, else the nearest long double. */
typedef struct MdlExact {
  bool is_fraction;
  int64_t above, below; /* in lowest terms, below > 0 */
  long double real;     /* always the value, rounded */
} MdlExact;

typedef enum MdlKind {
  MDL_KIND_poison, /* something went wrong and was reported: touching it is silent */
  MDL_KIND_none,   /* no value: an `if` without else, a loop */
  MDL_KIND_number, /* an exact literal number; with a cell if it is bound to a name */
  MDL_KIND_size,   /* a size or an index: a polynomial over sizes and loop names */
  MDL_KIND_tensor, /* scalars too: rank 0 */
  MDL_KIND_tuple,
  MDL_KIND_struct, /* structs, models, and stacks of them */
  MDL_KIND_fn,
  MDL_KIND_range, /* a..b */
  MDL_KIND_zip,
  MDL_KIND_text,
  MDL_KIND_type,  /* a struct or dtype named where a value stands: called, or asked for `.init` */
  MDL_KIND_module /* an imported module's name */
} MdlKind;

struct MdlVType {
  MdlKind kind;
  MdlType tensor; /* tensor: dtype holds once the cell, if any, is decided */
  MdlCell *cell;  /* tensor: or NULL */
  int items;      /* tuple */
  const MdlVType **item;
  const MdlStructOf *of; /* struct */
  int stack;             /* struct: leading dims of every leaf */
  const MdlSize *stack_dim[4];
};

/* One size, dtype, type or constant that a generic name stands for. */
typedef struct MdlBinding {
  MdlGenericKind kind;
  const char *name;
  const MdlSize *size;  /* size; NULL: not known yet */
  MdlDtype dtype;       /* bound (dtype parameters) */
  const MdlVType *type; /* struct; bound, const and struct: NULL type is "not known yet" */
  MdlVal *value;        /* const */
  bool given;           /* in brackets, not inferred */
  bool is_dims;         /* of the name `...`: these dims; dims < 0: not known yet */
  int dims;
  const MdlSize *dim[MDL_MAX_RANK];
  MdlSpan at;       /* where the binding came from */
  const char *from; /* the parameter that bound it, for "8 from here, as `u`" */
} MdlBinding;

/* A struct or model with its generic names filled in; interned by text, so equal is the same. */
struct MdlStructOf {
  const MdlItem *item;
  struct MdlModule *module; /* where it is defined */
  int bindings;
  const MdlBinding *binding;
  const char *text; /* "Dense[64, 10]" */
  int fields;
  const char **name;
  const MdlVType **field;
  const MdlMember **member;
  int leaves;
};

struct MdlVal {
  const MdlVType *type;
  MdlSpan at;
  MdlCore **leaf;        /* mdl_leaf_count(type) of them */
  MdlExact number;       /* number */
  MdlCell *cell;         /* number bound to a name; or NULL */
  const MdlSize *size;   /* size */
  const MdlFnVal *fn;    /* fn */
  const char *text;      /* text */
  MdlVal **item;         /* zip: what runs together; range: from, to; tuple of anything with a
                            part that has no leaves (functions, numbers) */
  const MdlVType *named; /* type */
  struct MdlModule *module;
  bool no_else; /* none: an `if` that lacks its else */
};

/* ---- types ------------------------------------------------------------------------------- */

const MdlVType *mdl_vtype_kind(MdlSema *s,
                               MdlKind kind); /* poison, none, number, size, text, ... */
const MdlVType *mdl_vtype_tensor(MdlSema *s, const MdlType *tensor);
const MdlVType *mdl_vtype_scalar(MdlSema *s, MdlDtype dtype);
const MdlVType *mdl_vtype_tuple(MdlSema *s, int items, const MdlVType *const *item);
/* The type with `count` leading dims added to every leaf (vmap, stacks, Jacobians). */
const MdlVType *mdl_vtype_lead(MdlSema *s, const MdlVType *type, int count,
                               const MdlSize *const *dim);
/* The type without its first dim; NULL if a leaf has none. *dim gets that dim. */
const MdlVType *mdl_vtype_row(MdlSema *s, const MdlVType *type, const MdlSize **dim);
bool mdl_same_dims(const MdlVType *a, const MdlVType *b);   /* of tensors */
bool mdl_vtype_equal(const MdlVType *a, const MdlVType *b); /* cells that are open: equal by cell */
/* As the user reads it: "f32[N, 3]", "(f32, Dense[3, 4])", "a number". */
const char *mdl_vtype_text(MdlSema *s, const MdlVType *type);
/* A size as the user reads it: without the marks that keep loop names apart. */
const char *mdl_size_shown(MdlSema *s, const MdlSize *size);
/* Leaves in order. `path` is "fc1.w", "0.b", "" for a tensor; arrays may be NULL. */
int mdl_leaf_count(const MdlVType *type);
int mdl_leaves(MdlSema *s, const MdlVType *type, MdlType *leaf, const char **path);
/* The element type now: the cell's if it is decided. False while it is open. */
bool mdl_vtype_dtype(const MdlVType *type, MdlDtype *dtype);

/* ---- cells ------------------------------------------------------------------------------- */

MdlCell *mdl_cell_new(MdlSema *s, bool is_float);
MdlCell *mdl_cell_of(MdlCell *cell); /* the one that it was joined with */
bool mdl_cell_dtype(MdlCell *cell, MdlDtype *dtype);
void mdl_cell_decide(MdlCell *cell, MdlDtype dtype, MdlSpan at);
void mdl_cell_join(MdlCell *a, MdlCell *b);
MdlDtype mdl_cell_default(MdlCell *cell); /* decides it if it is open */

/* ---- values ------------------------------------------------------------------------------ */

MdlVal *mdl_val_poison(MdlSema *s);
MdlVal *mdl_val_none(MdlSema *s, MdlSpan at);
MdlVal *mdl_val_number(MdlSema *s, MdlExact number, MdlSpan at);
MdlVal *mdl_val_int(MdlSema *s, int64_t number, MdlSpan at);
MdlVal *mdl_val_size(MdlSema *s, const MdlSize *size, MdlSpan at);
MdlVal *mdl_val_core(MdlSema *s, MdlCore *leaf, MdlSpan at); /* a tensor or scalar */
MdlVal *mdl_val_tuple(MdlSema *s, int items, MdlVal *const *item, MdlSpan at);
MdlVal *mdl_val_fn(MdlSema *s, const MdlFnVal *fn, MdlSpan at);
MdlVal *mdl_val_of(MdlSema *s, const MdlVType *type, MdlCore *const *leaf, MdlSpan at);
/* Element i of a tuple; field i of a struct (and of a stack). */
MdlVal *mdl_val_item(MdlSema *s, MdlVal *tuple, int i);
MdlVal *mdl_val_field(MdlSema *s, MdlVal *record, int i);
static inline bool mdl_is_poison(const MdlVal *v) { return v->type->kind == MDL_KIND_poison; }
static inline bool mdl_is_kind(const MdlVal *v, MdlKind kind) { return v->type->kind == kind; }

/* ---- exact numbers ------------------------------------------------------------------------ */

MdlExact mdl_exact_int(int64_t value);
MdlExact mdl_exact_real(long double value);
MdlExact mdl_exact_parse(const MdlNumber *number); /* 0.1 is a tenth */
bool mdl_exact_is_whole(const MdlExact *number, int64_t *value);
/* + - * / ** neg and comparisons; false where it has no exact meaning (x/0, 2**0.5 is rounded). */
bool mdl_exact_binary(MdlOperator op, const MdlExact *a, const MdlExact *b, MdlExact *result);
int mdl_exact_compare(const MdlExact *a, const MdlExact *b);
bool mdl_exact_fits(const MdlExact *number, MdlDtype dtype);
const char *mdl_exact_text(MdlSema *s, const MdlExact *number);

#endif
