/* Signatures of entries (ir/signature.h): leaves, structs under their C names, roles, guards and
 * checks in program order, the declaration as text. */
#include "frontend/entries.h"
#include "frontend/reach.h"

#include <ctype.h>
#include <string.h>

typedef struct Make {
  MdlSema *s;
  MdlProgram *program;
  MdlMap *names; /* MdlStructOf -> C name, over all entries */
  MdlSignature *sig;
  MdlMap *structs; /* of this entry: MdlStructOf -> index + 1 */
} Make;

/* ---- names of structs -------------------------------------------------------------------- */

static bool is_const_struct(MdlSema *s, const MdlStructOf *of)
{
  (void)s;
  int64_t value;
  for (int i = 0; i < of->bindings; i++)
    if (of->binding[i].kind == MDL_GENERIC_size && !mdl_size_is_const(of->binding[i].size, &value))
      return false;
  return true;
}

static void collect(Make *m, const MdlVType *type)
{
  for (int i = 0; type->kind == MDL_KIND_tuple && i < type->items; i++) collect(m, type->item[i]);
  if (type->kind != MDL_KIND_struct || mdl_map_has(m->names, type->of)) return;
  mdl_map_set(m->names, type->of, (void *)"");
  for (int i = 0; i < type->of->fields; i++) collect(m, type->of->field[i]);
}

/* "Dense_64_10": the arguments with everything that is no letter or digit as one underscore. */
static const char *long_name(MdlSema *s, const MdlStructOf *of)
{
  char *name = mdl_text(s->arena, "%s", of->text), *to = name;
  for (const char *c = name; *c; c++) {
    if (isalnum((unsigned char)*c) || *c == '_')
      *to++ = *c;
    else if (to > name && to[-1] != '_')
      *to++ = '_';
  }
  while (to > name && to[-1] == '_') to--;
  *to = 0;
  return name;
}

/* A model at several sizes has them in its name, else not. */
static void name_structs(Make *m)
{
  for (int i = 0; i < mdl_map_count(m->names); i++) {
    const MdlStructOf *of = mdl_map_key(m->names, i);
    bool several = false;
    for (int k = 0; k < mdl_map_count(m->names); k++) {
      const MdlStructOf *other = mdl_map_key(m->names, k);
      several |= other != of && !strcmp(other->item->name.text, of->item->name.text);
    }
    bool plain = !several || (of->bindings && !is_const_struct(m->s, of));
    mdl_map_set(m->names, of,
                (void *)(uintptr_t)(plain ? of->item->name.text : long_name(m->s, of)));
  }
}

/* ---- parameters and results -------------------------------------------------------------- */

static const char *struct_name(Make *m, const MdlVType *type)
{
  return type->kind == MDL_KIND_struct ? mdl_map_get(m->names, type->of) : NULL;
}

static int line_of(MdlSema *s, MdlSpan at)
{
  return at.file < 0 ? 0 : mdl_position(s->session, at.file, at.start).line;
}

static void add_struct(Make *m, const MdlStructOf *of)
{
  MdlSignature *sig = m->sig;
  if (mdl_map_has(m->structs, of)) return;
  for (int i = 0; i < of->fields; i++)
    if (of->field[i]->kind == MDL_KIND_struct) add_struct(m, of->field[i]->of);
  mdl_map_set(m->structs, of, (void *)1);
  MdlStruct *st = &sig->struct_type[sig->structs++];
  st->name = mdl_map_get(m->names, of);
  st->source = of->text;
  st->line = line_of(m->s, of->item->name.at);
  st->field = MDL_NEW(m->s->arena, MdlField, (size_t)of->fields);
  for (int i = 0; i < of->fields; i++) {
    const MdlVType *type = of->field[i];
    MdlField *f = &st->field[st->fields++];
    f->name = of->name[i];
    f->struct_type = struct_name(m, type);
    if (type->kind == MDL_KIND_tensor) f->type = type->tensor;
    f->stack = type->stack;
    memcpy(f->stack_dim, type->stack_dim, sizeof f->stack_dim);
  }
}

