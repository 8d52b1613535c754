/* XLA's optimised program as text. Field numbers: xla/service/hlo.proto, xla/xla_data.proto. */
#include "runtime/pjrt/proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODULE_name = 1, MODULE_computations = 3, MODULE_entry = 6 };
enum {
  COMPUTATION_name = 1,
  COMPUTATION_instructions = 2,
  COMPUTATION_id = 5,
  COMPUTATION_root = 6
};
enum {
  OP_name = 1,
  OP_opcode = 2,
  OP_shape = 3,
  OP_metadata = 7,
  OP_literal = 8,
  OP_parameter = 9,
  OP_fusion_kind = 11,
  OP_tuple_index = 13,
  OP_dimensions = 14,
  OP_custom_call = 28,
  OP_id = 35,
  OP_operands = 36,
  OP_called = 38,
  OP_groups = 49,
  OP_direction = 63
};
enum { SHAPE_type = 2, SHAPE_dims = 3, SHAPE_parts = 4, SHAPE_layout = 5, LAYOUT_order = 1 };
enum { METADATA_name = 2, METADATA_file = 3, METADATA_line = 4 };
enum { TYPE_pred = 1, TYPE_s32 = 4, TYPE_s64 = 5, TYPE_f32 = 11, TYPE_f64 = 12, TYPE_tuple = 13 };

mdl_proto mdl_hlo_module(const void *bytes, size_t length)
{
  mdl_proto whole;
  mdl_proto_field inner, entry;
  whole.at = bytes;
  whole.end = whole.at + length;
  /* Field 1 of the one is the module, of the other the module's name. */
  if (mdl_proto_find(whole, 1, &inner) && !mdl_proto_find(whole, MODULE_computations, &entry) &&
      mdl_proto_find(inner.message, MODULE_computations, &entry))
    return inner.message;
  return whole;
}

static int is_text(mdl_proto text, const char *word)
{
  size_t length = strlen(word);
  return (size_t)(text.end - text.at) == length && !memcmp(text.at, word, length);
}

int64_t mdl_hlo_count(mdl_proto module, const char *opcode)
{
  mdl_proto_field computation, op, found;
  int64_t count = 0;
  while (mdl_proto_next(&module, &computation)) {
    if (computation.field != MODULE_computations) continue;
    while (mdl_proto_next(&computation.message, &op))
      count += op.field == COMPUTATION_instructions &&
               mdl_proto_find(op.message, OP_opcode, &found) && is_text(found.message, opcode);
  }
  return count;
}

/* ---- names by id ------------------------------------------------------------------------- */

typedef struct {
  int64_t id;
  mdl_proto name;
} named;

typedef struct {
  named *item;
  size_t count, room;
} names;

typedef struct {
  FILE *out;
  names ops, computations;
} printer;

static int by_id(const void *a, const void *b)
{
  int64_t x = ((const named *)a)->id, y = ((const named *)b)->id;
  return (x > y) - (x < y);
}

static int add(names *list, mdl_proto message, int id_field)
{
  mdl_proto_field name;
  if (list->count == list->room) {
    size_t room = list->room ? 2 * list->room : 256;
    named *more = realloc(list->item, room * sizeof *more);
    if (!more) return 0;
    list->item = more;
    list->room = room;
  }
  mdl_proto_find(message, OP_name, &name); /* the same number in a computation */
  list->item[list->count].id = mdl_proto_number(message, id_field, 0);
  list->item[list->count++].name = name.message;
  return 1;
}

static int collect(printer *p, mdl_proto module)
{
  mdl_proto_field computation, op;
  while (mdl_proto_next(&module, &computation)) {
    if (computation.field != MODULE_computations) continue;
    if (!add(&p->computations, computation.message, COMPUTATION_id)) return 0;
    while (mdl_proto_next(&computation.message, &op))
      if (op.field == COMPUTATION_instructions && !add(&p->ops, op.message, OP_id)) return 0;
  }
  if (p->ops.count) qsort(p->ops.item, p->ops.count, sizeof *p->ops.item, by_id);
  if (p->computations.count)
    qsort(p->computations.item, p->computations.count, sizeof *p->computations.item, by_id);
  return 1;
}

static void put(printer *p, mdl_proto text)
{
  fwrite(text.at ? (const char *)text.at : "", 1, (size_t)(text.end - text.at), p->out);
}

