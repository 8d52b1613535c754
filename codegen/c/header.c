/* The header: what each entry reads, writes and needs; types; prototypes with shapes. */
#include "codegen/c/abi.h"
#include "codegen/cfamily.h"

#include <stdlib.h>
#include <string.h>

typedef struct Header {
  MdlIr *ir;
  MdlArena *arena;
  const MdlCOptions *options;
  FILE *out;
  MlirOperation module, *entry;
  const MdlSignature **signature;
  int entries;
  MdlMap *types; /* struct names already defined */
} Header;

/* ---- the table at the top ---------------------------------------------------------------- */

static const char *bytes_text(Header *h, const MdlType *type)
{
  const MdlSize *bytes = mdl_c_bytes(h->ir, type);
  return bytes ? mdl_text(h->arena, "%s B", mdl_size_text(bytes)) : "too large";
}

/* "m, x 4*N*D B": scalars passed by value are left out. */
static const char *moved(Header *h, const MdlSignature *s, bool writes)
{
  const char *text = "";
  for (int i = 0; i < s->params; i++) {
    const MdlParam *param = &s->param[i];
    const MdlType *type = &s->leaf[param->leaf].type;
    bool by_value = !param->struct_type && !type->rank && param->role == MDL_ROLE_in;
    bool here = writes ? param->role != MDL_ROLE_in : param->role != MDL_ROLE_out;
    if (!here || by_value) continue;
    const char *size = param->struct_type ? "" : mdl_text(h->arena, " %s", bytes_text(h, type));
    text = mdl_text(h->arena, "%s%s%s%s", text, *text ? ", " : "", param->name, size);
  }
  return *text ? text : "-";
}

static void table(Header *h)
{
  enum { COLUMNS = 5 };
  static const char *const heads[COLUMNS] = {"entry", "sizes", "reads", "writes", "work"};
  const char *(*cell)[COLUMNS] = mdl_alloc_array(h->arena, (size_t)h->entries + 1, sizeof *cell);
  int width[COLUMNS] = {0};
  memcpy(cell[0], heads, sizeof heads);
  for (int i = 0; i < h->entries; i++) {
    const MdlSignature *s = h->signature[i];
    const char *sizes = "";
    for (int j = 0; j < s->sizes; j++)
      sizes = mdl_text(h->arena, "%s%s%s", sizes, j ? ", " : "", s->size[j]);
    cell[i + 1][0] = s->entry;
    cell[i + 1][1] = s->sizes ? sizes : "none";
    cell[i + 1][2] = moved(h, s, false);
    cell[i + 1][3] = moved(h, s, true);
    cell[i + 1][4] = s->has_work ? mdl_text(h->arena, "%s B", mdl_c_work(h->ir, h->entry[i])) : "-";
  }
  for (int i = 0; i <= h->entries; i++)
    for (int j = 0; j < COLUMNS; j++)
      if ((int)strlen(cell[i][j]) > width[j]) width[j] = (int)strlen(cell[i][j]);
  for (int i = 0; i <= h->entries; i++) {
    fprintf(h->out, " *  ");
    for (int j = 0; j < COLUMNS; j++)
      fprintf(h->out, j + 1 < COLUMNS ? " %-*s " : " %.0d%s", width[j] * (j + 1 < COLUMNS),
              cell[i][j]);
    fprintf(h->out, "\n");
  }
}

