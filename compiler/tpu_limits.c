#include "compiler/tpu_limits.h"

/* A TPU computes in 32 bits. XLA makes 64-bit operations of pairs of them: cheap for sums and
 * products, but a division becomes thousands of instructions, which take it seconds to compile.
 * What it has no way to say at all (products of i64 matrices, the choice in windows of f64) the HLO
 * backend says in other words. */
static const struct {
  MdlOp op;
  const char *sign;
} slow[] = {{MDL_OP_div, "/"}, {MDL_OP_rem, "%"}};

static bool check(void *user, MlirOperation op)
{
  const MdlJob *job = user;
  MdlOp kind = mdl_op(job->ir, op);
  for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
    if (kind != slow[i].op) continue;
    MdlDtype dtype = mdl_type_of(job->ir, mdl_result(op, 0))->dtype;
    if (dtype == MDL_i64 || dtype == MDL_u64)
      mdl_warning(job->session, MDL_W109, mdl_span_of(job->ir, op), slow[i].sign,
                  mdl_dtypes[dtype].name);
  }
  return true;
}

void mdl_tpu_limits(MdlJob *job, MlirOperation entry) { mdl_walk(entry, check, job); }
