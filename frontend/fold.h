/* Folding of what is known while checking. */
#ifndef MDL_FRONTEND_FOLD_H
#define MDL_FRONTEND_FOLD_H

#include "frontend/sema.h"

/* The result if it is known now, else NULL. */
MdlVal *mdl_fold(MdlSema *s, MdlOp op, int operands, MdlVal *const *operand, MdlSpan at);
/* A size or whole number as a polynomial; NULL for anything else. */
const MdlSize *mdl_val_size_of(MdlSema *s, const MdlVal *v);

#endif
