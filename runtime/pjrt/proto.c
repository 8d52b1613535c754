/* The wire format: protobuf.dev, Encoding. */
#include "runtime/pjrt/proto.h"

#include <string.h>

enum { WIRE_varint = 0, WIRE_fixed64 = 1, WIRE_bytes = 2, WIRE_fixed32 = 5 };

static int varint(mdl_proto *message, uint64_t *value)
{
  unsigned shift;
  *value = 0;
  for (shift = 0; shift < 64 && message->at < message->end; shift += 7) {
    unsigned char byte = *message->at++;
    *value |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return 1;
  }
  return 0;
}

static int fixed(mdl_proto *message, size_t bytes, uint64_t *value)
{
  size_t i;
  if ((size_t)(message->end - message->at) < bytes) return 0;
  for (*value = 0, i = 0; i < bytes; i++) *value |= (uint64_t)*message->at++ << 8 * i;
  return 1;
}

static int part(mdl_proto *message, mdl_proto *out)
{
  uint64_t length;
  if (!varint(message, &length) || length > (uint64_t)(message->end - message->at)) return 0;
  out->at = message->at;
  out->end = message->at += length;
  return 1;
}

int mdl_proto_next(mdl_proto *message, mdl_proto_field *field)
{
  uint64_t tag;
  memset(field, 0, sizeof *field);
  if (!varint(message, &tag)) return 0;
  field->field = (int)(tag >> 3 & 0x1fffffff);
  field->wire = (int)(tag & 7);
  switch (field->wire) {
  case WIRE_varint:
    return varint(message, &field->number);
  case WIRE_fixed64:
    return fixed(message, 8, &field->number);
  case WIRE_fixed32:
    return fixed(message, 4, &field->number);
  case WIRE_bytes:
    return part(message, &field->message);
  default: /* groups are gone for long */
    return 0;
  }
}

int mdl_proto_find(mdl_proto message, int field, mdl_proto_field *found)
{
  while (mdl_proto_next(&message, found))
    if (found->field == field) return 1;
  memset(found, 0, sizeof *found);
  return 0;
}

int64_t mdl_proto_number(mdl_proto message, int field, int64_t otherwise)
{
  mdl_proto_field found;
  return mdl_proto_find(message, field, &found) ? (int64_t)found.number : otherwise;
}

void mdl_proto_ints_open(mdl_proto_ints *ints, mdl_proto message, int field)
{
  memset(ints, 0, sizeof *ints);
  ints->rest = message;
  ints->field = field;
}

int mdl_proto_ints_next(mdl_proto_ints *ints, int64_t *value)
{
  mdl_proto_field field;
  uint64_t number;
  for (;;) {
    if (ints->packed.at < ints->packed.end) {
      if (!varint(&ints->packed, &number)) return 0;
      return *value = (int64_t)number, 1;
    }
    do {
      if (!mdl_proto_next(&ints->rest, &field)) return 0;
    } while (field.field != ints->field);
    if (field.wire == WIRE_varint) return *value = (int64_t)field.number, 1;
    ints->packed = field.message;
  }
}
