#include "compiler/number.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- halves ------------------------------------------------------------------------------ */

/* f16 is 1, 5, 10 bits; bf16 is 1, 8, 7. */
typedef struct Half {
  int exponent_bits, fraction_bits;
} Half;

static Half half_of(MdlDtype dtype) { return dtype == MDL_f16 ? (Half){5, 10} : (Half){8, 7}; }

static double half_value(Half h, uint16_t bits)
{
  int bias = (1 << (h.exponent_bits - 1)) - 1, top = (1 << h.exponent_bits) - 1;
  int exponent = bits >> h.fraction_bits & top;
  int fraction = bits & ((1 << h.fraction_bits) - 1);
  double sign = bits >> 15 ? -1 : 1;
  if (exponent == top) return fraction ? (double)NAN : sign * (double)INFINITY;
  if (exponent) fraction |= 1 << h.fraction_bits;
  return sign * ldexp(fraction, (exponent ? exponent : 1) - bias - h.fraction_bits);
}

static uint16_t half_bits(Half h, double value)
{
  int bias = (1 << (h.exponent_bits - 1)) - 1, exponent;
  uint16_t sign = signbit(value) ? 0x8000 : 0;
  uint16_t infinity = (uint16_t)(((1 << h.exponent_bits) - 1) << h.fraction_bits);
  if (isnan(value)) return (uint16_t)(infinity | 1 << (h.fraction_bits - 1));
  if (isinf(value)) return sign | infinity;
  if (value == 0) return sign;
  frexp(value, &exponent);
  exponent = exponent - 1 < 1 - bias ? 1 - bias : exponent - 1;
  /* In units of the last place; the default rounding mode is the one that is wanted. */
  double units = nearbyint(ldexp(fabs(value), h.fraction_bits - exponent));
  /* A carry into the exponent is just what adding makes of it. */
  double bits = units + ldexp(exponent + bias - 1, h.fraction_bits);
  return bits >= infinity ? sign | infinity : (uint16_t)(sign | (uint16_t)bits);
}

/* ---- cells ------------------------------------------------------------------------------- */

static int64_t integer_of(MdlDtype dtype, const void *cell)
{
  int64_t value = 0;
  int bits = mdl_dtypes[dtype].bits;
  memcpy(&value, cell, (size_t)mdl_dtypes[dtype].bytes); /* little-endian, as the targets of run */
  bool negative = mdl_dtypes[dtype].kind == 's' && bits < 64 && value >> (bits - 1) & 1;
  return negative ? (int64_t)((uint64_t)value | ~(uint64_t)0 << bits) : value;
}

double mdl_number_value(MdlDtype dtype, const void *cell)
{
  float single;
  double real;
  uint16_t bits;
  if (dtype == MDL_f32) return memcpy(&single, cell, 4), (double)single;
  if (dtype == MDL_f64) return memcpy(&real, cell, 8), real;
  if (mdl_is_float(dtype)) return memcpy(&bits, cell, 2), half_value(half_of(dtype), bits);
  if (dtype == MDL_u64) return (double)(uint64_t)integer_of(dtype, cell);
  return (double)integer_of(dtype, cell);
}

