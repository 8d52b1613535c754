#include "runtime/scan.h"

#include <string.h>

void mdl_scan_space(mdl_scan *s)
{
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
    s->at++;
}

int mdl_scan_take(mdl_scan *s, char c)
{
  mdl_scan_space(s);
  if (s->at == s->end || *s->at != c) return 0;
  s->at++;
  return 1;
}

int mdl_scan_text(mdl_scan *s, mdl_scan *text)
{
  if (!mdl_scan_take(s, '"')) return 0;
  for (text->at = s->at; s->at < s->end && *s->at != '"'; s->at++) {
    if ((unsigned char)*s->at < 32) return 0;
    if (*s->at == '\\' && ++s->at == s->end) return 0;
  }
  text->end = s->at;
  return s->at < s->end ? (s->at++, 1) : 0;
}

int mdl_scan_count(mdl_scan *s, int64_t *value)
{
  mdl_scan_space(s);
  if (s->at == s->end || *s->at < '0' || *s->at > '9') return 0;
  for (*value = 0; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++) {
    if (*value > (INT64_MAX - 9) / 10) return 0;
    *value = *value * 10 + (*s->at - '0');
  }
  return 1;
}

static int hex4(const mdl_scan *text, unsigned *value)
{
  int i;
  if (text->end - text->at < 4) return 0;
  for (*value = 0, i = 0; i < 4; i++) {
    char c = text->at[i];
    unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                            : 16;
    if (digit == 16) return 0;
    *value = *value * 16 + digit;
  }
  return 1;
}

int mdl_scan_char(mdl_scan *text, char out[4])
{
  static const char plain[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
  unsigned code;
  const char *which;
  if (text->at == text->end) return 0;
  out[0] = *text->at++;
  if (out[0] != '\\') return 1;
  which = text->at < text->end && *text->at ? strchr(plain, *text->at) : NULL;
  if (which) return out[0] = means[which - plain], text->at++, 1;
  if (text->at == text->end || *text->at++ != 'u' || !hex4(text, &code)) return 0;
  text->at += 4;
  if (code < 0x80) return out[0] = (char)code, 1;
  if (code < 0x800)
    return out[0] = (char)(0xc0 | code >> 6), out[1] = (char)(0x80 | (code & 63)), 2;
  out[0] = (char)(0xe0 | code >> 12);
  out[1] = (char)(0x80 | (code >> 6 & 63));
  out[2] = (char)(0x80 | (code & 63));
  return 3;
}

int mdl_scan_is(mdl_scan text, const char *word)
{
  char c[4];
  int length;
  while ((length = mdl_scan_char(&text, c)) > 0) {
    if (!*word || strncmp(word, c, (size_t)length)) return 0;
    word += length;
  }
  return text.at == text.end && !*word;
}

int mdl_scan_shape(mdl_scan *s, int *rank, int64_t shape[MDL_MAX_DIMS])
{
  *rank = 0;
  if (!mdl_scan_take(s, '[')) return 0;
  if (mdl_scan_take(s, ']')) return 1;
  do {
    if (*rank == MDL_MAX_DIMS || !mdl_scan_count(s, &shape[(*rank)++])) return 0;
  } while (mdl_scan_take(s, ','));
  return mdl_scan_take(s, ']');
}

/* Brackets are counted, not matched: enough to find the end of what nobody reads. */
int mdl_scan_skip(mdl_scan *s)
{
  static const char ends[] = ",:]}[{\" \t\r\n";
  mdl_scan text;
  int depth = 0;
  do {
    mdl_scan_space(s);
    if (s->at == s->end) return 0;
    if (*s->at == '"') {
      if (!mdl_scan_text(s, &text)) return 0;
    } else if (*s->at == '{' || *s->at == '[') {
      s->at++, depth++;
    } else if (*s->at == '}' || *s->at == ']') {
      if (!depth) return 0;
      s->at++, depth--;
    } else if (*s->at == ',' || *s->at == ':') {
      if (!depth) return 0;
      s->at++;
    } else {
      while (s->at < s->end && *s->at && !strchr(ends, *s->at)) s->at++;
      if (s->at < s->end && !*s->at) return 0;
    }
  } while (depth);
  return 1;
}
