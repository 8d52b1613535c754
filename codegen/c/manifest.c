/* The manifest: what the header says, as JSON. */
#include "codegen/c/abi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Manifest {
  MdlIr *ir;
  MdlArena *arena;
  FILE *out;
  MdlMap *types;
} Manifest;

/* A JSON string with its quotes. */
static const char *quoted(MdlArena *arena, const char *text)
{
  char *out = mdl_alloc(arena, 6 * strlen(text) + 3), *at = out;
  *at++ = '"';
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\')
      *at++ = '\\', *at++ = (char)c;
    else if (c < 32)
      at += sprintf(at, "\\u%04x", c);
    else
      *at++ = (char)c;
  }
  *at = '"';
  return out;
}

/* A number where the size is one, else its text. */
static const char *size_json(Manifest *m, const MdlSize *size)
{
  int64_t value;
  if (!size) return "null";
  return mdl_size_is_const(size, &value) ? mdl_text(m->arena, "%lld", (long long)value)
                                         : quoted(m->arena, mdl_size_text(size));
}

static const char *type_json(Manifest *m, const MdlType *type)
{
  const char *shape = "[";
  for (int i = 0; i < type->rank; i++)
    shape = mdl_text(m->arena, "%s%s%s", shape, i ? ", " : "", size_json(m, type->dim[i]));
  return mdl_text(m->arena, "\"dtype\": \"%s\", \"shape\": %s], \"bytes\": %s",
                  mdl_dtypes[type->dtype].name, shape, size_json(m, mdl_c_bytes(m->ir, type)));
}

/* ---- types ------------------------------------------------------------------------------- */

/* `offset`: of the next leaf in a struct by value; NULL in a view. */
static void leaves(Manifest *m, const MdlSignature *s, const MdlStruct *type, const char *path,
                   const int64_t **offset, bool *first)
{
  for (int i = 0; i < type->fields; i++) {
    const MdlField *f = &type->field[i];
    const char *name = mdl_text(m->arena, "%s%s%s", path, *path ? "." : "", f->name);
    if (f->struct_type) {
      leaves(m, s, mdl_c_struct_named(s, f->struct_type), name, offset, first);
      continue;
    }
    fprintf(m->out, "%s\n        {\"name\": %s, %s", *first ? "" : ",", quoted(m->arena, name),
            type_json(m, &f->type));
    *first = false;
    if (*offset) fprintf(m->out, ", \"offset\": %lld", (long long)*(*offset)++);
    fprintf(m->out, "}");
  }
}

static void struct_types(Manifest *m, const MdlSignature *s)
{
  for (int i = 0; i < s->structs; i++) {
    const MdlStruct *type = &s->struct_type[i];
    const char *name = mdl_intern_text(m->arena, mdl_c_struct(m->arena, s, type->name));
    if (mdl_map_has(m->types, name)) continue;
    bool view = mdl_struct_is_view(s, type->name), first = true;
    int64_t *offsets = MDL_NEW(m->arena, int64_t, (size_t)s->leaves), bytes = 0;
    const int64_t *offset = view ? NULL : offsets;
    if (!view) bytes = mdl_struct_layout(m->ir, s, type->name, offsets);
    fprintf(m->out,
            "%s\n    %s: {\n      \"c\": \"%s\",\n      \"kind\": \"%s\",\n      \"line\": "
            "%d,\n      \"leaves\": [",
            mdl_map_count(m->types) ? "," : "", quoted(m->arena, type->source), name,
            view ? "view" : "value", type->line);
    mdl_map_set(m->types, name, (void *)name);
    leaves(m, s, type, "", &offset, &first);
    fprintf(m->out, "\n      ]%s}",
            view ? "\n    "
                 : mdl_text(m->arena, ",\n      \"bytes\": %lld\n    ", (long long)bytes));
  }
}

/* ---- entries ----------------------------------------------------------------------------- */

