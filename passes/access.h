/* Memory that loop form's functions are handed: which of it may be the same, and what is written.
 */
#ifndef MDL_PASSES_ACCESS_H
#define MDL_PASSES_ACCESS_H

#include "passes/pass.h"

typedef struct MdlAccess {
  MlirValue root;        /* the function's argument that it is, or is a part of */
  const MdlSize *offset; /* bytes from there on; NULL: anywhere in it */
  const MdlSize *bytes;
  bool writes;
} MdlAccess;

/* By the pointer's own views; `writes` is left to the caller. */
MdlAccess mdl_access_of(MdlIr *ir, MlirValue memory);
/* May both reach the same byte? Arguments of an entry do not overlap. */
bool mdl_access_overlap(const MdlAccess *a, const MdlAccess *b);
/* ... and does one of them write? */
bool mdl_access_conflict(const MdlAccess *a, const MdlAccess *b);
/* Is it written, in the function or in one that is handed it? */
bool mdl_access_is_written(const MdlPass *pass, MlirValue memory);

#endif
