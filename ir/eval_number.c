/* Numbers of the evaluator: rounding, conversions, integer arithmetic of any width, memory. */
#include "ir/eval_run.h"

#include <tgmath.h>

/* ---- floats ------------------------------------------------------------------------------ */

/* To `bits` bits of significand, exponents from `least` on; beyond `most` infinite. */
static REAL round_narrow(REAL value, int bits, int least, REAL most)
{
  if (value == 0 || !(fabs(value) < (REAL)INFINITY)) return value;
  int exponent = ilogb(value);
  int unit = (exponent < least ? least : exponent) - (bits - 1);
  REAL rounded = ldexp(rint(ldexp(value, -unit)), unit);
  return fabs(rounded) > most ? copysign((REAL)INFINITY, value) : copysign(rounded, value);
}

REAL mdl_round_to(MdlDtype dtype, REAL value)
{
  if (dtype == MDL_f16) return round_narrow(value, 11, -14, (REAL)65504);
  if (dtype == MDL_bf16) return round_narrow(value, 8, -126, (REAL)0x1.fep127);
  if (dtype == MDL_f32) return (REAL)(float)value;
  if (dtype == MDL_f64) return (REAL)(double)value;
  return value;
}

uint64_t mdl_float_to_int(REAL value, int bits, bool is_signed)
{
  REAL end = ldexp((REAL)1, is_signed ? bits - 1 : bits);
  if (value != value) return 0;
  value = trunc(value);
  if (is_signed) {
    if (value >= end) return ((uint64_t)1 << (bits - 1)) - 1;
    if (value < -end) value = -end;
    return (uint64_t)(int64_t)value;
  }
  if (value >= end) return ~(uint64_t)0 >> (64 - bits);
  return value > 0 ? (uint64_t)value : 0;
}

/* An integer rounded once: through REAL it would be twice. */
static REAL int_to_float(uint64_t value, bool is_signed, MdlDtype dtype)
{
  if (dtype == MDL_f32) return is_signed ? (REAL)(float)(int64_t)value : (REAL)(float)value;
  if (dtype == MDL_f64) return is_signed ? (REAL)(double)(int64_t)value : (REAL)(double)value;
  REAL high = is_signed ? (REAL)(int64_t)(value & ~(uint64_t)0xffff) : (REAL)(value >> 16 << 16);
  return mdl_round_to(dtype, high + (REAL)(value & 0xffff));
}

MdlNumber mdl_convert_element(MdlNumber a, MdlDtype from, MdlDtype to)
{
  MdlNumber y = {0, 0};
  const MdlDtypeInfo *info = &mdl_dtypes[to];
  bool from_float = mdl_is_float(from), from_signed = mdl_dtypes[from].kind == 's';
  if (mdl_is_float(to))
    y.real = from_float ? mdl_round_to(to, a.real) : int_to_float(a.integer, from_signed, to);
  else if (to == MDL_bool)
    y.integer = from_float ? a.real != 0 : a.integer != 0;
  else if (from_float)
    y.integer = mdl_float_to_int(a.real, info->bits, info->kind == 's');
  else
    y.integer = mdl_int_cut(a.integer, info->bits, info->kind == 's');
  return y;
}

/* ---- integers ---------------------------------------------------------------------------- */

uint64_t mdl_int_cut(uint64_t a, int w, bool s)
{
  if (w == 64) return a;
  uint64_t low = a & (((uint64_t)1 << w) - 1);
  return s && low >> (w - 1) ? low | ~(uint64_t)0 << w : low;
}

bool mdl_int_less(uint64_t a, uint64_t b, bool s) { return s ? (int64_t)a < (int64_t)b : a < b; }

uint64_t mdl_int_div(uint64_t a, uint64_t b, int w, bool s)
{
  if (!b) return mdl_int_cut(~(uint64_t)0, w, s);
  if (!s) return a / b;
  if ((int64_t)b == -1) return 0 - a;
  int64_t x = (int64_t)a, y = (int64_t)b, q = x / y;
  return (uint64_t)(q - (x % y != 0 && (x < 0) != (y < 0)));
}

uint64_t mdl_int_rem(uint64_t a, uint64_t b, int w, bool s)
{
  return b ? a - mdl_int_div(a, b, w, s) * b : a;
}

uint64_t mdl_int_abs(uint64_t a, bool s) { return s && (int64_t)a < 0 ? 0 - a : a; }

uint64_t mdl_int_sign(uint64_t a, bool s)
{
  return s && (int64_t)a < 0 ? ~(uint64_t)0 : (uint64_t)(a != 0);
}

/* A negative count is a huge one. */
uint64_t mdl_int_shl(uint64_t a, uint64_t b, int w) { return b >= (uint64_t)w ? 0 : a << b; }

