/* Records: attributes of named integers and texts, on any op. In MLIR's text a dictionary:
 * {lanes = 1 : i64, unroll = array<i64: 6, 2>, axes = "M, N"}. */
#ifndef MDL_IR_RECORD_H
#define MDL_IR_RECORD_H

#include "ir/ir.h"

enum { MDL_MAX_FIELD = 2 * MDL_MAX_RANK };

typedef struct MdlRecordField {
  const char *name;
  const char *text; /* NULL: numbers */
  int count;        /* of numbers; -1: a single one, not a list */
  int64_t value[MDL_MAX_FIELD];
} MdlRecordField;

void mdl_op_set_record(MdlIr *ir, MlirOperation op, const char *name, int count,
                       const MdlRecordField *field);
/* How many fields were read, alphabetically by name; -1 if the op has no such record, or one that
 * holds something else. */
int mdl_op_record(MdlIr *ir, MlirOperation op, const char *name, MdlRecordField *field, int max);

#endif
