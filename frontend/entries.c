/* Entries: their parameters with free sizes, their bodies, what they reach. */
#include "frontend/entries.h"
#include "frontend/reach.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

const MdlSize *mdl_free_size(MdlSema *s, const char *name)
{
  for (int i = 0; i < s->options->defines; i++)
    if (!strcmp(s->options->define[i].name, name))
      return mdl_size_const(s->sizes, s->options->define[i].value);
  return mdl_size_name(s->sizes, mdl_intern_text(s->arena, name));
}

static bool cannot(MdlSema *s, MdlSpan at, const char *what, MdlSpan also)
{
  MdlReport *r = mdl_error(s->session, MDL_E0803, at, what);
  if (also.file >= 0) mdl_also(r, also, "here");
  return false;
}

static void add_size(MdlEntryHead *h, const char *name, bool first)
{
  for (int i = 0; i < h->sizes; i++)
    if (!strcmp(h->size[i], name)) return;
  if (h->sizes >= MDL_MAX_GENERICS) return;
  if (first) memmove(h->size + 1, h->size, (size_t)h->sizes * sizeof *h->size);
  h->size[first ? 0 : h->sizes] = name;
  h->sizes++;
}

static void add_if_free(MdlEntryHead *h, const MdlSize *size, bool first)
{
  if (mdl_size_is_name(size)) add_size(h, mdl_size_text(size), first);
}

/* ---- parameters, by kind of function ----------------------------------------------------- */

static bool decl_head(MdlSema *s, const MdlFnVal *fn, MdlEntryHead *h)
{
  MdlBinding binding[MDL_MAX_GENERICS];
  int bindings = mdl_decl_generics(s, fn->decl, binding);
  MdlFrame frame;
  bool ok = true;
  if (fn->decl->owner && !fn->self)
    return cannot(s, fn->at, "be a method: it needs a value of its model",
                  fn->decl->owner->name.at);
  for (int i = 0; i < bindings; i++) {
    MdlBinding *b = &binding[i];
    if (fn->bindings > i && fn->binding[i].given) *b = fn->binding[i];
    if (!mdl_binding_is_open(b)) continue;
    if (b->is_dims) {
      b->dims = 0; /* `...` is nothing */
    } else if (b->kind == MDL_GENERIC_size) {
      b->size = mdl_free_size(s, b->name);
      add_if_free(h, b->size, false);
    } else {
      return cannot(s, fn->at, mdl_text(s->arena, "leave `%s` open", b->name), b->at);
    }
  }
  for (int i = 0; i < bindings; i++) binding[i].given = true;
  MdlFnVal *known = (MdlFnVal *)(uintptr_t)fn; /* made for this entry alone */
  known->bindings = bindings;
  known->binding = MDL_NEW(s->arena, MdlBinding, (size_t)bindings);
  if (bindings) memcpy(known->binding, binding, (size_t)bindings * sizeof *binding);
  mdl_frame_push(s, &frame, fn->decl->module, fn->decl, bindings, binding);
  for (int i = 0; i < fn->decl->fn->params && i < MDL_MAX_PARAMS; i++) {
    const MdlParamNode *p = &fn->decl->fn->param[i];
    const MdlVType *type = mdl_type_eval(s, p->type);
    ok &= type->kind != MDL_KIND_poison;
    if (type->kind == MDL_KIND_fn) ok = cannot(s, p->at, "take a function", MDL_NO_SPAN);
    h->param[h->params++] = (MdlHeadParam){p->name.text, type, p->preset, p->is_inout, p->at};
  }
  mdl_frame_pop(s);
  return ok;
}

static bool lambda_head(MdlSema *s, const MdlFnVal *fn, MdlEntryHead *h)
{
  MdlFnParam param[MDL_MAX_PARAMS];
  int params = mdl_fn_params(s, fn, param);
  for (int i = 0; i < params; i++) {
    if (!param[i].type) {
      mdl_help(mdl_error(s->session, MDL_E0311, param[i].at, param[i].name),
               "annotate it: `fn(%s: f32)`", param[i].name);
      return false;
    }
    if (param[i].type->kind == MDL_KIND_poison) return false;
    h->param[h->params++] =
        (MdlHeadParam){param[i].name, param[i].type, param[i].preset, false, param[i].at};
  }
  return true;
}

