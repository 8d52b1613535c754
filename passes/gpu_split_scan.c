/* Scans of few long lines. The grid reduces parts of a line, the parts' values are scanned, and
 * each part is scanned (`mdl.part`, passes/gpu_scan.c) behind what comes before it: what is scanned
 * is read twice, the result written once. Parts are a block's along neighbours in memory, else a
 * thread's. The order follows from sizes alone. */
#include "passes/gpu_split.h"

#include "passes/partition.h"
#include "passes/schedule.h"

typedef struct Rule {
  MdlOp scan, reduce, combine;
} Rule;

static const Rule rules[] = {{MDL_OP_cumsum, MDL_OP_reduce_sum, MDL_OP_add},
                             {MDL_OP_cumprod, MDL_OP_reduce_prod, MDL_OP_mul},
                             {MDL_OP_cummax, MDL_OP_reduce_max, MDL_OP_max}};

static const Rule *rule_of(MdlOp kind)
{
  for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
    if (rules[i].scan == kind) return &rules[i];
  return NULL;
}

typedef struct Scan {
  MdlIr *ir;
  MdlBuilder b;
  MlirOperation op;
  const Rule *rule;
  const MdlType *type;
  int axis;
  bool backwards;
  MdlSplitView view;
} Scan;

static bool choose_parts(Scan *s)
{
  int64_t kept = 1, most = 1, behind = 1, all = mdl_split_most(s->type->dim[s->axis]);
  for (int i = 0; i < s->type->rank; i++) {
    int64_t extent = mdl_split_most(s->type->dim[i]);
    if (i == s->axis) continue;
    kept = mdl_split_product(kept, mdl_schedule_guess(s->type->dim[i]));
    most = mdl_split_product(most, extent);
    if (i > s->axis) behind = mdl_split_product(behind, extent);
  }
  s->view.axis = s->axis;
  s->view.part = mdl_split_elements(behind > 1, all, kept, most);
  if (!s->view.part || s->view.part >= all || s->type->rank == MDL_MAX_RANK) return false;
  s->view.parts = mdl_size_ceil_div(s->ir->sizes, s->type->dim[s->axis], s->view.part);
  return s->view.parts != NULL;
}

/* Sums and products of half floats stay f32 until the end. */
static MlirValue widened(Scan *s, MlirValue x)
{
  bool wide = mdl_is_half(s->type->dtype) && s->rule->scan != MDL_OP_cummax;
  return wide ? mdl_build_convert(&s->b, x, MDL_f32) : x;
}

static MlirValue scan(Scan *s, MlirValue x)
{
  MdlAttrs attrs = mdl_attrs_none(s->ir);
  mdl_put_int(&attrs, "axis", s->axis);
  mdl_put_flag(&attrs, "reverse", s->backwards);
  return mdl_result(mdl_build_op(&s->b, s->rule->scan, 1, &x, &attrs, NULL), 0);
}

/* The axis cut to `count` elements from `first` on. */
static MlirValue cut(Scan *s, MlirValue x, int64_t first, const MdlSize *count)
{
  const MdlType *type = mdl_type_of(s->ir, x);
  const MdlSize *start[MDL_MAX_RANK], *limit[MDL_MAX_RANK];
  int64_t step[MDL_MAX_RANK];
  if (type->dim[s->axis] == count) return x;
  for (int i = 0; i < type->rank; i++) {
    start[i] = mdl_size_const(s->ir->sizes, i == s->axis ? first : 0);
    limit[i] = i == s->axis ? mdl_size_add(s->ir->sizes, count, start[i]) : type->dim[i];
    step[i] = 1;
  }
  return mdl_build_slice(&s->b, x, start, limit, step);
}

/* What comes before each part: the scan of what the parts come to, one behind. */
static MlirValue before_parts(Scan *s, MlirValue x)
{
  MdlSizes *sizes = s->ir->sizes;
  int64_t over = s->axis + 1, inner[MDL_MAX_RANK] = {0};
  const MdlSize *lo[MDL_MAX_RANK], *hi[MDL_MAX_RANK];
  s->view.neutral = mdl_build_neutral(&s->b, s->rule->reduce, mdl_type_of(s->ir, x)->dtype);
  MlirValue whole = mdl_split_view(&s->b, x, &s->view);
  MlirValue parts = mdl_build_reduce(&s->b, s->rule->reduce, whole, 1, &over);
  mdl_value_set_name(s->ir, parts, "parts");
  for (int i = 0; i < s->type->rank; i++) lo[i] = hi[i] = mdl_size_const(sizes, 0);
  *(s->backwards ? &hi[s->axis] : &lo[s->axis]) = mdl_size_const(sizes, 1);
  MlirValue before = scan(s, mdl_build_pad(&s->b, parts, s->view.neutral, lo, hi, inner));
  mdl_value_set_name(s->ir, before, "before");
  return cut(s, before, s->backwards, s->view.parts);
}

/* A part's value at each of its elements. */
static MlirValue spread(Scan *s, MlirValue before)
{
  MdlSizes *sizes = s->ir->sizes;
  MdlType type = *mdl_type_of(s->ir, before), flat = type;
  int64_t dims[MDL_MAX_RANK];
  for (int i = 0; i < type.rank; i++) dims[i] = i + (i > s->axis);
  for (int i = type.rank++; i > s->axis; i--) type.dim[i] = type.dim[i - 1];
  type.dim[s->axis + 1] = mdl_size_const(sizes, s->view.part);
  flat.dim[s->axis] = mdl_size_mul(sizes, s->view.parts, type.dim[s->axis + 1]);
  MlirValue all = mdl_build_broadcast(&s->b, before, &type, flat.rank, dims);
  return cut(s, mdl_build_reshape(&s->b, all, &flat), 0, s->type->dim[s->axis]);
}

static void split_scan(Scan *s)
{
  MlirValue x = mdl_operand(s->op, 0);
  if (!choose_parts(s)) return;
  MlirValue again = widened(s, mdl_split_again(&s->b, x));
  MlirValue before = spread(s, before_parts(s, widened(s, x))), inside = scan(s, again);
  mdl_op_set_int(s->ir, mdl_def(inside), "mdl.part", s->view.part);
  MlirValue made = mdl_build(&s->b, s->rule->combine, before, inside);
  made = mdl_build_convert(&s->b, made, s->type->dtype);
  mdl_value_set_name(s->ir, made, mdl_op_info(s->rule->scan)->name);
  mdl_split_replace(s->ir, s->op, made);
}

void mdl_gpu_split_scans(MdlIr *ir, MlirBlock block)
{
  MlirOperation *op;
  int count = mdl_list(ir, block, &op);
  for (int i = 0; i < count; i++) {
    const Rule *rule = rule_of(mdl_op(ir, op[i]));
    if (!rule) continue;
    MdlAttrs attrs = mdl_attrs_of(ir, op[i]);
    Scan s = {.ir = ir, .op = op[i], .rule = rule, .b = mdl_builder_before(ir, op[i])};
    s.b.at = mdl_location_named(ir, mdl_location_of(op[i]), NULL);
    s.type = mdl_type_of(ir, mdl_result(op[i], 0));
    s.axis = (int)mdl_get_int(&attrs, "axis");
    s.backwards = mdl_get_flag(&attrs, "reverse");
    split_scan(&s);
  }
}
