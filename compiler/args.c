/* Which value each leaf gets. */
#include "compiler/args.h"

#include "compiler/output.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_JSON = 1 << 30 };

/* ---- by path ----------------------------------------------------------------------------- */

/* The next leaf from `at` on that lies below `path` ("m", "m.fc1", "m.fc1.w"); -1 for none. */
static int next_below(const MdlArgs *args, const char *path, int at)
{
  size_t length = strlen(path);
  for (; at < args->slots; at++) {
    const char *name = args->slot[at].name;
    if (args->slot[at].param->role == MDL_ROLE_out || strncmp(name, path, length)) continue;
    if (!name[length] || name[length] == '.') return at;
  }
  return -1;
}

static int count_below(const MdlArgs *args, const char *path)
{
  int count = 0;
  for (int i = next_below(args, path, 0); i >= 0; i = next_below(args, path, i + 1)) count++;
  return count;
}

static bool no_such_name(MdlArgs *args, const char *path)
{
  const MdlSignature *s = args->signature;
  const char **names = MDL_NEW(args->arena, const char *, (size_t)args->slots + 1), *best[3];
  const char *list = "";
  int count = 0;
  for (int i = 0; i < args->slots; i++)
    if (args->slot[i].param->role != MDL_ROLE_out) names[count++] = args->slot[i].name;
  for (int i = 0; i < s->params; i++)
    if (s->param[i].role != MDL_ROLE_out)
      list = mdl_text(args->arena, "%s%s%s", list, *list ? ", " : "", s->param[i].name);
  MdlReport *report = mdl_error(args->session, MDL_E0502, MDL_NO_SPAN, s->entry, path);
  int found = mdl_did_you_mean(args->session, path, names, count, best, 3);
  if (found)
    mdl_help_similar(report, MDL_NO_SPAN, best, found);
  else
    mdl_help(report, "parameters: %s", *list ? list : "none");
  return false;
}

/* ---- one value --------------------------------------------------------------------------- */

static bool bad_value(MdlArgs *args, const char *what, const char *why)
{
  return mdl_error(args->session, MDL_E0808, MDL_NO_SPAN, "read", what, why), false;
}

/* A value shown in a message: not a page of numbers. */
static const char *shortened(MdlArena *arena, const char *text)
{
  return strlen(text) <= 40 ? mdl_text(arena, "%s", text) : mdl_text(arena, "%.36s…", text);
}

static const char *type_of_shape(MdlArena *arena, const char *dtype, int rank, const int64_t *shape)
{
  const char *text = "";
  for (int i = 0; i < rank; i++)
    text = mdl_text(arena, "%s%s%lld", text, i ? ", " : "", (long long)shape[i]);
  return rank ? mdl_text(arena, "%s[%s]", dtype, text) : dtype;
}

/* False: not rectangular. A shape ends where a list is empty. */
static bool shape_of(const MdlJson *json, int depth, int *rank, int64_t *shape)
{
  if (json->kind != MDL_JSON_list) return *rank < 0 ? (*rank = depth, true) : *rank == depth;
  if (depth == MDL_MAX_RANK) return false;
  if (shape[depth] < 0) shape[depth] = json->count;
  if (shape[depth] != json->count) return false;
  if (!json->count) return *rank < 0 ? (*rank = depth + 1, true) : *rank == depth + 1;
  for (int i = 0; i < json->count; i++)
    if (!shape_of(&json->item[i], depth + 1, rank, shape)) return false;
  return true;
}

static bool give_list(MdlArgs *args, MdlSlot *slot, const MdlJson *json, const char *spelled)
{
  slot->source = MDL_SOURCE_json;
  slot->json = json;
  slot->spelled = shortened(args->arena, spelled);
  slot->rank = -1;
  for (int i = 0; i < MDL_MAX_RANK; i++) slot->shape[i] = -1;
  if (shape_of(json, 0, &slot->rank, slot->shape)) return true;
  return bad_value(args, slot->spelled, "its rows differ in length");
}

