/* What the files that print statements share. */
#ifndef MDL_CODEGEN_CFAMILY_STMT_H
#define MDL_CODEGEN_CFAMILY_STMT_H

#include "codegen/cfamily.h"

/* The C type of a value. */
const char *mdl_stmt_index(MdlPrinter *p, MlirValue value);
const char *mdl_stmt_type(MdlPrinter *p, MlirValue value);
/* From here on the value is printed so. */
void mdl_stmt_expr(MdlPrinter *p, MlirValue value, MdlExpr made);
void mdl_stmt_name(MdlPrinter *p, MlirValue value, const char *name);
/* The operands of `op` were printed inside it: they wait no longer, the result may. */
void mdl_stmt_consume(MdlPrinter *p, MlirOperation op);
/* What waits to be folded and reads memory is computed now: a store, call or loop follows. What the
 * statement itself uses has been taken out before. */
void mdl_stmt_settle(MdlPrinter *p);

/* The statements of a block up to `end`; null: all. */
void mdl_stmt_ops(MdlPrinter *p, MlirBlock block, MlirOperation end);
/* scf.for, scf.if, scf.while (cfamily_flow.c). */
void mdl_stmt_flow(MdlPrinter *p, MlirOperation op);
/* name = text; or name += rest of it. */
void mdl_stmt_update(MdlPrinter *p, MlirValue value, const char *name, const char *text);
/* A status as the header names it; other text as it is. */
const char *mdl_stmt_status(MdlPrinter *p, const char *text);

/* float s = 0.0f, t = 0.0f; one line as long as the type stays. A null `type` ends it. */
typedef struct MdlDeclaration {
  const char *type, *text; /* what waits to be printed; NULL: nothing */
} MdlDeclaration;
void mdl_declare(MdlPrinter *p, MdlDeclaration *d, const char *type, const char *name,
                 const char *init);

/* The bytes up to the first aligned address of `work`: in C a function gives that address. */
bool mdl_is_pad(MlirValue value);

/* One op a function (cfamily_memory.c). */
void mdl_print_shape(MdlPrinter *p, MlirOperation op);
void mdl_print_view(MdlPrinter *p, MlirOperation op);
void mdl_print_store(MdlPrinter *p, MlirOperation op);
void mdl_print_copy(MdlPrinter *p, MlirOperation op);
void mdl_print_alloca(MdlPrinter *p, MlirOperation op);
void mdl_print_data_at(MdlPrinter *p, MlirOperation op);

/* ---- instructions of the CUDA prelude (cfamily_device.c) ---- */

MdlExpr mdl_print_device(MdlPrinter *p, MlirOperation call, const char *function);
bool mdl_print_is_nested(MlirValue memory);
const char *mdl_print_nested(MdlPrinter *p, MlirOperation access, MlirValue memory, int first,
                             int axes);

#endif
