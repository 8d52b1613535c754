/* The IR as the rest of mdlc sees it. MLIR owns the ops; these functions are the only way to them
 * outside ir/ and codegen/llvm/ (the handle types MlirValue, MlirOperation, ... may be named
 * anywhere).
 *
 * mdl form (and group form): func.func, func.call, func.return, scf.for/if/while, and mdl.* ops of
 * ir/ops.def. Scalars are builtin types, never rank-0 tensors. A tensor type's encoding holds one
 * size text per `?`; types are uniqued, so equal types are equal pointers. A function's arguments
 * are leaves: a struct parameter `m` of the source is the leaves named m.w, m.b. An index value is
 * a size or a loop counter (MDL_index). */
#ifndef MDL_IR_IR_H
#define MDL_IR_IR_H

#include "ir/diag.h"
#include "ir/dtype.h"
#include "ir/map.h"
#include "ir/op.h"
#include "ir/session.h"
#include "ir/size.h"

#include <mlir-c/IR.h>

enum { MDL_MAX_RANK = 16, MDL_MAX_OPERANDS = 3, MDL_MAX_RESULTS = 2, MDL_MAX_ATTRS = 8 };

/* ---- the context ------------------------------------------------------------------------- */

typedef struct MdlIr {
  MdlSession *session;
  MdlArena *arena; /* the session's */
  MdlSizes *sizes; /* the session's */
  MlirContext context;
  MlirType scalar[MDL_DTYPE_COUNT + 1]; /* by MdlDtype */
  MdlMap *op_of_name; /* identifier -> MdlOp + 1 */
  MdlMap *types;      /* MlirType -> MdlType */
  char *said;         /* MLIR's own words since the last mdl_ir_said, for internal reports */
} MdlIr;

/* Makes the dialect out of the op table: 4 ms. MLIR's diagnostics go to mdl_ir_said, never stderr. */
MdlIr *mdl_ir_create(MdlSession *session);
void mdl_ir_destroy(MdlIr *ir);
/* What MLIR complained about since the last call; "" for nothing. */
const char *mdl_ir_said(MdlIr *ir);
/* The dialect as IRDL text, for `--print-dialect` and `mlir-opt --irdl-file=`. */
char *mdl_dialect_text(MdlArena *arena);

/* ---- types ------------------------------------------------------------------------------- */

typedef struct MdlType {
  MdlDtype dtype;
  int rank; /* 0: a scalar */
  const MdlSize *dim[MDL_MAX_RANK];
} MdlType;

MlirType mdl_type_make(MdlIr *ir, const MdlType *type);
/* False for a type that is none of ours (function types, memrefs). The result is the table's own
 * copy: valid as long as the IR. */
const MdlType *mdl_type_read(MdlIr *ir, MlirType type);
const MdlType *mdl_type_of(MdlIr *ir, MlirValue value);
bool mdl_type_equal(const MdlType *a, const MdlType *b);
MdlType mdl_type_scalar(MdlDtype dtype);
MdlType mdl_type_with(const MdlType *shape, MdlDtype dtype); /* the same dims, another dtype */
/* "f32[N, 3]", "f32" */
const char *mdl_type_text(MdlArena *arena, const MdlType *type);
/* Number of elements as a size; NULL on overflow. */
const MdlSize *mdl_type_elements(MdlSizes *sizes, const MdlType *type);

/* ---- attributes -------------------------------------------------------------------------- */

/* Attributes of one op, by name. Reading a name that is not there is MDL_BUG. */
typedef struct MdlAttrs {
  MdlIr *ir;
  int count;
  const char *name[MDL_MAX_ATTRS];
  MlirAttribute value[MDL_MAX_ATTRS];
} MdlAttrs;

MdlAttrs mdl_attrs_none(MdlIr *ir);
MdlAttrs mdl_attrs_of(MdlIr *ir, MlirOperation op); /* those that the table declares */
void mdl_put_int(MdlAttrs *attrs, const char *name, int64_t value);
void mdl_put_ints(MdlAttrs *attrs, const char *name, int count, const int64_t *values);
void mdl_put_sizes(MdlAttrs *attrs, const char *name, int count, const MdlSize *const *sizes);
void mdl_put_pairs(MdlAttrs *attrs, const char *name, int count, const int64_t *a,
                   const int64_t *b);