static void add_structs(Make *m, const MdlVType *type)
{
  for (int i = 0; type->kind == MDL_KIND_tuple && i < type->items; i++)
    add_structs(m, type->item[i]);
  if (type->kind == MDL_KIND_struct) add_struct(m, type->of);
}

static void add_param(Make *m, const char *name, const MdlVType *type, const char *preset,
                      MdlRole role)
{
  MdlSignature *sig = m->sig;
  MdlParam *p = &sig->param[sig->params++];
  int count = mdl_leaf_count(type);
  MdlType *leaf = MDL_NEW(m->s->arena, MdlType, (size_t)count);
  const char **path = MDL_NEW(m->s->arena, const char *, (size_t)count);
  mdl_leaves(m->s, type, leaf, path);
  p->name = name;
  p->struct_type = struct_name(m, type);
  p->preset = preset;
  p->role = role;
  p->leaf = sig->leaves;
  p->leaves = count;
  for (int i = 0; i < count; i++) sig->leaf[sig->leaves++] = (MdlLeaf){path[i], leaf[i]};
}

static int result_parts(const MdlVType *type)
{
  int parts = 0;
  if (type->kind == MDL_KIND_none) return 0;
  if (type->kind != MDL_KIND_tuple) return 1;
  for (int i = 0; i < type->items; i++) parts += result_parts(type->item[i]);
  return parts;
}

static void add_results(Make *m, const MdlVType *type, int parts, int *next)
{
  if (type->kind == MDL_KIND_none) return;
  if (type->kind == MDL_KIND_tuple) {
    for (int i = 0; i < type->items; i++) add_results(m, type->item[i], parts, next);
    return;
  }
  const char *name = parts == 1 ? "out" : mdl_text(m->s->arena, "out%d", (*next)++);
  add_param(m, name, type, NULL, MDL_ROLE_out);
}

/* C's words, and those that an emitted function uses itself. */
static const char *c_name(MdlSema *s, const char *name, bool tuple)
{
  static const char *const taken[] = {
      "auto",    "break",    "case",     "char",     "const",     "continue", "default",
      "do",      "double",   "else",     "enum",     "extern",    "float",    "for",
      "goto",    "if",       "inline",   "int",      "long",      "register", "restrict",
      "return",  "short",    "signed",   "sizeof",   "static",    "struct",   "switch",
      "typedef", "union",    "unsigned", "void",     "volatile",  "while",    "bool",
      "true",    "false",    "class",    "new",      "delete",    "template", "this",
      "errno",   "out",      "work",     "stdin",    "stdout",    "stderr",   "NULL",
      "asm",     "operator", "private",  "public",   "protected", "virtual",  "namespace",
      "using",   "try",      "catch",    "throw",    "friend",    "typename", "explicit",
      "export",  "and",      "or",       "not",      "xor",       "near",     "far",
      "mutable", "wchar_t",  "float_t",  "double_t", "memcpy",    "memset",   "sqrtf",
      "sqrt"};
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    if (!strcmp(name, taken[i])) return mdl_text(s->arena, "%s_", name);
  bool digits = !strncmp(name, "out", 3) && name[3];
  for (const char *c = name + 3; digits && *c; c++) digits = isdigit((unsigned char)*c);
  return tuple && digits ? mdl_text(s->arena, "%s_", name) : name;
}

/* ---- guards and checks ------------------------------------------------------------------- */

static int add_check(Make *m, int code, MdlSpan at, const char *text)
{
  MdlSignature *sig = m->sig;
  sig->check = mdl_realloc_array(m->s->arena, sig->check, (size_t)sig->checks,
                                 (size_t)sig->checks + 1, sizeof *sig->check);
  MdlCheck *check = &sig->check[sig->checks];
  check->code = code;
  check->line = line_of(m->s, at);
  check->file = at.file < 0 ? sig->source : m->s->session->files[at.file].path;
  check->text = text;
  return sig->checks++;
}

