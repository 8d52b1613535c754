/* A program as XLA sees it: typed values, instructions of codegen/hlo/hlo_ops.def, and blocks nested
 * in them. The walker builds one out of mdl form; two printers write it. Every size is a number here.
 * Blocks of while and if may use values of the blocks around them; blocks that combine elements
 * (reduce, scatter, sort) do not, and may be shared by several instructions. */
#ifndef MDL_CODEGEN_HLO_GRAPH_H
#define MDL_CODEGEN_HLO_GRAPH_H

#include "ir/ir.h"

enum { MDL_GRAPH_RANK = MDL_MAX_RANK + 1, MDL_GRAPH_LISTS = 6 }; /* indices get one more axis */

typedef enum MdlHloOp {
#define HLO(name, ...) MDL_HLO_##name,
#include "codegen/hlo/hlo_ops.def"
  MDL_HLO_COUNT
} MdlHloOp;

typedef struct MdlHloInfo {
  const char *name, *stablehlo, *hlo;
  const char *attributes, *hlo_attributes, *computations; /* templates of hlo_ops.def */
} MdlHloInfo;
extern const MdlHloInfo mdl_hlo_ops[MDL_HLO_COUNT];
/* By the row's name; MDL_HLO_COUNT if there is none. */
MdlHloOp mdl_hlo_find(const char *name, size_t length);

typedef struct MdlGraphType {
  MdlDtype dtype; /* never index: that is i64 here */
  int rank;
  int64_t dim[MDL_GRAPH_RANK];
} MdlGraphType;

typedef struct MdlGraphInstr MdlGraphInstr;

typedef struct MdlGraphValue {
  MdlGraphType type;
  MdlGraphInstr *def; /* NULL: an argument of a block */
  int index;          /* which result, or which argument */
  const char *given;  /* its name in the source, or NULL */
  const char *name;   /* in the text, unique in the module: mdl_graph_name */
  MdlSpot spot;       /* of an argument */
} MdlGraphValue;

typedef struct MdlGraphBlock {
  int args, results, instrs, capacity;
  MdlGraphValue **arg, **result;
  MdlGraphInstr **instr;
  bool named;
} MdlGraphBlock;

typedef struct MdlGraphList {
  int count;
  const int64_t *at;
} MdlGraphList;

/* Elements in row-major order: `real` of floats, `integer` of the rest; one stands for a scalar. */
typedef struct MdlGraphLiteral {
  int64_t count;
  const double *real;
  const int64_t *integer;
} MdlGraphLiteral;

struct MdlGraphInstr {
  MdlHloOp op;
  int operands, results, blocks;
  MdlGraphValue **operand;
  MdlGraphValue *result; /* an array */
  MdlGraphBlock *block[2];
  MdlGraphList list[MDL_GRAPH_LISTS];
  int64_t number;
  const char *word;
  MdlGraphLiteral literal;
  MdlSpot spot;
  const char *name; /* of several results together */
  bool live;        /* mdl_graph_name: something uses it */
};

/* Where new instructions go. */
typedef struct MdlGraph {
  MdlArena *arena;
  MdlGraphBlock *block;
  MdlSpot spot; /* of new instructions */
  MdlMap *shared; /* interned text -> MdlGraphBlock: combining blocks */
} MdlGraph;

MdlGraphType mdl_graph_scalar(MdlDtype dtype);
MdlGraphType mdl_graph_with(const MdlGraphType *shape, MdlDtype dtype);
bool mdl_graph_same_shape(const MdlGraphType *a, const MdlGraphType *b);
int64_t mdl_graph_elements(const MdlGraphType *type);

MdlGraphBlock *mdl_graph_block(MdlGraph *g);
MdlGraphValue *mdl_graph_arg(MdlGraph *g, MdlGraphBlock *block, const MdlGraphType *type,
                             const char *given);
void mdl_graph_return(MdlGraph *g, MdlGraphBlock *block, int count, MdlGraphValue *const *values);

/* The general form; the caller fills in lists, number, word and blocks. */
MdlGraphInstr *mdl_graph_instr(MdlGraph *g, MdlHloOp op, int operands,
                               MdlGraphValue *const *operand, int results,
                               const MdlGraphType *type);
void mdl_graph_list(MdlGraph *g, MdlGraphInstr *instr, int list, int count, const int64_t *values);

/* Results of the type of the first operand. */
MdlGraphValue *mdl_graph_unary(MdlGraph *g, MdlHloOp op, MdlGraphValue *a);
MdlGraphValue *mdl_graph_binary(MdlGraph *g, MdlHloOp op, MdlGraphValue *a, MdlGraphValue *b);
/* direction: EQ NE LT LE GT GE */
MdlGraphValue *mdl_graph_compare(MdlGraph *g, const char *direction, MdlGraphValue *a,
                                 MdlGraphValue *b);
MdlGraphValue *mdl_graph_select(MdlGraph *g, MdlGraphValue *p, MdlGraphValue *a, MdlGraphValue *b);
MdlGraphValue *mdl_graph_convert(MdlGraph *g, MdlGraphValue *a, MdlDtype dtype); /* or a itself */
MdlGraphValue *mdl_graph_bitcast(MdlGraph *g, MdlGraphValue *a, MdlDtype dtype);
/* One number in every element. */
MdlGraphValue *mdl_graph_number(MdlGraph *g, const MdlGraphType *type, double real,
                                int64_t integer);
MdlGraphValue *mdl_graph_literal(MdlGraph *g, const MdlGraphType *type, MdlGraphLiteral literal);
MdlGraphValue *mdl_graph_iota(MdlGraph *g, const MdlGraphType *type, int axis);
/* Axis i of a becomes axis dims[i]; a size 1 stretches (HLO forbids that: such axes go first). */
MdlGraphValue *mdl_graph_broadcast(MdlGraph *g, MdlGraphValue *a, const MdlGraphType *type,
                                   const int64_t *dims);
MdlGraphValue *mdl_graph_splat(MdlGraph *g, MdlGraphValue *scalar, const MdlGraphType *type);
MdlGraphValue *mdl_graph_reshape(MdlGraph *g, MdlGraphValue *a, const MdlGraphType *type);
MdlGraphValue *mdl_graph_pad(MdlGraph *g, MdlGraphValue *a, MdlGraphValue *with,
                             const MdlGraphType *type, const int64_t *lo, const int64_t *hi,
                             const int64_t *inner);

/* Marks what the block's results need and names it: the source's names where there are some, made
 * unique, else `add.7`. Both printers want it, once. */
void mdl_graph_name(MdlGraph *g, MdlGraphBlock *main);

#endif