static int head_param(const MdlEntryHead *h, const char *name)
{
  for (int i = 0; i < h->params; i++)
    if (h->param[i].name == name) return i;
  return -1;
}

/* B, then B2, B3, ... */
static const char *batch_name(MdlSema *s, const MdlEntryHead *h)
{
  const char *name = "B";
  for (int n = 2;; n++) {
    bool taken = false;
    for (int i = 0; i < h->sizes; i++) taken |= !strcmp(h->size[i], name);
    if (!taken) return mdl_intern_text(s->arena, name);
    name = mdl_text(s->arena, "B%d", n);
  }
}

static const MdlVType *with_axis(MdlSema *s, const MdlVType *type, const MdlSize *size,
                                 int64_t axis)
{
  const MdlVType *wide = mdl_vtype_lead(s, type, 1, &size);
  if (!wide || type->kind != MDL_KIND_tensor) return wide;
  int rank = wide->tensor.rank;
  if (axis < 0) axis += rank;
  if (axis <= 0 || axis >= rank) return wide;
  MdlVType *moved = MDL_NEW(s->arena, MdlVType, 1);
  *moved = *wide;
  for (int64_t i = 0; i < axis; i++) moved->tensor.dim[i] = wide->tensor.dim[i + 1];
  moved->tensor.dim[axis] = size;
  return moved;
}

static bool vmap_head(MdlSema *s, const MdlFnVal *fn, MdlEntryHead *h)
{
  const MdlSize *size = fn->size;
  if (!size) size = mdl_free_size(s, batch_name(s, h));
  if (mdl_size_is_name(size)) size = mdl_free_size(s, mdl_size_text(size));
  add_if_free(h, size, true);
  for (int i = 0; i < h->params; i++) {
    int64_t axis = fn->axes == 1 ? fn->axis[0] : !fn->wrts && i < fn->axes ? fn->axis[i] : 0;
    bool mapped = !fn->wrts;
    for (int k = 0; k < fn->wrts; k++)
      if (fn->wrt[k].name == h->param[i].name) {
        mapped = true;
        axis = fn->axes == 1 ? fn->axis[0] : k < fn->axes ? fn->axis[k] : 0;
      }
    if (!mapped) continue;
    h->param[i].type = with_axis(s, h->param[i].type, size, axis);
    h->param[i].preset = NULL;
    if (!h->param[i].type) return cannot(s, fn->at, "have so many axes", MDL_NO_SPAN);
  }
  return true;
}

static const MdlVType *part_type(MdlSema *s, const MdlVType *type, const MdlWrt *wrt)
{
  for (int i = 0; i < wrt->parts; i++) {
    int field = type->kind == MDL_KIND_struct ? mdl_field_find(type->of, wrt->part[i]) : -1;
    if (field < 0) {
      mdl_error(s->session, MDL_E0204, wrt->at, mdl_vtype_text(s, type), wrt->part[i]);
      return NULL;
    }
    type = mdl_vtype_lead(s, type->of->field[field], type->stack, type->stack_dim);
  }
  return type;
}

static bool tangent_head(MdlSema *s, const MdlFnVal *fn, MdlEntryHead *h)
{
  int own = h->params;
  for (int i = 0; i < (fn->wrts ? fn->wrts : 1); i++) {
    MdlWrt whole = {.name = own ? h->param[0].name : NULL, .at = fn->at};
    const MdlWrt *wrt = fn->wrts ? &fn->wrt[i] : &whole;
    int param = head_param(h, wrt->name);
    if (param < 0 || h->params >= MDL_MAX_PARAMS) return false;
    const MdlVType *type = part_type(s, h->param[param].type, wrt);
    if (!type) return false;
    const char *name = wrt->parts ? wrt->part[wrt->parts - 1] : wrt->name;
    name = mdl_intern_text(s->arena, mdl_text(s->arena, "d%s", name));
    h->param[h->params++] = (MdlHeadParam){name, type, NULL, false, fn->at};
  }
  return true;
}