uint64_t mdl_int_shr(uint64_t a, uint64_t b, int w, bool s)
{
  bool negative = s && (int64_t)a < 0;
  if (b >= (uint64_t)w) return negative ? ~(uint64_t)0 : 0;
  return negative ? ~(~a >> b) : a >> b;
}

/* ---- memory ------------------------------------------------------------------------------ */

MdlTensor mdl_tensor_create(MdlArena *arena, MdlDtype dtype, int rank, const int64_t *dim)
{
  MdlTensor t = {.dtype = dtype, .rank = rank, .count = 1};
  for (int i = 0; i < rank; i++) t.count *= t.dim[i] = dim[i];
  if (mdl_is_float(dtype))
    t.real = MDL_NEW(arena, REAL, (size_t)t.count);
  else
    t.integer = MDL_NEW(arena, uint64_t, (size_t)t.count);
  return t;
}

static REAL load_float(MdlDtype dtype, const unsigned char *p)
{
  float f = 0;
  double d = 0;
  uint16_t h = 0;
  if (dtype == MDL_f32) return memcpy(&f, p, sizeof f), (REAL)f;
  if (dtype == MDL_f64) return memcpy(&d, p, sizeof d), (REAL)d;
  memcpy(&h, p, sizeof h);
  if (dtype == MDL_bf16) {
    uint32_t bits = (uint32_t)h << 16;
    return memcpy(&f, &bits, sizeof f), (REAL)f;
  }
  int exponent = h >> 10 & 31, fraction = h & 1023;
  REAL value = exponent == 31 ? (fraction ? (REAL)NAN : (REAL)INFINITY)
               : exponent     ? ldexp((REAL)(1024 + fraction), exponent - 25)
                              : ldexp((REAL)fraction, -24);
  return h >> 15 ? -value : value;
}

static void store_float(MdlDtype dtype, REAL value, unsigned char *p)
{
  value = mdl_round_to(dtype, value);
  float f = (float)value;
  double d = (double)value;
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  uint16_t h = (uint16_t)(bits >> 16);
  if (dtype == MDL_f32) {
    memcpy(p, &f, sizeof f);
  } else if (dtype == MDL_f64) {
    memcpy(p, &d, sizeof d);
  } else {
    if (value != value) h = dtype == MDL_bf16 ? 0x7fc0 : 0x7e00;
    if (dtype == MDL_f16 && value == value) {
      REAL size = fabs(value);
      int exponent = size < (REAL)0x1p-14 ? -14 : size < (REAL)INFINITY ? ilogb(size) : 16;
      uint16_t low = size < (REAL)INFINITY ? (uint16_t)ldexp(size, 10 - exponent) : 1024;
      h = (uint16_t)((bits >> 31 << 15) | (unsigned)((exponent + 14) * 1024 + low));
    }
    memcpy(p, &h, sizeof h);
  }
}

void mdl_tensor_load(MdlTensor *tensor, const void *memory)
{
  const MdlDtypeInfo *info = &mdl_dtypes[tensor->dtype];
  const unsigned char *p = memory;
  for (int64_t i = 0; i < tensor->count; i++, p += info->bytes) {
    uint64_t bits = 0;
    if (tensor->real) {
      tensor->real[i] = load_float(tensor->dtype, p);
      continue;
    }
    for (int k = 0; k < info->bytes; k++) bits |= (uint64_t)p[k] << 8 * k;
    tensor->integer[i] =
        tensor->dtype == MDL_bool ? bits != 0 : mdl_int_cut(bits, info->bits, info->kind == 's');
  }
}

void mdl_tensor_store(const MdlTensor *tensor, void *memory)
{
  int bytes = mdl_dtypes[tensor->dtype].bytes;
  unsigned char *p = memory;
  for (int64_t i = 0; i < tensor->count; i++, p += bytes) {
    if (tensor->real)
      store_float(tensor->dtype, tensor->real[i], p);
    else
      for (int k = 0; k < bytes; k++) p[k] = (unsigned char)(tensor->integer[i] >> 8 * k);
  }
}

MdlNumber mdl_bitcast_element(MdlNumber a, MdlDtype from, MdlDtype to)
{
  unsigned char memory[8] = {0};
  MdlTensor in = {.dtype = from, .count = 1}, out = {.dtype = to, .count = 1};
  MdlNumber y = {0, 0};
  if (mdl_is_float(from))
    in.real = &a.real;
  else
    in.integer = &a.integer;
  if (mdl_is_float(to))
    out.real = &y.real;
  else
    out.integer = &y.integer;
  mdl_tensor_store(&in, memory);
  mdl_tensor_load(&out, memory);
  return y;
}
