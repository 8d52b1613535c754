/* What the files of the simplify pass share. A rewriting function looks at one op and gives the
 * value to use in place of its (only) result, or no value. What it builds goes before the op. */
#ifndef MDL_PASSES_SIMPLIFY_H
#define MDL_PASSES_SIMPLIFY_H

#include "ir/formula.h"
#include "passes/pass.h"

typedef struct MdlSimplify {
  MdlPass *pass;
  MdlIr *ir;
  MdlBuilder b; /* before the op, at its place, nameless */
} MdlSimplify;

#define MDL_NO_VALUE ((MlirValue){NULL})

/* Is the value a splat constant? Its number, both ways as mdl_get_number. */
bool mdl_is_splat(MdlIr *ir, MlirValue value, double *real, int64_t *integer);
/* One letter of a sig: F float, I integer, N number, J integer or bool, B bool, A any. */
bool mdl_letter_fits(char letter, MdlDtype dtype);

/* Splats and sizes computed now. */
MlirValue mdl_simplify_fold(MdlSimplify *s, MlirOperation op);
/* Maps of broadcasts of one kind: the map first, then one broadcast. */
MlirValue mdl_simplify_map(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_convert(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_broadcast(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_reshape(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_transpose(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_slice(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_reverse(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_pad(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_concat(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_dynamic_slice(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_dynamic_update(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_gather(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_where(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_iota(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_indices(MdlSimplify *s, MlirOperation op); /* gather and scatters */
MlirValue mdl_simplify_reduce(MdlSimplify *s, MlirOperation op);
MlirValue mdl_simplify_dot(MdlSimplify *s, MlirOperation op);
/* Branches, loops and checks that are decided or hand values through. */
bool mdl_simplify_flow(MdlSimplify *s, MlirOperation op);

/* The defining op of an operand if it is of that kind, else null. */
MlirOperation mdl_def_of_kind(MdlIr *ir, MlirValue value, MdlOp kind);
/* An attribute list of the op. Returns the count. */
int mdl_axes_of(MdlIr *ir, MlirOperation op, const char *name, int64_t *axes);
bool mdl_dim_is(const MdlType *type, int axis, int64_t number);

/* By the rows of passes/rewrites.def. */
MlirValue mdl_simplify_rewrite(MdlSimplify *s, MlirOperation op);

/* A row, for tests and documents; from and to are NULL if the text is no formula. */
typedef struct MdlRewrite {
  bool is_fast;
  char letter;
  const char *from_text, *to_text;
  const MdlFormula *from, *to;
} MdlRewrite;
int mdl_rewrite_count(void);
MdlRewrite mdl_rewrite_row(int i);

#endif
