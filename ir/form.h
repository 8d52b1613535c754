/* Forms: which ops may occur where, and the verifier that runs after every pass. */
#ifndef MDL_IR_FORM_H
#define MDL_IR_FORM_H

#include "ir/ir.h"

typedef enum MdlForm {
  MDL_FORM_mdl,   /* tensor SSA: func, scf, mdl */
  MDL_FORM_group, /* the same, in groups with schedules and places */
  MDL_FORM_loops  /* scf, memref, vector, arith: ir/loop_ops.def */
} MdlForm;

const char *mdl_form_name(MdlForm form);
bool mdl_form_find(const char *name, MdlForm *form);
/* Kept on the module as `mdl.form`. */
MdlForm mdl_form_of(MdlIr *ir, MlirOperation module);
void mdl_form_set(MdlIr *ir, MlirOperation module, MdlForm form);

/* MLIR's verifier, the type of every mdl op, and the form. NULL when all holds, else what is wrong
 * and where (in the arena). */
const char *mdl_verify(MdlIr *ir, MlirOperation module);

#endif
