/* Arrays between this memory and the device's. */
#include "runtime/pjrt/client.h"

#include <stdlib.h>

mdl_pjrt_status mdl_pjrt_put(mdl_pjrt *pjrt, const mdl_array *array, mdl_pjrt_buffer **buffer)
{
  MDL_PJRT_ARGS(Client_BufferFromHostBuffer, put);
  mdl_pjrt_buffer *made = calloc(1, sizeof *made);
  mdl_pjrt_status status;
  *buffer = NULL;
  if (!made) return mdl_pjrt_no_memory(pjrt);
  made->pjrt = pjrt;
  made->leaf.element = array->element;
  made->leaf.rank = array->rank;
  memcpy(made->leaf.shape, array->shape, sizeof made->leaf.shape);
  put.client = pjrt->client;
  put.device = pjrt->device;
  put.data = array->data;
  put.type = mdl_pjrt_type(array->element);
  put.dims = made->leaf.shape;
  put.num_dims = (size_t)array->rank;
  put.host_buffer_semantics = PJRT_HostBufferSemantics_kImmutableOnlyDuringCall;
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_Client_BufferFromHostBuffer(&put), MDL_PJRT_RUN,
                         "copy to the device");
  if (!status) {
    made->handle = put.buffer;
    status = mdl_pjrt_await(pjrt, put.done_with_host_buffer, "copy to the device");
  }
  if (status)
    mdl_pjrt_buffer_destroy(made);
  else
    *buffer = made;
  return status;
}

/* Without a layout it would come in the device's, which is the compiler's choice. */
static void row_major(PJRT_Buffer_MemoryLayout *layout, int64_t *order, int rank)
{
  int i;
  for (i = 0; i < rank; i++) order[i] = rank - 1 - i;
  memset(layout, 0, sizeof *layout);
  layout->struct_size = PJRT_Buffer_MemoryLayout_STRUCT_SIZE;
  layout->type = PJRT_Buffer_MemoryLayout_Type_Tiled;
  layout->tiled.struct_size = PJRT_Buffer_MemoryLayout_Tiled_STRUCT_SIZE;
  layout->tiled.minor_to_major = order;
  layout->tiled.minor_to_major_size = (size_t)rank;
}

mdl_pjrt_status mdl_pjrt_get(mdl_pjrt_buffer *buffer, void *data, size_t bytes)
{
  MDL_PJRT_ARGS(Buffer_ToHostBuffer, get);
  mdl_pjrt *pjrt = buffer->pjrt;
  PJRT_Buffer_MemoryLayout layout;
  int64_t order[MDL_MAX_DIMS];
  char text[256];
  mdl_pjrt_status status;
  if (!buffer->handle)
    return mdl_pjrt_fail(pjrt, MDL_PJRT_RUN, "put the argument again",
                         "the buffer went into a call that failed");
  if (bytes != mdl_pjrt_leaf_bytes(&buffer->leaf))
    return mdl_pjrt_fail(pjrt, MDL_PJRT_MISMATCH, "give it the memory of the whole array",
                         "the buffer holds %s, which is %zu bytes; wanted are %zu",
                         mdl_pjrt_leaf_text(&buffer->leaf, text),
                         mdl_pjrt_leaf_bytes(&buffer->leaf), bytes);
  if (!bytes) return MDL_PJRT_OK;
  row_major(&layout, order, buffer->leaf.rank);
  get.src = buffer->handle;
  get.host_layout = &layout;
  get.dst = data;
  get.dst_size = bytes;
  status = mdl_pjrt_took(pjrt, pjrt->api->PJRT_Buffer_ToHostBuffer(&get), MDL_PJRT_RUN,
                         "copy from the device");
  return status ? status : mdl_pjrt_await(pjrt, get.event, "copy from the device");
}

void mdl_pjrt_buffer_destroy(mdl_pjrt_buffer *buffer)
{
  MDL_PJRT_ARGS(Buffer_Destroy, destroy);
  if (!buffer) return;
  destroy.buffer = buffer->handle;
  if (buffer->handle)
    mdl_pjrt_took(buffer->pjrt, buffer->pjrt->api->PJRT_Buffer_Destroy(&destroy), MDL_PJRT_RUN, "");
  free(buffer);
}
