/* safetensors: 8 bytes of length, a JSON object of that length, the elements.
 * {"__metadata__": {"k": "v"}, "fc1.w": {"dtype": "F32", "shape": [64, 10], "data_offsets": [0,
 * 2560]}}
 */
#include "runtime/element.h"
#include "runtime/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HEADER = 100 << 20 };

static const char malformed[] = "its header is no safetensors header";

/* ---- JSON, as much as the header needs ---- */

typedef struct {
  const char *at, *end;
} scan;

static void skip_space(scan *s) {
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
    s->at++;
}

static int take(scan *s, char c) {
  skip_space(s);
  if (s->at == s->end || *s->at != c) return 0;
  s->at++;
  return 1;
}

/* A string as it stands between its quotes, escapes and all. */
static int take_text(scan *s, scan *text) {
  if (!take(s, '"')) return 0;
  for (text->at = s->at; s->at < s->end && *s->at != '"'; s->at++) {
    if ((unsigned char)*s->at < 32) return 0;
    if (*s->at == '\\' && ++s->at == s->end) return 0;
  }
  text->end = s->at;
  return s->at < s->end ? (s->at++, 1) : 0;
}

static int take_count(scan *s, int64_t *value) {
  skip_space(s);
  if (s->at == s->end || *s->at < '0' || *s->at > '9') return 0;
  for (*value = 0; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++) {
    if (*value > (INT64_MAX - 9) / 10) return 0;
    *value = *value * 10 + (*s->at - '0');
  }
  return 1;
}

