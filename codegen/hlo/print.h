/* What both printers share: attribute templates of hlo_ops.def. */
#ifndef MDL_CODEGEN_HLO_PRINT_H
#define MDL_CODEGEN_HLO_PRINT_H

#include "codegen/hlo/graph.h"

#include <stdio.h>

/* Writes the template filled in for the instruction. `literal` writes a constant for %k; NULL where
 * the template has none. */
void mdl_hlo_attributes(FILE *out, const char *text, const MdlGraphInstr *instr,
                        void (*literal)(FILE *out, const MdlGraphInstr *instr));

/* "FLOAT", "SIGNED", "UNSIGNED": how elements of a dtype are compared. */
const char *mdl_hlo_comparison(MdlDtype dtype);

/* Element i of a literal rounded to its dtype: a float, or the bits as in memory. */
double mdl_hlo_real(MdlDtype dtype, const MdlGraphLiteral *literal, int64_t i);
uint64_t mdl_hlo_bits(MdlDtype dtype, const MdlGraphLiteral *literal, int64_t i);

/* A text quoted with C's escapes for `"` and `\`. */
void mdl_hlo_quoted(FILE *out, const char *text);

#endif
