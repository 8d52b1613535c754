/* Loop form: what groups become, and what C, CUDA and LLVM print.
 *
 * Entry: a public func.func named by its C symbol, with `mdl.signature`, returning i32 (the status:
 * 0, or code + 256*line). Arguments, each named by its location and by `mdl.name`:
 *   i64      per free size, in the signature's order
 *   leaves   of in and inout parameters, in order; then those of out parameters:
 *            in, rank 0, not in a struct     by value (f32, i1, i32, ...; ui types are signless here)
 *            everything else                 memref<T> of rank 0, `llvm.noalias`, a bare pointer
 *   work     memref<i8>, last, when the signature has_work
 * A pointer is shaped once by memref.reinterpret_cast to an identity layout: static sizes where
 * known, the size operands being index values computed at the top. A slice of work is
 * reinterpret_cast to bytes and memref.view. `mdl.work_bytes` on the entry is the size text of the
 * arena, slack for alignment included ("0" for none).
 * Group: a private func.func, called by the entry in order; arguments are shaped memrefs, index
 * sizes and scalars; a scalar result is returned. `mdl.doc` is its formula and places, for the
 * comment in C.
 *
 * Data: private memref.globals of constant cells. Hook: a declaration with `mdl.hook`, the name of a
 * function that the host provides; with `mdl.device`, one of the CUDA prelude.
 *
 * Bools are i1 in registers, i8 in memory. f16 and bf16 are i16 in memory and f32 in registers.
 * Integers are signless and wrap; index arithmetic does not overflow. Vectors are one-dimensional,
 * never wider than the machine's registers. */
#ifndef MDL_IR_LOOP_H
#define MDL_IR_LOOP_H

#include "ir/ir.h"
#include "ir/map.h"

typedef enum MdlLoopOp {
#define LOOP_OP(mlir, name, ...) MDL_LOOP_##name,
#include "ir/loop_ops.def"
  MDL_LOOP_COUNT,
  MDL_LOOP_none = MDL_LOOP_COUNT
} MdlLoopOp;

typedef enum MdlLoopKind {
  MDL_LOOP_KIND_binary,
  MDL_LOOP_KIND_unary,
  MDL_LOOP_KIND_compare,
  MDL_LOOP_KIND_convert,
  MDL_LOOP_KIND_call,
  MDL_LOOP_KIND_other
} MdlLoopKind;

typedef struct MdlLoopInfo {
  const char *mlir, *name, *c;
  MdlLoopKind kind;
  bool is_unsigned;
  int precedence;
} MdlLoopInfo;
const MdlLoopInfo *mdl_loop_info(MdlLoopOp op);
MdlLoopOp mdl_loop_op(MlirOperation op); /* MDL_LOOP_none for func, scf and mdl ops */
MdlLoopOp mdl_loop_def_op(MlirValue value);

/* A value's type in loop form. Integers are signless: i8..i64 stand for both signs. */
typedef struct MdlLoopType {
  enum { MDL_LOOP_scalar, MDL_LOOP_vector, MDL_LOOP_memory } kind;
  MdlDtype element;          /* bool, i8..i64, f32, f64, index */
  int lanes;                 /* vector; memory of vectors (registers of a GPU's thread): of each */
  int rank;                  /* memory; 0: a bare pointer */
  int64_t dim[MDL_MAX_RANK]; /* memory; -1: known at run time */
} MdlLoopType;
MdlLoopType mdl_loop_type(const MdlIr *ir, MlirType type);
MdlLoopType mdl_loop_type_of(const MdlIr *ir, MlirValue value);
MlirType mdl_loop_type_make(MdlIr *ir, const MdlLoopType *type);

/* arith.constant: a scalar, or a splat vector. */
bool mdl_loop_constant(const MdlIr *ir, MlirValue value, double *real, int64_t *integer);

