/* Small functions at the top of an emitted .c. */
#ifndef MDL_CODEGEN_C_PRELUDE_H
#define MDL_CODEGEN_C_PRELUDE_H

#include "codegen/cfamily.h"

/* Prints what the printer's `needs` ask for. */
void mdl_prelude_print(MdlPrinter *p, FILE *out);
bool mdl_prelude_has_vectors(const MdlPrinter *p);

#endif