/* The type of dy is that of the result: the function is run once, to see. */
static bool cotangent_head(MdlSema *s, const MdlFnVal *fn, MdlEntryHead *h)
{
  MdlCoreFunc *was_func = s->func;
  MdlCoreBlock *was_block = s->block;
  MdlCallArg arg[MDL_MAX_PARAMS];
  MdlCoreFunc *probe = mdl_core_func(s, "probe", NULL, fn->at);
  s->func = probe, s->block = probe->body;
  for (int i = 0; i < h->params; i++)
    arg[i] =
        (MdlCallArg){NULL, fn->at, mdl_core_param(s, probe, h->param[i].type, NULL, fn->at), NULL};
  MdlVal *v = mdl_call_fn(s, fn->of, h->params, arg, NULL, fn->at);
  if (!mdl_is_poison(v)) v = mdl_settle(s, v);
  mdl_core_close(s, probe);
  s->func = was_func, s->block = was_block;
  if (mdl_is_poison(v) || h->params >= MDL_MAX_PARAMS) return false;
  h->param[h->params++] =
      (MdlHeadParam){mdl_intern_text(s->arena, "dy"), v->type, NULL, false, fn->at};
  return true;
}

bool mdl_entry_head(MdlSema *s, const MdlFnVal *fn, MdlEntryHead *h)
{
  switch (fn->kind) {
  case MDL_FN_decl:
  case MDL_FN_method:
    return decl_head(s, fn, h);
  case MDL_FN_lambda:
    return lambda_head(s, fn, h);
  case MDL_FN_init: {
    MdlType key = {.dtype = MDL_u32, .rank = 1, .dim = {mdl_size_const(s->sizes, 2)}};
    h->param[h->params++] = (MdlHeadParam){mdl_intern_text(s->arena, "key"),
                                           mdl_vtype_tensor(s, &key), NULL, false, fn->at};
    return true;
  }
  case MDL_FN_transform:
    if (!mdl_entry_head(s, fn->of, h)) return false;
    if (fn->transform == MDL_TRANSFORM_vmap) return vmap_head(s, fn, h);
    if (fn->transform == MDL_TRANSFORM_jvp || fn->transform == MDL_TRANSFORM_hvp)
      return tangent_head(s, fn, h);
    if (fn->transform == MDL_TRANSFORM_vjp) return cotangent_head(s, fn, h);
    if (fn->transform == MDL_TRANSFORM_linearize)
      return cannot(s, fn->at, "return a function", MDL_NO_SPAN);
    return true;
  case MDL_FN_builtin:
  case MDL_FN_row:
  case MDL_FN_convert:
  case MDL_FN_make:
  case MDL_FN_raw:
  case MDL_FN_linear:
    break;
  }
  return cannot(s, fn->at,
                mdl_text(s->arena, "be `%s`, whose types nobody says", mdl_fn_name(s, fn)),
                MDL_NO_SPAN);
}

/* ---- bodies ------------------------------------------------------------------------------ */

static bool wants_no_function(MdlSema *s, const MdlVal *v, MdlSpan at)
{
  bool fn = mdl_is_kind(v, MDL_KIND_fn);
  for (int i = 0; v->item && v->type->kind == MDL_KIND_tuple && i < v->type->items; i++)
    fn |= mdl_is_kind(v->item[i], MDL_KIND_fn);
  if (fn) mdl_error(s->session, MDL_E0312, at, "leave an entry");
  return !fn;
}