typedef enum MdlPredicate {
  MDL_PREDICATE_eq,
  MDL_PREDICATE_ne, /* floats: unordered, so NaN differs from everything */
  MDL_PREDICATE_lt, /* floats: ordered; integers: signed */
  MDL_PREDICATE_le,
  MDL_PREDICATE_gt,
  MDL_PREDICATE_ge,
  MDL_PREDICATE_ult, /* integers only */
  MDL_PREDICATE_ule,
  MDL_PREDICATE_ugt,
  MDL_PREDICATE_uge
} MdlPredicate;
MdlPredicate mdl_loop_predicate(MlirOperation compare);

/* The run-time extents of a shaped pointer (memref.reinterpret_cast, memref.view): the i-th operand
 * that gives a `-1` of its type, in order. */
MlirValue mdl_loop_extent(MlirOperation shape, int i);
/* vector.shuffle's lanes; returns their count. */
int mdl_loop_lanes(MlirOperation shuffle, int64_t *lanes, int max);
/* vector.extract's lane. */
int64_t mdl_loop_lane(MlirOperation extract);

/* ---- building ---------------------------------------------------------------------------- */

/* How a dtype is kept in a register (unsigned types are signless, f16 and bf16 are f32) and in
 * memory (bool i8; f16 and bf16 i16). */
MdlDtype mdl_loop_register(MdlDtype dtype);
MdlDtype mdl_loop_cell(MdlDtype dtype);
MlirType mdl_loop_value_type(MdlIr *ir, MdlDtype dtype, int lanes); /* lanes 1: a scalar */
MlirType mdl_loop_pointer_type(MdlIr *ir, MdlDtype dtype);          /* memref<T> */

/* Any op of one result and no attributes. */
MlirValue mdl_loop_build(MdlBuilder *b, MdlLoopOp op, MlirType type, int operands,
                         const MlirValue *operand);
/* The result has the type of a. */
MlirValue mdl_loop_unary(MdlBuilder *b, MdlLoopOp op, MlirValue a);
MlirValue mdl_loop_binary(MdlBuilder *b, MdlLoopOp op, MlirValue a, MlirValue c);
MlirValue mdl_loop_select(MdlBuilder *b, MlirValue condition, MlirValue yes, MlirValue no);
MlirValue mdl_loop_compare(MdlBuilder *b, MdlPredicate predicate, MlirValue a, MlirValue c);
/* Casts and bitcasts: the lanes stay. */
MlirValue mdl_loop_cast(MdlBuilder *b, MdlLoopOp op, MlirValue a, MdlDtype dtype);
/* A constant; a splat where lanes > 1. */
MlirValue mdl_loop_number(MdlBuilder *b, MdlDtype dtype, int lanes, double real, int64_t integer);
MlirValue mdl_loop_splat(MdlBuilder *b, MlirValue a, int lanes); /* a itself if it is a vector */
MlirValue mdl_loop_shuffle(MdlBuilder *b, MlirValue a, MlirValue c, int count,
                           const int64_t *lanes);
MlirValue mdl_loop_elements(MdlBuilder *b, int lanes, const MlirValue *element);
MlirValue mdl_loop_extract(MdlBuilder *b, MlirValue vector, int64_t lane);

/* Shapes a bare pointer; a slice of bytes from `shift` on. `extent`: an index per -1 of type. */
MlirValue mdl_loop_shape(MdlBuilder *b, MlirValue base, const MdlLoopType *type,
                         const MlirValue *extent);
MlirValue mdl_loop_view(MdlBuilder *b, MlirValue bytes, MlirValue shift, const MdlLoopType *type,
                        const MlirValue *extent);
/* Memory of known size on the stack, until the function returns. */
MlirValue mdl_loop_alloca(MdlBuilder *b, const MdlLoopType *type);
/* As many indices as the memory has axes; `lanes` elements along the last. */
MlirValue mdl_loop_load(MdlBuilder *b, MlirValue memory, const MlirValue *index, int lanes);
void mdl_loop_store(MdlBuilder *b, MlirValue value, MlirValue memory, const MlirValue *index);
void mdl_loop_copy(MdlBuilder *b, MlirValue from, MlirValue to);
/* As mdl_build_for with a step; end its body with mdl_build_yield. */
MlirOperation mdl_loop_for(MdlBuilder *b, MlirValue lo, MlirValue hi, MlirValue step, int carried,
                           const MlirValue *init);
