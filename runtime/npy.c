/* NumPy's .npy: magic, version, length of the header, a Python dictionary, the elements. */
#include "runtime/element.h"
#include "runtime/file.h"

#include <stdio.h>
#include <string.h>

/* ---- the dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } ---- */

typedef struct {
  const char *at, *end;
} scan;

static void skip_space(scan *s) {
  while (s->at < s->end && (*s->at == ' ' || *s->at == '\n')) s->at++;
}

static int take(scan *s, const char *word) {
  size_t length = strlen(word);
  skip_space(s);
  if ((size_t)(s->end - s->at) < length || memcmp(s->at, word, length)) return 0;
  s->at += length;
  return 1;
}

static int take_text(scan *s, const char **text, size_t *length) {
  char quote;
  skip_space(s);
  if (s->at == s->end || (*s->at != '\'' && *s->at != '"')) return 0;
  quote = *s->at++;
  for (*text = s->at; s->at < s->end && *s->at != quote;) s->at++;
  *length = (size_t)(s->at - *text);
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

static const char *read_descr(scan *s, mdl_array *array) {
  const char *text;
  size_t length;
  int i;
  if (!take_text(s, &text, &length)) return "its dtype is not one of mdl's (records are not)";
  if (length && *text == '>') return "its elements are big-endian";
  for (i = 0; i < MDL_ELEMENTS; i++) {
    const char *npy = mdl_element_rows[i].npy;
    /* '=' is this machine's order, and one byte has none. */
    if (*npy && strlen(npy) == length && !memcmp(npy + 1, text + 1, length - 1) &&
        (*text == *npy || *text == '=' || *text == '|' || mdl_element_rows[i].bytes == 1)) {
      array->element = (mdl_element)i;
      return NULL;
    }
  }
  return "its dtype is not one of mdl's";
}

static const char *read_shape(scan *s, mdl_array *array) {
  array->rank = 0;
  if (!take(s, "(")) return "its header is no npy header";
  while (!take(s, ")")) {
    if (array->rank == MDL_MAX_DIMS) return "it has more than 16 axes";
    if (!take_count(s, &array->shape[array->rank++])) return "its shape is malformed";
    if (!take(s, ",") && (array->rank == 1 || s->at == s->end || *s->at != ')'))
      return "its shape is malformed";
  }
  return NULL;
}

static const char *read_header(scan *s, mdl_array *array) {
  int seen = 0, fortran = 0;
  if (!take(s, "{")) return "its header is no npy header";
  while (!take(s, "}")) {
    const char *key, *why = NULL;
    size_t length;
    int bit;
    if (!take_text(s, &key, &length) || !take(s, ":")) return "its header is no npy header";
    bit = length == 5 && !memcmp(key, "descr", 5)             ? 1
          : length == 5 && !memcmp(key, "shape", 5)           ? 2
          : length == 13 && !memcmp(key, "fortran_order", 13) ? 4
                                                              : 0;
    if (!bit || seen & bit) return "its header is no npy header";
    seen |= bit;
    if (bit == 1) why = read_descr(s, array);
    if (bit == 2) why = read_shape(s, array);
    if (bit == 4) {
      fortran = take(s, "True");
      if (!fortran && !take(s, "False")) why = "its header is no npy header";
    }
    if (why) return why;
    if (!take(s, ",")) skip_space(s);
  }
  if (seen != 7) return "its header is no npy header";
  if (fortran && array->rank > 1) return "it is in Fortran order: save numpy.ascontiguousarray(x)";
  skip_space(s);
  return s->at == s->end ? NULL : "its header is no npy header";
}

const char *mdl_npy_read(const void *bytes, size_t length, mdl_array *array) {
  const unsigned char *p = (const unsigned char *)bytes;
  size_t header, start;
  const char *why;
  scan s;
  memset(array, 0, sizeof *array);
  if (length < 10 || memcmp(p, "\x93NUMPY", 6)) return "it is no npy file";
  if (p[6] < 1 || p[6] > 3) return "its npy version is not 1, 2 or 3";
  start = p[6] == 1 ? 10 : 12;
  if (length < start) return "the file is shorter than its header says";
  header = (size_t)p[8] | (size_t)p[9] << 8;
  if (p[6] > 1) header |= (size_t)p[10] << 16 | (size_t)p[11] << 24;
  if (header > length - start) return "the file is shorter than its header says";
  s.at = (const char *)p + start;
  s.end = s.at + header;
  why = read_header(&s, array);
  if (why) return why;
  return mdl_array_finish(array, p + start + header, length - start - header);
}

/* ---- writing ---- */

const char *mdl_npy_write(const char *path, const mdl_array *array) {
  unsigned char top[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 0, 0};
  char header[640];
  mdl_part parts[3];
  int at, i;
  const char *npy = mdl_element_rows[array->element].npy;
  if (!*npy) return "npy has no such dtype";
  at = sprintf(header, "{'descr': '%s', 'fortran_order': False, 'shape': (", npy);
  for (i = 0; i < array->rank; i++)
    at += sprintf(header + at, "%s%lld", i ? ", " : "", (long long)array->shape[i]);
  at += sprintf(header + at, "%s), }", array->rank == 1 ? "," : "");
  while ((10 + at + 1) % 64) header[at++] = ' ';
  header[at++] = '\n';
  top[8] = (unsigned char)(at & 255);
  top[9] = (unsigned char)(at >> 8);
  parts[0].bytes = top, parts[0].length = sizeof top;
  parts[1].bytes = header, parts[1].length = (size_t)at;
  parts[2].bytes = array->data, parts[2].length = array->bytes;
  return mdl_write_parts(path, parts, 3);
}