static void banner(Header *h)
{
  bool work = false, tensors = false;
  for (int i = 0; i < h->entries; i++) {
    work |= h->signature[i]->has_work;
    for (int j = 0; j < h->signature[i]->leaves; j++)
      tensors |= h->signature[i]->leaf[j].type.rank > 0;
  }
  fprintf(h->out, "/* %s.h: entries of %s, emitted by mdlc for %s. Do not edit.\n *\n",
          h->options->module, h->options->source, h->options->machine->doc);
  table(h);
  fprintf(h->out, " *\n");
  if (h->options->machine->warp) {
    fprintf(
        h->out,
        " * All pointers are to device memory, those inside a struct too; the struct itself is "
        "the\n"
        " * host's. Every tensor is dense and row-major. work comes from cudaMalloc, or starts at "
        "a\n"
        " * multiple of 64. An entry only enqueues on its stream: it allocates nothing, waits for\n"
        " * nothing, and can be captured into a graph. Calls on different streams need different\n"
        " * work. Results may not overlap another argument. Same input, same bits: no atomics.\n "
        "*/\n");
    return;
  }
  if (tensors)
    fprintf(h->out, " * Every tensor is dense, row-major, and needs no more than its element's "
                    "alignment.\n");
  if (work) fprintf(h->out, " * work may start anywhere; it holds nothing between calls.\n");
  fprintf(h->out, " * Entries touch nothing but their arguments, so calls with different results "
                  "may run at the same\n * time. Results may not overlap another argument. Same "
                  "input, same bits.\n");
  if (*mdl_c_hooks_declared(h->ir, h->module))
    fprintf(h->out, " * What they print goes to mdl_print, below.\n");
  fprintf(h->out, " */\n");
}

/* ---- types ------------------------------------------------------------------------------- */

static const char status_block[] =
    "#ifndef MDL_STATUS\n"
    "#define MDL_STATUS\n"
    "/* These lines are the same in every emitted header. A status is 0, or one of these codes "
    "plus\n"
    " * 256 times the line of the .mdl that asked for the check. */\n"
    "typedef int32_t mdl_status;\n"
    "enum {\n"
    "  MDL_OK = 0,\n"
    "  MDL_BAD_SIZE = 1,   /* a size is negative, too large, or fails a guard of the entry */\n"
    "  MDL_BAD_INDEX = 2,  /* an index is out of range (--checks=trap) */\n"
    "  MDL_BAD_ASSERT = 3, /* an assert of the source failed */\n"
    "  MDL_OVER_LIMIT = 4, /* a `while ... limit n` wanted more than n rounds */\n"
    "  MDL_BAD_VALUE = 5,  /* a NaN or infinity appeared (--checks=nan) */\n"
    "  MDL_BAD_ALIGN = 6,  /* a device pointer is not aligned as the header asks */\n"
    "  MDL_DEVICE = 7      /* the device runtime failed: its error stands in place of the line */\n"
    "};\n"
    "#define MDL_STATUS_CODE(status) ((status) & 255)\n"
    "#define MDL_STATUS_LINE(status) ((status) >> 8)\n"
    "#endif\n\n";

static bool is_none(const Header *h, const MdlField *f)
{
  return mdl_type_elements(h->ir->sizes, &f->type) == mdl_size_const(h->ir->sizes, 0);
}

/* float w[64 * 10]; or float *w; */
static const char *field_text(Header *h, const MdlSignature *s, const MdlField *f, bool view)
{
  if (f->struct_type)
    return mdl_text(h->arena, "%s %s;", mdl_c_struct(h->arena, s, f->struct_type), f->name);
  const char *type = mdl_dtypes[f->type.dtype].c, *text = "";
  if (view) return mdl_text(h->arena, "%s *%s;", type, f->name);
  if (is_none(h, f)) return mdl_text(h->arena, "%s %s[1];", type, f->name);
  for (int i = 0; i < f->type.rank; i++)
    text = mdl_text(h->arena, "%s%s%s", text, i ? " * " : "[", mdl_size_text(f->type.dim[i]));
  return mdl_text(h->arena, "%s %s%s%s;", type, f->name, text, f->type.rank ? "]" : "");
}

/* A field a line, the shapes behind them in one column. */
static void fields(Header *h, const MdlSignature *s, const MdlStruct *type, bool view)
{
  size_t width = 0;
  for (int i = 0; i < type->fields; i++) {
    size_t length = strlen(field_text(h, s, &type->field[i], view));
    if (length > width && !type->field[i].struct_type) width = length;
  }
  for (int i = 0; i < type->fields; i++) {
    const MdlField *f = &type->field[i];
    const char *text = field_text(h, s, f, view);
    bool shape = !f->struct_type && (view || f->type.rank);
    if (shape)
      fprintf(h->out, "  %-*s /* %s%s */\n", (int)width, text, mdl_c_shape(h->arena, &f->type),
              !view && is_none(h, f) ? ": C has no array of none" : "");
    else
      fprintf(h->out, "  %s\n", text);
  }
}

