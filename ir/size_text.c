/* Sizes as text, both ways. */
#include "ir/size_poly.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* ---- printing ---------------------------------------------------------------------------- */

/* 2*H*N**2, without its sign */
static const char *print_term(MdlArena *arena, const MdlSizeTerm *term)
{
  uint64_t magnitude = term->coefficient < 0 ? 0 - (uint64_t)term->coefficient
                                             : (uint64_t)term->coefficient;
  const char *text = "";
  if (magnitude != 1 || !term->factors)
    text = mdl_text(arena, "%llu", (unsigned long long)magnitude);
  for (int i = 0, power; i < term->factors; i += power) {
    for (power = 1; i + power < term->factors; power++)
      if (term->factor[i + power].text != term->factor[i].text) break;
    text = mdl_text(arena, "%s%s%s", text, *text ? "*" : "", term->factor[i].text);
    if (power > 1) text = mdl_text(arena, "%s**%d", text, power);
  }
  return text;
}

const char *mdl_size_print(MdlArena *arena, int terms, const MdlSizeTerm *term, int64_t divisor)
{
  const char *text = terms ? "" : "0";
  for (int i = 0; i < terms; i++) {
    bool minus = term[i].coefficient < 0;
    const char *sign = i ? (minus ? " - " : " + ") : (minus ? "-" : "");
    text = mdl_text(arena, "%s%s%s", text, sign, print_term(arena, &term[i]));
  }
  return divisor == 1 ? text : mdl_text(arena, "(%s)/%lld", text, (long long)divisor);
}

/* ---- parsing ----------------------------------------------------------------------------- */

enum { DEEPEST = 64 };

typedef struct Reader {
  MdlSizes *sizes;
  const char *at, *end;
  int depth;
} Reader;

static const MdlSize *read_sum(Reader *r);

static void skip_blanks(Reader *r)
{
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t')) r->at++;
}

static bool eat(Reader *r, const char *token)
{
  skip_blanks(r);
  size_t length = strlen(token);
  if ((size_t)(r->end - r->at) < length || memcmp(r->at, token, length)) return false;
  if (!strcmp(token, "*") && r->end - r->at > 1 && r->at[1] == '*') return false;
  r->at += length;
  return true;
}

static bool read_number(Reader *r, int64_t *value)
{
  skip_blanks(r);
  if (r->at == r->end || !isdigit((unsigned char)*r->at)) return false;
  for (*value = 0; r->at < r->end && isdigit((unsigned char)*r->at); r->at++)
    if (__builtin_mul_overflow(*value, 10, value) ||
        __builtin_add_overflow(*value, *r->at - '0', value))
      return false;
  return true;
}

static const MdlSize *read_floor(Reader *r)
{
  int64_t k;
  if (!eat(r, "(")) return NULL;
  const MdlSize *of = NULL;
  if (eat(r, "(")) {
    of = read_sum(r);
    if (!of || !eat(r, ")")) return NULL;
  } else {
    skip_blanks(r);
    const char *start = r->at;
    while (r->at < r->end && (isalnum((unsigned char)*r->at) || *r->at == '_')) r->at++;
    if (start == r->at || isdigit((unsigned char)*start)) return NULL;
    of = mdl_size_name(r->sizes,
                       mdl_intern(r->sizes->arena, start, (size_t)(r->at - start)));
  }
  if (!eat(r, "/") || !read_number(r, &k) || !eat(r, ")")) return NULL;
  return mdl_size_floor_div(r->sizes, of, k);
}

static const MdlSize *read_primary(Reader *r)
{
  int64_t value;
  if (read_number(r, &value)) return mdl_size_const(r->sizes, value);
  if (eat(r, "(")) {
    const MdlSize *inner = ++r->depth < DEEPEST ? read_sum(r) : NULL;
    r->depth--;
    return inner && eat(r, ")") ? inner : NULL;
  }
  const char *start = r->at;
  while (r->at < r->end && (isalnum((unsigned char)*r->at) || *r->at == '_')) r->at++;
  size_t length = (size_t)(r->at - start);
  if (!length) return NULL;
  if (length == 5 && !memcmp(start, "floor", 5)) return read_floor(r);
  return mdl_size_name(r->sizes, mdl_intern(r->sizes->arena, start, length));
}

static const MdlSize *read_power(Reader *r)
{
  int64_t power;
  const MdlSize *base = read_primary(r);
  if (!base || !eat(r, "**")) return base;
  if (!read_number(r, &power) || power > MDL_SIZE_MAX_FACTORS) return NULL;
  const MdlSize *product = mdl_size_const(r->sizes, 1);
  while (power-- > 0) product = mdl_size_mul(r->sizes, product, base);
  return product;
}

static const MdlSize *read_unary(Reader *r)
{
  if (!eat(r, "-")) return read_power(r);
  const MdlSize *a = ++r->depth < DEEPEST ? read_unary(r) : NULL;
  r->depth--;
  return mdl_size_sub(r->sizes, mdl_size_const(r->sizes, 0), a);
}

static const MdlSize *read_product(Reader *r)
{
  int64_t k;
  const MdlSize *a = read_unary(r);
  while (a) {
    if (eat(r, "*"))
      a = mdl_size_mul(r->sizes, a, read_unary(r));
    else if (eat(r, "/"))
      a = read_number(r, &k) ? mdl_size_exact_div(r->sizes, a, k) : NULL;
    else
      break;
  }
  return a;
}

static const MdlSize *read_sum(Reader *r)
{
  const MdlSize *a = read_product(r);
  while (a) {
    if (eat(r, "+"))
      a = mdl_size_add(r->sizes, a, read_product(r));
    else if (eat(r, "-"))
      a = mdl_size_sub(r->sizes, a, read_product(r));
    else
      break;
  }
  return a;
}

const MdlSize *mdl_size_parse(MdlSizes *sizes, const char *text, size_t length)
{
  Reader r = {sizes, text, text + length, 0};
  const MdlSize *size = read_sum(&r);
  skip_blanks(&r);
  return r.at == r.end ? size : NULL;
}
