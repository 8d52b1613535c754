/* Calls of the CUDA prelude's instructions, and the arrays of arrays that they work on. */
#include "codegen/cfamily_stmt.h"

#include <string.h>

bool mdl_print_is_nested(MlirValue memory)
{
  MlirOperation op = mdl_def(memory);
  return !mdl_is_null(op) && mdl_op_has(op, "mdl.nested");
}

/* sum[i][j][2]: `axes` of its indices. */
const char *mdl_print_nested(MdlPrinter *p, MlirOperation access, MlirValue memory, int first,
                             int axes)
{
  const char *text = mdl_print_at(p, memory, 15);
  for (int i = 0; i < axes; i++)
    text = mdl_text(p->arena, "%s[%s]", text,
                    mdl_print_expr(p, mdl_operand(access, first + i)).text);
  return text;
}

/* An address: a[i] for an array in an array, &rows[k] else. */
static const char *address(MdlPrinter *p, MlirOperation op, int operand, int axes)
{
  MlirValue memory = mdl_operand(op, operand);
  double real;
  int64_t last = 1;
  mdl_loop_constant(p->ir, mdl_operand(op, operand + axes), &real, &last);
  if (mdl_print_is_nested(memory) && !last)
    return mdl_print_nested(p, op, memory, operand + 1, axes - 1);
  return mdl_text(p->arena, "&%s", mdl_print_element(p, op, memory, operand + 1));
}

/* "block_scan<Add, float>": the prelude's own among these names. */
static void need_all(MdlPrinter *p, const char *function)
{
  while (*function) {
    size_t name = strcspn(function, "<, >");
    if (name) mdl_need(p, mdl_text_copy(p->arena, function, name));
    function += name + (function[name] != 0);
  }
}

MdlExpr mdl_print_device(MdlPrinter *p, MlirOperation op, const char *function)
{
  const char *text = "";
  bool reads = false;
  need_all(p, function);
  for (int i = 0; i < mdl_operand_count(op); i++) {
    MdlLoopType type = mdl_loop_type_of(p->ir, mdl_operand(op, i));
    MdlExpr operand = mdl_print_expr(p, mdl_operand(op, i));
    const char *next = operand.text;
    reads |= operand.reads;
    if (type.kind == MDL_LOOP_vector) mdl_need(p, mdl_text(p->arena, "%s of lanes", function));
    if (type.kind == MDL_LOOP_memory) next = address(p, op, i, type.rank), i += type.rank;
    text = mdl_text(p->arena, "%s%s%s", text, *text ? ", " : "", next);
  }
  return (MdlExpr){
      .text = mdl_text(p->arena, "%s(%s)", function, text), .precedence = 15, .reads = reads};
}
