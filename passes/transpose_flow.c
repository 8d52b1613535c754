/* Reverse mode through loops and branches. */
#include "passes/derive.h"

void mdl_transpose_flow(MdlReverse *r, MlirOperation op)
{
  if (!r->d->failed)
    mdl_error(r->ir->session, MDL_E0990, mdl_span_of(r->ir, op),
              mdl_text(r->ir->arena, "reverse mode through `%s`",
                       mdl_op_info(mdl_op(r->ir, op))->mlir));
  r->d->failed = true;
}
