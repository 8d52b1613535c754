#include "tests/fuzz/edit.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool mdl_text_read(const char *path, MdlText *text)
{
  FILE *file = fopen(path, "rb");
  if (!file) return false;
  size_t room = 1 << 12;
  *text = (MdlText){malloc(room), 0};
  size_t got;
  while ((got = fread(text->bytes + text->length, 1, room - text->length - 1, file))) {
    text->length += got;
    if (room - text->length > 1) continue;
    text->bytes = realloc(text->bytes, room *= 2);
  }
  text->bytes[text->length] = 0;
  fclose(file);
  return true;
}

/* splitmix64 */
uint64_t mdl_random(MdlRandom *random, uint64_t below)
{
  uint64_t z = random->state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return below ? (z ^ z >> 31) % below : 0;
}

/* The text with [from, to) replaced. */
static MdlText replace(const MdlText *text, size_t from, size_t to, const char *with, size_t length)
{
  MdlText changed = {malloc(text->length + length + 1), 0};
  memcpy(changed.bytes, text->bytes, from);
  memcpy(changed.bytes + from, with, length);
  memcpy(changed.bytes + from + length, text->bytes + to, text->length - to);
  changed.length = from + length + text->length - to;
  changed.bytes[changed.length] = 0;
  return changed;
}

/* ---- bytes ------------------------------------------------------------------------------- */

static MdlText edit_bytes(const MdlText *text, MdlRandom *random)
{
  static const char *const nasty[] = {"\0",
                                      "\xff",
                                      "\xef\xbb\xbf",
                                      "\r",
                                      "\t",
                                      "\"",
                                      "{",
                                      "}",
                                      "(",
                                      "[",
                                      "\n\n",
                                      ".",
                                      "..",
                                      "0x",
                                      "e",
                                      "_",
                                      "漢",
                                      "**",
                                      "|>",
                                      "//",
                                      "mdl",
                                      "1e999",
                                      "9999999999999999999999"};
  size_t at = mdl_random(random, text->length + 1), end = at + mdl_random(random, 4);
  if (end > text->length) end = text->length;
  char byte = (char)mdl_random(random, 256);
  switch (mdl_random(random, 4)) {
  case 0:
    return replace(text, at, end, "", 0);
  case 1:
    return replace(text, at, end, &byte, 1);
  case 2: {
    const char *word = nasty[mdl_random(random, sizeof nasty / sizeof *nasty)];
    return replace(text, at, at, word, *word ? strlen(word) : 1);
  }
  default: {
    /* A piece of the file somewhere else. */
    size_t from = mdl_random(random, text->length + 1), length = mdl_random(random, 200);
    if (length > text->length - from) length = text->length - from;
    return replace(text, at, end, text->bytes + from, length);
  }
  }
}

/* ---- tokens ------------------------------------------------------------------------------ */

typedef struct Token {
  size_t start, end;
} Token;

static size_t token_end(const char *s, size_t at, size_t length)
{
  static const char *const longer[] = {
      "...", "..", "**", "->", "|>", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=", "*=", "/="};
  size_t end = at;
  if (isalnum((unsigned char)s[at]) || s[at] == '_') {
    while (end < length && (isalnum((unsigned char)s[end]) || s[end] == '_')) end++;
    return end;
  }
  if (s[at] == '"') {
    for (end++; end < length && s[end] != '"' && s[end] != '\n'; end++) continue;
    return end < length ? end + 1 : end;
  }
  for (size_t i = 0; i < sizeof longer / sizeof *longer; i++)
    if (!strncmp(s + at, longer[i], strlen(longer[i]))) return at + strlen(longer[i]);
  return at + 1;
}

static Token *tokens_of(const MdlText *text, size_t *count)
{
  Token *tokens = malloc((text->length + 1) * sizeof *tokens);
  *count = 0;
  for (size_t at = 0; at < text->length;) {
    if (!strncmp(text->bytes + at, "//", 2)) {
      while (at < text->length && text->bytes[at] != '\n') at++;
    } else if (text->bytes[at] == ' ') {
      at++;
    } else {
      size_t end = token_end(text->bytes, at, text->length);
      tokens[(*count)++] = (Token){at, end};
      at = end;
    }
  }
  return tokens;
}

static bool is_bracket(char c) { return c && strchr("()[]{}", c); }

static MdlText edit_token(const MdlText *text, MdlRandom *random, const Token *token, size_t count,
                          bool *whole_token)
{
  static const char *const words[] = {
      "let",   "var",    "fn",     "entry", "if",     "else",  "for",  "in",  "while", "limit",
      "model", "param",  "jvp",    "vjp",   "inout",  "new",   "true", "f32", "i32",   "bool",
      "N",     "x",      "grad",   "sum",   "vmap",   "0",     "1",    "-1",  "0.5",   "1e9",
      "\n",    ",",      ":",      ";",     "=",      "+",     "-",    "*",   "/",     "@",
      "**",    "|>",     "..",     "...",   "->",     "==",    "<",    "&&",  "!",     "(",
      ")",     "[",      "]",      "{",     "}",      "\"s\"", "^",    "def", "break", "inf",
      "key",   "struct", "import", "const", "mdl.add"};
  size_t i = mdl_random(random, count), other = mdl_random(random, count);
  Token t = token[i];
  const char *word = words[mdl_random(random, sizeof words / sizeof *words)];
  size_t length = strlen(word);
  if (mdl_random(random, 2))
    word = text->bytes + token[other].start, length = token[other].end - token[other].start;
  char padded[512];
  if (length > 500) length = 500;
  int size = snprintf(padded, sizeof padded, " %.*s ", (int)length, word);
  *whole_token = !is_bracket(text->bytes[t.start]);
  switch (mdl_random(random, 5)) {
  case 0:
    return replace(text, t.start, t.end, "", 0);
  case 1:
    *whole_token &= !is_bracket(*word);
    return replace(text, t.start, t.end, padded, (size_t)size);
  case 2:
    *whole_token = !is_bracket(*word);
    return replace(text, t.start, t.start, padded, (size_t)size);
  case 3:
    return replace(text, t.end, t.end, text->bytes + t.start, t.end - t.start);
  default:
    if (i + 1 == count) return replace(text, t.start, t.end, "", 0);
    Token next = token[i + 1];
    *whole_token &= !is_bracket(text->bytes[next.start]);
    size = snprintf(padded, sizeof padded, "%.*s %.*s", (int)(next.end - next.start) % 200,
                    text->bytes + next.start, (int)(t.end - t.start) % 200, text->bytes + t.start);
    return replace(text, t.start, next.end, padded, (size_t)size);
  }
}

MdlText mdl_edit(const MdlText *text, MdlRandom *random, bool *whole_token)
{
  *whole_token = false;
  if (mdl_random(random, 3) == 0) return edit_bytes(text, random);
  size_t count;
  Token *tokens = tokens_of(text, &count);
  MdlText changed =
      count ? edit_token(text, random, tokens, count, whole_token) : edit_bytes(text, random);
  free(tokens);
  return changed;
}
