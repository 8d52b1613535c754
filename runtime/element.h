/* Inside the runtime: the table of elements, and shapes checked against bytes. */
#ifndef MDL_RUNTIME_ELEMENT_H
#define MDL_RUNTIME_ELEMENT_H

#include "runtime/mdl.h"

typedef struct {
  const char *name, *npy, *safetensors;
  size_t bytes;
} mdl_element_row;
extern const mdl_element_row mdl_element_rows[MDL_ELEMENTS];

/* Bytes of the shape; 0 in *fits for more than half the address space or a negative dim. */
size_t mdl_shape_bytes(mdl_element element, int rank, const int64_t *shape, int *fits);
/* Fills in what follows from element, shape and data. */
const char *mdl_array_finish(mdl_array *array, const void *data, size_t available);

#endif