/* inout parameters are variables of the body: what they hold at its end is returned. */
static bool entry_body(MdlSema *s, MdlEntry *e, const MdlFnVal *fn, MdlEntryHead *h)
{
  MdlCallArg arg[MDL_MAX_PARAMS];
  MdlVal *part[MDL_MAX_PARAMS + 1];
  int inouts = 0, parts = 0;
  for (int i = 0; i < h->params; i++) {
    MdlVal *v = mdl_core_param(s, e->func, h->param[i].type, h->param[i].name, h->param[i].at);
    arg[i] = (MdlCallArg){NULL, h->param[i].at, v, NULL};
    inouts += h->param[i].is_inout;
  }
  s->at = e->at;
  MdlVal *v = mdl_call_fn(s, fn, h->params, arg, NULL, e->at);
  if (mdl_is_poison(v) || !wants_no_function(s, v, e->at)) return false;
  v = mdl_settle(s, v);
  bool none = mdl_is_kind(v, MDL_KIND_none);
  if (!inouts) {
    h->result = v->type;
    part[parts++] = v;
  } else {
    int items = mdl_is_kind(v, MDL_KIND_tuple) ? v->type->items : 1;
    bool has_value = items == inouts + 1 && mdl_is_kind(v, MDL_KIND_tuple);
    h->result = mdl_vtype_kind(s, MDL_KIND_none);
    if (inouts == 1 && !has_value) {
      part[parts++] = v;
    } else {
      for (int i = 0; i < items; i++) part[parts++] = mdl_val_item(s, v, i);
      if (has_value) h->result = part[0]->type;
    }
  }
  if (none && !inouts) parts = 0;
  mdl_core_return(s, parts, part);
  mdl_core_close(s, e->func);
  e->func->result = h->result;
  return true;
}

static const MdlFnVal *entry_function(MdlSema *s, MdlDecl *decl)
{
  MdlVal *v = mdl_decl_value(s, decl, decl->name.at);
  if (mdl_is_poison(v)) return NULL;
  if (mdl_is_kind(v, MDL_KIND_fn)) return v->fn;
  MdlReport *r = mdl_error(s->session, MDL_E0803, decl->item->value->at,
                           mdl_text(s->arena, "be %s", mdl_vtype_text(s, v->type)));
  mdl_help(r, "`entry fn %s() = …`", decl->name.text);
  return NULL;
}

/* C has no name for the parts of a tuple; a struct names them. */
static bool holds_tuple(const MdlVType *type)
{
  if (!type || type->kind != MDL_KIND_struct) return type && type->kind == MDL_KIND_tuple;
  for (int i = 0; i < type->of->fields; i++)
    if (holds_tuple(type->of->field[i])) return true;
  return false;
}

static bool takes_no_tuple(MdlSema *s, const MdlEntryHead *h)
{
  for (int i = 0; i < h->params; i++) {
    if (!holds_tuple(h->param[i].type)) continue;
    MdlReport *r = mdl_error(s->session, MDL_E0803, h->param[i].at, "take a tuple");
    mdl_help(r, "a struct, or a parameter each, for `%s`", h->param[i].name);
    return false;
  }
  return true;
}

/* A tuple is out0, out1, ...; inside a struct it has no name. */
static bool returns_no_tuple_inside(MdlSema *s, const MdlEntry *e, const MdlVType *type)
{
  if (!type || type->kind != MDL_KIND_struct || !holds_tuple(type)) return true;
  mdl_error(s->session, MDL_E0803, e->at, "return a struct with a tuple inside");
  return false;
}

static bool entry_check(MdlSema *s, MdlDecl *decl, MdlEntry *e, MdlEntryHead *h)
{
  MdlFrame frame;
  e->decl = decl;
  e->symbol = decl->name.text;
  e->at = decl->fn ? decl->name.at : decl->item->value->at;
  e->func = mdl_core_func(s, e->symbol, NULL, e->at);
  s->func = e->func, s->block = e->func->body, s->at = e->at;
  mdl_frame_push(s, &frame, s->main, NULL, 0, NULL);
  const MdlFnVal *fn = entry_function(s, decl);
  bool ok = fn && mdl_entry_head(s, fn, h) && takes_no_tuple(s, h) && entry_body(s, e, fn, h) &&
            returns_no_tuple_inside(s, e, h->result);
  mdl_frame_pop(s);
  return ok;
}

