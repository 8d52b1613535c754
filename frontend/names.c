/* What a name means: locals, generic names, the receiver's parts, the module, imports, builtins. */
#include "frontend/sema.h"
#include "frontend/std.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

void mdl_frame_push(MdlSema *s, MdlFrame *frame, MdlModule *module, MdlDecl *decl, int bindings,
                    MdlBinding *binding)
{
  memset(frame, 0, sizeof *frame);
  frame->parent = s->frame;
  frame->module = module;
  frame->decl = decl;
  frame->bindings = bindings;
  frame->binding = binding;
  frame->quiet = module->is_std;
  s->frame = frame;
}

/* ---- locals ------------------------------------------------------------------------------ */

MdlLocal *mdl_local_find(MdlSema *s, const char *name)
{
  MdlLocal *local = s->frame->top;
  while (local && local->name != name) local = local->next;
  return local;
}

static MdlSpan bound_already(MdlSema *s, const char *name)
{
  MdlLocal *local = mdl_local_find(s, name);
  if (local) return local->stmt;
  const MdlBinding *binding = mdl_binding_find(s, name);
  if (binding) return binding->given || binding->from ? MDL_NO_SPAN : binding->at;
  return MDL_NO_SPAN;
}

/* Top-level and imported names may be hidden, with a warning. */
static void hides(MdlSema *s, const char *name, MdlSpan at)
{
  const MdlModule *m = s->frame->module;
  const MdlDecl *decl = mdl_map_get(m->imports, name);
  const char *module = decl ? decl->module->name : "";
  if (!decl) decl = mdl_map_get(m->names, name);
  if (!decl || decl->failed || s->frame->quiet) return;
  const char *dot = *module ? "." : "";
  MdlReport *r =
      mdl_warning(s->session, MDL_W103, at, name, mdl_text(s->arena, "%s%s%s", module, dot, name));
  if (!decl->module->is_std) mdl_also(r, decl->name.at, "hidden");
}

/* The `let` or `var` around a name that it binds. */
static MdlSpan statement_of(const MdlSema *s, MdlLocalKind kind, MdlSpan name)
{
  bool binds = kind == MDL_LOCAL_let || kind == MDL_LOCAL_var;
  bool around = s->at.file == name.file && s->at.start <= name.start && name.end <= s->at.end;
  return binds && around ? s->at : name;
}

/* `let` becomes `var` at the first, nothing at the second. */
static void offer_var(MdlSema *s, MdlReport *r, MdlSpan first, MdlSpan second, MdlSpan name)
{
  MdlSpan word = {first.file, first.start, first.start + 3};
  MdlSpan again = {second.file, second.start, name.start};
  if (first.end < first.start + 3 || strcmp(mdl_source_text(s->session, word), "let")) return;
  if (strcmp(mdl_source_text(s->session, again), "let")) return;
  mdl_fix(r, false, word, "var");
  mdl_fix(r, false, again, "");
}

MdlLocal *mdl_local_add(MdlSema *s, const char *name, MdlVal *value, MdlLocalKind kind, MdlSpan at)
{
  MdlSpan stmt = statement_of(s, kind, at);
  MdlLocal *same = mdl_local_find(s, name);
  MdlVal *given = value;
  if (same || mdl_binding_find(s, name)) value = mdl_val_poison(s);
  if (mdl_is_poison(given) && same) value = given;
  if (same && same->kind == kind && kind == MDL_LOCAL_parameter && s->frame->decl) {
    MdlReport *r = mdl_error(s->session, MDL_E0202, at, name);
    mdl_also(r, same->at, "first here");
  } else if (same || mdl_binding_find(s, name)) {
    MdlSpan first = bound_already(s, name);
    bool at_once = same && first.start == stmt.start && first.end == stmt.end; /* let (a, a) = */
    MdlReport *r = mdl_error(s->session, MDL_E0203, at_once ? at : stmt, name);
    if (at_once) first = same->at;
    if (first.file >= 0) mdl_also(r, first, "first here");
    mdl_help(r, kind == MDL_LOCAL_let ? "to carry it, write `var` first and assign"
                                      : "choose another name");
    if (first.file >= 0 && kind == MDL_LOCAL_let && !at_once) offer_var(s, r, first, stmt, at);
  }
  hides(s, name, at);
  MdlLocal *local = MDL_NEW(s->arena, MdlLocal, 1);
  local->name = name, local->value = value, local->kind = kind, local->at = at, local->stmt = stmt;
  local->key_use = MDL_NO_SPAN;
  local->next = s->frame->top;
  return s->frame->top = local;
}