/* "D" of Logistic[D], in the order of the brackets: the names that some leaf's size uses. */
static int names_of(Header *h, const MdlStruct *type, const char **names, int max)
{
  int count = 0;
  for (const char *at = strchr(type->source, '['); at && *at && *at != ']' && count < max;) {
    at += 1 + strspn(at + 1, " ");
    size_t length = strcspn(at, ",]");
    const MdlSize *size = mdl_size_parse(h->ir->sizes, at, length);
    if (size && mdl_size_is_name(size)) names[count++] = mdl_size_text(size);
    at += length;
  }
  return count;
}

/* The leaves below a struct, with their paths; all of one dtype, else false. */
typedef struct Leaves {
  Header *h;
  const MdlSignature *signature;
  MdlDtype dtype;
  bool mixed;
  const MdlSize *offset; /* in elements; NULL after an overflow */
  const MdlSize *last;   /* where the last leaf starts */
} Leaves;

static void place_leaves(Leaves *l, const MdlStruct *type, const char *path, bool print)
{
  MdlSizes *sizes = l->h->ir->sizes;
  for (int i = 0; i < type->fields; i++) {
    const MdlField *f = &type->field[i];
    const char *name = mdl_text(l->h->arena, "%s.%s", path, f->name);
    if (f->struct_type) {
      place_leaves(l, mdl_c_struct_named(l->signature, f->struct_type), name, print);
      continue;
    }
    int64_t zero;
    bool first = l->offset && mdl_size_is_const(l->offset, &zero) && !zero;
    if (l->dtype == MDL_DTYPE_COUNT) l->dtype = f->type.dtype;
    l->mixed |= l->dtype != f->type.dtype || f->stack;
    if (print)
      fprintf(l->h->out, "  %s = (%s *)block%s%s;\n", name, mdl_dtypes[l->dtype].c,
              first ? "" : " + ", first ? "" : mdl_c_size(l->h->arena, l->offset, NULL));
    l->last = l->offset;
    l->offset = mdl_size_add(sizes, l->offset, mdl_type_elements(sizes, &f->type));
  }
}

/* A macro and a function that lay a view over one block, leaf after leaf. */
static void print_at(Header *h, const MdlSignature *s, const MdlStruct *type)
{
  const char *names[MDL_MAX_RANK];
  int count = names_of(h, type, names, MDL_MAX_RANK);
  const MdlSize *none = mdl_size_const(h->ir->sizes, 0);
  Leaves leaves = {h, s, MDL_DTYPE_COUNT, false, none, none};
  place_leaves(&leaves, type, "", false);
  if (leaves.mixed || !leaves.offset || !count) return;
  const char *view = mdl_c_struct(h->arena, s, type->name), *list = "", *arguments = "";
  for (int i = 0; i < count; i++) {
    list = mdl_text(h->arena, "%s%s%s", list, i ? ", " : "", names[i]);
    arguments = mdl_text(h->arena, "%s, int64_t %s", arguments, names[i]);
  }
  const char *model = mdl_text(h->arena, "%s%s", s->prefix, type->name);
  const MdlSize *each = mdl_size_const(h->ir->sizes, mdl_dtypes[leaves.dtype].bytes);
  fprintf(h->out,
          "/* The leaves of one %s laid out in one block (the layout of a weights file). */\n",
          type->source);
  fprintf(h->out, "#define %s_BYTES(%s) (%s)\n", mdl_c_upper(h->arena, model), list,
          mdl_c_size(h->arena, mdl_size_mul(h->ir->sizes, each, leaves.offset), "size_t"));
  /* clang calls it unused where the header's text stands in the .c */
  fprintf(h->out, "#ifdef __GNUC__\n__attribute__((unused))\n#endif\n");
  fprintf(h->out, "static inline %s %s_at(void *block%s)\n{\n  %s m;\n", view, model, arguments,
          view);
  for (int i = 0; i < count; i++)
    if (!mdl_size_uses(leaves.last, names[i])) fprintf(h->out, "  (void)%s;\n", names[i]);
  leaves.offset = none;
  place_leaves(&leaves, type, "m", true);
  fprintf(h->out, "  return m;\n}\n\n");
}

