/* Sizes that loop form has and C does not: how far a pointer reaches. */
#include "codegen/cfamily.h"

/* Whether an access to `memory` steps over whole rows of `axis`: C multiplies by the extent of an
 * axis only for an index other than 0 of one outside it. */
static bool steps_over(MdlPrinter *p, MlirValue memory, int axis)
{
  MlirOperation user;
  int operand;
  for (int i = 0; mdl_use(memory, i, &user, &operand); i++) {
    MdlLoopOp kind = mdl_loop_op(user);
    bool loads = kind == MDL_LOOP_load || kind == MDL_LOOP_vload;
    if (!loads && kind != MDL_LOOP_store && kind != MDL_LOOP_vstore) return true;
    int first = loads ? 1 : 2;
    for (int j = first; j < first + axis; j++) {
      double real;
      int64_t integer;
      MlirValue index = mdl_operand(user, j);
      if (!mdl_loop_constant(p->ir, index, &real, &integer) || integer) return true;
    }
  }
  return false;
}

bool mdl_print_is_reach(MdlPrinter *p, MlirValue value)
{
  MlirOperation user;
  int operand;
  for (int i = 0; mdl_use(value, i, &user, &operand); i++) {
    MdlLoopOp kind = mdl_loop_op(user);
    if (kind == MDL_LOOP_addi || kind == MDL_LOOP_subi || kind == MDL_LOOP_muli ||
        kind == MDL_LOOP_divsi) {
      if (!mdl_print_is_reach(p, mdl_result(user, 0))) return false;
      continue;
    }
    if (kind != MDL_LOOP_shape && kind != MDL_LOOP_view) return false;
    MdlLoopType type = mdl_loop_type_of(p->ir, mdl_result(user, 0));
    if (kind == MDL_LOOP_view && mdl_same(mdl_operand(user, 1), value)) return false;
    for (int j = 0, dynamic = 0; j < type.rank; j++) {
      if (type.dim[j] >= 0 || !mdl_same(mdl_loop_extent(user, dynamic++), value)) continue;
      if (j && steps_over(p, mdl_result(user, 0), j)) return false;
    }
  }
  return true;
}

bool mdl_print_is_address(MlirValue value)
{
  MlirOperation op = mdl_def(value);
  if (mdl_is_null(op) || mdl_loop_op(op) == MDL_LOOP_address) return !mdl_is_null(op);
  return mdl_loop_op(op) == MDL_LOOP_ori && mdl_print_is_address(mdl_operand(op, 0)) &&
         mdl_loop_def_op(mdl_operand(op, 1)) == MDL_LOOP_address;
}