/* A lambda that nobody calls was never checked: its types must say enough. */
static bool untyped_lambda(const MdlVal *v)
{
  if (!mdl_is_kind(v, MDL_KIND_fn) || v->fn->kind != MDL_FN_lambda) return false;
  for (int i = 0; i < v->fn->lambda->lambda.params; i++)
    if (!v->fn->lambda->lambda.param[i].type) return true;
  return false;
}

void mdl_locals_leave(MdlSema *s, MdlLocal *top)
{
  for (MdlLocal *l = s->frame->top; l && l != top; l = l->next) {
    if (s->frame->quiet || mdl_error_count(s->session) || mdl_is_poison(l->value) ||
        l->name[0] == '_')
      continue;
    if (!l->used && untyped_lambda(l->value))
      mdl_help(mdl_error(s->session, MDL_E0311, l->value->at, l->name), "annotate its parameters");
    else if (!l->used && l->kind != MDL_LOCAL_inout && l->kind != MDL_LOCAL_loop)
      mdl_warning(s->session, MDL_W101, l->at, l->name);
    else if (l->kind == MDL_LOCAL_var && !l->assigned)
      mdl_help(mdl_warning(s->session, MDL_W104, l->at, l->name), "`let %s = …`", l->name);
  }
  s->frame->top = top;
}

/* ---- did you mean ------------------------------------------------------------------------ */

void mdl_suggest(MdlSema *s, MdlReport *r, const char *name, MdlSpan at, const char *const *names,
                 int count)
{
  const char *best[3];
  if (mdl_help_foreign(r, at, name, false)) return;
  mdl_help_similar(r, at, best, mdl_did_you_mean(s->session, name, names, count, best, 3));
}

typedef struct Names {
  MdlSema *s;
  const char **name;
  int count, capacity;
} Names;

static void add(Names *n, const char *name)
{
  if (!name) return;
  MDL_GROW(n->s->arena, n->name, n->count, n->capacity);
  n->name[n->count++] = name;
}

static void add_keys(Names *n, const MdlMap *map)
{
  for (int i = 0; map && i < mdl_map_count(map); i++) add(n, mdl_map_key(map, i));
}

int mdl_visible_names(MdlSema *s, const char ***names)
{
  Names n = {.s = s};
  for (MdlLocal *l = s->frame->top; l; l = l->next) add(&n, l->name);
  for (int i = 0; i < s->frame->bindings; i++) add(&n, s->frame->binding[i].name);
  if (s->frame->self && s->frame->self->type->of)
    for (int i = 0; i < s->frame->self->type->of->fields; i++)
      add(&n, s->frame->self->type->of->name[i]);
  add_keys(&n, s->frame->module->names);
  add_keys(&n, s->frame->module->imports);
  if (s->prelude) add_keys(&n, s->prelude->names);
  int rows;
  const MdlBuiltinInfo *row = mdl_builtin_rows(&rows);
  for (int i = 0; i < rows; i++) add(&n, row[i].name);
  for (int i = 0; i < MDL_OP_COUNT; i++)
    if (mdl_op_info((MdlOp)i)->elementwise) add(&n, mdl_op_info((MdlOp)i)->name);
  for (int i = 0; i < MDL_TRANSFORM_COUNT; i++) add(&n, mdl_transform_name((MdlTransform)i));
  *names = n.name;
  return n.count;
}

/* ---- declarations ------------------------------------------------------------------------ */

static MdlFnVal *fn_new(MdlSema *s, MdlFnKind kind, MdlSpan at)
{
  MdlFnVal *fn = MDL_NEW(s->arena, MdlFnVal, 1);
  fn->kind = kind;
  fn->at = at;
  return fn;
}

static const char *cycle_text(MdlSema *s, MdlDecl *decl)
{
  const char *text = decl->name.text;
  for (MdlFrame *f = s->frame; f; f = f->parent) {
    if (!f->decl || f->decl == decl) break;
    text = mdl_text(s->arena, "%s -> %s", f->decl->name.text, text);
  }
  return mdl_text(s->arena, "%s -> %s", decl->name.text, text);
}

/* Constants and `entry name = expr` are evaluated where they are used. */
static MdlVal *value_of_item(MdlSema *s, MdlDecl *decl, MdlSpan at)
{
  if (decl->state == 1) {
    mdl_error(s->session, MDL_E0206, at, "a cycle", cycle_text(s, decl));
    decl->failed = true;
    return mdl_val_poison(s);
  }
  MdlFrame frame;
  int before = mdl_error_count(s->session);
  mdl_frame_push(s, &frame, decl->module, decl, 0, NULL);
  decl->state = 1;
  const MdlVType *type = decl->item->type ? mdl_type_eval(s, decl->item->type) : NULL;
  MdlVal *v = mdl_expr(s, decl->item->value, type);
  if (type)
    v = mdl_coerce(s, v, type, decl->item->value->at, "declared here", decl->item->type->at);
  decl->state = 2;
  mdl_frame_pop(s);
  if (mdl_is_poison(v) && mdl_error_count(s->session) > before) decl->failed = true;
  return v;
}