void mdl_put_flag(MdlAttrs *attrs, const char *name, bool value);
void mdl_put_text(MdlAttrs *attrs, const char *name, const char *text);
/* A number of a dtype; integers and bools by `integer`, floats by `real`. */
void mdl_put_number(MdlAttrs *attrs, const char *name, MdlDtype dtype, double real,
                    int64_t integer);
/* Dense elements in row-major order: `data` as in memory (bools as bytes). */
void mdl_put_table(MdlAttrs *attrs, const char *name, const MdlType *type, const void *data);
int64_t mdl_get_int(const MdlAttrs *attrs, const char *name);
int mdl_get_ints(const MdlAttrs *attrs, const char *name, int64_t *values);
int mdl_get_sizes(const MdlAttrs *attrs, const char *name, const MdlSize **sizes);
int mdl_get_pairs(const MdlAttrs *attrs, const char *name, int64_t *a, int64_t *b);
bool mdl_get_flag(const MdlAttrs *attrs, const char *name);
const char *mdl_get_text(const MdlAttrs *attrs, const char *name);
/* A text that is a size, as a size. */
const MdlSize *mdl_get_size(const MdlAttrs *attrs, const char *name);
bool mdl_get_number(const MdlAttrs *attrs, const char *name, double *real, int64_t *integer);
/* Element i of a dense table, both ways as mdl_get_number. */
void mdl_get_element(const MdlAttrs *attrs, const char *name, int64_t i, double *real,
                     int64_t *integer);

/* Attributes on any op by full name ("mdl.entry", "sym_name"). Absent: NULL / false / fallback. */
const char *mdl_op_text(MdlIr *ir, MlirOperation op, const char *name); /* strings and symbols */
const MdlSize *mdl_op_size(MdlIr *ir, MlirOperation op, const char *name);
bool mdl_op_has(MlirOperation op, const char *name);
int64_t mdl_op_int(MlirOperation op, const char *name, int64_t fallback);
int mdl_op_ints(MlirOperation op, const char *name, int64_t *values, int max);
void mdl_op_set_text(MdlIr *ir, MlirOperation op, const char *name, const char *text);
void mdl_op_set_size(MdlIr *ir, MlirOperation op, const char *name, const MdlSize *size);
void mdl_op_set_symbol(MdlIr *ir, MlirOperation op, const char *name, const char *symbol);
void mdl_op_set_int(MdlIr *ir, MlirOperation op, const char *name, int64_t value);
void mdl_op_set_ints(MdlIr *ir, MlirOperation op, const char *name, int count,
                     const int64_t *values);
void mdl_op_set_unit(MdlIr *ir, MlirOperation op, const char *name);
void mdl_op_set_raw(MdlIr *ir, MlirOperation op, const char *name, MlirAttribute value);
MlirAttribute mdl_op_raw(MlirOperation op, const char *name); /* null if absent */
void mdl_op_unset(MlirOperation op, const char *name);

/* ---- reading the IR ---------------------------------------------------------------------- */

bool mdl_is_null(MlirOperation op);
bool mdl_is_no_value(MlirValue value);
bool mdl_same(MlirValue a, MlirValue b);
bool mdl_same_op(MlirOperation a, MlirOperation b);
MdlOp mdl_op(MdlIr *ir, MlirOperation op);    /* MDL_OP_none for other dialects */
MdlOp mdl_def_op(MdlIr *ir, MlirValue value); /* MDL_OP_none for block arguments */
MlirOperation mdl_def(MlirValue value);       /* null for a block argument */
int mdl_operand_count(MlirOperation op);
MlirValue mdl_operand(MlirOperation op, int i);
void mdl_set_operand(MlirOperation op, int i, MlirValue value);
int mdl_result_count(MlirOperation op);
MlirValue mdl_result(MlirOperation op, int i);
int mdl_result_index(MlirValue value); /* which result of its op, or which block argument */
bool mdl_has_uses(MlirValue value);
int mdl_use_count(MlirValue value);
/* The i-th use in no particular order: fills owner and operand number; false past the end. Order of
 * uses must never reach the output. */
