/* safetensors: 8 bytes of length, a JSON object of that length, the elements.
 * {"__metadata__": {"k": "v"}, "fc1.w": {"dtype": "F32", "shape": [64, 10], "data_offsets": [0,
 * 2560]}}
 */
#include "runtime/element.h"
#include "runtime/file.h"
#include "runtime/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_HEADER = 100 << 20 };

static const char malformed[] = "its header is no safetensors header";

static int take_strings(mdl_scan *s) /* {"k": "v"} of the metadata */
{
  mdl_scan text;
  if (!mdl_scan_take(s, '{')) return 0;
  if (mdl_scan_take(s, '}')) return 1;
  do {
    if (!mdl_scan_text(s, &text) || !mdl_scan_take(s, ':') || !mdl_scan_text(s, &text)) return 0;
  } while (mdl_scan_take(s, ','));
  return mdl_scan_take(s, '}');
}

/* ---- one array ---- */

static int take_offsets(mdl_scan *s, int64_t offset[2])
{
  return mdl_scan_take(s, '[') && mdl_scan_count(s, &offset[0]) && mdl_scan_take(s, ',') &&
         mdl_scan_count(s, &offset[1]) && mdl_scan_take(s, ']');
}

static const char *element_of(mdl_scan text, mdl_element *element)
{
  int i;
  for (i = 0; i < MDL_ELEMENTS; i++)
    if (mdl_scan_is(text, mdl_element_rows[i].safetensors)) return *element = (mdl_element)i, NULL;
  return "an array in it has a dtype that mdl lacks";
}

static const char *take_array(mdl_scan *s, const mdl_weights *w, mdl_array *array)
{
  mdl_scan key, dtype = {NULL, NULL};
  int64_t offset[2] = {0, 0};
  int seen = 0;
  const char *why;
  memset(array, 0, sizeof *array);
  if (!mdl_scan_take(s, '{')) return malformed;
  do {
    int bit, good;
    if (!mdl_scan_text(s, &key) || !mdl_scan_take(s, ':')) return malformed;
    bit = mdl_scan_is(key, "dtype")          ? 1
          : mdl_scan_is(key, "shape")        ? 2
          : mdl_scan_is(key, "data_offsets") ? 4
                                             : 0;
    if (!bit || seen & bit) return malformed;
    seen |= bit;
    good = bit == 1   ? mdl_scan_text(s, &dtype)
           : bit == 2 ? mdl_scan_shape(s, &array->rank, array->shape)
                      : take_offsets(s, offset);
    if (!good) return malformed;
  } while (mdl_scan_take(s, ','));
  if (!mdl_scan_take(s, '}') || seen != 7) return malformed;
  why = element_of(dtype, &array->element);
  if (why) return why;
  if (offset[0] > offset[1] || (uint64_t)offset[1] > w->data_length)
    return "an array in it lies outside the file";
  return mdl_array_finish(array, w->data + offset[0], (size_t)(offset[1] - offset[0]))
             ? "the shape of an array in it does not match its bytes"
             : NULL;
}

/* The next array and its name; *done at the closing brace. */
static const char *take_member(mdl_scan *s, const mdl_weights *w, mdl_scan *name, mdl_array *array,
                               int *done)
{
  for (;;) {
    int first = s->at == w->header + 1;
    if (mdl_scan_take(s, '}')) return *done = 1, NULL;
    if (!first && !mdl_scan_take(s, ',')) return malformed;
    if (!mdl_scan_text(s, name) || !mdl_scan_take(s, ':')) return malformed;
    if (!mdl_scan_is(*name, "__metadata__")) return take_array(s, w, array);
    if (!take_strings(s)) return malformed;
  }
}

/* ---- the file ---- */

const char *mdl_weights_read(const void *bytes, size_t length, mdl_weights *w)
{
  const unsigned char *p = (const unsigned char *)bytes;
  uint64_t header = 0;
  size_t used = 0;
  int i, done = 0;
  mdl_scan s, name;
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
  mdl_scan_space(&s);
  if (s.at != s.end) return malformed;
  return used == w->data_length ? NULL : "the file is longer than its header says";
}

static mdl_scan start_of(const mdl_weights *w, size_t at)
{
  mdl_scan s;
  s.at = w->header + (at ? at : 1);
  s.end = w->header + w->header_length;
  return s;
}

const char *mdl_weights_find(const mdl_weights *w, const char *name, mdl_array *array)
{
  mdl_scan s = start_of(w, 0), text;
  int done = 0;
  while (!take_member(&s, w, &text, array, &done) && !done)
    if (mdl_scan_is(text, name)) return NULL;
  return "it has no array of that name";
}

int mdl_weights_next(const mdl_weights *w, size_t *at, char *name, size_t room, mdl_array *array)
{
  mdl_scan s = start_of(w, *at), text;
  size_t length = 0;
  char c[4];
  int done = 0, n;
  if (!w->header_length || take_member(&s, w, &text, array, &done) || done) return 0;
  *at = (size_t)(s.at - w->header);
  while ((n = mdl_scan_char(&text, c)) > 0 && length + (size_t)n < room) {
    memcpy(name + length, c, (size_t)n);
    length += (size_t)n;
  }
  if (room) name[length] = 0;
  return 1;
}

/* ---- writing ---- */

static size_t quoted_length(const char *name) { return 6 * strlen(name) + 2; }

static char *put_quoted(char *at, const char *name)
{
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

static char *put_array(char *at, const char *name, const mdl_array *array, size_t offset)
{
  int i;
  at = put_quoted(at, name);
  at += sprintf(at, ":{\"dtype\":\"%s\",\"shape\":[", mdl_element_rows[array->element].safetensors);
  for (i = 0; i < array->rank; i++)
    at += sprintf(at, "%s%lld", i ? "," : "", (long long)array->shape[i]);
  return at + sprintf(at, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)offset,
                      (unsigned long long)(offset + array->bytes));
}

static const char *write_parts(const char *path, int count, const char *const *names,
                               const mdl_array *arrays, char *header, mdl_part *part)
{
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
                              const mdl_array *arrays)
{
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
