#include "compiler/show.h"

#include "compiler/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SHOWN = 1000, EDGE = 3 };

typedef struct Show {
  const MdlArgs *args;
  FILE *out;
  bool json, shorten;
  int indent; /* of the second line of a tensor */
  int width;  /* of the widest element: columns line up */
} Show;

/* ---- tensors ----------------------------------------------------------------------------- */

static const char *element(const Show *s, const MdlSlot *slot, int64_t i)
{
  MdlDtype dtype = slot->leaf->type.dtype;
  const char *at = (const char *)slot->data + i * mdl_dtypes[dtype].bytes;
  const char *text = mdl_number_text(s->args->arena, dtype, at);
  const char *last = text + strlen(text) - 1;
  bool word = mdl_is_float(dtype) && (*last == 'n' || *last == 'f'); /* nan, inf: no JSON numbers */
  return s->json && word ? mdl_text(s->args->arena, "\"%s\"", text) : text;
}

static int64_t stride_of(const MdlSlot *slot, int axis)
{
  int64_t stride = 1;
  for (int i = axis + 1; i < slot->leaf->type.rank; i++) stride *= slot->dim[i];
  return stride;
}

static void new_row(const Show *s, int depth, bool deep)
{
  if (s->json || !deep)
    fprintf(s->out, ", ");
  else
    fprintf(s->out, ",\n%*s", s->indent + depth + 1, "");
}

static void tensor(const Show *s, const MdlSlot *slot, int axis, int64_t start)
{
  int rank = slot->leaf->type.rank;
  if (axis == rank) {
    fprintf(s->out, "%*s", s->width, element(s, slot, start));
    return;
  }
  int64_t count = slot->dim[axis], stride = stride_of(slot, axis);
  bool cut = s->shorten && count > 2 * EDGE;
  fputc('[', s->out);
  for (int64_t i = 0; i < count; i++) {
    if (i) new_row(s, axis, axis + 1 < rank);
    if (cut && i == EDGE) {
      fprintf(s->out, "…");
      new_row(s, axis, axis + 1 < rank);
      i = count - EDGE;
    }
    tensor(s, slot, axis + 1, start + i * stride);
  }
  fputc(']', s->out);
}

/* The widest element, for tensors of rank 2 and more. */
static int width_of(const Show *s, const MdlSlot *slot)
{
  int width = 0;
  if (slot->leaf->type.rank < 2 || slot->elements > MOST_SHOWN) return 0;
  for (int64_t i = 0; i < slot->elements; i++) {
    int length = (int)strlen(element(s, slot, i));
    if (length > width) width = length;
  }
  return width;
}

/* ---- text -------------------------------------------------------------------------------- */

static void lines(Show *s, const MdlParam *param)
{
  for (int i = 0; i < param->leaves; i++) {
    const MdlSlot *slot = &s->args->slot[param->leaf + i];
    s->indent = fprintf(s->out, "%s = ", slot->name);
    s->shorten = slot->elements > MOST_SHOWN;
    s->width = width_of(s, slot);
    tensor(s, slot, 0, 0);
    fputc('\n', s->out);
  }
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void dims(const Show *s, const MdlSlot *slot)
{
  fputc('[', s->out);
  for (int i = 0; i < slot->leaf->type.rank; i++)
    fprintf(s->out, "%s%lld", i ? ", " : "", (long long)slot->dim[i]);
  fputc(']', s->out);
}

/* Leaves [first, end) all lie below a struct whose path has `skip` characters: one object. */
static void object(const Show *s, int first, int end, size_t skip)
{
  fputc('{', s->out);
  for (int i = first; i < end;) {
    const char *path = s->args->slot[i].leaf->path + skip;
    size_t length = strcspn(path, ".");
    int next = i + 1;
    while (next < end && !strncmp(s->args->slot[next].leaf->path + skip, path, length) &&
           s->args->slot[next].leaf->path[skip + length] == '.')
      next++;
    fprintf(s->out, "%s%s: ", i > first ? ", " : "",
            mdl_json_quoted(s->args->arena, mdl_text_copy(s->args->arena, path, length)));
    if (path[length] == '.')
      object(s, i, next, skip + length + 1);
    else
      tensor(s, &s->args->slot[i], 0, 0);
    i = next;
  }
  fputc('}', s->out);
}

static void data(const Show *s, const MdlParam *param)
{
  if (param->struct_type)
    object(s, param->leaf, param->leaf + param->leaves, 0);
  else
    tensor(s, &s->args->slot[param->leaf], 0, 0);
}

static void result(const Show *s, const MdlParam *param)
{
  const MdlSlot *slot = &s->args->slot[param->leaf];
  fprintf(s->out, "{\"name\": %s, ", mdl_json_quoted(s->args->arena, param->name));
  if (param->struct_type) {
    fprintf(s->out, "\"type\": %s, ", mdl_json_quoted(s->args->arena, param->struct_type));
  } else {
    fprintf(s->out, "\"dtype\": \"%s\", \"shape\": ", mdl_dtypes[slot->leaf->type.dtype].name);
    dims(s, slot);
    fprintf(s->out, ", ");
  }
  fprintf(s->out, "\"data\": ");
  data(s, param);
  fputc('}', s->out);
}

static void whole_object(const Show *s)
{
  const MdlSignature *signature = s->args->signature;
  const char *between = "";
  fprintf(s->out, "{\"status\": \"ok\", \"results\": [");
  for (int i = 0; i < signature->params; i++) {
    if (signature->param[i].role != MDL_ROLE_out) continue;
    fprintf(s->out, "%s", between);
    result(s, &signature->param[i]);
    between = ", ";
  }
  fprintf(s->out, "], \"inout\": {");
  between = "";
  for (int i = 0; i < signature->params; i++) {
    if (signature->param[i].role != MDL_ROLE_inout) continue;
    fprintf(s->out, "%s%s: ", between, mdl_json_quoted(s->args->arena, signature->param[i].name));
    data(s, &signature->param[i]);
    between = ", ";
  }
  fprintf(s->out, "}}\n");
}

/* ---- both -------------------------------------------------------------------------------- */

static char *show(const MdlArgs *args, bool json)
{
  static const MdlRole roles[] = {MDL_ROLE_out, MDL_ROLE_inout};
  char *text = NULL;
  size_t length = 0;
  Show s = {.args = args, .out = open_memstream(&text, &length), .json = json};
  if (!s.out) MDL_BUG(args->session, "no memory stream");
  if (json) whole_object(&s);
  for (int r = 0; !json && r < 2; r++)
    for (int i = 0; i < args->signature->params; i++)
      if (args->signature->param[i].role == roles[r]) lines(&s, &args->signature->param[i]);
  fclose(s.out);
  char *copy = mdl_text_copy(args->arena, text, length);
  free(text);
  return copy;
}

char *mdl_show_text(const MdlArgs *args) { return show(args, false); }
char *mdl_show_json(const MdlArgs *args) { return show(args, true); }
