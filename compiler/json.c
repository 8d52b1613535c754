#include "compiler/json.h"

#include <stdio.h>
#include <string.h>

enum { DEEPEST = 256 };

typedef struct Reader {
  MdlArena *arena;
  const char *start, *at, *end;
  int depth;
  const char *why;
} Reader;

static bool fail(Reader *r, const char *what)
{
  if (!r->why)
    r->why = mdl_text(r->arena, "%s at character %lld", what, (long long)(r->at - r->start) + 1);
  return false;
}

static void skip_space(Reader *r)
{
  while (r->at < r->end && memchr(" \t\n\r", *r->at, 4)) r->at++;
}

static bool take(Reader *r, char c)
{
  skip_space(r);
  if (r->at == r->end || *r->at != c) return false;
  r->at++;
  return true;
}

static bool take_word(Reader *r, const char *word)
{
  size_t length = strlen(word);
  if ((size_t)(r->end - r->at) < length || memcmp(r->at, word, length)) return false;
  r->at += length;
  return true;
}

/* ---- strings ----------------------------------------------------------------------------- */

static bool take_hex(Reader *r, unsigned *code)
{
  *code = 0;
  for (int i = 0; i < 4; i++, r->at++) {
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *digit = r->at < r->end && *r->at ? strchr(digits, *r->at) : NULL;
    if (!digit) return fail(r, "wanted four hexadecimal digits");
    *code = *code * 16 + (unsigned)(digit - digits) % 16;
  }
  return true;
}

