/* Applying transformations: shared by frontend/transform*.c. */
#ifndef MDL_FRONTEND_TRANSFORM_H
#define MDL_FRONTEND_TRANSFORM_H

#include "frontend/sema.h"

/* A transformed function and the arguments it is called with. */
typedef struct MdlApplied {
  const MdlFnVal *fn;
  MdlSpan at;
  int own, params; /* parameters of what is transformed; and those that the transformation adds */
  MdlFnParam param[MDL_MAX_PARAMS];
  MdlVal *value[MDL_MAX_PARAMS]; /* NULL: its default */
} MdlApplied;

/* What is differentiated: the function as a core function, and its leaves of interest. */
typedef struct MdlLinear {
  MdlCoreFunc *func;
  const MdlVType *result;
  int leaves, wrts; /* of all arguments; with respect to */
  MdlCore **leaf;
  int64_t *wrt; /* numbers of float leaves */
  int parts;    /* of wrt, in the order written */
  const MdlVType *part[MDL_MAX_TUPLE];
  MdlVal *value[MDL_MAX_TUPLE];
} MdlLinear;

bool mdl_transform_args(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at,
                        MdlApplied *a);
bool mdl_linear(MdlSema *s, MdlApplied *a, MdlLinear *l);
MdlVal *mdl_apply_grad(MdlSema *s, MdlApplied *a); /* value_grad too */
MdlVal *mdl_apply_jvp(MdlSema *s, MdlApplied *a);  /* linearize too */
MdlVal *mdl_apply_vjp(MdlSema *s, MdlApplied *a);
MdlVal *mdl_apply_vmap(MdlSema *s, MdlApplied *a);
MdlVal *mdl_apply_jacobian(MdlSema *s, MdlApplied *a);
MdlVal *mdl_apply_hvp(MdlSema *s, MdlApplied *a);
MdlVal *mdl_apply_remat(MdlSema *s, MdlApplied *a);
MdlVal *mdl_apply_linear(MdlSema *s, const MdlFnVal *fn, int args, MdlCallArg *arg, MdlSpan at);

/* Enters a new core function inside the current one; leave restores. */
typedef struct MdlInside {
  MdlCoreFunc *func;
  MdlCoreBlock *block;
} MdlInside;
MdlCoreFunc *mdl_inside_enter(MdlSema *s, MdlInside *was, const char *symbol, MdlSpan at);
void mdl_inside_leave(MdlSema *s, const MdlInside *was);

#endif
