/* Evaluates elementwise rows, leaves, conversions and effects. */
#include "ir/eval_real.h"

/* ---- elementwise rows: the table's eval and ieval columns as functions ------------------- */

typedef REAL RealFn(bool narrow, REAL a, REAL b, REAL c);
typedef uint64_t IntFn(uint64_t a, uint64_t b, uint64_t c, int w, bool s);

/* `narrow`: the result is rounded to a type narrower than REAL. */
static REAL fma_of(bool narrow, REAL a, REAL b, REAL c)
{
  return narrow ? real_fma_narrow(a, b, c) : fma(a, b, c);
}
#define real_fma(a, b, c) fma_of(narrow, a, b, c)

#define EW(name, sig, infix, d, loop, hlo, eval, ...)             \
  static REAL real_of_##name(bool narrow, REAL a, REAL b, REAL c) \
  {                                                               \
    (void)narrow, (void)a, (void)b, (void)c;                      \
    return (REAL)(eval);                                          \
  }
#include "ir/ops.def"
#define EW(name, sig, infix, d, loop, hlo, eval, ieval, ...)                       \
  static uint64_t int_of_##name(uint64_t a, uint64_t b, uint64_t c, int w, bool s) \
  {                                                                                \
    (void)a, (void)b, (void)c, (void)w, (void)s;                                   \
    return (uint64_t)(ieval);                                                      \
  }
#include "ir/ops.def"

static RealFn *const real_fn[MDL_OP_COUNT] = {
#define EW(name, ...) [MDL_OP_##name] = real_of_##name,
#include "ir/ops.def"
};
static IntFn *const int_fn[MDL_OP_COUNT] = {
#define EW(name, ...) [MDL_OP_##name] = int_of_##name,
#include "ir/ops.def"
};

static bool is_narrower(MdlDtype dtype) { return dtype != MDL_f64 || sizeof(REAL) > 8; }

static MdlNumber element(MdlOp op, MdlDtype in, MdlDtype out, const MdlNumber *arg, bool rounds)
{
  const MdlDtypeInfo *info = &mdl_dtypes[in];
  int operands = mdl_op_info(op)->operands;
  MdlNumber y = {0, 0}, b = operands > 1 ? arg[1] : y, c = operands > 2 ? arg[2] : y;
  if (!mdl_is_float(in)) {
    uint64_t v = int_fn[op](arg[0].integer, b.integer, c.integer, info->bits, info->kind == 's');
    y.integer = mdl_int_cut(v, mdl_dtypes[out].bits, mdl_dtypes[out].kind == 's');
    return y;
  }
  REAL a = op == MDL_OP_where ? (REAL)arg[0].integer : arg[0].real;
  REAL value = real_fn[op](rounds && is_narrower(out), a, b.real, c.real);
  if (!mdl_is_float(out))
    y.integer = value != 0;
  else
    y.real = rounds ? mdl_round_to(out, value) : value;
  return y;
}

MdlNumber mdl_eval_element(MdlOp op, MdlDtype in, MdlDtype out, const MdlNumber *arg)
{
  return element(op, in, out, arg, true);
}

MdlNumber mdl_combine(const MdlEval *e, MdlOp op, MdlDtype dtype, MdlNumber a, MdlNumber b)
{
  return element(op, dtype, dtype, (MdlNumber[]){a, b, {0, 0}}, !e->options->no_rounding);
}

void mdl_eval_elementwise(MdlEval *e)
{
  int operands = mdl_op_info(e->kind)->operands;
  MdlTensor *y = e->out[0];
  MdlDtype in = e->in[operands - 1]->dtype; /* where: not of its condition */
  for (int64_t i = 0; i < y->count; i++) {
    MdlNumber arg[MDL_MAX_OPERANDS];
    for (int k = 0; k < operands; k++) arg[k] = mdl_get(e->in[k], i);
    MdlNumber value = element(e->kind, in, y->dtype, arg, !e->options->no_rounding);
    if (y->real && e->options->shakes) value.real = mdl_shaken(y->dtype, value.real, i);
    mdl_put(y, i, value);
  }
}

