/* What the builders of ir/ share; the rest of mdlc uses ir/ir.h. */
#ifndef MDL_IR_BUILD_H
#define MDL_IR_BUILD_H

#include "ir/ir.h"

MlirOperationState mdl_state(MdlBuilder *b, MdlOp op);
/* Creates the op of `state` where the builder stands. */
MlirOperation mdl_insert(MdlBuilder *b, MlirOperationState *state);

#endif
