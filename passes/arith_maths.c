/* Rows of ir/maths.def as private functions of the module: `exp1` for scalars, `exp8` for
 * vectors of eight, `expd4` for four f64; on a GPU `exp_f32x4`. They stand before everything that
 * calls them. */
#include "passes/arith.h"

#include <ctype.h>
#include <string.h>

static MlirOperation module_of(MdlBuilder *b)
{
  MlirOperation op = mdl_block_parent(b->block);
  while (mdl_op(b->ir, op) != MDL_OP_module) op = mdl_parent(op);
  return op;
}

/* "exp8", "expd4", "log2_1": a digit after a digit would be read as one number. */
static const char *name_of(MdlArith *a, const MdlMaths *maths, MdlDtype dtype)
{
  const char *name = maths->name;
  if (!strcmp(name, "fsign") || !strcmp(name, "frem")) name++;
  const char *wide = dtype == MDL_f64 ? "d" : "";
  if (a->machine->warp && a->lanes > 1) /* exp2 has a meaning in C++ */
    return mdl_text(a->b->ir->arena, "%s_%sx%d", name, *wide ? "f64" : "f32", a->lanes);
  bool digit = !*wide && isdigit((unsigned char)name[strlen(name) - 1]);
  return mdl_text(a->b->ir->arena, "%s%s%s%d", name, wide, digit ? "_" : "", a->lanes);
}

/* The function of this name, or the place before which it belongs. */
static bool find(MdlIr *ir, MlirOperation module, const char *name, MlirOperation *op)
{
  for (*op = mdl_first(mdl_module_body(module)); !mdl_is_null(*op); *op = mdl_next(*op)) {
    if (mdl_loop_op(*op) == MDL_LOOP_data) continue;
    if (!mdl_op_has(*op, "mdl.maths")) return false;
    if (!strcmp(mdl_op_text(ir, *op, "sym_name"), name)) return true;
  }
  return false;
}

/* Of a GPU's vector: lane by lane, since lanes are registers of one thread anyway. */
static MlirValue each(MdlArith *a, const MdlMaths *maths, MdlDtype dtype, int operands,
                      const MdlTyped *given)
{
  MdlArith one = {a->b, a->machine, 1};
  MlirValue element[64], x[3];
  for (int i = 0; i < a->lanes; i++) {
    for (int j = 0; j < operands; j++) x[j] = mdl_loop_extract(a->b, given[j].value, i);
    element[i] = mdl_arith_maths(&one, maths, dtype, operands, x);
  }
  return mdl_loop_elements(a->b, a->lanes, element);
}

static MlirValue value_of(MdlArith *a, const MdlMaths *maths, MdlDtype dtype, int operands,
                          const MdlTyped *given)
{
  if (a->machine->warp && a->lanes > 1) return each(a, maths, dtype, operands, given);
  const MdlFormula *formula = mdl_maths_formula(a->b->ir->arena, maths, dtype);
  MlirValue near = mdl_arith_fold(a, formula, dtype, given, true).value;
  return mdl_arith_far(a, maths, dtype, operands, given, near);
}

static MlirOperation make(MdlArith *a, MlirOperation module, const MdlMaths *maths,
                          const char *name, MdlDtype dtype, int operands)
{
  static const char *const names[] = {"a", "b", "c"};
  MdlIr *ir = a->b->ir;
  MlirType type = mdl_loop_value_type(ir, dtype, a->lanes), types[3] = {type, type, type};
  MdlFunc f = {.symbol = name, .is_private = true, .define = true, .args = operands, .results = 1};
  f.arg = types;
  f.result = &type;
  f.arg_name = names;
  f.at = mdl_location(ir, MDL_NO_SPAN, NULL);
  MlirOperation func = mdl_build_func(ir, module, &f), before;
  MdlBuilder b = mdl_builder_at_end(ir, mdl_body(func, 0), f.at);
  MdlArith inner = {&b, a->machine, a->lanes};
  MdlTyped given[3];
  for (int i = 0; i < operands; i++) given[i] = (MdlTyped){mdl_arg(b.block, i), dtype};
  MlirValue result = value_of(&inner, maths, dtype, operands, given);
  mdl_build_return(&b, 1, &result);
  mdl_op_set_unit(ir, func, "mdl.maths");
  double ulp = dtype == MDL_f64 ? maths->ulp64 : maths->ulp32;
  mdl_op_set_text(ir, func, "mdl.doc",
                  ulp > 0 ? mdl_text(ir->arena, "%s; at most %g ulp off", maths->doc, ulp)
                          : maths->doc);
  find(ir, module, name, &before); /* after what it calls, which was finished first */
  if (!mdl_same_op(before, func)) mdl_move_before(func, before);
  return func;
}

MlirValue mdl_arith_maths(MdlArith *a, const MdlMaths *maths, MdlDtype dtype, int operands,
                          const MlirValue *operand)
{
  MlirOperation module = module_of(a->b), func;
  const char *name = name_of(a, maths, dtype);
  if (!find(a->b->ir, module, name, &func)) func = make(a, module, maths, name, dtype, operands);
  return mdl_result(mdl_build_call(a->b, func, operand), 0);
}

MlirValue mdl_arith_device(MdlArith *a, const char *function, MlirValue operand, MdlDtype result)
{
  MdlIr *ir = a->b->ir;
  MlirOperation module = module_of(a->b);
  MlirType type = mdl_loop_value_type(ir, result, a->lanes);
  MlirOperation call =
      mdl_loop_device(a->b, module, mdl_symbols(ir, module), function, 1, &operand, &type);
  return mdl_result(call, 0);
}