/* Constant memory: cells as they lie, in a private memref.global of the module. */
typedef struct MdlLoopData {
  const char *name; /* of the symbol, made unique */
  MdlDtype element; /* a cell's */
  int64_t count;
  const void *bytes; /* little-endian; one element alone where is_splat */
  bool is_text;      /* a text of the source, ended by 0: a literal in C */
  bool is_splat;
} MdlLoopData;
/* A pointer to it, memref<T>. What holds the same bytes is one. `symbols`: the module's, kept. */
MlirValue mdl_loop_data(MdlBuilder *b, MlirOperation module, MdlMap *symbols,
                        const MdlLoopData *data);
MdlLoopData mdl_loop_data_read(MdlIr *ir, MlirOperation global);

/* A function of the host, declared as `function.variant`: C and LLVM know all variants by the one
 * name, since their pointers have no type. */
MlirOperation mdl_loop_hook(MdlBuilder *b, MlirOperation module, MdlMap *symbols,
                            const char *function, const char *variant, int args,
                            const MlirType *arg);

/* ---- on a GPU (machines with a warp) ----------------------------------------------------- */

/* MDL_LOOP_thread, _block, _threads, _blocks: where this thread is, along x. */
MlirValue mdl_loop_gpu_index(MdlBuilder *b, MdlLoopOp op);
void mdl_loop_barrier(MdlBuilder *b);
/* ... for all blocks of a launch whose blocks are all there at once (`mdl.grid` on the op). */
void mdl_loop_grid_barrier(MdlBuilder *b);
/* As mdl_loop_alloca, one for all threads of the block: it has `mdl.shared`. */
MlirValue mdl_loop_shared(MdlBuilder *b, const MdlLoopType *type);
typedef enum MdlAllReduce {
  MDL_ALL_add,
  MDL_ALL_mul,
  MDL_ALL_max, /* floats: NaN if any is */
  MDL_ALL_min,
  MDL_ALL_umax,
  MDL_ALL_umin,
  MDL_ALL_and,
  MDL_ALL_or,
  MDL_ALL_COUNT
} MdlAllReduce;
/* One value out of those of all threads of the block, the same for each; a barrier too. */
MlirValue mdl_loop_all_reduce(MdlBuilder *b, MdlAllReduce kind, MlirValue value);
/* ... of those of a team: as many neighbours of a warp as `threads` says, 2 to 32, the first of them
 * at a multiple of that. Teams of one warp need not be at the same place. */
MlirValue mdl_loop_team_reduce(MdlBuilder *b, MdlAllReduce kind, MlirValue value, int threads);
/* Of either. */
MdlAllReduce mdl_loop_all_reduce_kind(MlirOperation op);
int mdl_loop_team(MlirOperation team_reduce);

/* A call of a function of the device's prelude, "ldmatrix_x4" or "cp_async_wait<1>": of a private
 * declaration with `mdl.device`, one for each list of types. A memory among the operands is followed
 * by an index for each of its axes, and stands for the address of that element. `result`: NULL for
 * none. MLIR's nvgpu ops are not used for these: they want 16-bit floats in memory, memory spaces
 * and vectors of two axes. */
MlirOperation mdl_loop_device(MdlBuilder *b, MlirOperation module, MdlMap *symbols,
                              const char *function, int operands, const MlirValue *operand,
                              const MlirType *result);
/* What mdl_loop_alloca made: an array of arrays in C, and of uint32_t if `words`. */
void mdl_loop_nest_array(MdlIr *ir, MlirValue memory, bool words);

/* Marks every memory argument of a function `llvm.noalias`. */
void mdl_loop_noalias(MdlIr *ir, MlirOperation func);

#endif
