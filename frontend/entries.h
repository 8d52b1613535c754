/* What the outside sees of an entry, before it is a signature. */
#ifndef MDL_FRONTEND_ENTRIES_H
#define MDL_FRONTEND_ENTRIES_H

#include "frontend/sema.h"

typedef struct MdlHeadParam {
  const char *name;
  const MdlVType *type;
  const MdlExpr *preset;
  bool is_inout;
  MdlSpan at;
} MdlHeadParam;

typedef struct MdlEntryHead {
  int params, sizes;
  MdlHeadParam param[MDL_MAX_PARAMS];
  const char *size[MDL_MAX_GENERICS]; /* free ones, in the order of the C arguments */
  const MdlVType *result;
} MdlEntryHead;

/* Parameters and free sizes of a function value at an entry; false: reported. */
bool mdl_entry_head(MdlSema *s, const MdlFnVal *fn, MdlEntryHead *head);
/* The size of that name in entries: the value that -D gives it, else the name itself. */
const MdlSize *mdl_free_size(MdlSema *s, const char *name);
void mdl_signatures_make(MdlSema *s, MdlProgram *program, const MdlEntryHead *head);

#endif