/* For mdl_model of runtime/mdl.h. */
static void print_leaf_table(Header *h, const MdlSignature *s, const MdlStruct *type,
                             const char *name)
{
  enum { MOST = 16 };
  const char *names[MOST], *sizes = "";
  int count = mdl_struct_is_view(s, type->name) ? names_of(h, type, names, MOST) : 0;
  for (int i = 0; i < count; i++)
    sizes = mdl_text(h->arena, "%s%s%s", sizes, i ? ", " : "", names[i]);
  fprintf(h->out, "#define %s_LEAVES %s\n\n", mdl_c_upper(h->arena, name),
          mdl_c_leaf_table(h->ir, s, type, sizes));
}

static void struct_type(Header *h, const MdlSignature *s, const MdlStruct *type)
{
  const char *name = mdl_intern_text(h->arena, mdl_c_struct(h->arena, s, type->name));
  if (mdl_map_has(h->types, name)) return;
  mdl_map_set(h->types, name, (void *)name);
  bool view = mdl_struct_is_view(s, type->name);
  fprintf(
      h->out, "/* %s, %s:%d%s */\ntypedef struct {\n", type->source, h->options->source, type->line,
      view ? ". With a size known only at run time it is a view: one pointer a\n * leaf. The same "
             "type serves the model, its gradient, or a stack of either. Behind a\n * const view "
             "nothing is written; the pointers never change."
           : "");
  fields(h, s, type, view);
  fprintf(h->out, "} %s;\n", name);
  print_leaf_table(h, s, type, name);
  if (view) print_at(h, s, type);
}

/* ---- entries ----------------------------------------------------------------------------- */

/* A comment of words, broken at 100 columns. */
static void comment_text(Header *h, const char *text)
{
  enum { COLUMNS = 96 };
  while (strlen(text) > COLUMNS) {
    int at = COLUMNS;
    while (at > 40 && text[at] != ' ') at--;
    fprintf(h->out, "%.*s\n *", at, text);
    text += at;
  }
  fprintf(h->out, "%s", text);
}

/* What the entry is, with its place at the right; its checks. */
static void comment(Header *h, const MdlSignature *s)
{
  const char *place = mdl_text(h->arena, "%s:%d", h->options->source, s->line);
  const char *colon = strstr(s->text, " : ");
  int first = colon ? (int)(colon - s->text) : (int)strlen(s->text);
  int gap = 94 - first - (int)strlen(place);
  fprintf(h->out, "/* ");
  if (gap > 1) {
    fprintf(h->out, "%.*s%*s%s", first, s->text, gap, "", place);
  } else {
    comment_text(h, mdl_text(h->arena, "%.*s", first, s->text));
    fprintf(h->out, "\n * %s", place);
  }
  if (colon) {
    fprintf(h->out, "\n * ");
    comment_text(h, colon + 1);
  }
  for (int i = 0; i < s->checks; i++) {
    fprintf(h->out, "\n * ");
    comment_text(h, mdl_text(h->arena, "%s, line %d: %s.", mdl_c_code(s->check[i].code),
                             s->check[i].line, s->check[i].text));
  }
  fprintf(h->out, " */\n");
}

/* "MLP_TRAIN_WORK_BYTES(B)" */
static const char *work_macro(Header *h, const MdlSignature *s, const char *macro)
{
  const char *text = mdl_text(h->arena, "%s_WORK_BYTES", macro);
  for (int i = 0; i < s->sizes; i++)
    text = mdl_text(h->arena, "%s%s%s", text, i ? ", " : "(", s->size[i]);
  return s->sizes ? mdl_text(h->arena, "%s)", text) : text;
}

