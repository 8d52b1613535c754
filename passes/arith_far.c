/* Rows of ir/maths.def where their formula does not hold: one branch that is hardly ever taken. A
 * vector takes it when any element wants it, and asks the scalar function for each. */
#include "passes/arith.h"

static MlirValue some(MdlArith *a, const MlirValue lanes, MdlDtype dtype)
{
  MlirValue one = mdl_loop_number(a->b, dtype, a->lanes, 0, -1);
  MlirValue none = mdl_loop_number(a->b, dtype, a->lanes, 0, 0);
  MlirValue any = mdl_loop_select(a->b, lanes, one, none);
  int64_t order[64];
  for (int half = a->lanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < a->lanes; i++) order[i] = i ^ half;
    MlirValue other = mdl_loop_shuffle(a->b, any, any, a->lanes, order);
    any = mdl_loop_binary(a->b, MDL_LOOP_ori, any, other);
  }
  return mdl_loop_compare(a->b, MDL_PREDICATE_ne, mdl_loop_extract(a->b, any, 0),
                          mdl_loop_number(a->b, dtype, 1, 0, 0));
}

/* ---- element by element ------------------------------------------------------------------ */

/* At the function's top: memory that lives as long as it. */
static MlirValue room(MdlArith *a, MdlDtype dtype)
{
  MdlIr *ir = a->b->ir;
  MlirOperation func = mdl_block_parent(a->b->block);
  while (mdl_op(ir, func) != MDL_OP_func) func = mdl_parent(func);
  MdlBuilder top = mdl_builder_before(ir, mdl_first(mdl_body(func, 0)));
  MdlLoopType type = {.kind = MDL_LOOP_memory, .element = dtype, .rank = 1};
  type.dim[0] = a->lanes;
  return mdl_loop_alloca(&top, &type);
}

static MlirValue each(MdlArith *a, const MdlMaths *maths, MdlDtype dtype, int operands,
                      const MdlTyped *given)
{
  MlirValue in[2], out = room(a, dtype), element[2];
  MlirValue zero = mdl_loop_number(a->b, MDL_index, 1, 0, 0);
  for (int i = 0; i < operands; i++) {
    in[i] = room(a, dtype);
    mdl_loop_store(a->b, given[i].value, in[i], &zero);
  }
  MlirOperation loop = mdl_loop_for(a->b, zero, mdl_loop_number(a->b, MDL_index, 1, 0, a->lanes),
                                    mdl_loop_number(a->b, MDL_index, 1, 0, 1), 0, NULL);
  MdlBuilder b = mdl_builder_at_end(a->b->ir, mdl_body(loop, 0), a->b->at);
  MdlArith one = {&b, a->machine, 1};
  MlirValue at = mdl_arg(mdl_body(loop, 0), 0);
  for (int i = 0; i < operands; i++) element[i] = mdl_loop_load(&b, in[i], &at, 1);
  mdl_loop_store(&b, mdl_arith_maths(&one, maths, dtype, operands, element), out, &at);
  mdl_build_yield(&b, 0, NULL);
  return mdl_loop_load(a->b, out, &zero, a->lanes);
}

/* ---- remainders of any quotient ---------------------------------------------------------- */

/* t = |b| 2^(k n), the largest of these that is no more than |a|/2^k: all of them are exact. */
static MlirValue multiple(MdlArith *a, MdlDtype dtype, MlirValue x, MlirValue y)
{
  bool wide = dtype == MDL_f64;
  MdlIr *ir = a->b->ir;
  MlirOperation loop = mdl_build_while(a->b, 1, &y);
  MlirBlock before = mdl_body(loop, 0), after = mdl_body(loop, 1);
  MdlBuilder b = mdl_builder_at_end(ir, before, a->b->at);
  MdlArith in = {&b, a->machine, 1};
  MdlTyped given[] = {{x, dtype}, {mdl_arg(before, 0), dtype}};
  const char *more = wide ? "b <= a*2.220446049250313e-16" : "b <= a*1.1920928955078125e-07";
  MlirValue goes_on = mdl_arith_formula(&in, more, dtype, given, false).value;
  mdl_build_condition(&b, goes_on, 1, &given[1].value);
  b = mdl_builder_at_end(ir, after, a->b->at);
  given[0].value = mdl_arg(after, 0);
  MlirValue next =
      mdl_arith_formula(&in, wide ? "a*4503599627370496.0" : "a*8388608.0", dtype, given, false)
          .value;
  mdl_build_yield(&b, 1, &next);
  return mdl_result(loop, 0);
}