/* "%a, %b": the names of the ids in a field. */
static void references(printer *p, mdl_proto op, int field, const names *list)
{
  mdl_proto_ints ids;
  named key = {0, {NULL, NULL}};
  const char *between = "";
  mdl_proto_ints_open(&ids, op, field);
  while (mdl_proto_ints_next(&ids, &key.id)) {
    const named *found =
        list->count ? bsearch(&key, list->item, list->count, sizeof key, by_id) : NULL;
    fprintf(p->out, "%s%%", between);
    if (found)
      put(p, found->name);
    else
      fputc('?', p->out);
    between = ", ";
  }
}

/* ---- an instruction ---------------------------------------------------------------------- */

static void numbers(printer *p, mdl_proto message, int field)
{
  mdl_proto_ints ints;
  int64_t value;
  const char *between = "";
  mdl_proto_ints_open(&ints, message, field);
  while (mdl_proto_ints_next(&ints, &value)) {
    fprintf(p->out, "%s%lld", between, (long long)value);
    between = ",";
  }
}

static void shape_text(printer *p, mdl_proto shape, int depth)
{
  static const char *const types[] = {"?",    "pred",   "s8",       "s16", "s32",  "s64",
                                      "u8",   "u16",    "u32",      "u64", "f16",  "f32",
                                      "f64",  "()",     "opaque",   "c64", "bf16", "token",
                                      "c128", "f8e5m2", "f8e4m3fn", "s4",  "u4"};
  int64_t type = mdl_proto_number(shape, SHAPE_type, 0);
  mdl_proto_field part;
  const char *between = "";
  if (type == TYPE_tuple && depth < 16) { /* files may be hostile, programs are not that deep */
    fputc('(', p->out);
    while (mdl_proto_next(&shape, &part)) {
      if (part.field != SHAPE_parts) continue;
      fputs(between, p->out);
      shape_text(p, part.message, depth + 1);
      between = ", ";
    }
    fputc(')', p->out);
    return;
  }
  fprintf(p->out, "%s[",
          type > 0 && type < (int)(sizeof types / sizeof *types) ? types[type] : "?");
  numbers(p, shape, SHAPE_dims);
  fputc(']', p->out);
  if (!mdl_proto_find(shape, SHAPE_layout, &part)) return;
  fputc('{', p->out);
  numbers(p, part.message, LAYOUT_order);
  fputc('}', p->out);
}

/* LiteralProto: shape 1, preds 2 (bytes), s32s 4, s64s 5, f32s 8, f64s 9. Scalars only. */
static void literal_text(printer *p, mdl_proto literal)
{
  mdl_proto_field shape, data;
  mdl_proto_ints ints;
  int64_t type, whole = 0;
  float single;
  double twice;
  static const int field_of[] = {
      [TYPE_pred] = 2, [TYPE_s32] = 4, [TYPE_s64] = 5, [TYPE_f32] = 8, [TYPE_f64] = 9};
  mdl_proto_find(literal, 1, &shape);
  type = mdl_proto_number(shape.message, SHAPE_type, 0);
  mdl_proto_ints_open(&ints, shape.message, SHAPE_dims);
  if (type < 1 || type > TYPE_f64 || !field_of[type] || mdl_proto_ints_next(&ints, &whole) ||
      !mdl_proto_find(literal, field_of[type], &data)) {
    fputs("{...}", p->out);
    return;
  }
  mdl_proto_ints_open(&ints, literal, field_of[type]);
  if (type == TYPE_pred && data.message.at < data.message.end) {
    fputs(*data.message.at ? "true" : "false", p->out);
  } else if (type == TYPE_f32 && data.message.end - data.message.at == 4) {
    memcpy(&single, data.message.at, 4);
    fprintf(p->out, "%.9g", (double)single);
  } else if (type == TYPE_f64 && data.message.end - data.message.at == 8) {
    memcpy(&twice, data.message.at, 8);
    fprintf(p->out, "%.17g", twice);
  } else if ((type == TYPE_s32 || type == TYPE_s64) && mdl_proto_ints_next(&ints, &whole)) {
    fprintf(p->out, "%lld", (long long)whole);
  } else {
    fputs("{...}", p->out);
  }
}

