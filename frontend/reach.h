/* Walking what an entry reaches. */
#ifndef MDL_FRONTEND_REACH_H
#define MDL_FRONTEND_REACH_H

#include "frontend/sema.h"

/* Calls fn for every function that root reaches, callees first, each once; checks bodies that were
 * not yet. False if one has errors. fn may be NULL. */
typedef void MdlReachFn(void *user, MdlCoreFunc *func);
bool mdl_reach_core(MdlSema *s, MdlCoreFunc *root, MdlReachFn *fn, void *user);

#endif
