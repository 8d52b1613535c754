/* What a program takes and gives: leaves, and that the compiled program has them. */
#include "runtime/element.h"
#include "runtime/pjrt/client.h"
#include "runtime/pjrt/proto.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- leaves ---- */

/* In the C API and in XLA's protobufs (xla_data.proto, PrimitiveType). */
static const struct {
  PJRT_Buffer_Type type;
  int primitive;
} types[MDL_ELEMENTS] = {
    [MDL_BOOL] = {PJRT_Buffer_Type_PRED, 1},  [MDL_I8] = {PJRT_Buffer_Type_S8, 2},
    [MDL_I16] = {PJRT_Buffer_Type_S16, 3},    [MDL_I32] = {PJRT_Buffer_Type_S32, 4},
    [MDL_I64] = {PJRT_Buffer_Type_S64, 5},    [MDL_U8] = {PJRT_Buffer_Type_U8, 6},
    [MDL_U16] = {PJRT_Buffer_Type_U16, 7},    [MDL_U32] = {PJRT_Buffer_Type_U32, 8},
    [MDL_U64] = {PJRT_Buffer_Type_U64, 9},    [MDL_F16] = {PJRT_Buffer_Type_F16, 10},
    [MDL_BF16] = {PJRT_Buffer_Type_BF16, 16}, [MDL_F32] = {PJRT_Buffer_Type_F32, 11},
    [MDL_F64] = {PJRT_Buffer_Type_F64, 12},
};

PJRT_Buffer_Type mdl_pjrt_type(mdl_element element) { return types[element].type; }

size_t mdl_pjrt_leaf_bytes(const mdl_pjrt_leaf *leaf)
{
  int fits;
  return mdl_shape_bytes(leaf->element, leaf->rank, leaf->shape, &fits);
}

int mdl_pjrt_leaf_same(const mdl_pjrt_leaf *a, const mdl_pjrt_leaf *b)
{
  return a->element == b->element && a->rank == b->rank &&
         !memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape);
}

const char *mdl_pjrt_leaf_text(const mdl_pjrt_leaf *leaf, char text[256])
{
  const char *name = (unsigned)leaf->element < MDL_ELEMENTS ? mdl_element_name(leaf->element) : "?";
  int i, at = sprintf(text, "%s%s", name, leaf->rank ? "[" : "");
  for (i = 0; i < leaf->rank && at < 220; i++)
    at += sprintf(text + at, "%s%lld", i ? ", " : "", (long long)leaf->shape[i]);
  if (leaf->rank) strcpy(text + at, i < leaf->rank ? ", ...]" : "]");
  return text;
}

static int copy_leaves(mdl_pjrt_leaf **to, const mdl_pjrt_leaf *from, int count)
{
  int i;
  *to = calloc((size_t)count + 1, sizeof **to);
  for (i = 0; *to && i < count; i++) {
    (*to)[i] = from[i];
    (*to)[i].name = malloc(strlen(from[i].name ? from[i].name : "") + 1);
    if (!(*to)[i].name) return 0;
    strcpy((*to)[i].name, from[i].name ? from[i].name : "");
  }
  return *to != NULL;
}

int mdl_pjrt_interface_copy(mdl_pjrt_interface *to, const mdl_pjrt_interface *from)
{
  *to = *from;
  to->result = NULL;
  if (copy_leaves(&to->argument, from->argument, from->arguments) &&
      copy_leaves(&to->result, from->result, from->results))
    return 1;
  mdl_pjrt_interface_free(to);
  return 0;
}

/* ---- against a compiled program ---- */

static const char wrong_pair[] = "program and manifest come from one run of mdlc";

static mdl_pjrt_status differs(mdl_pjrt *pjrt, const char *kind, int i, const mdl_pjrt_leaf *want,
                               const mdl_pjrt_leaf *got)
{
  char wanted[256], found[256];
  return mdl_pjrt_fail(pjrt, MDL_PJRT_MISMATCH, wrong_pair,
                       "%s %d, `%s`: the manifest says %s, the program has %s", kind, i,
                       want->name ? want->name : "", mdl_pjrt_leaf_text(want, wanted),
                       mdl_pjrt_leaf_text(got, found));
}

static mdl_pjrt_status count_differs(mdl_pjrt *pjrt, const char *kind, int want, size_t got)
{
  return mdl_pjrt_fail(pjrt, MDL_PJRT_MISMATCH, wrong_pair,
                       "the manifest says %d %s, the program has %zu", want, kind, got);
}

