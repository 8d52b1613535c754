/* Every row of passes/rewrites.def: fires, and changes no bit. */
#include "passes/simplify.h"
#include "tests/unit/lab.h"
#include "tests/unit/unit.h"

#include <math.h>
#include <string.h>

/* A function of a pattern over a grid of every pairing of special values. */
enum { VALUES = 13, MOST = 4, GRID = 2 * VALUES * VALUES * VALUES };

typedef struct Pattern {
  Lab *lab;
  MdlBuilder b;
  const MdlFormula *f;
  MdlDtype dtype;
  MlirBlock body;
  int variables;
  const char *name[MOST];
  MlirValue value[MOST];
  int constant; /* which special value k and m have */
} Pattern;

static double special(MdlDtype dtype, int i)
{
  static const double reals[VALUES] = {0.0,      -0.0,      1,   -1,    2,      0.5, 3.3,
                                       INFINITY, -INFINITY, NAN, 1e-42, -65504, 1e30};
  static const double integers[VALUES] = {0, 1, -1, 2, 3, -7, 100, 127, -128, 55, 8, 31, -2};
  double value = mdl_is_float(dtype) ? (double)mdl_round_to(dtype, reals[i]) : integers[i];
  if (dtype == MDL_bool) return i & 1;
  return value;
}

static MdlType grid_type(Pattern *p, MdlDtype dtype)
{
  MdlType type = {.dtype = dtype, .rank = 1, .dim = {mdl_size_const(p->lab->ir->sizes, GRID)}};
  return type;
}

static MlirValue splat(Pattern *p, MdlDtype dtype, double value)
{
  MdlType type = grid_type(p, dtype);
  const MdlDtypeInfo *row = &mdl_dtypes[dtype];
  uint64_t integer = mdl_is_float(dtype) ? 0 : (uint64_t)(int64_t)value;
  return mdl_is_float(dtype)
             ? mdl_build_const(&p->b, &type, value)
             : mdl_build_const_int(&p->b, &type,
                                   (int64_t)mdl_int_cut(integer, row->bits, row->kind == 's'));
}

static MlirValue variable(Pattern *p, const char *name)
{
  for (int i = 0; i < p->variables; i++)
    if (!strcmp(p->name[i], name)) return p->value[i];
  bool is_constant = !strcmp(name, "k") || !strcmp(name, "m");
  MdlDtype dtype = !strcmp(name, "p") || !strcmp(name, "q") ? MDL_bool : p->dtype;
  if (is_constant) {
    int which = (p->constant + (*name == 'm') * 3) % VALUES;
    return splat(p, dtype, special(dtype, which));
  }
  MdlType type = grid_type(p, dtype);
  ck_assert_int_lt(p->variables, MOST);
  p->name[p->variables] = name;
  return p->value[p->variables++] =
             mdl_add_arg(p->lab->ir, p->body, mdl_type_make(p->lab->ir, &type), name, p->b.at);
}

static MlirValue build(Pattern *p, int at)
{
  const MdlFormulaNode *n = &p->f->node[at];
  if (n->kind == MDL_FORMULA_variable) return variable(p, n->variable);
  if (n->kind == MDL_FORMULA_number)
    return splat(p, p->dtype, mdl_is_float(p->dtype) ? n->real : (double)n->integer);
  MlirValue operand[MDL_MAX_OPERANDS];
  for (int i = 0; i < mdl_op_info(n->op)->operands; i++) {
    bool is_choice = n->op == MDL_OP_where && i == 0;
    const MdlFormulaNode *arg = &p->f->node[n->arg[i]];
    operand[i] = is_choice && arg->kind == MDL_FORMULA_number
                     ? splat(p, MDL_bool, (double)arg->integer)
                     : build(p, n->arg[i]);
  }
  return mdl_build_v(&p->b, n->op, operand);
}

static void build_func(Pattern *p)
{
  MdlIr *ir = p->lab->ir;
  MlirLocation at = mdl_location(ir, MDL_NO_SPAN, NULL);
  p->lab->module = mdl_module_create(ir, "rule.mlir");
  MdlFunc f = {.symbol = "f", .define = true, .at = at};
  MlirOperation func = mdl_build_func(ir, p->lab->module, &f);
  p->body = mdl_body(func, 0);
  p->b = mdl_builder_at_end(ir, p->body, at);
  MlirValue y = build(p, p->f->root[0]);
  mdl_build_return(&p->b, 1, &y);
  mdl_func_refresh_type(ir, func);
}

