/* The manifest of programs in HLO:
 * {"entries": [{"name": "train",
 *   "args": [{"name": "m.w", "dtype": "f32", "shape": [64, 10], "alias": 1}, ...],
 *   "results": [{"name": "out", "dtype": "f32", "shape": []}, ...], "status": 2}, ...]}
 * Keys that are not named here are skipped. */
#include "runtime/element.h"
#include "runtime/pjrt.h"
#include "runtime/scan.h"

#include <stdlib.h>
#include <string.h>

static const char malformed[] = "it is no manifest of mdlc";
static const char no_memory[] = "there is no memory left";

static void free_leaves(mdl_pjrt_leaf *leaf, int count)
{
  int i;
  for (i = 0; leaf && i < count; i++) free(leaf[i].name);
  free(leaf);
}

void mdl_pjrt_interface_free(mdl_pjrt_interface *io)
{
  free_leaves(io->argument, io->arguments);
  free_leaves(io->result, io->results);
  memset(io, 0, sizeof *io);
  io->status = -1;
}

/* ---- pieces ---- */

/* The next key of an object, after the `{` or a value; *done at its end. */
static const char *take_key(mdl_scan *s, int *first, mdl_scan *key, int *done)
{
  if (mdl_scan_take(s, '}')) return *done = 1, NULL;
  if (!*first && !mdl_scan_take(s, ',')) return malformed;
  *first = 0;
  return mdl_scan_text(s, key) && mdl_scan_take(s, ':') ? NULL : malformed;
}

static const char *take_name(mdl_scan *s, char **name)
{
  mdl_scan text;
  char *at;
  int length;
  if (*name || !mdl_scan_text(s, &text)) return malformed;
  at = *name = (char *)malloc((size_t)(text.end - text.at) + 4);
  if (!at) return no_memory;
  while ((length = mdl_scan_char(&text, at)) > 0) at += length;
  *at = 0;
  return text.at == text.end ? NULL : malformed;
}

static const char *take_element(mdl_scan *s, mdl_element *element)
{
  mdl_scan text;
  int i;
  if (!mdl_scan_text(s, &text)) return malformed;
  for (i = 0; i < MDL_ELEMENTS; i++)
    if (mdl_scan_is(text, mdl_element_rows[i].name)) return *element = (mdl_element)i, NULL;
  return "the manifest has a dtype that mdl lacks";
}

/* A result's number, or null. */
static const char *take_index(mdl_scan *s, int *index)
{
  int64_t value;
  *index = -1;
  if (!mdl_scan_count(s, &value)) return mdl_scan_skip(s) ? NULL : malformed;
  if (value > 1 << 20) return malformed;
  return *index = (int)value, NULL;
}

static const char *take_leaf(mdl_scan *s, mdl_pjrt_leaf *leaf)
{
  int first = 1, done = 0, seen = 0, fits;
  mdl_scan key;
  const char *why;
  memset(leaf, 0, sizeof *leaf);
  leaf->alias = -1;
  if (!mdl_scan_take(s, '{')) return malformed;
  for (;;) {
    why = take_key(s, &first, &key, &done);
    if (why || done) break;
    if (mdl_scan_is(key, "name"))
      why = take_name(s, &leaf->name), seen |= 1;
    else if (mdl_scan_is(key, "dtype"))
      why = take_element(s, &leaf->element), seen |= 2;
    else if (mdl_scan_is(key, "shape"))
      why = mdl_scan_shape(s, &leaf->rank, leaf->shape) ? NULL : malformed, seen |= 4;
    else if (mdl_scan_is(key, "alias"))
      why = take_index(s, &leaf->alias);
    else
      why = mdl_scan_skip(s) ? NULL : malformed;
    if (why) break;
  }
  if (why) return why;
  if (seen != 7) return malformed;
  mdl_shape_bytes(leaf->element, leaf->rank, leaf->shape, &fits);
  return fits ? NULL : "a shape in the manifest does not fit in memory";
}

