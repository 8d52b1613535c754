/* Entries: from group form to the C-ABI function of ir/loop.h. */
#ifndef MDL_PASSES_ENTRY_H
#define MDL_PASSES_ENTRY_H

#include "passes/arith.h"
#include "passes/extent.h"
#include "passes/pass.h"

#include "ir/signature.h"

typedef struct MdlEntry {
  MdlPass *pass;
  MdlIr *ir;
  const MdlSignature *signature;
  MlirOperation from, to; /* in group form; in loop form */
  MdlBuilder b;           /* where the next op goes */
  MdlExtents extents;
  MdlMap *scalars;  /* scalar of group form -> value */
  MdlMap *memory;   /* tensor of group form, or call with scratch memory -> memref<T> */
  MdlMap *slices;   /* place and element type -> pointer into the work buffer */
  MdlMap *groups;   /* symbol of a group -> its loop-form function */
  MlirValue status; /* i32 so far; no value while nothing can fail */
} MdlEntry;

/* Makes the loop-form function of an entry after it. `groups` are in loop form already. */
MlirOperation mdl_entry_lower(MdlPass *pass, MlirOperation entry, MdlMap *groups);

/* The ops of a block up to its terminator. */
void mdl_entry_block(MdlEntry *e, MlirBlock block);
/* scf.for, scf.if, scf.while of the entry. */
void mdl_entry_flow(MdlEntry *e, MlirOperation op);

/* print: a call of a function that calls the host's mdl_print. */
void mdl_entry_print(MdlEntry *e, MlirOperation op);

MlirValue mdl_entry_scalar(MdlEntry *e, MlirValue value);
void mdl_entry_set(MdlEntry *e, MlirValue value, MlirValue made);
bool mdl_entry_fails(MdlEntry *e, MlirOperation op); /* holds a check */

/* Erases ops of loop form whose results nobody uses, inner blocks first. */
void mdl_loop_dce(MdlIr *ir, MlirBlock block);

#endif
