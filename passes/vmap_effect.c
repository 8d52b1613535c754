/* vmap of ops with an effect. */
#include "passes/vmap_rules.h"

/* A check holds if it does in every lane that runs; the status is the same whichever fails. */
void mdl_vmap_check(MdlVmap *v, MlirOperation op)
{
  MlirValue holds = mdl_vmap_lanes(v, mdl_operand(op, 0));
  if (!mdl_is_no_value(v->mask)) {
    MlirValue idle = mdl_build(&v->b, MDL_OP_bitnot, mdl_vmap_spread(v, v->mask, holds));
    holds = mdl_build(&v->b, MDL_OP_bitor, idle, holds);
  }
  int64_t axes[MDL_MAX_RANK];
  int rank = mdl_type_of(v->ir, holds)->rank;
  for (int i = 0; i < rank; i++) axes[i] = i;
  holds = mdl_build_reduce(&v->b, MDL_OP_reduce_all, holds, rank, axes);
  MdlAttrs attrs = mdl_attrs_of(v->ir, op);
  mdl_build_op(&v->b, MDL_OP_check, 1, &holds, &attrs, NULL);
}

/* ---- print ------------------------------------------------------------------------------- */

static MdlBuilder inside(MdlVmap *v, MlirOperation op, int region)
{
  return mdl_builder_at_end(v->ir, mdl_body(op, region), v->b.at);
}

static void print_if(MdlVmap *v, MlirOperation op, MlirValue wanted, MlirValue value)
{
  MdlAttrs attrs = mdl_attrs_of(v->ir, op);
  if (mdl_is_no_value(wanted)) {
    mdl_build_op(&v->b, MDL_OP_print, 1, &value, &attrs, NULL);
    return;
  }
  MlirOperation branch = mdl_build_if(&v->b, wanted, 0, NULL);
  MdlBuilder yes = inside(v, branch, 0), no = inside(v, branch, 1);
  mdl_build_op(&yes, MDL_OP_print, 1, &value, &attrs, NULL);
  mdl_build_yield(&yes, 0, NULL);
  mdl_build_yield(&no, 0, NULL);
}

/* Each lane that runs prints its own, in order; what they share is printed once if any runs. */
void mdl_vmap_print(MdlVmap *v, MlirOperation op)
{
  MlirValue operand = mdl_operand(op, 0), now = mdl_vmap_value(v, operand), runs = v->mask;
  if (!mdl_is_mapped(v, operand)) {
    if (!mdl_is_no_value(runs))
      runs = mdl_build_reduce(&v->b, MDL_OP_reduce_any, runs, 1, (int64_t[]){0});
    print_if(v, op, runs, now);
    return;
  }
  if (mdl_vmap_is_empty(v)) return;
  MdlType index = mdl_type_scalar(MDL_index);
  MlirValue lo = mdl_build_const_int(&v->b, &index, 0);
  MlirValue hi = mdl_build_size(&v->b, v->size, MDL_index);
  MlirOperation loop = mdl_build_for(&v->b, lo, hi, 0, NULL);
  MlirValue lane = mdl_arg(mdl_body(loop, 0), 0);
  MdlBuilder outer = v->b;
  v->b = inside(v, loop, 0);
  if (!mdl_is_no_value(runs)) runs = mdl_vmap_lane(v, runs, lane);
  print_if(v, op, runs, mdl_vmap_lane(v, now, lane));
  mdl_build_yield(&v->b, 0, NULL);
  v->b = outer;
}