static const char *take_leaves(mdl_scan *s, mdl_pjrt_leaf **leaf, int *count)
{
  const char *why = NULL;
  if (*leaf || !mdl_scan_take(s, '[')) return malformed;
  if (mdl_scan_take(s, ']')) return NULL;
  do {
    mdl_pjrt_leaf *more = *leaf;
    if (!(*count & (*count - 1))) /* twice as many at each power of two */
      more = (mdl_pjrt_leaf *)realloc(*leaf, (*count ? 2 * (size_t)*count : 1) * sizeof *more);
    if (!more) return no_memory;
    *leaf = more;
    why = take_leaf(s, &more[(*count)++]);
  } while (!why && mdl_scan_take(s, ','));
  return why ? why : mdl_scan_take(s, ']') ? NULL : malformed;
}

/* ---- an entry ---- */

static int same_leaf(const mdl_pjrt_leaf *a, const mdl_pjrt_leaf *b)
{
  return a->element == b->element && a->rank == b->rank &&
         !memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape);
}

/* An alias names a result of its own shape, which no other argument names. */
static const char *check(const mdl_pjrt_interface *io)
{
  int i, k;
  for (i = 0; i < io->arguments; i++) {
    int alias = io->argument[i].alias;
    if (alias < 0) continue;
    if (alias >= io->results || alias == io->status ||
        !same_leaf(&io->argument[i], &io->result[alias]))
      return "an alias in the manifest names no result of its shape";
    for (k = 0; k < i; k++)
      if (io->argument[k].alias == alias) return "two arguments in the manifest have one alias";
  }
  if (io->status < 0) return NULL;
  return io->status < io->results && io->result[io->status].element == MDL_I32 &&
                 !io->result[io->status].rank
             ? NULL
             : "the status in the manifest is no result of i32";
}

static const char *take_entry(mdl_scan *s, char **name, mdl_pjrt_interface *io)
{
  int first = 1, done = 0;
  mdl_scan key;
  const char *why;
  if (!mdl_scan_take(s, '{')) return malformed;
  for (;;) {
    why = take_key(s, &first, &key, &done);
    if (why || done) break;
    if (mdl_scan_is(key, "name"))
      why = take_name(s, name);
    else if (mdl_scan_is(key, "args"))
      why = take_leaves(s, &io->argument, &io->arguments);
    else if (mdl_scan_is(key, "results"))
      why = take_leaves(s, &io->result, &io->results);
    else if (mdl_scan_is(key, "status"))
      why = take_index(s, &io->status);
    else
      why = mdl_scan_skip(s) ? NULL : malformed;
    if (why) break;
  }
  return why ? why : *name ? check(io) : malformed;
}

/* The wanted one of the list; NULL wants the only one. */
static const char *take_entries(mdl_scan *s, const char *wanted, mdl_pjrt_interface *io)
{
  const char *why = NULL;
  int found = 0;
  if (!mdl_scan_take(s, '[')) return malformed;
  if (mdl_scan_take(s, ']')) return "the manifest has no entry";
  do {
    mdl_pjrt_interface one = {0, 0, NULL, NULL, -1};
    char *name = NULL;
    int here;
    why = take_entry(s, &name, &one);
    here = !why && (!wanted || !strcmp(name, wanted));
    if (here && found++) why = "the manifest has several entries: name one";
    if (here && !why)
      *io = one;
    else
      mdl_pjrt_interface_free(&one);
    free(name);
  } while (!why && mdl_scan_take(s, ','));
  if (!why && !found) why = "the manifest has no entry of that name";
  return why ? why : mdl_scan_take(s, ']') ? NULL : malformed;
}

const char *mdl_pjrt_manifest_read(const char *json, size_t length, const char *entry,
                                   mdl_pjrt_interface *io)
{
  int first = 1, done = 0, seen = 0;
  mdl_scan s, key;
  const char *why = malformed;
  s.at = json;
  s.end = json + length;
  memset(io, 0, sizeof *io);
  io->status = -1;
  if (mdl_scan_take(&s, '{'))
    while (!(why = take_key(&s, &first, &key, &done)) && !done) {
      if (mdl_scan_is(key, "entries") && !seen++)
        why = take_entries(&s, entry, io);
      else
        why = mdl_scan_skip(&s) ? NULL : malformed;
      if (why) break;
    }
  mdl_scan_space(&s);
  if (!why && (!seen || s.at != s.end)) why = malformed;
  if (why) mdl_pjrt_interface_free(io);
  return why;
}

int mdl_pjrt_result_count(const mdl_pjrt_interface *io)
{
  int count = io->results - (io->status >= 0), i;
  for (i = 0; i < io->arguments; i++) count -= io->argument[i].alias >= 0;
  return count;
}
