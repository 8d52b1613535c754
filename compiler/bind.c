/* Sizes from the shapes of values, then the values in memory. */
#include "compiler/args.h"

#include "compiler/number.h"

#include <string.h>

static const int64_t most_bytes = (int64_t)1 << 40;

/* ---- sizes ------------------------------------------------------------------------------- */

bool mdl_args_named_size(const MdlArgs *args, const char *name, int64_t *value)
{
  for (int i = 0; i < args->signature->sizes; i++)
    if (!strcmp(args->signature->size[i], name)) return *value = args->size[i], *value >= 0;
  return false;
}

static bool value_of(void *user, const char *name, int64_t *value)
{
  return mdl_args_named_size(user, name, value);
}

bool mdl_args_size(const MdlArgs *args, const MdlSize *size, int64_t *value)
{
  return mdl_size_eval(size, value_of, (void *)(uintptr_t)args, value);
}

static const char *shape_text(MdlArgs *args, const MdlSlot *slot, const int64_t *shape)
{
  const char *text = "";
  for (int i = 0; i < slot->rank; i++)
    text = mdl_text(args->arena, "%s%s%lld", text, i ? ", " : "", (long long)shape[i]);
  const char *dtype = mdl_dtypes[slot->leaf->type.dtype].name;
  return slot->rank ? mdl_text(args->arena, "%s[%s]", dtype, text) : dtype;
}

static bool does_not_fit(MdlArgs *args, const MdlSlot *slot)
{
  MdlReport *report = mdl_error(args->session, MDL_E0811, MDL_NO_SPAN, slot->spelled,
                                shape_text(args, slot, slot->shape), slot->name,
                                mdl_type_text(args->arena, &slot->leaf->type));
  const MdlSignature *s = args->signature;
  const char *known = "";
  for (int i = 0; i < s->sizes; i++)
    if (args->size[i] >= 0 && args->origin[i])
      known = mdl_text(args->arena, "%s%s`%s` is %lld, by %s", known, *known ? ", " : "",
                       s->size[i], (long long)args->size[i], args->origin[i]);
  if (*known) mdl_note(report, "%s", known);
  return false;
}

/* The only name in a size that is not known yet, by index; -1: none, -2: several. */
static int only_unknown(const MdlArgs *args, const MdlSize *size)
{
  int found = -1;
  for (int i = 0; i < args->signature->sizes; i++) {
    if (args->size[i] >= 0 || !mdl_size_uses(size, args->signature->size[i])) continue;
    if (found >= 0) return -2;
    found = i;
  }
  return found;
}

/* An empty list leaves the dims behind it open. */
static bool has_dim(const MdlSlot *slot, int axis)
{
  return axis < slot->rank && slot->shape[axis] >= 0;
}

/* One round over all dims; *progress if a size became known. */
static bool solve_round(MdlArgs *args, bool *progress)
{
  for (int i = 0; i < args->slots; i++) {
    const MdlSlot *slot = &args->slot[i];
    const MdlType *type = &slot->leaf->type;
    for (int axis = 0; slot->rank >= 0 && axis < type->rank; axis++) {
      int unknown = has_dim(slot, axis) ? only_unknown(args, type->dim[axis]) : -1;
      if (unknown < 0) continue;
      int64_t value;
      if (!mdl_size_solve_value(args->session->sizes, type->dim[axis],
                                args->signature->size[unknown], value_of, args, slot->shape[axis],
                                &value))
        return args->failure = mdl_guard_report(args, slot, axis), false;
      args->size[unknown] = value;
      args->origin[unknown] = mdl_text(args->arena, "`%s`", slot->name);
      *progress = true;
    }
  }
  return true;
}

static bool rank_fits(const MdlSlot *slot)
{
  if (slot->rank < 0 || slot->rank == slot->leaf->type.rank) return true;
  bool empty = slot->source == MDL_SOURCE_json && slot->rank && !slot->shape[slot->rank - 1];
  return empty && slot->rank < slot->leaf->type.rank;
}

static bool all_known(MdlArgs *args)
{
  const MdlSignature *s = args->signature;
  for (int i = 0; i < s->sizes; i++) {
    if (args->size[i] >= 0) continue;
    mdl_help(mdl_error(args->session, MDL_E0406, MDL_NO_SPAN, s->size[i]), "`-D%s=4`", s->size[i]);
    return false;
  }
  return true;
}