static void add_guard(Make *m, const MdlEquation *e)
{
  MdlSignature *sig = m->sig;
  for (int i = 0; i < sig->guards; i++)
    if (sig->guard[i].left == e->left && sig->guard[i].right == e->right) return;
  const char *text = e->text;
  int code = text ? 3 : 1;
  if (!text && e->right)
    text = mdl_text(m->s->arena, "%s = %s", mdl_size_text(e->left), mdl_size_text(e->right));
  if (!text) text = mdl_text(m->s->arena, "%s >= 0", mdl_size_text(e->left));
  int check = add_check(m, code, e->at, text);
  sig->guard = mdl_realloc_array(m->s->arena, sig->guard, (size_t)sig->guards,
                                 (size_t)sig->guards + 1, sizeof *sig->guard);
  sig->guard[sig->guards++] = (MdlGuard){e->left, e->right, check};
}

static void guards_of(void *user, MdlCoreFunc *func)
{
  Make *m = user;
  for (int i = 0; i < func->equations; i++) {
    if (!func->equation[i].text) mdl_warning(m->s->session, MDL_W108, func->equation[i].at);
    add_guard(m, &func->equation[i]);
  }
}

static void checks_in(Make *m, const MdlCoreBlock *block)
{
  for (int i = 0; i < block->ops; i++) {
    const MdlCore *core = block->op[i];
    for (int k = 0; k < 2; k++)
      if (core->block[k]) checks_in(m, core->block[k]);
    if (core->op != MDL_OP_check) continue;
    bool known = false;
    int code = (int)core->attr[0].ints[0], line = line_of(m->s, core->at);
    for (int k = 0; k < m->sig->checks; k++)
      known |= m->sig->check[k].code == code && m->sig->check[k].line == line &&
               !strcmp(m->sig->check[k].text, core->attr[1].text);
    if (!known) add_check(m, code, core->at, core->attr[1].text);
  }
}

static void checks_of(void *user, MdlCoreFunc *func) { checks_in(user, func->body); }

/* ---- work -------------------------------------------------------------------------------- */

static bool needs_work(const MdlCoreBlock *block)
{
  for (int i = 0; i < block->ops; i++) {
    const MdlCore *core = block->op[i];
    if (core->kind == MDL_CORE_for || core->kind == MDL_CORE_while || core->type.rank) return true;
    if (core->kind == MDL_CORE_recipe && core->recipe->kind == MDL_RECIPE_vmap) return true;
    for (int k = 0; k < 2; k++)
      if (core->block[k] && needs_work(core->block[k])) return true;
  }
  return false;
}

static void work_of(void *user, MdlCoreFunc *func)
{
  bool *work = user;
  *work |= needs_work(func->body);
}

/* ---- the declaration as text ------------------------------------------------------------- */

/* Blanks squeezed; comments never stand inside a head. */
static const char *squeezed(MdlSema *s, MdlSpan at)
{
  const MdlFile *file = &s->session->files[at.file];
  char *text = mdl_alloc(s->arena, at.end - at.start + 1), *to = text;
  for (uint32_t i = at.start; i < at.end; i++) {
    char c = file->bytes[i];
    if (isspace((unsigned char)c)) c = ' ';
    if (c == ' ' && (to == text || to[-1] == ' ')) continue;
    *to++ = c;
  }
  while (to > text && (to[-1] == ' ' || to[-1] == '=')) to--;
  *to = 0;
  return text;
}

