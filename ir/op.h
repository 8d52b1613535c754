/* The op table in memory: ir/ops.def and ir/core_ops.def as one enum and one array. */
#ifndef MDL_IR_OP_H
#define MDL_IR_OP_H

#include <stdbool.h>
#include <stddef.h>

typedef enum MdlOp {
#define EW(name, ...) MDL_OP_##name,
#define OP(name, ...) MDL_OP_##name,
#include "ir/ops.def"
  MDL_OP_COUNT, /* rows of ops.def end here */
  MDL_OP_BEFORE_CORE = MDL_OP_COUNT - 1,
#define CORE(name, mlir) MDL_OP_##name,
#include "ir/core_ops.def"
  MDL_OP_ALL,
  MDL_OP_none = MDL_OP_ALL /* a block argument, or an op of another dialect */
} MdlOp;

typedef enum MdlClass {
  MDL_CLASS_map, /* elementwise rows too */
  MDL_CLASS_leaf,
  MDL_CLASS_move,
  MDL_CLASS_reduce,
  MDL_CLASS_contract,
  MDL_CLASS_conv,
  MDL_CLASS_gather,
  MDL_CLASS_scatter,
  MDL_CLASS_window,
  MDL_CLASS_scan,
  MDL_CLASS_sort,
  MDL_CLASS_effect,
  MDL_CLASS_core /* func and scf */
} MdlClass;

typedef enum MdlAttrKind {
  MDL_ATTR_axis,   /* i64; counts axes of a: shifts under vmap */
  MDL_ATTR_axes,   /* array<i64>; axes */
  MDL_ATTR_perm,   /* array<i64>; a permutation */
  MDL_ATTR_dims,   /* array<i64>; one number per axis (broadcast: a result axis per operand axis) */
  MDL_ATTR_sizes,  /* array of size texts */
  MDL_ATTR_pairs,  /* [array<i64>, array<i64>]: axes of a, axes of b */
  MDL_ATTR_int,    /* i64 */
  MDL_ATTR_flag,   /* bool */
  MDL_ATTR_text,   /* string */
  MDL_ATTR_number  /* a typed number, or dense elements */
} MdlAttrKind;

typedef struct MdlAttrInfo {
  const char *name;
  MdlAttrKind kind;
} MdlAttrInfo;

typedef struct MdlOpInfo {
  const char *name;      /* "add" */
  const char *mlir;      /* "mdl.add" */
  const char *sig;       /* "NN:N" */
  bool elementwise;      /* an EW row */
  MdlClass class;
  int operands, results;
  const char *infix;     /* EW: or NULL */
  const char *d;         /* EW: derivative formulas, or NODIFF */
  const char *loop;      /* EW */
  const char *lin;       /* OP: linear operands, or NODIFF */
  const char *hlo;       /* or NULL */
  bool exact;            /* EW: foldable */
  const char *attr_text; /* OP: "axis:axis batch:int" */
  int attrs;
  MdlAttrInfo attr[8];
  const char *doc;
} MdlOpInfo;

/* Row by MdlOp. Its derived columns are filled in on the first call; read only after that. */
const MdlOpInfo *mdl_ops(void);
static inline const MdlOpInfo *mdl_op_info(MdlOp op) { return &mdl_ops()[op]; }

/* By the row's name ("add"); MDL_OP_none if there is none. */
MdlOp mdl_op_find(const char *name, size_t length);

/* No derivative passes through any operand: written in the table, never implied. */
bool mdl_op_is_nodiff(MdlOp op);

/* Operands 0 and 1 may change places: the result has the same bits. */
bool mdl_op_commutes(MdlOp op);

typedef struct MdlInfix {
  const char *text;
  MdlOp op;
  int arity, precedence;
  enum { MDL_ASSOC_none, MDL_ASSOC_left, MDL_ASSOC_right } associativity;
  bool spaced;
} MdlInfix;
/* The row that writes `op`, or NULL. */
const MdlInfix *mdl_infix_of(MdlOp op);
const MdlInfix *mdl_infix_rows(int *count);

#endif
