/* Models by the paths of their leaves. The texts come from an emitted header: "D", "w f32[D]",
 * "fc1.w f32[64, 2*H] @ 256". */
#include "runtime/element.h"

#include <stdlib.h>
#include <string.h>

static const char malformed[] = "a leaf's text is not as a header has it";

/* ---- sizes: 2*N + 1, floor((N + 1)/2) ---- */

typedef struct {
  const char *at, *names;
  const int64_t *sizes;
  int bad;
} reader;

static int64_t sum(reader *r);

static int take(reader *r, const char *text) {
  size_t length = strlen(text);
  while (*r->at == ' ') r->at++;
  if (strncmp(r->at, text, length) != 0) return 0;
  r->at += length;
  return 1;
}

static int64_t plus(reader *r, int64_t a, int64_t b) {
  if (b > 0 ? a > INT64_MAX - b : a < INT64_MIN - b) return r->bad = 1, 0;
  return a + b;
}

static int64_t times(reader *r, int64_t a, int64_t b) {
  int64_t most = b < 0 ? (b == INT64_MIN ? 0 : INT64_MAX / -b) : b ? INT64_MAX / b : INT64_MAX;
  if (a > most || a < -most) return r->bad = 1, 0;
  return a * b;
}

static int64_t divided(reader *r, int64_t a, int64_t b) {
  if (b <= 0) return r->bad = 1, 0;
  return a / b - (a % b < 0);
}

static int is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static int64_t number(reader *r) {
  int64_t value = 0;
  while (*r->at >= '0' && *r->at <= '9') value = plus(r, times(r, value, 10), *r->at++ - '0');
  return value;
}

/* The i-th size, where the i-th of the names is this one. */
static int64_t named(reader *r) {
  const char *from = r->at, *name = r->names;
  size_t length;
  int i;
  while (is_name(*r->at)) r->at++;
  length = (size_t)(r->at - from);
  for (i = 0; length && r->sizes && *name; i++) {
    size_t own = strcspn(name, ",");
    if (own == length && !memcmp(name, from, length)) return r->sizes[i];
    name += own + strspn(name + own, ", ");
  }
  return r->bad = 1, 0;
}

static int64_t atom(reader *r) {
  int floored = take(r, "floor("), in_brackets = floored || take(r, "(");
  int64_t value;
  if (in_brackets) {
    value = sum(r);
    if (!take(r, ")")) r->bad = 1;
    return value;
  }
  while (*r->at == ' ') r->at++;
  return *r->at >= '0' && *r->at <= '9' ? number(r) : named(r);
}

static int64_t power(reader *r) {
  int64_t base = atom(r), value = base, times_left;
  if (!take(r, "**")) return base;
  times_left = number(r);
  if (times_left < 1 || times_left > 62) return r->bad = 1, 0;
  while (--times_left) value = times(r, value, base);
  return value;
}

static int64_t product(reader *r) {
  int64_t value = power(r);
  while (!r->bad) {
    if (take(r, "*"))
      value = times(r, value, power(r));
    else if (take(r, "/"))
      value = divided(r, value, power(r));
    else
      break;
  }
  return value;
}

static int64_t sum(reader *r) {
  int64_t value = take(r, "-") ? times(r, -1, product(r)) : product(r);
  while (!r->bad) {
    if (take(r, "+"))
      value = plus(r, value, product(r));
    else if (take(r, "-"))
      value = plus(r, value, times(r, -1, product(r)));
    else
      break;
  }
  return value;
}

/* ---- leaves ---- */

static int element_named(const char *text, size_t length, mdl_element *element) {
  int i;
  for (i = 0; i < MDL_ELEMENTS; i++) {
    const char *name = mdl_element_rows[i].name;
    if (strlen(name) == length && !memcmp(name, text, length)) return *element = (mdl_element)i, 1;
  }
  return 0;
}

static const char *take_shape(reader *r, mdl_array *array) {
  array->rank = 0;
  if (!take(r, "[")) return malformed;
  if (take(r, "]")) return NULL;
  do {
    if (array->rank == MDL_MAX_DIMS) return malformed;
    array->shape[array->rank] = sum(r);
    if (r->bad || array->shape[array->rank++] < 0) return "a size is wrong, or has no value";
  } while (take(r, ","));
  return take(r, "]") ? NULL : malformed;
}

