/* The reader of XLA's optimised programs, on a module written byte by byte. */
#include "runtime/pjrt/proto.h"
#include "tests/pjrt/write_proto.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

static void op(proto_bytes *computation, const char *name, const char *opcode, int rank,
               uint64_t id, const char *operands, const proto_bytes *more)
{
  proto_bytes o = {{0}, 0}, shape = shape_of(rank);
  text(&o, 1, name);
  text(&o, 2, opcode);
  message(&o, 3, &shape);
  number(&o, 35, id);
  blob(&o, 36, operands, strlen(operands));
  memcpy(o.at + o.length, more->at, more->length);
  o.length += more->length;
  message(computation, 2, &o);
}

/* A reduction of x in a fused computation of its own, plus two scalars that nobody uses. */
static proto_bytes module_of(void)
{
  proto_bytes module = {{0}, 0}, fused = {{0}, 0}, entry = {{0}, 0}, more = {{0}, 0}, other;
  const float half = 0.5f;
  text(&fused, 1, "fused");
  number(&more, 9, 0);
  op(&fused, "p", "parameter", 2, 1, "", &more);
  more.length = 0;
  blob(&more, 14, "\1\0", 2);
  op(&fused, "sum", "reduce", 0, 2, "\1", &more);
  number(&fused, 5, 7), number(&fused, 6, 2);
  text(&entry, 1, "main");
  more.length = 0;
  number(&more, 9, 0);
  other = (proto_bytes){{0}, 0};
  text(&other, 2, "x"), text(&other, 3, "net.mdl"), number(&other, 4, 3);
  message(&more, 7, &other);
  op(&entry, "x", "parameter", 2, 3, "", &more);
  more.length = 0;
  other = shape_of(0);
  proto_bytes literal = {{0}, 0};
  message(&literal, 1, &other), blob(&literal, 8, &half, 4);
  message(&more, 8, &literal);
  op(&entry, "half", "constant", 0, 4, "", &more);
  more.length = 0;
  text(&more, 11, "kLoop"), number(&more, 38, 7);
  op(&entry, "y", "fusion", 0, 5, "\3\4", &more);
  number(&entry, 5, 9), number(&entry, 6, 5);
  text(&module, 1, "net");
  message(&module, 3, &fused), message(&module, 3, &entry);
  number(&module, 6, 9);
  return module;
}

static const char printed[] = "HloModule net\n"
                              "\n%fused {\n"
                              "  %p = f32[2,3]{1,0} parameter(0)\n"
                              "  ROOT %sum = f32[]{} reduce(%p), dimensions={1,0}\n"
                              "}\n"
                              "\nENTRY %main {\n"
                              "  %x = f32[2,3]{1,0} parameter(0)  // net.mdl:3 x\n"
                              "  %half = f32[]{} constant(0.5)\n"
                              "  ROOT %y = f32[]{} fusion(%x, %half), kind=kLoop, calls=%fused\n"
                              "}\n";

static void expect(const proto_bytes *b)
{
  mdl_proto module = mdl_hlo_module(b->at, b->length);
  char *got = mdl_hlo_text(module);
  ck_assert_str_eq(got, printed);
  free(got);
  ck_assert_int_eq(mdl_hlo_count(module, "fusion"), 1);
  ck_assert_int_eq(mdl_hlo_count(module, "parameter"), 2);
  ck_assert_int_eq(mdl_hlo_count(module, "fus"), 0);
}

START_TEST(a_module_is_printed)
{
  proto_bytes module = module_of(), with_config = {{0}, 0};
  expect(&module);
  message(&with_config, 1, &module);
  text(&with_config, 2, "the configuration, which nobody reads");
  expect(&with_config);
}
END_TEST

/* In a copy of exactly that length, so that a sanitizer sees a read past it. */
static void read_exactly(const unsigned char *data, size_t length)
{
  unsigned char *copy = malloc(length ? length : 1);
  memcpy(copy, data, length);
  mdl_proto module = mdl_hlo_module(copy, length);
  char *got = mdl_hlo_text(module);
  ck_assert_ptr_nonnull(got);
  ck_assert_int_le(mdl_hlo_count(module, "fusion"), 1);
  free(got);
  free(copy);
}

START_TEST(a_damaged_module_does_no_harm)
{
  static const unsigned char values[] = {0, 1, 2, 3, 7, 13, 64, 127, 128, 255};
  proto_bytes module = module_of();
  for (size_t length = 0; length < module.length; length++) read_exactly(module.at, length);
  for (size_t i = 0; i < module.length; i++)
    for (size_t k = 0; k < sizeof values; k++) {
      unsigned char before = module.at[i];
      module.at[i] = values[k];
      read_exactly(module.at, module.length);
      module.at[i] = before;
    }
}
END_TEST

START_TEST(numbers_come_packed_or_not)
{
  proto_bytes b = {{0}, 0};
  mdl_proto_ints ints;
  int64_t value;
  number(&b, 4, 1), blob(&b, 4, "\2\3", 2), number(&b, 5, 9), number(&b, 4, (uint64_t)-4);
  mdl_proto m = {b.at, b.at + b.length};
  mdl_proto_ints_open(&ints, m, 4);
  for (int64_t wanted = 1; wanted <= 3; wanted++) {
    ck_assert_int_eq(mdl_proto_ints_next(&ints, &value), 1);
    ck_assert_int_eq(value, wanted);
  }
  ck_assert_int_eq(mdl_proto_ints_next(&ints, &value), 1);
  ck_assert_int_eq(value, -4);
  ck_assert_int_eq(mdl_proto_ints_next(&ints, &value), 0);
  ck_assert_int_eq(mdl_proto_number(m, 5, 0), 9);
  ck_assert_int_eq(mdl_proto_number(m, 6, -7), -7);
}
END_TEST

TCase *tests(void)
{
  TCase *t = tcase_create("proto");
  tcase_add_test(t, a_module_is_printed);
  tcase_add_test(t, a_damaged_module_does_no_harm);
  tcase_add_test(t, numbers_come_packed_or_not);
  return t;
}
