/* Where every buffer of the entries lies: --mem-report. */
#ifndef MDL_PASSES_MEM_REPORT_H
#define MDL_PASSES_MEM_REPORT_H

#include "ir/ir.h"

/* Of a module in group form with places: per entry the work buffer's bytes, then a line per tensor
 * that a group makes: its bytes, the group, its type and
 * its place; and one for what a group packs its operands into. In the arena. */
const char *mdl_mem_report(MdlIr *ir, MlirOperation module);

#endif
