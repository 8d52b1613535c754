/* Around the bodies of functions: parameters, comments, what a body does not use. C and CUDA share
 * them. */
#ifndef MDL_CODEGEN_CFAMILY_FUNC_H
#define MDL_CODEGEN_CFAMILY_FUNC_H

#include "codegen/cfamily.h"

/* The text that stands for an argument; `c_type`: the element behind it, where C declares another
 * than loop form, or NULL. */
void mdl_func_bind(MdlPrinter *p, MlirValue value, const char *text, const char *c_type);
/* All arguments of an entry, by its signature. */
void mdl_func_bind_entry(MdlPrinter *p, const MdlSignature *sig, MlirBlock body);
/* The body as text, between its braces. */
const char *mdl_func_body(MdlPrinter *p, MlirBlock body);
/* (void)x; for a parameter that the body does not name. */
void mdl_func_void(MdlPrinter *p, const char *body, const char *name);
/* Is the memory stored to, here or in a function that is handed it? */
bool mdl_func_writes(MdlPrinter *p, MlirValue memory);
/* Each line of it as one of the comment above a group, or as several. */
void mdl_func_doc(MdlPrinter *p, const char *doc);
/* The C type of result i. */
const char *mdl_func_result(MdlPrinter *p, MlirOperation func, int i);

#endif