bool mdl_use(MlirValue value, int i, MlirOperation *owner, int *operand);
void mdl_replace(MlirValue value, MlirValue with); /* every use */

MlirBlock mdl_body(MlirOperation op, int region); /* the region's only block; null if none */
int mdl_region_count(MlirOperation op);
int mdl_arg_count(MlirBlock block);
MlirValue mdl_arg(MlirBlock block, int i);
MlirOperation mdl_first(MlirBlock block);
MlirOperation mdl_next(MlirOperation op);
MlirOperation mdl_terminator(MlirBlock block);
MlirBlock mdl_block_of(MlirOperation op);
MlirBlock mdl_value_block(MlirValue value); /* where it is defined */
MlirOperation mdl_parent(MlirOperation op);
MlirOperation mdl_block_parent(MlirBlock block);
/* The block's ops in order, terminator included, in an array of the arena. */
int mdl_list(MdlIr *ir, MlirBlock block, MlirOperation **ops);
/* Every op of a kind inside of `in`, at any depth, in order: to be changed at will. */
int mdl_list_kind(MdlIr *ir, MlirOperation in, MdlOp kind, MlirOperation **ops);

/* ---- names and places -------------------------------------------------------------------- */

/* A value's name in the source ("z", "m.w"), tangents "dz", cotangents "gz"; NULL for none. */
const char *mdl_value_name(MdlIr *ir, MlirValue value);
void mdl_value_set_name(MdlIr *ir, MlirValue value, const char *name); /* results only */
MlirLocation mdl_location(MdlIr *ir, MdlSpan span, const char *name);  /* name may be NULL */
MlirLocation mdl_location_named(MdlIr *ir, MlirLocation location, const char *name);
MlirLocation mdl_location_of(MlirOperation op);
MdlSpan mdl_span_of(MdlIr *ir, MlirOperation op);
/* Of a function's argument: where it is declared. */
MdlSpan mdl_span_of_arg(MdlIr *ir, MlirValue arg);
void mdl_arg_set_span(MdlIr *ir, MlirValue arg, MdlSpan at);
/* The .mdl line of an op, 0 if unknown; *file gets the path if not NULL. */
int mdl_line_of(MdlIr *ir, MlirOperation op, const char **file);
/* Where in a .mdl something stands; line 0: nowhere. */
typedef struct MdlSpot {
  const char *file;
  int line, column;
} MdlSpot;
MdlSpot mdl_spot_of(MdlIr *ir, MlirOperation op);
MdlSpot mdl_spot_of_value(MdlIr *ir, MlirValue value);

/* ---- building ---------------------------------------------------------------------------- */

/* New ops go before `before`, or to the end of `block` when `before` is null. */
typedef struct MdlBuilder {
  MdlIr *ir;
  MlirBlock block;
  MlirOperation before;
  MlirLocation at;
} MdlBuilder;

MdlBuilder mdl_builder_at_end(MdlIr *ir, MlirBlock block, MlirLocation at);
MdlBuilder mdl_builder_before(MdlIr *ir, MlirOperation op); /* and at op's location */
MdlBuilder mdl_builder_after(MdlIr *ir, MlirOperation op);

/* The general form. `given` is the result type where the sig says Z, else NULL. Ill-typed operands
 * are MDL_BUG: the frontend checks what users write. Returns the op. */
MlirOperation mdl_build_op(MdlBuilder *b, MdlOp op, int operands, const MlirValue *operand,
                           const MdlAttrs *attrs, const MdlType *given);
/* Elementwise rows and other ops of one result, no attributes, inferred type. */
MlirValue mdl_build(MdlBuilder *b, MdlOp op, ...); /* as many MlirValue as the row has operands */
MlirValue mdl_build_v(MdlBuilder *b, MdlOp op, const MlirValue *operand);

