/* The memory plan of one entry: classes of tensors that share a place. */
#ifndef MDL_PASSES_PLAN_H
#define MDL_PASSES_PLAN_H

#include "passes/pass.h"

#include "ir/signature.h"

typedef enum MdlPlaceKind { MDL_AT_argument, MDL_AT_result, MDL_AT_work } MdlPlaceKind;

/* A place and the tensors in it. */
typedef struct MdlStore {
  MdlPlaceKind where;
  int index;             /* argument: which of the entry's; result: which of the returned values */
  bool is_constant;      /* an `in` argument: never written */
  const MdlSize *bytes;  /* of the largest tensor in it */
  const MdlSize *offset; /* work: where it starts */
  int from, to;          /* work: positions between which it is alive */
  MlirOperation scratch; /* the call that this is scratch memory of; null: it holds tensors */
} MdlStore;

typedef struct MdlPlan {
  MdlIr *ir;
  MdlPass *pass;
  MlirOperation entry;
  const MdlSignature *signature;
  MdlMap *store_of;    /* tensor -> MdlStore; views are asked through mdl_plan_base */
  MdlMap *start, *end; /* op -> position + 1 before and after everything inside it */
  int stores, capacity, copies;
  MdlStore **store;
} MdlPlan;

/* The tensor that a view (mdl.reshape in an entry) is of. */
MlirValue mdl_plan_base(MdlIr *ir, MlirValue value);
MdlStore *mdl_plan_store(MdlPlan *plan, MlirValue value); /* NULL: not decided yet */
MdlStore *mdl_plan_scratch(MdlPlan *plan, MlirOperation call); /* NULL: it needs none */

/* Gives every tensor of the entry a store, with copies where one value would be needed in two. */
void mdl_plan_stores(MdlPlan *plan);
/* Lifetimes, then offsets into the work buffer; returns its bytes. */
const MdlSize *mdl_plan_arena(MdlPlan *plan, int align);
void mdl_plan_number(MdlPlan *plan); /* positions of all ops */

/* Replays the entry over the stores; a mistake is MDL_BUG. */
void mdl_plan_check(MdlPlan *plan);

/* -fmax-arena; false: reported (E0904, E0806). */
bool mdl_arena_fits(const MdlPlan *plan, const MdlSize *work);

/* Does the group read operand k only where it writes result r? */
bool mdl_group_may_update(MdlIr *ir, MlirOperation group, int result, int operand);

#endif
