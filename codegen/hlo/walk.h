/* Inside the HLO backend: the walk from mdl form to the graph, and what the functions of ops get. */
#ifndef MDL_CODEGEN_HLO_WALK_H
#define MDL_CODEGEN_HLO_WALK_H

#include "codegen/hlo/graph.h"
#include "codegen/hlo/hlo.h"

typedef struct MdlHlo {
  MdlIr *ir;
  MdlArena *arena;
  const MdlHloOptions *options;
  const MdlSignature *signature;
  MdlMap *symbols;
  MdlMap *values; /* MlirValue -> MdlGraphValue */
  MdlGraph graph;
  MdlGraphValue *status; /* i32; NULL: nothing can have failed so far */
} MdlHlo;

/* One mdl op, its sizes as numbers. */
typedef struct MdlHloCase {
  MlirOperation op;
  MdlOp kind;
  const MdlAttrs *attrs;
  MdlGraphValue *in[MDL_MAX_OPERANDS];
  MdlGraphType type[MDL_MAX_RESULTS];   /* of the results */
  MdlGraphValue *out[MDL_MAX_RESULTS];  /* to be filled in */
} MdlHloCase;

/* A structural row's instructions. C leaves open in which order the arguments of a call are computed,
 * so no call has two that make instructions: every compiler's mdlc emits the same text. */
typedef void MdlHloOfOp(MdlHlo *h, MdlHloCase *c);
#define MDL_HLO(name) void mdl_hlo_##name(MdlHlo *h, MdlHloCase *c)
#define EW(...)
#define OP(name, ...) MdlHloOfOp mdl_hlo_##name;
#include "ir/ops.def"

/* The value of a size, which has one: the walk checks that first. */
int64_t mdl_hlo_size_value(MdlHlo *h, const MdlSize *size);
MdlGraphType mdl_hlo_type(MdlHlo *h, const MdlType *type);
/* An attribute of kind `sizes`; returns how many. */
int mdl_hlo_sizes(MdlHlo *h, const MdlHloCase *c, const char *name, int64_t *values);

/* An elementwise row on operands of one shape: by the table's hlo column, or by formulas.def. */
MdlGraphValue *mdl_hlo_row(MdlHlo *h, MdlOp op, MdlGraphValue *const *operand);
MdlGraphValue *mdl_hlo_row2(MdlHlo *h, MdlOp op, MdlGraphValue *a, MdlGraphValue *b);

/* Sums and products of f16 and bf16 run in f32. */
MdlDtype mdl_hlo_sum_dtype(MdlDtype dtype);
/* What max and min of nothing give: infinities, or the integer type's ends. */
MdlGraphValue *mdl_hlo_lowest(MdlHlo *h, const MdlGraphType *type);
MdlGraphValue *mdl_hlo_highest(MdlHlo *h, const MdlGraphType *type);
MdlGraphValue *mdl_hlo_zero(MdlHlo *h, const MdlGraphType *type);
MdlGraphValue *mdl_hlo_int(MdlHlo *h, const MdlGraphType *type, int64_t value);
/* The block (a, b) -> row(a, b) on scalars. */
MdlGraphBlock *mdl_hlo_combiner(MdlHlo *h, MdlOp op, MdlDtype dtype);
/* The block (a, i, b, k) -> the pair that stands first: by the row (gt or lt), the first NaN before
 * all, then the lower index. */
MdlGraphBlock *mdl_hlo_first_of(MdlHlo *h, MdlOp row, MdlDtype dtype, MdlDtype index);
/* The reduction over axes from `first`, by a combining block. */
MdlGraphValue *mdl_hlo_reduced(MdlHlo *h, MdlGraphValue *a, MdlGraphValue *first, MdlGraphBlock *by,
                               int count, const int64_t *axes);
/* Indices as i32 or i64 of which XLA moves those outside 0..last there. */
MdlGraphValue *mdl_hlo_clamped(MdlHlo *h, MdlGraphValue *index, int64_t last);

/* Puts the ops of a block, without its terminator. */
void mdl_hlo_block(MdlHlo *h, MlirBlock block);
/* scf.for, scf.while, scf.if */
void mdl_hlo_flow(MdlHlo *h, MlirOperation op, MdlOp kind);
MdlGraphValue *mdl_hlo_value(MdlHlo *h, MlirValue value);
void mdl_hlo_set(MdlHlo *h, MlirValue value, MdlGraphValue *is);
/* Names an argument or result as its source does. */
void mdl_hlo_called(MdlHlo *h, MlirValue value, MdlGraphValue *is);

/* ---- printing: `main` is named ----------------------------------------------------------- */

typedef struct MdlHloModule {
  const char *name;
  MdlGraphBlock *main;
  const char *const *result_name; /* one a result */
  const int *alias;               /* by argument: the result that takes its buffer, or -1 */
  int status;                     /* the result that is the status, or -1 */
} MdlHloModule;

/* The whole walk, named. False: reported. */
bool mdl_hlo_walk(MdlIr *ir, MlirOperation module, MlirOperation entry,
                  const MdlHloOptions *options, MdlHloModule *m);

char *mdl_hlo_print_stablehlo(MdlArena *arena, const MdlHloModule *module);
char *mdl_hlo_print_text(MdlArena *arena, const MdlHloModule *module);

#endif
