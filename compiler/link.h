/* -shared: an object becomes a shared library by the system's C compiler. */
#ifndef MDL_COMPILER_LINK_H
#define MDL_COMPILER_LINK_H

#include "ir/diag.h"

/* Object bytes in, library bytes out. False: reported. $CC names another compiler than cc. */
bool mdl_link_shared(MdlSession *session, const char **bytes, size_t *length);

#endif