static bool give_array(MdlArgs *args, MdlSlot *slot, const mdl_array *array, const char *spelled)
{
  const char *dtype = mdl_dtypes[slot->leaf->type.dtype].name;
  slot->source = MDL_SOURCE_array;
  slot->array = *array;
  slot->spelled = spelled;
  slot->rank = array->rank;
  memcpy(slot->shape, array->shape, sizeof slot->shape);
  if (!strcmp(mdl_element_name(array->element), dtype)) return true;
  mdl_error(args->session, MDL_E0811, MDL_NO_SPAN, spelled,
            type_of_shape(args->arena, mdl_element_name(array->element), array->rank, array->shape),
            slot->name, mdl_type_text(args->arena, &slot->leaf->type));
  return false;
}

static bool give_weights(MdlArgs *args, const mdl_mapping *map, const char *path,
                         const char *spelled)
{
  mdl_weights weights;
  const char *why = mdl_weights_read(map->bytes, map->length, &weights);
  if (why) return bad_value(args, spelled, why);
  size_t length = strlen(path);
  for (int i = next_below(args, path, 0); i >= 0; i = next_below(args, path, i + 1)) {
    MdlSlot *slot = &args->slot[i];
    mdl_array array;
    /* "fc1.w" as a model's own file has it, else "m.fc1.w". */
    const char *within = slot->name[length] ? slot->name + length + 1 : slot->name;
    const char *missing = mdl_weights_find(&weights, within, &array);
    if (missing) missing = mdl_weights_find(&weights, slot->name, &array);
    if (missing)
      return bad_value(args, spelled, mdl_text(args->arena, "it has no array `%s`", within));
    if (!give_array(args, slot, &array, spelled)) return false;
  }
  return true;
}

static bool ends_with(const char *text, const char *end)
{
  size_t a = strlen(text), b = strlen(end);
  return a >= b && !strcmp(text + a - b, end);
}

static bool give_file(MdlArgs *args, const char *path, const char *spelled)
{
  mdl_array array;
  int count = count_below(args, path);
  enum { ROOM = sizeof args->mapping / sizeof *args->mapping };
  if (args->mappings == ROOM) return bad_value(args, spelled, "that is one file too many");
  mdl_mapping *map = &args->mapping[args->mappings];
  const char *why = mdl_map_file(spelled + 1, map);
  if (why) return bad_value(args, spelled + 1, why);
  args->mappings++;
  if (ends_with(spelled, ".safetensors")) return give_weights(args, map, path, spelled);
  why = mdl_npy_read(map->bytes, map->length, &array);
  if (why) return bad_value(args, spelled + 1, why);
  if (count == 1) return give_array(args, &args->slot[next_below(args, path, 0)], &array, spelled);
  return bad_value(args, spelled,
                   mdl_text(args->arena, "`%s` has %d leaves, an npy file one array", path, count));
}

/* "random:7" */
static bool give_seed(MdlArgs *args, const char *path, const char *spelled, MdlSource source)
{
  char *end;
  const char *digits = strchr(spelled, ':') + 1;
  uint64_t seed = strtoull(digits, &end, 10);
  if (!isdigit((unsigned char)*digits) || *end)
    return bad_value(args, spelled, "a seed is a number");
  for (int i = next_below(args, path, 0); i >= 0; i = next_below(args, path, i + 1)) {
    MdlSlot *slot = &args->slot[i];
    if (source == MDL_SOURCE_init && !slot->param->struct_type)
      return bad_value(args, spelled, mdl_text(args->arena, "`%s` is no model", slot->name));
    slot->source = source;
    slot->spelled = spelled;
    slot->seed = seed;
    slot->rank = -1;
  }
  return true;
}

static bool give_json(MdlArgs *args, const char *path, const MdlJson *json, const char *spelled);

static bool give_text(MdlArgs *args, const char *path, const char *text)
{
  const char *why = NULL;
  if (!count_below(args, path)) return no_such_name(args, path);
  if (*text == '@') return give_file(args, path, text);
  if (!strncmp(text, "random:", 7)) return give_seed(args, path, text, MDL_SOURCE_random);
  if (!strncmp(text, "init:", 5)) return give_seed(args, path, text, MDL_SOURCE_init);
  const MdlJson *json = mdl_json_read(args->arena, text, strlen(text), &why);
  return json ? give_json(args, path, json, text)
              : bad_value(args, mdl_text(args->arena, "`%s`", shortened(args->arena, text)), why);
}

