#include "passes/arith.h"

#include "ir/formula.h"
#include "ir/maths.h"

#include <string.h>

MlirValue mdl_arith_number(MdlArith *a, MdlDtype dtype, double real, int64_t integer)
{
  return mdl_loop_number(a->b, dtype, a->lanes, real, integer);
}

/* ---- the loop column --------------------------------------------------------------------- */

/* "addf|addi|addi": the piece for floats, signed integers (bools, indices), unsigned ones; a text
 * without bars serves all. */
static const char *piece_for(MdlArena *arena, const char *loop, MdlDtype dtype)
{
  const char *from = loop, *bar;
  int skip = mdl_is_float(dtype) ? 0 : mdl_is_unsigned(dtype) ? 2 : 1;
  if (!strchr(loop, '|') || strstr(loop, "||")) return loop;
  for (; skip-- > 0; from = bar + 1) bar = strchr(from, '|');
  bar = strchr(from, '|');
  return mdl_intern(arena, from, bar ? (size_t)(bar - from) : strlen(from));
}

static MlirValue compare(MdlArith *a, const char *predicate, const MlirValue *operand)
{
  static const struct {
    const char *name;
    MdlPredicate predicate;
  } rows[] = {{"oeq", MDL_PREDICATE_eq},  {"une", MDL_PREDICATE_ne},  {"olt", MDL_PREDICATE_lt},
              {"ole", MDL_PREDICATE_le},  {"ogt", MDL_PREDICATE_gt},  {"oge", MDL_PREDICATE_ge},
              {"eq", MDL_PREDICATE_eq},   {"ne", MDL_PREDICATE_ne},   {"slt", MDL_PREDICATE_lt},
              {"sle", MDL_PREDICATE_le},  {"sgt", MDL_PREDICATE_gt},  {"sge", MDL_PREDICATE_ge},
              {"ult", MDL_PREDICATE_ult}, {"ule", MDL_PREDICATE_ule}, {"ugt", MDL_PREDICATE_ugt},
              {"uge", MDL_PREDICATE_uge}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (!strcmp(rows[i].name, predicate))
      return mdl_loop_compare(a->b, rows[i].predicate, operand[0], operand[1]);
  MDL_BUG(a->b->ir->session, "ops.def compares by `%s`", predicate);
}

/* Which of two equal floats wins matters for zeros only: a constant that cannot be the wrong one
 * needs no care. */
static bool settles_zeros(MdlArith *a, MlirValue value, bool larger)
{
  double real = 0;
  int64_t integer = 0;
  if (!mdl_loop_constant(a->b->ir, value, &real, &integer)) return false;
  return real != 0 || __builtin_signbit(real) == !larger;
}

/* NaN wins over everything, +0 is larger than -0. */
static MlirValue pick_float(MdlArith *a, MdlDtype dtype, const MlirValue *operand, bool larger)
{
  bool easy = settles_zeros(a, operand[1], larger);
  MdlDtype wide = dtype == MDL_f64 ? MDL_f64 : MDL_f32;
  MdlPredicate beats = larger ? MDL_PREDICATE_gt : MDL_PREDICATE_lt;
  MlirValue wins = mdl_loop_compare(a->b, beats, operand[0], operand[1]);
  MlirValue is_nan = mdl_loop_compare(a->b, MDL_PREDICATE_ne, operand[0], operand[0]);
  MlirValue takes = mdl_loop_binary(a->b, MDL_LOOP_ori, wins, is_nan), other = operand[1];
  if (!easy) {
    MdlDtype bits = wide == MDL_f64 ? MDL_i64 : MDL_i32;
    MlirValue x = mdl_arith_bitcast(a, operand[0], wide, bits);
    MlirValue y = mdl_arith_bitcast(a, operand[1], wide, bits);
    MlirValue both = mdl_loop_binary(a->b, larger ? MDL_LOOP_andi : MDL_LOOP_ori, x, y);
    MlirValue equal = mdl_loop_compare(a->b, MDL_PREDICATE_eq, operand[0], operand[1]);
    other = mdl_loop_select(a->b, equal, mdl_arith_bitcast(a, both, bits, wide), operand[1]);
  }
  return mdl_loop_select(a->b, takes, operand[0], other);
}

static bool pick(MdlArith *a, const char *piece, MdlDtype dtype, const MlirValue *operand,
                 MlirValue *out)
{
  static const struct {
    const char *name;
    MdlPredicate beats;
    bool is_float, larger;
  } rows[] = {
      {"maximumf", MDL_PREDICATE_gt, true, true}, {"minimumf", MDL_PREDICATE_lt, true, false},
      {"maxsi", MDL_PREDICATE_gt, false, true},   {"minsi", MDL_PREDICATE_lt, false, false},
      {"maxui", MDL_PREDICATE_ugt, false, true},  {"minui", MDL_PREDICATE_ult, false, false}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (strcmp(rows[i].name, piece)) continue;
    if (rows[i].is_float) return *out = pick_float(a, dtype, operand, rows[i].larger), true;
    MlirValue wins = mdl_loop_compare(a->b, rows[i].beats, operand[0], operand[1]);
    return *out = mdl_loop_select(a->b, wins, operand[0], operand[1]), true;
  }
  return false;
}

static MdlLoopOp loop_op_named(const char *name)
{
  for (int i = 0; i < MDL_LOOP_COUNT; i++)
    if (!strcmp(mdl_loop_info((MdlLoopOp)i)->name, name)) return (MdlLoopOp)i;
  return MDL_LOOP_none;
}

/* ---- ir/maths.def -------------------------------------------------------------------- */

/* An instruction instead of the formula. */
static MdlLoopOp instruction_for(MdlArith *a, const char *piece)
{
  static const struct {
    const char *name;
    MdlLoopOp op;
  } rows[] = {{"@floor", MDL_LOOP_floor},
              {"@ceil", MDL_LOOP_ceil},
              {"@trunc", MDL_LOOP_trunc},
              {"@round", MDL_LOOP_roundeven}};
  for (size_t i = 0; a->machine->round && i < sizeof rows / sizeof *rows; i++)
    if (!strcmp(rows[i].name, piece)) return rows[i].op;
  return MDL_LOOP_none;
}

/* a**n for a whole n: squares and products, the inverse for n < 0 (semantics: x**n with a literal). */
static MlirValue whole_power(MdlArith *a, MdlDtype dtype, MlirValue base, int n)
{
  MlirValue product = {NULL}, square = base;
  for (int left = n < 0 ? -n : n; left; left >>= 1) {
    if (left & 1)
      product = product.ptr ? mdl_loop_binary(a->b, MDL_LOOP_mulf, product, square) : square;
    if (left > 1) square = mdl_loop_binary(a->b, MDL_LOOP_mulf, square, square);
  }
  MlirValue one = mdl_arith_number(a, dtype, 1, 1);
  if (!n) return one;
  return n < 0 ? mdl_loop_binary(a->b, MDL_LOOP_divf, one, product) : product;
}

static bool is_whole_power(MdlArith *a, MdlOp op, MlirValue exponent, int *n)
{
  enum { LARGEST = 32 };
  double real = 0;
  int64_t integer = 0;
  if (op != MDL_OP_pow || !mdl_loop_constant(a->b->ir, exponent, &real, &integer)) return false;
  if (!(real >= -LARGEST && real <= LARGEST) || real != (int)real) return false;
  *n = (int)real;
  return true;
}

static MlirValue expand(MdlArith *a, const char *piece, MdlDtype dtype, int operands,
                        const MlirValue *operand)
{
  if (!mdl_is_float(dtype)) return mdl_arith_integer(a, piece, dtype, operand);
  MdlLoopOp op = instruction_for(a, piece);
  if (op != MDL_LOOP_none) return mdl_loop_unary(a->b, op, operand[0]);
  const MdlMaths *maths = mdl_maths_find(piece + 1);
  if (!maths) MDL_BUG(a->b->ir->session, "ir/maths.def has no row for %s", piece);
  return mdl_arith_maths(a, maths, dtype == MDL_f64 ? MDL_f64 : MDL_f32, operands, operand);
}

MlirValue mdl_arith_row(MdlArith *a, MdlOp op, MdlDtype dtype, const MlirValue *operand)
{
  const MdlOpInfo *row = mdl_op_info(op);
  const char *piece = piece_for(a->b->ir->arena, row->loop, dtype);
  MlirValue picked;
  int n = 0;
  if (is_whole_power(a, op, operand[row->operands - 1], &n))
    return whole_power(a, dtype, operand[0], n);
  if (*piece == '@') return expand(a, piece, dtype, row->operands, operand);
  if (!strncmp(piece, "cmp", 3)) return compare(a, piece + 5, operand);
  if (pick(a, piece, dtype, operand, &picked)) return picked;
  MdlLoopOp direct = loop_op_named(piece);
  if (direct == MDL_LOOP_fma && !a->machine->fma && a->lanes == 1)
    return mdl_arith_fma(a, dtype, operand);
  if (direct == MDL_LOOP_select) return mdl_loop_select(a->b, operand[0], operand[1], operand[2]);
  if (direct == MDL_LOOP_fma && a->lanes > 1) direct = MDL_LOOP_vfma;
  if (direct != MDL_LOOP_none)
    return mdl_loop_build(a->b, direct, mdl_loop_value_type(a->b->ir, dtype, a->lanes),
                          row->operands, operand);
  MdlTyped given[3];
  for (int i = 0; i < row->operands; i++) given[i] = (MdlTyped){operand[i], dtype};
  return mdl_arith_formula(a, piece, dtype, given, false).value;
}

MlirValue mdl_arith_multiply_add(MdlArith *a, MdlDtype dtype, MlirValue x, MlirValue y,
                                 MlirValue sum)
{
  if (!mdl_is_float(dtype)) {
    if (dtype == MDL_bool) MDL_BUG(a->b->ir->session, "bools are multiplied");
    return mdl_loop_binary(a->b, MDL_LOOP_addi, sum, mdl_loop_binary(a->b, MDL_LOOP_muli, x, y));
  }
  if (!a->machine->fma)
    return mdl_loop_binary(a->b, MDL_LOOP_addf, sum, mdl_loop_binary(a->b, MDL_LOOP_mulf, x, y));
  return mdl_loop_build(a->b, a->lanes > 1 ? MDL_LOOP_vfma : MDL_LOOP_fma,
                        mdl_loop_value_type(a->b->ir, dtype, a->lanes), 3,
                        (MlirValue[]){x, y, sum});
}