MdlVal *mdl_decl_value(MdlSema *s, MdlDecl *decl, MdlSpan at)
{
  decl->used = true;
  if (decl->failed) return mdl_val_poison(s);
  if (decl->imported) {
    MdlVal *v = mdl_val_none(s, at);
    v->type = mdl_vtype_kind(s, MDL_KIND_module);
    v->module = decl->imported;
    return v;
  }
  if (decl->fn) {
    MdlFnVal *fn = fn_new(s, MDL_FN_decl, at);
    fn->decl = decl;
    return mdl_val_fn(s, fn, at);
  }
  if (decl->item->kind == MDL_ITEM_const || decl->item->kind == MDL_ITEM_entry)
    return value_of_item(s, decl, at);
  MdlFnVal *fn = fn_new(s, MDL_FN_make, at);
  fn->decl = decl;
  return mdl_val_fn(s, fn, at);
}

/* ---- the receiver's parts ---------------------------------------------------------------- */

int mdl_field_find(const MdlStructOf *of, const char *name)
{
  for (int i = 0; i < of->fields; i++)
    if (of->name[i] == name) return i;
  return -1;
}

MdlDecl *mdl_member_find(MdlSema *s, const MdlStructOf *of, const char *name)
{
  (void)s;
  MdlDecl *model = mdl_map_get(of->module->names, of->item->name.text);
  return model && model->members ? mdl_map_get(model->members, name) : NULL;
}

static MdlVal *self_part(MdlSema *s, const char *name, MdlSpan at)
{
  MdlVal *self = s->frame->self;
  if (!self) return NULL;
  int field = mdl_field_find(self->type->of, name);
  if (field >= 0) return mdl_val_field(s, self, field);
  MdlDecl *method = mdl_member_find(s, self->type->of, name);
  if (!method) return NULL;
  MdlFnVal *fn = fn_new(s, MDL_FN_method, at);
  fn->decl = method;
  fn->self = self;
  return mdl_val_fn(s, fn, at);
}

/* ---- generic names and builtins ---------------------------------------------------------- */

static MdlVal *binding_value(MdlSema *s, const MdlBinding *b, MdlSpan at)
{
  switch (b->kind) {
  case MDL_GENERIC_size:
    return mdl_val_size(s, b->size, at);
  case MDL_GENERIC_const:
    return b->value ? b->value : mdl_val_poison(s);
  case MDL_GENERIC_bound: {
    MdlFnVal *fn = fn_new(s, MDL_FN_convert, at);
    fn->dtype = b->dtype;
    return mdl_val_fn(s, fn, at);
  }
  case MDL_GENERIC_struct: {
    MdlFnVal *fn = fn_new(s, MDL_FN_make, at);
    fn->type = b->type;
    return mdl_val_fn(s, fn, at);
  }
  }
  return mdl_val_poison(s);
}

static MdlVal *builtin_value(MdlSema *s, const char *name, MdlSpan at)
{
  if (!strcmp(name, "pi")) return mdl_val_number(s, mdl_exact_real(acosl(-1)), at);
  if (!strcmp(name, "inf")) return mdl_val_number(s, mdl_exact_real(INFINITY), at);
  if (!strcmp(name, "nan")) return mdl_val_number(s, mdl_exact_real(NAN), at);
  const MdlBuiltinInfo *row = mdl_builtin_find(name);
  if (row) {
    MdlFnVal *fn = fn_new(s, MDL_FN_builtin, at);
    fn->builtin = row;
    return mdl_val_fn(s, fn, at);
  }
  MdlOp op = mdl_op_find(name, strlen(name));
  if (op == MDL_OP_none || op >= MDL_OP_COUNT || !mdl_op_info(op)->elementwise) return NULL;
  MdlFnVal *fn = fn_new(s, MDL_FN_row, at);
  fn->op = op;
  return mdl_val_fn(s, fn, at);
}