/* |a| modulo |b|: modulo t = |b| 2^(k n) first, then 2^(k (n - 1)), down to |b| itself. Each is a
 * multiple of the next, and no quotient reaches what the row's formula takes. */
static MlirValue by_multiples(MdlArith *a, const MdlMaths *maths, MdlDtype dtype, MlirValue x,
                              MlirValue y)
{
  MdlIr *ir = a->b->ir;
  bool wide = dtype == MDL_f64;
  MlirValue init[] = {x, multiple(a, dtype, x, y), mdl_loop_number(a->b, MDL_bool, 1, 0, 1)};
  MlirOperation loop = mdl_build_while(a->b, 3, init);
  MlirBlock before = mdl_body(loop, 0), after = mdl_body(loop, 1);
  MdlBuilder b = mdl_builder_at_end(ir, before, a->b->at);
  MlirValue all[] = {mdl_arg(before, 0), mdl_arg(before, 1), mdl_arg(before, 2)};
  mdl_build_condition(&b, all[2], 3, all);
  b = mdl_builder_at_end(ir, after, a->b->at);
  MdlArith in = {&b, a->machine, 1};
  MdlTyped given[] = {{mdl_arg(after, 0), dtype}, {mdl_arg(after, 1), dtype}};
  const MdlFormula *formula = mdl_maths_formula(ir->arena, maths, dtype);
  MlirValue next[3] = {mdl_arith_fold(&in, formula, dtype, given, true).value};
  next[2] = mdl_loop_compare(&b, MDL_PREDICATE_ne, given[1].value, y);
  given[0].value = given[1].value;
  const char *less = wide ? "a*2.220446049250313e-16" : "a*1.1920928955078125e-07";
  next[1] = mdl_arith_formula(&in, less, dtype, given, false).value;
  next[1] = mdl_loop_select(&b, next[2], next[1], given[1].value);
  mdl_build_yield(&b, 3, next);
  return mdl_result(loop, 0);
}

static MlirValue remainder_of(MdlArith *a, const MdlMaths *maths, MdlDtype dtype,
                              const MdlTyped *given)
{
  MdlTyped all[] = {given[0], given[1], given[0]};
  MlirValue x = mdl_loop_unary(a->b, MDL_LOOP_absf, given[0].value);
  MlirValue y = mdl_loop_unary(a->b, MDL_LOOP_absf, given[1].value);
  all[2].value = by_multiples(a, maths, dtype, x, y);
  const char *sign =
      dtype == MDL_f64
          ? "let m = as_f64(bitor(as_i64(c), bitand(as_i64(a), 0x8000000000000000)));"
            "where(c == 0.0, as_f64(bitand(as_i64(b), 0x8000000000000000)),"
            " where((a < 0.0) != (b < 0.0), m + b, m))"
          : "let m = as_f32(bitor(as_i32(c), bitand(as_i32(a), -2147483648)));"
            "where(c == 0.0, as_f32(bitand(as_i32(b), -2147483648)),"
            " where((a < 0.0) != (b < 0.0), m + b, m))";
  return mdl_arith_formula(a, sign, dtype, all, false).value;
}

/* ---- the branch -------------------------------------------------------------------------- */

MlirValue mdl_arith_far(MdlArith *a, const MdlMaths *maths, MdlDtype dtype, int operands,
                        const MdlTyped *given, MlirValue near)
{
  const MdlFar *far = mdl_maths_far(maths);
  if (!far) return near;
  MdlIr *ir = a->b->ir;
  bool wide = dtype == MDL_f64;
  MlirValue is_far = mdl_arith_formula(a, wide ? far->if64 : far->if32, dtype, given, false).value;
  if (a->lanes > 1) is_far = some(a, is_far, wide ? MDL_i64 : MDL_i32);
  MlirType type = mdl_loop_value_type(ir, dtype, a->lanes);
  MlirOperation branch = mdl_build_if(a->b, is_far, 1, &type);
  MdlBuilder b = mdl_builder_at_end(ir, mdl_body(branch, 0), a->b->at);
  MdlArith in = {&b, a->machine, a->lanes};
  const char *formula = wide ? far->f64 : far->f32;
  MlirValue value = a->lanes > 1 ? each(&in, maths, dtype, operands, given)
                    : formula    ? mdl_arith_formula(&in, formula, dtype, given, true).value
                                 : remainder_of(&in, maths, dtype, given);
  mdl_build_yield(&b, 1, &value);
  b = mdl_builder_at_end(ir, mdl_body(branch, 1), a->b->at);
  mdl_build_yield(&b, 1, &near);
  return mdl_result(branch, 0);
}