static char *put_utf8(char *out, unsigned code)
{
  if (code < 0x80) return *out++ = (char)code, out;
  if (code < 0x800) {
    *out++ = (char)(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    *out++ = (char)(0xe0 | code >> 12);
    *out++ = (char)(0x80 | (code >> 6 & 63));
  } else {
    *out++ = (char)(0xf0 | code >> 18);
    *out++ = (char)(0x80 | (code >> 12 & 63));
    *out++ = (char)(0x80 | (code >> 6 & 63));
  }
  *out++ = (char)(0x80 | (code & 63));
  return out;
}

/* After the backslash. */
static bool take_escape(Reader *r, char **out)
{
  static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
  unsigned code, low;
  const char *name = r->at < r->end && *r->at ? strchr(names, *r->at) : NULL;
  if (name) return *(*out)++ = means[name - names], r->at++, true;
  if (!take_word(r, "u")) return fail(r, "unknown escape");
  if (!take_hex(r, &code)) return false;
  if (code >= 0xd800 && code < 0xe000) {
    if (code >= 0xdc00 || !take_word(r, "\\u")) return fail(r, "half a surrogate pair");
    if (!take_hex(r, &low)) return false;
    if (low < 0xdc00 || low >= 0xe000) return fail(r, "half a surrogate pair");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  if (!code) return fail(r, "a zero character");
  *out = put_utf8(*out, code);
  return true;
}

static bool take_string(Reader *r, const char **text)
{
  if (!take(r, '"')) return fail(r, "wanted a string");
  const char *close = r->at;
  while (close < r->end && *close != '"') close += *close == '\\' && close + 1 < r->end ? 2 : 1;
  if (close >= r->end) return fail(r, "a string that is not closed");
  char *out = mdl_alloc(r->arena, (size_t)(close - r->at) + 1);
  *text = out;
  while (r->at < close) {
    if ((unsigned char)*r->at < 32) return fail(r, "a control character in a string");
    if (*r->at != '\\') {
      *out++ = *r->at++;
      continue;
    }
    r->at++;
    if (!take_escape(r, &out)) return false;
  }
  r->at++;
  return true;
}

/* ---- values ------------------------------------------------------------------------------ */

static bool take_digits(Reader *r)
{
  const char *before = r->at;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
  return r->at > before;
}

static bool take_number(Reader *r, MdlJson *out)
{
  const char *start = r->at;
  take_word(r, "-");
  if (!take_word(r, "nan") && !take_word(r, "inf")) {
    if (!take_word(r, "0") && !take_digits(r)) return fail(r, "wanted a value");
    if (take_word(r, ".") && !take_digits(r)) return fail(r, "wanted a digit");
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
      r->at++;
      if (!take_word(r, "-")) take_word(r, "+");
      if (!take_digits(r)) return fail(r, "wanted a digit");
    }
  }
  out->kind = MDL_JSON_number;
  out->text = mdl_text_copy(r->arena, start, (size_t)(r->at - start));
  return true;
}

static bool take_value(Reader *r, MdlJson *out);

static bool take_list(Reader *r, MdlJson *out)
{
  int capacity = 0;
  out->kind = MDL_JSON_list;
  if (take(r, ']')) return true;
  do {
    MDL_GROW(r->arena, out->item, out->count, capacity);
    MdlJson item = {0};
    if (!take_value(r, &item)) return false;
    out->item[out->count++] = item;
  } while (take(r, ','));
  return take(r, ']') || fail(r, "wanted `,` or `]`");
}

static bool has_key(const MdlJson *object, const char *key)
{
  for (int i = 0; i < object->count; i++)
    if (!strcmp(object->key[i], key)) return true;
  return false;
}

static bool take_object(Reader *r, MdlJson *out)
{
  int capacity = 0, keys = 0;
  out->kind = MDL_JSON_object;
  if (take(r, '}')) return true;
  do {
    MDL_GROW(r->arena, out->item, out->count, capacity);
    MDL_GROW(r->arena, out->key, out->count, keys);
    MdlJson item = {0};
    const char *key;
    if (!take_string(r, &key)) return false;
    if (has_key(out, key)) return fail(r, mdl_text(r->arena, "`%s` a second time", key));
    if (!take(r, ':')) return fail(r, "wanted `:`");
    if (!take_value(r, &item)) return false;
    out->key[out->count] = key;
    out->item[out->count++] = item;
  } while (take(r, ','));
  return take(r, '}') || fail(r, "wanted `,` or `}`");
}

static bool take_deeper(Reader *r, MdlJson *out, bool take_inside(Reader *, MdlJson *))
{
  if (++r->depth > DEEPEST) return fail(r, "nesting deeper than 256");
  bool good = take_inside(r, out);
  r->depth--;
  return good;
}

static bool take_value(Reader *r, MdlJson *out)
{
  skip_space(r);
  if (r->at < r->end && *r->at == '"') return out->kind = MDL_JSON_text, take_string(r, &out->text);
  if (take_word(r, "[")) return take_deeper(r, out, take_list);
  if (take_word(r, "{")) return take_deeper(r, out, take_object);
  if (take_word(r, "null")) return true;
  if (take_word(r, "true")) return out->kind = MDL_JSON_bool, out->text = "true", true;
  if (take_word(r, "false")) return out->kind = MDL_JSON_bool, out->text = "false", true;
  return take_number(r, out);
}

MdlJson *mdl_json_read(MdlArena *arena, const char *text, size_t length, const char **why)
{
  Reader r = {.arena = arena, .start = text, .at = text, .end = text + length};
  MdlJson *value = MDL_NEW(arena, MdlJson, 1);
  bool good = take_value(&r, value);
  skip_space(&r);
  if (good && r.at < r.end) good = fail(&r, "something after the value");
  *why = r.why;
  return good ? value : NULL;
}

const char *mdl_json_quoted(MdlArena *arena, const char *text)
{
  char *out = mdl_alloc(arena, 6 * strlen(text) + 3), *at = out;
  *at++ = '"';
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\')
      *at++ = '\\', *at++ = (char)c;
    else if (c == '\n')
      *at++ = '\\', *at++ = 'n';
    else if (c < 32)
      at += sprintf(at, "\\u%04x", c);
    else
      *at++ = (char)c;
  }
  *at = '"';
  return out;
}
