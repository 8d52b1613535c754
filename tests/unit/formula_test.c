/* Formulas: what the texts of the tables mean. */
#include "tests/unit/unit.h"

#include "ir/formula.h"

#include <stdio.h>
#include <string.h>

/* Prints a formula with every bracket, so that precedence shows. */
static void *print(void *user, const MdlFormulaNode *node, void *const arg[3])
{
  MdlArena *arena = user;
  const char *a = arg[0], *b = arg[1], *c = arg[2];
  switch (node->kind) {
  case MDL_FORMULA_variable: return (void *)node->variable;
  case MDL_FORMULA_number:
    return node->is_whole ? mdl_text(arena, "%lld", (long long)node->integer)
                          : mdl_text(arena, "%.17g", node->real);
  case MDL_FORMULA_convert: return mdl_text(arena, "%s(%s)", mdl_dtypes[node->dtype].name, a);
  case MDL_FORMULA_bitcast: return mdl_text(arena, "as_%s(%s)", mdl_dtypes[node->dtype].name, a);
  case MDL_FORMULA_op: break;
  }
  const char *name = mdl_op_info(node->op)->name;
  if (c) return mdl_text(arena, "(%s %s %s %s)", name, a, b, c);
  if (b) return mdl_text(arena, "(%s %s %s)", name, a, b);
  return mdl_text(arena, "(%s %s)", name, a);
}

static const struct {
  const char *text, *reads;
} good[] = {
    {"a + b*c", "(add a (mul b c))"},
    {"a - b - c", "(sub (sub a b) c)"},
    {"a**b**c", "(pow a (pow b c))"},
    {"-a**2", "(neg (pow a 2))"},
    {"a**-b", "(pow a (neg b))"},
    {"-2", "-2"},
    {"a*-1.5e-3", "(mul a -0.0015)"},
    {"0x3f3504f3", "1060439283"},
    {"where(b == 0, 0, b*a**(b - 1))", "(where (eq b 0) 0 (mul b (pow a (sub b 1))))"},
    {"let r = a - floor(a); r*r + 1", "(add (mul (sub a (floor a)) (sub a (floor a))) 1)"},
    {"f32(as_i32(a) << 2)", NULL},
    {"f32(as_i32(a) + 2)", "f32((add as_i32(a) 2))"},
    {"!(a < b) && a <= 2.0", "(bitand (bitnot (lt a b)) (le a 2))"},
};

START_TEST(precedence_and_calls)
{
  MdlArena *arena = mdl_arena_create();
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    const char *why = NULL;
    const MdlFormula *f = mdl_formula_parse(arena, good[i].text, &why);
    if (!good[i].reads) {
      ck_assert_ptr_null(f);
      ck_assert_ptr_nonnull(why);
      continue;
    }
    ck_assert_msg(f != NULL, "%s", why);
    ck_assert_str_eq(mdl_formula_fold(arena, f, f->root[0], print, arena), good[i].reads);
  }
  mdl_arena_destroy(arena);
}
END_TEST

START_TEST(lists_have_a_root_each_and_dashes)
{
  MdlArena *arena = mdl_arena_create();
  const MdlFormula *f = mdl_formula_parse(arena, "-, where(a, g, 0), -(g*y/b)", NULL);
  ck_assert_int_eq(f->roots, 3);
  ck_assert_int_eq(f->root[0], -1);
  ck_assert(!mdl_formula_uses(f, f->root[0], "g"));
  ck_assert(mdl_formula_uses(f, f->root[1], "a"));
  ck_assert(!mdl_formula_uses(f, f->root[2], "a"));
  ck_assert_str_eq(mdl_formula_fold(arena, f, f->root[2], print, arena), "(neg (div (mul g y) b))");
  mdl_arena_destroy(arena);
}
END_TEST

START_TEST(every_derivative_of_the_table_parses)
{
  MdlArena *arena = mdl_arena_create();
  for (int i = 0; i < MDL_OP_COUNT; i++) {
    const MdlOpInfo *row = mdl_op_info((MdlOp)i);
    if (!row->elementwise || mdl_op_is_nodiff((MdlOp)i)) continue;
    const char *why = "";
    const MdlFormula *f = mdl_formula_parse(arena, row->d, &why);
    ck_assert_msg(f != NULL, "%s: %s", row->name, why);
    ck_assert_msg(f->roots == row->operands, "%s: %d formulas", row->name, f->roots);
  }
  mdl_arena_destroy(arena);
}
END_TEST

START_TEST(mistakes_name_their_column)
{
  static const char *const bad[] = {"a +", "frob(a)", "where(a, b)", "(a", "a b", "let x = 1 x", "",
                                    "max(a, b, c, a)", "@"};
  MdlArena *arena = mdl_arena_create();
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    const char *why = NULL;
    ck_assert_msg(!mdl_formula_parse(arena, bad[i], &why), "%s", bad[i]);
    ck_assert_ptr_nonnull(strstr(why, "column "));
  }
  mdl_arena_destroy(arena);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("formula");
  tcase_add_test(t, precedence_and_calls);
  tcase_add_test(t, lists_have_a_root_each_and_dashes);
  tcase_add_test(t, every_derivative_of_the_table_parses);
  tcase_add_test(t, mistakes_name_their_column);
  return t;
}
