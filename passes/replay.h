/* Replaying a body for its reverse sweep: what branches and loops share. */
#ifndef MDL_PASSES_REPLAY_H
#define MDL_PASSES_REPLAY_H

#include "passes/residual.h"

/* A body on its way: forward ops, a mark, the sweep. */
typedef struct MdlReplay {
  MdlReverse *outer;
  MdlIr *ir;
  MlirOperation op;   /* the forward loop or branch */
  MlirBlock from, to; /* its body; the body of the reverse op */
  MlirOperation mark;
  int outs;
  MlirValue *out; /* what the body's end passes on, forward */
  MdlReverse sweep;
  int captures;
  MlirValue *capture; /* varied values from outside */
  int keeps;
  MlirValue *keep; /* residuals */
} MdlReplay;

MdlReplay mdl_replay_create(MdlReverse *r, MlirOperation op, MlirBlock from, MlirBlock to);
/* The forward ops, with the body's arguments bound in `values`; returns how many there are now. */
int mdl_replay_forward(MdlReplay *p, MdlMap *values, MlirOperation **ops);
/* The sweep is over: inner loops stand as they will, dead ends of the sweep go. */
void mdl_replay_swept(MdlReplay *p);
/* What is not kept is computed again: the rest of the forward ops goes. */
void mdl_replay_end(MdlReplay *p);
MlirLocation mdl_replay_place(const MdlReplay *p);

void mdl_add_plain(MdlReverse *r, MlirValue value, MlirValue g); /* without a mask */
MlirValue mdl_take_dense(MdlReverse *r, MlirValue value);        /* a constant for zero */

void mdl_transpose_if(MdlReverse *r, MlirOperation op);
void mdl_transpose_for(MdlReverse *r, MlirOperation op);
void mdl_transpose_while(MdlReverse *r, MlirOperation op);

#endif