static MdlTensor evaluate(Pattern *p)
{
  MdlTensor arg[MOST];
  int64_t dim = GRID, divide = 1;
  for (int v = 0; v < p->variables; v++) {
    MdlDtype dtype = mdl_type_of(p->lab->ir, p->value[v])->dtype;
    int radix = dtype == MDL_bool ? 2 : VALUES;
    arg[v] = mdl_tensor_create(p->lab->ir->arena, dtype, 1, &dim);
    for (int64_t i = 0; i < dim; i++) {
      double value = special(dtype, (int)(i / divide % radix));
      if (mdl_is_float(dtype))
        arg[v].real[i] = value;
      else
        arg[v].integer[i] = (uint64_t)(int64_t)value;
      if (mdl_is_unsigned(dtype))
        arg[v].integer[i] = mdl_int_cut(arg[v].integer[i], mdl_dtypes[dtype].bits, false);
    }
    divide *= radix;
  }
  MdlEvalOptions options = {0};
  MdlEvalResult r =
      mdl_eval(p->lab->ir, p->lab->module, lab_func(p->lab, "f"), arg, &options, p->lab->ir->arena);
  return r.result[0];
}

static bool is_constant_rule(const MdlRewrite *r)
{
  return mdl_formula_uses(r->from, r->from->root[0], "k");
}

/* The rule on one element type; true if the values stay. Fails the test if it does not fire. */
static void check_rule(const MdlRewrite *r, MdlDtype dtype, int constant)
{
  Lab lab = lab_open(NULL);
  Pattern p = {.lab = &lab, .f = r->from, .dtype = dtype, .constant = constant};
  build_func(&p);
  uint64_t print = mdl_fingerprint(lab.module);
  MdlTensor before = evaluate(&p);
  const char *text = lab_run(&lab, "simplify,dce");
  if (mdl_fingerprint(lab.module) == print)
    ck_abort_msg("`%s` does not fire on %s", r->from_text, mdl_dtypes[dtype].name);
  MdlTensor after = evaluate(&p);
  if (!lab_same(&before, &after))
    ck_abort_msg("`%s` to `%s` is not exact on %s:\n%s", r->from_text, r->to_text,
                 mdl_dtypes[dtype].name, text);
  lab_close(&lab);
}

START_TEST(every_text_is_a_formula)
{
  for (int i = 0; i < mdl_rewrite_count(); i++) {
    MdlRewrite r = mdl_rewrite_row(i);
    ck_assert_msg(r.from && r.to, "`%s` or `%s`", r.from_text, r.to_text);
  }
}
END_TEST

START_TEST(exact_rules_change_no_bit)
{
  static const MdlDtype dtypes[] = {MDL_bool, MDL_i8, MDL_u8, MDL_i32, MDL_f16, MDL_f32, MDL_f64};
  for (int i = 0; i < mdl_rewrite_count(); i++) {
    MdlRewrite r = mdl_rewrite_row(i);
    for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++) {
      if (r.is_fast || !mdl_letter_fits(r.letter, dtypes[d])) continue;
      for (int k = 0; k < (is_constant_rule(&r) ? VALUES : 1); k++) check_rule(&r, dtypes[d], k);
    }
  }
}
END_TEST

/* Fast rules wait to be asked for. */
START_TEST(fast_rules_need_fast_math)
{
  static const char text[] = "func.func @f(%x: f32) -> f32 {\n"
                             "  %a = \"mdl.div\"(%x, %x) : (f32, f32) -> f32\n"
                             "  return %a : f32\n"
                             "}\n";
  Lab lab = lab_open(text);
  lab_contains(lab_run(&lab, "simplify,dce"), "mdl.div", NULL);
  lab.options.fast_math = true;
  lab_contains(lab_run(&lab, "simplify,dce"), "value = 1.000000e+00", NULL);
  lab_close(&lab);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("rewrites");
  tcase_set_timeout(t, 60);
  tcase_add_test(t, every_text_is_a_formula);
  tcase_add_test(t, exact_rules_change_no_bit);
  tcase_add_test(t, fast_rules_need_fast_math);
  return t;
}