static void args(Manifest *m, const MdlSignature *s)
{
  static const char *const modes[] = {"in", "inout", "out"};
  for (int i = 0; i < s->params; i++) {
    const MdlParam *param = &s->param[i];
    fprintf(m->out, "%s\n        {\"name\": %s, \"mode\": \"%s\", ", i ? "," : "",
            quoted(m->arena, param->name), modes[param->role]);
    if (param->struct_type)
      fprintf(m->out, "\"type\": %s, \"leaves\": \"%s\"",
              quoted(m->arena, mdl_c_struct_named(s, param->struct_type)->source),
              mdl_c_leaves(m->arena, s, param));
    else
      fprintf(m->out, "%s", type_json(m, &s->leaf[param->leaf].type));
    if (param->preset) fprintf(m->out, ", \"default\": %s", quoted(m->arena, param->preset));
    fprintf(m->out, "}");
  }
}

static void entry(Manifest *m, MlirOperation func, const MdlSignature *s)
{
  fprintf(m->out, "    {\n      \"name\": %s,\n      \"c\": \"%s\",\n      \"line\": %d,\n",
          quoted(m->arena, s->entry), mdl_c_symbol(m->ir, func), s->line);
  fprintf(m->out, "      \"sizes\": [");
  for (int i = 0; i < s->sizes; i++) fprintf(m->out, "%s\"%s\"", i ? ", " : "", s->size[i]);
  fprintf(m->out, "],\n      \"args\": [");
  args(m, s);
  fprintf(m->out, "\n      ],\n      \"work_bytes\": %s,\n      \"checks\": [",
          s->has_work ? quoted(m->arena, mdl_c_work(m->ir, func)) : "null");
  for (int i = 0; i < s->checks; i++)
    fprintf(m->out, "%s\n        {\"code\": \"%s\", \"line\": %d, \"what\": %s}", i ? "," : "",
            mdl_c_code(s->check[i].code), s->check[i].line, quoted(m->arena, s->check[i].text));
  fprintf(m->out, "%s]\n    }", s->checks ? "\n      " : "");
}

static void contents(Manifest *m, MlirOperation module, const MdlCOptions *o)
{
  MlirOperation *func;
  int count = mdl_entries(m->ir, module, &func);
  const char *prefix = count ? mdl_signature_read(m->ir, func[0])->prefix : "";
  fprintf(m->out,
          "{\n  \"abi\": 1,\n  \"module\": %s,\n  \"prefix\": \"%s\",\n  \"source\": %s,\n"
          "  \"sha256\": \"%s\",\n  \"target\": \"%s\",\n  \"options\": %s,\n"
          "  \"files\": [\"%s.c\", \"%s.h\"],\n  \"hooks\": %s,\n  \"types\": {",
          quoted(m->arena, o->module), prefix, quoted(m->arena, o->source), o->sha256,
          o->machine->name, quoted(m->arena, o->options), o->module, o->module,
          mdl_c_hooks_json(m->ir, module));
  for (int i = 0; i < count; i++) struct_types(m, mdl_signature_read(m->ir, func[i]));
  fprintf(m->out, "\n  },\n  \"entries\": [\n");
  for (int i = 0; i < count; i++) {
    entry(m, func[i], mdl_signature_read(m->ir, func[i]));
    fprintf(m->out, "%s\n", i + 1 < count ? "," : "");
  }
  fprintf(m->out, "  ]\n}\n");
}

char *mdl_c_manifest(MdlIr *ir, MlirOperation module, const MdlCOptions *options)
{
  char *text = NULL;
  size_t length = 0;
  Manifest m = {.ir = ir, .arena = ir->arena, .types = mdl_map_create(ir->arena)};
  m.out = open_memstream(&text, &length);
  if (!m.out) MDL_BUG(ir->session, "no memory stream");
  contents(&m, module, options);
  fclose(m.out);
  char *copy = mdl_text_copy(ir->arena, text, length);
  free(text);
  return copy;
}