/* ---- accumulating ------------------------------------------------------------------------ */

MdlDtype mdl_sum_dtype(MdlDtype dtype) { return mdl_is_half(dtype) ? MDL_f32 : dtype; }

MdlNumber mdl_lowest(MdlDtype dtype)
{
  const MdlDtypeInfo *info = &mdl_dtypes[dtype];
  uint64_t least = info->kind == 's' ? ~(uint64_t)0 << (info->bits - 1) : 0;
  return (MdlNumber){-(REAL)INFINITY, least};
}

MdlNumber mdl_highest(MdlDtype dtype)
{
  const MdlDtypeInfo *info = &mdl_dtypes[dtype];
  return (MdlNumber){(REAL)INFINITY, ~(uint64_t)0 >> (64 - info->bits + (info->kind == 's'))};
}

/* ---- leaves ------------------------------------------------------------------------------ */

MDL_EVAL(const)
{
  double real;
  int64_t integer;
  mdl_get_number(e->attrs, "value", &real, &integer);
  for (int64_t i = 0; i < e->out[0]->count; i++)
    mdl_put(e->out[0], i, (MdlNumber){(REAL)real, (uint64_t)integer});
}

MDL_EVAL(table)
{
  for (int64_t i = 0; i < e->out[0]->count; i++) {
    double real;
    int64_t integer;
    mdl_get_element(e->attrs, "values", i, &real, &integer);
    mdl_put_rounded(e, e->out[0], i, (MdlNumber){(REAL)real, (uint64_t)integer});
  }
}

MDL_EVAL(size)
{
  MdlNumber value = {0, (uint64_t)mdl_eval_sizes(e, "of")[0]};
  mdl_put(e->out[0], 0, mdl_convert_element(value, MDL_i64, e->out[0]->dtype));
}

MDL_EVAL(iota)
{
  MdlTensor *y = e->out[0];
  MdlAround a = mdl_around(y, (int)mdl_get_int(e->attrs, "axis"));
  for (int64_t i = 0; i < y->count; i++) {
    MdlNumber value = {0, (uint64_t)(i / a.after % a.length)};
    mdl_put(y, i, mdl_convert_element(value, MDL_i64, y->dtype));
  }
}

/* ---- conversions ------------------------------------------------------------------------- */

MDL_EVAL(convert)
{
  const MdlTensor *a = e->in[0];
  MdlTensor *y = e->out[0];
  bool both = a->real && y->real;
  bool shakes = e->options->shakes && mdl_dtypes[y->dtype].bits < mdl_dtypes[a->dtype].bits;
  for (int64_t i = 0; i < a->count; i++) {
    MdlNumber value = mdl_get(a, i);
    if (both && shakes) value.real = mdl_shaken(y->dtype, value.real, i);
    if (both && e->options->no_rounding)
      mdl_put(y, i, value);
    else
      mdl_put(y, i, mdl_convert_element(value, a->dtype, y->dtype));
  }
}

MDL_EVAL(bitcast)
{
  for (int64_t i = 0; i < e->in[0]->count; i++)
    mdl_put(e->out[0], i,
            mdl_bitcast_element(mdl_get(e->in[0], i), e->in[0]->dtype, e->out[0]->dtype));
}

MDL_EVAL(stop_grad)
{
  for (int64_t i = 0; i < e->in[0]->count; i++) mdl_put(e->out[0], i, mdl_get(e->in[0], i));
}

/* ---- effects ----------------------------------------------------------------------------- */

MDL_EVAL(check)
{
  for (int64_t i = 0; i < e->in[0]->count; i++)
    if (!e->in[0]->integer[i]) mdl_eval_fail(e, (int)mdl_get_int(e->attrs, "code"));
}

MDL_EVAL(print)
{
  if (e->options->print)
    e->options->print(e->options->user, mdl_get_text(e->attrs, "text"), e->in[0]);
}
