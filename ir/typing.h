/* Result types of ops: one function a structural op, found by name (mdl_type_dot). Elementwise rows
 * need none: their sig says it. The same function infers when building and checks when verifying. */
#ifndef MDL_IR_TYPING_H
#define MDL_IR_TYPING_H

#include "ir/ir.h"

typedef struct MdlTyping {
  MdlIr *ir;
  MdlOp op;
  int operands;
  const MdlType *in[MDL_MAX_OPERANDS];
  const MdlAttrs *attrs;
  const MdlType *given; /* where the sig says Z: the wanted result */
  MdlType out[MDL_MAX_RESULTS];
  const char *why; /* set when false is returned: "contracted sizes N and M differ" */
} MdlTyping;

/* Fills out; false with why. */
bool mdl_type_infer(MdlTyping *typing);

typedef bool MdlTypeOfOp(MdlTyping *typing);
#define EW(...)
#define OP(name, ...) MdlTypeOfOp mdl_type_##name;
#include "ir/ops.def"

#endif