static const char *note_of(Header *h, const MdlSignature *s, const MdlParam *param,
                           const char *macro)
{
  bool by_value =
      !param->struct_type && !s->leaf[param->leaf].type.rank && param->role == MDL_ROLE_in;
  if (by_value && param->preset)
    return mdl_text(h->arena, "%s_%s_DEFAULT", macro, mdl_c_upper(h->arena, param->name));
  if (by_value) return NULL;
  bool view = param->struct_type && mdl_struct_is_view(s, param->struct_type);
  const char *shapes = param->struct_type && !view ? "" : mdl_c_leaves(h->arena, s, param);
  if (param->role == MDL_ROLE_inout)
    return mdl_text(h->arena, "inout%s%s", *shapes ? ": " : "", shapes);
  return *shapes ? shapes : NULL;
}

/* Sizes in one line, then one parameter a line, the comments in one column. */
static void print_params(Header *h, int indent, int count, int sizes, const char **text,
                         const char **note)
{
  int width = 0;
  for (int i = sizes; i < count; i++) {
    int length = (int)strlen(text[i]) + (i + 1 < count ? 1 : 2);
    if (note[i] && length > width) width = length;
  }
  for (int i = 0; i < count; i++) {
    const char *end = i + 1 < count ? "," : ");";
    bool starts = i && (i > sizes || (sizes && i == sizes));
    fprintf(h->out, "%*s%s%s", starts ? indent : i > 0, "", text[i], end);
    int gap = width + 1 - (int)(strlen(text[i]) + strlen(end));
    if (note[i]) fprintf(h->out, "%*s/* %s */", gap, "", note[i]);
    if (i + 1 >= sizes) fprintf(h->out, "\n");
  }
}

static void graph_prototype(Header *h, const char *symbol, int count, const char *const *text)
{
  const char *list = "";
  for (int i = 0; i < count; i++) list = mdl_text(h->arena, "%s, %s", list, text[i]);
  fprintf(h->out,
          "/* The same as a graph on these arguments, to be launched again and again by\n"
          " * cudaGraphLaunch; cudaGraphExecDestroy ends it. `stream` is one of your own. */\n"
          "mdl_status %s_graph_create(cudaGraphExec_t *graph%s);\n",
          symbol, list);
}

static void prototype(Header *h, int e)
{
  const MdlSignature *s = h->signature[e];
  const char *symbol = mdl_c_symbol(h->ir, h->entry[e]);
  const char *macro = mdl_c_upper(h->arena, symbol);
  int count = s->sizes + s->params + s->has_work + s->on_gpu + 1, next = 0;
  const char **text = MDL_NEW(h->arena, const char *, (size_t)count);
  const char **note = MDL_NEW(h->arena, const char *, (size_t)count);
  for (int i = 0; i < s->sizes; i++) text[next++] = mdl_text(h->arena, "int64_t %s", s->size[i]);
  for (int i = 0; i < s->params; i++) {
    note[next] = note_of(h, s, &s->param[i], macro);
    text[next++] = mdl_c_param(h->arena, s, &s->param[i], "");
  }
  if (s->has_work) {
    bool used = strcmp(mdl_c_work(h->ir, h->entry[e]), "0") != 0;
    note[next] = used ? work_macro(h, s, macro) : "unused: may be null";
    text[next++] = "void *work";
  }
  if (s->on_gpu) text[next++] = "cudaStream_t stream";
  if (!next) text[next++] = "void";
  comment(h, s);
  fprintf(h->out, "mdl_status %s(", symbol);
  print_params(h, (int)strlen(symbol) + 12, next, s->sizes, text, note);
  if (s->on_gpu) graph_prototype(h, symbol, next, text);
  if (s->on_gpu && mdl_signature_runs_checks(s))
    fprintf(h->out,
            "/* What its checks found, once the stream has come so far: it waits. */\n"
            "mdl_status %s_status(const void *work, cudaStream_t stream);\n",
            symbol);
}