/* -D of a name that no entry leaves free is a mistake. */
static void check_defines(MdlSema *s)
{
  for (int i = 0; i < s->options->defines; i++) {
    bool known = false;
    const char *name = s->options->define[i].name;
    for (int k = 0; k < s->main->tree->items; k++) {
      const MdlItem *item = s->main->tree->item[k];
      for (int g = 0; item->fn && g < item->fn->generics; g++)
        known |= !strcmp(item->fn->generic[g].name.text, name);
      if (item->kind == MDL_ITEM_entry) known |= name[0] == 'B' && (!name[1] || name[1] == '2');
    }
    const char *text = mdl_text(s->arena, "%s", name);
    for (int k = 0; k < s->main->tree->items && !known; k++)
      if (s->main->tree->item[k]->kind == MDL_ITEM_entry)
        known |= strstr(mdl_source_text(s->session, s->main->tree->item[k]->at), text) != NULL;
    if (!known)
      mdl_error(s->session, MDL_E0805, MDL_NO_SPAN, name, "no entry has it");
    else if (s->options->define[i].value < 0)
      mdl_error(s->session, MDL_E0805, MDL_NO_SPAN, name, "no size");
  }
}

/* Macros of an entry are its name in capitals. */
static bool different_names(MdlSema *s, const MdlProgram *program)
{
  for (int i = 1; i < program->entries; i++)
    for (int k = 0; k < i; k++) {
      const MdlDecl *a = program->entry[k].decl, *b = program->entry[i].decl;
      if (strcasecmp(a->name.text, b->name.text)) continue;
      char *macro = mdl_text(s->arena, "%s%s", s->options->prefix, b->name.text);
      for (char *c = macro; *c; c++) *c = (char)toupper((unsigned char)*c);
      MdlReport *r =
          mdl_error(s->session, MDL_E0804, b->name.at, a->name.text, b->name.text, macro);
      mdl_also(r, a->name.at, "first");
      mdl_help(r, "rename one");
      return false;
    }
  return true;
}

/* Functions of the file that no entry came to. */
static void mark_used(void *user, MdlCoreFunc *func)
{
  if (func->instance) mdl_map_set(user, func->instance->decl, func);
}

static void warn_dead(MdlSema *s, const MdlProgram *program)
{
  MdlMap *used = mdl_map_create(s->arena);
  for (int i = 0; i < program->entries; i++)
    mdl_reach_core(s, program->entry[i].func, mark_used, used);
  for (int i = 0; i < mdl_map_count(s->main->names); i++) {
    MdlDecl *decl = mdl_map_value(s->main->names, i);
    if (decl->fn && !decl->item->is_entry && !mdl_map_has(used, decl))
      mdl_warning(s->session, MDL_W102, decl->name.at, decl->name.text);
  }
}

static bool is_entry_item(const MdlDecl *decl)
{
  return decl->item && (decl->item->is_entry || decl->item->kind == MDL_ITEM_entry);
}

bool mdl_entries_check(MdlSema *s, MdlProgram *program)
{
  bool ok = true;
  int count = mdl_map_count(s->main->names);
  program->entry = MDL_NEW(s->arena, MdlEntry, (size_t)count);
  MdlEntryHead *head = MDL_NEW(s->arena, MdlEntryHead, (size_t)count);
  for (int i = 0; i < count; i++) {
    MdlDecl *decl = mdl_map_value(s->main->names, i);
    if (!is_entry_item(decl)) continue;
    MdlEntry *e = &program->entry[program->entries];
    MdlEntryHead *h = &head[program->entries];
    if (entry_check(s, decl, e, h) && mdl_reach_core(s, e->func, NULL, NULL) &&
        !mdl_error_count(s->session))
      mdl_reach_core(s, e->func, NULL, NULL);
    else
      ok = false;
    program->entries++;
  }
  check_defines(s);
  ok &= different_names(s, program);
  if (!ok || mdl_error_count(s->session)) return false;
  if (program->entries) warn_dead(s, program);
  mdl_signatures_make(s, program, head);
  return true;
}
