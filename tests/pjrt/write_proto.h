/* Protobuf messages written by hand: the wire format, and XLA's shapes. */
#ifndef MDL_TESTS_PJRT_WRITE_PROTO_H
#define MDL_TESTS_PJRT_WRITE_PROTO_H

#include <stdint.h>
#include <string.h>

typedef struct {
  unsigned char at[4096];
  size_t length;
} proto_bytes;

static inline void varint(proto_bytes *b, uint64_t value)
{
  for (; value > 127; value >>= 7) b->at[b->length++] = (unsigned char)(value | 128);
  b->at[b->length++] = (unsigned char)value;
}

static inline void number(proto_bytes *b, int field, uint64_t value)
{
  varint(b, (uint64_t)field << 3);
  varint(b, value);
}

static inline void blob(proto_bytes *b, int field, const void *data, size_t length)
{
  varint(b, (uint64_t)field << 3 | 2);
  varint(b, length);
  memcpy(b->at + b->length, data, length);
  b->length += length;
}

static inline void text(proto_bytes *b, int field, const char *word)
{
  blob(b, field, word, strlen(word));
}
static inline void message(proto_bytes *b, int field, const proto_bytes *m)
{
  blob(b, field, m->at, m->length);
}

/* The ShapeProto of f32[2,3]{1,0}, or of f32[] for rank 0. */
static inline proto_bytes shape_of(int rank)
{
  static const unsigned char dims[] = {2, 3}, order[] = {1, 0};
  proto_bytes shape = {{0}, 0}, layout = {{0}, 0};
  number(&shape, 2, 11);
  if (rank) blob(&shape, 3, dims, 2), blob(&layout, 1, order, 2);
  message(&shape, 5, &layout);
  return shape;
}

#endif
