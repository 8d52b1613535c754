/* Inside vmap: the state, and the rules by op. A mapped value has the lanes as its leading axis;
 * the others stay as they are, computed once for all lanes. */
#ifndef MDL_PASSES_VMAP_RULES_H
#define MDL_PASSES_VMAP_RULES_H

#include "passes/vmap.h"

typedef struct MdlVmap {
  MdlPass *pass;
  MdlIr *ir;
  MdlBuilder b;        /* where new ops go; its place is that of the op at hand */
  const MdlSize *size; /* how many lanes */
  MdlMap *mapped;      /* values of the function that have lanes */
  MdlMap *value;       /* value of the function -> the new value */
  MlirValue mask;      /* lanes that run here, bool [lanes]; null: all */
  bool guard;          /* ...and what others compute here must not reach a derivative */
  MdlMap *effects;     /* memo of mdl_has_effects */
  bool failed;         /* an error was reported */
} MdlVmap;

/* ---- which values have lanes ------------------------------------------------------------- */

bool mdl_is_mapped(const MdlVmap *v, MlirValue value);
/* Adds to v->mapped all values of the block that a mapped one reaches. `masked`: not all lanes run
 * here. */
void mdl_vmap_mark(MdlVmap *v, MlirBlock block, bool masked);

/* ---- values ------------------------------------------------------------------------------ */

MlirValue mdl_vmap_value(const MdlVmap *v, MlirValue value); /* as it is: with lanes or without */
MlirValue mdl_vmap_lanes(MdlVmap *v, MlirValue value);       /* with lanes: stretched if need be */
void mdl_vmap_set(MdlVmap *v, MlirValue value, MlirValue now);
MdlType mdl_vmap_type(MdlVmap *v, const MdlType *type); /* with the lanes before its axes */
/* A new value without lanes -> the same in each lane. */
MlirValue mdl_vmap_stretch(MdlVmap *v, MlirValue now);
/* Axis `from` of a new value moved to the front. */
MlirValue mdl_vmap_to_front(MdlVmap *v, MlirValue now, int from);
/* One number a lane, [lanes], over every element of a new value with lanes. */
MlirValue mdl_vmap_spread(MdlVmap *v, MlirValue numbers, MlirValue like);
/* where(mask, a, b) lane by lane; a and b have lanes. */
MlirValue mdl_vmap_choose(MdlVmap *v, MlirValue mask, MlirValue a, MlirValue b);

/* ---- lanes that do not run (vmap_guard.c) ------------------------------------------------ */

/* Does the body of a branch or loop in which lanes part have ops through which the mask of a
 * cotangent does not pass? Then `guard` is set while it is filled. */
bool mdl_vmap_wants_guard(MdlVmap *v, MlirBlock block);
/* The value (with lanes), from which no derivative comes back but in lanes that run. As it is
 * without a guard. */
MlirValue mdl_vmap_hold(MdlVmap *v, MlirValue now);
MlirValue mdl_vmap_stretch_held(MdlVmap *v, MlirValue now);
/* A value from which no derivative goes further, however it is used. */
bool mdl_vmap_is_constant(MdlVmap *v, MlirValue now);
/* Holds the values from outside the op that it uses, until they are released. */
typedef struct MdlVmapHold {
  MlirValue value, was; /* of the function; what it stood for */
} MdlVmapHold;
typedef struct MdlVmapHeld {
  int count, room;
  MdlVmapHold *value;
} MdlVmapHeld;
MdlVmapHeld mdl_vmap_hold_captures(MdlVmap *v, MlirOperation op);
void mdl_vmap_release(MdlVmap *v, const MdlVmapHeld *held);
/* The rule of an op, held where it takes values that all lanes share. */
typedef void MdlVmapOfOp(MdlVmap *v, MlirOperation op);
void mdl_vmap_guarded(MdlVmap *v, MlirOperation op, MdlVmapOfOp *rule);

/* ---- ops --------------------------------------------------------------------------------- */

/* Every op of a block but its terminator. */
void mdl_vmap_block(MdlVmap *v, MlirBlock block);
void mdl_vmap_op(MdlVmap *v, MlirOperation op);
/* With axes counted past the lanes: right where every operand has lanes. `given` as the op's result
 * 0 with lanes. */
MdlAttrs mdl_vmap_attrs(MdlVmap *v, MlirOperation op);
/* Builds the op on new operands with these attributes, its results (with lanes) set. */
void mdl_vmap_build(MdlVmap *v, MlirOperation op, const MlirValue *operand, const MdlAttrs *attrs);

/* Where shifting axes alone does not say it. */
MdlVmapOfOp mdl_vmap_pad, mdl_vmap_dynamic_slice, mdl_vmap_dynamic_update, mdl_vmap_gather,
    mdl_vmap_scatter, mdl_vmap_dot, mdl_vmap_conv, mdl_vmap_check, mdl_vmap_print;
MdlVmapOfOp mdl_vmap_if, mdl_vmap_for, mdl_vmap_while, mdl_vmap_call;

/* No lanes, and that is known: of an empty axis there is no slice of one. */
bool mdl_vmap_is_empty(const MdlVmap *v);
/* A new value [lanes, ..] at lane i -> [..] */
MlirValue mdl_vmap_lane(MdlVmap *v, MlirValue now, MlirValue i);
/* One lane after the other, for what no op does at once. */
void mdl_vmap_by_lane(MdlVmap *v, MlirOperation op);

#endif