static bool give_json(MdlArgs *args, const char *path, const MdlJson *json, const char *spelled)
{
  int first = next_below(args, path, 0), count = count_below(args, path);
  if (!count) return no_such_name(args, path);
  if (json->kind == MDL_JSON_text) return give_text(args, path, json->text);
  if (json->kind == MDL_JSON_object) {
    for (int i = 0; i < json->count; i++)
      if (!give_json(args, mdl_text(args->arena, "%s.%s", path, json->key[i]), &json->item[i],
                     spelled))
        return false;
    return true;
  }
  if (count == 1 && !strcmp(args->slot[first].name, path) && json->kind != MDL_JSON_null)
    return give_list(args, &args->slot[first], json, spelled);
  mdl_error(args->session, MDL_E0811, MDL_NO_SPAN, shortened(args->arena, spelled), "no struct",
            path, args->slot[first].param->struct_type);
  return false;
}

/* ---- the command line -------------------------------------------------------------------- */

/* The `=` of NAME=VALUE; NULL for a value. */
static const char *equal_of(const char *word)
{
  if (!isalpha((unsigned char)*word) && *word != '_') return NULL;
  size_t length = 0;
  while (isalnum((unsigned char)word[length]) || word[length] == '_' || word[length] == '.')
    length++;
  return word[length] == '=' ? word + length : NULL;
}

/* N=4: a free size by its name. */
static bool give_size(MdlArgs *args, const char *name, const char *text)
{
  const MdlSignature *s = args->signature;
  char *end;
  for (int i = 0; i < s->sizes; i++) {
    if (strcmp(s->size[i], name)) continue;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || value < 0) return false;
    args->size[i] = value;
    args->origin[i] = mdl_text(args->arena, "%s=%s", name, text);
    return true;
  }
  return false;
}

static bool is_given(const MdlArgs *args, const MdlParam *param)
{
  for (int i = 0; i < param->leaves; i++)
    if (args->slot[param->leaf + i].source != MDL_SOURCE_none) return true;
  return false;
}

static int params_wanted(const MdlArgs *args)
{
  int count = 0;
  for (int i = 0; i < args->signature->params; i++)
    count += args->signature->param[i].role != MDL_ROLE_out;
  return count;
}

static const char *wanted_text(const MdlArgs *args)
{
  int n = params_wanted(args);
  return mdl_text(args->arena, "%d argument%s", n, n == 1 ? "" : "s");
}

static bool give_named(MdlArgs *args, int words, const char *const *word)
{
  for (int i = 0; i < words; i++) {
    const char *equal = equal_of(word[i]);
    if (!equal) continue;
    const char *name = mdl_text_copy(args->arena, word[i], (size_t)(equal - word[i]));
    if (!give_size(args, name, equal + 1) && !give_text(args, name, equal + 1)) return false;
  }
  return true;
}

/* Values without a name go to the parameters that have none yet, in order. */
static bool give_positional(MdlArgs *args, int words, const char *const *word)
{
  const MdlSignature *s = args->signature;
  int at = 0;
  for (int i = 0; i < words; i++) {
    if (equal_of(word[i])) continue;
    while (at < s->params && (s->param[at].role == MDL_ROLE_out || is_given(args, &s->param[at])))
      at++;
    if (at < s->params && !give_text(args, s->param[at].name, word[i])) return false;
    if (at++ < s->params) continue;
    mdl_note(mdl_error(args->session, MDL_E0501, MDL_NO_SPAN, s->entry,
                       wanted_text(args),
                       mdl_text(args->arena, "%d", words),
                       mdl_text(args->arena, "`%s` is one too many", word[i])),
             "%s", s->text);
    return false;
  }
  return true;
}

