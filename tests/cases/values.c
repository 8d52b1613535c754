/* Values for drawn cases. */
#include "tests/cases/draw.h"

#include <float.h>
#include <math.h>

/* Rows that add or multiply in an order of their own. */
static bool accumulates(MdlOp op)
{
  switch (op) {
  case MDL_OP_dot:
  case MDL_OP_conv:
  case MDL_OP_reduce_sum:
  case MDL_OP_reduce_prod:
  case MDL_OP_window_sum:
  case MDL_OP_cumsum:
  case MDL_OP_cumprod:
  case MDL_OP_scatter_add:
  case MDL_OP_scatter_mul:
    return true;
  default:
    return false;
  }
}

static bool is_extreme(MdlOp op)
{
  return op == MDL_OP_reduce_max || op == MDL_OP_reduce_min || op == MDL_OP_window_max ||
         op == MDL_OP_window_min || op == MDL_OP_cummax;
}

static bool multiplies(MdlOp op)
{
  return op == MDL_OP_reduce_prod || op == MDL_OP_cumprod || op == MDL_OP_scatter_mul;
}

bool mdl_case_is_exact(const MdlCase *c)
{
  const MdlOpInfo *row = mdl_op_info(c->op);
  bool is_half =
      c->has_given && mdl_is_float(c->given.dtype) && mdl_dtypes[c->given.dtype].bits == 16;
  if (c->op == MDL_OP_convert && is_half) return false; /* through f32 is as good */
  bool in_half =
      c->operands && mdl_is_float(c->in[0].dtype) && mdl_dtypes[c->in[0].dtype].bits == 16;
  if (c->op == MDL_OP_fma && in_half) return false; /* rounded to f32 first */
  if (c->operands && !mdl_is_float(c->in[c->operands - 1].dtype) && c->op != MDL_OP_convert)
    return true;
  if (is_extreme(c->op)) return false; /* which of two zeros is the larger nobody says */
  return row->elementwise ? row->exact : !accumulates(c->op);
}

static const double specials[] = {0,
                                  -0.0,
                                  1,
                                  -1,
                                  INFINITY,
                                  -INFINITY,
                                  NAN,
                                  0.5,
                                  -0.5,
                                  1.5,
                                  2.5,
                                  FLT_MIN,
                                  1e-40,
                                  -1e-45,
                                  3.4e38,
                                  -3.4e38,
                                  65504,
                                  1e-7,
                                  88.7,
                                  -104,
                                  710,
                                  4294967296.0,
                                  -2147483648.0,
                                  128,
                                  0x1p-149,
                                  9.2233720368547758e18,
                                  1 - 0x1p-24,
                                  1 + 0x1p-23,
                                  1e22,
                                  3.14159265};

/* Where order does not matter, anything; else magnitudes whose sums and products stay finite. */
static double draw_real(MdlRandom *r, const MdlCase *c, bool rare)
{
  int kind = mdl_random_below(r, 100);
  double x = mdl_random_normal(r);
  if (accumulates(c->op)) {
    if (rare && kind < 2) return kind ? INFINITY : NAN;
    if (multiplies(c->op)) return kind < 4 ? 0 : copysign(0.7 + 0.6 * mdl_random_unit(r), x);
    return kind < 15 ? round(2 * x) : x;
  }
  if (kind < 12) return specials[mdl_random_below(r, sizeof specials / sizeof *specials)];
  if (kind < 30) return round(3 * x);
  if (kind < 45) return ldexp(x, mdl_random_below(r, 60) - 30);
  if (kind < 50) return ldexp(x, mdl_random_below(r, 240) - 120);
  return 2 * x;
}

/* ir/maths.def promises sin, cos and tan up to 12867, and rem up to quotients of 2^24. */
static double in_range(MdlOp op, int operand, double x)
{
  bool turns = op == MDL_OP_sin || op == MDL_OP_cos || op == MDL_OP_tan;
  if (!isfinite(x) || (!turns && op != MDL_OP_rem)) return x;
  if (turns) return fabs(x) > 1e4 ? remainder(x, 1e4) : x;
  if (fabs(x) > 1e3) x = remainder(x, 1e3);
  return operand && fabs(x) < 0.01 ? copysign(x ? 0.01 : 0, x) : x;
}

static uint64_t draw_integer(MdlRandom *r)
{
  static const int64_t edges[] = {0,      1,     -1,        2,         -2,        7,        31,
                                  32,     63,    64,        127,       -128,      255,      32767,
                                  -32768, 65535, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
  int kind = mdl_random_below(r, 10);
  if (kind < 3) return (uint64_t)edges[mdl_random_below(r, sizeof edges / sizeof *edges)];
  if (kind < 7) return (uint64_t)(mdl_random_below(r, 21) - 10);
  return mdl_random_bits(r);
}

/* The length of the axis that an operand of indices points into; 0 for no such operand. */
static int64_t indexed_length(const MdlCase *c, int operand)
{
  int64_t length = 0;
  bool indexes = mdl_op_info(c->op)->class == MDL_CLASS_gather ||
                 mdl_op_info(c->op)->class == MDL_CLASS_scatter || c->op == MDL_OP_dynamic_slice ||
                 c->op == MDL_OP_dynamic_update;
  if (!indexes || operand != 1) return 0;
  mdl_size_eval(c->in[0].dim[mdl_get_int(&c->attrs, "axis")], mdl_case_size_of, (void *)c, &length);
  return length > 0 ? length : 1;
}

MdlTensor mdl_case_draw_values(MdlRandom *random, const MdlCase *c, int operand)
{
  const MdlType *type = &c->in[operand];
  const MdlDtypeInfo *info = &mdl_dtypes[type->dtype];
  int64_t dim[MDL_MAX_RANK], length = indexed_length(c, operand);
  for (int i = 0; i < type->rank; i++)
    if (!mdl_size_eval(type->dim[i], mdl_case_size_of, (void *)c, &dim[i]))
      MDL_BUG(c->ir->session, "a drawn size has no value");
  MdlTensor t = mdl_tensor_create(c->ir->arena, type->dtype, type->rank, dim);
  bool rare = mdl_random_chance(random, 10);
  for (int64_t i = 0; i < t.count; i++) {
    if (t.real) {
      t.real[i] = mdl_round_to(type->dtype, in_range(c->op, operand, draw_real(random, c, rare)));
      continue;
    }
    uint64_t value = draw_integer(random);
    if (mdl_is_bool(type->dtype)) value = c->op == MDL_OP_check || mdl_random_bits(random) >> 63;
    if (length && mdl_random_chance(random, 80))
      value = (uint64_t)mdl_random_below(random, (int)length);
    t.integer[i] = mdl_int_cut(value, info->bits, info->kind == 's');
  }
  return t;
}
