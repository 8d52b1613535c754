#include "runtime/element.h"

const mdl_element_row mdl_element_rows[MDL_ELEMENTS] = {
    {"bool", "|b1", "BOOL", 1}, {"i8", "|i1", "I8", 1},   {"i16", "<i2", "I16", 2},
    {"i32", "<i4", "I32", 4},   {"i64", "<i8", "I64", 8}, {"u8", "|u1", "U8", 1},
    {"u16", "<u2", "U16", 2},   {"u32", "<u4", "U32", 4}, {"u64", "<u8", "U64", 8},
    {"f16", "<f2", "F16", 2},   {"bf16", "", "BF16", 2},  {"f32", "<f4", "F32", 4},
    {"f64", "<f8", "F64", 8},
};

size_t mdl_element_bytes(mdl_element element) { return mdl_element_rows[element].bytes; }
const char *mdl_element_name(mdl_element element) { return mdl_element_rows[element].name; }

size_t mdl_shape_bytes(mdl_element element, int rank, const int64_t *shape, int *fits) {
  size_t bytes = mdl_element_bytes(element), most = (size_t)PTRDIFF_MAX;
  int empty = 0, i;
  *fits = 1;
  for (i = 0; i < rank; i++) {
    if (shape[i] < 0) return *fits = 0, 0;
    if (!shape[i]) empty = 1;
  }
  if (empty) return 0;
  for (i = 0; i < rank; i++) {
    if ((uint64_t)shape[i] > most / bytes) return *fits = 0, 0;
    bytes *= (size_t)shape[i];
  }
  return bytes;
}

const char *mdl_array_finish(mdl_array *array, const void *data, size_t available) {
  int fits;
  array->bytes = mdl_shape_bytes(array->element, array->rank, array->shape, &fits);
  array->data = data;
  array->aligned = (uintptr_t)data % mdl_element_bytes(array->element) == 0;
  if (!fits) return "its shape does not fit in memory";
  if (array->bytes > available) return "the file is shorter than its header says";
  if (array->bytes < available) return "the file is longer than its header says";
  return NULL;
}