/* A `let` of an open block that stands below its use. */
static const MdlPattern *bound_later(const MdlFrame *frame, const char *name)
{
  for (const MdlOpenBlock *b = frame->blocks; b; b = b->outer)
    for (int i = 0; i < b->block->stmts; i++) {
      const MdlStmt *stmt = b->block->stmt[i];
      bool binds = stmt->kind == MDL_STMT_let || stmt->kind == MDL_STMT_var;
      if (binds && stmt->pattern->kind == MDL_PATTERN_name && stmt->pattern->name == name)
        return stmt->pattern;
    }
  return NULL;
}

/* An unknown name is reported once in an item: after that it is poison. */
bool mdl_first_unknown(MdlSema *s, const char *name)
{
  const void *item = s->frame->decl ? (const void *)s->frame->decl : s->frame->module;
  MdlMap *seen = mdl_map_get(s->unknown, item);
  if (!seen) mdl_map_set(s->unknown, item, seen = mdl_map_create(s->arena));
  if (mdl_map_has(seen, name)) return false;
  mdl_map_set(seen, name, seen);
  return true;
}

/* Whether a line of the text defines the name: `fn NAME`, `model NAME`, ... */
static bool defines(const char *text, const char *name)
{
  static const char *const words[] = {"\nfn ", "\nmodel ", "\nstruct ", "\nconst "};
  size_t length = strlen(name);
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    for (const char *at = text; (at = strstr(at, words[i]));) {
      at += strlen(words[i]);
      if (!strncmp(at, name, length) && !isalnum((unsigned char)at[length]) && at[length] != '_')
        return true;
    }
  return false;
}

/* A name of std that was not imported. */
static bool suggest_import(MdlSema *s, MdlReport *r, const char *name, int file)
{
  for (int i = 0; i < mdl_std_count; i++) {
    const MdlStdFile *std = &mdl_std_files[i];
    if (!strcmp(std->module, "std.prelude") || !defines(std->bytes, name)) continue;
    const char *line = mdl_text(s->arena, "import %s: %s", std->module, name);
    mdl_help(r, "`%s`", line);
    mdl_fix(r, false, (MdlSpan){file, 0, 0}, mdl_text(s->arena, "%s\n", line));
    return true;
  }
  return false;
}

static MdlVal *unknown(MdlSema *s, const char *name, MdlSpan at)
{
  const MdlPattern *later = bound_later(s->frame, name);
  if (later && later->at.start > at.start) {
    mdl_also(mdl_error(s->session, MDL_E0205, at, name), later->at, "bound here");
    return mdl_val_poison(s);
  }
  if (mdl_tree_is_broken(s->frame->module->tree, name)) return mdl_val_poison(s);
  if (!mdl_first_unknown(s, name)) return mdl_val_poison(s);
  const char **names;
  int count = mdl_visible_names(s, &names);
  MdlReport *r = mdl_error(s->session, MDL_E0201, at, "name", name);
  if (!suggest_import(s, r, name, at.file)) mdl_suggest(s, r, name, at, names, count);
  return mdl_val_poison(s);
}

/* A random key gives the same numbers twice. */
static void use_key(MdlSema *s, MdlLocal *local, MdlSpan at)
{
  const MdlVType *t = local->value->type;
  int64_t two;
  if (t->kind != MDL_KIND_tensor || t->cell || t->tensor.dtype != MDL_u32 || t->tensor.rank != 1 ||
      !mdl_size_is_const(t->tensor.dim[0], &two) || two != 2)
    return;
  if (local->key_use.file < 0) {
    local->key_use = at;
    return;
  }
  if (s->frame->quiet || s->session->files[at.file].is_std) return;
  MdlReport *r = mdl_warning(s->session, MDL_W105, at, local->name);
  mdl_also(r, local->key_use, "first use");
  mdl_help(r, "`split` makes two keys of one");
}

MdlVal *mdl_name_value(MdlSema *s, const char *name, MdlSpan at, const MdlExpr *called)
{
  (void)called;
  MdlLocal *local = mdl_local_find(s, name);
  if (local) {
    local->used = true;
    use_key(s, local, at);
    MdlVal *v = MDL_NEW(s->arena, MdlVal, 1);
    *v = *local->value;
    v->at = at;
    return v;
  }
  const MdlBinding *binding = mdl_binding_find(s, name);
  MdlVal *v = binding ? binding_value(s, binding, at) : self_part(s, name, at);
  if (v) {
    MdlVal *here = MDL_NEW(s->arena, MdlVal, 1);
    *here = *v;
    here->at = at;
    return here;
  }
  MdlDecl *decl = mdl_decl_find(s, s->frame->module, name);
  if (decl) {
    v = mdl_decl_value(s, decl, at);
    v->at = at;
    return v;
  }
  v = builtin_value(s, name, at);
  return v ? v : unknown(s, name, at);
}