static bool give_args_file(MdlArgs *args, const char *path)
{
  size_t length;
  const char *why = NULL;
  char *bytes = mdl_file_read(args->arena, path, MOST_JSON, &length, &why);
  MdlJson *json = bytes ? mdl_json_read(args->arena, bytes, length, &why) : NULL;
  if (json && json->kind != MDL_JSON_object) why = "it is no object", json = NULL;
  if (!json) return bad_value(args, path, why);
  for (int i = 0; i < json->count; i++) {
    const MdlJson *value = &json->item[i];
    if (value->kind == MDL_JSON_number && give_size(args, json->key[i], value->text)) continue;
    if (!give_json(args, json->key[i], value,
                   mdl_text(args->arena, "%s in %s", json->key[i], path)))
      return false;
  }
  return true;
}

static bool give_presets(MdlArgs *args)
{
  const MdlSignature *s = args->signature;
  for (int i = 0; i < s->params; i++) {
    const MdlParam *p = &s->param[i];
    if (p->role == MDL_ROLE_out || !p->preset || is_given(args, p)) continue;
    if (!give_text(args, p->name, p->preset)) return false;
  }
  return true;
}

/* The names without a value, up to a line of them: "`m.b`, `x`". */
static const char *missing_names(const MdlArgs *args, const char **first)
{
  const char *names = "";
  for (int i = 0; i < args->slots; i++) {
    const MdlSlot *slot = &args->slot[i];
    if (slot->param->role == MDL_ROLE_out || slot->source != MDL_SOURCE_none) continue;
    bool whole = !is_given(args, slot->param);
    const char *name = whole ? slot->param->name : slot->name;
    if (!*first) *first = name;
    if (strlen(names) < 60)
      names = mdl_text(args->arena, "%s%s`%s`", names, *names ? ", " : "", name);
    if (whole) i = slot->param->leaf + slot->param->leaves - 1;
  }
  return names;
}

static bool nothing_missing(MdlArgs *args)
{
  const char *first = NULL, *names = missing_names(args, &first);
  const MdlSignature *s = args->signature;
  int got = 0;
  if (!first) return true;
  for (int i = 0; i < s->params; i++)
    got += s->param[i].role != MDL_ROLE_out && is_given(args, &s->param[i]);
  MdlReport *report =
      mdl_error(args->session, MDL_E0501, MDL_NO_SPAN, s->entry,
                wanted_text(args), mdl_text(args->arena, "%d", got),
                mdl_text(args->arena, "%s missing", names));
  mdl_note(report, "%s", s->text);
  mdl_help(report, "`%s=VALUE`, or `%s=random:1`", first, first);
  return false;
}

static void make_slots(MdlArgs *args)
{
  const MdlSignature *s = args->signature;
  args->slots = s->leaves;
  args->slot = MDL_NEW(args->arena, MdlSlot, (size_t)s->leaves + 1);
  args->size = MDL_NEW(args->arena, int64_t, (size_t)s->sizes + 1);
  args->origin = MDL_NEW(args->arena, const char *, (size_t)s->sizes + 1);
  for (int i = 0; i < s->sizes; i++) args->size[i] = -1;
  for (int i = 0; i < s->params; i++) {
    const MdlParam *p = &s->param[i];
    for (int k = 0; k < p->leaves; k++) {
      MdlSlot *slot = &args->slot[p->leaf + k];
      slot->param = p;
      slot->leaf = &s->leaf[p->leaf + k];
      slot->name =
          mdl_text(args->arena, "%s%s%s", p->name, *slot->leaf->path ? "." : "", slot->leaf->path);
      slot->rank = -1;
    }
  }
}

bool mdl_args_read(MdlArgs *args, MdlSession *session, const MdlSignature *signature,
                   const char *file, int words, const char *const *word)
{
  *args = (MdlArgs){.session = session, .arena = session->arena, .signature = signature};
  make_slots(args);
  if (file && !give_args_file(args, file)) return false;
  return give_named(args, words, word) && give_positional(args, words, word) &&
         give_presets(args) && nothing_missing(args);
}

void mdl_args_close(MdlArgs *args)
{
  for (int i = 0; i < args->mappings; i++) mdl_unmap_file(&args->mapping[i]);
  args->mappings = 0;
}
