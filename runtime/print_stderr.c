#include "runtime/element.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WHOLE = 1000 /* elements shown without gaps */, EDGE = 3 };

typedef struct {
  const unsigned char *data;
  const int64_t *shape;
  int element, rank, cut;
  char *line; /* NULL: no memory, and the line goes out in pieces */
  size_t length, room;
} printing;

static void put(printing *p, const char *text) {
  size_t more = strlen(text);
  if (p->line && p->length + more + 1 > p->room) {
    size_t room = 2 * (p->length + more + 1);
    char *line = (char *)realloc(p->line, room);
    if (!line) {
      fwrite(p->line, 1, p->length, stderr);
      free(p->line);
    }
    p->line = line;
    p->room = room;
  }
  if (!p->line) {
    fputs(text, stderr);
    return;
  }
  memcpy(p->line + p->length, text, more + 1);
  p->length += more;
}

static float bits_as_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static float half_as_float(uint16_t half) {
  uint32_t sign = (uint32_t)(half & 0x8000u) << 16, exponent = half >> 10 & 31u;
  uint32_t fraction = half & 0x3ffu;
  if (exponent == 31) return bits_as_float(sign | 0x7f800000u | fraction << 13);
  if (exponent) return bits_as_float(sign | (exponent + 112) << 23 | fraction << 13);
  return (sign ? -1.0f : 1.0f) * (float)fraction * 5.9604644775390625e-8f; /* 2^-24 */
}

/* The fewest digits that read back as the same number. */
static void put_real(printing *p, double value, int is_double) {
  char text[40];
  int digits = is_double ? 15 : 6, most = is_double ? 17 : 9;
  do
    snprintf(text, sizeof text, "%.*g", digits, value);
  while (digits++ < most &&
         (is_double ? strtod(text, NULL) != value : strtof(text, NULL) != (float)value));
  put(p, value != value ? "nan" : text);
}

static void put_element(printing *p, size_t i) {
  const unsigned char *at = p->data + i * mdl_element_bytes((mdl_element)p->element);
  char text[32];
  union {
    int8_t i8;
    int16_t i16;
    int32_t i32;
    int64_t i64;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    float f32;
    double f64;
  } cell;
  memcpy(&cell, at, mdl_element_bytes((mdl_element)p->element));
  switch ((mdl_element)p->element) {
  case MDL_F16:
    put_real(p, (double)half_as_float(cell.u16), 0);
    return;
  case MDL_BF16:
    put_real(p, (double)bits_as_float((uint32_t)cell.u16 << 16), 0);
    return;
  case MDL_F32:
    put_real(p, (double)cell.f32, 0);
    return;
  case MDL_F64:
    put_real(p, cell.f64, 1);
    return;
  case MDL_BOOL:
    put(p, *at ? "true" : "false");
    return;
  case MDL_U64:
    snprintf(text, sizeof text, "%" PRIu64, cell.u64);
    break;
  case MDL_U8:
  case MDL_U16:
  case MDL_U32:
    snprintf(text, sizeof text, "%" PRIu32,
             p->element == MDL_U8 ? *at : p->element == MDL_U16 ? cell.u16 : cell.u32);
    break;
  default:
    snprintf(text, sizeof text, "%" PRId64,
             p->element == MDL_I8    ? cell.i8
             : p->element == MDL_I16 ? cell.i16
             : p->element == MDL_I32 ? cell.i32
                                     : cell.i64);
  }
  put(p, text);
}

/* `stride`: elements below this axis. */
static void put_axis(printing *p, int axis, size_t from, size_t stride) {
  size_t i, count;
  if (axis == p->rank) {
    put_element(p, from);
    return;
  }
  count = (size_t)p->shape[axis];
  stride = count ? stride / count : 0;
  put(p, "[");
  for (i = 0; i < count; i++) {
    if (i) put(p, ", ");
    if (p->cut && count > 2 * EDGE && i == EDGE) {
      put(p, "..., ");
      i = count - EDGE;
    }
    put_axis(p, axis + 1, from + i * stride, stride);
  }
  put(p, "]");
}

void mdl_print_stderr(const char *text, int element, int rank, const int64_t *shape,
                      const void *data) {
  printing p = {0};
  size_t elements = 1;
  int i;
  for (i = 0; i < rank; i++) elements *= (size_t)shape[i];
  p.data = (const unsigned char *)data;
  p.shape = shape;
  p.element = element;
  p.rank = rank;
  p.cut = elements > WHOLE;
  p.room = 256;
  p.line = (char *)malloc(p.room);
  put(&p, text);
  put(&p, " = ");
  put_axis(&p, 0, 0, elements);
  put(&p, "\n");
  if (p.line) fwrite(p.line, 1, p.length, stderr);
  free(p.line);
}