/* The element of a type of one of the two numberings; MDL_ELEMENTS for one that mdl lacks. */
static mdl_element element_of(int64_t number, int primitive)
{
  int i;
  for (i = 0; i < MDL_ELEMENTS; i++)
    if ((primitive ? types[i].primitive : (int)types[i].type) == number) break;
  return (mdl_element)i;
}

static mdl_pjrt_status check_results(mdl_pjrt *pjrt, PJRT_Executable *executable,
                                     const mdl_pjrt_interface *io)
{
  MDL_PJRT_ARGS(Executable_NumOutputs, count);
  MDL_PJRT_ARGS(Executable_OutputElementTypes, type);
  MDL_PJRT_ARGS(Executable_OutputDimensions, dims);
  const PJRT_Api *api = pjrt->api;
  mdl_pjrt_status status;
  size_t at = 0, k;
  int i;
  count.executable = type.executable = dims.executable = executable;
  dims.num_outputs = (size_t)io->results;
  status =
      mdl_pjrt_took(pjrt, api->PJRT_Executable_NumOutputs(&count), MDL_PJRT_PROGRAM, "results");
  if (!status && count.num_outputs != (size_t)io->results)
    return count_differs(pjrt, "results", io->results, count.num_outputs);
  if (!status)
    status = mdl_pjrt_took(pjrt, api->PJRT_Executable_OutputElementTypes(&type), MDL_PJRT_PROGRAM,
                           "types of results");
  if (!status)
    status = mdl_pjrt_took(pjrt, api->PJRT_Executable_OutputDimensions(&dims), MDL_PJRT_PROGRAM,
                           "shapes of results");
  for (i = 0; !status && i < io->results; at += dims.dim_sizes[i++]) {
    mdl_pjrt_leaf got = {NULL, MDL_ELEMENTS, 0, {0}, -1};
    got.element = element_of((int64_t)type.output_types[i], 0);
    got.rank = dims.dim_sizes[i] < MDL_MAX_DIMS ? (int)dims.dim_sizes[i] : MDL_MAX_DIMS;
    for (k = 0; k < (size_t)got.rank; k++) got.shape[k] = dims.dims[at + k];
    if (!mdl_pjrt_leaf_same(&io->result[i], &got))
      return differs(pjrt, "result", i, &io->result[i], &got);
  }
  return status;
}

/* ShapeProto: element_type 2, dimensions 3. */
static void read_shape(mdl_proto shape, mdl_pjrt_leaf *leaf)
{
  mdl_proto_field field;
  mdl_proto_ints dims;
  int64_t dim;
  memset(leaf, 0, sizeof *leaf);
  leaf->element =
      mdl_proto_find(shape, 2, &field) ? element_of((int64_t)field.number, 1) : MDL_ELEMENTS;
  mdl_proto_ints_open(&dims, shape, 3);
  while (leaf->rank < MDL_MAX_DIMS && mdl_proto_ints_next(&dims, &dim))
    leaf->shape[leaf->rank++] = dim;
}

/* The C API tells nothing of a program's parameters, and the CPU client takes whatever has enough
 * bytes. So they are read where they stand, in the optimised program: HloModuleProto,
 * host_program_shape 4 { parameters 1 }. */
static mdl_pjrt_status check_arguments(mdl_pjrt *pjrt, PJRT_Executable *executable,
                                       const mdl_pjrt_interface *io)
{
  mdl_proto_field shape, parameter;
  mdl_proto module;
  mdl_pjrt_leaf got;
  char *bytes = NULL;
  size_t length = 0;
  int count = 0;
  mdl_pjrt_status status = mdl_pjrt_optimised(pjrt, executable, &bytes, &length);
  if (status || !bytes) return status;
  module = mdl_hlo_module(bytes, length);
  if (mdl_proto_find(module, 4, &shape)) {
    while (!status && mdl_proto_next(&shape.message, &parameter)) {
      if (parameter.field != 1) continue;
      read_shape(parameter.message, &got);
      if (count < io->arguments && !mdl_pjrt_leaf_same(&io->argument[count], &got))
        status = differs(pjrt, "argument", count, &io->argument[count], &got);
      count++;
    }
    if (!status && count != io->arguments)
      status = count_differs(pjrt, "arguments", io->arguments, (size_t)count);
  }
  free(bytes);
  return status;
}

mdl_pjrt_status mdl_pjrt_interface_check(mdl_pjrt *pjrt, PJRT_Executable *executable,
                                         const mdl_pjrt_interface *io)
{
  mdl_pjrt_status status = check_results(pjrt, executable, io);
  return status ? status : check_arguments(pjrt, executable, io);
}
