/* Inside the generator of random programs: types, scopes and the kinds of expressions. */
#ifndef MDL_TESTS_RANDOM_GEN_H
#define MDL_TESTS_RANDOM_GEN_H

#include "tests/random/generate.h"

#include <string.h>

enum { MOST_RANK = 3, MOST_VARS = 24, MOST_PARAMS = 3 };

typedef struct Type {
  const char *dtype; /* "f32" "f64" "i32" "bool" */
  int rank;
  const char *dim[MOST_RANK]; /* "N" "M" or a number */
} Type;

typedef struct Var {
  const char *name;
  Type type;
} Var;

/* A function being written: its parameters and lets. */
typedef struct Scope {
  int vars, level; /* level: how many functions away from the entry */
  Var var[MOST_VARS];
  char *lets; /* statements so far */
} Scope;

typedef struct Gen {
  MdlArena *arena;
  MdlRandom random;
  int number, names, size;
  const char *functions; /* finished ones */
  const char *real;      /* the float type of this program */
  uint32_t without;
} Gen;

/* clang-format off */
#define FEATURES(F)                                                                                \
  F(unary) F(binary) F(where) F(broadcast) F(reduce) F(matmul) F(transpose) F(flip) F(scan)        \
  F(sort) F(index) F(slice) F(concat) F(comprehension) F(vmap) F(grad) F(value_grad) F(jvp) F(vjp) \
  F(call) F(branch) F(block) F(loop) F(while) F(update) F(gather) F(hessian) F(remat) F(runtime_size)
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
void gen_add_var(Scope *s, const char *text, const Type *type);
bool gen_knows(const Scope *s, const char *dim);
const char *gen_known_dim(Gen *g, const Scope *s);
Type gen_draw_type(Gen *g);
Type gen_draw_type_near(Gen *g, const Scope *s);
Type gen_scalar(Gen *g);
Type gen_with_dim(const Type *t, int axis, const char *dim);
Type gen_without_first(const Type *t);

/* ---- expressions of a type: NULL where that kind has none -------------------------------- */

const char *gen_leaf(Gen *g, Scope *s, const Type *t);
const char *gen_unary(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_binary(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_broadcast(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_reduce(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_matmul(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_transpose(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_along(Gen *g, Scope *s, const Type *t, int depth, const char *function);
const char *gen_index_fixed(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_slice(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_concat(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_comprehension(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_branch(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_where(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_block(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_gather(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_call(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_grad(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_value_grad(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_jvp(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_vjp(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_vmap(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_hessian(Gen *g, Scope *s, const Type *t, int depth);

/* ---- what they are made of --------------------------------------------------------------- */

const char *gen_expr(Gen *g, Scope *s, const Type *t, int depth);
const char *gen_body(Gen *g, Scope *s, const Type *result, int depth);

#endif