const char *mdl_model_leaf(mdl_model *model, int i, char *path, size_t room, mdl_array *array) {
  const char *text, *why, *element;
  size_t length;
  reader r;
  int fits, j;
  for (j = 0; j <= i + 1; j++)
    if (!model->leaves[j]) return "no such leaf";
  model->at = i + 1;
  text = model->leaves[i + 1];
  length = strcspn(text, " ");
  if (room) {
    size_t kept = length < room ? length : room - 1;
    memcpy(path, text, kept);
    path[kept] = 0;
  }
  element = text + length + (text[length] == ' ');
  r.at = element + strcspn(element, "[");
  r.names = model->leaves[0];
  r.sizes = model->sizes;
  r.bad = 0;
  memset(array, 0, sizeof *array);
  if (!element_named(element, (size_t)(r.at - element), &array->element)) return malformed;
  why = take_shape(&r, array);
  if (why) return why;
  array->bytes = mdl_shape_bytes(array->element, array->rank, array->shape, &fits);
  if (!fits) return "its shape does not fit in memory";
  if (take(&r, "@"))
    array->data = (const char *)model->data + sum(&r);
  else
    memcpy(&array->data, (const char *)model->data + (size_t)i * sizeof(void *), sizeof(void *));
  array->aligned = 1;
  return r.bad ? malformed : array->data || !array->bytes ? NULL : "its pointer is null";
}

/* ---- files ---- */

static int same_shape(const mdl_array *a, const mdl_array *b) {
  int i;
  if (a->rank != b->rank) return 0;
  for (i = 0; i < a->rank; i++)
    if (a->shape[i] != b->shape[i]) return 0;
  return 1;
}

/* A path as long as its text. */
static char *room_for(const mdl_model *model, size_t *room) {
  int i;
  *room = 1;
  for (i = 1; model->leaves[0] && model->leaves[i]; i++)
    if (strlen(model->leaves[i]) >= *room) *room = strlen(model->leaves[i]) + 1;
  return (char *)malloc(*room);
}

/* `write`: copy; else only look. */
static const char *each(mdl_model *model, const mdl_weights *weights, int *missing, char *path,
                        size_t room, int write) {
  mdl_array here, there;
  const char *why;
  int i;
  if (missing) *missing = 0;
  for (i = 0; model->leaves[0] && model->leaves[i + 1]; i++) {
    why = mdl_model_leaf(model, i, path, room, &here);
    if (why) return why;
    why = mdl_weights_find(weights, path, &there);
    if (why && missing) {
      ++*missing;
      continue;
    }
    if (why) return why;
    if (here.element != there.element) return "the file's array has another element type";
    if (!same_shape(&here, &there)) return "the file's array has another shape";
    if (write && here.bytes) memcpy((void *)(uintptr_t)here.data, there.data, here.bytes);
  }
  model->at = 0;
  return NULL;
}

const char *mdl_model_read(mdl_model *model, const mdl_weights *weights, int *missing) {
  size_t room;
  char *path = room_for(model, &room);
  const char *why = path ? each(model, weights, missing, path, room, 0) : "out of memory";
  if (!why) why = each(model, weights, missing, path, room, 1);
  free(path);
  return why;
}

const char *mdl_model_load(mdl_model *model, const char *path, int *missing) {
  mdl_mapping file;
  mdl_weights weights;
  const char *why = mdl_map_file(path, &file);
  model->at = 0;
  if (why) return why;
  why = mdl_weights_read(file.bytes, file.length, &weights);
  if (!why) why = mdl_model_read(model, &weights, missing);
  mdl_unmap_file(&file);
  return why;
}

static const char *save(mdl_model *model, const char *file, int count, char *names, size_t room,
                        const char **name, mdl_array *array) {
  const char *why;
  int i;
  for (i = 0; i < count; i++) {
    name[i] = names + (size_t)i * room;
    why = mdl_model_leaf(model, i, names + (size_t)i * room, room, &array[i]);
    if (why) return why;
  }
  model->at = 0;
  return mdl_weights_write(file, count, name, array);
}

const char *mdl_model_save(mdl_model *model, const char *path) {
  size_t room;
  char *one = room_for(model, &room), *names;
  const char **name;
  mdl_array *array;
  const char *why = "out of memory";
  int count = 0;
  while (model->leaves[0] && model->leaves[count + 1]) count++;
  free(one);
  names = (char *)malloc((size_t)count * room + 1);
  name = (const char **)malloc((size_t)count * sizeof *name + 1);
  array = (mdl_array *)malloc((size_t)count * sizeof *array + 1);
  if (names && name && array) why = save(model, path, count, names, room, name, array);
  free(names);
  free(name);
  free(array);
  return why;
}