void mdl_number_put(MdlDtype dtype, double value, void *cell)
{
  if (dtype == MDL_f64) {
    memcpy(cell, &value, 8);
  } else if (dtype == MDL_f32) {
    float single = (float)value;
    memcpy(cell, &single, 4);
  } else if (mdl_is_float(dtype)) {
    uint16_t bits = half_bits(half_of(dtype), value);
    memcpy(cell, &bits, 2);
  } else {
    uint64_t whole = value < 0 ? (uint64_t)(int64_t)value : (uint64_t)value;
    memcpy(cell, &whole, (size_t)mdl_dtypes[dtype].bytes);
  }
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool read_integer(MdlDtype dtype, const char *text, void *cell)
{
  const MdlDtypeInfo *info = &mdl_dtypes[dtype];
  char *end;
  errno = 0;
  bool negative = *text == '-';
  uint64_t value = negative ? (uint64_t)strtoll(text, &end, 10) : strtoull(text, &end, 10);
  if (*end) { /* 1e3, 2.0 */
    double real = strtod(text, &end);
    if (*end || real != nearbyint(real) || fabs(real) > 9007199254740992.0) return false;
    negative = real < 0;
    value = negative ? (uint64_t)(int64_t)real : (uint64_t)real;
  }
  if (errno || end == text || (negative && info->kind == 'u' && value)) return false;
  uint64_t most = info->kind == 'u' ? ~(uint64_t)0 >> (64 - info->bits)
                                    : ((uint64_t)1 << (info->bits - 1)) - !negative;
  if ((negative ? 0 - value : value) > most) return false;
  memcpy(cell, &value, (size_t)info->bytes);
  return true;
}

static bool read_float(MdlDtype dtype, const char *text, void *cell)
{
  char *end;
  double value = strtod(text, &end);
  if (end == text || *end) return false;
  if (dtype == MDL_f32) { /* rounded once, from the digits */
    float single = strtof(text, &end);
    memcpy(cell, &single, 4);
  } else {
    mdl_number_put(dtype, value, cell);
  }
  bool asked = strstr(text, "inf") || strstr(text, "Inf");
  return asked || !isinf(mdl_number_value(dtype, cell));
}

bool mdl_number_read(MdlDtype dtype, const char *text, void *cell)
{
  if (mdl_is_float(dtype)) return read_float(dtype, text, cell);
  if (!mdl_is_bool(dtype)) return read_integer(dtype, text, cell);
  *(unsigned char *)cell = !strcmp(text, "true");
  return !strcmp(text, "true") || !strcmp(text, "false");
}

/* ---- writing ----------------------------------------------------------------------------- */

/* "-1.25e+02" as people write it: -125. Plain up to 16 digits and down to 0.0001. */
static const char *as_written(MdlArena *arena, const char *scientific)
{
  char digits[32], out[64];
  int count = 0, at = 0;
  const char *e = strchr(scientific, 'e');
  int exponent = atoi(e + 1);
  if (*scientific == '-') out[at++] = '-';
  for (const char *c = scientific; c < e; c++)
    if (*c >= '0' && *c <= '9') digits[count++] = *c;
  while (count > 1 && digits[count - 1] == '0') count--;
  bool plain = exponent >= -4 && exponent < 16;
  int point = plain ? exponent + 1 : 1; /* digits before the point */
  if (point <= 0) out[at++] = '0', out[at++] = '.';
  for (int i = point; i < 0; i++) out[at++] = '0';
  for (int i = 0; i < count || i < point; i++) {
    if (i == point && i) out[at++] = '.';
    out[at++] = i < count ? digits[i] : '0';
  }
  out[at] = 0;
  return plain ? mdl_text(arena, "%s", out) : mdl_text(arena, "%se%d", out, exponent);
}

static const char *float_text(MdlArena *arena, MdlDtype dtype, const void *cell)
{
  static const int most[MDL_DTYPE_COUNT] = {
      [MDL_f16] = 5, [MDL_bf16] = 4, [MDL_f32] = 9, [MDL_f64] = 17};
  double value = mdl_number_value(dtype, cell);
  if (isnan(value)) return "nan";
  if (isinf(value)) return value < 0 ? "-inf" : "inf";
  if (value == 0) return signbit(value) ? "-0" : "0";
  char text[64];
  for (int digits = 1; digits <= most[dtype]; digits++) {
    unsigned char back[8];
    snprintf(text, sizeof text, "%.*e", digits - 1, value);
    read_float(dtype, text, back);
    if (!memcmp(back, cell, (size_t)mdl_dtypes[dtype].bytes)) break;
  }
  return as_written(arena, text);
}

const char *mdl_number_text(MdlArena *arena, MdlDtype dtype, const void *cell)
{
  if (mdl_is_bool(dtype)) return *(const unsigned char *)cell ? "true" : "false";
  if (mdl_is_float(dtype)) return float_text(arena, dtype, cell);
  int64_t value = integer_of(dtype, cell);
  return mdl_dtypes[dtype].kind == 'u'
             ? mdl_text(arena, "%llu", (unsigned long long)(uint64_t)value)
             : mdl_text(arena, "%lld", (long long)value);
}