MlirValue mdl_build_const(MdlBuilder *b, const MdlType *type, double value); /* exact in dtype */
MlirValue mdl_build_const_int(MdlBuilder *b, const MdlType *type, int64_t value);
MlirValue mdl_build_size(MdlBuilder *b, const MdlSize *size, MdlDtype dtype); /* MDL_index too */
MlirValue mdl_build_iota(MdlBuilder *b, const MdlType *type, int axis);
MlirValue mdl_build_convert(MdlBuilder *b, MlirValue a, MdlDtype dtype); /* a itself if equal */
/* An index in a type that holds the length of the axis it counts: i64 where that may be >= 2^31. */
MlirValue mdl_build_wide_index(MdlBuilder *b, MlirValue index, const MdlSize *extent);
MlirValue mdl_build_bitcast(MdlBuilder *b, MlirValue a, MdlDtype dtype);
MlirValue mdl_build_broadcast(MdlBuilder *b, MlirValue a, const MdlType *type, int count,
                              const int64_t *dims);
/* a as a whole tensor of that shape: a itself if it is one already. Scalars only. */
MlirValue mdl_build_splat(MdlBuilder *b, MlirValue a, const MdlType *shape);
MlirValue mdl_build_reshape(MdlBuilder *b, MlirValue a, const MdlType *type);
MlirValue mdl_build_transpose(MdlBuilder *b, MlirValue a, const int64_t *perm);
MlirValue mdl_build_reduce(MdlBuilder *b, MdlOp op, MlirValue a, int count, const int64_t *axes);
MlirValue mdl_build_slice(MdlBuilder *b, MlirValue a, const MdlSize *const *start,
                          const MdlSize *const *limit, const int64_t *step);
/* The value with `lo` and `hi` of `with` around it, and `inner` of it between elements. */
MlirValue mdl_build_pad(MdlBuilder *b, MlirValue a, MlirValue with, const MdlSize *const *lo,
                        const MdlSize *const *hi, const int64_t *inner);
MlirValue mdl_build_concat(MdlBuilder *b, MlirValue a, MlirValue c, int axis);
MlirValue mdl_build_dot(MdlBuilder *b, MlirValue a, MlirValue c, int contracted,
                        const int64_t *a_contract, const int64_t *c_contract, int batched,
                        const int64_t *a_batch, const int64_t *c_batch);

/* Functions. Arguments may be named; the body is an empty block for a defined function, null for a
 * declaration (`define` false). Appended to the module. */
typedef struct MdlFunc {
  const char *symbol;
  bool is_private, define;
  int args, results;
  const MlirType *arg, *result;
  const char *const *arg_name; /* or NULL; entries may be NULL */
  MlirLocation at;
} MdlFunc;
MlirOperation mdl_build_func(MdlIr *ir, MlirOperation module, const MdlFunc *f);
MlirOperation mdl_module_create(MdlIr *ir, const char *path);
/* Takes the body of `from` (emptied) for the declaration `to`: it becomes a definition. */
MlirOperation mdl_func_define(MdlIr *ir, MlirOperation declaration); /* gives it an empty body */
int mdl_func_args(MlirOperation func);
int mdl_func_results(MlirOperation func);
MlirType mdl_func_arg_type(MlirOperation func, int i);
MlirType mdl_func_result_type(MlirOperation func, int i);
/* Sets the function's type from its body's arguments and return operands. */
void mdl_func_refresh_type(MdlIr *ir, MlirOperation func);
MlirOperation mdl_build_call(MdlBuilder *b, MlirOperation callee, const MlirValue *operand);
MlirOperation mdl_build_return(MdlBuilder *b, int count, const MlirValue *values);

/* scf.for lo..hi step 1 with carried values: the body's arguments are the index, then the carried.
 * Fill mdl_body(op, 0), end it with mdl_build_yield. */
MlirOperation mdl_build_for(MdlBuilder *b, MlirValue lo, MlirValue hi, int carried,
                            const MlirValue *init);