/* Dims of every leaf, and that values have them. */
static bool measure(MdlArgs *args, MdlSlot *slot)
{
  const MdlType *type = &slot->leaf->type;
  int64_t bytes = mdl_dtypes[type->dtype].bytes;
  slot->elements = 1;
  for (int axis = 0; axis < type->rank; axis++) {
    int64_t *dim = &slot->dim[axis];
    bool good = mdl_args_size(args, type->dim[axis], dim) && *dim >= 0 &&
                !__builtin_mul_overflow(slot->elements, *dim, &slot->elements) &&
                slot->elements <= most_bytes / bytes;
    if (!good) {
      mdl_error(args->session, MDL_E0902, MDL_NO_SPAN,
                mdl_text(args->arena, "`%s`: %s", slot->name, mdl_type_text(args->arena, type)));
      return false;
    }
    if (has_dim(slot, axis) && slot->shape[axis] != *dim) return does_not_fit(args, slot);
  }
  return true;
}

bool mdl_args_bind(MdlArgs *args)
{
  for (int i = 0; i < args->slots; i++)
    if (!rank_fits(&args->slot[i])) return does_not_fit(args, &args->slot[i]);
  for (bool progress = true; progress;) {
    progress = false;
    if (!solve_round(args, &progress)) return false;
  }
  if (!all_known(args)) return false;
  for (int i = 0; i < args->slots; i++)
    if (!measure(args, &args->slot[i])) return false;
  return true;
}

/* ---- values ------------------------------------------------------------------------------ */

static bool fill_json(MdlArgs *args, MdlSlot *slot, const MdlJson *json, char **at)
{
  MdlDtype dtype = slot->leaf->type.dtype;
  if (json->kind == MDL_JSON_list) {
    for (int i = 0; i < json->count; i++)
      if (!fill_json(args, slot, &json->item[i], at)) return false;
    return true;
  }
  bool word = json->kind == MDL_JSON_number ||
              (json->kind == MDL_JSON_bool && mdl_is_bool(dtype)) ||
              (json->kind == MDL_JSON_text && mdl_is_float(dtype));
  if (!word || !mdl_number_read(dtype, json->text, *at)) {
    mdl_help(mdl_error(args->session, MDL_E0303, MDL_NO_SPAN, json->text ? json->text : "null",
                       mdl_dtypes[dtype].name),
             "`%s` is %s", slot->name, mdl_type_text(args->arena, &slot->leaf->type));
    return false;
  }
  *at += mdl_dtypes[dtype].bytes;
  return true;
}

/* A bool in a file may be any byte; in memory it is 0 or 1. */
static void fill_array(MdlSlot *slot)
{
  memcpy(slot->data, slot->array.data, slot->array.bytes);
  unsigned char *byte = slot->data;
  if (mdl_is_bool(slot->leaf->type.dtype))
    for (int64_t i = 0; i < slot->elements; i++) byte[i] = byte[i] != 0;
}

/* splitmix64 (Steele, Lea, Flood 2014) at a counter: the same on every machine. */
static uint64_t bits_at(uint64_t seed, uint64_t i)
{
  uint64_t z = (seed + 1) * 0x9e3779b97f4a7c15u + i * 0xd1342543de82ef95u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static uint64_t hash(const char *text) /* FNV-1a: leaves differ, whatever their order */
{
  uint64_t h = 0xcbf29ce484222325u;
  for (; *text; text++) h = (h ^ (unsigned char)*text) * 0x100000001b3u;
  return h;
}

/* Floats in [-1, 1), whole numbers 0 to 9, bools, and all the bits of u32 (keys). */
static void fill_random(MdlSlot *slot)
{
  MdlDtype dtype = slot->leaf->type.dtype;
  char *at = slot->data;
  uint64_t seed = slot->seed + hash(slot->name);
  for (int64_t i = 0; i < slot->elements; i++, at += mdl_dtypes[dtype].bytes) {
    uint64_t bits = bits_at(seed, (uint64_t)i);
    double value = (double)(bits % 10);
    if (mdl_is_bool(dtype)) value = (double)(bits >> 63);
    if (mdl_is_float(dtype)) value = (double)(int64_t)(bits >> 40) * 0x1p-23 - 1;
    if (dtype == MDL_u32) value = (double)(bits >> 32);
    mdl_number_put(dtype, value, at);
  }
}

bool mdl_args_fill(MdlArgs *args)
{
  for (int i = 0; i < args->slots; i++) {
    MdlSlot *slot = &args->slot[i];
    char *at = slot->data = mdl_alloc_array(args->arena, (size_t)slot->elements + 1,
                                            (size_t)mdl_dtypes[slot->leaf->type.dtype].bytes);
    if (slot->source == MDL_SOURCE_array) fill_array(slot);
    if (slot->source == MDL_SOURCE_random) fill_random(slot);
    if (slot->source == MDL_SOURCE_json && !fill_json(args, slot, slot->json, &at)) return false;
  }
  return true;
}
