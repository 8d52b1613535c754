/* What a runtime must know of a module and XLA does not tell: names, aliases, the status. */
#include "codegen/hlo/print.h"
#include "codegen/hlo/walk.h"

#include <inttypes.h>
#include <stdlib.h>

static void put_type(FILE *out, const char *name, const MdlGraphType *type)
{
  fputs("{\"name\": ", out);
  mdl_hlo_quoted(out, name);
  fprintf(out, ", \"dtype\": \"%s\", \"shape\": [", mdl_dtypes[type->dtype].name);
  for (int i = 0; i < type->rank; i++) fprintf(out, "%s%" PRId64, i ? ", " : "", type->dim[i]);
  fputc(']', out);
}

static void put_entry(FILE *out, const MdlSignature *s, const MdlHloModule *m)
{
  const MdlGraphBlock *main = m->main;
  fprintf(out, "    {\n      \"name\": \"%s\",\n      \"line\": %d,\n      \"args\": [", s->entry,
          s->line);
  for (int i = 0; i < main->args; i++) {
    fprintf(out, "%s\n        ", i ? "," : "");
    put_type(out, main->arg[i]->given, &main->arg[i]->type);
    if (m->alias[i] >= 0) fprintf(out, ", \"alias\": %d", m->alias[i]);
    fputc('}', out);
  }
  fputs("\n      ],\n      \"results\": [", out);
  for (int i = 0; i < main->results; i++) {
    fprintf(out, "%s\n        ", i ? "," : "");
    put_type(out, m->result_name[i], &main->result[i]->type);
    fputc('}', out);
  }
  fputs("\n      ],\n      \"status\": ", out);
  if (m->status >= 0)
    fprintf(out, "%d", m->status);
  else
    fputs("null", out);
  fputs(",\n      \"checks\": [", out);
  for (int i = 0; i < s->checks; i++) {
    fprintf(out, "%s\n        {\"code\": %d, \"line\": %d, \"what\": ", i ? "," : "",
            s->check[i].code, s->check[i].line);
    mdl_hlo_quoted(out, s->check[i].text);
    fputc('}', out);
  }
  fprintf(out, "%s]\n    }", s->checks ? "\n      " : "");
}

const char *mdl_hlo_manifest(MdlIr *ir, MlirOperation module, int count,
                             const MlirOperation *entries, const MdlHloOptions *options)
{
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);
  bool well = true;
  if (!out) MDL_BUG(ir->session, "no memory stream");
  fputs("{\n  \"abi\": 1,\n  \"entries\": [\n", out);
  for (int i = 0; i < count && well; i++) {
    MdlHloModule m;
    well = mdl_hlo_walk(ir, module, entries[i], options, &m);
    if (well) put_entry(out, mdl_signature_read(ir, entries[i]), &m);
    fprintf(out, "%s\n", i + 1 < count ? "," : "");
  }
  fputs("  ]\n}\n", out);
  fclose(out);
  const char *copy = well ? mdl_text_copy(ir->arena, text, length) : NULL;
  free(text);
  return copy;
}
