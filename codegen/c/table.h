/* Constant memory: the module's tables as arrays. */
#ifndef MDL_CODEGEN_C_TABLE_H
#define MDL_CODEGEN_C_TABLE_H

#include "codegen/cfamily.h"

/* One array a table, each declared with `qualifier`: "static const". */
void mdl_c_tables(MdlPrinter *p, MlirOperation module, const char *qualifier);

#endif
