/* The mdl dialect, made from the op table. */
#ifndef MDL_IR_DIALECT_H
#define MDL_IR_DIALECT_H

#include "ir/ir.h"

/* False if MLIR refused the text: a row of the table is wrong. */
bool mdl_dialect_load(MlirContext context, MdlArena *arena);

#endif