/* "1e-4f": the default as C has it. */
static const char *preset_text(Header *h, const MdlSignature *s, const MdlParam *param)
{
  bool single = !param->struct_type && s->leaf[param->leaf].type.dtype == MDL_f32;
  bool number = strspn(param->preset, "-0123456789.e+") == strlen(param->preset);
  bool point = strpbrk(param->preset, ".e") != NULL;
  if (!single || !number) return param->preset;
  return mdl_text(h->arena, "%s%sf", param->preset, point ? "" : ".0");
}

static void define_size(Header *h, const char *macro, const MdlSize *bytes)
{
  const char *value = mdl_c_size(h->arena, bytes, "size_t");
  bool fits = strlen(macro) + strlen(value) < 88;
  fprintf(h->out, "#define %s%s(%s)\n", macro, fits ? " " : " \\\n  ", value);
}

static void macros(Header *h, int e)
{
  const MdlSignature *s = h->signature[e];
  const char *macro = mdl_c_upper(h->arena, mdl_c_symbol(h->ir, h->entry[e]));
  const char *work = mdl_c_work(h->ir, h->entry[e]);
  if (s->has_work) {
    const MdlSize *bytes = mdl_size_parse(h->ir->sizes, work, strlen(work));
    if (!bytes) MDL_BUG(h->ir->session, "mdl.work_bytes is no size: %s", work);
    int64_t value;
    if (mdl_size_is_const(bytes, &value))
      fprintf(h->out, "#define %s %lld\n", work_macro(h, s, macro), (long long)value);
    else
      define_size(h, work_macro(h, s, macro), bytes);
  }
  for (int i = 0; i < s->params; i++)
    if (s->param[i].preset)
      fprintf(h->out, "#define %s_%s_DEFAULT %s\n", macro, mdl_c_upper(h->arena, s->param[i].name),
              preset_text(h, s, &s->param[i]));
  fprintf(h->out, "\n");
}

static bool uses_bool(const Header *h)
{
  for (int i = 0; i < h->entries; i++)
    for (int j = 0; j < h->signature[i]->leaves; j++)
      if (h->signature[i]->leaf[j].type.dtype == MDL_bool) return true;
  return false;
}

static void contents(Header *h)
{
  const char *guard = mdl_text(h->arena, "%s_H", mdl_c_upper(h->arena, h->options->module));
  banner(h);
  fprintf(h->out, "#ifndef %s\n#define %s\n\n", guard, guard);
  if (uses_bool(h)) fprintf(h->out, "#include <stdbool.h>\n");
  if (h->options->machine->warp) fprintf(h->out, "#include <cuda_runtime.h>\n");
  fprintf(h->out, "#include <stddef.h>\n#include <stdint.h>\n\n%s", status_block);
  fprintf(h->out, "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n");
  fprintf(h->out, "%s", mdl_c_hooks_declared(h->ir, h->module));
  for (int i = 0; i < h->entries; i++)
    for (int j = 0; j < h->signature[i]->structs; j++)
      struct_type(h, h->signature[i], &h->signature[i]->struct_type[j]);
  for (int i = 0; i < h->entries; i++) {
    prototype(h, i);
    macros(h, i);
  }
  fprintf(h->out, "#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

char *mdl_c_header(MdlIr *ir, MlirOperation module, const MdlCOptions *options)
{
  char *text = NULL;
  size_t length = 0;
  Header h = {.ir = ir, .arena = ir->arena, .options = options, .module = module};
  h.types = mdl_map_create(ir->arena);
  h.entries = mdl_entries(ir, module, &h.entry);
  h.signature = MDL_NEW(ir->arena, const MdlSignature *, (size_t)h.entries);
  for (int i = 0; i < h.entries; i++) h.signature[i] = mdl_signature_read(ir, h.entry[i]);
  h.out = open_memstream(&text, &length);
  if (!h.out) MDL_BUG(ir->session, "no memory stream");
  contents(&h);
  fclose(h.out);
  char *copy = mdl_text_copy(ir->arena, text, length);
  free(text);
  return copy;
}
