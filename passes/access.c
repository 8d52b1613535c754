#include "passes/access.h"

#include "ir/loop.h"

#include <string.h>

/* Whatever is not known to read, writes. */
bool mdl_access_is_written(const MdlPass *pass, MlirValue memory)
{
  MlirOperation user;
  int operand;
  for (int i = 0; mdl_use(memory, i, &user, &operand); i++) {
    MlirOperation callee = mdl_called(pass->ir, pass->symbols, user);
    switch (mdl_loop_op(user)) {
    case MDL_LOOP_load:
    case MDL_LOOP_vload:
    case MDL_LOOP_address: /* is it a multiple of 16? */
      break;
    case MDL_LOOP_shape:
    case MDL_LOOP_view:
      if (mdl_access_is_written(pass, mdl_result(user, 0))) return true;
      break;
    default:
      if (mdl_is_null(callee) || mdl_access_is_written(pass, mdl_arg(mdl_body(callee, 0), operand)))
        return true;
    }
  }
  return false;
}

MdlAccess mdl_access_of(MdlIr *ir, MlirValue memory)
{
  MdlAccess a = {.root = memory};
  for (MlirOperation op; !mdl_is_null(op = mdl_def(a.root)); a.root = mdl_operand(op, 0)) {
    if (!mdl_operand_count(op)) break; /* constants of the module */
    if (a.offset) continue;
    a.offset = mdl_op_size(ir, op, "mdl.offset");
    a.bytes = mdl_op_size(ir, op, "mdl.bytes");
  }
  return a;
}

/* Slices of the work buffer: `places` gives tensors of free sizes slots that begin at different
 * offsets and do not overlap, behind all others. */
bool mdl_access_overlap(const MdlAccess *a, const MdlAccess *b)
{
  int64_t from[2], bytes[2];
  if (!mdl_same(a->root, b->root)) return false;
  if (!a->offset || !b->offset) return true;
  bool known = mdl_size_is_const(a->offset, &from[0]) && mdl_size_is_const(b->offset, &from[1]) &&
               mdl_size_is_const(a->bytes, &bytes[0]) && mdl_size_is_const(b->bytes, &bytes[1]);
  if (!known) return a->offset == b->offset;
  return from[0] < from[1] + bytes[1] && from[1] < from[0] + bytes[0];
}

bool mdl_access_conflict(const MdlAccess *a, const MdlAccess *b)
{
  return (a->writes || b->writes) && mdl_access_overlap(a, b);
}