/* scf.if with both regions; each ends with mdl_build_yield. */
MlirOperation mdl_build_if(MdlBuilder *b, MlirValue condition, int results, const MlirType *type);
/* scf.while: region 0 computes the condition (ends with mdl_build_condition), region 1 the body. */
MlirOperation mdl_build_while(MdlBuilder *b, int carried, const MlirValue *init);
MlirOperation mdl_build_yield(MdlBuilder *b, int count, const MlirValue *values);
MlirOperation mdl_build_condition(MdlBuilder *b, MlirValue condition, int count,
                                  const MlirValue *values);

/* ---- changing ---------------------------------------------------------------------------- */

/* Ops whose results are still used are MDL_BUG, not a crash. */
void mdl_erase(MdlIr *ir, MlirOperation op);
void mdl_move_before(MlirOperation op, MlirOperation before);
MlirValue mdl_add_arg(MdlIr *ir, MlirBlock block, MlirType type, const char *name, MlirLocation at);
void mdl_erase_arg(MlirBlock block, int i);
void mdl_set_operands(MlirOperation op, int count, const MlirValue *values);
/* Loops and branches have a slot a result: its initial value, block arguments, terminator operands.
 * Operands of the op (or of scf.condition) from this one on belong to slots. */
int mdl_slots_at(MdlIr *ir, MlirOperation op);
/* The loop or branch with only some of its slots; dropped results and block arguments must have no
 * uses, and the terminators' operands be dropped already (mdl_set_operands). Returns the op that
 * takes its place. */
MlirOperation mdl_keep_slots(MdlIr *ir, MlirOperation op, const bool *keep);

/* Copy with a value map (a value not in the map stands for itself) and an optional type callback. */
typedef MlirType MdlTypeFn(void *user, MlirType type);
MlirOperation mdl_clone_op(MdlBuilder *b, MlirOperation op, MdlMap *values, MdlTypeFn *fn,
                           void *user);
MlirValue mdl_map_value_get(const MdlMap *values, MlirValue value);
void mdl_map_value_set(MdlMap *values, MlirValue from, MlirValue to);
/* Copies the ops of a block but its terminator; the terminator's operands, mapped, go to `out`
 * (room for all of them). Returns their count. */
int mdl_clone_body(MdlBuilder *b, MlirBlock from, MdlMap *values, MlirValue *out);

/* ---- comparing --------------------------------------------------------------------------- */

/* Changes whenever anything in the op changes but names and places: tells whether a pass did
 * something. By address: comparable only with an earlier one of the same op. */
uint64_t mdl_fingerprint(MlirOperation op);
/* Do both compute the same: name, attributes, types, operands, and regions up to the naming of the
 * values inside? Says nothing of effects. Equal ops have equal hashes. */
bool mdl_op_same(MdlIr *ir, MlirOperation a, MlirOperation b);
uint64_t mdl_op_hash(MdlIr *ir, MlirOperation op);

/* ---- the module -------------------------------------------------------------------------- */

/* Symbol lookup by a map: build it once a pass, never walk. */
MdlMap *mdl_symbols(MdlIr *ir, MlirOperation module); /* interned name -> op */
MlirOperation mdl_symbol(const MdlIr *ir, const MdlMap *symbols, const char *name);
MlirOperation mdl_callee(const MdlIr *ir, const MdlMap *symbols, MlirOperation call);
/* ... of any op: null unless it is a call of a function that has a body. */
MlirOperation mdl_called(MdlIr *ir, const MdlMap *symbols, MlirOperation op);
/* A name not in `symbols`: base, base_1, base_2, ... */
const char *mdl_symbol_unique(MdlIr *ir, const MdlMap *symbols, const char *base);
MlirBlock mdl_module_body(MlirOperation module);

/* Depth first, ops before those inside them; false from fn stops. Ops must not be erased. */
bool mdl_walk(MlirOperation root, bool (*fn)(void *user, MlirOperation op), void *user);

/* MLIR text; `places` adds locations (needed for names to survive stock tools). */
char *mdl_ir_text(MdlIr *ir, MlirOperation op, bool places);
/* Parses MLIR text; null with the reason in mdl_ir_said. */
MlirOperation mdl_parse_mlir(MdlIr *ir, const char *text, size_t length);
void mdl_module_destroy(MlirOperation module);

#endif