static const char *head_text(MdlSema *s, const MdlEntry *e, const MdlEntryHead *h)
{
  const MdlDecl *d = e->decl;
  if (d->fn) return mdl_text(s->arena, "entry %s", squeezed(s, d->fn->head));
  const char *text =
      mdl_text(s->arena, "entry %s = %s : ", d->name.text, squeezed(s, d->item->value->at));
  for (int i = 0; i < h->sizes; i++)
    text = mdl_text(s->arena, "%s%s%s%s", text, i ? ", " : "[", h->size[i],
                    i == h->sizes - 1 ? "]" : "");
  text = mdl_text(s->arena, "%s(", text);
  for (int i = 0; i < h->params; i++)
    text = mdl_text(s->arena, "%s%s%s%s: %s", text, i ? ", " : "",
                    h->param[i].is_inout ? "inout " : "", h->param[i].name,
                    mdl_vtype_text(s, h->param[i].type));
  if (h->result->kind == MDL_KIND_none) return mdl_text(s->arena, "%s)", text);
  return mdl_text(s->arena, "%s) -> %s", text, mdl_vtype_text(s, h->result));
}

/* ---- one entry --------------------------------------------------------------------------- */

static int count_structs(const MdlVType *type)
{
  int count = type->kind == MDL_KIND_struct;
  for (int i = 0; type->kind == MDL_KIND_tuple && i < type->items; i++)
    count += count_structs(type->item[i]);
  for (int i = 0; type->kind == MDL_KIND_struct && i < type->of->fields; i++)
    count += count_structs(type->of->field[i]);
  return count;
}

static void make(Make *m, MdlEntry *e, const MdlEntryHead *h)
{
  MdlSema *s = m->s;
  MdlSignature *sig = m->sig = &e->signature;
  int leaves = mdl_leaf_count(h->result), structs = count_structs(h->result), next = 0;
  int parts = result_parts(h->result);
  bool work = false;
  for (int i = 0; i < h->params; i++) {
    leaves += mdl_leaf_count(h->param[i].type);
    structs += count_structs(h->param[i].type);
  }
  m->structs = mdl_map_create(s->arena);
  sig->module = s->options->module;
  sig->prefix = s->options->prefix;
  sig->source = s->options->source;
  sig->entry = e->decl->name.text;
  sig->text = head_text(s, e, h);
  sig->line = line_of(s, e->decl->name.at);
  sig->size = MDL_NEW(s->arena, const char *, (size_t)h->sizes);
  for (int i = 0; i < h->sizes; i++) sig->size[sig->sizes++] = h->size[i];
  sig->param = MDL_NEW(s->arena, MdlParam, (size_t)(h->params + parts));
  sig->leaf = MDL_NEW(s->arena, MdlLeaf, (size_t)leaves);
  sig->struct_type = MDL_NEW(s->arena, MdlStruct, (size_t)structs);
  for (int i = 0; i < h->params; i++) {
    const MdlHeadParam *p = &h->param[i];
    const char *preset = p->preset ? mdl_source_text(s->session, p->preset->at) : NULL;
    add_structs(m, p->type);
    add_param(m, c_name(s, p->name, parts > 1), p->type, preset,
              p->is_inout ? MDL_ROLE_inout : MDL_ROLE_in);
  }
  add_structs(m, h->result);
  add_results(m, h->result, parts, &next);
  mdl_reach_core(s, e->func, guards_of, m);
  mdl_reach_core(s, e->func, checks_of, m);
  mdl_reach_core(s, e->func, work_of, &work);
  for (int i = 0; i < sig->leaves; i++) work |= sig->leaf[i].type.rank > 0;
  sig->has_work = work;
}

void mdl_signatures_make(MdlSema *s, MdlProgram *program, const MdlEntryHead *head)
{
  Make m = {.s = s, .program = program, .names = mdl_map_create(s->arena)};
  for (int i = 0; i < program->entries; i++) {
    for (int k = 0; k < head[i].params; k++) collect(&m, head[i].param[k].type);
    collect(&m, head[i].result);
  }
  name_structs(&m);
  for (int i = 0; i < program->entries; i++) make(&m, &program->entry[i], &head[i]);
}