static void text_attribute(printer *p, mdl_proto op, int field, const char *before,
                           const char *after)
{
  mdl_proto_field text;
  if (!mdl_proto_find(op, field, &text)) return;
  fputs(before, p->out);
  put(p, text.message);
  fputs(after, p->out);
}

static void replica_groups(printer *p, mdl_proto op)
{
  mdl_proto_field group;
  const char *before = ", replica_groups={{";
  while (mdl_proto_next(&op, &group)) {
    if (group.field != OP_groups) continue;
    fputs(before, p->out);
    numbers(p, group.message, 1);
    before = "},{";
  }
  if (*before == '}') fputs("}}", p->out);
}

static void attributes(printer *p, mdl_proto op)
{
  mdl_proto_field found;
  if (mdl_proto_find(op, OP_dimensions, &found)) {
    fputs(", dimensions={", p->out);
    numbers(p, op, OP_dimensions);
    fputc('}', p->out);
  }
  if (mdl_proto_find(op, OP_tuple_index, &found))
    fprintf(p->out, ", index=%llu", (unsigned long long)found.number);
  text_attribute(p, op, OP_direction, ", direction=", "");
  text_attribute(p, op, OP_fusion_kind, ", kind=", "");
  text_attribute(p, op, OP_custom_call, ", custom_call_target=\"", "\"");
  if (mdl_proto_find(op, OP_called, &found)) {
    fputs(", calls=", p->out);
    references(p, op, OP_called, &p->computations);
  }
  replica_groups(p, op);
}

/* "  // mlp.mdl:23 m.fc1.w" */
static void origin(printer *p, mdl_proto op)
{
  mdl_proto_field metadata, file, name;
  if (!mdl_proto_find(op, OP_metadata, &metadata)) return;
  mdl_proto_find(metadata.message, METADATA_file, &file);
  mdl_proto_find(metadata.message, METADATA_name, &name);
  if (!file.field && !name.field) return;
  fputs("  //", p->out);
  if (file.field) {
    fputc(' ', p->out);
    put(p, file.message);
    fprintf(p->out, ":%lld", (long long)mdl_proto_number(metadata.message, METADATA_line, 0));
  }
  text_attribute(p, metadata.message, METADATA_name, " ", "");
}

static void instruction(printer *p, mdl_proto op, int64_t root)
{
  mdl_proto_field found;
  fputs(mdl_proto_number(op, OP_id, 0) == root ? "  ROOT %" : "  %", p->out);
  text_attribute(p, op, OP_name, "", " = ");
  if (mdl_proto_find(op, OP_shape, &found)) shape_text(p, found.message, 0);
  text_attribute(p, op, OP_opcode, " ", "(");
  mdl_proto_find(op, OP_opcode, &found);
  if (is_text(found.message, "parameter"))
    fprintf(p->out, "%lld", (long long)mdl_proto_number(op, OP_parameter, 0));
  if (mdl_proto_find(op, OP_literal, &found)) literal_text(p, found.message);
  references(p, op, OP_operands, &p->ops);
  fputc(')', p->out);
  attributes(p, op);
  origin(p, op);
  fputc('\n', p->out);
}

static void computation_text(printer *p, mdl_proto computation, int64_t entry)
{
  int64_t root = mdl_proto_number(computation, COMPUTATION_root, -1);
  mdl_proto_field op;
  fputs(mdl_proto_number(computation, COMPUTATION_id, 0) == entry ? "\nENTRY %" : "\n%", p->out);
  text_attribute(p, computation, COMPUTATION_name, "", " {\n");
  while (mdl_proto_next(&computation, &op))
    if (op.field == COMPUTATION_instructions) instruction(p, op.message, root);
  fputs("}\n", p->out);
}

char *mdl_hlo_text(mdl_proto module)
{
  printer p;
  char *text = NULL;
  size_t length = 0;
  mdl_proto_field computation;
  int64_t entry = mdl_proto_number(module, MODULE_entry, -1);
  memset(&p, 0, sizeof p);
  p.out = open_memstream(&text, &length);
  if (!p.out) return NULL;
  int good = collect(&p, module);
  text_attribute(&p, module, MODULE_name, "HloModule ", "\n");
  while (good && mdl_proto_next(&module, &computation))
    if (computation.field == MODULE_computations) computation_text(&p, computation.message, entry);
  good = !fclose(p.out) && good;
  free(p.ops.item);
  free(p.computations.item);
  if (good) return text;
  free(text);
  return NULL;
}