static int hex4(const scan *text, unsigned *value) {
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

/* The next character of a string: its bytes in UTF-8, how many; 0 at the end or for nonsense. */
static int next_char(scan *text, char out[4]) {
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

static int is_text(scan text, const char *word) {
  char c[4];
  int length;
  while ((length = next_char(&text, c)) > 0) {
    if (!*word || strncmp(word, c, (size_t)length)) return 0;
    word += length;
  }
  return text.at == text.end && !*word;
}

static int take_strings(scan *s) /* {"k": "v"} of the metadata */
{
  scan text;
  if (!take(s, '{')) return 0;
  if (take(s, '}')) return 1;
  do {
    if (!take_text(s, &text) || !take(s, ':') || !take_text(s, &text)) return 0;
  } while (take(s, ','));
  return take(s, '}');
}

/* ---- one array ---- */

static int take_shape(scan *s, mdl_array *array) {
  array->rank = 0;
  if (!take(s, '[')) return 0;
  if (take(s, ']')) return 1;
  do {
    if (array->rank == MDL_MAX_DIMS || !take_count(s, &array->shape[array->rank++])) return 0;
  } while (take(s, ','));
  return take(s, ']');
}

static int take_offsets(scan *s, int64_t offset[2]) {
  return take(s, '[') && take_count(s, &offset[0]) && take(s, ',') && take_count(s, &offset[1]) &&
         take(s, ']');
}

static const char *element_of(scan text, mdl_element *element) {
  int i;
  for (i = 0; i < MDL_ELEMENTS; i++)
    if (is_text(text, mdl_element_rows[i].safetensors)) return *element = (mdl_element)i, NULL;
  return "an array in it has a dtype that mdl lacks";
}

static const char *take_array(scan *s, const mdl_weights *w, mdl_array *array) {
  scan key, dtype = {NULL, NULL};
  int64_t offset[2] = {0, 0};
  int seen = 0;
  const char *why;
  memset(array, 0, sizeof *array);
  if (!take(s, '{')) return malformed;
  do {
    int bit, good;
    if (!take_text(s, &key) || !take(s, ':')) return malformed;
    bit = is_text(key, "dtype")          ? 1
          : is_text(key, "shape")        ? 2
          : is_text(key, "data_offsets") ? 4
                                         : 0;
    if (!bit || seen & bit) return malformed;
    seen |= bit;
    good = bit == 1   ? take_text(s, &dtype)
           : bit == 2 ? take_shape(s, array)
                      : take_offsets(s, offset);
    if (!good) return malformed;
  } while (take(s, ','));
  if (!take(s, '}') || seen != 7) return malformed;
  why = element_of(dtype, &array->element);
  if (why) return why;
  if (offset[0] > offset[1] || (uint64_t)offset[1] > w->data_length)
    return "an array in it lies outside the file";
  return mdl_array_finish(array, w->data + offset[0], (size_t)(offset[1] - offset[0]))
             ? "the shape of an array in it does not match its bytes"
             : NULL;
}

/* The next array and its name; *done at the closing brace. */
static const char *take_member(scan *s, const mdl_weights *w, scan *name, mdl_array *array,
                               int *done) {
  for (;;) {
    int first = s->at == w->header + 1;
    if (take(s, '}')) return *done = 1, NULL;
    if (!first && !take(s, ',')) return malformed;
    if (!take_text(s, name) || !take(s, ':')) return malformed;
    if (!is_text(*name, "__metadata__")) return take_array(s, w, array);
    if (!take_strings(s)) return malformed;
  }
}

/* ---- the file ---- */

const char *mdl_weights_read(const void *bytes, size_t length, mdl_weights *w) {
  const unsigned char *p = (const unsigned char *)bytes;
  uint64_t header = 0;
  size_t used = 0;
  int i, done = 0;
  scan s, name;
  memset(w, 0, sizeof *w);
  if (length < 10) return "it is no safetensors file";
  for (i = 0; i < 8; i++) header |= (uint64_t)p[i] << 8 * i;
  if (header < 2 || header > MOST_HEADER) return "it is no safetensors file";
  if (header > length - 8) return "the file is shorter than its header says";
  w->header = (const char *)p + 8;
  w->header_length = (size_t)header;
  w->data = p + 8 + header;
  w->data_length = length - 8 - (size_t)header;
  if (*w->header != '{') return malformed;
  s.at = w->header + 1;
  s.end = w->header + header;
  for (;;) {
    mdl_array array;
    const char *why = take_member(&s, w, &name, &array, &done);
    if (why) return why;
    if (done) break;
    if (array.bytes > w->data_length - used) return "arrays in it overlap";
    used += array.bytes;
    w->count++;
  }
  skip_space(&s);
  if (s.at != s.end) return malformed;
  return used == w->data_length ? NULL : "the file is longer than its header says";
}

static scan start_of(const mdl_weights *w, size_t at) {
  scan s;
  s.at = w->header + (at ? at : 1);
  s.end = w->header + w->header_length;
  return s;
}

const char *mdl_weights_find(const mdl_weights *w, const char *name, mdl_array *array) {
  scan s = start_of(w, 0), text;
  int done = 0;
  while (!take_member(&s, w, &text, array, &done) && !done)
    if (is_text(text, name)) return NULL;
  return "it has no array of that name";
}

int mdl_weights_next(const mdl_weights *w, size_t *at, char *name, size_t room, mdl_array *array) {
  scan s = start_of(w, *at), text;
  size_t length = 0;
  char c[4];
  int done = 0, n;
  if (!w->header_length || take_member(&s, w, &text, array, &done) || done) return 0;
  *at = (size_t)(s.at - w->header);
  while ((n = next_char(&text, c)) > 0 && length + (size_t)n < room) {
    memcpy(name + length, c, (size_t)n);
    length += (size_t)n;
  }
  if (room) name[length] = 0;
  return 1;
}

/* ---- writing ---- */

static size_t quoted_length(const char *name) { return 6 * strlen(name) + 2; }

static char *put_quoted(char *at, const char *name) {
  *at++ = '"';
  for (; *name; name++) {
    if (*name == '"' || *name == '\\') *at++ = '\\';
    if ((unsigned char)*name < 32)
      at += sprintf(at, "\\u%04x", (unsigned)(unsigned char)*name);
    else
      *at++ = *name;
  }
  *at++ = '"';
  return at;
}

static char *put_array(char *at, const char *name, const mdl_array *array, size_t offset) {
  int i;
  at = put_quoted(at, name);
  at += sprintf(at, ":{\"dtype\":\"%s\",\"shape\":[", mdl_element_rows[array->element].safetensors);
  for (i = 0; i < array->rank; i++)
    at += sprintf(at, "%s%lld", i ? "," : "", (long long)array->shape[i]);
  return at + sprintf(at, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)offset,
                      (unsigned long long)(offset + array->bytes));
}

static const char *write_parts(const char *path, int count, const char *const *names,
                               const mdl_array *arrays, char *header, mdl_part *part) {
  char *at = header + 8;
  size_t offset = 0, length;
  int i;
  *at++ = '{';
  for (i = 0; i < count; i++) {
    if (i) *at++ = ',';
    at = put_array(at, names[i], &arrays[i], offset);
    offset += arrays[i].bytes;
    part[i + 1].bytes = arrays[i].data;
    part[i + 1].length = arrays[i].bytes;
  }
  *at++ = '}';
  while ((at - header) % 8) *at++ = ' ';
  length = (size_t)(at - header - 8);
  for (i = 0; i < 8; i++) header[i] = (char)(length >> 8 * i & 255);
  part[0].bytes = header;
  part[0].length = length + 8;
  return mdl_write_parts(path, part, count + 1);
}

const char *mdl_weights_write(const char *path, int count, const char *const *names,
                              const mdl_array *arrays) {
  size_t room = 32;
  char *header;
  mdl_part *part;
  const char *why = "there is no memory left";
  int i;
  for (i = 0; i < count; i++) room += quoted_length(names[i]) + 128 + MDL_MAX_DIMS * 22;
  header = (char *)malloc(room);
  part = (mdl_part *)malloc(((size_t)count + 1) * sizeof *part);
  if (header && part) why = write_parts(path, count, names, arrays, header, part);
  free(header);
  free(part);
  return why;
}
