/* Inside the generator of random programs: types, scopes and the kinds of expressions. */
#ifndef MDL_TESTS_RANDOM_GEN_H
#define MDL_TESTS_RANDOM_GEN_H

#include "tests/random/generate.h"

#include <string.h>

enum { MOST_RANK = 3, MOST_VARS = 48, MOST_PARAMS = 3, MOST_FIELDS = 3, MOST_RECORDS = 2 };

typedef struct Record Record;

typedef struct Type {
  const char *dtype; /* as mdl spells it; "T" inside a generic function */
  int rank;
  const char *dim[MOST_RANK]; /* "N" "M" or a number */
  const Record *of;           /* a struct or model; its dtype and rank are empty */
} Type;

/* A struct or model of the program. */
struct Record {
  const char *name, *sizes; /* "N, M", "" */
  int fields;
  const char *field[MOST_FIELDS];
  Type type[MOST_FIELDS];
  bool is_linear; /* all fields are of the program's float type */
  const char *method; /* of a model: NULL for a struct */
  Type method_param, method_result;
};

typedef struct Var {
  const char *name;
  Type type;
} Var;

/* A function being written: its parameters and lets. */
typedef struct Scope {
  int vars, level; /* level: how many functions away from the entry */
  Var var[MOST_VARS];
} Scope;

typedef struct Gen {
  MdlArena *arena;
  MdlRandom random;
  int number, names, size;
  int forward; /* inside how many forward modes: no rule may be vjp alone there */
  const char *functions; /* finished items */
  const char *real;      /* the float type at hand: the program's, mostly */
  int records;
  Record record[MOST_RECORDS];
  uint64_t without;
} Gen;

/* The first five are drawn more often. */
/* clang-format off */
#define FEATURES(F)                                                                                \
  F(unary) F(binary) F(where) F(broadcast) F(reduce)                                               \
  F(matmul) F(transpose) F(flip) F(scan) F(sort) F(index) F(slice) F(concat) F(comprehension)      \
  F(vmap) F(grad) F(value_grad) F(jvp) F(vjp) F(call) F(branch) F(block) F(gather) F(hessian)      \
  F(einsum) F(conv) F(window) F(pad) F(roll) F(spread) F(take_along) F(chunk) F(outer) F(diag)     \
  F(triangle) F(top_k) F(softmax) F(centre) F(reshape) F(stop) F(convert) F(linearize) F(jacobian) \
  F(hvp) F(lambda) F(rule) F(generic) F(member)                                                    \
  F(loop) F(while) F(update) F(remat) F(runtime_size) F(record) F(inout) F(tuple) F(integer)       \
  F(half) F(empty) F(rows) F(choice) F(nest)
/* clang-format on */
typedef enum Feature {
#define F(name) FEATURE_##name,
  FEATURES(F)
#undef F
      FEATURE_COUNT
} Feature;

typedef struct Function {
  const char *name, *param_name[MOST_PARAMS];
  int params;
  Type param[MOST_PARAMS], result;
} Function;

#define T(...) mdl_text(g->arena, __VA_ARGS__)

/* ---- types and scopes -------------------------------------------------------------------- */

bool gen_may(const Gen *g, Feature feature);
int gen_below(Gen *g, int n);
const char *gen_name(Gen *g, const char *base);
const char *gen_type_text(Gen *g, const Type *t);
bool gen_same(const Type *a, const Type *b);
bool gen_is_named(const char *dim);
bool gen_may_be_empty(const char *dim);
bool gen_is_float(const Type *t);
bool gen_is_bool(const Type *t);
bool gen_is_real(const Gen *g, const Type *t); /* a tensor of the float type at hand */
void gen_add_var(Gen *g, Scope *s, const char *text, const Type *type);
bool gen_knows(const Scope *s, const char *dim);
const char *gen_known_dim(Gen *g, const Scope *s);
/* `sizes` with the names that `t` uses and that are not in it yet: "N, M". */
const char *gen_sizes_of(Gen *g, const char *sizes, const Type *t);
bool gen_knows_all(const Scope *s, const Type *t);

/* Float tensors of the type at hand; whatever else a variable may be. */
Type gen_draw_type(Gen *g);
Type gen_draw_type_near(Gen *g, const Scope *s);
Type gen_draw_any(Gen *g, const Scope *s);
Type gen_scalar(Gen *g);
Type gen_of(const char *dtype, const Type *shape);
Type gen_with_dim(const Type *t, int axis, const char *dim);
Type gen_without_first(const Type *t);

/* ---- expressions of a type: NULL where that kind has none -------------------------------- */

typedef const char *GenKind(Gen *g, Scope *s, const Type *t, int depth);

GenKind gen_unary, gen_binary, gen_broadcast, gen_reduce, gen_branch, gen_where, gen_block,
    gen_comprehension;
/* gen_move.c: of any element type */
GenKind gen_transpose, gen_index_fixed, gen_slice, gen_concat, gen_gather, gen_flip, gen_roll,
    gen_spread, gen_reshape, gen_chunk, gen_pad, gen_diag, gen_triangle, gen_take_along;
/* gen_ops.c */
GenKind gen_matmul, gen_einsum, gen_conv, gen_window, gen_outer, gen_top_k, gen_softmax, gen_centre,
    gen_scan, gen_sort, gen_convert, gen_stop;
/* gen_function.c */
GenKind gen_call, gen_grad, gen_value_grad, gen_jvp, gen_vjp, gen_vmap, gen_hessian, gen_linearize,
    gen_jacobian, gen_hvp, gen_lambda, gen_rule, gen_generic;
/* gen_integer.c, gen_record.c */
GenKind gen_integer, gen_bool, gen_record, gen_member;

/* ---- what they are made of --------------------------------------------------------------- */

const char *gen_leaf(Gen *g, Scope *s, const Type *t);
const char *gen_expr(Gen *g, Scope *s, const Type *t, int depth);
/* A scalar bool; elementwise of the shape of `t`. */
const char *gen_condition(Gen *g, Scope *s, int depth);
const char *gen_mask(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_body(Gen *g, Scope *s, const Type *result, int depth);
const char *gen_statements(Gen *g, Scope *s, int depth);
Function gen_function(Gen *g, const Scope *from, int params, const Type *param, const Type *result);
const char *gen_arguments(Gen *g, Scope *s, const Function *f, int depth);
void gen_declare_records(Gen *g);
const char *gen_tuple_let(Gen *g, Scope *s, int depth);

#endif
