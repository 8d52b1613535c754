/* Exact numbers of literal expressions: fractions while they fit 64 bits. */
#include "frontend/sema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t gcd(uint64_t a, uint64_t b)
{
  while (b) {
    uint64_t r = a % b;
    a = b, b = r;
  }
  return a;
}

static MdlExact fraction(int64_t above, int64_t below)
{
  uint64_t g = gcd(above < 0 ? 0 - (uint64_t)above : (uint64_t)above, (uint64_t)below);
  if (g > 1) above /= (int64_t)g, below /= (int64_t)g;
  return (MdlExact){true, above, below, (long double)above / (long double)below};
}

MdlExact mdl_exact_int(int64_t value) { return (MdlExact){true, value, 1, (long double)value}; }

MdlExact mdl_exact_real(long double value)
{
  if (fabsl(value) < 9e18L && value == floorl(value) && !(value == 0 && signbit(value)))
    return mdl_exact_int((int64_t)value);
  return (MdlExact){false, 0, 1, value};
}

/* Digits without the point over a power of ten, if both fit. */
static bool parse_fraction(const char *text, MdlExact *number)
{
  int64_t digits = 0, below = 1;
  bool point = false;
  for (; *text && *text != 'e' && *text != 'E'; text++) {
    if (*text == '.') {
      point = true;
      continue;
    }
    if (__builtin_mul_overflow(digits, 10, &digits) ||
        __builtin_add_overflow(digits, *text - '0', &digits))
      return false;
    if (point && __builtin_mul_overflow(below, 10, &below)) return false;
  }
  long exponent = *text ? strtol(text + 1, NULL, 10) : 0;
  for (; exponent > 0; exponent--)
    if (__builtin_mul_overflow(digits, 10, &digits)) return false;
  for (; exponent < 0; exponent++)
    if (__builtin_mul_overflow(below, 10, &below)) return false;
  *number = fraction(digits, below);
  return true;
}

MdlExact mdl_exact_parse(const MdlNumber *number)
{
  MdlExact exact;
  if (number->is_whole && !number->overflows && number->whole <= INT64_MAX)
    return mdl_exact_int((int64_t)number->whole);
  if (number->is_whole && !number->overflows)
    return (MdlExact){false, 0, 1, (long double)number->whole};
  if (!number->is_whole && parse_fraction(number->text, &exact)) return exact;
  return (MdlExact){false, 0, 1, strtold(number->text, NULL)};
}

bool mdl_exact_is_whole(const MdlExact *number, int64_t *value)
{
  if (!number->is_fraction || number->below != 1) return false;
  *value = number->above;
  return true;
}

static bool exact_fractions(MdlOperator op, const MdlExact *a, const MdlExact *b, MdlExact *result)
{
  int64_t x, y, z;
  switch (op) {
  case MDL_OPERATOR_add:
  case MDL_OPERATOR_sub:
    if (__builtin_mul_overflow(a->above, b->below, &x) ||
        __builtin_mul_overflow(b->above, a->below, &y) ||
        __builtin_mul_overflow(a->below, b->below, &z))
      return false;
    if (op == MDL_OPERATOR_add ? __builtin_add_overflow(x, y, &x)
                               : __builtin_sub_overflow(x, y, &x))
      return false;
    break;
  case MDL_OPERATOR_mul:
    if (__builtin_mul_overflow(a->above, b->above, &x) ||
        __builtin_mul_overflow(a->below, b->below, &z))
      return false;
    break;
  case MDL_OPERATOR_div:
    if (b->above == 0 || b->above == INT64_MIN || a->above == INT64_MIN) return false;
    if (__builtin_mul_overflow(a->above, b->above < 0 ? -b->below : b->below, &x) ||
        __builtin_mul_overflow(a->below, b->above < 0 ? -b->above : b->above, &z))
      return false;
    break;
  default:
    return false;
  }
  if (x == INT64_MIN || z <= 0) return false;
  *result = fraction(x, z);
  return true;
}

static bool power(const MdlExact *a, const MdlExact *b, MdlExact *result)
{
  int64_t n;
  if (!mdl_exact_is_whole(b, &n) || n < -64 || n > 64) return false;
  MdlExact product = mdl_exact_int(1), one = product;
  for (int64_t i = 0; i < (n < 0 ? -n : n); i++)
    if (!mdl_exact_binary(MDL_OPERATOR_mul, &product, a, &product)) return false;
  if (n < 0) return mdl_exact_binary(MDL_OPERATOR_div, &one, &product, result);
  *result = product;
  return true;
}

bool mdl_exact_binary(MdlOperator op, const MdlExact *a, const MdlExact *b, MdlExact *result)
{
  if (op == MDL_OPERATOR_pow && power(a, b, result)) return true;
  if (a->is_fraction && b->is_fraction && exact_fractions(op, a, b, result)) return true;
  long double x = a->real, y = b->real;
  switch (op) {
  case MDL_OPERATOR_add:
    x = x + y;
    break;
  case MDL_OPERATOR_sub:
    x = x - y;
    break;
  case MDL_OPERATOR_mul:
    x = x * y;
    break;
  case MDL_OPERATOR_div:
    x = x / y;
    break;
  case MDL_OPERATOR_rem:
    if (y == 0) return false;
    x = x - floorl(x / y) * y;
    break;
  case MDL_OPERATOR_pow:
    x = powl(x, y);
    break;
  default:
    return false;
  }
  *result = mdl_exact_real(x);
  return true;
}

int mdl_exact_compare(const MdlExact *a, const MdlExact *b)
{
  if (a->is_fraction && b->is_fraction) {
    __int128 x = (__int128)a->above * b->below, y = (__int128)b->above * a->below;
    return (x > y) - (x < y);
  }
  return (a->real > b->real) - (a->real < b->real);
}

bool mdl_exact_fits(const MdlExact *number, MdlDtype dtype)
{
  if (mdl_is_float(dtype)) return true;
  if (dtype == MDL_bool) return false;
  int bits = dtype == MDL_index ? 64 : mdl_dtypes[dtype].bits;
  bool sign = dtype == MDL_index || !mdl_is_unsigned(dtype);
  long double top = ldexpl(1, sign ? bits - 1 : bits);
  if (number->is_fraction && number->below != 1) return false;
  return number->real == floorl(number->real) && number->real < top &&
         number->real >= (sign ? -top : 0);
}

const char *mdl_exact_text(MdlSema *s, const MdlExact *number)
{
  if (number->is_fraction && number->below == 1)
    return mdl_text(s->arena, "%lld", (long long)number->above);
  return mdl_text(s->arena, "%.9Lg", number->real);
}
